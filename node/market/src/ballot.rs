//! A draw among many, prepared so that it costs little: what depends on an offer alone is reckoned once.

use weir_types::Address;

use crate::selection::{Draw, Offer, Probability};

/// One recipient in the draw.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    recipient: Address,
    /// Place of the recipient's first offer.
    place: usize,
    /// What the price weighs; none without a price.
    price: Option<f64>,
    /// Whether the price is within the limit.
    within: bool,
    stake: f64,
    performance: f64,
}

/// Offers of a pool, ready to be drawn from: one entry for each recipient, in the order of addresses, so that the
/// order of the offers means nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ballot {
    entries: Vec<Entry>,
    min_performance: f64,
    limited: bool,
    ignore_max_price: bool,
    weights: (f64, f64, f64),
}

/// Which offers take part.
#[derive(Clone, Copy)]
struct Admitted {
    performance: bool,
    price: bool,
}

impl Ballot {
    /// A ballot of the offers under a rule. A recipient with several offers has one share, for its first one.
    pub fn new<O: Offer>(rule: &Probability, offers: &[O]) -> Self {
        let mut ballot = Self::default();
        ballot.prepare(rule, offers);
        ballot
    }

    /// The same, in the memory of an earlier one.
    pub fn prepare<O: Offer>(&mut self, rule: &Probability, offers: &[O]) {
        let (stake, price, rand) = rule.weights.parts();
        self.weights = (stake, price, rand);
        self.min_performance = rule.min_performance;
        self.limited = rule.max_price.is_some();
        self.ignore_max_price = rule.ignore_max_price;
        self.entries.clear();
        let entry = |(place, o): (usize, &O)| {
            let within = o.price().is_some_and(|p| rule.max_price.as_ref().is_none_or(|max| p <= max));
            Some(Entry {
                recipient: o.recipient()?,
                place,
                price: o.price().map(|p| rule.price_weight(p)),
                within,
                stake: o.stake() as f64,
                performance: o.performance().unwrap_or(0.0),
            })
        };
        self.entries.extend(offers.iter().enumerate().filter_map(entry));
        self.entries.sort_unstable_by_key(|e| (e.recipient, e.place));
        self.entries.dedup_by_key(|e| e.recipient);
    }

    /// How many recipients take part.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes an offer out.
    pub fn remove(&mut self, place: usize) {
        self.entries.retain(|e| e.place != place);
    }

    /// Draws one; the place of its offer, or none when nobody may take part. Allocates nothing.
    pub fn draw(&self, draw: &mut impl Draw) -> Option<usize> {
        let admitted = self.admitted();
        let taking_part = || self.entries.iter().filter(move |e| self.takes_part(e, admitted));
        let (mut price_sum, mut stake_sum, mut count) = (0.0, 0.0, 0.0);
        for e in taking_part() {
            price_sum += e.price.unwrap_or(0.0);
            stake_sum += e.stake;
            count += 1.0;
        }
        if count == 0.0 {
            return None;
        }
        let (stake, price, rand) = self.weights;
        let share = |v: f64, sum: f64| if sum == 0.0 { 1.0 } else { v / sum };
        let r = draw.unit();
        let mut sum = 0.0;
        for e in taking_part() {
            sum += price * share(e.price.unwrap_or(0.0), price_sum) + stake * share(e.stake, stake_sum) + rand / count;
            if r <= sum {
                return Some(e.place);
            }
        }
        taking_part().next().map(|e| e.place)
    }

    /// A performance that nobody reaches is ignored; so is a price that nobody keeps to, where the rule says so or
    /// nobody named any.
    fn admitted(&self) -> Admitted {
        let performance =
            self.min_performance > 0.0 && self.entries.iter().any(|e| e.performance >= self.min_performance);
        let reaches = |e: &&Entry| !performance || e.performance >= self.min_performance;
        let named = self.entries.iter().any(|e| e.price.is_some());
        let kept = || self.entries.iter().filter(reaches).any(|e| e.within);
        let price = self.limited && named && (!self.ignore_max_price || kept());
        Admitted { performance, price }
    }

    fn takes_part(&self, e: &Entry, admitted: Admitted) -> bool {
        let reaches = !admitted.performance || e.performance >= self.min_performance;
        // One without a price is never drawn.
        reaches && e.price.is_some() && (!admitted.price || e.within)
    }
}
