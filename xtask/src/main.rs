//! Tasks of the repository: `./dev <task>`, or `cargo xtask <task>`.

mod bench;
mod check;
mod conformance;
mod contracts;
mod demo;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use eyre::{Context, Result};

#[derive(Debug, Parser)]
#[command(name = "./dev", bin_name = "./dev", about = "Tasks of the repository")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build Weir, run the quickstart scenario and say where its report lies.
    Demo,
    /// Run all tests, unless they passed on exactly these files before.
    Test {
        /// Run them in any case.
        #[arg(long)]
        force: bool,
    },
    /// Hold the contracts against their model over 10,000 random lives, and levels of fidelity over 200 seeds.
    Nightly {
        /// First seed, to run a night again; by default one for each day.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Check format, clippy's lints, dependencies, floors and tidiness.
    Lint,
    /// Compile the Solidity sources into the artifacts that the crates embed.
    Contracts {
        /// Compare with the committed artifacts instead of writing them.
        #[arg(long)]
        check: bool,
        /// Write the sources into a new folder instead, for tools and tests of the original protocol.
        #[arg(long, value_name = "DIR", conflicts_with = "check")]
        export: Option<PathBuf>,
        /// Rules that the exported sources have under the contracts' plain names.
        #[arg(long, value_enum, default_value = "D26", requires = "export")]
        rules: contracts::Rules,
    },
    /// Measure, beside what it is compared with.
    Bench {
        #[command(subcommand)]
        what: bench::What,
    },
    /// Compare with recordings of the originals.
    Conformance(conformance::Arguments),
}

/// Where cargo builds.
fn target_directory() -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(xtask::root())
        .no_deps()
        .exec()
        .context("cargo metadata failed")?;
    Ok(metadata.target_directory.into_std_path_buf())
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Demo => demo::run().map(|()| ExitCode::SUCCESS),
        Task::Test { force } => check::test(force).map(|()| ExitCode::SUCCESS),
        Task::Nightly { seed } => check::nightly(seed).map(|()| ExitCode::SUCCESS),
        Task::Lint => check::lint().map(|()| ExitCode::SUCCESS),
        Task::Contracts { export: Some(folder), rules, .. } => {
            contracts::export(&folder, rules).map(|()| ExitCode::SUCCESS)
        }
        Task::Contracts { check, .. } => contracts::run(check).map(|()| ExitCode::SUCCESS),
        Task::Bench { what } => bench::run(&what),
        Task::Conformance(arguments) => conformance::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
