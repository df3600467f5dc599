//! Prices: what an orchestrator asks and what a gateway pays at most.
//!
//! In reading order: [`fixed`] (the protocol's fixed-point and 64-bit forms), [`list`] (an
//! orchestrator's prices), [`limit`] (a gateway's maximum), [`currency`] (prices in other
//! currencies), [`options`] (texts of price options).

pub mod currency;
pub mod fixed;
pub mod limit;
pub mod list;
pub mod options;

pub use currency::Feed;
pub use fixed::{Wire, fixed_to_price, price_to_fixed, price_to_int64, stake_to_fixed};
pub use limit::{Doubled, MaxPrice, check_increase};
pub use list::{ModelKey, PriceList, Request};
