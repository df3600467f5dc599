//! (d): no stake joins an orchestrator in its last active round before that round's reward.

use weir_contracts::Change;
use weir_contracts::bindings::BondingManager;

use super::{BEHIND, LEAVING, NEWCOMER, evict, full};
use crate::rules::bonding::bond::bond_for;
use crate::rules::bonding::transfer::transfer;
use crate::rules::net::{Net, account, lpt, n};

rules! {
    super::around(Change::GuardLeaving);
    no_bond_joins_who_leaves,
    not_even_its_own,
    a_bond_does_not_move_to_who_leaves,
    no_lock_becomes_stake_with_who_leaves,
    no_lock_is_taken_to_who_leaves,
    no_gift_reaches_who_leaves,
    who_resigned_leaves_too,
    who_stays_and_who_is_gone_are_free,
    the_guard_has_its_place_among_the_checks,
}

const TEXT: &str = "transcoder has not yet called reward for the current round";

/// Refused until the reward is called, where the change is in force. The LPT is there.
#[track_caller]
fn waits<C: alloy::sol_types::SolCall>(net: &mut Net, who: alloy::primitives::Address, call: &C) {
    if net.has(Change::GuardLeaving) {
        net.refuse_bonding(who, call, TEXT);
        net.reward(LEAVING);
    }
    net.bonding(who, call);
}

fn leaving(net: &mut Net) {
    full(net);
    evict(net);
}

fn bond(amount: u64, to: alloy::primitives::Address) -> BondingManager::bondCall {
    BondingManager::bondCall { _amount: lpt(amount), _to: to }
}

fn no_bond_joins_who_leaves(net: &mut Net) {
    leaving(net);
    net.give(account(9), lpt(5));
    waits(net, account(9), &bond(5, LEAVING));
    assert_eq!(net.delegator(account(9)).delegateAddress, LEAVING);
}

fn not_even_its_own(net: &mut Net) {
    leaving(net);
    net.give(LEAVING, lpt(5));
    waits(net, LEAVING, &bond(5, LEAVING));
}

fn a_bond_does_not_move_to_who_leaves(net: &mut Net) {
    net.bond(account(9), lpt(5), account(1));
    leaving(net);
    waits(net, account(9), &bond(0, LEAVING));
}

fn no_lock_becomes_stake_with_who_leaves(net: &mut Net) {
    leaving(net);
    net.unbond(BEHIND, lpt(100));
    waits(net, BEHIND, &BondingManager::rebondCall { _unbondingLockId: n(0) });
    assert_eq!(net.lock(BEHIND, 0), (n(0), n(0)));
}

fn no_lock_is_taken_to_who_leaves(net: &mut Net) {
    net.bond(account(9), lpt(5), account(1));
    leaving(net);
    net.unbond(account(9), lpt(5));
    waits(net, account(9), &BondingManager::rebondFromUnbondedCall { _to: LEAVING, _unbondingLockId: n(0) });
}

fn no_gift_reaches_who_leaves(net: &mut Net) {
    net.bond(account(9), lpt(5), account(1));
    leaving(net);
    // The receiver has claimed, so that nobody forces it to.
    net.bonding(BEHIND, &BondingManager::claimEarningsCall { _endRound: n(0) });
    waits(net, account(9), &transfer(BEHIND, lpt(5)));
    // Nor between two of its own.
    net.evm.rewind();
    leaving(net);
    waits(net, BEHIND, &transfer(account(9), lpt(5)));
}

fn who_resigned_leaves_too(net: &mut Net) {
    full(net);
    net.unbond(LEAVING, lpt(10_000));
    net.give(account(9), lpt(5));
    waits(net, account(9), &bond(5, LEAVING));
}

fn who_stays_and_who_is_gone_are_free(net: &mut Net) {
    leaving(net);
    net.bond(account(9), lpt(5), account(1));
    // Not active yet.
    net.bond(account(9), lpt(5), NEWCOMER);
    net.next_round();
    assert!(!net.is_active(LEAVING));
    net.bond(account(9), lpt(5), LEAVING);
    net.bond(LEAVING, lpt(5), LEAVING);
    // Out of the set and no orchestrator at all.
    net.bond(account(10), lpt(5), account(11));
}

fn the_guard_has_its_place_among_the_checks(net: &mut Net) {
    net.bond(account(9), lpt(5), account(1));
    leaving(net);
    let guarded = net.has(Change::GuardLeaving);
    let or = |text| if guarded { TEXT } else { text };
    net.refuse_bonding(account(12), &bond_for(n(0), account(9), LEAVING), "ILLEGAL_CLAIM_EARNINGS");
    net.bonding(account(9), &BondingManager::claimEarningsCall { _endRound: n(0) });
    let call = bond_for(n(0), account(9), LEAVING);
    net.refuse_bonding(account(12), &call, or("INVALID_DELEGATE_CHANGE"));
    let call = bond(0, LEAVING);
    net.refuse_bonding(account(1), &call, or("registered transcoders can't delegate towards other addresses"));
    net.refuse_bonding(BEHIND, &call, or("delegation amount must be greater than 0"));
    net.refuse_bonding(
        account(12),
        &bond_for(n(0), account(13), LEAVING),
        or("delegation amount must be greater than 0"),
    );
    // In rebonds the lock is looked at first.
    let call = BondingManager::rebondCall { _unbondingLockId: n(3) };
    net.refuse_bonding(BEHIND, &call, "invalid unbonding lock ID");
}
