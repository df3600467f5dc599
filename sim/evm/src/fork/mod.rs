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
use crate::chain::{Chain, Inner};
use crate::config::ChainConfig;

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

impl Chain {
    /// A chain that goes on from a block of another. Chain id, times and numbers are those of the other chain;
    /// the rest of the configuration is taken as given.
    ///
    /// # Errors
    /// The block is neither in the cache nor to be had.
    pub fn fork(fork: &Fork, config: ChainConfig) -> Result<Self, Box<ForkError>> {
        let (remote, head) = Remote::open(fork)?;
        let config = ChainConfig {
            chain_id: head.chain_id,
            genesis_time: head.block.header.timestamp,
            l1_start: head.block.l1_block_number,
            base_fee: head.base_fee().unwrap_or(config.base_fee),
            ..config
        };
        Ok(Self::from(Inner::on(config, Some((remote, head.block)))))
    }

    /// Why the newest attempt to read another chain failed, if it did; asking clears it. While there is a
    /// failure that nobody asked for, no block is made. Always none on a chain that is no fork.
    #[must_use]
    pub fn failure(&self) -> Option<Box<ForkError>> {
        self.lock().failure.take()
    }

    /// Requests that were made of the other chain.
    #[must_use]
    pub fn fork_requests(&self) -> u64 {
        self.lock().state.remote().map_or(0, |remote| remote.requests())
    }
}

/// The block that is gone on from.
pub(crate) struct Head {
    pub(crate) chain_id: u64,
    pub(crate) block: Block,
}

impl Head {
    fn base_fee(&self) -> Option<weir_types::Wei> {
        self.block.header.base_fee_per_gas.map(|fee| weir_types::Wei::new(u128::from(fee)))
    }
}
