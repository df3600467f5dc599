//! Reasons that a call gives for failing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use alloy::dyn_abi::{DynSolValue, JsonAbiExt};
use alloy::json_abi::{Error as AbiError, JsonAbi};
use alloy::primitives::{Bytes, U256, hex};
use alloy::sol_types::sol_data::Bytes as SolBytes;
use alloy::sol_types::{Panic, Revert as ErrorText, SolError, SolType};
use serde::Deserialize;

use crate::Artifact;

/// Decoded revert data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revert {
    /// No data: a bare `revert()` or `require` without text.
    Empty,
    /// `require` or `revert` with a text.
    Error(String),
    /// What failed inside an update that the protocol's Governor executed: it hands the inner revert
    /// data on as if they were a text.
    Wrapped(Box<Self>),
    /// A check of the language itself: 0x11 overflow, 0x12 division by zero, 0x32 index, and so on.
    Panic(U256),
    /// A named error of one of the contracts.
    Custom {
        /// Its name.
        name: String,
        /// Its arguments, as text.
        args: Vec<String>,
    },
    /// Anything else.
    Unknown(Bytes),
}

#[derive(Deserialize)]
struct AbiOnly {
    abi: JsonAbi,
}

/// All named errors of the contracts by selector.
static CUSTOM: LazyLock<BTreeMap<[u8; 4], AbiError>> = LazyLock::new(|| {
    Artifact::ALL
        .iter()
        .filter_map(|a| serde_json::from_str::<AbiOnly>(a.json()).ok())
        .flat_map(|file| file.abi.errors.into_values().flatten().collect::<Vec<_>>())
        .map(|error| (error.selector().0, error))
        .collect()
});

impl Revert {
    /// Read the data that a reverted call returned.
    #[must_use]
    pub fn decode(data: &[u8]) -> Self {
        if data.is_empty() {
            return Self::Empty;
        }
        Self::known(data).unwrap_or_else(|| Self::Unknown(Bytes::copy_from_slice(data)))
    }

    fn known(data: &[u8]) -> Option<Self> {
        let (selector, rest) = data.split_first_chunk::<4>()?;
        match *selector {
            ErrorText::SELECTOR => {
                // Decoded as bytes, because a wrapped reason is not a valid text.
                let (text,) = <(SolBytes,)>::abi_decode_params(rest).ok()?;
                match Self::known(&text) {
                    Some(inner) => Some(Self::Wrapped(Box::new(inner))),
                    None => String::from_utf8(text.to_vec()).ok().map(Self::Error),
                }
            }
            Panic::SELECTOR => Panic::abi_decode(data).ok().map(|panic| Self::Panic(panic.code)),
            _ => Self::custom(data),
        }
    }

    fn custom(data: &[u8]) -> Option<Self> {
        let (selector, rest) = data.split_first_chunk::<4>()?;
        let error = CUSTOM.get(selector)?;
        let values = error.abi_decode_input(rest).ok()?;
        Some(Self::Custom { name: error.name.clone(), args: values.iter().map(text).collect() })
    }

    /// The text of `require`, if that is what failed.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Error(text) => Some(text),
            Self::Wrapped(inner) => inner.message(),
            _ => None,
        }
    }
}

fn text(value: &DynSolValue) -> String {
    match value {
        DynSolValue::Uint(v, _) => v.to_string(),
        DynSolValue::Int(v, _) => v.to_string(),
        DynSolValue::Bool(v) => v.to_string(),
        DynSolValue::String(v) => v.clone(),
        DynSolValue::Address(v) => v.to_checksum(None),
        DynSolValue::FixedBytes(v, size) => hex::encode_prefixed(&v[..*size]),
        other => hex::encode_prefixed(other.abi_encode()),
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("reverted without a reason"),
            Self::Error(text) => f.write_str(text),
            Self::Wrapped(inner) => write!(f, "update failed: {inner}"),
            Self::Panic(code) => write!(f, "Panic({code:#x})"),
            Self::Custom { name, args } => write!(f, "{name}({})", args.join(",")),
            Self::Unknown(data) => write!(f, "unknown revert data {data}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::BondingVotes;

    #[test]
    fn each_kind_of_reason_is_told_apart() {
        let text = alloy::sol_types::Revert::from("system is paused").abi_encode();
        let panic = Panic { code: U256::from(0x11) }.abi_encode();
        let lookup = BondingVotes::FutureLookup { queryRound: U256::from(3), maxAllowed: U256::from(2) }.abi_encode();
        for (data, decoded, shown) in [
            (vec![], Revert::Empty, "reverted without a reason"),
            (text.clone(), Revert::Error("system is paused".into()), "system is paused"),
            (panic.clone(), Revert::Panic(U256::from(0x11)), "Panic(0x11)"),
            (
                lookup,
                Revert::Custom { name: "FutureLookup".into(), args: vec!["3".into(), "2".into()] },
                "FutureLookup(3,2)",
            ),
            (
                [&ErrorText::SELECTOR, <(SolBytes,)>::abi_encode_params(&(text,)).as_slice()].concat(),
                Revert::Wrapped(Box::new(Revert::Error("system is paused".into()))),
                "update failed: system is paused",
            ),
            (
                [&ErrorText::SELECTOR, <(SolBytes,)>::abi_encode_params(&(panic,)).as_slice()].concat(),
                Revert::Wrapped(Box::new(Revert::Panic(U256::from(0x11)))),
                "update failed: Panic(0x11)",
            ),
            (vec![1, 2, 3], Revert::Unknown(vec![1, 2, 3].into()), "unknown revert data 0x010203"),
        ] {
            let got = Revert::decode(&data);
            assert_eq!(got, decoded);
            assert_eq!(got.to_string(), shown);
        }
        // The selector of a known error with its arguments missing is not that error.
        let cut = BondingVotes::FutureLookup::SELECTOR;
        assert_eq!(Revert::decode(&cut), Revert::Unknown(Bytes::copy_from_slice(&cut)));
    }
}
