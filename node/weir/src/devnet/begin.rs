//! How the chain begins: new with the protocol deployed, from a file, or on a block of another chain.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use eyre::{Result, WrapErr, eyre};
use weir_contracts::bindings::{LivepeerToken, RoundsManager};
use weir_contracts::{Deployment, Plan, ProtocolParams};
use weir_evm::{Chain, ChainConfig, Fork, ForkCause, SaveError};
use weir_types::{LptWei, Wei};

use super::{Account, Arguments, CHAIN_ID, ETH_EACH, HISTORY_BLOCKS, LPT_EACH, Protocol};
use crate::failure::Failure;

/// Arbitrum One, where the protocol's addresses are known.
const ARBITRUM_ONE: u64 = 42_161;

pub(super) fn begin(arguments: &Arguments, accounts: &[Account]) -> Result<(Chain, Option<Protocol>), Failure> {
    let params = arguments.params.resolve()?;
    if let Some(url) = &arguments.fork {
        return fork(arguments, url, accounts);
    }
    let first = accounts.first().map(|account| account.address).unwrap_or_default();
    let plan = Plan::new(first, 0, &params).map_err(eyre::Report::from)?;
    let chain = match &arguments.load {
        Some(path) => load(arguments, path, &plan.deployment)?,
        None => deploy(arguments, accounts, &params, &plan)?,
    };
    let protocol = protocol(&chain, params.version.to_string(), plan.deployment)?;
    Ok((chain, Some(protocol)))
}

fn endow(chain: &Chain, accounts: &[Account]) {
    for account in accounts {
        chain.set_balance(account.address, Wei::from_whole(ETH_EACH));
        chain.impersonate(account.address);
    }
}

fn deploy(arguments: &Arguments, accounts: &[Account], params: &ProtocolParams, plan: &Plan) -> Result<Chain> {
    let genesis = SystemTime::now().duration_since(UNIX_EPOCH).wrap_err("the clock shows a time before 1970")?;
    let chain = Chain::new(ChainConfig {
        chain_id: arguments.chain_id.unwrap_or(CHAIN_ID),
        genesis_time: genesis.as_secs(),
        // The first rounds lie behind, so that one can be initialised at once.
        l1_start: params.round_length.saturating_mul(2).max(256),
        l1_block_time_s: arguments.l1_block_seconds.unwrap_or(1),
        history_blocks: HISTORY_BLOCKS,
        ..ChainConfig::default()
    });
    chain.set_automine(true);
    endow(&chain, accounts);
    for step in &plan.steps {
        send(&chain, plan.from, step.to, step.input.to_vec()).wrap_err_with(|| step.label.clone())?;
    }
    let each = LptWei::from_whole(LPT_EACH).0;
    if params.genesis_lpt.0 >= each.saturating_mul(U256::from(accounts.len())) {
        for account in accounts.iter().skip(1) {
            let give = LivepeerToken::transferCall { to: account.address, amount: each };
            send(&chain, plan.from, Some(plan.deployment.token), give.abi_encode()).wrap_err("handing out LPT")?;
        }
    }
    Ok(chain)
}

fn load(arguments: &Arguments, path: &Path, deployment: &Deployment) -> Result<Chain, Failure> {
    let chain = Chain::load(path).map_err(|error| {
        let usage = matches!(error, SaveError::NotAChain { .. } | SaveError::Version { .. });
        let report = eyre::Report::from(error);
        if usage { Failure::usage(format!("{report:#}")) } else { Failure::from(report) }
    })?;
    let found = chain.config().chain_id;
    if let Some(wanted) = arguments.chain_id.filter(|wanted| *wanted != found) {
        return Err(Failure::usage(format!("{} holds chain {found}, not {wanted}", path.display())));
    }
    if chain.code(deployment.rounds_manager).is_empty() {
        let text = format!("{} holds a chain without the protocol of these parameters", path.display());
        return Err(Failure::usage(text).help("give the --preset, --protocol and --set that it was made with"));
    }
    Ok(chain)
}

fn fork(arguments: &Arguments, url: &str, accounts: &[Account]) -> Result<(Chain, Option<Protocol>), Failure> {
    let fork =
        Fork { block: arguments.fork_block, chain_id: arguments.chain_id, ..Fork::new(url, &arguments.fork_cache) };
    let config = ChainConfig {
        l1_block_time_s: arguments.l1_block_seconds.unwrap_or(12),
        history_blocks: HISTORY_BLOCKS,
        ..ChainConfig::default()
    };
    let chain = Chain::fork(&fork, config).map_err(|error| {
        let usage = matches!(error.cause, ForkCause::Url(_) | ForkCause::ChainId { .. } | ForkCause::NoBlock);
        if usage { Failure::usage(error.to_string()) } else { Failure::failed(error.to_string()) }
    })?;
    endow(&chain, accounts);
    if let Some(failure) = chain.failure() {
        return Err(Failure::failed(failure.to_string()));
    }
    let protocol = if chain.config().chain_id == ARBITRUM_ONE {
        Some(protocol(&chain, "of Arbitrum One".to_owned(), Deployment::arbitrum_one())?)
    } else {
        None
    };
    Ok((chain, protocol))
}

/// The protocol as the chain has it.
fn protocol(chain: &Chain, name: String, contracts: Deployment) -> Result<Protocol> {
    let length = RoundsManager::roundLengthCall {}.abi_encode().into();
    let length = chain.call(Address::ZERO, contracts.rounds_manager, length).wrap_err("reading the round length")?;
    Ok(Protocol { protocol: name, round_length: U256::from_be_slice(&length).saturating_to(), contracts })
}

pub(super) fn send(chain: &Chain, from: Address, to: Option<Address>, data: Vec<u8>) -> Result<()> {
    let hash = chain.send_unsigned(from, to, Wei::ZERO, data.into(), None)?;
    // Where blocks take their time it is known later.
    match chain.receipt(hash) {
        Some(receipt) if !receipt.success => Err(eyre!(chain.revert_reason(hash).unwrap_or_default())),
        _ => Ok(()),
    }
}
