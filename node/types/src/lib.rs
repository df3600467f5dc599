//! Units and identifiers of the Livepeer protocol: checked, typed, free of I/O.
//!
//! Every integer that crosses a function in Weir carries its unit in its type. Arithmetic is
//! checked: an overflow is an [`AmountError`], never a wrap. Prices and ticket values that the
//! protocol defines as fractions stay exact rationals ([`Price`], [`Credit`]) and are never floats.
//!
//! Map of the crate, in reading order: [`amount`] (wei, LPT, exact credit), [`decimal`] (amounts as
//! texts), [`price`],
//! [`time`] (virtual and wall instants, rounds, block numbers), [`work`] (pixels, profiles),
//! [`prob`] (win probabilities and the protocol's percentage scales), [`entropy`].

pub mod amount;
pub mod decimal;
pub mod entropy;
pub mod price;
pub mod prob;
pub mod time;
pub mod work;

pub use alloy_primitives::{Address, B256, Keccak256, Signed, U256, Uint, address, b256, keccak256};
pub use amount::{AmountError, Credit, LptWei, Wei};
pub use entropy::Entropy;
pub use price::Price;
pub use prob::{Perc6, Perc9, Perc27, WinProb};
pub use time::{Instant, L1Block, L2Block, Millis, Round};
pub use work::{Pixels, Profile};
