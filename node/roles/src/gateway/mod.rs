//! The gateway: finds orchestrators, chooses one for each segment, pays ahead, checks what comes
//! back, and moves on when one fails.
//!
//! In reading order: this file (streams and news), `search` (who could work), `work` (a segment's
//! way), [`PayError`] and `payment` (tickets and credit), [`Session`]; beside video `selector` (the sessions for a
//! model), `jobs` (single requests) and `live` (sessions that are paid by time).

mod jobs;
mod live;
mod payment;
mod search;
mod selector;
mod session;
mod work;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use weir_market::discovery::{DiscoveryConfig, Node, Trust};
use weir_market::limits::MAX_ATTEMPTS;
use weir_market::pool::{PoolConfig, StreamPools};
use weir_market::scores::{ScoreFloors, Scores};
use weir_market::selection::Probability;
use weir_market::strategy::StrategyConfig;
use weir_market::suspension::{ClockSuspender, Rests};
use weir_ticket::sender::SenderConfig;
use weir_ticket::{EthVerifier, Signature, TicketSigner, TicketVerifier};
use weir_types::{Address, Entropy, Instant};

use crate::auth;
use crate::io::{
    ChainEvent, Effect, Effects, JobMeta, Message, OrchestratorEntry, Peer, Records, Renditions, Segment, SegmentMeta,
    TimerKind,
};

use crate::job::ModelKey;
pub use jobs::JobConfig;
use jobs::JobRun;
use live::LiveRun;
pub use payment::{Book, NonceError, PayError, UsedNonce};
use payment::{Purpose, Purse};
use search::{Search, group};
use selector::Selectors;
use session::Served;
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
    /// Performance scores, read anew.
    Scores(Scores),
    /// Orchestrators from somewhere else than the chain, read anew. From then on no others are asked.
    Listed(Vec<Listed>),
    /// A stream comes in.
    StreamStart {
        /// Its number.
        stream: u64,
        /// Renditions it asks for.
        profiles: Arc<Renditions>,
    },
    /// A segment of a stream is complete.
    Segment(Arc<Segment>),
    /// A stream is over.
    StreamEnd {
        /// Its number.
        stream: u64,
    },
    /// A job for a model comes in.
    Job(Arc<JobMeta>),
    /// A stream comes in that a model is to work on. Its number is no other stream's.
    LiveStart {
        /// Its number.
        stream: u64,
        /// The model.
        model: ModelKey,
    },
    /// A segment of such a stream begins.
    LiveInput {
        /// Stream.
        stream: u64,
        /// Its number.
        seq: u64,
    },
    /// Such a stream is over.
    LiveEnd {
        /// Its number.
        stream: u64,
    },
}

/// An orchestrator of an operator's list, or of a webhook's.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Its address, with the score that decides whether it is trusted.
    pub node: Node,
    /// Endpoint behind it.
    pub peer: Peer,
}

impl Input {
    /// A segment of a stream is complete.
    #[must_use]
    pub fn segment(meta: SegmentMeta) -> Self {
        Self::Segment(Arc::new(Segment::new(meta)))
    }
}

/// How a gateway chooses and pays.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// The draw among orchestrators, and the limits of any other rule.
    pub selection: Probability,
    /// Rule by which orchestrators are chosen.
    pub strategy: StrategyConfig,
    /// Region whose performance scores count; without one none do.
    pub region: Option<String>,
    /// Lowest scores by region, in place of the one of the draw.
    pub floors: Option<ScoreFloors>,
    /// Time for which whoever is at fault rests, beside the penalty in refreshes; none without it.
    pub rests: Option<Rests>,
    /// Waiting times of a search.
    pub discovery: DiscoveryConfig,
    /// Attempts per segment.
    pub max_attempts: u32,
    /// Limits of payments.
    pub payment: SenderConfig,
    /// How it chooses for jobs beside video.
    pub jobs: JobConfig,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            selection: Probability::default(),
            strategy: StrategyConfig::default(),
            region: None,
            floors: None,
            rests: None,
            discovery: DiscoveryConfig::default(),
            max_attempts: MAX_ATTEMPTS,
            payment: SenderConfig::default(),
            jobs: JobConfig::default(),
        }
    }
}

/// What a machine is handed with every input.
struct Turn<'a> {
    now: Instant,
    rng: &'a mut Entropy,
    out: &'a mut Effects,
}

/// What a request was for.
#[derive(Debug, Clone)]
enum Asked {
    /// What it offers a stream, or one who looks for a model.
    Offer { seeker: u64, attempt: u32, uri: String },
    /// Fresh terms for a segment.
    Renewal(Task),
    /// A segment's renditions.
    Work(Task),
    /// A job's answer.
    Job { number: u64, uri: Arc<str> },
    /// Fresh terms for a job.
    JobRenewal { number: u64, uri: Arc<str> },
    /// The start of a live session.
    Live { stream: u64, uri: Arc<str> },
    /// Fresh terms for a live session, which may be under way.
    LiveRenewal { stream: u64, uri: Arc<str>, running: bool },
    /// Credit for a live session.
    Credit { stream: u64, uri: Arc<str> },
}

impl Asked {
    /// Whether it was for a stream's segments.
    const fn is_of_stream(&self, stream: u64) -> bool {
        match self {
            Self::Offer { seeker, .. } => group(*seeker).0 == stream,
            Self::Renewal(t) | Self::Work(t) => t.stream == stream,
            _ => false,
        }
    }

    /// Who was asked.
    fn uri(&self) -> &str {
        match self {
            Self::Offer { uri, .. } => uri,
            Self::Renewal(t) | Self::Work(t) => &t.uri,
            Self::Job { uri, .. }
            | Self::JobRenewal { uri, .. }
            | Self::Live { uri, .. }
            | Self::LiveRenewal { uri, .. }
            | Self::Credit { uri, .. } => uri,
        }
    }
}

/// A segment in the hands of an orchestrator.
#[derive(Debug, Clone)]
struct Task {
    stream: u64,
    seq: u64,
    uri: Arc<str>,
}

impl Task {
    const fn purpose(&self) -> Purpose {
        Purpose::Segment(self.stream, self.seq)
    }
}

/// A segment on its way through the gateway.
#[derive(Debug, Clone)]
struct Job {
    meta: Arc<Segment>,
    arrived: Instant,
    attempts: u32,
    /// Whether a search was begun for want of a session. One is enough: the next segment may try
    /// again.
    searched: bool,
    tickets: u64,
    sent: Instant,
    orchestrator: Option<Address>,
    /// Why the last attempt failed.
    why: Option<String>,
}

impl Job {
    const fn new(meta: Arc<Segment>, now: Instant) -> Self {
        Self { meta, arrived: now, attempts: 0, searched: false, tickets: 0, sent: now, orchestrator: None, why: None }
    }
}

struct Stream {
    pools: StreamPools<Arc<Session>>,
    /// Searches for the untrusted and for the trusted.
    searches: [Search; 2],
    /// Segments that no session was found for while a search is under way.
    waiting: VecDeque<Job>,
    jobs: BTreeMap<u64, Job>,
    /// Whom work was given to.
    used: BTreeSet<Arc<str>>,
    /// Whom the last segment went to.
    current: Option<Arc<str>>,
    ended: bool,
}

impl Stream {
    fn new(untrusted: PoolConfig, trusted: PoolConfig) -> Self {
        Self {
            pools: StreamPools::new(untrusted, trusted),
            searches: Default::default(),
            waiting: VecDeque::new(),
            jobs: BTreeMap::new(),
            used: BTreeSet::new(),
            current: None,
            ended: false,
        }
    }

    fn is_searching(&self) -> bool {
        self.searches.iter().any(Search::is_under_way)
    }

    fn needs_refresh(&self) -> bool {
        self.pools.untrusted.needs_refresh() || self.pools.trusted.needs_refresh()
    }

    fn is_idle(&self) -> bool {
        self.jobs.is_empty() && self.waiting.is_empty()
    }
}

/// The machine.
pub struct Gateway {
    config: GatewayConfig,
    signer: Box<dyn TicketSigner>,
    verifier: Box<dyn TicketVerifier>,
    /// Signature over the own address, the same in every request.
    request_sig: Signature,
    purse: Purse,
    /// Who is active on the chain.
    entries: BTreeMap<String, OrchestratorEntry>,
    /// Who is asked in place of those.
    listed: Option<BTreeMap<String, Listed>>,
    /// How the jobs of each went.
    records: BTreeMap<Arc<str>, Served>,
    scores: Scores,
    streams: BTreeMap<u64, Stream>,
    selectors: Selectors,
    jobs: BTreeMap<u64, JobRun>,
    lives: BTreeMap<u64, LiveRun>,
    requests: BTreeMap<u64, Asked>,
    next_request: u64,
    watching: bool,
}

impl Gateway {
    /// A gateway that pays with the signer's money.
    #[must_use]
    pub fn new(config: GatewayConfig, signer: Box<dyn TicketSigner>) -> Self {
        Self {
            purse: Purse::new(config.payment.clone()),
            request_sig: auth::sign_request(signer.as_ref()),
            verifier: Box::new(EthVerifier),
            config,
            signer,
            entries: BTreeMap::new(),
            listed: None,
            records: BTreeMap::new(),
            scores: Scores::default(),
            streams: BTreeMap::new(),
            selectors: Selectors::default(),
            jobs: BTreeMap::new(),
            lives: BTreeMap::new(),
            requests: BTreeMap::new(),
            next_request: 0,
            watching: false,
        }
    }

    /// Checks signatures otherwise than the network does.
    #[must_use]
    pub fn with_verifier(mut self, verifier: Box<dyn TicketVerifier>) -> Self {
        self.verifier = verifier;
        self
    }

    /// Goes on from what an earlier life of the node stored.
    ///
    /// # Errors
    /// [`NonceError`] names a record that is damaged.
    pub fn restored(mut self, records: &Records) -> Result<Self, NonceError> {
        self.purse.restore(records)?;
        Ok(self)
    }

    /// Streams it carries.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams.len()
    }

    /// The book of a session with a ticket recipient.
    #[must_use]
    pub fn book(&self, recipient: Address, session: u64) -> Book {
        self.purse.book((recipient, session))
    }

    /// Handle one input.
    pub fn handle(&mut self, now: Instant, input: Input, rng: &mut Entropy, out: &mut Effects) {
        let t = &mut Turn { now, rng, out };
        match input {
            Input::Chain(e) => self.on_chain(t, e),
            Input::Message { from, message } => self.on_message(t, from, *message),
            Input::Timer(TimerKind::Discovery { stream, attempt }) => self.on_search_timer(t, stream, attempt),
            Input::Timer(TimerKind::Segment { request }) => self.on_overdue(t, request),
            Input::Timer(TimerKind::InitializeRound) => {}
            Input::Scores(scores) => self.scores = scores,
            Input::Listed(listed) => {
                self.listed = Some(listed.into_iter().map(|l| (l.node.uri.clone(), l)).collect());
                self.resize_pools();
            }
            Input::StreamStart { stream, .. } => self.on_stream_start(t, stream),
            Input::Segment(meta) => self.serve(t, Job::new(meta, now)),
            Input::StreamEnd { stream } => {
                if let Some(s) = self.streams.get_mut(&stream) {
                    s.ended = true;
                }
                self.finish_if_ended(t, stream);
            }
            Input::Job(meta) => self.on_job(t, meta),
            Input::LiveStart { stream, model } => self.on_live_start(t, stream, &model),
            Input::LiveInput { stream, seq } => self.on_live_input(t, stream, seq),
            Input::LiveEnd { stream } => self.on_live_end(t, stream),
        }
    }

    fn on_chain(&mut self, t: &mut Turn<'_>, e: ChainEvent) {
        match e {
            ChainEvent::Head(h) => {
                self.purse.set_head(h.l1, t.now, t.out);
                if !self.watching {
                    self.watching = true;
                    t.out.push(Effect::WatchSender(self.signer.address()));
                }
            }
            ChainEvent::Round(r) => self.purse.set_round(&r),
            ChainEvent::ActiveSet(set) => {
                self.entries = set.iter().map(|e| (e.uri.clone(), e.clone())).collect();
                self.resize_pools();
            }
            ChainEvent::Funds { sender, funds } if sender == self.signer.address() => self.purse.set_funds(&funds),
            ChainEvent::Funds { .. } => {}
        }
    }

    fn on_message(&mut self, t: &mut Turn<'_>, from: Peer, message: Message) {
        match message {
            // Only who was asked may answer.
            Message::Info { request, .. } if !self.asked(from, request) => {}
            Message::Info { request, result } => match self.requests.remove(&request) {
                Some(Asked::Offer { seeker, attempt, uri }) => self.on_offer(t, seeker, attempt, &uri, result),
                Some(Asked::Renewal(task)) => self.on_renewal(t, &task, result),
                Some(Asked::JobRenewal { number, uri }) => self.on_job_renewal(t, number, &uri, result),
                Some(Asked::LiveRenewal { stream, uri, .. }) => self.on_live_renewal(t, stream, &uri, result),
                Some(_) | None => {}
            },
            Message::OrderDone { request, .. } if !self.ordered(from, request) => {}
            Message::OrderDone { request, result } => match self.requests.remove(&request) {
                Some(Asked::Job { number, uri }) => self.on_job_answer(t, number, &uri, result),
                Some(Asked::Live { stream, uri }) => self.on_live_started(t, stream, &uri, result),
                Some(Asked::Credit { stream, uri }) => self.on_credit(t, stream, &uri, result),
                Some(_) | None => {}
            },
            Message::Live { manifest, news } => self.on_live_news(t, from, manifest, news),
            Message::Transcoded { request, result, info } => {
                // Only whom the work was given to may answer for it.
                let Some(Asked::Work(task)) = self.requests.get(&request).cloned() else { return };
                let peer = self.session(&task).map(|s| s.peer);
                if peer.is_some_and(|p| p != from) {
                    return;
                }
                self.requests.remove(&request);
                self.on_answer(t, &task, result, info);
            }
            Message::GetOrchestrator { .. }
            | Message::Segment { .. }
            | Message::EndSession { .. }
            | Message::Order(_) => {}
        }
    }

    /// Whether a request for an offer went to this peer.
    fn asked(&self, peer: Peer, request: u64) -> bool {
        match self.requests.get(&request) {
            Some(
                asked
                @ (Asked::Offer { .. } | Asked::Renewal(_) | Asked::JobRenewal { .. } | Asked::LiveRenewal { .. }),
            ) => self.is_at(peer, asked.uri()),
            Some(_) | None => false,
        }
    }

    /// Whether a paid request went to this peer.
    fn ordered(&self, peer: Peer, request: u64) -> bool {
        match self.requests.get(&request) {
            Some(asked @ (Asked::Job { .. } | Asked::Live { .. } | Asked::Credit { .. })) => {
                self.is_at(peer, asked.uri())
            }
            Some(_) | None => false,
        }
    }

    /// Whether an orchestrator is behind this peer, as far as is known.
    fn is_at(&self, peer: Peer, uri: &str) -> bool {
        self.peer_of(uri).is_none_or(|p| p == peer)
    }

    /// The endpoint of an orchestrator that may be asked.
    fn peer_of(&self, uri: &str) -> Option<Peer> {
        match &self.listed {
            Some(listed) => listed.get(uri).map(|l| l.peer),
            None => self.entries.get(uri).map(|e| e.peer),
        }
    }

    /// Who may be asked, of a group. Those of the chain are trusted by nobody.
    fn nodes(&self, trust: Trust) -> Vec<Node> {
        let mut nodes = self.all_nodes();
        nodes.retain(|n| trust.admits(n.score));
        nodes
    }

    fn all_nodes(&self) -> Vec<Node> {
        match &self.listed {
            Some(listed) => listed.values().map(|l| l.node.clone()).collect(),
            None => self.entries.keys().map(|uri| Node { uri: uri.clone(), score: 0.0 }).collect(),
        }
    }

    fn session(&self, task: &Task) -> Option<Arc<Session>> {
        self.streams.get(&task.stream)?.pools.get(&task.uri).map(|s| Arc::clone(s.offer()))
    }

    fn request(&mut self, asked: Asked) -> u64 {
        self.next_request += 1;
        self.requests.insert(self.next_request, asked);
        self.next_request
    }

    fn on_stream_start(&mut self, t: &mut Turn<'_>, id: u64) {
        let mut stream = Stream::new(self.pool_config(Trust::Untrusted), self.pool_config(Trust::Trusted));
        for pool in [&mut stream.pools.untrusted, &mut stream.pools.trusted] {
            // The network's own draw is the pool's, prepared and without an allocation.
            if self.config.strategy != StrategyConfig::Livepeer {
                pool.set_strategy(self.config.strategy.build(self.config.selection.clone()));
            }
            if let Some(rests) = self.config.rests {
                pool.set_clock(ClockSuspender::new(rests));
            }
        }
        self.streams.insert(id, stream);
        self.search(t, id);
    }

    /// Rules of the pool of a group, by how many there are to ask.
    fn pool_config(&self, trust: Trust) -> PoolConfig {
        let selection = self.config.selection.clone();
        let selection = match (&self.config.region, &self.config.floors) {
            (Some(region), Some(floors)) => floors.within(region, selection),
            _ => selection,
        };
        PoolConfig::new(trust, self.nodes(trust).len(), true, selection)
    }

    fn resize_pools(&mut self) {
        let (untrusted, trusted) = (self.pool_config(Trust::Untrusted), self.pool_config(Trust::Trusted));
        for s in self.streams.values_mut() {
            *s.pools.untrusted.config_mut() = untrusted.clone();
            *s.pools.trusted.config_mut() = trusted.clone();
        }
    }

    /// Tell the orchestrators of a stream that is over and idle.
    fn finish_if_ended(&mut self, t: &mut Turn<'_>, id: u64) {
        if !self.streams.get(&id).is_some_and(|s| s.ended && s.is_idle()) {
            return;
        }
        let Some(s) = self.streams.remove(&id) else { return };
        for session in s.pools.drain() {
            let offer = session.offer();
            self.purse.end(offer);
            if s.used.contains(&*offer.uri) {
                t.out.send(offer.peer, Message::EndSession { auth: offer.info.auth });
            }
        }
        self.requests.retain(|_, asked| !asked.is_of_stream(id));
    }
}
