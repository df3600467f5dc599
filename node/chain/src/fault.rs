//! What can be wrong with an endpoint, read from how its answer failed.
//!
//! The line matters: a fault is held against the endpoint and the question goes to the next one; a
//! refusal by the chain (a revert, a nonce that is used) is an answer, and asking elsewhere would
//! not change it.

use std::fmt;
use std::time::Duration;

use alloy::primitives::Bytes;
use alloy::rpc::json_rpc::{ErrorPayload, RpcError};
use alloy::transports::{TransportError, TransportErrorKind};
use serde_json::value::RawValue;
use weir_contracts::Revert;
use weir_types::Millis;

/// What is wrong with an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// No answer in time.
    TimedOut,
    /// It cannot be reached, or the line broke.
    Unreachable,
    /// It asks for fewer requests, and perhaps says for how long to be silent.
    RateLimited(Option<Millis>),
    /// The answer is not what the method gives.
    Garbage,
    /// It failed inside.
    Internal,
    /// It does not have the method.
    Unsupported,
    /// It has not seen blocks that were seen elsewhere.
    Behind,
    /// Its answers contradict each other.
    Inconsistent,
    /// Most others tell another chain.
    Outvoted,
    /// It is another chain than the configured one.
    WrongChain,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "no answer in time",
            Self::Unreachable => "unreachable",
            Self::RateLimited(_) => "rate limited",
            Self::Garbage => "answers are malformed",
            Self::Internal => "failing inside",
            Self::Unsupported => "lacks a method",
            Self::Behind => "behind",
            Self::Inconsistent => "contradicts itself",
            Self::Outvoted => "on another chain than most",
            Self::WrongChain => "not the configured chain",
        })
    }
}

/// No answer within a line's patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {} s", .0.as_secs_f64())]
pub struct TimedOut(pub Duration);

/// What is wrong with the endpoint that failed like this, if it is the endpoint's doing.
pub(crate) fn fault_of(error: &TransportError) -> Option<Fault> {
    match error {
        RpcError::ErrorResp(payload) => payload_fault(payload),
        RpcError::NullResp | RpcError::DeserError { .. } => Some(Fault::Garbage),
        RpcError::Transport(kind) => Some(transport_fault(kind)),
        _ => None,
    }
}

fn transport_fault(kind: &TransportErrorKind) -> Fault {
    let pause = kind.retry_after().map(|d| Millis(u64::try_from(d.as_millis()).unwrap_or(u64::MAX)));
    if let Some(http) = kind.as_http_error() {
        return match http.status {
            429 => Fault::RateLimited(pause),
            500..=599 => Fault::Internal,
            _ if limits(&http.body) => Fault::RateLimited(pause),
            _ => Fault::Unreachable,
        };
    }
    match kind {
        TransportErrorKind::MissingBatchResponse(_) => Fault::Garbage,
        TransportErrorKind::Custom(e) if e.downcast_ref::<TimedOut>().is_some() => Fault::TimedOut,
        _ => Fault::Unreachable,
    }
}

fn payload_fault(payload: &ErrorPayload) -> Option<Fault> {
    let text = payload.message.to_lowercase();
    match payload.code {
        429 | -32005 | -32029 if limits(&text) => Some(Fault::RateLimited(None)),
        -32601 | -32004 => Some(Fault::Unsupported),
        _ if reverted(payload).is_some() => None,
        _ if limits(&text) => Some(Fault::RateLimited(None)),
        _ if lacks_block(&text) => Some(Fault::Behind),
        -32603 | -32700 => Some(Fault::Internal),
        _ => None,
    }
}

/// Words by which endpoints ask for fewer requests.
fn limits(text: &str) -> bool {
    let text = text.to_lowercase();
    ["rate limit", "too many requests", "compute units per second", "capacity exceeded", "request limit", "throughput"]
        .iter()
        .any(|words| text.contains(words))
}

/// Words by which endpoints say that they do not have a block or its state.
fn lacks_block(text: &str) -> bool {
    ["header not found", "unknown block", "block not found", "missing trie node", "header for hash not found"]
        .iter()
        .any(|words| text.contains(words))
}

/// Whether an endpoint refused a query of logs for its size, so that a smaller one may pass.
pub(crate) fn too_large(error: &TransportError) -> bool {
    let RpcError::ErrorResp(payload) = error else { return false };
    let text = payload.message.to_lowercase();
    let words =
        ["too many results", "more than", "block range", "range is too", "limit exceeded", "too large", "exceed"];
    !limits(&text) && words.iter().any(|w| text.contains(w))
}

fn reverted(payload: &ErrorPayload) -> Option<Bytes> {
    let said = payload.code == 3 || payload.message.to_lowercase().contains("revert");
    said.then(|| payload.as_revert_data().or_else(|| plain_data(payload.data.as_deref())).unwrap_or_default())
}

/// Revert data where a node gives it as a bare hex text.
fn plain_data(raw: Option<&RawValue>) -> Option<Bytes> {
    serde_json::from_str(raw?.get()).ok()
}

/// The contract's reason, when this is a revert.
pub(crate) fn revert_of(error: &TransportError) -> Option<Revert> {
    let RpcError::ErrorResp(payload) = error else { return None };
    let data = reverted(payload)?;
    if !data.is_empty() {
        return Some(Revert::decode(&data));
    }
    // Some nodes give the reason in the message alone.
    let reason = payload.message.split_once("execution reverted: ").map(|(_, reason)| reason.trim());
    Some(match reason {
        Some(text) if !text.is_empty() => Revert::Error(text.to_owned()),
        _ => Revert::Empty,
    })
}

/// What a node says to a transaction that it did not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendRefusal {
    /// A transaction with this nonce is on the chain.
    #[error("nonce too low")]
    NonceTooLow,
    /// Its price is below the base fee, or not enough above that of the one it would replace.
    #[error("underpriced: {0}")]
    Underpriced(String),
    /// The account cannot pay for it.
    #[error("insufficient funds: {0}")]
    Funds(String),
    /// Anything else that asking again would not change.
    #[error("refused: {0}")]
    Other(String),
}

/// What an answer to `eth_sendRawTransaction` means: `Ok` when the node has the transaction, now or
/// before; `Err(None)` when it cannot be known.
pub(crate) fn sent(error: &TransportError) -> Result<(), Option<SendRefusal>> {
    let RpcError::ErrorResp(payload) = error else { return Err(None) };
    let message = payload.message.to_string();
    let text = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if has(&["already known", "already imported", "known transaction", "already exists"]) {
        return Ok(());
    }
    Err(if has(&["nonce too low", "nonce is too low", "old nonce"]) {
        Some(SendRefusal::NonceTooLow)
    } else if has(&["underpriced", "less than block base fee", "fee too low", "below the base fee", "max fee per gas"])
    {
        Some(SendRefusal::Underpriced(message))
    } else if has(&["insufficient funds", "insufficient balance"]) {
        Some(SendRefusal::Funds(message))
    } else if payload_fault(payload).is_some() || has(&["sequencer", "pool is full", "txpool is full"]) {
        None
    } else {
        Some(SendRefusal::Other(message))
    })
}

#[cfg(test)]
mod tests {
    use alloy::sol_types::SolError;

    use super::*;

    fn said(code: i64, message: &'static str, data: Option<&str>) -> TransportError {
        let data = data.map(|d| RawValue::from_string(d.to_owned()).expect("JSON"));
        RpcError::ErrorResp(ErrorPayload { code, message: message.into(), data })
    }

    #[test]
    fn faults_are_told_from_answers() {
        let timed = TransportErrorKind::custom(TimedOut(Duration::from_secs(1)));
        let cases: Vec<(TransportError, Option<Fault>)> = vec![
            (said(3, "execution reverted: caller must be RoundsManager", None), None),
            (said(-32000, "execution reverted", None), None),
            (said(-32000, "nonce too low: next nonce 5, tx nonce 4", None), None),
            (said(-32000, "insufficient funds for gas * price + value", None), None),
            (said(-32000, "header not found", None), Some(Fault::Behind)),
            (said(-32000, "missing trie node 12ab (path 0f)", None), Some(Fault::Behind)),
            (said(-32005, "daily request limit reached: rate limit", None), Some(Fault::RateLimited(None))),
            (said(429, "Too Many Requests", None), Some(Fault::RateLimited(None))),
            (said(-32601, "the method eth_x does not exist", None), Some(Fault::Unsupported)),
            (said(-32603, "internal error", None), Some(Fault::Internal)),
            (TransportErrorKind::http_error(429, String::new()), Some(Fault::RateLimited(None))),
            (
                TransportErrorKind::http_error_with_retry_after(429, String::new(), Some(Duration::from_secs(2))),
                Some(Fault::RateLimited(Some(Millis(2000)))),
            ),
            (TransportErrorKind::http_error(502, "bad gateway".into()), Some(Fault::Internal)),
            (TransportErrorKind::http_error(403, "forbidden".into()), Some(Fault::Unreachable)),
            (TransportErrorKind::backend_gone(), Some(Fault::Unreachable)),
            (TransportErrorKind::custom_str("connection refused"), Some(Fault::Unreachable)),
            (timed, Some(Fault::TimedOut)),
            (RpcError::NullResp, Some(Fault::Garbage)),
        ];
        for (error, fault) in cases {
            assert_eq!(fault_of(&error), fault, "{error}");
        }
    }

    #[test]
    fn reasons_are_read_however_a_node_gives_them() {
        let encoded =
            alloy::primitives::hex::encode_prefixed(alloy::sol_types::Revert::from("ticket is used").abi_encode());
        let plain = format!("{encoded:?}");
        let nested = format!("{{\"data\":{encoded:?}}}");
        let text = Some(Revert::Error("ticket is used".into()));
        for (error, reason) in [
            (said(3, "execution reverted: ticket is used", Some(&plain)), text.clone()),
            (said(3, "execution reverted", Some(&plain)), text.clone()),
            (said(-32000, "execution reverted", Some(&nested)), text.clone()),
            (said(3, "execution reverted: ticket is used", None), text.clone()),
            (said(-32000, "VM Exception: execution reverted: ticket is used", None), text),
            (said(3, "execution reverted", None), Some(Revert::Empty)),
            (said(-32000, "nonce too low", None), None),
        ] {
            assert_eq!(revert_of(&error), reason, "{error}");
        }
    }

    #[test]
    fn refusals_of_transactions_are_told_apart() {
        for (message, meaning) in [
            ("already known", Ok(())),
            ("transaction already imported", Ok(())),
            ("nonce too low: address 0x1, tx: 3 state: 4", Err(Some("nonce too low"))),
            ("replacement transaction underpriced", Err(Some("underpriced"))),
            ("max fee per gas less than block base fee: address 0x1", Err(Some("underpriced"))),
            ("insufficient funds for gas * price + value: balance 0", Err(Some("insufficient funds"))),
            ("intrinsic gas too low", Err(Some("refused"))),
            ("sequencer is not running", Err(None)),
            ("txpool is full", Err(None)),
        ] {
            let got = sent(&said(-32000, message, None));
            match (got, meaning) {
                (Ok(()), Ok(())) | (Err(None), Err(None)) => {}
                (Err(Some(refusal)), Err(Some(start))) => assert!(refusal.to_string().starts_with(start), "{refusal}"),
                (got, _) => panic!("{message}: {got:?}"),
            }
        }
        assert_eq!(sent(&TransportErrorKind::backend_gone()), Err(None));
    }

    #[test]
    fn large_queries_are_told_from_too_many_queries() {
        for (message, large) in [
            ("query returned more than 10000 results", true),
            ("block range is too wide", true),
            ("exceed maximum block range: 2000", true),
            ("log response size exceeded", true),
            ("rate limit exceeded", false),
            ("execution timeout", false),
        ] {
            assert_eq!(too_large(&said(-32005, message, None)), large, "{message}");
        }
    }
}
