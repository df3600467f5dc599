//! Redemption of winners against go-livepeer's cases.

use serde_json::Value;
use weir_ticket::monitor::Funds;
use weir_ticket::queue::{Attempt, Queue, QueueView, Queued, Verdict, check_funds};
use weir_ticket::{Signature, Ticket, WinningTicket};
use weir_types::{Address, B256, L1Block, Round, U256, Wei, WinProb};

use crate::support::{data, flag, integer, list, maybe, number, text, wei};

const SENDER: Address = Address::repeat_byte(0x9d);

/// A winner that no other one is like, known by its nonce.
pub(crate) fn winner(sender: Address, nonce: u32, face_value: Wei, expires: u64, round: u64) -> WinningTicket {
    let mut sig = Signature::INVALID;
    sig.0[..20].copy_from_slice(sender.as_slice());
    sig.0[20..24].copy_from_slice(&nonce.to_be_bytes());
    let ticket = Ticket {
        recipient: Address::repeat_byte(0xb5),
        sender,
        face_value,
        win_prob: WinProb::ONE,
        sender_nonce: nonce,
        recipient_rand_hash: B256::repeat_byte(1),
        creation_round: Round(round),
        creation_round_block_hash: B256::repeat_byte(2),
        params_expiration_block: L1Block(expires),
    };
    WinningTicket { ticket, sig, recipient_rand: U256::from(nonce) }
}

fn at(l1: u64, round: u64) -> QueueView {
    QueueView { l1: L1Block(l1), round: Round(round), pool_size: 1, gas_price: Wei::new(1), active: true }
}

/// What comes of one ticket in a case of `redeem_gate`.
#[derive(Debug, PartialEq)]
struct Outcome {
    submitted: bool,
    verdict: Option<Verdict>,
}

fn attempt(c: &Value) -> Attempt {
    let [check, used, gas] = ["checkError", "usedError", "gasError"].map(|k| text(c, k).to_owned());
    match (check.as_str(), used.as_str(), gas.as_str()) {
        ("", "", "") if flag(c, "used") => Attempt::NotSent("ticket already used".to_owned()),
        ("", "", "") => Attempt::Paid,
        ("", "", e) | ("", e, _) => Attempt::NotSent(e.to_owned()),
        // A transaction of which nothing is known after a while may still be mined.
        ("transaction timed out", ..) => Attempt::NotSent(check),
        _ => Attempt::Reverted(check),
    }
}

fn gate(c: &Value) -> Outcome {
    let mut q = Queue::new(number(c, "redeemGas"));
    let claimed = wei(c, "claimed");
    let rich = Funds { deposit: Wei::from_whole(1), ..Funds::default() };
    q.set_funds(SENDER, rich);
    let mut view = QueueView { gas_price: Wei::ZERO, ..at(100, 5) };
    let pending = wei(c, "pending");
    if !pending.is_zero() {
        q.add(winner(SENDER, 9, pending, 50, 5)).expect("new");
        assert_eq!(q.due(&view).len(), 1);
    }
    q.set_funds(
        SENDER,
        Funds {
            deposit: wei(c, "deposit"),
            reserve_remaining: wei(c, "reserve"),
            claimed_by_me: claimed,
            ..Funds::default()
        },
    );
    let number_of = q.add(winner(SENDER, 1, wei(c, "faceValue"), 50, 5)).expect("new");
    view.gas_price = wei(c, "gasPrice");
    view.pool_size = number(c, "pool");
    let due = q.due(&view);
    let verdict = due.first().map(|n| {
        assert_eq!(*n, number_of);
        q.settle(*n, &attempt(c), view.l1).expect("on its way").0
    });
    let s = q.sender(&SENDER).expect("followed");
    assert_eq!(*s.pending(), integer(c, "pendingAfter"), "{c}");
    if due.is_empty() {
        let cost = U256::from(number(c, "redeemGas")).saturating_mul(view.gas_price.0);
        let why = check_funds(s, wei(c, "faceValue"), cost, view.pool_size).expect_err("not due");
        let ours = "insufficient sender funds for ticket face value";
        assert!(why == ours || flag(c, "used") || Some(why.to_owned()) == maybe(c, "error"), "{why} in {c}");
    }
    let retried = verdict.is_none() || verdict == Some(Verdict::Retry);
    assert_eq!(q.get(number_of).is_some(), retried, "{c}");
    Outcome { submitted: !due.is_empty(), verdict }
}

#[test]
fn gates() {
    let file = data("redeem_gate");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 32);
    let (mut equal, mut in_full, mut worthless, mut later) = (0, 0, 0, 0);
    for c in all {
        assert!(!flag(c, "redeemFails"), "{c}");
        let got = gate(c);
        // A redemption that pays less than the face value is not tried: the broker refuses it.
        let short = text_of(c) == "paid" && !got.submitted;
        if short {
            assert!(flag(c, "submitted"), "{c}");
            in_full += 1;
            continue;
        }
        // A ticket that was used, and is not worth a transaction, is not even looked up.
        if flag(c, "used") && number(c, "faceValue") == 0 {
            assert_eq!(got, Outcome { submitted: false, verdict: None }, "{c}");
            worthless += 1;
            continue;
        }
        // A transaction that failed on chain is tried again before the ticket is given up.
        if text(c, "checkError").starts_with("transaction failed") {
            assert_eq!(got.verdict, Some(Verdict::Retry), "{c}");
            assert!(!flag(c, "retry"), "{c}");
            later += 1;
            continue;
        }
        let asked = flag(c, "submitted") || flag(c, "used") || text_of(c) == "not asked";
        assert_eq!(got.submitted, asked, "{c}");
        let retried = got.verdict.is_none() || got.verdict == Some(Verdict::Retry);
        assert_eq!(retried, flag(c, "retry"), "{c}");
        if let Some(Verdict::Lost(why)) = got.verdict {
            assert_eq!(Some(why), maybe(c, "error"), "{c}");
        }
        equal += 1;
    }
    assert_eq!((equal, in_full, worthless, later), (27, 3, 1, 1));
}

/// How a case ended in the original: `paid`, `not asked` when the chain did not answer, or else.
fn text_of(c: &Value) -> &'static str {
    match (c["error"].is_null(), text(c, "usedError").is_empty() && text(c, "gasError").is_empty()) {
        (true, _) => "paid",
        (false, false) => "not asked",
        (false, true) => "refused",
    }
}

/// Nonces that are sent at each event, and how many tickets stay, where both differ from the original.
///
/// There the earliest ticket holds up all behind it, and is sent as often as there are tickets.
fn ours(name: &str) -> Option<Vec<(Vec<u64>, u64)>> {
    Some(match name {
        "order and head blocking" => {
            vec![(vec![], 3), (vec![2], 2), (vec![], 2), (vec![1], 1), (vec![], 1), (vec![3], 0)]
        }
        "retryable error stays at the head" => vec![(vec![1, 2, 3], 1), (vec![1], 1)],
        "non-retryable error is dropped" => vec![(vec![1, 2, 3], 1), (vec![1], 1)],
        "face value below cost blocks the head" => vec![(vec![2], 1), (vec![], 1)],
        _ => return None,
    })
}

#[test]
fn sequences_of_blocks() {
    let file = data("ticket_queue");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 9);
    let (mut events, mut differ) = (0, 0);
    for c in all {
        let mut q = Queue::new(1);
        q.set_funds(SENDER, Funds { deposit: wei(c, "deposit"), ..Funds::default() });
        for t in list(c, "tickets") {
            let nonce = u32::try_from(number(t, "nonce")).expect("nonce");
            let w =
                winner(SENDER, nonce, wei(t, "faceValue"), number(t, "expirationBlock"), number(t, "creationRound"));
            assert!(q.add(w).is_some());
        }
        let recorded: Vec<(Vec<u64>, u64)> = list(c, "events")
            .iter()
            .map(|e| (list(e, "submitted").iter().filter_map(Value::as_u64).collect(), number(e, "stillQueued")))
            .collect();
        let got: Vec<(Vec<u64>, u64)> = list(c, "events").iter().map(|e| event(&mut q, c, e)).collect();
        differ += usize::from(got != recorded);
        events += got.len();
        assert_eq!(got, ours(text(c, "name")).unwrap_or(recorded), "{c}");
    }
    assert_eq!((events, differ), (20, 4));
}

/// What is sent at a block, and how many tickets stay in the queue.
fn event(q: &mut Queue, c: &Value, e: &Value) -> (Vec<u64>, u64) {
    let view = QueueView {
        gas_price: wei(c, "txCost"),
        active: flag(c, "recipientActive"),
        ..at(number(e, "l1Block"), number(e, "round"))
    };
    q.expire(view.round);
    let mut sent = Vec::new();
    for n in q.due(&view) {
        let nonce = q.get(n).expect("due").ticket.sender_nonce.to_string();
        // A ticket that is marked as used is not sent.
        let attempt = if c["usedOnChain"][&nonce] == true {
            Attempt::NotSent("ticket already used".to_owned())
        } else {
            sent.push(nonce.parse().expect("number"));
            match c["submissionErrors"][&nonce].as_str() {
                None => Attempt::Paid,
                Some(e) if e.starts_with("transaction failed") => Attempt::Reverted(e.to_owned()),
                Some(e) => Attempt::NotSent(e.to_owned()),
            }
        };
        q.settle(n, &attempt, view.l1).expect("on its way");
    }
    (sent, q.len() as u64)
}

/// Texts of the broker that a redemption can end with, and whether a later one can go better.
const BROKER: [(&str, bool); 17] = [
    ("sender is unlocked", true),
    ("ticket recipient is null address", false),
    ("ticket sender is null address", false),
    ("recipientRand does not match recipientRandHash", false),
    ("ticket is used", false),
    ("invalid signature over ticket hash", false),
    ("ticket did not win", false),
    ("INVALID_SIGNATURE_LENGTH", false),
    ("invalid length for ticket auxData: must be 64 bytes", false),
    ("ticket creationRound does not have a block hash", false),
    ("ticket creationRoundBlockHash invalid for creationRound", false),
    ("ticket is expired", false),
    ("sender deposit and reserve insufficient to cover ticket face value", true),
    ("current round is not initialized", true),
    // The rules of March 2024.
    ("sender deposit and reserve are zero", true),
    // Reached by other calls only.
    ("ticketValidityPeriod must be greater than 0", true),
    ("msg.value does not equal sum of deposit amount and reserve amount", true),
];

/// Texts of calls that are not redemptions.
const OTHER_CALLS: [&str; 3] = ["unlock already initiated", "no unlock request in progress", "account is locked"];

/// The broker's sources.
const SOURCES: [&str; 7] = [
    include_str!("../../../../contracts/src/pm/TicketBroker.sol"),
    include_str!("../../../../contracts/src/pm/TicketBrokerBase.sol"),
    include_str!("../../../../contracts/src/pm/TicketBrokerD24.sol"),
    include_str!("../../../../contracts/src/pm/mixins/MixinContractRegistry.sol"),
    include_str!("../../../../contracts/src/pm/mixins/MixinReserve.sol"),
    include_str!("../../../../contracts/src/pm/mixins/MixinTicketBrokerCore.sol"),
    include_str!("../../../../contracts/src/pm/mixins/MixinTicketProcessor.sol"),
];

/// The texts in quotes that stand in `require` calls of a source.
fn reasons(source: &str) -> Vec<&str> {
    let calls = source.split("require(").skip(1).filter_map(|call| call.split_once(");").map(|(inside, _)| inside));
    calls.filter_map(|inside| inside.split('"').nth(1)).collect()
}

/// What the queue makes of a redemption that ended with a text.
fn verdict_of(attempt: &Attempt) -> Verdict {
    let mut q = Queue::new(0);
    q.set_funds(SENDER, Funds { deposit: Wei::new(10), ..Funds::default() });
    let n = q.add(winner(SENDER, 1, Wei::new(1), 0, 5)).expect("new");
    assert_eq!(q.due(&at(100, 5)), [n]);
    q.settle(n, attempt, L1Block(100)).expect("on its way").0
}

#[test]
fn reasons_of_the_broker() {
    let mut seen = 0;
    for reason in SOURCES.iter().flat_map(|s| reasons(s)).filter(|r| !OTHER_CALLS.contains(r)) {
        let again =
            BROKER.iter().find(|(text, _)| *text == reason).unwrap_or_else(|| panic!("{reason} is not listed")).1;
        let full = format!("execution reverted: {reason}");
        let want = if again { Verdict::Retry } else { Verdict::Lost(full.clone()) };
        assert_eq!(verdict_of(&Attempt::NotSent(full.clone())), want);
        assert_eq!(verdict_of(&Attempt::Reverted(full)), want);
        seen += 1;
    }
    assert!(seen >= BROKER.len(), "{seen} reasons");
    for (text, _) in BROKER {
        assert!(SOURCES.iter().any(|s| reasons(s).contains(&text)), "{text} is no longer in the broker");
    }
}

#[test]
fn reverts_are_counted_and_failed_dry_runs_are_not() {
    let mut q = Queue::new(0);
    q.set_funds(SENDER, Funds { deposit: Wei::new(10), ..Funds::default() });
    let n = q.add(winner(SENDER, 1, Wei::new(1), 0, 5)).expect("new");
    let mut l1 = 100;
    let mut end = |a: &Attempt| {
        l1 += 1;
        assert_eq!(q.due(&at(l1, 5)), [n]);
        assert!(q.due(&at(l1, 5)).is_empty(), "it is on its way");
        let verdict = q.settle(n, a, L1Block(l1)).expect("on its way").0;
        assert!(q.due(&at(l1, 5)).is_empty(), "the chain has not moved on");
        verdict
    };
    for _ in 0..10 {
        assert_eq!(end(&Attempt::NotSent("out of gas".into())), Verdict::Retry);
    }
    assert_eq!(end(&Attempt::Reverted("out of gas".into())), Verdict::Retry);
    assert_eq!(end(&Attempt::NotSent("no gas price".into())), Verdict::Retry);
    assert_eq!(end(&Attempt::Reverted("out of gas".into())), Verdict::Retry);
    assert_eq!(end(&Attempt::Reverted("out of gas".into())), Verdict::Lost("out of gas".into()));
    assert!(q.is_empty() && q.settle(n, &Attempt::Paid, L1Block(200)).is_none());
}

#[test]
fn stored_tickets_keep_their_numbers() {
    let mut q = Queue::new(0);
    let w = |n| winner(SENDER, n, Wei::new(1), 0, 5);
    assert!(q.restore(Queued { winner: w(1), number: 7 }));
    assert!(!q.restore(Queued { winner: w(1), number: 8 }), "the same ticket");
    assert!(!q.restore(Queued { winner: w(2), number: 7 }), "another ticket under a number in use");
    assert_eq!((q.add(w(1)), q.add(w(2)), q.add(w(2)), q.len()), (None, Some(8), None, 2));
    assert_eq!(q.get(7).map(|w| w.ticket.sender_nonce), Some(1));
    assert_eq!(q.waiting_for().collect::<Vec<_>>(), [SENDER; 2]);
}

#[test]
fn tickets_end_with_their_rounds() {
    let mut q = Queue::new(0);
    q.set_funds(SENDER, Funds { deposit: Wei::new(10), ..Funds::default() });
    for (nonce, round) in [(1, 5), (2, 6), (3, 9)] {
        q.add(winner(SENDER, nonce, Wei::new(1), 0, round)).expect("new");
    }
    assert_eq!(q.due(&at(100, 5)), [0], "rounds to come are not redeemed yet");
    assert_eq!(q.expire(Round(8)).len(), 0, "one is on its way, one good, one of a later round");
    q.settle(0, &Attempt::NotSent("no gas price".into()), L1Block(100)).expect("on its way");
    assert_eq!(q.expire(Round(7)).len(), 0);
    let gone: Vec<u64> = q.expire(Round(8)).into_iter().map(|(n, _)| n).collect();
    assert_eq!((gone, q.len()), (vec![0], 2));
}

#[test]
fn senders_that_are_not_followed_wait() {
    let mut q = Queue::new(0);
    q.add(winner(SENDER, 1, Wei::new(1), 0, 5)).expect("new");
    assert!(q.due(&at(100, 5)).is_empty());
    q.set_funds(SENDER, Funds { deposit: Wei::new(1), ..Funds::default() });
    assert!(q.due(&QueueView { active: false, ..at(100, 5) }).is_empty());
    assert_eq!(q.due(&at(100, 5)), [0]);
    assert_eq!(q.senders().map(|(a, m)| (*a, m.pending().clone())).collect::<Vec<_>>(), [(SENDER, 1.into())]);
}
