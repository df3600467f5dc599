//! Killed in the middle of writing, and on a disk that is full.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use weir_roles::{Journal, Record};
use weir_store::{Store, StoreError};

/// Set for the process that writes until it is killed.
const WRITER: &str = "WEIR_STORE_TEST_WRITER";

fn pair(i: u64) -> [Record; 2] {
    let value = Some(i.to_le_bytes().repeat(40));
    [Record { key: format!("a/{i}"), value: value.clone() }, Record { key: format!("b/{i}"), value }]
}

/// The body of the child process: stores pairs, and says so after each.
#[test]
fn writer() {
    let Some(path) = std::env::var_os(WRITER) else { return };
    let mut store = Store::open(path).expect("the file opens");
    let first = store.with_prefix("a/").expect("it reads").len() as u64;
    for i in first.. {
        store.put_all(&pair(i)).expect("it is stored");
        let mut out = std::io::stdout().lock();
        writeln!(out, "stored {i}").and_then(|()| out.flush()).expect("somebody listens");
    }
}

#[test]
fn what_was_said_to_be_stored_is_there_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("node.db");
    let mut said = None;
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().expect("a program"))
            .args(["crash::writer", "--exact", "--nocapture"])
            .env(WRITER, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut seen = 0;
        while let Some(Ok(line)) = lines.next() {
            if let Some((_, i)) = line.split_once("stored ") {
                said = i.trim().parse::<u64>().ok().max(said);
                seen += 1;
            }
            if seen > 20 + round * 7 {
                child.kill().expect("it runs");
                break;
            }
        }
        // What it still said before it died counts.
        for line in lines.map_while(Result::ok) {
            said = line.split_once("stored ").and_then(|(_, i)| i.trim().parse().ok()).max(said);
        }
        child.wait().expect("it ends");

        let store = Store::open(&path).expect("the lock is gone with the process");
        let last = said.expect("it stored some");
        for i in 0..=last {
            for r in pair(i) {
                assert_eq!(store.get(&r.key).expect("it reads"), r.value, "{} of {last}", r.key);
            }
        }
        let (a, b) = (store.with_prefix("a/").expect("it reads"), store.with_prefix("b/").expect("it reads"));
        assert_eq!(a.len(), b.len(), "pairs are stored together or not at all");
        assert!(a.len() as u64 <= last + 2, "at most one was stored and not said");
    }
}

#[test]
fn a_full_disk_is_said_and_nothing_of_before_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("node.db");
    let mut store = Store::open(&path).expect("a new file");
    store.put_all(&pair(0)).expect("it is stored");
    store.limit_pages(12).expect("a pragma");
    let big = Record { key: "big".into(), value: Some(vec![1; 200_000]) };
    let both = [Record { key: "small".into(), value: Some(vec![1]) }, big.clone()];
    let error = store.write(&both).expect_err("no space");
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(store.put(&big).expect_err("no space").to_string().contains("no space left"), "the driver sees it too");
    assert_eq!(store.get("small").expect("it reads"), None, "all or none");
    store.limit_pages(10_000).expect("a pragma");
    store.put(&big).expect("there is space again");
    drop(store);
    let store = Store::open(&path).expect("the same file");
    assert_eq!(store.get("a/0").expect("it reads"), pair(0)[0].value);
    assert_eq!(store.get("big").expect("it reads"), big.value);
}
