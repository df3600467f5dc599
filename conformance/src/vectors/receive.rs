//! An orchestrator's checks of tickets and payments.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use weir_ticket::balance::{Balances, Key};
use weir_ticket::payment::{PaymentError, PaymentView, Processed, process};
use weir_ticket::queue::Queue;
use weir_ticket::recipient::{ChainView, MAX_NONCES, Received, Recipient, RecipientConfig, TicketError};
use weir_ticket::ticket::rand_hash;
use weir_ticket::{
    EthVerifier, Payment, PriceInfo, SenderParams, SigError, Signature, Ticket, TicketParams, TicketVerifier,
};
use weir_types::{Address, B256, Credit, Instant, L1Block, Price, Round, U256, Wei};

use super::read::{
    address, bytes, credit, expiration, flag, gateway_key, hex_word, holds, list, maybe, number, orchestrator_key,
    price, same, secret, text, wei, win_prob, word,
};
use super::{Miss, Outcome, Tally, rules};

/// A recipient and what its tickets have in common.
struct Issued {
    recipient: Recipient,
    params: TicketParams,
    price: Price,
    l1: L1Block,
}

/// What a step sends in place of the valid ticket.
struct Sent {
    ticket: Ticket,
    seed: U256,
    price: Price,
}

fn issued(c: &Value) -> Outcome<Issued> {
    let recipient = Recipient::new(orchestrator_key().address(), secret(), RecipientConfig::default());
    let mut params = TicketParams {
        recipient: recipient.address(),
        face_value: wei(c, "faceValue")?,
        win_prob: win_prob(c)?,
        recipient_rand_hash: B256::ZERO,
        seed: hex_word(text(c, "seed")?)?,
        expiration_block: L1Block(number(c, "expirationBlock")?),
        expiration_params: expiration(c)?,
    };
    let Some(price) = price(&c["price"])? else { return Err(Miss::LeftOut(&rules::BELOW_ZERO)) };
    let rand = recipient.rand(gateway_key().address(), &params, &price);
    same("secret number", rand, hex_word(text(c, "recipientRand")?)?)?;
    params.recipient_rand_hash = rand_hash(rand);
    same("its hash", params.recipient_rand_hash, word(text(c, "recipientRandHash")?)?)?;
    Ok(Issued { recipient, params, price, l1: L1Block(number(c, "l1Block")?) })
}

fn change(what: &str, sent: &mut Sent) -> Outcome {
    let t = &mut sent.ticket;
    match what {
        "recipient zero" => t.recipient = Address::ZERO,
        "recipient other" => t.recipient = gateway_key().address(),
        "sender zero" => t.sender = Address::ZERO,
        "sender other (rand depends on sender)" => t.sender = orchestrator_key().address(),
        "faceValue + 1" => t.face_value = Wei(t.face_value.0.wrapping_add(U256::from(1u64))),
        "winProb + 1" => t.win_prob.0 = t.win_prob.0.wrapping_add(U256::from(1u64)),
        "expirationBlock + 1" => t.params_expiration_block.0 += 1,
        "price 2/1" => sent.price = Price::new(2, 1).ok_or_else(|| "a price".to_owned())?,
        "creationRound 6" => t.creation_round = Round(6),
        "creationRoundBlockHash changed" => t.creation_round_block_hash.0[31] = 9,
        "seed + 1" => sent.seed = sent.seed.wrapping_add(U256::from(1u64)),
        // These change the nonce, the signature or the hash, which stand in the step.
        _ if ["none", "replay", "nonce", "signature", "signed by", "recipientRandHash"]
            .iter()
            .any(|known| what.starts_with(known)) => {}
        _ => return Err(format!("unknown change {what}").into()),
    }
    Ok(())
}

fn receive(i: &mut Issued, step: &Value) -> Outcome<(Ticket, Received)> {
    let nonce = u32::try_from(number(step, "nonce")?).map_err(|e| e.to_string())?;
    let ticket = i.params.ticket(gateway_key().address(), nonce, i.params.expiration_params);
    let mut sent = Sent { ticket, seed: i.params.seed, price: i.price.clone() };
    change(text(step, "change")?, &mut sent)?;
    let sig = Signature::lenient(&bytes(text(step, "sig")?)?);
    let got = i.recipient.receive(&sent.ticket, &sig, sent.seed, &sent.price, i.l1, &EthVerifier);
    Ok((sent.ticket, got))
}

fn class(e: Option<&TicketError>) -> &'static str {
    match e {
        None => "none",
        Some(e) if e.is_fatal() => "fatal",
        Some(_) => "nonfatal",
    }
}

pub(crate) fn receive_ticket(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let mut i = issued(c)?;
        if maybe(c, "senderCheckError").is_some() {
            // A sender's standing is looked at once for a whole payment.
            return list(c, "steps")?.iter().try_for_each(|step| unlocking_sender(&mut i, step));
        }
        for step in list(c, "steps")? {
            let (ticket, got) = receive(&mut i, step)?;
            let what = text(step, "change")?;
            if what != "creationRoundBlockHash changed" && !what.starts_with("recip") {
                same("hash", hex::encode(ticket.hash()).as_str(), text(step, "hash")?)?;
            }
            same("error", got.error.as_ref().map(ToString::to_string), maybe(step, "error"))?;
            same("class", class(got.error.as_ref()), text(step, "class")?)?;
            same("won", got.won, flag(step, "won")?)?;
            if got.won {
                same("session", rand_hash(got.recipient_rand).to_string().as_str(), text(step, "sessionID")?)?;
            }
        }
        Ok(())
    });
}

fn unlocking_sender(i: &mut Issued, step: &Value) -> Outcome {
    let sender = gateway_key().address();
    let payment = Payment {
        sender,
        ticket_params: Some(i.params.clone()),
        expiration_params: Some(i.params.expiration_params),
        tickets: vec![SenderParams { nonce: 1, sig: Signature::lenient(&bytes(text(step, "sig")?)?) }],
        expected_price: PriceInfo::of(&i.price),
    };
    let view = PaymentView { l1: i.l1, round: Round(5), active: true, withdraw_round: Round(6) };
    let mut balances = Balances::new();
    let out = process(&payment, 1, &mut i.recipient, &mut balances, &view, &EthVerifier, Instant::ZERO);
    same("class", "fatal", text(step, "class")?)?;
    same("error", out.error, Some(PaymentError::Unlocking { sender }))?;
    holds("nothing is credited", out.credited.is_zero() && out.winners.is_empty())
}

/// Takes every signature for good.
#[derive(Debug)]
struct Trusting;

impl TicketVerifier for Trusting {
    fn verify(&self, _: Address, _: B256, _: &Signature) -> Result<(), SigError> {
        Ok(())
    }
}

pub(crate) fn nonce_limit(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let price = Price::new(1, 1).ok_or_else(|| "a price".to_owned())?;
        let mut r = Recipient::new(orchestrator_key().address(), secret(), RecipientConfig::default());
        let view =
            ChainView { l1: L1Block(100), round: Round(5), round_hash: B256::repeat_byte(1), ..ChainView::default() };
        let params = |r: &Recipient, seed: u64| {
            let sender = gateway_key().address();
            r.ticket_params(sender, &price, Wei(U256::MAX), &view, U256::from(seed)).map_err(|e| e.to_string())
        };
        let (p, other) = (params(&r, 1)?, params(&r, 2)?);
        let sender = address(text(c, "sender")?)?;
        let mut send = |p: &TicketParams, nonce: u64| {
            let t = p.ticket(sender, u32::try_from(nonce).unwrap_or(u32::MAX), p.expiration_params);
            r.receive(&t, &Signature::INVALID, p.seed, &price, L1Block(100), &Trusting).error.map(|e| e.to_string())
        };
        let refused = (0..600).position(|n| send(&p, n).is_some());
        same("first refused", refused.map_or(-1, |n| n as i64), c["firstRefusedAmong0to599"].as_i64().unwrap_or(-2))?;
        same("accepted", MAX_NONCES as u64, number(c, "accepted")?)?;
        for pair in list(c, "then")? {
            let got = match pair[0].as_u64() {
                Some(n) => send(&p, n),
                None => send(&other, 0),
            };
            same("then", got, pair[1].as_str().map(str::to_owned))?;
        }
        Ok(())
    });
}

/// An orchestrator that takes the payments of a sequence.
struct Taker {
    recipient: Recipient,
    balances: Balances,
    queue: Queue,
    sessions: Vec<String>,
    /// A ticket that won came again.
    again: u64,
    /// Senders that the original has balances of, and the prices that it has fixed.
    known: BTreeSet<Address>,
    fixed: BTreeMap<Key, Price>,
}

impl Taker {
    fn new() -> Self {
        let config = RecipientConfig { ev: Wei::new(5), ..RecipientConfig::default() };
        let recipient = Recipient::new(orchestrator_key().address(), secret(), config);
        Self {
            recipient,
            balances: Balances::new(),
            queue: Queue::new(0),
            sessions: Vec::new(),
            again: 0,
            known: BTreeSet::new(),
            fixed: BTreeMap::new(),
        }
    }

    fn key(&mut self, sender: Address, session: &str) -> Key {
        let at = self.sessions.iter().position(|s| s == session).unwrap_or_else(|| {
            self.sessions.push(session.to_owned());
            self.sessions.len() - 1
        });
        (sender, at as u64)
    }

    /// What the original has fixed after a payment: nothing for a sender that it has no balance of yet, and no price
    /// at all for one without tickets.
    fn fixed_there(&mut self, payment: &Payment, key: Key, error: Option<&PaymentError>) -> Option<Price> {
        if self.known.contains(&payment.sender) && !self.fixed.contains_key(&key) {
            let price = match &payment.ticket_params {
                None => Some(Price::free()),
                Some(_) => named_price(payment, error),
            };
            self.fixed.extend(price.map(|p| (key, p)));
        }
        self.known.insert(payment.sender);
        self.fixed.get(&key).cloned()
    }

    fn pay(&mut self, payment: &Payment, key: Key, view: &PaymentView) -> Processed {
        let out = process(payment, key.1, &mut self.recipient, &mut self.balances, view, &EthVerifier, Instant::ZERO);
        for w in &out.winners {
            self.again += u64::from(self.queue.add(w.clone()).is_none());
        }
        out
    }
}

/// Our text for an error of the original that differs, or the recorded one.
fn expected_error(step: &Value) -> Outcome<Option<String>> {
    let ours = match text(step, "note")? {
        "no sender" => PaymentError::NoSender,
        "no expiration params" => PaymentError::NoExpiration,
        "recipient not an active orchestrator" => TicketError::Recipient.into(),
        "sender about to unlock" => PaymentError::Unlocking { sender: gateway_key().address() },
        _ => return Ok(maybe(step, "error")),
    };
    Ok(Some(ours.to_string()))
}

/// The rule behind a text or an answer that differs.
fn rule_of(step: &Value) -> Option<&'static super::Rule> {
    match step["note"].as_str()? {
        "no sender" | "sender about to unlock" => Some(&rules::PAYMENT_TEXT),
        "no expiration params" => Some(&rules::NIL),
        "recipient not an active orchestrator" => Some(&rules::RECIPIENT_OF_PAYMENT),
        _ => None,
    }
}

/// The price that a payment names, if it gets as far as its tickets.
fn named_price(payment: &Payment, error: Option<&PaymentError>) -> Option<Price> {
    let early = matches!(
        error,
        Some(
            PaymentError::NoSender
                | PaymentError::NoExpiration
                | PaymentError::Inactive { .. }
                | PaymentError::Price(_)
                | PaymentError::Unlocking { .. }
        )
    );
    payment.price().ok().filter(|_| payment.ticket_params.is_some() && !early)
}

/// Price of a session after a step: that of the first payment with a good ticket.
fn expected_price(payment: &Payment, out: &Processed, before: Option<Price>) -> Option<Price> {
    before.or_else(|| named_price(payment, out.error.as_ref()).filter(|_| out.credited.is_positive()))
}

pub(crate) fn process_payment(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let mut taker = Taker::new();
        let mut differs = None;
        for step in list(c, "steps")? {
            differs = paid(&mut taker, c, step)?.or(differs);
        }
        let recorded = list(c, "steps")?.last().and_then(|step| step["queuedWinning"].as_u64());
        same("winners queued", Some(taker.queue.len() as u64 + taker.again), recorded)?;
        let twice = (taker.again > 0).then_some(&rules::TWICE_QUEUED);
        differs.or(twice).map_or(Ok(()), |rule| Err(Miss::LeftOut(rule)))
    });
}

fn paid(taker: &mut Taker, c: &Value, step: &Value) -> Outcome<Option<&'static super::Rule>> {
    let message: weir_wire::net::Payment =
        weir_wire::header::decode(text(step, "payment")?).map_err(|e| e.to_string())?;
    let payment = Payment::try_from(&message).map_err(|e| e.to_string())?;
    sent_again(&payment, &message)?;
    let key = taker.key(payment.sender, text(step, "session")?);
    let view = PaymentView {
        l1: L1Block(step["l1Block"].as_u64().unwrap_or(100)),
        round: Round(5),
        active: text(c, "name")? != "inactive orchestrator",
        withdraw_round: Round(if maybe(step, "senderCheckError").is_some() { 6 } else { 0 }),
    };
    let before = taker.balances.fixed_price(key).cloned();
    let balance = taker.balances.amount(key);
    let out = taker.pay(&payment, key, &view);
    same("error", out.error.as_ref().map(ToString::to_string), expected_error(step)?)?;
    let price_of_ours = expected_price(&payment, &out, before);
    same("price of the session", taker.balances.fixed_price(key), price_of_ours.as_ref())?;
    if payment.sender == gateway_key().address() {
        let after = maybe(step, "balance").map_or(Ok(Credit::zero()), |b| credit(&b))?;
        same("balance", taker.balances.amount(key), after)?;
    }
    same("credited", taker.balances.amount(key), balance + &out.credited.credit())?;
    let rule = rule_of(step);
    let fatal = matches!(&out.error, Some(PaymentError::Ticket(e)) if e.is_fatal());
    if rule.is_none() {
        same("fatal", fatal, step["fatal"].as_bool().unwrap_or_default())?;
    }
    let recorded = price(&step["fixedPrice"])?;
    same(
        "price of the session there",
        recorded.as_ref(),
        taker.fixed_there(&payment, key, out.error.as_ref()).as_ref(),
    )?;
    Ok(rule.or((recorded != price_of_ours).then_some(&rules::PRICE_OF_SESSION)))
}

/// A payment that is sent on means the same; signatures of another length are all nobody's.
fn sent_again(payment: &Payment, message: &weir_wire::net::Payment) -> Outcome {
    let again = weir_wire::net::Payment::from(payment);
    if message.ticket_sender_params.iter().all(|t| t.sig.len() == 65) {
        return same("sent again", &again, message);
    }
    same("read again", Payment::try_from(&again).as_ref().ok(), Some(payment))
}
