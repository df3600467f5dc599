//! Case files and stand-ins.

use num_rational::BigRational;
use serde_json::Value;
use weir_market::selection::{Draw, Offer};
use weir_types::{Address, Price};

/// The case files, by name.
pub(crate) fn data(name: &str) -> Value {
    let text = match name {
        "fixed_point" => include_str!("../data/fixed_point.json"),
        "price_info" => include_str!("../data/price_info.json"),
        "price_options" => include_str!("../data/price_options.json"),
        "selection" => include_str!("../data/selection.json"),
        other => panic!("no case file {other}"),
    };
    serde_json::from_str(text).expect("case file is JSON")
}

/// The cases of a file that have this kind.
pub(crate) fn cases<'a>(file: &'a Value, kind: &str) -> Vec<&'a Value> {
    let all = file["cases"].as_array().expect("cases");
    all.iter().filter(|c| c["kind"] == kind).collect()
}

/// `n/d` or `n`; `None` for null and the empty text.
pub(crate) fn ratio(v: &Value) -> Option<BigRational> {
    let text = v.as_str().filter(|s| !s.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("not a rational: {text}")))
}

pub(crate) fn price(v: &Value) -> Option<Price> {
    ratio(v).map(|r| Price::from_ratio(r).expect("price is not negative"))
}

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

/// An offer with everything settable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stub {
    pub(crate) uri: String,
    pub(crate) recipient: Option<Address>,
    pub(crate) price: Option<Price>,
    pub(crate) stake: u64,
    pub(crate) score: Option<f64>,
}

impl Stub {
    pub(crate) fn new(i: u8) -> Self {
        Self {
            uri: format!("https://o{i}:8935"),
            recipient: Some(Address::repeat_byte(i)),
            price: Price::new(100, 1),
            stake: 1,
            score: None,
        }
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
}
