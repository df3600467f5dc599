//! A sweep folder as plain values.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::constraint::{self, Constraint};
use crate::ReportError;
use crate::kpi::Kpi;
use crate::read::json;
use crate::table::Table;
use crate::text;

/// Lead figures of a sweep that names none, most telling first.
const LEAD: [&str; 8] = [
    "bonding_rate",
    "minted_lpt",
    "fees_eth",
    "success_rate",
    "latency_ms_p95",
    "tickets_redeemed",
    "gas_eth",
    "swaps",
];
/// Lead figures that are chosen for it.
const LEAD_MAX: usize = 4;

/// The parts of `sweep.json` that are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SweepFile {
    pub(crate) version: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) scenario: Value,
    pub(crate) design: Design,
    pub(crate) columns: Vec<Column>,
    pub(crate) seeds: Seeds,
    pub(crate) measure: Measure,
    pub(crate) cells: u64,
}

/// How points were chosen.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Design {
    pub(crate) kind: String,
    pub(crate) samples: Option<u64>,
    pub(crate) seed: Option<u64>,
}

/// What is varied.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Column {
    pub(crate) key: String,
    pub(crate) label: String,
    pub(crate) unit: Option<String>,
}

/// Replicates.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Seeds {
    pub(crate) first: u64,
    pub(crate) count: u64,
}

/// What is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Measure {
    pub(crate) kpis: Vec<String>,
    pub(crate) constraints: Vec<String>,
}

/// All that a sweep's report is made of.
pub(crate) struct Sweep {
    pub(crate) dir: PathBuf,
    pub(crate) file: SweepFile,
    pub(crate) axes: Vec<Axis>,
    pub(crate) cells: Vec<Cell>,
    /// Arms, in the order of the plan.
    pub(crate) arms: Vec<Arm>,
    /// All figures by name, a value per cell.
    pub(crate) figures: BTreeMap<String, Vec<Option<f64>>>,
    /// Those that the report leads with.
    pub(crate) lead: Vec<Kpi>,
    pub(crate) constraints: Vec<Constraint>,
    /// Constraints that cannot be held against anything, and why.
    pub(crate) misread: Vec<String>,
    pub(crate) rounds: Vec<Series>,
    pub(crate) failures: Vec<Failure>,
}

/// A finished cell.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) seed: u64,
    pub(crate) state: String,
    pub(crate) trace_hash: String,
}

/// An arm and its cells.
#[derive(Debug, Clone)]
pub(crate) struct Arm {
    pub(crate) name: String,
    /// Rows of its cells.
    pub(crate) rows: Vec<usize>,
}

/// What is varied, with a value per cell.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    pub(crate) key: String,
    pub(crate) label: String,
    pub(crate) unit: Option<String>,
    pub(crate) texts: Vec<Option<String>>,
    /// Where all of them are numbers.
    pub(crate) numbers: Option<Vec<f64>>,
}

/// A column of the rounds of all cells.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) kpi: Kpi,
    /// Arm, cell, round, value.
    pub(crate) points: Vec<(usize, String, u64, f64)>,
}

/// Why a cell is not as it should be.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Failure {
    pub(crate) index: u64,
    pub(crate) arm: String,
    pub(crate) seed: u64,
    pub(crate) state: String,
    pub(crate) reason: String,
}

impl Axis {
    /// Label and unit, for an axis of a chart.
    pub(crate) fn title(&self) -> String {
        match &self.unit {
            Some(unit) => format!("{} ({unit})", self.label),
            None => self.label.clone(),
        }
    }

    /// The values that occur, in order.
    pub(crate) fn levels(&self) -> Vec<f64> {
        let mut levels = self.numbers.clone().unwrap_or_default();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        levels
    }

    /// The texts that occur, in the order of the plan.
    pub(crate) fn words(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        self.texts.iter().flatten().map(String::as_str).filter(|t| seen.insert(*t)).collect()
    }
}

impl Sweep {
    /// Reads a sweep folder that was merged.
    pub(crate) fn read(dir: &Path) -> Result<Self, ReportError> {
        let file: SweepFile =
            json(&dir.join("sweep.json"))?.ok_or_else(|| ReportError::NotASweep { path: dir.to_owned() })?;
        let merged = dir.join("merged");
        let cells = Table::open(&merged, "cells")?.ok_or_else(|| ReportError::NotMerged { path: dir.to_owned() })?;
        let names = cells.names();
        if names.is_empty() {
            return Err(ReportError::NotMerged { path: dir.to_owned() });
        }
        let axes = file.columns.iter().map(|c| axis(&cells, c)).collect::<Result<Vec<_>, _>>()?;
        let figures = figures(&cells, &names)?;
        let arms = arms(&cells.texts("arm")?);
        let lead = lead(&file.measure.kpis, &figures);
        let (constraints, misread) = constraint::parse(&file.measure.constraints, &figures);
        let rounds = series(&merged, &arms)?;
        let arms = arms.into_iter().map(|a| Arm { name: tidy(&a.name), ..a }).collect();
        Ok(Self {
            dir: dir.to_owned(),
            cells: rows(&cells)?,
            failures: failures(&dir.join("failed"))?,
            file,
            axes,
            arms,
            figures,
            lead,
            constraints,
            misread,
            rounds,
        })
    }

    /// A figure's values in the cells of an arm.
    pub(crate) fn of_arm(&self, figure: &str, arm: &Arm) -> Vec<f64> {
        self.of_rows(figure, &arm.rows).into_iter().flatten().collect()
    }

    fn of_rows(&self, figure: &str, rows: &[usize]) -> Vec<Option<f64>> {
        self.figures.get(figure).map_or_else(Vec::new, |v| rows.iter().map(|i| v[*i]).collect())
    }

    /// The same by seed.
    pub(crate) fn by_seed(&self, figure: &str, arm: &Arm) -> BTreeMap<u64, f64> {
        let values = self.of_rows(figure, &arm.rows);
        arm.rows.iter().zip(values).filter_map(|(row, v)| Some((self.cells[*row].seed, v?))).collect()
    }

    /// Whether points were drawn rather than laid out.
    pub(crate) fn sampled(&self) -> bool {
        matches!(self.file.design.kind.as_str(), "random" | "latin_hypercube" | "sobol")
    }

    /// Whether a figure differs between cells at all.
    pub(crate) fn varies(&self, figure: &str) -> bool {
        self.figures.get(figure).is_some_and(|v| varies(v))
    }

    /// Lead figures that differ between cells: what there are charts of.
    pub(crate) fn charted(&self) -> Vec<&Kpi> {
        self.lead.iter().filter(|k| self.varies(&k.name)).take(6).collect()
    }

    /// Cells whose state is one.
    pub(crate) fn count(&self, state: &str) -> usize {
        self.cells.iter().filter(|c| c.state == state).count()
    }
}

fn varies(values: &[Option<f64>]) -> bool {
    let mut all = values.iter().flatten();
    all.next().is_some_and(|first| all.any(|v| v != first))
}

/// The merged table calls an axis by its label, or by its key where a figure has that name already.
fn axis(cells: &Table, c: &Column) -> Result<Axis, ReportError> {
    let whole = format!("scenario.{}", c.key);
    let name = [whole.as_str(), c.key.as_str(), c.label.as_str()].into_iter().find(|n| cells.has(n));
    let name = name.unwrap_or(&c.label);
    let texts = cells.maybe_texts(name)?;
    let numbers = if cells.is_numeric(name) {
        cells.maybe_numbers(name)?.into_iter().collect::<Option<Vec<f64>>>()
    } else {
        None
    };
    Ok(Axis { key: c.key.clone(), label: c.label.clone(), unit: c.unit.clone(), texts, numbers })
}

/// Figures stand behind the trace hash.
fn figures(cells: &Table, names: &[String]) -> Result<BTreeMap<String, Vec<Option<f64>>>, ReportError> {
    let behind = names.iter().skip_while(|n| *n != "trace_hash").skip(1);
    behind.filter(|n| cells.is_numeric(n)).map(|n| Ok((n.clone(), cells.maybe_numbers(n)?))).collect()
}

fn arms(names: &[String]) -> Vec<Arm> {
    let mut arms: Vec<Arm> = Vec::new();
    let mut at: BTreeMap<&str, usize> = BTreeMap::new();
    for (row, name) in names.iter().enumerate() {
        let i = *at.entry(name).or_insert_with(|| {
            arms.push(Arm { name: name.clone(), rows: Vec::new() });
            arms.len() - 1
        });
        arms[i].rows.push(row);
    }
    arms
}

/// An arm's name without what binary fractions leave of decimal ones: `x=0.6000000000000001`.
fn tidy(name: &str) -> String {
    let part = |part: &str| {
        let (label, value) = part.split_once('=')?;
        let number: f64 = value.parse().ok().filter(|_| value.len() > 12)?;
        Some(format!("{label}={}", text::decimal(number)))
    };
    name.split(',').map(|p| part(p).unwrap_or_else(|| p.to_owned())).collect::<Vec<_>>().join(",")
}

fn rows(cells: &Table) -> Result<Vec<Cell>, ReportError> {
    let (seed, state, hash) = (cells.wholes("seed")?, cells.texts("state")?, cells.texts("trace_hash")?);
    let row = |((seed, state), trace_hash)| Cell { seed, state, trace_hash };
    Ok(seed.into_iter().zip(state).zip(hash).map(row).collect())
}

fn lead(named: &[String], figures: &BTreeMap<String, Vec<Option<f64>>>) -> Vec<Kpi> {
    let there = |name: &&str| figures.get(*name).is_some_and(|v| v.iter().any(Option::is_some));
    let wanted: Vec<&str> = named.iter().map(String::as_str).filter(there).collect();
    if !wanted.is_empty() {
        return wanted.into_iter().map(Kpi::of).collect();
    }
    let differs = |name: &&str| figures.get(*name).is_some_and(|v| varies(v));
    let rest = figures.keys().map(String::as_str).filter(|n| !LEAD.contains(n));
    let chosen: Vec<Kpi> = LEAD.into_iter().chain(rest).filter(differs).take(LEAD_MAX).map(Kpi::of).collect();
    if chosen.is_empty() { LEAD.into_iter().filter(there).take(LEAD_MAX).map(Kpi::of).collect() } else { chosen }
}

/// Columns of the merged rounds; none where they were not kept.
fn series(merged: &Path, arms: &[Arm]) -> Result<Vec<Series>, ReportError> {
    let Some(table) = Table::open(merged, "rounds")? else { return Ok(Vec::new()) };
    if !table.has("round") || !table.has("arm") || !table.has("cell") {
        return Ok(Vec::new());
    }
    let index: BTreeMap<&str, usize> = arms.iter().enumerate().map(|(i, a)| (a.name.as_str(), i)).collect();
    let (arm, cell, round) = (table.texts("arm")?, table.texts("cell")?, table.wholes("round")?);
    let mut out = Vec::new();
    for name in ["inflation_ppb", "bonding_rate", "minted_lpt"].into_iter().filter(|n| table.has(n)) {
        let values = table.maybe_numbers(name)?;
        let point = |i: usize| Some((*index.get(arm[i].as_str())?, cell[i].clone(), round[i], values[i]?));
        let mut kpi = Kpi::of(name);
        if name == "minted_lpt" {
            // The rounds have what the contract minted, the figures what stakers got of it.
            kpi.label = "new LPT, with the treasury’s part".to_owned();
        }
        out.push(Series { kpi, points: (0..values.len()).filter_map(point).collect() });
    }
    Ok(out)
}

fn failures(folder: &Path) -> Result<Vec<Failure>, ReportError> {
    let Ok(files) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = files.filter_map(|f| Some(f.ok()?.path())).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    let mut all = paths.iter().filter_map(|p| json::<Failure>(p).transpose()).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|f| f.index);
    Ok(all)
}
