//! What must survive a crash, in one SQLite file.
//!
//! A [`Store`] keeps records by key, as [`weir_roles::Journal`] asks: when [`put`](weir_roles::Journal::put)
//! has returned, the record is on the disk, whatever happens to the process or the machine. The file is in WAL
//! mode with full synchronisation, and belongs to one process at a time.
//!
//! The file's `application_id` is `WEIR` and its `user_version` the version of its layout, so that a wrong
//! path is noticed before anything is written to it.

mod error;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use weir_roles::{Journal, JournalError, Record};

pub use error::StoreError;

/// `WEIR` in ASCII.
const APPLICATION_ID: i32 = 0x5745_4952;
/// Layout of the tables.
const LAYOUT: i32 = 1;
const TABLES: &str = "CREATE TABLE record (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;";

/// Records in a file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
}

impl Store {
    /// Opens a file, or makes it. The folder must exist.
    ///
    /// # Errors
    /// Another process has it, it is something else, or the disk does not let us.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let connection = open(&path).map_err(|e| StoreError::of(&path, e))?;
        let store = Self { path, connection };
        store.prepare()?;
        Ok(store)
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn error(&self, e: rusqlite::Error) -> StoreError {
        StoreError::of(&self.path, e)
    }

    fn pragma(&self, name: &str) -> Result<i32, StoreError> {
        self.connection.pragma_query_value(None, name, |row| row.get(0)).map_err(|e| self.error(e))
    }

    /// Lays the tables out in a new file; refuses one that is not ours.
    fn prepare(&self) -> Result<(), StoreError> {
        let (id, version) = (self.pragma("application_id")?, self.pragma("user_version")?);
        let tables: i64 = self
            .connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(|e| self.error(e))?;
        if (id, version, tables) == (0, 0, 0) {
            let layout = format!(
                "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {LAYOUT}; COMMIT;"
            );
            return self.connection.execute_batch(&layout).map_err(|e| self.error(e));
        }
        if id != APPLICATION_ID {
            return Err(StoreError::NotOurs { path: self.path.clone() });
        }
        if version != LAYOUT {
            return Err(StoreError::Layout { path: self.path.clone(), found: version, known: LAYOUT });
        }
        let check: String =
            self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|e| self.error(e))?;
        if check != "ok" {
            return Err(StoreError::Damaged { path: self.path.clone(), what: check });
        }
        Ok(())
    }

    /// Lets the file grow to so many pages of 4 KiB and no further: what does not fit fails as on a full disk.
    ///
    /// # Errors
    /// SQLite refuses.
    pub fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.connection
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .map_err(|e| self.error(e))
    }

    /// The value of a key.
    ///
    /// # Errors
    /// The file does not read.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut query =
            self.connection.prepare_cached("SELECT value FROM record WHERE key = ?1").map_err(|e| self.error(e))?;
        query.query_row([key], |row| row.get(0)).optional().map_err(|e| self.error(e))
    }

    /// Stores and deletes records: all of them or, when it fails, none.
    ///
    /// # Errors
    /// Nothing was stored.
    pub fn write(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let path = &self.path;
        let error = |e| StoreError::of(path, e);
        let all = self.connection.transaction().map_err(error)?;
        for record in records {
            match &record.value {
                Some(value) => all
                    .prepare_cached("INSERT OR REPLACE INTO record (key, value) VALUES (?1, ?2)")
                    .and_then(|mut put| put.execute(params![record.key, value])),
                None => all
                    .prepare_cached("DELETE FROM record WHERE key = ?1")
                    .and_then(|mut delete| delete.execute([&record.key])),
            }
            .map_err(error)?;
        }
        all.commit().map_err(error)
    }

    /// All records whose keys start so, in the order of keys.
    ///
    /// # Errors
    /// The file does not read.
    pub fn with_prefix(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT key, value FROM record WHERE key >= ?1 ORDER BY key")
            .map_err(|e| self.error(e))?;
        let rows = query.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?))).map_err(|e| self.error(e))?;
        let mut found = Vec::new();
        for row in rows {
            let row: (String, Vec<u8>) = row.map_err(|e| self.error(e))?;
            if !row.0.starts_with(prefix) {
                break;
            }
            found.push(row);
        }
        Ok(found)
    }
}

fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    // One process at a time: the lock is taken with the first access, and kept. It also spares WAL its
    // shared memory file.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT;")?;
    Ok(connection)
}

impl Journal for Store {
    fn put(&mut self, record: &Record) -> Result<(), JournalError> {
        Ok(self.write(std::slice::from_ref(record))?)
    }

    fn put_all(&mut self, records: &[Record]) -> Result<(), JournalError> {
        Ok(self.write(records)?)
    }

    fn read(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        Ok(self.with_prefix(prefix)?)
    }
}
