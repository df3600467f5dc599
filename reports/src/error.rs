//! What can go wrong with a report.

use std::io;
use std::path::PathBuf;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The folder is absent or was not left by a run.
    #[error("{} is no run folder: it has no run.json", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is absent or holds no sweep.
    #[error("{} is no sweep folder: it has no sweep.json", path.display())]
    NotASweep {
        /// The folder.
        path: PathBuf,
    },
    /// A sweep whose cells were not merged.
    #[error("{} has no merged cells", path.display())]
    NotMerged {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds neither a run nor a sweep.
    #[error("{} is neither a run folder nor a sweep folder: it has no run.json and no sweep.json", path.display())]
    Neither {
        /// The folder.
        path: PathBuf,
    },
    /// Too few runs to compare, or too many to tell apart.
    #[error("{given} runs cannot be compared: two at least, and {most} at most")]
    Count {
        /// Runs that were named.
        given: usize,
        /// Runs that a page has room for.
        most: usize,
    },
    /// A file of the run cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A JSON file is not what a run writes.
    #[error("{} is not what a run writes: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A table is damaged, or lacks a column.
    #[error("cannot read the table {}: {reason}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file of the report cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
