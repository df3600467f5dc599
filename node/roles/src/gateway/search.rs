//! Who could work: asking the active orchestrators and collecting their offers, for a stream or for a model.

use std::sync::Arc;

use weir_market::discovery::{Answer, Discovery, Node, Trust};

use weir_types::LptWei;

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

/// Numbers of searches for the trusted orchestrators of a stream have this bit.
const OF_TRUSTED: u64 = 1 << 62;

/// The stream and the group that a search is for.
pub(super) const fn group(seeker: u64) -> (u64, Trust) {
    if seeker & OF_TRUSTED == 0 { (seeker, Trust::Untrusted) } else { (seeker & !OF_TRUSTED, Trust::Trusted) }
}

impl Gateway {
    /// Ask the orchestrators what they offer a stream, for each of its pools that needs some.
    pub(super) fn search(&mut self, t: &mut Turn<'_>, stream: u64) {
        for (trust, bit) in [(Trust::Untrusted, 0), (Trust::Trusted, OF_TRUSTED)] {
            let seeker = stream | bit;
            let Some(s) = self.streams.get_mut(&stream) else { return };
            let pool = s.pools.pool(trust);
            if !pool.needs_refresh() {
                continue;
            }
            let wanted = pool.begin_refresh();
            let nodes = self.nodes(trust);
            self.begin_search(t, seeker, nodes, wanted, None);
        }
    }

    /// Ask nodes what they offer a stream, or one who looks for a model.
    pub(super) fn begin_search(
        &mut self,
        t: &mut Turn<'_>,
        seeker: u64,
        mut nodes: Vec<Node>,
        wanted: usize,
        wants: Option<&ModelKey>,
    ) {
        // They are of one group, or it does not matter of which.
        nodes.iter_mut().for_each(|n| n.score = 0.0);
        let config = self.config.discovery.clone();
        let (run, asks) = Discovery::start(config, &nodes, Trust::Untrusted, wanted, t.now, t.rng);
        let Some(search) = self.search_of(seeker) else { return };
        search.attempt += 1;
        let attempt = search.attempt;
        let (deadline, done) = (run.deadline(), run.is_done());
        search.run = Some(run);
        if done {
            self.end_search(t, seeker);
            return;
        }
        t.out.push(Effect::Timer { at: deadline, kind: TimerKind::Discovery { stream: seeker, attempt } });
        for uri in asks {
            self.ask(t, &uri, Asked::Offer { seeker, attempt, uri: uri.clone() }, wants);
        }
    }

    fn search_of(&mut self, seeker: u64) -> Option<&mut Search> {
        let (stream, trust) = group(seeker);
        let place = usize::from(trust == Trust::Trusted);
        let of_stream = self.streams.get_mut(&stream).map(|s| &mut s.searches[place]);
        of_stream.or_else(|| self.selectors.get_mut(seeker).map(|s| &mut s.search))
    }

    /// Ask one orchestrator; `None` when it is not in the active set any more.
    pub(super) fn ask(&mut self, t: &mut Turn<'_>, uri: &str, asked: Asked, wants: Option<&ModelKey>) -> Option<u64> {
        let to = self.peer_of(uri)?;
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
        let (stream, trust) = group(id);
        let (search, suspender) = match (self.streams.get_mut(&stream), self.selectors.get_mut(id)) {
            (Some(s), _) => (&mut s.searches[usize::from(trust == Trust::Trusted)], s.pools.pool(trust).suspender()),
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
        let region = self.config.region.as_ref();
        let offers: Vec<Arc<Session>> = run
            .finish()
            .into_iter()
            .filter_map(|f| {
                let peer = self.peer_of(&f.transcoder)?;
                let served = self.records.get(f.transcoder.as_str()).copied();
                let score = region.and_then(|r| self.scores.of(&f.info.address, r));
                // One that is listed need not be on the chain.
                let stake = self.entries.get(&f.transcoder).map_or(LptWei::ZERO, |e| e.stake);
                Some(Arc::new(Session::new(f.transcoder, peer, *f.info, stake).known(f.latency, served, score)))
            })
            .collect();
        let (stream, trust) = group(id);
        if let Some(s) = self.streams.get_mut(&stream) {
            s.pools.pool(trust).end_refresh(offers);
            for job in std::mem::take(&mut s.waiting) {
                self.serve(t, job);
            }
        } else if let Some(s) = self.selectors.get_mut(id) {
            s.end_refresh(t.now, offers);
            let waiting = std::mem::take(&mut s.waiting);
            self.go_on(t, waiting);
        }
    }
}
