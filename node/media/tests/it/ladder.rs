//! Renditions of the clip, as ffprobe sees them.

use crate::support::{clip, ffprobe, files, ladder, recorded, rung, stream, video};
use std::fs;
use std::path::Path;
use weir_media::ladder::{Container, Gop};
use weir_media::{Ladder, LibavTranscoder, Transcoded, Transcoder};

fn transcode(source: &Path, ladder: &Ladder, out: &Path) -> Transcoded {
    LibavTranscoder::default().transcode(source, ladder, out).unwrap_or_else(|e| panic!("{}: {e}", source.display()))
}

const SIZES: [(&str, u32, u32); 4] = [("240p", 426, 240), ("360p", 640, 360), ("480p", 854, 480), ("720p", 1280, 720)];

#[test]
fn a_ladder_has_the_sizes_frames_and_lengths_that_it_reports() {
    for (container, sizes) in [(Container::MpegTs, &SIZES[..]), (Container::Mp4, &SIZES[..2])] {
        let out = tempfile::tempdir().expect("a folder");
        let rungs = sizes.iter().map(|&(name, w, h)| weir_media::Rung { container, ..rung(name, w, h) }).collect();
        let done = transcode(&clip(), &ladder(rungs), out.path());
        assert_eq!((done.decoded_frames, done.decoded_pixels), (132, 132 * 1280 * 720));
        let names: Vec<String> = sizes.iter().map(|s| format!("{}.{}", s.0, container.extension())).collect();
        assert_eq!(files(out.path()), names);
        assert_eq!(done.renditions.len(), sizes.len());
        for (r, &(name, width, height)) in done.renditions.iter().zip(sizes) {
            assert_eq!((r.name.as_str(), r.width, r.height, r.frames), (name, width, height, 132));
            assert_eq!(r.pixels, u64::from(width) * u64::from(height) * 132);
            assert!((r.duration - 5.28).abs() < 1e-9, "{}", r.duration);
            assert_eq!(r.bytes, fs::metadata(&r.path).expect("the file").len());
            let (frames, w, h, duration) = video(&r.path);
            assert_eq!((frames, w, h), (132, u64::from(width), u64::from(height)), "{}", r.path.display());
            assert!((duration - 5.28).abs() <= 0.04, "{}: {duration}", r.path.display());
            let probe = ffprobe(&r.path, &["-show_streams"]);
            assert_eq!(stream(&probe, "audio").expect("sound")["channels"], 6, "sound is copied");
        }
    }
}

#[test]
fn the_same_source_makes_the_same_bytes() {
    let bytes = |container| {
        let out = tempfile::tempdir().expect("a folder");
        let mut thirty = rung("thirty", 256, 144);
        (thirty.container, thirty.profile.fps) = (container, 30);
        let rungs = vec![weir_media::Rung { container, ..rung("plain", 426, 240) }, thirty];
        let done = transcode(&recorded("bbb_0.ts"), &ladder(rungs), out.path());
        done.renditions.iter().map(|r| fs::read(&r.path).expect("a file")).collect::<Vec<_>>()
    };
    for container in [Container::MpegTs, Container::Mp4] {
        let first = bytes(container);
        for _ in 0..2 {
            assert!(bytes(container) == first, "{container:?}");
        }
    }
}

#[test]
fn bit_rate_and_quality_bound_the_size() {
    let out = tempfile::tempdir().expect("a folder");
    let with = |name: &str, bitrate, quality| {
        let mut r = rung(name, 640, 360);
        (r.profile.bitrate, r.quality) = (bitrate, quality);
        r
    };
    let rungs = vec![
        with("low", 150_000, 0),
        with("high", 900_000, 0),
        with("fine", 0, 20),
        with("coarse", 0, 40),
        with("coarsest", 0, 63),
        with("capped", 150_000, 20),
        with("free", 0, 0),
        with("one_bit", 1, 0),
        with("most", u64::MAX, 0),
    ];
    let done = transcode(&recorded("bbb_0.ts"), &ladder(rungs), out.path());
    let bits: Vec<f64> = done
        .renditions
        .iter()
        .map(|r| {
            let probe = ffprobe(&r.path, &["-select_streams", "v", "-show_entries", "packet=size"]);
            let sizes = probe["packets"].as_array().expect("packets");
            let bytes: u64 = sizes.iter().filter_map(|p| p["size"].as_str()?.parse::<u64>().ok()).sum();
            bytes as f64 * 8.0 / r.duration
        })
        .collect();
    let [low, high, fine, coarse, coarsest, capped, free, ..] = bits[..] else { panic!("nine renditions") };
    // A short stream starts with an expensive key frame, so there is some room.
    assert!((75_000.0..210_000.0).contains(&low), "{low}");
    assert!(low < high && high < 1_100_000.0, "{low} {high}");
    assert!(coarsest < coarse && coarse < free && free < fine, "{coarsest} {coarse} {free} {fine}");
    assert!(capped < fine && capped < 260_000.0, "{capped} {fine}");
}

#[test]
fn sound_that_a_container_does_not_carry_becomes_aac() {
    let out = tempfile::tempdir().expect("a folder");
    let made = out.path().join("vorbis.mkv");
    let status = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(recorded("plain30.ts"))
        .args(["-c:v", "copy", "-c:a", "vorbis", "-strict", "-2", "-ac", "2"])
        .arg(&made)
        .status()
        .expect("ffmpeg");
    assert!(status.success());
    let rungs = [Container::MpegTs, Container::Mp4]
        .map(|container| weir_media::Rung { container, ..rung(container.extension(), 256, 144) });
    let done = transcode(&made, &ladder(rungs.to_vec()), out.path());
    for r in &done.renditions {
        let probe = ffprobe(&r.path, &["-show_streams"]);
        let sound = stream(&probe, "audio").expect("sound");
        assert_eq!((sound["codec_name"].as_str(), sound["sample_rate"].as_str()), (Some("aac"), Some("48000")));
        let seconds: f64 = sound["duration"].as_str().and_then(|t| t.parse().ok()).expect("a length");
        assert!((seconds - 2.0).abs() < 0.1, "{}: {seconds} s", r.name);
        let start = |s: &serde_json::Value| s["start_time"].as_str().and_then(|t| t.parse::<f64>().ok());
        let video = stream(&probe, "video").and_then(start).expect("a time");
        assert!((start(sound).expect("a time") - video).abs() < 0.1, "{}: sound starts with the video", r.name);
    }
}

#[test]
fn a_group_of_pictures_does_not_leak_key_frames() {
    let out = tempfile::tempdir().expect("a folder");
    let mut r = rung("gop", 426, 240);
    r.gop = Gop::Every(1500);
    let done = transcode(&clip(), &ladder(vec![r]), out.path());
    let probe = ffprobe(&done.renditions[0].path, &["-select_streams", "v", "-show_entries", "packet=pts,flags"]);
    let packets = probe["packets"].as_array().expect("packets");
    let keys: Vec<i64> = packets
        .iter()
        .filter(|p| p["flags"].as_str().is_some_and(|f| f.starts_with('K')))
        .filter_map(|p| p["pts"].as_i64())
        .collect();
    let apart: Vec<i64> = keys.windows(2).map(|w| (w[1] - w[0]) / 3600).collect();
    assert_eq!(apart, [38, 38, 38], "1.5 s are 37.5 frames");
}
