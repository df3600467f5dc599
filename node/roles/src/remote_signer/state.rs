//! The state of a session, which its caller keeps.

use std::fmt::Write as _;

use thiserror::Error;
use weir_ticket::{PriceInfo, Signature, TextSigner, TicketParams};
use weir_types::{Address, B256, Credit, Instant, decimal};
use weir_wire::json::{self, Json, JsonError, Reader, quoted};
use weir_wire::moment::{self, Moment};

/// Nanoseconds since 1970.
///
/// Billed time is counted in them, and so finer than other machines tell the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// Whole seconds since 1970.
    #[must_use]
    pub fn as_secs(self) -> i64 {
        i64::try_from(self.0 / 1_000_000_000).unwrap_or(i64::MAX)
    }
}

impl From<Instant> for UnixTime {
    /// The instant's epoch is taken for 1970.
    fn from(t: Instant) -> Self {
        Self(t.0.saturating_mul(1_000))
    }
}

/// What a session has come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// The session, by eight random hexadecimal digits.
    pub id: String,
    /// Hash of the recipient's number in the tickets signed last.
    pub rand_hash: B256,
    /// Up to here time is billed.
    pub last_update: UnixTime,
    /// Who is paid.
    pub orchestrator: Address,
    /// The app that is paid for, where it is one.
    pub app: String,
    /// Unix second from which on the webhook is asked again.
    pub auth_expiry: i64,
    /// Last nonce used with [`Self::rand_hash`].
    pub nonce: u32,
    /// Credit that the orchestrator holds.
    pub balance: Credit,
    /// Price at the session's start, at which all of it is billed.
    pub initial_price: PriceInfo,
    /// Kind of payment: `lv2v`, `live`, `fixed` or none.
    pub kind: String,
    /// States signed in the session before this one.
    pub sequence: u64,
    /// Whom the webhook, or the caller, says that the session is for.
    pub auth_id: String,
}

/// A text that is no state.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StateError {
    /// It is not the JSON that it should be.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A field whose text makes no sense.
    #[error("{field} is {text:?}")]
    Field {
        /// Its name.
        field: &'static str,
        /// Its text.
        text: String,
    },
}

const OBJECT: &str = "RemotePaymentState";
const FIELDS: [&str; 13] = [
    "StateID",
    "PMSessionID",
    "LastUpdate",
    "OrchestratorAddress",
    "App",
    "AuthExpiry",
    "SenderNonce",
    "Balance",
    "InitialPricePerUnit",
    "InitialPixelsPerUnit",
    "Type",
    "SequenceNumber",
    "AuthID",
];

/// Fields that have another form on the wire.
#[derive(Default)]
struct Texts {
    rand_hash: String,
    last_update: String,
    orchestrator: String,
    nonce: u64,
    balance: String,
}

impl State {
    /// The first state of a session: nothing is signed and nothing credited.
    #[must_use]
    pub(super) fn first(id: String, orchestrator: Address, initial_price: PriceInfo) -> Self {
        Self { id, orchestrator, initial_price, ..Self::default() }
    }

    /// Whether tickets under these parameters go on with the nonces of the state.
    #[must_use]
    pub(super) fn goes_on(&self, params: &TicketParams) -> bool {
        self.rand_hash == params.recipient_rand_hash
    }

    /// The JSON that is signed, field for field as go-livepeer writes it.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::new();
        let balance = self.balance.0.numer().to_string() + "/" + &self.balance.0.denom().to_string();
        let values = [
            quoted(&self.id),
            format!("\"0x{:x}\"", self.rand_hash),
            format!("\"{}\"", Moment::of_nanos(self.last_update.0)),
            format!("\"0x{:x}\"", self.orchestrator),
            quoted(&self.app),
            self.auth_expiry.to_string(),
            self.nonce.to_string(),
            quoted(&balance),
            self.initial_price.price_per_unit.to_string(),
            self.initial_price.pixels_per_unit.to_string(),
            quoted(&self.kind),
            self.sequence.to_string(),
            quoted(&self.auth_id),
        ];
        for (field, value) in FIELDS.iter().zip(values) {
            let before = if out.is_empty() { '{' } else { ',' };
            // Writing into a text cannot fail.
            let _ = write!(out, "{before}\"{field}\":{value}");
        }
        out.push('}');
        out
    }

    /// The state of a JSON text.
    ///
    /// # Errors
    /// [`StateError`] names what of it makes no sense.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let (mut out, mut texts) = (Self::default(), Texts::default());
        let mut reader = Reader::default();
        reader.object(&json::parse(bytes)?, "server.RemotePaymentState", &FIELDS, |reader, field, value| {
            out.read(&mut texts, reader, field, value);
        });
        reader.end(())?;
        let bad = |field, text: &str| StateError::Field { field, text: text.to_owned() };
        out.rand_hash = texts.rand_hash.parse().map_err(|_| bad("PMSessionID", &texts.rand_hash))?;
        let nanos = moment::unix_nanos(&texts.last_update);
        out.last_update = nanos.map(UnixTime).ok_or_else(|| bad("LastUpdate", &texts.last_update))?;
        out.orchestrator = texts.orchestrator.parse().map_err(|_| bad("OrchestratorAddress", &texts.orchestrator))?;
        out.nonce = u32::try_from(texts.nonce).map_err(|_| bad("SenderNonce", &texts.nonce.to_string()))?;
        out.balance = decimal::ratio(&texts.balance).map(Credit).ok_or_else(|| bad("Balance", &texts.balance))?;
        Ok(out)
    }

    fn read(&mut self, texts: &mut Texts, reader: &mut Reader, field: &'static str, value: &Json) {
        let place = (OBJECT, field);
        match field {
            "StateID" => reader.put(&mut self.id, value, place),
            "PMSessionID" => reader.put(&mut texts.rand_hash, value, place),
            "LastUpdate" => reader.put(&mut texts.last_update, value, place),
            "OrchestratorAddress" => reader.put(&mut texts.orchestrator, value, place),
            "App" => reader.put(&mut self.app, value, place),
            "AuthExpiry" => reader.put(&mut self.auth_expiry, value, place),
            "SenderNonce" => reader.put(&mut texts.nonce, value, place),
            "Balance" => reader.put(&mut texts.balance, value, place),
            "InitialPricePerUnit" => reader.put(&mut self.initial_price.price_per_unit, value, place),
            "InitialPixelsPerUnit" => reader.put(&mut self.initial_price.pixels_per_unit, value, place),
            "Type" => reader.put(&mut self.kind, value, place),
            "SequenceNumber" => reader.put(&mut self.sequence, value, place),
            _ => reader.put(&mut self.auth_id, value, place),
        }
    }
}

/// A state as its caller keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignedState {
    /// JSON of a [`State`].
    pub state: Vec<u8>,
    /// The signer's signature over these bytes as they are.
    pub sig: Vec<u8>,
}

impl SignedState {
    /// Signs a state.
    #[must_use]
    pub fn new(state: &State, signer: &dyn TextSigner) -> Self {
        let state = state.encode().into_bytes();
        let Signature(sig) = signer.sign_text(&state);
        Self { sig: sig.to_vec(), state }
    }

    /// Whether the signer signed it.
    #[must_use]
    pub fn is_own(&self, signer: &dyn TextSigner) -> bool {
        signer.signed(&self.state, &self.sig)
    }

    /// True for what stands in a request without a state.
    #[must_use]
    pub(super) const fn is_absent(&self) -> bool {
        self.state.is_empty() && self.sig.is_empty()
    }
}
