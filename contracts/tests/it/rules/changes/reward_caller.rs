//! (e): an orchestrator may name an account that calls reward for it.

use alloy::primitives::{Address, B256, U256};
use weir_contracts::Change;
use weir_contracts::bindings::{BondingManager, Controller};

use crate::rules::bonding::inactive;
use crate::rules::expect::{Bare, ev};
use crate::rules::net::{Net, account, entry, lpt, n};

rules! {
    super::around(Change::RewardCaller);
    without_it_there_is_no_such_function,
    a_caller_is_named_by_anyone_at_any_time,
    the_caller_alone_rewards_for_another,
    the_reward_is_the_orchestrators,
    the_caller_is_checked_first,
    the_inactive_are_told_in_its_words,
}

const O: Address = Address::repeat_byte(1);
const CALLER: Address = Address::repeat_byte(2);
const NAMED: &str = "caller must be a reward caller set by the transcoder";

fn set(to: Address) -> BondingManager::setRewardCallerCall {
    BondingManager::setRewardCallerCall { _rewardCaller: to }
}

fn reward(of: Address) -> BondingManager::rewardForTranscoderCall {
    BondingManager::rewardForTranscoderCall { _transcoder: of }
}

fn hinted(of: Address) -> BondingManager::rewardForTranscoderWithHintCall {
    BondingManager::rewardForTranscoderWithHintCall {
        _transcoder: of,
        _newPosPrev: Address::ZERO,
        _newPosNext: Address::ZERO,
    }
}

fn has(net: &Net) -> bool {
    net.has(Change::RewardCaller)
}

fn active(net: &mut Net) {
    net.bond(O, lpt(10), O);
    net.next_round();
}

fn without_it_there_is_no_such_function(net: &mut Net) {
    active(net);
    if has(net) {
        return;
    }
    net.refuse_bonding(O, &set(CALLER), Bare);
    net.refuse_bonding(O, &reward(O), Bare);
    net.refuse_bonding(O, &hinted(O), Bare);
}

fn a_caller_is_named_by_anyone_at_any_time(net: &mut Net) {
    if !has(net) {
        return;
    }
    let bm = net.d.bonding_manager;
    // Neither registered nor in a begun round; zero and oneself are as good as any.
    net.end_round();
    net.evm.mine(1);
    for to in [CALLER, Address::ZERO, O] {
        let done = net.bonding(O, &set(to));
        net.emits(&done, bm, &[ev(&BondingManager::RewardCallerSet { transcoder: O, rewardCaller: to })]);
        assert_eq!(net.read(bm, &BondingManager::transcoderToRewardCallerCall(O)), to);
        // Behind everything that was there before.
        let slot = entry(n(15), O.into_word());
        assert_eq!(net.evm.storage(bm, slot), U256::from_be_bytes(B256::from(to.into_word()).0));
    }
    net.pause();
    net.refuse_bonding(O, &set(CALLER), "system is paused");
}

fn the_caller_alone_rewards_for_another(net: &mut Net) {
    if !has(net) {
        return;
    }
    active(net);
    for who in [O, CALLER, net.owner] {
        net.refuse_bonding(who, &reward(O), NAMED);
        net.refuse_bonding(who, &hinted(O), NAMED);
    }
    net.bonding(O, &set(CALLER));
    net.refuse_bonding(O, &reward(O), NAMED);
    net.bonding(CALLER, &reward(O));
    let text = "caller has already called reward for the current round";
    net.refuse_bonding(CALLER, &hinted(O), text);
    net.refuse_bonding(O, &BondingManager::rewardCall {}, text);
    net.next_round();
    net.bonding(CALLER, &hinted(O));
    // Itself it may always reward, by the call it always had.
    net.next_round();
    net.reward(O);
    net.bonding(O, &set(O));
    net.next_round();
    net.bonding(O, &reward(O));
    net.refuse_bonding(CALLER, &reward(O), NAMED);
    // Taken back.
    net.bonding(O, &set(Address::ZERO));
    net.refuse_bonding(O, &reward(O), NAMED);
}

fn the_reward_is_the_orchestrators(net: &mut Net) {
    if !has(net) {
        return;
    }
    active(net);
    net.bonding(O, &set(CALLER));
    let before = net.delegator(O).delegatedAmount;
    let done = net.bonding(CALLER, &reward(O));
    let amount = net.delegator(O).delegatedAmount - before;
    assert!(amount > n(0));
    net.emits(&done, net.d.bonding_manager, &[ev(&BondingManager::Reward { transcoder: O, amount })]);
    let round = net.round();
    assert_eq!(net.transcoder(O).lastRewardRound, round);
    assert_eq!((net.lpt_of(CALLER), net.delegator(CALLER).bondedAmount), (n(0), n(0)));
    assert_eq!(net.transcoder(CALLER).lastRewardRound, n(0));
}

fn the_caller_is_checked_first(net: &mut Net) {
    if !has(net) {
        return;
    }
    net.bonding(O, &set(CALLER));
    net.end_round();
    net.evm.mine(1);
    net.refuse_bonding(O, &reward(O), NAMED);
    net.refuse_bonding(CALLER, &reward(O), "current round is not initialized");
    net.pause();
    net.refuse_bonding(O, &reward(O), NAMED);
    net.refuse_bonding(CALLER, &reward(O), "system is paused");
    net.send(net.owner, net.d.controller, &Controller::unpauseCall {});
    net.next_round();
    net.refuse_bonding(CALLER, &reward(O), "transcoder must be active");
}

fn the_inactive_are_told_in_its_words(net: &mut Net) {
    let text = if has(net) { "transcoder must be active" } else { "caller must be an active transcoder" };
    assert_eq!(inactive(net), text);
    net.refuse_bonding(account(5), &BondingManager::rewardCall {}, text);
}
