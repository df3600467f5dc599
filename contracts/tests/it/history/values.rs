//! Values as the recordings write them: decimals, 0/1, names for known addresses.

use std::collections::BTreeMap;

use alloy::dyn_abi::{DynSolType, DynSolValue, EventExt, FunctionExt, JsonAbiExt, Specifier};
use alloy::json_abi::{Event, Function, JsonAbi};
use alloy::primitives::{Address, Bytes, Log, hex};
use serde::Deserialize;
use serde_json::Value;
use weir_contracts::{Artifact, Revert};

#[derive(Deserialize)]
struct AbiOnly {
    abi: JsonAbi,
}

/// Names and interfaces of everything that a recording mentions.
#[derive(Default)]
pub struct Names {
    addresses: BTreeMap<String, Address>,
    names: BTreeMap<Address, String>,
    abis: BTreeMap<String, JsonAbi>,
}

impl Names {
    pub fn add(&mut self, name: &str, address: Address) {
        self.addresses.insert(name.to_owned(), address);
        self.names.insert(address, name.to_owned());
    }

    /// Says which interface a contract is read with.
    pub fn interface(&mut self, name: &str, artifact: Artifact) {
        let file: AbiOnly = serde_json::from_str(artifact.json()).expect("artifacts hold an ABI");
        self.abis.insert(name.to_owned(), file.abi);
    }

    /// The address behind a name, or the address itself.
    pub fn address(&self, text: &str) -> Address {
        if text == "0" {
            return Address::ZERO;
        }
        self.addresses.get(text).copied().unwrap_or_else(|| text.parse().unwrap_or_else(|e| panic!("{text}: {e}")))
    }

    pub fn name(&self, address: Address) -> String {
        if address.is_zero() {
            return "0".to_owned();
        }
        self.names.get(&address).cloned().unwrap_or_else(|| hex::encode_prefixed(address))
    }

    pub fn function(&self, contract: &str, name: &str) -> &Function {
        let abi = self.abis.get(contract).unwrap_or_else(|| panic!("no interface of {contract}"));
        let found = abi.functions.get(name).and_then(|all| all.first());
        found.unwrap_or_else(|| panic!("{contract} has no function {name}"))
    }

    /// Calldata for arguments as the recordings write them.
    pub fn encode(&self, function: &Function, args: &[Value]) -> Bytes {
        assert_eq!(function.inputs.len(), args.len(), "arguments of {}", function.name);
        let values: Vec<DynSolValue> = function
            .inputs
            .iter()
            .zip(args)
            .map(|(input, value)| self.value(&input.resolve().expect("a type of the language"), value))
            .collect();
        function.abi_encode_input(&values).expect("arguments of the right types").into()
    }

    pub fn value(&self, ty: &DynSolType, value: &Value) -> DynSolValue {
        match (ty, value) {
            (DynSolType::Tuple(types), Value::Array(items)) => {
                DynSolValue::Tuple(types.iter().zip(items).map(|(t, v)| self.value(t, v)).collect())
            }
            (DynSolType::Array(inner), Value::Array(items)) => {
                DynSolValue::Array(items.iter().map(|v| self.value(inner, v)).collect())
            }
            (DynSolType::Address, Value::String(text)) => DynSolValue::Address(self.address(text)),
            (_, leaf) => {
                let text = plain(leaf);
                ty.coerce_str(&text).unwrap_or_else(|e| panic!("{text} as {ty}: {e}"))
            }
        }
    }

    /// Decoded return values.
    pub fn results(&self, function: &Function, data: &[u8]) -> Vec<String> {
        let values = function.abi_decode_output(data).unwrap_or_else(|e| panic!("{} returned: {e}", function.name));
        values.iter().map(|v| self.show(v)).collect()
    }

    pub fn show(&self, value: &DynSolValue) -> String {
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
            other => panic!("no such value in the recordings: {other:?}"),
        }
    }

    /// An event as contract, name and arguments in declared order.
    pub fn event(&self, log: &Log) -> Vec<String> {
        let contract = self.name(log.address);
        let topic = log.topics().first().copied().unwrap_or_default();
        let abi = self.abis.get(&contract).unwrap_or_else(|| panic!("event of {contract}"));
        let event: &Event = abi
            .events()
            .find(|e| e.selector() == topic)
            .unwrap_or_else(|| panic!("{contract} declares no event {topic}"));
        let decoded = event.decode_log(log).unwrap_or_else(|e| panic!("{}: {e}", event.name));
        let (mut indexed, mut body) = (decoded.indexed.iter(), decoded.body.iter());
        let mut out = vec![contract, event.name.clone()];
        for input in &event.inputs {
            let value = if input.indexed { indexed.next() } else { body.next() };
            out.push(self.show(value.expect("as many values as inputs")));
        }
        out
    }
}

/// A recorded leaf as text; lists in brackets.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Bool(b) => u8::from(*b).to_string(),
        Value::Number(n) => n.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(",")),
        Value::Null => String::new(),
        Value::Object(_) => panic!("an object is no leaf: {value}"),
    }
}

pub fn plain_list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(plain).collect()
}

/// Hex in which `(n)` stands for n zero bytes.
pub fn unfold(text: &str) -> Bytes {
    let mut digits = String::with_capacity(text.len());
    let mut rest = text.trim_start_matches("0x");
    while let Some((before, after)) = rest.split_once('(') {
        let (count, after) = after.split_once(')').expect("a closed run of zeros");
        digits.push_str(before);
        digits.push_str(&"00".repeat(count.parse().expect("a number of bytes")));
        rest = after;
    }
    digits.push_str(rest);
    hex::decode(digits).expect("hex digits").into()
}

/// A reason as the recordings write it.
pub fn reason(data: &[u8]) -> String {
    match Revert::decode(data) {
        Revert::Empty => String::new(),
        // Their addresses have no mixed case.
        Revert::Custom { name, args } => format!("{name}({})", args.join(",")).to_lowercase(),
        other => other.to_string(),
    }
}
