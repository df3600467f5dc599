//! Sends a [`Plan`] to a chain.

use alloy::eips::eip2718::Encodable2718;
use alloy::network::{Ethereum, EthereumWallet, NetworkTransactionBuilder, NetworkWallet, TransactionBuilder};
use alloy::primitives::{Address, B256, Bytes};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use alloy::transports::TransportError;

use crate::plan::Step;
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
/// What is added to an estimate, in parts of a hundred: state may change before the block.
const SPARE_GAS_PERCENT: u64 = 20;

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
    let deployer = Deployer::unlocked(provider, from);
    let plan = deployer.plan(params).await?;
    let mine = async |attempt| {
        let mined: Result<serde_json::Value, TransportError> = provider.raw_request("evm_mine".into(), ()).await;
        attempt == 0 && mined.is_ok()
    };
    for step in 0..plan.steps.len() {
        deployer.send(&plan, step, &mine).await?;
    }
    Ok(plan.deployment)
}

/// Sends the transactions of a [`Plan`] one by one.
#[derive(Debug)]
pub struct Deployer<'a, P> {
    provider: &'a P,
    from: Address,
    signing: Option<Signing<'a>>,
}

#[derive(Debug)]
struct Signing<'a> {
    wallet: &'a EthereumWallet,
    chain_id: u64,
    gas_price: u128,
}

impl<'a, P: Provider> Deployer<'a, P> {
    /// From an account for which the endpoint sends.
    pub const fn unlocked(provider: &'a P, from: Address) -> Self {
        Self { provider, from, signing: None }
    }

    /// With transactions signed here by the wallet's default signer. It pays the gas price that the
    /// endpoint names.
    ///
    /// # Errors
    /// The endpoint does not answer.
    pub async fn signing(provider: &'a P, wallet: &'a EthereumWallet) -> Result<Self, DeployError> {
        let at_start = |source| DeployError::Rpc { step: 0, label: "read chain id and gas price".into(), source };
        let chain_id = provider.get_chain_id().await.map_err(at_start)?;
        let gas_price = provider.get_gas_price().await.map_err(at_start)?;
        let from = NetworkWallet::<Ethereum>::default_signer_address(wallet);
        Ok(Self { provider, from, signing: Some(Signing { wallet, chain_id, gas_price }) })
    }

    /// The deployment from the account's next nonce on.
    ///
    /// # Errors
    /// The endpoint does not answer, or the code of a contract cannot be used.
    pub async fn plan(&self, params: &ProtocolParams) -> Result<Plan, DeployError> {
        let at_start = |source| DeployError::Rpc { step: 0, label: "read the nonce".into(), source };
        let nonce = self.provider.get_transaction_count(self.from).await.map_err(at_start)?;
        Ok(Plan::new(self.from, nonce, params)?)
    }

    /// Sends a transaction of a plan and waits until it is in a block. `wait` is called, with the
    /// number of calls before it, while it is in none; `false` gives up.
    ///
    /// # Errors
    /// [`DeployError`] says what the step was to do and why it did not.
    pub async fn send(&self, plan: &Plan, index: usize, wait: &impl AsyncFn(u32) -> bool) -> Result<(), DeployError> {
        let Some(step) = plan.steps.get(index) else { return Ok(()) };
        let label = || step.label.clone();
        let rpc = |source| DeployError::Rpc { step: index, label: label(), source };
        let hash = self.submit(plan, index, step).await?;
        let mut attempt = 0;
        let receipt = loop {
            if let Some(receipt) = self.provider.get_transaction_receipt(hash).await.map_err(rpc)? {
                break receipt;
            }
            if !wait(attempt).await {
                return Err(DeployError::NotMined { step: index, label: label(), hash });
            }
            attempt += 1;
        };
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

    async fn submit(&self, plan: &Plan, index: usize, step: &Step) -> Result<B256, DeployError> {
        let label = || step.label.clone();
        let rpc = |source| DeployError::Rpc { step: index, label: label(), source };
        let mut request = TransactionRequest::default()
            .with_from(plan.from)
            .with_nonce(plan.first_nonce.saturating_add(index as u64))
            .with_input(step.input.clone());
        request = match step.to {
            Some(to) => request.with_to(to),
            None => request.into_create(),
        };
        // Raw requests: the provider's own sending starts a background task, which needs a runtime.
        match &self.signing {
            None => {
                let gas = if step.to.is_some() { CALL_GAS } else { CREATION_GAS };
                // Named here: what an endpoint fills in does not suit every chain.
                let price = self.provider.get_gas_price().await.map_err(rpc)?;
                let request = request.with_gas_limit(gas).with_gas_price(price);
                self.provider.raw_request("eth_sendTransaction".into(), (request,)).await.map_err(rpc)
            }
            Some(s) => {
                // On a rollup the estimate covers what the data costs, which no constant could.
                let gas = self.provider.estimate_gas(request.clone()).await.map_err(rpc)?;
                let gas = gas.saturating_mul(100 + SPARE_GAS_PERCENT) / 100;
                let request = request.with_gas_limit(gas).with_chain_id(s.chain_id).with_gas_price(s.gas_price);
                let signed = request.build(s.wallet).await.map_err(|e| DeployError::Sign {
                    step: index,
                    label: label(),
                    detail: e.to_string(),
                })?;
                let raw = Bytes::from(signed.encoded_2718());
                self.provider.raw_request("eth_sendRawTransaction".into(), (raw,)).await.map_err(rpc)
            }
        }
    }
}
