//! Rules by which a gateway chooses among orchestrators that are new to a stream.
//!
//! A [`Strategy`] sees the offers of a pool and draws one. All of them keep to the highest price and the lowest
//! performance of [`Probability`], and none depends on the order of the pool: offers are looked at in the order of
//! their recipients, of each recipient the first.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use crate::MarketError;
use crate::ballot::Ballot;
use crate::selection::{Draw, Offer, Probability};

/// A rule of choice.
pub trait Strategy: Debug + Send {
    /// Name in configurations and tables.
    fn name(&self) -> &'static str;

    /// The place of the chosen offer; `None` when nobody can be chosen.
    fn select(&self, offers: &[&dyn Offer], draw: &mut dyn Draw) -> Option<usize>;

    /// A copy.
    fn boxed(&self) -> Box<dyn Strategy>;
}

impl Clone for Box<dyn Strategy> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

/// Which rule, as configurations name it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum StrategyConfig {
    /// The network's draw by stake, price and chance.
    #[default]
    Livepeer,
    /// Whoever is cheapest.
    LowestPrice,
    /// Whoever answered fastest.
    LatencyFirst,
    /// By stake alone.
    StakeOnly,
    /// Everybody alike.
    Uniform,
    /// By success, latency and price.
    Sla {
        /// Exponents.
        #[serde(default)]
        weights: SlaWeights,
    },
}

impl StrategyConfig {
    /// The rule, within the limits of a draw.
    #[must_use]
    pub fn build(self, limits: Probability) -> Box<dyn Strategy> {
        match self {
            Self::Livepeer => Box::new(Livepeer(limits)),
            Self::LowestPrice => Box::new(LowestPrice(limits)),
            Self::LatencyFirst => Box::new(LatencyFirst(limits)),
            Self::StakeOnly => Box::new(StakeOnly(limits)),
            Self::Uniform => Box::new(Uniform(limits)),
            Self::Sla { weights } => Box::new(Sla { limits, weights }),
        }
    }
}

/// Places of those that can be chosen, in the order of their recipients, of each recipient the first by its address.
/// Off chain everybody is somebody else.
fn candidates(limits: &Probability, offers: &[&dyn Offer]) -> Vec<usize> {
    let mut kept = limits.filter(offers);
    if offers.iter().any(|o| o.price().is_some()) {
        kept.retain(|i| offers[*i].price().is_some());
    }
    in_order(offers, &mut kept);
    kept.dedup_by(|a, b| offers[*a].recipient().is_some() && offers[*a].recipient() == offers[*b].recipient());
    kept
}

/// Places in the order of recipients, and of each recipient in the order of addresses.
fn in_order(offers: &[&dyn Offer], places: &mut [usize]) {
    let key = |i: usize| (offers[i].recipient(), offers[i].uri());
    places.sort_by(|a, b| key(*a).cmp(&key(*b)));
}

/// Draws in proportion to weights; all alike where no weight is above zero.
fn draw_by(kept: &[usize], weights: &[f64], draw: &mut dyn Draw) -> Option<usize> {
    let sum: f64 = weights.iter().sum();
    if sum <= 0.0 || !sum.is_finite() {
        return alike(kept, draw);
    }
    let mut rest = draw.unit() * sum;
    for (i, w) in kept.iter().zip(weights) {
        rest -= w;
        if rest < 0.0 {
            return Some(*i);
        }
    }
    // Roundings: the last one that has any weight.
    kept.iter().zip(weights).rev().find(|(_, w)| **w > 0.0).map(|(i, _)| *i)
}

fn alike(kept: &[usize], draw: &mut dyn Draw) -> Option<usize> {
    if kept.is_empty() {
        return None;
    }
    let at = usize::try_from(draw.below(kept.len() as u64)).unwrap_or_default();
    kept.get(at).copied()
}

/// The draw of go-livepeer, which is the [`Ballot`]'s to the last bit. Off chain, where nobody has an address to be
/// drawn by, the shares of the same formula.
#[derive(Debug, Clone)]
pub struct Livepeer(pub Probability);

impl Strategy for Livepeer {
    fn name(&self) -> &'static str {
        "livepeer"
    }

    fn select(&self, offers: &[&dyn Offer], mut draw: &mut dyn Draw) -> Option<usize> {
        let all = |places: &[usize]| places.iter().map(|i| offers[*i]).collect::<Vec<&dyn Offer>>();
        if offers.iter().any(|o| o.recipient().is_some()) {
            let mut places: Vec<usize> = (0..offers.len()).collect();
            in_order(offers, &mut places);
            let at = Ballot::new(&self.0, &all(&places)).draw(&mut draw)?;
            return places.get(at).copied();
        }
        let kept = candidates(&self.0, offers);
        draw_by(&kept, &self.0.probabilities(&all(&kept)), draw)
    }

    fn boxed(&self) -> Box<dyn Strategy> {
        Box::new(self.clone())
    }
}

/// The cheapest; among equals the one with the lowest address.
#[derive(Debug, Clone)]
pub struct LowestPrice(pub Probability);

impl Strategy for LowestPrice {
    fn name(&self) -> &'static str {
        "lowest-price"
    }

    fn select(&self, offers: &[&dyn Offer], _: &mut dyn Draw) -> Option<usize> {
        candidates(&self.0, offers).into_iter().min_by_key(|i| offers[*i].price())
    }

    fn boxed(&self) -> Box<dyn Strategy> {
        Box::new(self.clone())
    }
}

/// The one whose first answer came soonest; those that are not known to have answered come last.
#[derive(Debug, Clone)]
pub struct LatencyFirst(pub Probability);

impl Strategy for LatencyFirst {
    fn name(&self) -> &'static str {
        "latency-first"
    }

    fn select(&self, offers: &[&dyn Offer], _: &mut dyn Draw) -> Option<usize> {
        candidates(&self.0, offers).into_iter().min_by_key(|i| latency(offers[*i]).unwrap_or(u64::MAX))
    }

    fn boxed(&self) -> Box<dyn Strategy> {
        Box::new(self.clone())
    }
}

fn latency(o: &dyn Offer) -> Option<u64> {
    Some(o.first_latency()).filter(|l| *l > 0)
}

/// In proportion to stake.
#[derive(Debug, Clone)]
pub struct StakeOnly(pub Probability);

impl Strategy for StakeOnly {
    fn name(&self) -> &'static str {
        "stake-only"
    }

    fn select(&self, offers: &[&dyn Offer], draw: &mut dyn Draw) -> Option<usize> {
        let kept = candidates(&self.0, offers);
        let weights: Vec<f64> = kept.iter().map(|i| offers[*i].stake() as f64).collect();
        draw_by(&kept, &weights, draw)
    }

    fn boxed(&self) -> Box<dyn Strategy> {
        Box::new(self.clone())
    }
}

/// Everybody alike.
#[derive(Debug, Clone)]
pub struct Uniform(pub Probability);

impl Strategy for Uniform {
    fn name(&self) -> &'static str {
        "uniform"
    }

    fn select(&self, offers: &[&dyn Offer], draw: &mut dyn Draw) -> Option<usize> {
        alike(&candidates(&self.0, offers), draw)
    }

    fn boxed(&self) -> Box<dyn Strategy> {
        Box::new(self.clone())
    }
}

/// How much success, latency and price count: exponents of each, which a configuration cannot set below zero, where
/// they would prefer the worst.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Exponents")]
pub struct SlaWeights {
    /// Of the share of jobs that went well.
    pub success: f64,
    /// Of the fastest latency over one's own.
    pub latency: f64,
    /// Of the lowest price over one's own.
    pub price: f64,
}

/// The same, not looked at yet.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Exponents {
    success: f64,
    latency: f64,
    price: f64,
}

impl Default for Exponents {
    fn default() -> Self {
        let SlaWeights { success, latency, price } = SlaWeights::default();
        Self { success, latency, price }
    }
}

impl TryFrom<Exponents> for SlaWeights {
    type Error = MarketError;

    fn try_from(Exponents { success, latency, price }: Exponents) -> Result<Self, MarketError> {
        let named = [("success", success), ("latency", latency), ("price", price)];
        match named.into_iter().find(|(_, w)| !w.is_finite() || *w < 0.0) {
            Some((name, w)) => Err(MarketError::Exponent(format!("{w} of {name}"))),
            None => Ok(Self { success, latency, price }),
        }
    }
}

impl Default for SlaWeights {
    fn default() -> Self {
        Self { success: 4.0, latency: 1.0, price: 1.0 }
    }
}

/// In proportion to success × latency × price, each between 0 and 1 against the best of the pool. Whoever is new
/// counts as successful, and as fast as the slowest.
#[derive(Debug, Clone)]
pub struct Sla {
    /// Limits.
    pub limits: Probability,
    /// Exponents.
    pub weights: SlaWeights,
}

impl Strategy for Sla {
    fn name(&self) -> &'static str {
        "sla"
    }

    fn select(&self, offers: &[&dyn Offer], draw: &mut dyn Draw) -> Option<usize> {
        let kept = candidates(&self.limits, offers);
        let known = || kept.iter().filter_map(|i| latency(offers[*i]));
        let (fastest, slowest) = (known().min().unwrap_or(1) as f64, known().max().unwrap_or(1) as f64);
        let price = |i: usize| offers[i].price().map_or(0.0, weir_types::Price::to_f64);
        let cheapest = kept.iter().map(|i| price(*i)).fold(f64::INFINITY, f64::min);
        let w = self.weights;
        let score = |i: &usize| {
            let success = offers[*i].success_rate().unwrap_or(1.0).clamp(0.0, 1.0);
            let took = latency(offers[*i]).map_or(slowest, |l| l as f64);
            let own = price(*i);
            // Where somebody works for nothing, whoever does not has no part in the price.
            let cheap = if own > 0.0 { cheapest / own } else { 1.0 };
            libm::pow(success, w.success) * libm::pow(fastest / took, w.latency) * libm::pow(cheap, w.price)
        };
        let weights: Vec<f64> = kept.iter().map(score).collect();
        draw_by(&kept, &weights, draw)
    }

    fn boxed(&self) -> Box<dyn Strategy> {
        Box::new(self.clone())
    }
}
