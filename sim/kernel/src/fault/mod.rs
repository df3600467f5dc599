//! Faults on a schedule: what goes wrong, for whom, from when until when.
//!
//! A fault is a fact about a span of virtual time. The plan of a run is fixed before its first event,
//! written down in a scenario or drawn from its seed, and is asked, never changed. What a fault does is
//! its world's business; what concerns links, [`crate::Network`] does itself.
//!
//! Map, in reading order: [`kind`] (the faults), [`window`] (a fault with its time and its targets, and
//! the names in a file turned into numbers), [`plan`] (all windows of a run, and what they say about an
//! instant), [`swarm`] (plans drawn from a seed), [`table`] (a plan in words), [`crash`].

pub mod crash;
pub mod kind;
pub mod plan;
pub mod swarm;
pub mod table;
pub mod window;

use thiserror::Error;

/// What is wrong with a fault or with a rule for drawing them.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FaultError {
    /// A window ends before it begins, or as it does.
    #[error("a {kind} from {from_seconds} s until {until_seconds} s never happens")]
    Empty {
        /// Kind of fault.
        kind: kind::FaultKind,
        /// Begin.
        from_seconds: f64,
        /// End.
        until_seconds: f64,
    },
    /// A number is not in its range.
    #[error("{what} of {kind} must be {range}, not {value}")]
    Range {
        /// Kind of fault.
        kind: kind::FaultKind,
        /// Which number.
        what: &'static str,
        /// What is allowed.
        range: &'static str,
        /// What it is.
        value: f64,
    },
    /// No actor has the name.
    #[error("{kind} names the actor `{name}`, which there is not")]
    UnknownActor {
        /// Kind of fault.
        kind: kind::FaultKind,
        /// The name.
        name: String,
    },
    /// No region has the name.
    #[error("{kind} names the region `{name}`, which there is not")]
    UnknownRegion {
        /// Kind of fault.
        kind: kind::FaultKind,
        /// The name.
        name: String,
    },
}
