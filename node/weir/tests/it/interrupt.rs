//! What is left of a run that ends early: by Ctrl-C, by a kill, by a full disk.

#![cfg(unix)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{save, scenario, weir};

/// A small network with far more rounds than pass before its end comes.
fn endless() -> String {
    scenario(&[
        ("count = 60\n", "count = 6\n"),
        ("active = 50", "active = 5"),
        ("count = 25\n", "count = 3\n"),
        ("count = 1500", "count = 20"),
        ("count = 4\n", "count = 500\n"),
    ])
}

/// Starts a run and waits until events of it are on disk.
fn under_way(scenario: &Path, out: &Path) -> Child {
    let child = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["sim", "run", "--no-report", "--out"])
        .args([out, scenario])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let running = || out.join("trace.jsonl").metadata().is_ok_and(|file| file.len() > 100_000);
    let limit = Instant::now() + Duration::from_secs(240);
    while !running() && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(running(), "the run did not start within four minutes");
    child
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
}

fn state(out: &Path) -> String {
    let text = std::fs::read_to_string(out.join("run.json")).expect("a run says how it ended");
    let run: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
    run["state"].as_str().expect("a state").to_owned()
}

#[test]
fn an_interrupted_run_keeps_what_it_has() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = save(folder.path(), &endless());
    let out = folder.path().join("out");
    let child = under_way(&path, &out);
    signal(&child, "-INT");
    let output = child.wait_with_output().expect("the program ends");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{talk}");
    assert!(talk.contains("stopping") && talk.contains("interrupted"), "{talk}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("trace hash"), "what was done is summed up");
    assert_eq!(state(&out), "cancelled");
    weir().args(["sim", "replay"]).arg(&out).assert().code(0);
    weir().arg("report").arg(&out).assert().code(0);
}

#[test]
fn a_killed_run_says_so_and_replays_as_far_as_it_went() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = save(folder.path(), &endless());
    let out = folder.path().join("out");
    let child = under_way(&path, &out);
    signal(&child, "-KILL");
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), None, "nothing runs after a kill");
    assert_eq!(state(&out), "running");
    weir().args(["sim", "replay"]).arg(&out).assert().code(0);
}

#[test]
fn a_full_disk_is_named_and_what_was_written_stays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = save(folder.path(), &endless());
    let out = folder.path().join("out");
    // A limit on the size of files fails as a full disk does, in the middle of a write.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_weir")])
        .args(["sim", "run", "--no-report", "--out"])
        .args([&out, &path])
        .output()
        .expect("a shell is there");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{talk}");
    assert!(talk.contains("error: cannot write") && talk.contains("trace.jsonl"), "{talk}");
    assert!(talk.contains("\nhelp: make room"), "{talk}");
    assert_eq!(state(&out), "running");
    weir().args(["sim", "replay"]).arg(&out).assert().code(0);
}
