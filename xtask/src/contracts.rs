//! Compiles the Solidity sources of `contracts/` into the committed artifacts.

use eyre::{Context, Result, bail, ensure, eyre};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Installs what the contracts are compiled and tested with.
pub(crate) fn install() -> Result<()> {
    install_packages(&folder_of_contracts()?)
}

/// Writes the sources into a folder, with the rules of `rules` under the contracts' plain names, and
/// sees that they compile there.
pub(crate) fn export(folder: &Path, rules: Rules) -> Result<()> {
    let contracts = folder_of_contracts()?;
    install_packages(&contracts)?;
    ensure!(
        !folder.exists() || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none()),
        "{} is not empty\nhelp: name a new folder",
        folder.display()
    );
    copy(&contracts.join("src"), folder)?;
    if rules == Rules::D24 {
        copy(&contracts.join("rules/D24"), folder)?;
    }
    let folder = folder.canonicalize().with_context(|| format!("finding {}", folder.display()))?;
    let artifacts = compile(&contracts, Some(&folder))?;
    println!("{} contracts compile in {}", artifacts.len(), folder.display());
    Ok(())
}

/// Rules under the plain names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Rules {
    /// Those of March 2024.
    #[value(name = "D24")]
    D24,
    /// With all later changes.
    #[value(name = "D26")]
    D26,
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry.with_context(|| format!("reading {}", from.display()))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| format!("copying {}", source.display()))?;
        }
    }
    Ok(())
}

fn folder_of_contracts() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    Ok(root.ok_or_else(|| eyre!("the xtask crate has no parent directory"))?.join("contracts"))
}

/// Compiles all sources and writes `contracts/artifacts/*.json`; with `check`, compares instead and
/// fails with the names of those that differ.
pub(crate) fn run(check: bool) -> Result<()> {
    let contracts = folder_of_contracts()?;
    install_packages(&contracts)?;
    let wanted = compile(&contracts, None)?;
    let folder = contracts.join("artifacts");
    if check { compare(&folder, &wanted) } else { write(&folder, &wanted) }
}

/// Installs what `package-lock.json` names, unless it is there already.
fn install_packages(contracts: &Path) -> Result<()> {
    require_tool("node", "compiles the contracts")?;
    // The lock file npm leaves behind names what is really installed; one that is older than ours may lack
    // something.
    let age = |name: &str| contracts.join(name).metadata().and_then(|file| file.modified()).ok();
    if age("node_modules/.package-lock.json").is_some_and(|installed| Some(installed) >= age("package-lock.json")) {
        return Ok(());
    }
    require_tool("npm", "installs the Solidity compiler")?;
    let status = Command::new("npm")
        .args(["ci", "--ignore-scripts"])
        .current_dir(contracts)
        .stdout(Stdio::null())
        .status()
        .context("npm did not start")?;
    ensure!(status.success(), "npm ci in {} failed: {status}", contracts.display());
    Ok(())
}

fn require_tool(name: &str, purpose: &str) -> Result<()> {
    let found = Command::new(name)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    ensure!(found, "{name} not found: it {purpose}; install Node.js 18 or later and put it on PATH");
    Ok(())
}

/// File name of each artifact to its text, from the sources here or in another folder.
fn compile(contracts: &Path, sources: Option<&Path>) -> Result<BTreeMap<String, String>> {
    let output = Command::new("node")
        .arg("compile.mjs")
        .args(sources.map(|folder| [Path::new("--src"), folder]).into_iter().flatten())
        .current_dir(contracts)
        .stderr(Stdio::inherit())
        .output()
        .context("node did not start")?;
    ensure!(output.status.success(), "the contracts do not compile: {}", output.status);
    let parsed: Value = serde_json::from_slice(&output.stdout).context("the compiler printed no JSON")?;
    let artifacts = parsed
        .get("artifacts")
        .and_then(Value::as_object)
        .ok_or_else(|| eyre!("the compiler's output has no artifacts"))?;
    artifacts
        .iter()
        .map(|(name, artifact)| {
            let fields = artifact.as_object().ok_or_else(|| eyre!("the artifact of {name} is no object"))?;
            Ok((format!("{name}.json"), render(fields)))
        })
        .collect()
}

/// One line per field, and per entry of a list, so that a change shows as the lines it touches.
fn render(fields: &Map<String, Value>) -> String {
    let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
    let lines: Vec<String> = sorted
        .into_iter()
        .map(|(key, value)| {
            let text = match value {
                Value::Array(entries) if !entries.is_empty() => {
                    let entries: Vec<String> =
                        entries.iter().map(|entry| format!("    {}", canonical(entry))).collect();
                    format!("[\n{}\n  ]", entries.join(",\n"))
                }
                other => canonical(other),
            };
            format!("  {}: {text}", Value::from(key.as_str()))
        })
        .collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// Compact JSON with sorted keys, whatever order the map type of the build keeps.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let fields: Vec<String> = sorted
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(entries) => {
            let entries: Vec<String> = entries.iter().map(canonical).collect();
            format!("[{}]", entries.join(","))
        }
        other => other.to_string(),
    }
}

fn committed(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    if !folder.is_dir() {
        return Ok(BTreeMap::new());
    }
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry.with_context(|| format!("reading {}", folder.display()))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name.ends_with(".json") {
            found.insert(name, path);
        }
    }
    Ok(found)
}

fn write(folder: &Path, wanted: &BTreeMap<String, String>) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    for (name, path) in committed(folder)? {
        if !wanted.contains_key(&name) {
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        }
    }
    for (name, text) in wanted {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    println!("{} artifacts in {}", wanted.len(), folder.display());
    Ok(())
}

fn compare(folder: &Path, wanted: &BTreeMap<String, String>) -> Result<()> {
    let found = committed(folder)?;
    let names: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let mut differing = Vec::new();
    for name in names {
        let on_disk = match found.get(name) {
            Some(path) => Some(fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?),
            None => None,
        };
        let difference = match (wanted.get(name), on_disk) {
            (Some(text), Some(disk)) if *text == disk => continue,
            (Some(_), Some(_)) => "differs from what its sources compile to",
            (Some(_), None) => "is missing",
            (None, _) => "has no source",
        };
        differing.push(format!("{name} {difference}"));
    }
    if differing.is_empty() {
        println!("{} artifacts are what their sources compile to", wanted.len());
        return Ok(());
    }
    bail!(
        "{} of {} artifacts are out of date (run `cargo xtask contracts`):\n  {}",
        differing.len(),
        wanted.len(),
        differing.join("\n  ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rendering_sorts_keys_and_gives_lists_a_line_per_entry() {
        let value: Value =
            serde_json::from_str(r#"{"b":[{"z":1,"a":[2,{"d":3,"c":4}]},5],"a":"x","e":[]}"#).expect("valid JSON");
        let text = render(value.as_object().expect("an object"));
        assert_eq!(
            text,
            "{\n  \"a\": \"x\",\n  \"b\": [\n    {\"a\":[2,{\"c\":4,\"d\":3}],\"z\":1},\n    5\n  ],\n  \"e\": []\n}\n"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).expect("still JSON"), value);
    }

    #[test]
    fn comparison_names_what_is_changed_missing_or_left_over() {
        let folder = std::env::temp_dir().join(format!("artifacts-{}", std::process::id()));
        let old = BTreeMap::from([
            ("Same.json".to_owned(), "1\n".to_owned()),
            ("Changed.json".to_owned(), "2\n".to_owned()),
            ("Gone.json".to_owned(), "3\n".to_owned()),
        ]);
        write(&folder, &old).expect("writable");
        compare(&folder, &old).expect("no difference");

        let new = BTreeMap::from([
            ("Same.json".to_owned(), "1\n".to_owned()),
            ("Changed.json".to_owned(), "4\n".to_owned()),
            ("New.json".to_owned(), "5\n".to_owned()),
        ]);
        let message = compare(&folder, &new).expect_err("three differences").to_string();
        for part in ["Changed.json differs", "Gone.json has no source", "New.json is missing"] {
            assert!(message.contains(part), "{message}");
        }
        assert!(!message.contains("Same.json"), "{message}");

        write(&folder, &new).expect("writable");
        compare(&folder, &new).expect("no difference");
        fs::remove_dir_all(&folder).expect("removable");
    }
}
