//! What can go wrong with the file.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;
use weir_roles::JournalError;
use weir_types::Address;

/// Why the store does not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has it open.
    #[error("{} is in use by another process: stop that node, or give this one a folder of its own", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It is no store.
    #[error("{} is not a store of Weir: give another path", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// A later Weir wrote it, or one that knew another layout.
    #[error("{} has layout {found}, and this program knows {known}: use the program that wrote it", path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// Layout of the file.
        found: i32,
        /// Layout of this program.
        known: i32,
    },
    /// It does not hold together.
    #[error("{} is damaged ({what}): restore a copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        what: String,
    },
    /// The disk is full. What was stored before is still there.
    #[error("no space left for {}: nothing was stored; free some and try again", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be opened or written.
    #[error("{}: {what}", path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        what: String,
    },
    /// It belongs to another account.
    #[error("{} belongs to {found}, and this node signs for {asked}: give it a store of its own", path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// Its account.
        found: Address,
        /// The account it was opened for.
        asked: Address,
    },
    /// It is older than what is known to have been stored.
    #[error(
        "{} is an old copy: it knows of change {found}, and {expected} was reached. Nonces that were used since are \
         not in it, so that tickets could be spent twice. Bring the newest file back, import its newest export into a \
         new one, or accept the old one knowingly",
        path.display()
    )]
    OldBackup {
        /// The file.
        path: PathBuf,
        /// What it knows of.
        found: u64,
        /// What was reached.
        expected: u64,
    },
    /// The mark beside it cannot be read or written.
    #[error("{}.mark: {what}", path.display())]
    Mark {
        /// The file.
        path: PathBuf,
        /// What the system says.
        what: String,
    },
    /// An import wants an empty store.
    #[error("{} has records: import into a new one", path.display())]
    NotEmpty {
        /// The file.
        path: PathBuf,
    },
    /// An export that cannot be taken.
    #[error("this is no whole export of a store: {what}")]
    BadExport {
        /// What is wrong with it.
        what: String,
    },
    /// Something else.
    #[error("{}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl StoreError {
    pub(crate) fn mark(path: &Path, e: &std::io::Error) -> Self {
        Self::Mark { path: path.to_path_buf(), what: e.to_string() }
    }

    pub(crate) fn transfer(path: &Path, e: &std::io::Error) -> Self {
        Self::NotWritable { path: path.to_path_buf(), what: format!("it could not be moved: {e}") }
    }

    pub(crate) fn of(path: &Path, e: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        match e.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse { path },
            Some(ErrorCode::NotADatabase) => Self::NotOurs { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, what: e.to_string() },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(
                ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure,
            ) => Self::NotWritable { path, what: e.to_string() },
            _ => Self::Sqlite { path, source: e },
        }
    }
}

impl From<StoreError> for JournalError {
    fn from(e: StoreError) -> Self {
        let mut text = e.to_string();
        if let StoreError::Sqlite { source, .. } = &e {
            text = format!("{text}: {source}");
        }
        Self(text)
    }
}
