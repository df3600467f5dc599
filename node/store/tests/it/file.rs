//! What is stored is read, and what is wrong with a file is said.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rusqlite::Connection;
use weir_roles::{Journal, Record};
use weir_store::{Store, StoreError};

fn record(key: &str, value: Option<&[u8]>) -> Record {
    Record { key: key.into(), value: value.map(<[u8]>::to_vec) }
}

fn keys(store: &Store, prefix: &str) -> Vec<String> {
    store.with_prefix(prefix).expect("it reads").into_iter().map(|(key, _)| key).collect()
}

#[test]
fn records_are_there_after_opening_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("node.db");
    let mut store = Store::open(&path).expect("a new file");
    store.put(&record("tx/1", Some(b"one"))).expect("it is stored");
    store.put(&record("tx/2", Some(b"two"))).expect("it is stored");
    store.put(&record("ty", Some(b""))).expect("it is stored");
    store.put(&record("tx/1", Some(b"uno"))).expect("it is stored");
    store.put(&record("tx/2", None)).expect("it is deleted");
    store.put(&record("never there", None)).expect("nothing to do");
    drop(store);
    let store = Store::open(&path).expect("the same file");
    assert_eq!(store.get("tx/1").expect("it reads"), Some(b"uno".to_vec()));
    assert_eq!(store.get("tx/2").expect("it reads"), None);
    assert_eq!(keys(&store, "t"), ["tx/1", "ty"]);
    assert_eq!(keys(&store, "tx/"), ["tx/1"]);
    assert_eq!(store.path(), path);
}

#[test]
fn two_processes_do_not_share_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("node.db");
    let first = Store::open(&path).expect("a new file");
    let error = Store::open(&path).expect_err("the other has it");
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    assert!(error.to_string().contains("in use by another process"), "{error}");
    drop(first);
    Store::open(&path).expect("it is free");
}

#[test]
fn other_files_are_left_as_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, and long enough that a header could be in it".repeat(20)).expect("a file");
    let before = std::fs::read(&text).expect("a file");
    assert!(matches!(Store::open(&text), Err(StoreError::NotOurs { .. })));
    assert_eq!(std::fs::read(&text).expect("a file"), before);

    let other = folder.path().join("other.db");
    let connection = Connection::open(&other).expect("a database");
    connection.execute_batch("CREATE TABLE money (amount INTEGER)").expect("a table");
    drop(connection);
    assert!(matches!(Store::open(&other), Err(StoreError::NotOurs { .. })));

    let later = folder.path().join("later.db");
    drop(Store::open(&later).expect("a new file"));
    let connection = Connection::open(&later).expect("a database");
    connection.pragma_update(None, "user_version", 99).expect("a pragma");
    drop(connection);
    let error = Store::open(&later).expect_err("another layout");
    assert!(matches!(error, StoreError::Layout { found: 99, known: 4, .. }), "{error:?}");

    let nowhere = folder.path().join("no such folder/node.db");
    let error = Store::open(&nowhere).expect_err("no folder");
    assert!(matches!(error, StoreError::NotWritable { .. }), "{error:?}");
    assert!(error.to_string().contains("no such folder"), "{error}");
}

#[test]
fn a_file_that_cannot_be_written_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = Store::open(folder.path()).expect_err("a folder is no file");
    assert!(matches!(error, StoreError::NotWritable { .. }), "{error:?}");

    let path = folder.path().join("node.db");
    drop(Store::open(&path).expect("a new file"));
    let mut rights = std::fs::metadata(&path).expect("a file").permissions();
    rights.set_readonly(true);
    std::fs::set_permissions(&path, rights).expect("it is ours");
    if std::fs::OpenOptions::new().append(true).open(&path).is_ok() {
        return; // Nothing is read-only for root.
    }
    let error = Store::open(&path).expect_err("it is read-only");
    assert!(matches!(error, StoreError::NotWritable { .. }), "{error:?}");
    assert!(error.to_string().contains("readonly"), "{error}");
}

#[test]
fn a_damaged_file_is_not_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("node.db");
    let mut store = Store::open(&path).expect("a new file");
    for i in 0..200 {
        store.put(&record(&format!("k/{i:04}"), Some(&[7; 500]))).expect("it is stored");
    }
    drop(store);
    let mut bytes = std::fs::read(&path).expect("a file");
    let page = 4_096;
    assert!(bytes.len() > 10 * page);
    // The tree's inner pages point anywhere.
    for at in [page..2 * page, 5 * page..6 * page] {
        bytes[at].fill(0xff);
    }
    std::fs::write(&path, bytes).expect("a file");
    let error = Store::open(&path).expect_err("it is damaged");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_store_is_a_map_with_ordered_keys(
        steps in prop::collection::vec(
            prop::collection::vec(("[a-cé/]{0,4}", prop::option::of(prop::collection::vec(any::<u8>(), 0..20))), 1..4),
            0..20,
        ),
        prefix in "[a-cé/]{0,2}",
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("node.db");
        let mut map: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut store = Store::open(&path).expect("a new file");
        for records in steps {
            let records: Vec<Record> = records.into_iter().map(|(key, value)| Record { key, value }).collect();
            for r in &records {
                match &r.value {
                    Some(value) => map.insert(r.key.clone(), value.clone()),
                    None => map.remove(&r.key),
                };
            }
            store.put_all(&records).expect("it is stored");
        }
        drop(store);
        let store = Store::open(&path).expect("the same file");
        let wanted: Vec<(String, Vec<u8>)> = map.into_iter().filter(|(key, _)| key.starts_with(&prefix)).collect();
        prop_assert_eq!(store.read(&prefix).expect("it reads"), wanted);
    }
}
