//! Tables of the file, and how files of earlier layouts become files of this one.

use std::path::Path;

use rusqlite::{Connection, Transaction, params};

use crate::StoreError;

/// Layout of the tables.
pub(crate) const LAYOUT: i32 = 4;

/// Tables by the prefix of their keys. What has none lies in [`OTHER`].
pub(crate) const TABLES: [(&str, &str); 7] = [
    ("ticket/", "ticket_won"),
    ("redemption/", "redemption_in_flight"),
    ("nonce/", "sender_nonce"),
    ("balance/", "balance"),
    ("reward/", "reward_called"),
    ("orchestrator/", "orchestrator"),
    ("block/", "last_block"),
];

/// Table of all other records.
pub(crate) const OTHER: &str = "record";

/// The table of a key.
pub(crate) fn table_of(key: &str) -> &'static str {
    TABLES.iter().find(|(prefix, _)| key.starts_with(prefix)).map_or(OTHER, |(_, table)| table)
}

/// The tables in which keys with a prefix can lie.
pub(crate) fn tables_for(prefix: &str) -> Vec<&'static str> {
    let fits = |p: &str| p.starts_with(prefix) || prefix.starts_with(p);
    let mut tables: Vec<&str> = TABLES.iter().filter(|(p, _)| fits(p)).map(|(_, table)| *table).collect();
    // A prefix that is one of a table's own leaves no room for others.
    if !TABLES.iter().any(|(p, _)| prefix.starts_with(p)) {
        tables.push(OTHER);
    }
    tables
}

/// A step from one layout to the next.
type Step = fn(&Transaction<'_>) -> rusqlite::Result<()>;

/// Steps by the layout that they lead to.
const STEPS: [(i32, &str, Step); 4] = [
    (1, "records", records),
    (2, "tables by kind, owner, marks", by_kind),
    (3, "columns to look at", columns),
    (4, "ends of nonces", ends_of_nonces),
];

/// Columns that show a part of a value to whoever looks with another program; the node does not read them.
const COLUMNS: [(&str, &str, &str); 9] = [
    ("ticket_won", "sender", "$.winner.ticket.sender"),
    ("ticket_won", "face_value", "$.winner.ticket.face_value"),
    ("redemption_in_flight", "tx", "$"),
    ("sender_nonce", "nonce", "$"),
    ("balance", "wei", "$"),
    ("reward_called", "state", "$"),
    ("orchestrator", "uri", "$.uri"),
    ("last_block", "number", "$.number"),
    ("last_block", "hash", "$.hash"),
];

fn create(t: &Transaction<'_>, table: &str) -> rusqlite::Result<()> {
    t.execute_batch(&format!(
        "CREATE TABLE {table} (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    ))
}

fn records(t: &Transaction<'_>) -> rusqlite::Result<()> {
    create(t, OTHER)
}

fn by_kind(t: &Transaction<'_>) -> rusqlite::Result<()> {
    t.execute_batch(
        "CREATE TABLE layout (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT;
         INSERT INTO layout VALUES (1, 'records');
         CREATE TABLE owner (address TEXT NOT NULL) STRICT;
         CREATE TABLE mark (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
         INSERT INTO mark VALUES ('generation', 0);",
    )?;
    for (prefix, table) in TABLES {
        create(t, table)?;
        let pattern = format!("{prefix}*");
        t.execute(&format!("INSERT INTO {table} SELECT key, value FROM {OTHER} WHERE key GLOB ?1"), [&pattern])?;
        t.execute(&format!("DELETE FROM {OTHER} WHERE key GLOB ?1"), [&pattern])?;
    }
    Ok(())
}

fn columns(t: &Transaction<'_>) -> rusqlite::Result<()> {
    for (table, name, path) in COLUMNS {
        column(t, table, name, &format!("json_extract(CAST(value AS TEXT), '{path}')"))?;
    }
    Ok(())
}

fn column(t: &Transaction<'_>, table: &str, name: &str, part: &str) -> rusqlite::Result<()> {
    // Computed when it is looked at. A value that is no JSON shows nothing, rather than to fail.
    t.execute_batch(&format!(
        "ALTER TABLE {table} ADD COLUMN {name} TEXT AS (CASE WHEN json_valid(CAST(value AS TEXT))
         THEN CAST({part} AS TEXT) END) VIRTUAL;"
    ))
}

/// A nonce is stored with the block to which its parameters hold. Those that were stored alone stay as they are.
fn ends_of_nonces(t: &Transaction<'_>) -> rusqlite::Result<()> {
    t.execute_batch("ALTER TABLE sender_nonce DROP COLUMN nonce;")?;
    let of = |path: &str| format!("json_extract(CAST(value AS TEXT), '{path}')");
    column(t, "sender_nonce", "nonce", &format!("coalesce({}, {})", of("$.nonce"), of("$")))?;
    column(t, "sender_nonce", "expires", &of("$.expires"))
}

/// Takes a file from its layout to this program's, step by step, each of them whole or not at all.
pub(crate) fn migrate(connection: &mut Connection, path: &Path, from: i32, id: i32) -> Result<(), StoreError> {
    let error = |e| StoreError::of(path, e);
    for (version, name, step) in STEPS.into_iter().filter(|(version, ..)| *version > from) {
        let t = connection.transaction().map_err(error)?;
        step(&t).map_err(error)?;
        if version > 1 {
            t.execute("INSERT INTO layout VALUES (?1, ?2)", params![version, name]).map_err(error)?;
        }
        t.pragma_update(None, "application_id", id).map_err(error)?;
        t.pragma_update(None, "user_version", version).map_err(error)?;
        t.commit().map_err(error)?;
    }
    Ok(())
}
