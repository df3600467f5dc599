//! What a failure says about whoever it came from.
//!
//! Only a fault suspends. A node that has no room, a gateway without money, or a stream that nobody could transcode
//! says nothing against an orchestrator; treating it as a fault takes good orchestrators out of a pool for minutes.

use crate::pool::retryable;

/// Class of a failed job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The orchestrator's doing: silence, wrong results, broken terms.
    Fault,
    /// No room there at present.
    Capacity,
    /// The gateway's own money is short or leaving.
    OwnMoney,
    /// The input: every orchestrator would fail.
    Input,
    /// Nobody wanted it any more.
    Cancelled,
}

/// Texts of a node that has no room.
const CAPACITY: [&str; 6] = [
    "OrchestratorBusy",
    "OrchestratorCapped",
    "TranscoderBusy",
    "no transcoders available",
    "insufficient capacity",
    "no capacity",
];
/// Texts of a gateway that cannot pay anybody.
const OWN_MONEY: [&str; 3] = ["unable to validate sender", "no sender reserve", "no sender deposit"];
/// Texts of work that was given up by whoever ordered it.
const CANCELLED: [&str; 3] = ["context canceled", "stream is over", "SessionEnded"];

/// The class of a failure by its text.
#[must_use]
pub fn classify(text: &str) -> Class {
    let has = |texts: &[&str]| texts.iter().any(|t| text.contains(t));
    if !retryable(text) {
        Class::Input
    } else if has(&CAPACITY) {
        Class::Capacity
    } else if has(&OWN_MONEY) {
        Class::OwnMoney
    } else if has(&CANCELLED) {
        Class::Cancelled
    } else {
        Class::Fault
    }
}

impl Class {
    /// Whether whoever failed rests for some refreshes.
    #[must_use]
    pub const fn suspends(self) -> bool {
        matches!(self, Self::Fault)
    }

    /// Whether another orchestrator may do better.
    #[must_use]
    pub const fn retries(self) -> bool {
        matches!(self, Self::Fault | Self::Capacity)
    }
}
