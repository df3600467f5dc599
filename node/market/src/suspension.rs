//! Orchestrators that failed and rest: for some refreshes of their pool ([`Suspender`], as in go-livepeer), or for a
//! time ([`ClockSuspender`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_types::{Instant, Millis};

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

    /// Has an orchestrator rest for so many refreshes from now on.
    pub fn suspend_for(&mut self, uri: &str, refreshes: u64) {
        self.list.insert(uri.to_owned(), self.count.saturating_add(refreshes));
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

/// How long whoever fails rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rests {
    /// After the first failure; each further one doubles it.
    pub first: Millis,
    /// At most.
    pub most: Millis,
    /// Time after a rest until it is forgotten, and the next failure is a first one again.
    pub memory: Millis,
}

impl Default for Rests {
    fn default() -> Self {
        Self { first: Millis(10_000), most: Millis(300_000), memory: Millis(600_000) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rest {
    until: Instant,
    length: Millis,
}

/// Penalties by the clock.
///
/// How often a pool refreshes depends on its size and on how its sessions do, so that a penalty in refreshes is of any
/// length. These are not: a first failure costs little, repeated ones cost more, and all are forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClockSuspender {
    rests: Rests,
    list: BTreeMap<String, Rest>,
}

impl ClockSuspender {
    /// Nobody suspended.
    #[must_use]
    pub fn new(rests: Rests) -> Self {
        Self { rests, list: BTreeMap::new() }
    }

    /// Notes a failure, and forgets what is long past. Failures during a rest are those of segments that were under
    /// way with the first one: they change nothing.
    pub fn suspend(&mut self, uri: &str, now: Instant) {
        let Rests { first, most, memory } = self.rests;
        self.list.retain(|_, r| now < r.until + memory);
        let length = match self.list.get(uri) {
            Some(rest) if now < rest.until => return,
            Some(rest) => Millis(rest.length.0.saturating_mul(2)),
            None => first,
        };
        let length = length.min(most);
        self.list.insert(uri.to_owned(), Rest { until: now + length, length });
    }

    /// Until when an orchestrator rests; `None` when it is free.
    #[must_use]
    pub fn rests_until(&self, uri: &str, now: Instant) -> Option<Instant> {
        self.list.get(uri).map(|r| r.until).filter(|until| now < *until)
    }

    /// How many are remembered, at rest or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nobody is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
