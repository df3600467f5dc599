//! Exact sums of ticket values and fees that cost little to keep.

use std::cmp::Ordering;
use std::ops::{AddAssign, SubAssign};
use std::sync::LazyLock;

use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Zero};
use weir_types::amount::big;
use weir_types::{Credit, Pixels, Price, U256, Wei, WinProb};

/// What win probabilities are parts of.
static WHOLE: LazyLock<BigInt> = LazyLock::new(|| big(U256::MAX));

/// An exact signed amount of wei: `shares / (2^256 - 1) + num / den`.
///
/// Expected values of tickets all have the denominator 2^256 - 1, fees have the small one of a price. Kept apart and
/// not reduced, adding a ticket or a fee is one addition of integers; reduced fractions would pay for a greatest common
/// divisor of numbers of 512 bits each time.
#[derive(Debug, Clone)]
pub struct Value {
    shares: BigInt,
    num: BigInt,
    /// Above zero.
    den: BigInt,
}

impl Default for Value {
    fn default() -> Self {
        Self { shares: BigInt::ZERO, num: BigInt::ZERO, den: BigInt::one() }
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
        Self { shares: big(face_value.0) * big(win_prob.0), ..Self::default() }
    }

    /// The fee of an amount of work.
    #[must_use]
    pub fn fee(price: &Price, work: Pixels) -> Self {
        Self::of(price.ratio().numer() * BigInt::from(work.0), price.ratio().denom().clone())
    }

    /// A fraction with a denominator above zero, reduced or not.
    pub(crate) fn of(num: BigInt, den: BigInt) -> Self {
        Self { num, den, ..Self::default() }
    }

    /// `n` times the amount.
    #[must_use]
    pub fn times(&self, n: u64) -> Self {
        Self { shares: &self.shares * n, num: &self.num * n, den: self.den.clone() }
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

    /// -1, 0 or 1 as the amount is below zero, nothing, or above.
    fn sign(&self) -> Ordering {
        let sign = |n: &BigInt| match n.sign() {
            Sign::Minus => Ordering::Less,
            Sign::NoSign => Ordering::Equal,
            Sign::Plus => Ordering::Greater,
        };
        match (sign(&self.shares), sign(&self.num)) {
            (same, other) if same == other => same,
            (Ordering::Equal, one) | (one, Ordering::Equal) => one,
            (shares, rest) => match self.outweighs() {
                Some(true) => shares,
                Some(false) => rest,
                None => sign(&self.fraction().0),
            },
        }
    }

    /// Whether the shares are more than the rest, either taken as positive, where their lengths tell it: amounts that
    /// are compared are seldom close to each other, and the product that decides for those costs more.
    fn outweighs(&self) -> Option<bool> {
        // A number of n bits lies in 2^(n-1) .. 2^n, so shares / (2^256 - 1) in 2^(n-257) .. 2^(n-255).
        let (shares, num, den) = (self.shares.bits(), self.num.bits(), self.den.bits());
        if shares + den >= num + 258 {
            return Some(true);
        }
        (num + 254 >= shares + den).then_some(false)
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
        let ((num, den), (unit_num, unit_den)) = (self.fraction(), unit.fraction());
        let n = (num * unit_den).div_ceil(&(den * unit_num));
        u64::try_from(n).unwrap_or(u64::MAX)
    }

    /// Numerator and positive denominator, not reduced.
    fn fraction(&self) -> (BigInt, BigInt) {
        if self.shares.is_zero() {
            return (self.num.clone(), self.den.clone());
        }
        if self.num.is_zero() {
            return (self.shares.clone(), WHOLE.clone());
        }
        (&self.shares * &self.den + &self.num * &*WHOLE, &self.den * &*WHOLE)
    }

    /// Adds a fraction.
    fn add_rest(&mut self, num: &BigInt, den: &BigInt, negative: bool) {
        if num.is_zero() {
            return;
        }
        if self.num.is_zero() {
            self.den.clone_from(den);
        }
        let scaled;
        let num = if self.den == *den {
            num
        } else {
            // Prices of one session rarely differ: here the sum is worth keeping small.
            scaled = num * &self.den;
            let common = self.den.gcd(den);
            self.num *= den / &common;
            self.den = &self.den * (den / &common);
            &(&scaled / &common)
        };
        if negative {
            self.num -= num;
        } else {
            self.num += num;
        }
    }
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
        Self::of(big(v.0), BigInt::one())
    }
}

impl AddAssign<&Self> for Value {
    fn add_assign(&mut self, other: &Self) {
        self.shares += &other.shares;
        self.add_rest(&other.num, &other.den, false);
    }
}

impl SubAssign<&Self> for Value {
    fn sub_assign(&mut self, other: &Self) {
        self.shares -= &other.shares;
        self.add_rest(&other.num, &other.den, true);
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
        if self.num == other.num && self.den == other.den {
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
