//! Going back.

use weir_types::Instant;

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
    pub(crate) id: SnapshotId,
    pub(crate) state: State,
    pub(crate) newest: u64,
    pub(crate) pool: Mempool,
    pub(crate) now: Instant,
    pub(crate) fees: Fees,
}
