//! Rules that the repository keeps about itself, and what the tasks of `cargo xtask` are made of.
//!
//! [`floors`] says which crate may use which, [`circles`] finds modules that use each other, [`tidy`] says what
//! the sources must look like; all three are tests of this crate. [`packages`] names what must be installed, [`stamp`] tells whether anything
//! changed since the tests last passed.

pub mod circles;
pub mod floors;
pub mod packages;
pub mod stamp;
pub mod tidy;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use eyre::{Context, Result, ensure};

/// Root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Runs a command in the root with the terminal's streams; fails when it does.
///
/// # Errors
/// When it does not start or does not end with success.
pub fn run(program: &str, arguments: &[&str]) -> Result<()> {
    run_with(program, arguments, &[])
}

/// [`run`] with variables in its environment.
///
/// # Errors
/// As there.
pub fn run_with(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<()> {
    let line = format!("{program} {}", arguments.join(" "));
    eprintln!("+ {line}");
    let status = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(root())
        .status()
        .with_context(|| format!("starting `{line}`"))?;
    ensure!(status.success(), "`{line}` failed: {status}");
    Ok(())
}

/// Builds a program of the workspace; for speed, or as the tests are built.
///
/// # Errors
/// When it does not build.
pub fn build(program: &str, for_speed: bool) -> Result<()> {
    // The whole workspace is named so that dependencies come out with the features that all of it uses.
    let mut command = Command::new("cargo");
    command.args(["build", "--quiet", "--workspace", "--bin", program]);
    if for_speed {
        command.arg("--release");
    }
    let status = command.current_dir(root()).stdin(Stdio::null()).status().context("cargo did not start")?;
    ensure!(status.success(), "{program} does not build: {status}");
    Ok(())
}

/// Runs a command; its exit code is ours.
///
/// # Errors
/// When it does not start.
pub fn pass_on(command: &mut Command) -> Result<ExitCode> {
    let status = command.status().with_context(|| format!("starting {}", command.get_program().display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Whether a program is on the path and answers.
#[must_use]
pub fn has(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).current_dir(root()).output().is_ok_and(|output| output.status.success())
}

/// Paths of all files that belong to the repository, relative to its root: what git tracks or would.
///
/// # Errors
/// When git cannot say.
pub fn files() -> Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .context("git did not start")?;
    ensure!(output.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    let text = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    let mut paths: Vec<PathBuf> = text.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
    paths.sort();
    paths.dedup();
    // A file that is deleted but not yet committed is still listed.
    paths.retain(|path| root().join(path).is_file());
    Ok(paths)
}
