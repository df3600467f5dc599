//! What real nodes sent to the original contracts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use weir_conformance::recording::Recording;
use weir_conformance::transactions::{Compared, replay};

/// Gas may differ by so many parts of a hundred.
const GAS_PERCENT: u64 = 5;

fn compared() -> Vec<Compared> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/wire");
    let read = |name: &str| {
        let path = folder.join(name);
        Recording { name: name.to_owned(), path }.read().expect("a committed recording")
    };
    replay(&read("onchain-video-chain.json"), &read("onchain-video-transactions.jsonl.zst")).expect("it replays")
}

#[test]
fn nodes_get_the_same_statuses_and_events() {
    let all = compared();
    assert_eq!(all.len(), 140);
    let differing: Vec<&Compared> = all.iter().filter(|c| !c.differences.is_empty()).collect();
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn gas_is_near_what_the_originals_used() {
    let mut by_call: BTreeMap<String, (usize, Vec<i64>)> = BTreeMap::new();
    for c in compared() {
        let difference = (c.gas as i64 - c.recorded_gas as i64) * 10_000 / c.recorded_gas as i64;
        let entry = by_call.entry(c.call).or_default();
        entry.0 += 1;
        entry.1.push(difference);
    }
    let mut table = String::new();
    for (call, (count, differences)) in &by_call {
        let (least, most) = (differences.iter().min().expect("some"), differences.iter().max().expect("some"));
        let percent = |d: i64| format!("{:+.2}", d as f64 / 100.0);
        let _ = writeln!(table, "| {call} | {count} | {} | {} |", percent(*least), percent(*most));
    }
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/README.md");
    let readme = std::fs::read_to_string(readme).expect("the contracts have a page");
    assert!(readme.contains(&table), "contracts/README.md does not have this table:\n{table}");
    let limit = (GAS_PERCENT * 100) as i64;
    assert!(by_call.values().all(|(_, d)| d.iter().all(|d| d.abs() <= limit)), "{table}");
}
