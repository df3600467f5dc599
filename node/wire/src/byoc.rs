//! Jobs for containers that their owners bring: the header that describes one, and the address that it goes to.

use thiserror::Error;

use crate::header;
use crate::json::{self, Field, Json, JsonError, Reader};
use crate::url::Url;

/// Header with the description of a job.
pub const JOB: &str = "Livepeer";
/// Header with who asks for a token.
pub const SENDER: &str = "Livepeer-Eth-Address";
/// Header with the capability that a token is asked for.
pub const CAPABILITY: &str = "Livepeer-Capability";
/// Header of an answer, with the balance that is left.
pub const BALANCE: &str = "Livepeer-Balance";

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Job {
    /// What its sender calls it.
    pub id: String,
    /// What is asked for, as JSON in a text.
    pub request: String,
    /// How, as JSON in a text.
    pub parameters: String,
    /// Name of the capability.
    pub capability: String,
    /// Where the capability is; an orchestrator's own to fill in.
    pub capability_url: String,
    /// Address of who pays.
    pub sender: String,
    /// Signature of who pays, over [`crate::signed::job`].
    pub sig: String,
    /// Seconds after which nobody waits any more; above zero.
    pub timeout_seconds: u64,
    /// Nanoseconds to look for orchestrators. Sent, and read by nobody.
    pub search_ns: i64,
    /// Nanoseconds for one of them to answer. Sent, and read by nobody.
    pub search_answer_ns: i64,
}

/// A header that describes no job, in the words that other nodes know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JobError {
    /// It is not base64.
    #[error("ErrorSegEncoding")]
    Base64,
    /// What it holds is no description.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Nobody says how long to wait.
    #[error("no timeout_seconds set with request, timeout_seconds is required")]
    NoTimeout,
    /// A time to wait that is below zero.
    #[error("timeout_seconds is below zero: {0}")]
    Timeout(i64),
}

const OBJECT: &str = "JobRequest";
const FIELDS: [&str; 10] = [
    "id",
    "request",
    "parameters",
    "capability",
    "capability_url",
    "sender",
    "sig",
    "timeout_seconds",
    "OrchSearchTimeout",
    "OrchSearchRespTimeout",
];
const DURATION: &str = "time.Duration";

impl Job {
    /// The value of its header.
    #[must_use]
    pub fn encode(&self) -> String {
        let texts = [
            &self.id,
            &self.request,
            &self.parameters,
            &self.capability,
            &self.capability_url,
            &self.sender,
            &self.sig,
        ];
        let numbers = [self.timeout_seconds.to_string(), self.search_ns.to_string(), self.search_answer_ns.to_string()];
        let values = texts.into_iter().map(|text| serde_json::Value::from(text.as_str()).to_string()).chain(numbers);
        let fields: Vec<String> =
            FIELDS.iter().zip(values).map(|(name, value)| format!("\"{name}\":{value}")).collect();
        header::base64(format!("{{{}}}", fields.join(",")).as_bytes())
    }

    /// The job of a header's value.
    ///
    /// # Errors
    /// It describes none.
    pub fn decode(value: &str) -> Result<Self, JobError> {
        let bytes = header::bytes(value).map_err(|_| JobError::Base64)?;
        let mut reader = Reader::default();
        let (mut out, mut timeout) = (Self::default(), 0);
        reader.object(&json::parse(&bytes)?, "byoc.JobRequest", &FIELDS, |reader, field, value| {
            out.read(&mut timeout, reader, field, value);
        });
        let out = reader.end(out)?;
        match u64::try_from(timeout) {
            Ok(0) => Err(JobError::NoTimeout),
            Ok(timeout_seconds) => Ok(Self { timeout_seconds, ..out }),
            Err(_) => Err(JobError::Timeout(timeout)),
        }
    }

    fn read(&mut self, timeout: &mut i64, reader: &mut Reader, field: &'static str, value: &Json) {
        let place = (OBJECT, field);
        match field {
            "id" => reader.put(&mut self.id, value, place),
            "request" => reader.put(&mut self.request, value, place),
            "parameters" => reader.put(&mut self.parameters, value, place),
            "capability" => reader.put(&mut self.capability, value, place),
            "capability_url" => reader.put(&mut self.capability_url, value, place),
            "sender" => reader.put(&mut self.sender, value, place),
            "sig" => reader.put(&mut self.sig, value, place),
            "timeout_seconds" => reader.put_as(timeout, value, place, i64::NAME),
            "OrchSearchTimeout" => reader.put_as(&mut self.search_ns, value, place, DURATION),
            _ => reader.put_as(&mut self.search_answer_ns, value, place, DURATION),
        }
    }
}

/// A URL with another host and port. An empty host changes nothing, nor can what is no URL be changed.
#[must_use]
pub fn with_host(url: &str, host: &str) -> String {
    match Url::parse_request(url) {
        Ok(mut parsed) if !host.is_empty() => {
            host.clone_into(&mut parsed.host);
            parsed.to_string()
        }
        _ => url.to_owned(),
    }
}

/// The text of a balance in a line of an answer that comes line by line.
#[must_use]
pub fn balance_text(line: &str) -> String {
    line.replacen("data:", "", 1).trim().to_owned()
}
