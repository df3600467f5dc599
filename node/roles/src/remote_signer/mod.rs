//! The remote signer: holds the key of gateways that have none, and signs payments for live work.
//!
//! It keeps no sessions. What a session has come to stands in a [`State`] that the signer signs and its caller keeps
//! and sends back, so that any signer with the same key can go on with it. What is remembered here is which state of
//! each session was signed last: a caller that sends an older one would be paid for twice from the same balance, and
//! is refused; one that missed the answer to it gets that answer again. The memory is bounded, and a signer without it
//! loses nothing but this protection.
//!
//! Answers are those of go-livepeer's remote signer, with three exceptions beside that one: nothing is signed, and no
//! nonce used, before the webhook has answered; a session whose nonces come near to what orchestrators take is sent
//! for a refresh; what was signed is stored before it leaves.
//!
//! In reading order: [`state`](State), the request, [`Refusal`], units, limits, the draft of a payment, the webhook,
//! [`Reply`].

mod draft;
mod limit;
mod memory;
mod refusal;
mod reply;
mod request;
mod state;
mod units;
mod webhook;

use std::collections::BTreeMap;

use weir_market::price::{MaxPrice, Request as PriceRequest};
use weir_ticket::sender::{Sender, SenderConfig, SenderError, SenderView};
use weir_ticket::{Payment, TextSigner, TicketParams};
use weir_types::Entropy;
use weir_wire::{header, net};

pub use draft::NONCES_MAX;
pub use memory::RecordError;
pub use refusal::{LimitError, Refusal, TICKETS_MAX, TooDear};
pub use reply::{ORCHESTRATOR_URL, Paid, Reply, Signed};
pub use state::{SignedState, State, StateError, UnixTime};
pub use units::{LIVE_FIRST_SECONDS, LV2V_FIRST_SECONDS, LV2V_PER_SECOND};
pub use webhook::{AUTH_ID, Headers, WebhookAnswer};

use crate::auth;
use crate::io::{ChainEvent, Effect, Record, Records};
use draft::Draft;
use memory::Memory;
use request::Request;

/// What a request comes to before it is signed.
enum Drafted {
    New(Box<Draft>),
    /// It was signed before.
    Again(Box<Paid>),
}

/// Payments that may wait for the webhook at a time.
pub const WAITING_MAX: usize = 1_024;

/// How a signer is set up.
#[derive(Debug, Clone)]
pub struct RemoteSignerConfig {
    /// Limits of tickets.
    pub payment: SenderConfig,
    /// Highest prices.
    pub max_price: MaxPrice,
    /// Whether a webhook has to agree to each payment.
    pub webhook: bool,
    /// Sessions to remember.
    pub sessions: usize,
}

impl Default for RemoteSignerConfig {
    fn default() -> Self {
        Self { payment: SenderConfig::default(), max_price: MaxPrice::default(), webhook: false, sessions: 1 << 16 }
    }
}

/// Input of a [`RemoteSigner`]. Requests have numbers, which their driver gives them, each another one.
#[derive(Debug, Clone)]
pub enum Input {
    /// News of the chain.
    Chain(ChainEvent),
    /// `POST /sign-orchestrator-info`, whatever its body.
    Identity {
        /// Number of the request.
        request: u64,
    },
    /// `POST /generate-live-payment`.
    Payment {
        /// Number of the request.
        request: u64,
        /// All of its headers.
        headers: Headers,
        /// Its body.
        body: Vec<u8>,
    },
    /// What the webhook said, or that it said nothing. A driver waits five seconds for it.
    Webhook {
        /// Number of the request that it was asked for.
        request: u64,
        /// What it said.
        answer: WebhookAnswer,
    },
}

/// What a signer wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// What any machine may want. A record has to be stored before what follows is done.
    Effect(Effect),
    /// Ask the webhook: `POST` with a body of JSON.
    Ask {
        /// Number of the request that waits.
        request: u64,
        /// Body of the question.
        body: String,
    },
    /// Answer a request.
    Reply {
        /// Its number.
        request: u64,
        /// The answer.
        reply: Reply,
    },
    /// Tell accounts of a payment. It may get lost.
    Signed(Box<Signed>),
}

/// The machine.
pub struct RemoteSigner {
    config: RemoteSignerConfig,
    signer: Box<dyn TextSigner>,
    sender: Sender,
    view: SenderView,
    memory: Memory,
    /// Payments that the webhook is asked about, by request.
    waiting: BTreeMap<u64, Draft>,
    watching: bool,
}

impl RemoteSigner {
    /// A signer that remembers nothing.
    #[must_use]
    pub fn new(config: RemoteSignerConfig, signer: Box<dyn TextSigner>) -> Self {
        let memory = Memory::new(config.sessions);
        Self::with(config, signer, memory)
    }

    /// A signer that remembers what an earlier life of the node stored.
    ///
    /// # Errors
    /// [`RecordError`] names a record that is damaged.
    pub fn restore(
        config: RemoteSignerConfig,
        signer: Box<dyn TextSigner>,
        records: &Records,
    ) -> Result<Self, RecordError> {
        let memory = Memory::restore(config.sessions, records)?;
        Ok(Self::with(config, signer, memory))
    }

    fn with(config: RemoteSignerConfig, signer: Box<dyn TextSigner>, memory: Memory) -> Self {
        Self {
            sender: Sender::new(config.payment.clone()),
            config,
            signer,
            memory,
            view: SenderView::default(),
            waiting: BTreeMap::new(),
            watching: false,
        }
    }

    /// Sessions that it remembers.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.memory.len()
    }

    /// Payments that wait for the webhook.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Handle one input.
    pub fn handle(&mut self, now: UnixTime, input: Input, rng: &mut Entropy, out: &mut Vec<Output>) {
        match input {
            Input::Chain(e) => self.on_chain(&e, out),
            Input::Identity { request } => {
                let reply =
                    Reply::Identity { address: self.signer.address(), sig: auth::sign_request(self.signer.as_ref()) };
                out.push(Output::Reply { request, reply });
            }
            Input::Payment { request, headers, body } => {
                let result = self.on_payment(now, request, &headers, &body, rng, out);
                refuse(request, result, out);
            }
            Input::Webhook { request, answer } => {
                // Nobody waits for an answer that comes twice.
                let Some(draft) = self.waiting.remove(&request) else { return };
                let result = self.on_webhook(request, draft, answer, out);
                refuse(request, result, out);
            }
        }
    }

    fn on_chain(&mut self, e: &ChainEvent, out: &mut Vec<Output>) {
        match e {
            ChainEvent::Head(h) => {
                self.view.l1 = h.l1;
                if !self.watching {
                    self.watching = true;
                    out.push(Output::Effect(Effect::WatchSender(self.signer.address())));
                }
            }
            ChainEvent::Round(r) => {
                self.view.round = r.round;
                self.view.round_hash = r.block_hash;
                self.view.previous_hash = r.previous_block_hash;
            }
            ChainEvent::Funds { sender, funds } if *sender == self.signer.address() => {
                self.view.deposit = funds.deposit;
                self.view.reserve = funds.reserve_remaining;
                self.view.withdraw_round = funds.withdraw_round;
            }
            ChainEvent::Funds { .. } | ChainEvent::ActiveSet(_) => {}
        }
    }

    fn on_payment(
        &mut self,
        now: UnixTime,
        request: u64,
        headers: &Headers,
        body: &[u8],
        rng: &mut Entropy,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let mut draft = match self.draft(now, body, rng)? {
            Drafted::New(draft) => *draft,
            Drafted::Again(paid) => {
                out.push(Output::Reply { request, reply: Reply::Again(paid) });
                return Ok(());
            }
        };
        webhook::header(headers, AUTH_ID).clone_into(&mut draft.caller);
        if !self.config.webhook {
            draft.assign_caller()?;
            return self.pay(request, draft, out);
        }
        if now.as_secs() < draft.state.auth_expiry {
            return self.pay(request, draft, out);
        }
        if self.waiting.len() >= WAITING_MAX {
            return Err(Refusal::Busy);
        }
        out.push(Output::Ask { request, body: webhook::question(headers, &draft.state) });
        self.waiting.insert(request, draft);
        Ok(())
    }

    fn on_webhook(
        &mut self,
        request: u64,
        mut draft: Draft,
        answer: WebhookAnswer,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        draft.allow(&answer.leave()?)?;
        self.pay(request, draft, out)
    }

    /// The payment of a request's body: unsigned, or the one that its state was signed for already.
    fn draft(&self, now: UnixTime, body: &[u8], rng: &mut Entropy) -> Result<Drafted, Refusal> {
        let mut request = Request::parse(body)?;
        let before = self.state(&request)?;
        if request.manifest_id.is_empty() {
            if before.is_some() {
                return Err(Refusal::NoManifest);
            }
            request.manifest_id = draft::random_name(rng);
        }
        if let Some(state) = &before
            && let Err(used_up) = self.memory.check(&state.id, state.sequence)
        {
            let again = self.memory.again(state, &request).ok_or(used_up)?;
            return Ok(Drafted::Again(Box::new(again.clone())));
        }
        self.check_params(&request, now)?;
        let state = before.clone().unwrap_or_else(|| self.first_state(&request, rng));
        let configured = self.config.max_price.of(&models(request.capabilities.as_ref()));
        Draft::new(request, before.as_ref(), state, configured.as_ref(), now).map(|d| Drafted::New(Box::new(d)))
    }

    /// The state that a request goes on from.
    fn state(&self, request: &Request) -> Result<Option<State>, Refusal> {
        if request.state.is_absent() {
            return Ok(None);
        }
        if !request.state.is_own(self.signer.as_ref()) {
            return Err(Refusal::StateSig);
        }
        let state = State::decode(&request.state.state)?;
        draft::check_same(&state, request)?;
        Ok(Some(state))
    }

    fn first_state(&self, request: &Request, rng: &mut Entropy) -> State {
        let mut id = draft::random_name(rng);
        // Two sessions of one name would lock each other out.
        while self.memory.knows(&id) {
            id = draft::random_name(rng);
        }
        State { app: request.app.clone(), ..State::first(id, request.orchestrator, request.price_info) }
    }

    /// Whether an orchestrator can be paid with what is known of it.
    fn check_params(&self, request: &Request, now: UnixTime) -> Result<(), Refusal> {
        draft::check_token(request, now)?;
        self.sender.validate(Some(&request.params), 1, &self.view).map_err(|e| match e {
            SenderError::Expired => request.refresh(),
            e => Refusal::Unfit(e),
        })
    }

    /// Signs a payment, and has it stored before it leaves.
    fn pay(&mut self, request: u64, draft: Draft, out: &mut Vec<Output>) -> Result<(), Refusal> {
        // Another payment from the same state may have been signed while the webhook was asked.
        if let Some(given) = draft.given {
            self.memory.check(&draft.state.id, given)?;
        }
        let paid = self.sign(&draft)?;
        let records = self.memory.sign(&draft.state);
        self.memory.answer(&draft, &paid);
        out.extend(records.into_iter().map(|r: Record| Output::Effect(Effect::Persist(r))));
        out.push(Output::Reply { request, reply: Reply::Paid(Box::new(paid)) });
        let Draft { request, state, tickets, credit, units, fee, .. } = draft;
        let (manifest_id, url) = (request.manifest_id, request.url);
        out.push(Output::Signed(Box::new(Signed { manifest_id, url, state, tickets, credit, units, fee })));
        Ok(())
    }

    fn sign(&mut self, draft: &Draft) -> Result<Paid, Refusal> {
        let (request, signer) = (&draft.request, self.signer.as_ref());
        let id = self.sender.start_after(request.params.clone(), draft.nonce);
        let batch = self.sender.batch(&id, draft.tickets, &self.view, signer);
        self.sender.end(&id);
        let batch = batch.map_err(|e| match e {
            SenderError::Expired => request.refresh(),
            e => Refusal::Sender(e),
        })?;
        let payment = Payment {
            sender: signer.address(),
            ticket_params: Some(TicketParams { expiration_params: Default::default(), ..batch.params }),
            expiration_params: Some(batch.expiration),
            tickets: batch.tickets,
            // In the terms in which it came, reduced or not.
            expected_price: Some(request.price_info),
        };
        let mut credentials = draft.credentials();
        credentials.sig = signer.sign_message(&credentials.flatten()).as_ref().to_vec();
        Ok(Paid {
            payment: header::encode(&net::Payment::from(&payment)),
            credentials: header::encode(&credentials),
            state: SignedState::new(&draft.state, signer),
        })
    }
}

fn refuse(request: u64, result: Result<(), Refusal>, out: &mut Vec<Output>) {
    if let Err(why) = result {
        out.push(Output::Reply { request, reply: Reply::Refused(why) });
    }
}

/// What a job asks for, as far as prices go.
fn models(capabilities: Option<&net::Capabilities>) -> PriceRequest {
    let Some(capabilities) = capabilities else { return PriceRequest::default() };
    let models = capabilities.constraints.iter().flat_map(|c| &c.per_capability);
    PriceRequest {
        capacities: capabilities.capacities.keys().copied().collect(),
        models: models.map(|(capability, c)| (*capability, c.models.keys().cloned().collect())).collect(),
    }
}
