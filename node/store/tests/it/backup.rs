//! Old copies, other accounts, earlier layouts, and moving house.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rusqlite::Connection;
use weir_roles::gateway::UsedNonce;
use weir_roles::{Journal, MemoryJournal, Record};
use weir_store::{Store, StoreError, Tables};
use weir_types::{Address, B256};

fn put(store: &mut dyn Journal, key: &str, value: &[u8]) {
    store.put(&Record { key: key.into(), value: Some(value.to_vec()) }).expect("it is stored");
}

#[test]
fn an_old_copy_is_refused_until_it_is_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, copy) = (folder.path().join("node.db"), folder.path().join("copy.db"));
    let mut store = Store::open(&path).expect("a new file");
    put(&mut store, "nonce/a", b"1");
    drop(store);
    std::fs::copy(&path, &copy).expect("a copy");
    let mut store = Store::open(&path).expect("the file");
    put(&mut store, "nonce/a", b"2");
    drop(store);
    let today = Store::open(&path).expect("today's file is as new as its mark");
    drop(today);
    std::fs::copy(&copy, &path).expect("yesterday's file");
    let error = Store::open(&path).expect_err("it is old");
    assert!(matches!(error, StoreError::OldBackup { found, expected, .. } if found < expected), "{error:?}");
    assert!(error.to_string().contains("tickets could be spent twice"), "{error}");
    assert!(Store::open(&path).is_err(), "it is not accepted by asking twice");
    let store = Store::accept_old_backup(&path).expect("knowingly");
    assert_eq!(store.get("nonce/a").expect("it reads"), Some(b"1".to_vec()));
    drop(store);
    Store::open(&path).expect("from here on it is the newest");
}

#[test]
fn a_mark_that_lags_or_is_missing_refuses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, mark) = (folder.path().join("node.db"), folder.path().join("node.db.mark"));
    let mut store = Store::open(&path).expect("a new file");
    let first = std::fs::read(&mark).expect("a mark");
    for i in 0..200 {
        put(&mut store, "block/last", &[i]);
    }
    drop(store);
    assert_ne!(std::fs::read(&mark).expect("a mark"), first);
    // As after a kill before the mark was written.
    std::fs::write(&mark, &first).expect("a file");
    drop(Store::open(&path).expect("the file is ahead of its mark"));
    std::fs::remove_file(&mark).expect("a file");
    drop(Store::open(&path).expect("a file without a mark"));
    std::fs::write(&mark, "no number").expect("a file");
    let error = Store::open(&path).expect_err("a mark that says nothing");
    assert!(error.to_string().contains("node.db.mark: it holds no whole number"), "{error}");
}

#[test]
fn what_the_chain_has_seen_unmasks_an_old_copy_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(folder.path().join("node.db")).expect("a new file");
    store.raise("account nonce", 7).expect("it is stored");
    store.raise("account nonce", 5).expect("nothing to do");
    store.hold_against("account nonce", 7).expect("as far as the chain");
    store.hold_against("another", 0).expect("nothing is known of it");
    let error = store.hold_against("account nonce", 8).expect_err("the chain is ahead");
    assert!(matches!(error, StoreError::OldBackup { found: 7, expected: 8, .. }), "{error:?}");
}

#[test]
fn a_store_belongs_to_one_account() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("node.db");
    let [a, b] = [1, 2].map(Address::repeat_byte);
    drop(Store::open_for(&path, a).expect("a new file"));
    drop(Store::open_for(&path, a).expect("its owner"));
    assert_eq!(Store::open(&path).expect("to look at").owner().expect("it reads"), Some(a));
    let error = Store::open_for(&path, b).expect_err("somebody else's");
    assert!(matches!(&error, StoreError::Owner { found, asked, .. } if (*found, *asked) == (a, b)), "{error:?}");
    assert!(error.to_string().contains("give it a store of its own"), "{error}");
}

#[test]
fn a_file_of_the_first_layout_is_brought_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("node.db");
    let old = Connection::open(&path).expect("a database");
    old.execute_batch(
        "CREATE TABLE record (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
         INSERT INTO record VALUES ('ticket/a', x'01'), ('tx/1', x'02'), ('reward/5', x'03'), ('z', x'04'),
             ('nonce/0x0101010101010101010101010101010101010101010101010101010101010101', x'37');
         PRAGMA application_id = 1464158546; PRAGMA user_version = 1;",
    )
    .expect("the first layout");
    drop(old);
    let store = Store::open(&path).expect("it is brought up to date");
    let all: Vec<String> = store.with_prefix("").expect("it reads").into_iter().map(|r| r.0).collect();
    let nonce = UsedNonce::key(&B256::repeat_byte(1));
    assert_eq!(all, [nonce.as_str(), "reward/5", "ticket/a", "tx/1", "z"]);
    assert_eq!(store.nonce(B256::repeat_byte(1)), Ok(Some(7)), "a nonce without its end");
    assert_eq!(store.get("ticket/a").expect("it reads"), Some(vec![1]));
    drop(store);
    let file = Connection::open(&path).expect("a database");
    let count = |sql: &str| file.query_row(sql, [], |r| r.get::<_, i64>(0)).expect("a number");
    assert_eq!(count("SELECT count(*) FROM ticket_won"), 1);
    assert_eq!(count("SELECT count(*) FROM reward_called"), 1);
    assert_eq!(count("SELECT count(*) FROM record"), 2);
    assert_eq!(count("SELECT max(version) FROM layout"), 4);
    assert_eq!(count("SELECT CAST(nonce AS INTEGER) FROM sender_nonce"), 7);
}

#[test]
fn a_node_moves_house() {
    let folder = tempfile::tempdir().expect("a folder");
    let owner = Address::repeat_byte(7);
    let mut old = Store::open_for(folder.path().join("old.db"), owner).expect("a new file");
    for (key, value) in [("ticket/a", &b"won"[..]), ("nonce/b", b""), ("tx/1", &[0, 255])] {
        put(&mut old, key, value);
    }
    let mut lines = Vec::new();
    assert_eq!(old.export(&mut lines).expect("it is written"), 3);
    let mut new = Store::open(folder.path().join("new.db")).expect("a new file");
    assert_eq!(new.import(&mut lines.as_slice()).expect("it is taken"), 3);
    assert_eq!(new.with_prefix("").expect("it reads"), old.with_prefix("").expect("it reads"));
    assert_eq!(new.owner().expect("it reads"), Some(owner));
    assert!(matches!(new.import(&mut lines.as_slice()), Err(StoreError::NotEmpty { .. })));

    let text = String::from_utf8(lines).expect("text");
    let cut: String = text.lines().take(3).map(|l| format!("{l}\n")).collect();
    let spoiled = [
        (String::new(), "it is empty"),
        (cut, "its last line is missing"),
        (text.replace("776f6e", "776f6f"), "it is not as it was written"),
        (text.lines().rev().map(|l| format!("{l}\n")).collect(), "its last line is missing"),
    ];
    for (i, (text, why)) in spoiled.into_iter().enumerate() {
        let mut store = Store::open(folder.path().join(format!("{i}.db"))).expect("a new file");
        let error = store.import(&mut text.as_bytes()).expect_err(why);
        assert!(error.to_string().contains(why), "{error}");
        assert!(store.with_prefix("").expect("it reads").is_empty());
    }
}

#[test]
fn an_import_takes_all_or_nothing_and_its_marks() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let [a, b] = [1, 2].map(Address::repeat_byte);
    let mut old = Store::open_for(path("old.db"), a).expect("a new file");
    for i in 0..20 {
        put(&mut old, "nonce/b", &[i]);
    }
    put(&mut old, "ticket/big", &[1; 200_000]);
    old.raise("account nonce", 7).expect("it is stored");
    let mut lines = Vec::new();
    old.export(&mut lines).expect("it is written");
    assert!(String::from_utf8_lossy(&lines).contains("{\"table\":\"sender_nonce\",\"key\":\"nonce/b\""));

    let mut new = Store::open(path("new.db")).expect("a new file");
    new.limit_pages(30).expect("a pragma");
    assert!(matches!(new.import(&mut lines.as_slice()), Err(StoreError::Full { .. })));
    assert_eq!(new.owner().expect("it reads"), None, "nothing of it was taken");
    assert!(new.with_prefix("").expect("it reads").is_empty());
    new.limit_pages(10_000).expect("a pragma");
    new.import(&mut lines.as_slice()).expect("there is space again");
    // An old export is unmasked by the chain, as an old file is.
    new.hold_against("account nonce", 7).expect("as far as the export");
    assert!(matches!(new.hold_against("account nonce", 8), Err(StoreError::OldBackup { found: 7, .. })));

    let mut other = Store::open_for(path("other.db"), b).expect("a new file");
    let error = other.import(&mut lines.as_slice()).expect_err("somebody else's");
    assert!(matches!(error, StoreError::Owner { found, asked, .. } if (found, asked) == (b, a)));
    assert!(other.with_prefix("").expect("it reads").is_empty());
}

#[test]
fn an_export_of_before_the_marks_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let body = "{\"weir_store\":2,\"owner\":null}\n{\"key\":\"tx/1\",\"value\":\"00ff\"}\n";
    let seal = weir_types::keccak256(body);
    let text = format!("{body}{{\"records\":1,\"keccak\":\"{seal}\"}}\n");
    let mut store = Store::open(folder.path().join("node.db")).expect("a new file");
    assert_eq!(store.import(&mut text.as_bytes()).expect("it is taken"), 1);
    assert_eq!(store.get("tx/1").expect("it reads"), Some(vec![0, 255]));
}

#[test]
fn an_owner_that_does_not_read_is_not_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("node.db");
    drop(Store::open(&path).expect("a new file"));
    let file = Connection::open(&path).expect("a database");
    file.execute("INSERT INTO owner VALUES ('nobody')", []).expect("a row");
    drop(file);
    let error = Store::open_for(&path, Address::ZERO).expect_err("whose it is is not known");
    assert!(error.to_string().contains("nobody is no account"), "{error}");
}

#[test]
fn the_explanation_of_an_old_copy_reads_well() {
    let error = StoreError::OldBackup { path: "node.db".into(), found: 1, expected: 2 }.to_string();
    assert!(!error.contains("  "), "{error}");
    assert!(error.contains("import its newest export"), "{error}");
}

fn any_key() -> impl Strategy<Value = String> {
    let prefixes =
        ["ticket/", "redemption/", "nonce/", "balance/", "reward/", "orchestrator/", "block/", "tx/", "", "t"];
    (proptest::sample::select(prefixes.to_vec()), "[a-c]{0,2}").prop_map(|(p, rest)| format!("{p}{rest}"))
}

/// A change of some records at once, or a look at those with a prefix.
#[derive(Debug, Clone)]
enum Step {
    Put(Vec<(String, Option<Vec<u8>>)>),
    Read(String),
}

fn any_step() -> impl Strategy<Value = Step> {
    let value = proptest::option::weighted(0.7, proptest::collection::vec(any::<u8>(), 0..4));
    prop_oneof![proptest::collection::vec((any_key(), value), 1..4).prop_map(Step::Put), any_key().prop_map(Step::Read),]
}

/// What holds for any journal.
fn obeys(journal: &mut dyn Journal, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut model: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Put(changes) => {
                let records: Vec<Record> =
                    changes.iter().map(|(key, value)| Record { key: key.clone(), value: value.clone() }).collect();
                journal.put_all(&records).expect("it is stored");
                for (key, value) in changes {
                    match value {
                        Some(v) => model.insert(key.clone(), v.clone()),
                        None => model.remove(key),
                    };
                }
            }
            Step::Read(prefix) => {
                let want: Vec<_> = model.clone().into_iter().filter(|(k, _)| k.starts_with(prefix.as_str())).collect();
                prop_assert_eq!(journal.read(prefix).expect("it reads"), want);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn file_and_memory_are_the_same(steps in proptest::collection::vec(any_step(), 1..25)) {
        let folder = tempfile::tempdir().expect("a folder");
        obeys(&mut Store::open(folder.path().join("node.db")).expect("a new file"), &steps)?;
        obeys(&mut MemoryJournal::default(), &steps)?;
    }
}
