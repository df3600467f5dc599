//! Builds the comparison with recordings of the originals, and runs it.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use clap::Args;
use eyre::{Context, Result, ensure};

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
    // The whole workspace is named so that dependencies come out with the features that tests use.
    let build = ["build", "--quiet", "--workspace", "--bin", "weir-conformance"];
    let status = Command::new("cargo")
        .args(build)
        .current_dir(xtask::root())
        .stdin(Stdio::null())
        .status()
        .context("cargo did not start")?;
    ensure!(status.success(), "the comparison does not build: {status}");
    let program = crate::target_directory()?.join("debug/weir-conformance");
    let mut command = Command::new(&program);
    let committed = || xtask::root().join("conformance/data/histories");
    command.arg("--histories").arg(arguments.histories.clone().unwrap_or_else(committed));
    if arguments.json {
        command.arg("--json");
    }
    let status = command.status().with_context(|| format!("starting {}", program.display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
