//! The child process, and what is asked of it.

use std::fmt;
use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::error::AnvilError;
use crate::line::Line;
use crate::options::Options;

const START_SECONDS_MAX: u64 = 60;

/// A chain of its own, gone with the value.
pub struct Anvil {
    process: Child,
    /// Socket and what it said; removed with the value.
    folder: TempDir,
    line: Line,
    options: Options,
    port: Option<u16>,
}

impl fmt::Debug for Anvil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anvil").field("pid", &self.process.id()).field("options", &self.options).finish_non_exhaustive()
    }
}

/// A child that is ended when it is given up before it serves.
struct Guard(Option<Child>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            end(&mut child);
        }
    }
}

fn end(child: &mut Child) {
    // Nothing is left to do about a failure here.
    let _ = child.kill();
    let _ = child.wait();
}

impl Anvil {
    /// Starts a program that [`find`](crate::find) gave, and waits until it answers.
    ///
    /// # Errors
    /// It does not start, ends at once, or does not answer.
    pub fn start(program: &Path, options: Options) -> Result<Self, AnvilError> {
        // Short, as the path of a socket has to be.
        let folder = tempfile::Builder::new().prefix("weir-anvil-").tempdir();
        let folder = folder.map_err(|source| AnvilError::Io { what: "making a folder for the socket", source })?;
        let stderr = File::create(folder.path().join("stderr"));
        let stderr = stderr.map_err(|source| AnvilError::Io { what: "making a file for what Anvil says", source })?;
        let port = free_port().map_err(|source| AnvilError::Io { what: "looking for a free port", source })?;
        let child = Command::new(program)
            .arg("--ipc")
            .arg(folder.path().join("ipc"))
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(options.arguments())
            // Anvil prints an error of its start to standard output.
            .stdin(Stdio::null())
            .stdout(stderr.try_clone().map_or_else(|_| Stdio::null(), Stdio::from))
            .stderr(stderr)
            .spawn()
            .map_err(|source| AnvilError::Start { program: program.to_path_buf(), source })?;
        let mut guard = Guard(Some(child));
        let stream = connect(&mut guard, folder.path())?;
        let Some(process) = guard.0.take() else { return Err(AnvilError::Line("closed".into())) };
        let port = options.http.then_some(port);
        let mut anvil = Self { process, folder, line: Line::new(stream)?, options, port };
        let seconds = anvil.options.block_seconds;
        anvil.ask("anvil_setBlockTimestampInterval", json!([seconds]))?;
        Ok(anvil)
    }

    /// The socket, for other clients.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("ipc")
    }

    /// JSON-RPC over HTTP, when it was asked for.
    #[must_use]
    pub fn http(&self) -> Option<String> {
        self.port.map(|port| format!("http://127.0.0.1:{port}"))
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it was started with.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Asks something; a refusal comes back as an error.
    ///
    /// # Errors
    /// It refuses, or is gone.
    pub fn ask(&mut self, method: &str, params: Value) -> Result<Value, AnvilError> {
        self.try_ask(method, params)?.map_err(|error| AnvilError::Refused { method: method.to_owned(), error })
    }

    /// Asks something that may be refused: the error object is an answer too.
    ///
    /// # Errors
    /// It is gone.
    pub fn try_ask(&mut self, method: &str, params: Value) -> Result<Result<Value, Value>, AnvilError> {
        let mut answers = self.exchange(&[(method, params)])?;
        answers.pop().ok_or_else(|| AnvilError::Line("no answer".into()))
    }

    /// Asks many things at once. The answers are in the order of the requests.
    ///
    /// # Errors
    /// It refuses one of them, or is gone.
    pub fn ask_all(&mut self, requests: &[(&str, Value)]) -> Result<Vec<Value>, AnvilError> {
        let answers = self.exchange(requests)?.into_iter().zip(requests);
        answers
            .map(|(answer, (method, _))| {
                answer.map_err(|error| AnvilError::Refused { method: (*method).to_owned(), error })
            })
            .collect()
    }

    fn exchange(&mut self, requests: &[(&str, Value)]) -> Result<Vec<Result<Value, Value>>, AnvilError> {
        self.line.exchange(requests).map_err(|e| match self.process.try_wait() {
            Ok(Some(status)) => ended(&status.to_string(), self.folder.path()),
            _ => e,
        })
    }

    /// A number that a method answers.
    ///
    /// # Errors
    /// It refuses, answers something else, or is gone.
    pub fn number_of(&mut self, method: &str, params: Value) -> Result<U256, AnvilError> {
        let answer = self.ask(method, params)?;
        read(method, answer)
    }

    /// Number of the newest block.
    ///
    /// # Errors
    /// It is gone.
    pub fn number(&mut self) -> Result<u64, AnvilError> {
        Ok(self.number_of("eth_blockNumber", json!([]))?.saturating_to())
    }

    /// Unix time of the newest block.
    ///
    /// # Errors
    /// It is gone.
    pub fn time(&mut self) -> Result<u64, AnvilError> {
        let block = self.ask("eth_getBlockByNumber", json!(["latest", false]))?;
        Ok(read::<U256>("eth_getBlockByNumber", block["timestamp"].clone())?.saturating_to())
    }

    /// Hash of a block.
    ///
    /// # Errors
    /// There is no such block, or Anvil is gone.
    pub fn block_hash(&mut self, number: u64) -> Result<B256, AnvilError> {
        let mut block = self.ask("eth_getBlockByNumber", json!([format!("{number:#x}"), false]))?;
        read("eth_getBlockByNumber", block["hash"].take())
    }

    /// Makes blocks; the first takes what waits.
    ///
    /// # Errors
    /// It is gone.
    pub fn mine(&mut self, blocks: u64) -> Result<(), AnvilError> {
        if blocks > 0 {
            let interval = self.options.block_seconds;
            self.ask("anvil_mine", json!([format!("{blocks:#x}"), format!("{interval:#x}")]))?;
        }
        Ok(())
    }

    /// Makes blocks until the next one has a number; none when that has passed.
    ///
    /// # Errors
    /// It is gone.
    pub fn mine_before(&mut self, wanted: u64) -> Result<(), AnvilError> {
        let next = self.number()?.saturating_add(1);
        self.mine(wanted.saturating_sub(next))
    }

    /// Takes the chain to a moment of virtual time, in seconds since its first block: the next block is the one
    /// that begins last before that moment. A moment within the newest block changes nothing.
    ///
    /// # Errors
    /// It is gone.
    pub fn advance_to(&mut self, seconds: u64) -> Result<(), AnvilError> {
        self.mine_before(self.options.number.saturating_add(seconds / self.options.block_seconds.max(1)))
    }

    /// Balance of an account.
    ///
    /// # Errors
    /// It is gone.
    pub fn balance(&mut self, who: Address) -> Result<U256, AnvilError> {
        self.number_of("eth_getBalance", json!([who, "latest"]))
    }

    /// Nonce of an account.
    ///
    /// # Errors
    /// It is gone.
    pub fn nonce(&mut self, who: Address) -> Result<u64, AnvilError> {
        Ok(self.number_of("eth_getTransactionCount", json!([who, "latest"]))?.saturating_to())
    }

    /// Gives an account a balance out of nothing.
    ///
    /// # Errors
    /// It is gone.
    pub fn set_balance(&mut self, who: Address, wei: U256) -> Result<(), AnvilError> {
        self.ask("anvil_setBalance", json!([who, wei])).map(drop)
    }

    /// A storage slot of an account.
    ///
    /// # Errors
    /// It is gone.
    pub fn storage(&mut self, who: Address, slot: U256) -> Result<U256, AnvilError> {
        let word = self.ask("eth_getStorageAt", json!([who, slot, "latest"]))?;
        Ok(read::<B256>("eth_getStorageAt", word)?.into())
    }

    /// Writes a storage slot of an account.
    ///
    /// # Errors
    /// It is gone.
    pub fn set_storage(&mut self, who: Address, slot: U256, value: U256) -> Result<(), AnvilError> {
        self.ask("anvil_setStorageAt", json!([who, slot, B256::from(value)])).map(drop)
    }

    /// Runs a call: its output, or its revert data.
    ///
    /// # Errors
    /// It failed for another reason than a revert.
    pub fn call(&mut self, to: Address, data: &Bytes) -> Result<Result<Bytes, Bytes>, AnvilError> {
        let call = json!([{ "from": Address::ZERO, "to": to, "data": data }, "latest"]);
        match self.try_ask("eth_call", call)? {
            Ok(output) => Ok(Ok(read("eth_call", output)?)),
            Err(error) => match serde_json::from_value(error["data"].clone()) {
                Ok(data) => Ok(Err(data)),
                Err(_) => Err(AnvilError::Refused { method: "eth_call".to_owned(), error }),
            },
        }
    }

    /// Remembers the chain as it is.
    ///
    /// # Errors
    /// It is gone.
    pub fn snapshot(&mut self) -> Result<Value, AnvilError> {
        self.ask("evm_snapshot", json!([]))
    }

    /// Goes back to a snapshot, which is used up.
    ///
    /// # Errors
    /// There is no such snapshot, or Anvil is gone.
    pub fn revert(&mut self, snapshot: &Value) -> Result<(), AnvilError> {
        match self.ask("evm_revert", json!([snapshot]))? {
            Value::Bool(true) => Ok(()),
            answer => Err(AnvilError::Answer { method: "evm_revert".to_owned(), answer: answer.to_string() }),
        }
    }
}

/// Reads an answer as what the method gives.
fn read<T: serde::de::DeserializeOwned>(method: &str, answer: Value) -> Result<T, AnvilError> {
    let text = answer.to_string();
    serde_json::from_value(answer).map_err(|_| AnvilError::Answer { method: method.to_owned(), answer: text })
}

fn free_port() -> io::Result<u16> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr().map(|address| address.port())
}

fn ended(status: &str, folder: &Path) -> AnvilError {
    let stderr = std::fs::read_to_string(folder.join("stderr")).unwrap_or_default();
    let first_lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).take(5).collect();
    AnvilError::Ended { status: status.to_owned(), stderr: first_lines.join("; ") }
}

fn connect(child: &mut Guard, folder: &Path) -> Result<UnixStream, AnvilError> {
    let limit = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
    loop {
        if let Ok(stream) = UnixStream::connect(folder.join("ipc")) {
            return Ok(stream);
        }
        if let Some(Ok(Some(status))) = child.0.as_mut().map(Child::try_wait) {
            child.0 = None;
            return Err(ended(&status.to_string(), folder));
        }
        if Instant::now() > limit {
            return Err(AnvilError::Silent { seconds: START_SECONDS_MAX });
        }
        sleep(Duration::from_millis(5));
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}
