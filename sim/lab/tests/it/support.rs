//! A small network that lives in a second.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use weir_lab::scenario::{self, Scenario};
use weir_lab::{RunOptions, RunOutcome, run};

/// The scenario that users start with.
pub(crate) fn quickstart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/quickstart.toml")
}

/// Its text.
pub(crate) fn quickstart_text() -> String {
    std::fs::read_to_string(quickstart()).expect("the quickstart scenario is part of the project")
}

/// A small network: few actors, two short rounds, and a real clip where one is asked for.
pub(crate) fn small(real: bool) -> Scenario {
    rounds(real, 2)
}

/// The small network for so many rounds.
pub(crate) fn rounds(real: bool, count: u32) -> Scenario {
    let mut text = quickstart_text()
        .replace("count = 60\n", "count = 6\n")
        .replace("active = 50", "active = 5")
        .replace("count = 25\n", "count = 3\n")
        .replace("count = 1500", "count = 20")
        .replace("count = 4\n", &format!("count = {count}\n"))
        .replace("name = \"quickstart\"", "name = \"small\"");
    if !real {
        let at = text.find("\n[real_stream]").expect("the quickstart has a real stream");
        let end = text[at..].find("\n[faults]").expect("faults follow") + at;
        text.replace_range(at..end, "");
    }
    scenario::parse(&quickstart(), &text).expect("the small scenario is sound")
}

/// Options that make a run below `out`.
pub(crate) fn options(out: &Path, seed: u64) -> RunOptions {
    RunOptions {
        seed: Some(seed),
        out: out.to_owned(),
        trace: true,
        cancel: Arc::new(AtomicBool::new(false)),
        progress: None,
    }
}

/// Makes a run.
pub(crate) fn make(scenario: &Scenario, out: &Path, seed: u64) -> RunOutcome {
    run(scenario, options(out, seed)).expect("the run can be made")
}

/// Text of a small network for many seeds, with changes of the quickstart's.
pub(crate) fn small_text(name: &str, changes: &[(&str, &str)]) -> String {
    let mut text = quickstart_text();
    let at = text.find("\n[real_stream]").expect("the quickstart has a real stream");
    let end = text[at..].find("\n[faults]").expect("faults follow") + at;
    text.replace_range(at..end, "");
    let small = [
        ("count = 60\n", "count = 6\n"),
        ("active = 50", "active = 5"),
        ("count = 25\n", "count = 3\n"),
        ("count = 1500", "count = 5"),
        ("count = 4\n", "count = 2\n"),
    ];
    for (from, to) in small.iter().chain(changes) {
        assert!(text.contains(from), "the quickstart has no `{from}`");
        text = text.replacen(from, to, 1);
    }
    text.replace("name = \"quickstart\"", &format!("name = \"{name}\""))
}

/// A small network for many seeds, with changes of the quickstart's text.
pub(crate) fn parse_small(name: &str, changes: &[(&str, &str)]) -> Scenario {
    scenario::parse(&quickstart(), &small_text(name, changes)).expect("the small scenario is sound")
}

/// Seeds of tests over many runs: `WEIR_SEEDS`, or enough to see a fault of a tenth.
pub(crate) fn seeds() -> u64 {
    std::env::var("WEIR_SEEDS").ok().and_then(|v| v.parse().ok()).unwrap_or(40)
}
