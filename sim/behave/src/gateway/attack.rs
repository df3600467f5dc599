//! Gateways that do not play fair.

use super::view::{Act, View};
use crate::setting::{COUNT, NOT_NEGATIVE, choice, params, words};

params! {
    /// No attack.
    pub struct Peaceful {}
}

words! {
    /// How the money goes away.
    pub enum Escape {
        /// Unlocks in time and withdraws when the broker lets it.
        Withdraw = "withdraw",
        /// Leaves the money there until the first ones have redeemed it.
        Drain = "drain",
    }
}

params! {
    /// Spends the same money many times: opens streams with many orchestrators at once, each of which believes that
    /// deposit and reserve stand behind its tickets, and is gone when they redeem. The reserve is split over the
    /// active set, so that exposure beyond it is the orchestrators' loss.
    pub struct DoubleSpend {
        /// Round of the flood, counted from 0.
        at_round: u64 = 10 => NOT_NEGATIVE,
        /// Rounds that the flood lasts.
        rounds: u64 = 1 => COUNT,
        /// Orchestrators at once.
        orchestrators: u64 = 20 => COUNT,
        /// Streams with each.
        sessions: f64 = 5.0 => NOT_NEGATIVE,
        /// How the money goes away.
        escape: Escape = Escape::Withdraw => NOT_NEGATIVE,
        /// Rounds between unlocking and withdrawing on this chain.
        unlock_rounds: u64 = 2 => NOT_NEGATIVE,
    }
}

params! {
    /// Deals with itself: pays an orchestrator of the same owner, so that its fees look good. What that costs is gas
    /// and the share of fees that delegators get.
    pub struct WashFees {
        /// Number of the orchestrator.
        to: u64 = 0 => NOT_NEGATIVE,
        /// Fees per round in ETH.
        eth_per_round: f64 = 0.01 => NOT_NEGATIVE,
        /// First round, counted from 0.
        from_round: u64 = 0 => NOT_NEGATIVE,
        /// Rounds that it lasts.
        rounds: u64 = 1_000_000 => COUNT,
    }
}

choice! {
    /// Whether a gateway plays fair.
    pub enum Attack {
        None(Peaceful) = "none",
        DoubleSpend(DoubleSpend) = "double_spend",
        WashFees(WashFees) = "wash_fees",
    }
}

impl Attack {
    /// True when it takes the place of what the gateway would do with its money otherwise.
    pub(super) fn rules_money(&self, round: u64) -> bool {
        matches!(self, Self::DoubleSpend(p) if round >= unlocks_at(p))
    }

    pub(super) fn think(&self, view: &View<'_>) -> Vec<Act> {
        let round = view.network.round;
        match self {
            Self::None(_) => Vec::new(),
            Self::WashFees(p) => {
                let on = round >= p.from_round && round - p.from_round < p.rounds && p.eth_per_round > 0.0;
                if on { vec![Act::Wash { to: p.to, eth: p.eth_per_round }] } else { Vec::new() }
            }
            Self::DoubleSpend(p) => double_spend(p, view),
        }
    }
}

/// Unlocking starts so early that the money can go in the round after the flood.
const fn unlocks_at(p: &DoubleSpend) -> u64 {
    let end = p.at_round + p.rounds;
    match p.escape {
        Escape::Withdraw => end.saturating_sub(p.unlock_rounds),
        Escape::Drain => p.at_round,
    }
}

fn double_spend(p: &DoubleSpend, view: &View<'_>) -> Vec<Act> {
    let round = view.network.round;
    let end = p.at_round + p.rounds;
    let leaves = p.escape == Escape::Withdraw;
    let mut acts = Vec::new();
    if round < end && round >= unlocks_at(p) && leaves && !view.unlocking {
        acts.push(Act::Unlock);
    }
    if round == p.at_round {
        acts.push(Act::Flood { orchestrators: p.orchestrators, sessions: p.sessions });
    }
    if round == end {
        acts.push(Act::EndFlood);
    }
    if round >= end && leaves && view.unlocked {
        acts.extend([Act::Withdraw, Act::Quit]);
    }
    if round >= end && !leaves {
        acts.push(Act::Quit);
    }
    acts
}
