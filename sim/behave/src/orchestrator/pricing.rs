//! How an orchestrator sets its price.

use weir_types::Entropy;

use super::costs::Machine;
use super::view::{Quote, View};
use crate::setting::{ABOVE_ZERO, NOT_NEGATIVE, Problem, SHARE, between, choice, params};
use crate::spread::Spread;

/// Prices seen in 2023 lay between 0 and 450 wei per pixel (forum thread 2192).
const USUAL: Spread = Spread::Same(137.0);

params! {
    /// One price for the whole run.
    pub struct FixedPrice {
        /// Wei per pixel. Before 2024 operators asked 0 to 450 (forum thread 2192); gateways pay up to 1,200.
        wei_per_pixel: Spread = USUAL => NOT_NEGATIVE,
    }
}

params! {
    /// What the machine costs (power, traffic, its price over its life, standing costs over the time it works) and
    /// a margin, at the price of ETH.
    pub struct CostPlus {
        /// Part of the costs that is added to them.
        margin: Spread = Spread::Same(0.3) => between(-1.0, 100.0),
        /// Lowest price in wei per pixel.
        floor: f64 = 0.0 => NOT_NEGATIVE,
        /// Highest price in wei per pixel.
        ceiling: f64 = 1e9 => ABOVE_ZERO,
    }
}

params! {
    /// A step below the cheapest rival in the active set, but not below a floor. Where everybody does this, prices
    /// fall to the floor of the second cheapest.
    pub struct Undercut {
        /// First price in wei per pixel.
        start: Spread = USUAL => NOT_NEGATIVE,
        /// Part of the rival's price by which it goes below.
        step: f64 = 0.05 => SHARE,
        /// Floor in wei per pixel.
        floor: Spread = Spread::Same(0.0) => NOT_NEGATIVE,
        /// Takes its costs for a floor too, where true.
        not_below_costs: bool = true => NOT_NEGATIVE,
        /// Highest price in wei per pixel.
        ceiling: f64 = 1200.0 => ABOVE_ZERO,
    }
}

params! {
    /// Dearer while busy, cheaper while idle: each round the price grows by exp(`gain` x (load - `target`)).
    pub struct ByUtilisation {
        /// First price in wei per pixel.
        start: Spread = USUAL => ABOVE_ZERO,
        /// Load at which the price stays.
        target: f64 = 0.6 => SHARE,
        /// Strength of the reaction.
        gain: f64 = 0.2 => between(0.0, 10.0),
        /// Lowest price in wei per pixel.
        floor: f64 = 1.0 => NOT_NEGATIVE,
        /// Highest price in wei per pixel.
        ceiling: f64 = 1200.0 => ABOVE_ZERO,
    }
    and |p| (p.floor > p.ceiling).then(|| Problem::new("floor", "is above the ceiling", "exchange them"))
}

params! {
    /// Near the median of the active set.
    pub struct FollowMedian {
        /// First price in wei per pixel.
        start: Spread = USUAL => NOT_NEGATIVE,
        /// Wanted price over the median.
        factor: Spread = Spread::Same(1.0) => NOT_NEGATIVE,
        /// Part of the distance that is gone in each round.
        speed: f64 = 0.5 => SHARE,
    }
}

params! {
    /// A base price, raised by what redeeming tickets costs: base x (1 + cost of a redemption over face value), at
    /// the gas price of the moment. go-livepeer does the same with its automatic price adjustment; a gateway whose
    /// limit is close drops out while gas is dear (issues 3744 and 3746).
    pub struct GasMarkup {
        /// Base in wei per pixel.
        base: Spread = USUAL => NOT_NEGATIVE,
        /// Face value over the cost of redemption that it reckons while no ticket has been seen.
        tx_cost_multiplier: f64 = 100.0 => ABOVE_ZERO,
    }
}

choice! {
    /// How an orchestrator sets its price.
    pub enum Pricing {
        Fixed(FixedPrice) = "fixed",
        CostPlus(CostPlus) = "cost_plus",
        Undercut(Undercut) = "undercut",
        Utilisation(ByUtilisation) = "utilisation",
        FollowMedian(FollowMedian) = "follow_median",
        GasMarkup(GasMarkup) = "gas_markup",
    }
}

/// An orchestrator's way with prices, with what it drew.
#[derive(Debug, Clone)]
pub(super) enum Prices {
    Fixed { price: f64 },
    CostPlus { margin: f64, p: CostPlus },
    Undercut { price: f64, floor: f64, p: Undercut },
    Utilisation { price: f64, p: ByUtilisation },
    FollowMedian { price: f64, factor: f64, speed: f64 },
    GasMarkup { base: f64, multiplier: f64 },
}

impl Pricing {
    pub(super) fn build(&self, rng: &mut Entropy) -> Prices {
        match self.clone() {
            Self::Fixed(p) => Prices::Fixed { price: p.wei_per_pixel.draw(rng) },
            Self::CostPlus(p) => Prices::CostPlus { margin: p.margin.draw(rng), p },
            Self::Undercut(p) => Prices::Undercut { price: p.start.draw(rng), floor: p.floor.draw(rng), p },
            Self::Utilisation(p) => Prices::Utilisation { price: p.start.draw(rng), p },
            Self::FollowMedian(p) => {
                Prices::FollowMedian { price: p.start.draw(rng), factor: p.factor.draw(rng), speed: p.speed }
            }
            Self::GasMarkup(p) => Prices::GasMarkup { base: p.base.draw(rng), multiplier: p.tx_cost_multiplier },
        }
    }
}

/// Prices of active rivals of other owners, cheapest first. Free work is no price to follow.
fn rivals(view: &View<'_>) -> Vec<f64> {
    let others = view.rivals.iter().filter(|r| r.active && r.owner != view.me.owner && r.wei_per_pixel > 0.0);
    let mut prices: Vec<f64> = others.map(|r| r.wei_per_pixel).collect();
    prices.sort_by(f64::total_cmp);
    prices
}

/// The value in the middle of a sorted list; between the two in the middle of an even one.
pub(super) fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some(lower + (upper - lower) / 2.0)
}

impl Prices {
    /// The price to advertise in the round that starts. The first round keeps what it starts with.
    pub(super) fn think(&mut self, view: &View<'_>, machine: &Machine) -> f64 {
        let first = view.network.round == 0;
        match self {
            Self::Fixed { price } => *price,
            Self::CostPlus { margin, p } => {
                let cost = machine.wei_per_pixel(view.network.eth_usd);
                (cost * (1.0 + *margin)).max(p.floor).min(p.ceiling)
            }
            Self::Undercut { price, floor, p } => {
                let costs = if p.not_below_costs { machine.wei_per_pixel(view.network.eth_usd) } else { 0.0 };
                if let Some(best) = rivals(view).first().filter(|_| !first) {
                    *price = best * (1.0 - p.step);
                }
                *price = price.min(p.ceiling).max(*floor).max(costs);
                *price
            }
            Self::Utilisation { price, p } => {
                if !first {
                    *price *= libm::exp(p.gain * (view.load() - p.target));
                }
                *price = price.max(p.floor).min(p.ceiling);
                *price
            }
            Self::FollowMedian { price, factor, speed } => {
                if let Some(middle) = median(&rivals(view)).filter(|_| !first) {
                    *price += *speed * (middle * *factor - *price);
                }
                *price
            }
            Self::GasMarkup { base, .. } => *base,
        }
    }

    /// The price that is asked at a moment, where the advertised one is given.
    pub(super) fn quote(&self, quote: &Quote) -> f64 {
        let Self::GasMarkup { base, multiplier } = self else { return quote.wei_per_pixel };
        let overhead = if quote.face_value_eth > 0.0 {
            quote.redeem_gas * quote.gas_gwei * 1e-9 / quote.face_value_eth
        } else {
            1.0 / multiplier
        };
        base * (1.0 + overhead)
    }
}
