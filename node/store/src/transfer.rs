//! Records as lines of JSON, to move a node or to look at them.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};
use weir_roles::Record;
use weir_types::{Address, B256, Keccak256};

use crate::layout::table_of;
use crate::{BIND, GENERATION, Store, StoreError, raise};

/// First line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    weir_store: i32,
    owner: Option<Address>,
    /// Marks that only rise, so that an old export is unmasked as an old file is. Earlier exports have none.
    #[serde(default)]
    marks: BTreeMap<String, u64>,
}

/// One record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// For the eye, and held against the key; earlier exports have none.
    #[serde(default)]
    table: Option<String>,
    key: String,
    /// Hexadecimal digits.
    value: String,
}

/// Last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Foot {
    records: u64,
    /// Keccak-256 of all lines before.
    keccak: B256,
}

impl Store {
    /// Writes all records, one on a line, with a first line that says whose they are and a last one that seals them.
    ///
    /// # Errors
    /// The store does not read, or the other end does not take it.
    pub fn export(&self, to: &mut dyn Write) -> Result<u64, StoreError> {
        let mut seal = Keccak256::new();
        let mut line = |text: String| {
            seal.update(text.as_bytes());
            to.write_all(text.as_bytes())
        };
        let io = |e: std::io::Error| StoreError::transfer(self.path(), &e);
        let head = Head { weir_store: crate::layout::LAYOUT, owner: self.owner()?, marks: self.marks()? };
        line(json(&head)).map_err(io)?;
        let records = self.with_prefix("")?;
        for (key, value) in &records {
            let table = Some(table_of(key).to_owned());
            line(json(&Line { table, key: key.clone(), value: hex::encode(value) })).map_err(io)?;
        }
        let foot = Foot { records: records.len() as u64, keccak: seal.finalize() };
        to.write_all(json(&foot).as_bytes()).and_then(|()| to.flush()).map_err(io)?;
        Ok(foot.records)
    }

    /// Takes the records of an export into an empty store: all of them or none.
    ///
    /// # Errors
    /// The store has records, it belongs to somebody else, or the export is cut off or was altered.
    pub fn import(&mut self, from: &mut dyn BufRead) -> Result<u64, StoreError> {
        let bad = |what: &str| StoreError::BadExport { what: what.to_owned() };
        if !self.with_prefix("")?.is_empty() {
            return Err(StoreError::NotEmpty { path: self.path().to_path_buf() });
        }
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if from.read_line(&mut line).map_err(|e| StoreError::transfer(self.path(), &e))? == 0 {
                break;
            }
            lines.push(line);
        }
        let (last, body) = lines.split_last().ok_or_else(|| bad("it is empty"))?;
        let foot: Foot = serde_json::from_str(last).map_err(|_| bad("its last line is missing"))?;
        let mut seal = Keccak256::new();
        body.iter().for_each(|l| seal.update(l.as_bytes()));
        let (first, body) = body.split_first().ok_or_else(|| bad("its first line is missing"))?;
        if seal.finalize() != foot.keccak || body.len() as u64 != foot.records {
            return Err(bad("it is not as it was written"));
        }
        let head: Head = serde_json::from_str(first).map_err(|e| bad(&e.to_string()))?;
        if head.weir_store > crate::layout::LAYOUT {
            return Err(bad(&format!("a later program wrote it, of layout {}", head.weir_store)));
        }
        let record = |l: &String| {
            let line: Line = serde_json::from_str(l).map_err(|e| bad(&e.to_string()))?;
            let value = hex::decode(&line.value).map_err(|e| bad(&format!("{}: {e}", line.key)))?;
            if line.table.is_some_and(|t| t != table_of(&line.key)) {
                return Err(bad(&format!("{} is in another table", line.key)));
            }
            Ok(Record { key: line.key, value: Some(value) })
        };
        let records = body.iter().map(record).collect::<Result<Vec<_>, StoreError>>()?;
        let owner = match head.owner {
            Some(owner) if self.is_free_for(owner)? => Some(owner),
            _ => None,
        };
        let reached = head.marks.get(GENERATION).copied().unwrap_or_default();
        self.write_with(&records, reached.max(self.generation) + 1, |all| {
            if let Some(owner) = owner {
                all.execute(BIND, [owner.to_string()])?;
            }
            head.marks.iter().try_for_each(|(name, value)| raise(all, name, *value))
        })?;
        Ok(foot.records)
    }
}

fn json(v: &impl Serialize) -> String {
    let mut text = serde_json::to_string(v).expect("plain fields have a JSON form");
    text.push('\n');
    text
}
