//! What keepers know.

use serde::Serialize;

use crate::view::Network;

/// What a keeper knows when a round can be started.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RoundView<'a> {
    /// The network, with the gas price of the moment.
    pub network: &'a Network,
    /// Its place among those who keep rounds, from 0.
    pub place: u64,
    /// How many keep rounds.
    pub keepers: u64,
    /// Gas of the transaction.
    pub gas: f64,
}

/// What a keeper knows about winning tickets that wait.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct QueueView<'a> {
    /// The network, with the gas price of the moment.
    pub network: &'a Network,
    /// How many wait.
    pub tickets: u64,
    /// Their face value.
    pub value_eth: f64,
    /// Rounds until the oldest is void; 0 in the last round in which it is good.
    pub rounds_left: u64,
    /// Share of the current round that has passed.
    pub passed: f64,
    /// Gas of redeeming all that wait.
    pub gas: f64,
}
