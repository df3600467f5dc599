//! Segments and thumbnails.

use crate::support::{clip, ffprobe, files, recorded, stream, video};
use std::path::Path;
use weir_media::{MediaError, segment, thumbnail};

/// Length of a frame of the clip.
const FRAME: f64 = 1.0 / 25.0;

fn first_pts(path: &Path, kind: &str) -> f64 {
    let probe = ffprobe(path, &["-show_streams"]);
    let s = stream(&probe, kind).expect("a stream");
    s["start_time"].as_str().and_then(|t| t.parse().ok()).expect("a time")
}

fn packets(path: &Path, kind: &str) -> u64 {
    let probe = ffprobe(path, &["-show_streams", "-count_packets"]);
    let s = stream(&probe, kind).expect("a stream");
    s["nb_read_packets"].as_str().and_then(|t| t.parse().ok()).expect("a count")
}

#[test]
fn a_clip_with_one_key_frame_is_cut_at_every_two_seconds() {
    let out = tempfile::tempdir().expect("a folder");
    let cut = segment(&clip(), 2.0, out.path()).expect("segments");
    assert_eq!(cut.iter().map(|s| s.frames).collect::<Vec<_>>(), [50, 50, 32]);
    assert_eq!(files(out.path()), ["segment-00000.ts", "segment-00001.ts", "segment-00002.ts"]);
    let mut start = first_pts(&cut[0].path, "video");
    for s in &cut {
        let (frames, width, height, duration) = video(&s.path);
        assert_eq!((frames, width, height), (s.frames, 1280, 720));
        assert!((duration - s.duration).abs() < FRAME, "{duration} for {}", s.duration);
        assert!((s.duration - s.frames as f64 * FRAME).abs() < 1e-9);
        assert!((first_pts(&s.path, "video") - start).abs() < 1e-4, "the clock goes on");
        start += s.duration;
        let key = ffprobe(&s.path, &["-select_streams", "v", "-show_packets", "-read_intervals", "%+#1"]);
        assert!(key["packets"][0]["flags"].as_str().is_some_and(|f| f.starts_with('K')), "starts with a key frame");
        assert!((first_pts(&s.path, "audio") - first_pts(&s.path, "video")).abs() < 0.1, "sound is with its video");
    }
    let sound: u64 = cut.iter().map(|s| packets(&s.path, "audio")).sum();
    assert_eq!(sound, packets(&clip(), "audio"), "no packet of sound is lost or doubled");
}

#[test]
fn video_with_key_frames_at_the_cuts_is_copied() {
    let out = tempfile::tempdir().expect("a folder");
    let source = recorded("fps60.ts");
    let cut = segment(&source, 1.0, out.path()).expect("segments");
    assert_eq!(cut.iter().map(|s| (s.frames, s.duration)).collect::<Vec<_>>(), [(60, 1.0), (60, 1.0)]);
    let sizes = |path: &Path| -> Vec<String> {
        let probe = ffprobe(path, &["-select_streams", "v", "-show_packets", "-show_entries", "packet=size,pts"]);
        probe["packets"].as_array().expect("packets").iter().map(|p| format!("{} {}", p["pts"], p["size"])).collect()
    };
    let copied: Vec<String> = cut.iter().flat_map(|s| sizes(&s.path)).collect();
    assert_eq!(copied, sizes(&source), "the same packets at the same times");
}

#[test]
fn open_groups_of_pictures_are_encoded_again() {
    let out = tempfile::tempdir().expect("a folder");
    let cut = segment(&recorded("open_gop.ts"), 0.5, out.path()).expect("segments");
    assert_eq!(cut.iter().map(|s| s.frames).collect::<Vec<_>>(), [15, 15, 15, 15]);
    for s in &cut {
        assert_eq!(video(&s.path).0, s.frames, "each can be decoded alone");
    }
}

#[test]
fn all_sources_with_pictures_can_be_cut() {
    // Source, length, frames of the segments.
    let cases: [(&str, f64, &[u64]); 9] = [
        ("bbb_1.ts", 1.0, &[25, 25]),
        ("vfr.ts", 1.0, &[21, 21]),
        ("ntsc.ts", 1.0, &[30, 29]),
        ("hevc.ts", 5.0, &[60]),
        ("vp9.webm", 1.0, &[30, 30]),
        ("pts_wrap.ts", 1.0, &[30, 30]),
        ("size322x182.ts", 0.5, &[15, 15]),
        ("one_frame.ts", 2.0, &[1]),
        ("truncated.ts", 1.0, &[30, 14]),
    ];
    for (name, length, want) in cases {
        let out = tempfile::tempdir().expect("a folder");
        let cut = segment(&recorded(name), length, out.path()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(cut.iter().map(|s| s.frames).collect::<Vec<_>>(), want, "{name}");
        for s in &cut {
            assert_eq!(video(&s.path).0, s.frames, "{}", s.path.display());
        }
    }
}

#[test]
fn lengths_that_make_no_segments_are_refused() {
    let out = tempfile::tempdir().expect("a folder");
    for length in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9, 1e9] {
        let error = segment(&recorded("bbb_0.ts"), length, out.path()).expect_err("no such length");
        assert!(matches!(error, MediaError::BadLength { .. }), "{length}: {error}");
    }
    assert!(files(out.path()).is_empty());
}

#[test]
fn a_thumbnail_is_a_jpeg_of_the_width_asked_for() {
    let out = tempfile::tempdir().expect("a folder");
    // Source, moment, width, height that follows.
    let cases = [
        (clip(), 2.5, 240, 135),
        (clip(), 1e9, 64, 36),
        (clip(), f64::NAN, 320, 180),
        (recorded("portrait.ts"), 0.5, 90, 160),
        (recorded("sar4x3.ts"), 0.5, 160, 68),
        (recorded("tiny16.ts"), 0.5, 1, 1),
        (recorded("h264_422_10.ts"), 0.5, 101, 57),
    ];
    for (source, at, width, height) in cases {
        let jpeg = thumbnail(&source, at, width).unwrap_or_else(|e| panic!("{}: {e}", source.display()));
        assert!(jpeg.starts_with(&[0xff, 0xd8, 0xff]) && jpeg.ends_with(&[0xff, 0xd9]));
        let path = out.path().join("thumbnail.jpg");
        std::fs::write(&path, &jpeg).expect("a file");
        let (_, w, h, _) = video(&path);
        assert_eq!((w, h), (u64::from(width), height), "{} at {at}", source.display());
    }
}

#[test]
fn a_thumbnail_shows_the_moment_asked_for() {
    let at = |seconds: f64| thumbnail(&clip(), seconds, 96).expect("a JPEG");
    assert_eq!(at(1.0), at(1.019), "the nearest frame");
    assert_ne!(at(1.0), at(1.04), "not the one after it");
    assert_eq!(at(5.24), at(60.0), "the last one at the end and after it");
}

#[test]
fn thumbnails_of_no_width_or_picture_are_refused() {
    for width in [0, 8193, u32::MAX] {
        let error = thumbnail(&recorded("bbb_0.ts"), 0.0, width).expect_err("no such width");
        assert!(matches!(error, MediaError::BadSize { .. }), "{width}: {error}");
    }
    let error = thumbnail(&recorded("no_first_key.ts"), 20.0, 100).expect_err("no picture");
    assert!(matches!(error, MediaError::NoPicture { .. }), "{error}");
}
