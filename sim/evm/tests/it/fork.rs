//! A chain on a block of another one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolCall;
use serde_json::{Value, json};
use weir_anvil::{Anvil, Options};
use weir_contracts::bindings::{BondingManager, LivepeerToken, RoundsManager, ServiceRegistry};
use weir_contracts::{Deployment, Plan, ProtocolParams};
use weir_evm::{CallError, Chain, ChainConfig, Fork, ForkCause, ForkError, SaveError, SubmitError};
use weir_types::{Instant, LptWei, Wei};

use crate::beside_anvil::{self, Outcome};
use crate::support::{PROBE, RECORDER, init_code, word, words};

const OWNER: Address = Address::repeat_byte(0xde);
const ORCHESTRATORS: [Address; 2] = [Address::repeat_byte(0xa1), Address::repeat_byte(0xa2)];
const ROUND: u64 = 50;
const L1_SECONDS: u64 = 12;
const START: u64 = 1_000;

/// A transaction of the story: from, to, data.
type Step = (Address, Address, Bytes);

fn step(from: Address, to: Address, call: &impl SolCall) -> Step {
    (from, to, call.abi_encode().into())
}

/// Stake comes in, rounds begin, rewards are called.
fn story(d: &Deployment) -> Vec<(u64, Vec<Step>)> {
    let amount = LptWei::from_whole(100).0;
    let initialize = step(OWNER, d.rounds_manager, &RoundsManager::initializeRoundCall {});
    let mut bonds = vec![initialize.clone()];
    for who in ORCHESTRATORS {
        bonds.push(step(OWNER, d.token, &LivepeerToken::transferCall { to: who, amount }));
        bonds.push(step(who, d.token, &LivepeerToken::approveCall { spender: d.bonding_manager, amount }));
        bonds.push(step(who, d.bonding_manager, &BondingManager::bondCall { _amount: amount, _to: who }));
        let uri = ServiceRegistry::setServiceURICall { _serviceURI: "https://somewhere.example:8935".into() };
        bonds.push(step(who, d.service_registry, &uri));
    }
    let rewards = ORCHESTRATORS.map(|who| step(who, d.bonding_manager, &BondingManager::rewardCall {}));
    let again = step(ORCHESTRATORS[0], d.bonding_manager, &BondingManager::rewardCall {});
    vec![
        (ROUND, bonds),
        (ROUND, vec![initialize.clone()]),
        (1, rewards.to_vec()),
        (1, vec![again]),
        (2 * ROUND, vec![initialize]),
        (3, rewards.to_vec()),
    ]
}

/// Anvil with the protocol on it.
fn anvil_with_protocol(program: &Path) -> (Anvil, Deployment, u64) {
    let options = Options {
        number: START,
        timestamp: Some(1_700_000_000),
        block_seconds: L1_SECONDS,
        http: true,
        history: true,
        ..Options::default()
    };
    let mut anvil = Anvil::start(program, options).expect("Anvil starts");
    let plan = Plan::new(OWNER, 0, &ProtocolParams::devnet()).expect("the artifacts are whole");
    for who in [OWNER, ORCHESTRATORS[0], ORCHESTRATORS[1]] {
        anvil.set_balance(who, Wei::from_whole(1_000).0).expect("it gives");
    }
    for s in &plan.steps {
        beside_anvil::send(&mut anvil, OWNER, s.to, U256::ZERO, &s.input, 8_000_000);
    }
    anvil.mine(1).expect("it mines");
    let number = anvil.number().expect("it answers");
    // What comes after the pinned block is not seen. Anvil counts what is set to the block before.
    anvil.mine(1).expect("it mines");
    anvil.set_balance(Address::repeat_byte(0x77), U256::from(5)).expect("it gives");
    anvil.mine(1).expect("it mines");
    (anvil, plan.deployment, number)
}

struct Ours {
    chain: Chain,
    passed: u64,
}

impl Ours {
    fn fork(fork: &Fork) -> Result<Self, Box<ForkError>> {
        let config = ChainConfig { l1_block_time_s: L1_SECONDS, ..ChainConfig::default() };
        Chain::fork(fork, config).map(|chain| Self { chain, passed: 0 })
    }

    fn block(&mut self, blocks: u64, steps: &[Step], hash: Option<(u64, B256)>) -> Vec<Outcome> {
        self.passed += blocks;
        self.chain.advance_to(Instant::from_secs(self.passed * L1_SECONDS));
        if let Some((number, hash)) = hash {
            self.chain.set_l1_hash(number, hash);
        }
        let send = |(from, to, data): &Step| {
            self.chain.send_unsigned(*from, Some(*to), Wei::ZERO, data.clone(), Some(8_000_000)).expect("it takes it")
        };
        let sent: Vec<B256> = steps.iter().map(send).collect();
        self.chain.mine();
        assert_eq!(self.chain.failure(), None);
        sent.iter().map(|hash| Outcome::ours(&self.chain.receipt(*hash).expect("it is mined"))).collect()
    }
}

fn theirs(anvil: &mut Anvil, number: u64, steps: &[Step]) -> Vec<Outcome> {
    for (from, to, data) in steps {
        beside_anvil::send(anvil, *from, Some(*to), U256::ZERO, data, 8_000_000);
    }
    beside_anvil::mine(anvil, number).iter().map(Outcome::theirs).collect()
}

#[test]
fn a_fork_is_like_anvils_own_and_a_second_run_needs_nobody() {
    let Some(program) = weir_anvil::is_here() else { return };
    let (mut remote, d, number) = anvil_with_protocol(&program);
    let url = remote.http().expect("it was asked for");
    let cache = tempfile::tempdir().expect("a folder");
    let fork = Fork { block: Some(number), chain_id: Some(31_337), ..Fork::new(&url, cache.path()) };
    let mut ours = Ours::fork(&fork).expect("it answers");
    assert_eq!((ours.chain.block_number(), ours.chain.l1_block_number()), (number, number));
    assert_eq!(ours.chain.block(number).expect("the pinned one").hash, remote.block_hash(number).expect("it answers"));
    assert_eq!(ours.chain.balance(Address::repeat_byte(0x77)), Wei::ZERO, "given later");

    let theirs_fork = weir_anvil::Fork { url: url.clone(), block: Some(number) };
    let options = Options { fork: Some(theirs_fork), block_seconds: L1_SECONDS, ..Options::default() };
    let mut other = Anvil::start(&program, options).expect("Anvil starts");
    let (mut l1, mut hashes) = (number, Vec::new());
    for (blocks, steps) in story(&d) {
        l1 += blocks;
        other.mine_before(l1).expect("it mines");
        // Blocks after the pinned one are each chain's own.
        let hash = other.block_hash(l1 - 1).expect("it answers");
        hashes.push((l1 - 1, hash));
        let expected = theirs(&mut other, l1, &steps);
        assert_eq!(ours.block(blocks, &steps, Some((l1 - 1, hash))), expected, "block {l1}");
    }
    let mut compared = 0;
    for (name, contract) in d.named() {
        for (slot, value) in ours.chain.storage_slots(contract) {
            assert_eq!(other.storage(contract, slot).expect("it answers"), value, "{name} {slot:#x}");
            compared += 1;
        }
        assert_eq!(ours.chain.balance(contract).0, other.balance(contract).expect("it answers"), "{name}");
    }
    assert!(compared > 50, "{compared} slots were written");
    let digest = ours.chain.state_digest();
    assert!(ours.chain.fork_requests() > 50);
    assert!(matches!(ours.chain.save(&cache.path().join("chain")), Err(SaveError::Fork)));

    // Nobody is there any more.
    drop((remote, other));
    let mut again = Ours::fork(&fork).expect("it is in the cache");
    for ((blocks, steps), hash) in story(&d).into_iter().zip(hashes) {
        again.block(blocks, &steps, Some(hash));
    }
    for (_, contract) in d.named() {
        assert_eq!(again.chain.balance(contract), ours.chain.balance(contract));
    }
    assert_eq!((again.chain.state_digest(), again.chain.fork_requests()), (digest, 0));

    offline(&again.chain, number, &url);
    let elsewhere = Fork { chain_id: Some(1), ..fork.clone() };
    let error = Ours::fork(&elsewhere).err().expect("it is another chain");
    assert_eq!(error.cause, ForkCause::ChainId { found: 31_337, expected: 1 });
    let unread = Fork { block: Some(number + 1), patience: Duration::from_millis(300), ..fork };
    let error = Ours::fork(&unread).err().expect("it was never read");
    assert!(matches!(error.cause, ForkCause::Unreachable(_)), "{error}");
}

/// What was not read before is not made up.
fn offline(chain: &Chain, number: u64, url: &str) {
    let stranger = Address::repeat_byte(0x55);
    let before = (chain.block_number(), chain.state_digest());
    assert_eq!(chain.balance(stranger), Wei::ZERO);
    let failure = chain.failure().expect("it is noted").to_string();
    let what = format!("account {stranger} at block {number} of {url}: not in the cache, and the endpoint");
    assert!(failure.starts_with(&what), "{failure}");
    assert_eq!(chain.failure(), None, "it is told once");

    let called = chain.call(OWNER, stranger, Bytes::new()).expect_err("it cannot be read");
    assert!(matches!(called, CallError::Invalid(SubmitError::Fork(_))), "{called:?}");
    let sent = chain.send_unsigned(stranger, Some(OWNER), Wei::ZERO, Bytes::new(), Some(21_000));
    assert!(matches!(sent, Err(SubmitError::Fork(_))), "{sent:?}");

    // In a block: one that can be run, and one that cannot.
    for to in [ORCHESTRATORS[0], stranger] {
        chain.send_unsigned(OWNER, Some(to), Wei::new(1), Bytes::new(), Some(50_000)).expect("it takes it");
    }
    assert_eq!(chain.mine().receipts, [], "none of them");
    assert_eq!((chain.block_number(), chain.state_digest(), chain.pending_count()), (before.0, before.1, 2));
    assert_eq!(chain.mine().number, before.0, "not before somebody has looked");
    assert!(chain.failure().is_some());
}

/// A server for a chain, which relays requests until it is told to do otherwise.
struct Relay {
    url: String,
    mode: Arc<Mutex<Vec<Mode>>>,
    stop: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Drop,
    Garbage,
    TooMany,
    Busy,
    Silent,
    Pruned,
    Refuse,
    Null,
}

impl Relay {
    /// The next requests meet these troubles, the last of which stays if `for_good`.
    fn start(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let relay = Self { url, mode: Arc::default(), stop: Arc::default() };
        let (mode, stop) = (Arc::clone(&relay.mode), Arc::clone(&relay.stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let mode = {
                    let mut modes = mode.lock().expect("nobody panics with it");
                    if modes.is_empty() { None } else { Some(modes.remove(0)) }
                };
                let to = to.clone();
                std::thread::spawn(move || relay_one(stream.expect("a connection"), &to, mode));
            }
        });
        relay
    }

    fn next(&self, modes: &[Mode]) {
        *self.mode.lock().expect("nobody panics with it") = modes.to_vec();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

fn request(stream: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if length.is_some_and(|length: usize| body.len() >= length) {
                return Some(body.to_owned());
            }
        }
    }
}

fn relay_one(mut stream: TcpStream, to: &str, mode: Option<Mode>) {
    let Some(body) = request(&mut stream) else { return };
    let mut answer = |status: &str, text: &str| {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
        let _ = stream.write_all(format!("{head}{text}").as_bytes());
    };
    let each = |what: Value| {
        let one = |request: &Value| {
            let mut answer = json!({ "jsonrpc": "2.0", "id": request["id"] });
            answer.as_object_mut().expect("an object").extend(what.as_object().expect("an object").clone());
            answer
        };
        match serde_json::from_str(&body).expect("JSON") {
            Value::Array(all) => Value::Array(all.iter().map(one).collect()).to_string(),
            request => one(&request).to_string(),
        }
    };
    let error = |code: i64, message: &str| each(json!({ "error": { "code": code, "message": message } }));
    match mode {
        Some(Mode::Drop) => {}
        Some(Mode::Garbage) => answer("200 OK", "<html>hello</html>"),
        Some(Mode::TooMany) => answer("429 Too Many Requests", ""),
        Some(Mode::Busy) => answer("503 Service Unavailable", ""),
        Some(Mode::Silent) => std::thread::sleep(Duration::from_secs(3)),
        Some(Mode::Pruned) => answer("200 OK", &error(-32000, "missing trie node 00 (path )")),
        Some(Mode::Refuse) => answer("200 OK", &error(-32601, "the method does not exist")),
        Some(Mode::Null) => answer("200 OK", &each(json!({ "result": null }))),
        None => {
            let mut other = TcpStream::connect(to.trim_start_matches("http://")).expect("it listens");
            let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let text = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
            other.write_all(text.as_bytes()).expect("it listens");
            let mut all = Vec::new();
            let _ = other.read_to_end(&mut all);
            let _ = stream.write_all(&all);
        }
    }
}

/// A chain with Arbitrum's numbers, served over HTTP.
fn serve(chain: &Chain) -> String {
    let (say, hear) = std::sync::mpsc::channel();
    let chain = chain.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            say.send(format!("http://{}", listener.local_addr().expect("an address"))).expect("somebody listens");
            let _ = weir_evm::http::serve(chain, listener, |_| {}, std::future::pending()).await;
        });
    });
    hear.recv().expect("it listens")
}

/// Some blocks in L1 blocks far apart, a contract that looks at its block and one that notes what it saw.
fn arbitrum() -> (Chain, [Address; 2]) {
    let chain = Chain::new(ChainConfig { l1_start: 9_000, history_blocks: 100, ..ChainConfig::default() });
    chain.set_balance(OWNER, Wei::from_whole(100));
    chain.set_automine(true);
    let create = |code| {
        let hash = chain.send_unsigned(OWNER, None, Wei::ZERO, init_code(code), Some(1_000_000)).expect("it takes it");
        chain.receipt(hash).and_then(|r| r.contract_address).expect("it is there")
    };
    let contracts = [create(PROBE), create(RECORDER)];
    chain.advance_to(Instant::from_secs(3_000));
    chain.set_l1_hash(9_240, B256::repeat_byte(0xab));
    let note = word(9_240).to_vec().into();
    chain.send_unsigned(OWNER, Some(contracts[1]), Wei::ZERO, note, Some(1_000_000)).expect("it takes it");
    chain.mine();
    (chain, contracts)
}

#[test]
fn a_fork_of_arbitrum_goes_on_with_its_l1_numbers_and_hashes() {
    let (remote, [probe, recorder]) = arbitrum();
    let url = serve(&remote);
    let cache = tempfile::tempdir().expect("a folder");
    let chain = Chain::fork(&Fork::new(&url, cache.path()), ChainConfig::default()).expect("it answers");
    assert_eq!(chain.config().chain_id, remote.config().chain_id);
    assert_eq!((chain.block_number(), chain.l1_block_number()), (remote.block_number(), 9_250));
    assert_eq!((chain.timestamp(), chain.base_fee()), (remote.timestamp(), remote.base_fee()));
    for slot in 0..3 {
        let slot = U256::from(slot);
        assert_eq!(chain.storage(recorder, slot), remote.storage(recorder, slot));
    }
    assert_eq!(chain.storage(recorder, U256::from(2)), U256::from_be_bytes([0xab; 32]));
    chain.advance_to(Instant::from_secs(24));
    let seen = |n: u64| {
        let out = chain.call(OWNER, probe, word(n).to_vec().into()).expect("it answers");
        (words(&out)[0], B256::from(words(&out)[2]))
    };
    assert_eq!(seen(9_240), (U256::from(9_252), B256::repeat_byte(0xab)), "the other chain's hash");
    assert_eq!(seen(9_251).1, weir_evm::l1_hash(remote.config().chain_id, 9_251), "its own");

    // What is written stays here, branches and ways back included.
    let note = |chain: &Chain, n: u64| {
        chain.send_unsigned(OWNER, Some(recorder), Wei::ZERO, word(n).to_vec().into(), Some(90_000)).expect("it goes");
        chain.mine();
        assert_eq!(chain.failure(), None);
    };
    let branch = chain.branch();
    note(&branch, 9_251);
    assert_eq!(branch.storage(recorder, U256::ZERO), U256::from(9_252));
    for other in [&chain, &remote] {
        assert_eq!(other.storage(recorder, U256::ZERO), U256::from(9_250));
    }
    // The remote moves on; the fork does not see it, and neither does one that is made later.
    remote.set_balance(Address::repeat_byte(0x31), Wei::from_whole(1));
    remote.mine();
    let later = Chain::fork(&Fork::new(&url, cache.path()), ChainConfig::default()).expect("it answers");
    assert_eq!(later.block_number(), chain.block_number(), "the newest block of the first run");
}

#[test]
fn ways_back_lead_to_what_the_other_chain_has() {
    let (remote, [_, recorder]) = arbitrum();
    let cache = tempfile::tempdir().expect("a folder");
    let config = ChainConfig { history_blocks: 10, ..ChainConfig::default() };
    let chain = Chain::fork(&Fork::new(serve(&remote), cache.path()), config).expect("it answers");
    let there = remote.storage(recorder, U256::ZERO);
    let (digest, balance) = (remote.state_digest(), remote.balance(OWNER));
    let mark = chain.snapshot();
    chain.advance_to(Instant::from_secs(24));
    chain.send_unsigned(OWNER, Some(recorder), Wei::new(0), word(1).to_vec().into(), Some(90_000)).expect("it goes");
    chain
        .send_unsigned(OWNER, Some(Address::repeat_byte(5)), Wei::new(7), Bytes::new(), Some(30_000))
        .expect("it goes");
    chain.mine();
    assert_ne!(chain.storage(recorder, U256::ZERO), there);
    let sealed = chain.branch();
    sealed.reorg(1).expect("it is kept");
    for back in [&chain.branch_at(remote.block_number()).expect("it is kept"), &sealed] {
        assert_eq!(back.storage(recorder, U256::ZERO), there);
        assert_eq!((back.balance(OWNER), back.balance(Address::repeat_byte(5))), (balance, Wei::ZERO));
    }
    sealed.mine();
    assert_eq!(sealed.state_digest(), chain.state_digest(), "the same again");
    chain.revert(mark).expect("it was taken");
    assert_eq!(chain.storage(recorder, U256::ZERO), there);
    assert_eq!(remote.state_digest(), digest);
}

#[test]
fn an_endpoint_in_trouble_delays_and_never_misleads() {
    let (remote, [_, recorder]) = arbitrum();
    let relay = Relay::start(serve(&remote));
    let folder = tempfile::tempdir().expect("a folder");
    let slot = U256::ZERO;
    let open = |name: &str| {
        let fork = Fork { patience: Duration::from_millis(800), ..Fork::new(&relay.url, folder.path().join(name)) };
        Chain::fork(&fork, ChainConfig::default())
    };
    // Troubles that pass are waited for.
    for (n, modes) in [&[Mode::Drop, Mode::TooMany][..], &[Mode::Busy; 3], &[Mode::Silent]].into_iter().enumerate() {
        let chain = open(&format!("passing {n}")).expect("it answers");
        relay.next(modes);
        assert_eq!(chain.storage(recorder, slot), remote.storage(recorder, slot), "{modes:?}");
        assert_eq!(chain.failure(), None);
    }
    // Others are told, and the same question is answered when they are over.
    type Is = fn(&ForkCause) -> bool;
    let lasting: [(Mode, Is); 7] = [
        (Mode::Drop, |c| matches!(c, ForkCause::Unreachable(_))),
        (Mode::Busy, |c| matches!(c, ForkCause::Unreachable(_))),
        (Mode::TooMany, |c| matches!(c, ForkCause::RateLimited)),
        (Mode::Garbage, |c| matches!(c, ForkCause::Garbage(_))),
        (Mode::Null, |c| matches!(c, ForkCause::Garbage(_))),
        (Mode::Pruned, |c| matches!(c, ForkCause::Pruned(_))),
        (Mode::Refuse, |c| matches!(c, ForkCause::Refused(_))),
    ];
    for (mode, is) in lasting {
        let chain = open(&format!("{mode:?}")).expect("it answers");
        relay.next(&[mode; 4]);
        assert_eq!(chain.storage(recorder, slot), U256::ZERO);
        let failure = chain.failure().unwrap_or_else(|| panic!("{mode:?} is told"));
        assert!(is(&failure.cause), "{mode:?}: {failure}");
        relay.next(&[]);
        assert_eq!(chain.storage(recorder, slot), remote.storage(recorder, slot), "{mode:?}");
        assert_eq!(chain.failure(), None);
        relay.next(&[mode; 4]);
        let error = open(&format!("{mode:?} at start")).err().unwrap_or_else(|| panic!("{mode:?} is told"));
        assert!(is(&error.cause) || error.cause == ForkCause::NoBlock, "{mode:?}: {error}");
        relay.next(&[]);
    }
}

#[test]
fn what_is_wrong_with_the_request_is_told() {
    let (remote, _) = arbitrum();
    let url = serve(&remote);
    let folder = tempfile::tempdir().expect("a folder");
    let fork = Fork::new(&url, folder.path());
    let fail = |fork: Fork| Chain::fork(&fork, ChainConfig::default()).expect_err("it is wrong").to_string();
    let text = fail(Fork { block: Some(1_000_000), ..fork.clone() });
    assert_eq!(text, format!("block 1000000 of {url}: there is no such block"));
    let text = fail(Fork { chain_id: Some(42_161), ..fork.clone() });
    assert!(text.ends_with("it is chain 412346, and chain 42161 is expected"), "{text}");
    let text = fail(Fork { url: "ftp://somewhere".into(), ..fork.clone() });
    assert!(text.contains("an endpoint looks like http://host:port"), "{text}");
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").expect("a file");
    let text = fail(Fork { cache: file, ..fork.clone() });
    assert!(text.contains("the cache: "), "{text}");
    // A key in the address is not shown.
    let text = fail(Fork { url: format!("{}/v2/secret", url.replace("127.0.0.1", "user:hunter2@127.0.0.1")), ..fork });
    assert!(!text.contains("secret") && !text.contains("hunter2"), "{text}");
}
