//! Every run that the recorded set holds, made again. The values that both transcoders must agree
//! on, because the network's fees, players and verifiers rest on them, are compared: sizes, frames,
//! pixels, time stamps, places of key frames, and the sound that goes along.

use crate::support::{ffprobe, recorded, stream};
use serde_json::{Value, json};
use std::path::Path;
use weir_media::ladder::{Container, Encoder, Gop, H264Profile};
use weir_media::{Ladder, LibavTranscoder, MediaError, Rendition, Rung, Transcoder};
use weir_types::Profile;

const RUNS: &str = include_str!("../data/renditions.jsonl");

/// Cases in which the answer is another one: source, profile, the values that differ, and why.
/// `*` stands for all profiles.
const DIFFERENT: &[(&str, &str, &[&str], &str)] = &[
    (
        "open_gop.ts",
        "*",
        &["decoded", "frames", "pixels", "video packets", "video last_pts", "video pts"],
        "the last two pictures of the source are lost in the record; all 60 can be decoded and are kept",
    ),
    (
        "vp9.webm",
        "*",
        &["audio packets", "audio first_pts"],
        "the first packet of sound, which starts 7 ms before the video, is lost in the record and kept here",
    ),
];

/// The runs of the sources that `wanted` picks; says how many there were.
fn runs(wanted: impl Fn(&str) -> bool) -> usize {
    let mut count = 0;
    let mut wrong = Vec::new();
    for line in RUNS.lines() {
        let run: Value = serde_json::from_str(line).expect("a record");
        let source = text(&run["source"]);
        if wanted(source) {
            count += 1;
            wrong.extend(differences(&run, source).into_iter().map(|d| format!("run {}, {source}: {d}", run["n"])));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    count
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn differences(run: &Value, source: &str) -> Vec<String> {
    let profiles = run["profiles"].as_array().expect("profiles");
    let rungs: Result<Vec<Rung>, String> = profiles.iter().map(rung).collect();
    let result = match rungs {
        Err(reason) => Err(reason),
        Ok(rungs) => {
            let out = tempfile::tempdir().expect("a folder");
            let ladder = Ladder::new(rungs).expect("a ladder");
            match LibavTranscoder::default().transcode(&recorded(source), &ladder, out.path()) {
                Err(error) => Err(class(&error).to_owned()),
                Ok(done) => Ok(compare(run, source, &done)),
            }
        }
    };
    match (result, run["error"].as_str()) {
        (Ok(differences), None) => differences,
        (Err(reason), _) if expected_error(run, source) == Some(&reason) => Vec::new(),
        (Ok(_), Some(error)) => vec![format!("no error where the record has {error}")],
        (Err(reason), error) => vec![format!("failed with {reason:?}, the record has {error:?}")],
    }
}

/// How our failures answer the recorded ones.
fn expected_error<'a>(run: &Value, source: &str) -> Option<&'a str> {
    let encoder = run["profiles"][0]["encoder"].as_str();
    match (source, run["error"].as_str()) {
        ("audio_only.ts", Some("TranscoderInvalidVideo")) => Some("no video"),
        ("empty.ts" | "garbage.ts", Some("TranscoderInvalidVideo")) => Some("unreadable"),
        ("no_first_key.ts", Some("TranscoderInvalidVideo")) => Some("no picture"),
        // The ladder's parser refuses these before anything is opened.
        (_, Some(error)) if error.contains("InvalidResolution") => Some("[0]: missing field `height`"),
        (_, Some(error)) if error.contains("Atoi") => Some("[0].bitrate"),
        (_, Some(error)) if error.contains("InvalidGOP") => Some("[0].gop"),
        // Deliberate: parsed, not encoded. A build without these encoders says so.
        (_, None) if matches!(encoder, Some("h265" | "vp8" | "vp9")) => Some("no encoder"),
        _ => None,
    }
}

fn class(error: &MediaError) -> &'static str {
    match error {
        MediaError::NoVideo { .. } => "no video",
        MediaError::NoPicture { .. } => "no picture",
        MediaError::Unreadable { .. } => "unreadable",
        MediaError::UnsupportedEncoder { .. } => "no encoder",
        _ => "another failure",
    }
}

/// A recorded profile as a rendition.
fn rung(p: &Value) -> Result<Rung, String> {
    let (width, height) = match text(&p["resolution"]).split_once('x') {
        Some((w, h)) => (w.parse().ok(), h.parse().ok()),
        None => (text(&p["resolution"]).parse::<u32>().ok(), None::<u32>),
    };
    let bits = text(&p["bitrate"]);
    let bitrate = bits.strip_suffix('k').unwrap_or(bits).parse::<u64>().ok();
    let gop = p["gop_ns"].as_i64().expect("a gop");
    let (Some(width), Some(height), Some(bitrate), true) = (width, height, bitrate, gop >= -1) else {
        return Err(refusal(p, width, height, bitrate, gop));
    };
    let number = |key: &str| u32::try_from(p[key].as_u64().expect("a number")).expect("a small one");
    let profile = Profile {
        name: text(&p["name"]).to_owned(),
        width,
        height,
        bitrate: bitrate * 1000,
        fps: number("fps"),
        fps_den: number("fps_den"),
    };
    Ok(Rung {
        profile,
        container: if p["format"] == "mp4" { Container::Mp4 } else { Container::MpegTs },
        encoder: match text(&p["encoder"]) {
            "h264" => Encoder::H264,
            "h265" => Encoder::Hevc,
            "vp8" => Encoder::Vp8,
            _ => Encoder::Vp9,
        },
        h264: match text(&p["profile"]) {
            "h264_baseline" => H264Profile::Baseline,
            "h264_main" => H264Profile::Main,
            "h264_high" => H264Profile::High,
            "h264_constrained_high" => H264Profile::ConstrainedHigh,
            _ => H264Profile::Auto,
        },
        gop: match gop {
            -1 => Gop::Intra,
            0 => Gop::Auto,
            ns => Gop::Every(u64::try_from(ns / 1_000_000).expect("a positive number")),
        },
        quality: number("quality"),
    })
}

/// What the parser of ladders says of a profile that makes no sense: the field, or the whole where
/// one is missing.
fn refusal(p: &Value, width: Option<u32>, height: Option<u32>, bitrate: Option<u64>, gop: i64) -> String {
    let mut raw = json!({"name": p["name"], "width": width, "bitrate": bitrate});
    if let Some(height) = height {
        raw["height"] = json!(height);
    }
    if bitrate.is_none() {
        raw["bitrate"] = p["bitrate"].clone();
    }
    if gop < -1 {
        raw["gop"] = json!(format!("{}", gop as f64 / 1e9));
    }
    match Ladder::parse(&json!([raw]).to_string()) {
        Err(weir_media::LadderError::Json { field, reason, .. }) if field == "[0]" => format!("{field}: {reason}"),
        Err(weir_media::LadderError::Json { field, .. }) => field,
        other => format!("{other:?}"),
    }
}

fn compare(run: &Value, source: &str, done: &weir_media::Transcoded) -> Vec<String> {
    let mut all = Vec::new();
    let decoded = json!({"frames": done.decoded_frames, "pixels": done.decoded_pixels});
    if decoded != run["decoded"] {
        all.push(("*".to_owned(), "decoded".to_owned(), run["decoded"].clone(), decoded));
    }
    let outputs = run["outputs"].as_array().expect("outputs");
    assert_eq!(outputs.len(), done.renditions.len());
    for (want, made) in outputs.iter().zip(&done.renditions) {
        for (key, want, have) in output(want, made) {
            if want != have {
                all.push((made.name.clone(), key, want, have));
            }
        }
    }
    let known = |name: &str, key: &str| {
        DIFFERENT.iter().any(|d| d.0 == source && (d.1 == "*" || d.1 == name) && d.2.contains(&key))
    };
    let differs = |key: &str| all.iter().any(|(_, k, ..)| k == key);
    let listed = DIFFERENT.iter().filter(|d| d.0 == source).flat_map(|d| d.2);
    let stale: Vec<String> =
        listed.filter(|key| !differs(key)).map(|key| format!("{key} is listed as different and is not")).collect();
    all.into_iter()
        .filter(|(name, key, ..)| !known(name, key))
        .map(|(name, key, want, have)| format!("{name}, {key}: recorded {want}, made {have}"))
        .chain(stale)
        .collect()
}

/// Pairs of recorded and made values.
fn output(want: &Value, made: &Rendition) -> Vec<(String, Value, Value)> {
    let mut pairs = vec![
        ("frames".to_owned(), want["frames"].clone(), json!(made.frames)),
        ("pixels".to_owned(), want["pixels"].clone(), json!(made.pixels)),
    ];
    let have = packets(&made.path);
    pairs.push(("format".to_owned(), want["format"].clone(), have["format"].clone()));
    for kind in ["video", "audio"] {
        let (want, have) = (stream(want, kind), stream(&have, kind));
        let keys: &[&str] = match kind {
            "video" => &[
                "codec_name",
                "profile",
                "width",
                "height",
                "pix_fmt",
                "field_order",
                "has_b_frames",
                "packets",
                "time_base",
                "first_pts",
                "last_pts",
                "key_pts",
                "pts",
            ],
            _ => &["codec_name", "channels", "sample_rate", "packets", "time_base", "first_pts", "last_pts"],
        };
        match (want, have) {
            (Some(want), Some(have)) => {
                let recorded = keys.iter().filter(|k| !want[**k].is_null());
                pairs.extend(recorded.map(|k| (format!("{kind} {k}"), want[*k].clone(), have[*k].clone())));
            }
            (None, None) => {}
            (want, have) => pairs.push((kind.to_owned(), json!(want.is_some()), json!(have.is_some()))),
        }
    }
    pairs
}

/// A file as the records have it.
fn packets(path: &Path) -> Value {
    let mut probe = ffprobe(
        path,
        &["-show_streams", "-show_packets", "-show_format", "-show_entries", "packet=stream_index,pts,flags"],
    );
    let packets = probe["packets"].as_array().cloned().unwrap_or_default();
    probe["format"] = probe["format"]["format_name"].clone();
    for stream in probe["streams"].as_array_mut().expect("streams") {
        let of_stream: Vec<&Value> = packets.iter().filter(|p| p["stream_index"] == stream["index"]).collect();
        let sorted = |keep: &dyn Fn(&Value) -> bool| {
            let mut pts: Vec<i64> = of_stream.iter().filter(|p| keep(p)).filter_map(|p| p["pts"].as_i64()).collect();
            pts.sort_unstable();
            pts
        };
        let pts = sorted(&|_| true);
        stream["packets"] = json!(of_stream.len());
        stream["first_pts"] = json!(pts.first());
        stream["last_pts"] = json!(pts.last());
        stream["key_pts"] = json!(sorted(&|p| p["flags"].as_str().is_some_and(|f| f.starts_with('K'))));
        stream["pts"] = json!(pts);
    }
    probe
}

#[test]
fn bbb_0() {
    assert_eq!(runs(|s| s == "bbb_0.ts"), 27);
}

#[test]
fn ntsc() {
    assert_eq!(runs(|s| s == "ntsc.ts"), 27);
}

#[test]
fn offset100() {
    assert_eq!(runs(|s| s == "offset100.ts"), 27);
}

#[test]
fn portrait() {
    assert_eq!(runs(|s| s == "portrait.ts"), 27);
}

#[test]
fn all_others() {
    let alone = ["bbb_0.ts", "ntsc.ts", "offset100.ts", "portrait.ts"];
    assert_eq!(runs(|s| !alone.contains(&s)), 30);
}
