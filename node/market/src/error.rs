//! What can go wrong in the market.

use thiserror::Error;

/// A price, an option or a weight that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MarketError {
    /// A price whose whole part does not fit the 64 bits that the protocol gives it.
    #[error("price cannot be converted to int64")]
    PriceRange,
    /// A price message for zero pixels.
    #[error("pixels per unit is 0")]
    ZeroPixels,
    /// A price message below zero.
    #[error("price is negative: {per_unit}/{pixels_per_unit}")]
    NegativePrice {
        /// Wei as sent.
        per_unit: i64,
        /// Pixels as sent.
        pixels_per_unit: i64,
    },
    /// A price option that is not a number followed by an optional currency.
    #[error("price must be in the format of <price><currency>, provided {0}")]
    PriceText(String),
    /// A list of prices that cannot be read.
    #[error("price list cannot be read: {0}")]
    PriceList(String),
    /// A list of versions that cannot be read.
    #[error("list of runner versions cannot be read: {0}")]
    VersionList(String),
    /// A price feed without the currency that a conversion needs.
    #[error("price feed does not have {currency} as a currency ({base}/{quote})")]
    FeedCurrency {
        /// Currency that is missing.
        currency: String,
        /// First currency of the feed.
        base: String,
        /// Second currency of the feed.
        quote: String,
    },
    /// A price in a currency that needs a feed, and none is there.
    #[error("no price feed for a price in {0}")]
    NoFeed(String),
    /// A feed whose price is not above zero.
    #[error("price feed answered {0}, which is not above zero")]
    FeedPrice(String),
    /// Selection weights that do not add up to one.
    #[error("selection weights must add up to 1, not {0}")]
    Weights(String),
    /// An exponent below zero, or none at all.
    #[error("exponents must be numbers from zero on, not {0}")]
    Exponent(String),
    /// Performance scores that cannot be read.
    #[error("performance scores: {0}")]
    Scores(String),
    /// A pricing policy that contradicts itself.
    #[error("pricing policy: {0}")]
    Pricing(String),
}
