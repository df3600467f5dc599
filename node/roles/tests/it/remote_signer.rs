//! The signer of gateways that hold no key.

mod recorded;

use std::cell::Cell;
use std::rc::Rc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use weir_market::price::{MaxPrice, ModelKey};
use weir_roles::io::Records;
use weir_roles::remote_signer::{
    Headers, Input, LV2V_PER_SECOND, NONCES_MAX, Output, Refusal, RemoteSigner, RemoteSignerConfig, Reply, Signed,
    SignedState, State, UnixTime, WAITING_MAX, WebhookAnswer,
};
use weir_roles::{ChainEvent, Effect, Record};
use weir_ticket::sender::SenderConfig;
use weir_ticket::{Payment, PriceInfo, Signature, SigningKey, TextSigner, TicketParams, TicketSigner, Value};
use weir_types::{Address, B256, Credit, Entropy, L1Block, Pixels, Price, U256, Wei, WinProb};
use weir_wire::{Message, header, net};

use crate::support::{funds, key, round};

const SECOND: u64 = 1_000_000_000;
/// When these tests begin.
const START: UnixTime = UnixTime(1_800_000_000 * SECOND);
/// Wei of a pixel.
const PRICE: i64 = 100_000_000;
/// Expected value of a ticket, but for the last part of it: what 3.6 seconds of live video cost.
const EV: u64 = 10_000_000_000_000_000;

/// A key that counts what it signs.
struct Counting {
    key: SigningKey,
    signatures: Rc<Cell<u64>>,
}

impl TicketSigner for Counting {
    fn address(&self) -> Address {
        self.key.address()
    }

    fn sign(&self, hash: B256) -> Signature {
        self.signatures.set(self.signatures.get() + 1);
        self.key.sign(hash)
    }
}

impl TextSigner for Counting {
    fn sign_text(&self, text: &[u8]) -> Signature {
        self.signatures.set(self.signatures.get() + 1);
        self.key.sign_text(text)
    }
}

fn own_key() -> SigningKey {
    key(0x53)
}

fn config() -> RemoteSignerConfig {
    let payment = SenderConfig {
        max_ticket_ev: Wei::from_whole(1).into(),
        max_total_ev: Wei::from_whole(100).into(),
        ..SenderConfig::default()
    };
    RemoteSignerConfig { payment, ..RemoteSignerConfig::default() }
}

/// A signer with its clock.
struct Desk {
    signer: RemoteSigner,
    rng: Entropy,
    now: UnixTime,
    signatures: Rc<Cell<u64>>,
    requests: u64,
}

impl Desk {
    fn new(config: RemoteSignerConfig) -> Self {
        Self::restored(config, &Records::new())
    }

    fn restored(config: RemoteSignerConfig, records: &Records) -> Self {
        let signatures = Rc::new(Cell::new(0));
        let key = Counting { key: own_key(), signatures: Rc::clone(&signatures) };
        let signer = RemoteSigner::restore(config, Box::new(key), records).expect("own records");
        let mut desk = Self { signer, rng: Entropy::from_seed([3; 32]), now: START, signatures, requests: 0 };
        desk.head(1_000);
        desk.give(Input::Chain(ChainEvent::Round(round(10))));
        desk.give(Input::Chain(ChainEvent::Funds { sender: own_key().address(), funds: funds(50, 50) }));
        desk
    }

    fn with_webhook() -> Self {
        Self::new(RemoteSignerConfig { webhook: true, ..config() })
    }

    fn head(&mut self, l1: u64) -> Vec<Output> {
        let head = weir_roles::ChainHead { l1: L1Block(l1), gas_price: Wei::new(1) };
        self.give(Input::Chain(ChainEvent::Head(head)))
    }

    fn give(&mut self, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        self.signer.handle(self.now, input, &mut self.rng, &mut out);
        out
    }

    fn send(&mut self, body: &Json, headers: &[(&str, &str)]) -> Vec<Output> {
        self.requests += 1;
        let headers: Headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.give(Input::Payment { request: self.requests, headers, body: body.to_string().into_bytes() })
    }

    /// The webhook's answer to the last request.
    fn say(&mut self, answer: &Json) -> Vec<Output> {
        let body = answer.to_string().into_bytes();
        let answer = WebhookAnswer::Answered { status: 200, body };
        self.give(Input::Webhook { request: self.requests, answer })
    }

    fn pay(&mut self, body: &Json) -> Paid {
        paid(&self.send(body, &[]))
    }

    fn refuse(&mut self, body: &Json) -> (u16, String) {
        refused(&self.send(body, &[]))
    }

    fn after(&mut self, nanos: u64) -> &mut Self {
        self.now.0 += nanos;
        self
    }
}

/// A payment taken apart.
struct Paid {
    payment: Payment,
    state: State,
    signed_state: SignedState,
    signed: Signed,
}

impl Paid {
    /// As a request carries it.
    fn carried(&self) -> Json {
        carried(&self.signed_state)
    }
}

fn carried(state: &SignedState) -> Json {
    json!({ "State": header::base64(&state.state), "Sig": header::base64(&state.sig) })
}

fn paid(out: &[Output]) -> Paid {
    let reply = out.iter().find_map(|o| match o {
        Output::Reply { reply: Reply::Paid(paid), .. } => Some(paid),
        _ => None,
    });
    let signed = out.iter().find_map(|o| match o {
        Output::Signed(signed) => Some((**signed).clone()),
        _ => None,
    });
    let reply = reply.unwrap_or_else(|| panic!("no payment: {out:?}"));
    let message: net::Payment = header::decode(&reply.payment).expect("a payment");
    Paid {
        payment: Payment::try_from(&message).expect("a payment"),
        state: State::decode(&reply.state.state).expect("a state"),
        signed_state: reply.state.clone(),
        signed: signed.expect("accounts are told"),
    }
}

fn refusal(out: &[Output]) -> &Refusal {
    match out {
        [Output::Reply { reply: Reply::Refused(why), .. }] => why,
        other => panic!("not refused: {other:?}"),
    }
}

fn refused(out: &[Output]) -> (u16, String) {
    let why = refusal(out);
    (why.status(), why.message())
}

fn params(seed: u8) -> TicketParams {
    TicketParams {
        recipient: Address::repeat_byte(0x0e),
        face_value: Wei::new(2 * u128::from(EV)),
        win_prob: WinProb(U256::MAX / U256::from(2u64)),
        recipient_rand_hash: B256::repeat_byte(seed),
        seed: U256::from(seed),
        expiration_block: L1Block(1_040),
        expiration_params: Default::default(),
    }
}

fn info() -> net::OrchestratorInfo {
    net::OrchestratorInfo {
        transcoder: "https://o:8935".to_owned(),
        ticket_params: Some((&params(1)).into()),
        price_info: Some((&PriceInfo { price_per_unit: PRICE, pixels_per_unit: 1 }).into()),
        address: vec![0x0e; 20],
        auth_token: Some(net::AuthToken {
            token: vec![1; 32],
            session_id: "0badcafe".to_owned(),
            expiration: 1_800_001_800,
        }),
        ..net::OrchestratorInfo::default()
    }
}

/// A request of a kind to an orchestrator.
fn ask(kind: &str, info: &net::OrchestratorInfo) -> Json {
    json!({ "orchestrator": header::encode(info), "ManifestID": "mid1", "type": kind })
}

/// The same with further fields.
fn with(mut request: Json, fields: Json) -> Json {
    let Json::Object(fields) = fields else { panic!("fields") };
    request.as_object_mut().expect("an object").extend(fields);
    request
}

fn first() -> Json {
    ask("lv2v", &info())
}

fn next(paid: &Paid) -> Json {
    with(first(), json!({ "state": paid.carried() }))
}

fn stored(out: &[Output]) -> Records {
    let mut records = Records::new();
    for o in out {
        if let Output::Effect(Effect::Persist(Record { key, value })) = o {
            match value {
                Some(value) => records.insert(key.clone(), value.clone()),
                None => records.remove(key),
            };
        }
    }
    records
}

fn fee(units: u64) -> Value {
    Value::fee(&Price::new(PRICE as u64, 1).expect("a price"), Pixels(units))
}

#[test]
fn the_first_news_of_the_chain_makes_it_watch_its_own_money() {
    let mut desk = Desk::new(config());
    let mut fresh = Desk { signer: RemoteSigner::new(config(), Box::new(own_key())), ..Desk::new(config()) };
    assert_eq!(fresh.head(1), [Output::Effect(Effect::WatchSender(own_key().address()))]);
    assert_eq!(desk.head(1_001), []);
    assert_eq!(refusal(&fresh.send(&first(), &[])).status(), 400, "no deposit is known of");
}

#[test]
fn an_older_state_is_refused() {
    let mut desk = Desk::new(config());
    let one = desk.pay(&first());
    let two = desk.after(2 * SECOND).pay(&next(&one));
    assert_eq!((one.state.sequence, two.state.sequence), (0, 1));
    let newest = desk.after(20 * SECOND).pay(&next(&two));
    let (status, text) = desk.after(SECOND).refuse(&next(&one));
    assert_eq!(status, 400);
    assert!(text.starts_with("state is used up: its sequence number is 0 and 2 is signed"), "{text}");
    // The newest one goes on, in a signer without memory too.
    assert_eq!(desk.after(20 * SECOND).pay(&next(&newest)).state.sequence, 3);
    assert_eq!(Desk::new(config()).after(3 * SECOND).pay(&next(&one)).state.sequence, 1);
}

#[test]
fn a_caller_that_missed_its_answer_gets_it_again() {
    let mut desk = Desk::new(config());
    let one = desk.pay(&first());
    let body = |out: &[Output]| match out.iter().find(|o| matches!(o, Output::Reply { .. })) {
        Some(Output::Reply { reply, .. }) => (reply.status(), reply.body()),
        _ => panic!("{out:?}"),
    };
    let first = desk.after(2 * SECOND).send(&next(&one), &[]);
    let missed = paid(&first);
    let out = desk.after(SECOND).send(&next(&one), &[]);
    assert!(matches!(out[..], [Output::Reply { reply: Reply::Again(_), .. }]), "nothing more is stored: {out:?}");
    assert_eq!(body(&out), body(&first), "nothing is signed anew");
    // It is no answer to another question.
    let other = with(next(&one), json!({ "ManifestID": "0badcafe" }));
    assert_eq!(desk.refuse(&other).0, 400);
    desk.pay(&next(&missed));
    assert_eq!(desk.refuse(&next(&one)).0, 400, "and only the newest is given again");
}

#[test]
fn what_was_signed_is_remembered_by_the_next_life() {
    let mut desk = Desk::new(config());
    let one = desk.pay(&first());
    let out = desk.after(2 * SECOND).send(&next(&one), &[]);
    let mut later = Desk::restored(config(), &stored(&out));
    assert_eq!(later.signer.sessions(), 1);
    assert_eq!(later.after(3 * SECOND).refuse(&next(&one)).0, 400);
    later.pay(&next(&paid(&out)));

    let damaged = Records::from([("signer/00000000".to_owned(), b"{}".to_vec())]);
    let error = RemoteSigner::restore(config(), Box::new(own_key()), &damaged).err().expect("damaged");
    assert!(error.to_string().contains("signer/00000000"), "{error}");
}

#[test]
fn a_payment_is_stored_before_it_leaves() {
    let mut desk = Desk::new(config());
    let one = paid(&desk.send(&first(), &[]));
    let out = desk.after(2 * SECOND).send(&next(&one), &[]);
    let [Output::Effect(Effect::Persist(record)), Output::Reply { request: 2, .. }, Output::Signed(signed)] = &out[..]
    else {
        panic!("{out:?}")
    };
    assert_eq!(record.key, format!("signer/{}", one.state.id));
    let value: Json = serde_json::from_slice(record.value.as_ref().expect("a value")).expect("JSON");
    assert_eq!(value, json!({ "sequence": 1, "nonce": signed.state.nonce }));
}

#[test]
fn the_memory_is_bounded() {
    let mut desk = Desk::new(RemoteSignerConfig { sessions: 2, ..config() });
    let mut disk = Records::new();
    let mut ids = Vec::new();
    for _ in 0..5 {
        let out = desk.send(&first(), &[]);
        for o in &out {
            if let Output::Effect(Effect::Persist(Record { key, value })) = o {
                match value {
                    Some(value) => assert!(disk.insert(key.clone(), value.clone()).is_none()),
                    None => assert!(disk.remove(key).is_some()),
                }
            }
        }
        ids.push(paid(&out).state.id);
    }
    let kept: Vec<String> = disk.into_keys().collect();
    let mut newest: Vec<String> = ids[3..].iter().map(|id| format!("signer/{id}")).collect();
    newest.sort();
    assert_eq!((kept, desk.signer.sessions()), (newest, 2));
}

#[test]
fn whoever_has_not_paid_for_longest_is_forgotten() {
    let mut desk = Desk::new(RemoteSignerConfig { sessions: 2, ..config() });
    let (old, other) = (desk.pay(&first()), desk.pay(&first()));
    let renewed = desk.after(2 * SECOND).pay(&next(&old));
    let out = desk.send(&first(), &[]);
    let forgotten = Record { key: format!("signer/{}", other.state.id), value: None };
    assert_eq!(out[1], Output::Effect(Effect::Persist(forgotten)));
    let elsewhere = with(next(&old), json!({ "ManifestID": "0badcafe" }));
    assert_eq!(desk.refuse(&elsewhere).0, 400);
    // The one that is forgotten lost its protection, and nothing else.
    desk.pay(&next(&other));
    let after_that = desk.after(2 * SECOND).pay(&next(&renewed));
    assert_eq!((after_that.state.sequence, desk.signer.sessions()), (2, 2));
}

#[test]
fn altered_and_foreign_states_are_refused() {
    let mut desk = Desk::new(config());
    let one = desk.pay(&first());
    desk.after(2 * SECOND);
    let invalid = (400, "invalid sig".to_owned());
    let send = |desk: &mut Desk, state: &SignedState| desk.refuse(&with(first(), json!({ "state": carried(state) })));

    let foreign = SignedState::new(&one.state, &key(0x54));
    assert_eq!(send(&mut desk, &foreign), invalid);
    let richer = State { balance: Credit::from(Wei::from_whole(1)), ..one.state.clone() };
    let altered = SignedState { state: richer.encode().into_bytes(), ..one.signed_state.clone() };
    assert_eq!(send(&mut desk, &altered), invalid);
    for at in 0..one.signed_state.state.len() {
        let mut altered = one.signed_state.clone();
        altered.state[at] ^= 1;
        assert_eq!(send(&mut desk, &altered), invalid, "byte {at}");
    }
    for sig in [vec![], vec![0; 65], one.signed_state.sig[1..].to_vec()] {
        assert_eq!(send(&mut desk, &SignedState { sig, ..one.signed_state.clone() }), invalid);
    }
    let nothing = SignedState { state: Vec::new(), sig: one.signed_state.sig };
    assert_eq!(send(&mut desk, &nothing), invalid);
    let text = b"{\"StateID\":1}".to_vec();
    let unreadable = SignedState { sig: own_key().sign_text(&text).as_ref().to_vec(), state: text };
    assert_eq!(send(&mut desk, &unreadable).0, 400);
}

#[test]
fn nonces_end_before_orchestrators_refuse_them() {
    let mut desk = Desk::new(config());
    let one = desk.pay(&first());
    desk.after(2 * SECOND);
    let used = |nonce| {
        let state = State { nonce, balance: Credit::zero(), ..one.state.clone() };
        with(first(), json!({ "state": carried(&SignedState::new(&state, &own_key())) }))
    };
    // Two seconds cost a little more than half a ticket, and one is the least.
    let last = desk.pay(&used(NONCES_MAX - 1));
    assert_eq!((last.payment.tickets[0].nonce, last.state.nonce), (NONCES_MAX, NONCES_MAX));
    let mut desk = Desk::new(config());
    let out = desk.after(2 * SECOND).send(&used(NONCES_MAX), &[]);
    let [Output::Reply { reply, .. }] = &out[..] else { panic!("{out:?}") };
    assert_eq!((reply.status(), reply.header()), (480, Some(("Livepeer-Orchestrator-URL", "https://o:8935"))));
    assert_eq!(reply.body(), "{\"error\":{\"message\":\"refresh session for remote signer\"}}\n");
    // Fresh parameters begin anew, and the credit stays.
    let fresh = net::OrchestratorInfo { ticket_params: Some((&params(2)).into()), ..info() };
    let again = desk.pay(&with(ask("lv2v", &fresh), json!({ "state": used(NONCES_MAX)["state"] })));
    assert_eq!((again.payment.tickets[0].nonce, again.state.rand_hash), (1, B256::repeat_byte(2)));
}

#[test]
fn nothing_is_signed_before_the_webhook_agrees() {
    let mut desk = Desk::with_webhook();
    for (answer, status) in [
        (json!({ "status": 403, "reason": "no credit" }), 403),
        (json!({ "status": 0 }), 500),
        (json!({ "status": 1000 }), 500),
        (json!({ "status": -200 }), 500),
        (json!({ "status": "200" }), 500),
        (json!([]), 500),
        (json!({ "status": 200, "maxPrice": { "price": "1", "currency": "wei", "unit": "720p-pixel-seconds" } }), 481),
        (json!({ "status": 200, "maxPrice": { "price": 1, "currency": "wei", "unit": "seconds" } }), 502),
        (json!({ "status": 200, "maxPrice": { "price": "x", "currency": "wei", "unit": "seconds" } }), 500),
    ] {
        let out = desk.send(&first(), &[]);
        assert!(matches!(&out[..], [Output::Ask { .. }]), "{out:?}");
        assert_eq!(refused(&desk.say(&answer)).0, status, "{answer}");
    }
    desk.send(&first(), &[]);
    let failed = WebhookAnswer::Failed("connection refused".to_owned());
    let out = desk.give(Input::Webhook { request: desk.requests, answer: failed });
    assert_eq!(refused(&out), (500, "Internal Server Error".to_owned()));
    assert_eq!(refusal(&out).to_string(), "signer auth failed: connection refused");
    assert_eq!((desk.signatures.get(), desk.signer.sessions(), desk.signer.waiting()), (0, 0, 0));

    desk.send(&first(), &[]);
    assert_eq!(desk.signatures.get(), 0);
    let one = paid(&desk.say(&json!({ "status": 200 })));
    // Tickets, credentials and the state.
    assert_eq!(desk.signatures.get(), one.payment.tickets.len() as u64 + 2);
    // An answer that comes twice is no answer.
    assert_eq!(desk.say(&json!({ "status": 200 })), []);
}

#[test]
fn a_state_that_waits_twice_is_signed_once() {
    let mut desk = Desk::with_webhook();
    desk.send(&first(), &[]);
    let one = paid(&desk.say(&json!({ "status": 200 })));
    desk.after(2 * SECOND).send(&next(&one), &[]);
    desk.send(&next(&one), &[]);
    assert_eq!(desk.signer.waiting(), 2);
    assert_eq!(paid(&desk.say(&json!({ "status": 200 }))).state.sequence, 1);
    let body = b"{\"status\":200}".to_vec();
    let late = Input::Webhook { request: desk.requests - 1, answer: WebhookAnswer::Answered { status: 200, body } };
    assert_eq!(refused(&desk.give(late)).0, 400);
}

#[test]
fn parameters_may_expire_while_the_webhook_is_asked() {
    let mut desk = Desk::with_webhook();
    desk.send(&first(), &[]);
    desk.head(1_040);
    assert_eq!(refused(&desk.say(&json!({ "status": 200 }))).0, 480);
    assert_eq!(desk.signatures.get(), 0);
}

#[test]
fn only_so_many_payments_wait() {
    let mut desk = Desk::with_webhook();
    for _ in 0..WAITING_MAX {
        assert!(matches!(desk.send(&first(), &[])[..], [Output::Ask { .. }]));
    }
    assert_eq!(desk.refuse(&first()).0, 503);
    desk.requests -= 1;
    paid(&desk.say(&json!({ "status": 200 })));
    assert!(matches!(desk.send(&first(), &[])[..], [Output::Ask { .. }]));
}

#[test]
fn the_webhook_rests_until_its_leave_ends() {
    let mut desk = Desk::with_webhook();
    desk.send(&first(), &[]);
    let expiry = 1_800_000_010;
    let one = paid(&desk.say(&json!({ "status": 200, "expiry": expiry })));
    assert_eq!(one.state.auth_expiry, expiry);
    let two = desk.after(9 * SECOND).pay(&next(&one));
    assert!(matches!(desk.after(SECOND).send(&next(&two), &[])[..], [Output::Ask { .. }]));
}

#[test]
fn a_session_stays_with_whom_it_is_for() {
    let mut desk = Desk::with_webhook();
    desk.send(&first(), &[("signer-auth-id", "caller")]);
    let one = paid(&desk.say(&json!({ "status": 200, "auth_id": "user" })));
    assert_eq!(one.state.auth_id, "user");
    // What the caller says counts no more.
    desk.after(2 * SECOND).send(&next(&one), &[("Signer-Auth-Id", "caller")]);
    let two = paid(&desk.say(&json!({ "status": 200 })));
    assert_eq!(two.state.auth_id, "user");
    desk.after(2 * SECOND).send(&next(&two), &[]);
    let out = desk.say(&json!({ "status": 200, "auth_id": "other" }));
    assert_eq!(refused(&out), (500, "Internal Server Error".to_owned()));

    let mut open = Desk::new(config());
    let one = paid(&open.send(&first(), &[("Signer-Auth-Id", "caller")]));
    assert_eq!(one.state.auth_id, "caller");
    open.after(2 * SECOND);
    assert_eq!(refused(&open.send(&next(&one), &[("Signer-Auth-Id", "other")])).0, 500);
    assert_eq!(paid(&open.send(&next(&one), &[])).state.auth_id, "caller");
}

#[test]
fn a_question_names_the_caller_and_the_state_that_would_be_signed() {
    let mut desk = Desk::with_webhook();
    let headers = [("host", "signer"), ("x-b", "<2>"), ("X-A", "1"), ("X-B", "3")];
    let out = desk.send(&first(), &headers);
    let [Output::Ask { request: 1, body }] = &out[..] else { panic!("{out:?}") };
    assert!(
        body.starts_with("{\"headers\":{\"X-A\":[\"1\"],\"X-B\":[\"\\u003c2\\u003e\",\"3\"]},\"state\":{"),
        "{body}"
    );
    let asked: Json = serde_json::from_str(body).expect("JSON");
    let one = paid(&desk.say(&json!({ "status": 200 })));
    assert_eq!(asked["state"].to_string().len(), one.state.encode().len());
    assert_eq!(State::decode(asked["state"].to_string().as_bytes()), Ok(one.state));
}

#[test]
fn the_lowest_ceiling_binds() {
    let mut max_price = MaxPrice::default();
    max_price.set_model(ModelKey::new(35, "noop"), Price::new(PRICE as u64 - 1, 1).expect("a price"));
    let mut desk = Desk::new(RemoteSignerConfig { max_price, ..config() });
    let constraint = net::CapabilityConstraints { models: [("noop".to_owned(), Default::default())].into() };
    let capabilities = net::Capabilities {
        capacities: [(35, 1)].into(),
        constraints: Some(net::Constraints { per_capability: [(35, constraint)].into(), ..Default::default() }),
        ..net::Capabilities::default()
    };
    let model = json!({ "capabilities": header::base64(&capabilities.encode_to_vec()) });
    let limit = |wei: &str| json!({ "maxPrice": { "price": wei, "currency": "wei", "unit": "720p-pixel-seconds" } });
    let dear =
        |whose: &str, wei: &str| (481, format!("orchestrator price 100000000.000 exceeds {whose} ceiling {wei}"));
    let own = "configured maximum price";
    assert_eq!(desk.refuse(&with(first(), model.clone())), dear(own, "99999999.000"));
    assert_eq!(desk.refuse(&with(with(first(), model.clone()), limit("1e8"))), dear(own, "99999999.000"));
    let asked = "request maxPrice";
    assert_eq!(desk.refuse(&with(with(first(), model), limit("99999998.9996"))), dear(asked, "99999999.000"));
    assert_eq!(desk.refuse(&with(first(), limit("99999999.9999"))), dear(asked, "100000000.000"));
    desk.pay(&with(first(), limit("100000000")));
}

#[test]
fn a_price_below_the_first_one_changes_no_fee() {
    let mut desk = Desk::new(config());
    let one = desk.pay(&first());
    desk.after(2 * SECOND);
    let priced = |price_per_unit| {
        let price_info = Some((&PriceInfo { price_per_unit, pixels_per_unit: 1 }).into());
        with(ask("lv2v", &net::OrchestratorInfo { price_info, ..info() }), json!({ "state": one.carried() }))
    };
    assert_eq!(desk.refuse(&priced(PRICE + 1)).0, 481);
    let cheap = desk.pay(&priced(PRICE / 2));
    assert_eq!(cheap.signed.fee, fee(2 * LV2V_PER_SECOND));
    assert_eq!(cheap.payment.expected_price.map(|p| p.price_per_unit), Some(PRICE / 2));
    assert_eq!(cheap.state.initial_price.price_per_unit, PRICE);
}

#[test]
fn no_ticket_is_due_while_the_credit_lasts() {
    let mut desk = Desk::new(config());
    let one = desk.pay(&first());
    let rich = State { balance: Credit::from(Wei::from_whole(1)), ..one.state };
    let rich = with(first(), json!({ "state": carried(&SignedState::new(&rich, &own_key())) }));
    assert_eq!(desk.after(2 * SECOND).refuse(&rich), (482, "no tickets".to_owned()));
    // Nothing was signed, so that the state is still good.
    assert_eq!(desk.refuse(&rich).0, 482);
    let too_many = with(ask("", &info()), json!({ "inPixels": 101 * EV / PRICE as u64 }));
    assert_eq!(desk.refuse(&too_many), (400, "numTickets 102 exceeds maximum of 100".to_owned()));
}

#[test]
fn odd_requests_are_refused() {
    let mut desk = Desk::new(config());
    let negative = net::PriceInfo { price_per_unit: -5, pixels_per_unit: 1, ..Default::default() };
    let no_token = net::OrchestratorInfo { auth_token: None, ..info() };
    let large = net::TicketParams { face_value: vec![1; 33], ..(&params(1)).into() };
    for (request, text) in [
        (ask("lv2v", &net::OrchestratorInfo { price_info: Some(negative), ..info() }), "price is negative: -5/1"),
        (ask("lv2v", &no_token), "missing authToken in OrchestratorInfo"),
        (
            ask("lv2v", &net::OrchestratorInfo { ticket_params: Some(large), ..info() }),
            "invalid ticketParams in OrchestratorInfo: face value: a number of 257 bits does not fit 256",
        ),
        (with(ask("", &info()), json!({ "inPixels": -1 })), "missing billable unit or job type"),
        (
            with(first(), json!({ "inPixels": "1" })),
            "json: cannot unmarshal string into Go struct field RemotePaymentRequest.inPixels of type int64",
        ),
        (with(first(), json!({ "maxPrice": {} })), "maxPrice.currency must be wei"),
        (json!([]), "json: cannot unmarshal array into Go value of type server.RemotePaymentRequest"),
    ] {
        assert_eq!(desk.refuse(&request), (400, text.to_owned()));
    }
    assert_eq!(desk.signatures.get(), 0);
    // Time that runs backwards is no time.
    let one = desk.pay(&first());
    desk.now.0 -= 1;
    assert_eq!(desk.refuse(&next(&one)).0, 400);
}

#[test]
fn units_of_every_kind_are_those_of_the_time() {
    for (kind, expected) in [("lv2v", [1_658_880_000, 96_768_000]), ("live", [10, 4]), ("fixed", [1, 1])] {
        let price = Some(PriceInfo { price_per_unit: 4_000_000_000_000_000, pixels_per_unit: 1 });
        let dear = net::OrchestratorInfo { price_info: price.as_ref().map(Into::into), ..info() };
        let info = if kind == "lv2v" { info() } else { dear };
        let mut desk = Desk::new(config());
        let one = desk.pay(&ask(kind, &info));
        let state = State { balance: Credit::zero(), ..one.state.clone() };
        let state = json!({ "state": carried(&SignedState::new(&state, &own_key())) });
        let two = desk.after(3_500_000_000).pay(&with(ask(kind, &info), state));
        assert_eq!([one.signed.units, two.signed.units], expected, "{kind}");
    }
}

/// What the signer and an orchestrator hold in common after a payment.
fn check_books(before: &Credit, paid: &Paid) {
    let params = paid.payment.ticket_params.as_ref().expect("parameters");
    let mut expected = Value::from(before);
    expected += &params.value().times(paid.payment.tickets.len() as u64);
    expected -= &paid.signed.fee;
    assert_eq!(paid.state.balance, expected.credit());
    assert!(paid.state.balance >= Credit::zero(), "work is never behind its payment");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn calls_bill_the_time_between_them(gaps in prop::collection::vec(1..20 * SECOND, 1..8)) {
        let mut desk = Desk::new(config());
        let mut last = desk.pay(&first());
        prop_assert_eq!(last.signed.units, 60 * LV2V_PER_SECOND);
        check_books(&Credit::zero(), &last);
        for gap in gaps {
            desk.after(gap);
            let out = desk.send(&next(&last), &[]);
            if matches!(refusal_status(&out), Some(482 | 400)) {
                continue;
            }
            let since = u128::from(desk.now.0 - last.state.last_update.0);
            let paid = paid(&out);
            let units = since * u128::from(LV2V_PER_SECOND) / u128::from(SECOND);
            prop_assert_eq!(u128::from(paid.signed.units), units);
            prop_assert_eq!(&paid.signed.fee, &fee(paid.signed.units));
            prop_assert_eq!(paid.state.last_update, desk.now);
            check_books(&last.state.balance, &paid);
            last = paid;
        }
    }

    #[test]
    fn any_bytes_are_answered(body in prop::collection::vec(any::<u8>(), 0..400), webhook in any::<bool>()) {
        let mut desk = Desk::new(RemoteSignerConfig { webhook, ..config() });
        let out = desk.give(Input::Payment { request: 1, headers: Vec::new(), body });
        prop_assert_eq!(refusal_status(&out), Some(400));
    }

    #[test]
    fn altered_requests_are_answered(at in any::<prop::sample::Index>(), byte in any::<u8>(), sent in any::<bool>()) {
        let mut desk = Desk::with_webhook();
        desk.send(&first(), &[]);
        let one = paid(&desk.say(&json!({ "status": 200 })));
        let request = if sent { next(&one) } else { first() };
        let mut body = request.to_string().into_bytes();
        let at = at.index(body.len());
        body[at] = byte;
        desk.after(SECOND);
        let out = desk.give(Input::Payment { request: 9, headers: Vec::new(), body });
        prop_assert!(is_answered(&out));
    }

    #[test]
    fn any_fields_and_messages_are_answered(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in ".{0,20}",
        number in any::<i64>(),
        price in any::<(i64, i64)>(),
        face_value in prop::collection::vec(any::<u8>(), 0..34),
        win_prob in prop::collection::vec(any::<u8>(), 0..34),
    ) {
        let mut desk = Desk::new(config());
        let price_info = net::PriceInfo { price_per_unit: price.0, pixels_per_unit: price.1, ..Default::default() };
        let ticket_params = net::TicketParams { face_value, win_prob, ..(&params(1)).into() };
        let odd = net::OrchestratorInfo { price_info: Some(price_info), ticket_params: Some(ticket_params), ..info() };
        let base64 = header::base64(&bytes);
        for request in [
            ask("lv2v", &odd),
            with(ask("", &odd), json!({ "inPixels": number })),
            with(first(), json!({ "orchestrator": base64 })),
            with(first(), json!({ "capabilities": base64 })),
            with(first(), json!({ "type": text, "app": text, "ManifestID": text })),
            with(first(), json!({ "maxPrice": { "price": text, "currency": "wei", "unit": text } })),
            with(first(), json!({ "state": { "State": base64, "Sig": header::base64(&[27; 65]) } })),
        ] {
            let out = desk.send(&request, &[]);
            prop_assert!(is_answered(&out));
        }
    }

    #[test]
    fn states_come_back_as_they_were(
        texts in prop::array::uniform4(".{0,12}"),
        numbers in any::<(u32, u64, i64, i64, i64)>(),
        hash in any::<[u8; 32]>(),
        balance in any::<(i128, u64)>(),
        nanos in any::<u64>(),
    ) {
        let [id, app, kind, auth_id] = texts;
        let (nonce, sequence, auth_expiry, price_per_unit, pixels_per_unit) = numbers;
        let ratio = format!("{}/{}", balance.0, u128::from(balance.1) + 1);
        let state = State {
            id,
            rand_hash: hash.into(),
            last_update: UnixTime(nanos),
            orchestrator: Address::from_slice(&hash[..20]),
            app,
            auth_expiry,
            nonce,
            balance: Credit(weir_types::decimal::ratio(&ratio).expect("a fraction")),
            initial_price: PriceInfo { price_per_unit, pixels_per_unit },
            kind,
            sequence,
            auth_id,
        };
        prop_assert_eq!(State::decode(state.encode().as_bytes()), Ok(state.clone()));
        // Whatever this key once signed, a request with it is answered.
        let signed = SignedState::new(&State { orchestrator: Address::repeat_byte(0x0e), ..state }, &own_key());
        let out = Desk::new(config()).send(&with(first(), json!({ "state": carried(&signed) })), &[]);
        prop_assert!(is_answered(&out));
    }

    #[test]
    fn any_answer_of_the_webhook_is_taken(status in any::<u16>(), body in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut desk = Desk::with_webhook();
        desk.send(&first(), &[]);
        let out = desk.give(Input::Webhook { request: 1, answer: WebhookAnswer::Answered { status, body } });
        prop_assert_eq!(refusal_status(&out), Some(500));
    }
}

fn refusal_status(out: &[Output]) -> Option<u16> {
    match out {
        [Output::Reply { reply, .. }] => Some(reply.status()),
        _ => None,
    }
}

/// Whether the caller is answered, or will be when the webhook has answered.
fn is_answered(out: &[Output]) -> bool {
    out.iter().filter(|o| matches!(o, Output::Ask { .. } | Output::Reply { .. })).count() == 1
}
