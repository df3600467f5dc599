//! Highest prices that callers and webhooks allow.

use weir_types::{Price, decimal};
use weir_wire::json::{self, Field, Json, Reader};

use super::refusal::{LimitError, TooDear};
use super::units::Kind;

/// A limit as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Limit {
    price: Number,
    currency: String,
    unit: String,
}

/// A number that may stand in quotes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Number(String);

impl Field for Number {
    const NAME: &'static str = "json.Number";

    fn of(value: &Json) -> Result<Self, String> {
        match value {
            Json::Number(text) | Json::Text(text) => Ok(Self(text.clone())),
            other => Err(other.kind().to_owned()),
        }
    }
}

impl Number {
    /// Whether it is written as JSON writes numbers.
    fn is_one(&self) -> bool {
        matches!(json::parse(self.0.as_bytes()), Ok(Json::Number(text)) if text == self.0)
    }
}

const OBJECT: &str = "RemoteMaxPrice";
const FIELDS: [&str; 3] = ["price", "currency", "unit"];

impl Limit {
    /// The limit of a value, `None` for null.
    ///
    /// # Errors
    /// The text of a price that is no number.
    pub(super) fn read(reader: &mut Reader, value: &Json) -> Result<Option<Self>, String> {
        if *value == Json::Null {
            return Ok(None);
        }
        let (mut out, mut written) = (Self::default(), false);
        reader.object(value, "server.RemoteMaxPrice", &FIELDS, |reader, field, value| match field {
            "price" => {
                written = *value != Json::Null;
                reader.put(&mut out.price, value, (OBJECT, field));
            }
            "currency" => reader.put(&mut out.currency, value, (OBJECT, field)),
            _ => reader.put(&mut out.unit, value, (OBJECT, field)),
        });
        if written && !out.price.is_one() { Err(out.price.0) } else { Ok(Some(out)) }
    }

    /// Wei for a unit of a kind of payment.
    ///
    /// # Errors
    /// [`LimitError`] names what makes no sense.
    pub(super) fn price(&self, kind: Kind) -> Result<Price, LimitError> {
        if self.currency != "wei" {
            return Err(LimitError::Currency);
        }
        let (name, unit) = kind.unit().ok_or(LimitError::Kind)?;
        if self.unit != unit {
            return Err(LimitError::Unit { unit, kind: name });
        }
        let price = decimal::ratio(&self.price.0).and_then(Price::from_ratio);
        price.filter(|price| !price.is_free()).ok_or(LimitError::Price)
    }
}

/// The lowest of some limits against a price.
///
/// # Errors
/// The price is above it.
pub(super) fn check<'a>(
    price: &Price,
    limits: impl IntoIterator<Item = (&'static str, Option<&'a Price>)>,
) -> Result<(), TooDear> {
    let all = limits.into_iter().filter_map(|(whose, limit)| Some((whose, limit?)));
    match all.min_by_key(|(_, limit)| *limit) {
        Some((whose, ceiling)) if price > ceiling => {
            Err(TooDear { price: price.clone(), whose, ceiling: ceiling.clone() })
        }
        _ => Ok(()),
    }
}
