//! Orchestrators that failed and rest for some refreshes of their pool.

use std::collections::BTreeMap;

/// Penalties of one pool, counted in refreshes since the pool began.
///
/// A penalty counts from zero and not from the refresh at which it was given, as in go-livepeer:
/// once a pool has refreshed more often than a penalty is high, that penalty has no effect beyond
/// the loss of the session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suspender {
    count: u64,
    list: BTreeMap<String, u64>,
}

impl Suspender {
    /// Nobody suspended.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds to an orchestrator's penalty.
    pub fn suspend(&mut self, uri: &str, penalty: u64) {
        let entry = self.list.entry(uri.to_owned()).or_default();
        *entry = entry.saturating_add(penalty);
    }

    /// Counts a refresh of the pool.
    pub fn signal_refresh(&mut self) {
        self.count = self.count.saturating_add(1);
    }

    /// An orchestrator's penalty, zero when it is free; forgets penalties that are over.
    pub fn suspended(&mut self, uri: &str) -> u64 {
        let penalty = self.list.get(uri).copied().unwrap_or_default();
        if penalty < self.count {
            self.list.remove(uri);
            return 0;
        }
        penalty
    }

    /// Refreshes so far.
    #[must_use]
    pub fn refreshes(&self) -> u64 {
        self.count
    }
}

/// Penalty for one failure: how many refreshes it takes on average until everybody in a pool of
/// `available` has been asked, `wanted` at a time.
#[must_use]
pub fn penalty(available: usize, wanted: usize) -> u64 {
    available.max(1).div_ceil(wanted.max(1)) as u64
}
