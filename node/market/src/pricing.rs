//! What an orchestrator asks, when it does not ask the same all the time.
//!
//! A [`PricingPolicy`] reckons in exact rationals. [`PricingConfig`] is how a configuration names one.

mod config;

use std::fmt::Debug;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::One;
use weir_types::Price;

pub use config::{Costs, PricingConfig, WeiPerPixel};

/// What a policy may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Market<'a> {
    /// Units of capacity in use.
    pub busy: u64,
    /// Units of capacity in all; zero when unknown.
    pub capacity: u64,
    /// Prices that others are seen to ask.
    pub others: &'a [Price],
}

/// A rule for an orchestrator's price.
pub trait PricingPolicy: Debug + Send {
    /// Name in configurations and tables.
    fn name(&self) -> &'static str;

    /// What to ask now.
    fn price(&self, market: &Market<'_>) -> Price;
}

/// A hundredth of a per cent, of which a share has 10,000.
const SHARES: u32 = 10_000;

/// The rules that come with the crate. Shares are in hundredths of a per cent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pricing {
    /// One price.
    Posted {
        /// The price.
        price: Price,
    },
    /// What the work costs, and a margin.
    CostPlus {
        /// Cost of a unit.
        cost: Price,
        /// Margin on top.
        margin: u32,
    },
    /// Between two prices, by how busy the node is.
    Utilisation {
        /// Price of an idle node.
        floor: Price,
        /// Price of a full one.
        ceiling: Price,
    },
    /// Below whoever is cheapest, and never below cost.
    Undercut {
        /// Cost of a unit.
        cost: Price,
        /// Price where nobody else is seen.
        start: Price,
        /// How far below.
        by: u32,
    },
}

/// A price times a share of one.
fn share(price: &Price, of: &BigRational) -> Price {
    Price::from_ratio(price.ratio() * of).unwrap_or_else(Price::free)
}

fn part(n: u64, of: u64) -> BigRational {
    BigRational::new(BigInt::from(n), BigInt::from(of.max(1)))
}

impl PricingPolicy for Pricing {
    fn name(&self) -> &'static str {
        match self {
            Self::Posted { .. } => "posted",
            Self::CostPlus { .. } => "cost-plus",
            Self::Utilisation { .. } => "utilisation",
            Self::Undercut { .. } => "undercut",
        }
    }

    fn price(&self, market: &Market<'_>) -> Price {
        match self {
            Self::Posted { price } => price.clone(),
            Self::CostPlus { cost, margin } => {
                share(cost, &(BigRational::one() + part(u64::from(*margin), u64::from(SHARES))))
            }
            Self::Utilisation { floor, ceiling } => {
                let busy = part(market.busy.min(market.capacity), market.capacity);
                let price = floor.ratio() + (ceiling.ratio() - floor.ratio()) * busy;
                Price::from_ratio(price).unwrap_or_else(Price::free)
            }
            Self::Undercut { cost, start, by } => {
                let left = part(u64::from(SHARES.saturating_sub(*by)), u64::from(SHARES));
                let below = market.others.iter().min().map_or_else(|| start.clone(), |lowest| share(lowest, &left));
                below.max(cost.clone())
            }
        }
    }
}
