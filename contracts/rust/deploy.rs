//! Sends a [`Plan`] to a chain.

use alloy::network::TransactionBuilder;
use alloy::primitives::{Address, B256};
use alloy::providers::Provider;
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::transports::TransportError;
use serde::{Deserialize, Serialize};

use crate::{ArtifactError, Plan, ProtocolParams};

/// Where the contracts of a deployment are. Proxied ones are named by their proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Registry of all others.
    pub controller: Address,
    /// LPT.
    pub token: Address,
    /// Inflation, and the vault of stake and fees.
    pub minter: Address,
    /// Rounds.
    pub rounds_manager: Address,
    /// Stake, rewards, fees.
    pub bonding_manager: Address,
    /// Deposits, reserves, tickets.
    pub ticket_broker: Address,
    /// Service URIs.
    pub service_registry: Address,
    /// Stake as votes.
    pub bonding_votes: Address,
    /// Supply on the other chain.
    pub l1_supply_cache: Address,
    /// Account that gets the treasury's share of rewards.
    pub treasury: Address,
}

/// Why a deployment stopped.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The code of a contract cannot be used.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The endpoint failed.
    #[error("step {step} ({label}): {source}")]
    Rpc {
        /// Number of the transaction, from 0.
        step: usize,
        /// What it was to do.
        label: String,
        /// The failure.
        source: TransportError,
    },
    /// A transaction failed.
    #[error("step {step} ({label}) failed in transaction {hash}")]
    Failed {
        /// Number of the transaction, from 0.
        step: usize,
        /// What it was to do.
        label: String,
        /// Its hash.
        hash: B256,
    },
    /// The chain took a transaction but made no block with it.
    #[error("step {step} ({label}): transaction {hash} is in no block")]
    NotMined {
        /// Number of the transaction, from 0.
        step: usize,
        /// What it was to do.
        label: String,
        /// Its hash.
        hash: B256,
    },
    /// A contract came to lie elsewhere than planned: another transaction of the account came between.
    #[error("step {step} ({label}) made {found:?} instead of {planned}")]
    Address {
        /// Number of the transaction, from 0.
        step: usize,
        /// What it was to do.
        label: String,
        /// Address that the plan names.
        planned: Address,
        /// Address of the receipt.
        found: Option<Address>,
    },
}

/// Enough for the largest contract; a local chain charges what is used.
const CREATION_GAS: u64 = 8_000_000;
/// Enough for any setter.
const CALL_GAS: u64 = 1_000_000;

/// Bring the protocol up from account `from`, which owns it afterwards.
///
/// The provider must be able to send for `from`, and the chain must make a block with each
/// transaction at once or when told to by `evm_mine`.
///
/// # Errors
/// [`DeployError`] names the first step that did not go through.
pub async fn deploy<P: Provider>(
    provider: &P,
    from: Address,
    params: &ProtocolParams,
) -> Result<Deployment, DeployError> {
    let at_start = |source| DeployError::Rpc { step: 0, label: "read the nonce".into(), source };
    let nonce = provider.get_transaction_count(from).await.map_err(at_start)?;
    let plan = Plan::new(from, nonce, params)?;
    for step in 0..plan.steps.len() {
        send(provider, &plan, step).await?;
    }
    Ok(plan.deployment)
}

async fn send<P: Provider>(provider: &P, plan: &Plan, index: usize) -> Result<(), DeployError> {
    let step = &plan.steps[index];
    let label = || step.label.clone();
    let rpc = |source| DeployError::Rpc { step: index, label: label(), source };
    let mut request = TransactionRequest::default()
        .with_from(plan.from)
        .with_nonce(plan.first_nonce.saturating_add(index as u64))
        .with_input(step.input.clone());
    request = match step.to {
        Some(to) => request.with_to(to).with_gas_limit(CALL_GAS),
        None => request.into_create().with_gas_limit(CREATION_GAS),
    };
    let hash = *provider.send_transaction(request).await.map_err(rpc)?.tx_hash();
    let receipt = receipt(provider, hash).await.map_err(rpc)?;
    let receipt = receipt.ok_or_else(|| DeployError::NotMined { step: index, label: label(), hash })?;
    if !receipt.status() {
        return Err(DeployError::Failed { step: index, label: label(), hash });
    }
    match step.creates {
        Some(planned) if receipt.contract_address != Some(planned) => {
            Err(DeployError::Address { step: index, label: label(), planned, found: receipt.contract_address })
        }
        _ => Ok(()),
    }
}

/// The receipt, after one block on demand where the chain makes none by itself.
async fn receipt<P: Provider>(provider: &P, hash: B256) -> Result<Option<TransactionReceipt>, TransportError> {
    if let Some(receipt) = provider.get_transaction_receipt(hash).await? {
        return Ok(Some(receipt));
    }
    // A chain without the method has its own pace, which this function cannot wait for.
    let mined: Result<serde_json::Value, TransportError> = provider.raw_request("evm_mine".into(), ()).await;
    match mined {
        Ok(_) => provider.get_transaction_receipt(hash).await,
        Err(e) if e.as_error_resp().is_some() => Ok(None),
        Err(e) => Err(e),
    }
}
