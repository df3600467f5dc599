//! An orchestrator's prices.

use std::collections::{BTreeMap, BTreeSet};

use num_rational::BigRational;
use num_traits::{One, Signed};
use weir_types::{Address, Price};

use super::fixed::{Wire, fixed_to_price, price_to_fixed};
use crate::MarketError;

/// A capability's number and the id of a model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelKey {
    /// Number of the capability.
    pub capability: u32,
    /// Id of the model.
    pub model: String,
}

impl ModelKey {
    /// A model of a capability.
    #[must_use]
    pub fn new(capability: u32, model: impl Into<String>) -> Self {
        Self { capability, model: model.into() }
    }
}

/// What a request says about capabilities as far as prices go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Capabilities that are asked for.
    pub capacities: BTreeSet<u32>,
    /// Models named for each capability.
    pub models: BTreeMap<u32, BTreeSet<String>>,
}

impl Request {
    /// Models of the capabilities that are asked for.
    pub fn keys(&self) -> impl Iterator<Item = ModelKey> + '_ {
        self.capacities
            .iter()
            .filter_map(|c| self.models.get(c).map(|m| (*c, m)))
            .flat_map(|(c, models)| models.iter().map(move |m| ModelKey::new(c, m.as_str())))
    }
}

/// Prices of one orchestrator: for everyone, for single gateways, for models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceList {
    default: Option<Price>,
    gateways: BTreeMap<Address, Price>,
    models: BTreeMap<ModelKey, Price>,
    gateway_models: BTreeMap<Address, BTreeMap<ModelKey, Price>>,
    auto_adjust: bool,
}

impl PriceList {
    /// One price for everyone, raised by the cost of redeeming tickets when `auto_adjust` is set.
    #[must_use]
    pub fn new(default: Option<Price>, auto_adjust: bool) -> Self {
        Self {
            default,
            gateways: BTreeMap::new(),
            models: BTreeMap::new(),
            gateway_models: BTreeMap::new(),
            auto_adjust,
        }
    }

    /// Changes the price for everyone without one of their own.
    pub fn set_default(&mut self, price: Price) {
        self.default = Some(price);
    }

    /// Gives a gateway a price of its own.
    pub fn set_gateway(&mut self, gateway: Address, price: Price) {
        self.gateways.insert(gateway, price);
    }

    /// Prices a model, for everyone or for one gateway.
    pub fn set_model(&mut self, gateway: Option<Address>, key: ModelKey, price: Price) {
        match gateway {
            None => self.models.insert(key, price),
            Some(g) => self.gateway_models.entry(g).or_default().insert(key, price),
        };
    }

    /// Price of transcoding for a gateway, before adjustment; work for nothing when none is set.
    #[must_use]
    pub fn base(&self, gateway: Address) -> Price {
        self.gateways.get(&gateway).or(self.default.as_ref()).cloned().unwrap_or_else(Price::free)
    }

    /// Price of a request, before adjustment: the sum over the models it asks for, or the price of
    /// transcoding when they cost nothing.
    #[must_use]
    pub fn base_for(&self, gateway: Address, request: &Request) -> Price {
        let own = self.gateway_models.get(&gateway);
        let sum = request
            .keys()
            .filter_map(|k| own.and_then(|m| m.get(&k)).or_else(|| self.models.get(&k)))
            .fold(Price::free(), |acc, p| Price::from_ratio(acc.ratio() + p.ratio()).unwrap_or(acc));
        if sum.is_free() { self.base(gateway) } else { sum }
    }

    /// Price that a gateway is told: the price fixed for its session, or the price of the request
    /// with the overhead of redeeming tickets.
    ///
    /// `multiplier` says how many times the cost of redeeming a ticket its face value is. It is
    /// asked for only when it matters, because working it out fails for a gateway without funds.
    ///
    /// # Errors
    /// Those of `multiplier`.
    pub fn quote<E>(
        &self,
        gateway: Address,
        request: &Request,
        fixed: Option<&Price>,
        multiplier: impl FnOnce() -> Result<BigRational, E>,
    ) -> Result<Price, E> {
        if let Some(price) = fixed {
            return Ok(price.clone());
        }
        let base = self.base_for(gateway, request);
        if !self.auto_adjust || base.is_free() {
            return Ok(base);
        }
        Ok(with_overhead(&base, &multiplier()?))
    }

    /// Price of a job of another program on the same node: whole wei, without any overhead.
    ///
    /// # Errors
    /// [`MarketError::PriceRange`] when they do not fit 64 bits.
    pub fn job_quote(&self, gateway: Address) -> Result<Wire, MarketError> {
        Wire::floor(&self.base(gateway))
    }

    /// Prices of all models for a gateway, in whole wei. A price that does not fit is left out.
    #[must_use]
    pub fn model_quotes(&self, gateway: Address) -> BTreeMap<ModelKey, Wire> {
        let mut all = self.models.clone();
        all.extend(self.gateway_models.get(&gateway).cloned().unwrap_or_default());
        all.into_iter().filter_map(|(k, p)| Wire::floor(&p).ok().map(|w| (k, w))).collect()
    }
}

/// A price with the share that covers redeeming tickets, in thousandths of a wei: `1 / multiplier`
/// on top, nothing for a multiplier of zero.
#[must_use]
pub fn with_overhead(base: &Price, multiplier: &BigRational) -> Price {
    let overhead = if multiplier.is_positive() { BigRational::one() + multiplier.recip() } else { BigRational::one() };
    let fixed = price_to_fixed(&(base.ratio() * overhead));
    Price::from_ratio(fixed_to_price(fixed)).unwrap_or_else(Price::free)
}
