//! A whole payment as an orchestrator takes it.

use thiserror::Error;
use weir_types::{Address, Instant, L1Block, Price, Round};

use crate::balance::{Balances, Key};
use crate::recipient::{Recipient, TicketError};
use crate::{Payment, PriceError, TicketParams, TicketVerifier, Value, WinningTicket};

/// Why a payment is refused, in the words that other nodes know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PaymentError {
    /// Tickets of nobody.
    #[error("Could not find Sender for payment")]
    NoSender,
    /// Tickets without round and hash.
    #[error("payment lacks expiration params")]
    NoExpiration,
    /// The recipient is not in the active set of the round.
    #[error("orchestrator {recipient} is inactive in round {round}, cannot process payments")]
    Inactive {
        /// The recipient.
        recipient: Address,
        /// The round.
        round: u64,
    },
    /// The price makes no sense.
    #[error("invalid expected price sent with payment err=\"{0}\"")]
    Price(#[from] PriceError),
    /// The sender may withdraw before its tickets are redeemed.
    #[error("deposit and reserve for sender {sender} is set to unlock soon")]
    Unlocking {
        /// The sender.
        sender: Address,
    },
    /// A ticket is not good.
    #[error(transparent)]
    Ticket(#[from] TicketError),
}

/// The chain as far as a payment depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentView {
    /// L1 block.
    pub l1: L1Block,
    /// Round initialised last.
    pub round: Round,
    /// Whether the recipient is in its active set.
    pub active: bool,
    /// Round in which the sender may withdraw; 0 when no unlock is under way.
    pub withdraw_round: Round,
}

impl PaymentView {
    /// True when the sender may withdraw in the next round or sooner.
    #[must_use]
    pub const fn unlocking(&self) -> bool {
        self.withdraw_round.0 != 0 && self.withdraw_round.0 <= self.round.0.saturating_add(1)
    }
}

/// What a payment brought.
#[derive(Debug, Clone, Default)]
pub struct Processed {
    /// Credited to the session.
    pub credited: Value,
    /// Winning tickets, to be redeemed whatever became of the payment.
    pub winners: Vec<WinningTicket>,
    /// Why the payment, or part of it, is refused.
    pub error: Option<PaymentError>,
}

impl Processed {
    fn refused(e: PaymentError) -> Self {
        Self { error: Some(e), ..Self::default() }
    }
}

/// Take a payment for a session.
///
/// The session's price is fixed by the first payment that brings a good ticket. Tickets before one that is not good stay
/// credited; a winning ticket is returned though its nonce or its time speak against credit.
pub fn process(
    payment: &Payment,
    session: u64,
    recipient: &mut Recipient,
    balances: &mut Balances,
    view: &PaymentView,
    verifier: &dyn TicketVerifier,
    now: Instant,
) -> Processed {
    let key: Key = (payment.sender, session);
    let Some(params) = &payment.ticket_params else { return Processed::default() };
    if payment.sender.is_zero() {
        return Processed::refused(PaymentError::NoSender);
    }
    let Some(expiration) = payment.expiration_params else { return Processed::refused(PaymentError::NoExpiration) };
    if !view.active {
        return Processed::refused(PaymentError::Inactive { recipient: recipient.address(), round: view.round.0 });
    }
    let price: Price = match payment.price_like(balances.fixed_price(key)) {
        Ok(p) => p,
        Err(e) => return Processed::refused(e.into()),
    };
    if view.unlocking() {
        return Processed::refused(PaymentError::Unlocking { sender: payment.sender });
    }
    let mut out = Processed::default();
    let issued = TicketParams { recipient: recipient.address(), expiration_params: expiration, ..params.clone() };
    let rand = recipient.issued(payment.sender, &issued, &price);
    let mut good = 0;
    for t in &payment.tickets {
        let ticket = params.ticket(payment.sender, t.nonce, expiration);
        let received = recipient.receive_under(&ticket, &t.sig, &rand, view.l1, verifier);
        if received.won {
            out.winners.push(WinningTicket { ticket, sig: t.sig, recipient_rand: received.recipient_rand });
        }
        match received.error {
            Some(e) if e.is_fatal() => {
                out.error = Some(e.into());
                break;
            }
            Some(e) => out.error = Some(e.into()),
            None if out.error.is_none() => good += 1,
            None => {}
        }
    }
    if good > 0 {
        // Tickets bind the price that they were quoted with; until one is good it is only the sender's word.
        balances.fix_price(key, &price, now);
    }
    // All tickets of a payment are worth the same.
    out.credited = params.value().times(good);
    balances.credit(key, &out.credited, now);
    out
}
