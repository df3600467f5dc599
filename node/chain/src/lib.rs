//! Chain driver over any alloy provider: reads, events and transactions.
//!
//! The same code serves the simulator's in-process chain, a development chain and Arbitrum: all it
//! asks of a chain is an alloy [`Provider`](alloy::providers::Provider). It carries out what a role
//! machine wants ([`TxManager`]) and turns state and logs into what a role machine understands
//! ([`Client`], [`Watcher`]); it decides nothing itself.
//!
//! Map: [`client`] (typed reads), [`watch`] (logs), [`tx`] (transactions), [`hints`] (places in the
//! orchestrator pool).

pub mod client;
mod error;
pub mod hints;
pub mod tx;
pub mod watch;

pub use client::{Addresses, Client, DelegatorState, Head, PoolMember, TranscoderState};
pub use error::ChainError;
pub use tx::{Submitted, TxManager};
pub use watch::{Log, LogKind, Watcher};
