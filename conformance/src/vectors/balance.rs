//! Credit of sessions.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;
use serde_json::Value as Json;
use weir_ticket::Value;
use weir_ticket::balance::{Balances, Key, Staged};
use weir_types::{Address, Instant, Price};

use super::read::{credit, decimal, integer, list, maybe, number, ratio, same, text, wei, win_prob};
use super::{Miss, Outcome, Tally, rules};

const KEY: Key = (Address::repeat_byte(1), 7);

fn value(text: &str) -> Outcome<Value> {
    Ok(credit(text)?.into())
}

/// What staging answers: tickets, their value, the credit that was there.
fn staged(b: &mut Balances, key: Key, min_credit: &Value, ev: &Value) -> (u64, BigRational, BigRational) {
    let s = b.stage(key, min_credit, ev);
    (s.tickets, s.new_credit.credit().0, s.existing.credit().0)
}

/// Compares one staging with its record; a rule where it differs on purpose.
fn compare(
    got: (u64, BigRational, BigRational),
    ev: &Value,
    theirs: (&BigInt, BigRational, BigRational),
    min_credit: &Value,
) -> Outcome<Option<&'static super::Rule>> {
    let (tickets, new_credit, existing) = theirs;
    let Ok(tickets) = u64::try_from(tickets) else {
        // A value below zero, or more tickets than 64 bits count.
        if !ev.is_positive() {
            same("staged", got, (0, BigRational::zero(), existing))?;
            return Ok(Some(&rules::WHOLE_TICKETS));
        }
        same("staged", (got.0, got.2), (u64::MAX, existing))?;
        return Ok(Some(&rules::BEYOND_64_BITS));
    };
    let lacking = &min_credit.credit().0 - &existing;
    let most = BigRational::from_integer(BigInt::from(i64::MAX));
    if ev.is_positive() && lacking > most && got.0 > 1 << 62 && got.0 != tickets {
        same("staged", (got.0, got.2), (u64::MAX, existing))?;
        return Ok(Some(&rules::BEYOND_64_BITS));
    }
    same("staged", got, (tickets, new_credit, existing))?;
    Ok(None)
}

fn left_out(rule: Option<&'static super::Rule>) -> Outcome {
    rule.map_or(Ok(()), |rule| Err(Miss::LeftOut(rule)))
}

pub(crate) fn accounting(file: &Json, tally: &mut Tally<'_>) {
    tally.each("stage_existing_minCredit_ev_tickets_newCredit_existingOut_after", file, staging);
    tally.each("cases", file, sequence);
}

fn staging(row: &Json) -> Outcome {
    let cell = |i: usize| row[i].as_str().ok_or_else(|| "the row is too short".to_owned());
    let mut b = Balances::new();
    if let Some(v) = row[0].as_str() {
        b.credit(KEY, &value(v)?, Instant::ZERO);
    }
    let (min_credit, ev) = (value(cell(1)?)?, row[2].as_str().map_or_else(|| Ok(Value::zero()), value)?);
    let got = staged(&mut b, KEY, &min_credit, &ev);
    let tickets: BigInt = row[3].to_string().parse().map_err(|_| "no number of tickets".to_owned())?;
    let rule = compare(got, &ev, (&tickets, ratio(cell(4)?)?, ratio(cell(5)?)?), &min_credit)?;
    same("left", b.amount(KEY).0, ratio(cell(6)?)?)?;
    left_out(rule)
}

fn sequence(c: &Json) -> Outcome {
    let mut b = Balances::new();
    let mut keys: BTreeMap<String, Key> = BTreeMap::new();
    let mut differs = None;
    for op in list(c, "ops")? {
        let name = format!("{}/{}", text(op, "addr")?, text(op, "id")?);
        let session = keys.len() as u64;
        let first = text(op, "addr")?.bytes().next().unwrap_or_default();
        let key = *keys.entry(name).or_insert((Address::repeat_byte(first), session));
        let rule = step(&mut b, key, op)?;
        differs = rule.or(differs);
        let theirs = maybe(op, "balance").map(|s| credit(&s)).transpose()?;
        same("balance", b.get(key).map(Value::credit), theirs)?;
    }
    left_out(differs)
}

fn step(b: &mut Balances, key: Key, op: &Json) -> Outcome<Option<&'static super::Rule>> {
    let v = || value(text(op, "v")?);
    match text(op, "op")? {
        "credit" => b.credit(key, &v()?, Instant::ZERO),
        "debit" => b.debit(key, &v()?, Instant::ZERO),
        "reserve" => same("reserved", b.reserve(key).credit(), credit(text(op, "out")?)?)?,
        "stage" => {
            let (min_credit, ev) = (value(text(op, "minCredit")?)?, value(text(op, "ev")?)?);
            let got = staged(b, key, &min_credit, &ev);
            let tickets = integer(op, "tickets")?;
            let theirs = (&tickets, ratio(text(op, "newCredit")?)?, ratio(text(op, "existing")?)?);
            return compare(got, &ev, theirs, &min_credit);
        }
        "setFixedPrice" => {
            let Some(p) = Price::from_ratio(ratio(text(op, "v")?)?) else {
                // Whoever knows the session afterwards has no such price; the session is there all the same.
                b.credit(key, &Value::zero(), Instant::ZERO);
                return Ok(Some(&rules::BELOW_ZERO));
            };
            let before = b.fixed_price(key).cloned();
            b.fix_price(key, &p, Instant::ZERO);
            let first = before.clone().unwrap_or_else(|| p.clone());
            same("price", b.fixed_price(key), Some(&first))?;
            return Ok((before.is_some() && first != p).then_some(&rules::FIRST_PRICE_STAYS));
        }
        "fixedPrice" => {}
        other => return Err(format!("unknown step {other}").into()),
    }
    Ok(None)
}

pub(crate) fn updates(file: &Json, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let ev = Value::expected(wei(c, "faceValue")?, win_prob(c)?);
        same("value of a ticket", decimal(&ev.credit().0, 12).as_str(), text(c, "ev")?)?;
        let mut b = Balances::new();
        list(c, "ops")?.iter().try_for_each(|op| update(&mut b, &ev, op))
    });
}

fn update(b: &mut Balances, ev: &Value, op: &Json) -> Outcome {
    let six = |v: &Value| decimal(&v.credit().0, 6);
    // Without a price nothing is staged; a fee below a ticket's value counts as one ticket.
    let s = match maybe(op, "fee") {
        Some(fee) => b.stage(KEY, &value(&fee)?.max(ev.clone()), ev),
        None => Staged { tickets: 0, new_credit: Value::zero(), existing: Value::zero() },
    };
    same("tickets", s.tickets, number(op, "tickets")?)?;
    same("new credit", six(&s.new_credit).as_str(), text(op, "newCredit")?)?;
    same("credit before", six(&s.existing).as_str(), text(op, "existing")?)?;
    match text(op, "outcome")? {
        "staged" => b.credit(KEY, &s.existing, Instant::ZERO),
        "spent" => {}
        "change" => {
            b.credit(KEY, &s.existing, Instant::ZERO);
            b.credit(KEY, &s.new_credit, Instant::ZERO);
            b.debit(KEY, &value(text(op, "debit")?)?, Instant::ZERO);
        }
        other => return Err(format!("unknown outcome {other}").into()),
    }
    same("balance", decimal(&b.amount(KEY).0, 6).as_str(), text(op, "balance6")?)
}
