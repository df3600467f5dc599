//! Who could work: asking the active orchestrators and collecting their offers, for a stream or for a model.

use std::sync::Arc;

use weir_market::discovery::{Answer, Discovery, Node, Trust};

use super::{Asked, Gateway, Session, Turn};
use crate::io::{Effect, Message, OrchestratorInfo, TimerKind};
use crate::job::ModelKey;

/// The searches of a stream or of a model, one after another.
#[derive(Default)]
pub(super) struct Search {
    run: Option<Discovery<Box<OrchestratorInfo>>>,
    attempt: u32,
}

impl Search {
    pub(super) const fn is_under_way(&self) -> bool {
        self.run.is_some()
    }
}

impl Gateway {
    /// Ask the active orchestrators what they offer a stream, unless a search is under way.
    pub(super) fn search(&mut self, t: &mut Turn<'_>, id: u64) {
        let Some(s) = self.streams.get_mut(&id).filter(|s| !s.search.is_under_way()) else { return };
        let wanted = s.pool.begin_refresh();
        self.begin_search(t, id, wanted, None);
    }

    /// The same for a stream's or a model's number.
    pub(super) fn begin_search(&mut self, t: &mut Turn<'_>, id: u64, wanted: usize, wants: Option<&ModelKey>) {
        let nodes: Vec<Node> = self.entries.keys().map(|uri| Node { uri: uri.clone(), score: 0.0 }).collect();
        let config = self.config.discovery.clone();
        let (run, asks) = Discovery::start(config, &nodes, Trust::Untrusted, wanted, t.now, t.rng);
        let Some(search) = self.search_of(id) else { return };
        search.attempt += 1;
        let attempt = search.attempt;
        let (deadline, done) = (run.deadline(), run.is_done());
        search.run = Some(run);
        if done {
            self.end_search(t, id);
            return;
        }
        t.out.push(Effect::Timer { at: deadline, kind: TimerKind::Discovery { stream: id, attempt } });
        for uri in asks {
            self.ask(t, &uri, Asked::Offer { seeker: id, attempt, uri: uri.clone() }, wants);
        }
    }

    fn search_of(&mut self, id: u64) -> Option<&mut Search> {
        let stream = self.streams.get_mut(&id).map(|s| &mut s.search);
        stream.or_else(|| self.selectors.get_mut(id).map(|s| &mut s.search))
    }

    /// Ask one orchestrator; `None` when it is not in the active set any more.
    pub(super) fn ask(&mut self, t: &mut Turn<'_>, uri: &str, asked: Asked, wants: Option<&ModelKey>) -> Option<u64> {
        let to = self.entries.get(uri)?.peer;
        // Its session has a place.
        let ignore_capacity = matches!(asked, Asked::LiveRenewal { running: true, .. });
        let request = self.request(asked);
        let sender = self.signer.address();
        let sig = self.request_sig;
        let message = Message::GetOrchestrator { request, sender, sig, wants: wants.cloned(), ignore_capacity };
        t.out.send(to, message);
        Some(request)
    }

    pub(super) fn on_search_timer(&mut self, t: &mut Turn<'_>, id: u64, attempt: u32) {
        let Some(search) = self.search_of(id).filter(|s| s.attempt == attempt) else { return };
        let Some(run) = &mut search.run else { return };
        run.on_time(t.now);
        if run.is_done() {
            self.end_search(t, id);
        } else {
            t.out.push(Effect::Timer { at: run.deadline(), kind: TimerKind::Discovery { stream: id, attempt } });
        }
    }

    pub(super) fn on_offer(
        &mut self,
        t: &mut Turn<'_>,
        id: u64,
        attempt: u32,
        uri: &str,
        result: Result<Box<OrchestratorInfo>, String>,
    ) {
        let (search, suspender) = match (self.streams.get_mut(&id), self.selectors.get_mut(id)) {
            (Some(s), _) => (&mut s.search, s.pool.suspender()),
            (None, Some(s)) => (&mut s.search, s.pool.suspender()),
            (None, None) => return,
        };
        let Some(run) = search.run.as_mut().filter(|_| search.attempt == attempt) else { return };
        match result {
            Ok(info) => {
                let answer = Answer {
                    transcoder: uri.to_owned(),
                    address: Some(info.address),
                    nodes: Vec::new(),
                    acceptable: self.purse.acceptable(&info).is_ok(),
                    info,
                };
                run.on_answer(uri, answer, t.now, suspender);
            }
            Err(_) => run.on_error(uri),
        }
        if run.is_done() {
            self.end_search(t, id);
        }
    }

    fn end_search(&mut self, t: &mut Turn<'_>, id: u64) {
        let Some(run) = self.search_of(id).and_then(|s| s.run.take()) else { return };
        let (entries, records, scores, region) = (&self.entries, &self.records, &self.scores, &self.config.region);
        let offers = run.finish().into_iter().filter_map(|f| {
            let e = entries.get(&f.transcoder)?;
            let served = records.get(f.transcoder.as_str()).copied();
            let score = region.as_ref().and_then(|r| scores.of(&e.address, r));
            Some(Arc::new(Session::new(f.transcoder, e.peer, *f.info, e.stake).known(f.latency, served, score)))
        });
        if let Some(s) = self.streams.get_mut(&id) {
            s.pool.end_refresh(offers);
            for job in std::mem::take(&mut s.waiting) {
                self.serve(t, job);
            }
        } else if let Some(s) = self.selectors.get_mut(id) {
            s.end_refresh(t.now, offers.collect());
            let waiting = std::mem::take(&mut s.waiting);
            self.go_on(t, waiting);
        }
    }
}
