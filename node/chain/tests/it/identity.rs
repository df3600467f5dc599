//! A network that is not the configured one is refused, with what was found and what was expected.

use std::collections::BTreeMap;

use alloy::primitives::keccak256;
use expect_test::{Expect, expect};
use weir_chain::{Client, Network, identify};
use weir_contracts::bindings::Controller;
use weir_contracts::contract_id;
use weir_types::{Address, B256, U256};

use crate::support::{CHAIN_ID, Town, run, set_code};

fn network(town: &Town) -> Network {
    Network { chain_id: CHAIN_ID, controller: town.d.controller, ..Network::default() }
}

fn refused(town: &Town, network: &Network, expect: &Expect) {
    let mismatch = run(identify(&town.chain.provider(), network)).expect_err("it does not fit");
    expect.assert_eq(&mismatch.to_string());
}

#[test]
fn what_fits_is_resolved_through_the_controller() {
    let town = Town::new();
    let found = run(identify(&town.chain.provider(), &network(&town))).expect("it fits");
    assert_eq!(found, town.addresses());
    let (target, code) = target(&town);
    let pinned = Network {
        contracts: BTreeMap::from([
            ("TicketBroker".into(), town.d.ticket_broker),
            ("BondingManagerTarget".into(), target),
        ]),
        code: BTreeMap::from([("BondingManagerTarget".into(), code)]),
        ..network(&town)
    };
    let client = run(Client::connect(town.chain.provider(), &pinned)).expect("it fits");
    assert_eq!(client.addresses(), &town.addresses());
}

#[test]
fn another_chain_is_refused() {
    let town = Town::new();
    let other = Network { chain_id: 42_161, ..network(&town) };
    refused(&town, &other, &expect!["the endpoint is chain 412346, the configuration expects chain 42161"]);
}

#[test]
fn a_controller_that_is_none_is_refused() {
    let town = Town::new();
    let nobody = Network { controller: Address::repeat_byte(7), ..network(&town) };
    refused(
        &town,
        &nobody,
        &expect![
            "no contract at 0x0707070707070707070707070707070707070707, where the configuration expects Controller"
        ],
    );
    let token = Network { controller: town.d.token, ..network(&town) };
    let mismatch = run(identify(&town.chain.provider(), &token)).expect_err("a token is no Controller").to_string();
    assert!(mismatch.contains("does not answer as a Controller does"), "{mismatch}");
}

#[test]
fn another_address_than_the_pinned_one_is_refused() {
    let town = Town::new();
    let contracts = BTreeMap::from([("TicketBroker".to_owned(), Address::repeat_byte(9))]);
    let mismatch = run(identify(&town.chain.provider(), &Network { contracts, ..network(&town) }));
    let text = mismatch.expect_err("it is elsewhere").to_string();
    let want = format!(
        "TicketBroker is registered at {}, the configuration expects 0x0909090909090909090909090909090909090909",
        town.d.ticket_broker
    );
    assert_eq!(text, want);
    let contracts = BTreeMap::from([("TicketBrokr".to_owned(), town.d.ticket_broker)]);
    let mismatch = run(identify(&town.chain.provider(), &Network { contracts, ..network(&town) }));
    let text = mismatch.expect_err("there is no such contract").to_string();
    assert!(text.ends_with("has no contract registered as TicketBrokr"), "{text}");
}

#[test]
fn another_version_than_the_pinned_one_is_refused() {
    let town = Town::new();
    let expected = B256::repeat_byte(1);
    let code = BTreeMap::from([("BondingManagerTarget".to_owned(), expected)]);
    let mismatch = run(identify(&town.chain.provider(), &Network { code, ..network(&town) }));
    let (at, found) = target(&town);
    assert_eq!(
        mismatch.expect_err("another version").to_string(),
        format!("the code of BondingManagerTarget at {at} has hash {found}, the configuration expects {expected}")
    );
}

#[test]
fn a_contract_of_another_controller_is_refused() {
    let town = Town::new();
    // The Controller's entry for RoundsManager is pointed at code that names nobody: a bare return of zero.
    let stray = Address::repeat_byte(5);
    set_code(&town, stray, &[0x60, 0x20, 0x5f, 0xf3]);
    let slot = registry_slot(&town, town.d.rounds_manager);
    town.chain.set_storage(town.d.controller, slot, stray.into_word().into());
    let text = run(identify(&town.chain.provider(), &network(&town))).expect_err("a stray").to_string();
    assert_eq!(
        text,
        format!(
            "RoundsManager at {stray} belongs to the Controller {}, the configuration expects {}",
            Address::ZERO,
            town.d.controller
        )
    );
}

/// The code behind BondingManager's proxy: where it is, and its hash.
fn target(town: &Town) -> (Address, B256) {
    let controller = Controller::new(town.d.controller, town.chain.provider());
    let at = run(controller.getContract(contract_id("BondingManagerTarget")).call()).expect("the chain answers");
    (at, keccak256(town.chain.code(at)))
}

/// Storage slot of the entry of the Controller's registry that holds a contract's address.
fn registry_slot(town: &Town, of: Address) -> U256 {
    let address = U256::from_be_bytes(of.into_word().0);
    let slots = town.chain.storage_slots(town.d.controller);
    let found: Vec<_> = slots.iter().filter(|(_, v)| **v == address).map(|(k, _)| *k).collect();
    assert_eq!(found.len(), 1);
    found[0]
}
