//! (c): the stake of an orchestrator stays on record while it is active; own earnings never exceed it.

use alloy::primitives::{Address, U256};
use weir_contracts::Change;
use weir_contracts::bindings::BondingManager;

use super::{BEHIND, LEAVING, evict, full};
use crate::rules::bonding::fees::pay;
use crate::rules::expect::ASSERT;
use crate::rules::net::{Net, account, entry, lpt, n};

rules! {
    super::around(Change::StakeWhileActive);
    stake_that_leaves_an_evicted_one_is_recorded,
    a_reward_of_an_evicted_one_is_recorded,
    stake_that_joins_an_evicted_one_is_recorded,
    a_resignation_is_recorded,
    a_return_within_the_round_keeps_its_stake,
    an_unregistered_member_is_kept_in_order,
    own_rewards_never_exceed_the_stake_at_a_reward,
    own_rewards_never_exceed_the_stake_at_a_ticket,
}

fn has(net: &Net) -> bool {
    net.has(Change::StakeWhileActive)
}

/// Stake of the leaving one in this round and in the next, and the round of the last record.
fn record(net: &mut Net) -> (U256, U256, U256) {
    let round = net.round();
    let updated = net.transcoder(LEAVING).lastActiveStakeUpdateRound;
    let (now, next) = (net.earnings(LEAVING, round).totalStake, net.earnings(LEAVING, round + n(1)).totalStake);
    (now, next, updated)
}

/// Two rounds after the last record, so that nothing is written for this one yet.
fn evicted(net: &mut Net) -> U256 {
    full(net);
    net.next_round();
    evict(net);
    let round = net.round();
    assert_eq!(record(net), (n(0), n(0), round - n(1)));
    round
}

fn stake_that_leaves_an_evicted_one_is_recorded(net: &mut Net) {
    let round = evicted(net);
    net.unbond(BEHIND, lpt(400));
    let wanted = if has(net) { (lpt(11_000), lpt(10_600), round + n(1)) } else { (n(0), n(0), round - n(1)) };
    assert_eq!(record(net), wanted);
    assert_eq!(net.delegator(LEAVING).delegatedAmount, lpt(10_600));
    // The set of the next round has nothing to do with it.
    assert_eq!(net.next_total(), lpt(65_000));
    // Its reward is for the stake with which it began the round, either way.
    net.reward(LEAVING);
    assert_eq!(net.earnings(LEAVING, round).totalStake, lpt(11_000));
}

fn a_reward_of_an_evicted_one_is_recorded(net: &mut Net) {
    let round = evicted(net);
    net.reward(LEAVING);
    let stake = net.delegator(LEAVING).delegatedAmount;
    assert!(stake > lpt(11_000));
    let wanted = if has(net) { (lpt(11_000), stake, round + n(1)) } else { (lpt(11_000), n(0), round - n(1)) };
    assert_eq!(record(net), wanted);
    assert_eq!(net.next_total(), lpt(65_000));
}

fn stake_that_joins_an_evicted_one_is_recorded(net: &mut Net) {
    let round = evicted(net);
    net.reward(LEAVING);
    net.bond(BEHIND, lpt(5), LEAVING);
    let stake = net.delegator(LEAVING).delegatedAmount;
    let wanted = if has(net) { (lpt(11_000), stake, round + n(1)) } else { (lpt(11_000), n(0), round - n(1)) };
    assert_eq!(record(net), wanted);
    assert!(!net.pool().contains(&LEAVING));
    // From the next round on nothing is recorded: it is not active any more.
    net.next_round();
    let updated = net.transcoder(LEAVING).lastActiveStakeUpdateRound;
    net.bond(BEHIND, lpt(5), LEAVING);
    assert_eq!(net.transcoder(LEAVING).lastActiveStakeUpdateRound, updated);
}

fn a_resignation_is_recorded(net: &mut Net) {
    full(net);
    net.next_round();
    net.unbond(LEAVING, lpt(10_000));
    let round = net.round();
    let wanted = if has(net) { (lpt(11_000), lpt(1_000), round + n(1)) } else { (n(0), n(0), round - n(1)) };
    assert_eq!(record(net), wanted);
    // And that of those behind it.
    net.unbond(BEHIND, lpt(1));
    assert_eq!(record(net).1, if has(net) { lpt(999) } else { n(0) });
}

fn a_return_within_the_round_keeps_its_stake(net: &mut Net) {
    let round = evicted(net);
    net.reward(LEAVING);
    net.bond(LEAVING, lpt(9_000), LEAVING);
    let stake = net.delegator(LEAVING).delegatedAmount;
    assert!(net.pool().contains(&LEAVING));
    // What the round began with stays, whoever wrote the next one's.
    assert_eq!(record(net), (lpt(11_000), stake, round + n(1)));
}

fn slot_of(mapping: u64, who: Address, field: u64) -> U256 {
    entry(n(mapping), who.into_word()) + n(field)
}

/// No transaction brings this about: a member whose own bond is gone.
fn an_unregistered_member_is_kept_in_order(net: &mut Net) {
    full(net);
    let (bm, member) = (net.d.bonding_manager, account(2));
    net.evm.set_storage(bm, slot_of(3, member, 0), n(0));
    let registered = BondingManager::isRegisteredTranscoderCall { _transcoder: member };
    assert!(!net.read(bm, &registered) && net.pool().contains(&member));
    net.bond(account(8), lpt(15_000), member);
    let round = net.round();
    assert_eq!(net.delegator(member).delegatedAmount, lpt(35_000));
    if has(net) {
        assert_eq!(net.pool(), [member, account(1), LEAVING]);
        assert_eq!((net.next_total(), net.earnings(member, round + n(1)).totalStake), (lpt(76_000), lpt(35_000)));
    } else {
        assert_eq!(net.pool(), [account(1), member, LEAVING]);
        assert_eq!((net.next_total(), net.earnings(member, round + n(1)).totalStake), (lpt(61_000), n(0)));
    }
}

/// One wei at stake, and by hand a fortune of rewards that nobody claimed.
fn swollen(net: &mut Net, rewards: U256) -> Address {
    let o = account(1);
    net.orchestrator(o, n(1), 0, 1_000_000);
    net.next_round();
    net.evm.set_storage(net.d.bonding_manager, slot_of(4, o, 8), rewards);
    assert_eq!(net.transcoder(o).cumulativeRewards, rewards);
    o
}

fn own_rewards_never_exceed_the_stake_at_a_reward(net: &mut Net) {
    let call = BondingManager::rewardCall {};
    let o = swollen(net, lpt(1));
    if has(net) {
        net.refuse_bonding(o, &call, ASSERT);
    } else {
        net.bonding(o, &call);
        assert!(net.transcoder(o).cumulativeRewards > lpt(1_000_000_000), "out of nothing");
    }
    // As much as the stake is as it should be.
    net.evm.rewind();
    let o = swollen(net, n(1));
    net.bonding(o, &call);
}

fn own_rewards_never_exceed_the_stake_at_a_ticket(net: &mut Net) {
    let broker = net.d.ticket_broker;
    let o = swollen(net, lpt(1));
    if has(net) {
        net.refuse_bonding(broker, &pay(o, n(7)), ASSERT);
    } else {
        net.bonding(broker, &pay(o, n(7)));
        assert_eq!(net.transcoder(o).cumulativeFees, lpt(7), "seven wei were paid");
    }
    net.evm.rewind();
    let o = swollen(net, n(1));
    net.bonding(broker, &pay(o, n(7)));
    assert_eq!(net.transcoder(o).cumulativeFees, n(7));
    // After a reward the rewards count that were there at that reward.
    net.evm.rewind();
    let o = swollen(net, n(0));
    net.reward(o);
    net.evm.set_storage(net.d.bonding_manager, slot_of(4, o, 7), n(2));
    if has(net) {
        net.refuse_bonding(broker, &pay(o, n(7)), ASSERT);
    } else {
        net.bonding(broker, &pay(o, n(7)));
    }
}
