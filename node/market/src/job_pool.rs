//! A gateway's sessions for jobs of one model.
//!
//! Other than the sessions of a [stream](crate::pool), one may have any number of jobs at a time. Orchestrators that
//! have the model loaded come before those that would have to load it; among each of them, those that did jobs come in
//! the order of how fast they were, and the others are drawn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_types::{Instant, Millis};

use crate::ballot::Ballot;
use crate::selection::{Draw, Offer, Probability};
use crate::suspension::Suspender;

/// Time after which a pool looks for orchestrators again.
pub const POOL_LIFE: Millis = Millis::from_secs(600);
/// Largest number of sessions below which it looks for more.
const MAX_REFRESH_THRESHOLD: usize = 8;
/// Refreshes for which whoever failed rests.
const PENALTY: u64 = 3;

#[derive(Debug, Clone)]
struct Entry<S> {
    offer: S,
    warm: bool,
    /// How slow the last job was; nothing before the first.
    score: Option<f64>,
    in_flight: u32,
}

/// The sessions.
#[derive(Debug, Clone)]
pub struct JobPool<S> {
    selection: Probability,
    sessions: BTreeMap<Arc<str>, Entry<S>>,
    suspender: Suspender,
    /// How many the last refresh found, those that rest included.
    initial: usize,
    refreshing: bool,
    refreshed: Option<Instant>,
    ballot: Ballot,
}

impl<S: Offer> JobPool<S> {
    /// An empty pool.
    #[must_use]
    pub fn new(selection: Probability) -> Self {
        Self {
            selection,
            sessions: BTreeMap::new(),
            suspender: Suspender::new(),
            initial: 0,
            refreshing: false,
            refreshed: None,
            ballot: Ballot::default(),
        }
    }

    /// Whether it is time to look for orchestrators, of whom so many are known.
    #[must_use]
    pub fn needs_refresh(&self, now: Instant, known: usize) -> bool {
        if self.refreshing {
            return false;
        }
        let Some(at) = self.refreshed else { return true };
        let threshold = known.min(self.initial).div_ceil(2).min(MAX_REFRESH_THRESHOLD);
        self.sessions.is_empty() || self.sessions.len() < threshold || at + POOL_LIFE <= now
    }

    /// Begins a refresh. An empty pool takes back whoever rests.
    pub fn begin_refresh(&mut self) {
        self.refreshing = true;
        let signals = if self.sessions.is_empty() { PENALTY + 1 } else { 1 };
        (0..signals).for_each(|_| self.suspender.signal_refresh());
    }

    /// Ends a refresh with the offers that it found, and whether each has the model loaded. A known session goes on
    /// with its new offer.
    pub fn end_refresh(&mut self, now: Instant, found: impl IntoIterator<Item = (S, bool)>) {
        self.refreshing = false;
        self.refreshed = Some(now);
        for (offer, warm) in found {
            match self.sessions.get_mut(offer.uri()) {
                Some(known) => (known.offer, known.warm) = (offer, warm),
                None => {
                    let entry = Entry { warm, score: None, in_flight: 0, offer };
                    self.sessions.insert(entry.offer.uri().into(), entry);
                }
            }
        }
        self.initial = self.sessions.len();
    }

    /// Whom the next job goes to, but for some; nobody where no session is left that keeps to the limits.
    pub fn pick(&mut self, but: &BTreeSet<Arc<str>>, draw: &mut impl Draw) -> Option<Arc<str>> {
        let warm = self.pick_among(but, draw, |e| e.in_flight == 0 && e.warm);
        let idle = warm.or_else(|| self.pick_among(but, draw, |e| e.in_flight == 0));
        idle.or_else(|| {
            let busy: Vec<&Arc<str>> = self.allowed(but, |e| e.in_flight > 0).map(|(uri, _)| uri).collect();
            let at = usize::try_from(draw.below(busy.len() as u64)).unwrap_or_default();
            busy.get(at).map(|uri| Arc::clone(uri))
        })
    }

    /// Whom a live session goes to, but for some: among those that keep to the limits whoever answered fastest.
    #[must_use]
    pub fn pick_live(&self, but: &BTreeSet<Arc<str>>) -> Option<Arc<str>> {
        self.allowed(but, |_| true).min_by_key(|(_, e)| e.offer.first_latency()).map(|(uri, _)| Arc::clone(uri))
    }

    fn allowed<'a>(
        &'a self,
        but: &'a BTreeSet<Arc<str>>,
        which: impl Fn(&Entry<S>) -> bool + 'a,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Entry<S>)> {
        let fits = move |uri: &Arc<str>, e: &Entry<S>| which(e) && !but.contains(uri);
        self.sessions.iter().filter(move |(uri, e)| fits(uri, e) && self.selection.eligible(&e.offer))
    }

    fn pick_among(
        &mut self,
        but: &BTreeSet<Arc<str>>,
        draw: &mut impl Draw,
        which: impl Fn(&Entry<S>) -> bool,
    ) -> Option<Arc<str>> {
        let mut ballot = std::mem::take(&mut self.ballot);
        let known = self.allowed(but, &which).filter_map(|(uri, e)| e.score.map(|s| (s, uri)));
        let fastest = known.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, uri)| Arc::clone(uri));
        let pick = fastest.or_else(|| {
            let new: Vec<(&Arc<str>, &Entry<S>)> = self.allowed(but, &which).collect();
            let offers: Vec<&S> = new.iter().map(|(_, e)| &e.offer).collect();
            ballot.prepare(&self.selection, &offers);
            new.get(ballot.draw(draw)?).map(|(uri, _)| Arc::clone(uri))
        });
        self.ballot = ballot;
        pick
    }

    /// A session.
    #[must_use]
    pub fn get(&self, uri: &str) -> Option<&S> {
        self.sessions.get(uri).map(|e| &e.offer)
    }

    /// A job is sent.
    pub fn sent(&mut self, uri: &str) {
        if let Some(e) = self.sessions.get_mut(uri) {
            e.in_flight += 1;
        }
    }

    /// A job is over; with how slow it was, where it went well.
    pub fn complete(&mut self, uri: &str, score: Option<f64>) {
        if let Some(e) = self.sessions.get_mut(uri) {
            e.in_flight = e.in_flight.saturating_sub(1);
            e.score = score.or(e.score);
        }
    }

    /// Replaces an offer.
    pub fn renew(&mut self, offer: S) {
        if let Some(e) = self.sessions.get_mut(offer.uri()) {
            e.offer = offer;
        }
    }

    /// Takes a session out; whoever is at fault rests for some refreshes.
    pub fn remove(&mut self, uri: &str, at_fault: bool) -> Option<S> {
        if at_fault {
            self.suspender.suspend_for(uri, PENALTY);
        }
        self.sessions.remove(uri).map(|e| e.offer)
    }

    /// Who rests, for searches.
    pub fn suspender(&mut self) -> &mut Suspender {
        &mut self.suspender
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
}
