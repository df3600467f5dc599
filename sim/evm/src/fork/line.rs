//! Requests of the other chain's endpoint, made where the caller waits for them.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::ForkCause;

/// Pauses before a request is made again; none is longer than a quarter of the patience.
const PAUSES_MS: [u64; 3] = [100, 400, 1_500];

type Reply = mpsc::Sender<Result<Value, ForkCause>>;

/// A line to the endpoint. The execution waits for answers, so a thread of its own makes the requests.
#[derive(Debug)]
pub(super) struct Line {
    requests: mpsc::Sender<(Value, Reply)>,
}

impl Line {
    pub(super) fn open(url: &str, patience: Duration) -> Result<Self, ForkCause> {
        let parsed = reqwest::Url::parse(url).map_err(|e| ForkCause::Url(e.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none_or(str::is_empty) {
            return Err(ForkCause::Url(parsed.scheme().to_owned()));
        }
        // The program may have chosen a provider of cryptography before: then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(patience).build();
        let client = client.map_err(|e| ForkCause::Unreachable(text(&e)))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| ForkCause::Unreachable(e.to_string()))?;
        let (requests, inbox) = mpsc::channel::<(Value, Reply)>();
        thread::Builder::new()
            .name("weir-fork".into())
            .spawn(move || {
                // Ends when the line is dropped.
                while let Ok((request, reply)) = inbox.recv() {
                    let answer = runtime.block_on(ask(&client, &parsed, &request, patience));
                    // Nobody waits any more: the chain is gone.
                    let _ = reply.send(answer);
                }
            })
            .map_err(|e| ForkCause::Unreachable(e.to_string()))?;
        Ok(Self { requests })
    }

    /// Asks several things at once; the answers are in the order of the requests.
    pub(super) fn ask(&self, requests: &[(&str, Value)]) -> Result<Vec<Value>, ForkCause> {
        let gone = || ForkCause::Unreachable("its thread has ended".into());
        let batch: Vec<Value> = (0u64..)
            .zip(requests)
            .map(|(id, (method, params))| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .collect();
        // Some endpoints take no lists, and a single request needs none.
        let request = if let [one] = batch.as_slice() { one.clone() } else { Value::Array(batch) };
        let (reply, answer) = mpsc::channel();
        self.requests.send((request, reply)).map_err(|_| gone())?;
        let mut answer = answer.recv().map_err(|_| gone())??;
        let mut answers = match answer.take() {
            Value::Array(answers) => answers,
            one => vec![one],
        };
        answers.sort_by_key(|answer| answer["id"].as_u64());
        if answers.len() != requests.len() {
            return Err(ForkCause::Garbage(format!("{} answers to {} requests", answers.len(), requests.len())));
        }
        answers.iter_mut().map(result).collect()
    }
}

/// The result in an answer, or what its error means.
fn result(answer: &mut Value) -> Result<Value, ForkCause> {
    if let Some(failed) = failure(answer) {
        return Err(failed);
    }
    match answer.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => Err(ForkCause::Garbage(answer.to_string())),
    }
}

/// What the error in an answer means, if there is one.
fn failure(answer: &Value) -> Option<ForkCause> {
    let error = answer.get("error").filter(|error| !error.is_null())?;
    let message = error["message"].as_str().unwrap_or_default().to_owned();
    let lower = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    Some(match error["code"].as_i64() {
        Some(-32005 | 429) => ForkCause::RateLimited,
        _ if has(&["rate limit", "too many requests"]) => ForkCause::RateLimited,
        Some(4444) => ForkCause::Pruned(message),
        _ if has(&[
            "missing trie node",
            "header not found",
            "unknown block",
            "pruned",
            "not kept",
            "not available",
        ]) =>
        {
            ForkCause::Pruned(message)
        }
        _ => ForkCause::Refused(message),
    })
}

/// Makes a request, again after a pause where that may help.
async fn ask(
    client: &reqwest::Client,
    url: &reqwest::Url,
    request: &Value,
    patience: Duration,
) -> Result<Value, ForkCause> {
    let mut pauses = PAUSES_MS.iter();
    loop {
        let failed = match once(client, url, request).await {
            Ok(answer) => match limited(&answer) {
                false => return Ok(answer),
                true => ForkCause::RateLimited,
            },
            Err(failed) => failed,
        };
        let again = matches!(failed, ForkCause::Unreachable(_) | ForkCause::RateLimited);
        match pauses.next().filter(|_| again) {
            Some(ms) => tokio::time::sleep(Duration::from_millis(*ms).min(patience / 4)).await,
            None => return Err(failed),
        }
    }
}

fn limited(answer: &Value) -> bool {
    let all = answer.as_array().map_or(std::slice::from_ref(answer), Vec::as_slice);
    all.iter().any(|answer| failure(answer) == Some(ForkCause::RateLimited))
}

async fn once(client: &reqwest::Client, url: &reqwest::Url, request: &Value) -> Result<Value, ForkCause> {
    let sent = client
        .post(url.clone())
        .header(reqwest::header::CONTENT_TYPE, "application/json")
        .body(request.to_string())
        .send()
        .await
        .map_err(|e| ForkCause::Unreachable(text(&e)))?;
    match sent.status().as_u16() {
        429 => return Err(ForkCause::RateLimited),
        status @ 500..=599 => return Err(ForkCause::Unreachable(format!("HTTP status {status}"))),
        _ => {}
    }
    let status = sent.status();
    let body = sent.bytes().await.map_err(|e| ForkCause::Unreachable(text(&e)))?;
    serde_json::from_slice(&body).map_err(|e| match status.is_success() {
        true => ForkCause::Garbage(e.to_string()),
        false => ForkCause::Refused(format!("HTTP status {}", status.as_u16())),
    })
}

/// A failure in words, without the address: there may be a key in it.
fn text(e: &reqwest::Error) -> String {
    if e.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut words = Vec::new();
    let mut cause = std::error::Error::source(e);
    while let Some(e) = cause {
        words.push(e.to_string());
        cause = e.source();
    }
    words.pop().unwrap_or_else(|| "the connection failed".to_owned())
}
