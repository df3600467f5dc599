//! Amounts of money: [`Wei`], [`LptWei`] and the exact, signed [`Credit`].

use std::fmt;

use alloy_primitives::U256;
use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An amount that left the range of its type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AmountError {
    /// A sum or product above 2^256 - 1.
    #[error("amount overflow: {left} {op} {right}")]
    Overflow {
        /// Left operand, in the smallest unit.
        left: U256,
        /// Operator as written.
        op: &'static str,
        /// Right operand, in the smallest unit.
        right: U256,
    },
    /// A difference below zero.
    #[error("amount underflow: {left} - {right}")]
    Underflow {
        /// Left operand, in the smallest unit.
        left: U256,
        /// Right operand, in the smallest unit.
        right: U256,
    },
    /// A conversion of a negative or fractional value into a whole amount.
    #[error("not a whole non-negative amount: {0}")]
    NotWhole(String),
    /// A text that is not a decimal amount.
    #[error("not a decimal amount: {0:?}")]
    Parse(String),
}

macro_rules! amount {
    ($(#[$doc:meta])* $name:ident, $unit:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub U256);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(U256::ZERO);

            /// An amount that fits 128 bits.
            #[must_use]
            pub fn new(v: u128) -> Self {
                Self(U256::from(v))
            }

            /// Whole units of 10^18.
            #[must_use]
            pub fn from_whole(v: u64) -> Self {
                Self(U256::from(v) * U256::from(10u64).pow(U256::from(18u64)))
            }

            /// True for no amount at all.
            #[must_use]
            pub fn is_zero(&self) -> bool {
                self.0.is_zero()
            }

            /// Sum.
            ///
            /// # Errors
            /// [`AmountError::Overflow`] above 2^256 - 1.
            pub fn checked_add(self, other: Self) -> Result<Self, AmountError> {
                self.0.checked_add(other.0).map(Self).ok_or(AmountError::Overflow {
                    left: self.0,
                    op: "+",
                    right: other.0,
                })
            }

            /// Difference.
            ///
            /// # Errors
            /// [`AmountError::Underflow`] when `other` is larger.
            pub fn checked_sub(self, other: Self) -> Result<Self, AmountError> {
                self.0.checked_sub(other.0).map(Self).ok_or(AmountError::Underflow {
                    left: self.0,
                    right: other.0,
                })
            }

            /// Difference that stops at zero; for estimates and displays, never for ledgers.
            #[must_use]
            pub fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }

            /// Product with a plain factor.
            ///
            /// # Errors
            /// [`AmountError::Overflow`] above 2^256 - 1.
            pub fn checked_mul(self, factor: u64) -> Result<Self, AmountError> {
                self.0.checked_mul(U256::from(factor)).map(Self).ok_or(AmountError::Overflow {
                    left: self.0,
                    op: "*",
                    right: U256::from(factor),
                })
            }

            /// Whole units of 10^18 as a double: for charts and behaviours, never for money.
            #[must_use]
            pub fn to_f64_whole(self) -> f64 {
                self.to_f64() / 1e18
            }

            /// Smallest units as a double: for charts and behaviours, never for money.
            #[must_use]
            pub fn to_f64(self) -> f64 {
                self.0.as_limbs().iter().rev().fold(0.0, |acc, limb| acc * 18_446_744_073_709_551_616.0 + *limb as f64)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{} ", $unit), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = AmountError;

            fn from_str(s: &str) -> Result<Self, AmountError> {
                // The word's own parser takes the empty text for zero and passes over underscores.
                let decimal = !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
                let word = decimal.then(|| U256::from_str_radix(s, 10).ok()).flatten();
                word.map(Self).ok_or_else(|| AmountError::Parse(s.to_owned()))
            }
        }
    };
}

amount! {
    /// Ether in wei (1e-18 ETH).
    Wei, "wei"
}
amount! {
    /// Livepeer token in its smallest unit (1e-18 LPT).
    LptWei, "LPT wei"
}

impl Wei {
    /// Gwei (1e-9 ETH).
    #[must_use]
    pub fn from_gwei(v: u64) -> Self {
        Self(U256::from(v) * U256::from(1_000_000_000u64))
    }
}

/// An exact, signed amount of wei: expected values of tickets, session balances and fees.
///
/// go-livepeer keeps these as rationals, so two nodes agree on a session's balance to the last
/// fraction of a wei; rounding happens only where an amount goes on chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credit(pub BigRational);

impl Default for Credit {
    fn default() -> Self {
        Self::zero()
    }
}

impl Credit {
    /// Nothing.
    #[must_use]
    pub fn zero() -> Self {
        Self(BigRational::zero())
    }

    /// A fraction `num / den` of wei.
    ///
    /// # Panics
    /// When `den` is zero.
    #[must_use]
    pub fn ratio(num: U256, den: U256) -> Self {
        assert!(!den.is_zero(), "credit with denominator zero");
        Self(BigRational::new(big(num), big(den)))
    }

    /// True above zero.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.0.is_positive()
    }

    /// Smallest whole number not below the amount; zero for negative ones.
    #[must_use]
    pub fn ceil_wei(&self) -> Wei {
        Wei(unsigned(&self.0.ceil().to_integer()))
    }

    /// Largest whole number not above the amount; zero for negative ones.
    #[must_use]
    pub fn floor_wei(&self) -> Wei {
        Wei(unsigned(&self.0.floor().to_integer()))
    }

    /// As a double: for charts and behaviours, never for money.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        use num_traits::ToPrimitive;
        self.0.to_f64().unwrap_or(f64::NAN)
    }
}

impl From<Wei> for Credit {
    fn from(v: Wei) -> Self {
        Self(BigRational::from_integer(big(v.0)))
    }
}

impl fmt::Display for Credit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} wei", self.0.numer(), self.0.denom())
    }
}

impl std::ops::Add<&Self> for Credit {
    type Output = Self;
    fn add(self, other: &Self) -> Self {
        Self(self.0 + &other.0)
    }
}

impl std::ops::Sub<&Self> for Credit {
    type Output = Self;
    fn sub(self, other: &Self) -> Self {
        Self(self.0 - &other.0)
    }
}

impl std::ops::AddAssign<&Self> for Credit {
    fn add_assign(&mut self, other: &Self) {
        self.0 += &other.0;
    }
}

impl std::ops::SubAssign<&Self> for Credit {
    fn sub_assign(&mut self, other: &Self) {
        self.0 -= &other.0;
    }
}

/// A 256-bit word as a big integer.
#[must_use]
pub fn big(v: U256) -> BigInt {
    BigInt::from_bytes_be(Sign::Plus, &v.to_be_bytes::<32>())
}

/// A big integer as a 256-bit word: zero for negative values, the maximum above 2^256 - 1.
#[must_use]
pub fn unsigned(v: &BigInt) -> U256 {
    if v.is_negative() {
        return U256::ZERO;
    }
    let (_, bytes) = v.to_bytes_be();
    if bytes.len() > 32 { U256::MAX } else { U256::from_be_slice(&bytes) }
}
