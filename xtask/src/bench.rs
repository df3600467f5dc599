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
    let What::Chain(chain) = what;
    xtask::build("weir-bench", true)?;
    let mut command = Command::new(crate::target_directory()?.join("release/weir-bench"));
    command.arg("chain");
    if !chain.without_anvil {
        command.arg("--anvil").arg(anvil()?);
    }
    if chain.json {
        command.arg("--json");
    }
    command.args(chain.only.iter().flat_map(|name| ["--only", name]));
    xtask::pass_on(&mut command)
}

/// Anvil's program, from the packages that test the contracts where there is no other.
fn anvil() -> Result<PathBuf> {
    weir_anvil::find(None).or_else(|_| {
        crate::contracts::install()?;
        Ok(weir_anvil::find(None)?)
    })
}
