//! `weir report`: pages and charts of a run, of a sweep, or of several runs side by side.

use std::path::{Path, PathBuf};

use clap::Args;
use weir_report::{Kind, ReportError};

use crate::failure::Failure;
use crate::output;

/// What a report is made of.
#[derive(Debug, Args)]
#[command(
    after_help = "One run folder: its report.html. One sweep folder: its report.html, or FILE. Several run folders: \
                        a comparison in FILE.\nCharts and their numbers lie in charts/ beside the page."
)]
pub(crate) struct Arguments {
    /// Folder that `weir sim run` or `weir sim sweep` left; several runs are compared.
    #[arg(required = true, value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Page of a comparison or of a sweep.
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
}

/// Makes the report and prints where it lies.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = match arguments.dirs.as_slice() {
        [dir] => single(dir, arguments.out.as_deref())?,
        dirs => compared(dirs, arguments.out.as_deref())?,
    };
    output::result(&path.display().to_string());
    Ok(())
}

fn single(dir: &Path, out: Option<&Path>) -> Result<PathBuf, Failure> {
    match weir_report::kind(dir).map_err(|e| failure(&e))? {
        Kind::Sweep => weir_report::write_sweep(dir, out).map_err(|e| failure(&e)),
        Kind::Run if out.is_some() => {
            Err(Failure::usage("a run's page lies in its folder, beside the tables it links to")
                .help("leave out --out; it is for comparisons and sweeps"))
        }
        Kind::Run => write(dir),
    }
}

fn compared(dirs: &[PathBuf], out: Option<&Path>) -> Result<PathBuf, Failure> {
    for dir in dirs {
        if weir_report::kind(dir).map_err(|e| failure(&e))? == Kind::Sweep {
            return Err(Failure::usage(format!("{} is a sweep, and runs are compared", dir.display()))
                .help("name run folders, or the sweep folder alone: its page compares its arms"));
        }
    }
    let page = out.ok_or_else(|| {
        Failure::usage("where the comparison goes is not said").help("add --out FILE.html, as in --out comparison.html")
    })?;
    weir_report::write_comparison(dirs, page).map_err(|e| failure(&e))?;
    Ok(page.to_owned())
}

/// Makes the report of a run folder and returns its path.
pub(crate) fn write(dir: &Path) -> Result<PathBuf, Failure> {
    weir_report::write(dir).map_err(|e| failure(&e))
}

fn failure(error: &ReportError) -> Failure {
    let message = format!("cannot make the report: {error}");
    match error {
        ReportError::NotARun { .. } | ReportError::Neither { .. } | ReportError::NotASweep { .. } => {
            Failure::usage(message).help("name a folder that `weir sim run` or `weir sim sweep run` left")
        }
        ReportError::NotMerged { path } => {
            Failure::usage(message).help(format!("`weir sim sweep merge {}` merges what is finished", path.display()))
        }
        ReportError::Count { .. } => Failure::usage(message).help("compare a few runs, or make a sweep of them"),
        ReportError::Write { .. } => Failure::failed(message).help("make room, or name another page with --out"),
        _ => Failure::failed(message).help("the folder is damaged: make the run again, or merge the sweep again"),
    }
}
