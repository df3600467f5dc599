//! Output files that exist whole or not at all.

use crate::error::MediaError;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file under a temporary name, removed unless it is kept.
#[derive(Debug)]
pub(crate) struct Part {
    temporary: PathBuf,
    target: PathBuf,
}

impl Part {
    /// Creates an empty file in `dir` that will be called `name`.
    pub(crate) fn create(dir: &Path, name: &str) -> Result<Self, MediaError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let target = dir.join(name);
        // Two jobs may write into one folder.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let temporary = dir.join(format!(".weir-{}-{number}.part", process::id()));
        fs::File::create_new(&temporary).map_err(|e| MediaError::write(&target, &e))?;
        Ok(Self { temporary, target })
    }

    /// Where to write.
    pub(crate) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Where the file will be.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Gives all files their names, or removes them all.
    pub(crate) fn keep_all(parts: Vec<Self>) -> Result<(), MediaError> {
        let mut kept: Vec<PathBuf> = Vec::with_capacity(parts.len());
        for part in parts {
            if let Err(e) = fs::rename(&part.temporary, &part.target) {
                for path in kept {
                    let _ = fs::remove_file(path);
                }
                return Err(MediaError::write(&part.target, &e));
            }
            kept.push(part.target.clone());
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Nothing is there under this name once the file is kept.
        let _ = fs::remove_file(&self.temporary);
    }
}
