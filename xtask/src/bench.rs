//! Builds the benches for speed, and runs one.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Args, Subcommand};
use eyre::Result;

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// The embedded chain beside Anvil and bare revm.
    Chain(Chain),
    /// The simulator: whole runs, and its event kernel beside a plain one.
    Sim(Plain),
    /// Tickets and the market beside the recovery of a signature.
    Tickets(Plain),
}

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct Plain {
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    /// Measure nothing but this figure; may be given again.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct Chain {
    /// Leave Anvil out.
    #[arg(long)]
    without_anvil: bool,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    /// Measure nothing but this figure; may be given again.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

pub(crate) fn run(what: &What) -> Result<ExitCode> {
    xtask::build("weir-bench", true)?;
    let mut command = Command::new(crate::target_directory()?.join("release/weir-bench"));
    let (json, only) = match what {
        What::Chain(chain) => {
            command.arg("chain");
            if !chain.without_anvil {
                command.arg("--anvil").arg(anvil()?);
            }
            (chain.json, &chain.only)
        }
        What::Sim(how) => {
            command.arg("sim");
            (how.json, &how.only)
        }
        What::Tickets(how) => {
            command.arg("tickets");
            (how.json, &how.only)
        }
    };
    if json {
        command.arg("--json");
    }
    command.args(only.iter().flat_map(|name| ["--only", name]));
    xtask::pass_on(&mut command)
}

/// Anvil's program, from the packages that test the contracts where there is no other.
fn anvil() -> Result<PathBuf> {
    weir_anvil::find(None).or_else(|_| {
        crate::contracts::install()?;
        Ok(weir_anvil::find(None)?)
    })
}
