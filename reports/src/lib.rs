//! Charts and HTML reports of runs and sweeps.
//!
//! A run folder holds JSON files and Parquet tables. [`write`] turns them into one page,
//! `report.html`, that needs no other file, and into pictures under `charts/` with their numbers
//! beside them. [`write_sweep`] does so for a sweep folder, [`write_comparison`] for several runs side
//! by side. The same folder gives the same bytes: nothing is drawn by chance and no clock is read.
//!
//! This crate knows folders, not how runs are made, and so depends on no other crate of Weir. It
//! is lenient with what it does not know and strict with what it shows: a table that is absent or
//! empty becomes a sentence in place of its chart, a damaged one is an error.
//!
//! | module | what it does |
//! |---|---|
//! | `read`, `table` | a run folder as plain values |
//! | `charts` | one file for each chart of a run: its data, its sentences, how it is drawn |
//! | `sweeps`, `compare` | pages of a sweep and of runs side by side, with their charts |
//! | `stats` | intervals, tests, resampling, shares of variance |
//! | `figure`, `numbers` | a chart with its words and its numbers |
//! | `plot`, `svg`, `palette` | axes, a drawing surface on plotters’ SVG backend, colours |
//! | `sheet`, `page`, `stream`, `figures`, `glossary`, `html` | pages and their parts |
//! | `kpi`, `text` | figures and numbers as people read them |

mod charts;
mod compare;
mod error;
mod figure;
mod figures;
mod glossary;
mod html;
mod kpi;
mod numbers;
mod page;
mod palette;
mod plot;
mod read;
mod sheet;
mod stats;
mod stream;
mod svg;
mod sweeps;
mod table;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

pub use error::ReportError;
use figure::Figure;
use read::Run;
use sheet::Links;

/// Makes the report of a run folder: `charts/*.svg` and `report.html`, whose path is returned.
///
/// # Errors
/// [`ReportError`] when the folder was not left by a run, a file of it is damaged, or the report
/// cannot be written.
pub fn write(dir: &Path) -> Result<PathBuf, ReportError> {
    let run = Run::read(dir)?;
    let figures = charts::figures(&run);
    let folder = dir.join("charts");
    put_all(&folder, &figures)?;
    let label = format!("Overview of the run {}: {}", run.name(), figures::network(&run));
    put(&folder.join("overview.svg"), &charts::overview(&run).file(&label))?;
    let page = dir.join("report.html");
    put(&page, &page::page(&run, &figures))?;
    Ok(page)
}

/// Makes the report of a sweep folder: a page, and its charts and their numbers in `charts/` beside it. Without `out` the page
/// is `report.html` in the folder. Its path is returned.
///
/// # Errors
/// [`ReportError`] when the folder holds no sweep or no merged cells, a file of it is damaged, or the report cannot be
/// written.
pub fn write_sweep(dir: &Path, out: Option<&Path>) -> Result<PathBuf, ReportError> {
    let sweep = sweeps::Sweep::read(dir)?;
    let own = dir.join("report.html");
    let page = out.unwrap_or(&own);
    let charts = charts_of(page);
    let sections = sweeps::figures(&sweep);
    let folder = page.with_file_name("").join(&charts);
    fs::create_dir_all(&folder).map_err(|source| ReportError::Write { path: folder.clone(), source })?;
    for section in &sections {
        put_all(&folder, &section.figures)?;
    }
    let links = Links { tables: out.is_none().then_some("merged"), charts };
    put(page, &sweeps::page(&sweep, &sections, &links))?;
    Ok(page.to_owned())
}

/// Makes a page that compares runs; its charts and their numbers lie in `charts/` beside it.
///
/// # Errors
/// [`ReportError`] when a folder was not left by a run, there are too few or too many of them, a file is damaged, or the
/// page cannot be written.
pub fn write_comparison(dirs: &[PathBuf], page: &Path) -> Result<(), ReportError> {
    let runs = compare::Runs::read(dirs)?;
    let figures = compare::figures(&runs);
    let charts = charts_of(page);
    put_all(&page.with_file_name("").join(&charts), &figures)?;
    put(page, &compare::page(&runs, &figures, &Links { tables: None, charts }))
}

/// Folder of a page's charts, relative to it. Several pages in a folder do not write over each other's.
fn charts_of(page: &Path) -> String {
    match page.file_stem().map(|s| s.to_string_lossy()) {
        Some(stem) if stem != "report" => format!("charts/{stem}"),
        _ => "charts".to_owned(),
    }
}

/// What a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A run.
    Run,
    /// A sweep.
    Sweep,
}

/// Says what a folder holds.
///
/// # Errors
/// [`ReportError::Neither`] when it holds nothing that there is a report of.
pub fn kind(dir: &Path) -> Result<Kind, ReportError> {
    if dir.join("sweep.json").is_file() {
        Ok(Kind::Sweep)
    } else if dir.join("run.json").is_file() {
        Ok(Kind::Run)
    } else {
        Err(ReportError::Neither { path: dir.to_owned() })
    }
}

/// Writes the pictures of figures, and their numbers beside them.
fn put_all(folder: &Path, figures: &[Figure]) -> Result<(), ReportError> {
    fs::create_dir_all(folder).map_err(|source| ReportError::Write { path: folder.to_owned(), source })?;
    for f in figures {
        if let Some(picture) = f.poster() {
            put(&folder.join(format!("{}.svg", f.id)), &picture.file(&f.label()))?;
        }
        if let Some(numbers) = &f.numbers {
            put(&folder.join(format!("{}.csv", f.id)), &numbers.csv())?;
        }
    }
    Ok(())
}

/// Writes a file whole or not at all.
fn put(path: &Path, text: &str) -> Result<(), ReportError> {
    let fail = |source| ReportError::Write { path: path.to_owned(), source };
    let part = path.with_extension("part");
    fs::write(&part, text).map_err(fail)?;
    fs::rename(&part, path).map_err(|source| {
        // What matters is the first error; a part that stays behind does no harm.
        let _ = fs::remove_file(&part);
        fail(source)
    })
}
