//! Ways in which a node could lose money, one test each.

use weir_market::admission::AdmissionConfig;
use weir_market::price::PriceList;
use weir_roles::gateway::{self, GatewayConfig};
use weir_roles::io::Message;
use weir_roles::orchestrator::{Orchestrator, OrchestratorConfig};
use weir_roles::redeemer::{Input, Redeemer};
use weir_roles::{ChainEvent, ChainHead, Observation, RoundInfo, TxOutcome};
use weir_ticket::recipient::RecipientConfig;
use weir_types::{Entropy, L1Block, Millis, Price, Round, Wei};

use crate::orchestrator::Hand;
use crate::redeemer::{mined, redemptions, won};
use crate::support::{PRICE, REDEEM_GAS, World, round, tickets};

/// Redemptions that ended, and how.
fn ended(w: &World) -> Vec<Option<String>> {
    w.observed()
        .filter_map(|(_, o)| match o {
            Observation::Redemption { error, .. } => Some(error.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn winners_survive_a_restart_and_need_no_word_from_their_sender() {
    let mut w = won();
    let waiting = w.nodes[0].redeemer.len();
    let (address, disk) = (w.nodes[0].key.address(), w.nodes[0].disk.clone());
    w.nodes[0].redeemer = Redeemer::restore(address, REDEEM_GAS, &disk).expect("what was stored reads");
    // The gateway is gone: only the chain speaks from here on.
    w.l1 = 1_040;
    let head = ChainEvent::Head(w.head());
    for e in [ChainEvent::Round(round(10)), ChainEvent::ActiveSet(w.entries().into()), head.clone(), head] {
        w.tell_redeemer(0, Input::Chain(e));
    }
    assert_eq!(redemptions(&w).len(), waiting);
}

#[test]
fn a_ticket_that_fails_holds_none_of_the_others_up() {
    let mut w = won();
    let waiting = w.nodes[0].redeemer.len();
    w.l1(1_040);
    let sent = redemptions(&w);
    let reason = "ticket is expired".to_owned();
    w.tell_redeemer(0, Input::Tx { id: sent[0].0, outcome: TxOutcome::Refused { reason: reason.clone() } });
    let reverted = "transcoder must be registered".to_owned();
    w.tell_redeemer(
        0,
        Input::Tx { id: sent[1].0, outcome: TxOutcome::Reverted { reason: reverted, fee: Wei::new(1) } },
    );
    for (id, _) in &sent[2..] {
        w.tell_redeemer(0, Input::Tx { id: *id, outcome: mined() });
    }
    let paid = ended(&w).iter().filter(|e| e.is_none()).count();
    assert_eq!((paid, w.nodes[0].redeemer.len()), (waiting - 2, 1));
    assert!(ended(&w).contains(&Some(reason)), "what is lost is said");
    w.l1(1_042);
    assert_eq!(redemptions(&w).len(), waiting + 1, "one is tried again, once a block, and nothing else is");
}

#[test]
fn several_redemptions_are_on_their_way_at_once() {
    let mut w = won();
    let waiting = w.nodes[0].redeemer.len();
    w.l1(1_040);
    assert!(waiting >= 3);
    assert_eq!(redemptions(&w).len(), waiting, "none waits for another's receipt");
}

#[test]
fn tickets_wait_for_a_round_that_nobody_initialised_and_go_with_it() {
    let mut w = won();
    let waiting = w.nodes[0].redeemer.len();
    // Round 10 ends at 1,100: redemptions would be refused from there on, however often they are tried.
    w.l1(1_100);
    w.l1(1_150);
    assert_eq!(redemptions(&w), []);
    let next = RoundInfo { start_block: L1Block(1_100), ..round(11) };
    w.chain(&ChainEvent::Round(next));
    assert_eq!(redemptions(&w).len(), waiting, "with the round, and not a block later");
    // A chain that says so after all is believed, and the tickets are kept through any number of tries.
    for l1 in 1_151..1_170 {
        for (id, _) in redemptions(&w).split_off((l1 as usize - 1_151) * waiting) {
            let reason = "execution reverted: current round is not initialized".to_owned();
            w.tell_redeemer(0, Input::Tx { id, outcome: TxOutcome::Reverted { reason, fee: Wei::new(1) } });
        }
        assert_eq!(w.nodes[0].redeemer.len(), waiting);
        w.l1(l1 + 1);
    }
    for (id, _) in redemptions(&w).split_off(19 * waiting) {
        let reason = "current round is not initialized".to_owned();
        w.tell_redeemer(0, Input::Tx { id, outcome: TxOutcome::Refused { reason } });
    }
    assert_eq!(ended(&w), []);
    // Rounds that were skipped altogether cost what they cost, for all to see.
    w.chain(&ChainEvent::Round(RoundInfo { round: Round(13), ..next }));
    assert_eq!(ended(&w), vec![Some("ticket is expired".to_owned()); waiting]);
}

#[test]
fn a_session_that_can_never_be_chosen_stops_no_refresh() {
    let mut config = GatewayConfig::default();
    config.selection.max_price = Price::new(2 * PRICE, 1);
    let mut w = World::with(2, crate::support::funds(5, 50), config, 10);
    // One is too dear for this gateway; the other does not answer when the stream begins.
    let (dear, mut rng) = (w.nodes[0].key.clone(), Entropy::from_seed([3; 32]));
    let prices = PriceList::new(Price::new(10 * PRICE, 1), false);
    let config = OrchestratorConfig { prices, admission: AdmissionConfig::default(), tickets: tickets() };
    w.nodes[0].orchestrator = Orchestrator::new(config, Box::new(dear), &mut rng);
    w.nodes[1].manners.silent = true;
    let [head, entries] = [ChainEvent::Head(w.head()), ChainEvent::ActiveSet(w.entries().into())];
    for e in [head, ChainEvent::Round(round(10)), entries] {
        w.chain(&e);
    }
    w.start(1);
    w.run(Millis::from_secs(10));
    w.nodes[1].manners.silent = false;
    for seq in 0..3 {
        w.segment(1, seq);
        w.run(Millis::from_secs(10));
    }
    let by = Some(w.nodes[1].key.address());
    let served = w.results().into_iter().filter(|(who, _, error)| *who == by && error.is_none()).count();
    assert!(served >= 2, "{:?}", w.results());
}

#[test]
fn a_failed_job_gives_its_place_back_at_once() {
    let mut h = Hand::new();
    let config = OrchestratorConfig {
        prices: PriceList::new(Price::new(PRICE, 1), true),
        admission: AdmissionConfig { max_sessions: 1, ..AdmissionConfig::default() },
        tickets: tickets(),
    };
    let (key, mut rng) = (h.w.nodes[0].key.clone(), Entropy::from_seed([4; 32]));
    h.w.nodes[0].orchestrator = Orchestrator::new(config, Box::new(key), &mut rng);
    for e in [ChainEvent::Head(h.w.head()), ChainEvent::Round(round(10)), ChainEvent::ActiveSet(h.w.entries().into())] {
        h.w.chain(&e);
    }
    h.w.nodes[0].manners.fails = Some("no device".to_owned());
    let info = h.ask();
    assert_eq!(h.send(h.order(&info, 0, 1..=5)), None);
    assert_eq!(h.w.nodes[0].orchestrator.sessions(), 1);
    h.w.run(Millis::from_secs(1));
    assert_eq!(h.w.nodes[0].orchestrator.sessions(), 0);
    h.w.nodes[0].manners.fails = None;
    let info = h.ask();
    assert_eq!(h.send(h.order(&info, 1, 1..=5)), None, "there is room");
}

#[test]
fn no_session_becomes_free_by_a_payment_without_tickets() {
    let mut h = Hand::new();
    let first = h.ask();
    assert!(!first.price.is_free());
    // Ten tickets pay for more than one segment, so that the next needs none.
    assert_eq!(h.send(h.order(&first, 0, 1..=10)), None);
    h.w.run(Millis::from_secs(1));
    assert_eq!(h.send(h.order(&first, 1, 1..1)), None);
    h.w.run(Millis::from_secs(1));
    let answers: Vec<Price> =
        h.w.sent()
            .filter_map(|(_, _, m)| match m {
                Message::Transcoded { info: Some(i), .. } => Some(i.price.clone()),
                _ => None,
            })
            .collect();
    assert_eq!(answers, [first.price.clone(), first.price.clone()]);
    // A payment that names another price, or none, changes nothing either.
    let mut order = h.order(&first, 2, 1..1);
    order.payment.expected_price = None;
    h.send(order);
    h.w.run(Millis::from_secs(1));
    let fees = h.w.observed().filter(|(_, o)| matches!(o, Observation::Debited { fee, .. } if fee.is_positive()));
    let served = h.w.observed().filter(|(_, o)| matches!(o, Observation::Served { .. }));
    assert_eq!(fees.count(), served.count(), "whatever is served is paid for");
}

#[test]
fn a_spike_of_the_gas_price_lowers_the_face_value_and_turns_no_sender_away() {
    // 350,000 gas at 1,000 gwei, a hundred times, are 35 ether: the gateway has a deposit of 5.
    let mut w = World::new(1);
    w.chain(&ChainEvent::Head(ChainHead { l1: L1Block(1_001), gas_price: Wei::new(1_000_000_000_000) }));
    w.stream(1, 5);
    assert_eq!(w.results().iter().filter(|r| r.2.is_none()).count(), 5, "{:?}", w.results());
    let deposit = Wei::from_whole(5);
    let asked: Vec<Wei> = w
        .sent()
        .filter_map(|(_, _, m)| match m {
            Message::Info { result: Ok(i), .. } => i.ticket_params.as_ref().map(|p| p.face_value),
            _ => None,
        })
        .collect();
    assert!(!asked.is_empty() && asked.iter().all(|v| *v == deposit), "{asked:?}");
}

#[test]
fn low_face_values_are_asked_for_through_a_spike() {
    // Worth a redemption at the usual 0.015 gwei and not at 1,000 gwei, nor at the 3 gwei of the original's rule.
    let low = Wei::new(100_000_000_000_000);
    let mut w = World::new(1);
    let (key, mut rng) = (w.nodes[0].key.clone(), Entropy::from_seed([5; 32]));
    let config = OrchestratorConfig {
        prices: PriceList::new(Price::new(PRICE, 1), false),
        admission: AdmissionConfig::default(),
        tickets: RecipientConfig { max_face_value: low, ..tickets() },
    };
    w.nodes[0].orchestrator = Orchestrator::new(config, Box::new(key), &mut rng);
    for e in [ChainEvent::Head(w.head()), ChainEvent::Round(round(10)), ChainEvent::ActiveSet(w.entries().into())] {
        w.chain(&e);
    }
    for l1 in 1_001..1_020 {
        w.chain(&ChainEvent::Head(ChainHead { l1: L1Block(l1), gas_price: Wei::new(1_000_000_000_000) }));
    }
    w.stream(1, 3);
    assert_eq!(w.results().iter().filter(|r| r.2.is_none()).count(), 3, "{:?}", w.results());
}

#[test]
fn the_cost_of_a_redemption_is_learnt_from_the_last_ones() {
    let mut w = won();
    w.l1(1_040);
    let gas = 600_000;
    let fee = Wei::new(gas * 15_000_000);
    let (id, _) = redemptions(&w)[0].clone();
    w.tell_redeemer(0, Input::Tx { id, outcome: TxOutcome::Mined { fee } });
    assert_eq!(w.nodes[0].redeemer.redeem_gas(), 600_000);
    let (id, _) = redemptions(&w)[1].clone();
    w.tell_redeemer(0, Input::Tx { id, outcome: mined() });
    assert_eq!(w.nodes[0].redeemer.redeem_gas(), 525_000, "one that seems to cost nothing is half believed");
}

#[test]
fn an_answer_counts_only_from_whom_was_asked() {
    let mut w = World::new(2);
    w.tell_gateway(gateway::Input::StreamStart { stream: 1, profiles: crate::support::ladder() });
    let asked = w.sent().find_map(|(_, to, m)| match m {
        Message::GetOrchestrator { request, .. } => Some((to, *request)),
        _ => None,
    });
    let (to, request) = asked.expect("somebody is asked");
    let other = weir_roles::Peer(1 - to.0);
    w.nodes[other.0 as usize].manners.silent = true;
    let result = Err("I am somebody else".to_owned());
    w.tell_gateway(gateway::Input::Message { from: other, message: Box::new(Message::Info { request, result }) });
    w.run(Millis(700));
    w.segment(1, 0);
    w.run(Millis::from_secs(5));
    assert_eq!(w.results().iter().filter(|r| r.2.is_none()).count(), 1);
}
