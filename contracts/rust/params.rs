//! Values that governance decides.

use alloy::primitives::{Address, U256, address};
use serde::{Deserialize, Serialize};
use weir_types::{LptWei, Perc6, Perc9, Perc27};

/// Rules of the bonding and ticket contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum ProtocolVersion {
    /// March 2024: fees count for any registered orchestrator, a ticket is paid as far as its
    /// sender's money reaches.
    D24,
    /// Today: only active orchestrators are paid, a ticket must be covered, and an orchestrator
    /// may let another account call its reward.
    #[default]
    D26,
}

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
    /// Account that gets the treasury's share. It needs no code.
    pub treasury: Address,
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
            treasury: address!("f82C1FF415F1fCf582554fDba790E27019c8E8C4"),
            inflation: Perc9(220_500),
            inflation_change: Perc9(500),
            target_bonding_rate: Perc9(500_000_000),
            unlock_period: 2,
            ticket_validity_period: 2,
            genesis_lpt: LptWei::from_whole(48_200_000),
            l1_circulating_supply: LptWei(U256::ZERO),
        }
    }

    /// Short rounds, a pool of 50 and next to no inflation, as local chains use them.
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
            genesis_lpt: LptWei::from_whole(6_843_700),
            ..Self::arbitrum_one()
        }
    }
}
