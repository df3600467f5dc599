//! Bonding, for oneself and for others.

use alloy::primitives::{Address, U256};
use weir_contracts::bindings::{BondingManager, LivepeerToken, RoundsManager};

use super::{BONDED, NOBODY, PENDING, UNBONDED, activated, bonded, claimed_nothing, migrator, status, unbonded};
use crate::rules::expect::ev;
use crate::rules::net::{Net, Setup, UNBONDING, account, n};

rules! {
    Setup::all();
    a_first_bond_claims_joins_and_bonds,
    a_bond_counts_from_the_next_round_on,
    more_stake_counts_like_the_old,
    a_bond_moves_as_a_whole,
    nothing_is_no_bond,
    an_orchestrator_stays_with_itself,
    others_add_but_do_not_decide,
    the_bridge_decides,
    claims_are_not_forced_before_the_reward,
    stake_goes_to_nobody_too,
    nobody_is_no_orchestrator,
    the_checks_come_in_order,
    every_user_call_needs_a_begun_round,
}

pub fn bond_for(amount: U256, owner: Address, to: Address) -> BondingManager::bondForWithHintCall {
    BondingManager::bondForWithHintCall {
        _amount: amount,
        _owner: owner,
        _to: to,
        _oldDelegateNewPosPrev: NOBODY,
        _oldDelegateNewPosNext: NOBODY,
        _currDelegateNewPosPrev: NOBODY,
        _currDelegateNewPosNext: NOBODY,
    }
}

fn a_first_bond_claims_joins_and_bonds(net: &mut Net) {
    let (d, o, round) = (net.d, account(1), net.round());
    let next = round + n(1);
    let done = net.bond(o, n(1_000), o);
    net.emits(
        &done,
        d.bonding_manager,
        &[claimed_nothing(NOBODY, o, [n(1), round]), activated(o, next), bonded([NOBODY, o], o, n(1_000), n(1_000))],
    );
    // The LPT goes to the vault, by the allowance of the proxy.
    let transfer = LivepeerToken::Transfer { from: o, to: d.minter, value: n(1_000) };
    assert_eq!(done.logs(d.token).last(), Some(&ev(&transfer)));
    let got = net.delegator(o);
    assert_eq!((got.bondedAmount, got.fees, got.delegateAddress), (n(1_000), n(0), o));
    assert_eq!((got.delegatedAmount, got.startRound, got.lastClaimRound), (n(1_000), next, round));
    assert_eq!(got.nextUnbondingLockId, n(0));
    let got = net.transcoder(o);
    assert_eq!((got.activationRound, got.deactivationRound), (next, U256::MAX));
    assert_eq!(got.lastActiveStakeUpdateRound, next);
    assert_eq!((got.rewardCut, got.feeShare, got.lastRewardRound), (n(0), n(0), n(0)));
    assert_eq!(net.earnings(o, next).totalStake, n(1_000));
    assert_eq!(net.next_total(), n(1_000));
    assert_eq!(net.pool(), [o]);
    let registered = BondingManager::transcoderStatusCall { _transcoder: o };
    assert_eq!(net.read(d.bonding_manager, &registered), 1);
}

fn a_bond_counts_from_the_next_round_on(net: &mut Net) {
    let (bm, o, delegator, round) = (net.d.bonding_manager, account(1), account(2), net.round());
    net.bond(o, n(1_000), o);
    assert_eq!(status(net, delegator), UNBONDED);
    let done = net.bond(delegator, n(500), o);
    net.emits(
        &done,
        bm,
        &[claimed_nothing(NOBODY, delegator, [n(1), round]), bonded([NOBODY, o], delegator, n(500), n(500))],
    );
    assert_eq!(status(net, delegator), PENDING);
    assert_eq!(net.delegator(delegator).startRound, round + n(1));
    assert_eq!(net.delegator(o).delegatedAmount, n(1_500));
    assert_eq!(net.read(bm, &BondingManager::getTotalBondedCall {}), n(0));
    net.next_round();
    assert_eq!(status(net, delegator), BONDED);
    assert_eq!(net.earnings(o, round + n(1)).totalStake, n(1_500));
    assert_eq!(net.read(bm, &BondingManager::getTotalBondedCall {}), n(1_500));
    assert_eq!(net.read(bm, &BondingManager::transcoderTotalStakeCall { _transcoder: o }), n(1_500));
}

fn more_stake_counts_like_the_old(net: &mut Net) {
    let (bm, o, delegator, round) = (net.d.bonding_manager, account(1), account(2), net.round());
    net.bond(o, n(1_000), o);
    net.bond(delegator, n(500), o);
    net.next_round();
    let done = net.bond(delegator, n(70), o);
    net.emits(
        &done,
        bm,
        &[claimed_nothing(o, delegator, [round + n(1), round + n(1)]), bonded([o, o], delegator, n(70), n(570))],
    );
    let got = net.delegator(delegator);
    assert_eq!((got.bondedAmount, got.startRound), (n(570), round + n(1)), "no new start");
    assert_eq!(status(net, delegator), BONDED);
    // What counts in this round stays as it was, what counts in the next is more.
    assert_eq!(net.earnings(o, round + n(1)).totalStake, n(1_500));
    assert_eq!(net.earnings(o, round + n(2)).totalStake, n(1_570));
    assert_eq!(net.next_total(), n(1_570));
}

fn a_bond_moves_as_a_whole(net: &mut Net) {
    let (bm, a, b, delegator) = (net.d.bonding_manager, account(1), account(2), account(3));
    net.bond(a, n(1_000), a);
    net.bond(b, n(2_000), b);
    net.bond(delegator, n(500), a);
    net.next_round();
    let round = net.round();
    let done = net.bond(delegator, n(7), b);
    net.emits(&done, bm, &[claimed_nothing(a, delegator, [round, round]), bonded([a, b], delegator, n(7), n(507))]);
    let got = net.delegator(delegator);
    assert_eq!((got.bondedAmount, got.delegateAddress, got.startRound), (n(507), b, round + n(1)));
    assert_eq!((net.delegator(a).delegatedAmount, net.delegator(b).delegatedAmount), (n(1_000), n(2_507)));
    assert_eq!((net.earnings(a, round).totalStake, net.earnings(a, round + n(1)).totalStake), (n(1_500), n(1_000)));
    assert_eq!((net.earnings(b, round).totalStake, net.earnings(b, round + n(1)).totalStake), (n(2_000), n(2_507)));
    assert_eq!(net.next_total(), n(3_507));
    // Also without more stake.
    let done = net.bonding(delegator, &BondingManager::bondCall { _amount: n(0), _to: a });
    net.emits(&done, bm, &[bonded([b, a], delegator, n(0), n(507))]);
    assert_eq!((net.delegator(a).delegatedAmount, net.delegator(b).delegatedAmount), (n(1_507), n(2_000)));
}

fn nothing_is_no_bond(net: &mut Net) {
    let (o, delegator) = (account(1), account(2));
    net.bond(o, n(1_000), o);
    let call = BondingManager::bondCall { _amount: n(0), _to: o };
    net.refuse_bonding(delegator, &call, "delegation amount must be greater than 0");
    net.bond(delegator, n(1), o);
    net.refuse_bonding(delegator, &call, "delegation amount must be greater than 0");
    let call = BondingManager::bondCall { _amount: n(5), _to: o };
    net.refuse_bonding(delegator, &call, "ERC20: transfer amount exceeds balance");
}

fn an_orchestrator_stays_with_itself(net: &mut Net) {
    let (a, b) = (account(1), account(2));
    net.bond(a, n(1_000), a);
    net.bond(b, n(1_000), b);
    let call = BondingManager::bondCall { _amount: n(0), _to: b };
    net.refuse_bonding(a, &call, "registered transcoders can't delegate towards other addresses");
    // Before the amount is looked at, and whether or not it is active.
    net.next_round();
    net.refuse_bonding(a, &call, "registered transcoders can't delegate towards other addresses");
    // One that has unbonded everything is free again.
    net.unbond(a, n(1_000));
    net.bond(a, n(1), b);
    assert_eq!(net.delegator(a).delegateAddress, b);
}

fn others_add_but_do_not_decide(net: &mut Net) {
    let (bm, o, other, owner, giver) = (net.d.bonding_manager, account(1), account(2), account(3), account(4));
    net.bond(o, n(1_000), o);
    net.give(giver, n(100));
    net.refuse_bonding(giver, &bond_for(n(5), NOBODY, o), "INVALID_DELEGATOR");
    // Who has no bond is not made an orchestrator by others.
    net.refuse_bonding(giver, &bond_for(n(5), owner, owner), "INVALID_DELEGATE");
    let round = net.round();
    let done = net.bonding(giver, &bond_for(n(5), owner, o));
    net.emits(&done, bm, &[claimed_nothing(NOBODY, owner, [n(1), round]), bonded([NOBODY, o], owner, n(5), n(5))]);
    assert_eq!((net.lpt_of(giver), net.delegator(owner).bondedAmount), (n(95), n(5)));
    assert_eq!(net.delegator(giver).bondedAmount, n(0));
    // Once there is a delegate, it stays.
    for to in [owner, other, NOBODY] {
        net.refuse_bonding(giver, &bond_for(n(5), owner, to), "INVALID_DELEGATE_CHANGE");
    }
    net.bonding(giver, &bond_for(n(6), owner, o));
    net.bonding(giver, &bond_for(n(7), o, o));
    assert_eq!((net.delegator(owner).bondedAmount, net.delegator(o).bondedAmount), (n(11), n(1_007)));
    assert_eq!(net.lpt_of(giver), n(82));
}

fn the_bridge_decides(net: &mut Net) {
    let (o, owner) = (account(1), account(3));
    net.bond(o, n(1_000), o);
    let bridge = migrator(net);
    net.give(bridge, n(100));
    net.bonding(bridge, &bond_for(n(5), owner, owner));
    assert_eq!(net.delegator(owner).delegateAddress, owner);
    net.bonding(bridge, &bond_for(n(5), account(4), o));
    net.bonding(bridge, &bond_for(n(5), account(4), owner));
    assert_eq!(net.delegator(account(4)).delegateAddress, owner);
    net.bonding(bridge, &bond_for(n(5), NOBODY, o));
    assert_eq!(net.delegator(NOBODY).bondedAmount, n(5));
    // Also before a reward, which would cost the owner that reward.
    net.next_round();
    net.bonding(bridge, &bond_for(n(5), owner, owner));
    assert_eq!(net.lpt_of(bridge), n(75));
}

fn claims_are_not_forced_before_the_reward(net: &mut Net) {
    let (o, owner, giver) = (account(1), account(3), account(4));
    net.bond(o, n(1_000), o);
    net.bond(owner, n(10), o);
    net.give(giver, n(100));
    let call = bond_for(n(5), owner, o);
    // The delegate is not active yet.
    net.bonding(giver, &call);
    net.next_round();
    net.refuse_bonding(giver, &call, "ILLEGAL_CLAIM_EARNINGS");
    // For itself anyone may, and who claimed in this round has nothing to lose.
    net.bond(owner, n(1), o);
    net.bonding(giver, &call);
    net.next_round();
    net.refuse_bonding(giver, &call, "ILLEGAL_CLAIM_EARNINGS");
    net.reward(o);
    net.bonding(giver, &call);
    net.next_round();
    // Who has no bond has nothing to claim.
    net.unbond(owner, n(26));
    net.bonding(giver, &call);
    assert_eq!(net.lpt_of(giver), n(80));
}

fn stake_goes_to_nobody_too(net: &mut Net) {
    let (bm, who, round) = (net.d.bonding_manager, account(1), net.round());
    let done = net.bond(who, n(10), NOBODY);
    net.emits(&done, bm, &[claimed_nothing(NOBODY, who, [n(1), round]), bonded([NOBODY, NOBODY], who, n(10), n(10))]);
    assert_eq!(net.delegator(NOBODY).delegatedAmount, n(10));
    assert!(net.pool().is_empty());
    net.next_round();
    let done = net.unbond(who, n(4));
    net.emits(
        &done,
        bm,
        &[
            claimed_nothing(NOBODY, who, [round + n(1), round + n(1)]),
            unbonded(NOBODY, who, 0, n(4), round + n(1 + UNBONDING)),
        ],
    );
    net.bonding(who, &BondingManager::rebondCall { _unbondingLockId: n(0) });
    net.bond(account(2), n(1_000), account(2));
    net.bond(account(3), n(1), account(2));
    let call = super::transfer::transfer(account(3), n(3));
    net.bonding(who, &call);
    assert_eq!(net.delegator(account(3)).bondedAmount, n(4));
    assert_eq!(net.delegator(NOBODY).delegatedAmount, n(7));
}

/// The address without an owner, acting by itself: nowhere but on a test network.
fn nobody_is_no_orchestrator(net: &mut Net) {
    net.evm.set_balance(NOBODY, n(0));
    let (token, spender) = (net.d.token, net.d.bonding_manager);
    // It cannot even allow anything to be taken from it.
    let call = LivepeerToken::approveCall { spender, amount: n(10) };
    net.refuse(NOBODY, token, &call, "ERC20: approve from the zero address");
    // The list stops it before the token would.
    let call = BondingManager::bondCall { _amount: n(10), _to: NOBODY };
    net.refuse_bonding(NOBODY, &call, "node id is null");
}

fn the_checks_come_in_order(net: &mut Net) {
    let (a, b, owner, giver) = (account(1), account(2), account(3), account(4));
    net.bond(a, n(1_000), a);
    net.bond(b, n(1_000), b);
    net.bond(owner, n(1), a);
    net.next_round();
    // All that follows is wrong with this one; the claim comes first.
    net.refuse_bonding(giver, &bond_for(n(0), owner, b), "ILLEGAL_CLAIM_EARNINGS");
    net.reward(a);
    net.refuse_bonding(giver, &bond_for(n(0), owner, b), "INVALID_DELEGATE_CHANGE");
    net.refuse_bonding(giver, &bond_for(n(0), NOBODY, NOBODY), "INVALID_DELEGATOR");
    net.refuse_bonding(giver, &bond_for(n(0), owner, a), "delegation amount must be greater than 0");
    net.refuse_bonding(giver, &bond_for(n(5), owner, a), "ERC20: insufficient allowance");
    let call = bond_for(n(0), a, b);
    net.refuse_bonding(a, &call, "registered transcoders can't delegate towards other addresses");
}

fn every_user_call_needs_a_begun_round(net: &mut Net) {
    let (who, one) = (account(1), n(1));
    net.end_round();
    net.evm.mine(1);
    macro_rules! waits {
        ($($call:expr;)+) => {
            $(net.refuse_bonding(who, &$call, "current round is not initialized");)+
        };
    }
    waits! {
        BondingManager::bondCall { _amount: one, _to: who };
        bond_for(one, who, who);
        BondingManager::unbondCall { _amount: one };
        BondingManager::rebondCall { _unbondingLockId: one };
        BondingManager::rebondFromUnbondedCall { _to: who, _unbondingLockId: one };
        super::transfer::transfer(who, one);
        BondingManager::withdrawStakeCall { _unbondingLockId: one };
        BondingManager::withdrawFeesCall { _recipient: who, _amount: one };
        BondingManager::claimEarningsCall { _endRound: one };
        BondingManager::transcoderCall { _rewardCut: one, _feeShare: one };
        BondingManager::rewardCall {};
    }
    net.send(who, net.d.rounds_manager, &RoundsManager::initializeRoundCall {});
    net.bond(who, one, who);
}
