//! What all actors can know of the network. The lab fills it, once per round.

use crate::setting::seen;

seen! {
    /// The network at the start of a round. Prices are those of the oracle, so they may be late or stale.
    #[derive(Copy)]
    pub struct Network {
        /// Rounds since the run's first, which is 0.
        pub round: u64,
        /// Length of a round in days.
        pub round_days: f64,
        /// Price of LPT in ETH, as actors see it.
        pub lpt_eth: f64,
        /// Price of ETH in US dollars, as actors see it.
        pub eth_usd: f64,
        /// Gas price in gwei.
        pub gas_gwei: f64,
        /// Mood of the market: 0 is fear, 100 is greed, 50 is neither.
        pub sentiment: f64,
        /// Supply of LPT.
        pub supply_lpt: f64,
        /// Stake of the active set.
        pub bonded_lpt: f64,
        /// Inflation of this round, as a share of the supply.
        pub inflation: f64,
        /// Share of minted rewards that goes to the treasury.
        pub treasury_cut: f64,
    }
}

impl Default for Network {
    /// The last day of 2025, when one LPT cost about 3 US dollars.
    fn default() -> Self {
        Self {
            round: 0,
            round_days: crate::data::ROUND_DAYS,
            lpt_eth: 0.00105,
            eth_usd: 2976.0,
            gas_gwei: 0.01,
            sentiment: 50.0,
            supply_lpt: 48.21e6,
            bonded_lpt: 25.18e6,
            inflation: 6.635e-4,
            treasury_cut: 0.0,
        }
    }
}

impl Network {
    /// LPT minted for all stakers of the active set in a round, if every orchestrator calls.
    #[must_use]
    pub fn staker_rewards_lpt(&self) -> f64 {
        self.supply_lpt * self.inflation * (1.0 - self.treasury_cut)
    }

    /// Reward of a unit of stake in a round.
    #[must_use]
    pub fn reward_rate(&self) -> f64 {
        if self.bonded_lpt > 0.0 { self.staker_rewards_lpt() / self.bonded_lpt } else { 0.0 }
    }

    /// Rounds in a year.
    #[must_use]
    pub fn rounds_per_year(&self) -> f64 {
        if self.round_days > 0.0 { 365.25 / self.round_days } else { 0.0 }
    }

    /// Price of LPT in US dollars, as actors see it.
    #[must_use]
    pub fn lpt_usd(&self) -> f64 {
        self.lpt_eth * self.eth_usd
    }

    /// Cost of a transaction in ETH.
    #[must_use]
    pub fn gas_eth(&self, gas: f64) -> f64 {
        gas * self.gas_gwei * 1e-9
    }
}

seen! {
    /// An orchestrator as everybody sees it. The number is the lab's, and stays the same for the whole run.
    pub struct Peer {
        /// Number of the orchestrator.
        pub id: u64,
        /// Number of its owner; clones of one owner share it. Actors do not know it, and scripts do not see it.
        #[serde(skip)]
        pub owner: u64,
        /// True in the active set.
        pub active: bool,
        /// All stake behind it.
        pub stake_lpt: f64,
        /// Stake of its own.
        pub self_stake_lpt: f64,
        /// Share of rewards that it keeps.
        pub reward_cut: f64,
        /// Share of fees that it gives to delegators.
        pub fee_share: f64,
        /// Advertised price.
        pub wei_per_pixel: f64,
        /// Share of the last rounds in which it called reward.
        pub reward_ratio: f64,
        /// Fees per round over the last rounds.
        pub fees_eth: f64,
    }
}

impl Peer {
    /// What a delegator gets for a unit of stake in a round: rewards, and fees at the price of LPT.
    ///
    /// The yield that the explorer shows: calls made over calls due, times what is left after the cut, times the
    /// share of mintable tokens; and the shared part of recent fees.
    #[must_use]
    pub fn delegator_rate(&self, network: &Network) -> f64 {
        let rewards = self.reward_ratio * (1.0 - self.reward_cut) * network.reward_rate();
        let fees = self.fee_share * self.fees_eth;
        let worth = self.stake_lpt * network.lpt_eth;
        rewards + if worth > 0.0 { fees / worth } else { 0.0 }
    }
}
