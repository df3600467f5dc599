//! What callers are answered.

use weir_ticket::{Signature, Value};
use weir_types::Address;
use weir_wire::header;
use weir_wire::json::quoted;

use super::refusal::Refusal;
use super::state::{SignedState, State};

/// Header of an answer that asks for a refresh, with the address of the orchestrator's service.
pub const ORCHESTRATOR_URL: &str = "Livepeer-Orchestrator-URL";

/// A payment that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// Value of the header [`PAYMENT`](header::PAYMENT).
    pub payment: String,
    /// Value of the header [`SEGMENT`](header::SEGMENT).
    pub credentials: String,
    /// What the caller has to send with its next request.
    pub state: SignedState,
}

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Who pays, and its signature over that.
    Identity {
        /// Who.
        address: Address,
        /// Over the address.
        sig: Signature,
    },
    /// A payment.
    Paid(Box<Paid>),
    /// The payment that was signed for the same state before.
    Again(Box<Paid>),
    /// None.
    Refused(Refusal),
}

impl Reply {
    /// HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Identity { .. } | Self::Paid(_) | Self::Again(_) => 200,
            Self::Refused(why) => why.status(),
        }
    }

    /// The header beside those of all answers, by name and value, if there is one.
    #[must_use]
    pub fn header(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Refused(Refusal::Refresh { url }) => Some((ORCHESTRATOR_URL, url)),
            _ => None,
        }
    }

    /// The body: one line of JSON.
    #[must_use]
    pub fn body(&self) -> String {
        match self {
            Self::Identity { address, sig } => {
                let address = address.to_checksum(None);
                format!("{{\"address\":\"{address}\",\"signature\":\"0x{sig}\"}}\n")
            }
            Self::Paid(paid) | Self::Again(paid) => {
                let Paid { payment, credentials, state } = &**paid;
                let (state, sig) = (header::base64(&state.state), header::base64(&state.sig));
                format!(
                    "{{\"payment\":\"{payment}\",\"segCreds\":\"{credentials}\",\
                     \"state\":{{\"State\":\"{state}\",\"Sig\":\"{sig}\"}}}}\n"
                )
            }
            Self::Refused(why) => format!("{{\"error\":{{\"message\":{}}}}}\n", quoted(&why.message())),
        }
    }
}

/// A payment as accounts see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What is paid for.
    pub manifest_id: String,
    /// Address of the orchestrator's service.
    pub url: String,
    /// The session after it.
    pub state: State,
    /// Tickets in it.
    pub tickets: u64,
    /// Their expected value.
    pub credit: Value,
    /// Units of work that it is for.
    pub units: u64,
    /// What they cost.
    pub fee: Value,
}
