//! Which endpoint to ask: a judgement of each by what it did, without I/O or clocks.
//!
//! - A failure puts an endpoint aside for a while that doubles with each failure in a row.
//! - Heights are compared: one that lags behind what most have seen, or whose newest block is old,
//!   is asked last.
//! - Hashes are compared at the height that most have: who tells another chain than the majority is
//!   asked last, and so is who is ahead of it and cannot be checked. A tie accuses nobody, and is told.
//! - An endpoint that is another chain than the configured one is never asked.
//! - When none is good, the least bad is asked: a poor answer is better than none.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use weir_types::{B256, Instant, L2Block, Millis};

use crate::fault::Fault;

/// Limits by which endpoints are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthConfig {
    /// How long an endpoint rests after its first failure.
    pub rest: Millis,
    /// Most that it rests.
    pub rest_max: Millis,
    /// Blocks that an endpoint may lag behind most others.
    pub lag_max: u64,
    /// Age of the newest block from which on an endpoint counts as stuck; none where blocks come when they like.
    pub head_age_max: Option<Millis>,
    /// Blocks that an endpoint may be ahead of most others: further on nobody confirms what it tells.
    pub lead_max: u64,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            rest: Millis(1_000),
            rest_max: Millis::from_secs(60),
            // Ten seconds of Arbitrum.
            lag_max: 40,
            head_age_max: None,
            lead_max: 8,
        }
    }
}

/// The newest block that an endpoint told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenHead {
    /// Its number.
    pub number: L2Block,
    /// Its time, in seconds since the Unix epoch.
    pub timestamp: u64,
    /// When it was told.
    pub at: Instant,
}

/// What is known of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Failures since the last answer.
    pub failures: u32,
    /// What went wrong last, and when.
    pub last_fault: Option<(Fault, Instant)>,
    /// It is left in peace until then.
    pub rests_until: Option<Instant>,
    /// Its newest block.
    pub head: Option<SeenHead>,
    /// Most others tell another chain.
    pub outvoted: bool,
    /// It is another chain than the configured one.
    pub wrong_chain: bool,
    /// Mean time to answer, an eighth of it from the newest answer.
    pub latency: Millis,
    /// Requests answered.
    pub answered: u64,
    /// Requests failed.
    pub failed: u64,
}

/// What a comparison of hashes found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All tell the same, or there is nothing to compare.
    Agreed,
    /// These tell another chain than the majority.
    Outvoted(Vec<usize>),
    /// No majority: these many different chains are told.
    Split(usize),
}

/// Endpoints in the order of preference, and how each does.
#[derive(Debug, Clone)]
pub struct Fleet {
    config: HealthConfig,
    all: Vec<Condition>,
    /// Unix time, in seconds, that belongs to an instant: what heads are aged by.
    clock: Option<(Instant, u64)>,
}

impl Fleet {
    /// So many endpoints of which nothing is known.
    #[must_use]
    pub fn new(config: HealthConfig, endpoints: usize) -> Self {
        Self { config, all: vec![Condition::default(); endpoints], clock: None }
    }

    /// How each endpoint does.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.all
    }

    /// Tells what Unix time, in seconds, it is at an instant.
    pub const fn set_clock(&mut self, now: Instant, unix: u64) {
        self.clock = Some((now, unix));
    }

    fn unix(&self, now: Instant) -> Option<u64> {
        let (then, unix) = self.clock?;
        Some(unix.saturating_add(now.as_secs().saturating_sub(then.as_secs())))
    }

    /// An endpoint answered.
    pub fn answered(&mut self, index: usize, took: Millis) {
        let Some(c) = self.all.get_mut(index) else { return };
        c.failures = 0;
        c.rests_until = None;
        c.answered += 1;
        c.latency = if c.answered == 1 { took } else { Millis((c.latency.0 * 7 + took.0) / 8) };
    }

    /// An endpoint failed.
    pub fn failed(&mut self, index: usize, now: Instant, fault: Fault) {
        let (rest, most) = (self.config.rest.0, self.config.rest_max.0);
        let Some(c) = self.all.get_mut(index) else { return };
        c.failed += 1;
        c.failures = c.failures.saturating_add(1);
        c.last_fault = Some((fault, now));
        let doubled = rest.saturating_mul(1 << (c.failures - 1).min(20)).min(most);
        let pause = match fault {
            Fault::RateLimited(Some(asked)) => doubled.max(asked.0),
            Fault::WrongChain => {
                c.wrong_chain = true;
                doubled
            }
            _ => doubled,
        };
        c.rests_until = Some(now + Millis(pause));
    }

    /// An endpoint is the configured chain.
    pub fn right_chain(&mut self, index: usize) {
        if let Some(c) = self.all.get_mut(index) {
            c.wrong_chain = false;
        }
    }

    /// An endpoint did not tell its newest block: what it told before counts no more.
    pub fn no_head(&mut self, index: usize) {
        if let Some(c) = self.all.get_mut(index) {
            c.head = None;
        }
    }

    /// An endpoint told its newest block.
    pub fn head(&mut self, index: usize, now: Instant, number: L2Block, timestamp: u64) {
        if let Some(c) = self.all.get_mut(index) {
            c.head = Some(SeenHead { number, timestamp, at: now });
        }
    }

    /// The height that the network has: with three endpoints or more what most of them reached, so that
    /// one that makes numbers up counts for nothing; with two the higher one.
    #[must_use]
    pub fn height(&self) -> Option<L2Block> {
        let mut heads: Vec<u64> = self.voters().filter_map(|(_, c)| Some(c.head?.number.0)).collect();
        heads.sort_unstable_by_key(|n| Reverse(*n));
        let needed = if heads.len() < 3 { 1 } else { heads.len() / 2 + 1 };
        heads.get(needed - 1).copied().map(L2Block)
    }

    fn voters(&self) -> impl Iterator<Item = (usize, &Condition)> {
        self.all.iter().enumerate().filter(|(_, c)| !c.wrong_chain)
    }

    /// Seconds since the newest block of an endpoint, if that can be known.
    #[must_use]
    pub fn head_age(&self, index: usize, now: Instant) -> Option<Millis> {
        let head = self.all.get(index)?.head?;
        Some(Millis::from_secs(self.unix(now)?.saturating_sub(head.timestamp)))
    }

    /// Whether an endpoint knows less of the chain than it should.
    #[must_use]
    pub fn is_behind(&self, index: usize, now: Instant) -> bool {
        let Some(c) = self.all.get(index) else { return true };
        let Some(head) = c.head else { return false };
        let lags = self.height().is_some_and(|height| head.number.0.saturating_add(self.config.lag_max) < height.0);
        let old = match (self.head_age(index, now), self.config.head_age_max) {
            (Some(age), Some(most)) => age > most,
            _ => false,
        };
        lags || old
    }

    /// Whether an endpoint tells of blocks that most others should have by now, and have not.
    #[must_use]
    pub fn is_ahead(&self, index: usize) -> bool {
        let head = self.all.get(index).and_then(|c| c.head);
        head.is_some_and(|head| self.ceiling().is_some_and(|ceiling| head.number > ceiling))
    }

    /// Blocks above this one are not believed: most endpoints have not seen them. None while too few tell.
    #[must_use]
    pub fn ceiling(&self) -> Option<L2Block> {
        let told = self.voters().filter(|(_, c)| c.head.is_some()).count();
        let height = self.height().filter(|_| told >= 3)?;
        Some(L2Block(height.0.saturating_add(self.config.lead_max)))
    }

    /// Height at which hashes are to be compared, and who can: what most have reached, or of two both.
    #[must_use]
    pub fn compare_at(&self) -> Option<(L2Block, Vec<usize>)> {
        let heads: Vec<(usize, u64)> = self.voters().filter_map(|(i, c)| Some((i, c.head?.number.0))).collect();
        let at = match heads.len() {
            0 | 1 => return None,
            2 => heads.iter().map(|(_, n)| *n).min()?,
            _ => self.height()?.0,
        };
        Some((L2Block(at), heads.into_iter().filter(|(_, n)| *n >= at).map(|(i, _)| i).collect()))
    }

    /// Judges by the hashes that endpoints told for one height. Who told none has no vote and keeps its name.
    pub fn compare(&mut self, now: Instant, hashes: &[(usize, B256)]) -> Verdict {
        let mut votes: BTreeMap<B256, usize> = BTreeMap::new();
        for (_, hash) in hashes {
            *votes.entry(*hash).or_default() += 1;
        }
        let majority = votes.iter().find(|(_, n)| **n * 2 > hashes.len()).map(|(hash, _)| *hash);
        let mut outvoted = Vec::new();
        for (index, hash) in hashes {
            let Some(c) = self.all.get_mut(*index) else { continue };
            c.outvoted = majority.is_some_and(|m| m != *hash);
            if c.outvoted {
                c.last_fault = Some((Fault::Outvoted, now));
                outvoted.push(*index);
            }
        }
        match (majority, votes.len()) {
            (_, 0 | 1) => Verdict::Agreed,
            (None, chains) => Verdict::Split(chains),
            (Some(_), _) => Verdict::Outvoted(outvoted),
        }
    }

    /// Endpoints in the order in which to ask them. Another chain than the configured one is not among them.
    #[must_use]
    pub fn order(&self, now: Instant) -> Vec<usize> {
        let mut order: Vec<usize> = self.voters().map(|(i, _)| i).collect();
        order.sort_by_key(|i| {
            let c = &self.all[*i];
            let rests = c.rests_until.filter(|until| *until > now);
            // Of those at rest the one that rests least is the likeliest to be back.
            (c.outvoted, self.is_behind(*i, now) || self.is_ahead(*i), rests.is_some(), rests, *i)
        });
        order
    }

    /// Whether an endpoint is asked without reserve.
    #[must_use]
    pub fn is_good(&self, index: usize, now: Instant) -> bool {
        self.all.get(index).is_some_and(|c| {
            let rested = c.rests_until.is_none_or(|until| until <= now);
            rested && !c.wrong_chain && !c.outvoted && !self.is_behind(index, now) && !self.is_ahead(index)
        })
    }

    /// Whether any endpoint is.
    #[must_use]
    pub fn any_good(&self, now: Instant) -> bool {
        (0..self.all.len()).any(|i| self.is_good(i, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Instant = Instant::from_secs(1000);

    fn fleet(n: usize) -> Fleet {
        Fleet::new(HealthConfig { head_age_max: Some(Millis::from_secs(30)), ..HealthConfig::default() }, n)
    }

    fn hash(n: u8) -> B256 {
        B256::repeat_byte(n)
    }

    #[test]
    fn the_first_that_is_well_is_asked_first() {
        let mut f = fleet(3);
        assert_eq!(f.order(T), [0, 1, 2]);
        f.failed(0, T, Fault::TimedOut);
        assert_eq!(f.order(T), [1, 2, 0]);
        assert_eq!(f.order(T + Millis(1000)), [0, 1, 2], "after its rest it has its place again");
        f.failed(0, T, Fault::TimedOut);
        assert_eq!(f.order(T + Millis(1999)), [1, 2, 0], "a second failure in a row rests it for longer");
        assert_eq!(f.order(T + Millis(2000)), [0, 1, 2]);
        f.answered(0, Millis(5));
        assert_eq!(f.order(T), [0, 1, 2]);
        for i in 0..3 {
            f.failed(i, T + Millis(i as u64), Fault::Unreachable);
        }
        assert_eq!(f.order(T + Millis(5)), [0, 1, 2], "when all rest, the one that is back first");
        assert!(!f.any_good(T + Millis(5)));
    }

    #[test]
    fn rests_are_bounded_and_as_long_as_asked_for() {
        let mut f = fleet(1);
        for _ in 0..100 {
            f.failed(0, T, Fault::Internal);
        }
        assert_eq!(f.conditions()[0].rests_until, Some(T + Millis::from_secs(60)));
        f.answered(0, Millis(1));
        f.failed(0, T, Fault::RateLimited(Some(Millis(7000))));
        assert_eq!(f.conditions()[0].rests_until, Some(T + Millis(7000)));
    }

    #[test]
    fn one_that_lags_is_asked_last_and_one_that_boasts_counts_for_nothing() {
        let mut f = fleet(3);
        f.head(0, T, L2Block(50), 0);
        f.head(1, T, L2Block(100), 0);
        f.head(2, T, L2Block(101), 0);
        assert_eq!(f.height(), Some(L2Block(100)));
        assert_eq!(f.order(T), [1, 2, 0]);
        f.head(0, T, L2Block(1_000_000), 0);
        assert_eq!(f.height(), Some(L2Block(101)));
        assert_eq!(f.order(T), [1, 2, 0], "nobody else has seen those blocks");
        f.head(0, T, L2Block(109), 0);
        assert_eq!(f.order(T), [0, 1, 2], "somewhat ahead is well");
        let mut two = fleet(2);
        two.head(0, T, L2Block(50), 0);
        two.head(1, T, L2Block(100), 0);
        assert_eq!(two.order(T), [1, 0]);
        assert_eq!(two.compare_at(), Some((L2Block(50), vec![0, 1])));
        assert_eq!(f.compare_at(), Some((L2Block(101), vec![0, 2])));
        f.no_head(2);
        assert_eq!(f.compare_at(), Some((L2Block(100), vec![0, 1])));
    }

    #[test]
    fn an_old_head_is_noticed_even_of_the_only_one() {
        let mut f = fleet(1);
        f.set_clock(T, 5_000);
        f.head(0, T, L2Block(9), 4_980);
        assert!(f.is_good(0, T));
        assert!(!f.is_good(0, T + Millis::from_secs(11)));
        assert_eq!(f.head_age(0, T + Millis::from_secs(11)), Some(Millis::from_secs(31)));
        assert_eq!(f.order(T + Millis::from_secs(11)), [0], "it is asked all the same");
    }

    #[test]
    fn hashes_are_voted_on() {
        let mut f = fleet(3);
        assert_eq!(f.compare(T, &[(0, hash(1)), (1, hash(2)), (2, hash(2))]), Verdict::Outvoted(vec![0]));
        assert_eq!(f.order(T), [1, 2, 0]);
        assert_eq!(f.compare(T, &[(0, hash(2)), (1, hash(2)), (2, hash(2))]), Verdict::Agreed);
        assert_eq!(f.order(T), [0, 1, 2]);
        assert_eq!(f.compare(T, &[(0, hash(1)), (1, hash(2))]), Verdict::Split(2));
        assert_eq!(f.order(T), [0, 1, 2], "a tie accuses nobody");
        assert_eq!(f.compare(T, &[]), Verdict::Agreed);
    }

    #[test]
    fn another_chain_is_never_asked() {
        let mut f = fleet(2);
        f.failed(0, T, Fault::WrongChain);
        assert_eq!(f.order(T + Millis::from_secs(3600)), [1]);
        f.right_chain(0);
        assert_eq!(f.order(T + Millis::from_secs(3600)), [0, 1]);
    }
}
