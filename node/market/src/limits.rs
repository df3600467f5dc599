//! Timeouts and sizes of the market, as data for drivers.

use serde::{Deserialize, Serialize};
use weir_types::{Instant, Millis};

/// Longest wait for an orchestrator's answer when a session is renewed.
pub const REFRESH: Millis = Millis(2_500);
/// Longest wait for all answers when every known orchestrator is polled.
pub const POLL: Millis = Millis(3_000);
/// Longest wait for a connection to an orchestrator's request port.
pub const DIAL: Millis = Millis(3_000);
/// Time between two polls of every known orchestrator.
pub const POLL_PERIOD: Millis = Millis(25 * 60 * 1_000);
/// Lifetime of a session token.
pub const TOKEN_LIFE: Millis = Millis(30 * 60 * 1_000);
/// Time before the end of a session token at which a gateway asks for a new one.
pub const TOKEN_MARGIN: Millis = Millis(3 * 60 * 1_000);
/// Whether a session token that ends at a time should be renewed before it is used again.
#[must_use]
pub fn token_ends(end: Instant, now: Instant) -> bool {
    end < now + TOKEN_MARGIN
}

/// Idle time after which an orchestrator drops a session.
pub const SESSION_IDLE: Millis = Millis(70_000);
/// Idle time after which a gateway drops a pushed stream.
pub const STREAM_IDLE: Millis = Millis(60_000);
/// Base of the round trip of a segment.
pub const ROUND_TRIP: Millis = Millis(8_000);
/// Base of the time until a segment's response starts.
pub const UPLOAD: Millis = Millis(2_000);
/// Length of a segment that the size of the trusted pool assumes.
pub const SEGMENT: Millis = Millis(2_000);
/// Shortest segment length that counts in a latency score.
pub const SCORE_FLOOR: Millis = Millis(1_500);
/// Segments of a session that wait behind the one in work.
pub const QUEUED_SEGMENTS: u32 = 4;
/// Sessions that an orchestrator takes unless told otherwise.
pub const MAX_SESSIONS: u64 = 10;
/// Attempts at one segment unless told otherwise.
pub const MAX_ATTEMPTS: u32 = 3;

/// How long a gateway waits for a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentLimits {
    /// Until the response starts.
    pub upload: Millis,
    /// Until the response is read.
    pub total: Millis,
}

impl SegmentLimits {
    /// Limits for a segment of a length: half of it and at least 2 s for the upload, four times it
    /// and at least 8 s in all, both stretched by a multiplier above one.
    #[must_use]
    pub fn new(duration: Millis, multiplier: u32) -> Self {
        let k = u64::from(multiplier.max(1));
        let upload = UPLOAD.0.max(duration.0 / 2);
        let total = ROUND_TRIP.0.max(duration.0.saturating_mul(4));
        Self { upload: Millis(upload.saturating_mul(k)), total: Millis(total.saturating_mul(k)) }
    }
}

/// Time that a segment took, from sending it until its renditions were read, as a share of its
/// length; short segments count as 1.5 s. Below one an orchestrator keeps up with the stream.
#[must_use]
pub fn latency_score(took: Millis, duration: Millis) -> f64 {
    took.as_secs_f64() / duration.max(SCORE_FLOOR).as_secs_f64()
}
