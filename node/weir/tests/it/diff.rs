//! Where two runs part, and the world on the way there.

use std::fs;
use std::path::{Path, PathBuf};

use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty, starts_with};
use serde_json::Value;

use crate::support::{save, small, weir};

/// Makes a run of a small network below a folder.
fn make(folder: &Path, name: &str, text: &str) -> PathBuf {
    let out = folder.join(name);
    let scenario = save(folder, text);
    weir().args(["sim", "run", "--no-report", "--seed", "7", "--out"]).arg(&out).arg(scenario).assert().code(0);
    out
}

/// The JSON object that a command prints.
fn object(arguments: &[&str], paths: &[&Path], code: i32) -> Value {
    let made = weir().args(arguments).args(paths).arg("--json").assert().code(code);
    serde_json::from_slice(&made.get_output().stdout).expect("one JSON object and nothing else")
}

fn events(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("trace.jsonl")).expect("a run leaves its trace");
    text.lines().skip(1).map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

#[test]
fn equal_runs_do_not_part() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (a, b) = (make(folder.path(), "a", &small()), make(folder.path(), "b", &small()));
    let n = events(&a).len() - 1;
    let same = contains(format!("in common   {n} events"))
        .and(contains("settings    the same"))
        .and(contains("figures     the same"));
    weir().args(["sim", "diff"]).args([&a, &b]).assert().code(0).stdout(same).stderr(is_empty());
    let got = object(&["sim", "diff"], &[&a, &b], 0);
    assert_eq!((&got["equal"], &got["fork"], &got["common_events"]), (&true.into(), &Value::Null, &n.into()));

    // A run that was killed has part of its record, and no summary.
    let text = fs::read_to_string(b.join("trace.jsonl")).expect("readable");
    fs::write(b.join("trace.jsonl"), &text[..text.len() / 2]).expect("writable");
    let run = fs::read_to_string(b.join("run.json")).expect("readable");
    fs::write(b.join("run.json"), run.replace("\"state\": \"done\"", "\"state\": \"running\"")).expect("writable");
    fs::remove_file(b.join("summary.json")).expect("a run leaves its figures");
    let ends = contains("a goes on   event ").and(contains("b goes on   no more: it ends here"));
    weir().args(["sim", "diff"]).args([&a, &b]).assert().code(3).stdout(ends);
}

#[test]
fn runs_part_at_the_first_event_that_differs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let a = make(folder.path(), "a", &small());
    let b = make(folder.path(), "b", &small().replacen("count = 20", "count = 21", 1));
    let (of_a, of_b) = (events(&a), events(&b));
    let n = of_a.iter().zip(&of_b).position(|(x, y)| x != y).expect("they part");
    let got = object(&["sim", "diff"], &[&a, &b], 3);
    assert_eq!((&got["equal"], &got["common_events"], &got["fork"]["event"]), (&false.into(), &n.into(), &n.into()));
    for (side, all) in [("a", &of_a), ("b", &of_b)] {
        let told = got["fork"][side].as_array().expect("events");
        assert_eq!(told.len(), 5);
        for (told, event) in told.iter().zip(&all[n..]) {
            for key in ["seq", "at_us", "actor", "kind", "digest"] {
                assert_eq!(told[key], event[key], "{key}");
            }
        }
    }
    assert_eq!(got["fork"]["last"]["seq"], n - 1);
    assert_eq!(got["settings"], serde_json::json!([{"key": "delegators.count", "a": 20, "b": 21}]));
    weir()
        .args(["sim", "diff"])
        .args([&a, &b])
        .assert()
        .code(3)
        .stdout(
            contains("settings    1 differ\n  delegators.count: 20 in a, 21 in b\n")
                .and(contains("delegator-21").or(contains("orchestrator-"))),
        )
        .stderr(starts_with(format!("error: the runs part at event {n}\nhelp: ")).and(contains("--until event:")));
}

#[test]
fn a_replay_stops_where_it_is_told_to() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = make(folder.path(), "a", &small());
    let all = events(&run);
    let got = object(&["sim", "replay", "--until", "event:500"], &[&run], 0);
    assert_eq!((&got["events"], &got["next"]["seq"]), (&500.into(), &500.into()));
    for key in ["at_us", "actor", "kind"] {
        assert_eq!(got["next"][key], all[500][key]);
    }
    let last = got["last"].as_array().expect("events");
    let numbers: Vec<u64> = last.iter().filter_map(|e| e["seq"].as_u64()).collect();
    assert_eq!(numbers, (480..500).collect::<Vec<_>>());
    assert_eq!(last[19]["digest"], all[499]["digest"]);
    assert_eq!(got["nodes"].as_array().map(Vec::len), Some(6 + 3 + 20));

    // A time in seconds since the first round began; the trace counts from the first block.
    let begin = got["at_us"].as_u64().expect("a time") as f64 / 1e6 - got["seconds"].as_f64().expect("a time");
    let got = object(&["sim", "replay", "--until", "100.5s"], &[&run], 0);
    let limit = ((begin + 100.5) * 1e6).round() as u64;
    let passed = all.iter().take_while(|e| e["at_us"].as_u64().is_some_and(|at| at <= limit)).count();
    assert_eq!(got["events"], passed);

    let text = contains("confirmed   500 events\n")
        .and(contains("next        event 500 "))
        .and(contains("\n  orchestrator-01      up, "))
        .and(contains("\n  and 20 of role delegator"));
    weir().args(["sim", "replay", "--until", "event:500"]).arg(&run).assert().code(0).stdout(text).stderr(is_empty());

    // The record is checked that far, and no further.
    let path = run.join("trace.jsonl");
    let record = fs::read_to_string(&path).expect("readable");
    let line = record.lines().nth(401).expect("event 400");
    fs::write(&path, record.replace(line, &line.replace("\"actor\":", "\"actor\":9"))).expect("writable");
    weir().args(["sim", "replay", "--until", "event:400"]).arg(&run).assert().code(0);
    let differs = contains("error: the replay differs: ").and(contains("event 400"));
    weir()
        .args(["sim", "replay", "--until", "event:401"])
        .arg(&run)
        .assert()
        .code(3)
        .stdout(is_empty())
        .stderr(differs);
}

#[test]
fn what_cannot_be_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = make(folder.path(), "a", &small());
    let n = events(&run).len() - 1;
    for wrong in ["12", "event:x", "-1s"] {
        let stderr = contains(format!("`{wrong}` is neither a time like `1200s` nor an event like `event:5000`"));
        let until = format!("--until={wrong}");
        weir().args(["sim", "replay", &until]).arg(&run).assert().code(2).stdout(is_empty()).stderr(stderr);
    }
    let late = contains(format!("ends after {n} events and 900 s\nhelp: name an earlier time or event with --until"));
    for until in ["event:999999", "1e9s"] {
        weir()
            .args(["sim", "replay", "--until", until])
            .arg(&run)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(late.clone());
    }
    let missing = folder.path().join("nowhere");
    for pair in [[&run, &missing], [&missing, &run]] {
        let stderr = starts_with("error: cannot read ").and(contains("nowhere")).and(contains("\nhelp: "));
        weir().args(["sim", "diff"]).args(pair).assert().code(1).stdout(is_empty()).stderr(stderr);
    }
    fs::write(run.join("trace.jsonl"), "rubbish\n").expect("writable");
    let stderr = contains("trace.jsonl: line 1 of the record cannot be read");
    weir().args(["sim", "diff"]).args([&run, &run]).assert().code(1).stdout(is_empty()).stderr(stderr);
}
