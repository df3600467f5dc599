//! Why a payment is not signed.

use thiserror::Error;
use weir_ticket::PriceError;
use weir_ticket::sender::SenderError;
use weir_ticket::wire::WireError;
use weir_types::{Price, decimal};
use weir_wire::json::JsonError;

use super::state::StateError;

/// Most tickets of one payment.
pub const TICKETS_MAX: u64 = 100;

/// What a caller sees in place of a fault that is none of its own.
const MASK: &str = "Internal Server Error";

/// A limit of a price that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LimitError {
    /// It is not in wei.
    #[error("maxPrice.currency must be wei")]
    Currency,
    /// A payment whose units have no name.
    #[error("maxPrice requires payment type live, lv2v, or fixed")]
    Kind,
    /// It is for other units than the payment.
    #[error("maxPrice.unit must be {unit} for payment type {kind}")]
    Unit {
        /// The unit of the kind.
        unit: &'static str,
        /// Kind of the payment.
        kind: &'static str,
    },
    /// Nothing, or less.
    #[error("maxPrice.price must be a positive decimal")]
    Price,
}

/// A price above what somebody allows.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "orchestrator price {} exceeds {whose} ceiling {}",
    decimal::rounded(price.ratio(), 3),
    decimal::rounded(ceiling.ratio(), 3)
)]
pub struct TooDear {
    /// Wei that the orchestrator asks for a unit.
    pub price: Price,
    /// Who sets the limit, or what.
    pub whose: &'static str,
    /// The limit.
    pub ceiling: Price,
}

/// Why a payment is not signed. The text names the cause; [`Refusal::message`] is what the caller is told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// An empty body.
    #[error("EOF")]
    Empty,
    /// A body that ends too early.
    #[error("unexpected EOF")]
    Cut,
    /// A body of another form.
    #[error(transparent)]
    Json(JsonError),
    /// A limit whose price is no number.
    #[error("json: invalid number literal, trying to unmarshal {0:?} into Number")]
    Number(String),
    /// Nobody to pay.
    #[error("missing orchestrator")]
    NoOrchestrator,
    /// Bytes that are no such message.
    #[error("proto: cannot parse invalid wire-format data")]
    Protobuf,
    /// No price, or none that is one.
    #[error("missing or zero priceInfo")]
    NoPrice,
    /// A price below zero.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// Nothing to make tickets of.
    #[error("missing ticketParams in OrchestratorInfo")]
    NoParams,
    /// Tickets that the chain would not know.
    #[error("invalid ticketParams in OrchestratorInfo: {0}")]
    Params(#[from] WireError),
    /// No session to pay for.
    #[error("missing authToken in OrchestratorInfo")]
    NoToken,
    /// A state that this key did not sign.
    #[error("invalid sig")]
    StateSig,
    /// A signed state that cannot be read.
    #[error("invalid state: {0}")]
    State(#[from] StateError),
    /// The state is for another orchestrator.
    #[error("orchestratorAddress mismatch")]
    Orchestrator,
    /// The state is for another app.
    #[error("app mismatch")]
    App,
    /// The state is for another kind of payment.
    #[error("job type mismatch")]
    KindChanged,
    /// The state is not the newest of its session.
    #[error(
        "state is used up: its sequence number is {given} and {newest} is signed; send the newest state or begin a new session"
    )]
    UsedUp {
        /// Sequence number of the state.
        given: u64,
        /// Of the newest state that was signed.
        newest: u64,
    },
    /// A state, and no name of what is paid for.
    #[error("missing manifestID")]
    NoManifest,
    /// The orchestrator has to be asked anew before it can be paid.
    #[error("refresh session for remote signer")]
    Refresh {
        /// Address of its service.
        url: String,
    },
    /// A rule about tickets speaks against all under these parameters.
    #[error("remote signer could not check whether to refresh session: {0}")]
    Unfit(SenderError),
    /// A kind of payment that is not known.
    #[error("invalid job type")]
    Kind,
    /// Nothing to pay for.
    #[error("missing billable unit or job type")]
    NoUnits,
    /// The caller's limit makes no sense.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The price is above a limit.
    #[error(transparent)]
    TooDear(Box<TooDear>),
    /// The credit is enough as it is.
    #[error("no tickets")]
    NoTickets,
    /// More tickets than one payment may have.
    #[error("numTickets {0} exceeds maximum of {TICKETS_MAX}")]
    TooManyTickets(u64),
    /// A rule about tickets speaks against so many.
    #[error(transparent)]
    Sender(SenderError),
    /// Too many payments wait for the webhook.
    #[error("too many payments wait for their authorization")]
    Busy,
    /// The webhook says no.
    #[error("{reason}")]
    Rejected {
        /// Its status.
        status: u16,
        /// Its words, or others in their place.
        reason: String,
    },
    /// The webhook says nothing that makes sense.
    #[error("signer auth failed: {0}")]
    Webhook(String),
    /// The webhook's limit makes no sense.
    #[error("signer auth invalid maxPrice: {0}")]
    WebhookLimit(LimitError),
    /// The session is for somebody else.
    #[error("auth id changed within a session: {was:?}, now {is:?}")]
    AuthId {
        /// Whom it is for.
        was: String,
        /// Whom this payment would be for.
        is: String,
    },
}

impl Refusal {
    /// Status of the answer.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Refresh { .. } => 480,
            Self::TooDear(_) => 481,
            Self::NoTickets => 482,
            Self::Busy => 503,
            Self::Rejected { status, .. } => *status,
            Self::Webhook(_) | Self::AuthId { .. } => 500,
            Self::WebhookLimit(_) => 502,
            _ => 400,
        }
    }

    /// What the caller is told: not the cause where the status is 500.
    #[must_use]
    pub fn message(&self) -> String {
        if self.status() == 500 { MASK.to_owned() } else { self.to_string() }
    }
}

impl From<TooDear> for Refusal {
    fn from(e: TooDear) -> Self {
        Self::TooDear(Box::new(e))
    }
}
