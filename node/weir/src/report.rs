//! `weir report`: charts and the page of a run folder.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;
use crate::output;

/// What a report is made of.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder that `weir sim run` left.
    run_dir: PathBuf,
}

/// Makes the report and prints where it lies.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = write(&arguments.run_dir)?;
    output::result(&path.display().to_string());
    Ok(())
}

/// Makes the report of a run folder and returns its path.
pub(crate) fn write(dir: &Path) -> Result<PathBuf, Failure> {
    weir_report::write(dir).map_err(|error| {
        Failure::failed(format!("cannot make the report: {error}"))
            .help(format!("{} must be a folder that `weir sim run` left", dir.display()))
    })
}
