//! What a sweep folder goes through.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use weir_lab::scenario::Scenario;
use weir_lab::tables::Table;
use weir_sweep::cell::Addresses;
use weir_sweep::queue::{self, QueueOptions};
use weir_sweep::{Plan, Selection, Source, SweepError, SweepFolder, WorkerCommand, merge, run};

use crate::support::{SWEEP, options, planned, source};

#[test]
fn a_plan_has_the_same_seeds_in_every_arm_and_every_cell_an_address() {
    let (_folder, source) = source(SWEEP);
    let plan = Plan::make(&source).expect("a plan");
    let rows: Vec<(&str, u64)> = plan.cells.iter().map(|c| (c.arm.as_str(), c.seed)).collect();
    assert_eq!(rows, [("target=0.45", 1), ("target=0.45", 2), ("target=0.5", 1), ("target=0.5", 2)]);
    assert_eq!(plan.unique().len(), 4);
    assert_eq!(plan, Plan::make(&source).expect("the same plan"));
}

/// The base has a target of 0.5: the arm that says so and the one that says nothing are the same runs.
#[test]
fn arms_that_come_to_the_same_share_their_cells() {
    let (head, _) = SWEEP.split_once("[design]").expect("a design");
    let arms =
        "[[arms]]\nname = \"as it is\"\n[[arms]]\nname = \"said\"\nset = { \"token.target_bonding_rate\" = 0.5 }\n";
    let (folder, source) = source(&format!("{head}[design]\nkind = \"list\"\n{arms}"));
    let plan = Plan::make(&source).expect("a plan");
    assert_eq!((plan.cells.len(), plan.unique().len()), (4, 2));
    let sweep = SweepFolder::plan(&folder.path().join("out"), plan).expect("writable");
    let report = run(&sweep, options(Selection::All)).expect("it runs");
    assert_eq!((report.selected, report.ran), (2, 2));
    assert_eq!(merge(&sweep).expect("merged").merged, 4, "both arms have their rows");
}

#[test]
fn an_address_follows_from_all_that_decides_the_result() {
    let (folder, source) = source(SWEEP);
    let plan = Plan::make(&source).expect("a plan");
    let mut scenario = plan.scenario(&plan.cells[0]).expect("a scenario");
    let address = |s: &Scenario| Addresses::default().of(s).expect("an address");
    assert_eq!(address(&scenario).with(1), plan.cells[0].cell);
    assert_ne!(address(&scenario).with(2), plan.cells[0].cell, "the seed");
    let before = address(&scenario).with(1);
    scenario.seed = 77;
    assert_eq!(address(&scenario).with(1), before, "the scenario's own seed is not used");
    scenario.delegators.count += 1;
    assert_ne!(address(&scenario).with(1), before, "the scenario");
    scenario.delegators.count -= 1;
    let clip = folder.path().join("clip.mp4");
    let with_clip = |bytes: &str| {
        fs::write(&clip, bytes).expect("writable");
        let stream = "{ \"clip\": \"clip.mp4\", \"gateway\": 1, \"start_seconds\": 0 }";
        let mut own = scenario.clone();
        own.real_stream = Some(serde_json::from_str(stream).expect("a stream"));
        address(&own).with(1)
    };
    assert_ne!(with_clip("one"), with_clip("two"), "the bytes of a file that it names");
}

#[test]
fn a_file_that_went_away_is_named() {
    let (_folder, source) = source(SWEEP);
    let plan = Plan::make(&source).expect("a plan");
    let mut scenario = plan.scenario(&plan.cells[0]).expect("a scenario");
    let stream = "{ \"clip\": \"nowhere.mp4\", \"gateway\": 1, \"start_seconds\": 0 }";
    scenario.real_stream = Some(serde_json::from_str(stream).expect("a stream"));
    let e = Addresses::default().of(&scenario).expect_err("no such file");
    assert!(matches!(&e, SweepError::Input { path, .. } if path.ends_with("nowhere.mp4")), "{e}");
}

#[test]
fn planning_again_changes_nothing_and_another_plan_is_refused() {
    let (folder, sweep) = planned();
    let read = || fs::read(sweep.path().join("cells.jsonl")).expect("a plan");
    let before = read();
    let again = |text: &str| {
        let source = Source::parse(&folder.path().join("sweep.toml"), text.to_owned()).expect("sound");
        SweepFolder::plan(sweep.path(), Plan::make(&source).expect("a plan"))
    };
    again(SWEEP).expect("the same plan");
    for (from, to, says) in [
        ("0.45", "0.46", "cell 0 (arm `target=0.46`, seed 1) is another run"),
        ("first = 1", "first = 2", "cell 0 (arm `target=0.45`, seed 2) is another run"),
        ("\"target\"", "\"goal\"", "is called otherwise"),
        ("count = 2", "count = 3", "it has 4 cells and the new one 6"),
        ("\"small\"", "\"large\"", "it is of the sweep `small`"),
        ("\"rounds\"", "\"gas\"", "its description or what it measures"),
    ] {
        let e = again(&SWEEP.replacen(from, to, 1)).expect_err(to);
        assert!(matches!(e, SweepError::OtherPlan { .. }));
        assert!(e.to_string().contains(says), "{e}");
    }
    assert_eq!(read(), before);
}

#[test]
fn a_folder_without_a_plan_of_this_version_is_refused() {
    let (folder, sweep) = planned();
    let e = SweepFolder::open(folder.path()).expect_err("no plan");
    assert!(matches!(&e, SweepError::NoPlan { reason, .. } if reason.contains("sweep.json")), "{e}");
    let path = sweep.path().join("sweep.json");
    let text = fs::read_to_string(&path).expect("a plan");
    let own = format!("\"version\": \"{}\"", weir_sweep::cell::VERSION);
    assert!(text.contains(&own));
    fs::write(&path, text.replace(&own, "\"version\": \"0.0.1\"")).expect("writable");
    let e = SweepFolder::open(sweep.path()).expect_err("another version");
    assert!(matches!(&e, SweepError::Version { planned, .. } if planned == "0.0.1"), "{e}");
    fs::write(&path, text).expect("writable");
    let cells = sweep.path().join("cells.jsonl");
    let lines = fs::read_to_string(&cells).expect("cells");
    for (text, says) in [
        (lines.lines().next().expect("a cell").to_owned(), "1 of 4 cells"),
        (lines.replace("\"index\":1", "\"index\":7"), "cells.jsonl:2: cell 7 stands here"),
        ("{".to_owned(), "cells.jsonl:1: "),
    ] {
        fs::write(&cells, text).expect("writable");
        let e = SweepFolder::open(sweep.path()).expect_err("no plan").to_string();
        assert!(e.contains(says), "{e}");
    }
}

#[test]
fn selections_meet_every_cell_once_or_say_that_there_is_none() {
    let (_folder, sweep) = planned();
    let plan = sweep.contents();
    let of = |s: Selection| s.of(plan).expect("cells").iter().map(|c| c.index).collect::<Vec<_>>();
    let mut all: Vec<u64> = (1..=3).flat_map(|number| of(Selection::Shard { number, of: 3 })).collect();
    all.sort_unstable();
    assert_eq!(all, of(Selection::All));
    assert_eq!(of(Selection::Shard { number: 9, of: 9 }), [0u64; 0], "more shards than cells");
    assert_eq!(of(Selection::Range { from: 1, to: 3 }), [1, 2]);
    assert_eq!(of(Selection::One(plan.cells[2].cell.to_string())), [2]);
    for (selection, says) in [
        (Selection::Range { from: 2, to: 5 }, "cells 0..4, not 2..5"),
        (Selection::One("../../etc".to_owned()), "no cell `../../etc`"),
    ] {
        let e = run(&sweep, options(selection)).expect_err("no such cell");
        assert!(matches!(&e, SweepError::Selection { what } if what.contains(says)), "{e}");
    }
}

#[test]
fn what_is_finished_is_not_run_again_and_merges_to_the_same_bytes() {
    let (_folder, sweep) = planned();
    let e = merge(&sweep).expect_err("nothing is finished");
    assert!(matches!(e, SweepError::NothingToMerge { .. }), "{e}");
    let first = run(&sweep, options(Selection::Range { from: 2, to: 4 })).expect("it runs");
    assert_eq!((first.selected, first.ran, first.present), (2, 2, 0));
    assert_eq!(merge(&sweep).expect("a part").merged, 2);
    let stamp = |i: usize| {
        let path = sweep.cell(&sweep.contents().cells[i].cell).join("run.json");
        fs::metadata(path).and_then(|m| m.modified()).expect("a result")
    };
    let before = stamp(2);
    let second = run(&sweep, options(Selection::All)).expect("it runs");
    assert_eq!((second.selected, second.ran, second.present), (4, 2, 2));
    assert_eq!(stamp(2), before);
    let status = sweep.status().expect("a status");
    assert_eq!((status.planned, status.finished, status.remaining, status.failed), (4, 4, 0, 0));

    let bytes = |sweep: &SweepFolder| {
        let merged = merge(sweep).expect("merged");
        assert_eq!((merged.planned, merged.merged, merged.files.len()), (4, 4, 2));
        merged.files.iter().map(|file| fs::read(file).expect("a table")).collect::<Vec<_>>()
    };
    let (_other, other) = planned();
    run(&other, options(Selection::All)).expect("it runs");
    assert!(bytes(&sweep) == bytes(&other), "another order of runs leaves the same tables");
}

#[test]
fn a_changed_plan_is_no_result() {
    let (_folder, sweep) = planned();
    let cells = sweep.path().join("cells.jsonl");
    let text = fs::read_to_string(&cells).expect("cells");
    fs::write(&cells, text.replacen("0.45,", "0.46,", 1).replacen("rate\":0.45", "rate\":0.46", 1)).expect("writable");
    let sweep = SweepFolder::open(sweep.path()).expect("a plan");
    let report = run(&sweep, options(Selection::Range { from: 0, to: 1 })).expect("it runs");
    assert_eq!(report.failed.len(), 1);
    assert!(report.failed[0].reason.contains("is not what was planned"), "{:?}", report.failed);
    assert!(!sweep.is_finished(&report.failed[0].cell));
}

#[test]
fn results_that_do_not_fit_are_named() {
    let (_folder, sweep) = planned();
    run(&sweep, options(Selection::All)).expect("it runs");
    let last = &sweep.contents().cells[3].cell;
    let folder = sweep.cell(last);
    Table::new("rounds").whole("other", [1]).write(&folder.join("tables")).expect("writable");
    let e = merge(&sweep).expect_err("other columns");
    assert!(matches!(&e, SweepError::Columns { table, cell } if table == "rounds" && *cell == last.to_string()), "{e}");
    fs::remove_file(folder.join("tables/rounds.parquet")).expect("it is there");
    let e = merge(&sweep).expect_err("a table is missing");
    assert!(matches!(&e, SweepError::Read { path, .. } if path.ends_with("rounds.parquet")), "{e}");
    fs::write(folder.join("summary.json"), "{").expect("writable");
    let e = merge(&sweep).expect_err("no figures");
    assert!(matches!(&e, SweepError::Read { path, .. } if path.ends_with("summary.json")), "{e}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let (folder, source) = source(SWEEP);
    let file = folder.path().join("file");
    fs::write(&file, "").expect("writable");
    let e = SweepFolder::plan(&file.join("out"), Plan::make(&source).expect("a plan")).expect_err("a file is there");
    assert!(matches!(&e, SweepError::Write { path, .. } if path.starts_with(&file)), "{e}");

    let (_folder, sweep) = planned();
    fs::write(sweep.path().join("tmp"), "").expect("writable");
    let e = run(&sweep, options(Selection::All)).expect_err("no room for cells");
    assert!(matches!(e, SweepError::Write { .. } | SweepError::NoRoom { .. }), "{e}");
}

#[test]
fn a_worker_that_cannot_be_started_is_named() {
    let (_folder, sweep) = planned();
    let command = WorkerCommand { program: "/nowhere/weir".into(), arguments: Vec::new() };
    let mut options = options(Selection::All);
    options.workers = Some((2, command));
    let e = run(&sweep, options).expect_err("no such program");
    assert!(matches!(e, SweepError::Spawn(_)), "{e}");
}

/// A worker that says nothing and ends takes its cell with it, and no other.
#[test]
fn a_worker_that_dies_fails_its_cell_alone() {
    let (_folder, sweep) = planned();
    for (script, says) in [("kill -9 $$", "worker died with signal 9"), ("exit 7", "worker died with exit code 7")] {
        let command = WorkerCommand { program: "sh".into(), arguments: vec!["-c".into(), format!("read x; {script}")] };
        let mut options = options(Selection::All);
        options.workers = Some((2, command));
        let report = run(&sweep, options).expect("the sweep goes on");
        assert_eq!((report.ran, report.failed.len()), (4, 4));
        assert!(report.failed.iter().all(|f| f.reason == says), "{:?}", report.failed);
    }
    assert_eq!(sweep.status().expect("a status").failed, 4);
    let report = run(&sweep, options(Selection::All)).expect("it runs");
    assert_eq!((report.ran, report.failed.len()), (4, 0), "what failed is tried again");
    assert_eq!(sweep.status().expect("a status").failed, 0);
}

#[test]
fn a_server_that_is_not_there_is_named_without_its_password() {
    let (_folder, sweep) = planned();
    let url = "nats://me:secret@127.0.0.1:1";
    let options = QueueOptions { exit_when_empty: true, cancel: Arc::new(AtomicBool::new(false)) };
    let one = queue::publish(&sweep, url).expect_err("nobody listens");
    let two = queue::work(&sweep, url, &options).expect_err("nobody listens");
    for e in [one, two] {
        assert!(matches!(e, SweepError::Nats { .. }), "{e}");
        assert!(e.to_string().contains("127.0.0.1:1: connecting") && !e.to_string().contains("secret"), "{e}");
    }
}
