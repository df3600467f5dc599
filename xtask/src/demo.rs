//! Builds the program and lets it live through the first scenario.

use std::path::{Path, PathBuf};
use std::process::Command;

use eyre::{Context, Result, ensure};
use xtask::packages::{self, Need};

/// The scenario that the demo runs.
const SCENARIO: &str = "scenarios/quickstart.toml";

/// Installs what is missing, builds, runs, and says where the report lies.
pub(crate) fn run() -> Result<()> {
    packages::ensure_installed(Need::Build)?;
    let binary = build()?;
    let out = fresh(&xtask::root().join("runs"), "quickstart");
    let shown = out.strip_prefix(xtask::root()).unwrap_or(&out).to_owned();
    eprintln!("+ weir sim run {SCENARIO} --out {}", shown.display());
    let status = Command::new(&binary)
        .args(["sim", "run", SCENARIO, "--out"])
        .arg(&shown)
        .current_dir(xtask::root())
        .status()
        .with_context(|| format!("starting {}", binary.display()))?;
    ensure!(status.success(), "the demo's run failed: {status}");
    let report = out.join("report.html");
    ensure!(report.is_file(), "the run left no report at {}", report.display());
    println!("open file://{}", report.display());
    Ok(())
}

/// Builds the release binary and returns its path.
pub(crate) fn build() -> Result<PathBuf> {
    xtask::run("cargo", &["build", "--release", "-p", "weir"])?;
    let target = crate::target_directory()?;
    Ok(target.join("release").join(format!("weir{}", std::env::consts::EXE_SUFFIX)))
}

/// `name`, or the first of `name-2`, `name-3` and so on that does not exist.
fn fresh(parent: &Path, name: &str) -> PathBuf {
    let first = parent.join(name);
    if !first.exists() {
        return first;
    }
    (2_u64..).map(|n| parent.join(format!("{name}-{n}"))).find(|path| !path.exists()).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::fresh;

    #[test]
    fn a_taken_folder_is_never_used_again() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        for wanted in ["quickstart", "quickstart-2", "quickstart-3"] {
            let path = fresh(parent.path(), "quickstart");
            assert_eq!(path, parent.path().join(wanted));
            std::fs::create_dir(&path).expect("writable");
        }
    }
}
