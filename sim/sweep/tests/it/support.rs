//! A network that lives for a moment, and sweeps over it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tempfile::TempDir;
use weir_sweep::{Plan, Selection, Source, SweepFolder, SweepOptions};

/// A sweep file that is sound; tests change it.
pub(crate) const SWEEP: &str = r#"name = "small"
description = "two targets"
scenario = "tiny.toml"

[seeds]
first = 1
count = 2

[design]
kind = "grid"

[[axes]]
key = "token.target_bonding_rate"
values = [0.45, 0.5]
label = "target"

[measure]
kpis = ["minted_lpt"]
tables = ["rounds"]
"#;

/// The text of the tiny scenario.
pub(crate) fn tiny() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/quickstart.toml");
    let mut text = fs::read_to_string(path).expect("the quickstart scenario is part of the project");
    let start = text.find("\n[real_stream]").expect("the quickstart has a real stream");
    let end = text[start..].find("\n[faults]").map(|at| start + at).expect("faults follow");
    text.replace_range(start..end, "");
    for (old, new) in [
        ("name = \"quickstart\"", "name = \"tiny\""),
        ("count = 60\n", "count = 3\n"),
        ("active = 50", "active = 3"),
        ("count = 25\n", "count = 1\n"),
        ("count = 1500", "count = 3"),
        ("count = 4\n", "count = 1\n"),
        ("length_blocks = 75", "length_blocks = 54"),
        ("orchestrator_crashes = 2", "orchestrator_crashes = 0"),
        ("streams = { kind = \"ranked\", values = [1.2, 0.7, 0.5, 0.35], tail = 0.88 }", STREAMS),
    ] {
        assert!(text.contains(old), "the quickstart has no `{old}`");
        text = text.replacen(old, new, 1);
    }
    text
}

const STREAMS: &str = "streams = { kind = \"fixed\", value = 12 }";

/// A folder with the tiny scenario and a sweep over it.
pub(crate) fn source(sweep: &str) -> (TempDir, Source) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("tiny.toml"), tiny()).expect("writable");
    let path = folder.path().join("sweep.toml");
    let source = Source::parse(&path, sweep.to_owned()).expect("the sweep is sound");
    (folder, source)
}

/// The sound sweep, planned into a folder.
pub(crate) fn planned() -> (TempDir, SweepFolder) {
    let (folder, source) = source(SWEEP);
    let out: PathBuf = folder.path().join("out");
    let plan = Plan::make(&source).expect("the plan can be made");
    let folder_of = SweepFolder::plan(&out, plan).expect("writable");
    (folder, folder_of)
}

/// Options that run a part of a sweep in this process.
pub(crate) fn options(selection: Selection) -> SweepOptions {
    SweepOptions { selection, workers: None, cancel: Arc::new(AtomicBool::new(false)), progress: None }
}
