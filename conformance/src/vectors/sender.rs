//! A gateway's checks, batches and payments.

use serde_json::Value;
use weir_ticket::sender::{Batch, Sender, SenderConfig, SenderError, SenderView};
use weir_ticket::{ExpirationParams, Payment, PriceInfo, TicketParams};
use weir_types::{B256, L1Block, Round, U256, Wei, WinProb};
use weir_wire::net;

use super::read::{
    credit, error_of, flag, gateway_key, integer, list, maybe, number, orchestrator_key, ratio, same, text, wei,
    win_prob, word,
};
use super::{Miss, Outcome, Tally, rules};

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

fn config(c: &Value) -> Outcome<SenderConfig> {
    Ok(SenderConfig {
        max_ticket_ev: credit(text(c, "maxEV")?)?,
        max_total_ev: credit(text(c, "maxTotalEV")?)?,
        deposit_multiplier: number(c, "depositMultiplier")?,
    })
}

fn view(c: &Value) -> Outcome<SenderView> {
    Ok(SenderView {
        l1: L1Block(number(c, "l1Block")?),
        round: Round(number(c, "round")?),
        round_hash: B256::repeat_byte(1),
        previous_hash: B256::repeat_byte(2),
        deposit: wei(c, "deposit")?,
        reserve: wei(c, "reserve")?,
        withdraw_round: Round(number(c, "withdrawRound")?),
    })
}

pub(crate) fn validate(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        if !c["infoError"].is_null() {
            return Err(Miss::LeftOut(&rules::ASKED_OUTSIDE));
        }
        let given = c.get("expirationBlock").is_some();
        let block = if given { integer(c, "expirationBlock")? } else { 0.into() };
        if integer(c, "numTickets")? < 0.into() || block < 0.into() {
            return Err(Miss::LeftOut(&rules::BELOW_ZERO));
        }
        let Ok(block) = u64::try_from(block) else { return Err(Miss::LeftOut(&rules::BEYOND_64_BITS)) };
        let p = match given {
            true => Some(params(wei(c, "faceValue")?, win_prob(c)?, block)),
            false => None,
        };
        let got = Sender::new(config(c)?).validate(p.as_ref(), number(c, "numTickets")?, &view(c)?);
        same("error", error_of(&got), maybe(c, "error"))?;
        same("error of the sender", got.is_err_and(|e| e.is_senders_own()), flag(c, "senderError")?)
    });
}

/// A gateway's side as sequences have it.
struct Batches {
    sender: Sender,
    view: SenderView,
    params: TicketParams,
    id: B256,
    /// Last nonce, as the original counts it.
    nonce: u32,
}

impl Batches {
    fn new(info: &Value, expiration: &str) -> Outcome<Self> {
        let hash = word(&format!("07{:062}", 0))?;
        let both = ExpirationParams { creation_round: Round(9), creation_round_block_hash: hash };
        let expiration_params = match expiration {
            "absent" | "zero" => ExpirationParams::default(),
            "both" => both,
            "round only" => ExpirationParams { creation_round_block_hash: B256::ZERO, ..both },
            "hash only" => ExpirationParams { creation_round: Round(0), ..both },
            other => return Err(format!("unknown expiration params {other}").into()),
        };
        let params = TicketParams {
            recipient_rand_hash: word(&format!("ab{:062}", 0))?,
            expiration_params,
            ..params(Wei::new(1_000), WinProb(U256::MAX >> 2), 140)
        };
        let view = SenderView { round_hash: word(text(info, "roundHash")?)?, ..view(info)? };
        let id = params.recipient_rand_hash;
        Ok(Self { sender: Sender::new(config(info)?), view, params, id, nonce: 0 })
    }

    fn step(&mut self, op: &Value) -> Outcome {
        match text(op, "op")? {
            "start" => {
                self.nonce = u32::try_from(op["nonce"].as_u64().unwrap_or(0)).map_err(|e| e.to_string())?;
                let id = self.sender.start_after(self.params.clone(), self.nonce);
                same("session", id.to_string().as_str(), text(op, "sessionID")?)
            }
            "ev" => {
                let got = self.sender.ev(&self.id).map(|v| v.credit().0);
                same("unknown session", got.is_none(), maybe(op, "error").is_some())?;
                same("value of a ticket", got, maybe(op, "ev").map(|e| ratio(&e)).transpose()?)
            }
            "batch" => self.batch(op),
            "cleanup" => {
                self.sender.end(&self.id);
                Ok(())
            }
            "setBlock" => {
                self.view.l1 = L1Block(number(op, "block")?);
                Ok(())
            }
            "setRound" => {
                self.view.round = Round(number(op, "round")?);
                self.view.round_hash = word(text(op, "hash")?)?;
                Ok(())
            }
            other => Err(format!("unknown step {other}").into()),
        }
    }

    fn batch(&mut self, op: &Value) -> Outcome {
        match self.sender.batch(&self.id, number(op, "size")?, &self.view, &gateway_key()) {
            Ok(b) => {
                same("error", None, maybe(op, "error"))?;
                compare(&b, op)?;
                self.nonce = b.tickets.last().map_or(self.nonce, |t| t.nonce);
                same("last number", u64::from(self.nonce), number(op, "nonceAfter")?)
            }
            Err(e @ SenderError::UnknownSession(_)) => {
                // The original shows the text of the key as bytes in hexadecimal.
                let twice = hex::encode(self.id.to_string());
                let ours = e.to_string().replace(&self.id.to_string(), &twice);
                same("error", Some(ours), maybe(op, "error"))
            }
            // From here on the original's numbers begin anew: nothing of the sequence compares any more.
            Err(SenderError::NoncesUsedUp { nonce, tickets }) => {
                let over = u64::from(nonce) + tickets > u64::from(u32::MAX);
                same("numbers used up", over, true)?;
                Err(Miss::LeftOut(&rules::NONCE_WRAP))
            }
            Err(e) => same("error", Some(e.to_string()), maybe(op, "error")),
        }
    }
}

fn compare(b: &Batch, op: &Value) -> Outcome {
    let nonces: Vec<u64> = b.tickets.iter().map(|t| t.nonce.into()).collect();
    let theirs: Vec<u64> = op["nonces"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    same("numbers", nonces, theirs)?;
    let sigs: Vec<String> = b.tickets.iter().map(|t| t.sig.to_string()).collect();
    let theirs: Vec<&str> = op["sigs"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    same("signatures", sigs.iter().map(String::as_str).collect(), theirs)?;
    same("round", b.expiration.creation_round, Round(number(op, "creationRound")?))?;
    same("hash", b.expiration.creation_round_block_hash, word(text(op, "creationRoundBlockHash")?)?)
}

pub(crate) fn batches(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let mut b = Batches::new(&file["info"], text(c, "expirationParams")?)?;
        list(c, "ops")?.iter().try_for_each(|op| b.step(op))
    });
}

pub(crate) fn payments(file: &Value, tally: &mut Tally<'_>) {
    let session = session_params(file);
    tally.each("cases", file, |c| match text(c, "kind")? {
        "payment" => {
            let (base, round) =
                session.as_ref().ok_or_else(|| "no plain payment to take parameters from".to_owned())?;
            payment(c, base, *round)
        }
        "refresh" => refresh(c),
        other => Err(format!("unknown kind {other}").into()),
    });
}

/// Parameters of the cases' sessions, as the first plain payment with a ticket has them.
fn session_params(file: &Value) -> Option<(TicketParams, ExpirationParams)> {
    let cases = file["cases"].as_array()?;
    let header = cases.iter().find(|c| c["note"] == "plain" && c["tickets"] == 1)?["header"].as_str()?;
    let message: net::Payment = weir_wire::header::decode(header).ok()?;
    let p = Payment::try_from(&message).ok()?;
    Some((p.ticket_params?, p.expiration_params?))
}

/// Limits of the gateway in a case: wide, but for what the note names.
fn payment_config(note: &str) -> SenderConfig {
    let max_ticket_ev = match note {
        "EV above the maximum" | "EV above the maximum, no tickets asked" => Wei::new(5),
        "total EV above the maximum" => Wei::new(8_000_000_000),
        _ => Wei::from_whole(1),
    };
    SenderConfig { max_ticket_ev: max_ticket_ev.into(), max_total_ev: Wei::from_whole(1).into(), deposit_multiplier: 1 }
}

fn info(v: &Value) -> Option<PriceInfo> {
    Some(PriceInfo { price_per_unit: v[0].as_i64()?, pixels_per_unit: v[1].as_i64()? })
}

fn payment(c: &Value, base: &TicketParams, round: ExpirationParams) -> Outcome {
    let note = text(c, "note")?;
    if note.starts_with("off-chain") {
        return same("header", "", text(c, "header")?);
    }
    let price = match offered(c) {
        Ok(price) => price,
        Err(error) => return same("error", Some(error), maybe(c, "error")),
    };
    let mut s = Sender::new(payment_config(note));
    let expiration_params = if flag(c, "roundInParams")? { round } else { ExpirationParams::default() };
    let id = s.start(TicketParams { expiration_params, ..base.clone() });
    let view = SenderView {
        l1: L1Block(if note == "params expired" { 20_000_039 } else { 20_000_000 }),
        round: Round(9),
        round_hash: word(&format!("010203{:058}", 0))?,
        previous_hash: B256::repeat_byte(2),
        deposit: Wei::from_whole(1),
        reserve: Wei::from_whole(1),
        withdraw_round: Round(0),
    };
    if note.starts_with("second") {
        s.batch(&id, 2, &view, &gateway_key()).map_err(|e| e.to_string())?;
    }
    let tickets = number(c, "tickets")?;
    let made = match tickets {
        0 => Ok(None),
        n => s.batch(&id, n, &view, &gateway_key()).map(Some),
    };
    same("error", error_of(&made), maybe(c, "error"))?;
    let Ok(made) = made else { return same("header", "", text(c, "header")?) };
    let mut ours = Payment {
        sender: gateway_key().address(),
        ticket_params: None,
        expiration_params: None,
        tickets: Vec::new(),
        expected_price: Some(price),
    };
    if let Some(b) = made {
        // The round in the parameters is the gateway's to know and goes out once, beside them.
        ours.ticket_params = Some(TicketParams { expiration_params: ExpirationParams::default(), ..b.params });
        ours.expiration_params = Some(b.expiration);
        ours.tickets = b.tickets;
    }
    same("header", weir_wire::header::encode(&net::Payment::from(&ours)).as_str(), text(c, "header")?)
}

/// The price that the gateway goes with, or why it does not.
fn offered(c: &Value) -> Result<PriceInfo, String> {
    let Some(price) = info(&c["price"]) else { return Err("missing orchestrator price".to_owned()) };
    let current = price.price().map_err(|e| e.to_string())?;
    // A session whose first price made no sense has none to compare with.
    if let Some(first) = info(&c["initialPrice"]).and_then(|p| p.price().ok()) {
        weir_market::price::check_increase(&first, &current).map_err(|e| e.to_string())?;
    }
    Ok(price)
}

fn refresh(c: &Value) -> Outcome {
    // Without a token there is no session, here in the type.
    let Some(left) = c["tokenSecondsLeft"].as_i64() else { return Err(Miss::LeftOut(&rules::NIL)) };
    let p = params(Wei::new(1_000), WinProb(U256::MAX >> 2), number(c, "paramsExpirationBlock")?);
    let money = Wei::new(1_000_000);
    let view = SenderView { l1: L1Block(20_000_000), deposit: money, reserve: money, ..SenderView::default() };
    let by_params = Sender::new(SenderConfig::default()).validate(Some(&p), 1, &view) == Err(SenderError::Expired);
    let now = weir_types::Instant::from_secs(1_000_000);
    let end = weir_types::Instant::from_secs(1_000_000_u64.saturating_add_signed(left));
    let by_token = weir_market::limits::token_ends(end, now);
    same("refresh", by_params || by_token, flag(c, "refresh")?)
}
