//! A run, its report, its replay.

use std::fs;
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use serde_json::Value;

use crate::support::{save, small, weir};

fn summary(out: &Path) -> Value {
    let text = fs::read_to_string(out.join("summary.json")).expect("a run leaves its figures");
    serde_json::from_str(&text).expect("valid JSON")
}

#[test]
fn a_run_leaves_a_folder_that_replays_and_makes_a_report() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = save(folder.path(), &small());
    let run = weir()
        .current_dir(folder.path())
        .args(["sim", "run", "--seed", "7"])
        .arg(&path)
        .assert()
        .code(0)
        .stderr(is_empty());
    let out = folder.path().join("runs/small-7");
    let summary = summary(&out);
    assert_eq!(summary["seed"], 7);
    let hash = summary["trace_hash"].as_str().expect("a hash");
    run.stdout(
        contains("run         runs/small-7")
            .and(contains(format!("trace hash  {hash}")))
            .and(contains("invariants  all "))
            .and(contains("report      runs/small-7/report.html")),
    );

    weir().args(["sim", "replay"]).arg(&out).assert().code(0).stdout(contains(hash)).stderr(is_empty());

    fs::remove_file(out.join("report.html")).expect("a run makes its report");
    weir().arg("report").arg(&out).assert().code(0).stdout(contains("report.html"));
    assert!(out.join("report.html").is_file());

    documented_columns_exist(&out.join("tables"));
    lose_an_event(&out.join("trace.jsonl"));
    weir()
        .args(["sim", "replay"])
        .arg(&out)
        .assert()
        .code(3)
        .stdout(is_empty())
        .stderr(contains("error: the replay differs: ").and(contains("\nhelp: ")));
}

/// Holds the tables of `docs/results.md` against those of a run: the same columns, none more and none less.
fn documented_columns_exist(tables: &Path) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/results.md");
    let text = fs::read_to_string(page).expect("the page is part of the project");
    let part = text.split("## Tables of a run").nth(1).and_then(|t| t.split("\n## ").next()).expect("its tables");
    let mut seen = 0;
    for section in part.split("\n### ").skip(1) {
        let (name, body) = section.split_once('\n').expect("a heading and rows");
        let told: Vec<&str> =
            body.lines().filter_map(|l| l.strip_prefix("| `")?.split_once('`').map(|(column, _)| column)).collect();
        let file = fs::File::open(tables.join(format!("{name}.parquet"))).expect(name);
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect(name);
        let there: Vec<&str> = reader.schema().fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(told, there, "{name} in docs/results.md");
        seen += 1;
    }
    assert_eq!(seen, fs::read_dir(tables).expect("the folder").count(), "every table is told");
}

/// Takes one line out of the middle of a file.
fn lose_an_event(path: &Path) {
    let text = fs::read_to_string(path).expect("a run leaves its trace");
    let lines: Vec<&str> = text.lines().collect();
    let (before, after) = lines.split_at(lines.len() / 2);
    fs::write(path, format!("{}\n{}\n", before.join("\n"), after[1..].join("\n"))).expect("writable");
}

#[test]
fn the_seed_alone_decides() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = save(folder.path(), &small());
    let hash = |seed: &str, name: &str| {
        let out = folder.path().join(name);
        let run = weir()
            .args(["sim", "run", "--json", "--no-report", "--seed", seed, "--out"])
            .arg(&out)
            .arg(&path)
            .assert()
            .code(0);
        let object: Value = serde_json::from_slice(&run.get_output().stdout).expect("one JSON object and nothing else");
        assert_eq!(object["state"], "done");
        assert_eq!(object["report"], Value::Null);
        assert!(!out.join("report.html").exists());
        object["summary"]["trace_hash"].as_str().expect("a hash").to_owned()
    };
    let first = hash("1", "a");
    assert_eq!(hash("1", "b"), first);
    assert_ne!(hash("2", "c"), first);
}
