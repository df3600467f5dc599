//! Sends a [`Plan`] to a chain.

use alloy::eips::eip2718::Encodable2718;
use alloy::network::{Ethereum, EthereumWallet, NetworkTransactionBuilder, NetworkWallet, TransactionBuilder};
use alloy::primitives::{Address, B256, Bytes};
use alloy::providers::Provider;
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::transports::TransportError;

use crate::{ArtifactError, Deployment, Plan, ProtocolParams};

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
    /// A transaction could not be signed.
    #[error("step {step} ({label}): not signed: {detail}")]
    Sign {
        /// Number of the transaction, from 0.
        step: usize,
        /// What it was to do.
        label: String,
        /// What the wallet says.
        detail: String,
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
/// The endpoint must be able to send for `from` (an unlocked or impersonated account), and the
/// chain must make a block with each transaction at once or when told to by `evm_mine`.
///
/// # Errors
/// [`DeployError`] names the first step that did not go through.
pub async fn deploy<P: Provider>(
    provider: &P,
    from: Address,
    params: &ProtocolParams,
) -> Result<Deployment, DeployError> {
    run(provider, from, None, params).await
}

/// [`deploy`] with transactions signed here, for an endpoint that holds no keys.
///
/// The wallet's default signer deploys and owns. It pays the gas price that the endpoint names.
///
/// # Errors
/// [`DeployError`] names the first step that did not go through.
pub async fn deploy_signed<P: Provider>(
    provider: &P,
    wallet: &EthereumWallet,
    params: &ProtocolParams,
) -> Result<Deployment, DeployError> {
    let at_start = |source| DeployError::Rpc { step: 0, label: "read chain id and gas price".into(), source };
    let chain_id = provider.get_chain_id().await.map_err(at_start)?;
    let gas_price = provider.get_gas_price().await.map_err(at_start)?;
    let from = NetworkWallet::<Ethereum>::default_signer_address(wallet);
    run(provider, from, Some(&Signing { wallet, chain_id, gas_price }), params).await
}

struct Signing<'a> {
    wallet: &'a EthereumWallet,
    chain_id: u64,
    gas_price: u128,
}

async fn run<P: Provider>(
    provider: &P,
    from: Address,
    signing: Option<&Signing<'_>>,
    params: &ProtocolParams,
) -> Result<Deployment, DeployError> {
    let at_start = |source| DeployError::Rpc { step: 0, label: "read the nonce".into(), source };
    let nonce = provider.get_transaction_count(from).await.map_err(at_start)?;
    let plan = Plan::new(from, nonce, params)?;
    for step in 0..plan.steps.len() {
        send(provider, signing, &plan, step).await?;
    }
    Ok(plan.deployment)
}

async fn send<P: Provider>(
    provider: &P,
    signing: Option<&Signing<'_>>,
    plan: &Plan,
    index: usize,
) -> Result<(), DeployError> {
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
    // Raw requests: the provider's own sending starts a background task, which needs a runtime.
    let hash: B256 = match signing {
        None => provider.raw_request("eth_sendTransaction".into(), (request,)).await.map_err(rpc)?,
        Some(s) => {
            let request = request.with_chain_id(s.chain_id).with_gas_price(s.gas_price);
            let signed = request.build(s.wallet).await.map_err(|e| DeployError::Sign {
                step: index,
                label: label(),
                detail: e.to_string(),
            })?;
            let raw = Bytes::from(signed.encoded_2718());
            provider.raw_request("eth_sendRawTransaction".into(), (raw,)).await.map_err(rpc)?
        }
    };
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
