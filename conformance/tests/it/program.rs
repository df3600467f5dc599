//! The program from outside.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs it on a folder.
fn compare(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir-conformance"))
        .arg("--histories")
        .arg(folder)
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn small() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/histories/09-small.jsonl.zst");
    let packed = fs::read(path).expect("a committed recording");
    String::from_utf8(zstd::decode_all(packed.as_slice()).expect("it is packed")).expect("text")
}

#[test]
fn figures_come_as_json_and_differences_end_it_with_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("good.jsonl"), small()).expect("writable");
    fs::write(folder.path().join("notes.txt"), "no recording").expect("writable");
    let output = compare(folder.path(), &["--json"]);
    assert_eq!(output.status.code(), Some(0));
    let figures: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let wanted =
        serde_json::json!({"files": [{"name": "good", "cases": 378, "passed": 378, "failed": 0, "left_out": 0}]});
    assert_eq!(figures, wanted);

    let changed = small().replacen("\"sender is unlocked\"", "\"sender is gone\"", 1);
    fs::write(folder.path().join("odd.jsonl"), changed).expect("writable");
    fs::write(folder.path().join("torn.jsonl"), &small()[..200_000]).expect("writable");
    fs::write(folder.path().join("void.jsonl"), "").expect("writable");
    let output = compare(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("text");
    for line in ["good", "odd", "torn", "void"] {
        assert!(text.lines().any(|l| l.starts_with(line)), "{text}");
    }
    assert!(text.contains("recorded is \"sender is gone\"") && text.contains("the file is empty"), "{text}");
}

#[test]
fn a_folder_without_recordings_is_told_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, says) in
        [(folder.path().to_owned(), "no recordings"), (folder.path().join("nowhere"), "No such file or directory")]
    {
        let output = compare(&path, &["--json"]);
        assert_eq!(output.status.code(), Some(2));
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(talk.starts_with("error: ") && talk.contains(says), "{talk}");
    }
    fs::write(folder.path().join("bad.jsonl.zst"), "not packed").expect("writable");
    assert_eq!(compare(folder.path(), &[]).status.code(), Some(2));
}
