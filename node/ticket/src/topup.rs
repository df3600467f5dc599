//! Payments that lift a balance which the other side keeps.

use weir_types::{Credit, Instant, decimal};
use weir_wire::byoc;

use crate::Value;
use crate::balance::{Balances, Key};
use crate::recipient::MAX_NONCES;

/// A balance that was set to what the other side says.
#[derive(Debug, Clone, PartialEq)]
pub struct Adopted {
    /// By how much it changed.
    pub difference: Value,
    /// Nothing has to be paid: it is enough as it is.
    pub covered: bool,
    /// The other side knows of no balance.
    pub reset: bool,
}

impl Balances {
    /// Sets a balance to what the other side says it is, and says whether that is enough.
    pub fn adopt(&mut self, key: Key, theirs: &Value, enough: &Value, now: Instant) -> Adopted {
        let mut difference = theirs.clone();
        difference -= &self.get(key).cloned().unwrap_or_default();
        self.credit(key, &difference, now);
        Adopted { difference, covered: theirs >= enough, reset: theirs.is_zero() }
    }
}

/// Tickets of an expected value that cover a cost, and not more than a recipient takes with one set of parameters.
#[must_use]
pub fn tickets(cost: &Value, ev: &Value) -> u64 {
    cost.div_ceil(ev).min(MAX_NONCES as u64)
}

/// The balance in a line of an answer; none at all where it holds no number.
#[must_use]
pub fn balance_of_line(line: &str) -> Credit {
    decimal::ratio(&byoc::balance_text(line)).map_or_else(Credit::zero, Credit)
}
