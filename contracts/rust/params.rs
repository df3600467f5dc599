//! Values that governance decides.

use alloy::primitives::U256;
use serde::{Deserialize, Serialize};
use weir_types::{LptWei, Perc6, Perc9, Perc27};

use crate::ProtocolVersion;

/// Where the rounds contract gets its block numbers and hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockSource {
    /// From the chain.
    #[default]
    Chain,
    /// From whoever sets them, for tests that jump.
    Manual,
}

/// Who may change parameters and code in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The Governor contract, which the deploying account owns: changes are staged and executed.
    #[default]
    Governor,
    /// The deploying account itself, for tests that change things at once.
    Deployer,
}

/// How stake decides over the treasury. Times are in rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GovernanceParams {
    /// From a proposal to its vote.
    pub voting_delay: u64,
    /// Length of a vote.
    pub voting_period: u64,
    /// Stake that a proposer needs.
    pub proposal_threshold: LptWei,
    /// Part of all stake that must vote.
    pub quorum: Perc6,
    /// Part of the votes for and against that must be in favour.
    pub quota: Perc6,
    /// Seconds between a decision and its execution.
    pub treasury_min_delay: u64,
}

/// A contract that gives LPT away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaucetParams {
    /// LPT that it gets.
    pub supply: LptWei,
    /// LPT that one request gives.
    pub amount: LptWei,
    /// Hours between two requests of an account.
    pub wait_hours: u64,
}

/// Parameters that a fresh deployment gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolParams {
    /// Rules in force.
    pub version: ProtocolVersion,
    /// Blocks of a round.
    pub round_length: u64,
    /// Last part of a round in which orchestrators may not change their commission.
    pub round_lock_amount: Perc6,
    /// Origin of block numbers.
    pub block_source: BlockSource,
    /// Rounds between unbonding and withdrawal.
    pub unbonding_period: u64,
    /// Size of the orchestrator pool.
    pub num_active_transcoders: u64,
    /// Share of each reward that goes to the treasury.
    pub treasury_reward_cut: Perc27,
    /// Treasury balance at which its share ends; 0 for none.
    pub treasury_balance_ceiling: LptWei,
    /// Inflation per round at the start.
    pub inflation: Perc9,
    /// Step of inflation per round.
    pub inflation_change: Perc9,
    /// Share of the supply in active stake that inflation steers to.
    pub target_bonding_rate: Perc9,
    /// Rounds between a sender's unlock and its withdrawal.
    pub unlock_period: u64,
    /// Rounds, from that of its creation on, in which a ticket may be redeemed.
    pub ticket_validity_period: u64,
    /// LPT that the deployer gets.
    pub genesis_lpt: LptWei,
    /// LPT in circulation on the other chain; inflation counts it in.
    pub l1_circulating_supply: LptWei,
    /// How stake decides over the treasury.
    pub governance: GovernanceParams,
    /// A contract that gives LPT away, if there is to be one.
    pub faucet: Option<FaucetParams>,
    /// Who may change all this later.
    pub owner: Owner,
}

impl ProtocolParams {
    /// Values of Arbitrum One. Inflation is that of the protocol's start there.
    #[must_use]
    pub fn arbitrum_one() -> Self {
        Self {
            version: ProtocolVersion::D26,
            round_length: 6_377,
            round_lock_amount: Perc6(100_000),
            block_source: BlockSource::Chain,
            unbonding_period: 7,
            num_active_transcoders: 100,
            treasury_reward_cut: Perc27(Perc27::DIVISOR / 10),
            treasury_balance_ceiling: LptWei::from_whole(750_000),
            inflation: Perc9(220_500),
            inflation_change: Perc9(500),
            target_bonding_rate: Perc9(500_000_000),
            unlock_period: 2,
            ticket_validity_period: 2,
            genesis_lpt: LptWei::from_whole(48_200_000),
            l1_circulating_supply: LptWei(U256::ZERO),
            governance: GovernanceParams {
                voting_delay: 1,
                voting_period: 10,
                proposal_threshold: LptWei::from_whole(100),
                quorum: Perc6(333_300),
                quota: Perc6(500_000),
                treasury_min_delay: 0,
            },
            faucet: None,
            owner: Owner::Governor,
        }
    }

    /// Short rounds, a pool of 50, next to no inflation and a faucet, as local chains use them.
    #[must_use]
    pub fn devnet() -> Self {
        Self {
            round_length: 50,
            num_active_transcoders: 50,
            treasury_reward_cut: Perc27(0),
            treasury_balance_ceiling: LptWei(U256::ZERO),
            inflation: Perc9(137),
            inflation_change: Perc9(3),
            target_bonding_rate: Perc9(500_000),
            unlock_period: 50,
            genesis_lpt: LptWei::from_whole(500_000),
            faucet: Some(FaucetParams {
                supply: LptWei::from_whole(6_343_700),
                amount: LptWei::from_whole(10),
                wait_hours: 1,
            }),
            ..Self::arbitrum_one()
        }
    }
}
