//! What a delegator knows, and what it can do.

use crate::setting::{acts, seen};
use crate::view::{Network, Peer};

seen! {
    /// What a delegator knows when a round starts.
    pub struct View<'a> {
        /// The network.
        pub network: &'a Network,
        /// All orchestrators, in the order of their numbers.
        pub delegates: &'a [Peer],
        /// LPT in the wallet.
        pub wallet_lpt: f64,
        /// Stake with all rewards, claimed or not.
        pub stake_lpt: f64,
        /// Part of the stake that is rewards not yet claimed.
        pub unclaimed_lpt: f64,
        /// Fees that can be withdrawn.
        pub fees_eth: f64,
        /// Number of the orchestrator that holds the stake.
        pub delegate: Option<u64>,
        /// Stake on its way out.
        pub locks: &'a [Lock],
    }
}

impl View<'_> {
    /// The orchestrator that holds the stake.
    #[must_use]
    pub fn home(&self) -> Option<&Peer> {
        self.delegates.iter().find(|p| Some(p.id) == self.delegate)
    }
}

seen! {
    /// Stake on its way out.
    #[derive(Copy)]
    pub struct Lock {
        /// Number of the lock.
        pub id: u64,
        /// LPT in it.
        pub lpt: f64,
        /// Rounds until it opens; 0 when it is open.
        pub rounds_left: u64,
    }
}

acts! {
    /// What a delegator does at the start of a round.
    pub enum Act {
        /// Bonds LPT of the wallet, which claims too.
        Bond = "bond" {
            /// LPT.
            lpt: f64,
            /// Number of the orchestrator.
            to: u64,
        },
        /// Moves all stake to another orchestrator.
        Move = "move" {
            /// Number of the orchestrator.
            to: u64,
        },
        /// Starts to take stake out, which claims too.
        Unbond = "unbond" {
            /// LPT.
            lpt: f64,
        },
        /// Puts a lock back into the stake.
        Rebond = "rebond" {
            /// Number of the lock.
            lock: u64,
        },
        /// Takes the LPT of an open lock.
        WithdrawStake = "withdraw_stake" {
            /// Number of the lock.
            lock: u64,
        },
        /// Claims rewards and fees.
        Claim = "claim",
        /// Takes fees.
        WithdrawFees = "withdraw_fees",
        /// Buys LPT for the wallet.
        Buy = "buy" {
            /// LPT.
            lpt: f64,
        },
        /// Sells LPT of the wallet.
        Sell = "sell" {
            /// LPT.
            lpt: f64,
        },
    }
}
