//! Chain driver over any alloy provider: endpoints, reads, events and transactions.
//!
//! The same code serves the simulator's in-process chain, a development chain and Arbitrum: all it
//! asks of a chain is an alloy [`Provider`](alloy::providers::Provider). It carries out what a role
//! machine wants and turns state and logs into what a role machine understands; it decides nothing
//! about money, work or rounds itself.
//!
//! Three parts have no I/O, and hold all the rules: [`health`] (which endpoint to ask), [`book`] (what of
//! the known still holds) and [`outbox`] (transactions on their way). Around them:
//!
//! | module | what it does |
//! |---|---|
//! | [`line`] | one endpoint over HTTP, WebSocket or IPC, with a limit to its patience |
//! | [`endpoints`] | several as one: fail-over, agreement on height and hashes |
//! | [`identity`] | refuses a network that is not the configured one |
//! | [`client`] | typed reads |
//! | [`watch`] | logs, gaps, reorganisations |
//! | [`gas`], [`price`] | prices of gas, prices of ETH |
//! | [`call`], [`tx`], [`hints`] | intents as transactions, signed |
//! | [`manager`] | transactions followed; a [`weir_roles::Journal`] keeps what of them survives a crash |
//! | [`driver`] | all of it for one node |
//! | [`service`] | a driver on a task of its own, which nobody waits for |
//! | [`heads`] | word of new blocks, where endpoints push it |
//! | [`fault`] | whose fault a failed request is |

pub mod book;
pub mod call;
pub mod client;
pub mod driver;
pub mod endpoints;
mod error;
pub mod fault;
pub mod gas;
pub mod heads;
pub mod health;
pub mod hints;
pub mod identity;
pub mod line;
pub mod manager;
pub mod outbox;
pub mod price;
pub mod service;
pub mod tx;
pub mod watch;

pub use book::{Book, Changed, SenderInfo};
pub use call::DryRunFailed;
pub use client::{ActiveOrchestrator, Addresses, Client, DelegatorState, Head, PoolMember, TranscoderState};
pub use driver::{Driver, Tick, TickError};
pub use endpoints::{EndpointStatus, Endpoints};
pub use error::ChainError;
pub use fault::{Fault, SendRefusal, TimedOut};
pub use gas::{GasPolicy, GasPrices};
pub use heads::{Heads, Wake};
pub use health::HealthConfig;
pub use identity::{Mismatch, Network, identify};
pub use line::{BadUrl, EndpointUrl};
pub use manager::{Submission, TxError, TxManager};
pub use outbox::{Notice, Outbox, OutboxConfig};
pub use service::{Orders, Pace, Report, service};
pub use tx::{Account, Submitted, TxSigner};
pub use watch::{Log, LogKind, News, WatchConfig, Watcher};
