//! Values of cases.

use std::fmt::Debug;

use num_bigint::BigInt;
use num_rational::BigRational;
use serde_json::Value;
use weir_ticket::{ExpirationParams, SigningKey};
use weir_types::{Address, B256, Credit, Price, Round, U256, Wei, WinProb};

use super::{Miss, Outcome};

/// Fails unless both are the same.
#[allow(clippy::needless_pass_by_value)] // Both sides are made where it is called.
pub(crate) fn same<T: PartialEq + Debug>(what: &str, ours: T, theirs: T) -> Outcome {
    if ours == theirs {
        return Ok(());
    }
    Err(Miss::Differs(format!("{what}: ours is {ours:?}, recorded is {theirs:?}")))
}

/// Fails unless it holds.
pub(crate) fn holds(what: &str, yes: bool) -> Outcome {
    if yes { Ok(()) } else { Err(Miss::Differs(what.to_owned())) }
}

fn no<T>(what: &str, key: &str) -> Outcome<T> {
    Err(Miss::Differs(format!("the case has no {what} {key}")))
}

pub(crate) fn list<'a>(v: &'a Value, key: &str) -> Outcome<&'a [Value]> {
    v[key].as_array().map(Vec::as_slice).map_or_else(|| no("list", key), Ok)
}

pub(crate) fn text<'a>(v: &'a Value, key: &str) -> Outcome<&'a str> {
    v[key].as_str().map_or_else(|| no("text", key), Ok)
}

/// Fails unless the case has each of our texts under its key.
pub(crate) fn same_texts<'a>(case: &Value, ours: impl IntoIterator<Item = (&'a str, &'a String)>) -> Outcome {
    ours.into_iter().try_for_each(|(key, ours)| same(key, ours.as_str(), text(case, key)?))
}

/// A text, or none for null and for an absent key.
pub(crate) fn maybe(v: &Value, key: &str) -> Option<String> {
    v[key].as_str().map(str::to_owned)
}

pub(crate) fn flag(v: &Value, key: &str) -> Outcome<bool> {
    v[key].as_bool().map_or_else(|| no("flag", key), Ok)
}

/// A number or the text of one, as text.
fn digits(n: &Value) -> String {
    n.as_str().map_or_else(|| n.to_string(), str::to_owned)
}

/// A whole number that is written as one, or as a decimal text.
pub(crate) fn number(v: &Value, key: &str) -> Outcome<u64> {
    digits(&v[key]).parse().or_else(|_| no("number", key))
}

pub(crate) fn integer(v: &Value, key: &str) -> Outcome<BigInt> {
    digits(&v[key]).parse().or_else(|_| no("integer", key))
}

pub(crate) fn double(v: &Value, key: &str) -> Outcome<f64> {
    v[key].as_f64().map_or_else(|| no("number", key), Ok)
}

pub(crate) fn wei(v: &Value, key: &str) -> Outcome<Wei> {
    digits(&v[key]).parse().or_else(|_| no("amount", key))
}

pub(crate) fn hex_word(text: &str) -> Outcome<U256> {
    U256::from_str_radix(text, 16).or_else(|_| no("word", text))
}

pub(crate) fn win_prob(v: &Value) -> Outcome<WinProb> {
    Ok(WinProb(hex_word(text(v, "winProb")?)?))
}

pub(crate) fn bytes(text: &str) -> Outcome<Vec<u8>> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).or_else(|_| no("bytes", text))
}

pub(crate) fn word(text: &str) -> Outcome<B256> {
    B256::try_from(bytes(text)?.as_slice()).or_else(|_| no("hash", text))
}

pub(crate) fn address(text: &str) -> Outcome<Address> {
    Address::try_from(bytes(text)?.as_slice()).or_else(|_| no("address", text))
}

/// `n/d` or `n`.
pub(crate) fn ratio(text: &str) -> Outcome<BigRational> {
    text.parse().or_else(|_| no("ratio", text))
}

/// A ratio, or none for null and the empty text.
pub(crate) fn maybe_ratio(v: &Value) -> Outcome<Option<BigRational>> {
    v.as_str().filter(|s| !s.is_empty()).map(ratio).transpose()
}

pub(crate) fn credit(text: &str) -> Outcome<Credit> {
    Ok(Credit(ratio(text)?))
}

/// A price, or none where there is none or one below zero.
pub(crate) fn price(v: &Value) -> Outcome<Option<Price>> {
    Ok(maybe_ratio(v)?.and_then(Price::from_ratio))
}

/// A decimal text of a ratio with so many places, half away from zero.
pub(crate) fn decimal(r: &BigRational, places: u32) -> String {
    let scaled = (r * BigRational::from_integer(BigInt::from(10).pow(places))).round().to_integer();
    let negative = scaled < BigInt::from(0);
    let digits = format!("{:0>width$}", scaled.magnitude().to_string(), width = places as usize + 1);
    let (whole, rest) = digits.split_at(digits.len() - places as usize);
    format!("{}{whole}.{rest}", if negative { "-" } else { "" })
}

pub(crate) fn expiration(v: &Value) -> Outcome<ExpirationParams> {
    Ok(ExpirationParams {
        creation_round: Round(number(v, "creationRound")?),
        creation_round_block_hash: word(text(v, "creationRoundBlockHash")?)?,
    })
}

/// The key of the cases' gateway.
pub(crate) fn gateway_key() -> SigningKey {
    SigningKey::from_bytes([0x46; 32]).expect("a constant is a key")
}

/// The key of the cases' orchestrator.
pub(crate) fn orchestrator_key() -> SigningKey {
    SigningKey::from_bytes([0x47; 32]).expect("a constant is a key")
}

/// The secret of the cases' recipients.
pub(crate) fn secret() -> [u8; 32] {
    let mut out = [0; 32];
    out[0] = 3;
    out
}

/// The error text of a result, or none.
pub(crate) fn error_of<T, E: std::fmt::Display>(result: &Result<T, E>) -> Option<String> {
    result.as_ref().err().map(ToString::to_string)
}
