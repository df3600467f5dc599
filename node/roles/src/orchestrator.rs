//! The orchestrator: quotes prices and ticket parameters, checks payments, works while the credit
//! lasts, and hands winning tickets to its redeemer.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use weir_market::admission::{Accepted, Admission, AdmissionConfig};
use weir_market::price::{PriceList, Request};
use weir_market::senders::SenderLists;
use weir_ticket::balance::{Balances, Key};
use weir_ticket::payment::{self, PaymentView};
use weir_ticket::recipient::{ChainView, ParamsError, Recipient, RecipientConfig};
use weir_ticket::sender::fee_estimate;
use weir_ticket::{EthVerifier, Payment, Signature, TicketSigner, TicketVerifier, Value};
use weir_types::{Address, Credit, Entropy, Instant, Price, Wei};

use crate::auth::{self, TokenError, TokenMint};
use crate::io::{
    AuthToken, ChainEvent, Effect, Effects, Message, Observation, OrchestratorInfo, Peer, Refusal, RenditionMeta,
    RoundInfo, Segment, SegmentResult, Standing, Work, WorkDone, WorkId,
};
use crate::segment::pixels;

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

/// A segment that was accepted.
#[derive(Debug, Clone)]
struct Job {
    from: Peer,
    request: u64,
    sender: Address,
    auth: AuthToken,
    price: Price,
    segment: Arc<Segment>,
    /// What it will cost at most, as its gateway reckons.
    estimate: Value,
}

impl Job {
    const fn key(&self) -> Key {
        (self.sender, self.auth.session_id)
    }
}

/// A request for a segment as it came in.
struct Ordered {
    from: Peer,
    request: u64,
    sender: Address,
    sig: Signature,
    auth: AuthToken,
    segment: Arc<Segment>,
    payment: Box<Payment>,
}

/// The machine.
pub struct Orchestrator {
    config: OrchestratorConfig,
    signer: Box<dyn TicketSigner>,
    verifier: Box<dyn TicketVerifier>,
    mint: TokenMint,
    recipient: Recipient,
    balances: Balances,
    admission: Admission<u64>,
    view: ChainView,
    active: bool,
    senders: SenderLists,
    standings: BTreeMap<Address, Standing>,
    /// Requests of senders whose money is still being read.
    asked: BTreeMap<Address, Vec<(Peer, u64)>>,
    working: BTreeMap<WorkId, Box<Job>>,
    /// Fees of accepted segments that are not debited yet, by session.
    owed: BTreeMap<Key, Value>,
    queues: BTreeMap<u64, VecDeque<Box<Job>>>,
    next_work: u64,
}

impl Orchestrator {
    /// An orchestrator that is paid at the signer's address. The secrets behind tokens and tickets
    /// are drawn here: those of an earlier life of the node are not good any more.
    #[must_use]
    pub fn new(config: OrchestratorConfig, signer: Box<dyn TicketSigner>, rng: &mut Entropy) -> Self {
        Self {
            mint: TokenMint::new(rng),
            recipient: Recipient::new(signer.address(), rng.word().to_be_bytes(), config.tickets.clone()),
            balances: Balances::new(),
            admission: Admission::new(config.admission),
            view: ChainView::default(),
            active: false,
            senders: SenderLists::default(),
            standings: BTreeMap::new(),
            asked: BTreeMap::new(),
            working: BTreeMap::new(),
            owed: BTreeMap::new(),
            queues: BTreeMap::new(),
            next_work: 0,
            verifier: Box::new(EthVerifier),
            signer,
            config,
        }
    }

    /// Checks signatures otherwise than the network does.
    #[must_use]
    pub fn with_verifier(mut self, verifier: Box<dyn TicketVerifier>) -> Self {
        self.verifier = verifier;
        self
    }

    /// Works for some senders only.
    #[must_use]
    pub fn with_senders(mut self, senders: SenderLists) -> Self {
        self.senders = senders;
        self
    }

    /// Sessions at present.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.admission.len()
    }

    /// Credit of a sender in a session.
    #[must_use]
    pub fn credit(&self, sender: Address, session: u64) -> Credit {
        self.balances.amount((sender, session))
    }

    /// Handle one input.
    pub fn handle(&mut self, now: Instant, input: Input, rng: &mut Entropy, out: &mut Effects) {
        match input {
            Input::Chain(e) => self.on_chain(now, e, out),
            Input::Message { from, message } => self.on_message(now, from, *message, rng, out),
            Input::Work(done) => self.on_work(now, done, rng, out),
            Input::Standing { sender, standing } => {
                self.standings.insert(sender, standing);
                for (from, request) in self.asked.remove(&sender).unwrap_or_default() {
                    self.answer(now, from, request, sender, rng, out);
                }
            }
        }
    }

    fn on_chain(&mut self, now: Instant, e: ChainEvent, out: &mut Effects) {
        match e {
            ChainEvent::Head(h) => {
                self.view.l1 = h.l1;
                self.view.gas_price = h.gas_price;
                self.recipient.note_gas_price(h.gas_price);
                self.clean_up(now, out);
            }
            ChainEvent::Round(r) => self.set_round(&r),
            ChainEvent::ActiveSet(set) => {
                let own = self.signer.address();
                self.active = set.iter().any(|e| e.address == own);
            }
            ChainEvent::Funds { .. } => {}
        }
    }

    fn set_round(&mut self, r: &RoundInfo) {
        self.view.round = r.round;
        self.view.round_hash = r.block_hash;
        self.view.previous_hash = r.previous_block_hash;
    }

    fn clean_up(&mut self, now: Instant, out: &mut Effects) {
        self.recipient.clean_up(self.view.l1);
        self.balances.clean_up(now);
        for session in self.admission.expire(now) {
            // An idle session has nothing in its queue; one that is out of step must not keep its
            // gateway waiting for ever.
            self.drop_queue(session, out);
        }
    }

    fn on_message(&mut self, now: Instant, from: Peer, message: Message, rng: &mut Entropy, out: &mut Effects) {
        match message {
            Message::GetOrchestrator { request, sender, sig } => {
                self.on_request(now, from, request, sender, &sig, rng, out);
            }
            Message::Segment { request, sender, sig, auth, segment, payment } => {
                let order = Ordered { from, request, sender, sig, auth, segment, payment };
                self.on_segment(now, order, out);
            }
            Message::EndSession { auth } => self.on_end(now, &auth, out),
            Message::Info { .. } | Message::Transcoded { .. } => {}
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn on_request(
        &mut self,
        now: Instant,
        from: Peer,
        request: u64,
        sender: Address,
        sig: &Signature,
        rng: &mut Entropy,
        out: &mut Effects,
    ) {
        let refuse = |text: String| Message::Info { request, result: Err(text) };
        if !auth::request_is_signed(sender, sig, self.verifier.as_ref()) {
            out.send(from, refuse("Invalid orchestrator request: orchestrator req sig check failed".to_owned()));
            return;
        }
        if let Err(e) = self.senders.check(sender) {
            out.send(from, refuse(format!("Invalid orchestrator request: {e}")));
            return;
        }
        if let Err(r) = self.admission.check(None) {
            out.send(from, refuse(r.discovery_text()));
            return;
        }
        if self.standings.contains_key(&sender) {
            self.answer(now, from, request, sender, rng, out);
            return;
        }
        let waiting = self.asked.entry(sender).or_default();
        waiting.push((from, request));
        if waiting.len() == 1 {
            out.push(Effect::Monitor(sender));
        }
    }

    fn answer(
        &mut self,
        now: Instant,
        from: Peer,
        request: u64,
        sender: Address,
        rng: &mut Entropy,
        out: &mut Effects,
    ) {
        let auth = self.mint.issue(now, rng);
        let result = self.info(sender, auth, rng).map(Box::new).map_err(|e| e.to_string());
        out.send(from, Message::Info { request, result });
    }

    /// Price and parameters for a session's next tickets.
    fn info(&mut self, sender: Address, auth: AuthToken, rng: &mut Entropy) -> Result<OrchestratorInfo, ParamsError> {
        let max_float = self.float(sender);
        let price = self.price((sender, auth.session_id))?;
        let ticket_params = if price.is_free() {
            None
        } else {
            Some(self.recipient.issue(sender, &price, max_float, &self.view, rng.word())?)
        };
        Ok(OrchestratorInfo { address: self.signer.address(), price, ticket_params, auth })
    }

    /// Largest face value for a sender's tickets.
    fn float(&self, sender: Address) -> Wei {
        let standing = self.standings.get(&sender).copied().unwrap_or_default();
        self.recipient.float_within(standing.max_float, standing.deposit, self.view.gas_price)
    }

    /// Price of a session: the one that its first payment fixed, or the present one.
    fn price(&self, key: Key) -> Result<Price, ParamsError> {
        let max_float = self.float(key.0);
        let multiplier = || self.recipient.tx_cost_multiplier(max_float, self.view.gas_price);
        self.config.prices.quote(key.0, &Request::default(), self.balances.fixed_price(key), multiplier)
    }

    fn on_segment(&mut self, now: Instant, order: Ordered, out: &mut Effects) {
        let (from, request, sender) = (order.from, order.request, order.sender);
        if let Err(refusal) = self.accept(now, order, out) {
            out.observe(Observation::Refused { sender, reason: refusal.text().to_owned() });
            out.send(from, Message::Transcoded { request, result: Err(refusal), info: None });
        }
    }

    fn accept(&mut self, now: Instant, order: Ordered, out: &mut Effects) -> Result<(), Refusal> {
        self.check_credentials(now, &order)?;
        let key: Key = (order.sender, order.auth.session_id);
        self.take_payment(now, &order, out)?;
        // The price of a payment without tickets is only the gateway's word.
        let price = self.price(key).map_err(|e| Refusal::Failed(e.to_string()))?;
        let balance = self.balances.get(key).cloned().unwrap_or_default();
        if !self.covered(key, &balance, &price) {
            return Err(Refusal::BadRequest("Insufficient balance".to_owned()));
        }
        let session = order.auth.session_id;
        let accepted = self.admission.submit(session).map_err(|e| Refusal::Capacity(e.to_string()))?;
        out.observe(Observation::Served { sender: order.sender, session, balance });
        let Ordered { from, request, sender, auth, segment, .. } = order;
        let estimate = fee_estimate(&segment.profiles, segment.duration, &price);
        *self.owed.entry(key).or_default() += &estimate;
        let job = Box::new(Job { from, request, sender, auth, price, segment, estimate });
        match accepted {
            Accepted::Start => self.start(job, out),
            Accepted::Wait => self.queues.entry(session).or_default().push_back(job),
        }
        Ok(())
    }

    /// Whether there is a ticket's worth of credit beyond what segments in work will take. A gateway pays for each
    /// of several segments at a time, so that it holds for whoever pays; without it a session could have as many
    /// segments on credit as wait in its queue.
    fn covered(&self, key: Key, balance: &Value, price: &Price) -> bool {
        if price.is_free() {
            return true;
        }
        let mut needed = Value::from(self.config.tickets.ev);
        if let Some(owed) = self.owed.get(&key) {
            needed += owed;
        }
        *balance >= needed
    }

    /// A segment is not in work any more.
    fn release(&mut self, job: &Job) {
        let Some(owed) = self.owed.get_mut(&job.key()) else { return };
        *owed -= &job.estimate;
        if !owed.is_positive() {
            self.owed.remove(&job.key());
        }
    }

    fn check_credentials(&self, now: Instant, o: &Ordered) -> Result<(), Refusal> {
        let bad = |text: &str| Refusal::BadRequest(text.to_owned());
        // A payment of somebody else must not be spent on this segment, nor theirs on this one.
        if o.payment.sender != o.sender {
            return Err(bad("ErrSegSig"));
        }
        o.segment.verify(o.sender, &o.sig, self.verifier.as_ref()).map_err(|_| bad("ErrSegSig"))?;
        self.senders.check(o.sender).map_err(|e| bad(&e.to_string()))?;
        self.mint.check(&o.auth, now).map_err(|e| bad(&e.to_string()))?;
        self.admission.check(Some(&o.auth.session_id)).map_err(|e| Refusal::Capacity(e.to_string()))
    }

    /// Credit a payment. Winning tickets go to the redeemer whatever becomes of the payment.
    fn take_payment(&mut self, now: Instant, o: &Ordered, out: &mut Effects) -> Result<(), Refusal> {
        let standing = self.standings.get(&o.sender).copied().unwrap_or_default();
        let view = PaymentView {
            l1: self.view.l1,
            round: self.view.round,
            active: self.active,
            withdraw_round: standing.withdraw_round,
        };
        let session = o.auth.session_id;
        let (recipient, balances) = (&mut self.recipient, &mut self.balances);
        let done = payment::process(&o.payment, session, recipient, balances, &view, self.verifier.as_ref(), now);
        if done.credited.is_positive() || !done.winners.is_empty() {
            out.observe(Observation::Credited {
                sender: o.sender,
                session,
                ev: done.credited,
                won: done.winners.len() as u64,
            });
        }
        for winner in done.winners {
            out.push(Effect::Redeem(Box::new(winner)));
        }
        done.error.map_or(Ok(()), |e| Err(Refusal::BadRequest(e.to_string())))
    }

    fn start(&mut self, job: Box<Job>, out: &mut Effects) {
        self.next_work += 1;
        let id = WorkId(self.next_work);
        out.push(Effect::Start { id, work: Box::new(Work::Transcode(Arc::clone(&job.segment))) });
        self.working.insert(id, job);
    }

    fn on_work(&mut self, now: Instant, done: WorkDone, rng: &mut Entropy, out: &mut Effects) {
        let Some(job) = self.working.remove(&done.id) else { return };
        self.release(&job);
        let result = match done.result {
            Ok(r) if r.len() == job.segment.profiles.len() => Ok(self.deliver(now, &job, r, out)),
            Ok(_) => Err(Refusal::Failed("MismatchedSegments".to_owned())),
            Err(e) => Err(Refusal::Failed(e)),
        };
        let failed = result.is_err();
        // Parameters are made after the debit, so that they hold as long as possible.
        let info = self.info(job.sender, job.auth, rng).ok().map(Box::new);
        out.send(job.from, Message::Transcoded { request: job.request, result, info });
        let session = job.auth.session_id;
        let more = if failed {
            self.admission.segment_failed(&session, now)
        } else {
            self.admission.segment_done(&session, now)
        };
        if more && let Some(next) = self.queues.get_mut(&session).and_then(VecDeque::pop_front) {
            self.start(next, out);
        }
    }

    /// Take the fee for finished renditions and sign them.
    fn deliver(&mut self, now: Instant, job: &Job, renditions: Vec<RenditionMeta>, out: &mut Effects) -> SegmentResult {
        let fee = Value::fee(&job.price, pixels(&renditions));
        let key = job.key();
        self.balances.debit(key, &fee, now);
        out.observe(Observation::Debited {
            sender: job.sender,
            session: job.auth.session_id,
            fee,
            balance: self.balances.get(key).cloned().unwrap_or_default(),
        });
        SegmentResult::sign(renditions, self.signer.as_ref())
    }

    fn on_end(&mut self, now: Instant, token: &AuthToken, out: &mut Effects) {
        // A session may be ended after its token has expired.
        if matches!(self.mint.check(token, now), Err(TokenError::Invalid)) {
            return;
        }
        self.admission.end(&token.session_id);
        self.drop_queue(token.session_id, out);
    }

    /// Refuse what waits in a session that is over.
    fn drop_queue(&mut self, session: u64, out: &mut Effects) {
        for job in self.queues.remove(&session).unwrap_or_default() {
            self.release(&job);
            let result = Err(Refusal::Failed("session is over".to_owned()));
            out.send(job.from, Message::Transcoded { request: job.request, result, info: None });
        }
    }
}
