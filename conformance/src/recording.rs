//! Recorded files: JSON or JSON lines, plain or compressed.

use std::fs;
use std::path::{Path, PathBuf};

use eyre::{Context, Result, ensure};

/// Endings of a kind of recordings: plain, and compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind(&'static str, &'static str);

/// Lines of JSON.
pub const LINES: Kind = Kind(".jsonl", ".jsonl.zst");
/// One piece of JSON.
pub const JSON: Kind = Kind(".json", ".json.zst");

/// A file of a folder of recordings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recording {
    /// Name without folder and endings.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

impl Recording {
    /// Its text.
    ///
    /// # Errors
    /// It cannot be read, is not packed as its name says, or is no UTF-8.
    pub fn read(&self) -> Result<String> {
        let at = || format!("reading {}", self.path.display());
        let bytes = fs::read(&self.path).with_context(at)?;
        let packed = self.path.extension().is_some_and(|extension| extension == "zst");
        let bytes = if packed { zstd::decode_all(bytes.as_slice()).with_context(at)? } else { bytes };
        String::from_utf8(bytes).with_context(at)
    }
}

/// The recordings of a kind in a folder, by name.
///
/// # Errors
/// The folder cannot be read, or has none.
pub fn folder(folder: &Path, kind: Kind) -> Result<Vec<Recording>> {
    let Kind(plain, packed) = kind;
    let at = || format!("reading {}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(at)? {
        let path = entry.with_context(at)?.path();
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = file.strip_suffix(packed).or_else(|| file.strip_suffix(plain)).map(str::to_owned);
        found.extend(name.map(|name| Recording { name, path }));
    }
    ensure!(!found.is_empty(), "no recordings (*{plain}, *{packed}) in {}", folder.display());
    found.sort();
    Ok(found)
}

/// The recordings of a kind in a folder and in the folders in it, by name; those get the name of their folder in
/// front.
///
/// # Errors
/// A folder cannot be read, or there is none.
pub fn tree(at: &Path, kind: Kind) -> Result<Vec<Recording>> {
    let mut found = folder(at, kind).unwrap_or_default();
    let entries = fs::read_dir(at).with_context(|| format!("reading {}", at.display()))?;
    for path in entries.filter_map(|entry| entry.ok().map(|e| e.path())).filter(|path| path.is_dir()) {
        let inside = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let files = tree(&path, kind).unwrap_or_default().into_iter();
        found.extend(files.map(|file| Recording { name: format!("{inside}/{}", file.name), ..file }));
    }
    ensure!(!found.is_empty(), "no recordings (*{}, *{}) in {}", kind.0, kind.1, at.display());
    found.sort();
    Ok(found)
}
