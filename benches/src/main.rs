//! Benches that stand beside what they are compared with: `cargo xtask bench` starts this.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use eyre::Result;
use weir_benches::{chain, sim, tickets};

#[global_allocator]
static ALLOCATOR: tickets::Counting = tickets::Counting;

#[derive(Debug, Parser)]
#[command(name = "bench", bin_name = "cargo xtask bench", about = "Measure, beside what it is compared with")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The embedded chain beside Anvil and bare revm.
    Chain {
        /// Anvil's program; without it Anvil is left out.
        #[arg(long)]
        anvil: Option<PathBuf>,
        /// Print the figures as JSON.
        #[arg(long)]
        json: bool,
        /// Measure nothing but this; may be given again.
        #[arg(long, value_name = "NAME", value_parser = chain::NAMES)]
        only: Vec<String>,
    },
    /// The simulator: whole runs, and its event kernel beside a plain one.
    Sim {
        /// Print the figures as JSON.
        #[arg(long)]
        json: bool,
        /// Measure nothing but this; may be given again.
        #[arg(long, value_name = "NAME", value_parser = sim::NAMES)]
        only: Vec<String>,
    },
    /// Run a scenario and print what it took: what the figures of whole runs are made of.
    #[command(hide = true)]
    Run {
        /// The scenario.
        scenario: PathBuf,
    },
    /// Tickets and the market beside the recovery of a signature.
    Tickets {
        /// Print the figures as JSON.
        #[arg(long)]
        json: bool,
        /// Measure nothing but this; may be given again.
        #[arg(long, value_name = "NAME", value_parser = tickets::NAMES)]
        only: Vec<String>,
    },
}

fn run(cli: &Cli) -> Result<()> {
    match &cli.what {
        What::Chain { anvil, json, only } => {
            let figures = chain::measure(anvil.as_deref(), only)?;
            if *json {
                println!("{}", serde_json::to_string_pretty(&figures)?);
            } else {
                print!("{}", chain::text(&figures));
            }
            Ok(())
        }
        What::Sim { json, only } => {
            let figures = sim::measure(only)?;
            if *json {
                println!("{}", serde_json::to_string_pretty(&figures)?);
            } else {
                print!("{}", sim::text(&figures));
            }
            Ok(())
        }
        What::Run { scenario } => {
            println!("{}", serde_json::to_string(&sim::here(scenario)?)?);
            Ok(())
        }
        What::Tickets { json, only } => {
            let figures = tickets::measure(only)?;
            if *json {
                println!("{}", serde_json::to_string_pretty(&figures)?);
            } else {
                print!("{}", tickets::text(&figures));
            }
            Ok(())
        }
    }
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
