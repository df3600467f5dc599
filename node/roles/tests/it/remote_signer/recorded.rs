//! The recorded exchanges of a real signer, played against ours.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use weir_roles::io::Records;
use weir_roles::remote_signer::{
    Input, Output, RemoteSigner, RemoteSignerConfig, Reply, SignedState, State, UnixTime, WebhookAnswer,
};
use weir_roles::{ChainEvent, ChainHead, Effect, RoundInfo, SenderFunds};
use weir_ticket::sender::SenderConfig;
use weir_ticket::{EthVerifier, ExpirationParams, Payment, SigningKey, TicketVerifier};
use weir_types::{Entropy, L1Block, Round, Wei};
use weir_wire::{header, moment, net};

const ROWS: &[u8] = include_bytes!("../../data/remote-signer/signer.jsonl.zst");
const CHAIN: &str = include_str!("../../data/remote-signer/chain.json");
const DIFFERENCES: &str = include_str!("../../data/remote-signer/differences.json");

/// The chain that the signer saw.
struct Chain(Json);

impl Chain {
    fn load() -> Self {
        Self(serde_json::from_str(CHAIN).expect("JSON"))
    }

    fn key(&self) -> SigningKey {
        let text = self.0["signer_key"].as_str().expect("key");
        let bytes = hex::decode(&text[2..]).expect("hex").try_into().expect("32 bytes");
        SigningKey::from_bytes(bytes).expect("key")
    }

    fn unix(&self, t_ms: f64) -> UnixTime {
        UnixTime(self.0["t0_unix_s"].as_u64().expect("time") * 1_000_000_000 + (t_ms * 1e6) as u64)
    }

    fn has_webhook(&self, t_ms: f64) -> bool {
        t_ms >= self.0["webhook_from_ms"].as_f64().expect("time")
    }

    /// What a watcher had told by then.
    fn events(&self, t_ms: f64) -> Vec<ChainEvent> {
        let block = self.0["block_at_t0"].as_u64().expect("block") + (t_ms / 1e3) as u64;
        let rounds = self.0["rounds"].as_array().expect("rounds");
        let (i, last) = rounds.iter().enumerate().rfind(|(_, r)| r[1].as_u64() <= Some(block)).expect("a round");
        let hash = |r: &Json| r[2].as_str().expect("hash").parse().expect("hash");
        let round = RoundInfo {
            round: Round(last[0].as_u64().expect("round")),
            block_hash: hash(last),
            previous_block_hash: hash(&rounds[i.saturating_sub(1)]),
            start_block: L1Block(last[1].as_u64().expect("block")),
            length: 50,
            pool_size: 2,
        };
        let funds = SenderFunds {
            deposit: Wei::from_whole(50),
            reserve_remaining: Wei::from_whole(50),
            ..SenderFunds::default()
        };
        let head = ChainHead { l1: L1Block(block), gas_price: Wei::new(1_000_000_007) };
        let sender = self.key().address();
        vec![ChainEvent::Head(head), ChainEvent::Round(round), ChainEvent::Funds { sender, funds }]
    }

    /// The signer at a time, with what an earlier life of it stored.
    fn signer(&self, t_ms: f64, stored: &Records) -> RemoteSigner {
        let payment = SenderConfig {
            max_ticket_ev: Wei::new(30_000_000_000_000_000).into(),
            max_total_ev: Wei::from_whole(3).into(),
            ..SenderConfig::default()
        };
        let config = RemoteSignerConfig { payment, webhook: self.has_webhook(t_ms), ..RemoteSignerConfig::default() };
        RemoteSigner::restore(config, Box::new(self.key()), stored).expect("own records")
    }
}

/// One exchange.
struct Row(Json);

impl Row {
    fn n(&self) -> u64 {
        self.0["n"].as_u64().expect("number")
    }

    fn t_ms(&self) -> f64 {
        self.0["t_ms"].as_f64().expect("time")
    }

    fn path(&self) -> &str {
        self.0["request"]["path"].as_str().expect("path")
    }

    fn is_asked_of_the_webhook(&self) -> bool {
        self.path() == "/signerauth"
    }

    fn is_asked_of_the_signer(&self) -> bool {
        let routes = ["/generate-live-payment", "/sign-orchestrator-info"];
        self.0["to"] == "S" && self.0["request"]["method"] == "POST" && routes.contains(&self.path())
    }

    fn headers(&self) -> Vec<(String, String)> {
        let text = |v: &Json| v.as_str().expect("text").to_owned();
        let all = self.0["request"]["headers"].as_array().expect("headers");
        all.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
    }

    fn body(&self) -> &str {
        self.0["request"]["body_text"].as_str().unwrap_or_default()
    }

    fn status(&self) -> u16 {
        self.0["response"]["status"].as_str().and_then(|s| s.parse().ok()).expect("status")
    }

    fn answer(&self) -> &str {
        self.0["response"]["body_text"].as_str().unwrap_or_default()
    }

    fn refresh_url(&self) -> Option<&str> {
        let all = self.0["response"]["headers"].as_array().expect("headers");
        let found = all
            .iter()
            .find(|pair| pair[0].as_str().is_some_and(|n| n.eq_ignore_ascii_case("Livepeer-Orchestrator-URL")));
        found.and_then(|pair| pair[1].as_str())
    }

    /// What the webhook said in time.
    fn webhook_answer(&self) -> WebhookAnswer {
        let took = self.0["response"]["t_end_ms"].as_f64().expect("time") - self.t_ms();
        match took < 5_000.0 {
            true => WebhookAnswer::Answered { status: self.status(), body: self.answer().as_bytes().to_vec() },
            false => WebhookAnswer::Failed("timeout".to_owned()),
        }
    }
}

fn rows() -> Vec<Row> {
    let text = zstd::decode_all(ROWS).expect("zstd");
    let lines = std::str::from_utf8(&text).expect("UTF-8").lines();
    lines.map(|line| Row(serde_json::from_str(line).expect("JSON"))).collect()
}

/// A request to the signer with the question that it led to, if it led to one.
fn exchanges(rows: &[Row]) -> Vec<(&Row, Option<&Row>)> {
    let webhook = |n: u64| rows.iter().find(|r| r.n() == n + 1 && r.is_asked_of_the_webhook());
    rows.iter().filter(|r| r.is_asked_of_the_signer()).map(|r| (r, webhook(r.n()))).collect()
}

fn numbers(list: &Json) -> BTreeSet<u64> {
    list.as_array().expect("a list").iter().map(|n| n.as_u64().expect("a number")).collect()
}

/// The time that the original took for now: it stands in the state that it made, where it made one.
fn now(chain: &Chain, row: &Row, webhook: Option<&Row>) -> UnixTime {
    let made = &row.0["response"]["decoded"]["json"]["state"]["LastUpdate"];
    let asked = webhook.map(|w| serde_json::from_str::<Json>(w.body()).expect("JSON"));
    let text = made.as_str().or_else(|| asked.as_ref()?["state"]["LastUpdate"].as_str());
    text.map_or_else(|| chain.unix(row.t_ms()), |text| UnixTime(moment::unix_nanos(text).expect("a time")))
}

/// Plays one row. Returns the answer and the question to the webhook.
fn play(
    signer: &mut RemoteSigner,
    chain: &Chain,
    (row, webhook): (&Row, Option<&Row>),
    stored: &mut Records,
) -> (Reply, Option<String>) {
    let mut rng = Entropy::from_seed([row.n() as u8; 32]);
    let (now, mut out, mut question) = (now(chain, row, webhook), Vec::new(), None);
    for event in chain.events(row.t_ms()) {
        signer.handle(now, Input::Chain(event), &mut rng, &mut out);
    }
    let request = row.n();
    let input = match row.path() {
        "/sign-orchestrator-info" => Input::Identity { request },
        _ => Input::Payment { request, headers: row.headers(), body: row.body().as_bytes().to_vec() },
    };
    signer.handle(now, input, &mut rng, &mut out);
    let asked = out.iter().find_map(|o| match o {
        Output::Ask { body, .. } => Some(body.clone()),
        _ => None,
    });
    if let Some(body) = asked {
        question = Some(body);
        let answer = webhook.unwrap_or_else(|| panic!("row {request}: the original asks no webhook")).webhook_answer();
        signer.handle(now, Input::Webhook { request, answer }, &mut rng, &mut out);
    }
    let mut reply = None;
    for o in out {
        match o {
            Output::Effect(Effect::Persist(r)) => {
                assert!(reply.is_none(), "row {request}: stored after the answer");
                match r.value {
                    Some(value) => stored.insert(r.key, value),
                    None => stored.remove(&r.key),
                };
            }
            Output::Reply { reply: r, .. } => assert!(reply.replace(r).is_none(), "row {request}: two answers"),
            _ => {}
        }
    }
    (reply.unwrap_or_else(|| panic!("row {request}: no answer")), question)
}

/// A text with what the original drew at random in place of what ours drew.
fn renamed(text: &str, ours: &str, theirs: &str) -> String {
    text.replacen(ours, theirs, 1)
}

/// Compares an answer with the recorded one.
fn compare(chain: &Chain, row: &Row, reply: &Reply) {
    let n = row.n();
    assert_eq!(
        (reply.status(), reply.header().map(|(_, v)| v)),
        (row.status(), row.refresh_url()),
        "row {n}: {reply:?}"
    );
    let Reply::Paid(paid) = reply else {
        assert_eq!(reply.body(), row.answer(), "row {n}");
        return;
    };
    let recorded: Json = serde_json::from_str(row.answer()).expect("JSON");
    let ours: Json = serde_json::from_str(&reply.body()).expect("JSON");
    let names = |v: &Json| v.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&recorded), "row {n}");
    assert!(ours["payment"] == recorded["payment"], "row {n}: tickets");
    assert_eq!(ours["payment"], paid.payment.as_str(), "row {n}");

    let bytes = |v: &Json| header::bytes(v.as_str().expect("base64")).expect("base64");
    let theirs = SignedState { state: bytes(&recorded["state"]["State"]), sig: bytes(&recorded["state"]["Sig"]) };
    assert!(theirs.is_own(&chain.key()) && paid.state.is_own(&chain.key()), "row {n}: signatures of states");
    let state = State::decode(&theirs.state).expect("a state");
    assert_eq!(state.encode().as_bytes(), theirs.state, "row {n}: states are written as they are read");
    let mut own = State::decode(&paid.state.state).expect("a state");
    let begun = state.sequence == 0;
    if begun {
        own.id.clone_from(&state.id);
    }
    assert_eq!(own, state, "row {n}");
    assert!(begun || paid.state == theirs, "row {n}: the state byte for byte");

    let request: Json = serde_json::from_str(row.body()).expect("JSON");
    let (mut ours, mut theirs): (net::SegData, net::SegData) = (
        header::decode(&paid.credentials).expect("credentials"),
        header::decode(recorded["segCreds"].as_str().expect("credentials")).expect("credentials"),
    );
    for creds in [&mut ours, &mut theirs] {
        let sig = weir_ticket::Signature::lenient(&creds.sig);
        let flat = creds.flatten();
        assert_eq!(EthVerifier.verify_message(chain.key().address(), &flat, &sig), Ok(()), "row {n}: credentials");
        if request["ManifestID"].as_str().unwrap_or_default().is_empty() {
            assert!(creds.manifest_id.len() == 8, "row {n}: a random name");
            creds.manifest_id.clear();
            creds.sig.clear();
        }
    }
    assert_eq!(ours, theirs, "row {n}: credentials");
}

/// Tickets are what an orchestrator takes for a payment of the signer.
fn check_tickets(chain: &Chain, row: &Row, reply: &Reply) -> u64 {
    let Reply::Paid(paid) = reply else { return 0 };
    let message: net::Payment = header::decode(&paid.payment).expect("a payment");
    let payment = Payment::try_from(&message).expect("a payment");
    let params = payment.ticket_params.expect("parameters");
    assert_eq!(params.expiration_params, ExpirationParams::default());
    for t in &payment.tickets {
        let ticket = params.ticket(chain.key().address(), t.nonce, payment.expiration_params.expect("round"));
        assert_eq!(ticket.verify(&t.sig, &EthVerifier), Ok(()), "row {}: nonce {}", row.n(), t.nonce);
    }
    payment.tickets.len() as u64
}

#[test]
fn every_row_is_played_or_left_out_with_a_reason() {
    let differences: Json = serde_json::from_str(DIFFERENCES).expect("JSON");
    let rows = rows();
    let mut played = BTreeSet::new();
    for (row, webhook) in exchanges(&rows) {
        played.insert(row.n());
        played.extend(webhook.map(Row::n));
    }
    let mut left_out = BTreeSet::new();
    for entry in differences["not_replayed"].as_array().expect("a list") {
        assert!(!entry["why"].as_str().expect("a reason").is_empty());
        left_out.extend(numbers(&entry["rows"]));
    }
    assert_eq!(played.intersection(&left_out).count(), 0);
    let all: BTreeSet<u64> = rows.iter().map(Row::n).collect();
    assert_eq!(&played | &left_out, all);
    assert_eq!((all.len(), played.len()), (139, 121));
}

#[test]
fn a_signer_without_memory_answers_as_the_original_did() {
    let (chain, rows) = (Chain::load(), rows());
    let (mut statuses, mut tickets, mut questions) = (BTreeMap::new(), 0, 0);
    for (row, webhook) in exchanges(&rows) {
        let mut signer = chain.signer(row.t_ms(), &Records::new());
        let (reply, question) = play(&mut signer, &chain, (row, webhook), &mut Records::new());
        compare(&chain, row, &reply);
        tickets += check_tickets(&chain, row, &reply);
        *statuses.entry(reply.status()).or_insert(0) += 1;
        assert_eq!(question.is_some(), webhook.is_some(), "row {}", row.n());
        if let (Some(ours), Some(webhook)) = (question, webhook) {
            questions += 1;
            let id = |body: &str| -> String {
                let body: Json = serde_json::from_str(body).expect("JSON");
                body["state"]["StateID"].as_str().expect("an id").to_owned()
            };
            let theirs = webhook.body();
            assert_eq!(renamed(&ours, &id(&ours), &id(theirs)), theirs, "row {}: question", row.n());
        }
    }
    let expected = [(200, 51), (400, 22), (403, 2), (429, 1), (480, 3), (481, 3), (482, 4), (500, 6), (502, 1)];
    assert_eq!(statuses, BTreeMap::from(expected));
    assert_eq!((tickets, questions), (307, 28));
}

#[test]
fn a_signer_with_memory_differs_in_states_sent_twice_alone() {
    let differences: Json = serde_json::from_str(DIFFERENCES).expect("JSON");
    let (chain, rows) = (Chain::load(), rows());
    let (mut stored, mut refused, mut again) = (Records::new(), BTreeSet::new(), BTreeSet::new());
    let mut signer = chain.signer(0.0, &stored);
    let mut has_webhook = false;
    for (row, webhook) in exchanges(&rows) {
        if !has_webhook && chain.has_webhook(row.t_ms()) {
            has_webhook = true;
            signer = chain.signer(row.t_ms(), &stored);
        }
        let (reply, _) = play(&mut signer, &chain, (row, webhook), &mut stored);
        if reply.status() == 400 && reply.body().contains("state is used up") {
            refused.insert(row.n());
        } else if let Reply::Again(_) = reply {
            again.insert(row.n());
        } else {
            compare(&chain, row, &reply);
        }
    }
    assert_eq!(refused, numbers(&differences["refused_as_used_up"]["rows"]));
    assert_eq!(again, numbers(&differences["answered_again"]["rows"]));
    assert_eq!(stored.len(), signer.sessions());
}
