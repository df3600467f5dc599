//! From a sweep file to a plan: every arm checked, every cell with its address.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use weir_lab::scenario::{self, Scenario, ScenarioError};

use crate::SweepError;
use crate::cell::{Addresses, Cell, Fault, VERSION, scenario_of};
use crate::design::{Arm, arms};
use crate::file::{Design, Kind, Measure, OWN_COLUMNS, Seeds, Source};

/// Form of `sweep.json`.
const FORMAT: u32 = 1;

/// A sweep as resolved: `sweep.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// Form of this file.
    pub format: u32,
    /// Version of the program.
    pub version: String,
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Folder against which paths in the scenario are resolved.
    pub folder: PathBuf,
    /// The scenario that is varied.
    pub scenario: Json,
    /// How points were chosen.
    pub design: Design,
    /// What is varied.
    pub columns: Vec<Column>,
    /// Arms.
    pub arms: u64,
    /// Replicates.
    pub seeds: Seeds,
    /// What is looked at.
    pub measure: Measure,
    /// Cells, those that share an address counted each.
    pub cells: u64,
}

/// A key that is varied, and how tables call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Dotted key.
    pub key: String,
    /// Name of the column.
    pub label: String,
    /// Unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A sweep and its cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The sweep.
    pub sweep: Sweep,
    /// The cells, by index.
    pub cells: Vec<Cell>,
}

impl Plan {
    /// Makes the plan of a sweep file. The scenario of every arm is made and checked.
    ///
    /// # Errors
    /// The first thing wrong with the sweep or a scenario, or a file that cannot be read.
    pub fn make(source: &Source) -> Result<Self, SweepError> {
        let path = source.scenario();
        if !path.is_file() {
            let text = format!("scenario: there is no {}", path.display());
            let help = "name a scenario file, relative to the sweep file";
            return Err(source.error("scenario", text, help).into());
        }
        scenario::load(&path)?;
        let text = fs::read_to_string(&path).map_err(|e| SweepError::Input { path: path.clone(), source: e })?;
        let base: toml::Table = text.parse().map_err(|e| scenario::from_toml(&path, &text, &e, "docs/scenarios.md"))?;
        let folder = path.parent().map(PathBuf::from).unwrap_or_default();
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        let arms = arms(&source.file);
        let cells = cells(source, &base, &arms, &folder)?;
        let file = &source.file;
        let sweep = Sweep {
            format: FORMAT,
            version: VERSION.to_owned(),
            name: file.name.clone(),
            description: file.description.clone(),
            folder,
            scenario: serde_json::to_value(&base).unwrap_or_default(),
            design: file.design,
            columns: columns(source),
            arms: arms.len() as u64,
            seeds: file.seeds,
            measure: file.measure.clone(),
            cells: cells.len() as u64,
        };
        Ok(Self { sweep, cells })
    }

    /// The scenario of a cell, its seed included.
    ///
    /// # Errors
    /// [`Fault`] where the plan was changed by hand.
    pub fn scenario(&self, cell: &Cell) -> Result<Scenario, Fault> {
        let broken = |message: String| Fault { message, help: "plan the sweep again".to_owned() };
        let base = toml::Value::try_from(&self.sweep.scenario).map_err(|e| broken(e.to_string()))?;
        let base = base.as_table().cloned().ok_or_else(|| broken("the scenario is no table".to_owned()))?;
        let value = |(key, value): (&String, &Json)| {
            toml::Value::try_from(value).map(|v| (key.clone(), v)).map_err(|e| broken(format!("{key}: {e}")))
        };
        let params = cell.params.iter().map(value).collect::<Result<BTreeMap<_, _>, _>>()?;
        let mut made = scenario_of(&base, &params, &self.sweep.folder)?;
        made.seed = cell.seed;
        Ok(made)
    }

    /// The first cell of each address: what there is to run, in order.
    #[must_use]
    pub fn unique(&self) -> Vec<&Cell> {
        let mut seen = BTreeSet::new();
        self.cells.iter().filter(|cell| seen.insert(&cell.cell)).collect()
    }

    /// Hash over the plan: which sweep it is, among others on one server.
    #[must_use]
    pub fn id(&self) -> String {
        let mut hasher = blake3::Hasher::new_derive_key("weir 2026 plan of a sweep");
        hasher.update(self.sweep.name.as_bytes());
        for cell in &self.cells {
            hasher.update(cell.cell.as_str().as_bytes());
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }

    /// The cell of an address.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.cell.as_str() == id)
    }
}

fn cells(source: &Source, base: &toml::Table, arms: &[Arm], folder: &Path) -> Result<Vec<Cell>, SweepError> {
    let mut addresses = Addresses::default();
    let mut cells = Vec::new();
    for (i, arm) in arms.iter().enumerate() {
        let made = scenario_of(base, &arm.set, folder).map_err(|f| blame(source, base, (i, arm), folder, &f))?;
        let address = addresses.of(&made)?;
        let params: BTreeMap<String, Json> =
            arm.set.iter().map(|(key, value)| (key.clone(), serde_json::to_value(value).unwrap_or_default())).collect();
        for seed in source.file.seeds.all() {
            cells.push(Cell {
                index: cells.len() as u64,
                cell: address.with(seed),
                arm: arm.name.clone(),
                params: params.clone(),
                seed,
            });
        }
    }
    Ok(cells)
}

/// Says which axis or arm makes a scenario that is none: the one that does so alone, where there is one.
fn blame(source: &Source, base: &toml::Table, (i, arm): (usize, &Arm), folder: &Path, fault: &Fault) -> ScenarioError {
    let alone = arm.set.iter().find_map(|(key, value)| {
        let one = BTreeMap::from([(key.clone(), value.clone())]);
        scenario_of(base, &one, folder).err().map(|fault| (key, value, fault))
    });
    if source.file.design.kind == Kind::List {
        let fault = alone.as_ref().map_or(fault, |(_, _, f)| f);
        let of = alone.as_ref().map_or_else(String::new, |(key, value, _)| format!(": {key} = {value}"));
        let text = format!("arm `{}`{of}: {}", arm.name, fault.message);
        return source.error(&format!("arms.{i}.set"), text, fault.help.clone());
    }
    let Some((key, value, fault)) = alone else {
        let text = format!("arm `{}`: {}", arm.name, fault.message);
        return source.error("axes", text, fault.help.clone());
    };
    let axis = source.file.axes.iter().position(|axis| axis.key == *key).unwrap_or_default();
    let text = format!("axis `{key}` at {value}: {}", fault.message);
    source.error(&format!("axes.{axis}.key"), text, fault.help)
}

/// Columns of what is varied. A label that two keys would share is the whole key instead.
fn columns(source: &Source) -> Vec<Column> {
    let axes = source.file.axes.iter().map(|a| (a.key.clone(), a.label.clone(), a.unit.clone()));
    let mut seen = BTreeSet::new();
    let of_arms = source.file.arms.iter().flat_map(|arm| arm.set.keys());
    let arms: Vec<_> = of_arms.filter(|key| seen.insert(*key)).map(|key| (key.clone(), None, None)).collect();
    let all: Vec<(String, Option<String>, Option<String>)> = axes.chain(arms).collect();
    let short = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let name = |key: &str, label: &Option<String>| label.clone().unwrap_or_else(|| short(key));
    all.iter()
        .map(|(key, label, unit)| {
            let own = name(key, label);
            let shared = all.iter().any(|(other, l, _)| other != key && name(other, l) == own);
            let shared = shared || OWN_COLUMNS.contains(&own.as_str());
            let label = if label.is_none() && shared { key.clone() } else { own };
            Column { key: key.clone(), label, unit: unit.clone() }
        })
        .collect()
}
