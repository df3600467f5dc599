//! What a failure says about whoever it came from.
//!
//! Only a fault suspends. A node that has no room, a gateway without money, or a stream that nobody could transcode
//! says nothing against an orchestrator; treating it as a fault takes good orchestrators out of a pool for minutes.

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
    /// No way there: it was never asked, or the line broke. Whoever cannot be reached is not found by the next search
    /// either, and whoever can be again need not wait.
    Network,
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
/// Texts of a line that is not there, as operating systems and HTTP clients have them. Silence on a line that is there
/// is none of them.
const NETWORK: [&str; 6] = [
    "connection refused",
    "connection reset by peer",
    "no such host",
    "no route to host",
    "network is unreachable",
    "broken pipe",
];

/// The class of a failure by its text. For what the gateway saw by itself; for what a peer said, see
/// [`classify_answer`].
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
    } else if has(&NETWORK) {
        Class::Network
    } else {
        Class::Fault
    }
}

/// The class of a failure by the text with which a peer answered.
///
/// A peer can say anything. Whether the gateway still wants the work and whether the line holds is not for a peer to
/// know, and the gateway looks at its own money before it pays anybody: a peer that says so to escape its penalty, or
/// to keep others from being tried, is at fault. Capacity and input are things that an honest peer does see, and are
/// believed.
#[must_use]
pub fn classify_answer(text: &str) -> Class {
    match classify(text) {
        Class::Cancelled | Class::Network | Class::OwnMoney => Class::Fault,
        class => class,
    }
}

/// Errors of transcoding that another orchestrator would meet as well.
const NON_RETRYABLE: [&str; 20] = [
    "Unsupported input pixel format",
    "Error initializing filtergraph",
    "Too many outputs",
    "Unsupported input codec",
    "No keyframes in input",
    "Unrecoverable state, restart process",
    "Encoded frames runaway",
    "Decoder not found",
    "Demuxer not found",
    "Encoder not found",
    "Muxer not found",
    "Option not found",
    "Invalid argument",
    "TranscoderInvalidResolution",
    "TranscoderInvalidVideo",
    "TranscoderUnrecognizedFormat",
    "TranscoderUnrecognizedProfile",
    "TranscoderInvalidGOP",
    "TranscoderIncompatibleDevices",
    "hit max transcode attempts",
];

/// Whether a segment that failed with this text is worth another orchestrator. If it is, the
/// session failed; if not, it is complete.
#[must_use]
pub fn retryable(error: &str) -> bool {
    !NON_RETRYABLE.contains(&error)
}

impl Class {
    /// Whether whoever failed rests for some refreshes.
    #[must_use]
    pub const fn suspends(self) -> bool {
        matches!(self, Self::Fault)
    }

    /// Whether another orchestrator may do better. The session with this one is over then.
    #[must_use]
    pub const fn retries(self) -> bool {
        matches!(self, Self::Fault | Self::Capacity | Self::Network)
    }
}
