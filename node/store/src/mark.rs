//! Marks that only rise, so that a copy of yesterday is not taken for today's file.
//!
//! With every change the file's generation rises. Beside the file lies a second one, `<file>.mark`, that remembers
//! the highest generation: whoever restores a copy of the file alone has a generation below the mark, and is told
//! before nonces are used a second time. The mark is written after the file, so that a crash between the two never
//! makes a good file look old. It is written when a store is opened and closed, and every [`EVERY`] changes: a copy
//! that lags by less than that, made and restored without the node having been started in between, is not noticed.
//! Nor is a copy of the whole folder, which brings its own mark along: there only the chain knows better, and
//! [`hold_against`](crate::Store::hold_against) asks it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Changes after which the mark beside the file is written anew.
pub(crate) const EVERY: u64 = 64;

/// Where the mark of a file lies.
pub(crate) fn path_of(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".mark");
    PathBuf::from(name)
}

/// The mark beside a file; zero where there is none.
#[allow(clippy::disallowed_methods)] // The crate is about files.
pub(crate) fn read(store: &Path) -> io::Result<u64> {
    match fs::read_to_string(path_of(store)) {
        Ok(text) => {
            text.trim().parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it holds no whole number"))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(e) => Err(e),
    }
}

/// Writes the mark: the old one stays until the new one is on the disk.
#[allow(clippy::disallowed_methods)] // As above.
pub(crate) fn write(store: &Path, generation: u64) -> io::Result<()> {
    let path = path_of(store);
    let mut new = path.clone().into_os_string();
    new.push(".new");
    let new = PathBuf::from(new);
    let mut file = File::create(&new)?;
    writeln!(file, "{generation}")?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()
}
