//! What became of transactions.

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, Log as RawLog, U256};
use alloy::rpc::types::Log;
use serde::{Deserialize, Serialize};
use weir_types::Wei;

use crate::block::Block;
use crate::error::SubmitError;
use crate::mempool::PoolTx;

/// What became of a transaction in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Transaction hash.
    pub tx_hash: B256,
    /// Place in the block.
    pub tx_index: u64,
    /// EIP-2718 type of the transaction.
    pub tx_type: u8,
    /// L2 block.
    pub block_number: u64,
    /// L2 block hash.
    pub block_hash: B256,
    /// L1 block number.
    pub l1_block_number: u64,
    /// Sender.
    pub from: Address,
    /// Receiver, none for a creation.
    pub to: Option<Address>,
    /// The contract made.
    pub contract_address: Option<Address>,
    /// Whether it went through.
    pub success: bool,
    /// Gas used, with what paid for its data.
    pub gas_used: u64,
    /// The part of it that paid for its data on L1.
    pub gas_used_for_l1: u64,
    /// Gas used in the block up to this transaction.
    pub cumulative_gas_used: u64,
    /// Price paid for a unit of gas, in wei.
    pub effective_gas_price: u128,
    /// Logs.
    pub logs: Vec<Arc<Log>>,
    /// What it returned: of a reverted transaction the revert data.
    pub output: Bytes,
    /// Why it stopped, when it ran out of gas or the like.
    pub halt: Option<String>,
}

impl Receipt {
    /// What the sender paid for gas.
    #[must_use]
    pub fn fee(&self) -> Wei {
        Wei(U256::from(self.gas_used).saturating_mul(U256::from(self.effective_gas_price)))
    }
}

/// What of a receipt does not follow from its block and its transaction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) created: Option<Address>,
    pub(crate) success: bool,
    pub(crate) gas_used: u64,
    pub(crate) gas_used_for_l1: u64,
    pub(crate) logs: Vec<RawLog>,
    pub(crate) output: Bytes,
    pub(crate) halt: Option<String>,
}

/// Receipts of a block, made one after the other.
#[derive(Debug)]
pub(crate) struct Receipts<'a> {
    block: &'a Block,
    made: u64,
    cumulative_gas_used: u64,
    logs: u64,
}

impl<'a> Receipts<'a> {
    pub(crate) const fn of(block: &'a Block) -> Self {
        Self { block, made: 0, cumulative_gas_used: 0, logs: 0 }
    }

    /// The receipt of the next transaction.
    pub(crate) fn next(&mut self, tx: &PoolTx, outcome: Outcome) -> Receipt {
        let (block, tx_index) = (self.block, self.made);
        self.made = self.made.saturating_add(1);
        self.cumulative_gas_used = self.cumulative_gas_used.saturating_add(outcome.gas_used);
        let log = |inner: RawLog| {
            let log_index = self.logs;
            self.logs = self.logs.saturating_add(1);
            Arc::new(Log {
                inner,
                block_hash: Some(block.hash),
                block_number: Some(block.header.number),
                block_timestamp: Some(block.header.timestamp),
                transaction_hash: Some(tx.hash()),
                transaction_index: Some(tx_index),
                log_index: Some(log_index),
                removed: false,
            })
        };
        Receipt {
            tx_hash: tx.hash(),
            tx_index,
            tx_type: tx.tx.tx_type() as u8,
            block_number: block.header.number,
            block_hash: block.hash,
            l1_block_number: block.l1_block_number,
            from: tx.from(),
            to: tx.env.kind.to().copied(),
            contract_address: outcome.created,
            success: outcome.success,
            gas_used: outcome.gas_used,
            gas_used_for_l1: outcome.gas_used_for_l1,
            cumulative_gas_used: self.cumulative_gas_used,
            effective_gas_price: u128::from(block.header.base_fee_per_gas.unwrap_or(0)),
            logs: outcome.logs.into_iter().map(log).collect(),
            output: outcome.output,
            halt: outcome.halt,
        }
    }
}

/// A transaction that left the mempool without getting into a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Transaction hash.
    pub hash: B256,
    /// Sender.
    pub from: Address,
    /// Why.
    pub error: SubmitError,
}

/// What a new block holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockSummary {
    /// L2 block number.
    pub number: u64,
    /// L2 block hash.
    pub hash: B256,
    /// L1 block number.
    pub l1_block_number: u64,
    /// Unix time in seconds.
    pub timestamp: u64,
    /// Gas used by all.
    pub gas_used: u64,
    /// Price of a unit of gas.
    pub base_fee: Wei,
    /// Receipts in order.
    pub receipts: Vec<Arc<Receipt>>,
    /// What fell out of the mempool.
    pub dropped: Vec<Dropped>,
}
