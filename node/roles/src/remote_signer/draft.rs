//! A payment before it is signed.

use weir_ticket::Value;
use weir_ticket::balance::{Balances, Staged};
use weir_types::{Address, Credit, Entropy, Instant, Pixels, Price};
use weir_wire::net;
use weir_wire::segment::NO_PROFILES;

use super::limit;
use super::refusal::{Refusal, TICKETS_MAX};
use super::request::Request;
use super::state::{State, UnixTime};
use super::units::Kind;
use super::webhook::Leave;
use crate::name::Name;

/// Last nonce that is used with one hash of a recipient's number. Orchestrators take no more than 600 nonces, and
/// payments that are lost on their way use some up.
pub const NONCES_MAX: u32 = 500;

/// Seconds before the end of a session's token from which on the orchestrator has to be asked anew.
const TOKEN_REST: u64 = 180;

/// A payment that nothing but a webhook can speak against any more.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) request: Request,
    pub(super) kind: Kind,
    /// Sequence number of the state that it begins from; none where a session begins.
    pub(super) given: Option<u64>,
    /// The state after it.
    pub(super) state: State,
    /// Nonces used before it.
    pub(super) nonce: u32,
    pub(super) tickets: u64,
    /// Expected value of the tickets.
    pub(super) credit: Value,
    pub(super) units: u64,
    pub(super) fee: Value,
    /// Whom the caller says that it is for.
    pub(super) caller: String,
}

/// A random name as nodes draw them: eight hexadecimal digits.
pub(super) fn random_name(rng: &mut Entropy) -> String {
    Name::new(rng.below(1 << 32)).as_str().to_owned()
}

/// Whether a state may go on with a request.
pub(super) fn check_same(state: &State, request: &Request) -> Result<(), Refusal> {
    if state.orchestrator != request.orchestrator {
        return Err(Refusal::Orchestrator);
    }
    if state.app != request.app {
        return Err(Refusal::App);
    }
    if !state.kind.is_empty() && state.kind != request.kind {
        return Err(Refusal::KindChanged);
    }
    Ok(())
}

/// Whether a session's token lasts for longer than it takes to ask for another one.
pub(super) fn check_token(request: &Request, now: UnixTime) -> Result<(), Refusal> {
    let end = u64::try_from(request.token.expiration).unwrap_or(0).saturating_mul(1_000_000_000);
    if end.saturating_sub(now.0) < TOKEN_REST * 1_000_000_000 { Err(request.refresh()) } else { Ok(()) }
}

impl Request {
    /// The orchestrator has to be asked anew.
    pub(super) fn refresh(&self) -> Refusal {
        Refusal::Refresh { url: self.url.clone() }
    }
}

impl Draft {
    /// The payment of a request that goes on from a state, or begins a session with it where there is none before.
    ///
    /// `configured` is what the signer itself pays at most.
    pub(super) fn new(
        request: Request,
        before: Option<&State>,
        mut state: State,
        configured: Option<&Price>,
        now: UnixTime,
    ) -> Result<Self, Refusal> {
        let kind = Kind::named(&request.kind)?;
        let units = kind.units(before.map(|s| s.last_update), now, request.in_pixels)?;
        let initial = state.initial_price.price()?;
        let asked = request.limit.as_ref().map(|l| l.price(kind)).transpose()?;
        let session = ("initial session price", Some(&initial));
        let limits = [("configured maximum price", configured), ("request maxPrice", asked.as_ref()), session];
        limit::check(&request.price, limits)?;
        let fee = Value::fee(&initial, Pixels(units));
        let staged = stage(&state.balance, &fee, &request.params.value())?;
        let nonce = if state.goes_on(&request.params) { state.nonce } else { 0 };
        let last = u32::try_from(staged.tickets).ok().and_then(|tickets| nonce.checked_add(tickets));
        let last = last.filter(|last| *last <= NONCES_MAX).ok_or_else(|| request.refresh())?;
        let mut balance = staged.existing;
        balance += &staged.new_credit;
        balance -= &fee;
        if before.is_some() {
            state.sequence = state.sequence.saturating_add(1);
        }
        state.rand_hash = request.params.recipient_rand_hash;
        state.last_update = now;
        state.nonce = last;
        state.balance = balance.credit();
        state.kind.clone_from(&request.kind);
        let given = before.map(|s| s.sequence);
        let (tickets, credit) = (staged.tickets, staged.new_credit);
        Ok(Self { request, kind, given, state, nonce, tickets, credit, units, fee, caller: String::new() })
    }

    /// Takes the webhook's leave.
    ///
    /// # Errors
    /// It sets a limit that makes no sense, or that the price is above.
    pub(super) fn allow(&mut self, leave: &Leave) -> Result<(), Refusal> {
        let limit = leave.limit.as_ref().map(|l| l.price(self.kind)).transpose().map_err(Refusal::WebhookLimit)?;
        limit::check(&self.request.price, [("auth webhook maxPrice", limit.as_ref())])?;
        self.state.auth_expiry = leave.expiry;
        self.assign(&leave.auth_id)?;
        // Who the caller says it is counts only where nobody else has said so.
        if self.state.auth_id.is_empty() { self.assign_caller() } else { Ok(()) }
    }

    /// The session is for whom the caller says.
    ///
    /// # Errors
    /// It is for somebody else.
    pub(super) fn assign_caller(&mut self) -> Result<(), Refusal> {
        let caller = std::mem::take(&mut self.caller);
        self.assign(&caller)
    }

    fn assign(&mut self, auth_id: &str) -> Result<(), Refusal> {
        if auth_id.is_empty() || self.state.auth_id == auth_id {
            return Ok(());
        }
        if !self.state.auth_id.is_empty() {
            return Err(Refusal::AuthId { was: self.state.auth_id.clone(), is: auth_id.to_owned() });
        }
        auth_id.clone_into(&mut self.state.auth_id);
        Ok(())
    }

    /// What goes with the payment in place of a segment's description; its sender has to sign it yet.
    pub(super) fn credentials(&self) -> net::SegData {
        net::SegData {
            manifest_id: self.request.manifest_id.clone().into_bytes(),
            hash: weir_types::keccak256([]).to_vec(),
            profiles: NO_PROFILES.to_vec(),
            capabilities: self.request.capabilities.clone(),
            auth_token: Some(self.request.token.clone()),
            ..net::SegData::default()
        }
    }
}

/// Tickets that lift a balance to a fee, and to the worth of one of them at least.
fn stage(balance: &Credit, fee: &Value, ev: &Value) -> Result<Staged, Refusal> {
    const KEY: (Address, u64) = (Address::ZERO, 0);
    let mut book = Balances::new();
    book.credit(KEY, &Value::from(balance), Instant::ZERO);
    let staged = book.stage(KEY, fee.max(ev), ev);
    match staged.tickets {
        0 => Err(Refusal::NoTickets),
        1..=TICKETS_MAX => Ok(staged),
        tickets => Err(Refusal::TooManyTickets(tickets)),
    }
}
