//! Transactions that wait for a block: in order of arrival, and by sender and nonce.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::consensus::transaction::Recovered;
use alloy::consensus::{Transaction, TxEnvelope, TypedTransaction};
use alloy::eips::{Decodable2718, Encodable2718};
use alloy::primitives::{Address, B256, U256};
use revm::context::TxEnv;
use revm::context_interface::cfg::gas_params::GasParams;
use revm::context_interface::transaction::TransactionType;

use crate::error::SubmitError;
use crate::exec::{BlockContext, SPEC, Sender};

/// A transaction that can go into a block.
#[derive(Debug, Clone)]
pub(crate) struct PoolTx {
    pub(crate) tx: Arc<Recovered<TxEnvelope>>,
    pub(crate) env: TxEnv,
    pub(crate) sender: Sender,
    /// Its bytes on the wire.
    pub(crate) size: usize,
    /// Whether it is dropped where it would fail.
    pub(crate) tried: bool,
}

impl PoolTx {
    /// Reads signed bytes and recovers the sender.
    pub(crate) fn decode(raw: &[u8], chain_id: u64) -> Result<Self, SubmitError> {
        let mut rest = raw;
        let tx = TxEnvelope::decode_2718(&mut rest).map_err(|e| SubmitError::Decode(e.to_string()))?;
        if !rest.is_empty() {
            return Err(SubmitError::Decode("input contains more than one value".to_owned()));
        }
        match (&tx, tx.chain_id()) {
            (TxEnvelope::Eip4844(_) | TxEnvelope::Eip7702(_), _) => return Err(SubmitError::UnsupportedType),
            (_, None) => return Err(SubmitError::Unprotected),
            (_, Some(have)) if have != chain_id => return Err(SubmitError::ChainId { have, want: chain_id }),
            _ => {}
        }
        let from = alloy::consensus::transaction::SignerRecoverable::recover_signer(&tx)
            .map_err(|_| SubmitError::InvalidSender)?;
        Ok(Self::new(Recovered::new_unchecked(tx, from), Sender::Signed))
    }

    pub(crate) fn new(tx: Recovered<TxEnvelope>, sender: Sender) -> Self {
        Self::again(Arc::new(tx), sender)
    }

    /// One that was in a block that is gone.
    pub(crate) fn again(tx: Arc<Recovered<TxEnvelope>>, sender: Sender) -> Self {
        let env = env(&tx, tx.signer());
        let size = tx.encode_2718_len();
        Self { tx, env, sender, size, tried: false }
    }

    pub(crate) fn hash(&self) -> B256 {
        *self.tx.tx_hash()
    }

    pub(crate) const fn from(&self) -> Address {
        self.env.caller
    }

    pub(crate) const fn nonce(&self) -> u64 {
        self.env.nonce
    }

    /// The most the transaction may cost its sender.
    pub(crate) fn cost(&self) -> U256 {
        U256::from(self.env.gas_limit).saturating_mul(U256::from(self.env.gas_price)).saturating_add(self.env.value)
    }

    /// Refuses what can never be in a block of such a chain, whatever its state.
    pub(crate) fn check(&self, block: &BlockContext) -> Result<(), SubmitError> {
        let base_fee = block.base_fee;
        if self.env.gas_limit > block.gas_limit {
            return Err(SubmitError::GasLimit);
        }
        let want = GasParams::new_spec(SPEC).initial_tx_gas_for_tx(&self.env, None).initial_total_gas();
        let want = want.saturating_add(block.l1_gas(self.size));
        if self.env.gas_limit < want {
            return Err(SubmitError::IntrinsicGas { have: self.env.gas_limit, want });
        }
        if self.env.gas_price < u128::from(base_fee) {
            return Err(SubmitError::FeeTooLow { address: self.from(), max_fee: self.env.gas_price, base_fee });
        }
        Ok(())
    }
}

/// The EVM's form of a transaction. Arbitrum charges the base fee and no tip, for legacy
/// transactions too: all run as EIP-1559 ones with a tip of zero, so the price that the sender
/// pays and the one that contracts see is the base fee.
fn env(tx: &TxEnvelope, from: Address) -> TxEnv {
    TxEnv {
        tx_type: TransactionType::Eip1559 as u8,
        caller: from,
        gas_limit: tx.gas_limit(),
        gas_price: tx.max_fee_per_gas(),
        kind: tx.kind(),
        value: tx.value(),
        data: tx.input().clone(),
        nonce: tx.nonce(),
        chain_id: tx.chain_id(),
        access_list: tx.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: Some(0),
        ..TxEnv::default()
    }
}

/// A transaction without a signature: its hash is bound to its sender, so that two senders never
/// share one.
pub(crate) fn unsigned(tx: TypedTransaction, from: Address) -> Recovered<TxEnvelope> {
    use alloy::consensus::{SignableTransaction, Signed};
    use alloy::primitives::{Signature, keccak256};
    let mut bytes = match &tx {
        TypedTransaction::Legacy(t) => t.signature_hash(),
        TypedTransaction::Eip2930(t) => t.signature_hash(),
        TypedTransaction::Eip1559(t) => t.signature_hash(),
        TypedTransaction::Eip4844(t) => t.signature_hash(),
        TypedTransaction::Eip7702(t) => t.signature_hash(),
    }
    .to_vec();
    bytes.extend_from_slice(from.as_slice());
    let signature = Signature::new(U256::from_be_slice(from.as_slice()), U256::from(1), false);
    let signed = Signed::new_unchecked(tx, signature, keccak256(bytes));
    Recovered::new_unchecked(signed.into(), from)
}

/// The waiting transactions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mempool {
    by_arrival: BTreeMap<u64, PoolTx>,
    by_sender: BTreeMap<Address, BTreeMap<u64, u64>>,
    by_hash: BTreeMap<B256, u64>,
    arrivals: u64,
}

impl Mempool {
    /// How many ever arrived.
    pub(crate) const fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// All of them with their places in the order of arrival.
    pub(crate) fn waiting_by_arrival(&self) -> impl Iterator<Item = (u64, &PoolTx)> {
        self.by_arrival.iter().map(|(at, tx)| (*at, tx))
    }

    /// A pool with these transactions in these places.
    pub(crate) fn restore(arrivals: u64, waiting: impl Iterator<Item = (u64, PoolTx)>) -> Self {
        let mut pool = Self { arrivals, ..Self::default() };
        for (at, tx) in waiting {
            pool.put(at, tx);
        }
        pool
    }

    fn put(&mut self, arrival: u64, tx: PoolTx) {
        self.by_hash.insert(tx.hash(), arrival);
        self.by_sender.entry(tx.from()).or_default().insert(tx.nonce(), arrival);
        self.by_arrival.insert(arrival, tx);
    }

    pub(crate) fn len(&self) -> usize {
        self.by_arrival.len()
    }

    /// All of them in order of arrival.
    pub(crate) fn into_arrivals(self) -> impl Iterator<Item = PoolTx> {
        self.by_arrival.into_values()
    }

    pub(crate) fn get(&self, hash: B256) -> Option<&PoolTx> {
        self.by_hash.get(&hash).and_then(|a| self.by_arrival.get(a))
    }

    pub(crate) fn at(&self, arrival: u64) -> Option<&PoolTx> {
        self.by_arrival.get(&arrival)
    }

    /// Where the transaction with the lowest nonce of each sender stands in the order.
    pub(crate) fn first_of_each(&self) -> Vec<u64> {
        self.by_sender.values().filter_map(|nonces| nonces.values().next().copied()).collect()
    }

    /// The same of one sender.
    pub(crate) fn first_of(&self, from: Address) -> Option<u64> {
        self.by_sender.get(&from)?.values().next().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &PoolTx> {
        self.by_arrival.values()
    }

    /// Where the sender's transaction with a nonce stands in the order.
    pub(crate) fn waiting(&self, from: Address, nonce: u64) -> Option<u64> {
        self.by_sender.get(&from)?.get(&nonce).copied()
    }

    /// The nonce after the transactions that follow `next` without a gap.
    pub(crate) fn pending_nonce(&self, from: Address, next: u64) -> u64 {
        let Some(nonces) = self.by_sender.get(&from) else { return next };
        nonces.range(next..).zip(next..).take_while(|((nonce, _), want)| *nonce == want).fold(next, |n, _| n + 1)
    }

    /// Adds a transaction; one with the same sender and nonce makes way when it offers at least
    /// 10 % less.
    pub(crate) fn insert(&mut self, tx: PoolTx) -> Result<(), SubmitError> {
        if self.by_hash.contains_key(&tx.hash()) {
            return Err(SubmitError::AlreadyKnown);
        }
        if let Some(old) = self.waiting(tx.from(), tx.nonce()) {
            let price = self.at(old).map_or(0, |o| o.env.gas_price);
            if tx.env.gas_price < price.saturating_add(price.div_ceil(10)) {
                return Err(SubmitError::Underpriced);
            }
            self.remove(old);
        }
        let arrival = self.arrivals;
        self.arrivals += 1;
        self.put(arrival, tx);
        Ok(())
    }

    pub(crate) fn remove(&mut self, arrival: u64) -> Option<PoolTx> {
        let tx = self.by_arrival.remove(&arrival)?;
        self.by_hash.remove(&tx.hash());
        if let Some(nonces) = self.by_sender.get_mut(&tx.from()) {
            nonces.remove(&tx.nonce());
            if nonces.is_empty() {
                self.by_sender.remove(&tx.from());
            }
        }
        Some(tx)
    }
}
