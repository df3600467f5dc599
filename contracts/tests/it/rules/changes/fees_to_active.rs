//! (a): tickets pay only who is active now.

use weir_contracts::Change;

use super::{LEAVING, NEWCOMER, evict, full};
use crate::rules::bonding::fees::pay;
use crate::rules::broker::{fund, redeem, refuse, ticket};
use crate::rules::expect::DIVISION_BY_ZERO;
use crate::rules::net::{Net, Setup, lpt, n};

rules! {
    super::around(Change::FeesToActive);
    a_ticket_of_the_last_round_comes_too_late,
    who_resigned_is_paid_to_the_end_of_the_round,
    who_joins_is_paid_from_the_next_round_on,
    who_came_back_within_a_round_is_not_paid_in_it,
}

const ACTIVE: &str = "transcoder must be active";

fn a_ticket_of_the_last_round_comes_too_late(net: &mut Net) {
    full(net);
    fund(net, n(100), n(0));
    evict(net);
    let (now, late) = (ticket(net, LEAVING, n(10)), ticket(net, LEAVING, n(10)));
    redeem(net, &now);
    net.next_round();
    if net.has(Change::FeesToActive) {
        refuse(net, &late, ACTIVE);
    } else {
        redeem(net, &late);
        assert_eq!(net.pending_fees(LEAVING), n(20));
    }
}

fn who_resigned_is_paid_to_the_end_of_the_round(net: &mut Net) {
    full(net);
    net.unbond(LEAVING, lpt(10_000));
    assert!(net.is_active(LEAVING));
    if net.has(Change::FeesToActive) {
        net.bonding(net.d.ticket_broker, &pay(LEAVING, n(10)));
        assert_eq!(net.transcoder(LEAVING).cumulativeFees, n(10));
        net.next_round();
        net.refuse_bonding(net.d.ticket_broker, &pay(LEAVING, n(10)), ACTIVE);
    } else {
        let text = "transcoder must be registered";
        net.refuse_bonding(net.d.ticket_broker, &pay(LEAVING, n(10)), text);
    }
}

fn who_joins_is_paid_from_the_next_round_on(net: &mut Net) {
    full(net);
    evict(net);
    if net.has(Change::FeesToActive) {
        net.refuse_bonding(net.d.ticket_broker, &pay(NEWCOMER, n(10)), ACTIVE);
    } else {
        // Registered, but it has no stake in this round to share by.
        net.refuse_bonding(net.d.ticket_broker, &pay(NEWCOMER, n(10)), DIVISION_BY_ZERO);
    }
    net.next_round();
    net.bonding(net.d.ticket_broker, &pay(NEWCOMER, n(10)));
}

fn who_came_back_within_a_round_is_not_paid_in_it(net: &mut Net) {
    full(net);
    evict(net);
    net.reward(LEAVING);
    net.bond(LEAVING, lpt(10_000), LEAVING);
    assert!(net.pool().contains(&LEAVING) && !net.is_active(LEAVING));
    if net.has(Change::FeesToActive) {
        net.refuse_bonding(net.d.ticket_broker, &pay(LEAVING, n(10)), ACTIVE);
    } else {
        net.bonding(net.d.ticket_broker, &pay(LEAVING, n(10)));
    }
    net.next_round();
    net.bonding(net.d.ticket_broker, &pay(LEAVING, n(10)));
}

/// The list of versions is what it says.
#[test]
fn each_side_has_the_change_once() {
    let has: Vec<bool> = super::around(Change::FeesToActive)
        .iter()
        .map(|s: &Setup| s.params.version.has(Change::FeesToActive))
        .collect();
    assert_eq!(has, [false, true, false, true]);
}
