//! Prices in currencies other than ether.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed};

use crate::MarketError;

const ETH: &str = "ETH";

/// The last answer of a price feed: `price` units of `quote` for one unit of `base`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    base: String,
    quote: String,
    price: BigRational,
}

impl Feed {
    /// A feed's description, such as `ETH / USD`, and its answer.
    ///
    /// # Errors
    /// [`MarketError::FeedPrice`] for an answer that is not above zero.
    pub fn new(base: &str, quote: &str, price: BigRational) -> Result<Self, MarketError> {
        if !price.is_positive() {
            return Err(MarketError::FeedPrice(price.to_string()));
        }
        Ok(Self { base: base.trim().to_uppercase(), quote: quote.trim().to_uppercase(), price })
    }

    /// Wei for one unit of a currency that is neither wei nor ether.
    fn wei_per_unit(&self, currency: &str) -> Result<BigRational, MarketError> {
        let missing = |c: &str| MarketError::FeedCurrency {
            currency: c.to_owned(),
            base: self.base.clone(),
            quote: self.quote.clone(),
        };
        if self.base != ETH && self.quote != ETH {
            return Err(missing(ETH));
        }
        if self.base != currency && self.quote != currency {
            return Err(missing(currency));
        }
        Ok(if self.base == ETH { ether() / &self.price } else { ether() * &self.price })
    }
}

/// Wei for one unit of `currency`: no text or `wei` for wei, `eth` for ether, anything else by the
/// feed; letters count alike in both cases.
///
/// # Errors
/// [`MarketError::FeedCurrency`] when the feed lacks ether or the currency, [`MarketError::NoFeed`]
/// when there is none.
pub fn wei_per_unit(currency: &str, feed: Option<&Feed>) -> Result<BigRational, MarketError> {
    let currency = currency.to_uppercase();
    match (currency.as_str(), feed) {
        ("" | "WEI", _) => Ok(BigRational::one()),
        (ETH, _) => Ok(ether()),
        (other, Some(feed)) => feed.wei_per_unit(other),
        (_, None) => Err(MarketError::NoFeed(currency)),
    }
}

fn ether() -> BigRational {
    BigRational::from_integer(BigInt::from(10u64).pow(18))
}
