//! What can go wrong with a sweep.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use weir_lab::scenario::ScenarioError;

/// Why a sweep could not be planned, run, merged or handed to an engine.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The sweep file, or a scenario that it makes, is wrong.
    #[error(transparent)]
    File(#[from] ScenarioError),
    /// A file that the scenario names could not be read.
    #[error("cannot read {path}: {source}")]
    Input {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds the plan of another sweep.
    #[error("{path} holds another plan: {what}")]
    OtherPlan {
        /// The sweep folder.
        path: PathBuf,
        /// The first difference.
        what: String,
    },
    /// There is no plan in the folder.
    #[error("{path} is no sweep folder: {reason}")]
    NoPlan {
        /// The folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The plan was made by another version of the program.
    #[error("{path} was planned by weir {planned}, and this is weir {own}")]
    Version {
        /// The sweep folder.
        path: PathBuf,
        /// The version that planned.
        planned: String,
        /// This version.
        own: String,
    },
    /// A selection names what the plan does not have.
    #[error("{what}")]
    Selection {
        /// What is wrong.
        what: String,
    },
    /// A file or folder of the sweep could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of the sweep could not be read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A cell could not be written down, and no later one could be.
    #[error("cell {cell}: {reason}")]
    NoRoom {
        /// The cell.
        cell: String,
        /// What could not be written and why.
        reason: String,
    },
    /// Nothing is finished that could be merged.
    #[error("no cell of {path} is finished")]
    NothingToMerge {
        /// The sweep folder.
        path: PathBuf,
    },
    /// Tables of the same name have other columns from cell to cell.
    #[error("table {table} of cell {cell} has other columns than those before it")]
    Columns {
        /// The table.
        table: String,
        /// The first cell that differs.
        cell: String,
    },
    /// A worker process could not be started.
    #[error("cannot start a worker: {0}")]
    Spawn(io::Error),
    /// The message server did not do what was asked.
    #[error("{url}: {what}: {reason}")]
    Nats {
        /// Address of the server.
        url: String,
        /// What was tried.
        what: &'static str,
        /// What came back.
        reason: String,
    },
}

impl SweepError {
    /// Turns an error of the file system into one that names the path.
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Write { path: path.to_owned(), source }
    }

    /// Turns anything that keeps a file from being read into an error that names it.
    pub(crate) fn read<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> Self + '_ {
        move |reason| Self::Read { path: path.to_owned(), reason: reason.to_string() }
    }
}
