//! Stake that changes its owner without being unbonded.

use alloy::primitives::{Address, U256};
use weir_contracts::bindings::BondingManager;

use super::{NOBODY, PENDING, claimed_nothing, deactivated, rebonded, status, unbonded};
use crate::rules::expect::ev;
use crate::rules::net::{Net, Setup, UNBONDING, account, n};

rules! {
    Setup::all();
    a_receiver_without_a_delegate_gets_the_givers,
    a_receiver_with_a_delegate_keeps_it,
    the_giver_must_be_able_to_unbond,
    no_gift_makes_an_orchestrator,
    a_gift_forces_no_claim,
    locks_are_numbered_on_both_sides,
    an_orchestrator_gives_itself_away,
    a_gift_to_oneself_changes_nothing,
}

pub fn transfer(to: Address, amount: U256) -> BondingManager::transferBondCall {
    BondingManager::transferBondCall {
        _delegator: to,
        _amount: amount,
        _oldDelegateNewPosPrev: NOBODY,
        _oldDelegateNewPosNext: NOBODY,
        _newDelegateNewPosPrev: NOBODY,
        _newDelegateNewPosNext: NOBODY,
    }
}

fn transferred(from: Address, to: Address, ids: [u64; 2], amount: u64) -> alloy::primitives::LogData {
    ev(&BondingManager::TransferBond {
        oldDelegator: from,
        newDelegator: to,
        oldUnbondingLockId: n(ids[0]),
        newUnbondingLockId: n(ids[1]),
        amount: n(amount),
    })
}

/// Orchestrators 1 and 2 with 1000 each, delegator 3 with 500 on 1; all of them count.
fn three(net: &mut Net) -> U256 {
    net.bond(account(1), n(1_000), account(1));
    net.bond(account(2), n(1_000), account(2));
    net.bond(account(3), n(500), account(1));
    net.next_round();
    net.round()
}

fn a_receiver_without_a_delegate_gets_the_givers(net: &mut Net) {
    let (bm, o, giver, to) = (net.d.bonding_manager, account(1), account(3), account(4));
    let round = three(net);
    let done = net.bonding(giver, &transfer(to, n(200)));
    net.emits(
        &done,
        bm,
        &[
            claimed_nothing(o, giver, [round, round]),
            unbonded(o, giver, 0, n(200), round + n(UNBONDING)),
            transferred(giver, to, [0, 0], 200),
            claimed_nothing(NOBODY, to, [n(1), round]),
            rebonded(o, to, 0, n(200)),
        ],
    );
    let got = net.delegator(to);
    assert_eq!((got.bondedAmount, got.delegateAddress, got.startRound), (n(200), o, round + n(1)));
    assert_eq!((got.lastClaimRound, got.nextUnbondingLockId), (round, n(1)));
    assert_eq!(status(net, to), PENDING);
    assert_eq!(net.delegator(giver).bondedAmount, n(300));
    assert_eq!((net.lock(giver, 0), net.lock(to, 0)), ((n(0), n(0)), (n(0), n(0))));
    assert_eq!((net.delegator(o).delegatedAmount, net.next_total()), (n(1_500), n(2_500)));
}

fn a_receiver_with_a_delegate_keeps_it(net: &mut Net) {
    let (bm, a, b, giver, to) = (net.d.bonding_manager, account(1), account(2), account(3), account(4));
    net.bond(b, n(5), b);
    net.bond(to, n(10), b);
    let start = net.delegator(to).startRound;
    three(net);
    net.reward(b);
    let earned = net.pending_stake(to) - n(10);
    let round = net.round();
    let done = net.bonding(giver, &transfer(to, n(200)));
    net.emits(
        &done,
        bm,
        &[
            claimed_nothing(a, giver, [round, round]),
            unbonded(a, giver, 0, n(200), round + n(UNBONDING)),
            transferred(giver, to, [0, 0], 200),
            super::claimed(b, to, [earned, n(0)], [round, round]),
            rebonded(b, to, 0, n(200)),
        ],
    );
    let got = net.delegator(to);
    assert_eq!((got.bondedAmount, got.delegateAddress), (n(210) + earned, b));
    assert_eq!(got.startRound, start, "its bond goes on");
    assert_eq!(net.delegator(a).delegatedAmount, n(1_300));
}

fn the_giver_must_be_able_to_unbond(net: &mut Net) {
    let (o, to) = (account(1), account(4));
    net.refuse_bonding(o, &transfer(to, n(1)), "caller must be bonded");
    net.bond(o, n(10), o);
    net.refuse_bonding(o, &transfer(to, n(1)), "caller must be bonded");
    net.next_round();
    net.refuse_bonding(o, &transfer(to, n(0)), "unbond amount must be greater than 0");
    net.refuse_bonding(o, &transfer(to, n(11)), "amount is greater than bonded amount");
}

fn no_gift_makes_an_orchestrator(net: &mut Net) {
    let (o, giver) = (account(1), account(3));
    three(net);
    net.unbond(o, n(1_000));
    // Its delegate has no bond of its own: the gift would be one.
    net.refuse_bonding(giver, &transfer(o, n(5)), "INVALID_DELEGATOR");
    net.refuse_bonding(giver, &transfer(NOBODY, n(5)), "INVALID_DELEGATOR");
    // To a registered one it is a bond like any other.
    net.bond(giver, n(1), account(2));
    net.next_round();
    net.reward(account(2));
    net.bonding(giver, &transfer(account(2), n(5)));
}

fn a_gift_forces_no_claim(net: &mut Net) {
    let (a, giver, to) = (account(1), account(3), account(4));
    net.bond(to, n(10), a);
    three(net);
    net.refuse_bonding(giver, &transfer(to, n(5)), "ILLEGAL_CLAIM_EARNINGS");
    // Before anything of the giver is looked at.
    net.refuse_bonding(account(9), &transfer(to, n(0)), "ILLEGAL_CLAIM_EARNINGS");
    net.reward(a);
    net.bonding(giver, &transfer(to, n(5)));
    net.next_round();
    net.bonding(to, &BondingManager::claimEarningsCall { _endRound: n(0) });
    net.bonding(giver, &transfer(to, n(5)));
    // What stops everything comes before it.
    net.end_round();
    net.evm.mine(1);
    net.refuse_bonding(giver, &transfer(to, n(5)), "current round is not initialized");
    net.pause();
    net.refuse_bonding(giver, &transfer(to, n(5)), "system is paused");
}

fn locks_are_numbered_on_both_sides(net: &mut Net) {
    let (bm, o, giver, to) = (net.d.bonding_manager, account(1), account(3), account(2));
    let round = three(net);
    let until = round + n(UNBONDING);
    net.unbond(giver, n(1));
    net.unbond(giver, n(2));
    net.unbond(to, n(3));
    net.reward(to);
    let done = net.bonding(giver, &transfer(to, n(7)));
    net.emits(
        &done,
        bm,
        &[unbonded(o, giver, 2, n(7), until), transferred(giver, to, [2, 1], 7), rebonded(to, to, 1, n(7))],
    );
    // The older ones stay where they are.
    assert_eq!((net.lock(giver, 0), net.lock(giver, 1)), ((n(1), until), (n(2), until)));
    assert_eq!(net.lock(to, 0), (n(3), until));
}

fn an_orchestrator_gives_itself_away(net: &mut Net) {
    let (bm, o, to) = (net.d.bonding_manager, account(2), account(4));
    let round = three(net);
    // Under the later rules no stake joins who leaves before its reward.
    net.reward(o);
    let stake = net.pending_stake(o);
    let done = net.bonding(o, &transfer(to, stake));
    let earned = stake - n(1_000);
    net.emits(
        &done,
        bm,
        &[
            super::claimed(o, o, [earned, n(0)], [round, round]),
            deactivated(o, round + n(1)),
            unbonded(o, o, 0, stake, round + n(UNBONDING)),
            ev(&BondingManager::TransferBond {
                oldDelegator: o,
                newDelegator: to,
                oldUnbondingLockId: n(0),
                newUnbondingLockId: n(0),
                amount: stake,
            }),
            claimed_nothing(NOBODY, to, [n(1), round]),
            rebonded(o, to, 0, stake),
        ],
    );
    assert_eq!(net.pool(), [account(1)]);
    assert_eq!(net.delegator(to).delegateAddress, o, "who is an orchestrator no more");
    assert_eq!(net.delegator(o).delegatedAmount, stake);
}

fn a_gift_to_oneself_changes_nothing(net: &mut Net) {
    let (bm, o, who) = (net.d.bonding_manager, account(1), account(3));
    let round = three(net);
    let done = net.bonding(who, &transfer(who, n(200)));
    net.emits(
        &done,
        bm,
        &[
            claimed_nothing(o, who, [round, round]),
            unbonded(o, who, 0, n(200), round + n(UNBONDING)),
            transferred(who, who, [0, 1], 200),
            rebonded(o, who, 1, n(200)),
        ],
    );
    let got = net.delegator(who);
    assert_eq!((got.bondedAmount, got.delegateAddress, got.nextUnbondingLockId), (n(500), o, n(2)));
    assert_eq!(net.delegator(o).delegatedAmount, n(1_500));
}
