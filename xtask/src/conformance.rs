//! Builds the comparison with recordings of the originals, and runs it.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Args;
use eyre::Result;

/// Recordings to compare with: all of this repository's, or those that are named.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder with random histories of the protocol's contracts (*.jsonl, *.jsonl.zst).
    #[arg(long, value_name = "DIR")]
    histories: Option<PathBuf>,
    /// Folder with cases written by the original's own functions (*.json, *.json.zst).
    #[arg(long, value_name = "DIR")]
    vectors: Option<PathBuf>,
    /// Folder with recorded exchanges of real nodes, or with folders of them (*.jsonl, *.jsonl.zst).
    #[arg(long, value_name = "DIR")]
    wire: Option<PathBuf>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    /// Print the rules by which cases are left out.
    #[arg(long)]
    rules: bool,
}

/// What was printed is what the comparison printed; so is the exit code.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    xtask::build("weir-conformance", false)?;
    let mut command = Command::new(crate::target_directory()?.join("debug/weir-conformance"));
    let committed = |folder: &str| xtask::root().join("conformance/data").join(folder);
    let named = [("histories", &arguments.histories), ("vectors", &arguments.vectors), ("wire", &arguments.wire)];
    let none_named = named.iter().all(|(_, folder)| folder.is_none());
    for (option, named) in named {
        let folder = named.clone().or_else(|| none_named.then(|| committed(option)));
        if let Some(folder) = folder {
            command.arg(format!("--{option}")).arg(folder);
        }
    }
    for (option, given) in [("--json", arguments.json), ("--rules", arguments.rules)] {
        if given {
            command.arg(option);
        }
    }
    xtask::pass_on(&mut command)
}
