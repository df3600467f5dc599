//! Parameters, and what others tell the bonding contract.

use alloy::primitives::U256;
use weir_contracts::bindings::{BondingManager, BondingVotes};

use super::parameter;
use crate::rules::expect::ev;
use crate::rules::net::{Net, Setup, account, n, one27};

rules! {
    Setup::all();
    values_are_taken_over_and_announced,
    the_treasury_rate_is_a_fraction,
    the_round_brings_what_was_gathered,
    it_follows_its_controller,
}

fn values_are_taken_over_and_announced(net: &mut Net) {
    let (bm, owner) = (net.d.bonding_manager, net.owner);
    for rounds in [0, 1, u64::MAX] {
        let done = net.bonding(owner, &BondingManager::setUnbondingPeriodCall { _unbondingPeriod: rounds });
        net.emits(&done, bm, &[parameter("unbondingPeriod")]);
        assert_eq!(net.read(bm, &BondingManager::unbondingPeriodCall {}), rounds);
    }
    for ceiling in [n(5), U256::MAX, n(0)] {
        let done = net.bonding(owner, &BondingManager::setTreasuryBalanceCeilingCall { _ceiling: ceiling });
        net.emits(&done, bm, &[parameter("treasuryBalanceCeiling")]);
        assert_eq!(net.read(bm, &BondingManager::treasuryBalanceCeilingCall {}), ceiling);
    }
}

fn the_treasury_rate_is_a_fraction(net: &mut Net) {
    let (bm, owner) = (net.d.bonding_manager, net.owner);
    let call = |rate| BondingManager::setTreasuryRewardCutRateCall { _cutRate: rate };
    net.refuse_bonding(owner, &call(one27() + n(1)), "_cutRate is invalid precise percentage");
    for rate in [one27(), n(0), n(1)] {
        let done = net.bonding(owner, &call(rate));
        net.emits(&done, bm, &[parameter("nextRoundTreasuryRewardCutRate")]);
        assert_eq!(net.read(bm, &BondingManager::nextRoundTreasuryRewardCutRateCall {}), rate);
        assert_eq!(net.read(bm, &BondingManager::treasuryRewardCutRateCall {}), n(0));
    }
}

fn the_round_brings_what_was_gathered(net: &mut Net) {
    let (bm, votes, rm) = (net.d.bonding_manager, net.d.bonding_votes, net.d.rounds_manager);
    let call = BondingManager::setCurrentRoundTotalActiveStakeCall {};
    for who in [account(1), net.owner, net.d.minter] {
        net.refuse_bonding(who, &call, "caller must be RoundsManager");
    }
    net.bond(account(1), n(10), account(1));
    net.bond(account(2), n(5), account(2));
    let round = net.round();
    assert_eq!(net.read(bm, &BondingManager::currentRoundTotalActiveStakeCall {}), n(0));
    net.bonding(rm, &call);
    assert_eq!(net.read(bm, &BondingManager::currentRoundTotalActiveStakeCall {}), n(15));
    assert_eq!(net.next_total(), n(15), "it goes on from there");
    assert_eq!(net.read(votes, &BondingVotes::getTotalActiveStakeAtCall { _round: round }), n(15));
    // A pause does not hinder this call; the round's own does not come through.
    net.pause();
    net.bonding(rm, &call);
}

fn it_follows_its_controller(net: &mut Net) {
    let bm = net.d.bonding_manager;
    let call = BondingManager::setControllerCall { _controller: account(1) };
    net.refuse_bonding(net.owner, &call, "caller must be Controller");
    let done = net.bonding(net.d.controller, &call);
    net.emits(&done, bm, &[ev(&BondingManager::SetController { controller: account(1) })]);
}
