//! How much memory a chain keeps of a transaction, without and with pruning.

use eyre::{Result, WrapErr, eyre};

use super::Sheet;

pub(super) fn measure(_sheet: &mut Sheet<'_>) -> Result<()> {
    let _ = resident().wrap_err("x")?;
    Ok(())
}

/// Bytes of this process that are in memory.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").wrap_err("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or_else(|| eyre!("no VmRSS"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}
