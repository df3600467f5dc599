//! Builds the comparison with recordings of the originals, and runs it.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Args;
use eyre::Result;

/// Recordings to compare with.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder with random histories of the protocol's contracts (*.jsonl, *.jsonl.zst).
    /// By default those of this repository.
    #[arg(long, value_name = "DIR")]
    histories: Option<PathBuf>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// What was printed is what the comparison printed; so is the exit code.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    xtask::build("weir-conformance", false)?;
    let mut command = Command::new(crate::target_directory()?.join("debug/weir-conformance"));
    let committed = || xtask::root().join("conformance/data/histories");
    command.arg("--histories").arg(arguments.histories.clone().unwrap_or_else(committed));
    if arguments.json {
        command.arg("--json");
    }
    xtask::pass_on(&mut command)
}
