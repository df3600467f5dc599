//! Who could work for a stream: asking the active orchestrators and collecting their offers.

use std::sync::Arc;

use weir_market::discovery::{Answer, Discovery, Node, Trust};

use super::{Asked, Gateway, Session, Turn};
use crate::io::{Effect, Message, OrchestratorInfo, TimerKind};

impl Gateway {
    /// Ask the active orchestrators what they offer, unless a search is under way.
    pub(super) fn search(&mut self, t: &mut Turn<'_>, id: u64) {
        let Some(s) = self.streams.get_mut(&id).filter(|s| s.search.is_none()) else { return };
        let nodes: Vec<Node> = self.entries.keys().map(|uri| Node { uri: uri.clone(), score: 0.0 }).collect();
        let wanted = s.pool.begin_refresh();
        let config = self.config.discovery.clone();
        let (search, asks) = Discovery::start(config, &nodes, Trust::Untrusted, wanted, t.now, t.rng);
        s.attempt += 1;
        let attempt = s.attempt;
        let (deadline, done) = (search.deadline(), search.is_done());
        s.search = Some(search);
        if done {
            self.end_search(t, id);
            return;
        }
        t.out.push(Effect::Timer { at: deadline, kind: TimerKind::Discovery { stream: id, attempt } });
        for uri in asks {
            self.ask(t, &uri, Asked::Offer { stream: id, attempt, uri: uri.clone() });
        }
    }

    /// Ask one orchestrator; `None` when it is not in the active set any more.
    pub(super) fn ask(&mut self, t: &mut Turn<'_>, uri: &str, asked: Asked) -> Option<u64> {
        let to = self.entries.get(uri)?.peer;
        let request = self.request(asked);
        let sender = self.signer.address();
        t.out.send(to, Message::GetOrchestrator { request, sender, sig: self.request_sig });
        Some(request)
    }

    pub(super) fn on_search_timer(&mut self, t: &mut Turn<'_>, id: u64, attempt: u32) {
        let Some(s) = self.streams.get_mut(&id).filter(|s| s.attempt == attempt) else { return };
        let Some(search) = &mut s.search else { return };
        search.on_time(t.now);
        if search.is_done() {
            self.end_search(t, id);
        } else {
            t.out.push(Effect::Timer { at: search.deadline(), kind: TimerKind::Discovery { stream: id, attempt } });
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
        let Some(s) = self.streams.get_mut(&id).filter(|s| s.attempt == attempt) else { return };
        let Some(search) = &mut s.search else { return };
        match result {
            Ok(info) => {
                let answer = Answer {
                    transcoder: uri.to_owned(),
                    address: Some(info.address),
                    nodes: Vec::new(),
                    acceptable: self.purse.acceptable(&info).is_ok(),
                    info,
                };
                search.on_answer(uri, answer, t.now, s.pool.suspender());
            }
            Err(_) => search.on_error(uri),
        }
        if search.is_done() {
            self.end_search(t, id);
        }
    }

    fn end_search(&mut self, t: &mut Turn<'_>, id: u64) {
        let Some(s) = self.streams.get_mut(&id) else { return };
        let Some(search) = s.search.take() else { return };
        let (entries, records, scores, region) = (&self.entries, &self.records, &self.scores, &self.config.region);
        let offers = search.finish().into_iter().filter_map(|f| {
            let e = entries.get(&f.transcoder)?;
            let served = records.get(f.transcoder.as_str()).copied();
            let score = region.as_ref().and_then(|r| scores.of(&e.address, r));
            Some(Arc::new(Session::new(f.transcoder, e.peer, *f.info, e.stake).known(f.latency, served, score)))
        });
        s.pool.end_refresh(offers);
        for job in std::mem::take(&mut s.waiting) {
            self.serve(t, job);
        }
    }
}
