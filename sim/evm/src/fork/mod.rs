//! A chain that goes on from a block of another one, which is read as far as it is needed.
//!
//! Nothing is copied at the start. What a run reads is asked of the other chain's endpoint, at the pinned
//! block, and kept in a file: the next run finds it there, needs no endpoint and comes to the same. What is
//! written stays here.
//!
//! While the endpoint does not answer, nothing is made up: calls and submissions fail with the reason, and a
//! block that would need what is missing is not made ([`Chain::failure`](crate::Chain::failure)).

mod cache;
mod line;
mod remote;

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::block::Block;

pub(crate) use remote::Remote;

/// What to go on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// JSON-RPC endpoint over HTTP.
    pub url: String,
    /// Block to go on from. Without one it is the newest at the first run; later runs take the same, as long
    /// as the cache lasts.
    pub block: Option<u64>,
    /// Folder for what was read.
    pub cache: PathBuf,
    /// Chain id that it has to be.
    pub chain_id: Option<u64>,
    /// How long an answer may take.
    pub patience: Duration,
}

impl Fork {
    /// The newest block of an endpoint.
    #[must_use]
    pub fn new(url: impl Into<String>, cache: impl Into<PathBuf>) -> Self {
        Self { url: url.into(), block: None, cache: cache.into(), chain_id: None, patience: Duration::from_secs(20) }
    }
}

/// Why something of the other chain is not known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} of {from}: {cause}")]
pub struct ForkError {
    /// What was asked for.
    pub what: String,
    /// Endpoint, without what may be secret in its address.
    pub from: String,
    /// What is wrong.
    pub cause: ForkCause,
}

/// What is wrong with the other chain or with the cache.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ForkCause {
    /// The endpoint cannot be reached, or does not answer in time, and the cache does not have it.
    #[error("not in the cache, and the endpoint does not answer: {0}")]
    Unreachable(String),
    /// The endpoint asks for fewer requests.
    #[error("the endpoint asks for fewer requests")]
    RateLimited,
    /// The endpoint no longer has the block's state.
    #[error("the endpoint does not have the block's state: {0}; an archive node does")]
    Pruned(String),
    /// The endpoint refuses.
    #[error("the endpoint refuses: {0}")]
    Refused(String),
    /// The answer is not what the method gives.
    #[error("the answer makes no sense: {0}")]
    Garbage(String),
    /// There is no such block.
    #[error("there is no such block")]
    NoBlock,
    /// It is another chain than the one that was asked for.
    #[error("it is chain {found}, and chain {expected} is expected")]
    ChainId {
        /// Id of the endpoint's chain.
        found: u64,
        /// Id that was asked for.
        expected: u64,
    },
    /// The address is not one of an endpoint.
    #[error("an endpoint looks like http://host:port: {0}")]
    Url(String),
    /// The cache cannot be read or written.
    #[error("the cache: {0}")]
    Cache(String),
}

impl revm::database_interface::DBErrorMarker for Box<ForkError> {}

/// The block that is gone on from.
pub(crate) struct Head {
    pub(crate) chain_id: u64,
    pub(crate) block: Block,
}

impl Head {
    pub(crate) fn base_fee(&self) -> Option<weir_types::Wei> {
        self.block.header.base_fee_per_gas.map(|fee| weir_types::Wei::new(u128::from(fee)))
    }
}
