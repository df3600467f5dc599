//! What senders are good for, and how winners are redeemed.

use serde_json::Value;
use weir_ticket::monitor::{Funds, SenderMonitor};
use weir_ticket::payment::PaymentError;
use weir_ticket::queue::{Attempt, Queue, QueueView, Verdict, check_funds};
use weir_ticket::{Signature, Ticket, WinningTicket};
use weir_types::{Address, B256, L1Block, Round, U256, Wei, WinProb};

use super::read::{address, flag, holds, integer, list, maybe, number, same, text, wei};
use super::{Miss, Outcome, Tally, rules};

const SENDER: Address = Address::repeat_byte(0x9d);

pub(crate) fn monitor(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let sender = address(text(file, "sender")?)?;
        let mut w = World { monitor: SenderMonitor::default(), pool: 1, round: Round(5) };
        for op in list(c, "ops")? {
            let over = w.step(op)?;
            same("released too much", over, maybe(op, "error").is_some())?;
            same("pending", w.monitor.pending(), &integer(op, "pending")?)?;
            same("share of the reserve", w.monitor.reserve_alloc(w.pool), integer(op, "reserveAlloc")?)?;
            same("float", w.monitor.max_float(w.pool), integer(op, "maxFloat")?)?;
            same("available", w.monitor.available(w.pool), integer(op, "availableFunds")?)?;
            let error = w.monitor.unlocking(w.round).then(|| PaymentError::Unlocking { sender }.to_string());
            same("standing", error, maybe(op, "validateSender"))?;
            let float = if text(op, "maxFloat")?.starts_with('-') { Wei::ZERO } else { wei(op, "maxFloat")? };
            same("float of tickets", w.monitor.max_float_wei(w.pool), float)?;
        }
        Ok(())
    });
}

/// A sender, and what sequences change around it.
struct World {
    monitor: SenderMonitor,
    pool: u64,
    round: Round,
}

impl World {
    /// Does a step; true when it releases more than is pending.
    fn step(&mut self, op: &Value) -> Outcome<bool> {
        let mut funds = *self.monitor.funds();
        match text(op, "op")? {
            "info" => {
                funds.deposit = wei(op, "deposit")?;
                funds.reserve_remaining = wei(op, "reserve")?;
                funds.claimed_in_current_round = wei(op, "claimedInRound")?;
                funds.withdraw_round = Round(number(op, "withdrawRound")?);
            }
            "claimed" => funds.claimed_by_me = wei(op, "v")?,
            "pool" => self.pool = number(op, "v")?,
            "round" => self.round = Round(number(op, "v")?),
            "sub" => self.monitor.add_pending(wei(op, "v")?),
            "add" => return Ok(!self.monitor.release_pending(wei(op, "v")?)),
            other => return Err(format!("unknown step {other}").into()),
        }
        self.monitor.set_funds(funds);
        Ok(false)
    }
}

/// A winner that no other one is like, known by its nonce.
fn winner(nonce: u32, face_value: Wei, expires: u64, round: u64) -> WinningTicket {
    let mut sig = Signature::INVALID;
    sig.0[..4].copy_from_slice(&nonce.to_be_bytes());
    let ticket = Ticket {
        recipient: Address::repeat_byte(0xb5),
        sender: SENDER,
        face_value,
        win_prob: WinProb::ONE,
        sender_nonce: nonce,
        recipient_rand_hash: B256::repeat_byte(1),
        creation_round: Round(round),
        creation_round_block_hash: B256::repeat_byte(2),
        params_expiration_block: L1Block(expires),
    };
    WinningTicket { ticket, sig, recipient_rand: U256::from(nonce) }
}

const fn at(l1: u64, round: u64, gas_price: Wei) -> QueueView {
    QueueView { l1: L1Block(l1), round: Round(round), pool_size: 1, gas_price, active: true }
}

/// What the node's transaction came to, as the original's stand-ins answer.
fn attempt(c: &Value) -> Outcome<Attempt> {
    let [check, used, gas] = [text(c, "checkError")?, text(c, "usedError")?, text(c, "gasError")?];
    Ok(match (check, used, gas) {
        ("", "", "") if flag(c, "used")? => Attempt::NotSent("ticket already used".to_owned()),
        ("", "", "") => Attempt::Paid,
        ("", "", e) | ("", e, _) => Attempt::NotSent(e.to_owned()),
        // A transaction of which nothing is known after a while may still be mined.
        ("transaction timed out", ..) => Attempt::NotSent(check.to_owned()),
        _ => Attempt::Reverted(check.to_owned()),
    })
}

pub(crate) fn gate(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, redeemed);
}

fn redeemed(c: &Value) -> Outcome {
    let (submitted, verdict) = through_the_gate(c)?;
    let asked = [text(c, "usedError")?, text(c, "gasError")?].concat().is_empty();
    let paid = c["error"].is_null();
    if paid && !submitted {
        holds("the original sent it", flag(c, "submitted")?)?;
        return Err(Miss::LeftOut(&rules::PAID_IN_FULL));
    }
    if flag(c, "used")? && number(c, "faceValue")? == 0 && !submitted {
        same("verdict", verdict, None)?;
        return Err(Miss::LeftOut(&rules::USED_AND_WORTHLESS));
    }
    if text(c, "checkError")?.starts_with("transaction failed") {
        same("verdict", verdict, Some(Verdict::Retry))?;
        same("given up there", flag(c, "retry")?, false)?;
        return Err(Miss::LeftOut(&rules::FAILED_ON_CHAIN));
    }
    let sent = flag(c, "submitted")? || flag(c, "used")? || !(paid || asked) || flag(c, "redeemFails")?;
    same("submitted", submitted, sent)?;
    let retried = verdict.is_none() || verdict == Some(Verdict::Retry);
    same("tried again", retried, flag(c, "retry")?)?;
    if let Some(Verdict::Lost(why)) = verdict {
        same("error", Some(why), maybe(c, "error"))?;
    }
    Ok(())
}

fn through_the_gate(c: &Value) -> Outcome<(bool, Option<Verdict>)> {
    let mut q = Queue::new(number(c, "redeemGas")?);
    q.set_funds(SENDER, Funds { deposit: Wei::from_whole(1), ..Funds::default() });
    let mut view = at(100, 5, Wei::ZERO);
    let pending = wei(c, "pending")?;
    if !pending.is_zero() {
        q.add(winner(9, pending, 50, 5)).ok_or_else(|| "it is new".to_owned())?;
        same("pending before", q.due(&view).len(), 1)?;
    }
    let funds = Funds {
        deposit: wei(c, "deposit")?,
        reserve_remaining: wei(c, "reserve")?,
        claimed_by_me: wei(c, "claimed")?,
        ..Funds::default()
    };
    q.set_funds(SENDER, funds);
    let ticket = q.add(winner(1, wei(c, "faceValue")?, 50, 5)).ok_or_else(|| "it is new".to_owned())?;
    view.gas_price = wei(c, "gasPrice")?;
    view.pool_size = number(c, "pool")?;
    let due = q.due(&view);
    let failed = flag(c, "redeemFails")?;
    let attempt = if failed { Attempt::NotSent(maybe(c, "error").unwrap_or_default()) } else { attempt(c)? };
    let settled = due.first().map(|n| {
        same("ticket", *n, ticket)?;
        q.settle(*n, &attempt, view.l1).map(|(verdict, _)| verdict).ok_or_else(|| Miss::from("not sent".to_owned()))
    });
    let verdict = settled.transpose()?;
    let s = q.sender(&SENDER).ok_or_else(|| "the sender is followed".to_owned())?;
    same("pending after", s.pending(), &integer(c, "pendingAfter")?)?;
    if due.is_empty() {
        let cost = U256::from(number(c, "redeemGas")?).saturating_mul(view.gas_price.0);
        let why = check_funds(s, wei(c, "faceValue")?, cost, view.pool_size).err().unwrap_or_default();
        let ours = "insufficient sender funds for ticket face value";
        holds(
            "the reason is the original's",
            why == ours || flag(c, "used")? || maybe(c, "error").as_deref() == Some(why),
        )?;
    }
    let retried = verdict.is_none() || verdict == Some(Verdict::Retry);
    same("kept", q.get(ticket).is_some(), retried)?;
    Ok((!due.is_empty(), verdict))
}

pub(crate) fn queue(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, sequence);
}

/// What is sent at an event, by the numbers of tickets, and how many tickets stay.
type Event = (Vec<u64>, u64);

fn sequence(c: &Value) -> Outcome {
    let mut q = Queue::new(1);
    q.set_funds(SENDER, Funds { deposit: wei(c, "deposit")?, ..Funds::default() });
    for t in list(c, "tickets")? {
        let nonce = u32::try_from(number(t, "nonce")?).map_err(|e| e.to_string())?;
        let w = winner(nonce, wei(t, "faceValue")?, number(t, "expirationBlock")?, number(t, "creationRound")?);
        q.add(w).ok_or_else(|| "it is new".to_owned())?;
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for e in list(c, "events")? {
        let submitted = list(e, "submitted")?.iter().filter_map(Value::as_u64).collect();
        theirs.push((submitted, number(e, "stillQueued")?));
        ours.push(event(&mut q, c, e)?);
    }
    if ours == theirs {
        return Ok(());
    }
    each_on_its_own(c, &ours)?;
    same("the earliest holds up all", head_of_queue(c)?, theirs)?;
    let errors = c["submissionErrors"].as_object().into_iter().flatten();
    let failed = errors.filter_map(|(_, e)| e.as_str()).any(|e| e.starts_with("transaction failed"));
    Err(Miss::LeftOut(if failed { &rules::FAILED_ON_CHAIN } else { &rules::HEAD_OF_QUEUE }))
}

fn event(q: &mut Queue, c: &Value, e: &Value) -> Outcome<Event> {
    let view = QueueView {
        active: flag(c, "recipientActive")?,
        ..at(number(e, "l1Block")?, number(e, "round")?, wei(c, "txCost")?)
    };
    q.expire(view.round);
    let mut sent = Vec::new();
    for n in q.due(&view) {
        let nonce = q.get(n).map(|w| w.ticket.sender_nonce).ok_or_else(|| "it is due".to_owned())?;
        let attempt = match c["submissionErrors"][nonce.to_string()].as_str() {
            // A ticket that is marked as used is not sent.
            _ if c["usedOnChain"][nonce.to_string()] == true => Attempt::NotSent("ticket already used".to_owned()),
            None => Attempt::Paid,
            Some(e) if e.starts_with("transaction failed") => Attempt::Reverted(e.to_owned()),
            Some(e) => Attempt::NotSent(e.to_owned()),
        };
        if c["usedOnChain"][nonce.to_string()] != true {
            sent.push(nonce.into());
        }
        q.settle(n, &attempt, view.l1).ok_or_else(|| "it is on its way".to_owned())?;
    }
    Ok((sent, q.len() as u64))
}

/// The original's rule: at each event, as often as there are tickets, the earliest one is looked at.
fn head_of_queue(c: &Value) -> Outcome<Vec<Event>> {
    let (deposit, cost) = (integer(c, "deposit")?, integer(c, "txCost")?);
    let tickets = list(c, "tickets")?;
    let mut waiting: Vec<&Value> = tickets.iter().collect();
    let mut events = Vec::new();
    for e in list(c, "events")? {
        let (l1, now) = (number(e, "l1Block")?, number(e, "round")?);
        let young = |t: &&Value| t["creationRound"].as_u64().is_some_and(|round| round + 2 >= now);
        let mut sent = Vec::new();
        for _ in 0..waiting.iter().copied().filter(|t| young(t)).count() {
            let Some(t) = waiting.iter().copied().find(|t| young(t)) else { break };
            let nonce = number(t, "nonce")?;
            if !flag(c, "recipientActive")? || number(t, "expirationBlock")? > l1 {
                continue;
            }
            let used = c["usedOnChain"][nonce.to_string()] == true;
            if !used && (deposit <= cost || integer(t, "faceValue")? <= cost) {
                continue;
            }
            if !used {
                sent.push(nonce);
            }
            let error = c["submissionErrors"][nonce.to_string()].as_str().unwrap_or_default();
            let last = ["", "ticket already used"].contains(&error)
                || ["transaction failed", "ticket creationRound does not have a block hash"]
                    .iter()
                    .any(|known| error.contains(known));
            if last {
                waiting.retain(|other| other["nonce"] != t["nonce"]);
            }
        }
        events.push((sent, waiting.iter().copied().filter(|t| young(t)).count() as u64));
    }
    Ok(events)
}

/// Our own rule: at each event every ticket is sent that is open then, once, in the order of arrival, whatever
/// became of others.
fn each_on_its_own(c: &Value, ours: &[Event]) -> Outcome {
    let cost = integer(c, "txCost")?;
    let mut gone: Vec<u64> = Vec::new();
    for (e, (sent, _)) in list(c, "events")?.iter().zip(ours) {
        let mut open = Vec::new();
        for t in list(c, "tickets")? {
            let (nonce, round) = (number(t, "nonce")?, number(t, "creationRound")?);
            let now = number(e, "round")?;
            let in_time = round <= now && now <= round + 2 && number(t, "expirationBlock")? <= number(e, "l1Block")?;
            let used = c["usedOnChain"][nonce.to_string()] == true;
            if in_time && !gone.contains(&nonce) && !used && integer(t, "faceValue")? > cost {
                open.push(nonce);
            }
        }
        same("sent", sent, &open)?;
        let paid = open.iter().filter(|n| c["submissionErrors"][n.to_string()].is_null());
        gone.extend(paid);
    }
    Ok(())
}
