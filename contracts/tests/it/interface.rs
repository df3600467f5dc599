//! Interfaces, storage and sizes of the contracts against those of the originals.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use alloy::json_abi::{EventParam, JsonAbi, Param, StateMutability};
use alloy::primitives::hex;
use serde::Deserialize;
use weir_contracts::Artifact;

/// EIP-170: most bytes of code that a contract may have.
const CODE_MAX: usize = 24_576;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    abi: JsonAbi,
    deployed_bytecode: String,
    storage_layout: Vec<Slot>,
}

#[derive(Deserialize)]
struct Slot {
    label: String,
    slot: String,
    offset: u64,
    #[serde(rename = "type")]
    ty: String,
}

fn file(artifact: Artifact) -> File {
    serde_json::from_str(artifact.json()).expect("what the compiler script writes")
}

/// Sections of a data file and their lines.
fn sections(name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut section = String::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            Some(name) => name.clone_into(&mut section),
            None => assert!(all.entry(section.clone()).or_default().insert(line.to_owned()), "twice: {line}"),
        }
        all.entry(section.clone()).or_default();
    }
    all
}

fn shown(ty: &str, components: &[Param]) -> String {
    match ty.strip_prefix("tuple") {
        Some(brackets) => format!("tuple({}){brackets}", params(components)),
        None => ty.to_owned(),
    }
}

fn named(ty: String, name: &str) -> String {
    if name.is_empty() { ty } else { format!("{ty} {name}") }
}

fn params(list: &[Param]) -> String {
    list.iter().map(|p| named(shown(&p.ty, &p.components), &p.name)).collect::<Vec<_>>().join(", ")
}

fn event_params(list: &[EventParam]) -> String {
    let one = |p: &EventParam| {
        let ty = shown(&p.ty, &p.components);
        named(if p.indexed { format!("{ty} indexed") } else { ty }, &p.name)
    };
    list.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// An interface in the lines of the data file.
fn interface(abi: &JsonAbi) -> BTreeSet<String> {
    let mut lines: BTreeSet<String> = BTreeSet::new();
    lines.insert(format!("constructor({})", abi.constructor.as_ref().map_or_else(String::new, |c| params(&c.inputs))));
    for f in abi.functions() {
        let mutability = match f.state_mutability {
            StateMutability::Pure => " pure",
            StateMutability::View => " view",
            StateMutability::Payable => " payable",
            StateMutability::NonPayable => "",
        };
        let returns = if f.outputs.is_empty() { String::new() } else { format!(" returns ({})", params(&f.outputs)) };
        let selector = hex::encode_prefixed(f.selector());
        lines.insert(format!("function {selector} {}({}){mutability}{returns}", f.name, params(&f.inputs)));
    }
    for e in abi.events() {
        assert!(!e.anonymous, "{}", e.name);
        let topic = hex::encode_prefixed(&e.selector()[..4]);
        lines.insert(format!("event {topic} {}({})", e.name, event_params(&e.inputs)));
    }
    for e in abi.errors() {
        lines.insert(format!("error {} {}({})", hex::encode_prefixed(e.selector()), e.name, params(&e.inputs)));
    }
    lines.extend(abi.fallback.is_some().then(|| "fallback".to_owned()));
    lines.extend(abi.receive.is_some().then(|| "receive".to_owned()));
    lines
}

/// Our artifacts of a contract of the originals.
fn counterparts(name: &str) -> Vec<Artifact> {
    match name {
        "BondingManager" => vec![Artifact::BondingManagerD24, Artifact::BondingManager],
        "TicketBroker" => vec![Artifact::TicketBrokerD24, Artifact::TicketBroker],
        "ServiceRegistry" => vec![Artifact::ServiceRegistry, Artifact::AIServiceRegistry],
        other => vec![Artifact::by_name(other).unwrap_or_else(|| panic!("no contract {other}"))],
    }
}

#[test]
fn interfaces_are_those_of_the_originals() {
    let mut all = sections("interfaces.txt");
    let later = all.remove("BondingManager with change (e)").expect("a section");
    assert_eq!(all.len(), 18);
    for (name, lines) in &all {
        for artifact in counterparts(name) {
            let mut wanted = lines.clone();
            if artifact == Artifact::BondingManager {
                wanted.extend(later.iter().cloned());
            }
            let ours = interface(&file(artifact).abi);
            let missing: Vec<&String> = wanted.difference(&ours).collect();
            let added: Vec<&String> = ours.difference(&wanted).collect();
            assert!(
                missing.is_empty() && added.is_empty(),
                "{}: missing {missing:#?}, added {added:#?}",
                artifact.name()
            );
        }
    }
}

/// Structs are named after the contract that declares them, which for ours may be a base.
fn kind(ty: &str) -> String {
    let words = ty.split(' ').map(|word| match word.rsplit_once('.') {
        Some((_, last)) => last,
        None => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn storage_is_that_of_the_originals() {
    let all = sections("storage.txt");
    assert_eq!(all.len(), 10);
    for (name, lines) in &all {
        let mut wanted: BTreeSet<String> = lines.iter().map(|line| kind(line)).collect();
        for artifact in counterparts(name) {
            if artifact == Artifact::BondingManager {
                wanted.insert("15 0 transcoderToRewardCaller mapping(address => address)".to_owned());
            }
            let ours: BTreeSet<String> = file(artifact)
                .storage_layout
                .iter()
                .map(|s| kind(&format!("{} {} {} {}", s.slot, s.offset, s.label, s.ty)))
                .collect();
            assert_eq!(ours, wanted, "{}", artifact.name());
        }
    }
}

#[test]
fn a_partial_target_has_the_storage_of_the_whole_one() {
    let slots = |artifact| -> Vec<(String, String)> {
        file(artifact).storage_layout.into_iter().map(|s| (s.slot, s.label)).collect()
    };
    assert_eq!(slots(Artifact::BondingManagerPartial), slots(Artifact::BondingManager));
}

#[test]
fn code_fits_a_contract() {
    for &artifact in Artifact::ALL {
        let digits = file(artifact).deployed_bytecode;
        let bytes = digits.trim_start_matches("0x").len() / 2;
        assert!(bytes > 0 && bytes < CODE_MAX, "{} has {bytes} bytes", artifact.name());
    }
}
