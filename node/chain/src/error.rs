use alloy::transports::TransportError;
use thiserror::Error;
use weir_types::{Address, B256};

/// Why the chain gave no answer, or none that can be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The endpoint failed or refused.
    #[error("rpc {method}: {source}")]
    Rpc {
        /// What was asked.
        method: &'static str,
        /// The transport's word.
        source: TransportError,
    },
    /// A contract call failed.
    #[error("call {call}: {source}")]
    Call {
        /// Contract function.
        call: &'static str,
        /// alloy's word.
        source: Box<alloy::contract::Error>,
    },
    /// The Controller knows no contract of this name.
    #[error("controller {controller} has no contract registered as {name:?}: is it the right network?")]
    NotRegistered {
        /// The Controller asked.
        controller: Address,
        /// Name of the contract.
        name: &'static str,
    },
    /// An answer without a field that must be there.
    #[error("answer to {method} lacks {field}")]
    Missing {
        /// What was asked.
        method: &'static str,
        /// Which field.
        field: &'static str,
    },
    /// A log that does not decode as its topic says.
    #[error("log {index} of transaction {tx}: {source}")]
    Log {
        /// Transaction of the log.
        tx: B256,
        /// Index in its block.
        index: u64,
        /// Decoder's word.
        source: Box<alloy::sol_types::Error>,
    },
    /// Signing failed.
    #[error("cannot sign: {0}")]
    Sign(String),
}
