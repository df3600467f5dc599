//! Tells whether anything changed since the tests last passed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use eyre::{Context, Result, ensure};
use sha2::{Digest, Sha256};

/// Hash of the given files below `root`, names and contents, and of the toolchain.
///
/// # Errors
/// When a file cannot be read.
pub fn of(root: &Path, files: &[PathBuf], toolchain: &str) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(toolchain.as_bytes());
    for file in files {
        let path = root.join(file);
        let content = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        // Lengths keep the end of one field from reading as the start of the next.
        let name = file.to_string_lossy();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(&content);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Version of the compiler, with its host.
///
/// # Errors
/// When rustc does not answer.
pub fn toolchain() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").current_dir(crate::root()).output().context("rustc did not start")?;
    ensure!(output.status.success(), "rustc -vV failed: {}", output.status);
    String::from_utf8(output.stdout).context("rustc printed no UTF-8")
}

/// Whether the stamp in a file is this one.
#[must_use]
pub fn matches(file: &Path, stamp: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|text| text.trim_end() == stamp)
}

/// Writes a stamp.
///
/// # Errors
/// When the file cannot be written.
pub fn write(file: &Path, stamp: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    fs::write(file, format!("{stamp}\n")).with_context(|| format!("writing {}", file.display()))
}
