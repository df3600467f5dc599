//! What the ticket contract pays to an orchestrator.

use alloy::primitives::{Address, U256};
use weir_contracts::Change;
use weir_contracts::bindings::{BondingManager, Minter};

use super::{NOBODY, or_one};
use crate::rules::expect::DIVISION_BY_ZERO;
use crate::rules::net::{Net, Setup, account, lpt, n, one27, perc, share};

rules! {
    Setup::all();
    the_ticket_contract_alone_pays,
    fees_are_for_orchestrators,
    fees_are_shared_by_stake,
    fees_before_and_after_the_reward,
    own_rewards_earn_fees_too,
    fees_without_any_stake_cannot_be_shared,
    fees_need_no_begun_round,
    a_factor_is_worked_back_from_the_reward,
}

pub fn pay(to: Address, wei: U256) -> BondingManager::updateTranscoderWithFeesCall {
    // The round that a ticket comes from plays no part.
    BondingManager::updateTranscoderWithFeesCall { _transcoder: to, _fees: wei, _round: n(3) }
}

fn the_ticket_contract_alone_pays(net: &mut Net) {
    let o = account(1);
    for who in [o, net.owner, net.d.minter, net.d.bonding_manager] {
        net.refuse_bonding(who, &pay(o, n(1)), "caller must be TicketBroker");
    }
}

fn refusal(net: &Net) -> &'static str {
    if net.has(Change::FeesToActive) { "transcoder must be active" } else { "transcoder must be registered" }
}

fn fees_are_for_orchestrators(net: &mut Net) {
    let (broker, o) = (net.d.ticket_broker, account(1));
    net.refuse_bonding(broker, &pay(o, n(1)), refusal(net));
    net.bond(o, n(100), o);
    net.bond(account(2), n(100), o);
    net.next_round();
    let done = net.bonding(broker, &pay(o, n(1)));
    // Not a word of it here: no event, no checkpoint.
    net.emits(&done, net.d.bonding_manager, &[]);
    net.emits(&done, net.d.bonding_votes, &[]);
    net.refuse_bonding(broker, &pay(account(2), n(1)), refusal(net));
    net.refuse_bonding(broker, &pay(NOBODY, n(1)), refusal(net));
}

fn fees_are_shared_by_stake(net: &mut Net) {
    let (broker, o, delegator) = (net.d.ticket_broker, account(1), account(2));
    net.orchestrator(o, lpt(1), 0, 750_000);
    net.bond(delegator, lpt(3), o);
    net.next_round();
    let (round, wei) = (net.round(), n(1_000_001));
    net.bonding(broker, &pay(o, wei));
    let shared = perc(wei, 750_000);
    let pool = net.earnings(o, round);
    assert_eq!((pool.totalStake, pool.transcoderFeeShare), (lpt(4), n(750_000)));
    assert_eq!(pool.cumulativeFeeFactor, share(one27(), shared, lpt(4)));
    let t = net.transcoder(o);
    assert_eq!((t.cumulativeFees, t.lastFeeRound), (wei - shared, round));
    assert_eq!(net.pending_fees(delegator), share(lpt(3), pool.cumulativeFeeFactor, one27()));
    assert_eq!(net.pending_fees(o), wei - shared + share(lpt(1), pool.cumulativeFeeFactor, one27()));
    // More in the same round adds up; in a later one it goes on from there.
    net.bonding(broker, &pay(o, wei));
    let twice = pool.cumulativeFeeFactor * n(2);
    assert_eq!(net.earnings(o, round).cumulativeFeeFactor, twice);
    net.rounds(2);
    net.bonding(broker, &pay(o, wei));
    assert_eq!(net.earnings(o, round + n(1)).cumulativeFeeFactor, n(0));
    assert_eq!(net.earnings(o, round + n(2)).cumulativeFeeFactor, twice + pool.cumulativeFeeFactor);
}

fn fees_before_and_after_the_reward(net: &mut Net) {
    let (broker, o, delegator) = (net.d.ticket_broker, account(1), account(2));
    net.orchestrator(o, lpt(1_000), 0, 1_000_000);
    net.bond(delegator, lpt(3_000), o);
    net.next_round();
    net.reward(o);
    let first = net.round();
    let factor = net.earnings(o, first).cumulativeRewardFactor;
    net.next_round();
    let wei = lpt(1);
    for after in [false, true] {
        if after {
            net.reward(o);
        }
        let round = net.round();
        let before = net.earnings(o, round).cumulativeFeeFactor;
        net.bonding(broker, &pay(o, wei));
        let pool = net.earnings(o, round);
        // By the reward factor of the round before, whether or not this one's reward was called.
        assert_eq!(pool.cumulativeFeeFactor - before, share(factor, wei, pool.totalStake), "{after}");
    }
}

fn own_rewards_earn_fees_too(net: &mut Net) {
    let (broker, o, delegator) = (net.d.ticket_broker, account(1), account(2));
    net.orchestrator(o, lpt(1_000), 500_000, 1_000_000);
    net.bond(delegator, lpt(1_000), o);
    net.next_round();
    net.reward(o);
    let unclaimed = net.transcoder(o).cumulativeRewards;
    net.next_round();
    let (round, wei) = (net.round(), lpt(1));
    net.bonding(broker, &pay(o, wei));
    let stake = net.earnings(o, round).totalStake;
    let once = share(wei, unclaimed, stake);
    assert!(once > n(0));
    assert_eq!(net.transcoder(o).cumulativeFees, once);
    // After the reward those count that were there before it.
    net.reward(o);
    assert!(net.transcoder(o).cumulativeRewards > unclaimed);
    net.bonding(broker, &pay(o, wei));
    assert_eq!(net.transcoder(o).cumulativeFees, once * n(2));
}

fn fees_without_any_stake_cannot_be_shared(net: &mut Net) {
    let (broker, o) = (net.d.ticket_broker, account(1));
    net.bond(o, n(100), o);
    // Registered, but with stake from the next round on only.
    if net.has(Change::FeesToActive) {
        net.refuse_bonding(broker, &pay(o, n(1)), "transcoder must be active");
    } else {
        net.refuse_bonding(broker, &pay(o, n(1)), DIVISION_BY_ZERO);
    }
}

fn fees_need_no_begun_round(net: &mut Net) {
    let (broker, o) = (net.d.ticket_broker, account(1));
    net.bond(o, n(100), o);
    net.next_round();
    net.end_round();
    net.evm.mine(2);
    net.bonding(broker, &pay(o, n(7)));
    let round = net.round();
    assert_eq!(net.transcoder(o).lastFeeRound, round);
}

/// An orchestrator whose first reward is of this round has no factor of the round before.
pub fn a_factor_is_worked_back_from_the_reward(net: &mut Net) {
    let (broker, o, minter) = (net.d.ticket_broker, account(1), net.d.minter);
    net.bonding(net.owner, &BondingManager::setTreasuryRewardCutRateCall { _cutRate: one27() / n(10) });
    net.orchestrator(o, lpt(1_000), 100_000, 1_000_000);
    net.bond(account(2), lpt(1_000), account(2));
    net.next_round();
    net.reward(o);
    let round = net.round();
    let pool = net.earnings(o, round);
    let mut tokens = net.read(minter, &Minter::currentMintableTokensCall {});
    if !net.has(Change::FactorFromMintable) {
        tokens += net.read(minter, &Minter::currentMintedTokensCall {});
    }
    let rewards = share(tokens, lpt(1_000), lpt(2_000));
    let rewards = rewards - rewards / n(10);
    let rewards = rewards - perc(rewards, 100_000);
    let factor = share(pool.cumulativeRewardFactor, lpt(1_000), rewards + lpt(1_000));
    assert_ne!(factor, or_one(n(0)));
    net.bonding(broker, &pay(o, lpt(1)));
    assert_eq!(net.earnings(o, round).cumulativeFeeFactor, share(factor, lpt(1), lpt(1_000)));
}
