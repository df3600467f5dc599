use alloy::transports::TransportError;
use thiserror::Error;
use weir_contracts::Revert;
use weir_types::B256;

use crate::fault::{Fault, fault_of, revert_of};

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
    /// Answers of one endpoint that cannot all be true.
    #[error("the endpoint contradicts itself: {what}")]
    Inconsistent {
        /// Which answers.
        what: String,
    },
    /// The endpoint knows less of the chain than was read before.
    #[error("the endpoint is at block {found}, block {known} was seen before")]
    Behind {
        /// Its newest block.
        found: u64,
        /// The newest block known.
        known: u64,
    },
    /// The endpoint does not have a block that it should have.
    #[error("the endpoint has no block {number}")]
    NoBlock {
        /// Its number.
        number: u64,
    },
    /// No endpoint gave an answer.
    #[error("none of {tried} endpoints answered; {name}: {source}")]
    NoEndpoint {
        /// How many were asked.
        tried: usize,
        /// The one asked last.
        name: String,
        /// What it said.
        source: Box<Self>,
    },
    /// There is no endpoint to ask.
    #[error("no endpoint is configured")]
    NoEndpoints,
    /// Signing failed.
    #[error("cannot sign: {0}")]
    Sign(String),
}

impl ChainError {
    /// What is wrong with the endpoint; none when it did its part, and the chain said no.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Rpc { source, .. } => fault_of(source),
            Self::Call { source, .. } => match source.as_ref() {
                alloy::contract::Error::TransportError(e) => fault_of(e),
                // A contract that is there answers with what its interface says.
                alloy::contract::Error::ZeroData(..) | alloy::contract::Error::AbiError(_) => Some(Fault::Garbage),
                _ => None,
            },
            Self::Missing { .. } | Self::Log { .. } => Some(Fault::Garbage),
            Self::Inconsistent { .. } => Some(Fault::Inconsistent),
            Self::Behind { .. } | Self::NoBlock { .. } => Some(Fault::Behind),
            Self::NoEndpoint { source, .. } => source.fault(),
            Self::NoEndpoints | Self::Sign(_) => None,
        }
    }

    /// The contract's reason, when the call was reverted.
    #[must_use]
    pub fn revert(&self) -> Option<Revert> {
        match self {
            Self::Rpc { source, .. } => revert_of(source),
            Self::Call { source, .. } => match source.as_ref() {
                alloy::contract::Error::TransportError(e) => revert_of(e),
                _ => None,
            },
            _ => None,
        }
    }
}
