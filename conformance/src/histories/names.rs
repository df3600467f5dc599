//! Values as the recordings write them: decimals, 0/1, names for known addresses.

use std::collections::BTreeMap;

use alloy::dyn_abi::{DynSolType, DynSolValue, EventExt, FunctionExt, JsonAbiExt, Specifier};
use alloy::json_abi::{Function, JsonAbi};
use alloy::primitives::{Address, B256, Bytes, LogData, hex};
use serde::Deserialize;
use serde_json::{Map, Value};
use weir_contracts::{Artifact, Revert};

/// A result, or what is wrong with the recording or with what we answered.
pub(super) type Check<T = ()> = Result<T, String>;

#[derive(Deserialize)]
struct AbiOnly {
    abi: JsonAbi,
}

/// Names and interfaces of everything that a recording mentions.
#[derive(Default)]
pub(super) struct Names {
    addresses: BTreeMap<String, Address>,
    names: BTreeMap<Address, String>,
    abis: BTreeMap<String, JsonAbi>,
}

impl Names {
    pub(super) fn add(&mut self, name: &str, address: Address) {
        self.addresses.insert(name.to_owned(), address);
        self.names.insert(address, name.to_owned());
    }

    /// Says which interface a contract is read with.
    pub(super) fn interface(&mut self, name: &str, artifact: Artifact) -> Check {
        let file: AbiOnly = serde_json::from_str(artifact.json()).map_err(|e| format!("{}: {e}", artifact.name()))?;
        self.abis.insert(name.to_owned(), file.abi);
        Ok(())
    }

    /// The address behind a name, or the address itself.
    pub(super) fn address(&self, text: &str) -> Check<Address> {
        match text {
            "0" => Ok(Address::ZERO),
            _ => self
                .addresses
                .get(text)
                .copied()
                .map_or_else(|| text.parse().map_err(|e| format!("{text} is no known name and no address: {e}")), Ok),
        }
    }

    pub(super) fn name(&self, address: Address) -> String {
        if address.is_zero() {
            return "0".to_owned();
        }
        self.names.get(&address).cloned().unwrap_or_else(|| hex::encode_prefixed(address))
    }

    fn abi(&self, contract: &str) -> Check<&JsonAbi> {
        self.abis.get(contract).ok_or_else(|| format!("no interface of {contract}"))
    }

    /// A function by name, with parentheses or without, and number of arguments.
    pub(super) fn function(&self, contract: &str, name: &str, arguments: usize) -> Check<&Function> {
        let bare = name.split('(').next().unwrap_or_default();
        let overloads = self.abi(contract)?.functions.get(bare).map_or(&[][..], Vec::as_slice);
        let found = overloads.iter().find(|f| f.inputs.len() == arguments);
        found.ok_or_else(|| format!("{contract} has no function {name} of {arguments} arguments"))
    }

    /// Calldata for arguments as the recordings write them.
    pub(super) fn encode(&self, function: &Function, args: &[Value]) -> Check<Bytes> {
        let values: Check<Vec<DynSolValue>> = function
            .inputs
            .iter()
            .zip(args)
            .map(|(input, value)| self.value(&input.resolve().map_err(|e| e.to_string())?, value))
            .collect();
        function.abi_encode_input(&values?).map(Bytes::from).map_err(|e| format!("{}: {e}", function.name))
    }

    pub(super) fn value(&self, ty: &DynSolType, value: &Value) -> Check<DynSolValue> {
        match (ty, value) {
            (DynSolType::Tuple(types), Value::Array(items)) => {
                let items: Check<_> = types.iter().zip(items).map(|(t, v)| self.value(t, v)).collect();
                Ok(DynSolValue::Tuple(items?))
            }
            (DynSolType::Array(inner), Value::Array(items)) => {
                let items: Check<_> = items.iter().map(|v| self.value(inner, v)).collect();
                Ok(DynSolValue::Array(items?))
            }
            (DynSolType::Address, Value::String(text)) => self.address(text).map(DynSolValue::Address),
            (_, leaf) => {
                let text = plain(leaf);
                ty.coerce_str(&text).map_err(|e| format!("{text} as {ty}: {e}"))
            }
        }
    }

    /// Decoded return values.
    pub(super) fn results(&self, function: &Function, data: &[u8]) -> Check<Vec<String>> {
        let values =
            function.abi_decode_output(data).map_err(|e| format!("{} returned no such values: {e}", function.name))?;
        Ok(values.iter().map(|v| self.show(v)).collect())
    }

    fn show(&self, value: &DynSolValue) -> String {
        match value {
            DynSolValue::Address(a) => self.name(*a),
            DynSolValue::Bool(b) => u8::from(*b).to_string(),
            DynSolValue::Uint(v, _) => v.to_string(),
            DynSolValue::Int(v, _) => v.to_string(),
            DynSolValue::String(s) => s.clone(),
            DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(&word[..*size]),
            DynSolValue::Bytes(b) => hex::encode_prefixed(b),
            DynSolValue::Tuple(items) | DynSolValue::Array(items) | DynSolValue::FixedArray(items) => {
                let items: Vec<String> = items.iter().map(|v| self.show(v)).collect();
                format!("[{}]", items.join(","))
            }
            other => format!("{other:?}"),
        }
    }

    /// An event as contract, name and arguments in declared order.
    pub(super) fn event(&self, address: Address, log: &LogData) -> Check<Vec<String>> {
        let contract = self.name(address);
        let topic = log.topics().first().copied().unwrap_or_default();
        let Some(event) = self.abi(&contract)?.events().find(|e| e.selector() == topic) else {
            return Err(format!("{contract} declares no event {topic}"));
        };
        let decoded = event.decode_log(log).map_err(|e| format!("{}: {e}", event.name))?;
        let (mut indexed, mut body) = (decoded.indexed.iter(), decoded.body.iter());
        let mut out = vec![contract, event.name.clone()];
        for input in &event.inputs {
            let value = if input.indexed { indexed.next() } else { body.next() };
            out.push(value.map(|v| self.show(v)).unwrap_or_default());
        }
        Ok(out)
    }
}

/// A recorded leaf as text; lists in brackets.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Bool(b) => u8::from(*b).to_string(),
        Value::Number(n) => n.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(",")),
        Value::Null => String::new(),
        Value::Object(_) => value.to_string(),
    }
}

pub(super) fn plain_list(value: &Value) -> Vec<String> {
    list(value).iter().map(plain).collect()
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A field that is a text.
pub(super) fn text<'a>(line: &'a Value, key: &str) -> Check<&'a str> {
    line[key].as_str().ok_or_else(|| format!("no text under {key}"))
}

/// A field that is a number.
pub(super) fn number(line: &Value, key: &str) -> Check<u64> {
    line[key].as_u64().ok_or_else(|| format!("no number under {key}"))
}

/// A field that is an object.
pub(super) fn object<'a>(line: &'a Value, key: &str) -> Check<&'a Map<String, Value>> {
    line[key].as_object().ok_or_else(|| format!("no object under {key}"))
}

/// The entries of a field that may be left out.
pub(super) fn entries<'a>(line: &'a Value, key: &str) -> Check<Vec<(&'a String, &'a Value)>> {
    if line.get(key).is_none() { Ok(Vec::new()) } else { object(line, key).map(|map| map.iter().collect()) }
}

pub(super) fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(value: &Value) -> Check<T> {
    let text = plain(value);
    text.parse().map_err(|e| format!("{text}: {e}"))
}

pub(super) fn hash(value: &Value) -> Check<B256> {
    parse(value)
}

/// Hex in which `(n)` stands for n zero bytes.
pub(super) fn unfold(text: &str) -> Check<Bytes> {
    let mut digits = String::with_capacity(text.len());
    let mut rest = text.trim_start_matches("0x");
    while let Some((before, after)) = rest.split_once('(') {
        let (count, after) = after.split_once(')').ok_or("a run of zeros is not closed")?;
        digits.push_str(before);
        digits.push_str(&"00".repeat(count.parse().map_err(|e| format!("a run of zeros of {count} bytes: {e}"))?));
        rest = after;
    }
    digits.push_str(rest);
    hex::decode(digits).map(Bytes::from).map_err(|e| e.to_string())
}

/// A reason as the recordings write it.
pub(super) fn reason(data: &[u8]) -> String {
    match Revert::decode(data) {
        Revert::Empty => String::new(),
        // Their addresses have no mixed case.
        Revert::Custom { name, args } => format!("{name}({})", args.join(",")).to_lowercase(),
        other => other.to_string(),
    }
}
