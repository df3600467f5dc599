//! What was read of another chain, in a SQLite file. SQLite keeps it whole when a process dies while writing.

use std::path::{Path, PathBuf};

use alloy::primitives::{hex, keccak256};
use rusqlite::{Connection, OptionalExtension};

use super::ForkCause;

/// Answers by question.
#[derive(Debug)]
pub(super) struct Cache {
    connection: Connection,
}

fn failed(e: impl std::fmt::Display) -> ForkCause {
    ForkCause::Cache(e.to_string())
}

/// The file for an endpoint's block. The address is hashed: there may be a key in it.
pub(super) fn file(folder: &Path, url: &str, block: Option<u64>) -> PathBuf {
    let hash = keccak256(url);
    let endpoint = hex::encode(hash.get(..8).unwrap_or_default());
    let block = block.map_or_else(|| "newest".to_owned(), |number| number.to_string());
    folder.join(format!("{endpoint}-{block}.db"))
}

impl Cache {
    pub(super) fn open(path: &Path) -> Result<Self, ForkCause> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| failed(format!("{}: {e}", folder.display())))?;
        }
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(failed)?;
        // A reader does not wait for a writer, and nothing is worth a wait for the disk: what a crash of the
        // machine takes is asked again.
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "OFF").map_err(failed)?;
        connection
            .execute_batch("CREATE TABLE IF NOT EXISTS answer (question TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;")
            .map_err(failed)?;
        Ok(Self { connection })
    }

    pub(super) fn get(&self, question: &str) -> Result<Option<String>, ForkCause> {
        let mut query =
            self.connection.prepare_cached("SELECT value FROM answer WHERE question = ?1").map_err(failed)?;
        query.query_row([question], |row| row.get(0)).optional().map_err(failed)
    }

    pub(super) fn put(&self, question: &str, value: &str) -> Result<(), ForkCause> {
        let mut put = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO answer (question, value) VALUES (?1, ?2)")
            .map_err(failed)?;
        put.execute([question, value]).map(drop).map_err(failed)
    }
}
