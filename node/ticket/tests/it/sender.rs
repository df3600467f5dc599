//! A gateway's checks, batches and estimates against go-livepeer's cases.

use serde_json::Value;
use weir_ticket::sender::{Batch, Sender, SenderConfig, SenderError, SenderView, fee_estimate};
use weir_ticket::{ExpirationParams, Payment, TicketParams, TicketSigner};
use weir_types::{Address, B256, Credit, L1Block, Millis, Pixels, Price, Profile, Round, U256, Wei, WinProb};

use crate::support::{
    credit, data, flag, gateway_key, list, maybe, number, of_kind, orchestrator_key, ratio, text, wei, win_prob, wire,
    word,
};

fn params(face_value: Wei, win_prob: WinProb, expiration_block: u64) -> TicketParams {
    TicketParams {
        recipient: orchestrator_key().address(),
        face_value,
        win_prob,
        recipient_rand_hash: B256::repeat_byte(3),
        seed: U256::from(1u64),
        expiration_block: L1Block(expiration_block),
        expiration_params: ExpirationParams::default(),
    }
}

fn config(c: &Value) -> SenderConfig {
    SenderConfig {
        max_ticket_ev: credit(text(c, "maxEV")),
        max_total_ev: credit(text(c, "maxTotalEV")),
        deposit_multiplier: number(c, "depositMultiplier"),
    }
}

fn view(c: &Value) -> SenderView {
    SenderView {
        l1: L1Block(number(c, "l1Block")),
        round: Round(number(c, "round")),
        round_hash: B256::repeat_byte(1),
        previous_hash: B256::repeat_byte(2),
        deposit: wei(c, "deposit"),
        reserve: wei(c, "reserve"),
        withdraw_round: Round(number(c, "withdrawRound")),
    }
}

#[test]
fn what_a_gateway_sends() {
    let file = data("sender_validate");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 344);
    let (mut accepted, mut refused, mut own, mut absent) = (0, 0, 0, 0);
    for c in all {
        assert!(c["infoError"].is_null(), "{c}");
        // A number of tickets below zero, or a block below zero or of more than 64 bits.
        let block = maybe(c, "expirationBlock");
        if c["numTickets"].as_i64().expect("number") < 0 || block.is_some_and(|b| b.parse::<u64>().is_err()) {
            absent += 1;
            continue;
        }
        let p =
            c.get("expirationBlock").map(|_| params(wei(c, "faceValue"), win_prob(c), number(c, "expirationBlock")));
        let got = Sender::new(config(c)).validate(p.as_ref(), number(c, "numTickets"), &view(c));
        assert_eq!(got.as_ref().map_err(ToString::to_string).err(), maybe(c, "error"), "{c}");
        let is_own = got.as_ref().is_err_and(SenderError::is_senders_own);
        assert_eq!(is_own, flag(c, "senderError"), "{c}");
        accepted += usize::from(got.is_ok());
        refused += usize::from(got.is_err());
        own += usize::from(is_own);
    }
    assert_eq!((accepted, refused, own, absent), (158, 181, 62, 5));
}

/// A gateway's side as the sequences of `sender_batches` have it.
struct Batches {
    sender: Sender,
    view: SenderView,
    params: TicketParams,
    id: B256,
    /// Last nonce, as the original counts it.
    nonce: u32,
}

impl Batches {
    fn new(info: &Value, expiration: &str) -> Self {
        let both =
            ExpirationParams { creation_round: Round(9), creation_round_block_hash: word(&format!("07{:062}", 0)) };
        let expiration_params = match expiration {
            "absent" | "zero" => ExpirationParams::default(),
            "both" => both,
            "round only" => ExpirationParams { creation_round_block_hash: B256::ZERO, ..both },
            "hash only" => ExpirationParams { creation_round: Round(0), ..both },
            other => panic!("unknown expiration params {other}"),
        };
        let params = TicketParams {
            recipient_rand_hash: word(&format!("ab{:062}", 0)),
            expiration_params,
            ..params(Wei::new(1_000), WinProb(U256::MAX >> 2), 140)
        };
        let view = SenderView { round_hash: word(text(info, "roundHash")), ..view(info) };
        let id = params.recipient_rand_hash;
        Self { sender: Sender::new(config(info)), view, params, id, nonce: 0 }
    }

    /// Does a step; true when it is a batch that was checked.
    fn step(&mut self, op: &Value) -> bool {
        match text(op, "op") {
            "start" => {
                self.nonce = op["nonce"].as_u64().map_or(0, |n| u32::try_from(n).expect("32 bits"));
                let id = self.sender.start_after(self.params.clone(), self.nonce);
                assert_eq!(id.to_string(), text(op, "sessionID"), "{op}");
            }
            "ev" => {
                let got = self.sender.ev(&self.id).map(|v| v.credit().0);
                assert_eq!(got, maybe(op, "ev").map(|e| ratio(&e)), "{op}");
                assert_eq!(got.is_none(), maybe(op, "error").is_some(), "{op}");
            }
            "batch" => {
                self.batch(op);
                return true;
            }
            "cleanup" => self.sender.end(&self.id),
            "setBlock" => self.view.l1 = L1Block(number(op, "block")),
            "setRound" => {
                self.view.round = Round(number(op, "round"));
                self.view.round_hash = word(text(op, "hash"));
            }
            other => panic!("unknown step {other}"),
        }
        false
    }

    fn batch(&mut self, op: &Value) {
        let got = self.sender.batch(&self.id, number(op, "size"), &self.view, &gateway_key());
        match got {
            Ok(b) => {
                assert_eq!(maybe(op, "error"), None, "{op}");
                check_batch(&b, op);
                self.nonce = b.tickets.last().map_or(self.nonce, |t| t.nonce);
                assert_eq!(u64::from(self.nonce), number(op, "nonceAfter"), "{op}");
            }
            // The texts of an unknown session differ: the original's shows its key twice encoded.
            Err(e @ SenderError::UnknownSession(id)) => {
                assert_eq!(id, self.id);
                assert!(text(op, "error").starts_with("error loading session: ") && !e.is_senders_own(), "{op}");
            }
            Err(e) => assert_eq!(Some(e.to_string()), maybe(op, "error"), "{op}"),
        }
    }
}

fn check_batch(b: &Batch, op: &Value) {
    let nonces: Vec<u64> = b.tickets.iter().map(|t| t.nonce.into()).collect();
    let expected: Vec<u64> = op["nonces"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    assert_eq!(nonces, expected, "{op}");
    let sigs: Vec<String> = b.tickets.iter().map(|t| t.sig.to_string()).collect();
    let expected: Vec<&str> = op["sigs"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(sigs, expected, "{op}");
    assert_eq!(b.expiration.creation_round, Round(number(op, "creationRound")), "{op}");
    assert_eq!(b.expiration.creation_round_block_hash, word(text(op, "creationRoundBlockHash")), "{op}");
}

#[test]
fn batches() {
    let file = data("sender_batches");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 16);
    let (mut checked, mut wrapping) = (0, 0);
    for c in all {
        let mut b = Batches::new(&file["info"], text(c, "expirationParams"));
        let ops = list(c, "ops");
        assert_eq!(ops.len(), 17);
        // Sequences that start three nonces before the last one: the original goes on with 0.
        if ops[0]["nonce"].as_u64() == Some(u64::from(u32::MAX) - 2) {
            at_the_last_nonce(&mut b, ops);
            wrapping += 1;
            continue;
        }
        checked += ops.iter().filter(|op| b.step(op)).count();
    }
    assert_eq!((checked, wrapping), (117, 3));
}

/// Nonces start anew only with new parameters: a repeated one would be refused, and its ticket lost.
fn at_the_last_nonce(b: &mut Batches, ops: &[Value]) {
    assert_eq!(ops[3]["nonces"], serde_json::json!([u32::MAX, 0, 1]));
    assert!(ops[..3].iter().filter(|op| b.step(op)).count() == 1);
    let mut batch =
        |n| b.sender.batch(&b.id, n, &b.view, &gateway_key()).map(|b| b.tickets.iter().map(|t| t.nonce).collect());
    let used_up = |nonce, tickets| Err(SenderError::NoncesUsedUp { nonce, tickets });
    assert_eq!(batch(3), used_up(u32::MAX - 1, 3));
    assert_eq!(batch(1), Ok(vec![u32::MAX]));
    assert_eq!(batch(1), used_up(u32::MAX, 1));
    assert_eq!(batch(0), Ok(vec![]));
}

#[test]
fn worthless_tickets_without_number_are_not_signed() {
    let mut s = Sender::new(SenderConfig::default());
    let id = s.start(params(Wei::ZERO, WinProb::ZERO, 140));
    let view = SenderView { l1: L1Block(100), ..SenderView::default() };
    let got = s.batch(&id, u64::MAX, &view, &gateway_key());
    assert_eq!(got, Err(SenderError::NoncesUsedUp { nonce: 0, tickets: u64::MAX }));
    assert_eq!(s.batch(&id, 2, &view, &gateway_key()).map(|b| b.tickets.len()), Ok(2));
}

#[test]
fn sessions() {
    let mut s = Sender::new(SenderConfig::default());
    assert!(s.is_empty());
    let id = s.start(params(Wei::new(5), WinProb::ONE, 140));
    assert!(s.has(&id) && s.len() == 1 && !s.is_empty());
    s.end(&id);
    assert!(!s.has(&id) && s.is_empty());
    assert_eq!(
        s.batch(&id, 1, &SenderView::default(), &gateway_key()).map(|b| b.tickets.len()),
        Err(SenderError::UnknownSession(id))
    );
}

/// Limits of the gateway in a case of `payments`: wide, but for what the note names.
fn payment_config(note: &str) -> SenderConfig {
    let max_ticket_ev = match note {
        "EV above the maximum" | "EV above the maximum, no tickets asked" => Wei::new(5),
        "total EV above the maximum" => Wei::new(8_000_000_000),
        _ => Wei::from_whole(1),
    };
    SenderConfig { max_ticket_ev: max_ticket_ev.into(), max_total_ev: Wei::from_whole(1).into(), deposit_multiplier: 1 }
}

/// Parameters of the sessions in `payments`, as the first header with tickets has them.
fn session_params(all: &[&Value]) -> (TicketParams, ExpirationParams) {
    let header = all.iter().find(|c| text(c, "note") == "plain" && number(c, "tickets") == 1).expect("a plain payment");
    let p = wire::payment(text(header, "header"));
    (p.ticket_params.expect("params"), p.expiration_params.expect("round"))
}

#[test]
fn payments() {
    let file = data("payments");
    let all = of_kind(&file, "payment");
    assert_eq!((all.len(), list(&file, "cases").len()), (18, 28));
    let (base, round) = session_params(&all);
    let seed = U256::from_be_bytes(std::array::from_fn::<u8, 32, _>(|i| i as u8 + 1));
    assert_eq!((base.seed, base.expiration_block), (seed, L1Block(20_000_040)));
    let hash = word(&format!("010203{:058}", 0));
    let (mut made, mut refused, mut elsewhere) = (0, 0, 0);
    for c in all {
        let note = text(c, "note");
        // What the gateway decides before it asks for tickets, and payments without any.
        if note == "off-chain (no sender)" || note == "no price" || note.starts_with("price more than") {
            assert_eq!(text(c, "header"), "", "{c}");
            elsewhere += 1;
            continue;
        }
        let params = TicketParams {
            expiration_params: if flag(c, "roundInParams") { round } else { ExpirationParams::default() },
            ..base.clone()
        };
        let mut s = Sender::new(payment_config(note));
        let id = s.start(params);
        let expired = note == "params expired";
        let view = SenderView {
            l1: L1Block(if expired { 20_000_039 } else { 20_000_000 }),
            round: Round(9),
            round_hash: hash,
            previous_hash: B256::repeat_byte(2),
            deposit: Wei::from_whole(1),
            reserve: Wei::from_whole(1),
            withdraw_round: Round(0),
        };
        if note.starts_with("second") {
            s.batch(&id, 2, &view, &gateway_key()).expect("first payment");
        }
        if number(c, "tickets") == 0 {
            // Nothing is asked of the sender: the message has a sender and a price.
            let p = wire::payment(text(c, "header"));
            assert_eq!((p.ticket_params, p.expiration_params, p.tickets), (None, None, vec![]), "{c}");
            elsewhere += 1;
            continue;
        }
        match s.batch(&id, number(c, "tickets"), &view, &gateway_key()) {
            Ok(b) => {
                check_payment(b, c);
                made += 1;
            }
            Err(e) => {
                assert_eq!(Some(e.to_string()), maybe(c, "error"), "{c}");
                refused += 1;
            }
        }
    }
    assert_eq!((made, refused, elsewhere), (7, 3, 8));
}

fn check_payment(b: Batch, c: &Value) {
    let want = wire::payment(text(c, "header"));
    let price = c["price"].as_array().expect("price");
    let got = Payment {
        sender: gateway_key().address(),
        // The round in the parameters is the gateway's to know and goes out once, beside them.
        ticket_params: Some(TicketParams { expiration_params: ExpirationParams::default(), ..b.params }),
        expiration_params: Some(b.expiration),
        tickets: b.tickets,
        expected_price: Some(weir_ticket::PriceInfo {
            price_per_unit: price[0].as_i64().expect("price"),
            pixels_per_unit: price[1].as_i64().expect("price"),
        }),
    };
    assert_eq!(got, want, "{c}");
    assert_eq!(TicketSigner::address(&gateway_key()), want.sender);
}

#[test]
fn parameters_that_end_call_for_new_ones() {
    let file = data("payments");
    let all = of_kind(&file, "refresh");
    assert_eq!(all.len(), 10);
    let (mut by_params, mut by_token) = (0, 0);
    for c in all {
        // The age of the token, and its absence, are the session's business and not the ticket's.
        if c["tokenSecondsLeft"].as_i64() != Some(1_800) {
            by_token += 1;
            continue;
        }
        let p = params(Wei::new(1_000), WinProb(U256::MAX >> 2), number(c, "paramsExpirationBlock"));
        let money = Wei::new(1_000_000);
        let view = SenderView { l1: L1Block(20_000_000), deposit: money, reserve: money, ..SenderView::default() };
        let got = Sender::new(SenderConfig::default()).validate(Some(&p), 1, &view);
        assert_eq!(got == Err(SenderError::Expired), flag(c, "refresh"), "{c}");
        assert!(flag(c, "refresh") || got.is_ok(), "{c}");
        by_params += 1;
    }
    assert_eq!((by_params, by_token), (4, 6));
}

fn profiles(c: &Value) -> Option<Vec<Profile>> {
    let one = |row: &Value| {
        let size: Vec<&str> = row[0].as_str()?.split('x').collect();
        let n = |i: usize| u32::try_from(row[i].as_u64()?).ok();
        Some(Profile {
            name: String::new(),
            width: size.first()?.parse().ok()?,
            height: size.get(1)?.parse().ok()?,
            bitrate: 0,
            fps: n(1)?,
            fps_den: n(2)?,
        })
    };
    list(c, "resolution_fps_den").iter().map(one).collect()
}

#[test]
fn fee_estimates() {
    let file = data("fees");
    let all = of_kind(&file, "estimate");
    assert_eq!((all.len(), list(&file, "cases").len()), (176, 201));
    let (mut checked, mut texts, mut no_price, mut wide) = (0, 0, 0, 0);
    for c in all {
        // A resolution that is no text of two numbers: a profile has numbers here.
        let Some(profiles) = profiles(c) else {
            assert!(maybe(c, "error").is_some(), "{c}");
            texts += 1;
            continue;
        };
        let Some(price) = maybe(c, "price") else {
            assert!(c["fee"].is_null(), "{c}");
            no_price += 1;
            continue;
        };
        let price = Price::from_ratio(ratio(&price)).expect("price");
        // A duration below zero counts as none in the original too.
        let ms = (c["duration"].as_f64().expect("seconds").max(0.0) * 1_000.0).round();
        let got = fee_estimate(&profiles, Millis(ms as u64), &price);
        let want = credit(text(c, "fee"));
        if profiles.iter().any(|p| p.width > 1_000_000) {
            // The original's product of 64 bits wraps: 2^59 times 30 frames and 2 seconds.
            let pixels = U256::from(3_037_000_500u64).pow(U256::from(2u64)) * U256::from(60u64);
            let margin = ratio("2296835809958953/2251799813685248");
            let exact = weir_types::amount::big(pixels) * num_bigint::BigInt::from(3);
            assert_eq!(got, Credit(margin * num_rational::BigRational::from_integer(exact)), "{c}");
            assert!(got > want, "{c}");
            wide += 1;
            continue;
        }
        assert_eq!(got, want, "{c}");
        checked += 1;
    }
    assert_eq!((checked, texts, no_price, wide), (172, 2, 1, 1));
}

#[test]
fn live_fees() {
    let file = data("fees");
    let all = of_kind(&file, "live");
    // The other kinds are prices, checked in the market, and a timer of the original's live payments.
    assert_eq!((all.len(), of_kind(&file, "priceCheck").len(), of_kind(&file, "liveProcessor").len()), (3, 12, 10));
    let (mut checked, mut negative) = (0, 0);
    for c in all {
        let Some(units) = c["units"].as_u64() else {
            negative += 1;
            continue;
        };
        let p = list(c, "price");
        let price = Price::new(p[0].as_u64().expect("price"), p[1].as_u64().expect("price")).expect("price");
        assert_eq!(price.fee(Pixels(units)), credit(text(c, "fee")), "{c}");
        assert_eq!(text(c, "fee"), text(c, "aiFee"), "{c}");
        checked += 1;
    }
    assert_eq!((checked, negative), (2, 1));
}

#[test]
fn refusals_show_five_decimals() {
    let third = Wei::new(3_000_000_000_000 * 2);
    let view = SenderView { l1: L1Block(1), deposit: third, reserve: third, ..SenderView::default() };
    let p = params(Wei::new(3_000_000_000_001), WinProb(U256::MAX - U256::from(1u64)), 40);
    let got = Sender::new(SenderConfig::default()).validate(Some(&p), 1, &view).map_err(|e| e.to_string());
    assert_eq!(got, Err("ticket EV 3000000000001.00000 > max ticket EV 3000000000000.00000".to_owned()));
    assert_eq!(orchestrator_key().address(), p.recipient);
    assert_ne!(p.recipient, Address::ZERO);
}
