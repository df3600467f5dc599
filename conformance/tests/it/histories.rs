//! Random histories of the protocol's contracts.

use std::path::Path;

use weir_conformance::histories::Bonding;
use weir_conformance::{FileReport, histories, recording};

fn recorded(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/histories");
    let files = recording::folder(&folder, recording::LINES).expect("the committed recordings");
    files.iter().find(|file| file.name == name).expect("a committed recording").read().expect("it is readable")
}

fn check(name: &str, cases: usize) {
    let report = histories::replay(name, &recorded(name));
    assert!(report.differences.is_empty(), "{:#?}", report.differences);
    assert_eq!((report.cases, report.passed, report.left_out), (cases, cases, 0));
}

macro_rules! committed {
    ($($test:ident: $file:literal, $cases:literal;)+) => {
        $(#[test]
        fn $test() {
            check($file, $cases);
        })+

        #[test]
        fn every_committed_history_is_replayed() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/histories");
            let names: Vec<String> = recording::folder(&folder, recording::LINES).expect("files").into_iter().map(|f| f.name).collect();
            assert_eq!(names, [$($file),+]);
        }
    };
}

committed! {
    general: "01-general", 2031;
    pool: "02-pool", 2099;
    gaps: "03-gaps", 2099;
    tickets: "04-tickets", 1761;
    treasury: "05-treasury", 2030;
    rounds: "06-rounds", 1998;
    bonds: "07-bonds", 2023;
    small: "09-small", 378;
    later_general: "21-general-d26", 2013;
    later_pool: "22-pool-d26", 2022;
    later_treasury: "25-treasury-d26", 1966;
}

/// The contract that takes any changes is the whole one when it takes all or none.
#[test]
fn a_partial_target_with_all_or_no_changes_is_the_whole_one() {
    for name in ["02-pool", "22-pool-d26"] {
        let report = histories::replay_on(name, &recorded(name), Bonding::Partial);
        assert!(report.differences.is_empty(), "{:#?}", report.differences);
        assert!(report.passed > 2_000);
    }
}

/// The small history with one place of its text changed.
fn changed(from: &str, to: &str) -> FileReport {
    let text = recorded("09-small");
    assert!(text.contains(from), "{from}");
    histories::replay("changed", &text.replacen(from, to, 1))
}

#[test]
fn every_kind_of_difference_is_seen() {
    for (from, to, seen) in [
        ("\"s\":0", "\"s\":1", "recorded is success"),
        ("\"s\":1,\"g\"", "\"s\":0,\"e\":\"no\",\"g\"", "goes through"),
        ("\"sender is unlocked\"", "\"sender is gone\"", "recorded is \"sender is gone"),
        ("\"Bond\",[", "\"Unbond\",[", "events is"),
        ("\"RM.roundLength\":\"", "\"RM.roundLength\":\"9", "RM.roundLength is"),
        ("\"quorumNumerator()\":\"", "\"quorumNumerator()\":\"9", "quorumNumerator() is"),
        (
            "\"fn\":\"lipUpgradeRound\",\"a\":[\"36\"],\"r\":[\"",
            "\"fn\":\"lipUpgradeRound\",\"a\":[\"36\"],\"r\":[\"9",
            "the answer is",
        ),
        ("\"k\":\"tx\",", "\"k\":\"tx\",\"v\":\"many\",", "many: "),
        ("\"k\":\"tx\",", "\"k\":\"ty\",", "unknown kind of line ty"),
        ("\"LG\":[", "\"LG\":[\"7\",", "storage of LG is"),
        ("\"txs\":2", "\"txs\":9", "number of transactions is"),
    ] {
        let report = changed(from, to);
        assert!(report.failed > 0, "{from}");
        assert!(report.differences.iter().any(|d| d.contains(seen)), "{from}: {:#?}", report.differences);
    }
}

#[test]
fn the_other_rules_are_noticed() {
    let text = recorded("01-general");
    let report = histories::replay("01", &text.replacen("\"k\":\"setup\"", "\"k\":\"setup\",\"version\":\"D26\"", 1));
    assert!(report.failed > 0);
}
