//! The embedded chain beside Anvil and bare revm, in one run on one machine.

mod bare;
mod memory;
mod network;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use alloy::consensus::transaction::SignerRecoverable;
use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::{Decodable2718, Encodable2718};
use alloy::primitives::{Address, Bytes, TxKind, U256, keccak256};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use eyre::{Result, ensure, eyre};
use serde::Serialize;
use weir_anvil::{Anvil, Options};
use weir_contracts::bindings::{BondingManager, RoundsManager};
use weir_evm::{Chain, ChainConfig};
use weir_types::Wei;

use network::Network;

const CHAIN_ID: u64 = 31_337;
/// Signed transfers on the embedded chain, and on Anvil.
const SIGNED: usize = 20_000;
const SIGNED_ANVIL: usize = 3_000;
/// Turns of which the best counts.
const SIGNED_TURNS: usize = 3;
const SIGNED_PER_BLOCK: usize = 500;
const SENDERS: usize = 500;
/// Repetitions whose best counts.
const ROUNDS: usize = 5;
/// Turns of a rate, and how long each lasts.
const CALL_TURNS: usize = 10;
const CALL_TURN: Duration = Duration::from_millis(150);

/// One thing that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What the numbers count.
    unit: &'static str,
    /// The embedded chain.
    weir: f64,
    /// Anvil, where it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    anvil: Option<f64>,
    /// revm alone, where it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    revm: Option<f64>,
}

/// Figures by name.
pub type Figures = BTreeMap<&'static str, Figure>;

/// Names of all figures, in the order in which they are measured.
pub const NAMES: [&str; 10] = [
    "signed_tx",
    "recovery",
    "round_100x3200",
    "round_overhead",
    "eth_call_getter",
    "eth_call_pending_stake",
    "empty_blocks_1000",
    "branch_10k_accounts",
    "memory_per_tx_pruned",
    "memory_per_tx",
];

/// What is measured, and what came of it.
struct Sheet<'a> {
    only: &'a [String],
    figures: Figures,
}

impl Sheet<'_> {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    fn note(&mut self, name: &'static str, unit: &'static str, weir: f64, anvil: Option<f64>, revm: Option<f64>) {
        if self.wants(name) {
            eprintln!("{name}: {weir:.3} {unit}");
            self.figures.insert(name, Figure { unit, weir, anvil, revm });
        }
    }
}

/// Measures what is asked for by name; everything where nothing is.
pub fn measure(anvil: Option<&Path>, only: &[String]) -> Result<Figures> {
    let mut sheet = Sheet { only, figures: Figures::new() };
    if sheet.wants("signed_tx") {
        let there = anvil.map(signed_on_anvil).transpose()?;
        sheet.note("signed_tx", "tx/s", signed()?, there, None);
    }
    if sheet.wants("recovery") {
        sheet.note("recovery", "senders/s", recovery()?, None, None);
    }
    if NAMES[2..6].iter().any(|name| sheet.wants(name)) {
        on_the_protocol(&mut sheet, anvil)?;
    }
    if sheet.wants("empty_blocks_1000") {
        sheet.note("empty_blocks_1000", "ms", empty_blocks(), None, None);
    }
    if sheet.wants("branch_10k_accounts") {
        sheet.note("branch_10k_accounts", "ms", branching(), None, None);
    }
    memory::measure(&mut sheet)?;
    Ok(sheet.figures)
}

/// A round of the real contracts, and calls at them.
fn on_the_protocol(sheet: &mut Sheet<'_>, anvil: Option<&Path>) -> Result<()> {
    let network = Network::new();
    let (chain, here) = network.embedded()?;
    let mut bare = network.bare()?;
    if sheet.wants("round_100x3200") || sheet.wants("round_overhead") {
        let there = anvil.map(|program| network.round_on_anvil(program)).transpose()?;
        let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
        // Turn by turn, so that a busy machine slows both.
        for _ in 0..ROUNDS {
            ours = ours.min(network.round(&chain.branch(), &here)?.as_secs_f64());
            theirs = theirs.min(network.round_on_bare(&bare)?.as_secs_f64());
        }
        sheet.note("round_100x3200", "s", ours, there, Some(theirs));
        sheet.note("round_overhead", "times bare revm", ours / theirs, None, Some(1.0));
    }
    let getter = RoundsManager::roundLengthCall {}.abi_encode();
    let stake =
        BondingManager::pendingStakeCall { _delegator: network.delegator(7), _endRound: U256::ZERO }.abi_encode();
    for (name, to, data) in
        [("eth_call_getter", here.rounds_manager, getter), ("eth_call_pending_stake", here.bonding_manager, stake)]
    {
        if sheet.wants(name) {
            let ours = || chain.call(Address::ZERO, to, data.clone().into()).map(drop).map_err(|e| eyre!(e));
            let (ours, theirs) = calls(ours, || bare.call(to, data.clone().into()))?;
            sheet.note(name, "calls/s", ours, None, Some(theirs));
        }
    }
    Ok(())
}

/// The figures as a table.
pub fn text(figures: &Figures) -> String {
    let mut out = format!("{:24} {:>14} {:>14} {:>14}  unit\n", "", "weir", "anvil", "bare revm");
    for (name, figure) in figures {
        let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
        let _ = writeln!(
            out,
            "{name:24} {:>14} {:>14} {:>14}  {}",
            shown(Some(figure.weir)),
            shown(figure.anvil),
            shown(figure.revm),
            figure.unit
        );
    }
    out
}

fn wallets() -> Vec<PrivateKeySigner> {
    (0..SENDERS as u64).filter_map(|i| PrivateKeySigner::from_bytes(&keccak256(i.to_be_bytes())).ok()).collect()
}

/// Signed transfers, each sender's in order of nonces.
fn transfers(count: usize) -> Result<Vec<Bytes>> {
    let wallets = wallets();
    (0..count)
        .map(|i| {
            let by = &wallets[i % wallets.len()];
            let tx = TxEip1559 {
                chain_id: CHAIN_ID,
                nonce: (i / wallets.len()) as u64,
                gas_limit: 21_000,
                max_fee_per_gas: 2_000_000_000,
                max_priority_fee_per_gas: 0,
                to: TxKind::Call(Address::left_padding_from(&(i as u64 % 1_000 + 1).to_be_bytes())),
                value: U256::from(1),
                access_list: Default::default(),
                input: Bytes::new(),
            };
            let signature = by.sign_hash_sync(&tx.signature_hash())?;
            Ok(TxEnvelope::from(tx.into_signed(signature)).encoded_2718().into())
        })
        .collect()
}

/// Signed transfers a second, with recovery, blocks, receipts and log index.
fn signed() -> Result<f64> {
    let raw = transfers(SIGNED)?;
    let mut best = 0.0_f64;
    for _ in 0..SIGNED_TURNS {
        best = best.max(signed_once(&raw)?);
    }
    Ok(best)
}

fn signed_once(raw: &[Bytes]) -> Result<f64> {
    let chain = Chain::new(ChainConfig { chain_id: CHAIN_ID, base_fee: Wei::new(1_000_000_000), ..Default::default() });
    wallets().iter().for_each(|w| chain.set_balance(w.address(), Wei::from_whole(100)));
    let start = Instant::now();
    for block in raw.chunks(SIGNED_PER_BLOCK) {
        for raw in block {
            chain.submit_raw(raw)?;
        }
        let done = chain.mine();
        ensure!(done.receipts.len() == block.len(), "{} of {} in a block", done.receipts.len(), block.len());
    }
    Ok(raw.len() as f64 / start.elapsed().as_secs_f64())
}

/// Senders recovered a second: what `signed_tx` cannot exceed.
fn recovery() -> Result<f64> {
    let raw = transfers(SIGNED)?;
    let start = Instant::now();
    for raw in &raw {
        TxEnvelope::decode_2718(&mut raw.as_ref())?.recover_signer()?;
    }
    Ok(SIGNED as f64 / start.elapsed().as_secs_f64())
}

fn signed_on_anvil(program: &Path) -> Result<f64> {
    let raw = transfers(SIGNED_ANVIL)?;
    let mut anvil = Anvil::start(program, Options { chain_id: CHAIN_ID, block_seconds: 1, ..Options::default() })?;
    let fund = wallets()
        .iter()
        .map(|w| ("anvil_setBalance", serde_json::json!([w.address(), "0x56bc75e2d63100000"])))
        .collect::<Vec<_>>();
    anvil.ask_all(&fund)?;
    let start = Instant::now();
    for block in raw.chunks(SIGNED_PER_BLOCK) {
        let send: Vec<_> = block.iter().map(|raw| ("eth_sendRawTransaction", serde_json::json!([raw]))).collect();
        anvil.ask_all(&send)?;
        anvil.ask("evm_mine", serde_json::json!([]))?;
    }
    let took = start.elapsed().as_secs_f64();
    let blocks = anvil.ask("eth_blockNumber", serde_json::json!([]))?;
    ensure!(blocks == format!("{:#x}", SIGNED_ANVIL.div_ceil(SIGNED_PER_BLOCK)), "blocks: {blocks}");
    Ok(SIGNED_ANVIL as f64 / took)
}

/// How often a second each of two things can be done: the best of several short turns of each, one after
/// the other, so that a busy machine slows both.
fn calls(mut ours: impl FnMut() -> Result<()>, mut theirs: impl FnMut() -> Result<()>) -> Result<(f64, f64)> {
    let mut best = (0.0_f64, 0.0_f64);
    for _ in 0..CALL_TURNS {
        best.0 = best.0.max(rate(&mut ours)?);
        best.1 = best.1.max(rate(&mut theirs)?);
    }
    Ok(best)
}

fn rate(call: &mut impl FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    let mut done = 0u32;
    while start.elapsed() < CALL_TURN {
        for _ in 0..100 {
            call()?;
        }
        done += 100;
    }
    Ok(f64::from(done) / start.elapsed().as_secs_f64())
}

fn empty_blocks() -> f64 {
    let best = (0..ROUNDS).map(|_| {
        let chain = Chain::new(ChainConfig::default());
        let start = Instant::now();
        (0..1_000).for_each(|_| drop(chain.mine()));
        start.elapsed().as_secs_f64() * 1_000.0
    });
    best.fold(f64::MAX, f64::min)
}

fn branching() -> f64 {
    let chain = Chain::new(ChainConfig::default());
    for i in 0..10_000u64 {
        chain.set_balance(Address::left_padding_from(&(i + 1_000).to_be_bytes()), Wei::from_whole(1));
    }
    chain.mine();
    let best = (0..ROUNDS as u64).map(|i| {
        chain.set_balance(Address::left_padding_from(&i.to_be_bytes()), Wei::from_whole(1));
        let start = Instant::now();
        let branch = chain.branch();
        let took = start.elapsed().as_secs_f64() * 1_000.0;
        drop(branch);
        took
    });
    best.fold(f64::MAX, f64::min)
}
