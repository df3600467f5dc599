//! Runs what of a selection is not finished, in this process or in several others.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use crate::SweepError;
use crate::cell::Cell;
use crate::folder::{CellState, FailureRecord, SweepFolder};
use crate::pool::{Crew, Worker, WorkerCommand};
use crate::runner::{Hand, Outcome, Runner};
use crate::select::Selection;

/// Time between two looks at what others have under way.
const PATIENCE: Duration = Duration::from_millis(200);

/// Called after each cell.
pub type OnCell = Box<dyn Fn(&Tick<'_>) + Send + Sync>;

/// How a sweep is run.
pub struct SweepOptions {
    /// Which cells.
    pub selection: Selection,
    /// Worker processes and how they are started; none runs the cells in this process.
    pub workers: Option<(usize, WorkerCommand)>,
    /// Set from outside to stop.
    pub cancel: Arc<AtomicBool>,
    /// Called after each cell.
    pub progress: Option<OnCell>,
}

/// How far a run of a sweep is.
#[derive(Debug, Clone, Copy)]
pub struct Tick<'a> {
    /// Cells that are through.
    pub done: u64,
    /// Cells in all.
    pub all: u64,
    /// Those among them that failed or broke.
    pub bad: u64,
    /// The last one.
    pub cell: &'a Cell,
}

/// What a run of a sweep came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SweepReport {
    /// Cells that were asked for.
    pub selected: u64,
    /// Those that were finished before.
    pub present: u64,
    /// Those that were run now, whatever came of them.
    pub ran: u64,
    /// Those that left no result.
    pub failed: Vec<FailureRecord>,
    /// Those, run now or before, in which an invariant does not hold.
    pub broken: Vec<FailureRecord>,
    /// Whether it was stopped before all were through.
    pub cancelled: bool,
}

/// Runs what of a selection is not finished. When it returns, every cell that was asked for has a
/// result or a reason, unless it was cancelled.
///
/// # Errors
/// What keeps all cells from being run: a folder that cannot be written, a worker that does not start.
pub fn run(folder: &SweepFolder, options: SweepOptions) -> Result<SweepReport, SweepError> {
    let SweepOptions { selection, workers, cancel, progress } = options;
    let cells = selection.of(folder.contents())?;
    let desk = Desk {
        state: Mutex::new(State { todo: cells.iter().copied().collect(), ..State::default() }),
        all: cells.len() as u64,
        cancel: Arc::clone(&cancel),
        progress,
    };
    match workers {
        None => work(&mut Runner::new(folder, cancel), &desk),
        Some((n, command)) => pool(folder, n.min(cells.len()), &command, &desk),
    }
    let mut state = desk.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(e) = state.stopped.take() {
        return Err(e);
    }
    report(folder, &cells, &state)
}

fn report(folder: &SweepFolder, cells: &[&Cell], state: &State<'_>) -> Result<SweepReport, SweepError> {
    let mut report = SweepReport {
        selected: cells.len() as u64,
        present: state.present,
        ran: state.ran,
        failed: Vec::new(),
        broken: Vec::new(),
        cancelled: state.present + state.ran < cells.len() as u64,
    };
    for cell in cells {
        match (folder.failure(&cell.cell)?, folder.is_finished(&cell.cell)) {
            (Some(f), true) if f.state == CellState::Broken => report.broken.push(f),
            (Some(f), false) => report.failed.push(f),
            _ => {}
        }
    }
    Ok(report)
}

/// Where workers get their cells and bring back what became of them.
struct Desk<'a> {
    state: Mutex<State<'a>>,
    all: u64,
    cancel: Arc<AtomicBool>,
    progress: Option<OnCell>,
}

#[derive(Default)]
struct State<'a> {
    todo: VecDeque<&'a Cell>,
    /// Under way in other processes: looked at again when nothing else is left.
    elsewhere: VecDeque<&'a Cell>,
    present: u64,
    ran: u64,
    bad: u64,
    stopped: Option<SweepError>,
}

impl<'a> Desk<'a> {
    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<&'a Cell> {
        loop {
            {
                let mut state = self.state();
                if self.cancel.load(Ordering::Relaxed) || state.stopped.is_some() {
                    return None;
                }
                if let Some(cell) = state.todo.pop_front() {
                    return Some(cell);
                }
                if state.elsewhere.is_empty() {
                    return None;
                }
            }
            thread::sleep(PATIENCE);
            let mut state = self.state();
            let again = std::mem::take(&mut state.elsewhere);
            state.todo.extend(again);
        }
    }

    fn put(&self, cell: &'a Cell, outcome: Result<Outcome, SweepError>) {
        let mut state = self.state();
        match outcome {
            Ok(Outcome::Present) => state.present += 1,
            Ok(Outcome::Done) => state.ran += 1,
            Ok(Outcome::Broken(_) | Outcome::Failed(_)) => {
                state.ran += 1;
                state.bad += 1;
            }
            Ok(Outcome::Busy) => return state.elsewhere.push_back(cell),
            Ok(Outcome::Cancelled) => return,
            Err(e) => {
                state.stopped.get_or_insert(e);
                return;
            }
        }
        let tick = Tick { done: state.present + state.ran, all: self.all, bad: state.bad, cell };
        if let Some(progress) = &self.progress {
            progress(&tick);
        }
    }
}

fn work(hand: &mut dyn Hand, desk: &Desk<'_>) {
    while let Some(cell) = desk.next() {
        desk.put(cell, hand.run(cell));
    }
}

fn pool(folder: &SweepFolder, n: usize, command: &WorkerCommand, desk: &Desk<'_>) {
    let crew = Crew::default();
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..n).map(|_| scope.spawn(|| work(&mut Worker::new(folder, command, &crew), desk))).collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            if desk.cancel.load(Ordering::Relaxed) || desk.state().stopped.is_some() {
                crew.stop();
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
}
