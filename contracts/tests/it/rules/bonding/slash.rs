//! Slashing, by a contract that the live network does not have.

use alloy::primitives::{Address, LogData, U256, keccak256};
use weir_contracts::bindings::{BondingManager, BondingVotes, LivepeerToken};

use super::{NOBODY, claimed_nothing, deactivated};
use crate::rules::expect::ev;
use crate::rules::net::{Net, Setup, account, n};

rules! {
    Setup::all();
    the_verifier_alone_slashes,
    a_penalty_is_burned_but_for_the_finders_fee,
    without_a_finder_all_of_it_is_burned,
    who_has_nothing_loses_nothing,
    a_pending_bond_is_not_taken_from_its_delegate,
    a_penalty_of_nothing_still_ends_the_membership,
    a_delegator_is_slashed_too,
}

const VERIFIER: Address = Address::repeat_byte(0x5e);
const FINDER: Address = Address::repeat_byte(0xf1);

fn slash(who: Address, finder: Address, part: u64, fee: u64) -> BondingManager::slashTranscoderCall {
    BondingManager::slashTranscoderCall { _transcoder: who, _finder: finder, _slashAmount: n(part), _finderFee: n(fee) }
}

fn slashed(transcoder: Address, finder: Address, penalty: u64, reward: u64) -> LogData {
    ev(&BondingManager::TranscoderSlashed { transcoder, finder, penalty: n(penalty), finderReward: n(reward) })
}

/// A verifier, a Minter that may burn, and orchestrator 1 with 1000 and a delegator's 500.
fn ready(net: &mut Net) -> U256 {
    net.register("Verifier", VERIFIER);
    let call = LivepeerToken::grantRoleCall { role: keccak256("BURNER_ROLE"), account: net.d.minter };
    net.send(net.owner, net.d.token, &call);
    net.bond(account(1), n(1_000), account(1));
    net.bond(account(2), n(500), account(1));
    net.next_round();
    net.round()
}

fn the_verifier_alone_slashes(net: &mut Net) {
    let call = slash(account(1), NOBODY, 1, 1);
    // There is none at first.
    for who in [account(1), net.owner, VERIFIER] {
        net.refuse_bonding(who, &call, "caller must be Verifier");
    }
    net.register("Verifier", VERIFIER);
    net.refuse_bonding(net.owner, &call, "caller must be Verifier");
    net.bonding(VERIFIER, &call);
}

fn a_penalty_is_burned_but_for_the_finders_fee(net: &mut Net) {
    let (bm, o, minter) = (net.d.bonding_manager, account(1), net.d.minter);
    let round = ready(net);
    let done = net.bonding(VERIFIER, &slash(o, FINDER, 300_000, 50_000));
    net.emits(
        &done,
        bm,
        &[claimed_nothing(o, o, [round, round]), deactivated(o, round + n(1)), slashed(o, FINDER, 300, 15)],
    );
    net.emits(
        &done,
        net.d.token,
        &[
            ev(&LivepeerToken::Transfer { from: minter, to: FINDER, value: n(15) }),
            ev(&LivepeerToken::Transfer { from: minter, to: NOBODY, value: n(285) }),
            ev(&LivepeerToken::Burn { burner: minter, amount: n(285) }),
        ],
    );
    assert_eq!(net.delegator(o).bondedAmount, n(700));
    assert_eq!(net.delegator(o).delegatedAmount, n(1_200));
    assert_eq!((net.pool().len(), net.next_total()), (0, n(0)));
    assert_eq!((net.lpt_of(FINDER), net.lpt_of(minter)), (n(15), n(1_200)));
    assert!(net.is_active(o), "to the end of the round");
    // It is recorded for its votes.
    let votes = BondingVotes::getVotesCall { _account: o };
    assert_eq!(net.read(net.d.bonding_votes, &votes), n(1_200));
}

fn without_a_finder_all_of_it_is_burned(net: &mut Net) {
    let (bm, o) = (net.d.bonding_manager, account(1));
    let round = ready(net);
    let done = net.bonding(VERIFIER, &slash(o, NOBODY, 1_000_000, 50_000));
    net.emits(
        &done,
        bm,
        &[claimed_nothing(o, o, [round, round]), deactivated(o, round + n(1)), slashed(o, NOBODY, 1_000, 0)],
    );
    // Without a bond of its own it speaks for nobody, though stake is delegated to it still.
    net.emits(
        &done,
        net.d.bonding_votes,
        &[
            ev(&BondingVotes::DelegateVotesChanged { delegate: o, previousBalance: n(1_500), newBalance: n(0) }),
            ev(&BondingVotes::DelegatorBondedAmountChanged {
                delegate: o,
                previousBondedAmount: n(1_000),
                previousLastClaimRound: round - n(1),
                newBondedAmount: n(0),
                newLastClaimRound: round,
            }),
        ],
    );
    for who in [o, account(2)] {
        let votes = BondingVotes::getVotesCall { _account: who };
        assert_eq!(net.read(net.d.bonding_votes, &votes), n(0), "nor do those behind it for themselves");
    }
    let got = net.delegator(o);
    // With no bond left it counts as unbonded: what is delegated to it stays as it was.
    assert_eq!((got.bondedAmount, got.delegatedAmount, got.delegateAddress), (n(0), n(1_500), o));
    assert_eq!(net.lpt_of(net.d.minter), n(500));
}

fn who_has_nothing_loses_nothing(net: &mut Net) {
    let (bm, who) = (net.d.bonding_manager, account(9));
    let round = ready(net);
    let done = net.bonding(VERIFIER, &slash(who, FINDER, 300_000, 50_000));
    net.emits(&done, bm, &[claimed_nothing(NOBODY, who, [n(1), round]), slashed(who, FINDER, 0, 0)]);
    assert_eq!(net.lpt_of(FINDER), n(0));
}

fn a_pending_bond_is_not_taken_from_its_delegate(net: &mut Net) {
    let (bm, o) = (net.d.bonding_manager, account(3));
    let round = ready(net);
    net.bond(o, n(100), o);
    let done = net.bonding(VERIFIER, &slash(o, NOBODY, 500_000, 0));
    net.emits(&done, bm, &[deactivated(o, round + n(1)), slashed(o, NOBODY, 50, 0)]);
    assert_eq!((net.delegator(o).bondedAmount, net.delegator(o).delegatedAmount), (n(50), n(100)));
}

fn a_penalty_of_nothing_still_ends_the_membership(net: &mut Net) {
    let (bm, o) = (net.d.bonding_manager, account(1));
    let round = ready(net);
    let done = net.bonding(VERIFIER, &slash(o, NOBODY, 0, 0));
    net.emits(
        &done,
        bm,
        &[claimed_nothing(o, o, [round, round]), deactivated(o, round + n(1)), slashed(o, NOBODY, 0, 0)],
    );
    assert_eq!((net.pool().len(), net.delegator(o).bondedAmount), (0, n(1_000)));
}

/// What its delegate has less is not told to the pool: the sums differ from there on.
fn a_delegator_is_slashed_too(net: &mut Net) {
    let (bm, o, who) = (net.d.bonding_manager, account(1), account(2));
    let round = ready(net);
    let done = net.bonding(VERIFIER, &slash(who, NOBODY, 200_000, 0));
    net.emits(&done, bm, &[claimed_nothing(o, who, [round, round]), slashed(who, NOBODY, 100, 0)]);
    assert_eq!((net.delegator(who).bondedAmount, net.delegator(o).delegatedAmount), (n(400), n(1_400)));
    assert_eq!((net.pool(), net.next_total()), (vec![o], n(1_500)));
    // A second time, while it is no member: nobody resigns.
    net.bonding(VERIFIER, &slash(o, NOBODY, 1, 0));
    let done = net.bonding(VERIFIER, &slash(o, NOBODY, 500_000, 0));
    net.emits(&done, bm, &[slashed(o, NOBODY, 500, 0)]);
}
