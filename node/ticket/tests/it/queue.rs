//! Redemption of winners.

use weir_ticket::monitor::Funds;
use weir_ticket::queue::{Attempt, Queue, QueueView, Queued, Verdict};
use weir_ticket::{Signature, Ticket, WinningTicket};
use weir_types::{Address, B256, L1Block, Round, U256, Wei, WinProb};

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
fn reverts_that_are_not_the_tickets_fault_are_not_counted() {
    for reason in ["current round is not initialized", "transcoder must be registered", "system is paused"] {
        let mut q = Queue::new(0);
        q.set_funds(SENDER, Funds { deposit: Wei::new(10), ..Funds::default() });
        let n = q.add(winner(SENDER, 1, Wei::new(1), 0, 5)).expect("new");
        for l1 in 100..120 {
            assert_eq!(q.due(&at(l1, 5)), [n]);
            let reverted = Attempt::Reverted(format!("execution reverted: {reason}"));
            assert_eq!(q.settle(n, &reverted, L1Block(l1)).expect("on its way").0, Verdict::Retry, "{reason}");
        }
    }
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

#[test]
fn tickets_that_are_due_go_together_and_one_that_was_skipped_alone() {
    let mut q = Queue::new(0);
    q.set_funds(SENDER, Funds { deposit: Wei::new(100), ..Funds::default() });
    for nonce in 0..5 {
        q.add(winner(SENDER, nonce, Wei::new(1), 0, 5)).expect("new");
    }
    assert_eq!(q.due_together(&at(100, 5), 2), [vec![0, 1], vec![2, 3], vec![4]]);
    assert!(q.due_together(&at(100, 5), 2).is_empty(), "they are on their way");
    let mut end = |n, attempt: Attempt| q.settle(n, &attempt, L1Block(100)).expect("on its way").0;
    assert_eq!(end(0, Attempt::Skipped), Verdict::Retry);
    assert_eq!(end(1, Attempt::Paid), Verdict::Redeemed);
    for n in 2..5 {
        assert_eq!(end(n, Attempt::NotSent("system is paused".into())), Verdict::Retry);
    }
    assert_eq!(q.due_together(&at(101, 5), 3), [vec![0], vec![2, 3, 4]]);
    // However often: a batch that goes wrong says nothing against a ticket.
    for l1 in 101..110 {
        assert_eq!(q.settle(0, &Attempt::Skipped, L1Block(l1)).expect("on its way").0, Verdict::Retry);
        assert_eq!(q.due_together(&at(l1 + 1, 5), 3), [[0]]);
    }
}
