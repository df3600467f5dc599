//! Amounts and shares as people write and read them.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use thiserror::Error;

use crate::{Perc6, Perc9, U256};

/// A text that is no amount, in the words that operators of go-livepeer know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// It does not look like a number.
    #[error("submitted value {0} is not a valid float")]
    NotANumber(String),
    /// It looks like one and is none.
    #[error("unable to convert floatString {0} into big.Int")]
    Unreadable(String),
    /// More places than the unit has. The text says 18, whatever the unit.
    #[error("submitted value has more than 18 decimals")]
    TooFine,
}

/// Longest number and largest power of ten of a number that a peer writes, so that no text can ask for one of unbounded
/// size.
const MAX_DIGITS: usize = 1_000;

/// `digits[.digits]` times a power of ten.
#[must_use]
pub fn scaled(text: &str, exponent: i32) -> Option<BigRational> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(w, f)| (w, Some(f)));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !fraction.is_none_or(digits) || text.len() > MAX_DIGITS {
        return None;
    }
    let fraction = fraction.unwrap_or_default();
    let mantissa: BigInt = format!("{whole}{fraction}").parse().ok()?;
    if mantissa.is_zero() {
        return Some(BigRational::zero());
    }
    let power = i64::from(exponent) - i64::try_from(fraction.len()).ok()?;
    let size = usize::try_from(power.unsigned_abs()).ok().filter(|p| *p <= MAX_DIGITS)?;
    let ten = BigInt::from(10u32).pow(u32::try_from(size).ok()?);
    Some(if power < 0 { BigRational::new(mantissa, ten) } else { BigRational::from_integer(mantissa * ten) })
}

/// A number with a sign or without, a fraction of two whole ones, or one with a point and an exponent.
#[must_use]
pub fn ratio(text: &str) -> Option<BigRational> {
    let (negative, plain) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = if let Some((num, den)) = plain.split_once('/') {
        let whole = |text: &str| scaled(text, 0).filter(BigRational::is_integer);
        let (num, den) = (whole(num)?, whole(den)?);
        if den.is_zero() { None } else { Some(num / den) }
    } else {
        let (mantissa, exponent) = plain.split_once(['e', 'E']).unwrap_or((plain, "0"));
        // One side of the point may be empty.
        let mantissa = match mantissa.split_once('.') {
            Some(("", rest)) => format!("0.{rest}"),
            Some((whole, "")) => whole.to_owned(),
            _ => mantissa.to_owned(),
        };
        scaled(&mantissa, exponent.parse().ok()?)
    }?;
    Some(if negative { -value } else { value })
}

/// Smallest units of an amount that is written in units with so many decimals.
///
/// # Errors
/// It is no decimal number, or finer than the smallest unit.
pub fn to_base(text: &str, decimals: usize) -> Result<BigInt, DecimalError> {
    if !looks_like_a_number(text) {
        return Err(DecimalError::NotANumber(text.to_owned()));
    }
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.len() > decimals {
        return Err(DecimalError::TooFine);
    }
    let digits = format!("{whole}{rest:0<decimals$}");
    let plain = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    match digits.parse() {
        Ok(n) if plain.bytes().all(|b| b.is_ascii_digit()) => Ok(n),
        _ => Err(DecimalError::Unreadable(digits)),
    }
}

/// A sign, digits, any one character, digits: what is none of this is told from what cannot be read.
fn looks_like_a_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let tail = unsigned.trim_end_matches(|c: char| c.is_ascii_digit());
    let mut head = tail.chars();
    let odd = head.next_back();
    let plain = head.as_str().chars().all(|c| c.is_ascii_digit());
    // Digits at the end; before them at most one that is none.
    unsigned.len() > tail.len() && (odd.is_none() || plain)
}

/// An amount of smallest units in units with so many decimals, without zeros at the end.
#[must_use]
pub fn from_base(amount: &BigInt, decimals: usize) -> String {
    let digits = format!("{:0>width$}", amount.magnitude().to_string(), width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    let rest = rest.trim_end_matches('0');
    let sign = if amount.is_negative() { "-" } else { "" };
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// A number with so many digits behind the point, halves away from zero.
#[must_use]
pub fn rounded(value: &BigRational, places: usize) -> String {
    let scale = BigInt::from(10u32).pow(u32::try_from(places).unwrap_or(u32::MAX));
    let parts = (value * scale).round().to_integer();
    let digits = format!("{:0>width$}", parts.magnitude().to_string(), width = places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    let sign = if parts.is_negative() { "-" } else { "" };
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// An amount with its unit: the smallest one below a hundredth of the large one.
#[must_use]
pub fn with_unit(amount: &BigInt, large: &str, small: &str) -> String {
    match *amount < BigInt::from(10_000_000_000_000_000_u64) {
        true => format!("{amount} {small}"),
        false => format!("{} {large}", from_base(amount, 18)),
    }
}

/// An amount of wei with its unit.
#[must_use]
pub fn eth(amount: &BigInt) -> String {
    with_unit(amount, "ETH", "WEI")
}

/// An amount of LPT's smallest unit with its unit.
#[must_use]
pub fn lpt(amount: &BigInt) -> String {
    with_unit(amount, "LPT", "LPTU")
}

/// Per cent of a share in parts of a million.
#[must_use]
pub fn percent_of_million(parts: i64) -> f64 {
    parts as f64 / f64::from(Perc6::DIVISOR / 100)
}

/// Per cent of a share in parts of 10^9.
#[must_use]
pub fn percent_of_billion(parts: i64) -> f64 {
    parts as f64 / (Perc9::DIVISOR / 100) as f64
}

/// A number with as few digits as tell it from any other, with an exponent from a million on and below a ten
/// thousandth.
#[must_use]
pub fn shortest(n: f64) -> String {
    let scientific = format!("{n:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    format!("{n}")
}

/// Parts of a million of a share in per cent, rounded towards none.
#[must_use]
pub fn million_of_percent(percent: f64) -> BigInt {
    BigInt::from((percent * f64::from(Perc6::DIVISOR / 100)) as i64)
}

/// Bits that count of a share of 2^256 - 1.
const SHARE_BITS: u64 = 250;

/// A share in per cent as a part of 2^256 - 1, of which the first 250 bits count.
#[must_use]
pub fn word_of_percent(percent: f64) -> Option<BigInt> {
    let share = BigRational::from_float(percent)? * crate::amount::big(U256::MAX) / BigInt::from(100);
    let n = share.to_integer();
    let low = n.bits().saturating_sub(SHARE_BITS);
    if n.is_zero() || low == 0 {
        return Some(n);
    }
    Some((n >> low) << low)
}
