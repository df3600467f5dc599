//! Exact sums of ticket values and fees that cost little to keep.

mod rest;

use std::cmp::Ordering;
use std::ops::{AddAssign, SubAssign};
use std::sync::LazyLock;

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};
use weir_types::amount::big;
use weir_types::{Credit, Pixels, Price, Signed, U256, Uint, Wei, WinProb};

use rest::Rest;

/// What win probabilities are parts of.
static WHOLE: LazyLock<BigInt> = LazyLock::new(|| big(U256::MAX));

/// Parts of 2^256 - 1. A ticket has less than 2^512 of them and a payment less than 2^64 tickets, so that a sum of
/// 2^62 payments has room.
type Shares = Signed<640, 10>;
/// Their words.
type Words = Uint<640, 10>;

/// An exact signed amount of wei: `shares / (2^256 - 1)` and a fraction.
///
/// Expected values of tickets all have the denominator 2^256 - 1, fees have the small one of a price. Kept apart and
/// not reduced, adding a ticket or a fee is an addition of machine words; reduced fractions would pay for a greatest
/// common divisor of numbers of 512 bits each time.
#[derive(Debug, Clone)]
pub struct Value {
    shares: Shares,
    rest: Rest,
}

impl Default for Value {
    fn default() -> Self {
        Self { shares: Shares::ZERO, rest: Rest::ZERO }
    }
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
        let product: Uint<512, 8> = face_value.0.widening_mul(win_prob.0);
        Self { shares: Shares::from_raw(Words::from_limbs_slice(product.as_limbs())), rest: Rest::ZERO }
    }

    /// The fee of an amount of work.
    #[must_use]
    pub fn fee(price: &Price, work: Pixels) -> Self {
        Self::priced(price, work.0.into(), 1)
    }

    /// The fee of `num / den` units of work; `den` is above zero.
    pub(crate) fn priced(price: &Price, num: u128, den: u64) -> Self {
        let ratio = price.ratio();
        let small = || {
            let num = i128::try_from(num).ok()?.checked_mul(ratio.numer().to_i128()?)?;
            Some(Rest::Small { num, den: den.checked_mul(ratio.denom().to_u64()?)? })
        };
        let rest = small().unwrap_or_else(|| Rest::new(ratio.numer() * num, ratio.denom() * den));
        Self { rest, ..Self::default() }
    }

    /// A fraction with a denominator above zero, reduced or not.
    pub(crate) fn of(num: BigInt, den: BigInt) -> Self {
        Self { rest: Rest::new(num, den), ..Self::default() }
    }

    /// `n` times the amount.
    ///
    /// # Panics
    /// When the amount is so many tickets already that the product has no room.
    #[must_use]
    pub fn times(&self, n: u64) -> Self {
        let shares = product(self.shares, n).expect("tickets of a payment have less than 2^576 shares");
        Self { shares, rest: self.rest.times(n) }
    }

    /// The amount as one reduced fraction.
    #[must_use]
    pub fn credit(&self) -> Credit {
        let (num, den) = self.fraction();
        Credit(BigRational::new(num, den))
    }

    /// As a double: for charts and statistics, never for money.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.credit().to_f64()
    }

    /// Less, equal or greater as the amount is below zero, nothing, or above.
    fn sign(&self) -> Ordering {
        match (self.shares.cmp(&Shares::ZERO), self.rest.sign()) {
            (same, other) if same == other => same,
            (Ordering::Equal, one) | (one, Ordering::Equal) => one,
            _ => match self.words() {
                Some((num, _)) => num.cmp(&Shares::ZERO),
                None => self.fraction().0.cmp(&BigInt::ZERO),
            },
        }
    }

    /// `num` and `den` of the amount as `num / (den * (2^256 - 1))`, where they fit into words.
    fn words(&self) -> Option<(Shares, u64)> {
        let Rest::Small { num, den } = self.rest else { return None };
        // A numerator of 128 bits has less than 2^384 parts.
        let size = Words::from(num.unsigned_abs());
        let parts = Shares::from_raw((size << 256) - size);
        let shares = product(self.shares, den)?;
        let sum = if num < 0 { shares.checked_sub(parts) } else { shares.checked_add(parts) };
        Some((sum?, den))
    }

    /// True above zero.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.sign() == Ordering::Greater
    }

    /// True for nothing at all.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.sign() == Ordering::Equal
    }

    /// How many times `unit` goes into the amount, rounded up; zero unless both are positive, and
    /// the largest number where it does not fit.
    #[must_use]
    pub fn div_ceil(&self, unit: &Self) -> u64 {
        if !self.is_positive() || !unit.is_positive() {
            return 0;
        }
        self.words_over(unit).unwrap_or_else(|| {
            let ((num, den), (unit_num, unit_den)) = (self.fraction(), unit.fraction());
            let n = (num * unit_den).div_ceil(&(den * unit_num));
            u64::try_from(n).unwrap_or(u64::MAX)
        })
    }

    /// The quotient of positive amounts, rounded up, where both fit into words.
    fn words_over(&self, unit: &Self) -> Option<u64> {
        let ((num, den), (unit_num, unit_den)) = (self.words()?, unit.words()?);
        let (num, unit) = (product(num, unit_den)?.into_raw(), product(unit_num, den)?.into_raw());
        Some(u64::try_from(num.div_ceil(unit)).unwrap_or(u64::MAX))
    }

    /// Numerator and positive denominator, not reduced.
    fn fraction(&self) -> (BigInt, BigInt) {
        let (num, den) = self.rest.parts();
        if self.shares.is_zero() {
            return (num, den);
        }
        let shares = BigInt::from_signed_bytes_le(&self.shares.into_raw().to_le_bytes::<80>());
        if num.is_zero() {
            return (shares, WHOLE.clone());
        }
        (shares * &den + num * &*WHOLE, den * &*WHOLE)
    }
}

/// A product, where it fits.
fn product(shares: Shares, n: u64) -> Option<Shares> {
    if n == 1 {
        return Some(shares);
    }
    let mut limbs = shares.unsigned_abs().into_limbs();
    let mut carry = 0;
    // The general product is one of ten words by ten.
    for limb in &mut limbs {
        let wide = u128::from(*limb) * u128::from(n) + carry;
        *limb = wide as u64;
        carry = wide >> 64;
    }
    let size = Shares::from_raw(Words::from_limbs(limbs));
    let fits = carry == 0 && !size.is_negative();
    fits.then(|| if shares.is_negative() { -size } else { size })
}

impl From<Credit> for Value {
    fn from(v: Credit) -> Self {
        let (num, den) = v.0.into_raw();
        Self::of(num, den)
    }
}

impl From<&Credit> for Value {
    fn from(v: &Credit) -> Self {
        v.clone().into()
    }
}

impl From<Wei> for Value {
    fn from(v: Wei) -> Self {
        match u128::try_from(v.0).ok().and_then(|v| i128::try_from(v).ok()) {
            Some(num) => Self { rest: Rest::Small { num, den: 1 }, ..Self::default() },
            None => Self::of(big(v.0), BigInt::one()),
        }
    }
}

impl AddAssign<&Self> for Value {
    fn add_assign(&mut self, other: &Self) {
        self.shares += other.shares;
        self.rest.add(&other.rest, false);
    }
}

impl SubAssign<&Self> for Value {
    fn sub_assign(&mut self, other: &Self) {
        self.shares -= other.shares;
        self.rest.add(&other.rest, true);
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
        gap.sign()
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.credit().fmt(f)
    }
}
