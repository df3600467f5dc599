//! Worker processes: one that dies takes one cell with it and no more.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::SweepError;
use crate::cell::Cell;
use crate::folder::{CellState, SweepFolder};
use crate::lock;
use crate::runner::{Hand, Outcome, Reply, discard};

/// How a worker process is started: it does what [`serve`](crate::serve) does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// The worker processes there are, and whether each was asked to stop.
#[derive(Debug, Default)]
pub(crate) struct Crew(Mutex<BTreeMap<u32, bool>>);

impl Crew {
    fn enter(&self, pid: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(pid, false);
    }

    fn leave(&self, pid: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&pid);
    }

    /// Asks all to stop, each once: a second request would make it leave its cell as it is.
    pub(crate) fn stop(&self) {
        for (pid, asked) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter_mut().filter(|(_, a)| !**a) {
            *asked = true;
            if let Some(pid) = i32::try_from(*pid).ok().and_then(rustix::process::Pid::from_raw) {
                // One that ended meanwhile needs no asking.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
        }
    }
}

/// A worker process, started when there is a cell for it and again when it died.
pub(crate) struct Worker<'a> {
    folder: &'a SweepFolder,
    command: &'a WorkerCommand,
    crew: &'a Crew,
    process: Option<Process>,
}

struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl<'a> Worker<'a> {
    pub(crate) const fn new(folder: &'a SweepFolder, command: &'a WorkerCommand, crew: &'a Crew) -> Self {
        Self { folder, command, crew, process: None }
    }

    fn process(&mut self) -> Result<&mut Process, SweepError> {
        let process = match self.process.take() {
            Some(process) => process,
            None => self.start()?,
        };
        Ok(self.process.insert(process))
    }

    fn start(&self) -> Result<Process, SweepError> {
        let mut command = Command::new(&self.command.program);
        command.args(&self.command.arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        // Ctrl-C on a terminal reaches this process, which then asks its workers.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(SweepError::Spawn)?;
        self.crew.enter(child.id());
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Process { child, input, output: BufReader::new(output) }),
            _ => Err(SweepError::Spawn(std::io::Error::other("it has no pipes"))),
        }
    }

    /// Takes the traces of a dead worker away and says how it died.
    fn bury(&mut self, cell: &Cell) -> Result<String, SweepError> {
        let Some(mut process) = self.process.take() else { return Ok("worker died".to_owned()) };
        let pid = process.child.id();
        self.crew.leave(pid);
        drop(process.input);
        let status = process.child.wait().map_err(SweepError::Spawn)?;
        let path = self.folder.lock_path(&cell.cell);
        if lock::holder(&path).is_some_and(|holder| holder.pid == pid && !lock::is_held(&path)) {
            discard(self.folder.path(), &cell.cell)?;
            let _ = std::fs::remove_file(&path);
        }
        Ok(died(status))
    }
}

impl Hand for Worker<'_> {
    fn run(&mut self, cell: &Cell) -> Result<Outcome, SweepError> {
        let process = self.process()?;
        let mut line = String::new();
        let asked = writeln!(process.input, "{}", cell.cell).and_then(|()| process.input.flush());
        let answered = asked.and_then(|()| process.output.read_line(&mut line));
        match serde_json::from_str(&line) {
            Ok(Reply::Cell(outcome)) => Ok(outcome),
            Ok(Reply::Stop(reason)) => Err(SweepError::NoRoom { cell: cell.cell.to_string(), reason }),
            Err(e) if answered.is_ok() && line.ends_with('\n') => {
                Err(SweepError::NoRoom { cell: cell.cell.to_string(), reason: format!("a worker's answer: {e}") })
            }
            Err(_) => {
                let reason = self.bury(cell)?;
                if self.folder.is_finished(&cell.cell) {
                    // It died after its work was done.
                    return Ok(Outcome::Present);
                }
                self.folder.record_failure(cell, CellState::Failed, &reason)?;
                Ok(Outcome::Failed(reason))
            }
        }
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            self.crew.leave(process.child.id());
            // The end of its input is the end of its work.
            drop(process.input);
            let _ = process.child.wait();
        }
    }
}

fn died(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("worker died with signal {signal}");
    }
    match status.code() {
        Some(code) => format!("worker died with exit code {code}"),
        None => "worker died".to_owned(),
    }
}
