//! A gateway's side of tickets: what it accepts, and the batches it signs.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use thiserror::Error;
use weir_types::amount::big;
use weir_types::{B256, Credit, L1Block, Round, U256, Wei, WinProb};

use crate::{ExpirationParams, SenderParams, TicketParams, TicketSigner, Value};

/// L1 blocks before the end of parameters from which they count as expired.
pub const EXPIRY_BUFFER: u64 = 1;

/// Limits of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderConfig {
    /// Highest expected value of a ticket.
    pub max_ticket_ev: Credit,
    /// Highest expected value of the tickets of one payment.
    pub max_total_ev: Credit,
    /// Deposit over highest face value.
    pub deposit_multiplier: u64,
}

impl Default for SenderConfig {
    fn default() -> Self {
        Self {
            max_ticket_ev: Wei::new(3_000_000_000_000).into(),
            max_total_ev: Wei::new(20_000_000_000_000).into(),
            deposit_multiplier: 1,
        }
    }
}

/// The chain and the gateway's own money, as last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SenderView {
    /// L1 block.
    pub l1: L1Block,
    /// Round initialised last.
    pub round: Round,
    /// Its block hash; zero where the chain kept none.
    pub round_hash: B256,
    /// Hash of the round before.
    pub previous_hash: B256,
    /// Deposit.
    pub deposit: Wei,
    /// What is left of the reserve.
    pub reserve: Wei,
    /// Round in which the gateway may withdraw; 0 when no unlock is under way.
    pub withdraw_round: Round,
}

/// Why a gateway does not send tickets.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SenderError {
    /// No parameters.
    #[error("ticketParams is nil")]
    NoParams,
    /// Parameters without an end.
    #[error("ticketParams expiration block is 0")]
    NoExpirationBlock,
    /// Parameters that hold no longer: fresh ones will do.
    #[error("TicketParams expired")]
    Expired,
    /// A ticket worth its face value, or more.
    #[error("ticket faceValue too low faceValue={0}")]
    FaceValueTooLow(U256),
    /// A ticket worth too much.
    #[error("ticket EV {ev} > max ticket EV {max}")]
    TicketEv {
        /// Its expected value.
        ev: String,
        /// The limit.
        max: String,
    },
    /// Own money is about to leave.
    #[error("unable to validate sender: deposit and reserve is set to unlock soon")]
    Unlocking,
    /// No own reserve.
    #[error("no sender reserve")]
    NoReserve,
    /// No own deposit.
    #[error("no sender deposit")]
    NoDeposit,
    /// Too many tickets at once.
    #[error("total ticket EV {total} for {tickets} tickets > max total ticket EV {max}")]
    TotalEv {
        /// Their expected value.
        total: String,
        /// How many.
        tickets: u64,
        /// The limit.
        max: String,
    },
    /// A face value that the deposit does not cover.
    #[error("ticket faceValue {face_value} > max faceValue {max}")]
    FaceValueTooHigh {
        /// Face value.
        face_value: U256,
        /// The limit.
        max: U256,
    },
    /// No session of this id.
    #[error("error loading session: {0}")]
    UnknownSession(B256),
    /// A session whose nonces are used up: fresh parameters start new ones.
    #[error("cannot create ticket batch: {tickets} tickets after nonce {nonce} are more than a session has")]
    NoncesUsedUp {
        /// The last nonce that was used.
        nonce: u32,
        /// Tickets asked for.
        tickets: u64,
    },
}

impl SenderError {
    /// True where the gateway's own money is the reason, and no other orchestrator would help.
    #[must_use]
    pub const fn is_senders_own(&self) -> bool {
        matches!(self, Self::Unlocking | Self::NoReserve | Self::NoDeposit)
    }
}

/// Tickets of one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Parameters of all of them.
    pub params: TicketParams,
    /// Round and hash in them.
    pub expiration: ExpirationParams,
    /// Nonce and signature of each.
    pub tickets: Vec<SenderParams>,
}

#[derive(Debug, Clone)]
struct Session {
    params: TicketParams,
    nonce: u32,
}

/// Sessions of a gateway, by hash of the recipient's number.
#[derive(Debug, Clone)]
pub struct Sender {
    config: SenderConfig,
    /// The limits of the configuration, ready to be compared with.
    max_ticket_ev: Value,
    max_total_ev: Value,
    sessions: BTreeMap<B256, Session>,
}

impl Sender {
    /// A sender without sessions.
    #[must_use]
    pub fn new(config: SenderConfig) -> Self {
        let (max_ticket_ev, max_total_ev) = (Value::from(&config.max_ticket_ev), Value::from(&config.max_total_ev));
        Self { config, max_ticket_ev, max_total_ev, sessions: BTreeMap::new() }
    }

    /// Whether a batch of tickets under these parameters may be sent.
    ///
    /// # Errors
    /// [`SenderError`] names the first rule that speaks against it.
    pub fn validate(&self, params: Option<&TicketParams>, tickets: u64, view: &SenderView) -> Result<(), SenderError> {
        let p = params.ok_or(SenderError::NoParams)?;
        if p.expiration_block.0 == 0 {
            return Err(SenderError::NoExpirationBlock);
        }
        if p.expiration_block.0 <= view.l1.0.saturating_add(EXPIRY_BUFFER) {
            return Err(SenderError::Expired);
        }
        let ev = p.value();
        if !ev.is_positive() {
            return Ok(());
        }
        // Only a ticket that always wins is worth its face value.
        if p.win_prob == WinProb::ONE {
            return Err(SenderError::FaceValueTooLow(p.face_value.0));
        }
        if ev > self.max_ticket_ev {
            let (ev, max) = (decimal(&ev.credit()), decimal(&self.config.max_ticket_ev));
            return Err(SenderError::TicketEv { ev, max });
        }
        own_money(view)?;
        let total = ev.times(tickets);
        if total > self.max_total_ev {
            let (total, max) = (decimal(&total.credit()), decimal(&self.config.max_total_ev));
            return Err(SenderError::TotalEv { total, tickets, max });
        }
        let max = view.deposit.0.checked_div(U256::from(self.config.deposit_multiplier)).unwrap_or_default();
        if p.face_value.0 > max {
            return Err(SenderError::FaceValueTooHigh { face_value: p.face_value.0, max });
        }
        Ok(())
    }

    /// Start a session; the same parameters again start its nonces anew.
    pub fn start(&mut self, params: TicketParams) -> B256 {
        self.start_after(params, 0)
    }

    /// Start a session of which tickets up to a nonce were sent before.
    pub fn start_after(&mut self, params: TicketParams, nonce: u32) -> B256 {
        let id = params.recipient_rand_hash;
        self.sessions.insert(id, Session { params, nonce });
        id
    }

    /// True where the session is open.
    #[must_use]
    pub fn has(&self, id: &B256) -> bool {
        self.sessions.contains_key(id)
    }

    /// Expected value of a session's tickets.
    #[must_use]
    pub fn ev(&self, id: &B256) -> Option<Value> {
        self.sessions.get(id).map(|s| s.params.value())
    }

    /// Sign a batch of tickets of a session. Nonces are used up even where the batch is not sent.
    ///
    /// # Errors
    /// [`SenderError`] when there is no such session, the batch may not be sent, or its nonces would
    /// not be new.
    pub fn batch(
        &mut self,
        id: &B256,
        tickets: u64,
        view: &SenderView,
        signer: &dyn TicketSigner,
    ) -> Result<Batch, SenderError> {
        let session = self.sessions.get(id).ok_or(SenderError::UnknownSession(*id))?;
        self.validate(Some(&session.params), tickets, view)?;
        let nonce = session.nonce;
        let last = u32::try_from(tickets).ok().and_then(|n| nonce.checked_add(n));
        let last = last.ok_or(SenderError::NoncesUsedUp { nonce, tickets })?;
        let session = self.sessions.get_mut(id).ok_or(SenderError::UnknownSession(*id))?;
        let mut expiration = session.params.expiration_params;
        if expiration.is_incomplete() {
            expiration = ExpirationParams::of(view.round, view.round_hash, view.previous_hash);
        }
        let mut out = Vec::new();
        while session.nonce < last {
            session.nonce += 1;
            let ticket = session.params.ticket(signer.address(), session.nonce, expiration);
            out.push(SenderParams { nonce: session.nonce, sig: ticket.sign(signer) });
        }
        Ok(Batch { params: session.params.clone(), expiration, tickets: out })
    }

    /// End a session.
    pub fn end(&mut self, id: &B256) {
        self.sessions.remove(id);
    }

    /// Open sessions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// True without sessions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}

/// Whether a gateway's own money lets it pay anybody.
///
/// # Errors
/// [`SenderError`] says what is amiss with it.
pub fn own_money(view: &SenderView) -> Result<(), SenderError> {
    let round = view.withdraw_round.0;
    if round != 0 && round <= view.round.0.saturating_add(1) {
        return Err(SenderError::Unlocking);
    }
    if view.reserve.is_zero() {
        return Err(SenderError::NoReserve);
    }
    if view.deposit.is_zero() {
        return Err(SenderError::NoDeposit);
    }
    Ok(())
}

fn decimal(c: &Credit) -> String {
    weir_types::decimal::rounded(&c.0, 5)
}

/// Fee that a gateway reckons for a segment before it is done: pixels at full frame rate and whole
/// seconds, with two per cent on top. A profile that keeps the source's rate counts as 60 frames, for
/// its denominator as for any other rate.
#[must_use]
pub fn fee_estimate(
    profiles: &[weir_types::Profile],
    duration: weir_types::Millis,
    price: &weir_types::Price,
) -> Value {
    let seconds = duration.0.div_ceil(1000);
    let mut pixels = U256::ZERO;
    for p in profiles {
        let frames = if p.fps == 0 { 60 } else { u64::from(p.fps) };
        let fps = frames.div_ceil(u64::from(p.fps_den.max(1)));
        let frame = U256::from(p.width) * U256::from(p.height);
        pixels = pixels.saturating_add(frame.saturating_mul(U256::from(fps)).saturating_mul(U256::from(seconds)));
    }
    // 1.02 as a 64-bit float has it: so many parts of 2^51.
    const PARTS: u64 = 2_296_835_809_958_953;
    match u128::try_from(pixels).ok().and_then(|pixels| pixels.checked_mul(PARTS.into())) {
        Some(num) => {
            // Fewer twos below the line make sums with other fees shorter.
            let twos = num.trailing_zeros().min(51);
            Value::priced(price, num >> twos, 1 << (51 - twos))
        }
        None => {
            let num = big(pixels) * BigInt::from(PARTS) * price.ratio().numer();
            Value::of(num, price.ratio().denom() * BigInt::from(1_u64 << 51))
        }
    }
}
