//! The active set of the next round, and who may change its rates.

use alloy::primitives::U256;
use weir_contracts::bindings::{BondingManager, RoundsManager};

use super::{activated, bonded, claimed_nothing, deactivated, parameter};
use crate::rules::expect::ev;
use crate::rules::net::{Net, PERC, POOL, ROUND, Setup, account, lpt, n};

rules! {
    Setup::all();
    a_full_pool_takes_more_stake_only,
    who_is_driven_out_stays_to_the_end_of_the_round,
    who_is_driven_out_comes_back_with_more_stake,
    who_is_back_within_a_round_sits_it_out,
    a_delegator_drives_out_by_moving,
    less_stake_means_a_place_further_down,
    the_pool_grows_without_filling_itself,
    rates_are_for_who_is_registered_and_not_at_work,
    rates_are_fixed_at_the_end_of_a_round,
    rates_of_an_outsider_let_it_try_again,
    the_views_agree,
}

/// So much more than the rewards of a round that these change no order.
fn k(thousands: u64) -> U256 {
    lpt(1_000) * n(thousands)
}

/// Stakes of as many as there is room for, by account.
const STAKES: [u64; 4] = [0, 30, 20, 10];

/// Accounts 1 to 3 with 30, 20 and 10, active.
fn full(net: &mut Net) -> U256 {
    for who in 1..=3 {
        net.bond(account(who), k(STAKES[usize::from(who)]), account(who));
    }
    net.next_round();
    net.round()
}

fn a_full_pool_takes_more_stake_only(net: &mut Net) {
    let (bm, last, newcomer) = (net.d.bonding_manager, account(3), account(4));
    let round = full(net);
    let done = net.bond(newcomer, k(10), newcomer);
    // As much as the last is not enough, and nobody hears of it.
    net.emits(
        &done,
        bm,
        &[
            claimed_nothing(super::NOBODY, newcomer, [n(1), round]),
            bonded([super::NOBODY, newcomer], newcomer, k(10), k(10)),
        ],
    );
    assert_eq!(net.pool(), [1, 2, 3].map(account));
    let got = net.transcoder(newcomer);
    assert_eq!((got.activationRound, got.deactivationRound), (n(0), n(0)));
    let done = net.bond(newcomer, k(1), newcomer);
    net.emits(
        &done,
        bm,
        &[
            deactivated(last, round + n(1)),
            activated(newcomer, round + n(1)),
            bonded([newcomer, newcomer], newcomer, k(1), k(11)),
        ],
    );
    assert_eq!(net.pool(), [1, 2, 4].map(account));
    assert_eq!(net.next_total(), k(61));
    assert_eq!(net.transcoder(newcomer).deactivationRound, U256::MAX);
    assert_eq!(net.transcoder(last).deactivationRound, round + n(1));
}

fn who_is_driven_out_stays_to_the_end_of_the_round(net: &mut Net) {
    let (last, newcomer) = (account(3), account(4));
    let round = full(net);
    net.bond(newcomer, k(11), newcomer);
    assert!(net.is_active(last) && !net.is_active(newcomer));
    net.reward(last);
    assert_eq!(net.earnings(last, round).totalStake, k(10));
    net.refuse_bonding(newcomer, &BondingManager::rewardCall {}, super::inactive(net));
    net.next_round();
    assert!(!net.is_active(last) && net.is_active(newcomer));
    net.refuse_bonding(last, &BondingManager::rewardCall {}, super::inactive(net));
    // Its bond and those behind it are untouched.
    assert!(net.delegator(last).bondedAmount >= k(10));
    assert_eq!(net.delegator(last).delegateAddress, last);
}

fn who_is_driven_out_comes_back_with_more_stake(net: &mut Net) {
    let (bm, last, newcomer) = (net.d.bonding_manager, account(3), account(4));
    full(net);
    net.bond(newcomer, k(11), newcomer);
    net.next_round();
    let round = net.round();
    let done = net.bond(last, k(2), last);
    net.emits(
        &done,
        bm,
        &[
            claimed_nothing(last, last, [round - n(1), round]),
            deactivated(newcomer, round + n(1)),
            activated(last, round + n(1)),
            bonded([last, last], last, k(2), k(12)),
        ],
    );
    let got = net.transcoder(last);
    assert_eq!((got.activationRound, got.deactivationRound), (round + n(1), U256::MAX));
    assert_eq!(net.earnings(last, round + n(1)).totalStake, k(12));
}

fn who_is_back_within_a_round_sits_it_out(net: &mut Net) {
    let (last, newcomer) = (account(3), account(4));
    let round = full(net);
    net.reward(last);
    let stake = net.delegator(last).delegatedAmount;
    net.bond(newcomer, stake + n(1), newcomer);
    assert!(net.is_active(last));
    net.bond(last, k(2), last);
    assert!(net.pool().contains(&last));
    assert_eq!(net.transcoder(last).activationRound, round + n(1));
    assert!(!net.is_active(last), "though it began the round in the set");
    net.next_round();
    assert!(net.is_active(last));
}

fn a_delegator_drives_out_by_moving(net: &mut Net) {
    let (bm, mover, outsider) = (net.d.bonding_manager, account(7), account(4));
    net.bond(mover, k(8), account(1));
    let round = full(net);
    net.bond(outsider, k(5), outsider);
    let done = net.bonding(mover, &BondingManager::bondCall { _amount: n(0), _to: outsider });
    net.emits(
        &done,
        bm,
        &[
            claimed_nothing(account(1), mover, [round, round]),
            deactivated(account(3), round + n(1)),
            activated(outsider, round + n(1)),
            bonded([account(1), outsider], mover, k(0), k(8)),
        ],
    );
    assert_eq!((net.pool(), net.next_total()), ([1, 2, 4].map(account).to_vec(), k(63)));
    // Stake for an outsider that is still too little only adds up.
    net.reward(account(3));
    let stake = net.delegator(account(3)).delegatedAmount;
    net.bond(account(8), k(2), account(3));
    assert_eq!(
        (net.pool(), net.delegator(account(3)).delegatedAmount),
        ([1, 2, 4].map(account).to_vec(), stake + k(2))
    );
}

fn less_stake_means_a_place_further_down(net: &mut Net) {
    full(net);
    net.unbond(account(1), k(15));
    assert_eq!(net.pool(), [2, 1, 3].map(account));
    net.unbond(account(2), k(19));
    assert_eq!(net.pool(), [1, 3, 2].map(account));
    assert_eq!(net.next_total(), k(15 + 10 + 1));
    // Nobody is driven out for it.
    net.bond(account(4), k(1), account(4));
    assert_eq!(net.pool(), [1, 3, 2].map(account));
}

fn the_pool_grows_without_filling_itself(net: &mut Net) {
    let bm = net.d.bonding_manager;
    let size = |size| BondingManager::setNumActiveTranscodersCall { _numActiveTranscoders: n(size) };
    full(net);
    net.bond(account(4), k(5), account(4));
    for same in [POOL, POOL - 1, 0] {
        net.refuse_bonding(net.owner, &size(same), "new max size must be greater than old max size");
    }
    let done = net.bonding(net.owner, &size(POOL + 1));
    net.emits(&done, bm, &[parameter("numActiveTranscoders")]);
    assert_eq!(net.read(bm, &BondingManager::getTranscoderPoolMaxSizeCall {}), n(POOL + 1));
    assert_eq!(net.pool(), [1, 2, 3].map(account), "it has to come by itself");
    net.rates(account(4), 0, 0);
    assert_eq!(net.pool(), [1, 2, 3, 4].map(account));
    assert_eq!(net.read(bm, &BondingManager::getTranscoderPoolSizeCall {}), n(POOL + 1));
}

fn rates(cut: u64, share: u64) -> BondingManager::transcoderCall {
    BondingManager::transcoderCall { _rewardCut: n(cut), _feeShare: n(share) }
}

fn rates_are_for_who_is_registered_and_not_at_work(net: &mut Net) {
    let (bm, o) = (net.d.bonding_manager, account(1));
    net.refuse_bonding(o, &rates(PERC + 1, PERC + 1), "invalid rewardCut percentage");
    net.refuse_bonding(o, &rates(PERC, PERC + 1), "invalid feeShare percentage");
    net.refuse_bonding(o, &rates(PERC, PERC), "transcoder must be registered");
    net.bond(o, k(10), o);
    let done = net.bonding(o, &rates(PERC, PERC));
    let event = BondingManager::TranscoderUpdate { transcoder: o, rewardCut: n(PERC), feeShare: n(PERC) };
    // Nothing is claimed by it.
    net.emits(&done, bm, &[ev(&event)]);
    net.next_round();
    let text = "caller can't be active or must have already called reward for the current round";
    net.refuse_bonding(o, &rates(1, 2), text);
    net.reward(o);
    net.bonding(o, &rates(1, 2));
    let got = net.transcoder(o);
    assert_eq!((got.rewardCut, got.feeShare), (n(1), n(2)));
    // They count for what is earned next; this round has the old ones.
    let round = net.round();
    let pool = net.earnings(o, round);
    assert_eq!((pool.transcoderRewardCut, pool.transcoderFeeShare), (n(PERC), n(PERC)));
    net.next_round();
    net.reward(o);
    let pool = net.earnings(o, round + n(1));
    assert_eq!((pool.transcoderRewardCut, pool.transcoderFeeShare), (n(1), n(2)));
    // A delegator is no orchestrator.
    net.bond(account(2), k(5), o);
    net.refuse_bonding(account(2), &rates(1, 2), "transcoder must be registered");
}

fn rates_are_fixed_at_the_end_of_a_round(net: &mut Net) {
    let (o, rm) = (account(1), net.d.rounds_manager);
    net.bond(o, k(10), o);
    let start: u64 = net.read(rm, &RoundsManager::currentRoundStartBlockCall {}).to();
    // The last tenth of 50 blocks.
    let free = start + ROUND - ROUND / 10 - 1;
    let now = net.evm.number();
    net.evm.mine(free - now - 1);
    net.bonding(o, &rates(1, 1));
    assert_eq!(net.evm.number(), free);
    let text = "can't update transcoder params, current round is locked";
    // Before anything else is looked at.
    net.refuse_bonding(account(9), &rates(PERC + 1, 1), text);
    net.refuse_bonding(o, &rates(2, 2), text);
    net.next_round();
    net.reward(o);
    net.bonding(o, &rates(2, 2));
}

fn rates_of_an_outsider_let_it_try_again(net: &mut Net) {
    let (bm, o) = (net.d.bonding_manager, account(4));
    let round = full(net);
    net.bond(o, k(10), o);
    let update = ev(&BondingManager::TranscoderUpdate { transcoder: o, rewardCut: n(1), feeShare: n(1) });
    let done = net.bonding(o, &rates(1, 1));
    net.emits(&done, bm, std::slice::from_ref(&update));
    net.unbond(account(3), k(1));
    assert!(!net.pool().contains(&o));
    let done = net.bonding(o, &rates(1, 1));
    net.emits(&done, bm, &[deactivated(account(3), round + n(1)), activated(o, round + n(1)), update]);
    assert_eq!(net.pool(), [1, 2, 4].map(account));
}

fn the_views_agree(net: &mut Net) {
    let (bm, o) = (net.d.bonding_manager, account(1));
    let call = BondingManager::isActiveTranscoderCall { _transcoder: account(9) };
    assert!(!net.read(bm, &call), "who was never seen is not active");
    let call = BondingManager::transcoderStatusCall { _transcoder: o };
    assert_eq!(net.read(bm, &call), 0);
    full(net);
    assert_eq!(net.read(bm, &call), 1);
    assert_eq!(net.read(bm, &BondingManager::getFirstTranscoderInPoolCall {}), o);
    let call = BondingManager::getNextTranscoderInPoolCall { _transcoder: account(3) };
    assert_eq!(net.read(bm, &call), super::NOBODY);
    assert_eq!(net.read(bm, &BondingManager::getTotalBondedCall {}), k(60));
    assert_eq!(net.read(bm, &BondingManager::currentRoundTotalActiveStakeCall {}), k(60));
    // Within a round the active stake does not move.
    net.unbond(o, k(5));
    assert_eq!(net.read(bm, &BondingManager::getTotalBondedCall {}), k(60));
    assert_eq!(net.next_total(), k(55));
}
