//! What a sender is good for, against go-livepeer's sequences.

use serde_json::Value;
use weir_ticket::monitor::{Funds, SenderMonitor};
use weir_ticket::payment::PaymentError;
use weir_types::{Round, Wei};

use crate::support::{address, data, integer, list, maybe, number, text, wei};

/// A sender, and what the sequences of `sender_monitor` change around it.
struct World {
    monitor: SenderMonitor,
    pool: u64,
    round: Round,
}

/// Does a step; true when it releases more than is pending.
fn step(w: &mut World, op: &Value) -> bool {
    let mut funds = *w.monitor.funds();
    match text(op, "op") {
        "info" => {
            funds.deposit = wei(op, "deposit");
            funds.reserve_remaining = wei(op, "reserve");
            funds.claimed_in_current_round = wei(op, "claimedInRound");
            funds.withdraw_round = Round(number(op, "withdrawRound"));
        }
        "claimed" => funds.claimed_by_me = wei(op, "v"),
        "pool" => w.pool = number(op, "v"),
        "round" => w.round = Round(number(op, "v")),
        "sub" => w.monitor.add_pending(wei(op, "v")),
        "add" => return !w.monitor.release_pending(wei(op, "v")),
        other => panic!("unknown step {other}"),
    }
    w.monitor.set_funds(funds);
    false
}

#[test]
fn sequences() {
    let file = data("sender_monitor");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 32);
    let sender = address(text(&file, "sender"));
    let (mut steps, mut refused, mut unlocking, mut below) = (0, 0, 0, 0);
    for c in all {
        let mut w = World { monitor: SenderMonitor::default(), pool: 1, round: Round(5) };
        for op in list(c, "ops") {
            let over = step(&mut w, op);
            assert_eq!(over, maybe(op, "error").is_some(), "{op}");
            assert_eq!(*w.monitor.pending(), integer(op, "pending"), "{op}");
            assert_eq!(w.monitor.reserve_alloc(w.pool), integer(op, "reserveAlloc"), "{op}");
            assert_eq!(w.monitor.max_float(w.pool), integer(op, "maxFloat"), "{op}");
            assert_eq!(w.monitor.available(w.pool), integer(op, "availableFunds"), "{op}");
            let error = w.monitor.unlocking(w.round).then(|| PaymentError::Unlocking { sender }.to_string());
            assert_eq!(error, maybe(op, "validateSender"), "{op}");
            let negative = text(op, "maxFloat").starts_with('-');
            let float = if negative { Wei::ZERO } else { wei(op, "maxFloat") };
            assert_eq!(w.monitor.max_float_wei(w.pool), float, "{op}");
            steps += 1;
            refused += usize::from(over);
            unlocking += usize::from(w.monitor.unlocking(w.round));
            below += usize::from(negative);
        }
    }
    assert_eq!((steps, refused), (960, 27));
    assert!(unlocking > 50 && below > 50, "{unlocking} unlocking, {below} below zero");
}

#[test]
fn pending_counts_against_the_reserve_below_a_third_of_the_deposit() {
    let funds = Funds { deposit: Wei::new(299), reserve_remaining: Wei::new(1_000), ..Funds::default() };
    for (pending, float) in [(0, 1_000), (1, 1_000), (99, 1_000), (100, 900)] {
        let mut m = SenderMonitor::new(funds);
        m.add_pending(Wei::new(pending));
        assert_eq!(m.max_float_wei(1), Wei::new(float), "{pending} pending");
    }
}

#[test]
fn more_than_is_pending_is_never_released() {
    let mut m = SenderMonitor::new(Funds { deposit: Wei::new(10), ..Funds::default() });
    m.add_pending(Wei::new(5));
    assert!(!m.release_pending(Wei::new(6)));
    assert_eq!(*m.pending(), 5.into());
    assert!(m.release_pending(Wei::new(5)));
    assert!(!m.release_pending(Wei::new(1)));
    assert_eq!((m.pending().clone(), m.available(1)), (0.into(), 10.into()));
}
