//! What can go wrong with Anvil.

use std::path::PathBuf;

use serde_json::Value;
use thiserror::Error;

/// Why Anvil does not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AnvilError {
    /// It is nowhere.
    #[error(
        "Anvil is not installed: looked at {}. Install it with `weir doctor --install anvil`, or name it in \
         WEIR_ANVIL",
        .looked_at.join(", ")
    )]
    NotFound {
        /// Where it could have been.
        looked_at: Vec<String>,
    },
    /// The file does not start as a program.
    #[error("{} does not start", program.display())]
    Start {
        /// The file.
        program: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is some other program, or says nothing of itself.
    #[error("{} is not Anvil: `--version` says {said:?}", program.display())]
    NotAnvil {
        /// The file.
        program: PathBuf,
        /// What it said.
        said: String,
    },
    /// It ended while it was needed.
    #[error("Anvil ended ({status}){}", stderr_text(.stderr))]
    Ended {
        /// How it ended.
        status: String,
        /// What it said last.
        stderr: String,
    },
    /// It runs and does not answer.
    #[error("Anvil opened no socket in {seconds} s")]
    Silent {
        /// How long it had.
        seconds: u64,
    },
    /// The socket broke, or brought no JSON.
    #[error("the socket of Anvil: {0}")]
    Line(String),
    /// It refuses a request.
    #[error("{method}: {error}")]
    Refused {
        /// The method.
        method: String,
        /// Its error object.
        error: Value,
    },
    /// An answer is not what the method gives.
    #[error("{method} answers {answer}")]
    Answer {
        /// The method.
        method: String,
        /// The answer.
        answer: String,
    },
    /// A folder for the socket cannot be made, or the like.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
}

fn stderr_text(stderr: &str) -> String {
    if stderr.trim().is_empty() { String::new() } else { format!(": {}", stderr.trim()) }
}
