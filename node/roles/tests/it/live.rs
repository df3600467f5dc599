//! Live sessions: a minute ahead, by interval after it, and stopped when nobody pays or nobody feeds them.

use std::collections::BTreeMap;

use weir_market::price::ModelKey;
use weir_roles::gateway;
use weir_roles::io::{Asked, LiveNews, Message, ModelOffer, Rate};
use weir_roles::{ChainEvent, Observation, Peer};
use weir_ticket::Value;
use weir_types::{Credit, Millis, Pixels, Price, Round};
use weir_wire::Capability;

use crate::support::{GATEWAY, Seen, World, funds};

/// Wei for so many units as a second has: ten seconds cost three tickets, and a minute less than what gateways pay at
/// once.
const PER_SECOND: u64 = 300_000_000_000;

/// Units of a second of 30 frames of 1280 by 720.
const LIVE_UNITS_PER_SECOND: u64 = 27_648_000;

fn model() -> ModelKey {
    ModelKey::new(Capability::LIVE_VIDEO_TO_VIDEO.0, "noop")
}

fn world(orchestrators: usize) -> World {
    world_at(orchestrators, Rate::Pixels, &Price::new(PER_SECOND, LIVE_UNITS_PER_SECOND).expect("a price"))
}

fn world_at(orchestrators: usize, rate: Rate, price: &Price) -> World {
    let mut w = World::new(orchestrators);
    w.offer_models(|_| {
        let (offer, price) = (ModelOffer { capacity: 1, warm: true, rate }, price.clone());
        (BTreeMap::from([(model(), offer)]), vec![(model(), price)])
    });
    w
}

fn start(w: &mut World) {
    w.tell_gateway(gateway::Input::LiveStart { stream: 9, model: model() });
    w.run(Millis::from_secs(2));
}

/// Input segments, one a second; each brings output where `output` is set.
fn feed(w: &mut World, seconds: u64, output: bool) {
    for seq in 0..seconds {
        w.tell_gateway(gateway::Input::LiveInput { stream: 9, seq });
        if output && let Some((from, manifest)) = session(w) {
            let message = Box::new(Message::Live { manifest, news: LiveNews::Output { seq } });
            w.tell_gateway(gateway::Input::Message { from, message });
        }
        w.run(Millis::from_secs(1));
    }
}

/// Who works on the session now, and its name.
fn session(w: &World) -> Option<(Peer, u64)> {
    let at = |(from, _, m): (Peer, Peer, &Message)| match m {
        Message::OrderDone { result: Ok(weir_roles::io::Answer::Live { manifest }), .. } => Some((from, *manifest)),
        _ => None,
    };
    w.sent().filter_map(at).last()
}

fn payments(w: &World) -> usize {
    w.sent().filter(|(_, _, m)| matches!(m, Message::Order(o) if matches!(o.asked, Asked::Credit { .. }))).count()
}

fn working(w: &World) -> Vec<usize> {
    w.nodes.iter().map(|n| n.orchestrator.live_sessions()).collect()
}

fn ended(w: &World) -> Option<(u64, Option<String>)> {
    w.observed().find_map(|(_, o)| match o {
        Observation::LiveDone { orchestrators, error, .. } => Some((*orchestrators, error.clone())),
        _ => None,
    })
}

fn swaps(w: &World) -> usize {
    w.observed().filter(|(_, o)| matches!(o, Observation::Swapped { .. })).count()
}

#[test]
fn a_session_is_paid_a_minute_ahead_and_by_interval() {
    let mut w = world(1);
    start(&mut w);
    feed(&mut w, 60, true);
    assert_eq!(working(&w), [1]);
    let (_, manifest) = session(&w).expect("it runs");
    let debits: Vec<Value> = w
        .observed()
        .filter_map(|(_, o)| match o {
            Observation::Debited { session, fee, .. } if *session == manifest => Some(fee.clone()),
            _ => None,
        })
        .collect();
    // Twelve intervals of five seconds, less the last one, which is not over at the last segment.
    assert!((10..=12).contains(&debits.len()), "{}", debits.len());
    let price = w.quoted(0);
    let five = Value::fee(&price, Pixels(5 * LIVE_UNITS_PER_SECOND));
    assert!(debits.iter().all(|fee| *fee >= five), "whole intervals");
    // The credit is a minute again after each payment, of which an interval may be used.
    let credit = w.nodes[0].orchestrator.credit(w.gateway_key.address(), manifest);
    let minute = Value::fee(&price, Pixels(60 * LIVE_UNITS_PER_SECOND)).credit();
    let less = Credit(&minute.0 - Value::fee(&price, Pixels(6 * LIVE_UNITS_PER_SECOND)).credit().0);
    assert!(credit >= less, "{credit} of {minute}");
    assert!(payments(&w) >= 10, "{}", payments(&w));
    w.tell_gateway(gateway::Input::LiveEnd { stream: 9 });
    w.run(Millis::from_secs(1));
    assert_eq!((working(&w), ended(&w)), (vec![0], Some((1, None))));
    assert!(w.seen.iter().any(|s| matches!(s, Seen::Stopped(0))), "the model is stopped");
    assert_eq!(w.nodes[0].orchestrator.in_use(&model()), 0);
}

fn debits(w: &World) -> Vec<Value> {
    let fee = |o: &Observation| if let Observation::Debited { fee, .. } = o { Some(fee.clone()) } else { None };
    w.observed().filter_map(|(_, o)| fee(o)).collect()
}

#[test]
fn seconds_are_paid_like_pixels_and_a_fixed_price_once() {
    let mut w = world_at(1, Rate::Seconds, &Price::new(PER_SECOND, 1).expect("a price"));
    start(&mut w);
    feed(&mut w, 60, true);
    assert_eq!(working(&w), [1]);
    let price = w.quoted(0);
    assert!(debits(&w).len() >= 10 && debits(&w).iter().all(|fee| *fee >= Value::fee(&price, Pixels(5))));
    assert!(payments(&w) >= 10, "{}", payments(&w));

    let mut w = world_at(1, Rate::Fixed, &Price::new(PER_SECOND * 10, 1).expect("a price"));
    start(&mut w);
    feed(&mut w, 200, true);
    assert_eq!(working(&w), [1], "it lasts as long as it does");
    assert_eq!((debits(&w), payments(&w)), (vec![Value::fee(&w.quoted(0), Pixels(1))], 0));
    let (_, manifest) = session(&w).expect("it runs");
    let recipient = w.nodes[0].key.address();
    let ours = w.gateway.book(recipient, manifest | 1 << 63);
    assert_eq!(ours.balance, w.nodes[0].orchestrator.credit(w.gateway_key.address(), manifest), "both books agree");
}

#[test]
fn an_unpaid_session_is_stopped_when_its_minute_is_over() {
    let mut w = world(1);
    start(&mut w);
    // The gateway's money is about to leave: it signs no more tickets.
    let unlocking = weir_roles::SenderFunds { withdraw_round: Round(11), ..funds(5, 50) };
    let sender = w.gateway_key.address();
    w.tell_gateway(gateway::Input::Chain(ChainEvent::Funds { sender, funds: unlocking }));
    feed(&mut w, 90, true);
    assert_eq!(payments(&w), 0);
    assert_eq!(working(&w), [0]);
    let closed = w.sent().find_map(|(_, _, m)| match m {
        Message::Live { news: LiveNews::Closed { why }, .. } => Some(why.clone()),
        _ => None,
    });
    assert_eq!(closed.as_deref(), Some("insufficient balance"));
    let (_, manifest) = session(&w).expect("it ran");
    let credit = w.nodes[0].orchestrator.credit(sender, manifest);
    assert!(credit >= Credit::zero(), "no second was worked for nothing: {credit}");
    let (_, error) = ended(&w).expect("it is over");
    assert!(error.as_ref().is_some_and(|e| e.contains("unlock soon")), "{error:?}");
}

#[test]
fn a_lost_payment_is_made_up_for() {
    let mut w = world(1);
    start(&mut w);
    feed(&mut w, 10, true);
    w.drop_next = Some(|m| matches!(m, Message::Order(o) if matches!(o.asked, Asked::Credit { .. })));
    feed(&mut w, 100, true);
    assert_eq!(working(&w), [1], "it never ran dry");
    assert!(w.drop_next.is_none(), "one was lost");
    let (_, manifest) = session(&w).expect("it runs");
    let credit = w.nodes[0].orchestrator.credit(w.gateway_key.address(), manifest);
    let price = w.quoted(0);
    let most = Value::fee(&price, Pixels(50 * LIVE_UNITS_PER_SECOND)).credit();
    assert!(credit >= most, "{credit}");
}

#[test]
fn a_session_without_output_goes_to_another_orchestrator() {
    let mut w = world(2);
    start(&mut w);
    let (first, _) = session(&w).expect("it runs");
    feed(&mut w, 35, false);
    let (second, _) = session(&w).expect("it runs");
    assert_ne!(first, second);
    assert_eq!(swaps(&w), 1);
    assert_eq!(working(&w).iter().sum::<usize>(), 1, "the first one was told");
    feed(&mut w, 20, true);
    w.tell_gateway(gateway::Input::LiveEnd { stream: 9 });
    assert_eq!(ended(&w), Some((2, None)));
}

#[test]
fn a_session_that_nobody_feeds_gives_its_place_back() {
    let mut w = world(1);
    start(&mut w);
    feed(&mut w, 3, true);
    assert_eq!(w.nodes[0].orchestrator.in_use(&model()), 1);
    // The gateway is gone without a word.
    w.run(Millis::from_secs(299));
    w.l1(w.l1 + 1);
    assert_eq!(working(&w), [1]);
    w.run(Millis::from_secs(60));
    w.l1(w.l1 + 1);
    assert_eq!((working(&w), w.nodes[0].orchestrator.in_use(&model())), (vec![0], 0));
}

#[test]
fn too_many_changes_end_the_stream() {
    let mut w = world(6);
    start(&mut w);
    feed(&mut w, 200, false);
    let (orchestrators, error) = ended(&w).expect("it is over");
    assert_eq!((orchestrators, swaps(&w)), (3, 2));
    assert!(error.as_ref().is_some_and(|e| e.contains("too many swaps")), "{error:?}");
    w.run(Millis::from_secs(1));
    assert_eq!(working(&w).iter().sum::<usize>(), 0);
}

#[test]
fn no_place_is_left_for_a_second_session() {
    let mut w = world(1);
    start(&mut w);
    w.tell_gateway(gateway::Input::LiveStart { stream: 10, model: model() });
    w.run(Millis::from_secs(8));
    let (_, error) = ended(&w).expect("the second one ends");
    assert!(error.as_ref().is_some_and(|e| e.contains("no orchestrators available")), "{error:?}");
    assert_eq!(working(&w), [1]);
}

#[test]
fn strangers_neither_pay_for_a_session_nor_end_it() {
    let mut w = world(1);
    start(&mut w);
    let (_, manifest) = session(&w).expect("it runs");
    for news in [LiveNews::End, LiveNews::Input { seq: 1 }] {
        let message = Box::new(Message::Live { manifest, news });
        let from = Peer(GATEWAY.0 + 1);
        w.tell_orchestrator(0, weir_roles::orchestrator::Input::Message { from, message });
    }
    assert_eq!(working(&w), [1]);
}
