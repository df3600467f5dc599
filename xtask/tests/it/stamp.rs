//! A stamp changes with everything the tests depend on, and with nothing else.

use std::fs;
use std::path::PathBuf;

use xtask::stamp::{matches, of, write};

#[test]
fn every_change_changes_the_stamp() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let names: Vec<PathBuf> = ["a", "b"].map(PathBuf::from).to_vec();
    let stamp = |toolchain: &str| of(folder.path(), &names, toolchain).expect("readable files");
    let fill = |a: &str, b: &str| {
        fs::write(folder.path().join("a"), a).expect("writable");
        fs::write(folder.path().join("b"), b).expect("writable");
    };
    fill("12", "3");
    let first = stamp("1.95");
    fill("12", "3");
    assert_eq!(stamp("1.95"), first, "a file written again with the same content is the same");
    assert_ne!(stamp("1.96"), first, "the toolchain counts");
    fill("1", "23");
    assert_ne!(stamp("1.95"), first, "content that moves from one file to the next counts");
    assert_ne!(
        of(folder.path(), &names[..1], "1.95").expect("readable files"),
        stamp("1.95"),
        "a file that goes counts"
    );
}

#[test]
fn a_stamp_is_found_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("deep/stamp");
    assert!(!matches(&file, "one"));
    write(&file, "one").expect("writable");
    assert!(matches(&file, "one"));
    assert!(!matches(&file, "two"));
}
