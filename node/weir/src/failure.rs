//! How a command ends when it does not end well.

use std::fmt;
use std::process::ExitCode;

/// Exit code of an interrupted command, as shells count: 128 and the number of SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The world did not play along.
    Failed { message: String, help: Option<String> },
    /// The user's input is wrong. `message` may hold its own help.
    Usage { message: String, help: Option<String> },
    /// A run ended with what must not be.
    Broken { message: String, help: Option<String> },
    /// The user ended it.
    Interrupted { message: String },
}

impl Failure {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), help: None }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    pub(crate) fn broken(message: impl Into<String>) -> Self {
        Self::Broken { message: message.into(), help: None }
    }

    /// Says what to do about it.
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        match &mut self {
            Self::Failed { help, .. } | Self::Usage { help, .. } | Self::Broken { help, .. } => {
                *help = Some(text.into());
            }
            Self::Interrupted { .. } => {}
        }
        self
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed { .. } => 1,
            Self::Usage { .. } => 2,
            Self::Broken { .. } => 3,
            Self::Interrupted { .. } => INTERRUPTED,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { message, help } | Self::Usage { message, help } | Self::Broken { message, help } => {
                write!(f, "error: {message}")?;
                help.as_ref().map_or(Ok(()), |help| write!(f, "\nhelp: {help}"))
            }
            Self::Interrupted { message } => write!(f, "{message}"),
        }
    }
}

impl From<eyre::Report> for Failure {
    /// The whole chain of reasons, without a backtrace.
    fn from(report: eyre::Report) -> Self {
        Self::failed(format!("{report:#}"))
    }
}

#[cfg(test)]
mod tests {
    use eyre::{WrapErr, eyre};

    use super::Failure;

    #[test]
    fn help_stands_on_its_own_line() {
        let failure = Failure::usage("run folder a is not empty").help("name another with --out");
        assert_eq!(failure.to_string(), "error: run folder a is not empty\nhelp: name another with --out");
    }

    #[test]
    fn a_report_is_shown_with_its_reasons() {
        let report = Err::<(), _>(eyre!("no such file")).wrap_err("reading a.mp4").expect_err("an error");
        assert_eq!(Failure::from(report).to_string(), "error: reading a.mp4: no such file");
    }
}
