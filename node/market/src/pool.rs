//! The sessions of a stream on the gateway's side.
//!
//! A [`SessionPool`] holds the offers that a stream has collected, chooses who gets the next segment
//! and learns from how long each took. [`StreamPools`] puts the untrusted and the trusted pool of a
//! stream together.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use weir_types::{Instant, Millis};

use crate::ballot::Ballot;
use crate::class::Class;
pub use crate::class::retryable;
use crate::discovery::Trust;
use crate::limits::{ROUND_TRIP, SCORE_FLOOR, SEGMENT, latency_score};
use crate::selection::{Draw, MinLs, Offer, Probability};
use crate::strategy::Strategy;
use crate::suspension::{ClockSuspender, Suspender, penalty};

/// Latency score up to which an orchestrator keeps up with its stream.
pub const GOOD_SCORE: f64 = 1.0;
/// Largest number of sessions below which a pool looks for more.
const MAX_REFRESH_THRESHOLD: usize = 8;
/// Limits up to this length count as [`SCORE_FLOOR`] when a busy session is used again.
const SHORT_LIMIT: Millis = Millis(1_000);

/// Rules of one pool.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolConfig {
    /// Orchestrators that could be asked.
    pub available: usize,
    /// Orchestrators that a refresh asks for.
    pub wanted: usize,
    /// Latency score up to which a session is used again without a new choice.
    pub good_score: f64,
    /// Whether orchestrators have recipients and stakes.
    pub on_chain: bool,
    /// The draw among sessions that have done no work yet.
    pub selection: Probability,
}

impl PoolConfig {
    /// Rules of a pool of one group: everybody of the untrusted is wanted, of the trusted as many
    /// as two round trips have segments.
    #[must_use]
    pub fn new(trust: Trust, available: usize, on_chain: bool, selection: Probability) -> Self {
        let trusted_max = usize::try_from(2 * ROUND_TRIP.0 / SEGMENT.0).unwrap_or(usize::MAX);
        let wanted = match trust {
            Trust::Trusted => available.min(trusted_max),
            Trust::Untrusted => available,
        };
        Self { available, wanted, good_score: GOOD_SCORE, on_chain, selection }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flight {
    since: Instant,
    duration: Millis,
}

/// One session of a pool.
#[derive(Debug, Clone)]
pub struct Session<S> {
    offer: S,
    score: f64,
    in_flight: VecDeque<Flight>,
}

impl<S> Session<S> {
    /// A session that has done no work yet.
    #[must_use]
    pub fn new(offer: S) -> Self {
        Self { offer, score: 0.0, in_flight: VecDeque::new() }
    }

    /// The offer.
    #[must_use]
    pub fn offer(&self) -> &S {
        &self.offer
    }

    /// Latency score of the last segment; zero before the first.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.score
    }

    /// Sets the latency score.
    pub fn set_score(&mut self, score: f64) {
        self.score = score;
    }

    /// Segments that are under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Notes a segment of a length that is sent now.
    pub fn sent(&mut self, now: Instant, duration: Millis) {
        self.in_flight.push_back(Flight { since: now, duration });
    }

    fn is_good(&self, good: f64) -> bool {
        self.score > 0.0 && self.score <= good
    }

    /// Whether the session may take another segment without a new choice: when it is idle and kept
    /// up, or when its oldest segment has been under way for less than `factor` times its length.
    #[must_use]
    pub fn reusable(&self, now: Instant, factor: u64, good: f64) -> bool {
        let Some(oldest) = self.in_flight.front() else { return self.is_good(good) };
        let limit = Millis(oldest.duration.0.saturating_mul(factor));
        let limit = if limit <= SHORT_LIMIT { SCORE_FLOOR } else { limit };
        now < oldest.since + limit
    }
}

/// Who gets the next segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// Address of the service.
    pub uri: Arc<str>,
    /// Sessions of the last choice that were left for this one.
    pub swapped: Vec<Arc<str>>,
}

/// The sessions of a stream with one group of orchestrators.
#[derive(Debug, Clone)]
pub struct SessionPool<S> {
    config: PoolConfig,
    sessions: BTreeMap<Arc<str>, Session<S>>,
    selector: MinLs<Arc<str>>,
    last: Vec<Arc<str>>,
    suspender: Suspender,
    refreshing: bool,
    /// Another rule than the draw of the configuration.
    strategy: Option<Box<dyn Strategy>>,
    /// Rests by the clock, beside the penalties in refreshes.
    clock: Option<ClockSuspender>,
    /// Kept for its memory.
    ballot: Ballot,
}

impl<S: Offer> SessionPool<S> {
    /// An empty pool.
    #[must_use]
    pub fn new(config: PoolConfig) -> Self {
        Self {
            selector: MinLs::new(config.good_score),
            config,
            sessions: BTreeMap::new(),
            last: Vec::new(),
            suspender: Suspender::new(),
            refreshing: false,
            strategy: None,
            clock: None,
            ballot: Ballot::default(),
        }
    }

    /// Chooses by another rule than the draw of the configuration.
    pub fn set_strategy(&mut self, strategy: Box<dyn Strategy>) {
        self.strategy = Some(strategy);
    }

    /// Has whoever [fails](Self::failed_with) rest by the clock as well. Among sessions that have done no work yet,
    /// those at rest are chosen when nobody else can be.
    pub fn set_clock(&mut self, clock: ClockSuspender) {
        self.clock = Some(clock);
    }

    /// Rests by the clock, where they are used.
    #[must_use]
    pub fn clock(&self) -> Option<&ClockSuspender> {
        self.clock.as_ref()
    }

    /// True when so few sessions are left to choose from that a refresh should begin.
    ///
    /// Sessions that can never be chosen, because their price is too high, do not count: in
    /// go-livepeer they do, and a stream with nothing else never looks for others.
    #[must_use]
    pub fn needs_refresh(&self) -> bool {
        let threshold = self.config.wanted.div_ceil(2).min(MAX_REFRESH_THRESHOLD);
        !self.refreshing && self.choices(threshold) < threshold
    }

    /// How many sessions there are to choose from, up to a number: the rest need not be looked at.
    fn choices(&self, most: usize) -> usize {
        let can = |uri: &&Arc<str>| {
            let eligible = |s: &Session<S>| !self.config.on_chain || self.config.selection.eligible(&s.offer);
            self.sessions.get(*uri).is_some_and(eligible)
        };
        let known = self.selector.known_len();
        known + self.selector.unknown().iter().filter(can).take(most.saturating_sub(known)).count()
    }

    /// Begins a refresh and says how many orchestrators to look for.
    pub fn begin_refresh(&mut self) -> usize {
        self.refreshing = true;
        self.suspender.signal_refresh();
        self.config.wanted
    }

    /// Ends a refresh with the offers it found, which may be none; returns the addresses that are
    /// new. An orchestrator that the pool has already keeps its session.
    pub fn end_refresh(&mut self, found: impl IntoIterator<Item = S>) -> Vec<Arc<str>> {
        self.refreshing = false;
        let mut added = Vec::new();
        for offer in found {
            let uri: Arc<str> = offer.uri().into();
            if !self.sessions.contains_key(&uri) {
                self.sessions.insert(Arc::clone(&uri), Session::new(offer));
                added.push(uri);
            }
        }
        self.selector.add(added.iter().cloned());
        added
    }

    /// Chooses who gets the next segment: the last one again while it keeps up, otherwise by the
    /// selector, otherwise the last one with more patience.
    pub fn select(&mut self, now: Instant, draw: &mut impl Draw) -> Option<Pick> {
        let uri = self.reuse(now, 1).or_else(|| self.choose(now, draw)).or_else(|| self.reuse(now, 2))?;
        let swapped = self.last.extract_if(.., |u| *u != uri).collect();
        if self.last.is_empty() {
            self.last.push(Arc::clone(&uri));
        }
        Some(Pick { uri, swapped })
    }

    fn reuse(&self, now: Instant, factor: u64) -> Option<Arc<str>> {
        let good = self.config.good_score;
        let fits = |u: &&Arc<str>| self.sessions.get(*u).is_some_and(|s| s.reusable(now, factor, good));
        self.last.iter().find(fits).cloned()
    }

    fn choose(&mut self, now: Instant, draw: &mut impl Draw) -> Option<Arc<str>> {
        let Self { config, sessions, ballot, strategy, clock, .. } = self;
        let rests = |uri: &str| clock.as_ref().is_some_and(|c| c.rests_until(uri, now).is_some());
        self.selector.select(|unknown| {
            // Every unknown address has a session: removing one removes the other.
            let all = || unknown.iter().enumerate().filter_map(|(i, u)| sessions.get(u).map(|s| (i, &s.offer)));
            let awake: Vec<(usize, &S)> = all().filter(|(_, o)| !rests(o.uri())).collect();
            let choice = choose_from(config, strategy.as_deref(), ballot, &awake, draw);
            if choice.is_some() || awake.len() == unknown.len() {
                return choice;
            }
            choose_from(config, strategy.as_deref(), ballot, &all().collect::<Vec<_>>(), draw)
        })
    }

    /// Notes that a segment of a length is sent; false when the pool has no such session.
    pub fn sent(&mut self, uri: &str, now: Instant, duration: Millis) -> bool {
        self.sessions.get_mut(uri).map(|s| s.sent(now, duration)).is_some()
    }

    /// Notes that a segment came back after some time, and takes the offer that came with it.
    pub fn succeeded(&mut self, uri: &str, took: Millis, duration: Millis, offer: Option<S>) {
        if let Some(s) = self.sessions.get_mut(uri) {
            s.score = latency_score(took, duration);
            if let Some(o) = offer.filter(|o| o.uri() == uri) {
                s.offer = o;
            }
        }
        self.complete(uri);
    }

    /// Notes that the oldest segment of a session is over without a new latency score, such as one
    /// that no orchestrator could have transcoded.
    ///
    /// A session that keeps up stays with the last choice, to be used again. One that keeps up but
    /// is not part of the last choice any more goes back to the selector; go-livepeer loses it.
    pub fn complete(&mut self, uri: &str) {
        let good = self.config.good_score;
        let Some(s) = self.sessions.get_mut(uri) else { return };
        s.in_flight.pop_front();
        if !s.in_flight.is_empty() {
            return;
        }
        let stays = s.is_good(good) && self.last.iter().any(|u| **u == *uri);
        if !stays {
            let score = s.score;
            self.selector.retain(|u| **u != *uri);
            self.selector.complete(uri.into(), score);
        }
    }

    /// Takes a failure by its class: a fault removes and suspends the session; where another orchestrator may do better
    /// without a fault of this one, the session is removed; otherwise it is [complete](Self::complete) and stays.
    /// Returns the session when it was removed.
    pub fn failed_with(&mut self, uri: &str, class: Class, now: Instant) -> Option<Session<S>> {
        if class.suspends() {
            if let Some(clock) = &mut self.clock {
                clock.suspend(uri, now);
            }
            return self.failed(uri);
        }
        if class.retries() {
            return self.remove(uri);
        }
        self.complete(uri);
        None
    }

    /// Removes and suspends a session that failed.
    pub fn failed(&mut self, uri: &str) -> Option<Session<S>> {
        self.suspender.suspend(uri, penalty(self.config.available, self.config.wanted));
        self.remove(uri)
    }

    /// Removes a session without a penalty: it left, or has no room.
    pub fn remove(&mut self, uri: &str) -> Option<Session<S>> {
        self.selector.retain(|u| **u != *uri);
        self.last.retain(|u| **u != *uri);
        self.sessions.remove(uri)
    }

    /// Replaces a session's offer, for example after its token was renewed; false when the pool has
    /// no such session.
    pub fn renew(&mut self, offer: S) -> bool {
        let Some(s) = self.sessions.get_mut(offer.uri()) else { return false };
        s.offer = offer;
        true
    }

    /// Ends the pool and hands its sessions out.
    #[must_use]
    pub fn drain(self) -> Vec<Session<S>> {
        self.sessions.into_values().collect()
    }

    /// A session.
    #[must_use]
    pub fn get(&self, uri: &str) -> Option<&Session<S>> {
        self.sessions.get(uri)
    }

    /// All sessions in the order of their addresses.
    pub fn sessions(&self) -> impl Iterator<Item = (&str, &Session<S>)> {
        self.sessions.iter().map(|(u, s)| (&**u, s))
    }

    /// Number of sessions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// True without sessions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Whom the pool has suspended, for searches.
    pub fn suspender(&mut self) -> &mut Suspender {
        &mut self.suspender
    }

    /// The rules.
    #[must_use]
    pub fn config(&self) -> &PoolConfig {
        &self.config
    }

    /// The rules, to change prices or the number of available orchestrators.
    pub fn config_mut(&mut self) -> &mut PoolConfig {
        &mut self.config
    }
}

/// Chooses among sessions that have done no work yet, given with their places.
fn choose_from<S: Offer>(
    config: &PoolConfig,
    strategy: Option<&dyn Strategy>,
    ballot: &mut Ballot,
    from: &[(usize, &S)],
    draw: &mut impl Draw,
) -> Option<usize> {
    let at = if let Some(strategy) = strategy {
        let offers: Vec<&dyn Offer> = from.iter().map(|p| p.1 as &dyn Offer).collect();
        strategy.select(&offers, draw)?
    } else if config.on_chain {
        let offers: Vec<&S> = from.iter().map(|p| p.1).collect();
        ballot.prepare(&config.selection, &offers);
        ballot.draw(draw)?
    } else {
        // Off chain nobody has an address to be drawn by: whoever came first is next.
        0
    };
    from.get(at).map(|p| p.0)
}

/// Both pools of a stream.
#[derive(Debug, Clone)]
pub struct StreamPools<S> {
    /// Orchestrators that the gateway found by itself.
    pub untrusted: SessionPool<S>,
    /// Orchestrators that the gateway's owner named.
    pub trusted: SessionPool<S>,
}

impl<S: Offer> StreamPools<S> {
    /// Chooses from the untrusted pool, then from the trusted one.
    pub fn select(&mut self, now: Instant, draw: &mut impl Draw) -> Option<(Trust, Pick)> {
        if let Some(pick) = self.untrusted.select(now, draw) {
            return Some((Trust::Untrusted, pick));
        }
        self.trusted.select(now, draw).map(|pick| (Trust::Trusted, pick))
    }

    /// Two empty pools.
    #[must_use]
    pub fn new(untrusted: PoolConfig, trusted: PoolConfig) -> Self {
        Self { untrusted: SessionPool::new(untrusted), trusted: SessionPool::new(trusted) }
    }

    /// A session, whichever pool has it.
    #[must_use]
    pub fn get(&self, uri: &str) -> Option<&Session<S>> {
        self.untrusted.get(uri).or_else(|| self.trusted.get(uri))
    }

    /// The pool that has a session; the untrusted one where none has it.
    pub fn of(&mut self, uri: &str) -> &mut SessionPool<S> {
        if self.trusted.get(uri).is_some() { &mut self.trusted } else { &mut self.untrusted }
    }

    /// Ends both pools and hands their sessions out.
    #[must_use]
    pub fn drain(self) -> Vec<Session<S>> {
        let mut all = self.untrusted.drain();
        all.extend(self.trusted.drain());
        all
    }

    /// The pool of a group.
    pub fn pool(&mut self, trust: Trust) -> &mut SessionPool<S> {
        match trust {
            Trust::Trusted => &mut self.trusted,
            Trust::Untrusted => &mut self.untrusted,
        }
    }
}
