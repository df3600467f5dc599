//! Credit of sessions: what was paid ahead and is not used up.

use std::collections::BTreeMap;

use weir_types::{Address, Credit, Instant, Millis, Price};

use crate::Value;

/// Time without a change after which a balance is forgotten.
pub const BALANCE_LIFE: Millis = Millis::from_secs(600);

/// Peer and session.
pub type Key = (Address, u64);

#[derive(Debug, Clone, Default)]
struct Entry {
    amount: Value,
    changed: Instant,
    fixed_price: Option<Price>,
}

/// Balances by peer and session. They may go below zero: work is debited after it is done.
#[derive(Debug, Clone, Default)]
pub struct Balances {
    entries: BTreeMap<Key, Entry>,
}

/// A payment in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// Tickets to send.
    pub tickets: u64,
    /// Their expected value.
    pub new_credit: Value,
    /// Credit that was there before.
    pub existing: Value,
}

impl Balances {
    /// No balances.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn entry(&mut self, key: Key, now: Instant) -> &mut Entry {
        let e = self.entries.entry(key).or_default();
        e.changed = now;
        e
    }

    /// The balance; `None` where nothing is known of the session.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Value> {
        self.entries.get(&key).map(|e| &e.amount)
    }

    /// The balance, zero where nothing is known.
    #[must_use]
    pub fn amount(&self, key: Key) -> Credit {
        self.get(key).map_or_else(Credit::zero, Value::credit)
    }

    /// Add to a balance.
    pub fn credit(&mut self, key: Key, amount: &Value, now: Instant) {
        self.entry(key, now).amount += amount;
    }

    /// Take from a balance.
    pub fn debit(&mut self, key: Key, amount: &Value, now: Instant) {
        self.entry(key, now).amount -= amount;
    }

    /// Take all of a balance out; it stays at zero.
    pub fn reserve(&mut self, key: Key) -> Value {
        self.entries.entry(key).or_default();
        self.entries.get_mut(&key).map(|e| std::mem::take(&mut e.amount)).unwrap_or_default()
    }

    /// Fix the session's price, unless it is fixed.
    pub fn fix_price(&mut self, key: Key, price: &Price, now: Instant) {
        let e = self.entry(key, now);
        if e.fixed_price.is_none() {
            e.fixed_price = Some(price.clone());
        }
    }

    /// The session's fixed price.
    #[must_use]
    pub fn fixed_price(&self, key: Key) -> Option<&Price> {
        self.entries.get(&key)?.fixed_price.as_ref()
    }

    /// Take the balance out and say how many tickets of an expected value lift it to `min_credit`.
    ///
    /// Tickets without value lift nothing: none is asked for then.
    pub fn stage(&mut self, key: Key, min_credit: &Value, ev: &Value) -> Staged {
        let existing = self.reserve(key);
        if existing >= *min_credit || !ev.is_positive() {
            return Staged { tickets: 0, new_credit: Value::zero(), existing };
        }
        let mut gap = min_credit.clone();
        gap -= &existing;
        let tickets = gap.div_ceil(ev);
        Staged { tickets, new_credit: ev.times(tickets), existing }
    }

    /// Forget what has not changed for [`BALANCE_LIFE`].
    pub fn clean_up(&mut self, now: Instant) {
        self.entries.retain(|_, e| e.changed + BALANCE_LIFE > now);
    }

    /// Balances at present.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True without balances.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
