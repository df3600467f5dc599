//! Texts of price options: a price with a currency, lists of prices for gateways and models.

use std::collections::BTreeMap;

use num_rational::BigRational;
use serde_json::value::RawValue;
use weir_types::decimal::{ratio, scaled};

use super::limit::DEFAULT_MODEL;
use crate::MarketError;

type Object = BTreeMap<String, Box<RawValue>>;

/// A price for one gateway, as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayPrice {
    /// Address as given.
    pub address: String,
    /// Price of `pixels_per_unit` pixels, when given.
    pub per_unit: Option<BigRational>,
    /// Pixels of a unit, when given.
    pub pixels_per_unit: Option<BigRational>,
    /// Currency as given; empty for wei.
    pub currency: String,
}

/// A price for one model, as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelPrice {
    /// Name of the pipeline as given.
    pub pipeline: String,
    /// Id of the model; `default` when none is given.
    pub model: String,
    /// Price of `pixels_per_unit` pixels, when given.
    pub per_unit: Option<BigRational>,
    /// Pixels of a unit, when given.
    pub pixels_per_unit: Option<BigRational>,
    /// Currency as given; empty for wei.
    pub currency: String,
}

/// A price such as `1200`, `0.5USD` or `1e3`, which is one unit of the currency `e3`.
///
/// # Errors
/// [`MarketError::PriceText`] for anything but digits, an optional fraction and an optional
/// currency without a space.
pub fn price_with_currency(text: &str) -> Result<(BigRational, String), MarketError> {
    let bad = || MarketError::PriceText(text.to_owned());
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, currency) = text.split_at(split);
    let mut letters = currency.chars();
    let head_ok = letters.next().is_none_or(currency_letter);
    if !head_ok || !letters.all(|c| currency_letter(c) || c.is_ascii_digit()) {
        return Err(bad());
    }
    Ok((scaled(number, 0).ok_or_else(bad)?, currency.to_owned()))
}

/// The original's pattern runs from upper-case A to lower-case z and takes in what lies between.
fn currency_letter(c: char) -> bool {
    ('A'..='z').contains(&c)
}

/// Prices per gateway: `{"gateways":[{"ethaddress":…,"priceperunit":…,"currency":…,
/// "pixelsperunit":…}]}`; entries under `broadcasters` come first.
///
/// # Errors
/// [`MarketError::PriceList`] for a text of another shape.
pub fn gateway_prices(json: &str) -> Result<Vec<GatewayPrice>, MarketError> {
    let root = object(json)?;
    let mut out = Vec::new();
    for list in ["broadcasters", "gateways"] {
        for entry in entries(&root, list)? {
            out.push(GatewayPrice {
                address: text(&entry, "ethaddress")?,
                per_unit: number(&entry, "priceperunit")?,
                pixels_per_unit: number(&entry, "pixelsperunit")?,
                currency: text(&entry, "currency")?,
            });
        }
    }
    Ok(out)
}

/// Prices per model: `{"capabilities_prices":[{"pipeline":…,"model_id":…,"price_per_unit":…,
/// "pixels_per_unit":…,"currency":…}]}`.
///
/// # Errors
/// [`MarketError::PriceList`] for a text of another shape.
pub fn model_prices(json: &str) -> Result<Vec<ModelPrice>, MarketError> {
    let root = object(json)?;
    let mut out = Vec::new();
    for entry in entries(&root, "capabilities_prices")? {
        let model = text(&entry, "model_id")?;
        out.push(ModelPrice {
            pipeline: text(&entry, "pipeline")?,
            model: if model.is_empty() { DEFAULT_MODEL.to_owned() } else { model },
            per_unit: number(&entry, "price_per_unit")?,
            pixels_per_unit: number(&entry, "pixels_per_unit")?,
            currency: text(&entry, "currency")?,
        });
    }
    Ok(out)
}

fn read<'a, T: serde::Deserialize<'a>>(json: &'a str) -> Result<T, MarketError> {
    serde_json::from_str(json).map_err(|e| MarketError::PriceList(e.to_string()))
}

/// An object with its names in lower case: the original takes names in any case.
fn object(json: &str) -> Result<Object, MarketError> {
    Ok(read::<Object>(json)?.into_iter().map(|(k, v)| (k.to_lowercase(), v)).collect())
}

fn field<'a>(of: &'a Object, name: &str) -> Option<&'a str> {
    of.get(name).map(|v| v.get()).filter(|v| *v != "null")
}

fn entries(of: &Object, name: &str) -> Result<Vec<Object>, MarketError> {
    let Some(json) = field(of, name) else { return Ok(Vec::new()) };
    read::<Vec<Box<RawValue>>>(json)?.iter().map(|v| object(v.get())).collect()
}

fn text(of: &Object, name: &str) -> Result<String, MarketError> {
    field(of, name).map_or_else(|| Ok(String::new()), read)
}

/// A JSON number as an exact rational; a quoted one is refused.
fn number(of: &Object, name: &str) -> Result<Option<BigRational>, MarketError> {
    let Some(raw) = field(of, name) else { return Ok(None) };
    let bad = || MarketError::PriceList(format!("{name} is not a number of a usable size: {raw}"));
    ratio(raw).map(Some).ok_or_else(bad)
}
