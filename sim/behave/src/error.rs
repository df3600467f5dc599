//! What can go wrong when a behaviour is built or asked.

use crate::setting::Problem;

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BehaveError {
    /// A parameter makes no sense.
    #[error("{}: {}\nhelp: {}", .0.key, .0.message, .0.help)]
    Parameter(Problem),
    /// A script could not be read, or failed when it was asked.
    #[error("{name}{}: {message}\nhelp: {help}", place(*.line, *.column))]
    Script {
        /// Which script.
        name: String,
        /// Line, from 1; none where the fault has no place.
        line: Option<usize>,
        /// Column, from 1.
        column: Option<usize>,
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
    /// A behaviour names a script that was not handed in.
    #[error("no script named `{name}`; known: {known}")]
    UnknownScript {
        /// The name.
        name: String,
        /// Names that are known.
        known: String,
    },
}

fn place(line: Option<usize>, column: Option<usize>) -> String {
    match (line, column) {
        (Some(l), Some(c)) => format!(":{l}:{c}"),
        (Some(l), None) => format!(":{l}"),
        _ => String::new(),
    }
}

impl From<Problem> for BehaveError {
    fn from(problem: Problem) -> Self {
        Self::Parameter(problem)
    }
}
