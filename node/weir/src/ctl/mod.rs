//! `weir ctl`: what a person does to a chain with a key in hand.

mod deploy;
pub(crate) mod params;

use clap::Subcommand;

use crate::failure::Failure;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring the protocol up on a chain.
    Deploy(deploy::Arguments),
}

/// Does it.
pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Deploy(arguments) => deploy::run(arguments),
    }
}
