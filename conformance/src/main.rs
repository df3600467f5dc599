//! Runs the comparisons: `cargo xtask conformance` starts this.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use eyre::Result;
use weir_conformance::{Report, histories, recording, vectors, wire};

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
    histories: Option<PathBuf>,
    /// Folder with cases written by the original's own functions (*.json, *.json.zst).
    #[arg(long, value_name = "DIR")]
    vectors: Option<PathBuf>,
    /// Folder with recorded exchanges of real nodes, or with folders of them (*.jsonl, *.jsonl.zst).
    #[arg(long, value_name = "DIR")]
    wire: Option<PathBuf>,
    /// Print the rules by which cases are left out.
    #[arg(long)]
    rules: bool,
    /// Print docs/deviations.md.
    #[arg(long, hide = true)]
    page: bool,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

fn run(cli: &Cli) -> Result<Report> {
    let mut report = Report::default();
    if let Some(folder) = &cli.histories {
        for file in recording::folder(folder, recording::LINES)? {
            report.files.push(histories::replay(&file.name, &file.read()?));
        }
    }
    if let Some(folder) = &cli.vectors {
        // A case that stops ours is counted, and not told twice.
        std::panic::set_hook(Box::new(|_| {}));
        for file in recording::folder(folder, recording::JSON)? {
            report.files.push(vectors::run(&file.name, &file.read()?));
        }
        let _ = std::panic::take_hook();
    }
    if let Some(folder) = &cli.wire {
        for file in recording::tree(folder, recording::LINES)? {
            let figures = wire::replay(&file.name, &file.read()?);
            // Calls of a chain and of a node's own pages hold no messages.
            report.files.extend((figures.cases > 0).then_some(figures));
        }
    }
    Ok(report)
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.rules {
        print!("{}", vectors::rules_text());
        return ExitCode::SUCCESS;
    }
    if cli.page {
        print!("{}", vectors::rules_page());
        return ExitCode::SUCCESS;
    }
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
