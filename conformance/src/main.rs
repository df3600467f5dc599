//! Runs the comparisons: `cargo xtask conformance` starts this.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use eyre::Result;
use weir_conformance::{Report, histories, recording};

/// Differences shown per file.
const SHOWN: usize = 20;

#[derive(Debug, Parser)]
#[command(
    name = "conformance",
    bin_name = "cargo xtask conformance",
    about = "Compare with recordings of the originals"
)]
struct Cli {
    /// Folder with random histories of the protocol's contracts (*.jsonl, *.jsonl.zst).
    #[arg(long, value_name = "DIR")]
    histories: PathBuf,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

fn run(cli: &Cli) -> Result<Report> {
    let mut report = Report::default();
    for file in recording::folder(&cli.histories)? {
        report.files.push(histories::replay(&file.name, &file.read()?));
    }
    Ok(report)
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let report = match run(&cli) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::from(2);
        }
    };
    if cli.json {
        println!("{}", serde_json::json!(report));
    } else {
        print!("{}", report.text(SHOWN));
    }
    if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
