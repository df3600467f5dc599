//! Channels of numbered segments.

use serde_json::Value;
use weir_wire::trickle::{Channel, Place, human_bytes, is_end, number as header};

use super::read::{flag, maybe, number, same, text};
use super::{Outcome, Tally};

pub(crate) fn trickle(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| match text(c, "kind")? {
        "headers" => headers(c),
        "reads" => reads(c),
        "bytes" => same("text", human_bytes(number(c, "n")?).as_str(), text(c, "text")?),
        other => Err(format!("unknown kind {other}").into()),
    });
}

fn signed(c: &Value, key: &str) -> Outcome<i64> {
    Ok(c[key].as_i64().ok_or_else(|| format!("the case has no number {key}"))?)
}

/// Where the original has numbers for what cannot be read, ours has no number.
fn headers(c: &Value) -> Outcome {
    let Some(value) = maybe(c, "value") else {
        // There is no answer, so there is no header to read.
        return same("without an answer", (signed(c, "seq")?, signed(c, "latest")?), (-99, -99));
    };
    same("number", header(&value).unwrap_or(-98), signed(c, "seq")?)?;
    same("latest", header(&value).unwrap_or(-1), signed(c, "latest")?)?;
    same("end", is_end(text(c, "closed")?), flag(c, "eos")?)
}

/// A read of a channel in which as many segments were published.
fn reads(c: &Value) -> Outcome {
    let mut channel = Channel::default();
    for _ in 0..number(c, "nextWrite")? {
        let seq = channel.publish(Place::Next).map_err(|e| e.to_string())?.seq;
        channel.begin(seq);
        channel.end(seq);
    }
    if flag(c, "channelClosed")? {
        channel.close();
    }
    let place = Place::of(signed(c, "idx")?).map_err(|e| e.to_string())?;
    let ours = channel.read(place);
    same("segment", ours, c["segment"].as_u64())?;
    same("it is there", ours.is_some(), flag(c, "exists")?)?;
    same("next", channel.next(), number(c, "latest")?)?;
    same("closed", channel.is_closed(), flag(c, "closed")?)
}
