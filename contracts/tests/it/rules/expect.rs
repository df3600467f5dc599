//! What a rule says must come out, and the record of what did.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::LazyLock;

use alloy::dyn_abi::EventExt;
use alloy::json_abi::{Event, JsonAbi};
use alloy::primitives::{B256, LogData, U256};
use alloy::sol_types::SolEvent;
use weir_contracts::{Artifact, Revert};

/// A reason to refuse, as a case writes it down.
pub trait Reason {
    fn revert(self) -> Revert;
}

/// The text of a `require`.
impl Reason for &str {
    fn revert(self) -> Revert {
        Revert::Error(self.to_owned())
    }
}

impl Reason for String {
    fn revert(self) -> Revert {
        Revert::Error(self)
    }
}

impl Reason for Revert {
    fn revert(self) -> Revert {
        self
    }
}

/// A check of the language.
pub struct Panic(pub u64);

pub const ASSERT: Panic = Panic(0x01);
pub const OVERFLOW: Panic = Panic(0x11);
pub const DIVISION_BY_ZERO: Panic = Panic(0x12);
pub const INDEX: Panic = Panic(0x32);

impl Reason for Panic {
    fn revert(self) -> Revert {
        Revert::Panic(U256::from(self.0))
    }
}

/// No reason at all.
pub struct Bare;

impl Reason for Bare {
    fn revert(self) -> Revert {
        Revert::Empty
    }
}

/// A named error with its arguments.
pub fn custom<const N: usize>(name: &str, args: [&dyn Display; N]) -> Revert {
    Revert::Custom { name: name.to_owned(), args: args.iter().map(|arg| arg.to_string()).collect() }
}

/// A failure inside an update of the Governor.
pub fn wrapped(inner: impl Reason) -> Revert {
    Revert::Wrapped(Box::new(inner.revert()))
}

/// An event as the chain writes it.
pub fn ev<E: SolEvent>(event: &E) -> LogData {
    event.encode_log_data()
}

/// What was produced on a chain and looked at by a case.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Texts of failed requirements.
    pub texts: BTreeSet<String>,
    /// Names of errors.
    pub errors: BTreeSet<String>,
    pub panics: BTreeSet<U256>,
    /// Contract and event.
    pub events: BTreeSet<(&'static str, B256)>,
}

impl Record {
    pub fn add_revert(&mut self, revert: &Revert) {
        match revert {
            Revert::Error(text) => _ = self.texts.insert(text.clone()),
            Revert::Custom { name, .. } => _ = self.errors.insert(name.clone()),
            Revert::Panic(code) => _ = self.panics.insert(*code),
            Revert::Wrapped(inner) => self.add_revert(inner),
            Revert::Empty => {}
            Revert::Unknown(data) => panic!("nobody can read {data}"),
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.texts.extend(other.texts.iter().cloned());
        self.errors.extend(other.errors.iter().cloned());
        self.panics.extend(other.panics.iter().copied());
        self.events.extend(other.events.iter().copied());
    }
}

/// The interface of a contract.
pub fn abi(artifact: Artifact) -> JsonAbi {
    let file: serde_json::Value = serde_json::from_str(artifact.json()).expect("artifacts are JSON");
    serde_json::from_value(file["abi"].clone()).expect("an artifact has an ABI")
}

static EVENTS: LazyLock<BTreeMap<B256, Event>> = LazyLock::new(|| {
    let all = Artifact::ALL.iter().flat_map(|a| abi(*a).events.into_values().flatten());
    all.map(|event| (event.selector(), event)).collect()
});

/// For the eyes of who reads a failed test.
pub fn readable(log: &LogData) -> String {
    let known = log.topics().first().and_then(|topic| EVENTS.get(topic));
    match known.and_then(|event| Some((event, event.decode_log(log).ok()?))) {
        Some((event, decoded)) => format!("{} {:?} {:?}", event.name, decoded.indexed, decoded.body),
        None => format!("{log:?}"),
    }
}
