//! Many runs of a scenario: designs, cells, shards, status and merged tables.
//!
//! A sweep file says what is varied and how. [`Plan::make`] turns it into cells, each with an address
//! that follows from all that decides its result; [`SweepFolder`] holds the plan and what was run of it;
//! [`run()`] runs what is missing, [`merge()`] puts tables together. Engines such as GNU parallel, Slurm
//! and NATS call the same few operations: [`script`] writes what the first two want, [`queue`] feeds
//! workers through the third.
//!
//! Map, in reading order: [`file`](mod@file) (the sweep file), [`sobol`] and [`design`] (points),
//! [`cell`] (scenarios and addresses), [`plan`], [`lock`], [`folder`], [`select`], [`runner`] (cells in
//! this process), [`pool`] (worker processes), [`run`](mod@run), [`merge`](mod@merge), [`script`],
//! [`queue`].

pub mod cell;
pub mod design;
mod error;
pub mod file;
pub mod folder;
pub mod lock;
pub mod merge;
pub mod plan;
pub mod pool;
pub mod queue;
pub mod run;
pub mod runner;
pub mod script;
pub mod select;
pub mod sobol;

pub use cell::{Cell, CellId};
pub use error::SweepError;
pub use file::Source;
pub use folder::{CellState, FailureRecord, Status, SweepFolder};
pub use merge::{Merged, merge};
pub use plan::Plan;
pub use pool::WorkerCommand;
pub use run::{SweepOptions, SweepReport, Tick, run};
pub use runner::serve;
pub use select::Selection;
