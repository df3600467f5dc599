//! What the tables say, the same over a file and over a simulated disk.

use proptest::prelude::*;
use rusqlite::Connection;
use weir_roles::{Journal, JournalError, MemoryJournal, Record};
use weir_store::{LastBlock, RewardCall, Store, TableError, Tables};
use weir_ticket::queue::Queued;
use weir_ticket::{Signature, Ticket, WinningTicket};
use weir_types::{Address, B256, Credit, L1Block, Round, U256, Wei, WinProb};

/// A disk whose machine can be started again.
trait Disk {
    type Journal: Journal;
    fn again(&mut self, before: Option<Self::Journal>) -> Self::Journal;
}

struct FileDisk(tempfile::TempDir);

impl Disk for FileDisk {
    type Journal = Store;
    fn again(&mut self, before: Option<Store>) -> Store {
        drop(before);
        Store::open(self.0.path().join("node.db")).expect("it opens")
    }
}

struct MemoryDisk;

impl Disk for MemoryDisk {
    type Journal = MemoryJournal;
    fn again(&mut self, before: Option<MemoryJournal>) -> MemoryJournal {
        before.unwrap_or_default()
    }
}

fn file() -> FileDisk {
    FileDisk(tempfile::tempdir().expect("a folder"))
}

/// Runs the same body over both.
macro_rules! on_both {
    ($($name:ident => $body:path;)*) => {$(
        #[test]
        fn $name() {
            $body(&mut file());
            $body(&mut MemoryDisk);
        }
    )*};
}

on_both! {
    a_nonce_is_used_once => nonces;
    a_redemption_goes_with_its_ticket => redemptions;
    rewards_are_told_apart_by_round => rewards;
    balances_keep_fractions => balances;
    caches_and_blocks_are_kept => caches;
    what_does_not_read_is_said => unreadable;
}

const HASH: B256 = B256::repeat_byte(7);

fn raw(journal: &mut impl Journal, key: &str, value: &[u8]) {
    journal.put(&Record { key: key.into(), value: Some(value.to_vec()) }).expect("it is stored");
}

fn nonces<D: Disk>(disk: &mut D) {
    let mut t = disk.again(None);
    assert_eq!(t.nonce(HASH), Ok(None));
    t.use_nonce(HASH, 0, L1Block(50)).expect("the first");
    t.use_nonce(HASH, 5, L1Block(50)).expect("a later one");
    for asked in [0, 5] {
        let error = t.use_nonce(HASH, asked, L1Block(50)).expect_err("it was used");
        assert_eq!(error, TableError::NonceUsed { rand_hash: HASH, last: 5, asked });
        assert!(error.to_string().contains("could be spent twice"), "{error}");
    }
    t.use_nonce(B256::ZERO, 1, L1Block(50)).expect("another hash");
    let mut t = disk.again(Some(t));
    assert_eq!((t.nonce(HASH), t.nonce(B256::ZERO)), (Ok(Some(5)), Ok(Some(1))));
    t.forget_nonce(HASH).expect("its parameters expired");
    assert_eq!((t.nonce(HASH), t.nonce(B256::ZERO)), (Ok(None), Ok(Some(1))));
}

fn redemptions<D: Disk>(disk: &mut D) {
    let mut t = disk.again(None);
    raw(&mut t, "ticket/aa", b"{}");
    raw(&mut t, "ticket/bb", b"{}");
    t.redemption_sent("aa", HASH).expect("it is stored");
    let mut t = disk.again(Some(t));
    assert_eq!((t.redemption("aa"), t.redemption("bb"), t.redemption("a")), (Ok(Some(HASH)), Ok(None), Ok(None)));
    t.redemption_settled("aa").expect("it is stored");
    let t = disk.again(Some(t));
    assert_eq!(t.redemption("aa"), Ok(None));
    assert_eq!(t.tickets_won(), Ok(vec!["bb".to_owned()]));
}

fn rewards<D: Disk>(disk: &mut D) {
    let mut t = disk.again(None);
    t.set_reward(Round(10), RewardCall::Sent).expect("it is stored");
    assert_eq!((t.reward(Round(1)), t.reward(Round(10))), (Ok(None), Ok(Some(RewardCall::Sent))));
    t.set_reward(Round(10), RewardCall::Done).expect("it is stored");
    assert_eq!(disk.again(Some(t)).reward(Round(10)), Ok(Some(RewardCall::Done)));
}

fn balances<D: Disk>(disk: &mut D) {
    let (mut t, peer) = (disk.again(None), Address::repeat_byte(1));
    let third = Credit::ratio(U256::from(1), U256::from(3));
    let debt = Credit(-third.0.clone());
    t.set_balance(peer, "s", &third).expect("it is stored");
    t.set_balance(peer, "st", &debt).expect("it is stored");
    let t = disk.again(Some(t));
    assert_eq!((t.balance(peer, "s"), t.balance(peer, "st")), (Ok(Some(third)), Ok(Some(debt))));
    assert_eq!((t.balance(peer, ""), t.balance(Address::ZERO, "s")), (Ok(None), Ok(None)));
}

fn caches<D: Disk>(disk: &mut D) {
    let (mut t, o) = (disk.again(None), Address::repeat_byte(1));
    let block = |n| LastBlock { number: L1Block(n), hash: B256::repeat_byte(n as u8) };
    t.set_last_block(block(9)).expect("it is stored");
    t.set_last_block(block(8)).expect("a reorganisation");
    t.set_orchestrator(o, &("https://o", 3)).expect("it is stored");
    let t = disk.again(Some(t));
    assert_eq!(t.last_block(), Ok(Some(block(8))));
    assert_eq!(t.orchestrator(o), Ok(Some(("https://o".to_owned(), 3))));
    assert_eq!(t.orchestrator::<String>(Address::ZERO), Ok(None));
}

fn unreadable<D: Disk>(disk: &mut D) {
    let mut t = disk.again(None);
    let key = format!("nonce/{HASH:#x}");
    raw(&mut t, &key, b"\xff");
    // It must not pass for parameters without a nonce.
    assert!(matches!(t.use_nonce(HASH, 1, L1Block(50)), Err(TableError::Unreadable { key: k, .. }) if k == key));
    raw(&mut t, &format!("balance/{:#x}/s", Address::ZERO), b"\"1/0\"");
    let error = t.balance(Address::ZERO, "s").expect_err("no amount");
    assert!(error.to_string().contains("1/0 is no amount"), "{error}");
}

#[test]
fn what_a_journal_says_is_handed_on() {
    struct Broken;
    impl Journal for Broken {
        fn put(&mut self, _: &Record) -> Result<(), JournalError> {
            Err(JournalError("full".into()))
        }
        fn read(&self, _: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
            Ok(Vec::new())
        }
    }
    let broken: &mut dyn Journal = &mut Broken;
    assert_eq!(broken.use_nonce(HASH, 1, L1Block(50)), Err(TableError::Journal(JournalError("full".into()))));
}

fn won() -> Queued {
    let ticket = Ticket {
        recipient: Address::repeat_byte(2),
        sender: Address::repeat_byte(1),
        face_value: Wei::from_whole(1),
        win_prob: WinProb::ONE,
        sender_nonce: 1,
        recipient_rand_hash: HASH,
        creation_round: Round(1),
        creation_round_block_hash: HASH,
        params_expiration_block: L1Block(1),
    };
    Queued { winner: WinningTicket { ticket, sig: Signature::INVALID, recipient_rand: U256::from(1) }, number: 1 }
}

#[test]
fn an_operator_sees_what_is_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("node.db");
    let mut t = Store::open(&path).expect("a new file");
    raw(&mut t, "ticket/aa", &serde_json::to_vec(&won()).expect("JSON"));
    raw(&mut t, "ticket/bb", b"\xff no JSON");
    t.use_nonce(HASH, 5, L1Block(50)).expect("it is stored");
    t.redemption_sent("aa", HASH).expect("it is stored");
    t.set_reward(Round(3), RewardCall::Sent).expect("it is stored");
    t.set_balance(Address::ZERO, "s", &Credit::ratio(U256::from(1), U256::from(3))).expect("it is stored");
    t.set_last_block(LastBlock { number: L1Block(9), hash: HASH }).expect("it is stored");
    drop(t);
    let file = Connection::open(&path).expect("a database");
    let text = |sql: &str| -> Option<String> { file.query_row(sql, [], |r| r.get(0)).expect("a row") };
    let sender = text("SELECT sender FROM ticket_won WHERE key = 'ticket/aa'").expect("JSON");
    assert_eq!(sender.parse(), Ok(Address::repeat_byte(1)));
    assert!(text("SELECT face_value FROM ticket_won WHERE key = 'ticket/aa'").is_some());
    assert_eq!(text("SELECT sender FROM ticket_won WHERE key = 'ticket/bb'"), None);
    assert_eq!(text("SELECT nonce FROM sender_nonce").as_deref(), Some("5"));
    assert_eq!(text("SELECT expires FROM sender_nonce").as_deref(), Some("50"));
    assert_eq!(text("SELECT tx FROM redemption_in_flight"), Some(format!("{HASH:#x}")));
    assert_eq!(text("SELECT state FROM reward_called").as_deref(), Some("sent"));
    assert_eq!(text("SELECT wei FROM balance").as_deref(), Some("1/3"));
    assert_eq!(text("SELECT number FROM last_block").as_deref(), Some("9"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_value_breaks_the_columns(values in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 1..6)) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("node.db");
        let mut t = Store::open(&path).expect("a new file");
        let odd = ["", "null", "[", "{\"uri\":[1]}", "{\"uri\":1e999}", "\"\\ud800\"", "5\0", "0x10", "{a:1}"];
        let all = values.into_iter().chain(odd.map(|s| s.as_bytes().to_vec()));
        let prefixes = ["ticket", "redemption", "nonce", "balance", "reward", "orchestrator", "block"];
        let records: Vec<Record> = all
            .enumerate()
            .flat_map(|(i, value)| prefixes.map(|p| Record { key: format!("{p}/{i}"), value: Some(value.clone()) }))
            .collect();
        t.put_all(&records).expect("it is stored");
        drop(t);
        Store::open(&path).expect("it holds together");
        let file = Connection::open(&path).expect("a database");
        for table in
            ["ticket_won", "redemption_in_flight", "sender_nonce", "balance", "reward_called", "orchestrator", "last_block"]
        {
            let mut query = file.prepare(&format!("SELECT * FROM {table}")).expect("SQL");
            let mut rows = query.query([]).expect("rows");
            while rows.next().expect("it reads").is_some() {}
        }
    }
}
