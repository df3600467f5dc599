//! Sessions with the orchestrators that have a model, and what waits for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_market::job_pool::JobPool;
use weir_market::limits::token_ends;
use weir_market::price::MaxPrice;
use weir_market::selection::Probability;

use super::search::Search;
use super::{Gateway, PayError, Session, Turn};
use crate::job::{ModelKey, price_request};

/// Numbers of models begin here, those of streams are below.
const NUMBERS: u64 = 1 << 63;

/// Who waits for a search, or goes on after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seeker {
    /// A job.
    Job(u64),
    /// The live session of a stream.
    Live(u64),
}

pub(super) struct Selector {
    pub(super) key: ModelKey,
    pub(super) search: Search,
    pub(super) pool: JobPool<Arc<Session>>,
    /// Sessions whose parameters an orchestrator called expired.
    pub(super) stale: BTreeSet<Arc<str>>,
    pub(super) waiting: Vec<Seeker>,
}

impl Selector {
    /// Takes the offers of a search. A known orchestrator's session goes on: the price that it began with still bounds
    /// its present one.
    pub(super) fn end_refresh(&mut self, now: weir_types::Instant, offers: Vec<Arc<Session>>) {
        let renewed = |offer: Arc<Session>| {
            self.stale.remove(&offer.uri);
            let session = match self.pool.get(&offer.uri) {
                Some(known) => Arc::new(offer.going_on(known)),
                None => offer,
            };
            let warm = session.info.warm;
            (session, warm)
        };
        let offers: Vec<_> = offers.into_iter().map(renewed).collect();
        self.pool.end_refresh(now, offers);
    }
}

/// The models that a gateway has work for.
#[derive(Default)]
pub(super) struct Selectors {
    all: Vec<Selector>,
    by_key: BTreeMap<ModelKey, u64>,
}

impl Selectors {
    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Selector> {
        self.all.get_mut(usize::try_from(id.checked_sub(NUMBERS)?).ok()?)
    }

    pub(super) fn get(&self, id: u64) -> Option<&Selector> {
        self.all.get(usize::try_from(id.checked_sub(NUMBERS)?).ok()?)
    }

    /// The number of a model, which is given one with its first work.
    pub(super) fn number(&mut self, key: &ModelKey, rule: &Probability, limits: &MaxPrice) -> u64 {
        if let Some(id) = self.by_key.get(key) {
            return *id;
        }
        let id = NUMBERS + self.all.len() as u64;
        let rule = Probability { max_price: limits.of(&price_request(key)), ..rule.clone() };
        self.all.push(Selector {
            key: key.clone(),
            search: Search::default(),
            pool: JobPool::new(rule),
            stale: BTreeSet::new(),
            waiting: Vec::new(),
        });
        self.by_key.insert(key.clone(), id);
        id
    }
}

/// Whether a session can be paid now.
pub(super) enum Terms {
    /// It can.
    Good(Arc<Session>),
    /// It must be asked for fresh terms first.
    Stale,
    /// It is not there any more.
    Gone,
    /// It cannot.
    Bad(PayError),
}

impl Gateway {
    pub(super) fn selector_of(&mut self, key: &ModelKey) -> u64 {
        self.selectors.number(key, &self.config.jobs.selection, &self.config.jobs.max_price)
    }

    /// Begins a search for a model where it is time for one; false when none is under way after it.
    pub(super) fn search_model(&mut self, t: &mut Turn<'_>, id: u64) -> bool {
        let nodes = self.all_nodes();
        let known = nodes.len();
        let Some(s) = self.selectors.get_mut(id) else { return false };
        if !s.search.is_under_way() && s.pool.needs_refresh(t.now, known) {
            s.pool.begin_refresh();
            let key = s.key.clone();
            self.begin_search(t, id, nodes, known, Some(&key));
        }
        self.selectors.get(id).is_some_and(|s| s.search.is_under_way())
    }

    /// The terms of a session.
    pub(super) fn terms(&self, t: &Turn<'_>, id: u64, uri: &str) -> Terms {
        let Some(s) = self.selectors.get(id) else { return Terms::Gone };
        let Some(session) = s.pool.get(uri) else { return Terms::Gone };
        let old = s.stale.contains(uri) || token_ends(session.info.auth.expires, t.now);
        match self.purse.check(session) {
            Ok(()) if !old => Terms::Good(Arc::clone(session)),
            Ok(()) | Err(PayError::Expired) => Terms::Stale,
            Err(e) => Terms::Bad(e),
        }
    }

    /// Takes fresh terms of a session.
    pub(super) fn renew_terms(&mut self, id: u64, uri: &str, info: crate::io::OrchestratorInfo) {
        let Some(s) = self.selectors.get_mut(id) else { return };
        s.stale.remove(uri);
        if let Some(session) = s.pool.get(uri) {
            let session = Arc::new(session.renewed(info));
            s.pool.renew(session);
        }
    }

    /// Takes a session out of a model's pool.
    pub(super) fn drop_session(&mut self, id: u64, uri: &str, at_fault: bool) {
        let Some(s) = self.selectors.get_mut(id) else { return };
        s.stale.remove(uri);
        if let Some(session) = s.pool.remove(uri, at_fault) {
            self.purse.end(&session);
        }
    }

    pub(super) fn go_on(&mut self, t: &mut Turn<'_>, waiting: Vec<Seeker>) {
        for seeker in waiting {
            match seeker {
                Seeker::Job(number) => self.go_on_with_job(t, number),
                Seeker::Live(stream) => self.go_on_with_live(t, stream),
            }
        }
    }
}
