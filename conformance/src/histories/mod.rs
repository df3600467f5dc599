//! Random histories of the protocol's contracts, sent again to these contracts.
//!
//! A history deploys the protocol, then sends transactions of many accounts, one in six of them meant
//! to fail. Everything that the originals answered is compared: status, revert data, events, views,
//! storage. `data/histories/README.md` describes the lines.

mod names;
mod replay;
mod snapshot;

pub use replay::{Bonding, replay, replay_on};
