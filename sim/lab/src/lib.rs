//! The Livepeer network in a box: scenarios, the simulated world they describe, and what a run
//! leaves behind.
//!
//! [`scenario::load`] reads and checks a scenario, [`run()`] makes a run folder of it, [`replay()`]
//! makes the run again and holds every event against the record, [`compare()`] finds where two runs part.
//!
//! Map: [`scenario`], `world` (nodes, chain and links on the event queue), `books` (what is counted
//! on the way), `snapshot` (the protocol's state at the end of each round), [`invariants`] (what
//! must hold at the end), `media` (the real stream), `results` and [`tables`] (what is left).

mod books;
mod clip;
mod compare;
mod error;
mod facts;
pub mod invariants;
mod media;
mod names;
mod replay;
mod results;
mod run;
pub mod scenario;
mod snapshot;
pub mod tables;
mod world;

pub use books::{Books, Pair, PairBook};
pub use clip::{ClipInfo, ClipSegment};
pub use compare::{Comparison, Differing, Fork, compare};
pub use error::LabError;
pub use replay::{Replay, Until, replay, replay_until};
pub use results::{Summary, figure_names, table_names};
pub use run::{Phase, Progress, RunFile, RunOptions, RunOutcome, RunState, Simulated, run, simulate};
pub use world::{Moment, NamedEvent, NodeState};
