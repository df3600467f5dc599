//! Money of senders: in, locked, out.

use alloy::primitives::{Address, LogData, U256};
use weir_contracts::bindings::TicketBroker;

use super::{fund, info, redeem, refuse, sender, ticket};
use crate::rules::expect::{Bare, ev};
use crate::rules::net::{Net, Setup, account, n};

rules! {
    vec![Setup::d24(), Setup::d26()];
    deposits_add_up,
    reserves_add_up,
    both_are_funded_at_once,
    others_may_fund,
    parts_have_to_make_the_whole,
    an_unlock_waits_for_its_period,
    an_unlock_needs_funds_and_is_one,
    an_unlock_can_be_cancelled,
    own_funds_cancel_an_unlock,
    funds_of_others_do_not,
    a_sender_stays_unlocked_after_it_withdrew,
    unlocking_needs_no_begun_round,
    the_owner_sets_both_periods,
}

const UNLOCK: TicketBroker::unlockCall = TicketBroker::unlockCall {};
const CANCEL: TicketBroker::cancelUnlockCall = TicketBroker::cancelUnlockCall {};
const WITHDRAW: TicketBroker::withdrawCall = TicketBroker::withdrawCall {};
/// As deployed.
const PERIOD: u64 = 2;

fn deposited(sender: Address, amount: u64) -> LogData {
    ev(&TicketBroker::DepositFunded { sender, amount: n(amount) })
}

fn reserved(reserve_holder: Address, amount: u64) -> LogData {
    ev(&TicketBroker::ReserveFunded { reserveHolder: reserve_holder, amount: n(amount) })
}

fn cancelled(sender: Address) -> LogData {
    ev(&TicketBroker::UnlockCancelled { sender })
}

fn unlocking(net: &mut Net, who: Address) -> bool {
    net.read(net.d.ticket_broker, &TicketBroker::isUnlockInProgressCall { _sender: who })
}

fn deposits_add_up(net: &mut Net) {
    let (broker, who) = (net.d.ticket_broker, account(1));
    for (amount, sum) in [(5, 5), (0, 5), (7, 12)] {
        let done = net.pay(who, broker, &TicketBroker::fundDepositCall {}, n(amount));
        net.emits(&done, broker, &[deposited(who, amount)]);
        assert_eq!(info(net, who), [n(sum), n(0), n(0), n(0)]);
    }
    // The ETH itself lies elsewhere.
    assert_eq!((net.evm.balance(broker), net.evm.balance(net.d.minter)), (n(0), n(12)));
}

fn reserves_add_up(net: &mut Net) {
    let (broker, who) = (net.d.ticket_broker, account(1));
    for (amount, sum) in [(5, 5), (0, 5), (7, 12)] {
        let done = net.pay(who, broker, &TicketBroker::fundReserveCall {}, n(amount));
        net.emits(&done, broker, &[reserved(who, amount)]);
        assert_eq!(info(net, who), [n(0), n(0), n(sum), n(0)]);
        let got = net.read(broker, &TicketBroker::getReserveInfoCall { _reserveHolder: who });
        assert_eq!((got.fundsRemaining, got.claimedInCurrentRound), (n(sum), n(0)));
    }
    assert_eq!(net.evm.balance(net.d.minter), n(12));
}

fn both_are_funded_at_once(net: &mut Net) {
    let (broker, who) = (net.d.ticket_broker, account(1));
    for (deposit, reserve) in [(3, 4), (0, 4), (3, 0), (0, 0)] {
        let call = TicketBroker::fundDepositAndReserveCall { _depositAmount: n(deposit), _reserveAmount: n(reserve) };
        let done = net.pay(who, broker, &call, n(deposit + reserve));
        net.emits(&done, broker, &[reserved(who, reserve), deposited(who, deposit)]);
    }
    assert_eq!(info(net, who), [n(6), n(0), n(8), n(0)]);
}

fn fund_for(who: Address, deposit: u64, reserve: u64) -> TicketBroker::fundDepositAndReserveForCall {
    TicketBroker::fundDepositAndReserveForCall { _addr: who, _depositAmount: n(deposit), _reserveAmount: n(reserve) }
}

fn others_may_fund(net: &mut Net) {
    let (broker, who, giver) = (net.d.ticket_broker, account(1), account(2));
    let done = net.pay(giver, broker, &fund_for(who, 3, 4), n(7));
    net.emits(&done, broker, &[reserved(who, 4), deposited(who, 3)]);
    assert_eq!(info(net, who), [n(3), n(0), n(4), n(0)]);
    assert_eq!(info(net, giver), [n(0); 4]);
}

fn parts_have_to_make_the_whole(net: &mut Net) {
    let (broker, who) = (net.d.ticket_broker, account(1));
    let text = "msg.value does not equal sum of deposit amount and reserve amount";
    for value in [0, 6, 8] {
        net.refuse_paid(who, broker, &fund_for(account(2), 3, 4), n(value), text);
    }
    let call = TicketBroker::fundDepositAndReserveCall { _depositAmount: n(1), _reserveAmount: n(1) };
    net.refuse_paid(who, broker, &call, n(1), text);
    let call = TicketBroker::fundDepositAndReserveCall { _depositAmount: U256::MAX, _reserveAmount: n(2) };
    net.refuse_paid(who, broker, &call, n(1), crate::rules::expect::OVERFLOW);
}

fn an_unlock_waits_for_its_period(net: &mut Net) {
    let (broker, who) = (net.d.ticket_broker, sender());
    fund(net, n(30), n(12));
    let round = net.round();
    net.refuse(who, broker, &WITHDRAW, "no unlock request in progress");
    let done = net.send(who, broker, &UNLOCK);
    let end = round + n(PERIOD);
    net.emits(&done, broker, &[ev(&TicketBroker::Unlock { sender: who, startRound: round, endRound: end })]);
    assert!(unlocking(net, who));
    assert_eq!(info(net, who)[1], end);
    for _ in 0..PERIOD {
        net.refuse(who, broker, &WITHDRAW, "account is locked");
        net.next_round();
    }
    let before = net.evm.balance(who);
    let done = net.send(who, broker, &WITHDRAW);
    net.emits(&done, broker, &[ev(&TicketBroker::Withdrawal { sender: who, deposit: n(30), reserve: n(12) })]);
    assert_eq!(net.evm.balance(who), before + n(42));
    assert_eq!(net.evm.balance(net.d.minter), n(0));
    assert_eq!(info(net, who), [n(0), end, n(0), n(0)], "the round is not taken back");
    net.refuse(who, broker, &WITHDRAW, "sender deposit and reserve are zero");
}

fn an_unlock_needs_funds_and_is_one(net: &mut Net) {
    let (broker, who) = (net.d.ticket_broker, sender());
    net.refuse(who, broker, &UNLOCK, "sender deposit and reserve are zero");
    net.refuse(who, broker, &WITHDRAW, "sender deposit and reserve are zero");
    // Either of them is enough.
    for (deposit, reserve) in [(1, 0), (0, 1)] {
        net.evm.rewind();
        fund(net, n(deposit), n(reserve));
        net.send(who, broker, &UNLOCK);
        net.refuse(who, broker, &UNLOCK, "unlock already initiated");
        net.rounds(PERIOD);
        net.refuse(who, broker, &UNLOCK, "unlock already initiated");
        net.send(who, broker, &WITHDRAW);
    }
}

fn an_unlock_can_be_cancelled(net: &mut Net) {
    let (broker, who) = (net.d.ticket_broker, sender());
    fund(net, n(30), n(12));
    net.refuse(who, broker, &CANCEL, "no unlock request in progress");
    net.send(who, broker, &UNLOCK);
    let done = net.send(who, broker, &CANCEL);
    net.emits(&done, broker, &[cancelled(who)]);
    assert_eq!(info(net, who), [n(30), n(0), n(12), n(0)]);
    assert!(!unlocking(net, who));
    // Also when its time has come.
    net.send(who, broker, &UNLOCK);
    net.rounds(PERIOD);
    net.send(who, broker, &CANCEL);
    net.refuse(who, broker, &WITHDRAW, "no unlock request in progress");
}

fn own_funds_cancel_an_unlock(net: &mut Net) {
    let (broker, who) = (net.d.ticket_broker, sender());
    let unlocked = |net: &mut Net| {
        net.evm.rewind();
        fund(net, n(30), n(12));
        net.send(who, broker, &UNLOCK);
    };
    unlocked(net);
    let done = net.pay(who, broker, &TicketBroker::fundDepositCall {}, n(1));
    net.emits(&done, broker, &[cancelled(who), deposited(who, 1)]);
    unlocked(net);
    let done = net.pay(who, broker, &TicketBroker::fundReserveCall {}, n(1));
    net.emits(&done, broker, &[reserved(who, 1), cancelled(who)]);
    unlocked(net);
    let done = net.pay(who, broker, &fund_for(who, 1, 1), n(2));
    net.emits(&done, broker, &[cancelled(who), reserved(who, 1), deposited(who, 1)]);
    assert!(!unlocking(net, who));
    // Nothing is enough to cancel.
    unlocked(net);
    let done = net.send(who, broker, &TicketBroker::fundDepositCall {});
    net.emits(&done, broker, &[cancelled(who), deposited(who, 0)]);
}

fn funds_of_others_do_not(net: &mut Net) {
    let (broker, who) = (net.d.ticket_broker, sender());
    fund(net, n(30), n(12));
    net.send(who, broker, &UNLOCK);
    let done = net.pay(account(2), broker, &fund_for(who, 1, 1), n(2));
    net.emits(&done, broker, &[reserved(who, 1), deposited(who, 1)]);
    assert!(unlocking(net, who));
    net.rounds(PERIOD);
    let done = net.send(who, broker, &WITHDRAW);
    net.emits(&done, broker, &[ev(&TicketBroker::Withdrawal { sender: who, deposit: n(31), reserve: n(13) })]);
}

fn a_sender_stays_unlocked_after_it_withdrew(net: &mut Net) {
    let (broker, who, o) = (net.d.ticket_broker, sender(), account(1));
    net.bond(o, n(100), o);
    fund(net, n(30), n(12));
    net.send(who, broker, &UNLOCK);
    net.next_round();
    // Still locked: it pays.
    let good = ticket(net, o, n(1));
    redeem(net, &good);
    net.next_round();
    let late = ticket(net, o, n(1));
    refuse(net, &late, "sender is unlocked");
    // A ticket that loses is refused for that, and one that is not covered for the lock.
    refuse(net, &late.clone().with(|t| t.winProb = n(0)), "ticket did not win");
    refuse(net, &late.clone().with(|t| t.faceValue = n(1_000)), "sender is unlocked");
    net.send(who, broker, &WITHDRAW);
    refuse(net, &late, "sender is unlocked");
    // Money of others does not change that, its own does.
    net.pay(account(2), broker, &fund_for(who, 5, 0), n(5));
    refuse(net, &late, "sender is unlocked");
    let done = fund(net, n(5), n(0));
    net.emits(&done, broker, &[cancelled(who), reserved(who, 0), deposited(who, 5)]);
    redeem(net, &late);
}

fn unlocking_needs_no_begun_round(net: &mut Net) {
    let (broker, who) = (net.d.ticket_broker, sender());
    fund(net, n(30), n(12));
    net.end_round();
    net.evm.mine(1);
    net.send(who, broker, &UNLOCK);
    net.send(who, broker, &CANCEL);
    net.send(who, broker, &UNLOCK);
    net.end_round();
    net.evm.mine(crate::rules::net::ROUND * PERIOD);
    net.send(who, broker, &WITHDRAW);
    net.refuse_raw(who, broker, alloy::primitives::Bytes::new(), n(1), Bare);
}

fn the_owner_sets_both_periods(net: &mut Net) {
    let (broker, owner) = (net.d.ticket_broker, net.owner);
    for rounds in [n(0), n(9), U256::MAX] {
        let done = net.send(owner, broker, &TicketBroker::setUnlockPeriodCall { _unlockPeriod: rounds });
        net.emits(&done, broker, &[ev(&TicketBroker::ParameterUpdate { param: "unlockPeriod".into() })]);
        assert_eq!(net.read(broker, &TicketBroker::unlockPeriodCall {}), rounds);
    }
    fund(net, n(1), n(0));
    net.refuse(sender(), broker, &UNLOCK, crate::rules::expect::OVERFLOW);
    let validity = |rounds| TicketBroker::setTicketValidityPeriodCall { _ticketValidityPeriod: n(rounds) };
    net.refuse(owner, broker, &validity(0), "ticketValidityPeriod must be greater than 0");
    for rounds in [1, 9] {
        let done = net.send(owner, broker, &validity(rounds));
        net.emits(&done, broker, &[ev(&TicketBroker::ParameterUpdate { param: "ticketValidityPeriod".into() })]);
        assert_eq!(net.read(broker, &TicketBroker::ticketValidityPeriodCall {}), n(rounds));
    }
    let call = TicketBroker::setControllerCall { _controller: account(1) };
    let done = net.send(net.d.controller, broker, &call);
    net.emits(&done, broker, &[ev(&TicketBroker::SetController { controller: account(1) })]);
}
