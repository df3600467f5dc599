//! The orchestrator: quotes prices and ticket parameters, checks payments, works while the credit
//! lasts, and hands winning tickets to its redeemer.
//!
//! In reading order: this file (inputs and offers), `desk` (quotes, payments, credit), `quotes` (which price holds for
//! what), `video` (segments), `models` (which there are and what is free of them), `jobs` (single requests), `live`
//! (sessions that are paid by time).

mod desk;
mod jobs;
mod live;
mod models;
mod quotes;
mod video;

use std::collections::BTreeMap;

use weir_market::admission::AdmissionConfig;
use weir_market::devices::Devices;
use weir_market::price::{ModelKey, PriceList};
use weir_market::pricing::{Market, PricingPolicy};
use weir_market::senders::SenderLists;
use weir_ticket::recipient::RecipientConfig;
use weir_ticket::{Signature, TicketSigner, TicketVerifier};
use weir_types::{Address, Credit, Entropy, Instant, Price};

use crate::io::{
    ChainEvent, Effect, Effects, Message, ModelOffer, OrchestratorInfo, Peer, Standing, Work, WorkDone, WorkId,
};

use crate::worker::WorkerCapacity;
use desk::{Desk, Subject};
use jobs::AcceptedJob;
use live::LiveSessions;
use models::Models;
use video::{Ordered, SegmentJob, Video};

/// Input of an [`Orchestrator`].
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
    /// Work is done.
    Work(WorkDone),
    /// Prices that other orchestrators are seen to ask, for a policy that looks at them.
    Others(Vec<Price>),
    /// A device was measured anew.
    Device {
        /// Its number.
        device: usize,
        /// Pixels a second that it does.
        speed: u64,
    },
    /// What there is to work with changed: workers came or went.
    Capacity(WorkerCapacity),
    /// The operator asks for another price of everybody without one of their own. Sessions keep the one that they began
    /// with.
    Price(Price),
    /// The redeemer says what a sender is good for.
    Standing {
        /// The sender.
        sender: Address,
        /// What it is good for.
        standing: Standing,
    },
}

/// How an orchestrator quotes and admits.
#[derive(Debug, Clone)]
pub struct OrchestratorConfig {
    /// Prices.
    pub prices: PriceList,
    /// Sessions and queues.
    pub admission: AdmissionConfig,
    /// What it asks of tickets.
    pub tickets: RecipientConfig,
}

/// What a machine is handed with every input.
struct Turn<'a> {
    now: Instant,
    rng: &'a mut Entropy,
    out: &'a mut Effects,
}

/// Work that was accepted.
enum Job {
    Segment(Box<SegmentJob>),
    Request(Box<AcceptedJob>),
    /// A live session, by its name.
    Live(u64),
}

/// A request for an offer that waits until its sender's money is read.
struct Waiting {
    from: Peer,
    request: u64,
    wants: Option<ModelKey>,
}

/// The machine.
pub struct Orchestrator {
    desk: Desk,
    /// What segments are quoted and paid as.
    subject: Subject,
    video: Video,
    models: Models,
    live: LiveSessions,
    pricing: Option<Box<dyn PricingPolicy>>,
    others: Vec<Price>,
    /// Requests of senders whose money is still being read.
    asked: BTreeMap<Address, Vec<Waiting>>,
    working: BTreeMap<WorkId, Job>,
    next_work: u64,
}

impl Orchestrator {
    /// An orchestrator that is paid at the signer's address. The secrets behind tokens and tickets
    /// are drawn here: those of an earlier life of the node are not good any more.
    #[must_use]
    pub fn new(config: OrchestratorConfig, signer: Box<dyn TicketSigner>, rng: &mut Entropy) -> Self {
        Self {
            video: Video::new(config.admission),
            desk: Desk::new(config, signer, rng),
            subject: Subject::video(),
            models: Models::default(),
            live: LiveSessions::default(),
            pricing: None,
            others: Vec::new(),
            asked: BTreeMap::new(),
            working: BTreeMap::new(),
            next_work: 0,
        }
    }

    /// Checks signatures otherwise than the network does.
    #[must_use]
    pub fn with_verifier(mut self, verifier: Box<dyn TicketVerifier>) -> Self {
        self.desk.verifier = verifier;
        self
    }

    /// Works for some senders only.
    #[must_use]
    pub fn with_senders(mut self, senders: SenderLists) -> Self {
        self.desk.senders = senders;
        self
    }

    /// Works with models beside video.
    #[must_use]
    pub fn with_models(mut self, models: BTreeMap<ModelKey, ModelOffer>) -> Self {
        self.models = Models::new(models);
        self
    }

    /// Takes streams while its devices keep up with all of them.
    #[must_use]
    pub fn with_devices(mut self, devices: Devices<u64>) -> Self {
        self.video.devices = Some(devices);
        self
    }

    /// Asks for what a policy says, looked at with each block.
    #[must_use]
    pub fn with_pricing(mut self, policy: Box<dyn PricingPolicy>) -> Self {
        self.pricing = Some(policy);
        self.set_price();
        self
    }

    /// The policy's price of the moment, for everybody without one of their own. Sessions keep the one that they began
    /// with.
    fn set_price(&mut self) {
        let Some(policy) = &self.pricing else { return };
        let (busy, capacity) = (self.video.admission.len() as u64, self.video.admission.config().max_sessions);
        let price = policy.price(&Market { busy, capacity, others: &self.others });
        self.desk.config.prices.set_default(price);
    }

    /// Sessions of streams at present.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.video.admission.len()
    }

    /// Credit of a sender in a session.
    #[must_use]
    pub fn credit(&self, sender: Address, session: u64) -> Credit {
        self.desk.credit((sender, session))
    }

    /// Credit of a sender for jobs of a model.
    #[must_use]
    pub fn model_credit(&self, sender: Address, key: &ModelKey) -> Credit {
        self.models.subject(key).map_or_else(Credit::zero, |s| self.desk.credit((sender, s.account)))
    }

    /// Jobs and live sessions of a model at present.
    #[must_use]
    pub fn in_use(&self, key: &ModelKey) -> u64 {
        self.models.in_use(key)
    }

    /// Handle one input.
    pub fn handle(&mut self, now: Instant, input: Input, rng: &mut Entropy, out: &mut Effects) {
        let t = &mut Turn { now, rng, out };
        match input {
            Input::Chain(e) => self.on_chain(t, &e),
            Input::Message { from, message } => self.on_message(t, from, *message),
            Input::Work(done) => self.on_work(t, done),
            Input::Others(prices) => {
                self.others = prices;
                self.set_price();
            }
            Input::Device { device, speed } => {
                if let Some(devices) = &mut self.video.devices {
                    devices.measured(device, speed);
                }
            }
            Input::Capacity(capacity) => {
                self.video.admission.set_max_sessions(capacity.streams);
                self.models.set_capacities(&capacity.models);
            }
            Input::Price(price) => {
                self.pricing = None;
                self.desk.config.prices.set_default(price);
            }
            Input::Standing { sender, standing } => {
                self.desk.set_standing(sender, standing);
                for w in self.asked.remove(&sender).unwrap_or_default() {
                    self.answer(t, sender, &w);
                }
            }
        }
    }

    fn on_chain(&mut self, t: &mut Turn<'_>, e: &ChainEvent) {
        self.desk.on_chain(e);
        if let ChainEvent::Head(_) = e {
            self.desk.clean_up(t.now);
            self.video.clean_up(t.now, &mut self.desk, t.out);
            self.end_idle(t);
            self.set_price();
        }
    }

    fn on_message(&mut self, t: &mut Turn<'_>, from: Peer, message: Message) {
        match message {
            Message::GetOrchestrator { request, sender, sig, wants, ignore_capacity } => {
                self.on_request(t, sender, &sig, ignore_capacity, Waiting { from, request, wants });
            }
            Message::Segment { request, sender, sig, auth, segment, payment } => {
                self.on_segment(t, Ordered { from, request, sender, sig, auth, segment, payment });
            }
            Message::EndSession { auth } => self.on_end(t, &auth),
            Message::Order(order) => self.on_order(t, from, &order),
            Message::Live { manifest, news } => self.on_live(t, from, manifest, &news),
            Message::Info { .. } | Message::Transcoded { .. } | Message::OrderDone { .. } => {}
        }
    }

    fn on_request(&mut self, t: &mut Turn<'_>, sender: Address, sig: &Signature, ignore_capacity: bool, w: Waiting) {
        let refuse = |text: String| Message::Info {
            request: w.request,
            result: Err(format!("Invalid orchestrator request: {text}")),
        };
        if let Err(e) = self.desk.admit(sender, sig) {
            t.out.send(w.from, refuse(e));
            return;
        }
        let room = match &w.wants {
            None => self.video.admission.check(None).map_err(|e| e.to_string()),
            Some(key) => self.models.check_offer(key, ignore_capacity),
        };
        if let Err(e) = room {
            t.out.send(w.from, refuse(e));
            return;
        }
        if self.desk.knows(&sender) {
            self.answer(t, sender, &w);
            return;
        }
        let waiting = self.asked.entry(sender).or_default();
        waiting.push(w);
        if waiting.len() == 1 {
            t.out.push(Effect::Monitor(sender));
        }
    }

    fn answer(&mut self, t: &mut Turn<'_>, sender: Address, w: &Waiting) {
        let result = match &w.wants {
            None => self.video_offer(t.now, sender, t.rng),
            Some(key) => self.model_offer(t.now, sender, key, t.rng),
        };
        t.out.send(w.from, Message::Info { request: w.request, result: result.map(Box::new) });
    }

    /// Price and parameters of a new session with a model.
    fn model_offer(
        &mut self,
        now: Instant,
        sender: Address,
        key: &ModelKey,
        rng: &mut Entropy,
    ) -> Result<OrchestratorInfo, String> {
        let auth = self.desk.issue_token(now, rng);
        let subject = self.models.subject(key).ok_or_else(|| "model is not offered any more".to_owned())?;
        // The price of a model is not fixed: it holds as long as the parameters that come with it.
        let info = self.desk.info((sender, auth.session_id), subject, auth, rng).map_err(|e| e.to_string())?;
        Ok(OrchestratorInfo { warm: self.models.is_warm(key), rate: self.models.rate(key), ..info })
    }

    fn start(&mut self, job: Job, session: u64, work: Work, out: &mut Effects) -> WorkId {
        self.next_work += 1;
        let id = WorkId(self.next_work);
        out.push(Effect::Start { id, session, work: Box::new(work) });
        self.working.insert(id, job);
        id
    }

    fn on_work(&mut self, t: &mut Turn<'_>, done: WorkDone) {
        match self.working.remove(&done.id) {
            Some(Job::Segment(job)) => self.on_segment_done(t, &job, done.result),
            Some(Job::Request(job)) => self.on_job_done(t, *job, done.result),
            Some(Job::Live(manifest)) => self.on_live_done(t, manifest, done.result),
            None => {}
        }
    }
}
