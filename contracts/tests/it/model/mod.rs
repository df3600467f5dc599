//! Random lives of the whole protocol, beside a model that rounds nothing.
//!
//! The model ([`state`] and the modules that add to it) follows the protocol's rules for everyone who
//! acts: stake and fees are divided reward by reward and ticket by ticket among those whose stake
//! counted, as exact fractions ([`exact`]), and not by the cumulative factors of the contracts. What
//! the rules themselves round to whole wei (minting, commissions, the treasury's part, penalties) is an
//! integer here too, and so is what a claim settles: the contract announces it, and the model accepts it
//! where it lies below the exact amount by no more than the roundings on the way to it can make. Hence
//! all else is equal, not near: who is refused and with which words, every event and its place in the
//! order, every status, round, stake behind an orchestrator, total, balance, deposit and lock.
//!
//! A life has 30 accounts with 26 keys, 52 rounds and some 600 transactions, of which one in five is to
//! be refused. After each transaction its status, its events and what it may have changed are compared,
//! every ninth round all that there is to see, and what holds in any case is looked at after each step.
//!
//! `WEIR_SEQUENCES` is the number of lives of a run, 200 if not set, and `WEIR_SEED` the first seed. Ten
//! thousand, for a nightly run:
//!
//! ```text
//! WEIR_SEQUENCES=10000 cargo test --release --workspace --test it model::
//! ```
//!
//! A life that finds a difference is shortened and printed in the form of the files in `lives`, where it
//! is kept once it is understood. `WEIR_FIND` is a reason to refuse something, or a [`state::Mark`]: what
//! shows it counts as a difference, so that a short life with it is printed.

mod action;
mod bonding;
mod broker;
mod cast;
mod compare;
mod events;
mod exact;
mod generate;
mod governing;
mod lives;
mod orchestrators;
mod play;
mod ranking;
mod start;
mod state;
mod tickets;
mod votes;

/// An account by its number. The null address is number 0.
pub type Who = u8;
