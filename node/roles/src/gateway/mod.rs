//! The gateway: finds orchestrators, chooses one for each segment, pays ahead, checks what comes
//! back, and moves on when one fails.

mod payment;
mod session;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use weir_market::discovery::{Answer, Discovery, DiscoveryConfig, Node, Trust};
use weir_market::limits::{MAX_ATTEMPTS, REFRESH, SegmentLimits, TOKEN_MARGIN};
use weir_market::pool::{PoolConfig, SessionPool, retryable};
use weir_market::selection::Probability;
use weir_ticket::{EthVerifier, TicketSigner, TicketVerifier};
use weir_types::{Address, Credit, Entropy, Instant, Millis, Price, Profile};

use crate::auth;
use crate::io::{
    ChainEvent, Effect, Effects, Message, Observation, OrchestratorEntry, OrchestratorInfo, Peer, Refusal, RoundInfo,
    SegmentMeta, SegmentResult, SenderFunds, TimerKind,
};

pub use payment::PaymentConfig;
use payment::{PayError, Purse};
pub use session::Session;

/// Input of a [`Gateway`].
#[derive(Debug, Clone)]
pub enum Input {
    /// News of the chain.
    Chain(ChainEvent),
    /// A message from a peer.
    Message {
        /// Who sent it.
        from: Peer,
        /// The message.
        message: Box<Message>,
    },
    /// A timer fired.
    Timer(TimerKind),
    /// A stream comes in.
    StreamStart {
        /// Its number.
        stream: u64,
        /// Renditions it asks for.
        profiles: Arc<Vec<Profile>>,
    },
    /// A segment of a stream is complete.
    Segment(Box<SegmentMeta>),
    /// A stream is over.
    StreamEnd {
        /// Its number.
        stream: u64,
    },
}

/// How a gateway chooses and pays.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// The draw among orchestrators.
    pub selection: Probability,
    /// Waiting times of a search.
    pub discovery: DiscoveryConfig,
    /// Attempts per segment.
    pub max_attempts: u32,
    /// Limits of payments.
    pub payment: PaymentConfig,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            selection: Probability::default(),
            discovery: DiscoveryConfig::default(),
            max_attempts: MAX_ATTEMPTS,
            payment: PaymentConfig::default(),
        }
    }
}

/// What a request was for.
#[derive(Debug, Clone)]
enum Asked {
    Offer { stream: u64, attempt: u32, uri: String },
    Renewal { stream: u64, seq: u64, uri: String },
    Work { stream: u64, seq: u64, uri: String },
}

/// A segment on its way through the gateway.
#[derive(Debug, Clone)]
struct Job {
    meta: SegmentMeta,
    arrived: Instant,
    attempts: u32,
    tickets: u64,
    sent: Instant,
    orchestrator: Option<Address>,
}

struct Stream {
    pool: SessionPool<Session>,
    search: Option<Discovery<Box<OrchestratorInfo>>>,
    attempt: u32,
    /// Segments that no session was found for while a search is under way.
    waiting: VecDeque<Job>,
    jobs: BTreeMap<u64, Job>,
    used: BTreeSet<String>,
    ended: bool,
}

/// The machine.
pub struct Gateway {
    config: GatewayConfig,
    signer: Box<dyn TicketSigner>,
    purse: Purse,
    round: Option<RoundInfo>,
    entries: BTreeMap<String, OrchestratorEntry>,
    streams: BTreeMap<u64, Stream>,
    requests: BTreeMap<u64, Asked>,
    next_request: u64,
    watching: bool,
}

impl Gateway {
    /// A gateway that pays with the signer's money.
    #[must_use]
    pub fn new(config: GatewayConfig, signer: Box<dyn TicketSigner>) -> Self {
        Self {
            purse: Purse::new(signer.address(), config.payment.clone()),
            config,
            signer,
            round: None,
            entries: BTreeMap::new(),
            streams: BTreeMap::new(),
            requests: BTreeMap::new(),
            next_request: 0,
            watching: false,
        }
    }

    /// Streams it carries.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams.len()
    }

    /// Handle one input.
    pub fn handle(&mut self, now: Instant, input: Input, rng: &mut Entropy, out: &mut Effects) {
        match input {
            Input::Chain(e) => self.on_chain(e, out),
            Input::Message { from, message } => self.on_message(now, from, *message, rng, out),
            Input::Timer(TimerKind::Discovery { stream, attempt }) => self.on_search_timer(now, stream, attempt, rng, out),
            Input::Timer(TimerKind::Segment { request }) => self.on_overdue(now, request, rng, out),
            Input::Timer(_) => {}
            Input::StreamStart { stream, .. } => {
                let config =
                    PoolConfig::new(Trust::Untrusted, self.entries.len(), true, self.config.selection.clone());
                let fresh = Stream {
                    pool: SessionPool::new(config),
                    search: None,
                    attempt: 0,
                    waiting: VecDeque::new(),
                    jobs: BTreeMap::new(),
                    used: BTreeSet::new(),
                    ended: false,
                };
                self.streams.insert(stream, fresh);
                self.search(now, stream, rng, out);
            }
            Input::Segment(meta) => {
                let job = Job { arrived: now, sent: now, attempts: 0, tickets: 0, orchestrator: None, meta: *meta };
                self.serve(now, job, rng, out);
            }
            Input::StreamEnd { stream } => self.on_stream_end(stream, out),
        }
    }

    fn on_chain(&mut self, e: ChainEvent, out: &mut Effects) {
        match e {
            ChainEvent::Head(h) => {
                self.purse.set_head(h.l1);
                if !self.watching {
                    self.watching = true;
                    out.push(Effect::WatchSender(self.signer.address()));
                }
            }
            ChainEvent::Round(r) => {
                self.round = Some(r);
                self.purse.set_round(r);
            }
            ChainEvent::ActiveSet(set) => {
                self.entries = set.into_iter().map(|e| (e.uri.clone(), e)).collect();
                let available = self.entries.len();
                for s in self.streams.values_mut() {
                    s.pool.config_mut().available = available;
                    s.pool.config_mut().wanted = available;
                }
            }
            ChainEvent::Funds { sender, funds } => {
                if sender == self.signer.address() {
                    self.set_funds(funds);
                }
            }
        }
    }

    fn set_funds(&mut self, funds: SenderFunds) {
        self.purse.set_funds(funds);
    }

    fn request(&mut self, asked: Asked) -> u64 {
        self.next_request += 1;
        self.requests.insert(self.next_request, asked);
        self.next_request
    }

    /// Ask the active orchestrators what they offer.
    fn search(&mut self, now: Instant, id: u64, rng: &mut Entropy, out: &mut Effects) {
        let Some(s) = self.streams.get_mut(&id) else { return };
        if s.search.is_some() {
            return;
        }
        let nodes: Vec<Node> = self.entries.keys().map(|uri| Node { uri: uri.clone(), score: 0.0 }).collect();
        let wanted = s.pool.begin_refresh();
        let (search, asks) =
            Discovery::start(self.config.discovery.clone(), &nodes, Trust::Untrusted, wanted, now, rng);
        s.attempt += 1;
        let attempt = s.attempt;
        let deadline = search.deadline();
        let done = search.is_done();
        s.search = Some(search);
        if done {
            self.end_search(now, id, rng, out);
            return;
        }
        out.push(Effect::Timer { at: deadline, kind: TimerKind::Discovery { stream: id, attempt } });
        for uri in asks {
            self.ask(&uri, Asked::Offer { stream: id, attempt, uri: uri.clone() }, out);
        }
    }

    fn ask(&mut self, uri: &str, asked: Asked, out: &mut Effects) -> Option<u64> {
        let to = self.entries.get(uri)?.peer;
        let request = self.request(asked);
        let sender = self.signer.address();
        let sig = auth::sign_request(self.signer.as_ref());
        out.send(to, Message::GetOrchestrator { request, sender, sig });
        Some(request)
    }

    fn on_search_timer(&mut self, now: Instant, id: u64, attempt: u32, rng: &mut Entropy, out: &mut Effects) {
        let Some(s) = self.streams.get_mut(&id).filter(|s| s.attempt == attempt) else { return };
        let Some(search) = &mut s.search else { return };
        search.on_time(now);
        if search.is_done() {
            self.end_search(now, id, rng, out);
        } else {
            out.push(Effect::Timer { at: search.deadline(), kind: TimerKind::Discovery { stream: id, attempt } });
        }
    }

    fn end_search(&mut self, now: Instant, id: u64, rng: &mut Entropy, out: &mut Effects) {
        let Some(s) = self.streams.get_mut(&id) else { return };
        let Some(search) = s.search.take() else { return };
        let entries = &self.entries;
        let offers = search.finish().into_iter().filter_map(|f| {
            let e = entries.get(&f.transcoder)?;
            Some(Session::new(f.transcoder, e.peer, *f.info, e.stake))
        });
        s.pool.end_refresh(offers);
        let waiting = std::mem::take(&mut s.waiting);
        for job in waiting {
            self.serve(now, job, rng, out);
        }
    }

    fn on_message(&mut self, now: Instant, from: Peer, message: Message, rng: &mut Entropy, out: &mut Effects) {
        match message {
            Message::Info { request, result } => {
                let Some(asked) = self.requests.remove(&request) else { return };
                match asked {
                    Asked::Offer { stream, attempt, uri } => self.on_offer(now, stream, attempt, &uri, result, rng, out),
                    Asked::Renewal { stream, seq, uri } => self.on_renewal(now, stream, seq, &uri, result, rng, out),
                    Asked::Work { .. } => {}
                }
            }
            Message::Transcoded { request, result, info } => {
                // Only whom the work was given to may answer for it.
                let Some(Asked::Work { stream, seq, uri }) = self.requests.get(&request).cloned() else { return };
                let peer = self.streams.get(&stream).and_then(|s| s.pool.get(&uri)).map(|s| s.offer().peer);
                if peer.is_some_and(|p| p != from) {
                    return;
                }
                self.requests.remove(&request);
                self.on_answer(now, stream, seq, &uri, result, info, rng, out);
            }
            Message::GetOrchestrator { .. } | Message::Segment { .. } | Message::EndSession { .. } => {}
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn on_offer(
        &mut self,
        now: Instant,
        id: u64,
        attempt: u32,
        uri: &str,
        result: Result<Box<OrchestratorInfo>, String>,
        rng: &mut Entropy,
        out: &mut Effects,
    ) {
        let Some(s) = self.streams.get_mut(&id).filter(|s| s.attempt == attempt) else { return };
        let Some(search) = &mut s.search else { return };
        match result {
            Ok(info) => {
                let acceptable = self.purse.acceptable(&info).is_ok();
                let answer = Answer {
                    transcoder: uri.to_owned(),
                    address: Some(info.address),
                    nodes: Vec::new(),
                    acceptable,
                    info,
                };
                search.on_answer(uri, answer, now, s.pool.suspender());
            }
            Err(_) => search.on_error(uri),
        }
        if search.is_done() {
            self.end_search(now, id, rng, out);
        }
    }

    /// Find a session for a segment and send it.
    fn serve(&mut self, now: Instant, job: Job, rng: &mut Entropy, out: &mut Effects) {
        let id = job.meta.stream;
        let Some(s) = self.streams.get_mut(&id) else {
            self.give_up(now, job, "stream is over".to_owned(), out);
            return;
        };
        let pick = s.pool.select(now, rng);
        let searching = s.search.is_some();
        let needs = s.pool.needs_refresh();
        match pick {
            Some(pick) => {
                if !pick.swapped.is_empty() {
                    out.observe(Observation::Swapped { stream: id });
                }
                if needs && !searching {
                    self.search(now, id, rng, out);
                }
                self.prepare(now, job, &pick.uri, rng, out);
            }
            None if searching => s.waiting.push_back(job),
            // A first attempt may wait for a search; a segment that has used up the pool may not.
            None if job.attempts == 0 && needs => {
                s.waiting.push_back(job);
                self.search(now, id, rng, out);
            }
            None => self.give_up(now, job, "no orchestrator available".to_owned(), out),
        }
    }

    /// Make sure that the session's parameters hold, then pay and send.
    fn prepare(&mut self, now: Instant, job: Job, uri: &str, rng: &mut Entropy, out: &mut Effects) {
        let (id, seq) = (job.meta.stream, job.meta.seq);
        let Some(session) = self.streams.get(&id).and_then(|s| s.pool.get(uri)).map(|s| s.offer().clone()) else {
            self.retry(now, job, uri, "session is gone".to_owned(), rng, out);
            return;
        };
        let token_ends = session.info.auth.expires < now + TOKEN_MARGIN;
        match self.purse.acceptable(&session.info) {
            Ok(()) if !token_ends => self.pay_and_send(now, job, &session, rng, out),
            Ok(()) | Err(PayError::Expired) => {
                self.keep(job);
                match self.ask(uri, Asked::Renewal { stream: id, seq, uri: uri.to_owned() }, out) {
                    Some(request) => {
                        out.push(Effect::Timer { at: now + REFRESH, kind: TimerKind::Segment { request } });
                    }
                    None => self.fail(now, id, seq, uri, "orchestrator left the active set".to_owned(), rng, out),
                }
            }
            Err(e) => self.retry(now, job, uri, e.to_string(), rng, out),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn on_renewal(
        &mut self,
        now: Instant,
        id: u64,
        seq: u64,
        uri: &str,
        result: Result<Box<OrchestratorInfo>, String>,
        rng: &mut Entropy,
        out: &mut Effects,
    ) {
        let Some(s) = self.streams.get_mut(&id) else { return };
        let Some(job) = s.jobs.remove(&seq) else { return };
        let session = s.pool.get(uri).map(|x| x.offer().clone());
        match (result, session) {
            (Ok(info), Some(old)) => {
                let session = old.renewed(*info);
                s.pool.renew(session.clone());
                match self.purse.acceptable(&session.info) {
                    Ok(()) => self.pay_and_send(now, job, &session, rng, out),
                    Err(e) => self.retry(now, job, uri, e.to_string(), rng, out),
                }
            }
            (Err(e), _) => self.retry(now, job, uri, e, rng, out),
            (_, None) => self.retry(now, job, uri, "session is gone".to_owned(), rng, out),
        }
    }

    fn pay_and_send(&mut self, now: Instant, mut job: Job, session: &Session, rng: &mut Entropy, out: &mut Effects) {
        let payment = match self.purse.pay(now, session, &job.meta, self.signer.as_ref()) {
            Ok(p) => p,
            Err(e) => {
                self.retry(now, job, &session.uri, e.to_string(), rng, out);
                return;
            }
        };
        let (id, seq) = (job.meta.stream, job.meta.seq);
        let request = self.request(Asked::Work { stream: id, seq, uri: session.uri.clone() });
        let tickets = payment.tickets.len() as u64;
        if let (true, Some(p)) = (tickets > 0, &payment.ticket_params) {
            out.observe(Observation::Paid {
                recipient: p.recipient,
                tickets,
                ev: p.value().times(tickets).credit(),
                win_prob: p.win_prob,
                face_value: p.face_value,
            });
        }
        job.tickets += tickets;
        job.sent = now;
        job.orchestrator = Some(session.info.address);
        let total = SegmentLimits::new(job.meta.duration, 1).total;
        out.push(Effect::Timer { at: now + total, kind: TimerKind::Segment { request } });
        out.send(
            session.peer,
            Message::Segment {
                request,
                sender: self.signer.address(),
                sig: self.signer.sign(auth::segment_hash(&job.meta)),
                auth: session.info.auth.clone(),
                segment: job.meta.clone(),
                payment: Box::new(payment),
            },
        );
        if let Some(s) = self.streams.get_mut(&id) {
            s.pool.sent(&session.uri, now, job.meta.duration);
            s.used.insert(session.uri.clone());
        }
        self.keep(job);
    }

    fn keep(&mut self, job: Job) {
        if let Some(s) = self.streams.get_mut(&job.meta.stream) {
            s.jobs.insert(job.meta.seq, job);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn on_answer(
        &mut self,
        now: Instant,
        id: u64,
        seq: u64,
        uri: &str,
        result: Result<SegmentResult, Refusal>,
        info: Option<Box<OrchestratorInfo>>,
        rng: &mut Entropy,
        out: &mut Effects,
    ) {
        let Some(s) = self.streams.get_mut(&id) else { return };
        let Some(job) = s.jobs.remove(&seq) else { return };
        let Some(session) = s.pool.get(uri).map(|x| x.offer().clone()) else {
            self.retry(now, job, uri, "session is gone".to_owned(), rng, out);
            return;
        };
        let checked = result.map_err(|r| r.text().to_owned()).and_then(|r| check(&session, &job.meta, r));
        match checked {
            Ok(r) => {
                let pixels = r.renditions.iter().fold(0u64, |sum, x| sum.saturating_add(x.pixels.0));
                let fee = self.purse.settle(now, &session, seq, id, pixels);
                let took = now.since(job.sent);
                if let Some(s) = self.streams.get_mut(&id) {
                    let renewed = info.map(|i| session.renewed(*i));
                    s.pool.succeeded(uri, took, job.meta.duration, renewed);
                }
                self.done(now, &job, fee, None, out);
                self.finish_if_ended(id, out);
            }
            Err(e) => {
                self.purse.lose(&session, seq, id);
                self.retry(now, job, uri, e, rng, out);
            }
        }
    }

    fn on_overdue(&mut self, now: Instant, request: u64, rng: &mut Entropy, out: &mut Effects) {
        let Some(asked) = self.requests.remove(&request) else { return };
        match asked {
            Asked::Work { stream, seq, uri } => {
                if let Some(session) = self.streams.get(&stream).and_then(|s| s.pool.get(&uri)) {
                    let session = session.offer().clone();
                    self.purse.lose(&session, seq, stream);
                }
                self.fail(now, stream, seq, &uri, "body timeout: no answer in time".to_owned(), rng, out);
            }
            Asked::Renewal { stream, seq, uri } => {
                self.fail(now, stream, seq, &uri, "no answer to a request for fresh parameters".to_owned(), rng, out);
            }
            Asked::Offer { .. } => {}
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn fail(&mut self, now: Instant, id: u64, seq: u64, uri: &str, why: String, rng: &mut Entropy, out: &mut Effects) {
        if let Some(job) = self.streams.get_mut(&id).and_then(|s| s.jobs.remove(&seq)) {
            self.retry(now, job, uri, why, rng, out);
        }
    }

    /// An attempt failed: drop the orchestrator and try another, unless another would fail as well.
    fn retry(&mut self, now: Instant, mut job: Job, uri: &str, why: String, rng: &mut Entropy, out: &mut Effects) {
        job.attempts += 1;
        let id = job.meta.stream;
        let again = retryable(&why);
        if let Some(s) = self.streams.get_mut(&id) {
            if again {
                s.pool.failed(uri);
            } else {
                s.pool.complete(uri);
            }
        }
        if again && job.attempts < self.config.max_attempts {
            self.serve(now, job, rng, out);
        } else {
            self.give_up(now, job, why, out);
        }
    }

    fn give_up(&mut self, now: Instant, job: Job, why: String, out: &mut Effects) {
        let id = job.meta.stream;
        self.done(now, &job, Credit::zero(), Some(why), out);
        self.finish_if_ended(id, out);
    }

    fn done(&self, now: Instant, job: &Job, fee: Credit, error: Option<String>, out: &mut Effects) {
        out.observe(Observation::SegmentDone {
            stream: job.meta.stream,
            seq: job.meta.seq,
            orchestrator: job.orchestrator,
            tickets: job.tickets,
            fee,
            latency: now.since(job.arrived),
            error,
        });
    }

    fn on_stream_end(&mut self, id: u64, out: &mut Effects) {
        if let Some(s) = self.streams.get_mut(&id) {
            s.ended = true;
        }
        self.finish_if_ended(id, out);
    }

    /// Tell the orchestrators of a stream that is over and idle.
    fn finish_if_ended(&mut self, id: u64, out: &mut Effects) {
        let over = self.streams.get(&id).is_some_and(|s| s.ended && s.jobs.is_empty() && s.waiting.is_empty());
        if !over {
            return;
        }
        let Some(s) = self.streams.remove(&id) else { return };
        for session in s.pool.drain() {
            let offer = session.offer();
            if s.used.contains(&offer.uri) {
                out.send(offer.peer, Message::EndSession { auth: offer.info.auth.clone() });
            }
        }
        self.requests.retain(|_, a| !matches!(a, Asked::Offer { stream, .. } | Asked::Renewal { stream, .. } | Asked::Work { stream, .. } if *stream == id));
    }
}

/// What a gateway can check of a result without decoding it: number, sizes and signature.
fn check(session: &Session, meta: &SegmentMeta, r: SegmentResult) -> Result<SegmentResult, String> {
    if r.renditions.len() != meta.profiles.len() {
        return Err("PM Check Failed".to_owned());
    }
    for (rendition, p) in r.renditions.iter().zip(meta.profiles.iter()) {
        let frame = u64::from(p.width).saturating_mul(u64::from(p.height));
        if p.fps == 0 && rendition.pixels.0 != frame.saturating_mul(u64::from(meta.frames)) {
            return Err("PixelMismatch".to_owned());
        }
    }
    let hash = auth::result_hash(&r.renditions);
    match EthVerifier.verify(session.info.address, hash, &r.sig) {
        Ok(()) => Ok(r),
        Err(_) => Err("PM Check Failed".to_owned()),
    }
}

/// Fee for pixels at a price.
pub(crate) fn fee(price: &Price, pixels: u64) -> Credit {
    price.fee(weir_types::Pixels(pixels))
}
