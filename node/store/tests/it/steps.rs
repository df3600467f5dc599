//! Killed before, during and after every step of a node's books, and in the middle of a new layout.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use weir_roles::{Journal, MemoryJournal, Record};
use weir_store::{RewardCall, Store, Tables};
use weir_types::{B256, L1Block, Round};

/// Set for the process that keeps the books: the file.
const BOOKS: &str = "WEIR_STORE_TEST_BOOKS";
/// Set for the process that opens a file of an early layout.
const OPENER: &str = "WEIR_STORE_TEST_OPENER";
const STEPS: usize = 11;

/// One durable step.
fn step(books: &mut dyn Journal, n: usize) {
    let won = |name: &str| Record { key: format!("ticket/{name}"), value: Some(b"{}".to_vec()) };
    let (hash, tx) = (B256::repeat_byte(1), B256::repeat_byte(n as u8));
    let done = match n {
        0 => books.use_nonce(hash, 2, L1Block(50)),
        1 => books.put(&won("a")).map_err(Into::into),
        2 => books.use_nonce(hash, 4, L1Block(50)),
        3 => books.put_all(&[won("b"), won("c")]).map_err(Into::into),
        4 => books.redemption_sent("a", tx),
        5 => books.set_reward(Round(10), RewardCall::Sent),
        6 => books.redemption_settled("a"),
        7 => books.use_nonce(hash, 6, L1Block(50)),
        8 => books.redemption_sent("b", tx),
        9 => books.set_reward(Round(10), RewardCall::Done),
        _ => books.redemption_settled("b"),
    };
    done.expect("it is stored");
}

/// What the books say after so many steps.
fn after(steps: usize) -> Vec<(String, Vec<u8>)> {
    let mut books = MemoryJournal::default();
    (0..steps).for_each(|n| step(&mut books, n));
    books.read("").expect("memory reads")
}

/// The body of the child process: it says what it is about to do, and waits to be told to go on.
#[test]
fn books() {
    let Some(path) = std::env::var_os(BOOKS) else { return };
    let mut store = Store::open(path).expect("the file opens");
    let say = |what: &str, n: usize| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{what} {n}").and_then(|()| out.flush()).expect("somebody listens");
        std::io::stdin().read_exact(&mut [0]).expect("it goes on");
    };
    for n in 0..STEPS {
        say("before", n);
        step(&mut store, n);
        say("after", n);
    }
}

fn child(test: &str, variable: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().expect("a program"))
        .args([test, "--exact", "--nocapture"])
        .env(variable, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

/// Lets it run up to a line, perhaps a moment further, and kills it.
fn kill_at(path: &Path, line: &str, further: Option<Duration>) {
    let mut child = child("steps::books", BOOKS, path);
    let mut go = child.stdin.take().expect("a pipe");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for said in lines.map_while(Result::ok) {
        // The test's own name stands before the first line.
        if said.ends_with(line) {
            if let Some(time) = further {
                go.write_all(b".").expect("it waits");
                std::thread::sleep(time);
            }
            break;
        }
        if said.contains("before ") || said.contains("after ") {
            go.write_all(b".").expect("it waits");
        }
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

fn found(path: &Path) -> Vec<(String, Vec<u8>)> {
    Store::open(path).expect("the lock is gone with the process").read("").expect("it reads")
}

#[test]
fn each_step_is_there_whole_or_not_at_all() {
    for n in 0..STEPS {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        kill_at(&path("before"), &format!("before {n}"), None);
        assert_eq!(found(&path("before")), after(n), "killed before step {n}");
        kill_at(&path("after"), &format!("after {n}"), None);
        assert_eq!(found(&path("after")), after(n + 1), "killed after step {n}, which was said to be stored");
        for time in [0, 50, 200, 800].map(Duration::from_micros) {
            let path = path(&format!("during {}", time.as_micros()));
            kill_at(&path, &format!("before {n}"), Some(time));
            let found = found(&path);
            assert!(found == after(n) || found == after(n + 1), "killed in step {n}: {found:?}");
        }
    }
}

const RECORDS: u32 = 3_000;

fn first_layout(path: &Path) {
    let old = Connection::open(path).expect("a database");
    old.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE record (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {RECORDS})
         INSERT INTO record SELECT iif(i % 2, 'ticket/', 'tx/') || i, zeroblob(500) FROM n;
         PRAGMA application_id = 1464158546; PRAGMA user_version = 1;"
    ))
    .expect("the first layout");
}

/// The body of the child process.
#[test]
fn opener() {
    let Some(path) = std::env::var_os(OPENER) else { return };
    println!("opening");
    drop(Store::open(path).expect("the file opens"));
}

/// The layout of a file, after it was checked to be that one and no mixture.
fn layout_of(path: &Path) -> i64 {
    let file = Connection::open(path).expect("a database");
    let number = |sql: &str| file.query_row(sql, [], |r| r.get::<_, i64>(0)).expect("a number");
    let version = number("PRAGMA user_version");
    let tables = number("SELECT count(*) FROM sqlite_schema WHERE name IN ('layout', 'owner', 'mark', 'ticket_won')");
    assert_eq!(tables, if version == 1 { 0 } else { 4 }, "tables of layout {version}");
    let columns = number("SELECT count(*) FROM pragma_table_xinfo('ticket_won')");
    assert_eq!(columns, [0, 2, 4, 4][version as usize - 1], "columns of layout {version}");
    if version == 1 {
        assert_eq!(number("SELECT count(*) FROM record"), i64::from(RECORDS));
    } else {
        assert_eq!(number("SELECT max(version) FROM layout"), version);
        assert_eq!(number("SELECT count(*) FROM record"), i64::from(RECORDS / 2));
        assert_eq!(number("SELECT count(*) FROM ticket_won"), i64::from(RECORDS / 2));
    }
    version
}

#[test]
fn a_new_layout_is_there_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole.db");
    first_layout(&whole);
    let start = Instant::now();
    drop(Store::open(&whole).expect("it opens"));
    let time = start.elapsed();
    assert_eq!(layout_of(&whole), 4);
    for i in 0..24 {
        let path = folder.path().join(format!("{i}.db"));
        first_layout(&path);
        let mut child = child("steps::opener", OPENER, &path);
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        while lines.next().is_some_and(|l| !l.expect("text").ends_with("opening")) {}
        std::thread::sleep(time * i / 20);
        child.kill().expect("it is ours");
        child.wait().expect("it ends");
        layout_of(&path);
        let all = Store::open(&path).expect("it goes on from there").read("").expect("it reads");
        assert_eq!(all.len(), RECORDS as usize);
        assert_eq!(layout_of(&path), 4);
    }
}

/// Set for the process that opens and closes a file until it is killed.
const TURNER: &str = "WEIR_STORE_TEST_TURNER";

/// The body of the child process.
#[test]
fn turner() {
    let Some(path) = std::env::var_os(TURNER) else { return };
    println!("turning");
    loop {
        step(&mut Store::open(&path).expect("no kill makes it look old"), 1);
    }
}

#[test]
fn no_kill_makes_a_good_file_look_old() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("node.db");
    for i in 0..60 {
        let mut child = child("steps::turner", TURNER, &path);
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        while lines.next().is_some_and(|l| !l.expect("text").ends_with("turning")) {}
        // Turns take a few milliseconds: the kills fall all over one.
        std::thread::sleep(Duration::from_micros(3_000 + 137 * i));
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        drop(Store::open(&path).expect("the mark is never ahead of the file"));
    }
}
