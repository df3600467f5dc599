//! The part of an orchestrator that deals with money: quotes, payments and credit, for whatever is worked on.

use std::collections::BTreeMap;

use weir_market::price::Request;
use weir_market::senders::SenderLists;
use weir_ticket::balance::{Balances, Key};
use weir_ticket::payment::{self, PaymentView};
use weir_ticket::recipient::{ChainView, ParamsError, Recipient};
use weir_ticket::{EthVerifier, Payment, Signature, TicketSigner, TicketVerifier, Value};
use weir_types::{Address, Credit, Entropy, Instant, Price, Wei};

use super::OrchestratorConfig;
use super::quotes::Quotes;
use crate::auth::{self, TokenError, TokenMint};
use crate::io::{
    AuthToken, ChainEvent, Effect, Effects, Observation, OrchestratorInfo, Rate, Refusal, RoundInfo, SegmentResult,
    Standing,
};
use crate::job::Asked;
use crate::segment::RenditionMeta;

pub(super) struct Desk {
    pub(super) config: OrchestratorConfig,
    signer: Box<dyn TicketSigner>,
    pub(super) verifier: Box<dyn TicketVerifier>,
    mint: TokenMint,
    recipient: Recipient,
    balances: Balances,
    view: ChainView,
    active: bool,
    pub(super) senders: SenderLists,
    standings: BTreeMap<Address, Standing>,
    /// Fees of accepted work that are not debited yet, by account.
    owed: BTreeMap<Key, Value>,
    quotes: Quotes,
}

impl Desk {
    pub(super) fn new(config: OrchestratorConfig, signer: Box<dyn TicketSigner>, rng: &mut Entropy) -> Self {
        Self {
            mint: TokenMint::new(rng),
            recipient: Recipient::new(signer.address(), rng.word().to_be_bytes(), config.tickets.clone()),
            balances: Balances::new(),
            view: ChainView::default(),
            active: false,
            senders: SenderLists::default(),
            standings: BTreeMap::new(),
            owed: BTreeMap::new(),
            quotes: Quotes::default(),
            verifier: Box::new(EthVerifier),
            signer,
            config,
        }
    }

    pub(super) fn on_chain(&mut self, e: &ChainEvent) {
        match e {
            ChainEvent::Head(h) => {
                self.view.l1 = h.l1;
                self.view.gas_price = h.gas_price;
                self.recipient.note_gas_price(h.gas_price);
                self.recipient.clean_up(h.l1);
                self.quotes.clean_up(h.l1);
            }
            ChainEvent::Round(r) => self.set_round(r),
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

    pub(super) fn clean_up(&mut self, now: Instant) {
        self.balances.clean_up(now);
    }

    pub(super) fn set_standing(&mut self, sender: Address, standing: Standing) {
        self.standings.insert(sender, standing);
        if let Some(gas) = standing.redeem_gas {
            self.recipient.set_redeem_gas(gas);
        }
    }

    pub(super) fn knows(&self, sender: &Address) -> bool {
        self.standings.contains_key(sender)
    }

    /// Whether a sender may be told of prices.
    pub(super) fn admit(&self, sender: Address, sig: &Signature) -> Result<(), String> {
        if !auth::request_is_signed(sender, sig, self.verifier.as_ref()) {
            return Err("orchestrator req sig check failed".to_owned());
        }
        self.senders.check(sender).map_err(|e| e.to_string())
    }

    pub(super) fn issue_token(&self, now: Instant, rng: &mut Entropy) -> AuthToken {
        self.mint.issue(now, rng)
    }

    pub(super) fn check_token(&self, token: &AuthToken, now: Instant) -> Result<(), TokenError> {
        self.mint.check(token, now)
    }

    /// Checks who ordered something.
    pub(super) fn check_credentials(&self, now: Instant, o: &Credentials<'_>) -> Result<(), Refusal> {
        let bad = |text: &str| Refusal::BadRequest(text.to_owned());
        // A payment of somebody else must not be spent on this work, nor theirs on another one.
        if o.payer != o.sender || !o.signed {
            return Err(bad("ErrSegSig"));
        }
        self.senders.check(o.sender).map_err(|e| bad(&e.to_string()))?;
        self.check_token(o.auth, now).map_err(|e| bad(&e.to_string()))
    }

    /// Whether a sender signed a request.
    pub(super) fn signed(&self, asked: &Asked, sender: Address, sig: &Signature) -> bool {
        asked.verify(sender, sig, self.verifier.as_ref()).is_ok()
    }

    /// Price and parameters for the next tickets for a subject; the price may be fixed for an account.
    pub(super) fn info(
        &mut self,
        key: Key,
        subject: &Subject,
        auth: AuthToken,
        rng: &mut Entropy,
    ) -> Result<OrchestratorInfo, ParamsError> {
        let price = self.price(key, &subject.wants)?;
        self.quotes.note(key.0, subject.account, &price, self.view.l1);
        let max_float = self.float(key.0);
        let ticket_params = if price.is_free() {
            None
        } else {
            Some(self.recipient.issue(key.0, &price, max_float, &self.view, rng.word())?)
        };
        Ok(OrchestratorInfo {
            address: self.signer.address(),
            price,
            ticket_params,
            auth,
            warm: false,
            rate: Rate::default(),
        })
    }

    /// Largest face value for a sender's tickets.
    fn float(&self, sender: Address) -> Wei {
        let standing = self.standings.get(&sender).copied().unwrap_or_default();
        self.recipient.float_within(standing.max_float, standing.deposit, self.view.gas_price)
    }

    /// Price of an account: the one that its first payment fixed, or the present one of what is asked for.
    pub(super) fn price(&self, key: Key, wants: &Request) -> Result<Price, ParamsError> {
        self.quote(key.0, wants, self.balances.fixed_price(key))
    }

    fn quote(&self, sender: Address, wants: &Request, fixed: Option<&Price>) -> Result<Price, ParamsError> {
        let max_float = self.float(sender);
        let multiplier = || self.recipient.tx_cost_multiplier(max_float, self.view.gas_price);
        self.config.prices.quote(sender, wants, fixed, multiplier)
    }

    /// Credit a payment. Winning tickets go to the redeemer whatever becomes of the payment.
    pub(super) fn take_payment(
        &mut self,
        now: Instant,
        payment: &Payment,
        account: u64,
        out: &mut Effects,
    ) -> Result<(), Refusal> {
        let sender = payment.sender;
        let standing = self.standings.get(&sender).copied().unwrap_or_default();
        let view = PaymentView {
            l1: self.view.l1,
            round: self.view.round,
            active: self.active,
            withdraw_round: standing.withdraw_round,
        };
        let (recipient, balances) = (&mut self.recipient, &mut self.balances);
        let done = payment::process(payment, account, recipient, balances, &view, self.verifier.as_ref(), now);
        if done.credited.is_positive() || !done.winners.is_empty() {
            let won = done.winners.len() as u64;
            out.observe(Observation::Credited { sender, session: account, ev: done.credited, won });
        }
        for winner in done.winners {
            out.push(Effect::Redeem(Box::new(winner)));
        }
        done.error.map_or(Ok(()), |e| Err(Refusal::BadRequest(e.to_string())))
    }

    /// The price that a payment for a subject names, where it may be worked for: tickets are bound to the price that
    /// was quoted with their parameters, for whatever it was quoted, and without tickets it is only the gateway's word.
    pub(super) fn agreed_price(&self, payment: &Payment, subject: &Subject) -> Result<Price, Refusal> {
        let present = self.quote(payment.sender, &subject.wants, None);
        let bare = payment.tickets.is_empty() || payment.ticket_params.is_none();
        if bare && present.as_ref().is_ok_and(Price::is_free) {
            return Ok(Price::free());
        }
        let invalid = |e: String| Refusal::BadRequest(format!("invalid expected price sent with payment err=\"{e}\""));
        let price = payment.price().map_err(|e| invalid(e.to_string()))?;
        if self.quotes.holds(payment.sender, subject.account, &price) {
            return Ok(price);
        }
        // Tickets at a price that was never quoted are refused for themselves.
        if !bare && !self.quotes.holds_for_any(payment.sender, &price) {
            return Ok(price);
        }
        match present {
            Ok(present) if price >= present => Ok(price),
            Ok(present) => Err(invalid(format!("{price} was not quoted for this, the price is {present}"))),
            Err(e) => Err(Refusal::BadRequest(e.to_string())),
        }
    }

    /// Whether no payment has fixed a price for an account yet.
    pub(super) fn is_new(&self, key: Key) -> bool {
        self.balances.fixed_price(key).is_none()
    }

    /// The balance of an account.
    pub(super) fn balance(&self, key: Key) -> Value {
        self.balances.get(key).cloned().unwrap_or_default()
    }

    pub(super) fn credit(&self, key: Key) -> Credit {
        self.balances.amount(key)
    }

    /// Whether there is a ticket's worth of credit beyond what work under way will take. A gateway pays for each
    /// of several segments at a time, so that it holds for whoever pays; without it a session could have as many
    /// segments on credit as wait in its queue.
    pub(super) fn covered(&self, key: Key, balance: &Value, price: &Price) -> bool {
        if price.is_free() {
            return true;
        }
        let mut needed = Value::from(self.config.tickets.ev);
        if let Some(owed) = self.owed.get(&key) {
            needed += owed;
        }
        *balance >= needed
    }

    /// Work is under way that will take so much.
    pub(super) fn owe(&mut self, key: Key, estimate: &Value) {
        *self.owed.entry(key).or_default() += estimate;
    }

    /// Work that would have taken so much is not under way any more.
    pub(super) fn release(&mut self, key: Key, estimate: &Value) {
        let Some(owed) = self.owed.get_mut(&key) else { return };
        *owed -= estimate;
        if !owed.is_positive() {
            self.owed.remove(&key);
        }
    }

    /// Take a fee for finished work.
    pub(super) fn debit(&mut self, now: Instant, key: Key, fee: Value, out: &mut Effects) {
        self.balances.debit(key, &fee, now);
        let balance = self.balance(key);
        out.observe(Observation::Debited { sender: key.0, session: key.1, fee, balance });
    }

    /// Renditions with this node's signature.
    pub(super) fn sign(&self, renditions: Vec<RenditionMeta>) -> SegmentResult {
        SegmentResult::sign(renditions, self.signer.as_ref())
    }
}

/// What is quoted and paid for.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// What a price depends on.
    pub(super) wants: Request,
    /// Its account with each sender.
    pub(super) account: u64,
}

impl Subject {
    /// Accounts of streams are those of their sessions; this one stands for them all where prices are concerned.
    pub(super) fn video() -> Self {
        Self { wants: Request::default(), account: u64::MAX }
    }
}

/// Who ordered something.
pub(super) struct Credentials<'a> {
    pub(super) sender: Address,
    /// Whose tickets came with it.
    pub(super) payer: Address,
    /// Whether its sender signed it.
    pub(super) signed: bool,
    pub(super) auth: &'a AuthToken,
}
