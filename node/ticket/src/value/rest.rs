//! Exact fractions that stay in machine words while they fit.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{ToPrimitive, Zero};

/// A fraction with a denominator above zero, not reduced.
#[derive(Debug, Clone)]
pub(super) enum Rest {
    /// Fees at nearly all prices.
    Small { num: i128, den: u64 },
    /// Of any size.
    Large(Box<Large>),
}

#[derive(Debug, Clone)]
pub(super) struct Large {
    num: BigInt,
    den: BigInt,
}

impl Rest {
    pub(super) const ZERO: Self = Self::Small { num: 0, den: 1 };

    pub(super) fn new(num: BigInt, den: BigInt) -> Self {
        match (num.to_i128(), den.to_u64()) {
            (Some(num), Some(den)) => Self::Small { num, den },
            _ => Self::Large(Box::new(Large { num, den })),
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.sign() == Ordering::Equal
    }

    /// How it compares with zero.
    pub(super) fn sign(&self) -> Ordering {
        match self {
            Self::Small { num, .. } => num.cmp(&0),
            Self::Large(x) => match x.num.sign() {
                Sign::Minus => Ordering::Less,
                Sign::NoSign => Ordering::Equal,
                Sign::Plus => Ordering::Greater,
            },
        }
    }

    /// Numerator and denominator.
    pub(super) fn parts(&self) -> (BigInt, BigInt) {
        match self {
            Self::Small { num, den } => ((*num).into(), (*den).into()),
            Self::Large(x) => (x.num.clone(), x.den.clone()),
        }
    }

    pub(super) fn times(&self, n: u64) -> Self {
        if let Self::Small { num, den } = *self
            && let Some(num) = num.checked_mul(n.into())
        {
            return Self::Small { num, den };
        }
        let (num, den) = self.parts();
        Self::new(num * n, den)
    }

    /// Adds another one, or its negative.
    pub(super) fn add(&mut self, other: &Self, negative: bool) {
        if other.is_zero() {
            return;
        }
        if let (Self::Small { num: a, den: x }, Self::Small { num: b, den: y }) = (&*self, other)
            && let Some((num, den)) = small_sum((*a, *x), (*b, *y), negative)
        {
            *self = Self::Small { num, den };
            return;
        }
        let ((a, x), (b, y)) = (self.parts(), other.parts());
        let b = if negative { -b } else { b };
        *self = if a.is_zero() {
            Self::new(b, y)
        } else if x == y {
            Self::new(a + b, x)
        } else {
            // Prices of one session rarely differ: here the sum is worth keeping small.
            let common = x.gcd(&y);
            let (to_a, to_b) = (&y / &common, &x / &common);
            Self::new(a * &to_a + b * to_b, x * to_a)
        };
    }
}

/// The sum or difference of fractions, where it fits.
fn small_sum((a, x): (i128, u64), (b, y): (i128, u64), negative: bool) -> Option<(i128, u64)> {
    let b = if negative { b.checked_neg()? } else { b };
    if a == 0 {
        return Some((b, y));
    }
    if x == y {
        return Some((a.checked_add(b)?, x));
    }
    let common = x.gcd(&y);
    let (to_a, to_b) = (y / common, x / common);
    let sum = a.checked_mul(to_a.into())?.checked_add(b.checked_mul(to_b.into())?)?;
    Some((sum, x.checked_mul(to_a)?))
}

impl PartialEq for Rest {
    /// The same numerator and denominator; equal fractions may differ in them.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Small { num: a, den: x }, Self::Small { num: b, den: y }) => (a, x) == (b, y),
            (Self::Large(a), Self::Large(b)) => a.num == b.num && a.den == b.den,
            _ => false,
        }
    }
}
