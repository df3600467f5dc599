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
//! `WEIR_SEQUENCES` is the number of lives of a run, 200 if not set, and `WEIR_SEED` the first seed. A
//! life that finds a difference is shortened and printed in the form of the files in `lives`, where it
//! is kept once it is understood.

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
