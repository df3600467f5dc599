//! What a gateway pays: tickets ahead of each segment, so many that an orchestrator's credit covers
//! its fee.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use weir_market::price::{Doubled, check_increase};
use weir_ticket::balance::{Balances, Key, Staged};
use weir_ticket::sender::{Sender, SenderConfig, SenderError, SenderView, own_money};
use weir_ticket::{Payment, PriceInfo, TicketParams, TicketSigner, Value};
use weir_types::{Address, B256, Credit, Instant, L1Block, Pixels, Price};

use super::{Session, Turn};
use crate::io::{Effect, Effects, OrchestratorInfo, Record, Records, RoundInfo, SenderFunds};

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

/// What a payment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// A segment of a stream.
    Segment(u64, u64),
    /// A job.
    Job(u64),
    /// The start of a live session, or credit for it: one at a time.
    Live(u64),
}

/// A payment on its way, until its work comes back.
#[derive(Debug, Clone)]
struct Sent {
    key: Key,
    /// Credit that was there before.
    existing: Value,
    /// Expected value of its tickets.
    new_credit: Value,
    price: Price,
}

impl Sent {
    /// Credit behind it.
    fn credit(self) -> Value {
        let mut credit = self.existing;
        credit += &self.new_credit;
        credit
    }
}

/// Prefix of the keys under which nonces are stored; the hash of the recipient's number follows.
const PREFIX: &str = "nonce/";

/// The last nonce of parameters, which another ticket must not have, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedNonce {
    /// The nonce.
    pub nonce: u32,
    /// L1 block from which the parameters are no longer good.
    pub expires: L1Block,
}

impl UsedNonce {
    /// The key of its record, by the hash of the recipient's number.
    #[must_use]
    pub fn key(rand_hash: &B256) -> String {
        format!("{PREFIX}{rand_hash:#x}")
    }

    fn record(self, rand_hash: &B256) -> Record {
        // As serde would write it.
        let value = format!("{{\"nonce\":{},\"expires\":{}}}", self.nonce, self.expires.0);
        Record { key: Self::key(rand_hash), value: Some(value.into_bytes()) }
    }

    fn read(key: &str, value: &[u8]) -> Result<(B256, Self), String> {
        let hash = key.strip_prefix(PREFIX).unwrap_or_default().parse().map_err(|_| "its key is no hash".to_owned())?;
        Ok((hash, serde_json::from_slice(value).map_err(|e| e.to_string())?))
    }
}

/// Stored nonces that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("stored nonce {key} cannot be read: {reason}")]
pub struct NonceError {
    /// Key of the record.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The gateway's tickets and its side of the credit with each session.
#[derive(Debug)]
pub(super) struct Purse {
    sender: Sender,
    balances: Balances,
    view: SenderView,
    /// Payments on their way.
    sent: BTreeMap<Purpose, Sent>,
    /// Ticket parameters in use, by session.
    open: BTreeMap<Key, B256>,
    /// Nonces in use, by parameters that still hold.
    used: BTreeMap<B256, UsedNonce>,
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
            used: BTreeMap::new(),
            lost: BTreeMap::new(),
        }
    }

    /// Goes on from the nonces that an earlier life of the node stored. Nothing is skipped: a nonce that is not known
    /// could be used twice.
    pub(super) fn restore(&mut self, records: &Records) -> Result<(), NonceError> {
        for (key, value) in records.iter().filter(|(k, _)| k.starts_with(PREFIX)) {
            let (id, used) = UsedNonce::read(key, value).map_err(|reason| NonceError { key: key.clone(), reason })?;
            self.used.insert(id, used);
        }
        Ok(())
    }

    pub(super) fn set_head(&mut self, l1: L1Block, now: Instant, out: &mut Effects) {
        self.view.l1 = l1;
        for (id, _) in self.used.extract_if(.., |_, used| used.expires <= l1) {
            out.push(Effect::Persist(Record { key: UsedNonce::key(&id), value: None }));
        }
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

    /// The payment for work in a session that [`Self::check`] let pass: no tickets where the credit that is left
    /// covers what the work is reckoned to cost. Nonces are stored before they leave.
    pub(super) fn pay(
        &mut self,
        t: &mut Turn<'_>,
        session: &Session,
        purpose: Purpose,
        estimate: Value,
        signer: &dyn TicketSigner,
    ) -> Result<Payment, PayError> {
        self.pay_into(t, key(session), session, purpose, estimate, signer)
    }

    /// [`Self::pay`] into an account of its own.
    pub(super) fn pay_into(
        &mut self,
        t: &mut Turn<'_>,
        key: Key,
        session: &Session,
        purpose: Purpose,
        estimate: Value,
        signer: &dyn TicketSigner,
    ) -> Result<Payment, PayError> {
        let price = &session.info.price;
        let expected = PriceInfo::of(price).ok_or_else(|| PayError::PriceRange(Box::new(price.clone())))?;
        let mut payment = Payment { sender: signer.address(), expected_price: Some(expected), ..Payment::default() };
        // A session in use must outlive the next clean-up: with it would go the nonces it has used.
        self.balances.credit(key, &Value::zero(), t.now);
        let staged = match &session.info.ticket_params {
            None => self.balances.stage(key, &Value::zero(), &Value::zero()),
            Some(params) => self.sign(t, key, params, estimate, signer, &mut payment)?,
        };
        let Staged { existing, new_credit, .. } = staged;
        // Work is paid to one orchestrator at a time: an older payment for it brought nothing.
        self.lose(purpose);
        self.sent.insert(purpose, Sent { key, existing, new_credit, price: price.clone() });
        Ok(payment)
    }

    fn sign(
        &mut self,
        t: &mut Turn<'_>,
        key: Key,
        params: &TicketParams,
        estimate: Value,
        signer: &dyn TicketSigner,
        payment: &mut Payment,
    ) -> Result<Staged, PayError> {
        let id = self.session(key, params);
        let ev = params.value();
        let staged = self.balances.stage(key, &estimate.max(ev.clone()), &ev);
        if staged.tickets == 0 {
            return Ok(staged);
        }
        match self.sender.batch(&id, staged.tickets, &self.view, signer) {
            Ok(batch) => {
                if let Some(last) = batch.tickets.last() {
                    let used = UsedNonce { nonce: last.nonce, expires: params.expiration_block };
                    self.used.insert(id, used);
                    t.out.push(Effect::Persist(used.record(&id)));
                }
                payment.ticket_params = Some(TicketParams { expiration_params: Default::default(), ..batch.params });
                payment.expiration_params = Some(batch.expiration);
                payment.tickets = batch.tickets;
                Ok(staged)
            }
            Err(e) => {
                self.balances.credit(key, &staged.existing, t.now);
                Err(e.into())
            }
        }
    }

    /// The ticket session of parameters. Each answer of an orchestrator brings new ones.
    fn session(&mut self, key: Key, params: &TicketParams) -> B256 {
        let id = params.recipient_rand_hash;
        if !self.sender.has(&id) {
            let nonce = self.used.get(&id).map_or(0, |used| used.nonce);
            self.sender.start_after(params.clone(), nonce);
        }
        if let Some(old) = self.open.insert(key, id).filter(|old| *old != id) {
            self.sender.end(&old);
        }
        id
    }

    /// Work came back: the credit is what was there and what was sent, less the fee. Returns the fee.
    pub(super) fn settle(&mut self, now: Instant, purpose: Purpose, units: Pixels) -> Value {
        let Some(sent) = self.sent.remove(&purpose) else { return Value::zero() };
        let (key, fee) = (sent.key, Value::fee(&sent.price, units));
        let mut change = sent.credit();
        change -= &fee;
        self.balances.credit(key, &change, now);
        fee
    }

    /// What was sent for work is credit of another account, such as that of a live session which has begun.
    pub(super) fn move_to(&mut self, now: Instant, purpose: Purpose, account: u64) -> Option<Key> {
        let sent = self.sent.remove(&purpose)?;
        let key = (sent.key.0, account);
        self.balances.credit(key, &sent.credit(), now);
        Some(key)
    }

    /// Takes a fee for work that is paid by time.
    pub(super) fn debit(&mut self, now: Instant, key: Key, fee: &Value) {
        self.balances.debit(key, fee, now);
    }

    /// Whether an account has less than so much.
    pub(super) fn is_below(&self, key: Key, amount: &Value) -> bool {
        self.balances.get(key).is_none_or(|balance| balance < amount)
    }

    /// Work did not come back: what was sent for it is lost.
    pub(super) fn lose(&mut self, purpose: Purpose) {
        let Some(sent) = self.sent.remove(&purpose) else { return };
        *self.lost.entry(sent.key).or_default() += &sent.credit();
    }

    /// Nothing is known of a payment, but the credit that was there before is there still.
    pub(super) fn lose_new(&mut self, now: Instant, purpose: Purpose) {
        let Some(sent) = self.sent.remove(&purpose) else { return };
        self.balances.credit(sent.key, &sent.existing, now);
        *self.lost.entry(sent.key).or_default() += &sent.new_credit;
    }

    /// The book of a session.
    pub(super) fn book(&self, key: Key) -> Book {
        let mut in_flight = Value::zero();
        for sent in self.sent.values().filter(|s| s.key == key) {
            in_flight += &sent.existing;
            in_flight += &sent.new_credit;
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

/// Who is paid in a session.
pub(super) fn recipient(session: &Session) -> Address {
    session.info.ticket_params.as_ref().map_or(session.info.address, |p| p.recipient)
}

fn key(session: &Session) -> Key {
    (recipient(session), session.info.auth.session_id)
}
