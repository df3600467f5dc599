//! `weir sim sweep` and `weir sim worker`: many runs of a scenario.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use weir_sweep::queue::{self, QueueOptions};
use weir_sweep::script::{self, Script};
use weir_sweep::{
    FailureRecord, Merged, Plan, Selection, Source, SweepError, SweepFolder, SweepOptions, SweepReport, WorkerCommand,
};

use crate::failure::Failure;
use crate::progress::Bar;
use crate::{interrupt, output};

/// Failed cells that are listed by name.
const LISTED_MAX: usize = 20;

/// Shards of a script where their number is not said.
const SHARDS: u64 = 100;

/// What to do with a sweep.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a sweep and write its plan.
    Plan {
        /// Sweep file.
        sweep: PathBuf,
        /// Sweep folder [default: sweeps/NAME].
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Print the result as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Run what is not finished; of a sweep file, plan before and merge after.
    Run(RunArguments),
    /// Say how far a sweep is.
    Status {
        /// Sweep folder.
        dir: PathBuf,
        /// Print the result as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Put the tables of all finished cells together.
    Merge {
        /// Sweep folder.
        dir: PathBuf,
        /// Print the result as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print a script that runs a sweep with another engine.
    Export {
        /// Sweep folder.
        dir: PathBuf,
        /// The engine.
        #[arg(long, value_enum)]
        engine: Engine,
        /// Parts that the sweep is cut into [default: one per cell, 100 at most].
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        shards: Option<u64>,
        /// Parts that run at a time [default: as many as there is room for].
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        at_a_time: Option<u64>,
    },
    /// Queue what is not finished on a NATS server with JetStream.
    Publish {
        /// Sweep folder.
        dir: PathBuf,
        /// Address of the server, for example nats://host:4222.
        #[arg(long, value_name = "URL")]
        nats: String,
        /// Print the result as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Run the cells that come in by line: what --jobs starts.
    #[command(hide = true)]
    Serve {
        /// Sweep folder.
        dir: PathBuf,
    },
}

/// What is run, and how.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Sweep file, or a folder that was planned.
    sweep: PathBuf,
    /// Sweep folder, for a sweep file [default: sweeps/NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Only the I-th of N parts.
    #[arg(long, value_name = "I/N", value_parser = Selection::shard, group = "part")]
    shard: Option<Selection>,
    /// Only cells by index, B not included.
    #[arg(long, value_name = "A..B", value_parser = Selection::range, group = "part")]
    cells: Option<Selection>,
    /// Only the cell of this address.
    #[arg(long, value_name = "ID", group = "part")]
    cell: Option<String>,
    /// Run cells in so many processes; 0 stands for as many as there are cores [default: in this one].
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Where cells come from.
#[derive(Debug, Args)]
pub(crate) struct WorkerArguments {
    /// Address of the server, for example nats://host:4222.
    #[arg(long, value_name = "URL")]
    nats: String,
    /// Sweep folder, on a file system that all workers share.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// End when nothing is queued and no other worker has a cell.
    #[arg(long)]
    exit_when_empty: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Engine {
    /// GNU parallel, on one machine or several.
    Parallel,
    /// An array of Slurm jobs.
    Slurm,
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Plan { sweep, out, json } => plan(&sweep, out, json),
        Command::Run(arguments) => run_cells(arguments),
        Command::Status { dir, json } => status(&dir, json),
        Command::Merge { dir, json } => merge(&dir, json),
        Command::Export { dir, engine, shards, at_a_time } => export(&dir, engine, shards, at_a_time),
        Command::Publish { dir, nats, json } => publish(&dir, &nats, json),
        Command::Serve { dir } => serve(&dir),
    }
}

fn open(dir: &Path) -> Result<SweepFolder, Failure> {
    SweepFolder::open(dir).map_err(|e| from_sweep(&e))
}

/// Makes the plan of a sweep file and writes it down.
fn planned(file: &Path, out: Option<PathBuf>) -> Result<SweepFolder, Failure> {
    let source = Source::load(file).map_err(|e| Failure::usage(e.to_string()))?;
    let plan = Plan::make(&source).map_err(|e| from_sweep(&e))?;
    let out = out.unwrap_or_else(|| Path::new("sweeps").join(&plan.sweep.name));
    SweepFolder::plan(&out, plan).map_err(|e| from_sweep(&e))
}

fn plan(file: &Path, out: Option<PathBuf>, json: bool) -> Result<(), Failure> {
    let folder = planned(file, out)?;
    let plan = folder.contents();
    let (arms, seeds, runs) = (plan.sweep.arms, plan.sweep.seeds.count, plan.unique().len());
    if json {
        let object = json!({ "dir": folder.path(), "id": plan.id(), "arms": arms, "seeds": seeds,
            "cells": plan.cells.len(), "runs": runs });
        output::result(&object.to_string());
        return Ok(());
    }
    output::result(&format!("sweep       {}", folder.path().display()));
    output::result(&format!("cells       {}: {arms} arms with {seeds} seeds each, {runs} runs", plan.cells.len()));
    Ok(())
}

fn run_cells(arguments: RunArguments) -> Result<(), Failure> {
    let whole = !arguments.sweep.is_dir();
    if !whole && arguments.out.is_some() {
        return Err(Failure::usage("--out goes with a sweep file").help("a folder that was planned is its own place"));
    }
    let folder = if whole { planned(&arguments.sweep, arguments.out)? } else { open(&arguments.sweep)? };
    let one = arguments.cell.map(Selection::One);
    let selection = arguments.shard.or(arguments.cells).or(one).unwrap_or_default();
    let workers = arguments.jobs.map(|n| workers(n, folder.path())).transpose()?;
    let cancel = interrupt::flag()?;
    let bar = Bar::of_cells();
    let options = SweepOptions { selection, workers, cancel, progress: Some(bar.of_cells_callback()) };
    let report = weir_sweep::run(&folder, options).map_err(|e| from_sweep(&e))?;
    drop(bar);
    let merged = if whole && !report.cancelled { merge_some(&folder)? } else { None };
    show(&folder, &report, merged.as_ref(), arguments.json);
    verdict(&report)
}

fn workers(n: usize, folder: &Path) -> Result<(usize, WorkerCommand), Failure> {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let program = this_program()?;
    let arguments = ["sim", "sweep", "serve"].map(str::to_owned).into_iter();
    let arguments = arguments.chain([folder.display().to_string()]).collect();
    Ok((if n == 0 { cores() } else { n }, WorkerCommand { program, arguments }))
}

fn this_program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|e| Failure::failed(format!("cannot tell where this program lies: {e}")))
}

/// Merges what there is; nothing where all failed.
fn merge_some(folder: &SweepFolder) -> Result<Option<Merged>, Failure> {
    match weir_sweep::merge(folder) {
        Ok(merged) => Ok(Some(merged)),
        Err(SweepError::NothingToMerge { .. }) => Ok(None),
        Err(e) => Err(from_sweep(&e)),
    }
}

fn show(folder: &SweepFolder, report: &SweepReport, merged: Option<&Merged>, json: bool) {
    if json {
        let object = json!({ "dir": folder.path(), "report": report, "merged": merged });
        output::result(&object.to_string());
        return;
    }
    let SweepReport { selected, present, ran, failed, broken, .. } = report;
    output::result(&format!("sweep       {}", folder.path().display()));
    output::result(&format!(
        "cells       {selected}: {present} finished before, {ran} run now; {} failed, {} broken",
        failed.len(),
        broken.len()
    ));
    if let Some(merged) = merged {
        show_merged(merged);
    }
}

fn show_merged(merged: &Merged) {
    let Merged { planned, merged, files } = merged;
    let part = if planned == merged { "" } else { ", the others have no result yet" };
    output::result(&format!("merged      {merged} of {planned} cells{part}"));
    for file in files {
        output::result(&format!("            {}", file.display()));
    }
}

fn verdict(report: &SweepReport) -> Result<(), Failure> {
    if report.cancelled {
        let message = "interrupted: finished cells stay, and the same command goes on with the others".to_owned();
        return Err(Failure::Interrupted { message });
    }
    let bad: Vec<&FailureRecord> = report.failed.iter().chain(&report.broken).collect();
    if bad.is_empty() {
        return Ok(());
    }
    let mut text = format!("{} of {} cells are not as they should be:", bad.len(), report.selected);
    for FailureRecord { cell, arm, seed, state, reason, .. } in bad.iter().take(LISTED_MAX) {
        text.push_str(&format!("\n  {cell} (arm `{arm}`, seed {seed}) {}: {reason}", state.name()));
    }
    if bad.len() > LISTED_MAX {
        text.push_str(&format!("\n  and {} more", bad.len() - LISTED_MAX));
    }
    Err(Failure::failed(text)
        .help("failed/ in the sweep folder has every reason; the same command tries failed cells again"))
}

fn status(dir: &Path, json: bool) -> Result<(), Failure> {
    let folder = open(dir)?;
    let status = folder.status().map_err(|e| from_sweep(&e))?;
    if json {
        output::result(&json!({ "dir": dir, "status": status }).to_string());
        return Ok(());
    }
    let rows = [
        ("planned", status.planned),
        ("finished", status.finished),
        ("broken", status.broken),
        ("remaining", status.remaining),
        ("running", status.running),
        ("failed", status.failed),
    ];
    for (name, n) in rows {
        output::result(&format!("{name:10}  {n}"));
    }
    Ok(())
}

fn merge(dir: &Path, json: bool) -> Result<(), Failure> {
    let folder = open(dir)?;
    let merged = weir_sweep::merge(&folder).map_err(|e| from_sweep(&e))?;
    if json {
        output::result(&json!({ "dir": dir, "merged": merged }).to_string());
    } else {
        show_merged(&merged);
    }
    Ok(())
}

fn export(dir: &Path, engine: Engine, shards: Option<u64>, at_a_time: Option<u64>) -> Result<(), Failure> {
    let folder = open(dir)?;
    let plan = folder.contents();
    let absolute = std::path::absolute(dir).map_err(|e| Failure::failed(format!("{}: {e}", dir.display())))?;
    let script = Script {
        engine: match engine {
            Engine::Parallel => script::Engine::Parallel,
            Engine::Slurm => script::Engine::Slurm,
        },
        name: plan.sweep.name.clone(),
        weir: this_program()?,
        folder: absolute,
        shards: shards.unwrap_or_else(|| SHARDS.min(plan.unique().len() as u64)),
        at_a_time,
    };
    output::result(script.text().trim_end());
    Ok(())
}

fn publish(dir: &Path, nats: &str, json: bool) -> Result<(), Failure> {
    let folder = open(dir)?;
    let published = queue::publish(&folder, nats).map_err(|e| from_sweep(&e))?;
    if json {
        output::result(&json!({ "dir": dir, "queue": published }).to_string());
        return Ok(());
    }
    output::result(&format!("queue       {}", published.stream));
    output::result(&format!(
        "cells       {} queued, {} queued already, {} finished",
        published.published, published.duplicates, published.finished
    ));
    Ok(())
}

fn serve(dir: &Path) -> Result<(), Failure> {
    let folder = open(dir)?;
    let cancel = interrupt::flag()?;
    let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
    weir_sweep::serve(&folder, cancel, input, output).map_err(|e| from_sweep(&e))
}

/// Pulls cells and runs them.
pub(crate) fn work(arguments: &WorkerArguments) -> Result<(), Failure> {
    let folder = open(&arguments.dir)?;
    let options = QueueOptions { exit_when_empty: arguments.exit_when_empty, cancel: interrupt::flag()? };
    let worked = queue::work(&folder, &arguments.nats, &options).map_err(|e| from_sweep(&e))?;
    if arguments.json {
        output::result(&json!({ "dir": arguments.dir, "worked": worked }).to_string());
    } else {
        output::result(&format!(
            "cells       {} run, {} of them failed or broken; {} were finished before",
            worked.ran, worked.bad, worked.present
        ));
    }
    if worked.cancelled {
        return Err(Failure::Interrupted { message: "interrupted: the cell under way went back to the queue".into() });
    }
    Ok(())
}

fn from_sweep(error: &SweepError) -> Failure {
    let message = error.to_string();
    match error {
        // Its help is in the message.
        SweepError::File(_) => Failure::usage(message),
        SweepError::Input { .. } => Failure::usage(message).help("correct the path in the scenario"),
        SweepError::OtherPlan { .. } => {
            Failure::usage(message).help("name another folder with --out, or remove this one with what it holds")
        }
        SweepError::NoPlan { .. } => {
            Failure::usage(message).help("`weir sim sweep plan SWEEP.toml --out DIR` makes one")
        }
        SweepError::Version { .. } => Failure::usage(message)
            .help("results of two versions do not mix: plan into another folder, or use the version that planned"),
        SweepError::Selection { .. } => Failure::usage(message).help("cells.jsonl in the sweep folder lists all cells"),
        SweepError::Write { .. } | SweepError::NoRoom { .. } => Failure::failed(message)
            .help("finished cells are kept: make room and check the folder's permissions, then run the same again"),
        SweepError::NothingToMerge { .. } => Failure::failed(message).help("`weir sim sweep run DIR` runs them"),
        SweepError::Nats { .. } => Failure::failed(message)
            .help("start the server with JetStream (nats-server -js), and check the address and who may reach it"),
        _ => Failure::failed(message),
    }
}
