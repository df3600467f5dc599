//! Amounts, media types and other texts.

use num_bigint::BigInt;
use serde_json::Value;
use weir_types::decimal;
use weir_wire::net::Format;
use weir_wire::segment::profile_id;
use weir_wire::text as wire;

use super::read::{double, error_of, integer, maybe, number, same, text};
use super::{Miss, Outcome, Tally, rules};

pub(crate) fn amounts(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| match text(c, "kind")? {
        "toBase" => {
            let decimals = usize::try_from(number(c, "decimals")?).map_err(|e| e.to_string())?;
            to_base(text(c, "in")?, decimals, (maybe(c, "out"), maybe(c, "error")))
        }
        "toWei" => {
            to_base(text(c, "in")?, 18, (maybe(c, "ether"), maybe(c, "etherError")))?;
            to_base(text(c, "in")?, 9, (maybe(c, "gwei"), maybe(c, "gweiError")))
        }
        "fromBase" => from_base(c),
        "perc" => {
            let parts = c["in"].as_i64().ok_or_else(|| "no number".to_owned())?;
            same("per cent", decimal::percent_of_million(parts), double(c, "toPerc")?)?;
            same("text", decimal::shortest(decimal::percent_of_million(parts)).as_str(), text(c, "perc")?)?;
            same("of 10^9", decimal::shortest(decimal::percent_of_billion(parts)).as_str(), text(c, "percMinter")?)
        }
        "fromPerc" => {
            let percent = double(c, "in")?;
            same("parts of a million", decimal::million_of_percent(percent), integer(c, "ppm")?)?;
            let theirs = BigInt::parse_bytes(text(c, "ofUint256")?.as_bytes(), 16);
            same("part of 2^256 - 1", decimal::word_of_percent(percent), theirs)
        }
        other => Err(format!("unknown kind {other}").into()),
    });
}

fn to_base(given: &str, decimals: usize, theirs: (Option<String>, Option<String>)) -> Outcome {
    let ours = decimal::to_base(given, decimals);
    same("error", error_of(&ours), theirs.1)?;
    same("amount", ours.ok().map(|n| n.to_string()), theirs.0)
}

fn from_base(c: &Value) -> Outcome {
    let amount = integer(c, "in")?;
    same("smallest units", decimal::from_base(&amount, 0).as_str(), text(c, "dec0")?)?;
    same("ETH", decimal::eth(&amount).as_str(), text(c, "eth")?)?;
    same("LPT", decimal::lpt(&amount).as_str(), text(c, "lpt")?)?;
    for (key, decimals) in [("dec18", 18), ("ether", 18), ("dec9", 9), ("gwei", 9)] {
        let (ours, theirs) = (decimal::from_base(&amount, decimals), text(c, key)?);
        if theirs.trim_start_matches('-').contains('-') {
            same("sign in front", ours.starts_with('-'), true)?;
            let back = decimal::to_base(&ours, decimals).map_err(|e| e.to_string())?;
            same("read again", back, amount)?;
            return Err(Miss::LeftOut(&rules::SIGN_IN_THE_MIDDLE));
        }
        same(key, ours.as_str(), theirs)?;
    }
    Ok(())
}

pub(crate) fn common(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| match text(c, "kind")? {
        "mime" => {
            let ours = wire::media_type(text(c, "ext")?);
            same("error", error_of(&ours), maybe(c, "error"))?;
            match ours {
                Ok(ours) if ours != text(c, "type")? => Err(Miss::LeftOut(&rules::MADE_UP_MEDIA_TYPE)),
                _ => Ok(()),
            }
        }
        "ext" => {
            let ours = wire::ending(text(c, "type")?);
            same("error", error_of(&ours), maybe(c, "error"))?;
            same("ending", ours.unwrap_or_default(), text(c, "ext")?)
        }
        "format" => format(c),
        "join" => same("URL", wire::join_url(text(c, "url")?, text(c, "path")?).as_str(), text(c, "result")?),
        "host" => {
            let ours = wire::result_url(text(c, "path")?, text(c, "host")?);
            same("error", error_of(&ours), maybe(c, "error"))?;
            same("URL", ours.ok(), maybe(c, "result"))
        }
        "profileID" => profile_ids(c),
        "bigInt" => {
            let ours = wire::integer(text(c, "in")?);
            same("error", error_of(&ours), maybe(c, "error"))?;
            same("number", ours.ok(), maybe(c, "out"))
        }
        "keyfile" => {
            let ours = wire::key_file_address(text(c, "json")?);
            same("error", error_of(&ours), maybe(c, "error"))?;
            same("address", ours.unwrap_or_default().as_str(), text(c, "address")?)
        }
        other => Err(format!("unknown kind {other}").into()),
    });
}

/// Text forms have one container more: none, which is sent as MPEG-TS and has no ending.
fn format(c: &Value) -> Outcome {
    let known = match c["format"].as_i64() {
        Some(0 | 1) => Ok(Format::Mpegts),
        Some(2) => Ok(Format::Mp4),
        _ => Err(wire::MediaTypeError::Format),
    };
    let ending = known.map(wire::ending_of);
    same("error", error_of(&ending), maybe(c, "extError"))?;
    same("ending", ending.unwrap_or_default(), text(c, "ext")?)?;
    let media_type = ending.and_then(wire::media_type);
    same("error of the type", error_of(&media_type), maybe(c, "typeError"))?;
    same("type", media_type.unwrap_or_default(), text(c, "type")?)
}

fn profile_ids(c: &Value) -> Outcome {
    let Some(names) = c["names"].as_array() else {
        return same("id", profile_id(text(c, "name")?).as_str(), text(c, "id")?);
    };
    let mut names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    let ids: String = names.iter().map(|name| profile_id(name)).collect();
    same("ids", ids.as_str(), text(c, "id")?)?;
    names.sort_unstable();
    same("names in order", names.join(",").as_str(), text(c, "joined")?)
}
