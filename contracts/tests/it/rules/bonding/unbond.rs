//! Unbonding, rebonding and the withdrawal of stake.

use alloy::primitives::U256;
use weir_contracts::bindings::{BondingManager, BondingVotes, LivepeerToken};

use super::{BONDED, NOBODY, PENDING, UNBONDED, activated, claimed_nothing, deactivated, rebonded, status, unbonded};
use crate::rules::expect::ev;
use crate::rules::net::{Net, Setup, UNBONDING, account, n};

rules! {
    Setup::all();
    who_has_no_counting_bond_cannot_unbond,
    a_part_goes_behind_a_lock,
    all_of_it_ends_the_delegation,
    an_orchestrator_without_own_stake_resigns,
    a_lock_becomes_stake_again,
    a_lock_becomes_stake_elsewhere,
    earnings_are_claimed_before_a_lock_becomes_stake,
    locks_are_checked,
    locks_open_with_their_round,
    a_lock_keeps_the_period_it_was_made_under,
}

fn unbond(amount: u64) -> BondingManager::unbondCall {
    BondingManager::unbondCall { _amount: n(amount) }
}

fn rebond(id: u64) -> BondingManager::rebondCall {
    BondingManager::rebondCall { _unbondingLockId: n(id) }
}

fn withdraw(id: u64) -> BondingManager::withdrawStakeCall {
    BondingManager::withdrawStakeCall { _unbondingLockId: n(id) }
}

fn is_valid(net: &mut Net, id: u64) -> bool {
    let call = BondingManager::isValidUnbondingLockCall { _delegator: account(2), _unbondingLockId: n(id) };
    net.read(net.d.bonding_manager, &call)
}

/// Orchestrator 1 with 1000, delegator 2 with 500, in the round in which both count.
fn two(net: &mut Net) -> U256 {
    net.bond(account(1), n(1_000), account(1));
    net.bond(account(2), n(500), account(1));
    net.next_round();
    net.round()
}

fn who_has_no_counting_bond_cannot_unbond(net: &mut Net) {
    let o = account(1);
    net.refuse_bonding(o, &unbond(0), "caller must be bonded");
    net.bond(o, n(1_000), o);
    assert_eq!(status(net, o), PENDING);
    net.refuse_bonding(o, &unbond(1), "caller must be bonded");
    net.next_round();
    net.refuse_bonding(o, &unbond(0), "unbond amount must be greater than 0");
    net.refuse_bonding(o, &unbond(1_001), "amount is greater than bonded amount");
    net.bonding(o, &unbond(1_000));
    net.refuse_bonding(o, &unbond(1), "caller must be bonded");
}

fn a_part_goes_behind_a_lock(net: &mut Net) {
    let (bm, o, who) = (net.d.bonding_manager, account(1), account(2));
    let round = two(net);
    let until = round + n(UNBONDING);
    let done = net.bonding(who, &unbond(200));
    net.emits(&done, bm, &[claimed_nothing(o, who, [round, round]), unbonded(o, who, 0, n(200), until)]);
    assert_eq!(net.lock(who, 0), (n(200), until));
    assert!(is_valid(net, 0) && !is_valid(net, 1));
    let got = net.delegator(who);
    assert_eq!((got.bondedAmount, got.delegateAddress, got.nextUnbondingLockId), (n(300), o, n(1)));
    assert_eq!((net.delegator(o).delegatedAmount, net.next_total()), (n(1_300), n(1_300)));
    assert_eq!(net.earnings(o, round).totalStake, n(1_500));
    assert_eq!(net.earnings(o, round + n(1)).totalStake, n(1_300));
    let done = net.bonding(who, &unbond(50));
    net.emits(&done, bm, &[unbonded(o, who, 1, n(50), until)]);
    assert_eq!((net.lock(who, 0), net.lock(who, 1)), ((n(200), until), (n(50), until)));
    assert_eq!(net.lpt_of(net.d.minter), n(1_500), "it is still in the vault");
}

fn all_of_it_ends_the_delegation(net: &mut Net) {
    let (bm, o, who) = (net.d.bonding_manager, account(1), account(2));
    let round = two(net);
    let done = net.bonding(who, &unbond(500));
    net.emits(&done, bm, &[claimed_nothing(o, who, [round, round]), unbonded(o, who, 0, n(500), round + n(UNBONDING))]);
    let got = net.delegator(who);
    assert_eq!((got.bondedAmount, got.delegateAddress, got.startRound), (n(0), NOBODY, n(0)));
    assert_eq!(status(net, who), UNBONDED);
    assert_eq!(net.pool(), [o]);
}

fn an_orchestrator_without_own_stake_resigns(net: &mut Net) {
    let (bm, o, who) = (net.d.bonding_manager, account(1), account(2));
    let round = two(net);
    let done = net.bonding(o, &unbond(1_000));
    net.emits(
        &done,
        bm,
        &[
            claimed_nothing(o, o, [round, round]),
            deactivated(o, round + n(1)),
            unbonded(o, o, 0, n(1_000), round + n(UNBONDING)),
        ],
    );
    assert!(net.pool().is_empty());
    assert_eq!((net.delegator(o).delegatedAmount, net.next_total()), (n(500), n(0)));
    assert_eq!(net.transcoder(o).deactivationRound, round + n(1));
    // To the end of the round it is what it was.
    assert!(net.is_active(o));
    let registered = BondingManager::isRegisteredTranscoderCall { _transcoder: o };
    assert!(!net.read(bm, &registered));
    net.next_round();
    assert!(!net.is_active(o));
    // Those behind it stay there, with nobody.
    assert_eq!(net.delegator(who).delegateAddress, o);
    assert_eq!(net.read(net.d.bonding_votes, &BondingVotes::getVotesCall { _account: who }), n(0));
    net.bond(who, n(1), o);
    assert!(net.pool().is_empty(), "stake alone does not bring it back");
    // Its own stake does, with all that is behind it.
    let done = net.bond(o, n(1), o);
    let round = net.round();
    net.emits(
        &done,
        bm,
        &[
            claimed_nothing(NOBODY, o, [round, round]),
            activated(o, round + n(1)),
            super::bonded([NOBODY, o], o, n(1), n(1)),
        ],
    );
    assert_eq!(net.next_total(), n(502));
}

fn a_lock_becomes_stake_again(net: &mut Net) {
    let (bm, o, who) = (net.d.bonding_manager, account(1), account(2));
    let round = two(net);
    net.refuse_bonding(account(3), &rebond(0), "caller must be bonded");
    net.bonding(who, &unbond(200));
    net.bonding(who, &unbond(100));
    let done = net.bonding(who, &rebond(0));
    net.emits(&done, bm, &[rebonded(o, who, 0, n(200))]);
    assert_eq!(net.lock(who, 0), (n(0), n(0)));
    assert_eq!((net.delegator(who).bondedAmount, net.delegator(o).delegatedAmount), (n(400), n(1_400)));
    assert_eq!(net.delegator(who).startRound, round, "as if it had never left");
    assert_eq!(net.next_total(), n(1_400));
    net.refuse_bonding(who, &rebond(0), "invalid unbonding lock ID");
    // Also after its time, and while pending.
    net.rounds(UNBONDING + 1);
    net.bond(account(3), n(2_000), account(3));
    net.bonding(who, &BondingManager::bondCall { _amount: n(0), _to: account(3) });
    assert_eq!(status(net, who), PENDING);
    let done = net.bonding(who, &rebond(1));
    net.emits(&done, bm, &[rebonded(account(3), who, 1, n(100))]);
    // An orchestrator's own lock.
    net.bonding(o, &unbond(1));
    let done = net.bonding(o, &rebond(0));
    net.emits(&done, bm, &[rebonded(o, o, 0, n(1))]);
}

fn a_lock_becomes_stake_elsewhere(net: &mut Net) {
    let (bm, o, who, other) = (net.d.bonding_manager, account(1), account(2), account(3));
    let round = two(net);
    net.bond(other, n(2_000), other);
    let call = |to, id| BondingManager::rebondFromUnbondedCall { _to: to, _unbondingLockId: n(id) };
    net.bonding(who, &unbond(200));
    net.refuse_bonding(who, &call(other, 0), "caller must be unbonded");
    net.bonding(who, &unbond(300));
    net.refuse_bonding(who, &rebond(0), "caller must be bonded");
    net.refuse_bonding(who, &call(other, 2), "invalid unbonding lock ID");
    let done = net.bonding(who, &call(other, 0));
    net.emits(&done, bm, &[rebonded(other, who, 0, n(200))]);
    let got = net.delegator(who);
    assert_eq!((got.bondedAmount, got.delegateAddress, got.startRound), (n(200), other, round + n(1)));
    assert_eq!(status(net, who), PENDING);
    assert_eq!((net.delegator(o).delegatedAmount, net.delegator(other).delegatedAmount), (n(1_000), n(2_200)));
    assert_eq!(net.next_total(), n(3_200));
    // The other lock follows.
    net.bonding(who, &rebond(1));
    assert_eq!(net.delegator(who).bondedAmount, n(500));
    // Locks make an orchestrator as well.
    net.next_round();
    net.bonding(who, &unbond(500));
    let round = net.round();
    let done = net.bonding(who, &call(who, 2));
    net.emits(&done, bm, &[activated(who, round + n(1)), rebonded(who, who, 2, n(500))]);
    assert_eq!(status(net, who), PENDING);
    net.next_round();
    assert_eq!(status(net, who), BONDED);
}

fn earnings_are_claimed_before_a_lock_becomes_stake(net: &mut Net) {
    let (bm, o, who) = (net.d.bonding_manager, account(1), account(2));
    let round = two(net);
    net.bonding(who, &unbond(100));
    net.rounds(2);
    net.reward(o);
    let earned = net.pending_stake(who) - n(400);
    assert!(earned > n(0));
    let done = net.bonding(who, &rebond(0));
    let now = round + n(2);
    net.emits(&done, bm, &[super::claimed(o, who, [earned, n(0)], [round + n(1), now]), rebonded(o, who, 0, n(100))]);
    assert_eq!((net.delegator(who).bondedAmount, net.delegator(who).lastClaimRound), (n(500) + earned, now));
    net.unbond(who, n(500) + earned);
    net.next_round();
    let done = net.bonding(who, &BondingManager::rebondFromUnbondedCall { _to: o, _unbondingLockId: n(1) });
    let now = now + n(1);
    let all = n(500) + earned;
    net.emits(&done, bm, &[claimed_nothing(NOBODY, who, [now, now]), rebonded(o, who, 1, all)]);
    assert_eq!(net.delegator(who).lastClaimRound, now);
}

fn locks_are_checked(net: &mut Net) {
    let who = account(2);
    two(net);
    for call in [rebond(0), rebond(7)] {
        net.refuse_bonding(who, &call, "invalid unbonding lock ID");
    }
    net.refuse_bonding(who, &withdraw(0), "invalid unbonding lock ID");
    net.bonding(who, &unbond(200));
    // A lock is its owner's.
    net.refuse_bonding(account(1), &rebond(0), "invalid unbonding lock ID");
    net.refuse_bonding(account(1), &withdraw(0), "invalid unbonding lock ID");
}

fn locks_open_with_their_round(net: &mut Net) {
    let (bm, who) = (net.d.bonding_manager, account(2));
    let round = two(net);
    net.bonding(who, &unbond(200));
    for _ in 0..UNBONDING {
        let text = "withdraw round must be before or equal to the current round";
        net.refuse_bonding(who, &withdraw(0), text);
        net.next_round();
    }
    let done = net.bonding(who, &withdraw(0));
    let until = round + n(UNBONDING);
    net.emits(
        &done,
        bm,
        &[ev(&BondingManager::WithdrawStake {
            delegator: who,
            unbondingLockId: n(0),
            amount: n(200),
            withdrawRound: until,
        })],
    );
    let transfer = LivepeerToken::Transfer { from: net.d.minter, to: who, value: n(200) };
    assert_eq!(done.logs(net.d.token), [ev(&transfer)]);
    assert_eq!((net.lpt_of(who), net.lpt_of(net.d.minter)), (n(200), n(1_300)));
    // Nothing is claimed by it, and votes do not change.
    assert_eq!(net.delegator(who).lastClaimRound, round);
    assert!(done.logs(net.d.bonding_votes).is_empty());
    assert_eq!(net.lock(who, 0), (n(0), n(0)));
    net.refuse_bonding(who, &withdraw(0), "invalid unbonding lock ID");
}

fn a_lock_keeps_the_period_it_was_made_under(net: &mut Net) {
    let who = account(2);
    let round = two(net);
    net.bonding(who, &unbond(1));
    let period = |rounds| BondingManager::setUnbondingPeriodCall { _unbondingPeriod: rounds };
    net.bonding(net.owner, &period(0));
    net.bonding(who, &unbond(2));
    net.bonding(net.owner, &period(9));
    net.bonding(who, &unbond(3));
    for (id, rounds) in [(0, UNBONDING), (1, 0), (2, 9)] {
        assert_eq!(net.lock(who, id), (n(id + 1), round + n(rounds)));
    }
    net.bonding(who, &withdraw(1));
    net.refuse_bonding(who, &withdraw(0), "withdraw round must be before or equal to the current round");
}
