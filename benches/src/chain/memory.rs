//! How much memory a chain keeps of a transaction, all kept and with the oldest blocks forgotten.

use alloy::primitives::{Address, Bytes};
use eyre::{Result, WrapErr, ensure, eyre};
use weir_evm::{Chain, ChainConfig};
use weir_types::Wei;

use super::Sheet;

/// Blocks before memory is looked at for the first time, and from then to the second.
const BLOCKS: u64 = 200;
const PER_BLOCK: u64 = 500;
const ACCOUNTS: u64 = 1_000;
const KEEP: u64 = 10;

pub(super) fn measure(sheet: &mut Sheet<'_>) -> Result<()> {
    // The one that forgets goes first: what it gives back is not counted as the other's.
    if sheet.wants("memory_per_tx_pruned") {
        sheet.note("memory_per_tx_pruned", "bytes", growth(Some(KEEP))?, None, None);
    }
    if sheet.wants("memory_per_tx") {
        sheet.note("memory_per_tx", "bytes", growth(None)?, None, None);
    }
    Ok(())
}

/// Bytes by which the process grows with each transfer, once it runs.
fn growth(keep_blocks: Option<u64>) -> Result<f64> {
    let chain = Chain::new(ChainConfig { keep_blocks, ..ChainConfig::default() });
    let account = |i: u64| Address::left_padding_from(&(i % ACCOUNTS + 1_000).to_be_bytes());
    (0..ACCOUNTS).for_each(|i| chain.set_balance(account(i), Wei::from_whole(1_000)));
    let mut sent = 0;
    let mut run = || -> Result<()> {
        for _ in 0..BLOCKS {
            for _ in 0..PER_BLOCK {
                let to = Some(account(sent * 7 + 1));
                chain.send_unsigned(account(sent), to, Wei::new(1), Bytes::new(), Some(21_000))?;
                sent += 1;
            }
            ensure!(chain.mine().receipts.len() as u64 == PER_BLOCK, "all go into the block");
        }
        Ok(())
    };
    run()?;
    let before = resident()?;
    run()?;
    Ok(resident()?.saturating_sub(before) as f64 / (BLOCKS * PER_BLOCK) as f64)
}

/// Bytes of this process that are in memory.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").wrap_err("reading what the process uses")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or_else(|| eyre!("no VmRSS"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}
