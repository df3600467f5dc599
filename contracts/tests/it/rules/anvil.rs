//! Anvil as a child process, spoken to over its socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256, Bytes, Log, TxKind, U256};
use serde_json::{Value, json};

use super::evm::{Evm, Receipt};
use crate::chain::{BLOCK_SECONDS, CHAIN_ID, GAS, GENESIS_TIME};

const START_SECONDS_MAX: u64 = 30;
const ANSWER_SECONDS_MAX: u64 = 60;

/// A chain of its own, gone with the value.
pub struct Anvil {
    process: Child,
    socket: PathBuf,
    stream: UnixStream,
    marked: Value,
}

/// The program: the one that WEIR_ANVIL names, else that of the npm package.
fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("WEIR_ANVIL") {
        return path.into();
    }
    let os = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let cpu = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let package = format!("node_modules/@foundry-rs/anvil-{os}-{cpu}/bin/anvil");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(package)
}

/// Whether there is an Anvil to play on. `./dev test` installs one and asks for it; without the network
/// that this takes, the rest of the tests still run.
pub fn is_here() -> bool {
    let program = program();
    if program.is_file() {
        return true;
    }
    let asked = ["WEIR_ANVIL", "WEIR_REQUIRE_ANVIL"].into_iter().any(|name| std::env::var_os(name).is_some());
    let say = format!(
        "Anvil is not at {}. Install it with `npm ci --ignore-scripts` in contracts/ (./dev test does), \
         or name another in WEIR_ANVIL",
        program.display()
    );
    assert!(!asked, "{say}");
    eprintln!("passed over: {say}");
    false
}

impl Anvil {
    pub fn start(height: u64) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let program = program();
        let count = STARTED.fetch_add(1, Ordering::Relaxed);
        // Short, as the path of a socket has to be.
        let socket = std::env::temp_dir().join(format!("weir-anvil-{}-{count}.ipc", std::process::id()));
        let mut process = Command::new(&program)
            .arg("--ipc")
            .arg(&socket)
            .args(["--port", "0", "--quiet", "--no-mining", "--order", "fifo", "--hardfork", "cancun"])
            .args(["--chain-id", &CHAIN_ID.to_string(), "--number", &height.to_string()])
            .args(["--timestamp", &(GENESIS_TIME + BLOCK_SECONDS * height).to_string()])
            .args(["--gas-price", "0", "--block-base-fee-per-gas", "0", "--disable-min-priority-fee"])
            .args(["--auto-impersonate", "--accounts", "1", "--prune-history"])
            .args(["--disable-default-create2-deployer", "--disable-console-log"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{} does not start: {e}", program.display()));
        let stream = connect(&mut process, &socket);
        stream.set_read_timeout(Some(Duration::from_secs(ANSWER_SECONDS_MAX))).expect("a time above zero");
        let mut anvil = Self { process, socket, stream, marked: Value::Null };
        anvil.ask("anvil_setBlockTimestampInterval", json!([BLOCK_SECONDS]));
        anvil
    }

    fn request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let mut request = json!({ "jsonrpc": "2.0", "id": 1, "method": method });
        request["params"] = params;
        self.stream.write_all(request.to_string().as_bytes()).expect("Anvil listens");
        let mut answer = Vec::new();
        let mut piece = vec![0; 1 << 16];
        loop {
            let read = self.stream.read(&mut piece).unwrap_or_else(|e| panic!("{method}: no answer: {e}"));
            assert!(read > 0, "{method}: Anvil is gone");
            answer.extend_from_slice(&piece[..read]);
            // Answers come one by one without an end mark; all of them end with a brace.
            if piece[..read].trim_ascii_end().ends_with(b"}")
                && let Ok(mut value) = serde_json::from_slice::<Value>(&answer)
            {
                return match value.get_mut("error") {
                    Some(error) => Err(error.take()),
                    None => Ok(value["result"].take()),
                };
            }
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.request(method, params).unwrap_or_else(|e| panic!("{method}: {e}"))
    }

    fn number_of(&mut self, method: &str, params: Value) -> U256 {
        let answer = self.ask(method, params);
        serde_json::from_value(answer).expect("a number")
    }
}

fn connect(process: &mut Child, socket: &PathBuf) -> UnixStream {
    let limit = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
    loop {
        if let Ok(stream) = UnixStream::connect(socket) {
            return stream;
        }
        if let Some(status) = process.try_wait().expect("our own child") {
            panic!("Anvil ended at once: {status}");
        }
        assert!(Instant::now() < limit, "Anvil opened no socket in {START_SECONDS_MAX} s");
        sleep(Duration::from_millis(5));
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // Nothing is left to do about a failure here.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}

impl Evm for Anvil {
    fn transact(&mut self, from: Address, to: TxKind, data: Bytes, value: U256) -> Receipt {
        let mut tx = json!({
            "from": from,
            "data": data,
            "value": value,
            "gas": format!("{GAS:#x}"),
            "gasPrice": "0x0",
        });
        if let TxKind::Call(to) = to {
            tx["to"] = json!(to);
        }
        let hash = self.ask("eth_sendTransaction", json!([tx]));
        let mut blocks = self.ask("evm_mine_detailed", json!([]));
        let mut receipt = self.ask("eth_getTransactionReceipt", json!([hash]));
        let success = receipt["status"] == "0x1";
        let output = blocks[0]["transactions"][0]["output"].take();
        assert!(success || !output.is_null(), "transaction to {to:?} halted: {receipt}");
        let logs = receipt["logs"].as_array_mut().map(std::mem::take).unwrap_or_default();
        Receipt {
            success,
            output: serde_json::from_value(output).unwrap_or_default(),
            logs: logs.into_iter().map(|log| serde_json::from_value::<Log>(log).expect("a log")).collect(),
            created: serde_json::from_value(receipt["contractAddress"].take()).expect("an address or none"),
        }
    }

    fn call(&mut self, to: Address, data: Bytes) -> Result<Bytes, Bytes> {
        let call = json!([{ "from": Address::ZERO, "to": to, "data": data }, "latest"]);
        match self.request("eth_call", call) {
            Ok(data) => Ok(serde_json::from_value(data).expect("bytes")),
            Err(error) => Err(serde_json::from_value(error["data"].clone())
                .unwrap_or_else(|_| panic!("call of {to} failed without data: {error}"))),
        }
    }

    fn number(&mut self) -> u64 {
        self.number_of("eth_blockNumber", json!([])).to()
    }

    fn mine(&mut self, blocks: u64) {
        if blocks > 0 {
            self.ask("anvil_mine", json!([format!("{blocks:#x}"), format!("{BLOCK_SECONDS:#x}")]));
        }
    }

    fn block_hash(&mut self, number: u64) -> B256 {
        let mut block = self.ask("eth_getBlockByNumber", json!([format!("{number:#x}"), false]));
        serde_json::from_value(block["hash"].take()).expect("a block of the chain")
    }

    fn nonce(&mut self, who: Address) -> u64 {
        self.number_of("eth_getTransactionCount", json!([who, "latest"])).to()
    }

    fn balance(&mut self, who: Address) -> U256 {
        self.number_of("eth_getBalance", json!([who, "latest"]))
    }

    fn set_balance(&mut self, who: Address, wei: U256) {
        self.ask("anvil_setBalance", json!([who, wei]));
    }

    fn storage(&mut self, who: Address, slot: U256) -> U256 {
        let word = self.ask("eth_getStorageAt", json!([who, slot, "latest"]));
        serde_json::from_value::<B256>(word).expect("a word").into()
    }

    fn set_storage(&mut self, who: Address, slot: U256, value: U256) {
        self.ask("anvil_setStorageAt", json!([who, slot, B256::from(value)]));
    }

    fn time(&mut self) -> u64 {
        let block = self.ask("eth_getBlockByNumber", json!(["latest", false]));
        serde_json::from_value::<U256>(block["timestamp"].clone()).expect("a time").to()
    }

    fn mark(&mut self) {
        self.marked = self.ask("evm_snapshot", json!([]));
    }

    fn rewind(&mut self) {
        let marked = self.marked.take();
        assert_eq!(self.ask("evm_revert", json!([marked])), json!(true), "the marked state is gone");
        // Going back uses a mark up.
        self.mark();
    }
}
