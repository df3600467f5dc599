//! What must survive a crash, in one SQLite file.
//!
//! A [`Store`] keeps records by key, as [`weir_roles::Journal`] asks: when [`put`](weir_roles::Journal::put)
//! has returned, the record is on the disk, whatever happens to the process or the machine. The file is in WAL
//! mode with full synchronisation, and belongs to one process at a time.
//!
//! Records lie in tables by the prefix of their keys (`ticket/` in `ticket_won`, `nonce/` in `sender_nonce` and so
//! on), so that they can be looked at with any SQLite. A file belongs to one account, remembers in `<file>.mark` how
//! far it had come, and refuses to go on from an older copy; it can be exported and imported as lines of JSON. Files
//! of earlier layouts are brought up to date when they are opened.
//!
//! [`Tables`] names what the records say (nonces, redemptions, rewards, balances, the last block), over this or any
//! other journal: simulations use [`weir_roles::MemoryJournal`], which passes the same tests.
//!
//! The file's `application_id` is `WEIR` and its `user_version` the version of its layout, so that a wrong
//! path is noticed before anything is written to it.

mod error;
mod layout;
mod mark;
mod tables;
mod transfer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Transaction, ffi, params};
use weir_roles::{Journal, JournalError, Record};
use weir_types::Address;

pub use error::StoreError;
use layout::{LAYOUT, table_of, tables_for};
pub use tables::{LastBlock, RewardCall, TableError, Tables};

/// `WEIR` in ASCII.
const APPLICATION_ID: i32 = 0x5745_4952;
/// Name of the mark that rises with every change.
pub(crate) const GENERATION: &str = "generation";
/// Writes the owner.
pub(crate) const BIND: &str = "INSERT INTO owner VALUES (?1)";

/// Records in a file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
    /// Rises with every change.
    generation: u64,
    /// The highest one that the mark beside the file knows of.
    marked: u64,
}

impl Store {
    /// Opens a file, or makes it. The folder must exist.
    ///
    /// # Errors
    /// Another process has it, it is something else, or the disk does not let us.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::opened(path.into(), false)
    }

    /// Opens a file of one account, or makes it. Whoever signs with the account's key must be the only one: that no
    /// other machine has a file for the same account is for the operator to see to.
    ///
    /// # Errors
    /// It belongs to another account, or does not [open](Self::open).
    pub fn open_for(path: impl Into<PathBuf>, owner: Address) -> Result<Self, StoreError> {
        let mut store = Self::open(path)?;
        store.bind(owner)?;
        Ok(store)
    }

    /// Opens a file although it is older than its mark: a restored copy. Nonces that were used since it was made are
    /// not in it, and tickets under them could be spent twice: gateways should start sessions anew, which they do when
    /// they start.
    ///
    /// # Errors
    /// It does not [open](Self::open).
    pub fn accept_old_backup(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::opened(path.into(), true)
    }

    fn opened(path: PathBuf, accept_old: bool) -> Result<Self, StoreError> {
        let connection = open(&path).map_err(|e| StoreError::of(&path, e))?;
        let mut store = Self { path, connection, generation: 0, marked: 0 };
        store.prepare()?;
        store.check_mark(accept_old)?;
        Ok(store)
    }

    /// The account it belongs to.
    ///
    /// # Errors
    /// The file does not read.
    pub fn owner(&self) -> Result<Option<Address>, StoreError> {
        let text: Option<String> = self
            .connection
            .query_row("SELECT address FROM owner", [], |row| row.get(0))
            .optional()
            .map_err(|e| self.error(e))?;
        let unreadable =
            |text: &str| StoreError::Damaged { path: self.path.clone(), what: format!("{text} is no account") };
        text.map(|t| t.parse().map_err(|_| unreadable(&t))).transpose()
    }

    /// Gives it to an account, once and for all.
    fn bind(&mut self, owner: Address) -> Result<(), StoreError> {
        if self.is_free_for(owner)? {
            self.connection.execute(BIND, [owner.to_string()]).map_err(|e| self.error(e))?;
        }
        Ok(())
    }

    /// Whether it has no account yet; an error when it has another one.
    pub(crate) fn is_free_for(&self, asked: Address) -> Result<bool, StoreError> {
        match self.owner()? {
            Some(found) if found != asked => Err(StoreError::Owner { path: self.path.clone(), found, asked }),
            found => Ok(found.is_none()),
        }
    }

    /// Refuses a file that is older than the mark beside it, and raises both.
    fn check_mark(&mut self, accept: bool) -> Result<(), StoreError> {
        let found = self.mark(GENERATION)?;
        let marked = mark::read(&self.path).map_err(|e| StoreError::mark(&self.path, &e))?;
        if found < marked && !accept {
            return Err(StoreError::OldBackup { path: self.path.clone(), found, expected: marked });
        }
        self.generation = found.max(marked) + 1;
        self.raise(GENERATION, self.generation)?;
        self.write_mark()
    }

    fn write_mark(&mut self) -> Result<(), StoreError> {
        mark::write(&self.path, self.generation).map_err(|e| StoreError::mark(&self.path, &e))?;
        self.marked = self.generation;
        Ok(())
    }

    /// All marks, the generation among them.
    pub(crate) fn marks(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let marks = self.connection.prepare("SELECT name, value FROM mark").and_then(|mut query| {
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.try_into().unwrap_or_default()));
            query.query_map([], row)?.collect()
        });
        marks.map_err(|e| self.error(e))
    }

    fn mark(&self, name: &str) -> Result<u64, StoreError> {
        let value: Option<i64> = self
            .connection
            .query_row("SELECT value FROM mark WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(|e| self.error(e))?;
        Ok(value.and_then(|v| u64::try_from(v).ok()).unwrap_or_default())
    }

    /// Raises a mark of one's own, such as the account's nonce on chain; a lower value changes nothing.
    ///
    /// # Errors
    /// It cannot be stored.
    pub fn raise(&mut self, name: &str, value: u64) -> Result<(), StoreError> {
        raise(&self.connection, name, value).map_err(|e| self.error(e))
    }

    /// Holds a mark against what is seen elsewhere: a store that knows less than the chain does is an old copy.
    ///
    /// # Errors
    /// It is.
    pub fn hold_against(&self, name: &str, seen: u64) -> Result<(), StoreError> {
        let found = self.mark(name)?;
        if found < seen {
            return Err(StoreError::OldBackup { path: self.path.clone(), found, expected: seen });
        }
        Ok(())
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

    /// Lays the tables out in a new file and brings an earlier one up to date; refuses one that is not ours.
    fn prepare(&mut self) -> Result<(), StoreError> {
        let (id, version) = (self.pragma("application_id")?, self.pragma("user_version")?);
        let tables: i64 = self
            .connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(|e| self.error(e))?;
        if (id, version, tables) == (0, 0, 0) {
            return layout::migrate(&mut self.connection, &self.path, 0, APPLICATION_ID);
        }
        if id != APPLICATION_ID {
            return Err(StoreError::NotOurs { path: self.path.clone() });
        }
        if !(1..=LAYOUT).contains(&version) {
            return Err(StoreError::Layout { path: self.path.clone(), found: version, known: LAYOUT });
        }
        let check: String =
            self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|e| self.error(e))?;
        if check != "ok" {
            return Err(StoreError::Damaged { path: self.path.clone(), what: check });
        }
        layout::migrate(&mut self.connection, &self.path, version, APPLICATION_ID)
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
        let sql = format!("SELECT value FROM {} WHERE key = ?1", table_of(key));
        let mut query = self.connection.prepare_cached(&sql).map_err(|e| self.error(e))?;
        query.query_row([key], |row| row.get(0)).optional().map_err(|e| self.error(e))
    }

    /// Stores and deletes records: all of them or, when it fails, none.
    ///
    /// # Errors
    /// Nothing was stored.
    pub fn write(&mut self, records: &[Record]) -> Result<(), StoreError> {
        self.write_with(records, self.generation + 1, |_| Ok(()))
    }

    /// Stores records, the generation that it has then, and what else belongs to it: all of them or none.
    pub(crate) fn write_with(
        &mut self,
        records: &[Record],
        generation: u64,
        more: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let path = &self.path;
        let error = |e| StoreError::of(path, e);
        let all = self.connection.transaction().map_err(error)?;
        for record in records {
            let table = table_of(&record.key);
            match &record.value {
                Some(value) => all
                    .prepare_cached(&format!("INSERT OR REPLACE INTO {table} (key, value) VALUES (?1, ?2)"))
                    .and_then(|mut put| put.execute(params![record.key, value])),
                None => all
                    .prepare_cached(&format!("DELETE FROM {table} WHERE key = ?1"))
                    .and_then(|mut delete| delete.execute([&record.key])),
            }
            .map_err(error)?;
        }
        raise(&all, GENERATION, generation).and_then(|()| more(&all)).map_err(error)?;
        all.commit().map_err(error)?;
        self.generation = generation;
        if self.generation - self.marked >= mark::EVERY {
            // What was asked for is stored: that the mark lags is no reason to say otherwise.
            let _ = self.write_mark();
        }
        Ok(())
    }

    /// All records whose keys start so, in the order of keys.
    ///
    /// # Errors
    /// The file does not read.
    pub fn with_prefix(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut found = Vec::new();
        for table in tables_for(prefix) {
            let sql = format!("SELECT key, value FROM {table} WHERE key >= ?1 ORDER BY key");
            let mut query = self.connection.prepare_cached(&sql).map_err(|e| self.error(e))?;
            let rows = query.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?))).map_err(|e| self.error(e))?;
            for row in rows {
                let row: (String, Vec<u8>) = row.map_err(|e| self.error(e))?;
                if !row.0.starts_with(prefix) {
                    break;
                }
                found.push(row);
            }
        }
        found.sort();
        Ok(found)
    }
}

/// Raises a mark; a lower value changes nothing.
pub(crate) fn raise(connection: &Connection, name: &str, value: u64) -> rusqlite::Result<()> {
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    let sql = "INSERT INTO mark VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)";
    connection.prepare_cached(sql)?.execute(params![name, value]).map(|_| ())
}

fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    // SQLite falls back to reading alone, and says no more than that the lock fails.
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_READONLY), None));
    }
    // One process at a time: the lock is taken with the first access, and kept. It also spares WAL its
    // shared memory file.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT;")?;
    Ok(connection)
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.generation > self.marked {
            let _ = self.write_mark();
        }
    }
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
