//! Tasks of the repository: `cargo xtask <task>`.

mod contracts;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Tasks of the repository")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Compile the Solidity sources into the artifacts that the crates embed.
    Contracts {
        /// Compare with the committed artifacts instead of writing them.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> eyre::Result<()> {
    match Cli::parse().task {
        Task::Contracts { check } => contracts::run(check),
    }
}
