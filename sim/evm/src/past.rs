//! Older blocks: looks at their state, and going back to them.

use std::sync::Arc;

use alloy::primitives::B256;
use alloy::rpc::types::Log;

use crate::error::PastError;
use crate::exec::BlockContext;
use crate::inner::Inner;
use crate::ledger::Cut;
use crate::mempool::PoolTx;
use crate::state::State;

/// What a reorganisation took back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reorg {
    /// Hashes of the blocks that are gone, oldest first.
    pub blocks: Vec<B256>,
    /// Transactions of those blocks, in order. They wait in the mempool again.
    pub transactions: Vec<B256>,
    /// Their logs, in order, marked as removed.
    pub logs: Vec<Log>,
}

impl Inner {
    /// The state of a block.
    pub(crate) fn state_at(&mut self, number: u64) -> Result<State, PastError> {
        let newest = self.newest();
        let back = newest.checked_sub(number).ok_or(PastError::Unknown { number, newest })?;
        let kept = self.state.depth();
        self.state.branch_at(back).ok_or(PastError::Pruned { number, oldest: newest.saturating_sub(kept) })
    }

    /// The state and the block that a call at an older block sees.
    pub(crate) fn look_at(&mut self, number: u64) -> Result<(Arc<State>, BlockContext), PastError> {
        let newest = self.newest();
        let oldest = self.ledger.oldest();
        if number < oldest {
            return Err(PastError::Pruned { number, oldest });
        }
        let block = self.block(number).cloned().ok_or(PastError::Unknown { number, newest })?;
        let context = BlockContext {
            l1_number: block.l1_block_number,
            l2_number: number,
            timestamp: block.header.timestamp,
            base_fee: block.header.base_fee_per_gas.unwrap_or(0),
            ..self.pending_context()
        };
        if let Some(state) = self.looks.find(block.hash) {
            return Ok((state, context));
        }
        let state = Arc::new(self.state_at(number)?);
        self.looks.keep(block.hash, Arc::clone(&state));
        Ok((state, context))
    }

    /// Virtual time at which a block was made, to the second.
    pub(crate) fn block_time(&self, number: u64) -> weir_types::Instant {
        let timestamp = self.block(number).map_or(self.config.genesis_time, |b| b.header.timestamp);
        weir_types::Instant::from_secs(timestamp.saturating_sub(self.config.genesis_time)).min(self.now)
    }

    /// Takes blocks back and lets their transactions wait again, before those that wait already.
    pub(crate) fn take_back(&mut self, number: u64) -> Reorg {
        let Cut { blocks, mined, logs } = self.ledger.cut(number);
        self.snapshots.retain(|snapshot| snapshot.newest <= number);
        let transactions: Vec<B256> = mined.iter().map(|m| m.receipt.tx_hash).collect();
        let later = std::mem::take(&mut self.pool);
        for tx in mined.into_iter().map(|m| PoolTx::again(m.tx, m.sender)).chain(later.into_arrivals()) {
            // One that replaced another since then is the one that stays.
            let _ = self.pool.insert(tx);
        }
        let logs: Vec<Log> = logs.iter().map(|log| Log { removed: true, ..Log::clone(log) }).collect();
        self.feed.went_back(number, &logs);
        Reorg { blocks: blocks.iter().map(|b| b.hash).collect(), transactions, logs }
    }
}
