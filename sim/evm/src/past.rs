//! Older blocks: looks at their state, branches from them, and going back to them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use alloy::primitives::B256;
use alloy::rpc::types::Log;

use crate::chain::{Chain, Inner};
use crate::error::PastError;
use crate::exec::BlockContext;
use crate::ledger::Cut;
use crate::mempool::PoolTx;
use crate::state::State;

/// Looks at older states that are kept for the next ones.
const LOOKS_MAX: usize = 4;

/// States of older blocks, made when first asked for.
#[derive(Debug, Default)]
pub(crate) struct Looks(VecDeque<(B256, Arc<State>)>);

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

impl Chain {
    /// A copy of the chain that goes its own way, without the other's snapshots. State is shared, not
    /// copied.
    #[must_use]
    pub fn branch(&self) -> Self {
        let mut inner = self.lock();
        let state = inner.state.branch();
        Self::from(inner.fork(state))
    }

    /// A copy of the chain as it was when a block was the newest, with an empty mempool and that block's
    /// time.
    ///
    /// # Errors
    /// There is no such block, or its state is no longer kept.
    pub fn branch_at(&self, number: u64) -> Result<Self, PastError> {
        let mut inner = self.lock();
        let state = inner.state_at(number)?;
        let mut fork = inner.fork(state);
        fork.ledger.cut(number);
        fork.pool = Default::default();
        fork.now = fork.block_time(number);
        Ok(Self::from(fork))
    }

    /// Takes the newest blocks back. What was in them waits for the next block; time goes on.
    ///
    /// # Errors
    /// The chain has fewer blocks, or the state before them is no longer kept.
    pub fn reorg(&self, depth: u64) -> Result<Reorg, PastError> {
        let mut inner = self.lock();
        let newest = inner.newest();
        let number =
            newest.checked_sub(depth).ok_or(PastError::Unknown { number: newest.wrapping_sub(depth), newest })?;
        if depth == 0 {
            return Ok(Reorg::default());
        }
        inner.state = inner.state_at(number)?;
        Ok(inner.take_back(number))
    }
}

impl Inner {
    /// The state of a block.
    fn state_at(&mut self, number: u64) -> Result<State, PastError> {
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
        if let Some((_, state)) = self.looks.0.iter().find(|(hash, _)| *hash == block.hash) {
            return Ok((Arc::clone(state), context));
        }
        let state = Arc::new(self.state_at(number)?);
        self.looks.0.push_back((block.hash, Arc::clone(&state)));
        if self.looks.0.len() > LOOKS_MAX {
            self.looks.0.pop_front();
        }
        Ok((state, context))
    }

    /// Virtual time at which a block was made, to the second.
    fn block_time(&self, number: u64) -> weir_types::Instant {
        let timestamp = self.block(number).map_or(self.config.genesis_time, |b| b.header.timestamp);
        weir_types::Instant::from_secs(timestamp.saturating_sub(self.config.genesis_time)).min(self.now)
    }

    /// The chain with a state of its own.
    fn fork(&self, state: State) -> Self {
        Self {
            config: self.config.clone(),
            state,
            now: self.now,
            fees: self.fees,
            pool: self.pool.clone(),
            ledger: self.ledger.clone(),
            automine: self.automine,
            stopped: self.stopped,
            impersonated: self.impersonated.clone(),
            impersonate_all: self.impersonate_all,
            snapshots: Vec::new(),
            snapshots_taken: self.snapshots_taken,
            looks: Looks::default(),
            feed: Default::default(),
            failure: None,
        }
    }

    /// Takes blocks back and lets their transactions wait again, before those that wait already.
    fn take_back(&mut self, number: u64) -> Reorg {
        let Cut { blocks, mined, logs } = self.ledger.cut(number);
        self.snapshots.retain(|snapshot| snapshot.newest() <= number);
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

impl From<Inner> for Chain {
    fn from(inner: Inner) -> Self {
        Self(Arc::new(Mutex::new(inner)))
    }
}
