//! A sweep folder: the plan, finished cells, failures.
//!
//! | path | what it holds |
//! |---|---|
//! | `sweep.json`, `cells.jsonl` | the plan |
//! | `cells/ID/` | a finished cell; it is there whole or not at all |
//! | `failed/ID.json` | why a cell failed, or which invariant broke in it |
//! | `locks/ID.json` | who runs a cell |
//! | `tmp/` | cells under way |
//! | `merged/` | tables over all cells |

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use weir_lab::Summary;

use crate::SweepError;
use crate::cell::{Cell, CellId, VERSION};
use crate::lock;
use crate::plan::{Plan, Sweep};

/// How a cell that was run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellState {
    /// It ran, and all invariants hold.
    Done,
    /// It ran, and an invariant does not hold. It is kept, and not run again.
    Broken,
    /// It left no result. It is run again when it is asked for.
    Failed,
}

impl CellState {
    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Broken => "broken",
            Self::Failed => "failed",
        }
    }
}

/// Why a cell is not as it should be: `failed/ID.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureRecord {
    /// Place in the plan.
    pub index: u64,
    /// Address.
    pub cell: CellId,
    /// Arm.
    pub arm: String,
    /// Seed.
    pub seed: u64,
    /// Failed or broken.
    pub state: CellState,
    /// Why.
    pub reason: String,
}

/// How far a sweep is. Cells that share an address count once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Status {
    /// Cells of the plan.
    pub planned: u64,
    /// Those with a result, broken ones among them.
    pub finished: u64,
    /// Those that somebody runs now.
    pub running: u64,
    /// Those that failed at the last try.
    pub failed: u64,
    /// Those that finished with a broken invariant.
    pub broken: u64,
    /// Those without a result, running and failed ones among them.
    pub remaining: u64,
}

/// A folder with a plan.
#[derive(Debug, Clone)]
pub struct SweepFolder {
    path: PathBuf,
    plan: Plan,
}

impl SweepFolder {
    /// Writes a plan into a folder. One that holds this plan already stays as it is.
    ///
    /// # Errors
    /// [`SweepError::OtherPlan`] when it holds another, and what the file system says.
    pub fn plan(path: &Path, plan: Plan) -> Result<Self, SweepError> {
        if path.join("sweep.json").exists() {
            let held = read_plan(path)?;
            return match difference(&held, &plan) {
                None => Ok(Self { path: path.to_owned(), plan: held }),
                Some(what) => Err(SweepError::OtherPlan { path: path.to_owned(), what }),
            };
        }
        fs::create_dir_all(path).map_err(SweepError::write(path))?;
        let mut lines = Vec::new();
        for cell in &plan.cells {
            let line = serde_json::to_vec(cell).map_err(|e| SweepError::write(path)(e.into()))?;
            lines.extend_from_slice(&line);
            lines.push(b'\n');
        }
        write_whole(&path.join("cells.jsonl"), &lines)?;
        // Last, since it is what makes a plan of the folder.
        write_json(&path.join("sweep.json"), &plan.sweep)?;
        Ok(Self { path: path.to_owned(), plan })
    }

    /// Opens a folder that was planned.
    ///
    /// # Errors
    /// When there is no plan in it, or one of another version.
    pub fn open(path: &Path) -> Result<Self, SweepError> {
        let plan = read_plan(path)?;
        if plan.sweep.version != VERSION {
            let planned = plan.sweep.version;
            return Err(SweepError::Version { path: path.to_owned(), planned, own: VERSION.to_owned() });
        }
        Ok(Self { path: path.to_owned(), plan })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its plan.
    #[must_use]
    pub const fn contents(&self) -> &Plan {
        &self.plan
    }

    /// Folder of a finished cell.
    #[must_use]
    pub fn cell(&self, id: &CellId) -> PathBuf {
        self.path.join("cells").join(id.as_str())
    }

    /// Whether a cell is finished.
    #[must_use]
    pub fn is_finished(&self, id: &CellId) -> bool {
        self.cell(id).is_dir()
    }

    /// Figures of a finished cell.
    ///
    /// # Errors
    /// [`SweepError::Read`] when they cannot be read.
    pub fn summary(&self, id: &CellId) -> Result<Summary, SweepError> {
        let path = self.cell(id).join("summary.json");
        let text = fs::read(&path).map_err(SweepError::read(&path))?;
        serde_json::from_slice(&text).map_err(SweepError::read(&path))
    }

    /// Records why a cell is not as it should be.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record_failure(&self, cell: &Cell, state: CellState, reason: &str) -> Result<(), SweepError> {
        let record = FailureRecord {
            index: cell.index,
            cell: cell.cell.clone(),
            arm: cell.arm.clone(),
            seed: cell.seed,
            state,
            reason: reason.to_owned(),
        };
        let folder = self.path.join("failed");
        fs::create_dir_all(&folder).map_err(SweepError::write(&folder))?;
        write_json(&self.failure_path(&cell.cell), &record)
    }

    /// Forgets that a cell failed.
    ///
    /// # Errors
    /// When the record is there and cannot be removed.
    pub fn clear_failure(&self, id: &CellId) -> Result<(), SweepError> {
        let path = self.failure_path(id);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(SweepError::write(&path)(e)),
            _ => Ok(()),
        }
    }

    /// Why a cell is not as it should be, if it is not.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn failure(&self, id: &CellId) -> Result<Option<FailureRecord>, SweepError> {
        let path = self.failure_path(id);
        match fs::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(SweepError::read(&path)(e)),
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(SweepError::read(&path)),
        }
    }

    /// Path of a cell's lock.
    #[must_use]
    pub fn lock_path(&self, id: &CellId) -> PathBuf {
        self.path.join("locks").join(format!("{id}.json"))
    }

    fn failure_path(&self, id: &CellId) -> PathBuf {
        self.path.join("failed").join(format!("{id}.json"))
    }

    /// How far the sweep is.
    ///
    /// # Errors
    /// When a record of a failure cannot be read.
    pub fn status(&self) -> Result<Status, SweepError> {
        let mut status = Status::default();
        for cell in self.plan.unique() {
            status.planned += 1;
            let failure = self.failure(&cell.cell)?;
            if self.is_finished(&cell.cell) {
                status.finished += 1;
                status.broken += u64::from(failure.is_some_and(|f| f.state == CellState::Broken));
                continue;
            }
            status.remaining += 1;
            if lock::is_held(&self.lock_path(&cell.cell)) {
                status.running += 1;
            } else {
                status.failed += u64::from(failure.is_some());
            }
        }
        Ok(status)
    }
}

fn read_plan(path: &Path) -> Result<Plan, SweepError> {
    let no_plan = |reason: String| SweepError::NoPlan { path: path.to_owned(), reason };
    let text = fs::read(path.join("sweep.json")).map_err(|e| no_plan(format!("sweep.json: {e}")))?;
    let sweep: Sweep = serde_json::from_slice(&text).map_err(|e| no_plan(format!("sweep.json: {e}")))?;
    let file = File::open(path.join("cells.jsonl")).map_err(|e| no_plan(format!("cells.jsonl: {e}")))?;
    let mut cells = Vec::new();
    for (i, line) in BufReader::new(file).lines().enumerate() {
        let at = |e: &dyn std::fmt::Display| no_plan(format!("cells.jsonl:{}: {e}", i + 1));
        let cell: Cell = serde_json::from_str(&line.map_err(|e| at(&e))?).map_err(|e| at(&e))?;
        if cell.index != i as u64 {
            return Err(at(&format!("cell {} stands here", cell.index)));
        }
        cells.push(cell);
    }
    if cells.len() as u64 != sweep.cells {
        return Err(no_plan(format!("cells.jsonl has {} of {} cells", cells.len(), sweep.cells)));
    }
    Ok(Plan { sweep, cells })
}

/// Where two plans differ. The folder of the scenario does not count: its files are part of addresses.
fn difference(held: &Plan, new: &Plan) -> Option<String> {
    let folder = new.sweep.folder.clone();
    if held.sweep.version != new.sweep.version {
        return Some(format!("it was made by weir {}, and this is weir {VERSION}", held.sweep.version));
    }
    if held.sweep.name != new.sweep.name {
        return Some(format!("it is of the sweep `{}`", held.sweep.name));
    }
    if held.cells.len() != new.cells.len() {
        return Some(format!("it has {} cells and the new one {}", held.cells.len(), new.cells.len()));
    }
    if let Some((a, b)) = held.cells.iter().zip(&new.cells).find(|(a, b)| a != b) {
        let what = if a.cell == b.cell { "is called otherwise" } else { "is another run" };
        return Some(format!("cell {} (arm `{}`, seed {}) {what}", a.index, b.arm, b.seed));
    }
    (Sweep { folder, ..held.sweep.clone() } != new.sweep).then(|| "its description or what it measures".to_owned())
}

/// Writes a file as JSON, whole or not at all.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), SweepError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|e| SweepError::write(path)(e.into()))?;
    text.push(b'\n');
    write_whole(path, &text)
}

/// Writes a file whole or not at all, also where several processes write it at once.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), SweepError> {
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&part, path)).map_err(|e| {
        // What is left of it is of no use.
        let _ = fs::remove_file(&part);
        SweepError::write(path)(e)
    })
}
