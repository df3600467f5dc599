//! One cell after the other in this process.

use std::fs::{self, File};
use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use weir_lab::{LabError, RunOptions, RunOutcome, RunState};

use crate::SweepError;
use crate::cell::{Addresses, Cell, CellId};
use crate::folder::{CellState, SweepFolder};
use crate::lock::Lock;

/// What became of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was finished before.
    Present,
    /// Somebody else runs it now.
    Busy,
    /// It ran, and all invariants hold.
    Done,
    /// It ran, and these invariants do not hold.
    Broken(String),
    /// It left no result, for this reason.
    Failed(String),
    /// It was given up on request; nothing of it is left.
    Cancelled,
}

/// What takes cells and runs them.
pub trait Hand {
    /// Runs a cell.
    ///
    /// # Errors
    /// What would befall every other cell, too.
    fn run(&mut self, cell: &Cell) -> Result<Outcome, SweepError>;
}

/// Runs cells in this process.
#[derive(Debug)]
pub struct Runner<'a> {
    folder: &'a SweepFolder,
    addresses: Addresses,
    cancel: Arc<AtomicBool>,
}

impl<'a> Runner<'a> {
    /// A runner for the cells of a folder; `cancel` ends the cell under way.
    #[must_use]
    pub fn new(folder: &'a SweepFolder, cancel: Arc<AtomicBool>) -> Self {
        Self { folder, addresses: Addresses::default(), cancel }
    }

    fn locked(&mut self, cell: &Cell) -> Result<Outcome, SweepError> {
        let id = &cell.cell;
        discard(self.folder.path(), id)?;
        let outcome = match self.attempt(cell) {
            Ok(outcome) => outcome,
            Err(Attempt::Cell(reason)) => {
                self.folder.record_failure(cell, CellState::Failed, &reason)?;
                Outcome::Failed(reason)
            }
            Err(Attempt::Sweep(e)) => {
                // A disk without room may have none for the reason either.
                let _ = discard(self.folder.path(), id);
                let _ = self.folder.record_failure(cell, CellState::Failed, &e.to_string());
                return Err(e);
            }
        };
        discard(self.folder.path(), id)?;
        Ok(outcome)
    }

    fn attempt(&mut self, cell: &Cell) -> Result<Outcome, Attempt> {
        let plan = self.folder.contents();
        let scenario = plan.scenario(cell).map_err(|fault| Attempt::Cell(fault.message))?;
        let address = self.addresses.of(&scenario).map_err(|e| Attempt::Cell(e.to_string()))?;
        if address.with(cell.seed) != cell.cell {
            let reason = "the plan or a file that the scenario names is not what was planned";
            return Err(Attempt::Cell(reason.to_owned()));
        }
        let out = scratch(self.folder.path(), &cell.cell);
        let options = RunOptions {
            seed: Some(cell.seed),
            out: out.clone(),
            trace: false,
            cancel: Arc::clone(&self.cancel),
            progress: None,
        };
        let made = catch_unwind(AssertUnwindSafe(|| weir_lab::run(&scenario, options)));
        let made = made.map_err(|panic| Attempt::Cell(format!("it panicked: {}", said(panic.as_ref()))))?;
        let made = made.map_err(|e| match e {
            LabError::Write { .. } | LabError::Table { .. } => {
                Attempt::Sweep(SweepError::NoRoom { cell: cell.cell.to_string(), reason: e.to_string() })
            }
            e => Attempt::Cell(e.to_string()),
        })?;
        if made.state != RunState::Done {
            return Ok(Outcome::Cancelled);
        }
        self.keep(cell, &out, &made).map_err(Attempt::Sweep)
    }

    /// Puts a result in its place, all at once.
    fn keep(&self, cell: &Cell, out: &Path, made: &RunOutcome) -> Result<Outcome, SweepError> {
        let broken: Vec<String> = made.summary.broken().map(|(name, what)| format!("{name}: {what}")).collect();
        prune(out, &self.folder.contents().sweep.measure.tables).map_err(SweepError::write(out))?;
        let place = self.folder.cell(&cell.cell);
        let above = self.folder.path().join("cells");
        fs::create_dir_all(&above).map_err(SweepError::write(&above))?;
        if !broken.is_empty() {
            // Before the result: nobody may find that without this.
            self.folder.record_failure(cell, CellState::Broken, &broken.join("; "))?;
        }
        match fs::rename(out, &place) {
            // Another that took a lock for stale was faster. Its result is the same.
            Err(_) if place.is_dir() => {}
            other => other.map_err(SweepError::write(&place))?,
        }
        sync(&above).map_err(SweepError::write(&above))?;
        if broken.is_empty() {
            self.folder.clear_failure(&cell.cell)?;
            return Ok(Outcome::Done);
        }
        Ok(Outcome::Broken(broken.join("; ")))
    }
}

/// Whom an error befalls.
enum Attempt {
    Cell(String),
    Sweep(SweepError),
}

impl Hand for Runner<'_> {
    fn run(&mut self, cell: &Cell) -> Result<Outcome, SweepError> {
        if self.folder.is_finished(&cell.cell) {
            return Ok(Outcome::Present);
        }
        let Some(_lock) = Lock::take(&self.folder.lock_path(&cell.cell))? else {
            return Ok(if self.folder.is_finished(&cell.cell) { Outcome::Present } else { Outcome::Busy });
        };
        // It may have been finished between the look and the lock.
        if self.folder.is_finished(&cell.cell) {
            return Ok(Outcome::Present);
        }
        self.locked(cell)
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word").to_owned()
}

/// Where a cell is made. The name of the process keeps two apart that both believe it theirs.
fn scratch(folder: &Path, id: &CellId) -> PathBuf {
    folder.join("tmp").join(format!("{id}.{}", std::process::id()))
}

/// Removes what earlier tries of a cell left.
pub(crate) fn discard(folder: &Path, id: &CellId) -> Result<(), SweepError> {
    let tmp = folder.join("tmp");
    let entries = match fs::read_dir(&tmp) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(SweepError::write(&tmp))?,
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(id.as_str()) {
            match fs::remove_dir_all(entry.path()) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(SweepError::write(&entry.path())(e)),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Leaves of a run folder what is kept, and has that on disk.
fn prune(out: &Path, tables: &[String]) -> io::Result<()> {
    for entry in fs::read_dir(out)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        if name == "tables" {
            for table in fs::read_dir(&path)? {
                let table = table?.path();
                let kept = table.file_stem().is_some_and(|stem| tables.iter().any(|t| stem == t.as_str()));
                if kept { sync(&table)? } else { fs::remove_file(&table)? }
            }
            sync(&path)?;
        } else if name == "summary.json" || name == "run.json" {
            sync(&path)?;
        } else if path.is_dir() {
            fs::remove_dir_all(&path)?;
        } else {
            fs::remove_file(&path)?;
        }
    }
    sync(out)
}

/// Has a file or folder on disk: a name must not come into place before what it names.
fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// What a worker process answers for a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// What became of it.
    Cell(Outcome),
    /// What would befall every other cell, too.
    Stop(String),
}

/// Runs the cells whose addresses come in, one a line, and answers each with a line of JSON: what a
/// worker process does until its input ends.
///
/// # Errors
/// When input or output fail.
pub fn serve(
    folder: &SweepFolder,
    cancel: Arc<AtomicBool>,
    input: impl BufRead,
    mut output: impl Write,
) -> Result<(), SweepError> {
    let pipe = |e: io::Error| SweepError::Write { path: PathBuf::from("standard output"), source: e };
    let mut runner = Runner::new(folder, cancel);
    for line in input.lines() {
        let id = line.map_err(SweepError::read(Path::new("standard input")))?;
        let reply = match folder.contents().find(id.trim()) {
            None => Reply::Stop(format!("the plan has no cell `{}`", id.trim())),
            Some(cell) => match runner.run(cell) {
                Ok(outcome) => Reply::Cell(outcome),
                Err(SweepError::NoRoom { reason, .. }) => Reply::Stop(reason),
                Err(e) => Reply::Stop(e.to_string()),
            },
        };
        let mut line = serde_json::to_vec(&reply).map_err(|e| pipe(e.into()))?;
        line.push(b'\n');
        output.write_all(&line).and_then(|()| output.flush()).map_err(pipe)?;
    }
    Ok(())
}
