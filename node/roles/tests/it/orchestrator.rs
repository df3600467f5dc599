//! What an orchestrator answers to requests that are not in order.

use std::sync::Arc;

use weir_roles::auth::sign_request;
use weir_roles::io::{AuthToken, Message, OrchestratorInfo, Refusal, Segment, SegmentMeta};
use weir_roles::orchestrator::Input;
use weir_roles::{ChainEvent, Observation, Peer};
use weir_ticket::{Payment, PriceInfo, SenderParams, Signature, SigningKey, TicketParams, Value};
use weir_types::{Instant, Millis, Pixels, Round};

use crate::support::{EV, GATEWAY, World, funds, key, round, segment};

/// A gateway played by hand: it asks, then sends what a test makes of its order.
pub(crate) struct Hand {
    pub(crate) w: World,
    pub(crate) key: SigningKey,
}

/// A request for work that can be spoiled.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    sender: weir_types::Address,
    sig: Signature,
    auth: AuthToken,
    segment: Arc<Segment>,
    pub(crate) payment: Payment,
}

impl Hand {
    pub(crate) fn new() -> Self {
        Self { w: World::new(1), key: key(0x46) }
    }

    fn say(&mut self, message: Message) {
        self.w.tell_orchestrator(0, Input::Message { from: GATEWAY, message: Box::new(message) });
    }

    fn ask_as(&mut self, key: &SigningKey, sig: Signature) -> Result<OrchestratorInfo, String> {
        self.say(Message::GetOrchestrator {
            request: 1,
            sender: key.address(),
            sig,
            wants: None,
            ignore_capacity: false,
        });
        self.w
            .sent()
            .filter_map(|(_, _, m)| match m {
                Message::Info { result, .. } => Some(result.clone().map(|b| *b)),
                _ => None,
            })
            .last()
            .expect("every request is answered")
    }

    pub(crate) fn ask(&mut self) -> OrchestratorInfo {
        let key = self.key.clone();
        self.ask_as(&key, sign_request(&key)).expect("an offer")
    }

    /// A sound order with so many tickets.
    pub(crate) fn order(&self, info: &OrchestratorInfo, seq: u64, nonces: impl Iterator<Item = u32>) -> Order {
        let segment = Arc::new(Segment::new(segment(7, seq)));
        let params = info.ticket_params.clone().expect("work costs money");
        let expiration = params.expiration_params;
        let tickets: Vec<SenderParams> = nonces
            .map(|nonce| {
                let ticket = params.ticket(self.key.address(), nonce, expiration);
                SenderParams { nonce, sig: self.key.sign(ticket.hash()) }
            })
            .collect();
        let bare = TicketParams { expiration_params: Default::default(), ..params };
        let payment = Payment {
            sender: self.key.address(),
            ticket_params: (!tickets.is_empty()).then_some(bare),
            expiration_params: (!tickets.is_empty()).then_some(expiration),
            tickets,
            expected_price: PriceInfo::of(&info.price),
        };
        Order { sender: self.key.address(), sig: segment.sign(&self.key), auth: info.auth, segment, payment }
    }

    /// Sends an order; the answer if there is one at once.
    pub(crate) fn send(&mut self, o: Order) -> Option<Refusal> {
        let before = self.w.sent().count();
        let Order { sender, sig, auth, segment, payment } = o;
        self.say(Message::Segment { request: 2, sender, sig, auth, segment, payment: Box::new(payment) });
        self.w.sent().skip(before).find_map(|(_, _, m)| match m {
            Message::Transcoded { result: Err(r), .. } => Some(r.clone()),
            _ => None,
        })
    }
}

#[test]
fn a_paid_segment_is_worked_on_and_debited() {
    let mut h = Hand::new();
    let info = h.ask();
    let order = h.order(&info, 0, 1..=5);
    assert_eq!(h.send(order), None);
    h.w.run(Millis::from_secs(1));
    let done = h.w.sent().find_map(|(_, _, m)| match m {
        Message::Transcoded { result, info, .. } => Some((result.clone(), info.clone())),
        _ => None,
    });
    let (result, fresh) = done.expect("an answer");
    assert_eq!(result.expect("renditions").renditions().len(), 2);
    let fresh = fresh.expect("fresh parameters");
    assert_eq!(fresh.auth, info.auth, "the session goes on");
    assert_eq!(fresh.price, info.price, "its price is fixed");
    assert_ne!(
        fresh.ticket_params.map(|p| p.recipient_rand_hash),
        info.ticket_params.map(|p| p.recipient_rand_hash),
        "each answer brings a new secret"
    );
    assert!(h.w.observed().any(|(_, o)| matches!(o, Observation::Debited { .. })));
}

/// A way to spoil an order and the answer to it.
type Case = (&'static str, fn(&mut Order), Refusal);

#[test]
fn spoiled_orders_are_refused_with_their_reason() {
    let bad = |s: &str| Refusal::BadRequest(s.to_owned());
    let cases: [Case; 10] = [
        (
            "a signature over another segment",
            |o| o.segment = Arc::new(Segment::new(segment(7, o.segment.seq + 1))),
            bad("ErrSegSig"),
        ),
        ("another sender", |o| o.sender = key(9).address(), bad("ErrSegSig")),
        ("a payment of another sender", |o| o.payment.sender = key(9).address(), bad("ErrSegSig")),
        ("a session that was not given", |o| o.auth.session_id ^= 1, bad("invalid auth token")),
        ("a token made longer", |o| o.auth.expires = Instant::from_secs(1 << 40), bad("invalid auth token")),
        ("no tickets", |o| o.payment.tickets.clear(), bad("Insufficient balance")),
        (
            "no tickets and a price of nothing",
            |o| {
                o.payment = Payment {
                    sender: o.payment.sender,
                    expected_price: Some(PriceInfo { price_per_unit: 0, pixels_per_unit: 1 }),
                    ..Payment::default()
                };
            },
            bad("Insufficient balance"),
        ),
        (
            "a lower price than asked",
            |o| {
                if let Some(p) = &mut o.payment.expected_price {
                    p.price_per_unit -= 1;
                }
            },
            bad("invalid recipientRand for ticket recipientRandHash"),
        ),
        (
            "a price of nothing per nothing",
            |o| o.payment.expected_price = Some(PriceInfo::default()),
            bad("invalid expected price sent with payment err=\"pixels per unit is 0\""),
        ),
        ("tickets without a round", |o| o.payment.expiration_params = None, bad("payment lacks expiration params")),
    ];
    for (name, spoil, want) in cases {
        let mut h = Hand::new();
        let info = h.ask();
        let mut order = h.order(&info, 0, 1..=5);
        spoil(&mut order);
        assert_eq!(h.send(order), Some(want.clone()), "{name}");
        let refused =
            h.w.observed().any(|(_, o)| matches!(o, Observation::Refused { reason, .. } if reason == want.text()));
        assert!(refused, "{name}: the refusal is reported");
        h.w.run(Millis::from_secs(5));
        assert!(!h.w.observed().any(|(_, o)| matches!(o, Observation::Served { .. })), "{name}: no work was done");
    }
}

#[test]
fn a_ticket_is_credited_once() {
    let mut h = Hand::new();
    let info = h.ask();
    let first = h.order(&info, 0, 1..=3);
    assert_eq!(h.send(first), None);
    h.w.run(Millis::from_secs(1));
    let again = h.order(&info, 1, 1..=3);
    let refusal = h.send(again).expect("the tickets were used");
    assert!(refusal.text().contains("already seen"), "{refusal:?}");
    let (_, credited) = h.w.books();
    let three = info.ticket_params.expect("paid work").value().times(3).credit();
    assert_eq!(credited, three);
}

#[test]
fn an_expired_token_is_refused() {
    let mut h = Hand::new();
    let info = h.ask();
    h.w.run(Millis::from_secs(30 * 60 + 2));
    let order = h.order(&info, 0, 1..=5);
    assert_eq!(h.send(order), Some(Refusal::BadRequest("expired auth token".to_owned())));
}

#[test]
fn an_orchestrator_outside_the_active_set_takes_no_tickets() {
    let mut h = Hand::new();
    let info = h.ask();
    h.w.chain(&ChainEvent::ActiveSet([].into()));
    let order = h.order(&info, 0, 1..=5);
    let refusal = h.send(order).expect("it is not active");
    assert!(refusal.text().contains("is inactive in round 10"), "{refusal:?}");
}

#[test]
fn a_request_must_be_signed_by_its_sender() {
    let mut h = Hand::new();
    let other = sign_request(&key(9));
    let key = h.key.clone();
    let refusal = h.ask_as(&key, other).expect_err("signed by another");
    assert_eq!(refusal, "Invalid orchestrator request: orchestrator req sig check failed");
}

#[test]
fn a_sender_without_reserve_gets_no_parameters() {
    let mut h = Hand::new();
    h.w.money = funds(5, 0);
    let key = h.key.clone();
    assert_eq!(h.ask_as(&key, sign_request(&key)).expect_err("no reserve"), "insufficient sender reserve");
}

#[test]
fn a_sender_that_unlocks_cannot_pay() {
    let mut h = Hand::new();
    let info = h.ask();
    let sender = h.key.address();
    let funds = weir_roles::SenderFunds { withdraw_round: Round(11), ..funds(5, 50) };
    h.w.tell_redeemer(0, weir_roles::redeemer::Input::Chain(ChainEvent::Funds { sender, funds }));
    let order = h.order(&info, 0, 1..=5);
    let refusal = h.send(order).expect("its money may be gone");
    assert!(refusal.text().contains("is set to unlock soon"), "{refusal:?}");
}

#[test]
fn sessions_and_queues_are_limited() {
    let mut h = Hand::new();
    // One is worked on, four wait, the next is one too many.
    let info = h.ask();
    let mut refusals = Vec::new();
    for seq in 0..6 {
        let first = seq as u32 * 100;
        let order = h.order(&info, seq, first + 1..=first + 5);
        refusals.push(h.send(order));
    }
    assert_eq!(refusals[..5], vec![None; 5]);
    assert_eq!(refusals[5], Some(Refusal::Capacity("OrchestratorBusy".to_owned())));
    // Nine more sessions fill the orchestrator.
    for _ in 0..9 {
        let info = h.ask();
        let order = h.order(&info, 0, 1..=5);
        assert_eq!(h.send(order), None);
    }
    let key = h.key.clone();
    let refusal = h.ask_as(&key, sign_request(&key)).expect_err("it is full");
    assert_eq!(refusal, "Invalid orchestrator request: OrchestratorCapped");
    // A session that is ended makes room, and what waited in it is answered.
    let before = h.w.sent().count();
    h.say(Message::EndSession { auth: info.auth });
    let answered = h.w.sent().skip(before).filter(|(_, _, m)| matches!(m, Message::Transcoded { .. })).count();
    assert_eq!(answered, 4);
    h.ask();
}

#[test]
fn idle_sessions_end_by_themselves() {
    let mut h = Hand::new();
    let info = h.ask();
    let order = h.order(&info, 0, 1..=5);
    assert_eq!(h.send(order), None);
    h.w.run(Millis::from_secs(1));
    h.w.run(Millis::from_secs(60));
    h.w.l1(1_005);
    assert_eq!(h.w.nodes[0].orchestrator.sessions(), 1);
    h.w.run(Millis::from_secs(10));
    h.w.l1(1_006);
    assert_eq!(h.w.nodes[0].orchestrator.sessions(), 0);
}

#[test]
fn a_forged_end_ends_nothing() {
    let mut h = Hand::new();
    let info = h.ask();
    let order = h.order(&info, 0, 1..=5);
    assert_eq!(h.send(order), None);
    h.say(Message::EndSession { auth: AuthToken { token: Default::default(), ..info.auth } });
    assert_eq!(h.w.nodes[0].orchestrator.sessions(), 1);
}

#[test]
fn a_new_round_reaches_the_next_parameters() {
    let mut h = Hand::new();
    h.ask();
    h.w.chain(&ChainEvent::Round(round(11)));
    let p = h.ask().ticket_params.expect("paid work");
    assert_eq!(p.expiration_params.creation_round, Round(11));
    assert_eq!(p.expiration_params.creation_round_block_hash, round(11).block_hash);
    // Some rounds have no stored hash: the one before serves.
    let bare = weir_roles::RoundInfo { block_hash: Default::default(), ..round(12) };
    h.w.chain(&ChainEvent::Round(bare));
    let p = h.ask().ticket_params.expect("paid work");
    assert_eq!(p.expiration_params.creation_round, Round(11));
    assert!(p.value().credit() >= weir_types::Wei::new(EV).into());
}

#[test]
fn a_transcoder_that_returns_too_few_renditions_is_not_paid() {
    let mut h = Hand::new();
    let info = h.ask();
    let mut order = h.order(&info, 0, 1..=5);
    let mut more = order.segment.profiles.to_vec();
    more.truncate(1);
    order.segment =
        Arc::new(Segment::new(SegmentMeta { profiles: Arc::new(more.into()), ..(**order.segment).clone() }));
    order.sig = order.segment.sign(&h.key);
    assert_eq!(h.send(order), None);
    // The work that comes back is somebody else's idea of the segment.
    let id = weir_roles::WorkId(1);
    h.w.tell_orchestrator(0, Input::Work(weir_roles::WorkDone { id, result: Ok(Vec::new().into()) }));
    let refusal = h.w.sent().find_map(|(from, _, m)| match m {
        Message::Transcoded { result: Err(r), .. } if from == Peer(0) => Some(r.clone()),
        _ => None,
    });
    assert_eq!(refusal, Some(Refusal::Failed("MismatchedSegments".to_owned())));
    assert!(!h.w.observed().any(|(_, o)| matches!(o, Observation::Debited { .. })));
}

#[test]
fn senders_on_the_wrong_list_get_neither_offers_nor_work() {
    use weir_market::senders::SenderLists;
    let mut h = Hand::new();
    let info = h.ask();
    let order = h.order(&info, 0, 1..=5);
    let blocked = SenderLists { block: [h.key.address()].into(), ..SenderLists::default() };
    let mut rng = weir_types::Entropy::from_seed([6; 32]);
    let old =
        std::mem::replace(&mut h.w.nodes[0].orchestrator, crate::support::orchestrator(&key(0x50), 1, 1, &mut rng));
    h.w.nodes[0].orchestrator = old.with_senders(blocked);
    let text = format!("sender {} is not served here", h.key.address());
    assert_eq!(h.send(order), Some(Refusal::BadRequest(text.clone())));
    let own = h.key.clone();
    assert_eq!(h.ask_as(&own, sign_request(&own)), Err(format!("Invalid orchestrator request: {text}")));
}

#[test]
fn only_a_good_ticket_fixes_the_price_of_a_session() {
    let mut h = Hand::new();
    let info = h.ask();
    let mut bad = h.order(&info, 0, 1..=5);
    bad.payment.expected_price = Some(PriceInfo { price_per_unit: 1, pixels_per_unit: 1 });
    assert_eq!(h.send(bad), Some(Refusal::BadRequest("invalid recipientRand for ticket recipientRandHash".to_owned())));
    let good = h.order(&info, 0, 1..=20);
    assert_eq!(h.send(good), None);
    h.w.run(Millis::from_secs(1));
    let fee = h.w.observed().find_map(|(_, o)| match o {
        Observation::Debited { fee, .. } => Some(fee.clone()),
        _ => None,
    });
    let pixels = Pixels(60 * (426 * 240 + 640 * 360));
    assert_eq!(fee, Some(Value::fee(&info.price, pixels)));
}
