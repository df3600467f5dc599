//! Sweeps from outside: one command, many processes, kills in the middle.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{signal, sweep_files, weir};

/// Two targets with so many seeds each, over the tiny network.
pub(crate) fn grid(seeds: u32) -> String {
    format!(
        "name = \"grid\"\nscenario = \"tiny.toml\"\n[seeds]\nfirst = 1\ncount = {seeds}\n[design]\nkind = \"grid\"\n\
         [[axes]]\nkey = \"token.target_bonding_rate\"\nvalues = [0.45, 0.5]\nlabel = \"target\"\n"
    )
}

/// A list of arms with one seed.
fn list(arms: &str) -> String {
    format!(
        "name = \"list\"\nscenario = \"tiny.toml\"\n[seeds]\nfirst = 1\ncount = 1\n[design]\nkind = \"list\"\n{arms}"
    )
}

/// An arm that goes on far longer than any test.
const LONG: &str = "[[arms]]\nname = \"long\"\nset = { \"rounds.count\" = 200 }\n";

/// Plans a sweep into `out` of a new folder.
pub(crate) fn planned(sweep: &str) -> (TempDir, PathBuf) {
    let folder = sweep_files(sweep);
    let out = folder.path().join("out");
    weir().args(["sim", "sweep", "plan"]).arg(folder.path().join("sweep.toml")).arg("--out").arg(&out).assert().code(0);
    (folder, out)
}

pub(crate) fn status(out: &Path) -> Value {
    let answer = weir().args(["sim", "sweep", "status", "--json"]).arg(out).assert().code(0);
    let object: Value = serde_json::from_slice(&answer.get_output().stdout).expect("JSON");
    object["status"].clone()
}

/// The merged tables, by name.
pub(crate) fn merged(out: &Path) -> Vec<(String, Vec<u8>)> {
    weir().args(["sim", "sweep", "merge"]).arg(out).assert().code(0).stderr(is_empty());
    let mut tables: Vec<(String, Vec<u8>)> = fs::read_dir(out.join("merged"))
        .expect("merged tables")
        .map(|entry| entry.expect("an entry"))
        .map(|e| (e.file_name().to_string_lossy().into_owned(), fs::read(e.path()).expect("a table")))
        .collect();
    tables.sort();
    assert_eq!(tables.iter().map(|t| t.0.as_str()).collect::<Vec<_>>(), ["cells.parquet", "rounds.parquet"]);
    tables
}

/// What one process makes of a sweep: every engine has to come to the same.
pub(crate) fn reference(sweep: &str) -> Vec<(String, Vec<u8>)> {
    let (_folder, out) = planned(sweep);
    weir().args(["sim", "sweep", "run"]).arg(&out).assert().code(0);
    merged(&out)
}

/// Starts a run of a sweep that is let alone.
pub(crate) fn start(out: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["sim", "sweep", "run"])
        .arg(out)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(120);
    while !so() {
        assert!(Instant::now() < limit, "not within two minutes: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn finished(out: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(out.join("cells")) else { return BTreeSet::new() };
    entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

/// Cells of an arm, by address.
pub(crate) fn cells_of(out: &Path, arm: &str) -> Vec<String> {
    let text = fs::read_to_string(out.join("cells.jsonl")).expect("a plan");
    let cells = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let cells = cells.filter(|cell| cell["arm"] == arm);
    cells.map(|cell| cell["cell"].as_str().expect("an address").to_owned()).collect()
}

/// The process that holds the lock of a cell.
pub(crate) fn runner_of(out: &Path, cell: &str) -> u32 {
    let path = out.join("locks").join(format!("{cell}.json"));
    let mut pid = None;
    until("a process runs the cell", || {
        let lock = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        pid = lock.and_then(|lock| lock["pid"].as_u64());
        pid.is_some()
    });
    u32::try_from(pid.expect("a process")).expect("a number of a process")
}

#[test]
fn one_command_plans_runs_and_merges() {
    let folder = sweep_files(&grid(2));
    let mut json = weir();
    json.current_dir(folder.path()).args(["sim", "sweep", "run", "sweep.toml", "--json"]);
    let answer = json.assert().code(0).stderr(is_empty());
    let object: Value = serde_json::from_slice(&answer.get_output().stdout).expect("one JSON object");
    assert_eq!(object["dir"], "sweeps/grid");
    assert_eq!((&object["report"]["selected"], &object["report"]["ran"]), (&4.into(), &4.into()));
    assert_eq!((&object["merged"]["planned"], &object["merged"]["merged"]), (&4.into(), &4.into()));
    let out = folder.path().join("sweeps/grid");
    for file in ["sweep.json", "cells.jsonl", "merged/cells.parquet", "merged/rounds.parquet"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    for cell in finished(&out) {
        let names: BTreeSet<String> = fs::read_dir(out.join("cells").join(cell))
            .expect("a cell")
            .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["run.json", "summary.json", "tables"]);
    }
    weir().current_dir(folder.path()).args(["sim", "sweep", "run", "sweep.toml"]).assert().code(0).stdout(
        contains("4: 4 finished before, 0 run now; 0 failed, 0 broken").and(contains("merged      4 of 4 cells")),
    );
}

#[test]
fn worker_processes_come_to_the_same_as_one() {
    let (_folder, out) = planned(&grid(3));
    weir().args(["sim", "sweep", "run", "--jobs", "3"]).arg(&out).assert().code(0).stderr(is_empty());
    assert!(merged(&out) == reference(&grid(3)));
    assert_eq!(status(&out)["finished"], 6);
}

#[test]
fn shards_run_at_once_in_one_folder() {
    let (_folder, out) = planned(&grid(3));
    // The first two share nothing; the third wants all that they have.
    let all = [start(&out, &["--shard", "1/2"]), start(&out, &["--shard", "2/2"]), start(&out, &[])];
    for child in all {
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(merged(&out) == reference(&grid(3)));
    assert_eq!(fs::read_dir(out.join("locks")).expect("locks").filter(lock).count(), 0);
}

fn lock(entry: &std::io::Result<fs::DirEntry>) -> bool {
    entry.as_ref().is_ok_and(|e| e.file_name().to_string_lossy().ends_with(".json"))
}

#[test]
fn a_killed_sweep_goes_on_where_it_was() {
    for arguments in [&[][..], &["--jobs", "2"]] {
        let (_folder, out) = planned(&grid(6));
        let mut child = start(&out, arguments);
        until("some cells are finished and one is under way", || {
            let running = fs::read_dir(out.join("tmp")).is_ok_and(|mut tmp| tmp.next().is_some());
            finished(&out).len() >= 2 && running
        });
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        // Workers whose parent is gone finish the cell that they have, and no other.
        until("no worker is left", || status(&out)["running"] == 0);
        let before = finished(&out);
        assert!(before.len() < 12, "the kill came too late to prove anything");
        let stamps = |cells: &BTreeSet<String>| -> Vec<_> {
            let stamp =
                |cell| fs::metadata(out.join("cells").join(cell).join("summary.json")).expect("a result").modified();
            cells.iter().map(|cell| stamp(cell).expect("a time")).collect()
        };
        let then = stamps(&before);
        let said = format!("12: {} finished before, {} run now; 0 failed, 0 broken", before.len(), 12 - before.len());
        weir().args(["sim", "sweep", "run"]).arg(&out).assert().code(0).stdout(contains(said));
        assert_eq!(stamps(&before), then, "nothing finished is run again");
        assert!(merged(&out) == reference(&grid(6)));
        assert_eq!(fs::read_dir(out.join("tmp")).expect("scratch").count(), 0, "nothing half-finished is left");
    }
}

#[test]
fn a_worker_that_is_killed_loses_its_cell_alone() {
    let (_folder, out) = planned(&list(&format!(
        "{LONG}[[arms]]\nname = \"a\"\n[[arms]]\nname = \"b\"\nset = {{ \"delegators.count\" = 2 }}\n"
    )));
    let child = start(&out, &["--jobs", "2"]);
    let long = &cells_of(&out, "long")[0];
    let pid = runner_of(&out, long);
    assert_ne!(pid, child.id(), "a process of its own runs it");
    until("the others are through", || finished(&out).len() == 2);
    assert_eq!(status(&out)["running"], 1);
    signal(pid, "-KILL");
    let output = child.wait_with_output().expect("it ends");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{talk}");
    assert!(talk.contains(&format!("{long} (arm `long`, seed 1) failed: worker died with signal 9")), "{talk}");
    assert!(talk.contains("1 of 3 cells") && talk.contains("\nhelp: "), "{talk}");
    let status = status(&out);
    assert_eq!((&status["finished"], &status["failed"], &status["running"]), (&2.into(), &1.into(), &0.into()));
    let record = fs::read_to_string(out.join("failed").join(format!("{long}.json"))).expect("a reason");
    assert!(record.contains("worker died with signal 9"), "{record}");
    weir().args(["sim", "sweep", "merge"]).arg(&out).assert().code(0).stdout(contains("2 of 3 cells, the others"));
}

#[test]
fn an_interrupted_sweep_leaves_nothing_half_done() {
    for arguments in [&[][..], &["--jobs", "2"]] {
        let (_folder, out) = planned(&list(&format!("[[arms]]\nname = \"a\"\n{LONG}")));
        let child = start(&out, arguments);
        runner_of(&out, &cells_of(&out, "long")[0]);
        until("the other is through", || finished(&out).len() == 1);
        signal(child.id(), "-TERM");
        let output = child.wait_with_output().expect("it ends");
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{talk}");
        assert!(talk.contains("interrupted: finished cells stay"), "{talk}");
        let status = status(&out);
        assert_eq!((&status["finished"], &status["running"], &status["failed"]), (&1.into(), &0.into(), &0.into()));
        assert_eq!(fs::read_dir(out.join("tmp")).expect("scratch").count(), 0);
    }
}

#[test]
fn a_broken_invariant_is_kept_and_told() {
    let idle = "[[arms]]\nname = \"idle\"\nset = { \"gateways.streams\" = { kind = \"fixed\", value = 0 } }\n";
    let (_folder, out) = planned(&list(&format!("[[arms]]\nname = \"a\"\n{idle}")));
    for ran in [2, 0] {
        weir()
            .args(["sim", "sweep", "run"])
            .arg(&out)
            .assert()
            .code(1)
            .stdout(contains(format!("{ran} run now; 0 failed, 1 broken")))
            .stderr(contains("(arm `idle`, seed 1) broken: served_within_credit: nothing was served"));
    }
    let status = status(&out);
    assert_eq!((&status["finished"], &status["broken"], &status["remaining"]), (&2.into(), &1.into(), &0.into()));
    weir().args(["sim", "sweep", "merge"]).arg(&out).assert().code(0).stdout(contains("merged      2 of 2 cells"));
}

#[test]
fn a_full_disk_is_named_and_finished_cells_stay() {
    let (_folder, out) = planned(&grid(2));
    weir().args(["sim", "sweep", "run", "--cells", "0..1"]).arg(&out).assert().code(0);
    let before = finished(&out);
    for jobs in [&[][..], &["--jobs", "2"]] {
        // A limit on the size of files fails as a full disk does, in the middle of a write.
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_weir")])
            .args(["sim", "sweep", "run"])
            .arg(&out)
            .args(jobs)
            .output()
            .expect("a shell is there");
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{talk}");
        assert!(talk.contains("error: cell ") && talk.contains("cannot write "), "{talk}");
        assert!(talk.contains("\nhelp: finished cells are kept: make room"), "{talk}");
        assert_eq!(finished(&out), before);
    }
    weir().args(["sim", "sweep", "run"]).arg(&out).assert().code(0).stdout(contains("1 finished before, 3 run now"));
    assert!(merged(&out) == reference(&grid(2)));
}

#[test]
fn wrong_usage_ends_with_two_and_says_what_to_do() {
    let (folder, out) = planned(&grid(1));
    let dir = out.to_str().expect("a path");
    let sweep = folder.path().join("sweep.toml");
    let sweep = sweep.to_str().expect("a path");
    for (arguments, says) in [
        (&["plan", "nowhere.toml"][..], "cannot read the sweep"),
        (&["run", "nowhere"], "cannot read the sweep"),
        (&["run", dir, "--shard", "3/2"], "no 3 of 2"),
        (&["run", dir, "--cells", "5"], "write cells as a..b"),
        (&["run", dir, "--cells", "1..9"], "cells 0..2, not 1..9"),
        (&["run", dir, "--cell", "abc"], "no cell `abc`"),
        (&["run", dir, "--cell", "abc", "--shard", "1/2"], "cannot be used with"),
        (&["run", dir, "--out", "elsewhere"], "--out goes with a sweep file"),
        (&["status", "/tmp"], "is no sweep folder"),
        (&["merge", "/tmp"], "is no sweep folder"),
        (&["export", "/tmp", "--engine", "slurm"], "is no sweep folder"),
        (&["export", dir, "--engine", "slurm", "--shards", "0"], "--shards"),
        (&["publish", "/tmp", "--nats", "x"], "is no sweep folder"),
    ] {
        weir().args(["sim", "sweep"]).args(arguments).assert().code(2).stdout(is_empty()).stderr(contains(says));
    }
    fs::write(sweep, grid(2)).expect("writable");
    weir()
        .args(["sim", "sweep", "plan", sweep, "--out", dir])
        .assert()
        .code(2)
        .stderr(contains("holds another plan").and(contains("help: name another folder")));
    weir()
        .args(["sim", "sweep", "merge", dir])
        .assert()
        .code(1)
        .stderr(contains("is finished").and(contains("help: ")));
    weir()
        .args(["sim", "sweep", "publish", dir, "--nats", "nats://127.0.0.1:1"])
        .assert()
        .code(1)
        .stderr(contains("127.0.0.1:1: connecting").and(contains("help: start the server with JetStream")));
}
