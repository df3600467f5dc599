//! Playlists, and leave to write into stores.

use serde_json::Value;
use weir_wire::ProfileText;
use weir_wire::grant::{Store, VALID_MILLIS};
use weir_wire::playlist::{Live, Recording, Track, WINDOW};
use weir_wire::preset::preset;
use weir_wire::stream::StreamId;

use super::read::{double, flag, list, number, same, same_texts, text};
use super::{Outcome, Tally};

/// The cases' renditions that are no presets: size and bits per second.
const TRACKS: [(&str, &str, &str); 3] =
    [("source", "1920x1080", "4000k"), ("custom", "333x187", "123456"), ("nobitrate", "10x10", "")];

fn track(name: &str) -> Outcome<Track> {
    let own = TRACKS.iter().find(|(known, ..)| *known == name).map(|(name, resolution, bitrate)| ProfileText {
        name: (*name).to_owned(),
        resolution: (*resolution).to_owned(),
        bitrate: (*bitrate).to_owned(),
        ..ProfileText::default()
    });
    let profile = own.or_else(|| preset(name)).ok_or_else(|| format!("no rendition {name}"))?;
    Ok(Track::from(&profile))
}

pub(crate) fn playlists(file: &Value, tally: &mut Tally<'_>) {
    tally
        .case("windowSize", &file["windowSize"], || same("segments", Some(WINDOW as u64), file["windowSize"].as_u64()));
    tally.each("splitStreamID_manifest_rendition_string", file, |row| {
        let cell = |i: usize| row[i].as_str().ok_or_else(|| "the row is too short".to_owned());
        let ours = StreamId::split(cell(0)?);
        same("stream", ours.manifest.as_str(), cell(1)?)?;
        same("rendition", ours.rendition.as_str(), cell(2)?)?;
        same("both", ours.to_string().as_str(), cell(3)?)
    });
    tally.each("cases", file, |c| match text(c, "kind")? {
        "live" => live(c),
        "recording" => recording(c),
        other => Err(format!("unknown kind {other}").into()),
    });
}

/// A segment's rendition, number, address and seconds.
fn segment(s: &Value) -> Outcome<(Track, u64, &str, f64)> {
    Ok((track(text(s, "profile")?)?, number(s, "seq")?, text(s, "uri")?, double(s, "duration")?))
}

fn live(c: &Value) -> Outcome {
    let mut ours = Live::new("mid".to_owned());
    let errors = c["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let segments = c["segments"].as_array().map_or(&[][..], Vec::as_slice);
    same("answers", errors.len(), segments.len())?;
    for (s, error) in segments.iter().zip(errors) {
        let (track, seq, uri, seconds) = segment(s)?;
        let got = ours.insert(&track, seq, uri, seconds).err().map(|e| e.to_string());
        same("error", got.as_deref(), error.as_str())?;
    }
    same("master", ours.master().as_str(), text(c, "master")?)?;
    let media = c["media"].as_object().ok_or_else(|| "no playlists".to_owned())?;
    same("renditions", ours.tracks().count(), media.len())?;
    media.iter().try_for_each(|(name, theirs)| same(name, ours.media(name).as_deref(), theirs.as_str()))
}

fn recording(c: &Value) -> Outcome {
    let mut ours = Recording::default();
    for part in list(c, "parts")? {
        let mut one = Recording::default();
        for s in part.as_array().into_iter().flatten() {
            let (track, seq, uri, seconds) = segment(s)?;
            one.push(&track, seq, uri, seconds);
        }
        if flag(c, "discontinued")? { ours.join_after_cut(&one) } else { ours.join(&one) }
    }
    let theirs: Value = serde_json::from_str(text(c, "json")?).map_err(|e| e.to_string())?;
    same("JSON", ours.json(), theirs)?;
    let manifests: Vec<&str> = list(c, "manifestIDs")?.iter().filter_map(Value::as_str).collect();
    let (store, ended) = (text(c, "extURL")?, !flag(c, "live")?);
    let media = c["media"].as_object().ok_or_else(|| "no playlists".to_owned())?;
    same("renditions", ours.tracks().count(), media.len())?;
    media.iter().try_for_each(|(name, theirs)| {
        same(name, Some(ours.media(name, &manifests, store, ended).as_str()), theirs.as_str())
    })
}

/// The Unix millisecond of a time in UTC with milliseconds, counted day by day.
fn unix_millis(time: &str) -> Option<u64> {
    let part = |from: usize, to: usize| time.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = |year: u64, month: u64| match month {
        2 => 28 + u64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let months = (1_970..=year).flat_map(|y| (1..=12).map(move |m| (y, m))).take_while(|at| *at < (year, month));
    let day = months.map(|(y, m)| days(y, m)).sum::<u64>() + day.checked_sub(1)?;
    let seconds = part(11, 13)? * 3_600 + part(14, 16)? * 60 + part(17, 19)?;
    Some((day * 86_400 + seconds) * 1_000 + part(20, 23)?)
}

pub(crate) fn storage_policy(file: &Value, tally: &mut Tally<'_>) {
    tally.each("cases", file, |c| {
        let store = Store {
            bucket: text(c, "bucket")?.to_owned(),
            region: text(c, "region")?.to_owned(),
            access_key: "AKIDEXAMPLE".to_owned(),
            secret: "SECRETEXAMPLE".to_owned(),
            prefix: text(c, "keyPrefix")?.to_owned(),
        };
        // The time of the run is in the policy.
        let end = text(c, "policyText")?.split('"').nth(3).and_then(unix_millis);
        let now = end.and_then(|end| end.checked_sub(VALID_MILLIS)).ok_or_else(|| "no time".to_owned())?;
        let ours = store.grant(text(c, "path")?, now);
        same_texts(
            c,
            [
                ("host", &ours.host),
                ("key", &ours.key),
                ("policy", &ours.policy),
                ("signature", &ours.signature),
                ("credential", &ours.credential),
                ("xAmzDate", &ours.x_amz_date),
            ],
        )?;
        Ok(())
    });
}
