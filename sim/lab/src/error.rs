//! What can go wrong while a run is made.

use std::path::PathBuf;

use thiserror::Error;

/// Why a run could not be made or checked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LabError {
    /// A file or folder of the run could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of a run folder could not be read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A table could not be written.
    #[error("cannot write table {path}: {reason}")]
    Table {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The run folder is in use by an earlier run.
    #[error("run folder {path} is not empty")]
    NotEmpty {
        /// Which.
        path: PathBuf,
    },
    /// A replay should go further than the run did.
    #[error("the run of {path} ends after {events} events and {seconds} s")]
    NotReached {
        /// Run folder.
        path: PathBuf,
        /// Events of the run.
        events: u64,
        /// Virtual time since the first round began.
        seconds: f64,
    },
    /// An upgrade of the contracts could not be sent.
    #[error("upgrade {index} of the contracts: {reason}")]
    Upgrade {
        /// Which, from 0.
        index: u64,
        /// Why.
        reason: String,
    },
    /// A transaction of an upgrade failed.
    #[error("an upgrade of the contracts failed: {reason}")]
    UpgradeFailed {
        /// Why.
        reason: String,
    },
    /// The clip of the real stream cannot be used.
    #[error("cannot use the clip {path}: {source}")]
    Clip {
        /// Which.
        path: PathBuf,
        /// Why.
        source: weir_media::MediaError,
    },
    /// The clip's pictures have another shape than the ladder, on whose sizes fees are reckoned.
    #[error("the clip {path} has pictures of {width}x{height}, which cannot become {rendition} without distortion")]
    ClipShape {
        /// Which.
        path: PathBuf,
        /// Width of its pictures.
        width: u32,
        /// Height of its pictures.
        height: u32,
        /// Name and size of the rendition.
        rendition: String,
    },
    /// The contracts could not be deployed or read.
    #[error(transparent)]
    Chain(#[from] weir_chain::ChainError),
    /// A behaviour cannot be built, or a script failed when it was asked.
    #[error("{0}")]
    Behaviour(String),
    /// The drawn stakes are more than there is.
    #[error("stakes drawn for this seed come to {wanted}, and token.genesis_lpt is {genesis}")]
    Stakes {
        /// What everybody is to have.
        wanted: weir_types::LptWei,
        /// What there is.
        genesis: weir_types::LptWei,
    },
    /// The contracts could not be deployed.
    #[error("cannot set the network up: {0}")]
    Setup(String),
    /// A transaction of the set-up failed, which no scenario may cause.
    #[error("set-up transaction {what} of {who} failed: {reason}")]
    SetupTx {
        /// Contract function.
        what: &'static str,
        /// Account.
        who: String,
        /// Revert text.
        reason: String,
    },
}
