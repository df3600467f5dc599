//! Which of the known orchestrators gets the next segment.
//!
//! [`Probability`] draws among orchestrators that are new to a stream, by stake, price and chance.
//! [`MinLs`] prefers those that have shown to keep up and falls back to the draw. [`Ranked`] and
//! [`select_live`] are the simpler rules for other kinds of jobs.

use std::sync::Arc;
use weir_types::{Address, Entropy, Price};

use crate::MarketError;

/// Largest deviation of the weights' sum from one.
const WEIGHT_TOLERANCE: f64 = 0.0001;

/// Where selection gets its chance from.
pub trait Draw {
    /// A uniform number in [0, 1).
    fn unit(&mut self) -> f64;
    /// A uniform whole number in `0..n`; zero when `n` is zero.
    fn below(&mut self, n: u64) -> u64;
}

impl Draw for Entropy {
    fn unit(&mut self) -> f64 {
        Self::unit(self)
    }

    fn below(&mut self, n: u64) -> u64 {
        Self::below(self, n)
    }
}

impl<D: Draw + ?Sized> Draw for &mut D {
    fn unit(&mut self) -> f64 {
        (**self).unit()
    }

    fn below(&mut self, n: u64) -> u64 {
        (**self).below(n)
    }
}

/// What selection knows of a session.
pub trait Offer {
    /// Address of the orchestrator's service, unique within a pool.
    fn uri(&self) -> &str;
    /// Who its tickets pay; `None` off-chain.
    fn recipient(&self) -> Option<Address>;
    /// Price of the work, when the orchestrator named one.
    fn price(&self) -> Option<&Price>;
    /// Stake in hundred-thousandths of a token, see
    /// [`stake_to_fixed`](crate::price::stake_to_fixed).
    fn stake(&self) -> u64;
    /// Performance score between 0 and 1, when one is known.
    fn performance(&self) -> Option<f64> {
        None
    }
    /// Time its first answer took, in microseconds; zero when unknown.
    fn first_latency(&self) -> u64 {
        0
    }
    /// Share of jobs that went well, when there were any.
    fn success_rate(&self) -> Option<f64> {
        None
    }
}

macro_rules! offer_behind {
    ($pointer:ty) => {
        impl<O: Offer + ?Sized> Offer for $pointer {
            fn uri(&self) -> &str {
                (**self).uri()
            }
            fn recipient(&self) -> Option<Address> {
                (**self).recipient()
            }
            fn price(&self) -> Option<&Price> {
                (**self).price()
            }
            fn stake(&self) -> u64 {
                (**self).stake()
            }
            fn performance(&self) -> Option<f64> {
                (**self).performance()
            }
            fn first_latency(&self) -> u64 {
                (**self).first_latency()
            }
            fn success_rate(&self) -> Option<f64> {
                (**self).success_rate()
            }
        }
    };
}

offer_behind!(&O);
offer_behind!(Arc<O>);

/// Shares of stake, price and plain chance in the draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    stake: f64,
    price: f64,
    rand: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { stake: 0.7, price: 0.0, rand: 0.3 }
    }
}

impl Weights {
    pub(crate) const fn parts(&self) -> (f64, f64, f64) {
        (self.stake, self.price, self.rand)
    }

    /// Weights that add up to one.
    ///
    /// # Errors
    /// [`MarketError::Weights`] when they miss it by more than 0.0001 or one is below zero.
    pub fn new(stake: f64, price: f64, rand: f64) -> Result<Self, MarketError> {
        let sum = stake + price + rand;
        let sound = [stake, price, rand].iter().all(|w| *w >= 0.0) && (sum - 1.0).abs() <= WEIGHT_TOLERANCE;
        sound
            .then_some(Self { stake, price, rand })
            .ok_or_else(|| MarketError::Weights(format!("{stake} + {price} + {rand} = {sum}")))
    }
}

/// The draw among orchestrators that are new to a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Probability {
    /// Shares of stake, price and chance.
    pub weights: Weights,
    /// Wei per pixel by which a price has to rise for its weight to fall to 1/e.
    pub price_factor: f64,
    /// Lowest performance score; zero or less for any.
    pub min_performance: f64,
    /// Highest price; `None` for any.
    pub max_price: Option<Price>,
    /// Take over-priced orchestrators when nobody else is left.
    pub ignore_max_price: bool,
}

impl Default for Probability {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            price_factor: 100.0,
            min_performance: 0.0,
            max_price: None,
            ignore_max_price: false,
        }
    }
}

impl Probability {
    /// Places of the offers that pass the lowest performance and the highest price, in order.
    ///
    /// A performance that nobody reaches is ignored. A price that nobody keeps to excludes
    /// everyone, unless [`ignore_max_price`](Self::ignore_max_price) is set or nobody named any
    /// price; one who named none is excluded as soon as another did.
    pub fn filter<O: Offer>(&self, offers: &[O]) -> Vec<usize> {
        let all: Vec<usize> = (0..offers.len()).collect();
        self.filter_price(offers, self.filter_performance(offers, all))
    }

    fn filter_performance<O: Offer>(&self, offers: &[O], all: Vec<usize>) -> Vec<usize> {
        if self.min_performance <= 0.0 {
            return all;
        }
        let score = |i: usize| offers[i].performance().unwrap_or(0.0);
        let kept: Vec<usize> = all.iter().copied().filter(|i| score(*i) >= self.min_performance).collect();
        if kept.is_empty() { all } else { kept }
    }

    fn filter_price<O: Offer>(&self, offers: &[O], from: Vec<usize>) -> Vec<usize> {
        let Some(max) = &self.max_price else { return from };
        // Whether prices are known at all is a question about the whole pool, not about those that
        // are left of it.
        if offers.iter().all(|o| o.price().is_none()) {
            return from;
        }
        let kept: Vec<usize> = from.iter().copied().filter(|i| within(&offers[*i], max)).collect();
        if kept.is_empty() && self.ignore_max_price { from } else { kept }
    }

    /// What a price weighs.
    pub(crate) fn price_weight(&self, price: &Price) -> f64 {
        libm::exp(-price.to_f64() / self.price_factor)
    }

    /// Probability of each of the offers, which have passed the filter. An offer without a price
    /// has none.
    pub fn probabilities<O: Offer>(&self, offers: &[O]) -> Vec<f64> {
        let weighed: Vec<Option<(f64, f64)>> =
            offers.iter().map(|o| o.price().map(|p| (self.price_weight(p), o.stake() as f64))).collect();
        let priced = || weighed.iter().flatten();
        let price_sum: f64 = priced().map(|w| w.0).sum();
        let stake_sum: f64 = priced().map(|w| w.1).sum();
        let count = priced().count() as f64;
        let share = |v: f64, sum: f64| if sum == 0.0 { 1.0 } else { v / sum };
        let w = self.weights;
        let one = |(price, stake): &(f64, f64)| {
            w.price * share(*price, price_sum) + w.stake * share(*stake, stake_sum) + w.rand / count
        };
        weighed.iter().map(|o| o.as_ref().map_or(0.0, one)).collect()
    }

    /// Draws one of the offers; `None` when nobody passes the filter.
    pub fn select<O: Offer>(&self, offers: &[O], draw: &mut impl Draw) -> Option<usize> {
        let kept: Vec<usize> = self.filter(offers).into_iter().filter(|i| offers[*i].price().is_some()).collect();
        let first = *kept.first()?;
        let chosen: Vec<&O> = kept.iter().map(|i| &offers[*i]).collect();
        let probabilities = self.probabilities(&chosen);
        let r = draw.unit();
        let mut sum = 0.0;
        for (i, p) in kept.iter().zip(&probabilities) {
            sum += p;
            if r <= sum {
                return Some(*i);
            }
        }
        Some(first)
    }

    /// Whether an offer can ever be drawn, whoever else is in the pool.
    pub fn eligible<O: Offer>(&self, offer: &O) -> bool {
        self.ignore_max_price || self.max_price.as_ref().is_none_or(|max| within(offer, max))
    }
}

fn within<O: Offer>(offer: &O, max: &Price) -> bool {
    offer.price().is_some_and(|p| p <= max)
}

/// First offer that keeps to the highest price; the rule for live AI video. When nobody named a
/// price, the first offer.
pub fn select_live<O: Offer>(offers: &[O], max_price: Option<&Price>) -> Option<usize> {
    let rule = Probability { max_price: max_price.cloned(), ..Probability::default() };
    rule.filter(offers).first().copied()
}

/// By what [`Ranked`] orders sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// Latency score of the last segment.
    Score,
    /// Time the first answer took.
    FirstLatency,
}

/// Sessions in the order of one number, lowest first.
#[derive(Debug, Clone)]
pub struct Ranked<K> {
    rank: Rank,
    order: Vec<(f64, u64, K)>,
    added: u64,
}

impl<K> Ranked<K> {
    /// No sessions yet.
    #[must_use]
    pub fn new(rank: Rank) -> Self {
        Self { rank, order: Vec::new(), added: 0 }
    }

    /// Adds a session with its latency score and the time its first answer took. Among equals the
    /// one added first comes first.
    pub fn add(&mut self, key: K, score: f64, first_latency: u64) {
        let v = match self.rank {
            Rank::Score => score,
            Rank::FirstLatency => first_latency as f64,
        };
        let at = self.order.partition_point(|(w, n, _)| w.total_cmp(&v).then(n.cmp(&self.added)).is_le());
        self.order.insert(at, (v, self.added, key));
        self.added += 1;
    }

    /// Takes the first session out.
    pub fn select(&mut self) -> Option<K> {
        (!self.order.is_empty()).then(|| self.order.remove(0).2)
    }

    /// The first session's number.
    #[must_use]
    pub fn lowest(&self) -> Option<f64> {
        self.order.first().map(|e| e.0)
    }

    /// Drops sessions that are no longer wanted.
    pub fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        self.order.retain(|e| keep(&e.2));
    }

    /// Number of sessions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// True without sessions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

/// The selector of a stream: sessions that have done work in the order of their latency score, the
/// others in the order they came.
#[derive(Debug, Clone)]
pub struct MinLs<K> {
    good: f64,
    known: Ranked<K>,
    unknown: Vec<K>,
}

impl<K> MinLs<K> {
    /// No sessions yet; a known session serves before an unknown one when its latency score is at
    /// most `good`.
    #[must_use]
    pub fn new(good: f64) -> Self {
        Self { good, known: Ranked::new(Rank::Score), unknown: Vec::new() }
    }

    /// Adds sessions that have done no work yet.
    pub fn add(&mut self, keys: impl IntoIterator<Item = K>) {
        self.unknown.extend(keys);
    }

    /// Returns a session after work.
    pub fn complete(&mut self, key: K, score: f64) {
        self.known.add(key, score, 0);
    }

    /// Takes a session out; `pick_unknown` chooses a place among the unknown ones, or nobody. A
    /// known session that is too slow still serves when nobody can be chosen among the unknown
    /// ones; in go-livepeer nobody serves then.
    pub fn select(&mut self, pick_unknown: impl FnOnce(&[K]) -> Option<usize>) -> Option<K> {
        let known_serves = self.known.lowest().is_some_and(|score| score <= self.good || self.unknown.is_empty());
        if known_serves {
            return self.known.select();
        }
        match pick_unknown(&self.unknown).filter(|i| *i < self.unknown.len()) {
            Some(at) => Some(self.unknown.remove(at)),
            None => self.known.select(),
        }
    }

    /// Sessions that have done no work yet, in the order they came.
    #[must_use]
    pub fn unknown(&self) -> &[K] {
        &self.unknown
    }

    /// Number of sessions that have done work.
    #[must_use]
    pub fn known_len(&self) -> usize {
        self.known.len()
    }

    /// Drops sessions that are no longer wanted.
    pub fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        self.known.retain(&mut keep);
        self.unknown.retain(&mut keep);
    }

    /// Number of sessions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len() + self.unknown.len()
    }

    /// True without sessions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
