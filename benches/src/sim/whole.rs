//! Whole runs of scenarios, each in a process of its own, so that its memory is nobody else's.

use std::path::{Path, PathBuf};
use std::process::Command;

use eyre::{Context, OptionExt, Result, bail};
use serde::{Deserialize, Serialize};
use weir_lab::scenario;

/// What a run took.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Taken {
    /// Seconds for the set-up.
    pub setup_seconds: f64,
    /// Seconds from the first event to the last.
    pub run_seconds: f64,
    /// Virtual time of the events.
    pub virtual_seconds: f64,
    /// Most memory that the process held, in MiB.
    pub memory_mib: f64,
}

/// A scenario of the repository.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/bench").join(name)
}

/// Makes a run in this process.
///
/// # Errors
/// The scenario cannot be read, the run cannot be made, or an invariant is broken.
pub fn here(scenario: &Path) -> Result<Taken> {
    let scenario = scenario::load(scenario)?;
    let run = weir_lab::simulate(&scenario, scenario.seed)?;
    if let Some((name, why)) = run.summary.broken().next() {
        bail!("{name}: {why}");
    }
    Ok(Taken {
        setup_seconds: run.setup_seconds,
        run_seconds: run.run_seconds,
        virtual_seconds: run.summary.virtual_seconds,
        memory_mib: peak_mib()?,
    })
}

fn peak_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").wrap_err("memory is read from /proc")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or_eyre("no VmHWM in /proc/self/status")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().wrap_err("VmHWM is no number")?;
    Ok(kib / 1024.0)
}

/// Makes a run of one of the repository's scenarios in a process of its own.
pub(super) fn apart(name: &str) -> Result<Taken> {
    let out = Command::new(std::env::current_exe()?)
        .arg("run")
        .arg(path(name))
        .output()
        .wrap_err_with(|| format!("cannot run {name}"))?;
    if !out.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&out.stderr).trim());
    }
    serde_json::from_slice(&out.stdout).wrap_err_with(|| format!("{name} leaves no figures"))
}
