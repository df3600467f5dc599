//! Pricing policies as configurations name them.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;
use serde::{Deserialize, Serialize};
use weir_types::Price;

use super::{Pricing, SHARES};
use crate::MarketError;
use crate::price::options::price_with_currency;

/// Wei per pixel as configurations write it: a whole number, or a text such as `"1200"`, `"0.25"` or `"115/3"`.
///
/// Numbers with a point have to be texts: as binary fractions they would not be the price that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct WeiPerPixel(pub Price);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a price is a whole number of wei or a text such as \"0.25\" or \"115/3\"")]
enum Written {
    Whole(u64),
    Text(String),
}

impl TryFrom<Written> for WeiPerPixel {
    type Error = MarketError;

    fn try_from(written: Written) -> Result<Self, MarketError> {
        match written {
            Written::Whole(wei) => Ok(Self(whole(wei))),
            Written::Text(text) => text.parse(),
        }
    }
}

impl std::str::FromStr for WeiPerPixel {
    type Err = MarketError;

    fn from_str(text: &str) -> Result<Self, MarketError> {
        let bad = || MarketError::PriceText(text.to_owned());
        let (wei, pixels) = text.split_once('/').unwrap_or((text, "1"));
        let number = |part: &str| match price_with_currency(part) {
            Ok((number, currency)) if currency.is_empty() => Ok(number),
            _ => Err(bad()),
        };
        let (wei, pixels) = (number(wei)?, number(pixels)?);
        if pixels.is_zero() {
            return Err(bad());
        }
        Price::from_ratio(wei / pixels).map(Self).ok_or_else(bad)
    }
}

impl From<WeiPerPixel> for String {
    fn from(price: WeiPerPixel) -> Self {
        price.0.ratio().to_string()
    }
}

impl Default for WeiPerPixel {
    fn default() -> Self {
        Self(Price::free())
    }
}

fn whole(wei: u64) -> Price {
    Price::from_ratio(BigRational::from_integer(BigInt::from(wei))).unwrap_or_else(Price::free)
}

/// What a pixel costs whoever transcodes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Electricity.
    #[serde(default)]
    pub electricity: WeiPerPixel,
    /// The machine, written off over the pixels of its life.
    #[serde(default)]
    pub hardware: WeiPerPixel,
}

impl Costs {
    /// All of it.
    #[must_use]
    pub fn sum(&self) -> Price {
        // Neither part is below zero, so their sum is a price.
        Price::from_ratio(self.electricity.0.ratio() + self.hardware.0.ratio()).unwrap_or_else(Price::free)
    }
}

/// Which pricing policy. Shares are in hundredths of a per cent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum PricingConfig {
    /// One price.
    Posted {
        /// The price.
        price: WeiPerPixel,
    },
    /// What the work costs, and a margin.
    CostPlus {
        /// Cost of a pixel.
        cost: Costs,
        /// Margin on top.
        margin: u32,
    },
    /// Between two prices, by how busy the node is.
    Utilisation {
        /// Price of an idle node.
        floor: WeiPerPixel,
        /// Price of a full one.
        ceiling: WeiPerPixel,
    },
    /// Below whoever is cheapest, and never below cost.
    Undercut {
        /// Cost of a pixel.
        cost: Costs,
        /// Price where nobody else is seen.
        start: WeiPerPixel,
        /// How far below.
        by: u32,
    },
}

impl PricingConfig {
    /// The policy.
    ///
    /// # Errors
    /// [`MarketError::Pricing`] when a full node would ask less than an idle one, or when undercutting would take off
    /// more than the whole price.
    pub fn build(self) -> Result<Pricing, MarketError> {
        Ok(match self {
            Self::Posted { price } => Pricing::Posted { price: price.0 },
            Self::CostPlus { cost, margin } => Pricing::CostPlus { cost: cost.sum(), margin },
            Self::Utilisation { floor, ceiling } if ceiling.0 < floor.0 => {
                return Err(MarketError::Pricing(format!("the ceiling {} is below the floor {}", ceiling.0, floor.0)));
            }
            Self::Utilisation { floor, ceiling } => Pricing::Utilisation { floor: floor.0, ceiling: ceiling.0 },
            Self::Undercut { by, .. } if by > SHARES => {
                return Err(MarketError::Pricing(format!(
                    "{by} hundredths of a per cent is more than the whole price"
                )));
            }
            Self::Undercut { cost, start, by } => Pricing::Undercut { cost: cost.sum(), start: start.0, by },
        })
    }
}
