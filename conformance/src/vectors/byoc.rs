//! Jobs for containers that their owners bring.

use base64::Engine as _;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive};
use serde_json::Value;
use weir_market::in_flight::InFlight;
use weir_ticket::balance::{Balances, Key};
use weir_ticket::recipient::MAX_NONCES;
use weir_ticket::topup;
use weir_types::{Address, Credit, Instant};
use weir_wire::byoc::{Job, JobError, with_host};
use weir_wire::host;

use super::read::{credit, error_of, flag, holds, list, maybe, maybe_ratio, number, ratio, same, same_texts, text};
use super::{Miss, Outcome, Tally, rules};

const KEY: Key = (Address::repeat_byte(1), 7);

pub(crate) fn byoc(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| match text(c, "kind")? {
        "tickets" => tickets(c),
        "balanceLine" => same("balance", topup::balance_of_line(text(c, "line")?), credit(text(c, "balance")?)?),
        "host" => same("URL", with_host(text(c, "url")?, text(c, "host")?).as_str(), text(c, "result")?),
        "jobHeader" => job(c),
        "remoteHost" => {
            let ours = host::remote(text(c, "in")?);
            same("error", error_of(&ours), maybe(c, "error"))?;
            same("host", ours.unwrap_or_default(), text(c, "out")?)
        }
        "compare" => compare(c),
        "slow" => slow(c),
        other => Err(format!("unknown kind {other}").into()),
    });
}

fn tickets(c: &Value) -> Outcome {
    let (cost, ev) = (ratio(text(c, "cost")?)?, ratio(text(c, "ev")?)?);
    let ours = topup::tickets(&Credit(cost.clone()).into(), &Credit(ev.clone()).into());
    if ev.is_negative() && cost.is_negative() {
        same("nothing is paid", ours, 0)?;
        return Err(Miss::LeftOut(&rules::BELOW_ZERO));
    }
    let beyond = |r: BigRational| r.to_f64().is_none_or(f64::is_infinite);
    if ev.is_positive() && beyond(&cost / &ev) {
        same("as many as one takes", ours, if cost.is_positive() { MAX_NONCES as u64 } else { 0 })?;
        return Err(Miss::LeftOut(&rules::MORE_THAN_A_DOUBLE));
    }
    same("tickets", ours, number(c, "tickets")?)
}

fn job(c: &Value) -> Outcome {
    let header = match maybe(c, "header") {
        Some(header) => header,
        None => base64::engine::general_purpose::STANDARD.encode(text(c, "json")?),
    };
    let ours = Job::decode(&header);
    if let (Err(JobError::Timeout(ours)), None) = (&ours, maybe(c, "error")) {
        holds("it is below zero", *ours < 0 && c["timeout"].as_i64() == Some(*ours))?;
        return Err(Miss::LeftOut(&rules::BELOW_ZERO));
    }
    same("error", error_of(&ours), maybe(c, "error"))?;
    let Ok(ours) = ours else { return Ok(()) };
    same_texts(
        c,
        [
            ("id", &ours.id),
            ("request", &ours.request),
            ("parameters", &ours.parameters),
            ("capability", &ours.capability),
            ("sender", &ours.sender),
            ("sig", &ours.sig),
        ],
    )?;
    same("timeout", ours.timeout_seconds, number(c, "timeout")?)?;
    same("written and read again", Job::decode(&ours.encode()), Ok(ours))
}

fn compare(c: &Value) -> Outcome {
    let mut balances = Balances::new();
    let value = |v: &Value| Ok::<_, Miss>(maybe_ratio(v)?.map(Credit));
    if let Some(current) = value(&c["current"])? {
        balances.credit(KEY, &current.into(), Instant::ZERO);
    }
    let expected = value(&c["expected"])?.unwrap_or_default();
    let enough = credit(text(c, "minimum")?)?;
    let ours = balances.adopt(KEY, &expected.into(), &enough.into(), Instant::ZERO);
    same("balance", balances.amount(KEY), credit(text(c, "balance")?)?)?;
    same("difference", ours.difference.credit(), credit(text(c, "difference")?)?)?;
    same("covered", ours.covered, flag(c, "minimumCovered")?)?;
    same("reset", ours.reset, flag(c, "reset")?)
}

fn slow(c: &Value) -> Outcome {
    let mut segments = InFlight::default();
    for op in list(c, "ops")? {
        match op[0].as_str() {
            Some("b") => {
                same("too slow", Some(segments.begin().is_err()), op[2].as_bool())?;
                same("begun", Some(segments.begun()), op[1].as_u64())?;
            }
            Some("e") => {
                segments.end();
                same("begun", Some(segments.begun()), op[1].as_u64())?;
            }
            _ => return Err("an unknown step".to_owned().into()),
        }
    }
    Ok(())
}
