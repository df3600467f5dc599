//! An orchestrator's parameters and checks against go-livepeer's cases.

use num_bigint::BigInt;
use serde_json::Value;
use weir_ticket::recipient::{
    ChainView, MAX_NONCES, PARAMS_VALIDITY, ParamsError, Received, Recipient, RecipientConfig, TicketError,
};
use weir_ticket::ticket::rand_hash;
use weir_ticket::{EthVerifier, ExpirationParams, Payment, PriceInfo, SenderParams, Signature, Ticket, TicketParams};
use weir_types::amount::{big, unsigned};
use weir_types::{Address, B256, Instant, L1Block, Price, Round, U256, Wei, WinProb};

use crate::support::{
    Trusting, address, bytes, data, expiration, gateway_key, hex_word, integer, list, maybe, number, orchestrator_key,
    ratio, secret, text, wei, win_prob, word,
};

fn price(v: &Value) -> Option<Price> {
    Price::from_ratio(ratio(text(v, "price")))
}

#[test]
fn secret_numbers() {
    let file = data("recipient_rand");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 124);
    let (mut checked, mut beyond) = (0, 0);
    for c in all {
        // One case has a price below zero and an expiration block of 256 bits: neither exists here.
        let Some(price) = price(c) else {
            beyond += 1;
            continue;
        };
        let secret = bytes(text(c, "secret")).try_into().expect("32 bytes");
        let r = Recipient::new(Address::repeat_byte(1), secret, RecipientConfig::default());
        let p = TicketParams {
            recipient: r.address(),
            face_value: wei(c, "faceValue"),
            win_prob: win_prob(c),
            recipient_rand_hash: B256::ZERO,
            seed: hex_word(text(c, "seed")),
            expiration_block: L1Block(number(c, "expirationBlock")),
            expiration_params: expiration(c),
        };
        let rand = r.rand(address(text(c, "sender")), &p, &price);
        assert_eq!(rand, hex_word(text(c, "recipientRand")), "{c}");
        assert_eq!(rand_hash(rand), word(text(c, "recipientRandHash")), "{c}");
        checked += 1;
    }
    assert_eq!((checked, beyond), (123, 1));
}

fn view(c: &Value, constants: &Value) -> ChainView {
    let given = |key: &str, constant: &str| {
        let source = if c.get(key).is_some() { &c[key] } else { &constants[constant] };
        source.as_u64().or_else(|| source.as_str()?.parse().ok()).expect("number")
    };
    let hash = maybe(c, "hash").unwrap_or_else(|| text(constants, "hashWhenNotGiven").to_owned());
    ChainView {
        l1: L1Block(given("l1Block", "l1BlockWhenNotGiven")),
        gas_price: c["gasPrice"].as_str().map_or(Wei::ZERO, |p| p.parse().expect("gas price")),
        round: Round(given("round", "roundWhenNotGiven")),
        round_hash: word(&hash),
        previous_hash: maybe(c, "prevHash").map_or(B256::ZERO, |h| word(&h)),
    }
}

/// A sender's float as the recipient takes it: below zero it counts as none.
fn max_float(c: &Value) -> Wei {
    Wei(unsigned(&integer(c, "maxFloat")))
}

/// What the original asks of tickets in the cases of `ticket_params`, or its error.
fn check_params(c: &Value, got: &Result<TicketParams, ParamsError>) {
    assert_eq!(got.clone().err().map(|e| e.to_string()), maybe(c, "error"), "{c}");
    let Ok(p) = got else { return };
    assert_eq!(p.face_value, wei(c, "faceValue"), "{c}");
    assert_eq!(p.win_prob, win_prob(c), "{c}");
    if c.get("expirationBlock").is_some() {
        assert_eq!(p.expiration_block, L1Block(number(c, "expirationBlock")), "{c}");
        // The round before round 0 is -1 there and 0 here.
        let round = c["creationRound"].as_i64().expect("round").max(0).unsigned_abs();
        assert_eq!(p.expiration_params.creation_round, Round(round), "{c}");
        assert_eq!(p.expiration_params.creation_round_block_hash, word(text(c, "creationRoundBlockHash")), "{c}");
    }
}

#[test]
fn parameters() {
    let file = data("ticket_params");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 1850);
    let sender = gateway_key().address();
    let (mut checked, mut refused, mut lenient, mut absent, mut rounds) = (0, 0, 0, 0, 0);
    for c in all {
        // A price below zero, and an error of the source of the float, which is asked outside.
        let (Some(price), None) = (price(c), c.get("maxFloatError")) else {
            absent += 1;
            continue;
        };
        let config = RecipientConfig {
            ev: wei(c, "ev"),
            redeem_gas: number(c, "redeemGas"),
            tx_cost_multiplier: number(c, "multiplier"),
            max_face_value: c.get("maxFaceValue").map_or(Wei::ZERO, |_| wei(c, "maxFaceValue")),
        };
        let r = Recipient::new(orchestrator_key().address(), secret(), config);
        let (view, float) = (view(c, &file["constants"]), max_float(c));
        let got = r.ticket_params(sender, &price, float, &view, U256::from(9u64));
        let multiplier = r.tx_cost_multiplier(float, view.gas_price);
        // With a float below zero the original refuses even tickets of no value that cost nothing.
        if got.is_ok() && integer(c, "maxFloat") < BigInt::from(0) {
            assert_eq!(text(c, "error"), "insufficient sender reserve", "{c}");
            assert!(r.config().ev.is_zero(), "{c}");
            assert_eq!(got.map(|p| p.face_value), Ok(Wei::ZERO), "{c}");
            lenient += 1;
            continue;
        }
        check_params(c, &got);
        assert_eq!(multiplier.clone().err().map(|e| e.to_string()), maybe(c, "txCostMultiplierError"), "{c}");
        assert_eq!(multiplier.ok(), maybe(c, "txCostMultiplier").map(|m| ratio(&m)), "{c}");
        rounds += usize::from(c["creationRound"].as_i64() == Some(-1));
        refused += usize::from(got.is_err());
        checked += 1;
    }
    assert_eq!((checked, lenient, absent), (1850 - LENIENT - 2, LENIENT, 2));
    assert_eq!((refused, rounds), (777 - LENIENT, 7));
}

/// Cases with a float below zero, no expected value and no cost.
const LENIENT: usize = 23;

#[test]
fn win_probabilities() {
    let file = data("ticket_params");
    let all = list(&file, "winProb_faceValue_ev_result");
    assert_eq!(all.len(), 48);
    let mut above = 0;
    for row in all {
        let cell = |i: usize| row[i].as_str().expect("text");
        let config = RecipientConfig { ev: cell(1).parse().expect("amount"), ..RecipientConfig::default() };
        let r = Recipient::new(Address::repeat_byte(1), secret(), config);
        let want = BigInt::parse_bytes(cell(2).as_bytes(), 16).expect("hexadecimal");
        // An expected value above the face value has no probability: the highest is as good as it gets.
        above += usize::from(want > big(U256::MAX));
        assert_eq!(r.win_prob(cell(0).parse().expect("amount")), WinProb(unsigned(&want)), "{row}");
    }
    assert_eq!(above, 10);
}

/// A recipient and what its tickets have in common, as the cases of `receive_ticket` have it.
struct Issued {
    recipient: Recipient,
    params: TicketParams,
    price: Price,
    l1: L1Block,
}

fn issued(c: &Value) -> Issued {
    let recipient = Recipient::new(orchestrator_key().address(), secret(), RecipientConfig::default());
    let mut params = TicketParams {
        recipient: recipient.address(),
        face_value: wei(c, "faceValue"),
        win_prob: win_prob(c),
        recipient_rand_hash: B256::ZERO,
        seed: hex_word(text(c, "seed")),
        expiration_block: L1Block(number(c, "expirationBlock")),
        expiration_params: expiration(c),
    };
    let price = price(c).expect("price");
    let rand = recipient.rand(gateway_key().address(), &params, &price);
    assert_eq!(rand, hex_word(text(c, "recipientRand")), "{c}");
    params.recipient_rand_hash = rand_hash(rand);
    assert_eq!(params.recipient_rand_hash, word(text(c, "recipientRandHash")), "{c}");
    Issued { recipient, params, price, l1: L1Block(number(c, "l1Block")) }
}

/// What a step of `receive_ticket` sends in place of the valid ticket.
struct Sent {
    ticket: Ticket,
    seed: U256,
    price: Price,
}

fn change(what: &str, sent: &mut Sent) {
    let t = &mut sent.ticket;
    match what {
        "recipient zero" => t.recipient = Address::ZERO,
        "recipient other" => t.recipient = gateway_key().address(),
        "sender zero" => t.sender = Address::ZERO,
        "sender other (rand depends on sender)" => t.sender = orchestrator_key().address(),
        "faceValue + 1" => t.face_value = t.face_value.checked_add(Wei::new(1)).expect("small"),
        "winProb + 1" => t.win_prob.0 += U256::from(1u64),
        "expirationBlock + 1" => t.params_expiration_block.0 += 1,
        "price 2/1" => sent.price = Price::new(2, 1).expect("price"),
        "creationRound 6" => t.creation_round = Round(6),
        "creationRoundBlockHash changed" => t.creation_round_block_hash.0[31] = 9,
        "seed + 1" => sent.seed += U256::from(1u64),
        // The rest changes the nonce or the signature, which stand in the step.
        _ => assert!(
            ["none", "replay", "nonce 0", "signature", "signed by", "recipientRandHash"]
                .iter()
                .any(|p| what.starts_with(p)),
            "unknown change {what}"
        ),
    }
}

fn receive(i: &mut Issued, step: &Value) -> (Ticket, Received) {
    let nonce = u32::try_from(number(step, "nonce")).expect("32 bits");
    let ticket = i.params.ticket(gateway_key().address(), nonce, i.params.expiration_params);
    let mut sent = Sent { ticket, seed: i.params.seed, price: i.price.clone() };
    change(text(step, "change"), &mut sent);
    let sig = Signature::lenient(&bytes(text(step, "sig")));
    let got = i.recipient.receive(&sent.ticket, &sig, sent.seed, &sent.price, i.l1, &EthVerifier);
    (sent.ticket, got)
}

fn class(e: Option<&TicketError>) -> &'static str {
    match e {
        None => "none",
        Some(e) if e.is_fatal() => "fatal",
        Some(_) => "nonfatal",
    }
}

#[test]
fn received_tickets() {
    let file = data("receive_ticket");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 9);
    let (mut steps, mut won, mut refused, mut standing) = (0, 0, 0, 0);
    for c in all {
        let mut i = issued(c);
        // The sender's standing is looked at for a whole payment.
        if maybe(c, "senderCheckError").is_some() {
            for step in list(c, "steps") {
                unlocking_sender(&mut i, step);
                standing += 1;
            }
            continue;
        }
        for step in list(c, "steps") {
            let (ticket, got) = receive(&mut i, step);
            if text(step, "change") != "creationRoundBlockHash changed" && !text(step, "change").starts_with("recip") {
                assert_eq!(hex::encode(ticket.hash()), text(step, "hash"), "{step}");
            }
            assert_eq!(got.error.as_ref().map(ToString::to_string), maybe(step, "error"), "{step}");
            assert_eq!(class(got.error.as_ref()), text(step, "class"), "{step}");
            assert_eq!(Some(got.won), step["won"].as_bool(), "{step}");
            if got.won {
                assert_eq!(format!("{}", rand_hash(got.recipient_rand)), text(step, "sessionID"), "{step}");
            }
            won += usize::from(got.won);
            refused += usize::from(got.error.is_some());
            steps += 1;
        }
    }
    assert_eq!((steps, won, refused, standing), (52, 15, 32, 2));
}

fn unlocking_sender(i: &mut Issued, step: &Value) {
    use weir_ticket::balance::Balances;
    use weir_ticket::payment::{PaymentError, PaymentView, process};

    let sender = gateway_key().address();
    let payment = Payment {
        sender,
        ticket_params: Some(i.params.clone()),
        expiration_params: Some(i.params.expiration_params),
        tickets: vec![SenderParams { nonce: 1, sig: Signature::lenient(&bytes(text(step, "sig"))) }],
        expected_price: PriceInfo::of(&i.price),
    };
    let view = PaymentView { l1: i.l1, round: Round(5), active: true, withdraw_round: Round(6) };
    let mut balances = Balances::new();
    let out = process(&payment, 1, &mut i.recipient, &mut balances, &view, &EthVerifier, Instant::ZERO);
    assert_eq!(text(step, "class"), "fatal");
    assert_eq!(out.error, Some(PaymentError::Unlocking { sender }));
    assert!(out.credited.is_zero() && out.winners.is_empty());
    assert_eq!(i.recipient.remembered(), 0);
}

fn zero_hash_params(r: &Recipient, seed: u64, price: &Price) -> TicketParams {
    let view =
        ChainView { l1: L1Block(100), round: Round(5), round_hash: B256::repeat_byte(1), ..ChainView::default() };
    r.ticket_params(gateway_key().address(), price, Wei(U256::MAX), &view, U256::from(seed)).expect("params")
}

#[test]
fn nonces_of_one_number() {
    let file = data("nonce_limit");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 1);
    let c = &all[0];
    let price = Price::new(1, 1).expect("price");
    let mut r = Recipient::new(orchestrator_key().address(), secret(), RecipientConfig::default());
    let (p, other) = (zero_hash_params(&r, 1, &price), zero_hash_params(&r, 2, &price));
    let mut send = |p: &TicketParams, nonce: u32| {
        let t = p.ticket(address(text(c, "sender")), nonce, p.expiration_params);
        r.receive(&t, &Signature::INVALID, p.seed, &price, L1Block(100), &Trusting).error.map(|e| e.to_string())
    };
    let refused = (0..600).position(|n| send(&p, n).is_some());
    assert_eq!(refused.map_or(-1, |n| n as i64), c["firstRefusedAmong0to599"].as_i64().expect("number"));
    assert_eq!(MAX_NONCES as u64, number(c, "accepted"));
    let then = list(c, "then");
    assert_eq!(then.len(), 5);
    for pair in then {
        let got = match pair[0].as_u64() {
            Some(n) => send(&p, u32::try_from(n).expect("32 bits")),
            None => send(&other, 0),
        };
        assert_eq!(got, pair[1].as_str().map(str::to_owned), "{pair}");
    }
}

#[test]
fn nonces_are_forgotten_with_their_parameters() {
    let price = Price::new(1, 1).expect("price");
    let mut r = Recipient::new(orchestrator_key().address(), secret(), RecipientConfig::default());
    let p = zero_hash_params(&r, 1, &price);
    assert_eq!(p.expiration_block, L1Block(100 + PARAMS_VALIDITY));
    let t = p.ticket(gateway_key().address(), 7, p.expiration_params);
    let send = |r: &mut Recipient, l1| r.receive(&t, &Signature::INVALID, p.seed, &price, L1Block(l1), &Trusting).error;
    assert_eq!(send(&mut r, 100), None);
    r.clean_up(L1Block(139));
    assert_eq!(r.remembered(), 1);
    assert!(matches!(send(&mut r, 139), Some(TicketError::NonceSeen { nonce: 7, .. })));
    r.clean_up(L1Block(140));
    assert_eq!(r.remembered(), 0);
    assert_eq!(send(&mut r, 140), Some(TicketError::Expired));
}

#[test]
fn another_life_takes_no_old_tickets() {
    let price = Price::new(1, 1).expect("price");
    let address = orchestrator_key().address();
    let old = Recipient::new(address, secret(), RecipientConfig::default());
    let mut new = Recipient::new(address, [4; 32], RecipientConfig::default());
    let p = zero_hash_params(&old, 1, &price);
    let t = p.ticket(gateway_key().address(), 1, p.expiration_params);
    let got = new.receive(&t, &Signature::INVALID, p.seed, &price, L1Block(100), &Trusting);
    assert_eq!(got.error, Some(TicketError::RecipientRand));
}

#[test]
fn a_round_without_a_hash_falls_back_on_the_one_before() {
    let r = Recipient::new(orchestrator_key().address(), secret(), RecipientConfig::default());
    let previous = B256::repeat_byte(2);
    let view = ChainView { round: Round(5), previous_hash: previous, ..ChainView::default() };
    let p = r.ticket_params(Address::repeat_byte(1), &Price::free(), Wei::ZERO, &view, U256::ZERO).expect("free");
    let want = ExpirationParams { creation_round: Round(4), creation_round_block_hash: previous };
    assert_eq!((p.expiration_params, p.face_value, p.win_prob), (want, Wei::ZERO, WinProb::ZERO));
}
