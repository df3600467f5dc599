//! Where a driver keeps what must survive a crash.

use std::collections::BTreeMap;

use crate::io::Record;
use thiserror::Error;

/// A record could not be stored or read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("storage: {0}")]
pub struct JournalError(pub String);

/// Storage of records by key.
pub trait Journal: Send {
    /// Stores or deletes a record. When it returns, the record survives a crash.
    ///
    /// # Errors
    /// It could not be stored: nothing that relies on it may be done.
    fn put(&mut self, record: &Record) -> Result<(), JournalError>;

    /// Stores and deletes records that belong together. The default does one after the other.
    ///
    /// # Errors
    /// They could not all be stored.
    fn put_all(&mut self, records: &[Record]) -> Result<(), JournalError> {
        records.iter().try_for_each(|record| self.put(record))
    }

    /// All records whose keys start so, in the order of keys.
    ///
    /// # Errors
    /// They could not be read.
    fn read(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError>;
}

/// Records in memory, which last as long as the process: for a simulated disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal(BTreeMap<String, Vec<u8>>);

impl Journal for MemoryJournal {
    fn put(&mut self, record: &Record) -> Result<(), JournalError> {
        match &record.value {
            Some(value) => self.0.insert(record.key.clone(), value.clone()),
            None => self.0.remove(&record.key),
        };
        Ok(())
    }

    fn read(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        let from = self.0.range(prefix.to_owned()..);
        Ok(from.take_while(|(key, _)| key.starts_with(prefix)).map(|(k, v)| (k.clone(), v.clone())).collect())
    }
}
