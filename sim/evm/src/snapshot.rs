//! Going back.

use weir_types::Instant;

use crate::chain::{Chain, Inner};
use crate::error::UnknownSnapshot;
use crate::fees::Fees;
use crate::mempool::Mempool;
use crate::state::State;

/// A state of the chain to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(pub u64);

/// What a snapshot remembers. The state is a branch; blocks and logs only grow between snapshots, so
/// the newest block says which there were; the mempool is small and is copied.
#[derive(Debug)]
pub(crate) struct Snapshot {
    id: SnapshotId,
    state: State,
    newest: u64,
    pool: Mempool,
    now: Instant,
    fees: Fees,
}

impl Snapshot {
    /// The newest block there was.
    pub(crate) const fn newest(&self) -> u64 {
        self.newest
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
            newest: self.newest(),
            pool: self.pool.clone(),
            now: self.now,
            fees: self.fees,
        };
        self.snapshots.push(snapshot);
        id
    }

    pub(crate) fn revert_to(&mut self, id: SnapshotId) -> Result<(), UnknownSnapshot> {
        let at = self.snapshots.binary_search_by_key(&id, |s| s.id).map_err(|_| UnknownSnapshot(id.0))?;
        let Some(snapshot) = self.snapshots.drain(at..).next() else { return Err(UnknownSnapshot(id.0)) };
        self.state = snapshot.state;
        self.ledger.cut(snapshot.newest);
        self.feed.went_back(snapshot.newest, &[]);
        self.pool = snapshot.pool;
        self.now = snapshot.now;
        self.fees = snapshot.fees;
        Ok(())
    }
}
