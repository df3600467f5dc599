//! Stake, the active set and earnings. Each group runs under both sets of rules, by both contracts.

pub mod bond;
pub mod claim;
pub mod fees;
pub mod parameters;
pub mod pool;
pub mod reward;
pub mod slash;
pub mod transfer;
pub mod unbond;

use alloy::primitives::{Address, LogData, U256};
use weir_contracts::Change;
use weir_contracts::bindings::BondingManager;

use super::expect::ev;
use super::net::{Net, n, one27, share};

/// States of a delegator.
pub const PENDING: u8 = 0;
pub const BONDED: u8 = 1;
pub const UNBONDED: u8 = 2;

pub const NOBODY: Address = Address::ZERO;

pub fn status(net: &mut Net, who: Address) -> u8 {
    net.read(net.d.bonding_manager, &BondingManager::delegatorStatusCall { _delegator: who })
}

/// The account that may bond for others, as the bridge does.
pub fn migrator(net: &mut Net) -> Address {
    let who = Address::repeat_byte(0x4d);
    net.register("L2Migrator", who);
    who
}

// ---- Events

pub fn claimed(delegate: Address, delegator: Address, earned: [U256; 2], rounds: [U256; 2]) -> LogData {
    ev(&BondingManager::EarningsClaimed {
        delegate,
        delegator,
        rewards: earned[0],
        fees: earned[1],
        startRound: rounds[0],
        endRound: rounds[1],
    })
}

/// A claim of who has nothing to claim, from a round to the same.
pub fn claimed_nothing(delegate: Address, delegator: Address, rounds: [U256; 2]) -> LogData {
    claimed(delegate, delegator, [U256::ZERO; 2], rounds)
}

/// A bond from one delegate (or none) to the other.
pub fn bonded(delegates: [Address; 2], delegator: Address, amount: U256, bonded: U256) -> LogData {
    ev(&BondingManager::Bond {
        newDelegate: delegates[1],
        oldDelegate: delegates[0],
        delegator,
        additionalAmount: amount,
        bondedAmount: bonded,
    })
}

pub fn unbonded(delegate: Address, delegator: Address, id: u64, amount: U256, withdraw_round: U256) -> LogData {
    ev(&BondingManager::Unbond { delegate, delegator, unbondingLockId: n(id), amount, withdrawRound: withdraw_round })
}

pub fn rebonded(delegate: Address, delegator: Address, id: u64, amount: U256) -> LogData {
    ev(&BondingManager::Rebond { delegate, delegator, unbondingLockId: n(id), amount })
}

pub fn activated(transcoder: Address, round: U256) -> LogData {
    ev(&BondingManager::TranscoderActivated { transcoder, activationRound: round })
}

pub fn deactivated(transcoder: Address, round: U256) -> LogData {
    ev(&BondingManager::TranscoderDeactivated { transcoder, deactivationRound: round })
}

pub fn parameter(name: &str) -> LogData {
    ev(&BondingManager::ParameterUpdate { param: name.into() })
}

// ---- What the rules say

/// Who is not active is told so in other words since there are reward callers.
pub fn inactive(net: &Net) -> &'static str {
    if net.has(Change::RewardCaller) { "transcoder must be active" } else { "caller must be an active transcoder" }
}

/// A factor that nobody wrote is one.
pub fn or_one(factor: U256) -> U256 {
    if factor.is_zero() { one27() } else { factor }
}

/// Reward factor after rewards for delegators on a stake.
pub fn grown(factor: U256, rewards: U256, stake: U256) -> U256 {
    or_one(factor) + share(or_one(factor), rewards, stake)
}

/// What a stake becomes from one reward factor to another.
pub fn stake_at(stake: U256, start: U256, end: U256) -> U256 {
    share(stake, or_one(end), or_one(start))
}
