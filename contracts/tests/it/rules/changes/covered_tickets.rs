//! (f): a ticket is redeemed only while its sender's funds cover the whole face value.

use weir_contracts::Change;
use weir_contracts::bindings::TicketBroker;

use crate::rules::broker::reserve::{a_sender_without_funds, a_ticket_beyond_the_funds};
use crate::rules::broker::{fund, info, redeem, refuse, sender, ticket};
use crate::rules::net::{Net, account, n};

rules! {
    super::around(Change::CoveredTickets);
    a_ticket_beyond_the_funds,
    a_sender_without_funds,
    the_whole_reserve_counts_not_the_share,
    unlocking_and_withdrawing_keep_their_words,
}

/// Covered by deposit and reserve, but of the reserve there is only a part for each.
fn the_whole_reserve_counts_not_the_share(net: &mut Net) {
    for who in [account(1), account(2)] {
        net.bond(who, n(1_000), who);
    }
    net.next_round();
    fund(net, n(10), n(100));
    let t = ticket(net, account(1), n(110));
    let done = redeem(net, &t);
    assert_eq!(done.logs(net.d.ticket_broker)[1], t.paid(n(60)));
    assert_eq!(info(net, sender()), [n(0), n(0), n(50), n(50)]);
    let t = ticket(net, account(1), n(51));
    if net.has(Change::CoveredTickets) {
        refuse(net, &t, "sender deposit and reserve insufficient to cover ticket face value");
    } else {
        redeem(net, &t);
    }
    // To the wei.
    let t = ticket(net, account(1), n(50));
    redeem(net, &t);
}

fn unlocking_and_withdrawing_keep_their_words(net: &mut Net) {
    let broker = net.d.ticket_broker;
    net.refuse(sender(), broker, &TicketBroker::unlockCall {}, "sender deposit and reserve are zero");
    net.refuse(sender(), broker, &TicketBroker::withdrawCall {}, "sender deposit and reserve are zero");
}
