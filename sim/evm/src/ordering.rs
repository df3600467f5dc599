//! In which order a block takes the transactions that are due.

use alloy::consensus::Transaction;
use alloy::primitives::keccak256;
use serde::{Deserialize, Serialize};

use crate::mempool::PoolTx;

/// Policy of the sequencer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ordering {
    /// First come, first served, as Arbitrum's sequencer does it.
    #[default]
    Arrival,
    /// Who offers the higher tip goes first. Nobody pays it: the chain takes no tips.
    Priority,
    /// At random, from a seed.
    Shuffled(u64),
}

impl Ordering {
    /// Lower ranks go first; equal ones by arrival.
    pub(crate) fn rank(self, tx: &PoolTx, arrival: u64, block: u64) -> u128 {
        match self {
            Self::Arrival => u128::from(arrival),
            Self::Priority => u128::MAX - tx.tx.max_priority_fee_per_gas().unwrap_or_else(|| tx.tx.max_fee_per_gas()),
            Self::Shuffled(seed) => {
                let mut bytes = tx.hash().to_vec();
                bytes.extend_from_slice(&seed.to_be_bytes());
                bytes.extend_from_slice(&block.to_be_bytes());
                let hash = keccak256(bytes);
                hash.first_chunk::<16>().map_or(0, |half| u128::from_be_bytes(*half))
            }
        }
    }
}
