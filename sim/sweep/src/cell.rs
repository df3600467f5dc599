//! A cell: one scenario with one seed, and the address that follows from all that decides its result.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use weir_lab::scenario::{self, Scenario};

use crate::SweepError;

/// Version of the program, which is part of every address.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Address of a cell: 16 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CellId(String);

impl CellId {
    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A planned run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Place in the plan, from 0.
    pub index: u64,
    /// Address; two arms that come to the same share it.
    pub cell: CellId,
    /// Name of the arm.
    pub arm: String,
    /// Values by dotted key.
    pub params: BTreeMap<String, Json>,
    /// Seed.
    pub seed: u64,
}

/// Why values make no scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// The scenario that comes of a base and values by dotted key; `folder` anchors its paths.
///
/// # Errors
/// What is wrong with a key or a value.
pub fn scenario_of(
    base: &toml::Table,
    params: &BTreeMap<String, toml::Value>,
    folder: &Path,
) -> Result<Scenario, Fault> {
    let mut table = base.clone();
    for (key, value) in params {
        set(&mut table, key, value)?;
    }
    let mut made: Scenario = toml::Value::Table(table).try_into().map_err(|e: toml::de::Error| {
        let (message, help) = scenario::misnamed(e.message(), "docs/scenarios.md")
            .unwrap_or_else(|| (e.message().trim().to_owned(), VALUE_HELP.to_owned()));
        Fault { message, help }
    })?;
    folder.clone_into(&mut made.base);
    match scenario::check(&made) {
        None => Ok(made),
        Some(p) => Err(Fault { message: format!("{}: {}", p.key, p.message), help: p.help }),
    }
}

const VALUE_HELP: &str =
    "docs/scenarios.md says which values a key takes; a range with `whole = true` gives whole numbers";

/// Puts a value behind a dotted key. Tables that do not exist are made; elements of lists must exist.
fn set(table: &mut toml::Table, key: &str, value: &toml::Value) -> Result<(), Fault> {
    let fault = |message: String, help: &str| Fault { message, help: help.to_owned() };
    let (path, last) = key.rsplit_once('.').map_or((None, key), |(path, last)| (Some(path), last));
    let mut so_far = String::new();
    let mut at = Place::Table(table);
    for part in path.into_iter().flat_map(|path| path.split('.')) {
        let next = at.slot(part).map_err(|what| fault(format!("{key}: {what}"), INDEX_HELP))?;
        so_far = if so_far.is_empty() { part.to_owned() } else { format!("{so_far}.{part}") };
        at = match next.get_or_insert_with(|| toml::Value::Table(toml::Table::new())) {
            toml::Value::Table(inner) => Place::Table(inner),
            toml::Value::Array(items) => Place::Array(items),
            other => {
                let text = format!("{key}: `{so_far}` is {other}, which has no keys");
                return Err(fault(text, "name the whole key, and set it to a table where one is meant"));
            }
        };
    }
    let slot = at.slot(last).map_err(|what| fault(format!("{key}: {what}"), INDEX_HELP))?;
    slot.set(value.clone());
    Ok(())
}

const INDEX_HELP: &str = "elements of a list are named by their number, from 0";

/// Where a part of a key is looked up.
enum Place<'a> {
    Table(&'a mut toml::Table),
    Array(&'a mut Vec<toml::Value>),
}

/// What is found there: a value, or room for one.
enum Slot<'a> {
    Taken(&'a mut toml::Value),
    Free(&'a mut toml::Table, String),
}

impl<'a> Place<'a> {
    fn slot(self, part: &str) -> Result<Slot<'a>, String> {
        match self {
            Place::Table(table) if table.contains_key(part) => match table.get_mut(part) {
                Some(value) => Ok(Slot::Taken(value)),
                None => Err(format!("`{part}` went away")),
            },
            Place::Table(table) => Ok(Slot::Free(table, part.to_owned())),
            Place::Array(items) => {
                let n = items.len();
                let item = part.parse::<usize>().ok().and_then(|i| items.get_mut(i));
                item.map(Slot::Taken).ok_or_else(|| format!("there is no element `{part}` in a list of {n}"))
            }
        }
    }
}

impl<'a> Slot<'a> {
    fn get_or_insert_with(self, make: impl FnOnce() -> toml::Value) -> &'a mut toml::Value {
        match self {
            Slot::Taken(value) => value,
            Slot::Free(table, key) => table.entry(key).or_insert_with(make),
        }
    }

    fn set(self, value: toml::Value) {
        match self {
            Slot::Taken(old) => *old = value,
            Slot::Free(table, key) => {
                table.insert(key, value);
            }
        }
    }
}

/// Addresses of cells. Files that scenarios name are read once.
#[derive(Debug, Default)]
pub struct Addresses {
    files: BTreeMap<PathBuf, [u8; 32]>,
}

impl Addresses {
    /// The addresses of a scenario's cells: all that decides a run but its seed.
    ///
    /// # Errors
    /// [`SweepError::Input`] when a file that the scenario names cannot be read.
    pub fn of(&mut self, scenario: &Scenario) -> Result<Address, SweepError> {
        let mut hasher = blake3::Hasher::new_derive_key("weir 2026 cells of a sweep");
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(VERSION.as_bytes());
        part(canonical(scenario).as_bytes());
        for path in scenario.files() {
            part(&self.file(&path)?);
        }
        Ok(Address { hasher })
    }

    fn file(&mut self, path: &Path) -> Result<[u8; 32], SweepError> {
        if let Some(hash) = self.files.get(path) {
            return Ok(*hash);
        }
        let fail = |source| SweepError::Input { path: path.to_owned(), source };
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path).map_err(fail)?).map_err(fail)?;
        let hash = hasher.finalize().into();
        self.files.insert(path.to_owned(), hash);
        Ok(hash)
    }
}

/// A scenario's part of an address.
#[derive(Debug, Clone)]
pub struct Address {
    hasher: blake3::Hasher,
}

impl Address {
    /// The address with a seed.
    #[must_use]
    pub fn with(&self, seed: u64) -> CellId {
        let mut hasher = self.hasher.clone();
        hasher.update(&seed.to_le_bytes());
        CellId(hasher.finalize().to_hex()[..16].to_owned())
    }
}

/// A scenario as JSON with sorted keys, without its own seed, which a cell's takes the place of.
fn canonical(scenario: &Scenario) -> String {
    let mut value = serde_json::to_value(scenario).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.remove("seed");
    }
    let mut text = String::new();
    write_sorted(&value, &mut text);
    text
}

fn write_sorted(value: &Json, into: &mut String) {
    match value {
        Json::Object(map) => {
            let sorted: BTreeMap<&String, &Json> = map.iter().collect();
            into.push('{');
            for (i, (key, value)) in sorted.into_iter().enumerate() {
                into.push_str(if i == 0 { "" } else { "," });
                into.push_str(&Json::from(key.as_str()).to_string());
                into.push(':');
                write_sorted(value, into);
            }
            into.push('}');
        }
        Json::Array(items) => {
            into.push('[');
            for (i, value) in items.iter().enumerate() {
                into.push_str(if i == 0 { "" } else { "," });
                write_sorted(value, into);
            }
            into.push(']');
        }
        scalar => into.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{set, write_sorted};

    fn table() -> toml::Table {
        "a = 1\n[t]\nx = [{ y = 1 }, { y = 2 }]\n".parse().expect("TOML")
    }

    #[test]
    fn a_key_reaches_tables_lists_and_what_does_not_exist_yet() {
        let mut t = table();
        for (key, value) in [("a", 5), ("t.x.1.y", 7), ("t.x.0.z", 8), ("new.deep.key", 9)] {
            set(&mut t, key, &toml::Value::Integer(value)).expect("it can be set");
        }
        let wanted = "a = 5\n[t]\nx = [{ y = 1, z = 8 }, { y = 7 }]\n[new.deep]\nkey = 9\n";
        assert_eq!(t, wanted.parse::<toml::Table>().expect("TOML"));
    }

    #[test]
    fn a_key_that_leads_nowhere_is_named() {
        for (key, says) in [
            ("a.b", "a.b: `a` is 1, which has no keys"),
            ("t.x.2.y", "t.x.2.y: there is no element `2` in a list of 2"),
            ("t.x.first", "t.x.first: there is no element `first` in a list of 2"),
        ] {
            let fault = set(&mut table(), key, &toml::Value::Integer(1)).expect_err("no such place");
            assert_eq!(fault.message, says);
        }
    }

    #[test]
    fn canonical_text_does_not_depend_on_the_order_of_keys() {
        let mut texts =
            ["{\"b\":[1,{\"d\":1.0,\"c\":null}],\"a\":\"x\"}", "{\"a\":\"x\",\"b\":[1,{\"c\":null,\"d\":1.0}]}"].map(
                |text| {
                    let mut out = String::new();
                    write_sorted(&serde_json::from_str(text).expect("JSON"), &mut out);
                    out
                },
            );
        texts.sort();
        assert_eq!(texts[0], texts[1]);
        assert_eq!(texts[0], "{\"a\":\"x\",\"b\":[1,{\"c\":null,\"d\":1.0}]}");
    }
}
