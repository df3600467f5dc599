//! Claims of earnings, and the withdrawal of fees.

use alloy::primitives::U256;
use weir_contracts::bindings::BondingManager;

use super::{NOBODY, claimed, claimed_nothing, or_one, stake_at};
use crate::rules::expect::ev;
use crate::rules::net::{Net, Setup, account, lpt, n, share};

rules! {
    Setup::all();
    a_claim_is_made_once_a_round,
    a_claim_reaches_back_any_number_of_rounds,
    an_orchestrator_claims_its_own_part_too,
    early_and_late_claims_give_the_same,
    a_claim_before_the_reward_forfeits_it,
    who_comes_in_a_round_has_no_part_in_its_reward,
    fees_are_paid_out,
    fees_are_not_paid_to_nobody_or_in_excess,
    the_argument_of_views_and_claims_plays_no_part,
}

const CLAIM: BondingManager::claimEarningsCall = BondingManager::claimEarningsCall { _endRound: U256::ZERO };

/// Orchestrator 1 and its delegator 2, with commission and active.
fn two(net: &mut Net) -> U256 {
    net.orchestrator(account(1), lpt(1_000), 100_000, 600_000);
    net.bond(account(2), lpt(3_000), account(1));
    net.next_round();
    net.round()
}

/// Fees by a word of the ticket contract, with the ETH in the vault.
fn fees(net: &mut Net, to: alloy::primitives::Address, wei: U256) {
    let (d, round) = (net.d, net.round());
    net.pay(d.ticket_broker, d.minter, &weir_contracts::bindings::Minter::depositETHCall {}, wei);
    let call = BondingManager::updateTranscoderWithFeesCall { _transcoder: to, _fees: wei, _round: round };
    net.bonding(d.ticket_broker, &call);
}

fn a_claim_is_made_once_a_round(net: &mut Net) {
    let (bm, o, who) = (net.d.bonding_manager, account(1), account(2));
    let round = two(net);
    net.reward(o);
    fees(net, o, n(1_000_000));
    let (stake, owed) = (net.pending_stake(who), net.pending_fees(who));
    assert!(stake > lpt(3_000) && owed > n(0));
    let done = net.bonding(who, &CLAIM);
    net.emits(&done, bm, &[claimed(o, who, [stake - lpt(3_000), owed], [round, round])]);
    let got = net.delegator(who);
    assert_eq!((got.bondedAmount, got.fees, got.lastClaimRound), (stake, owed, round));
    assert_eq!((net.pending_stake(who), net.pending_fees(who)), (stake, owed));
    // Once more in the round there is nothing to say.
    let done = net.bonding(who, &CLAIM);
    net.emits(&done, bm, &[]);
    // Who has no bond may claim as well.
    let done = net.bonding(account(9), &CLAIM);
    net.emits(&done, bm, &[claimed_nothing(NOBODY, account(9), [n(1), round])]);
}

fn a_claim_reaches_back_any_number_of_rounds(net: &mut Net) {
    let (bm, o, who) = (net.d.bonding_manager, account(1), account(2));
    let round = two(net);
    let mut factor = U256::ZERO;
    for _ in 0..30 {
        net.reward(o);
        let now = net.round();
        factor = net.earnings(o, now).cumulativeRewardFactor;
        net.next_round();
    }
    let stake = stake_at(lpt(3_000), n(0), factor);
    assert_eq!(net.pending_stake(who), stake);
    let done = net.bonding(who, &CLAIM);
    let now = net.round();
    net.emits(&done, bm, &[claimed(o, who, [stake - lpt(3_000), n(0)], [round, now])]);
    // The claim wrote down where the next one starts.
    assert_eq!(net.earnings(o, now).cumulativeRewardFactor, factor);
    net.next_round();
    fees(net, o, n(1_000_000));
    let paid = net.earnings(o, now + n(1)).cumulativeFeeFactor;
    net.rounds(2);
    assert_eq!(net.earnings(o, now + n(3)).cumulativeFeeFactor, n(0));
    net.bonding(who, &CLAIM);
    assert_eq!(net.earnings(o, now + n(2)).cumulativeFeeFactor, n(0));
    assert_eq!(net.earnings(o, now + n(3)).cumulativeFeeFactor, paid);
    assert_eq!(net.delegator(who).fees, share(stake, paid, factor));
}

fn an_orchestrator_claims_its_own_part_too(net: &mut Net) {
    let (bm, o) = (net.d.bonding_manager, account(1));
    let round = two(net);
    net.reward(o);
    fees(net, o, n(1_000_000));
    let t = net.transcoder(o);
    assert!(t.cumulativeRewards > n(0) && t.cumulativeFees > n(0));
    let pool = net.earnings(o, round);
    let stake = stake_at(lpt(1_000), n(0), pool.cumulativeRewardFactor) + t.cumulativeRewards;
    let owed = share(lpt(1_000), pool.cumulativeFeeFactor, or_one(n(0))) + t.cumulativeFees;
    assert_eq!((net.pending_stake(o), net.pending_fees(o)), (stake, owed));
    net.next_round();
    net.reward(o);
    let active = net.transcoder(o).activeCumulativeRewards;
    assert_eq!(active, t.cumulativeRewards, "what was not claimed earns");
    let (all, owed) = (net.pending_stake(o), net.pending_fees(o));
    let done = net.bonding(o, &CLAIM);
    net.emits(&done, bm, &[claimed(o, o, [all - lpt(1_000), owed], [round, round + n(1)])]);
    let t = net.transcoder(o);
    assert_eq!((t.cumulativeRewards, t.cumulativeFees), (n(0), n(0)));
    assert_eq!(t.activeCumulativeRewards, active, "left as it is until the next reward");
    assert_eq!(net.pending_stake(o), all);
}

fn early_and_late_claims_give_the_same(net: &mut Net) {
    let (o, late, often) = (account(1), account(2), account(3));
    net.bond(o, lpt(1_000), o);
    net.bond(late, lpt(500), o);
    net.bond(often, lpt(500), o);
    net.next_round();
    for _ in 0..6 {
        net.reward(o);
        fees(net, o, lpt(1));
        net.bonding(often, &CLAIM);
        net.next_round();
    }
    let (a, b) = (net.pending_stake(late), net.pending_stake(often));
    assert!(a > lpt(500) && a.abs_diff(b) < n(20), "{a} {b}");
    let (a, b) = (net.pending_fees(late), net.pending_fees(often));
    assert!(a.abs_diff(b) < n(20), "{a} {b}");
}

fn a_claim_before_the_reward_forfeits_it(net: &mut Net) {
    let (o, early, late) = (account(1), account(2), account(3));
    net.bond(late, lpt(3_000), o);
    two(net);
    net.bonding(early, &CLAIM);
    net.reward(o);
    assert_eq!(net.pending_stake(early), lpt(3_000));
    assert!(net.pending_stake(late) > lpt(3_000));
    net.next_round();
    assert_eq!(net.pending_stake(early), lpt(3_000));
    // Nobody else gets what it forfeited: it stays behind the orchestrator.
    let all = net.pending_stake(o) + net.pending_stake(early) + net.pending_stake(late);
    assert!(net.delegator(o).delegatedAmount - all > lpt(1));
}

fn who_comes_in_a_round_has_no_part_in_its_reward(net: &mut Net) {
    let (o, late) = (account(1), account(3));
    two(net);
    net.reward(o);
    net.next_round();
    let round = net.round();
    let before = net.earnings(o, round - n(1)).cumulativeRewardFactor;
    net.bond(late, lpt(500), o);
    // The factor it starts from is that of the last reward, until there is a new one.
    assert_eq!(net.earnings(o, round).cumulativeRewardFactor, before);
    net.reward(o);
    assert!(net.earnings(o, round).cumulativeRewardFactor > before);
    assert_eq!(net.pending_stake(late), lpt(500));
    net.next_round();
    net.reward(o);
    assert!(net.pending_stake(late) > lpt(500));
}

fn fees_are_paid_out(net: &mut Net) {
    let (bm, o, who, to) = (net.d.bonding_manager, account(1), account(2), account(8));
    let round = two(net);
    fees(net, o, n(1_000_000));
    let (owed, vault) = (net.pending_fees(who), net.evm.balance(net.d.minter));
    let call = BondingManager::withdrawFeesCall { _recipient: to, _amount: owed - n(1) };
    let done = net.bonding(who, &call);
    net.emits(
        &done,
        bm,
        &[
            claimed(o, who, [n(0), owed], [round, round]),
            ev(&BondingManager::WithdrawFees { delegator: who, recipient: to, amount: owed - n(1) }),
        ],
    );
    assert_eq!((net.evm.balance(to), net.evm.balance(net.d.minter)), (owed - n(1), vault - owed + n(1)));
    assert_eq!((net.delegator(who).fees, net.pending_fees(who)), (n(1), n(1)));
    // Nothing may be withdrawn too, and who has left keeps its fees.
    net.bonding(who, &BondingManager::withdrawFeesCall { _recipient: to, _amount: n(0) });
    net.unbond(who, lpt(3_000));
    net.next_round();
    net.bonding(who, &BondingManager::withdrawFeesCall { _recipient: to, _amount: n(1) });
    assert_eq!(net.evm.balance(to), owed);
}

fn fees_are_not_paid_to_nobody_or_in_excess(net: &mut Net) {
    let (o, who) = (account(1), account(2));
    two(net);
    fees(net, o, n(1_000_000));
    let owed = net.pending_fees(who);
    let call = BondingManager::withdrawFeesCall { _recipient: NOBODY, _amount: owed + n(1) };
    net.refuse_bonding(who, &call, "invalid recipient");
    let call = BondingManager::withdrawFeesCall { _recipient: who, _amount: owed + n(1) };
    net.refuse_bonding(who, &call, "insufficient fees to withdraw");
}

fn the_argument_of_views_and_claims_plays_no_part(net: &mut Net) {
    let (bm, o, who) = (net.d.bonding_manager, account(1), account(2));
    let round = two(net);
    net.reward(o);
    fees(net, o, n(1_000_000));
    let (stake, owed) = (net.pending_stake(who), net.pending_fees(who));
    for end in [n(1), round - n(1), round + n(5), U256::MAX] {
        let call = BondingManager::pendingStakeCall { _delegator: who, _endRound: end };
        assert_eq!(net.read(bm, &call), stake);
        let call = BondingManager::pendingFeesCall { _delegator: who, _endRound: end };
        assert_eq!(net.read(bm, &call), owed);
    }
    net.bonding(who, &BondingManager::claimEarningsCall { _endRound: n(1) });
    assert_eq!(net.delegator(who).lastClaimRound, round);
}
