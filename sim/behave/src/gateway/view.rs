//! What a gateway knows, and what it can do.

use serde::Serialize;
use weir_types::Instant;

use crate::setting::{acts, seen};
use crate::view::{Network, Peer};

seen! {
    /// What a gateway knows when a round starts.
    pub struct View<'a> {
        /// The network.
        pub network: &'a Network,
        /// All orchestrators, in the order of their numbers.
        pub orchestrators: &'a [Peer],
        /// ETH in the wallet.
        pub wallet_eth: f64,
        /// Deposit at the broker.
        pub deposit_eth: f64,
        /// Reserve at the broker.
        pub reserve_eth: f64,
        /// True while deposit and reserve are being unlocked.
        pub unlocking: bool,
        /// True when what was unlocked can be withdrawn.
        pub unlocked: bool,
        /// Expected value of tickets sent in the last round.
        pub spent_eth: f64,
        /// Streams carried at a time, on average over the last round.
        pub sessions: f64,
        /// Sessions of the last round that no orchestrator took.
        pub unserved: u64,
    }
}

acts! {
    /// What a gateway does at the start of a round.
    pub enum Act {
        /// Adds to the deposit and to the reserve.
        Fund = "fund" {
            /// ETH for the deposit.
            deposit_eth: f64,
            /// ETH for the reserve.
            reserve_eth: f64,
        },
        /// Starts to unlock deposit and reserve.
        Unlock = "unlock",
        /// Stays after all.
        CancelUnlock = "cancel_unlock",
        /// Withdraws what is unlocked.
        Withdraw = "withdraw",
        /// Pays no more than this from now on.
        SetMaxPrice = "set_max_price" {
            /// Wei per pixel.
            wei_per_pixel: f64,
        },
        /// Opens streams with many orchestrators at once, whatever demand says.
        Flood = "flood" {
            /// To how many orchestrators.
            orchestrators: u64,
            /// Streams with each.
            sessions: f64,
        },
        /// Ends what [`Act::Flood`] opened.
        EndFlood = "end_flood",
        /// Sends streams of its own making to one orchestrator.
        Wash = "wash" {
            /// Number of the orchestrator.
            to: u64,
            /// Fees of the round.
            eth: f64,
        },
        /// Stops for good.
        Quit = "quit",
    }
}

/// A moment at which demand is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Moment {
    /// Days since the run's start.
    pub day: f64,
    /// Factor on all demand, such as that of a [`crate::process::Process`].
    pub factor: f64,
}

impl Moment {
    /// A point in virtual time.
    #[must_use]
    pub fn at(now: Instant, factor: f64) -> Self {
        Self { day: now.as_secs_f64() / 86_400.0, factor }
    }
}

/// What a gateway saw of a segment that it looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Finding {
    /// Days since the run's start.
    pub day: f64,
    /// Number of the orchestrator.
    pub orchestrator: u64,
    /// True when the work was not what was asked for and that can be seen.
    pub bad: bool,
}
