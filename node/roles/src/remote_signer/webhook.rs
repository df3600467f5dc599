//! What the webhook is asked, and what it says.

use std::collections::BTreeMap;

use weir_wire::json::{self, Json, Reader, quoted};

use super::limit::Limit;
use super::refusal::Refusal;
use super::state::State;

/// Header in which a caller says whom its payments are for.
pub const AUTH_ID: &str = "Signer-Auth-Id";

/// Headers of a caller's request, in any order and case.
pub type Headers = Vec<(String, String)>;

/// What came back from the webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookAnswer {
    /// An answer.
    Answered {
        /// HTTP status.
        status: u16,
        /// Body.
        body: Vec<u8>,
    },
    /// None, within the time that it has.
    Failed(String),
}

/// A yes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Leave {
    /// Unix second up to which it is not asked again; 0 for none.
    pub(super) expiry: i64,
    /// Whom the session is for; empty where it does not say.
    pub(super) auth_id: String,
    pub(super) limit: Option<Limit>,
}

const OBJECT: &str = "RemoteSignerAuthResponse";
const FIELDS: [&str; 5] = ["status", "reason", "expiry", "auth_id", "maxPrice"];

/// The name of a header as Go's servers write it; `None` for that of the host, which they keep apart.
fn canonical(name: &str) -> Option<String> {
    let mut out = String::with_capacity(name.len());
    let mut first = true;
    for c in name.chars() {
        out.push(if first { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
        first = c == '-';
    }
    (out != "Host").then_some(out)
}

/// The first value of a header.
pub(super) fn header<'a>(headers: &'a Headers, name: &str) -> &'a str {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
}

/// Body of the question: who asks, and the state that would be signed.
pub(super) fn question(headers: &Headers, state: &State) -> String {
    let mut by_name = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in headers {
        if let Some(name) = canonical(name) {
            by_name.entry(name).or_default().push(quoted(value));
        }
    }
    let all: Vec<String> =
        by_name.iter().map(|(name, values)| format!("{}:[{}]", quoted(name), values.join(","))).collect();
    format!("{{\"headers\":{{{}}},\"state\":{}}}", all.join(","), state.encode())
}

impl WebhookAnswer {
    /// The yes of an answer.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn leave(self) -> Result<Leave, Refusal> {
        let failed = |why: String| Err(Refusal::Webhook(why));
        let body = match self {
            Self::Failed(why) => return failed(why),
            Self::Answered { status: 200, body } => body,
            Self::Answered { status, .. } => return failed(format!("HTTP status {status}")),
        };
        let (leave, status, reason) = read(&body)?;
        match u16::try_from(status) {
            Ok(200) => Ok(leave),
            // Others are no status of a final answer.
            Ok(status @ 201..=599) => {
                let silent = || format!("signer auth rejected request with status {status}");
                Err(Refusal::Rejected { status, reason: if reason.is_empty() { silent() } else { reason } })
            }
            _ => failed(format!("status {status} in its answer")),
        }
    }
}

fn read(body: &[u8]) -> Result<(Leave, i64, String), Refusal> {
    let failed = |e: json::JsonError| Refusal::Webhook(e.to_string());
    let (mut leave, mut status, mut reason, mut number) = (Leave::default(), 0, String::new(), Ok(()));
    let mut reader = Reader::default();
    reader.object(
        &json::parse(body).map_err(failed)?,
        "server.RemoteSignerAuthResponse",
        &FIELDS,
        |reader, field, value: &Json| {
            let place = (OBJECT, field);
            match field {
                "status" => reader.put(&mut status, value, place),
                "reason" => reader.put(&mut reason, value, place),
                "expiry" => reader.put(&mut leave.expiry, value, place),
                "auth_id" => reader.put(&mut leave.auth_id, value, place),
                _ => match Limit::read(reader, value) {
                    Ok(limit) => leave.limit = limit,
                    Err(text) => number = Err(Refusal::Webhook(format!("maxPrice.price is {text:?}"))),
                },
            }
        },
    );
    reader.end(()).map_err(failed)?;
    number?;
    Ok((leave, status, reason))
}
