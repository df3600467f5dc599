//! What an orchestrator knows, and what it can do.

use serde::{Deserialize, Serialize};

use crate::setting::{acts, seen};
use crate::view::{Network, Peer};

seen! {
    /// What an orchestrator knows when a round starts. Amounts "of the last round" are of the one that has just ended.
    pub struct View<'a> {
        /// The network.
        pub network: &'a Network,
        /// All other orchestrators, in the order of their numbers.
        pub rivals: &'a [Peer],
        /// Itself, as others see it.
        pub me: &'a Peer,
        /// ETH for gas.
        pub wallet_eth: f64,
        /// LPT that is not bonded.
        pub wallet_lpt: f64,
        /// Streams it can carry at a time.
        pub sessions_max: f64,
        /// Streams carried at a time, on average over the last round.
        pub sessions: f64,
        /// Millions of pixels encoded in the last round.
        pub megapixels: f64,
        /// Fees of the last round that are its own.
        pub own_fees_eth: f64,
        /// Rewards of the last round that are its own: the cut and those of its own stake.
        pub own_rewards_lpt: f64,
        /// ETH spent on gas in the last round.
        pub gas_spent_eth: f64,
        /// Smallest stake in the active set; 0 while places are free.
        pub entry_lpt: f64,
    }
}

impl View<'_> {
    /// Share of its streams that were taken in the last round.
    #[must_use]
    pub fn load(&self) -> f64 {
        if self.sessions_max > 0.0 { (self.sessions / self.sessions_max).min(1.0) } else { 0.0 }
    }

    /// Stake of others behind it.
    #[must_use]
    pub fn delegated_lpt(&self) -> f64 {
        (self.me.stake_lpt - self.me.self_stake_lpt).max(0.0)
    }
}

acts! {
    /// What an orchestrator does at the start of a round.
    pub enum Act {
        /// Advertises another price from now on.
        SetPrice = "set_price" {
            /// Wei per pixel.
            wei_per_pixel: f64,
        },
        /// Sets its cuts. The chain takes them while the round is not locked.
        SetCuts = "set_cuts" {
            /// Share of rewards that it keeps.
            reward_cut: f64,
            /// Share of fees that it gives to delegators.
            fee_share: f64,
        },
        /// Carries so many streams at a time from now on.
        SetSessions = "set_sessions" {
            /// Streams.
            sessions: f64,
        },
        /// Is down for a part of the round.
        Down = "down" {
            /// Seconds from the round's start.
            after_seconds: f64,
            /// For how long, possibly beyond the round's end.
            seconds: f64,
        },
        /// Bonds more to itself.
        Bond = "bond" {
            /// LPT.
            lpt: f64,
        },
        /// Takes stake of its own out.
        Unbond = "unbond" {
            /// LPT.
            lpt: f64,
        },
        /// Withdraws its fees.
        WithdrawFees = "withdraw_fees",
        /// Sells LPT of its wallet.
        Sell = "sell" {
            /// LPT.
            lpt: f64,
        },
        /// Leaves for good: takes all stake out and serves nobody.
        Quit = "quit",
    }
}

seen! {
    /// What an orchestrator knows when it may call reward.
    #[derive(Copy)]
    pub struct RewardView<'a> {
        /// The network, with the gas price of the moment.
        pub network: &'a Network,
        /// Itself.
        pub me: &'a Peer,
        /// Gas of a call.
        pub gas: f64,
        /// Share of the round that has passed.
        pub passed: f64,
    }
}

/// What an orchestrator knows when it is asked for a price.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quote {
    /// Price that it advertises.
    pub wei_per_pixel: f64,
    /// Gas price of the moment, in gwei.
    pub gas_gwei: f64,
    /// Gas of a redemption.
    pub redeem_gas: f64,
    /// Face value of the tickets that it asks for, in ETH; 0 while unknown.
    pub face_value_eth: f64,
    /// Streams that it carries.
    pub sessions: f64,
    /// Streams that it can carry.
    pub sessions_max: f64,
}

/// What an orchestrator knows when its capacity is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Load {
    /// Seconds since the run's start.
    pub seconds: f64,
    /// Streams that it carries, and those it had to refuse of late.
    pub wanted: f64,
}

/// What an orchestrator can carry, and what that costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Room {
    /// Streams at a time.
    pub sessions: f64,
    /// US dollars per hour for what is rented at the moment.
    pub rent_usd_per_hour: f64,
    /// US dollars for each minute of a stream that is passed on to somebody else's machines.
    pub usd_per_minute: f64,
    /// Milliseconds that passing on adds to a segment.
    pub added_ms: f64,
}

/// A segment to work on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Job {
    /// Seconds since the run's start.
    pub seconds: f64,
    /// Number of the gateway.
    pub gateway: u64,
    /// Pixels of all renditions.
    pub pixels: u64,
}

/// How a segment is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Service {
    /// True when nothing comes back.
    pub fails: bool,
    /// Time it takes, as a multiple of what an honest and healthy machine takes.
    pub time_factor: f64,
    /// What comes back.
    pub work: Work,
}

impl Service {
    /// Work as it should be.
    pub const GOOD: Self = Self { fails: false, time_factor: 1.0, work: Work::Honest };
}

/// What comes back for a segment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case", deny_unknown_fields)]
pub enum Work {
    /// What was asked for.
    Honest,
    /// The source, under the names of its renditions.
    CopyInput,
    /// Renditions that lack frames.
    DropFrames {
        /// Share of the frames that is missing.
        share: f64,
    },
    /// Renditions of a cheaper setting or a smaller model.
    CheapModel,
    /// Good renditions under a hash that is not theirs, so that nothing can be proved.
    FakeHash,
    /// Good renditions, with more pixels on the bill.
    OverReport {
        /// Pixels billed over pixels made.
        factor: f64,
    },
}
