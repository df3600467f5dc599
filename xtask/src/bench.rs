//! Builds the benches for speed, and runs one.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use clap::{Args, Subcommand};
use eyre::{Context, Result, ensure};

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
}

pub(crate) fn run(what: &What) -> Result<ExitCode> {
    let What::Chain(chain) = what;
    let build = ["build", "--quiet", "--release", "--workspace", "--bin", "weir-bench"];
    let status = Command::new("cargo")
        .args(build)
        .current_dir(xtask::root())
        .stdin(Stdio::null())
        .status()
        .context("cargo did not start")?;
    ensure!(status.success(), "the benches do not build: {status}");
    let program = crate::target_directory()?.join("release/weir-bench");
    let mut command = Command::new(&program);
    command.arg("chain");
    if !chain.without_anvil {
        command.arg("--anvil").arg(anvil()?);
    }
    if chain.json {
        command.arg("--json");
    }
    let status = command.status().with_context(|| format!("starting {}", program.display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Anvil's program: the one that WEIR_ANVIL names, else that of the packages that test the contracts.
fn anvil() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("WEIR_ANVIL") {
        return Ok(path.into());
    }
    crate::contracts::install()?;
    let os = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let cpu = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    Ok(xtask::root().join(format!("contracts/node_modules/@foundry-rs/anvil-{os}-{cpu}/bin/anvil")))
}
