//! What the sources must look like, where no compiler or linter says it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use eyre::{Context, Result};
use toml::{Table, Value};

/// Lines that a source file may have.
pub const LINES_MAX: usize = 800;

/// Files that may be longer, and why.
const LONG: [(&str, &str); 1] = [(
    "contracts/src/bonding/BondingManagerBase.sol",
    "one contract's storage and the functions over it stand together",
)];

/// Documents that the repository has.
const DOCUMENTS: [&str; 9] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "docs/determinism.md",
    "docs/scenarios.md",
    "docs/sweeps.md",
];

/// Where every key of a scenario is explained.
const SCENARIO_KEYS: &str = "docs/scenarios.md";
/// Pages that it points to: of behaviours, and of sweeps, which lie beside scenarios.
const FURTHER_KEYS: [&str; 6] = [
    "docs/behaviours/orchestrators.md",
    "docs/behaviours/gateways.md",
    "docs/behaviours/delegators.md",
    "docs/behaviours/processes.md",
    "docs/behaviours/scripts.md",
    "docs/sweeps.md",
];

/// Folders of the crates that are free of I/O: clippy holds all of them to the same list.
const SANS_IO: [&str; 7] =
    ["node/types", "node/wire", "node/ticket", "node/market", "node/roles", "sim/kernel", "sim/behave"];

/// What is wrong with the sources, one line each.
///
/// # Errors
/// When a file cannot be read.
pub fn check() -> Result<Vec<String>> {
    let root = crate::root();
    let files = crate::files()?;
    let mut found = Vec::new();
    for path in &files {
        let name = path.to_string_lossy();
        let read = || fs::read_to_string(root.join(path)).with_context(|| format!("reading {name}"));
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs" | "sol") => found.extend(source(&name, &read()?)),
            Some("toml") if path.file_name() == Some("Cargo.toml".as_ref()) && path != Path::new("Cargo.toml") => {
                found.extend(manifest(&name, &read()?));
            }
            Some("md") => found.extend(links(&name, &read()?, &|target| root.join(target).exists())),
            Some("toml") if path.starts_with("scenarios") => {
                let pages = [SCENARIO_KEYS].into_iter().chain(FURTHER_KEYS);
                let docs: String = pages.map(|page| fs::read_to_string(root.join(page)).unwrap_or_default()).collect();
                found.extend(undocumented(&name, &read()?, &docs)?);
            }
            _ => {}
        }
    }
    for document in DOCUMENTS {
        if !root.join(document).is_file() {
            found.push(format!("{document} is missing"));
        }
    }
    let lists = SANS_IO.map(|folder| fs::read_to_string(root.join(folder).join("clippy.toml")).ok());
    for (folder, list) in SANS_IO.iter().zip(&lists) {
        if list.is_none() || *list != lists[0] {
            found.push(format!("{folder}/clippy.toml is missing or not that of {}", SANS_IO[0]));
        }
    }
    for (name, _) in LONG {
        let lines = fs::read_to_string(root.join(name)).map_or(0, |text| text.lines().count());
        if lines <= LINES_MAX {
            found.push(format!("{name} has {lines} lines and needs no exception from the limit of {LINES_MAX}"));
        }
    }
    Ok(found)
}

/// What is wrong with a Rust or Solidity file.
#[must_use]
pub fn source(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > LINES_MAX && !LONG.iter().any(|(long, _)| *long == name) {
        found.push(format!("{name} has {lines} lines, more than {LINES_MAX}: split it by subject"));
    }
    if !name.ends_with(".rs") {
        return found;
    }
    // Put together here, so that this file does not contain what it forbids.
    let forbidden = [
        (format!("#[{}", "ignore"), "a test that is not run proves nothing: make it fast or remove it"),
        (format!("{}!(", "todo"), "unfinished code is not committed"),
        (format!("{}!(", "unimplemented"), "unfinished code is not committed"),
    ];
    for (number, line) in text.lines().enumerate() {
        for (word, reason) in &forbidden {
            if line.contains(word.as_str()) {
                found.push(format!("{name}:{}: {word}: {reason}", number + 1));
            }
        }
    }
    found
}

/// What is wrong with a crate's manifest.
#[must_use]
pub fn manifest(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut section = "";
    let (mut lints, mut description) = (false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        }
        lints |= section == "[lints]" && line == "workspace = true";
        description |= section == "[package]" && line.starts_with("description = ");
    }
    if !lints {
        found.push(format!("{name}: add `[lints]` with `workspace = true`"));
    }
    if !description {
        found.push(format!("{name}: add a description"));
    }
    found
}

/// Links of a Markdown file to files that are not there. `exists` is asked for paths from the root.
pub fn links(name: &str, text: &str, exists: &dyn Fn(&Path) -> bool) -> Vec<String> {
    let folder = Path::new(name).parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for part in line.split("](").skip(1) {
            let target = part.split([')', '#', ' ']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !exists(&folder.join(target)) {
                found.push(format!("{name}:{}: there is no {target}", number + 1));
            }
        }
    }
    found
}

/// Keys of a scenario that the documentation does not explain.
///
/// # Errors
/// When the scenario is no TOML.
pub fn undocumented(name: &str, scenario: &str, docs: &str) -> Result<Vec<String>> {
    fn keys(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Table(table) => {
                for (key, value) in table {
                    into.insert(key.clone());
                    keys(value, into);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| keys(value, into)),
            _ => {}
        }
    }
    let table: Table = scenario.parse().with_context(|| format!("parsing {name}"))?;
    let mut all = BTreeSet::new();
    keys(&Value::Table(table), &mut all);
    // A section is explained under its own heading.
    let forms = |key: &str| [format!("`{key}`"), format!("[{key}]"), format!(".{key}`")];
    let known = |key: &str| forms(key).iter().any(|form| docs.contains(form));
    Ok(all
        .iter()
        .filter(|key| !known(key))
        .map(|key| format!("{name}: {SCENARIO_KEYS} does not explain `{key}`"))
        .collect())
}
