//! Winning tickets between the stream and the chain.

use weir_roles::io::{Message, Standing};
use weir_roles::redeemer::{Input, Redeemer};
use weir_roles::{ChainEvent, Effect, Effects, Observation, TxIntent, TxOutcome};
use weir_ticket::WinningTicket;
use weir_types::{Entropy, Instant, Millis, Round, Wei};

use crate::support::{REDEEM_GAS, Seen, World, funds, round};

/// A world in which winning tickets were won and stored.
pub(crate) fn won() -> World {
    let mut w = World::new(1);
    // One ticket in 525 wins: enough streams for some.
    for stream in 0..30 {
        w.stream(stream, 30);
    }
    let winners: u64 = w
        .observed()
        .map(|(_, o)| match o {
            Observation::Credited { won, .. } => *won,
            _ => 0,
        })
        .sum();
    assert!(winners >= 3, "{winners} winners among the tickets of the test");
    assert_eq!(w.nodes[0].redeemer.len() as u64, winners);
    assert_eq!(w.nodes[0].disk.len() as u64, winners, "every winner is stored");
    w
}

pub(crate) fn redemptions(w: &World) -> Vec<(weir_roles::TxId, WinningTicket)> {
    w.submitted()
        .into_iter()
        .filter_map(|(_, id, intent)| match intent {
            TxIntent::Redeem { ticket, sig, recipient_rand } => {
                Some((id, WinningTicket { ticket: *ticket, sig, recipient_rand }))
            }
            _ => None,
        })
        .collect()
}

pub(crate) fn mined() -> TxOutcome {
    TxOutcome::Mined { fee: Wei::new(1) }
}

#[test]
fn a_winner_waits_until_its_parameters_hold_no_longer() {
    let mut w = won();
    w.l1(1_039);
    assert_eq!(redemptions(&w), [], "shown now, the preimage would tell which other tickets win");
    w.l1(1_040);
    let sent = redemptions(&w);
    assert_eq!(sent.len(), w.nodes[0].redeemer.len());
    for (_, t) in &sent {
        assert!(t.ticket.wins(&t.sig, t.recipient_rand));
        assert_eq!(weir_ticket::ticket::rand_hash(t.recipient_rand), t.ticket.recipient_rand_hash);
    }
    // More blocks bring no second transaction for what is on its way.
    w.l1(1_041);
    assert_eq!(redemptions(&w).len(), sent.len());
    for (id, _) in sent {
        w.tell_redeemer(0, Input::Tx { id, outcome: mined() });
    }
    assert!(w.nodes[0].redeemer.is_empty());
    assert!(w.nodes[0].disk.is_empty(), "what is paid needs no record");
}

#[test]
fn a_winner_is_stored_before_anything_is_done_with_it() {
    let w = won();
    let mut stored = 0;
    for s in &w.seen {
        match s {
            Seen::Persisted(true) => stored += 1,
            Seen::Submitted(..) => assert!(stored > 0),
            _ => {}
        }
    }
    assert!(stored > 0);
}

#[test]
fn a_crash_loses_no_ticket_and_pays_none_twice() {
    let mut w = won();
    w.l1(1_040);
    let sent = redemptions(&w);
    // The first is paid and known to be; the others are on their way when the node dies.
    w.tell_redeemer(0, Input::Tx { id: sent[0].0, outcome: mined() });
    let disk = w.nodes[0].disk.clone();
    assert_eq!(disk.len(), sent.len() - 1);
    let address = w.nodes[0].key.address();
    w.nodes[0].redeemer = Redeemer::restore(address, REDEEM_GAS, &disk).expect("records are whole");
    let before = w.submitted().len();
    w.chain(&ChainEvent::Round(round(10)));
    let entries = w.entries();
    w.chain(&ChainEvent::ActiveSet(entries.into()));
    w.l1(1_041);
    // Senders are known from the first head on; the next one brings the redemptions at the latest.
    w.l1(1_042);
    let again: Vec<_> = redemptions(&w).split_off(before);
    let mut want: Vec<_> = sent[1..].iter().map(|s| s.1.sig).collect();
    let mut have: Vec<_> = again.iter().map(|s| s.1.sig).collect();
    want.sort();
    have.sort();
    assert_eq!(have, want);
    // One of them had made it before the crash: the contract says so, and that is the end of it.
    w.tell_redeemer(
        0,
        Input::Tx { id: again[0].0, outcome: TxOutcome::Refused { reason: "ticket is used".to_owned() } },
    );
    assert_eq!(w.nodes[0].disk.len(), sent.len() - 2);
    let last = w.observed().filter(|(_, o)| matches!(o, Observation::Redemption { .. })).last();
    assert!(matches!(last, Some((_, Observation::Redemption { error: None, .. }))), "it was paid: {last:?}");
}

#[test]
fn a_damaged_record_is_an_error_and_not_a_lost_ticket() {
    let w = won();
    let mut disk = w.nodes[0].disk.clone();
    let key = disk.keys().next().expect("a ticket").clone();
    disk.get_mut(&key).expect("a ticket").truncate(20);
    let error = Redeemer::restore(w.nodes[0].key.address(), REDEEM_GAS, &disk).expect_err("half a ticket");
    assert_eq!(error.key, key);
    assert!(error.to_string().contains(&key));
}

#[test]
fn a_failure_that_may_pass_is_tried_again_and_a_final_one_is_not() {
    let cases = [
        ("current round is not initialized", true),
        ("the endpoint is down", true),
        ("ticket is expired", false),
        ("ticket creationRound does not have a block hash", false),
    ];
    for (reason, again) in cases {
        let mut w = won();
        w.l1(1_040);
        let (id, ticket) = redemptions(&w).remove(0);
        let count = |w: &World| redemptions(w).iter().filter(|r| r.1.sig == ticket.sig).count();
        w.tell_redeemer(0, Input::Tx { id, outcome: TxOutcome::Refused { reason: reason.to_owned() } });
        w.l1(1_042);
        assert_eq!(count(&w) > 1, again, "{reason}");
        let given_up =
            w.observed().any(|(_, o)| matches!(o, Observation::Redemption { error: Some(e), .. } if e == reason));
        assert_eq!(given_up, !again, "{reason}");
    }
}

#[test]
fn a_ticket_out_of_its_rounds_is_given_up_with_its_reason() {
    let mut w = won();
    let waiting = w.nodes[0].redeemer.len();
    w.chain(&ChainEvent::Round(round(12)));
    assert_eq!(w.nodes[0].redeemer.len(), waiting, "two rounds later it is still good");
    w.chain(&ChainEvent::Round(round(13)));
    assert!(w.nodes[0].redeemer.is_empty());
    assert!(w.nodes[0].disk.is_empty());
    let lost = w
        .observed()
        .filter(|(_, o)| matches!(o, Observation::Redemption { error: Some(e), .. } if e == "ticket is expired"))
        .count();
    assert_eq!(lost, waiting);
}

#[test]
fn an_orchestrator_hears_what_a_sender_is_good_for_whenever_that_changes() {
    let mut redeemer = Redeemer::new(crate::support::key(1).address(), REDEEM_GAS);
    let mut rng = Entropy::from_seed([1; 32]);
    let sender = crate::support::key(2).address();
    let mut tell = |input: Input| {
        let mut out = Effects::new();
        redeemer.handle(Instant::ZERO + Millis(1), input, &mut rng, &mut out);
        out.drain().collect::<Vec<_>>()
    };
    let standing = |max_float: u64, withdraw_round: u64| Effect::Standing {
        sender,
        standing: Standing {
            max_float: Wei::from_whole(max_float),
            deposit: Wei::from_whole(1),
            withdraw_round: Round(withdraw_round),
            redeem_gas: None,
        },
    };
    assert_eq!(tell(Input::Monitor(sender)), [Effect::WatchSender(sender)]);
    assert_eq!(tell(Input::Chain(ChainEvent::Round(round(10)))), [], "nothing is known yet");
    let known = funds(1, 50);
    assert_eq!(tell(Input::Chain(ChainEvent::Funds { sender, funds: known })), [standing(5, 0)]);
    assert_eq!(tell(Input::Monitor(sender)), [standing(5, 0)]);
    let larger = weir_roles::RoundInfo { pool_size: 50, ..round(11) };
    assert_eq!(tell(Input::Chain(ChainEvent::Round(larger))), [standing(1, 0)]);
    let leaving = weir_roles::SenderFunds { withdraw_round: Round(20), ..known };
    assert_eq!(tell(Input::Chain(ChainEvent::Funds { sender, funds: leaving })), [standing(1, 20)]);
}

#[test]
fn face_values_follow_what_redemptions_cost() {
    let mut w = won();
    let asked = |w: &World| {
        let of = |m: &Message| match m {
            Message::Info { result: Ok(i), .. } => i.ticket_params.as_ref().map(|p| p.face_value),
            _ => None,
        };
        w.sent().filter_map(|(_, _, m)| of(m)).last().expect("there was an answer")
    };
    let worth = |gas: u64| Wei::new(u128::from(gas) * 15_000_000 * 100);
    assert_eq!(asked(&w), worth(REDEEM_GAS), "what is configured, until a redemption is in a block");
    w.l1(1_040);
    for (gas, want) in [(800_000, 800_000), (100_000, 700_000)] {
        let (id, _) = redemptions(&w).remove(usize::from(gas == 100_000));
        let fee = Wei::new(u128::from(gas) * 15_000_000);
        w.tell_redeemer(0, Input::Tx { id, outcome: TxOutcome::Mined { fee } });
        w.stream(100 + gas, 1);
        assert_eq!(asked(&w), worth(want));
    }
}
