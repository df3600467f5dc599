//! Going back.

use weir_types::Instant;

use crate::chain::{Chain, Inner};
use crate::error::UnknownSnapshot;
use crate::mempool::Mempool;
use crate::state::State;

/// A state of the chain to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(pub u64);

/// What a snapshot remembers. The state is a branch; blocks and logs only grow between snapshots, so
/// lengths do; the mempool is small and is copied.
#[derive(Debug)]
pub(crate) struct Snapshot {
    id: SnapshotId,
    state: State,
    blocks: usize,
    mined: usize,
    logs: usize,
    pool: Mempool,
    now: Instant,
    base_fee: u64,
    l1_base_fee: u64,
}

impl Snapshot {
    /// How many blocks there were.
    pub(crate) const fn blocks(&self) -> usize {
        self.blocks
    }
}

impl Chain {
    /// Remembers the chain as it is, with its mempool, time and prices.
    #[must_use]
    pub fn snapshot(&self) -> SnapshotId {
        self.lock().take_snapshot()
    }

    /// Goes back to a snapshot; it and all later ones are used up.
    ///
    /// # Errors
    /// There is no such snapshot.
    pub fn revert(&self, id: SnapshotId) -> Result<(), UnknownSnapshot> {
        self.lock().revert_to(id)
    }
}

impl Inner {
    pub(crate) fn take_snapshot(&mut self) -> SnapshotId {
        self.snapshots_taken += 1;
        let id = SnapshotId(self.snapshots_taken);
        let snapshot = Snapshot {
            id,
            state: self.state.branch(),
            blocks: self.blocks.len(),
            mined: self.mined.len(),
            logs: self.logs.len(),
            pool: self.pool.clone(),
            now: self.now,
            base_fee: self.base_fee,
            l1_base_fee: self.l1_base_fee,
        };
        self.snapshots.push(snapshot);
        id
    }

    pub(crate) fn revert_to(&mut self, id: SnapshotId) -> Result<(), UnknownSnapshot> {
        let at = self.snapshots.binary_search_by_key(&id, |s| s.id).map_err(|_| UnknownSnapshot(id.0))?;
        let Some(snapshot) = self.snapshots.drain(at..).next() else { return Err(UnknownSnapshot(id.0)) };
        self.state = snapshot.state;
        for block in self.blocks.drain(snapshot.blocks..) {
            self.block_by_hash.remove(&block.hash);
        }
        for mined in self.mined.drain(snapshot.mined..) {
            self.by_hash.remove(&mined.receipt.tx_hash);
        }
        self.logs.truncate(snapshot.logs);
        self.feed.went_back(self.newest(), &[]);
        self.pool = snapshot.pool;
        self.now = snapshot.now;
        self.base_fee = snapshot.base_fee;
        self.l1_base_fee = snapshot.l1_base_fee;
        Ok(())
    }
}
