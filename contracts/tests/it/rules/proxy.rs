//! The proxy, and targets changed behind it.

use alloy::primitives::{Address, Bytes, U256};
use weir_contracts::bindings::{BondingManager, Manager, ManagerProxy, RoundsManager, TicketBroker};
use weir_contracts::{Artifact, contract_id};

use super::expect::Bare;
use super::net::{Net, Setup, account, n};

rules! {
    vec![Setup::d26()];
    a_proxy_needs_a_registered_target,
    a_proxy_has_three_functions_of_its_own,
    reasons_come_through_as_they_are,
    eth_reaches_the_target_or_nobody,
    a_target_keeps_nothing_of_its_own,
}

fn proxy(net: &mut Net, target: &str) -> Address {
    let arguments =
        ManagerProxy::constructorCall { _controller: net.d.controller, _targetContractId: contract_id(target) };
    net.create(Artifact::ManagerProxy, &arguments)
}

fn a_proxy_needs_a_registered_target(net: &mut Net) {
    let proxy = proxy(net, "NewTarget");
    let call = BondingManager::unbondingPeriodCall {};
    net.refuse(account(1), proxy, &call, "target contract must be registered");
    net.refuse_raw(account(1), proxy, Bytes::new(), n(1), "target contract must be registered");
    // Taken from the registry on each call.
    let target = net.create(
        Artifact::BondingVotes,
        &weir_contracts::bindings::BondingVotes::constructorCall { _controller: net.d.controller },
    );
    net.register("NewTarget", target);
    let symbol = net.read(proxy, &weir_contracts::bindings::BondingVotes::symbolCall {});
    assert_eq!(symbol, "vLPT");
    net.register("NewTarget", Address::ZERO);
    net.refuse(account(1), proxy, &call, "target contract must be registered");
}

fn a_proxy_has_three_functions_of_its_own(net: &mut Net) {
    let proxy = proxy(net, "NewTarget");
    let (controller, id) = (net.d.controller, contract_id("NewTarget"));
    assert_eq!(net.read(proxy, &ManagerProxy::controllerCall {}), controller);
    assert_eq!(net.read(proxy, &ManagerProxy::targetContractIdCall {}), id);
    net.refuse(account(1), proxy, &Manager::setControllerCall { _controller: account(1) }, "caller must be Controller");
}

fn reasons_come_through_as_they_are(net: &mut Net) {
    let (bm, votes) = (net.d.bonding_manager, net.d.bonding_votes);
    net.refuse(account(1), bm, &BondingManager::rewardCall {}, "transcoder must be active");
    // A named error with its arguments, a panic, and nothing.
    let round = net.round();
    let call = weir_contracts::bindings::BondingVotes::getPastVotesCall { _account: account(1), _round: round };
    net.refuse_read(votes, &call, super::expect::custom("FutureLookup", [&round, &(round - n(1))]));
    net.refuse_raw(account(1), bm, vec![1, 2, 3, 4], U256::ZERO, Bare);
}

fn eth_reaches_the_target_or_nobody(net: &mut Net) {
    let d = net.d;
    for closed in [d.bonding_manager, d.ticket_broker, d.rounds_manager, d.bonding_votes, d.service_registry] {
        net.refuse_raw(account(1), closed, Bytes::new(), n(1), Bare);
    }
    // The governor of the treasury takes ETH only while it is its own executor.
    net.refuse_raw(account(1), d.livepeer_governor, Bytes::new(), n(1), "Governor: must send to executor");
    // A target that takes ETH leaves it with the proxy.
    let proxy = proxy(net, "NewTarget");
    net.register("NewTarget", d.treasury);
    net.send_raw(account(1), proxy, Bytes::new(), n(5));
    assert_eq!((net.evm.balance(proxy), net.evm.balance(d.treasury)), (n(5), U256::ZERO));
    // ETH with a call to a function that takes none.
    net.refuse_paid(account(1), d.ticket_broker, &TicketBroker::unlockCall {}, n(1), Bare);
}

fn a_target_keeps_nothing_of_its_own(net: &mut Net) {
    let id = contract_id("RoundsManagerTarget");
    let call = weir_contracts::bindings::Controller::getContractCall { _id: id };
    let target = net.read(net.d.controller, &call);
    let length = RoundsManager::roundLengthCall {};
    assert!(!net.read(net.d.rounds_manager, &length).is_zero());
    assert_eq!(net.read(target, &length), U256::ZERO, "the proxy has the storage");
}
