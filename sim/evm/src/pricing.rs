//! Rules by which prices of gas move.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_types::{Instant, Wei};

/// Parts of a whole in which ArbOS counts exponents.
const BIPS: u64 = 10_000;
/// Terms of the series that stands for e^x.
const DEGREE: u64 = 4;

/// A price that changes at given times and stays between them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(Instant, Wei)>", into = "Vec<(Instant, Wei)>")]
pub struct PriceSteps(Arc<[(Instant, Wei)]>);

impl From<Vec<(Instant, Wei)>> for PriceSteps {
    fn from(steps: Vec<(Instant, Wei)>) -> Self {
        Self::new(steps)
    }
}

impl From<PriceSteps> for Vec<(Instant, Wei)> {
    fn from(steps: PriceSteps) -> Self {
        steps.0.to_vec()
    }
}

impl PriceSteps {
    /// A price from each of these times on. Of two prices at one time the later one counts.
    #[must_use]
    pub fn new(mut steps: Vec<(Instant, Wei)>) -> Self {
        steps.sort_by_key(|(at, _)| *at);
        Self(steps.into())
    }

    /// The step that holds at a time.
    pub(crate) fn at(&self, now: Instant) -> Option<(Instant, Wei)> {
        self.0.get(self.0.partition_point(|(at, _)| *at <= now).checked_sub(1)?).copied()
    }

    /// When the next step comes.
    pub(crate) fn after(&self, now: Instant) -> Option<Instant> {
        self.0.get(self.0.partition_point(|(at, _)| *at <= now)).map(|(at, _)| *at)
    }

    /// All steps in order of time.
    #[must_use]
    pub fn steps(&self) -> &[(Instant, Wei)] {
        &self.0
    }
}

/// ArbOS's rule: gas beyond what the chain digests heaps up, and the price grows with the heap as e^x does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Congestion {
    /// Gas that the chain digests in a second.
    pub speed_limit: u64,
    /// Seconds' worth of excess that multiply the price by e.
    pub inertia_s: u64,
    /// Seconds' worth of backlog that cost nothing.
    pub tolerance_s: u64,
}

impl Default for Congestion {
    fn default() -> Self {
        Self { speed_limit: 7_000_000, inertia_s: 102, tolerance_s: 10 }
    }
}

impl Congestion {
    /// The price at a backlog: the least one times e^(excess / (inertia × speed limit)), by the same integer
    /// series as ArbOS, so that it ends up on the same wei.
    pub(crate) fn price(&self, least: u64, backlog: u64) -> u64 {
        let excess = backlog.saturating_sub(self.tolerance_s.saturating_mul(self.speed_limit));
        let unit = self.inertia_s.saturating_mul(self.speed_limit).max(1);
        let factor = exp_bips(excess.saturating_mul(BIPS) / unit);
        let price = u128::from(least).saturating_mul(u128::from(factor)) / u128::from(BIPS);
        u64::try_from(price).unwrap_or(u64::MAX)
    }

    /// What is left of a backlog after some seconds.
    pub(crate) const fn digested(&self, backlog: u64, seconds: u64) -> u64 {
        backlog.saturating_sub(self.speed_limit.saturating_mul(seconds))
    }
}

/// e^x in bips by the first terms of its series.
fn exp_bips(x: u64) -> u64 {
    (1..DEGREE).fold(BIPS.saturating_add(x / DEGREE), |sum, i| {
        BIPS.saturating_add(sum.saturating_mul(x) / ((DEGREE - i) * BIPS))
    })
}

/// How the price of a unit of gas moves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GasPricing {
    /// Not by itself.
    #[default]
    Fixed,
    /// By a given course.
    Steps(PriceSteps),
    /// By use, as on Arbitrum; the price that is set is the least one.
    Congestion(Congestion),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases worked out by hand with the series 1 + x + x²/2 + x³/6 + x⁴/24 in whole bips.
    #[test]
    fn the_series_is_the_one_of_arbos() {
        for (x, e) in [(0, 10_000), (1, 10_001), (10_000, 27_083), (20_000, 70_000), (5_000, 16_484)] {
            assert_eq!(exp_bips(x), e, "e^({x}/10000)");
        }
    }

    #[test]
    fn the_price_stays_least_within_the_tolerance_and_grows_beyond() {
        let rule = Congestion::default();
        let least = 10_000_000;
        assert_eq!(rule.price(least, 70_000_000), least);
        // One inertia's worth of excess: 2.7083 times.
        assert_eq!(rule.price(least, 70_000_000 + 102 * 7_000_000), 27_083_000);
        assert_eq!(rule.digested(100, 1), 0);
        assert_eq!(rule.price(u64::MAX, u64::MAX), u64::MAX);
    }
}
