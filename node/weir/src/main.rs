//! The `weir` program: a Livepeer network in a box, and the tools around it.
//!
//! Standard output carries results, standard error the talk. Exit codes: 0 done, 1 failed, 2 wrong
//! usage or a wrong scenario, 3 a broken invariant, a replay that differs or runs that part, 130
//! interrupted.

mod ctl;
mod devnet;
mod doctor;
mod failure;
mod interrupt;
mod output;
mod progress;
mod report;
mod sim;
mod sweep;
mod transcode;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

#[derive(Debug, Parser)]
#[command(
    name = "weir",
    version,
    about = "A Livepeer network in a box, and the tools around it",
    after_help = "Exit codes: 0 done; 1 failed; 2 wrong usage or a wrong scenario; 3 a broken invariant, a replay \
                  that differs or runs that part; 130 interrupted.\nWEIR_LOG sets what is logged to standard error, for example \
                  WEIR_LOG=debug."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check, run, replay and compare simulations.
    Sim {
        #[command(subcommand)]
        command: sim::Command,
    },
    /// Transcode a file as an orchestrator does.
    Transcode(transcode::TranscodeArgs),
    /// Make the page of a run or a sweep, or compare runs.
    Report(report::Arguments),
    /// Run a local chain with the protocol on it, for nodes and wallets.
    Devnet(Box<devnet::Arguments>),
    /// Look at what this machine has for Weir, and install what it lacks.
    Doctor(doctor::Arguments),
    /// Act on a chain with a key.
    Ctl {
        #[command(subcommand)]
        command: Box<ctl::Command>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("WEIR_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result = match cli.command {
        Command::Sim { command } => sim::run(command),
        Command::Transcode(arguments) => transcode::run(arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Devnet(arguments) => devnet::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Ctl { command } => ctl::run(&command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::talk(&failure.to_string());
            failure.code()
        }
    }
}
