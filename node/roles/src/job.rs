//! Jobs beside video: single requests to a model, and live sessions that one works on for as long as they are paid.

use std::sync::Arc;

pub use weir_market::price::ModelKey;
use weir_market::price::Request;
use weir_market::units;
use weir_ticket::meter::Meter;
use weir_ticket::{Payment, SigError, Signature, TicketSigner, TicketVerifier};
use weir_types::{Address, Instant, Millis, Pixels, keccak256};
use weir_wire::segment::flatten_ids;

use crate::name::Name;
use crate::offer::{AuthToken, OrchestratorInfo, Rate, Refusal};

/// What a live session is paid ahead when it starts.
pub const LIVE_AHEAD: Millis = Millis::from_secs(60);
/// Time between two payments of a live session, and between two debits.
pub const LIVE_INTERVAL: Millis = Millis::from_secs(5);

/// Nanoseconds of a microsecond.
const MICRO: u64 = 1_000;

/// What a live session has used, as both of its sides count it.
#[derive(Debug)]
pub(crate) struct LiveMeter {
    began: Instant,
    /// Nothing where time does not count.
    meter: Option<Meter>,
}

impl LiveMeter {
    /// A meter of a session that begins now.
    pub(crate) fn new(rate: Rate, now: Instant) -> Self {
        let of_time = |per_second| Meter::new(per_second, LIVE_INTERVAL.0 * 1_000 * MICRO);
        Self { began: now, meter: rate.per_second().map(of_time) }
    }

    /// Units since the last interval, if another one is over.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Pixels> {
        let passed = now.0.saturating_sub(self.began.0).saturating_mul(MICRO);
        self.meter.as_mut()?.due(passed).map(Pixels)
    }
}

/// A job's description: everything a machine needs to know of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobMeta {
    /// Number that its gateway gave it.
    pub number: u64,
    /// Model that is to do it.
    pub model: String,
    /// What it is paid by.
    pub work: units::Job,
    /// Size of the request in bytes.
    pub bytes: u64,
}

impl JobMeta {
    /// The model with its capability.
    #[must_use]
    pub fn key(&self) -> ModelKey {
        ModelKey::new(self.work.capability().0, self.model.as_str())
    }
}

/// What a worker made of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobResult {
    /// Size of the answer in bytes.
    pub bytes: u64,
    /// Tokens that came, for models that answer in tokens.
    pub tokens: Option<u64>,
}

/// What a paid request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A job, and its answer.
    Job(Arc<JobMeta>),
    /// The start of a live session.
    Live(ModelKey),
    /// Credit for a live session under way.
    Credit {
        /// The session, as its orchestrator named it.
        manifest: u64,
    },
}

impl Asked {
    /// Name of what is paid for, as it is signed.
    #[must_use]
    pub fn manifest(&self) -> String {
        match self {
            Self::Job(job) => model_name(&job.key()),
            Self::Live(key) => model_name(key),
            Self::Credit { manifest } => Name::new(*manifest).as_str().to_owned(),
        }
    }

    fn message(&self) -> Vec<u8> {
        // No renditions, and of a segment that is not there the hash of nothing.
        flatten_ids(self.manifest().as_bytes(), 0, keccak256([]), "")
    }

    /// A sender's signature.
    #[must_use]
    pub fn sign(&self, signer: &dyn TicketSigner) -> Signature {
        signer.sign_message(&self.message())
    }

    /// Checks that a sender signed it.
    ///
    /// # Errors
    /// [`SigError`] says what is wrong with the signature.
    pub fn verify(&self, sender: Address, sig: &Signature, verifier: &dyn TicketVerifier) -> Result<(), SigError> {
        verifier.verify_message(sender, &self.message(), sig)
    }
}

fn model_name(key: &ModelKey) -> String {
    format!("{}_{}", key.capability, key.model)
}

/// The request for a price that asks for one model.
#[must_use]
pub fn price_request(key: &ModelKey) -> Request {
    let models = [(key.capability, [key.model.clone()].into())];
    Request { capacities: [key.capability].into(), models: models.into() }
}

/// A paid request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Number of the request, echoed in the answer.
    pub request: u64,
    /// The gateway.
    pub sender: Address,
    /// Signature over what is asked for.
    pub sig: Signature,
    /// Session.
    pub auth: AuthToken,
    /// What is asked for.
    pub asked: Asked,
    /// Tickets, possibly none.
    pub payment: Payment,
}

/// Answer to an [`Order`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What came of a job.
    Job(JobResult),
    /// A live session began.
    Live {
        /// Its name.
        manifest: u64,
    },
    /// Credit was taken; with fresh information for the next payment.
    Credited(Box<OrchestratorInfo>),
}

/// [`Answer`], or why there is none.
pub type OrderResult = Result<Answer, Refusal>;

/// What both sides of a live session tell each other beside payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveNews {
    /// A segment of the input begins.
    Input {
        /// Its number.
        seq: u64,
    },
    /// A segment of the output.
    Output {
        /// Its number.
        seq: u64,
    },
    /// The gateway needs no more.
    End,
    /// The orchestrator closed all channels.
    Closed {
        /// Why.
        why: String,
    },
}

/// Whether an orchestrator has a model, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelOffer {
    /// Jobs at a time.
    pub capacity: u64,
    /// Whether it is loaded.
    pub warm: bool,
    /// By what its live work is paid.
    pub rate: Rate,
}
