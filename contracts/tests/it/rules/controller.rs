//! Registry, ownership, pause switch, and what every contract has from Manager.

use alloy::primitives::{Address, Bytes, FixedBytes, U256};
use weir_contracts::bindings::{
    BondingManager, Controller, LivepeerGovernor, LivepeerToken, Manager, ManagerProxy, MerkleSnapshot, Minter,
    PollCreator, RoundsManager, ServiceRegistry, TicketBroker,
};
use weir_contracts::{Artifact, contract_id};

use super::expect::{Bare, ev};
use super::net::{Net, ROUND, Setup, account, lpt, n};

rules! {
    vec![Setup::d26()];
    a_new_controller_is_paused,
    the_owner_registers_contracts,
    the_owner_hands_contracts_over,
    every_contract_follows_its_controller,
    the_switch_turns_both_ways,
    ownership_is_given_away,
    parameters_belong_to_the_owner,
    a_pause_stops_bonding,
    a_pause_stops_money_and_rounds,
    a_pause_leaves_the_rest_alone,
    a_plain_manager_can_be_deployed,
}

const STRANGER: Address = Address::repeat_byte(0x77);

fn paused(net: &mut Net, controller: Address) -> bool {
    net.read(controller, &Controller::pausedCall {})
}

fn a_new_controller_is_paused(net: &mut Net) {
    let (controller, done) = net.create_logged(Artifact::Controller, &Controller::constructorCall {});
    assert!(paused(net, controller));
    assert_eq!(net.read(controller, &Controller::ownerCall {}), net.owner);
    // The first owner comes without an event.
    net.emits(&done, controller, &[]);
    // The registry is open all the same.
    let call = super::net::registration("Minter", account(1));
    net.send(net.owner, controller, &call);
    assert_eq!(net.read(controller, &Controller::getContractCall { _id: contract_id("Minter") }), account(1));
    let done = net.send(net.owner, controller, &Controller::unpauseCall {});
    net.emits(&done, controller, &[ev(&Controller::Unpause {})]);
    assert!(!paused(net, controller));
}

fn the_owner_registers_contracts(net: &mut Net) {
    let (c, id) = (net.d.controller, contract_id("Something"));
    for (address, hash) in [(account(1), 1), (account(2), 2), (Address::ZERO, 0)] {
        let hash = FixedBytes::repeat_byte(hash);
        let call = Controller::setContractInfoCall { _id: id, _contractAddress: address, _gitCommitHash: hash };
        net.refuse(STRANGER, c, &call, Bare);
        let done = net.send(net.owner, c, &call);
        let event = Controller::SetContractInfo { id, contractAddress: address, gitCommitHash: hash };
        net.emits(&done, c, &[ev(&event)]);
        let info = net.read(c, &Controller::getContractInfoCall { _id: id });
        assert_eq!((info._0, info._1), (address, hash));
        assert_eq!(net.read(c, &Controller::getContractCall { _id: id }), address);
    }
    assert_eq!(net.read(c, &Controller::getContractCall { _id: contract_id("Nothing") }), Address::ZERO);
}

fn the_owner_hands_contracts_over(net: &mut Net) {
    let (c, next) = (net.d.controller, account(5));
    let call = Controller::updateControllerCall { _id: contract_id("Minter"), _controller: next };
    net.refuse(STRANGER, c, &call, Bare);
    let done = net.send(net.owner, c, &call);
    net.emits(&done, net.d.minter, &[ev(&Minter::SetController { controller: next })]);
    assert_eq!(net.read(net.d.minter, &Minter::controllerCall {}), next);
    // The former Controller has no say any more, the new one has.
    net.refuse(net.owner, c, &call, "caller must be Controller");
    net.send(next, net.d.minter, &Minter::setControllerCall { _controller: c });
    // There is no contract behind an id that is not registered.
    let call = Controller::updateControllerCall { _id: contract_id("Nothing"), _controller: next };
    net.refuse(net.owner, c, &call, Bare);
}

fn every_contract_follows_its_controller(net: &mut Net) {
    let d = net.d;
    let call = Manager::setControllerCall { _controller: account(5) };
    let all = [
        d.minter,
        d.bonding_manager,
        d.ticket_broker,
        d.rounds_manager,
        d.bonding_votes,
        d.service_registry,
        d.livepeer_governor,
        d.merkle_snapshot,
        d.ai_service_registry,
    ];
    for contract in all {
        for who in [STRANGER, net.owner, contract] {
            net.refuse(who, contract, &call, "caller must be Controller");
        }
        let done = net.send(d.controller, contract, &call);
        net.emits(&done, contract, &[ev(&Manager::SetController { controller: account(5) })]);
        assert_eq!(net.read(contract, &Manager::controllerCall {}), account(5));
    }
}

fn the_switch_turns_both_ways(net: &mut Net) {
    let c = net.d.controller;
    let (pause, unpause) = (Controller::pauseCall {}, Controller::unpauseCall {});
    net.refuse(STRANGER, c, &pause, Bare);
    net.refuse(net.owner, c, &unpause, Bare);
    let done = net.send(net.owner, c, &pause);
    net.emits(&done, c, &[ev(&Controller::Pause {})]);
    assert!(paused(net, c));
    net.refuse(net.owner, c, &pause, Bare);
    net.refuse(STRANGER, c, &unpause, Bare);
    let done = net.send(net.owner, c, &unpause);
    net.emits(&done, c, &[ev(&Controller::Unpause {})]);
    assert!(!paused(net, c));
}

fn ownership_is_given_away(net: &mut Net) {
    let (c, next) = (net.d.controller, account(9));
    let call = |to| Controller::transferOwnershipCall { newOwner: to };
    net.refuse(STRANGER, c, &call(STRANGER), Bare);
    net.refuse(net.owner, c, &call(Address::ZERO), Bare);
    let done = net.send(net.owner, c, &call(next));
    net.emits(&done, c, &[ev(&Controller::OwnershipTransferred { previousOwner: net.owner, newOwner: next })]);
    assert_eq!(net.read(c, &Controller::ownerCall {}), next);
    net.refuse(net.owner, c, &call(net.owner), Bare);
    // Those who ask the Controller obey the new owner at once.
    let call = BondingManager::setUnbondingPeriodCall { _unbondingPeriod: 1 };
    net.refuse_bonding(net.owner, &call, "caller must be Controller owner");
    net.bonding(next, &call);
}

fn parameters_belong_to_the_owner(net: &mut Net) {
    macro_rules! only_the_owner {
        ($($to:ident: $call:expr;)+) => {
            $(net.refuse(STRANGER, net.d.$to, &$call, "caller must be Controller owner");
            net.refuse(net.d.controller, net.d.$to, &$call, "caller must be Controller owner");)+
        };
    }
    let one = n(1);
    only_the_owner! {
        bonding_manager: BondingManager::setUnbondingPeriodCall { _unbondingPeriod: 1 };
        bonding_manager: BondingManager::setNumActiveTranscodersCall { _numActiveTranscoders: n(99) };
        bonding_manager: BondingManager::setTreasuryRewardCutRateCall { _cutRate: one };
        bonding_manager: BondingManager::setTreasuryBalanceCeilingCall { _ceiling: one };
        rounds_manager: RoundsManager::setRoundLengthCall { _roundLength: one };
        rounds_manager: RoundsManager::setRoundLockAmountCall { _roundLockAmount: one };
        rounds_manager: RoundsManager::setLIPUpgradeRoundCall { _lip: one, _round: one };
        ticket_broker: TicketBroker::setUnlockPeriodCall { _unlockPeriod: one };
        ticket_broker: TicketBroker::setTicketValidityPeriodCall { _ticketValidityPeriod: one };
        minter: Minter::setInflationChangeCall { _inflationChange: one };
        minter: Minter::setTargetBondingRateCall { _targetBondingRate: one };
        minter: Minter::migrateToNewMinterCall { _newMinter: account(1) };
        merkle_snapshot: MerkleSnapshot::setSnapshotCall { _id: contract_id("x"), _root: contract_id("y") };
    }
}

/// Calls that fail for the pause alone.
macro_rules! stopped {
    ($net:ident, $from:expr => $contract:ident: $($call:expr;)+) => {
        $($net.refuse($from, $net.d.$contract, &$call, "system is paused");)+
    };
}

fn a_pause_stops_bonding(net: &mut Net) {
    net.pause();
    let (who, to, one) = (account(1), account(2), n(1));
    let [a, b, c, e] = [Address::ZERO; 4];
    stopped! { net, who => bonding_manager:
        BondingManager::bondCall { _amount: one, _to: to };
        BondingManager::bondWithHintCall {
            _amount: one, _to: to, _oldDelegateNewPosPrev: a, _oldDelegateNewPosNext: b,
            _currDelegateNewPosPrev: c, _currDelegateNewPosNext: e,
        };
        BondingManager::bondForWithHintCall {
            _amount: one, _owner: who, _to: to, _oldDelegateNewPosPrev: a, _oldDelegateNewPosNext: b,
            _currDelegateNewPosPrev: c, _currDelegateNewPosNext: e,
        };
        BondingManager::unbondCall { _amount: one };
        BondingManager::unbondWithHintCall { _amount: one, _newPosPrev: a, _newPosNext: b };
        BondingManager::rebondCall { _unbondingLockId: one };
        BondingManager::rebondWithHintCall { _unbondingLockId: one, _newPosPrev: a, _newPosNext: b };
        BondingManager::rebondFromUnbondedCall { _to: to, _unbondingLockId: one };
        BondingManager::rebondFromUnbondedWithHintCall {
            _to: to, _unbondingLockId: one, _newPosPrev: a, _newPosNext: b,
        };
        BondingManager::transferBondCall {
            _delegator: to, _amount: one, _oldDelegateNewPosPrev: a, _oldDelegateNewPosNext: b,
            _newDelegateNewPosPrev: c, _newDelegateNewPosNext: e,
        };
        BondingManager::withdrawStakeCall { _unbondingLockId: one };
        BondingManager::withdrawFeesCall { _recipient: who, _amount: one };
        BondingManager::claimEarningsCall { _endRound: one };
        BondingManager::transcoderCall { _rewardCut: one, _feeShare: one };
        BondingManager::transcoderWithHintCall { _rewardCut: one, _feeShare: one, _newPosPrev: a, _newPosNext: b };
        BondingManager::rewardCall {};
        BondingManager::rewardWithHintCall { _newPosPrev: a, _newPosNext: b };
        BondingManager::setRewardCallerCall { _rewardCaller: to };
        BondingManager::slashTranscoderCall { _transcoder: to, _finder: a, _slashAmount: one, _finderFee: one };
        BondingManager::updateTranscoderWithFeesCall { _transcoder: to, _fees: one, _round: one };
    }
}

fn a_pause_stops_money_and_rounds(net: &mut Net) {
    net.pause();
    let (who, to, one) = (account(1), account(2), n(1));
    stopped! { net, who => ticket_broker:
        TicketBroker::fundDepositCall {};
        TicketBroker::fundReserveCall {};
        // The split of the value comes after the pause.
        TicketBroker::fundDepositAndReserveCall { _depositAmount: one, _reserveAmount: one };
        TicketBroker::fundDepositAndReserveForCall { _addr: to, _depositAmount: one, _reserveAmount: one };
        TicketBroker::unlockCall {};
        TicketBroker::cancelUnlockCall {};
        TicketBroker::withdrawCall {};
        TicketBroker::batchRedeemWinningTicketsCall { _tickets: vec![], _sigs: vec![], _recipientRands: vec![] };
    }
    let bm = net.d.bonding_manager;
    stopped! { net, bm => minter:
        Minter::createRewardCall { _fracNum: one, _fracDenom: one };
        Minter::trustedTransferTokensCall { _to: to, _amount: one };
        Minter::trustedBurnTokensCall { _amount: one };
        Minter::trustedWithdrawETHCall { _to: to, _amount: one };
    }
    let rm = net.d.rounds_manager;
    stopped! { net, rm => minter: Minter::setCurrentRewardTokensCall {}; }
    // Before it is asked whether a round is due.
    stopped! { net, who => rounds_manager: RoundsManager::initializeRoundCall {}; }
    net.end_round();
    stopped! { net, who => rounds_manager: RoundsManager::initializeRoundCall {}; }
}

fn a_pause_leaves_the_rest_alone(net: &mut Net) {
    let (d, who, voter) = (net.d, account(1), account(6));
    net.bond(voter, lpt(100), voter);
    net.next_round();
    net.pause();
    // Polls and votes go on, though the rounds that votes are counted in do not begin.
    net.send(voter, d.poll_creator, &PollCreator::createPollCall { _proposal: Bytes::new() });
    let proposal = LivepeerGovernor::proposeCall {
        targets: vec![who],
        values: vec![n(0)],
        calldatas: vec![Bytes::new()],
        description: String::new(),
    };
    let done = net.send(voter, d.livepeer_governor, &proposal);
    net.evm.mine(2 * ROUND);
    let id = U256::from_be_slice(done.output());
    net.send(voter, d.livepeer_governor, &LivepeerGovernor::castVoteCall { proposalId: id, support: 1 });
    net.send(who, d.service_registry, &ServiceRegistry::setServiceURICall { _serviceURI: "u".into() });
    net.send(net.owner, d.token, &LivepeerToken::transferCall { to: who, amount: n(5) });
    assert_eq!(net.lpt_of(who), n(5));
    net.bonding(who, &BondingManager::checkpointBondingStateCall { _account: who });
    net.bonding(net.owner, &BondingManager::setUnbondingPeriodCall { _unbondingPeriod: 9 });
    net.send(net.owner, d.minter, &Minter::setInflationChangeCall { _inflationChange: n(9) });
    net.send(net.owner, d.rounds_manager, &RoundsManager::setRoundLengthCall { _roundLength: n(60) });
    net.send(net.owner, d.ticket_broker, &TicketBroker::setUnlockPeriodCall { _unlockPeriod: n(9) });
    // ETH may still come into the vault.
    let done = net.pay(d.ticket_broker, d.minter, &Minter::depositETHCall {}, n(1));
    assert_eq!(U256::from_be_slice(done.output()), n(1));
}

fn a_plain_manager_can_be_deployed(net: &mut Net) {
    let c = net.d.controller;
    let manager = net.create(Artifact::Manager, &Manager::constructorCall { _controller: c });
    assert_eq!(net.read(manager, &Manager::controllerCall {}), c);
    net.register("Plain", manager);
    let call = Controller::updateControllerCall { _id: contract_id("Plain"), _controller: account(3) };
    let done = net.send(net.owner, c, &call);
    net.emits(&done, manager, &[ev(&Manager::SetController { controller: account(3) })]);
    let proxy = ManagerProxy::constructorCall { _controller: c, _targetContractId: contract_id("PlainTarget") };
    let proxy = net.create(Artifact::ManagerProxy, &proxy);
    let done = net.send(c, proxy, &Manager::setControllerCall { _controller: account(3) });
    net.emits(&done, proxy, &[ev(&Manager::SetController { controller: account(3) })]);
}
