//! Whether the cases reach everything that the sources can say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use alloy::primitives::hex;
use weir_contracts::Artifact;

use super::GROUPS;
use super::expect::{Record, abi};

/// Texts that nothing can produce.
const SILENT: &[(&str, &str)] = &[("system is not paused", "no function has the modifier whenSystemPaused")];

/// Events of a contract's interface that it has no way to emit.
const MUTE: &[(&str, &str, &str)] = &[
    ("AIServiceRegistry", "ParameterUpdate", "it has no parameters"),
    ("BondingVotes", "ParameterUpdate", "it has no parameters"),
    ("LivepeerGovernor", "ParameterUpdate", "its parameters have events of their own"),
    ("LivepeerToken", "EIP712DomainChanged", "its domain never changes"),
    ("LivepeerToken", "RoleAdminChanged", "no function changes who administers a role"),
    ("LivepeerGovernor", "EIP712DomainChanged", "its domain never changes"),
    ("Manager", "ParameterUpdate", "it has no parameters"),
    ("ManagerProxy", "ParameterUpdate", "it has no parameters of its own"),
    ("MerkleSnapshot", "ParameterUpdate", "it has no parameters"),
    ("ServiceRegistry", "ParameterUpdate", "it has no parameters"),
];

fn sources() -> Vec<String> {
    fn below(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let path = entry.expect("an entry of a directory").path();
            if path.is_dir() {
                below(&path, found);
            } else if path.extension().is_some_and(|e| e == "sol") {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut paths);
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).expect("sources are UTF-8")).collect()
}

/// The arguments of a call, from behind its opening parenthesis on.
fn arguments(source: &str) -> Vec<&str> {
    let (mut depth, mut in_text, mut start, mut found) = (0u32, false, 0, Vec::new());
    for (i, c) in source.char_indices() {
        match c {
            '"' => in_text = !in_text,
            _ if in_text => {}
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                found.push(source[start..i].trim());
                return found;
            }
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(source[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    panic!("a call without end: {source}");
}

fn literal(argument: &str) -> Option<String> {
    Some(argument.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

/// Texts of the requirements in a source.
fn required(source: &str) -> Vec<String> {
    let calls = source.split("require(").skip(1).map(arguments);
    calls.filter_map(|arguments| literal(arguments.get(1)?)).collect()
}

/// Names of the errors that a source declares.
fn declared(source: &str) -> Vec<String> {
    let lines = source.lines().filter_map(|line| line.trim().strip_prefix("error "));
    lines.filter_map(|line| Some(line.split_once('(')?.0.to_owned())).collect()
}

fn everything() -> Record {
    let mut record = Record::default();
    for group in GROUPS {
        record.merge(&group.embedded().record);
    }
    record
}

#[test]
fn sources_are_read_as_they_are_meant() {
    let source = r#"
        error Odd(uint256 value);
        require(a == f(b, "X"), "first");
        require(
            x[1] > 0,
            "second (it is)"
        );
        require(owner == msg.sender);
        require(success, string(data));
    "#;
    assert_eq!(required(source), ["first", "second (it is)"]);
    assert_eq!(declared(source), ["Odd"]);
}

#[test]
fn every_text_and_error_of_the_sources_is_produced() {
    let sources = sources();
    let texts: BTreeSet<String> = sources.iter().flat_map(|s| required(s)).collect();
    let errors: BTreeSet<String> = sources.iter().flat_map(|s| declared(s)).collect();
    assert!(texts.len() > 80 && errors.len() == 10, "{} texts, {} errors", texts.len(), errors.len());
    let record = everything();
    let silent: BTreeMap<&str, &str> = SILENT.iter().copied().collect();
    let texts: Vec<_> =
        texts.iter().filter(|t| !silent.contains_key(t.as_str()) && !record.texts.contains(*t)).collect();
    let errors: Vec<_> = errors.difference(&record.errors).collect();
    assert!(texts.is_empty() && errors.is_empty(), "no case makes a contract say {texts:#?} or {errors:#?}");
}

/// What is left out above must be out of the code as well.
#[test]
fn what_nothing_can_say_is_in_no_code() {
    for (text, reason) in SILENT {
        for artifact in Artifact::ALL {
            // The compiler cuts texts into words of 32 bytes.
            let start: Vec<u8> = text.bytes().take(20).collect();
            assert!(!artifact.json().contains(&hex::encode(start)), "{text} is in {} ({reason})", artifact.name());
        }
    }
}

#[test]
fn every_event_of_every_contract_is_emitted() {
    let record = everything();
    let mut missing = Vec::new();
    for &artifact in Artifact::ALL {
        for event in abi(artifact).events() {
            let mute = MUTE.iter().any(|(contract, name, _)| *contract == artifact.name() && *name == event.name);
            let emitted = record.events.contains(&(artifact.name(), event.selector()));
            assert!(!(mute && emitted), "{} does emit {}", artifact.name(), event.name);
            if !mute && !emitted {
                missing.push(format!("{}.{}", artifact.name(), event.name));
            }
        }
    }
    assert!(missing.is_empty(), "no case makes a contract emit {missing:#?}");
}

#[test]
fn every_check_of_the_language_that_can_fail_does() {
    let codes: Vec<u64> = everything().panics.iter().map(|code| code.to()).collect();
    assert_eq!(codes, [0x01, 0x11, 0x12, 0x32]);
}
