//! Wrong input ends with 2 and says what to do.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty, starts_with};

use crate::support::{save, scenario, small, weir};

#[test]
fn a_sound_scenario_is_summed_up() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = save(folder.path(), &small());
    weir()
        .args(["sim", "check"])
        .arg(&path)
        .assert()
        .code(0)
        .stdout(contains("sound: 6 orchestrators, 3 gateways, 20 delegators, 1 rounds, seed 5"))
        .stderr(is_empty());
}

#[test]
fn a_wrong_scenario_is_named_by_line_with_help() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = scenario(&[("active = 50", "actve = 50")]);
    let line = text.lines().position(|line| line.starts_with("actve")).expect("the changed line") + 1;
    let path = save(folder.path(), &text);
    for command in ["check", "run"] {
        weir().current_dir(folder.path()).args(["sim", command]).arg(&path).assert().code(2).stdout(is_empty()).stderr(
            starts_with("error: ")
                .and(contains(format!("scenario.toml:{line}:1: ")))
                .and(contains("`actve`"))
                .and(contains("\nhelp: "))
                .and(contains("`active`")),
        );
    }
    assert!(!folder.path().join("runs").exists(), "a wrong scenario leaves nothing");
}

#[test]
fn what_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let missing = folder.path().join("nowhere");
    weir().args(["sim", "check"]).arg(&missing).assert().code(2).stderr(contains("nowhere").and(contains("help: ")));
    for (command, code) in [(&["sim", "replay"][..], 1), (&["report"][..], 2)] {
        weir()
            .args(command)
            .arg(&missing)
            .assert()
            .code(code)
            .stdout(is_empty())
            .stderr(starts_with("error: ").and(contains("nowhere")).and(contains("\nhelp: ")));
    }
}

#[test]
fn unknown_commands_and_flags_are_usage() {
    for arguments in [
        &["sail"][..],
        &["sim"],
        &["sim", "run"],
        &["sim", "run", "a", "--sed", "1"],
        &["sim", "run", "a", "--seed", "x"],
    ] {
        weir().args(arguments).assert().code(2).stdout(is_empty());
    }
}

#[test]
fn a_run_folder_in_use_is_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = save(folder.path(), &small());
    let out = folder.path().join("out");
    std::fs::create_dir(&out).expect("writable");
    std::fs::write(out.join("mine"), "mine").expect("writable");
    weir()
        .args(["sim", "run", "--no-report", "--out"])
        .arg(&out)
        .arg(&path)
        .assert()
        .code(2)
        .stderr(contains("is not empty").and(contains("--out")));
    assert_eq!(std::fs::read_dir(&out).expect("readable").count(), 1, "nothing was added");
}
