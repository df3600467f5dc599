//! Recorded transactions of real nodes, sent again to these contracts.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, Bytes, U256};
use eyre::{Result, WrapErr, ensure, eyre};
use serde::Deserialize;
use weir_contracts::bindings::LivepeerToken;
use weir_contracts::{Deployment, FaucetParams, Plan, ProtocolParams, ProtocolVersion};
use weir_evm::{Chain, ChainConfig};
use weir_types::{Instant, LptWei, Perc6, Perc9, Perc27, Wei};

/// Base fee of the recorded chain, in wei.
const BASE_FEE: u128 = 7;
/// LPT that an orchestrator got before the recording; none ran short.
const PURSE: u64 = 50_000;

/// The recorded chain.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainFile {
    chain_id: u64,
    contracts: BTreeMap<String, Address>,
    parameters: Parameters,
    accounts: Vec<Account>,
    rounds: Vec<Round>,
}

#[derive(Debug, Clone, Deserialize)]
struct Account {
    role: String,
    address: Address,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Round {
    block: u64,
    block_hash: B256,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    round_length: u64,
    round_lock_amount: u32,
    unbonding_period: u64,
    num_active_transcoders: u64,
    treasury_reward_cut_rate: String,
    treasury_balance_ceiling: U256,
    unlock_period: u64,
    ticket_validity_period: u64,
    inflation: u64,
    inflation_change: u64,
    target_bonding_rate: u64,
}

/// A recorded transaction.
#[derive(Debug, Clone, Deserialize)]
pub struct Recorded {
    n: u64,
    raw: Bytes,
    to: String,
    decoded: Call,
    receipt: Receipt,
}

#[derive(Debug, Clone, Deserialize)]
struct Call {
    function: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    status: String,
    block_number: u64,
    gas_used: u64,
    logs: Vec<Log>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Log {
    address: String,
    topics: Vec<B256>,
    data: Bytes,
}

/// A transaction there and here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Its number in the recording.
    pub n: u64,
    /// Contract and function.
    pub call: String,
    /// Gas that the originals used.
    pub recorded_gas: u64,
    /// Gas that these contracts used.
    pub gas: u64,
    /// What differs in status or events.
    pub differences: Vec<String>,
}

/// Brings the recorded chain up with these contracts and sends the transactions again.
///
/// # Errors
/// The recording cannot be read, or the chain cannot be brought up at its addresses.
pub fn replay(chain: &str, transactions: &str) -> Result<Vec<Compared>> {
    let file: ChainFile = serde_json::from_str(chain).wrap_err("the chain's description")?;
    let (chain, _) = bring_up(&file)?;
    // The broker goes by an older name too.
    let plain = file.contracts.iter().filter(|(name, _)| *name != "JobsManager");
    let names: BTreeMap<Address, &str> = plain.map(|(name, address)| (*address, name.as_str())).collect();
    transactions
        .lines()
        .enumerate()
        .map(|(i, line)| {
            let recorded = serde_json::from_str(line).wrap_err_with(|| format!("transaction line {}", i + 1))?;
            send(&chain, &names, &recorded).wrap_err_with(|| format!("transaction line {}", i + 1))
        })
        .collect()
}

fn bring_up(file: &ChainFile) -> Result<(Chain, Deployment)> {
    let chain = Chain::new(ChainConfig {
        chain_id: file.chain_id,
        l1_start: 0,
        l1_block_time_s: 1,
        base_fee: Wei::ZERO,
        ..ChainConfig::default()
    });
    for account in &file.accounts {
        chain.set_balance(account.address, Wei::from_whole(10_000));
    }
    let deployer = file.accounts.first().ok_or_else(|| eyre!("no accounts"))?.address;
    let plan = Plan::new(deployer, 0, &params(file)?)?;
    for (i, step) in plan.steps.iter().enumerate() {
        // One block per transaction, as the recorded chain had it.
        chain.advance_to(Instant::from_secs(i as u64 + 1));
        let hash = chain.send_unsigned(deployer, step.to, Wei::ZERO, step.input.clone(), None)?;
        chain.mine();
        ensure!(chain.receipt(hash).is_some_and(|r| r.success), "{} failed", step.label);
    }
    let purse = LptWei::from_whole(PURSE).0;
    for account in file.accounts.iter().filter(|account| account.role.ends_with("orchestrator")) {
        let call = LivepeerToken::transferCall { to: account.address, amount: purse };
        let data = alloy::sol_types::SolCall::abi_encode(&call);
        chain.send_unsigned(deployer, Some(plan.deployment.token), Wei::ZERO, data.into(), None)?;
        chain.mine();
    }
    for (name, address) in plan.deployment.named() {
        if let Some(recorded) = file.contracts.get(name) {
            ensure!(*recorded == address, "{name} is at {address}, recorded is {recorded}");
        }
    }
    for round in &file.rounds {
        chain.set_l1_hash(round.block - 1, round.block_hash);
    }
    chain.set_base_fee(Wei::new(BASE_FEE));
    Ok((chain, plan.deployment))
}

fn params(file: &ChainFile) -> Result<ProtocolParams> {
    let p = &file.parameters;
    Ok(ProtocolParams {
        version: ProtocolVersion::D24,
        round_length: p.round_length,
        round_lock_amount: Perc6(p.round_lock_amount),
        unbonding_period: p.unbonding_period,
        num_active_transcoders: p.num_active_transcoders,
        treasury_reward_cut: Perc27(p.treasury_reward_cut_rate.parse()?),
        treasury_balance_ceiling: LptWei(p.treasury_balance_ceiling),
        inflation: Perc9(p.inflation),
        inflation_change: Perc9(p.inflation_change),
        target_bonding_rate: Perc9(p.target_bonding_rate),
        unlock_period: p.unlock_period,
        ticket_validity_period: p.ticket_validity_period,
        // The devnet's supply and faucet.
        faucet: Some(FaucetParams {
            supply: LptWei::from_whole(6_343_700),
            amount: LptWei::from_whole(10),
            wait_hours: 1,
        }),
        genesis_lpt: LptWei::from_whole(500_000),
        ..ProtocolParams::devnet()
    })
}

fn send(chain: &Chain, names: &BTreeMap<Address, &str>, recorded: &Recorded) -> Result<Compared> {
    chain.advance_to(Instant::from_secs(recorded.receipt.block_number));
    let hash = chain.submit_raw(&recorded.raw)?;
    chain.mine();
    let receipt = chain.receipt(hash).ok_or_else(|| eyre!("in no block"))?;
    let mut differences = Vec::new();
    if receipt.success != (recorded.receipt.status == "0x1") {
        differences.push(format!("status differs: {:?}", chain.revert_reason(hash)));
    }
    let logs: Vec<Log> = receipt
        .logs
        .iter()
        .map(|log| Log {
            address: names.get(&log.inner.address).map_or_else(|| log.inner.address.to_string(), |n| (*n).to_owned()),
            topics: log.inner.data.topics().to_vec(),
            data: log.inner.data.data.clone(),
        })
        .collect();
    if logs != recorded.receipt.logs {
        differences.push(format!("events are {logs:?}, recorded are {:?}", recorded.receipt.logs));
    }
    let function = recorded.decoded.function.split('(').next().unwrap_or_default();
    Ok(Compared {
        n: recorded.n,
        call: format!("{}.{function}", recorded.to),
        recorded_gas: recorded.receipt.gas_used,
        gas: receipt.gas_used,
        differences,
    })
}
