//! Prices from Chainlink's aggregators: what a currency is worth in another, and since when.

use alloy::providers::Provider;
use alloy::sol;
use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use num_traits::Zero;
use thiserror::Error;
use weir_types::{Address, Millis, U256};

use crate::ChainError;

sol! {
    /// An aggregator, as far as it is asked.
    #[sol(rpc)]
    interface Aggregator {
        function decimals() external view returns (uint8);
        function description() external view returns (string memory);
        function latestRoundData()
            external
            view
            returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
    }
}

/// A price that can be reckoned with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// What is priced, for example `ETH`.
    pub base: String,
    /// In what, for example `USD`.
    pub quote: String,
    /// Units of `quote` for one of `base`.
    pub price: BigRational,
    /// When the aggregator took it, in seconds since the Unix epoch.
    pub updated_at: u64,
}

/// Why there is no price.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PriceError {
    /// The aggregator could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It does not name a pair.
    #[error("the price feed at {feed} describes itself as {description:?}, not as a pair such as \"ETH / USD\"")]
    NoPair {
        /// The aggregator.
        feed: Address,
        /// What it says.
        description: String,
    },
    /// It prices other currencies than asked for.
    #[error("the price feed at {feed} is for {found}, expected {expected}")]
    OtherPair {
        /// The aggregator.
        feed: Address,
        /// What it prices.
        found: String,
        /// What was wanted.
        expected: String,
    },
    /// The price is not above zero.
    #[error("the price feed at {feed} answers {answer}")]
    NotPositive {
        /// The aggregator.
        feed: Address,
        /// What it says.
        answer: String,
    },
    /// The price is too old.
    #[error("the price of the feed at {feed} is {age} s old, more than {max} s")]
    Stale {
        /// The aggregator.
        feed: Address,
        /// Seconds since the price was taken.
        age: u64,
        /// Most seconds allowed.
        max: u64,
    },
}

/// A price feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceFeed {
    /// The aggregator.
    pub feed: Address,
    /// The pair that it must be for, such as `ETH / USD`; either way round.
    pub pair: (String, String),
    /// Age from which on a price is of no use.
    pub age_max: Millis,
}

impl PriceFeed {
    /// ETH in USD on Arbitrum One. That feed is renewed at least once a day.
    #[must_use]
    pub fn eth_usd_arbitrum() -> Self {
        Self {
            feed: alloy::primitives::address!("639Fe6ab55C921f74e7fac1ee960C0B6293ba612"),
            pair: ("ETH".into(), "USD".into()),
            age_max: Millis::from_secs(26 * 3600),
        }
    }

    /// Reads the price of the first of the pair in the second. `now` is Unix time in seconds.
    ///
    /// # Errors
    /// The endpoint's failure, or a price that is not to be trusted.
    pub async fn read<P: Provider + Clone>(&self, provider: &P, now: u64) -> Result<Quote, PriceError> {
        let a = Aggregator::new(self.feed, provider.clone());
        let call = |call| move |source| ChainError::Call { call, source: Box::new(source) };
        let description = a.description().call().await.map_err(call("Aggregator.description"))?;
        let decimals = a.decimals().call().await.map_err(call("Aggregator.decimals"))?;
        let round = a.latestRoundData().call().await.map_err(call("Aggregator.latestRoundData"))?;
        let Some((base, quote)) = pair(&description) else {
            return Err(PriceError::NoPair { feed: self.feed, description });
        };
        if !round.answer.is_positive() {
            return Err(PriceError::NotPositive { feed: self.feed, answer: round.answer.to_string() });
        }
        let updated_at: u64 = round.updatedAt.saturating_to();
        let (age, max) = (now.saturating_sub(updated_at), self.age_max.0 / 1000);
        if age > max {
            return Err(PriceError::Stale { feed: self.feed, age, max });
        }
        let price = BigRational::new(big(round.answer.unsigned_abs()), BigInt::from(10).pow(u32::from(decimals)));
        let (want_base, want_quote) = &self.pair;
        let price = if base.eq_ignore_ascii_case(want_base) && quote.eq_ignore_ascii_case(want_quote) {
            price
        } else if base.eq_ignore_ascii_case(want_quote) && quote.eq_ignore_ascii_case(want_base) && !price.is_zero() {
            price.recip()
        } else {
            let (found, expected) = (format!("{base} / {quote}"), format!("{want_base} / {want_quote}"));
            return Err(PriceError::OtherPair { feed: self.feed, found, expected });
        };
        Ok(Quote { base: want_base.clone(), quote: want_quote.clone(), price, updated_at })
    }
}

fn big(v: U256) -> BigInt {
    BigInt::from_bytes_be(Sign::Plus, &v.to_be_bytes::<32>())
}

/// The two currencies of a description like `ETH / USD`.
fn pair(description: &str) -> Option<(String, String)> {
    let (base, quote) = description.split_once('/')?;
    let (base, quote) = (base.trim(), quote.trim());
    let one = |s: &str| !s.is_empty() && !s.contains('/');
    (one(base) && one(quote)).then(|| (base.to_owned(), quote.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_from_descriptions() {
        assert_eq!(pair("ETH / USD"), Some(("ETH".into(), "USD".into())));
        assert_eq!(pair("LINK/ETH "), Some(("LINK".into(), "ETH".into())));
        for bad in ["", "ETH", "/ USD", "ETH /", "A / B / C"] {
            assert_eq!(pair(bad), None, "{bad}");
        }
    }
}
