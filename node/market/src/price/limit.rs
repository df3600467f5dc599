//! What a gateway pays at most.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_rational::BigRational;
use thiserror::Error;
use weir_types::Price;

use super::list::{ModelKey, Request};

/// Model whose limit holds for the capability's models without one of their own.
pub const DEFAULT_MODEL: &str = "default";
/// Largest factor by which a price may rise within a session.
const INCREASE: u32 = 2;

/// Highest prices that a gateway accepts, in general and per model. Zero means any price.
///
/// An orchestrator above the limit is not refused when it is found or asked: its session stays in
/// the pool and selection passes it over
/// ([`Probability::filter`](crate::selection::Probability::filter)).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MaxPrice {
    general: Option<Price>,
    models: BTreeMap<ModelKey, Price>,
}

impl MaxPrice {
    /// One limit for everything; zero for any price.
    #[must_use]
    pub fn new(general: Price) -> Self {
        Self { general: positive(general), models: BTreeMap::new() }
    }

    /// Changes the general limit; zero clears it.
    pub fn set_general(&mut self, price: Price) {
        self.general = positive(price);
    }

    /// Sets the limit of a model; [`DEFAULT_MODEL`] for a capability's other models.
    pub fn set_model(&mut self, key: ModelKey, price: Price) {
        self.models.insert(key, price);
    }

    /// Limit of a request: the sum over the models it asks for, or the general limit when that is
    /// zero; `None` for any price.
    #[must_use]
    pub fn of(&self, request: &Request) -> Option<Price> {
        let sum = request
            .keys()
            .filter_map(|k| {
                self.models.get(&k).or_else(|| self.models.get(&ModelKey::new(k.capability, DEFAULT_MODEL)))
            })
            .fold(Price::free(), |acc, p| Price::from_ratio(acc.ratio() + p.ratio()).unwrap_or(acc));
        positive(sum).or_else(|| self.general.clone())
    }
}

fn positive(price: Price) -> Option<Price> {
    (!price.is_free()).then_some(price)
}

/// A price that rose too far within a session.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "Orchestrator price has more than doubled, Orchestrator price: {}, Orchestrator initial price: {}",
    current.ratio(),
    first.ratio()
)]
pub struct Doubled {
    /// The session's first price.
    pub first: Price,
    /// Its price now.
    pub current: Price,
}

/// A gateway goes on with a session whose price changed up to twice its first price.
///
/// # Errors
/// It rose further.
pub fn check_increase(first: &Price, current: &Price) -> Result<(), Box<Doubled>> {
    // Most prices never change within a session.
    if current == first || current.ratio() <= &(first.ratio() * BigRational::from_integer(BigInt::from(INCREASE))) {
        return Ok(());
    }
    Err(Box::new(Doubled { first: first.clone(), current: current.clone() }))
}
