//! Role machines of the Livepeer network, free of I/O.
//!
//! A role is a state machine: its driver hands it an input (a peer's message, a chain event, a
//! timer, finished work, an operator's command) together with the time and a source of randomness,
//! and the machine answers with [`Effects`]: messages to send, transactions to submit, work to
//! start, records to store, timers to set, things observed. A daemon carries the effects out on
//! sockets and a real chain; a simulator turns them into future events. Nothing here knows which.
//!
//! Map, in reading order: [`io`] (what crosses the seam), [`offer`], [`segment`], [`job`], [`journal`] (what survives
//! a crash), [`round_keeper`], [`reward_caller`], [`delegator`], [`redeemer`], [`orchestrator`], [`gateway`],
//! [`worker`], [`crew`] (an orchestrator's side of workers), [`remote_signer`].

pub mod auth;
pub mod crew;
pub mod delegator;
pub mod gateway;
pub mod io;
pub mod job;
pub mod journal;
mod name;
pub mod offer;
pub mod orchestrator;
pub mod redeemer;
pub mod remote_signer;
pub mod reward_caller;
pub mod round_keeper;
pub mod segment;
pub mod worker;

pub use io::{
    ChainEvent, ChainHead, Effect, Effects, Observation, OrchestratorEntry, Peer, Record, RoundInfo, SenderFunds,
    TimerKind, TxId, TxIntent, TxOutcome, Work, WorkDone, WorkId,
};
pub use journal::{Journal, JournalError, MemoryJournal};
