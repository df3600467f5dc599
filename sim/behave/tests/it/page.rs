//! The committed pages are what the code says.
// A test reads and writes the pages.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::path::PathBuf;

use weir_behave::page::pages;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/behaviours")
}

#[test]
fn pages_are_what_the_code_says() {
    let update = std::env::var_os("WEIR_UPDATE").is_some();
    for (name, text) in pages() {
        let path = folder().join(name);
        if update {
            fs::create_dir_all(folder()).expect("a folder");
            fs::write(&path, &text).expect("a page");
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "docs/behaviours/{name} is not what the code says: WEIR_UPDATE=1 cargo test -p weir-behave page::"
        );
    }
}

#[test]
fn no_page_has_an_empty_meaning() {
    for (name, text) in pages() {
        for line in text.lines().filter(|l| l.starts_with("| `")) {
            assert!(!line.contains("|  |") || line.contains("` |  | "), "{name}: {line}");
            assert!(!line.ends_with("|  |"), "{name}: {line}");
        }
    }
}

/// Links inside the folder and inside a page lead somewhere.
#[test]
fn links_lead_somewhere() {
    for (name, text) in pages() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            match target.strip_prefix('#') {
                Some(anchor) => {
                    let there = text.lines().any(|l| l.strip_prefix("## ").is_some_and(|h| h.to_lowercase() == anchor));
                    assert!(there, "{name}: {target}");
                }
                None if target.starts_with("http") => {}
                None => assert!(pages().iter().any(|(file, _)| *file == target), "{name}: {target}"),
            }
        }
    }
}
