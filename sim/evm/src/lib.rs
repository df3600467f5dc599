//! In-process EVM chain with Arbitrum block semantics behind an alloy transport.
//!
//! [`Chain`] runs revm on a state in memory, in virtual time: the owner says what time it is
//! ([`Chain::advance_to`]) and when a block is made ([`Chain::mine`], or
//! [`Chain::set_automine`]). Nothing happens by itself, and the same calls in the same order give
//! the same chain, to the last hash.
//!
//! As on Arbitrum:
//! - inside the EVM `block.number` and `blockhash` are those of L1, which go by virtual time;
//!   blocks, logs and receipts carry L2 numbers, headers also `l1BlockNumber`;
//! - `ArbSys` at `0x64` tells contracts the L2 block number and the chain id;
//! - `ArbGasInfo` at `0x6c` tells prices, and transactions pay for their data on L1 as one of them says;
//! - all transactions pay the base fee and no tip, in order of arrival or by another [`Ordering`]. Fees
//!   go to one account, so that the sum of all balances stays the same;
//! - prices of gas move by [`GasPricing`]: by a given course, or by use with ArbOS's own arithmetic;
//! - the sequencer can stop: then there is no block, and nothing is taken.
//!
//! Calls and estimates at the newest block run as if a block were made at the current virtual
//! time: what depends on `block.number` is right between blocks too. State of older blocks is kept as
//! far back as [`ChainConfig::history_blocks`] says: calls can look at it, [`Chain::branch_at`] goes on
//! from it, [`Chain::reorg`] goes back to it.
//!
//! Two things burn ETH, as in any EVM: a contract that destroys itself, in the transaction that
//! made it, in favour of itself; and ETH sent to it after that in the same transaction.
//!
//! Map of the crate, from the bottom up; a module knows those below it and none above:
//!
//! | floor | modules |
//! |---|---|
//! | handle and faces | [`http`], `socket`, `jsonrpc`, [`transport`] (alloy), [`save`] (a chain in a file), [`chain`] (the handle) |
//! | JSON-RPC | `rpc`, `rpc_answer` |
//! | one chain | `past` (older blocks), `seal` (submission, blocks), `inner` (all of it) |
//! | parts | `snapshot`, [`feed`] (news), `ledger` (blocks and logs that are kept), [`logs`], [`fees`], [`config`], [`receipt`] |
//! | running | [`ordering`], `mempool`, `exec` (the EVM), `state` |
//! | ground | [`fork`] (another chain below this one), [`pricing`], [`block`], [`error`] |

pub mod block;
pub mod chain;
pub mod config;
pub mod error;
mod exec;
pub mod feed;
pub mod fees;
pub mod fork;
pub mod http;
mod inner;
mod jsonrpc;
mod ledger;
mod local;
pub mod logs;
mod mempool;
pub mod ordering;
mod past;
pub mod pricing;
pub mod receipt;
mod rpc;
mod rpc_answer;
pub mod save;
mod seal;
mod snapshot;
mod socket;
mod state;
pub mod transport;

pub use block::Block;
pub use chain::Chain;
pub use config::ChainConfig;
pub use error::{CallError, EvmError, PastError, SubmitError, UnknownSnapshot, revert_text};
pub use feed::News;
pub use fork::{Fork, ForkCause, ForkError};
pub use local::LocalProvider;
pub use logs::LogFilter;
pub use ordering::Ordering;
pub use past::Reorg;
pub use pricing::{Congestion, GasPricing, PriceSteps};
pub use receipt::{BlockSummary, Dropped, Receipt};
pub use save::SaveError;
pub use snapshot::SnapshotId;
pub use state::l1_hash;
pub use transport::InProcess;
