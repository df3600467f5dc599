//! Where a gateway finds orchestrators without the chain: a list from its operator, or one that a webhook answers.

use std::collections::BTreeSet;

use thiserror::Error;
use weir_types::{B256, Instant, Millis, keccak256};
use weir_wire::json::{self, JsonError, Reader};
use weir_wire::url::{NotAUrl, Url};

use crate::discovery::{Node, TRUSTED};

/// Time after which a webhook is asked again.
pub const WEBHOOK_REFRESH: Millis = Millis::from_secs(60);
/// Time that a webhook has to answer.
pub const WEBHOOK_TIMEOUT: Millis = Millis::from_secs(3);

const DEFAULT_HOST: &str = "127.0.0.1";
const DEFAULT_PORT: &str = "8935";

/// Why an orchestrator's address is not one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It is no URL.
    #[error(transparent)]
    Url(#[from] NotAUrl),
    /// It is reached by something else than HTTP.
    #[error("{0:?} is no address of an orchestrator: the scheme must be https or http")]
    Scheme(String),
    /// It names nobody.
    #[error("{0:?} is no address of an orchestrator: it names no host")]
    Host(String),
}

/// Why a webhook's answer is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// It answered that something is wrong.
    #[error("the discovery webhook answered with status {0}")]
    Status(u16),
    /// Its answer is no list of orchestrators.
    #[error("the discovery webhook answered with no list of orchestrators: {0}")]
    Json(String),
}

/// Orchestrators of an operator's list, separated by commas. They are trusted. What a name leaves out is added: the
/// scheme https, the host 127.0.0.1, the port 8935. Each counts once.
///
/// # Errors
/// One of them is no address: a node that starts with less than it was given would not be missed.
pub fn static_list(list: &str) -> Result<Vec<Node>, SourceError> {
    let mut seen = BTreeSet::new();
    let mut nodes = Vec::new();
    for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let uri = completed(entry)?;
        if seen.insert(uri.clone()) {
            nodes.push(Node { uri, score: TRUSTED });
        }
    }
    Ok(nodes)
}

fn completed(entry: &str) -> Result<String, SourceError> {
    let (scheme, rest) = entry.split_once("://").unwrap_or(("https", entry));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // The colons of an IPv6 address stand in brackets.
    let port_at = authority.rfind(':').filter(|at| !authority[*at..].contains(']'));
    let (host, port) = port_at.map_or((authority, ""), |at| (&authority[..at], &authority[at + 1..]));
    let or = |part: &str, default: &str| if part.is_empty() { default.to_owned() } else { part.to_owned() };
    let (host, port) = (or(host, DEFAULT_HOST), or(port, DEFAULT_PORT));
    checked(&format!("{scheme}://{host}:{port}{}", path.trim_end_matches('/')))
}

/// The address of a service, if it is one.
fn checked(uri: &str) -> Result<String, SourceError> {
    let url = Url::parse_request(uri)?;
    if !matches!(url.scheme.as_str(), "https" | "http") {
        return Err(SourceError::Scheme(uri.to_owned()));
    }
    if url.host.is_empty() {
        return Err(SourceError::Host(uri.to_owned()));
    }
    Ok(uri.to_owned())
}

/// An orchestrator as a webhook names it.
#[derive(Default)]
struct Named {
    address: String,
    score: f64,
}

const OBJECT: &str = "orchestrator";
const FIELDS: [&str; 2] = ["address", "score"];

/// What a webhook's answer names. Names of fields count in any case.
fn named(body: &[u8]) -> Result<Vec<Named>, JsonError> {
    let value = json::parse(body)?;
    let mut reader = Reader::default();
    let one = |value| {
        let mut named = Named::default();
        reader.object(value, OBJECT, &FIELDS, |reader, field, value| match field {
            "address" => reader.put(&mut named.address, value, (OBJECT, field)),
            _ => reader.put(&mut named.score, value, (OBJECT, field)),
        });
        named
    };
    let all = value.list("list of orchestrators")?.iter().map(one).collect();
    reader.end(all)
}

/// The list of a webhook, as it was last good. It does no requests: it says when one is due, and takes what came of it.
#[derive(Debug, Clone, Default)]
pub struct Webhook {
    nodes: Vec<Node>,
    skipped: usize,
    body: Option<B256>,
    asked: Option<Instant>,
    good: Option<Instant>,
}

impl Webhook {
    /// A list of which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it is time to ask.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.asked.is_none_or(|asked| now.since(asked) >= WEBHOOK_REFRESH)
    }

    /// A request begins.
    pub const fn asking(&mut self, now: Instant) {
        self.asked = Some(now);
    }

    /// An answer came. Returns whether it changed the list.
    ///
    /// # Errors
    /// The answer is not used; the list stays as it was.
    pub fn answered(&mut self, now: Instant, status: u16, body: &[u8]) -> Result<bool, WebhookError> {
        if !(200..300).contains(&status) {
            return Err(WebhookError::Status(status));
        }
        let hash = keccak256(body);
        if self.body == Some(hash) {
            self.good = Some(now);
            return Ok(false);
        }
        let named = named(body).map_err(|e| WebhookError::Json(e.to_string()))?;
        let all = named.len();
        let nodes: Vec<Node> = named.iter().filter_map(node).collect();
        let changed = nodes != self.nodes;
        (self.skipped, self.nodes, self.body, self.good) = (all - nodes.len(), nodes, Some(hash), Some(now));
        Ok(changed)
    }

    /// The orchestrators of the last good answer.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Entries of that answer that name no orchestrator.
    #[must_use]
    pub const fn skipped(&self) -> usize {
        self.skipped
    }

    /// How old that answer is; `None` before the first.
    #[must_use]
    pub fn age(&self, now: Instant) -> Option<Millis> {
        self.good.map(|good| now.since(good))
    }
}

fn node(named: &Named) -> Option<Node> {
    let uri = checked(&named.address).ok()?;
    Some(Node { uri, score: named.score })
}
