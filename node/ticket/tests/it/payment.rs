//! Whole payments against go-livepeer's sequences.

use serde_json::Value;
use weir_ticket::balance::{Balances, Key};
use weir_ticket::payment::{PaymentError, PaymentView, Processed, process};
use weir_ticket::queue::Queue;
use weir_ticket::recipient::{Recipient, RecipientConfig, TicketError};
use weir_ticket::{EthVerifier, Payment};
use weir_types::{Address, Credit, Instant, L1Block, Price, Round, Wei};

use crate::support::{credit, data, gateway_key, list, maybe, orchestrator_key, secret, text, wire};

/// An orchestrator that takes the payments of a sequence.
struct World {
    recipient: Recipient,
    balances: Balances,
    queue: Queue,
    sessions: Vec<String>,
}

impl World {
    fn new() -> Self {
        let config = RecipientConfig { ev: Wei::new(5), ..RecipientConfig::default() };
        let recipient = Recipient::new(orchestrator_key().address(), secret(), config);
        Self { recipient, balances: Balances::new(), queue: Queue::new(0), sessions: Vec::new() }
    }

    fn key(&mut self, sender: Address, session: &str) -> Key {
        let at = self.sessions.iter().position(|s| s == session).unwrap_or_else(|| {
            self.sessions.push(session.to_owned());
            self.sessions.len() - 1
        });
        (sender, at as u64)
    }

    fn pay(&mut self, payment: &Payment, key: Key, view: &PaymentView) -> Processed {
        let out = process(payment, key.1, &mut self.recipient, &mut self.balances, view, &EthVerifier, Instant::ZERO);
        for w in &out.winners {
            self.queue.add(w.clone());
        }
        out
    }
}

/// Our text for an error of the original that differs, or the recorded one.
fn expected_error(step: &Value) -> Option<String> {
    let ours = match text(step, "note") {
        // The original adds a dump of the message.
        "no sender" => PaymentError::NoSender,
        // The original runs into a nil pointer.
        "no expiration params" => PaymentError::NoExpiration,
        // The original asks whether whoever the tickets name is active; here they must name us.
        "recipient not an active orchestrator" => TicketError::Recipient.into(),
        // The recorded text is made up.
        "sender about to unlock" => PaymentError::Unlocking { sender: gateway_key().address() },
        _ => return maybe(step, "error"),
    };
    Some(ours.to_string())
}

/// Price of the session as it stands here after a step: that of the first payment with tickets.
///
/// The original leaves it open at a sender's first payment, and takes it to be 0 from a payment
/// without tickets: work for nothing from then on.
fn expected_price(payment: &Payment, error: Option<&PaymentError>, before: Option<Price>) -> Option<Price> {
    let early = matches!(
        error,
        Some(
            PaymentError::NoSender
                | PaymentError::NoExpiration
                | PaymentError::Inactive { .. }
                | PaymentError::Price(_)
                | PaymentError::Unlocking { .. }
        )
    );
    before.or_else(|| (payment.ticket_params.is_some() && !early).then(|| payment.price().expect("a price")))
}

#[test]
fn sequences() {
    let file = data("process_payment");
    let all = list(&file, "cases");
    assert_eq!(all.iter().map(|c| list(c, "steps").len()).collect::<Vec<_>>(), [9, 3, 3, 17, 2, 2, 2]);
    let (mut prices_differ, mut winners) = (0, 0);
    for c in all {
        let mut w = World::new();
        for step in list(c, "steps") {
            let payment = wire::payment(text(step, "payment"));
            let key = w.key(payment.sender, text(step, "session"));
            let view = PaymentView {
                l1: L1Block(step["l1Block"].as_u64().unwrap_or(100)),
                round: Round(5),
                active: text(c, "name") != "inactive orchestrator",
                withdraw_round: Round(if maybe(step, "senderCheckError").is_some() { 6 } else { 0 }),
            };
            let before = w.balances.fixed_price(key).cloned();
            let balance = w.balances.amount(key);
            let out = w.pay(&payment, key, &view);
            assert_eq!(out.error.as_ref().map(ToString::to_string), expected_error(step), "{step}");
            let price = expected_price(&payment, out.error.as_ref(), before);
            assert_eq!(w.balances.fixed_price(key), price.as_ref(), "{step}");
            let recorded = maybe(step, "fixedPrice").and_then(|p| Price::from_ratio(crate::support::ratio(&p)));
            prices_differ += usize::from(recorded != price);
            let after = maybe(step, "balance").map_or_else(Credit::zero, |b| credit(&b));
            if payment.sender == gateway_key().address() {
                assert_eq!(w.balances.amount(key), after, "{step}");
            }
            assert_eq!(balance + &out.credited.credit(), w.balances.amount(key), "{step}");
            fatal(step, &out);
            winners += out.winners.len();
        }
        // The original queues the same ticket twice when it comes twice.
        let recorded = list(c, "steps").last().expect("steps")["queuedWinning"].as_u64();
        let twice = u64::from(text(c, "name").starts_with("all tickets win"));
        assert_eq!(Some(w.queue.len() as u64 + twice), recorded, "{}", text(c, "name"));
    }
    assert_eq!((winners, prices_differ), (6, 11));
}

fn fatal(step: &Value, out: &Processed) {
    let ours = matches!(&out.error, Some(PaymentError::Ticket(e)) if e.is_fatal());
    // Tickets for somebody else end a payment here; an unlocking sender's are not even looked at.
    let differs = ["recipient not an active orchestrator", "sender about to unlock"].contains(&text(step, "note"));
    let recorded = step["fatal"].as_bool().unwrap_or_default();
    assert_eq!(ours != differs, recorded, "{step}");
}

#[test]
fn a_fatal_ticket_ends_the_payment() {
    let file = data("process_payment");
    let case = list(&file, "cases").iter().find(|c| text(c, "name").starts_with("all tickets win")).expect("case");
    let mut payment = wire::payment(text(&list(case, "steps")[0], "payment"));
    let view = PaymentView { l1: L1Block(100), round: Round(5), active: true, withdraw_round: Round(0) };
    assert_eq!(payment.tickets.len(), 4);
    payment.ticket_params.as_mut().expect("params").seed += weir_types::U256::from(1u64);
    let mut w = World::new();
    let key = w.key(payment.sender, "sess");
    let out = w.pay(&payment, key, &view);
    assert_eq!(out.error, Some(TicketError::RecipientRand.into()));
    assert!(out.winners.is_empty() && out.credited.is_zero());
    assert_eq!(w.recipient.remembered(), 0);
}

#[test]
fn withdrawal_in_the_next_round_or_sooner() {
    for (withdraw, round, want) in [(0, 5, false), (7, 5, false), (6, 5, true), (5, 5, true), (1, 5, true)] {
        let v = PaymentView { l1: L1Block(0), round: Round(round), active: true, withdraw_round: Round(withdraw) };
        assert_eq!(v.unlocking(), want, "withdrawal in {withdraw}, round {round}");
    }
}
