//! Jobs of models: paid ahead, done, debited, and tried with one orchestrator after another.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_market::price::{MaxPrice, ModelKey};
use weir_market::units;
use weir_roles::gateway::{self, GatewayConfig, JobConfig};
use weir_roles::io::{Asked, JobMeta, Message, ModelOffer, Order, Rate, Refusal};
use weir_roles::{ChainEvent, Observation, Peer};
use weir_ticket::{Payment, PriceInfo, TicketParams, Value};
use weir_types::{Credit, L1Block, Millis, Pixels, Price};
use weir_wire::Capability;

use crate::support::{GATEWAY, PRICE, Seen, World};

const MODEL: &str = "stabilityai/sd-turbo";

pub(crate) fn key() -> ModelKey {
    ModelKey::new(Capability::TEXT_TO_IMAGE.0, MODEL)
}

/// A picture of 512 by 512.
fn job(number: u64) -> JobMeta {
    let work = units::Job::TextToImage { height: Some(512), width: Some(512), images: Some(1) };
    JobMeta { number, model: MODEL.to_owned(), work, bytes: 200 }
}

const UNITS: u64 = 512 * 512;

/// Orchestrators that have the model, at some prices.
fn world_with(prices: &[u64], config: GatewayConfig, capacity: u64) -> World {
    let mut w = World::with(prices.len(), crate::support::funds(5, 50), config, 10);
    w.offer_models(|n| {
        let offer = ModelOffer { capacity, warm: true, rate: Rate::default() };
        (BTreeMap::from([(key(), offer)]), vec![(key(), Price::new(prices[n], 1).expect("a price"))])
    });
    w
}

fn world(prices: &[u64]) -> World {
    world_with(prices, GatewayConfig::default(), 2)
}

/// What became of jobs, in order: by whom, how many tickets, why not.
fn done(w: &World) -> Vec<(u64, Option<usize>, u64, Option<String>)> {
    let who = |a: weir_types::Address| w.nodes.iter().position(|n| n.key.address() == a);
    w.observed()
        .filter_map(|(_, o)| match o {
            Observation::JobDone { number, orchestrator, tickets, error, .. } => {
                Some((*number, orchestrator.and_then(who), *tickets, error.clone()))
            }
            _ => None,
        })
        .collect()
}

fn run(w: &mut World, number: u64) {
    w.tell_gateway(gateway::Input::Job(Arc::new(job(number))));
    w.run(Millis::from_secs(3));
}

fn debited(w: &World) -> Vec<Value> {
    let fee = |o: &Observation| if let Observation::Debited { fee, .. } = o { Some(fee.clone()) } else { None };
    w.observed().filter_map(|(_, o)| fee(o)).collect()
}

#[test]
fn jobs_are_paid_ahead_and_debited_by_their_units() {
    let mut w = world(&[PRICE]);
    for number in 0..5 {
        run(&mut w, number);
    }
    let done = done(&w);
    assert_eq!(done.len(), 5);
    assert!(done.iter().all(|(_, by, _, error)| (*by, error) == (Some(0), &None)), "{done:?}");
    let price = w.quoted(0);
    assert!(debited(&w).iter().all(|fee| *fee == Value::fee(&price, Pixels(UNITS))), "the units of the request");
    assert_eq!(debited(&w).len(), 5);
    // Both books say the same, and the credit that is left is less than a ticket and what a job is paid ahead.
    let o = w.nodes[0].orchestrator.model_credit(w.gateway_key.address(), &key());
    assert!(o >= Credit::zero(), "nothing was done on credit: {o}");
    let session = w.sent().find_map(|(_, _, m)| if let Message::Order(o) = m { Some(o.auth.session_id) } else { None });
    let ours = w.gateway.book(w.nodes[0].key.address(), session.expect("an order"));
    assert_eq!((ours.balance, ours.in_flight), (o, Credit::zero()));
}

#[test]
fn nonces_are_stored_before_tickets_leave_and_forgotten_with_their_parameters() {
    let mut w = world(&[PRICE]);
    run(&mut w, 1);
    let stored = w.seen.iter().position(|s| matches!(s, Seen::Persisted(true))).expect("a record");
    let sent = w.seen.iter().position(|s| matches!(s, Seen::Sent(GATEWAY, _, m) if matches!(**m, Message::Order(_))));
    assert!(stored < sent.expect("an order"), "the record comes first");
    assert_eq!(w.gateway_disk.len(), 1);
    w.l1(w.l1 + 41);
    assert!(w.gateway_disk.is_empty(), "{:?}", w.gateway_disk.keys());
}

#[test]
fn an_orchestrator_that_fails_keeps_the_credit_and_another_one_does_the_job() {
    let mut w = world(&[PRICE, PRICE]);
    w.nodes[0].manners.fails = Some("the model broke".to_owned());
    w.nodes[1].manners.fails = Some("the model broke".to_owned());
    run(&mut w, 1);
    let first = done(&w);
    assert!(first[0].3.as_ref().is_some_and(|e| e.contains("the model broke")), "{first:?}");
    assert!(debited(&w).is_empty());
    // Its place is free again.
    assert!(w.nodes.iter().all(|n| n.orchestrator.in_use(&key()) == 0));
    w.nodes.iter_mut().for_each(|n| n.manners.fails = None);
    for number in 2..6 {
        run(&mut w, number);
    }
    let later = done(&w).split_off(1);
    assert!(later.iter().all(|(_, _, _, error)| error.is_none()), "{later:?}");
}

#[test]
fn a_full_orchestrator_is_left_for_another_and_comes_back() {
    let mut w = world_with(&[PRICE, PRICE], GatewayConfig::default(), 1);
    for number in 0..2 {
        w.tell_gateway(gateway::Input::Job(Arc::new(job(number))));
    }
    w.run(Millis::from_secs(3));
    let both: Vec<_> = done(&w).into_iter().map(|(_, by, _, error)| (by, error)).collect();
    assert!(both.contains(&(Some(0), None)) && both.contains(&(Some(1), None)), "{both:?}");
    // Three at a time are too many for two places.
    for number in 2..5 {
        w.tell_gateway(gateway::Input::Job(Arc::new(job(number))));
    }
    w.run(Millis::from_secs(3));
    let errors: Vec<String> = done(&w).into_iter().filter_map(|(_, _, _, error)| error).collect();
    assert_eq!(errors, ["no orchestrators available: insufficient capacity"]);
    run(&mut w, 5);
    assert_eq!(done(&w).last().map(|d| d.3.clone()), Some(None), "nobody was suspended for being full");
}

#[test]
fn prices_above_the_limit_are_passed_over() {
    let mut max_price = MaxPrice::default();
    max_price.set_model(key(), Price::new(PRICE, 1).expect("a price"));
    let jobs = JobConfig { max_price, ..JobConfig::default() };
    let mut w = world_with(&[PRICE * 2, PRICE / 2], GatewayConfig { jobs, ..GatewayConfig::default() }, 2);
    for number in 0..8 {
        run(&mut w, number);
    }
    assert!(done(&w).iter().all(|(_, by, _, error)| (*by, error) == (Some(1), &None)), "{:?}", done(&w));
}

#[test]
fn a_request_that_has_no_price_is_answered_at_once() {
    let mut w = world(&[PRICE]);
    let work = units::Job::AudioToText { seconds: 0 };
    w.tell_gateway(gateway::Input::Job(Arc::new(JobMeta { work, ..job(1) })));
    assert_eq!(done(&w)[0].3.as_deref(), Some("audio duration calculation failed"));
    w.tell_gateway(gateway::Input::Job(Arc::new(JobMeta { model: "nobody/has-it".to_owned(), ..job(2) })));
    w.run(Millis::from_secs(10));
    assert_eq!(done(&w)[1].3.as_deref(), Some("no orchestrators available"));
}

#[test]
fn a_restarted_gateway_goes_on_from_its_nonces() {
    let mut w = world(&[PRICE]);
    run(&mut w, 1);
    let nonces = |w: &World| -> Vec<(weir_types::B256, u32)> {
        let orders = w.sent().filter_map(|(_, _, m)| if let Message::Order(o) = m { Some(o.clone()) } else { None });
        let of = |o: Box<Order>| {
            let id = o.payment.ticket_params.as_ref().map(|p| p.recipient_rand_hash);
            o.payment.tickets.iter().map(move |t| (id.expect("tickets have parameters"), t.nonce)).collect::<Vec<_>>()
        };
        orders.flat_map(of).collect()
    };
    w.restart_gateway();
    // A peer hands out the same parameters again.
    let params = w.sent().find_map(|(_, _, m)| match m {
        Message::Info { result: Ok(info), .. } => info.ticket_params.clone(),
        _ => None,
    });
    w.replayed = params;
    assert!(w.replayed.is_some());
    run(&mut w, 2);
    let mut all = nonces(&w);
    let sent = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), sent, "no nonce twice: {all:?}");
    assert!(sent > 0);
}

/// An order put together by hand.
struct Hand {
    w: World,
    params: TicketParams,
    auth: weir_roles::io::AuthToken,
    price: Price,
    next: u64,
}

impl Hand {
    fn new(w: World) -> Self {
        let mut w = w;
        let signer = w.gateway_key.clone();
        let (sender, sig) = (signer.address(), weir_roles::auth::sign_request(&signer));
        let ask =
            Box::new(Message::GetOrchestrator { request: 1, sender, sig, wants: Some(key()), ignore_capacity: false });
        w.tell_orchestrator(0, weir_roles::orchestrator::Input::Message { from: GATEWAY, message: ask });
        let info = w.sent().find_map(|(_, _, m)| match m {
            Message::Info { result: Ok(info), .. } => Some((**info).clone()),
            _ => None,
        });
        let info = info.expect("an offer");
        let params = info.ticket_params.expect("it costs money");
        Self { params, auth: info.auth, price: info.price, w, next: 10_000 }
    }

    fn say(&mut self, message: Message) {
        let message = Box::new(message);
        self.w.tell_orchestrator(0, weir_roles::orchestrator::Input::Message { from: GATEWAY, message });
    }

    fn order(&mut self, tickets: u32) -> Order {
        self.next += 1;
        let signer = self.w.gateway_key.clone();
        let asked = Asked::Job(Arc::new(job(self.next)));
        let sign = |nonce| {
            let ticket = self.params.ticket(signer.address(), nonce, self.params.expiration_params);
            weir_ticket::SenderParams { nonce, sig: ticket.sign(&signer) }
        };
        let payment = Payment {
            sender: signer.address(),
            ticket_params: (tickets > 0)
                .then(|| TicketParams { expiration_params: Default::default(), ..self.params.clone() }),
            expiration_params: (tickets > 0).then_some(self.params.expiration_params),
            tickets: (0..tickets).map(sign).collect(),
            expected_price: PriceInfo::of(&self.price),
        };
        let sig = asked.sign(&signer);
        Order { request: self.next, sender: signer.address(), sig, auth: self.auth, asked, payment }
    }

    /// The refusal of an order, if it is refused at once.
    fn send(&mut self, order: Order) -> Option<String> {
        let request = order.request;
        self.say(Message::Order(Box::new(order)));
        self.w.sent().find_map(|(from, _, m)| match m {
            Message::OrderDone { request: r, result: Err(e) } if from == Peer(0) && *r == request => {
                Some(e.text().to_owned())
            }
            _ => None,
        })
    }
}

/// In the order in which they are found: two faults at once give the first one's text.
#[test]
fn spoiled_orders_are_refused_in_order() {
    type Spoil = fn(&mut Order);
    let faults: [(Spoil, &str); 6] = [
        (|o| o.sig.0[40] ^= 1, "ErrSegSig"),
        (|o| o.auth.session_id ^= 1, "invalid auth token"),
        (
            |o| {
                let work = units::Job::TextToImage { height: Some(-1), width: None, images: None };
                let meta = JobMeta { work, ..job(7) };
                o.asked = Asked::Job(Arc::new(meta));
            },
            "height of a request is below zero",
        ),
        (|o| o.payment.expected_price = None, "invalid expected price sent with payment err=\"expected price is nil\""),
        (
            |o| o.payment.ticket_params.as_mut().expect("params").face_value = weir_types::Wei::new(1),
            "invalid recipientRand for ticket recipientRandHash",
        ),
        (|o| o.payment.tickets[0].sig.0[3] ^= 1, "invalid ticket signature"),
    ];
    for (at, (spoil, text)) in faults.iter().enumerate() {
        let mut h = Hand::new(world(&[PRICE]));
        let mut order = h.order(3);
        spoil(&mut order);
        assert_eq!(h.send(order).as_deref(), Some(*text));
        assert_eq!(h.w.nodes[0].orchestrator.in_use(&key()), 0, "{text}: the place is free");
        for (later, other) in &faults[at + 1..] {
            let mut h = Hand::new(world(&[PRICE]));
            let mut order = h.order(3);
            later(&mut order);
            spoil(&mut order);
            assert_eq!(h.send(order).as_deref(), Some(*text), "before {other}");
        }
    }
}

#[test]
fn without_tickets_or_credit_nothing_is_done() {
    let mut h = Hand::new(world(&[PRICE]));
    let bare = h.order(0);
    assert_eq!(h.send(bare).as_deref(), Some("Insufficient balance"));
    // A gateway's word for a price is not taken.
    let mut cheap = h.order(0);
    cheap.payment.expected_price = Some(PriceInfo { price_per_unit: 1, pixels_per_unit: 1 });
    let text = h.send(cheap).expect("a refusal");
    assert!(text.starts_with("invalid expected price sent with payment"), "{text}");
    let good = h.order(30);
    assert_eq!(h.send(good), None);
    assert_eq!(h.w.nodes[0].orchestrator.in_use(&key()), 1);
    // One place is left: room is looked at before the payment is.
    let (second, third) = (h.order(0), h.order(0));
    assert_eq!(h.send(second), None, "it is paid by the credit that is left");
    assert_eq!(h.send(third).as_deref(), Some("insufficient capacity"));
}

#[test]
fn tickets_for_cheap_work_do_not_pay_for_dear_work() {
    let dear = ModelKey::new(Capability::LLM.0, "big/model");
    let mut w = World::new(1);
    w.offer_models(|_| {
        let offer = ModelOffer { capacity: 5, warm: true, rate: Rate::default() };
        let price = |n| Price::new(n, 1).expect("a price");
        let prices = vec![(key(), price(10)), (dear.clone(), price(1_000_000))];
        ([key(), dear.clone()].map(|k| (k, offer)).into(), prices)
    });
    let mut h = Hand::new(w);
    let mut order = h.order(5);
    let work = units::Job::Llm { max_tokens: Some(100) };
    order.asked = Asked::Job(Arc::new(JobMeta { number: 1, model: dear.model.clone(), work, bytes: 10 }));
    order.sig = order.asked.sign(&h.w.gateway_key);
    let text = h.send(order.clone()).expect("a refusal");
    assert!(text.contains("was not quoted for this"), "{text}");
    // Nor for video.
    let bought = h.w.nodes[0].orchestrator.model_credit(h.w.gateway_key.address(), &dear);
    assert_eq!(bought, Credit::zero());
    let segment = Arc::new(weir_roles::io::Segment::new(crate::support::segment(7, 0)));
    let (sender, sig) = (order.sender, segment.sign(&h.w.gateway_key));
    let payment = Box::new(order.payment.clone());
    h.say(Message::Segment { request: 77, sender, sig, auth: order.auth, segment, payment });
    let refused = h.w.sent().find_map(|(_, _, m)| match m {
        Message::Transcoded { request: 77, result: Err(Refusal::BadRequest(e)), .. } => Some(e.clone()),
        _ => None,
    });
    assert!(refused.as_ref().is_some_and(|e| e.contains("was not quoted for this")), "{refused:?}");
    // For what it was quoted for it is good, and so it is after a while, until its parameters hold no longer.
    h.w.chain(&ChainEvent::Head(weir_roles::ChainHead { l1: L1Block(h.w.l1 + 39), ..h.w.head() }));
    let good = h.order(5);
    assert_eq!(h.send(good), None);
}
