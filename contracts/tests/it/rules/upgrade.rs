//! New rules behind the same addresses, with everything that was there.

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use weir_contracts::bindings::{BondingManager, Controller, Governor, Manager, RoundsManager, TicketBroker};
use weir_contracts::{Artifact, Owner, contract_id};

use super::broker::{fund, info, redeem, refuse, sender, ticket};
use super::expect::{Bare, ev};
use super::governor::update;
use super::net::{Net, Setup, UNBONDING, account, entry, lpt, n, registration};

rules! {
    vec![Setup::d24().with(|p| p.owner = Owner::Governor)];
    later_rules_take_over_what_was_there,
    earlier_rules_come_back,
    the_clock_can_be_changed,
    nobody_but_the_governor_changes_code,
    values_lie_where_other_code_looks_for_them,
}

const O: Address = Address::repeat_byte(1);
const RIVAL: Address = Address::repeat_byte(2);
const DELEGATOR: Address = Address::repeat_byte(3);
const ALL: [Address; 3] = [O, RIVAL, DELEGATOR];

/// The Governor registers code, and says so.
fn change(net: &mut Net, code: &[(&str, Artifact, Address)]) {
    let (controller, governor) = (net.d.controller, net.d.governor);
    let mut calls = Vec::new();
    let mut wanted = Vec::new();
    for (name, artifact, proxy) in code {
        let target = net.create(*artifact, &Manager::constructorCall { _controller: controller });
        let call = registration(&format!("{name}Target"), target);
        wanted.push(ev(&Controller::SetContractInfo {
            id: call._id,
            contractAddress: target,
            gitCommitHash: call._gitCommitHash,
        }));
        calls.push((controller, call.abi_encode()));
        net.name_of(*proxy, *artifact);
    }
    let change = update(&calls, net.evm.number());
    let stage = Governor::stageCall { _update: change.clone(), _delay: n(0) };
    net.send(net.owner, governor, &stage);
    let done = net.send(account(77), governor, &Governor::executeCall { _update: change });
    net.emits(&done, controller, &wanted);
}

fn later(net: &mut Net) {
    let (bm, broker) = (net.d.bonding_manager, net.d.ticket_broker);
    change(net, &[("BondingManager", Artifact::BondingManager, bm), ("TicketBroker", Artifact::TicketBroker, broker)]);
}

fn earlier(net: &mut Net) {
    let (bm, broker) = (net.d.bonding_manager, net.d.ticket_broker);
    change(
        net,
        &[("BondingManager", Artifact::BondingManagerD24, bm), ("TicketBroker", Artifact::TicketBrokerD24, broker)],
    );
}

/// Two orchestrators and a delegator, with rewards, fees, a lock and a sender's money.
fn busy(net: &mut Net) {
    net.orchestrator(O, lpt(1_000), 100_000, 500_000);
    net.orchestrator(RIVAL, lpt(500), 0, 0);
    net.bond(DELEGATOR, lpt(3_000), O);
    net.next_round();
    fund(net, lpt(2), lpt(1));
    net.reward(O);
    let t = ticket(net, O, lpt(1));
    redeem(net, &t);
    net.unbond(DELEGATOR, lpt(70));
    net.unbond(RIVAL, lpt(5));
    net.rounds(2);
    net.reward(O);
}

/// All that the views tell.
#[derive(Debug, PartialEq)]
struct State {
    delegators: Vec<BondingManager::getDelegatorReturn>,
    transcoders: Vec<BondingManager::getTranscoderReturn>,
    earnings: Vec<BondingManager::getTranscoderEarningsPoolForRoundReturn>,
    pending: Vec<(U256, U256)>,
    locks: Vec<(U256, U256)>,
    pool: Vec<Address>,
    totals: [U256; 3],
    sender: [U256; 4],
    period: u64,
}

fn state(net: &mut Net) -> State {
    let (bm, round) = (net.d.bonding_manager, net.round());
    let mut earnings = Vec::new();
    for who in [O, RIVAL] {
        for back in 0..4 {
            earnings.push(net.earnings(who, round - n(back)));
        }
    }
    State {
        delegators: ALL.iter().map(|who| net.delegator(*who)).collect(),
        transcoders: ALL.iter().map(|who| net.transcoder(*who)).collect(),
        earnings,
        pending: ALL.iter().map(|who| (net.pending_stake(*who), net.pending_fees(*who))).collect(),
        locks: ALL.iter().map(|who| net.lock(*who, 0)).collect(),
        pool: net.pool(),
        totals: [
            net.next_total(),
            net.read(bm, &BondingManager::getTotalBondedCall {}),
            net.read(bm, &BondingManager::getTranscoderPoolMaxSizeCall {}),
        ],
        sender: info(net, sender()),
        period: net.read(bm, &BondingManager::unbondingPeriodCall {}),
    }
}

fn later_rules_take_over_what_was_there(net: &mut Net) {
    busy(net);
    let call = BondingManager::rewardCall {};
    net.refuse_bonding(account(9), &call, "caller must be an active transcoder");
    net.refuse_bonding(O, &BondingManager::setRewardCallerCall { _rewardCaller: account(9) }, Bare);
    let before = state(net);
    later(net);
    assert_eq!(state(net), before);
    // Other rules, at once.
    net.refuse_bonding(account(9), &call, "transcoder must be active");
    net.bonding(O, &BondingManager::setRewardCallerCall { _rewardCaller: account(9) });
    let t = ticket(net, O, lpt(5));
    refuse(net, &t, "sender deposit and reserve insufficient to cover ticket face value");
    // And everything goes on: rewards, tickets, claims, locks, withdrawals.
    net.next_round();
    net.bonding(account(9), &BondingManager::rewardForTranscoderCall { _transcoder: O });
    let t = ticket(net, O, lpt(1) / n(2));
    redeem(net, &t);
    let owed = net.pending_fees(O);
    assert!(owed > before.pending[0].1);
    net.bonding(O, &BondingManager::withdrawFeesCall { _recipient: O, _amount: owed });
    assert_eq!(net.evm.balance(O), owed);
    net.rounds(UNBONDING);
    net.bonding(DELEGATOR, &BondingManager::withdrawStakeCall { _unbondingLockId: n(0) });
    assert_eq!(net.lpt_of(DELEGATOR), lpt(70));
    net.bonding(RIVAL, &BondingManager::rebondCall { _unbondingLockId: n(0) });
    assert_eq!(net.delegator(RIVAL).bondedAmount, lpt(500));
    net.send(sender(), net.d.ticket_broker, &TicketBroker::unlockCall {});
}

fn earlier_rules_come_back(net: &mut Net) {
    busy(net);
    later(net);
    net.bonding(O, &BondingManager::setRewardCallerCall { _rewardCaller: account(9) });
    let before = state(net);
    earlier(net);
    assert_eq!(state(net), before);
    let reward = BondingManager::rewardForTranscoderCall { _transcoder: O };
    net.next_round();
    net.refuse_bonding(account(9), &reward, Bare);
    let t = ticket(net, O, lpt(5));
    redeem(net, &t);
    // What the later rules had noted is still there for them.
    later(net);
    net.bonding(account(9), &reward);
}

fn the_clock_can_be_changed(net: &mut Net) {
    busy(net);
    let rm = net.d.rounds_manager;
    let (length, last) = (RoundsManager::roundLengthCall {}, RoundsManager::lastInitializedRoundCall {});
    let before = (net.read(rm, &length), net.read(rm, &last));
    change(net, &[("RoundsManager", Artifact::AdjustableRoundsManager, rm)]);
    assert_eq!((net.read(rm, &length), net.read(rm, &last)), before);
    // It stands still until somebody sets it.
    let number = net.evm.number();
    let call = weir_contracts::bindings::AdjustableRoundsManager::setBlockNumCall { _num: n(number + 500) };
    net.send(account(1), rm, &call);
    net.send(account(1), rm, &RoundsManager::initializeRoundCall {});
    assert!(net.read(rm, &last) > before.1);
}

fn nobody_but_the_governor_changes_code(net: &mut Net) {
    let (controller, bm) = (net.d.controller, net.d.bonding_manager);
    let code = net.create(Artifact::BondingManager, &BondingManager::constructorCall { _controller: controller });
    let call = registration("BondingManagerTarget", code);
    for who in [net.owner, account(1), bm] {
        net.refuse(who, controller, &call, Bare);
    }
    let id = contract_id("BondingManagerTarget");
    assert_ne!(net.read(controller, &Controller::getContractCall { _id: id }), code);
}

/// New code reads what the old code wrote, by the numbers of the slots.
fn values_lie_where_other_code_looks_for_them(net: &mut Net) {
    busy(net);
    let (d, round) = (net.d, net.round());
    let p = net.setup.params.clone();
    let word = |a: Address| U256::from_be_bytes(a.into_word().0);
    let id = |name| U256::from_be_bytes(contract_id(name).0);
    let next = net.next_total();
    let bonded = net.delegator(O).bondedAmount;
    let rewarded = net.transcoder(O).lastRewardRound;
    let (bm, rm, broker, lg) = (d.bonding_manager, d.rounds_manager, d.ticket_broker, d.livepeer_governor);
    for (what, contract, slot, value) in [
        ("controller", bm, n(0), word(d.controller)),
        ("targetContractId", bm, n(1), id("BondingManagerTarget")),
        ("unbondingPeriod", bm, n(2), n(UNBONDING)),
        ("delegators.bondedAmount", bm, entry(n(3), O.into_word()), bonded),
        ("delegators.delegateAddress", bm, entry(n(3), DELEGATOR.into_word()) + n(2), word(O)),
        ("transcoders.lastRewardRound", bm, entry(n(4), O.into_word()), rewarded),
        ("nextRoundTotalActiveStake", bm, n(6), next),
        ("transcoderPool.head", bm, n(7), word(O)),
        ("transcoderPool.tail", bm, n(8), word(RIVAL)),
        ("transcoderPool.maxSize", bm, n(9), n(p.num_active_transcoders)),
        ("transcoderPool.size", bm, n(10), n(2)),
        ("roundLength", rm, n(2), n(p.round_length)),
        ("roundLockAmount", rm, n(3), n(p.round_lock_amount.0.into())),
        ("lastInitializedRound", rm, n(4), round),
        ("reserves.funds", broker, entry(n(2), sender().into_word()), lpt(1)),
        ("senders.deposit", broker, entry(n(3), sender().into_word()), lpt(1)),
        ("unlockPeriod", broker, n(4), n(p.unlock_period)),
        ("ticketValidityPeriod", broker, n(6), n(p.ticket_validity_period)),
        ("votingDelay", lg, n(305), n(p.governance.voting_delay)),
        ("votingPeriod", lg, n(306), n(p.governance.voting_period)),
        ("proposalThreshold", lg, n(307), p.governance.proposal_threshold.0),
        ("timelock", lg, n(355), word(d.treasury)),
        ("token", lg, n(405), word(d.bonding_votes)),
        ("quota", lg, n(507), n(p.governance.quota.0.into())),
        ("inflationChange", d.minter, n(2), n(p.inflation_change.0)),
        ("targetBondingRate", d.minter, n(3), n(p.target_bonding_rate.0)),
    ] {
        assert_eq!(net.evm.storage(contract, slot), value, "{what}");
    }
}
