//! Stake as voting power.

use alloy::primitives::{Address, B256, U256};
use weir_contracts::BlockSource;
use weir_contracts::bindings::{AdjustableRoundsManager, BondingManager, BondingVotes, RoundsManager};

use super::expect::{Bare, custom, ev};
use super::net::{Net, ROUND, Setup, account, entry, lpt, n};

rules! {
    vec![Setup::d24(), Setup::d26()];
    the_votes_have_their_names,
    only_the_bonding_contract_records,
    a_checkpoint_is_for_the_next_round,
    totals_are_for_the_present_round,
    nothing_is_delegated_here,
    a_bond_is_recorded_for_both_sides,
    a_move_is_recorded_for_all_three,
    an_orchestrator_speaks_for_what_is_delegated_to_it,
    a_delegator_has_its_stake_with_rewards,
    what_came_after_a_claim_counts_for_nothing_yet,
    an_unregistered_delegate_has_no_votes,
    a_round_looks_back_to_the_last_checkpoint,
    lookups_end_with_the_next_round,
    skipped_rounds_have_the_stake_of_the_next_begun,
    a_missing_pool_is_named,
    anyone_may_record_an_account,
    records_within_a_round_overwrite,
}

pub mod by_hand {
    //! A clock that goes backwards, as only a test network has it.
    use super::*;

    rules! {
        vec![Setup::d26().with(|p| p.block_source = BlockSource::Manual)];
        records_never_go_back,
        the_clock_has_48_bits,
    }

    fn set(net: &mut Net, round: U256) {
        let call = AdjustableRoundsManager::setBlockNumCall { _num: round * n(ROUND) };
        net.send(net.owner, net.d.rounds_manager, &call);
    }

    fn records_never_go_back(net: &mut Net) {
        let record = BondingManager::checkpointBondingStateCall { _account: account(1) };
        set(net, n(10));
        net.bonding(account(2), &record);
        set(net, n(9));
        net.refuse_bonding(account(2), &record, custom("DecreasingValues", [&10, &11]));
        set(net, n(10));
        net.bonding(account(2), &record);
    }

    fn the_clock_has_48_bits(net: &mut Net) {
        let votes = net.d.bonding_votes;
        let last = n((1 << 48) - 1);
        set(net, last);
        let clock = net.read(votes, &BondingVotes::clockCall {});
        assert_eq!(U256::from(clock), last);
        set(net, last + n(1));
        net.refuse_read(votes, &BondingVotes::clockCall {}, "SafeCast: value doesn't fit in 48 bits");
    }
}

fn record(
    round: U256,
    stake: [u64; 2],
    delegate: Address,
    claim: U256,
    reward: U256,
) -> BondingVotes::checkpointBondingStateCall {
    BondingVotes::checkpointBondingStateCall {
        _account: account(1),
        _startRound: round,
        _bondedAmount: n(stake[0]),
        _delegateAddress: delegate,
        _delegatedAmount: n(stake[1]),
        _lastClaimRound: claim,
        _lastRewardRound: reward,
    }
}

fn votes_at(net: &mut Net, who: Address, round: U256) -> (U256, Address) {
    let call = BondingVotes::getVotesAndDelegateAtRoundStartCall { _account: who, _round: round };
    let got = net.read(net.d.bonding_votes, &call);
    (got.votes, got.delegateAddress)
}

fn votes(net: &mut Net, who: Address) -> U256 {
    net.read(net.d.bonding_votes, &BondingVotes::getVotesCall { _account: who })
}

fn the_votes_have_their_names(net: &mut Net) {
    let votes = net.d.bonding_votes;
    assert_eq!(net.read(votes, &BondingVotes::nameCall {}), "Livepeer Voting Power");
    assert_eq!(net.read(votes, &BondingVotes::symbolCall {}), "vLPT");
    assert_eq!(net.read(votes, &BondingVotes::decimalsCall {}), 18);
    assert_eq!(net.read(votes, &BondingVotes::CLOCK_MODECall {}), "mode=livepeer_round");
    let clock = net.read(votes, &BondingVotes::clockCall {});
    assert_eq!(U256::from(clock), net.round());
    let done = net.send(net.d.controller, votes, &BondingVotes::setControllerCall { _controller: account(1) });
    net.emits(&done, votes, &[ev(&BondingVotes::SetController { controller: account(1) })]);
}

fn only_the_bonding_contract_records(net: &mut Net) {
    let (votes, bm, round) = (net.d.bonding_votes, net.d.bonding_manager, net.round());
    let total = BondingVotes::checkpointTotalActiveStakeCall { _totalStake: n(1), _round: round };
    for who in [account(9), net.owner, net.d.rounds_manager] {
        let error = custom("InvalidCaller", [&who, &bm]);
        // Before anything else is looked at.
        net.refuse(who, votes, &record(n(0), [1, 1], who, n(0), n(0)), error.clone());
        net.refuse(who, votes, &total, error);
    }
}

fn a_checkpoint_is_for_the_next_round(net: &mut Net) {
    let (votes, bm, next) = (net.d.bonding_votes, net.d.bonding_manager, net.round() + n(1));
    let who = account(1);
    for wrong in [next - n(1), next + n(1)] {
        let call = record(wrong, [5, 5], who, next, n(0));
        net.refuse(bm, votes, &call, custom("InvalidStartRound", [&wrong, &next]));
    }
    for late in [next, next + n(3)] {
        let call = record(next, [5, 5], who, late, n(0));
        net.refuse(bm, votes, &call, custom("FutureLastClaimRound", [&late, &(next - n(1))]));
    }
    let has = BondingVotes::hasCheckpointCall { _account: who };
    assert!(!net.read(votes, &has));
    let done = net.send(bm, votes, &record(next, [5, 7], who, next - n(1), n(0)));
    net.emits(
        &done,
        votes,
        &[
            ev(&BondingVotes::DelegateChanged { delegator: who, fromDelegate: Address::ZERO, toDelegate: who }),
            ev(&BondingVotes::DelegateVotesChanged { delegate: who, previousBalance: n(0), newBalance: n(7) }),
            ev(&BondingVotes::DelegatorBondedAmountChanged {
                delegate: who,
                previousBondedAmount: n(0),
                previousLastClaimRound: n(0),
                newBondedAmount: n(5),
                newLastClaimRound: next - n(1),
            }),
        ],
    );
    assert!(net.read(votes, &has));
    // The same again is no news, and what others cannot see is none either.
    let done = net.send(bm, votes, &record(next, [5, 7], who, next - n(1), n(3)));
    net.emits(&done, votes, &[]);
}

fn totals_are_for_the_present_round(net: &mut Net) {
    let (votes, bm, round) = (net.d.bonding_votes, net.d.bonding_manager, net.round());
    let call = |round| BondingVotes::checkpointTotalActiveStakeCall { _totalStake: n(77), _round: round };
    for wrong in [round - n(1), round + n(1)] {
        let error = custom("InvalidTotalStakeCheckpointRound", [&wrong, &round]);
        net.refuse(bm, votes, &call(wrong), error);
    }
    let done = net.send(bm, votes, &call(round));
    net.emits(&done, votes, &[]);
    assert_eq!(net.read(votes, &BondingVotes::getTotalActiveStakeAtCall { _round: round }), n(77));
}

fn nothing_is_delegated_here(net: &mut Net) {
    let votes = net.d.bonding_votes;
    let call = BondingVotes::delegateCall(account(1));
    net.refuse(account(2), votes, &call, custom("MustCallBondingManager", [&"bond"]));
    let call = BondingVotes::delegateBySigCall {
        _0: account(1),
        _1: n(0),
        _2: U256::MAX,
        _3: 27,
        _4: B256::ZERO,
        _5: B256::ZERO,
    };
    net.refuse(account(2), votes, &call, custom("MustCallBondingManager", [&"bondFor"]));
}

fn bonded(who: Address, old: (U256, U256), new: (U256, U256)) -> alloy::primitives::LogData {
    ev(&BondingVotes::DelegatorBondedAmountChanged {
        delegate: who,
        previousBondedAmount: old.0,
        previousLastClaimRound: old.1,
        newBondedAmount: new.0,
        newLastClaimRound: new.1,
    })
}

fn a_bond_is_recorded_for_both_sides(net: &mut Net) {
    let (votes, o, delegator, round) = (net.d.bonding_votes, account(1), account(2), net.round());
    let none = Address::ZERO;
    let done = net.bond(o, n(10), o);
    net.emits(
        &done,
        votes,
        &[
            ev(&BondingVotes::DelegateChanged { delegator: o, fromDelegate: none, toDelegate: o }),
            ev(&BondingVotes::DelegateVotesChanged { delegate: o, previousBalance: n(0), newBalance: n(10) }),
            bonded(o, (n(0), n(0)), (n(10), round)),
        ],
    );
    let done = net.bond(delegator, n(5), o);
    // First the orchestrator, then the delegator.
    net.emits(
        &done,
        votes,
        &[
            ev(&BondingVotes::DelegateVotesChanged { delegate: o, previousBalance: n(10), newBalance: n(15) }),
            ev(&BondingVotes::DelegateChanged { delegator, fromDelegate: none, toDelegate: o }),
            bonded(delegator, (n(0), n(0)), (n(5), round)),
        ],
    );
    net.next_round();
    let done = net.unbond(delegator, n(5));
    net.emits(
        &done,
        votes,
        &[
            ev(&BondingVotes::DelegateVotesChanged { delegate: o, previousBalance: n(15), newBalance: n(10) }),
            ev(&BondingVotes::DelegateChanged { delegator, fromDelegate: o, toDelegate: none }),
            bonded(delegator, (n(5), round), (n(0), round + n(1))),
        ],
    );
}

fn a_move_is_recorded_for_all_three(net: &mut Net) {
    let (votes, a, b, delegator) = (net.d.bonding_votes, account(1), account(2), account(3));
    net.bond(a, n(10), a);
    net.bond(b, n(20), b);
    net.bond(delegator, n(5), a);
    let round = net.round();
    let done = net.bond(delegator, n(1), b);
    net.emits(
        &done,
        votes,
        &[
            ev(&BondingVotes::DelegateVotesChanged { delegate: a, previousBalance: n(15), newBalance: n(10) }),
            ev(&BondingVotes::DelegateVotesChanged { delegate: b, previousBalance: n(20), newBalance: n(26) }),
            ev(&BondingVotes::DelegateChanged { delegator, fromDelegate: a, toDelegate: b }),
            bonded(delegator, (n(5), round), (n(6), round)),
        ],
    );
}

fn an_orchestrator_speaks_for_what_is_delegated_to_it(net: &mut Net) {
    let (bv, o, delegator) = (net.d.bonding_votes, account(1), account(2));
    net.bond(o, n(10), o);
    net.bond(delegator, n(5), o);
    let round = net.round();
    // From the next round on.
    assert_eq!(votes_at(net, o, round), (n(0), Address::ZERO));
    assert_eq!(votes_at(net, o, round + n(1)), (n(15), o));
    assert_eq!(votes_at(net, delegator, round + n(1)), (n(5), o));
    assert_eq!((votes(net, o), votes(net, delegator)), (n(15), n(5)));
    assert_eq!(net.read(bv, &BondingVotes::delegatesCall { _account: delegator }), o);
    assert_eq!(net.read(bv, &BondingVotes::totalSupplyCall {}), n(15));
    net.rounds(2);
    let past = |net: &mut Net, who: Address, round: U256| {
        net.read(bv, &BondingVotes::getPastVotesCall { _account: who, _round: round })
    };
    assert_eq!(past(net, o, round - n(1)), n(0));
    assert_eq!(past(net, o, round), n(15), "the end of a round is the start of the next");
    assert_eq!(past(net, delegator, round), n(5));
    let call = BondingVotes::delegatedAtCall { _account: delegator, _round: round };
    assert_eq!(net.read(bv, &call), o);
    let call = BondingVotes::getPastTotalSupplyCall { _round: round };
    assert_eq!(net.read(bv, &call), n(15));
    // Nobody is behind these any more.
    net.unbond(o, n(10));
    assert_eq!((votes(net, o), votes(net, account(77))), (n(0), n(0)));
}

fn a_delegator_has_its_stake_with_rewards(net: &mut Net) {
    let (o, delegator) = (account(1), account(2));
    net.bond(o, lpt(10), o);
    net.bond(delegator, lpt(30), o);
    net.next_round();
    net.reward(o);
    let total = net.delegator(o).delegatedAmount;
    assert!(total > lpt(40));
    let round = net.round();
    // No commission: three quarters of everything, though nothing was claimed.
    let stake = net.pending_stake(delegator);
    assert!(stake > lpt(30) && total / n(4) * n(3) - stake < n(10));
    assert_eq!(votes_at(net, delegator, round + n(1)), (stake, o));
    assert_eq!(votes_at(net, delegator, round), (lpt(30), o));
    assert_eq!(votes(net, o), total);
}

fn what_came_after_a_claim_counts_for_nothing_yet(net: &mut Net) {
    let (o, late) = (account(1), account(3));
    net.bond(o, lpt(10), o);
    net.next_round();
    net.reward(o);
    net.next_round();
    // Claims in a round after the last reward.
    net.bond(late, lpt(5), o);
    assert_eq!(votes(net, late), lpt(5));
    net.reward(o);
    assert_eq!(votes(net, late), lpt(5), "a reward of the round in which it came is not its own");
    net.next_round();
    net.reward(o);
    let stake = net.pending_stake(late);
    assert!(stake > lpt(5));
    assert_eq!(votes(net, late), stake);
}

fn an_unregistered_delegate_has_no_votes(net: &mut Net) {
    let (o, delegator) = (account(1), account(2));
    net.bond(o, n(10), o);
    net.bond(delegator, n(5), o);
    net.next_round();
    net.unbond(o, n(10));
    let next = net.round() + n(1);
    assert_eq!(votes_at(net, delegator, next), (n(0), o));
    assert_eq!(votes_at(net, o, next), (n(0), Address::ZERO));
    assert_eq!(votes_at(net, delegator, next - n(1)), (n(5), o), "as it was");
}

fn a_round_looks_back_to_the_last_checkpoint(net: &mut Net) {
    let o = account(1);
    let first = net.round();
    net.bond(o, n(10), o);
    net.rounds(3);
    net.bond(o, n(1), o);
    net.rounds(2);
    for (on, wanted) in [(0, 0), (1, 10), (2, 10), (3, 10), (4, 11), (5, 11), (6, 11)] {
        assert_eq!(votes_at(net, o, first + n(on)).0, n(wanted), "{on} rounds on");
    }
    assert_eq!(votes_at(net, o, n(0)).0, n(0));
}

fn lookups_end_with_the_next_round(net: &mut Net) {
    let (bv, who, round) = (net.d.bonding_votes, account(1), net.round());
    let (next, last) = (round + n(1), round - n(1));
    let at = BondingVotes::getVotesAndDelegateAtRoundStartCall { _account: who, _round: next + n(1) };
    let error = custom("FutureLookup", [&(next + n(1)), &next]);
    net.refuse_read(bv, &at, error.clone());
    net.refuse_read(bv, &BondingVotes::getTotalActiveStakeAtCall { _round: next + n(1) }, error);
    // The standard's calls accept rounds that are over.
    for given in [round, next] {
        let error = custom("FutureLookup", [&given, &last]);
        net.refuse_read(bv, &BondingVotes::getPastVotesCall { _account: who, _round: given }, error.clone());
        net.refuse_read(bv, &BondingVotes::getPastTotalSupplyCall { _round: given }, error.clone());
        net.refuse_read(bv, &BondingVotes::delegatedAtCall { _account: who, _round: given }, error);
    }
    net.read(bv, &BondingVotes::getPastVotesCall { _account: who, _round: last });
    // In round 0 there is no past at all: the clock of a contract of its own.
    let fresh = net.create(
        weir_contracts::Artifact::RoundsManager,
        &RoundsManager::constructorCall { _controller: net.d.controller },
    );
    net.send(net.owner, fresh, &RoundsManager::setRoundLengthCall { _roundLength: n(1 << 40) });
    net.register("RoundsManager", fresh);
    let error = custom("FutureLookup", [&0, &0]);
    net.refuse_read(bv, &BondingVotes::getPastVotesCall { _account: who, _round: n(0) }, error);
}

fn skipped_rounds_have_the_stake_of_the_next_begun(net: &mut Net) {
    let (bv, first) = (net.d.bonding_votes, net.round());
    let total =
        |net: &mut Net, on: u64| net.read(bv, &BondingVotes::getTotalActiveStakeAtCall { _round: first + n(on) });
    net.bond(account(1), n(10), account(1));
    assert_eq!(total(net, 1), n(10), "the stake that is to come");
    net.next_round();
    net.bond(account(2), n(20), account(2));
    net.end_round();
    net.evm.mine(2 * ROUND);
    net.send(net.owner, net.d.rounds_manager, &RoundsManager::initializeRoundCall {});
    assert_eq!(net.round(), first + n(4));
    net.bond(account(3), n(40), account(3));
    for (on, wanted) in [(0, 0), (1, 10), (2, 30), (3, 30), (4, 30), (5, 70)] {
        assert_eq!(total(net, on), n(wanted), "{on} rounds on");
    }
    // Nothing is known of rounds before the first.
    assert_eq!(net.read(bv, &BondingVotes::getTotalActiveStakeAtCall { _round: n(0) }), n(0));
}

/// A checkpoint that names a reward of which the bonding contract knows nothing.
fn a_missing_pool_is_named(net: &mut Net) {
    let (bv, bm, next) = (net.d.bonding_votes, net.d.bonding_manager, net.round() + n(1));
    let o = account(1);
    net.send(bm, bv, &record(next, [5, 7], o, next - n(1), next - n(1)));
    let delegator =
        BondingVotes::checkpointBondingStateCall { _account: account(2), ..record(next, [2, 0], o, next - n(1), n(0)) };
    net.send(bm, bv, &delegator);
    let call = BondingVotes::getVotesCall { _account: account(2) };
    net.refuse_read(bv, &call, custom("MissingEarningsPool", [&o, &next]));
}

fn anyone_may_record_an_account(net: &mut Net) {
    let (bv, bm, o) = (net.d.bonding_votes, net.d.bonding_manager, account(1));
    let claimed = net.round();
    net.bond(o, n(10), o);
    // Stake from before there were votes: written where nothing was recorded.
    let slot = entry(n(3), o.into_word());
    net.evm.set_storage(bm, slot, n(12));
    net.end_round();
    net.evm.mine(5);
    // Also while the round has not begun.
    let call = BondingManager::checkpointBondingStateCall { _account: o };
    let done = net.bonding(account(9), &call);
    net.emits(&done, bv, &[bonded(o, (n(10), claimed), (n(12), claimed))]);
    net.register("BondingVotes", Address::ZERO);
    net.refuse_bonding(account(9), &call, Bare);
}

fn records_within_a_round_overwrite(net: &mut Net) {
    let (bv, o) = (net.d.bonding_votes, account(1));
    let claimed = net.round();
    net.bond(o, n(10), o);
    let done = net.bond(o, n(1), o);
    net.emits(
        &done,
        bv,
        &[
            ev(&BondingVotes::DelegateVotesChanged { delegate: o, previousBalance: n(10), newBalance: n(11) }),
            bonded(o, (n(10), claimed), (n(11), claimed)),
        ],
    );
    assert_eq!(votes(net, o), n(11));
}
