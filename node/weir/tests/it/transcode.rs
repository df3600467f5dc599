//! `weir transcode`: what it prints, what it leaves, how it ends.

use std::fs;
use std::path::{Path, PathBuf};

use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty, starts_with};
use serde_json::Value;

use crate::support::weir;

/// 5.28 seconds of 1280×720.
fn clip() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/media/bigbuckbunny.mp4")
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn each_rendition_is_a_line_with_its_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("new").join("out");
    let done = weir()
        .arg("transcode")
        .arg(clip())
        .args(["--profiles", "P144p30fps16x9,P240p25fps16x9", "--out"])
        .arg(&out)
        .assert()
        .code(0)
        .stderr(is_empty());
    let text = String::from_utf8(done.get_output().stdout.clone()).expect("text");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let file = |name: &str| out.join(name).display().to_string();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0][..6], ["P144p30fps16x9", "256x144", "158", "frames", "5.267", "s"], "{text}");
    assert_eq!(lines[0].last(), Some(&file("P144p30fps16x9.ts").as_str()));
    assert_eq!(lines[1][..6], ["P240p25fps16x9", "426x240", "132", "frames", "5.280", "s"], "{text}");
    assert_eq!(lines[1][6], fs::metadata(file("P240p25fps16x9.ts")).expect("the file").len().to_string());
    assert_eq!(names(&out), ["P144p30fps16x9.ts", "P240p25fps16x9.ts"]);
}

#[test]
fn a_ladder_in_a_file_gives_one_object() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ladder = folder.path().join("ladder.json");
    fs::write(&ladder, r#"[{"name": "tiny", "width": 256, "height": 144, "bitrate": 100000, "gop": "1"}]"#)
        .expect("writable");
    let done = weir()
        .arg("transcode")
        .arg(clip())
        .args(["--json", "--profiles"])
        .arg(&ladder)
        .arg("--out")
        .arg(folder.path())
        .assert()
        .code(0)
        .stderr(is_empty());
    let object: Value = serde_json::from_slice(&done.get_output().stdout).expect("one JSON object");
    assert_eq!(object["decoded"]["frames"], 132);
    let tiny = &object["renditions"][0];
    assert_eq!(object["renditions"].as_array().map(Vec::len), Some(1));
    assert_eq!((&tiny["name"], &tiny["width"], &tiny["height"]), (&"tiny".into(), &256.into(), &144.into()));
    assert_eq!((&tiny["frames"], &tiny["pixels"]), (&132.into(), &(256 * 144 * 132).into()));
    let path = folder.path().join("tiny.ts");
    assert_eq!(tiny["path"], path.display().to_string());
    assert_eq!(tiny["bytes"], fs::metadata(path).expect("the file").len());
}

#[test]
fn wrong_ladders_and_sources_are_usage_and_leave_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let save = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("writable");
        path.display().to_string()
    };
    let missing = folder.path().join("missing").display().to_string();
    let empty = save("empty.ts", "");
    let text = save("text.ts", "no media");
    let field = save("field.json", "[{\"width\": 256, \"height\": 144, \"bitrat\": 1}]");
    let hevc = save("hevc.json", r#"[{"name": "h", "width": 256, "height": 144, "encoder": "HEVC"}]"#);
    let clip = clip().display().to_string();
    let cases = [
        (&clip, "P240p", "no built-in profile \"P240p\"; there are P720p60fps16x9"),
        (&clip, "", "the ladder has no rendition"),
        (&clip, "P240p30fps16x9,P240p30fps16x9", "two renditions are named"),
        (&clip, "missing.json", "cannot read missing.json: No such file"),
        (&clip, &field, "field.json: line 1, column "),
        (&clip, &hevc, "rendition h: no encoder for HEVC"),
        (&missing, "P144p30fps16x9", "cannot open "),
        (&empty, "P144p30fps16x9", "is no readable media file: it is empty"),
        (&text, "P144p30fps16x9", "is no readable media file: "),
    ];
    let out = folder.path().join("out");
    for (source, profiles, want) in cases {
        weir()
            .args(["transcode", source, "--profiles", profiles, "--out"])
            .arg(&out)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(starts_with("error: ").and(contains(want)).and(contains("\nhelp: ")));
        assert!(!out.exists(), "{source} with {profiles}");
    }
    for arguments in [&["transcode"][..], &["transcode", "a"], &["transcode", "a", "--profiles", "b"]] {
        weir().args(arguments).assert().code(2).stdout(is_empty());
    }
}

#[test]
fn an_output_that_cannot_be_written_is_a_failure() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, "mine").expect("writable");
    for out in [file.clone(), file.join("below")] {
        weir()
            .arg("transcode")
            .arg(clip())
            .args(["--profiles", "P144p30fps16x9", "--out"])
            .arg(&out)
            .assert()
            .code(1)
            .stdout(is_empty())
            .stderr(starts_with("error: cannot write ").and(contains("\nhelp: ")));
    }
    assert_eq!(names(folder.path()), ["file"]);
}
