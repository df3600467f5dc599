//! Stand-ins.

use weir_market::selection::{Draw, Offer};
use weir_types::{Address, Entropy, Price};

/// A draw that says what it is told.
pub(crate) struct Scripted(pub(crate) f64);

impl Draw for Scripted {
    fn unit(&mut self) -> f64 {
        self.0
    }
    fn below(&mut self, n: u64) -> u64 {
        ((self.0 * n as f64) as u64).min(n.saturating_sub(1))
    }
}

/// Draws from a seed.
pub(crate) struct Draws(pub(crate) Entropy);

impl Draw for Draws {
    fn unit(&mut self) -> f64 {
        self.0.unit()
    }
    fn below(&mut self, n: u64) -> u64 {
        self.0.below(n)
    }
}

/// An offer with everything settable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stub {
    pub(crate) uri: String,
    pub(crate) recipient: Option<Address>,
    pub(crate) price: Option<Price>,
    pub(crate) stake: u64,
    pub(crate) score: Option<f64>,
    pub(crate) latency: u64,
    pub(crate) success: Option<f64>,
}

impl Stub {
    pub(crate) fn new(i: u8) -> Self {
        Self {
            uri: format!("https://o{i}:8935"),
            recipient: Some(Address::repeat_byte(i)),
            price: Price::new(100, 1),
            stake: 1,
            score: None,
            latency: 0,
            success: None,
        }
    }

    pub(crate) fn answered(mut self, after: u64) -> Self {
        self.latency = after;
        self
    }

    pub(crate) fn priced(mut self, per_unit: u64) -> Self {
        self.price = Price::new(per_unit, 1);
        self
    }
}

impl Offer for Stub {
    fn uri(&self) -> &str {
        &self.uri
    }
    fn recipient(&self) -> Option<Address> {
        self.recipient
    }
    fn price(&self) -> Option<&Price> {
        self.price.as_ref()
    }
    fn stake(&self) -> u64 {
        self.stake
    }
    fn performance(&self) -> Option<f64> {
        self.score
    }
    fn first_latency(&self) -> u64 {
        self.latency
    }
    fn success_rate(&self) -> Option<f64> {
        self.success
    }
}
