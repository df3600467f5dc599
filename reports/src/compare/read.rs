//! Runs and their courses by round.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::ReportError;
use crate::kpi::Kpi;
use crate::read::Run;
use crate::table::Table;

/// Runs that are compared.
pub(crate) struct Runs {
    pub(crate) runs: Vec<Run>,
    pub(crate) courses: Vec<Course>,
}

/// A figure by round, for each run.
pub(crate) struct Course {
    pub(crate) kpi: Kpi,
    /// Whether rounds add up to something.
    pub(crate) adds: bool,
    /// By run: round of the run, from 1, and value.
    pub(crate) lines: Vec<Vec<(u64, f64)>>,
    pub(crate) tables: &'static [&'static str],
}

/// Letters that name the runs.
pub(crate) const LETTERS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

impl Runs {
    /// Reads run folders: two at least, and as many as there are letters at most.
    pub(crate) fn read(dirs: &[PathBuf]) -> Result<Self, ReportError> {
        if dirs.len() < 2 || dirs.len() > LETTERS.len() {
            return Err(ReportError::Count { given: dirs.len(), most: LETTERS.len() });
        }
        let runs = dirs.iter().map(|d| Run::read(d)).collect::<Result<Vec<_>, _>>()?;
        let firsts = dirs.iter().map(|d| first(d)).collect::<Result<Vec<_>, _>>()?;
        let mut courses = Vec::new();
        for (name, table, column, adds) in COLUMNS {
            let lines = dirs.iter().zip(&firsts).map(|(d, f)| line(d, *f, table[0], column, adds));
            let lines = lines.collect::<Result<Vec<_>, _>>()?;
            let varies = lines.iter().flatten().any(|p| p.1 != 0.0);
            if lines.iter().filter(|l| !l.is_empty()).count() > 1 && varies {
                courses.push(Course { kpi: Kpi::of(name), adds, lines, tables: table });
            }
        }
        Ok(Self { runs, courses })
    }

    /// Letter and name of a run.
    pub(crate) fn label(&self, i: usize) -> String {
        let run = &self.runs[i];
        let seed = run.file.seed.map_or_else(String::new, |s| format!(", seed {s}"));
        format!("{}: {}{seed}", LETTERS[i], run.name())
    }
}

/// Figure, table, column (none counts rows) and whether its rounds add up.
type Column = (&'static str, &'static [&'static str], Option<&'static str>, bool);

const COLUMNS: [Column; 6] = [
    ("inflation_ppb", &["rounds"], Some("inflation_ppb"), false),
    ("bonding_rate", &["rounds"], Some("bonding_rate"), false),
    ("minted_lpt", &["rewards"], Some("lpt"), true),
    ("fees_eth", &["transcoders"], Some("fees_eth"), true),
    ("redemptions", &["redemptions"], None, true),
    ("gas_eth", &["gas"], Some("fee_eth"), true),
];

/// First round of a run.
fn first(dir: &Path) -> Result<u64, ReportError> {
    for name in ["rounds", "transcoders"] {
        let Some(t) = Table::open(&dir.join("tables"), name)?.filter(|t| t.has("round")) else { continue };
        if let Some(first) = t.wholes("round")?.into_iter().min() {
            return Ok(first);
        }
    }
    Ok(0)
}

/// A column summed up by round; a round without rows counts as nothing where rounds add up.
fn line(dir: &Path, first: u64, table: &str, column: Option<&str>, adds: bool) -> Result<Vec<(u64, f64)>, ReportError> {
    let Some(t) = Table::open(&dir.join("tables"), table)? else { return Ok(Vec::new()) };
    if !t.has("round") || column.is_some_and(|c| !t.has(c)) {
        return Ok(Vec::new());
    }
    let rounds = t.wholes("round")?;
    let values = column.map_or_else(|| Ok(vec![1.0; rounds.len()]), |c| t.numbers(c))?;
    let mut sums: BTreeMap<u64, f64> = BTreeMap::new();
    for (round, v) in rounds.iter().zip(values) {
        // What happened before the first round is part of the set-up.
        if let Some(round) = (round + 1).checked_sub(first).filter(|r| *r > 0) {
            *sums.entry(round).or_default() += v;
        }
    }
    if adds {
        let last = sums.keys().next_back().copied().unwrap_or(0);
        for round in 1..=last.min(100_000) {
            sums.entry(round).or_default();
        }
    }
    Ok(sums.into_iter().collect())
}
