//! Files, ladders and ffprobe.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use weir_media::ladder::{Container, Encoder, Gop, H264Profile};
use weir_media::{Ladder, Rung};
use weir_types::Profile;

/// 132 frames of 1280×720 at 25 a second with one key frame, and sound with six channels.
pub(crate) fn clip() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/media/bigbuckbunny.mp4")
}

/// A file of the recorded set.
pub(crate) fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sources").join(name)
}

/// A rendition of a box with everything else at its default.
pub(crate) fn rung(name: &str, width: u32, height: u32) -> Rung {
    let profile = Profile { name: name.to_owned(), width, height, bitrate: 300_000, fps: 0, fps_den: 0 };
    Rung {
        profile,
        container: Container::MpegTs,
        encoder: Encoder::H264,
        h264: H264Profile::Auto,
        gop: Gop::Auto,
        quality: 0,
    }
}

pub(crate) fn ladder(rungs: Vec<Rung>) -> Ladder {
    Ladder::new(rungs).expect("a ladder")
}

/// What ffprobe says of a file.
pub(crate) fn ffprobe(path: &Path, what: &[&str]) -> Value {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json"])
        .args(what)
        .arg(path)
        .output()
        .expect("ffprobe of the package ffmpeg");
    assert!(out.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("JSON")
}

/// The stream of a kind in ffprobe's answer.
pub(crate) fn stream<'a>(probe: &'a Value, kind: &str) -> Option<&'a Value> {
    probe["streams"].as_array()?.iter().find(|s| s["codec_type"] == kind)
}

/// Frames of video that ffprobe decodes, its size, and its length in seconds.
pub(crate) fn video(path: &Path) -> (u64, u64, u64, f64) {
    let probe = ffprobe(path, &["-show_streams", "-count_frames", "-select_streams", "v"]);
    let s = stream(&probe, "video").expect("a video stream");
    let number = |key: &str| s[key].as_str().and_then(|t| t.parse().ok());
    let duration = number("duration").unwrap_or(0.0);
    let frames = s["nb_read_frames"].as_str().and_then(|t| t.parse().ok()).unwrap_or(0);
    (frames, s["width"].as_u64().unwrap_or(0), s["height"].as_u64().unwrap_or(0), duration)
}

/// Names of all that is in a folder.
pub(crate) fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .expect("a folder")
        .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
