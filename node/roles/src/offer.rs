//! What an orchestrator says of itself, and how it refuses.

use weir_ticket::TicketParams;
use weir_types::{Address, B256, Instant, Millis, Pixels, Price};

/// Identifies a session between a gateway and an orchestrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthToken {
    /// Session id chosen by the orchestrator.
    pub session_id: u64,
    /// MAC of the session id under the orchestrator's secret.
    pub token: B256,
    /// When the token stops being good.
    pub expires: Instant,
}

/// By what work is paid that goes on for as long as its stream does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rate {
    /// The pixels of 30 frames of 1280 by 720 a second, whatever the stream's are.
    #[default]
    Pixels,
    /// Seconds.
    Seconds,
    /// One unit, however long it lasts.
    Fixed,
}

impl Rate {
    /// Units of a second; none where time does not count.
    #[must_use]
    pub const fn per_second(self) -> Option<u64> {
        match self {
            Self::Pixels => Some(1280 * 720 * 30),
            Self::Seconds => Some(1),
            Self::Fixed => None,
        }
    }

    /// Units of a time, or of the whole of it where time does not count.
    #[must_use]
    pub const fn units(self, time: Millis) -> Pixels {
        match self.per_second() {
            Some(rate) => Pixels(time.0.saturating_mul(rate) / 1_000),
            None => Pixels(1),
        }
    }
}

/// What an orchestrator tells a gateway about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrchestratorInfo {
    /// Ticket recipient.
    pub address: Address,
    /// Price of a pixel.
    pub price: Price,
    /// Parameters for the next tickets; absent where the work is free.
    pub ticket_params: Option<TicketParams>,
    /// Session to use.
    pub auth: AuthToken,
    /// Whether the model that was asked for is loaded; false for video.
    pub warm: bool,
    /// By what that model's live work is paid.
    pub rate: Rate,
}

/// Why work was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The request is at fault: bad signature, bad or missing payment. HTTP 4xx.
    BadRequest(String),
    /// No room now; not a fault of anybody. HTTP 503.
    Capacity(String),
    /// The work failed. HTTP 500 or an error in the body.
    Failed(String),
}

impl Refusal {
    /// The text without its class.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::BadRequest(s) | Self::Capacity(s) | Self::Failed(s) => s,
        }
    }
}
