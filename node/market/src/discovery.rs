//! Whom a gateway asks for an offer and how long it waits.
//!
//! A [`Discovery`] is one search: it says whom to ask, takes answers and timer events in any order
//! and says when to stop.

use std::collections::{BTreeMap, BTreeSet};

use weir_types::{Address, Instant, Millis};

use crate::selection::Draw;
use crate::suspension::Suspender;

/// Score from which an orchestrator counts as trusted.
pub const TRUSTED: f64 = 1.0;

/// Which orchestrators a search is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Those with a score of at least one.
    Trusted,
    /// Those with a score of exactly zero.
    Untrusted,
}

impl Trust {
    /// Whether an orchestrator with this score belongs to the group. Scores between zero and one
    /// belong to none.
    #[must_use]
    pub fn admits(self, score: f64) -> bool {
        match self {
            Self::Trusted => score >= TRUSTED,
            Self::Untrusted => score == 0.0,
        }
    }
}

/// An orchestrator that can be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Address of its service.
    pub uri: String,
    /// Score its source gave it.
    pub score: f64,
}

/// Waiting times and exclusions of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryConfig {
    /// Time after which a search stops when somebody usable has answered.
    pub timeout: Millis,
    /// Time after which a search stops in any case.
    pub cutoff: Millis,
    /// Further nodes that are asked for each answer.
    pub extra_nodes: usize,
    /// Addresses whose answers are not used.
    pub blocklist: BTreeSet<Address>,
}

impl Default for DiscoveryConfig {
    fn default() -> Self {
        Self { timeout: Millis(500), cutoff: Millis(6_000), extra_nodes: 0, blocklist: BTreeSet::new() }
    }
}

/// What a search knows of an answer. Whether the offer itself is acceptable (ticket parameters,
/// price, capabilities) is for the caller to say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer<I> {
    /// Address of the service that will take segments; empty when the answering node does no work.
    pub transcoder: String,
    /// Address that signs for the orchestrator; missing off-chain.
    pub address: Option<Address>,
    /// Further nodes of the orchestrator.
    pub nodes: Vec<String>,
    /// Whether the offer is acceptable.
    pub acceptable: bool,
    /// The offer.
    pub info: I,
}

/// A usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<I> {
    /// Address of the service that will take segments.
    pub transcoder: String,
    /// Time from the question to the answer.
    pub latency: Millis,
    /// The offer.
    pub info: I,
}

#[derive(Debug, Clone, Copy)]
struct Pending {
    asked: Instant,
    /// Whether the node came from the pool and not from another node's answer.
    direct: bool,
}

/// One search for orchestrators.
#[derive(Debug, Clone)]
pub struct Discovery<I> {
    config: DiscoveryConfig,
    wanted: usize,
    pending: BTreeMap<String, Pending>,
    asked: BTreeSet<String>,
    free: Vec<Found<I>>,
    suspended: Vec<(u64, Found<I>)>,
    cutoff: Instant,
    timer: Instant,
    step: Millis,
    done: bool,
}

impl<I> Discovery<I> {
    /// Starts a search for `wanted` orchestrators of a group; returns whom to ask at once, in
    /// random order.
    pub fn start(
        config: DiscoveryConfig,
        nodes: &[Node],
        trust: Trust,
        wanted: usize,
        now: Instant,
        draw: &mut impl Draw,
    ) -> (Self, Vec<String>) {
        let mut asks = Vec::new();
        let mut asked = BTreeSet::new();
        for n in nodes.iter().filter(|n| trust.admits(n.score)) {
            if asked.insert(n.uri.clone()) {
                asks.push(n.uri.clone());
            }
        }
        shuffle(&mut asks, draw);
        let most = asks.len().saturating_mul(config.extra_nodes.saturating_add(1));
        let pending = asks.iter().map(|uri| (uri.clone(), Pending { asked: now, direct: true })).collect();
        let wanted = wanted.min(most);
        let search = Self {
            wanted,
            pending,
            asked,
            free: Vec::new(),
            suspended: Vec::new(),
            cutoff: now + config.cutoff,
            timer: now + config.timeout,
            step: config.timeout,
            done: wanted == 0,
            config,
        };
        (search, asks)
    }

    /// Takes an answer; returns further nodes to ask. Answers after the end, or from somebody who
    /// was not asked, change nothing.
    pub fn on_answer(&mut self, uri: &str, answer: Answer<I>, now: Instant, suspender: &mut Suspender) -> Vec<String> {
        if self.done {
            return Vec::new();
        }
        let Some(asked) = self.pending.remove(uri) else { return Vec::new() };
        let more = if asked.direct { self.follow(&answer.nodes, now) } else { Vec::new() };
        if self.usable(&answer) {
            let found = Found { latency: now.since(asked.asked), transcoder: answer.transcoder, info: answer.info };
            match suspender.suspended(&found.transcoder) {
                0 => self.free.push(found),
                penalty => self.suspended.push((penalty, found)),
            }
        }
        self.settle();
        more
    }

    /// Takes the failure of a question.
    pub fn on_error(&mut self, uri: &str) {
        self.pending.remove(uri);
        self.settle();
    }

    /// Takes the time: stops at the cut-off, or earlier when somebody usable has answered; waits on
    /// for twice as long otherwise.
    pub fn on_time(&mut self, now: Instant) {
        while !self.done && now >= self.deadline() {
            if self.timer >= self.cutoff || !self.free.is_empty() {
                self.done = true;
                return;
            }
            self.timer = self.timer + self.step;
            self.step = Millis(self.step.0.saturating_mul(2).max(1)).min(self.config.cutoff);
        }
    }

    /// When [`on_time`](Self::on_time) has to be called next.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.timer.min(self.cutoff)
    }

    /// True once the search is over.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Ends the search: orchestrators in the order of their latency, filled up to the wanted number
    /// with suspended ones, those with the smallest penalty first.
    #[must_use]
    pub fn finish(mut self) -> Vec<Found<I>> {
        self.free.sort_by_key(|f| f.latency);
        self.suspended.sort_by_key(|(penalty, _)| *penalty);
        let room = self.wanted.saturating_sub(self.free.len());
        self.free.into_iter().chain(self.suspended.into_iter().take(room).map(|s| s.1)).collect()
    }

    fn follow(&mut self, nodes: &[String], now: Instant) -> Vec<String> {
        let mut more = Vec::new();
        for uri in nodes.iter().take(self.config.extra_nodes) {
            if self.asked.insert(uri.clone()) {
                self.pending.insert(uri.clone(), Pending { asked: now, direct: false });
                more.push(uri.clone());
            }
        }
        more
    }

    fn usable(&self, a: &Answer<I>) -> bool {
        let blocked = a.address.is_some_and(|addr| self.config.blocklist.contains(&addr));
        a.acceptable && !blocked && !a.transcoder.is_empty()
    }

    fn settle(&mut self) {
        self.done |= self.free.len() >= self.wanted || self.pending.is_empty();
    }
}

fn shuffle<T>(v: &mut [T], draw: &mut impl Draw) {
    for i in (1..v.len()).rev() {
        let j = draw.below(i as u64 + 1);
        v.swap(i, usize::try_from(j).unwrap_or(i).min(i));
    }
}
