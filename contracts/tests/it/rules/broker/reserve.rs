//! Reserves: an equal share for everyone in the pool.

use alloy::primitives::{Address, LogData, U256};
use weir_contracts::Change;
use weir_contracts::bindings::TicketBroker;

use super::{fund, hash, info, redeem, refuse, sender, ticket};
use crate::rules::expect::{OVERFLOW, ev};
use crate::rules::net::{Net, Setup, account, n};

rules! {
    vec![Setup::d24(), Setup::d26()];
    a_share_is_for_the_active,
    what_the_deposit_lacks_comes_from_the_reserve,
    a_share_is_of_the_funds_before_any_claim,
    a_new_round_brings_a_new_share,
    a_pool_that_grows_takes_shares_back,
    a_pool_that_empties_leaves_no_share,
    claims_stay_on_record_after_a_withdrawal,
    a_ticket_beyond_the_funds,
    a_sender_without_funds,
    a_reserve_alone_pays_nobody_inactive,
}

fn claimed(claimant: Address, amount: u64) -> LogData {
    ev(&TicketBroker::ReserveClaimed { reserveHolder: sender(), claimant, amount: n(amount) })
}

fn claimable(net: &mut Net, who: Address) -> U256 {
    let call = TicketBroker::claimableReserveCall { _reserveHolder: sender(), _claimant: who };
    net.read(net.d.ticket_broker, &call)
}

fn drawn(net: &mut Net, who: Address) -> U256 {
    let call = TicketBroker::claimedReserveCall { _reserveHolder: sender(), _claimant: who };
    net.read(net.d.ticket_broker, &call)
}

/// Orchestrators 1 and 2, active.
fn ready(net: &mut Net, deposit: u64, reserve: u64) {
    for who in [account(1), account(2)] {
        net.orchestrator(who, n(1_000), 0, 0);
    }
    net.next_round();
    fund(net, n(deposit), n(reserve));
}

fn a_share_is_for_the_active(net: &mut Net) {
    ready(net, 0, 101);
    for (who, share) in [(account(1), 50), (account(2), 50), (account(3), 0), (sender(), 0)] {
        assert_eq!(claimable(net, who), n(share));
    }
    // Who comes in counts at once, though it has no share yet.
    net.bond(account(3), n(5), account(3));
    for (who, share) in [(account(1), 33), (account(3), 0)] {
        assert_eq!(claimable(net, who), n(share));
    }
    net.next_round();
    assert_eq!(claimable(net, account(3)), n(33));
    let call = TicketBroker::claimableReserveCall { _reserveHolder: account(8), _claimant: account(1) };
    assert_eq!(net.read(net.d.ticket_broker, &call), n(0), "no reserve, no share");
}

fn what_the_deposit_lacks_comes_from_the_reserve(net: &mut Net) {
    ready(net, 30, 100);
    let (broker, o) = (net.d.ticket_broker, account(1));
    let t = ticket(net, o, n(70));
    let done = redeem(net, &t);
    net.emits(&done, broker, &[claimed(o, 40), t.paid(n(70)), t.redeemed()]);
    assert_eq!(info(net, sender()), [n(0), n(0), n(60), n(40)]);
    assert_eq!((drawn(net, o), claimable(net, o)), (n(40), n(10)));
    assert_eq!(net.pending_fees(o), n(70));
}

fn a_share_is_of_the_funds_before_any_claim(net: &mut Net) {
    ready(net, 0, 100);
    let (broker, a, b) = (net.d.ticket_broker, account(1), account(2));
    // More than the share is cut down to it: the ticket pays less than its face value.
    let t = ticket(net, a, n(80));
    let done = redeem(net, &t);
    net.emits(&done, broker, &[claimed(a, 50), t.paid(n(50)), t.redeemed()]);
    assert_eq!((claimable(net, a), claimable(net, b)), (n(0), n(50)));
    // And then to nothing, which still uses the ticket up.
    let t = ticket(net, a, n(10));
    let done = redeem(net, &t);
    net.emits(&done, broker, &[t.redeemed()]);
    assert!(net.read(broker, &TicketBroker::usedTicketsCall(hash(&t.ticket))));
    let t = ticket(net, b, n(50));
    let done = redeem(net, &t);
    net.emits(&done, broker, &[claimed(b, 50), t.paid(n(50)), t.redeemed()]);
    assert_eq!(info(net, sender()), [n(0), n(0), n(0), n(100)]);
    // More funds within the round make larger shares.
    fund(net, n(0), n(20));
    assert_eq!((claimable(net, a), drawn(net, a)), (n(10), n(50)));
}

fn a_new_round_brings_a_new_share(net: &mut Net) {
    ready(net, 0, 100);
    let a = account(1);
    let t = ticket(net, a, n(50));
    redeem(net, &t);
    net.next_round();
    assert_eq!((drawn(net, a), claimable(net, a)), (n(0), n(25)));
    assert_eq!(info(net, sender()), [n(0), n(0), n(50), n(0)]);
}

fn a_pool_that_grows_takes_shares_back(net: &mut Net) {
    ready(net, 0, 100);
    let a = account(1);
    let t = ticket(net, a, n(50));
    redeem(net, &t);
    net.bond(account(3), n(5), account(3));
    // A third is less than what it has drawn.
    let call = TicketBroker::claimableReserveCall { _reserveHolder: sender(), _claimant: a };
    net.refuse_read(net.d.ticket_broker, &call, OVERFLOW);
    let t = ticket(net, a, n(1));
    refuse(net, &t, OVERFLOW);
    // The deposit is not concerned, nor is the next round.
    fund(net, n(1), n(0));
    redeem(net, &t);
    net.next_round();
    assert_eq!(claimable(net, a), n(16));
}

fn a_pool_that_empties_leaves_no_share(net: &mut Net) {
    ready(net, 0, 100);
    for who in [account(1), account(2)] {
        net.unbond(who, n(1_000));
    }
    assert!(net.is_active(account(1)));
    assert_eq!(claimable(net, account(1)), n(0));
}

fn claims_stay_on_record_after_a_withdrawal(net: &mut Net) {
    ready(net, 0, 100);
    let (broker, a) = (net.d.ticket_broker, account(1));
    net.send(net.owner, broker, &TicketBroker::setUnlockPeriodCall { _unlockPeriod: n(0) });
    let t = ticket(net, a, n(50));
    redeem(net, &t);
    net.send(sender(), broker, &TicketBroker::unlockCall {});
    net.send(sender(), broker, &TicketBroker::withdrawCall {});
    assert_eq!(info(net, sender())[2..], [n(0), n(50)]);
    fund(net, n(0), n(50));
    assert_eq!((claimable(net, a), claimable(net, account(2))), (n(0), n(50)));
}

pub fn a_ticket_beyond_the_funds(net: &mut Net) {
    ready(net, 30, 100);
    let (broker, o) = (net.d.ticket_broker, account(1));
    let t = ticket(net, o, n(131));
    if net.has(Change::CoveredTickets) {
        refuse(net, &t, "sender deposit and reserve insufficient to cover ticket face value");
        // It is not used up: with more funds it is good.
        fund(net, n(1), n(0));
        let done = redeem(net, &t);
        net.emits(&done, broker, &[claimed(o, 50), t.paid(n(81)), t.redeemed()]);
    } else {
        let done = redeem(net, &t);
        net.emits(&done, broker, &[claimed(o, 50), t.paid(n(80)), t.redeemed()]);
    }
    refuse(net, &t, "ticket is used");
}

pub fn a_sender_without_funds(net: &mut Net) {
    ready(net, 0, 0);
    let (broker, o) = (net.d.ticket_broker, account(1));
    let (one, nothing) = (ticket(net, o, n(1)), ticket(net, o, n(0)));
    if net.has(Change::CoveredTickets) {
        refuse(net, &one, "sender deposit and reserve insufficient to cover ticket face value");
        let done = redeem(net, &nothing);
        net.emits(&done, broker, &[nothing.redeemed()]);
        refuse(net, &nothing, "ticket is used");
    } else {
        refuse(net, &one, "sender deposit and reserve are zero");
        refuse(net, &nothing, "sender deposit and reserve are zero");
    }
}

/// Its share is nothing, so that nobody is asked to credit it.
fn a_reserve_alone_pays_nobody_inactive(net: &mut Net) {
    ready(net, 0, 100);
    let broker = net.d.ticket_broker;
    let t = ticket(net, account(66), n(10));
    let done = redeem(net, &t);
    net.emits(&done, broker, &[t.redeemed()]);
    assert_eq!(info(net, sender()), [n(0), n(0), n(100), n(0)]);
    refuse(net, &t, "ticket is used");
}
