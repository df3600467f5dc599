//! Fixed-point and 64-bit forms of prices and stakes.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive};
use serde::{Deserialize, Serialize};
use weir_types::{LptWei, Price, amount::big};

use crate::MarketError;

/// Units of a fixed-point price per wei: three decimals.
pub const PRICE_SCALE: u32 = 1_000;
/// Units of a fixed-point amount of tokens per whole token: five decimals.
pub const TOKEN_SCALE: u32 = 100_000;

/// A price as the protocol's messages carry it: `per_unit` wei for `pixels_per_unit` pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wire {
    /// Wei for `pixels_per_unit` pixels.
    pub per_unit: i64,
    /// Pixels for `per_unit` wei.
    pub pixels_per_unit: i64,
}

impl Wire {
    /// Work for nothing.
    pub const FREE: Self = Self { per_unit: 0, pixels_per_unit: 1 };

    /// The message of a price: numerator and denominator when both fit 64 bits, otherwise the
    /// whole wei per pixel.
    ///
    /// go-livepeer keeps the low 64 bits when it answers a request that names no capabilities, so
    /// that a price of 2^70 wei is advertised as work for nothing. Here such a price is an error.
    ///
    /// # Errors
    /// [`MarketError::PriceRange`] when the whole wei per pixel do not fit either.
    pub fn of(price: &Price) -> Result<Self, MarketError> {
        let r = price.ratio();
        match (r.numer().to_i64(), r.denom().to_i64()) {
            (Some(per_unit), Some(pixels_per_unit)) => Ok(Self { per_unit, pixels_per_unit }),
            _ => Self::floor(price),
        }
    }

    /// The message of a price's whole wei per pixel.
    ///
    /// # Errors
    /// [`MarketError::PriceRange`] when they do not fit 64 bits.
    pub fn floor(price: &Price) -> Result<Self, MarketError> {
        Ok(Self { per_unit: price_to_int64(price.ratio())?, pixels_per_unit: 1 })
    }

    /// The rational of a message, in lowest terms and with the sign of the quotient.
    ///
    /// # Errors
    /// [`MarketError::ZeroPixels`] for a price of zero pixels.
    pub fn ratio(self) -> Result<BigRational, MarketError> {
        if self.pixels_per_unit == 0 {
            return Err(MarketError::ZeroPixels);
        }
        Ok(BigRational::new(self.per_unit.into(), self.pixels_per_unit.into()))
    }

    /// The price of a message.
    ///
    /// # Errors
    /// [`MarketError::ZeroPixels`] for a price of zero pixels, [`MarketError::NegativePrice`] for
    /// one below zero.
    pub fn price(self) -> Result<Price, MarketError> {
        let negative = MarketError::NegativePrice { per_unit: self.per_unit, pixels_per_unit: self.pixels_per_unit };
        Price::from_ratio(self.ratio()?).ok_or(negative)
    }
}

/// Thousandths of a wei of a rational, cut off towards zero; the nearest bound outside of 64 bits.
#[must_use]
pub fn price_to_fixed(v: &BigRational) -> i64 {
    ratio_to_fixed(v, PRICE_SCALE)
}

/// The rational of a number of thousandths.
#[must_use]
pub fn fixed_to_price(v: i64) -> BigRational {
    BigRational::new(v.into(), PRICE_SCALE.into())
}

/// Largest whole number not above a rational.
///
/// # Errors
/// [`MarketError::PriceRange`] when it does not fit 64 bits.
pub fn price_to_int64(v: &BigRational) -> Result<i64, MarketError> {
    v.floor().to_integer().to_i64().ok_or(MarketError::PriceRange)
}

/// Hundred-thousandths of a token of a signed amount in the smallest unit; the nearest bound
/// outside of 64 bits.
#[must_use]
pub fn token_to_fixed(v: &BigInt) -> i64 {
    ratio_to_fixed(&BigRational::new(v.clone(), BigInt::from(10u64).pow(18)), TOKEN_SCALE)
}

/// A stake as selection weighs it: hundred-thousandths of a token.
#[must_use]
pub fn stake_to_fixed(stake: LptWei) -> u64 {
    token_to_fixed(&big(stake.0)).unsigned_abs()
}

/// `v * scale`, cut off towards zero.
///
/// go-livepeer rounds a binary quotient before it cuts. Its precision is at least the number of
/// bits of the numerator and of the denominator, so a fraction, which is at least one denominator
/// part away from the next whole number, never rounds up to it: cutting the exact quotient is the
/// same.
fn ratio_to_fixed(v: &BigRational, scale: u32) -> i64 {
    let scaled = v * BigRational::from_integer(scale.into());
    let bound = if scaled.is_negative() { i64::MIN } else { i64::MAX };
    scaled.to_integer().to_i64().unwrap_or(bound)
}
