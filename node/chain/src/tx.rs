//! Signed transactions of one account.

use alloy::consensus::TxEnvelope;
use alloy::eips::eip2718::Encodable2718;
use alloy::network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder};
use alloy::primitives::{Bytes, TxKind};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use alloy::signers::local::PrivateKeySigner;
use weir_roles::{TxIntent, TxOutcome};
use weir_types::{Address, B256, U256, Wei};

use crate::call::drafts;
use crate::gas::{Fees, GasPolicy};
use crate::outbox::{Attempt, Draft};
use crate::{ChainError, Client};

/// A signed transaction, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Its hash.
    pub hash: B256,
    /// Its bytes, for `eth_sendRawTransaction`.
    pub raw: Bytes,
    /// Contract function, for tables and logs.
    pub kind: &'static str,
}

/// An account that signs.
#[derive(Debug, Clone)]
pub struct Account {
    address: Address,
    wallet: EthereumWallet,
    chain_id: u64,
}

impl Account {
    /// The key's account on a chain.
    #[must_use]
    pub fn new(key: PrivateKeySigner, chain_id: u64) -> Self {
        Self { address: key.address(), wallet: EthereumWallet::from(key), chain_id }
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Signs a draft.
    ///
    /// # Errors
    /// The signer's failure.
    pub async fn sign(&self, draft: &Draft, nonce: u64, fees: Fees) -> Result<Attempt, ChainError> {
        let mut request = TransactionRequest::default()
            .with_from(self.address)
            .with_input(draft.data.clone())
            .with_value(draft.value.0)
            .with_nonce(nonce)
            .with_chain_id(self.chain_id)
            .with_gas_limit(draft.gas_limit)
            .with_max_fee_per_gas(fees.max_fee.0.saturating_to())
            .with_max_priority_fee_per_gas(fees.tip.0.saturating_to());
        request.set_kind(TxKind::Call(draft.to));
        let tx: TxEnvelope = request.build(&self.wallet).await.map_err(|e| ChainError::Sign(e.to_string()))?;
        Ok(Attempt { hash: *tx.tx_hash(), raw: tx.encoded_2718().into(), fees })
    }
}

/// Prepares and signs the transactions of one account whose sending and confirmation somebody else sees
/// to: the simulation, where both take virtual time.
#[derive(Debug, Clone)]
pub struct TxSigner {
    account: Account,
    next_nonce: u64,
}

impl TxSigner {
    /// A signer with the key's account whose next nonce is `next_nonce`.
    #[must_use]
    pub fn new(key: PrivateKeySigner, chain_id: u64, next_nonce: u64) -> Self {
        Self { account: Account::new(key, chain_id), next_nonce }
    }

    /// The account.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.account.address()
    }

    /// The nonce that the next transaction gets.
    #[must_use]
    pub const fn next_nonce(&self) -> u64 {
        self.next_nonce
    }

    /// Forget local nonces and go on from the chain's count, after a restart or a lost transaction.
    pub const fn resync(&mut self, chain_nonce: u64) {
        self.next_nonce = chain_nonce;
    }

    /// Try an intent on the newest state and sign what it needs: usually one transaction, two where
    /// an allowance must be raised first. `Err` is the refusal that goes back to the role.
    ///
    /// `gas_limit` skips the dry run, for set-up in bulk.
    ///
    /// # Errors
    /// The endpoint's failure, as opposed to a refusal.
    pub async fn prepare<P: Provider + Clone>(
        &mut self,
        client: &Client<P>,
        intent: &TxIntent,
        gas_limit: Option<u64>,
    ) -> Result<Result<Vec<Submitted>, TxOutcome>, ChainError> {
        let drafts = match drafts(client, self.address(), "", intent, gas_limit).await? {
            Ok(drafts) => drafts,
            Err(failed) => return Ok(Err(TxOutcome::Refused { reason: failed.message })),
        };
        let policy = GasPolicy::default();
        let mut signed = Vec::with_capacity(drafts.len());
        let mut nonce = self.next_nonce;
        for draft in drafts {
            let fees = match policy.fees(client.gas_price().await?, Wei::ZERO) {
                Ok(fees) => fees,
                Err(above) => return Ok(Err(TxOutcome::Refused { reason: above.to_string() })),
            };
            let attempt = self.account.sign(&draft, nonce, fees).await?;
            let kind = if draft.kind == "approve" { "approve" } else { intent.kind() };
            signed.push(Submitted { hash: attempt.hash, raw: attempt.raw, kind });
            nonce += 1;
        }
        // Only now: a gap would hold up all that follows.
        self.next_nonce = nonce;
        Ok(Ok(signed))
    }

    /// What became of a sent transaction; `None` while it is not in a block.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn outcome<P: Provider + Clone>(
        &self,
        client: &Client<P>,
        hash: B256,
    ) -> Result<Option<TxOutcome>, ChainError> {
        let receipt = client
            .provider()
            .get_transaction_receipt(hash)
            .await
            .map_err(|source| ChainError::Rpc { method: "eth_getTransactionReceipt", source })?;
        Ok(receipt.map(|r| {
            let fee = Wei(U256::from(r.gas_used) * U256::from(r.effective_gas_price));
            if r.status() {
                TxOutcome::Mined { fee }
            } else {
                TxOutcome::Reverted { reason: "transaction failed".to_owned(), fee }
            }
        }))
    }
}
