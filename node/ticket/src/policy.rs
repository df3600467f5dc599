//! One policy for all that belongs together: what a ticket is worth, how often is paid, how far ahead, and what
//! deposit and reserve that takes.
//!
//! A ticket worth many minutes of work makes payments rare, so that a small buffer runs out between two of them; one
//! worth a fraction of a segment makes thousands of signatures. [`EvPolicy::plan`] works out what follows from an
//! expected value, and names everything that does not fit before a node starts.

use std::fmt;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use thiserror::Error;
use weir_types::amount::{big, unsigned};
use weir_types::{Credit, Millis, Price, Wei};

use crate::recipient::{MAX_NONCES, PARAMS_VALIDITY, Recipient, RecipientConfig};
use crate::sender::SenderConfig;

/// Seconds of an L1 block.
const L1_BLOCK: u64 = 12;

/// What an operator decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvPolicy {
    /// What the orchestrator asks of tickets.
    pub tickets: RecipientConfig,
    /// Limits of the gateways that are to be served.
    pub sender: SenderConfig,
    /// Price of a unit of work.
    pub price: Price,
    /// Units of work in a second of a session.
    pub units_per_second: u64,
    /// Time between two payments: a segment's length, or the interval of a live session.
    pub interval: Millis,
    /// Work that a live session is paid ahead, under parameters that it keeps while they hold. Nothing where every
    /// segment brings its own payment and its answer the parameters of the next: such a session runs out of credit
    /// between no two payments.
    pub buffer: Option<Millis>,
    /// Gas price to reckon with.
    pub gas_price: Wei,
    /// Size of the orchestrator pool, which shares a sender's reserve.
    pub pool_size: u64,
}

/// What follows from a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Cost of a redemption.
    pub redemption: Wei,
    /// What a winner is worth.
    pub face_value: Wei,
    /// Tickets per winner, on average.
    pub tickets_per_winner: u64,
    /// What a second of work costs.
    pub per_second: Credit,
    /// Time of work that a ticket pays for; nothing where work is free.
    pub ticket_pays: Millis,
    /// Tickets of a payment, at most.
    pub tickets_per_payment: u64,
    /// Deposit that a gateway needs.
    pub deposit: Wei,
    /// Reserve that a gateway needs, for one claimant's share to cover a winner.
    pub reserve: Wei,
}

/// What does not fit in a policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Tickets of no worth for work that costs money.
    #[error("tickets are worth nothing: set an expected value")]
    NoValue,
    /// No gateway with such limits signs tickets of this size. A ticket is worth a trifle more than was asked for,
    /// since its probability is rounded up, so that an equal limit refuses as well.
    #[error("a ticket is worth {ev}, and gateways sign below {max}: lower the expected value")]
    AboveSender {
        /// Expected value.
        ev: Wei,
        /// Limit of gateways.
        max: Wei,
    },
    /// A payment is worth more than gateways send at once.
    #[error("an interval of {interval} takes tickets worth {total}, and gateways send {max} at most: shorten it")]
    AbovePayment {
        /// Interval.
        interval: Seconds,
        /// Expected value of its payment.
        total: Wei,
        /// Limit of gateways.
        max: Wei,
    },
    /// A ticket that always wins, or that is not worth its redemption.
    #[error("a winner is worth {face_value}, its redemption costs {redemption}: raise the highest face value")]
    NotWorthRedeeming {
        /// Face value.
        face_value: Wei,
        /// Cost of a redemption.
        redemption: Wei,
    },
    /// Sessions run out of credit between payments.
    #[error(
        "a ticket pays for {ticket} of work, a payment comes every {interval}, and {buffer} are paid ahead: \
         a session would stop in between; the buffer must be longer than both together"
    )]
    Buffer {
        /// Work that a ticket pays for.
        ticket: Seconds,
        /// Interval.
        interval: Seconds,
        /// Buffer.
        buffer: Seconds,
    },
    /// Parameters take fewer tickets than are sent while they hold.
    #[error("{tickets} tickets are sent while parameters hold, and they take {max}: raise the expected value")]
    Nonces {
        /// Tickets.
        tickets: u64,
        /// The limit.
        max: usize,
    },
}

/// A time in seconds, as people read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub Millis);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0.0 / 1_000, self.0.0 % 1_000)
    }
}

impl EvPolicy {
    /// What follows from the policy.
    ///
    /// # Errors
    /// All that does not fit.
    pub fn plan(&self) -> Result<Plan, Vec<PolicyError>> {
        let plan = self.reckon();
        let errors = self.check(&plan);
        if errors.is_empty() { Ok(plan) } else { Err(errors) }
    }

    fn reckon(&self) -> Plan {
        let c = &self.tickets;
        let redemption = Wei(unsigned(&(big(self.gas_price.0) * BigInt::from(c.redeem_gas))));
        let recipient = Recipient::new(weir_types::Address::ZERO, [0; 32], c.clone());
        let face_value = recipient.face_value(Wei(weir_types::U256::MAX), self.gas_price).unwrap_or(Wei::ZERO);
        let (ev, value) = (big(c.ev.0), big(face_value.0));
        let per_second = self.price.ratio() * BigRational::from_integer(BigInt::from(self.units_per_second));
        let ticket_pays = if per_second.is_positive() {
            let ms = BigRational::from_integer(&ev * 1_000) / &per_second;
            Millis(ms.floor().to_integer().to_u64().unwrap_or(u64::MAX))
        } else {
            Millis(0)
        };
        let fee = &per_second * BigRational::new(BigInt::from(self.interval.0), BigInt::from(1_000));
        let most = fee.max(BigRational::from_integer(ev.clone()));
        let tickets_per_payment = if ev.is_zero() {
            0
        } else {
            (most / BigRational::from_integer(ev.clone())).ceil().to_integer().to_u64().unwrap_or(u64::MAX)
        };
        let tickets_per_winner = if ev.is_zero() { 0 } else { (&value / &ev).to_u64().unwrap_or(u64::MAX) };
        Plan {
            redemption,
            face_value,
            tickets_per_winner,
            per_second: Credit(per_second),
            ticket_pays,
            tickets_per_payment,
            deposit: Wei(unsigned(&(&value * BigInt::from(self.sender.deposit_multiplier)))),
            reserve: Wei(unsigned(&(&value * BigInt::from(self.pool_size)))),
        }
    }

    fn check(&self, plan: &Plan) -> Vec<PolicyError> {
        let mut errors = Vec::new();
        if self.price.is_free() {
            return errors;
        }
        let ev = self.tickets.ev;
        if ev.is_zero() {
            return vec![PolicyError::NoValue];
        }
        let max = self.sender.max_ticket_ev.floor_wei();
        if ev >= max {
            errors.push(PolicyError::AboveSender { ev, max });
        }
        let total = Wei(unsigned(&(big(ev.0) * BigInt::from(plan.tickets_per_payment))));
        let max = self.sender.max_total_ev.floor_wei();
        let interval = Seconds(self.interval);
        if total >= max {
            errors.push(PolicyError::AbovePayment { interval, total, max });
        }
        if plan.face_value <= plan.redemption || plan.face_value <= ev {
            let (face_value, redemption) = (plan.face_value, plan.redemption);
            errors.push(PolicyError::NotWorthRedeeming { face_value, redemption });
        }
        let needed = plan.ticket_pays.0.saturating_add(self.interval.0);
        if let Some(buffer) = self.buffer.filter(|b| b.0 < needed) {
            let (ticket, buffer) = (Seconds(plan.ticket_pays), Seconds(buffer));
            errors.push(PolicyError::Buffer { ticket, interval, buffer });
        }
        let payments = match self.buffer {
            Some(_) => (PARAMS_VALIDITY * L1_BLOCK * 1_000).div_ceil(self.interval.0.max(1)),
            None => 1,
        };
        let tickets = payments.saturating_mul(plan.tickets_per_payment);
        if tickets > MAX_NONCES as u64 {
            errors.push(PolicyError::Nonces { tickets, max: MAX_NONCES });
        }
        errors
    }
}
