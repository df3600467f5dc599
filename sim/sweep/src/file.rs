//! The sweep file: what is varied, how, and with which seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use weir_lab::scenario::{Problem, ScenarioError, from_toml, nearest, span_of};

use crate::sobol::DIMENSIONS_MAX;

/// The page that explains the keys.
const DOCS: &str = "docs/sweeps.md";

/// Cells of a sweep, at most: a bound on slips of the pen, not on what would run.
const CELLS_MAX: u64 = 10_000_000;

/// Names of columns that every merged table has of its own.
pub const OWN_COLUMNS: [&str; 7] = ["sweep", "index", "cell", "arm", "seed", "state", "trace_hash"];

/// A sweep as its author wrote it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepFile {
    /// Short name; part of folder and table.
    pub name: String,
    /// What the sweep is for.
    #[serde(default)]
    pub description: String,
    /// The scenario that is varied, relative to the sweep file.
    pub scenario: PathBuf,
    /// Replicates.
    pub seeds: Seeds,
    /// How points are chosen.
    pub design: Design,
    /// What is varied, for every design but a list.
    #[serde(default)]
    pub axes: Vec<Axis>,
    /// The arms of a list.
    #[serde(default)]
    pub arms: Vec<ArmEntry>,
    /// What is looked at.
    #[serde(default)]
    pub measure: Measure,
}

/// Seeds of the replicates; every arm has the same ones, so that arms can be compared in pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// How many.
    pub count: u32,
}

impl Seeds {
    /// All of them.
    pub fn all(self) -> impl Iterator<Item = u64> {
        (0..u64::from(self.count)).map(move |i| self.first.saturating_add(i))
    }
}

/// Rule by which points are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Every value of an axis with every value of the others.
    Grid,
    /// Arms by name.
    List,
    /// Every coordinate at random.
    Random,
    /// Every axis cut into as many strata as there are samples, each hit once.
    LatinHypercube,
    /// A sequence that fills the space evenly.
    Sobol,
}

/// How points are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// Rule.
    pub kind: Kind,
    /// Points, where the rule leaves their number open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<u32>,
    /// Seed of the points themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Kind {
    /// Whether it draws points from ranges.
    #[must_use]
    pub const fn samples(self) -> bool {
        matches!(self, Self::Random | Self::LatinHypercube | Self::Sobol)
    }
}

/// How an axis is divided between its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// In equal steps.
    #[default]
    Linear,
    /// In equal ratios.
    Log,
}

/// A key of the scenario and the values that it takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Dotted key; elements of lists by number.
    pub key: String,
    /// The values.
    pub values: Option<Vec<toml::Value>>,
    /// Lower end of a range.
    pub from: Option<f64>,
    /// Upper end of a range.
    pub to: Option<f64>,
    /// Points of the range on a grid, both ends included.
    pub steps: Option<u32>,
    /// How the range is divided.
    #[serde(default)]
    pub scale: Scale,
    /// Whether the range has whole numbers only.
    #[serde(default)]
    pub whole: bool,
    /// Name of the column; the last part of the key where left out.
    pub label: Option<String>,
    /// Unit, for reports.
    pub unit: Option<String>,
}

/// An arm of a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmEntry {
    /// Its name.
    pub name: String,
    /// Values by dotted key; may be none.
    #[serde(default)]
    pub set: BTreeMap<String, toml::Value>,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Figures that a report leads with.
    #[serde(default)]
    pub kpis: Vec<String>,
    /// Tables of the runs that are kept and merged.
    #[serde(default = "rounds")]
    pub tables: Vec<String>,
}

impl Default for Measure {
    fn default() -> Self {
        Self { kpis: Vec::new(), tables: rounds() }
    }
}

fn rounds() -> Vec<String> {
    vec!["rounds".to_owned()]
}

/// A sweep file that was read: its place and text are kept for errors that are found later.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Where it lies.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// What it says.
    pub file: SweepFile,
}

impl Source {
    /// Reads, parses and checks a sweep file. Its scenario is not looked at.
    ///
    /// # Errors
    /// The first thing wrong with it, with file, line and what to do.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let text = fs::read_to_string(path).map_err(|e| {
            ScenarioError::file(
                path,
                format!("cannot read the sweep: {e}"),
                format!("name an existing sweep file; {DOCS} has one to start from"),
            )
        })?;
        Self::parse(path, text)
    }

    /// Parses and checks the text of a sweep file; `path` names it in errors and anchors its own paths.
    ///
    /// # Errors
    /// The first thing wrong with it, with file, line and what to do.
    pub fn parse(path: &Path, text: String) -> Result<Self, ScenarioError> {
        let file: SweepFile = toml::from_str(&text).map_err(|e| from_toml(path, &text, &e, DOCS))?;
        let source = Self { path: path.to_owned(), text, file };
        match check(&source.file) {
            None => Ok(source),
            Some(p) => Err(source.error(&p.key, format!("{}: {}", p.key, p.message), p.help)),
        }
    }

    /// An error at a key of the file.
    #[must_use]
    pub fn error(&self, key: &str, message: impl Into<String>, help: impl Into<String>) -> ScenarioError {
        ScenarioError::at(&self.path, &self.text, span_of(&self.text, key), message, help)
    }

    /// Path of the scenario.
    #[must_use]
    pub fn scenario(&self) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(&self.file.scenario)
    }
}

fn problem(key: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem { key: key.into(), message: message.into(), help: help.into() }
}

fn check(file: &SweepFile) -> Option<Problem> {
    named(file)
        .or_else(|| seeds(file))
        .or_else(|| design(file))
        .or_else(|| file.axes.iter().enumerate().find_map(|(i, axis)| shape(file, i, axis)))
        .or_else(|| keys(file))
        .or_else(|| arms(file))
        .or_else(|| measure(&file.measure))
        .or_else(|| size(file))
}

fn named(file: &SweepFile) -> Option<Problem> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    (file.name.is_empty() || !file.name.chars().all(plain)).then(|| {
        problem("name", format!("`{}` cannot name a folder", file.name), "use lower-case letters, digits, - and _")
    })
}

fn seeds(file: &SweepFile) -> Option<Problem> {
    let Seeds { first, count } = file.seeds;
    if count == 0 {
        return Some(problem("seeds.count", "no seed, no run", "give 1 or more"));
    }
    let last = first.checked_add(u64::from(count) - 1).filter(|last| i64::try_from(*last).is_ok());
    last.is_none().then(|| problem("seeds.first", format!("{first} is too large"), "the last seed must be below 2^63"))
}

fn design(file: &SweepFile) -> Option<Problem> {
    let Design { kind, samples, seed } = file.design;
    let list = kind == Kind::List;
    if list && file.arms.is_empty() {
        return Some(problem("design.kind", "a list without arms", "add [[arms]], or choose another kind"));
    }
    if list && !file.axes.is_empty() {
        return Some(problem("axes", "a list has arms, not axes", "remove [[axes]], or choose another kind"));
    }
    if !list && file.axes.is_empty() {
        return Some(problem("design.kind", "nothing is varied", "add [[axes]], or choose `list` and add [[arms]]"));
    }
    if !list && !file.arms.is_empty() {
        return Some(problem("arms", "only a list has arms", "remove [[arms]], or choose `list`"));
    }
    match samples {
        None if kind.samples() => {
            return Some(problem("design", "how many points is not said", "add `samples = …`"));
        }
        Some(0) => return Some(problem("design.samples", "no point, no run", "give 1 or more")),
        Some(_) if !kind.samples() => {
            return Some(problem("design.samples", "a grid and a list say themselves how many they are", "remove it"));
        }
        _ => {}
    }
    if seed.is_some() && !kind.samples() {
        return Some(problem(
            "design.seed",
            "nothing is drawn in a grid or a list",
            "remove it; [seeds] are the runs'",
        ));
    }
    (kind == Kind::Sobol && file.axes.len() > DIMENSIONS_MAX).then(|| {
        let help = format!("vary at most {DIMENSIONS_MAX} keys, or choose `latin_hypercube`");
        problem("design.kind", format!("{} axes are too many for a Sobol sequence", file.axes.len()), help)
    })
}

/// What is wrong with the values of an axis.
fn shape(file: &SweepFile, i: usize, axis: &Axis) -> Option<Problem> {
    let at = |key: &str| format!("axes.{i}.{key}");
    if let Some(values) = &axis.values {
        let ranged = [axis.from.is_some(), axis.to.is_some(), axis.steps.is_some(), axis.whole];
        if ranged.contains(&true) || axis.scale != Scale::Linear {
            return Some(problem(at("values"), "an axis has values or a range, not both", "remove one of them"));
        }
        if values.is_empty() {
            return Some(problem(at("values"), "no value, no run", "list one or more"));
        }
        let twice = values.iter().enumerate().find(|(j, value)| values[..*j].contains(value));
        return twice.map(|(j, value)| problem(format!("axes.{i}.values.{j}"), format!("{value} twice"), "remove one"));
    }
    let (Some(from), Some(to)) = (axis.from, axis.to) else {
        return Some(problem(at("key"), "no values", "add `values = […]`, or `from` and `to`"));
    };
    if !(from.is_finite() && to.is_finite() && from < to) {
        return Some(problem(at("from"), format!("{from} is not below {to}"), "give the lower end first"));
    }
    if axis.scale == Scale::Log && from <= 0.0 {
        return Some(problem(at("from"), "a scale of ratios starts above 0", "raise it, or choose `linear`"));
    }
    if axis.whole && (from.fract() != 0.0 || to.fract() != 0.0 || from.abs().max(to.abs()) > 9e15) {
        return Some(problem(at("whole"), "the ends are no whole numbers", "round them, or remove `whole`"));
    }
    match (axis.steps, file.design.kind) {
        (None | Some(0 | 1), Kind::Grid) => {
            Some(problem(at("from"), "a range on a grid needs steps", "add `steps = …`, 2 or more"))
        }
        (Some(n), Kind::Grid) if axis.whole && f64::from(n) > to - from + 1.0 => {
            Some(problem(at("steps"), format!("fewer than {n} whole numbers lie in the range"), "take fewer steps"))
        }
        (Some(_), kind) if kind.samples() => {
            Some(problem(at("steps"), "points are drawn from the whole range", "remove it, or choose `grid`"))
        }
        _ => None,
    }
}

fn keys(file: &SweepFile) -> Option<Problem> {
    let mut labels = BTreeSet::new();
    for (i, axis) in file.axes.iter().enumerate() {
        let at = |key: &str| format!("axes.{i}.{key}");
        if let Some(p) = key(&axis.key) {
            return Some(Problem { key: at("key"), ..p });
        }
        let inside = |other: &str| axis.key == other || axis.key.starts_with(&format!("{other}."));
        let others = file.axes.iter().enumerate().filter(|(j, _)| *j != i);
        if let Some((_, other)) = others.into_iter().find(|(_, other)| inside(&other.key)) {
            let text = format!("`{}` is set by axis `{}` already", axis.key, other.key);
            return Some(problem(at("key"), text, "vary each key on one axis"));
        }
        if let Some(label) = &axis.label {
            let plain = |c: char| c.is_alphanumeric() || "_-. ".contains(c);
            if label.is_empty() || !label.chars().all(plain) || OWN_COLUMNS.contains(&label.as_str()) {
                return Some(problem(at("label"), format!("`{label}` cannot name a column"), "choose another word"));
            }
            if !labels.insert(label) {
                return Some(problem(at("label"), format!("two axes are called `{label}`"), "choose another word"));
            }
        }
    }
    None
}

fn key(key: &str) -> Option<Problem> {
    if key == "seed" {
        return Some(problem(key, "seeds are no axis", "say in [seeds] which there are"));
    }
    let empty = key.split('.').any(|part| part.trim() != part || part.is_empty());
    empty.then(|| problem(key, format!("`{key}` is no key"), "write it as `table.key`"))
}

fn arms(file: &SweepFile) -> Option<Problem> {
    let mut names = BTreeSet::new();
    for (i, arm) in file.arms.iter().enumerate() {
        let at = |key: &str| format!("arms.{i}.{key}");
        if arm.name.is_empty() || !names.insert(&arm.name) {
            return Some(problem(at("name"), format!("`{}` is no name of its own", arm.name), "name each arm once"));
        }
        if let Some(p) = arm.set.keys().find_map(|k| key(k)) {
            return Some(Problem { key: at("set"), ..p });
        }
    }
    None
}

fn measure(measure: &Measure) -> Option<Problem> {
    let tables = weir_lab::table_names();
    let figures = weir_lab::figure_names();
    let figures: Vec<&str> = figures.iter().map(String::as_str).collect();
    unknown("measure.tables", "table", &measure.tables, &tables)
        .or_else(|| unknown("measure.kpis", "figure", &measure.kpis, &figures))
}

fn unknown(key: &str, what: &str, names: &[String], known: &[&str]) -> Option<Problem> {
    let (i, name) = names.iter().enumerate().find(|(_, name)| !known.contains(&name.as_str()))?;
    let help = match nearest(name, known) {
        Some(n) => format!("did you mean `{n}`? There are {}", known.join(", ")),
        None => format!("there are {}", known.join(", ")),
    };
    Some(problem(format!("{key}.{i}"), format!("a run has no {what} `{name}`"), help))
}

fn size(file: &SweepFile) -> Option<Problem> {
    let points = match file.design {
        Design { samples: Some(n), .. } => u64::from(n),
        Design { kind: Kind::List, .. } => file.arms.len() as u64,
        _ => file.axes.iter().fold(1, |n: u64, axis| {
            n.saturating_mul(axis.values.as_ref().map_or(u64::from(axis.steps.unwrap_or(1)), |v| v.len() as u64))
        }),
    };
    let cells = points.saturating_mul(u64::from(file.seeds.count));
    (cells > CELLS_MAX).then(|| {
        let text = format!("{points} points with {} seeds each are {cells} cells", file.seeds.count);
        problem("seeds.count", text, format!("at most {CELLS_MAX} are planned; take fewer seeds, steps or samples"))
    })
}
