//! What a gateway pays: tickets ahead of each segment, so many that an orchestrator's credit covers
//! its fee.

use std::collections::BTreeMap;

use thiserror::Error;
use weir_market::price::{Doubled, check_increase};
use weir_ticket::balance::{Balances, Key, Staged};
use weir_ticket::sender::{Sender, SenderConfig, SenderError, SenderView, fee_estimate, own_money};
use weir_ticket::{Payment, PriceInfo, TicketParams, TicketSigner, Value};
use weir_types::{B256, Credit, Instant, L1Block, Pixels, Price};

use super::Session;
use crate::io::{OrchestratorInfo, RoundInfo, SegmentMeta, SenderFunds};

/// Why a session is not paid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PayError {
    /// Its parameters hold no longer: fresh ones will do.
    #[error("TicketParams expired")]
    Expired,
    /// It asks for money and says nothing of tickets.
    #[error("ticketParams is nil")]
    NoParams,
    /// The price rose too far.
    #[error(transparent)]
    Doubled(#[from] Box<Doubled>),
    /// A price that no message can carry.
    #[error("price does not fit a message: {0}")]
    PriceRange(Box<Price>),
    /// A rule about tickets speaks against it.
    #[error(transparent)]
    Sender(SenderError),
}

impl From<SenderError> for PayError {
    fn from(e: SenderError) -> Self {
        match e {
            SenderError::Expired => Self::Expired,
            e => Self::Sender(e),
        }
    }
}

impl PayError {
    /// True where the gateway's own money is the reason: no orchestrator is at fault, and no other
    /// would help.
    pub(super) const fn is_own(&self) -> bool {
        match self {
            Self::Sender(e) => e.is_senders_own(),
            _ => false,
        }
    }
}

/// A payment on its way, until its segment comes back.
#[derive(Debug, Clone)]
struct Sent {
    key: Key,
    /// Credit behind it, old and new.
    credit: Value,
    price: Price,
}

/// The gateway's tickets and its side of the credit with each session.
#[derive(Debug)]
pub(super) struct Purse {
    sender: Sender,
    balances: Balances,
    view: SenderView,
    /// Payments on their way, by stream and segment.
    sent: BTreeMap<(u64, u64), Sent>,
    /// Ticket parameters in use, by session.
    open: BTreeMap<Key, B256>,
    /// Credit that was given up with segments that did not come back, by session.
    lost: BTreeMap<Key, Value>,
}

/// A gateway's book of one session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Book {
    /// Credit that is left.
    pub balance: Credit,
    /// Credit, old and new, behind segments that are under way.
    pub in_flight: Credit,
    /// Credit given up with segments that did not come back. The orchestrator may have it or not.
    pub lost: Credit,
}

impl Purse {
    /// A purse with limits.
    pub(super) fn new(config: SenderConfig) -> Self {
        Self {
            sender: Sender::new(config),
            balances: Balances::new(),
            view: SenderView::default(),
            sent: BTreeMap::new(),
            open: BTreeMap::new(),
            lost: BTreeMap::new(),
        }
    }

    pub(super) fn set_head(&mut self, l1: L1Block, now: Instant) {
        self.view.l1 = l1;
        self.balances.clean_up(now);
        // What is forgotten here was forgotten by the orchestrator as well.
        let (balances, sender) = (&self.balances, &mut self.sender);
        self.open.retain(|key, id| {
            let known = balances.get(*key).is_some();
            if !known {
                sender.end(id);
            }
            known
        });
        self.lost.retain(|key, _| balances.get(*key).is_some());
    }

    pub(super) const fn set_round(&mut self, r: &RoundInfo) {
        self.view.round = r.round;
        self.view.round_hash = r.block_hash;
        self.view.previous_hash = r.previous_block_hash;
    }

    pub(super) const fn set_funds(&mut self, f: &SenderFunds) {
        self.view.deposit = f.deposit;
        self.view.reserve = f.reserve_remaining;
        self.view.withdraw_round = f.withdraw_round;
    }

    /// What keeps the gateway from paying anybody, if anything does.
    pub(super) fn trouble(&self) -> Option<SenderError> {
        own_money(&self.view).err()
    }

    /// Whether an offer can be paid.
    pub(super) fn acceptable(&self, info: &OrchestratorInfo) -> Result<(), PayError> {
        match &info.ticket_params {
            None if info.price.is_free() => Ok(()),
            None => Err(PayError::NoParams),
            Some(p) => Ok(self.sender.validate(Some(p), 1, &self.view)?),
        }
    }

    /// Whether a session can go on.
    pub(super) fn check(&self, session: &Session) -> Result<(), PayError> {
        let (first, current) = (&session.first_price, &session.info.price);
        check_increase(first, current)?;
        self.acceptable(&session.info)
    }

    /// The payment for a segment in a session that [`Self::check`] let pass: no tickets where the credit that is left
    /// covers it.
    pub(super) fn pay(
        &mut self,
        now: Instant,
        session: &Session,
        meta: &SegmentMeta,
        signer: &dyn TicketSigner,
    ) -> Result<Payment, PayError> {
        let price = &session.info.price;
        let expected = PriceInfo::of(price).ok_or_else(|| PayError::PriceRange(Box::new(price.clone())))?;
        let mut payment = Payment { sender: signer.address(), expected_price: Some(expected), ..Payment::default() };
        let key = key(session);
        // A session in use must outlive the next clean-up: with it would go the nonces it has used.
        self.balances.credit(key, &Value::zero(), now);
        let staged = match &session.info.ticket_params {
            None => self.balances.stage(key, &Value::zero(), &Value::zero()),
            Some(params) => self.sign(now, key, params, meta, price, signer, &mut payment)?,
        };
        let Staged { existing: mut credit, new_credit, .. } = staged;
        credit += &new_credit;
        let sent = Sent { key, credit, price: price.clone() };
        // A segment is paid to one orchestrator at a time: an older payment for it brought nothing.
        self.lose(meta.stream, meta.seq);
        self.sent.insert((meta.stream, meta.seq), sent);
        Ok(payment)
    }

    #[allow(clippy::too_many_arguments)]
    fn sign(
        &mut self,
        now: Instant,
        key: Key,
        params: &TicketParams,
        meta: &SegmentMeta,
        price: &Price,
        signer: &dyn TicketSigner,
        payment: &mut Payment,
    ) -> Result<Staged, PayError> {
        let id = self.session(key, params);
        let ev = params.value();
        let estimate = fee_estimate(&meta.profiles, meta.duration, price);
        let staged = self.balances.stage(key, &estimate.max(ev.clone()), &ev);
        if staged.tickets == 0 {
            return Ok(staged);
        }
        match self.sender.batch(&id, staged.tickets, &self.view, signer) {
            Ok(batch) => {
                payment.ticket_params = Some(TicketParams { expiration_params: Default::default(), ..batch.params });
                payment.expiration_params = Some(batch.expiration);
                payment.tickets = batch.tickets;
                Ok(staged)
            }
            Err(e) => {
                self.balances.credit(key, &staged.existing, now);
                Err(e.into())
            }
        }
    }

    /// The ticket session of parameters. Each answer of an orchestrator brings new ones.
    fn session(&mut self, key: Key, params: &TicketParams) -> B256 {
        let id = params.recipient_rand_hash;
        if !self.sender.has(&id) {
            self.sender.start(params.clone());
        }
        if let Some(old) = self.open.insert(key, id).filter(|old| *old != id) {
            self.sender.end(&old);
        }
        id
    }

    /// A segment came back: the credit is what was there and what was sent, less the fee. Returns the
    /// fee.
    pub(super) fn settle(&mut self, now: Instant, stream: u64, seq: u64, pixels: Pixels) -> Value {
        let Some(sent) = self.sent.remove(&(stream, seq)) else { return Value::zero() };
        let fee = Value::fee(&sent.price, pixels);
        let mut change = sent.credit;
        change -= &fee;
        self.balances.credit(sent.key, &change, now);
        fee
    }

    /// A segment did not come back: what was sent for it is lost.
    pub(super) fn lose(&mut self, stream: u64, seq: u64) {
        let Some(sent) = self.sent.remove(&(stream, seq)) else { return };
        *self.lost.entry(sent.key).or_default() += &sent.credit;
    }

    /// The book of a session.
    pub(super) fn book(&self, key: Key) -> Book {
        let mut in_flight = Value::zero();
        for sent in self.sent.values().filter(|s| s.key == key) {
            in_flight += &sent.credit;
        }
        let lost = self.lost.get(&key).map_or_else(Credit::zero, Value::credit);
        Book { balance: self.balances.amount(key), in_flight: in_flight.credit(), lost }
    }

    /// A session is over.
    pub(super) fn end(&mut self, session: &Session) {
        if let Some(id) = self.open.remove(&key(session)) {
            self.sender.end(&id);
        }
    }
}

fn key(session: &Session) -> Key {
    let recipient = session.info.ticket_params.as_ref().map_or(session.info.address, |p| p.recipient);
    (recipient, session.info.auth.session_id)
}
