//! Blocks that were made, with their transactions and logs. The oldest are forgotten when they are to be.

use std::collections::VecDeque;
use std::sync::Arc;

use alloy::consensus::TxEnvelope;
use alloy::consensus::transaction::Recovered;
use alloy::primitives::B256;
use alloy::rpc::types::Log;
use revm::primitives::B256Map;

use crate::block::Block;
use crate::exec::Sender;
use crate::logs::LogStore;
use crate::receipt::Receipt;

/// A transaction in a block.
#[derive(Debug, Clone)]
pub(crate) struct Mined {
    pub(crate) tx: Arc<Recovered<TxEnvelope>>,
    pub(crate) sender: Sender,
    pub(crate) receipt: Arc<Receipt>,
}

/// What blocks were cut off.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    pub(crate) blocks: Vec<Arc<Block>>,
    pub(crate) mined: Vec<Mined>,
    pub(crate) logs: Vec<Arc<Log>>,
}

/// All blocks that are kept, in order. The maps are for look-ups only: nothing depends on their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    blocks: VecDeque<Arc<Block>>,
    numbers: B256Map<u64>,
    mined: VecDeque<Mined>,
    /// Transactions that were forgotten: places count from there.
    forgotten: usize,
    places: B256Map<usize>,
    logs: LogStore,
}

impl Ledger {
    /// The newest block; none before the first.
    pub(crate) fn last(&self) -> Option<&Arc<Block>> {
        self.blocks.back()
    }

    /// Number of the newest block.
    pub(crate) fn newest(&self) -> u64 {
        self.last().map_or(0, |block| block.header.number)
    }

    /// Number of the oldest block that is kept.
    pub(crate) fn oldest(&self) -> u64 {
        self.blocks.front().map_or(0, |block| block.header.number)
    }

    /// Number of the block to come.
    pub(crate) fn next(&self) -> u64 {
        self.last().map_or(0, |block| block.header.number.saturating_add(1))
    }

    pub(crate) fn block(&self, number: u64) -> Option<&Arc<Block>> {
        self.blocks.get(usize::try_from(number.checked_sub(self.oldest())?).ok()?)
    }

    pub(crate) fn number_of(&self, hash: &B256) -> Option<u64> {
        self.numbers.get(hash).copied()
    }

    pub(crate) fn mined(&self, hash: B256) -> Option<&Mined> {
        self.mined.get(self.places.get(&hash)?.checked_sub(self.forgotten)?)
    }

    pub(crate) const fn logs(&self) -> &LogStore {
        &self.logs
    }

    /// Notes a transaction of the block that is pushed next.
    pub(crate) fn note(&mut self, mined: Mined) {
        for log in &mined.receipt.logs {
            self.logs.push(Arc::clone(log));
        }
        self.places.insert(mined.receipt.tx_hash, self.forgotten.saturating_add(self.mined.len()));
        self.mined.push_back(mined);
    }

    pub(crate) fn push(&mut self, block: Arc<Block>) {
        self.numbers.insert(block.hash, block.header.number);
        self.blocks.push_back(block);
    }

    /// Forgets what came after a block.
    pub(crate) fn cut(&mut self, number: u64) -> Cut {
        let keep = number.saturating_add(1).saturating_sub(self.oldest());
        let keep = usize::try_from(keep).unwrap_or(usize::MAX).min(self.blocks.len());
        let blocks: Vec<_> = self.blocks.drain(keep..).collect();
        for block in &blocks {
            self.numbers.remove(&block.hash);
        }
        let first = self.mined.partition_point(|m| m.receipt.block_number <= number);
        let mined: Vec<_> = self.mined.drain(first..).collect();
        for m in &mined {
            self.places.remove(&m.receipt.tx_hash);
        }
        let logs: Vec<Arc<Log>> = mined.iter().flat_map(|m| m.receipt.logs.iter().cloned()).collect();
        self.logs.drop_newest(logs.len());
        Cut { blocks, mined, logs }
    }

    /// Forgets the oldest blocks until so many are left.
    pub(crate) fn prune(&mut self, keep: u64) {
        while self.blocks.len() as u64 > keep.max(1) {
            let Some(block) = self.blocks.pop_front() else { break };
            self.numbers.remove(&block.hash);
            for _ in &block.transactions {
                let Some(m) = self.mined.pop_front() else { break };
                self.forgotten = self.forgotten.saturating_add(1);
                self.places.remove(&m.receipt.tx_hash);
                self.logs.drop_oldest(m.receipt.logs.len());
            }
        }
    }
}
