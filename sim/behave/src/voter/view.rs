//! What voters and those who ask for money know.

use serde::{Deserialize, Serialize};

use crate::setting::{acts, seen};
use crate::view::Network;

/// A vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vote {
    /// Against it.
    Against,
    /// For it.
    For,
    /// Counted for the quorum alone.
    Abstain,
}

seen! {
    /// A proposal that is open.
    #[derive(Copy)]
    pub struct Proposal {
        /// Its number.
        pub id: u64,
        /// LPT that it takes from the treasury.
        pub lpt: f64,
        /// Number of the actor that gets them.
        pub beneficiary: u64,
        /// True where it serves its proposer at the cost of all others.
        pub hostile: bool,
        /// Rounds until the vote ends.
        pub rounds_left: u64,
        /// Rounds that the vote lasts.
        pub rounds: u64,
        /// Stake for it so far.
        pub for_lpt: f64,
        /// Stake against it so far.
        pub against_lpt: f64,
        /// Stake that abstained so far.
        pub abstain_lpt: f64,
    }
}

seen! {
    /// What a voter knows.
    #[derive(Copy)]
    pub struct View<'a> {
        /// The network.
        pub network: &'a Network,
        /// The proposal.
        pub proposal: &'a Proposal,
        /// Number of the actor.
        pub actor: u64,
        /// Its stake. That of an orchestrator has its delegators' with it, as far as they do not vote themselves.
        pub stake_lpt: f64,
        /// What its delegate voted; none while it has not, and for an orchestrator.
        pub delegate_vote: Option<Vote>,
        /// True for an orchestrator.
        pub orchestrator: bool,
    }
}

seen! {
    /// What those who ask for money know when a round starts.
    #[derive(Copy)]
    pub struct TreasuryView<'a> {
        /// The network.
        pub network: &'a Network,
        /// LPT in the treasury.
        pub treasury_lpt: f64,
        /// Proposals that are open.
        pub open: u64,
    }
}

acts! {
    /// What those who ask for money do.
    pub enum TreasuryAct {
        /// Asks for money.
        Propose = "propose" {
            /// LPT.
            lpt: f64,
            /// True for a raid.
            hostile: bool,
        },
        /// Sells LPT that was granted.
        Sell = "sell" {
            /// LPT.
            lpt: f64,
        },
    }
}
