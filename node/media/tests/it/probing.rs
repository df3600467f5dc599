//! What `probe` says of every file of the recorded set.

use crate::support::{clip, recorded};
use serde_json::Value;
use weir_media::{MediaError, probe};

const SOURCES: &str = include_str!("../data/sources.jsonl");

/// libav's numbers of pixel formats, as far as they occur, by name.
fn pixel_format(number: i64) -> Option<&'static str> {
    Some(match number {
        0 => "yuv420p",
        5 => "yuv444p",
        62 => "yuv420p10le",
        64 => "yuv422p10le",
        _ => return None,
    })
}

#[test]
fn a_probe_agrees_with_the_records() {
    let mut count = 0;
    for line in SOURCES.lines() {
        let record: Value = serde_json::from_str(line).expect("a record");
        let (name, info) = (record["file"].as_str().expect("a name"), &record["codec_info"]);
        count += 1;
        let probe = match (probe(&recorded(name)), record["codec_status"].as_i64()) {
            (Err(MediaError::Unreadable { .. }), Some(-1)) => continue,
            (Ok(probe), Some(0 | 1)) => probe,
            (answer, status) => panic!("{name}: {answer:?}, recorded status {status:?}"),
        };
        assert_eq!(probe.container, info["format"], "{name}");
        let Some(video) = probe.video else {
            assert_eq!(info["vcodec"], "", "{name}");
            continue;
        };
        assert_eq!(video.codec, info["vcodec"], "{name}");
        assert_eq!(u64::from(video.width), info["width"], "{name}");
        assert_eq!(u64::from(video.height), info["height"], "{name}");
        assert_eq!(video.pixel_format, pixel_format(info["pix_format"].as_i64().expect("a number")), "{name}");
        assert_eq!(video.has_picture, record["codec_status"] == 0, "{name}");
        let streams = record["streams"].as_array().expect("streams");
        assert_eq!(probe.streams, streams.len(), "{name}");
        let sound = streams.iter().find(|s| s["codec_type"] == "audio");
        assert_eq!(probe.audio.is_some(), sound.is_some(), "{name}");
        if let (Some(have), Some(want)) = (probe.audio, sound) {
            assert_eq!(have.codec, want["codec_name"], "{name}");
            assert_eq!(have.sample_rate.to_string(), want["sample_rate"], "{name}");
            assert_eq!(u64::from(have.channels), want["channels"], "{name}");
        }
    }
    assert_eq!(count, 34, "files of the recorded set");
}

#[test]
fn a_probe_tells_rate_and_length() {
    let probe = probe(&clip()).expect("a clip");
    let video = probe.video.expect("video");
    assert_eq!((video.width, video.height), (1280, 720));
    assert!((video.rate.expect("a rate").as_f64() - 25.0).abs() < 0.01, "{:?}", video.rate);
    assert!((probe.duration.expect("a length") - 5.3).abs() < 0.1, "{:?}", probe.duration);
    assert_eq!(probe.audio.expect("sound").channels, 6);
}
