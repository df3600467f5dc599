//! Prices: an exact number of wei per unit of work.

use std::fmt;
use std::sync::Arc;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};

use crate::{Credit, Pixels};

/// Wei per pixel as an exact, non-negative rational in lowest terms.
///
/// Every offer, session and payment holds a price, and few of them differ: a copy shares the number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(Arc<BigRational>);

impl Price {
    /// Work for nothing.
    #[must_use]
    pub fn free() -> Self {
        Self(Arc::new(BigRational::zero()))
    }

    /// `per_unit` wei for `units` pixels, or `None` when `units` is zero.
    #[must_use]
    pub fn new(per_unit: u64, units: u64) -> Option<Self> {
        (units != 0).then(|| Self(Arc::new(BigRational::new(BigInt::from(per_unit), BigInt::from(units)))))
    }

    /// From a rational, or `None` when it is negative.
    #[must_use]
    pub fn from_ratio(v: BigRational) -> Option<Self> {
        (!v.is_negative()).then(|| Self(Arc::new(v)))
    }

    /// The rational in lowest terms.
    #[must_use]
    pub fn ratio(&self) -> &BigRational {
        &self.0
    }

    /// True for work for nothing.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.0.is_zero()
    }

    /// Exact fee of an amount of work.
    #[must_use]
    pub fn fee(&self, pixels: Pixels) -> Credit {
        Credit(&*self.0 * BigInt::from(pixels.0))
    }

    /// As a double: for selection weights and charts, never for money.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        use num_traits::ToPrimitive;
        self.0.to_f64().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} wei per pixel", self.0.numer(), self.0.denom())
    }
}
