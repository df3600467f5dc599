//! Conformance: recordings of the originals are played against this project, and every difference
//! is counted and named.
//!
//! [`histories`] replays random histories of the protocol's contracts on the embedded chain.
//! [`transactions`] sends recorded transactions of real nodes. [`vectors`] puts cases of the
//! original's own functions to ours. [`wire`] reads recorded exchanges of real nodes. [`recording`] reads the files, [`report`] holds the figures.

pub mod histories;
pub mod recording;
pub mod report;
mod shape;
pub mod transactions;
pub mod vectors;
pub mod wire;

pub use report::{FileReport, Report};
