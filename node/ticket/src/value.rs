//! Exact sums of ticket values and fees that cost little to keep.

use std::cmp::Ordering;
use std::ops::{AddAssign, SubAssign};

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use weir_types::amount::big;
use weir_types::{Credit, U256, Wei, WinProb};

/// An exact signed amount of wei: `shares / (2^256 - 1) + rest`.
///
/// Expected values of tickets all have the denominator 2^256 - 1 before reduction, fees have the
/// small one of a price. Kept apart, adding a ticket is one addition of integers; one reduced
/// fraction would pay a division of 512-bit numbers for each.
#[derive(Debug, Clone, Default)]
pub struct Value {
    shares: BigInt,
    rest: BigRational,
}

impl Value {
    /// Nothing.
    #[must_use]
    pub fn zero() -> Self {
        Self::default()
    }

    /// Face value times win probability.
    #[must_use]
    pub fn expected(face_value: Wei, win_prob: WinProb) -> Self {
        Self { shares: big(face_value.0) * big(win_prob.0), rest: BigRational::zero() }
    }

    /// `n` times the amount.
    #[must_use]
    pub fn times(&self, n: u64) -> Self {
        let n = BigInt::from(n);
        Self { rest: &self.rest * &n, shares: &self.shares * n }
    }

    /// The amount as one reduced fraction.
    #[must_use]
    pub fn credit(&self) -> Credit {
        if self.shares.is_zero() {
            return Credit(self.rest.clone());
        }
        let (num, den) = self.fraction();
        Credit(BigRational::new(num, den))
    }

    /// True above zero.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.fraction().0.is_positive()
    }

    /// True for nothing at all.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.fraction().0.is_zero()
    }

    /// How many times `unit` goes into the amount, rounded up; zero unless both are positive, and
    /// the largest number where it does not fit.
    #[must_use]
    pub fn div_ceil(&self, unit: &Self) -> u64 {
        let (num, den) = self.fraction();
        let (unit_num, unit_den) = unit.fraction();
        if !num.is_positive() || !unit_num.is_positive() {
            return 0;
        }
        let n = (num * unit_den).div_ceil(&(den * unit_num));
        u64::try_from(n).unwrap_or(u64::MAX)
    }

    /// Numerator and positive denominator, not reduced.
    fn fraction(&self) -> (BigInt, BigInt) {
        if self.shares.is_zero() {
            return (self.rest.numer().clone(), self.rest.denom().clone());
        }
        let scale = big(U256::MAX);
        let num = if self.rest.denom().is_one() {
            &self.shares + self.rest.numer() * &scale
        } else {
            &self.shares * self.rest.denom() + self.rest.numer() * &scale
        };
        (num, scale * self.rest.denom())
    }
}

impl From<Credit> for Value {
    fn from(v: Credit) -> Self {
        Self { shares: BigInt::zero(), rest: v.0 }
    }
}

impl From<&Credit> for Value {
    fn from(v: &Credit) -> Self {
        v.clone().into()
    }
}

impl From<Wei> for Value {
    fn from(v: Wei) -> Self {
        Credit::from(v).into()
    }
}

impl AddAssign<&Self> for Value {
    fn add_assign(&mut self, other: &Self) {
        self.shares += &other.shares;
        if !other.rest.is_zero() {
            self.rest += &other.rest;
        }
    }
}

impl SubAssign<&Self> for Value {
    fn sub_assign(&mut self, other: &Self) {
        self.shares -= &other.shares;
        if !other.rest.is_zero() {
            self.rest -= &other.rest;
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.rest == other.rest {
            return self.shares.cmp(&other.shares);
        }
        let mut gap = self.clone();
        gap -= other;
        gap.fraction().0.cmp(&BigInt::zero())
    }
}
