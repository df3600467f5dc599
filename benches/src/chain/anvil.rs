//! Anvil as a child process, spoken to over its socket with many requests in flight.

use std::io::{BufWriter, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use eyre::{Result, WrapErr, bail, ensure, eyre};
use serde_json::{Value, json};

use super::CHAIN_ID;

const START_SECONDS_MAX: u64 = 30;

/// A chain of its own, gone with the value.
pub(super) struct Anvil {
    process: Child,
    socket: PathBuf,
    out: BufWriter<UnixStream>,
    answers: serde_json::StreamDeserializer<'static, serde_json::de::IoRead<std::io::BufReader<UnixStream>>, Value>,
    asked: u64,
}

impl Anvil {
    pub(super) fn start(program: &Path, height: u64) -> Result<Self> {
        let socket = std::env::temp_dir().join(format!("weir-bench-{}.ipc", std::process::id()));
        let process = Command::new(program)
            .arg("--ipc")
            .arg(&socket)
            .args(["--port", "0", "--quiet", "--no-mining", "--order", "fifo", "--hardfork", "cancun"])
            .args(["--chain-id", &CHAIN_ID.to_string(), "--number", &height.to_string()])
            .args(["--gas-price", "0", "--block-base-fee-per-gas", "0", "--disable-min-priority-fee"])
            .args(["--auto-impersonate", "--accounts", "1", "--prune-history"])
            .args(["--gas-limit", "1000000000000", "--disable-default-create2-deployer"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .wrap_err_with(|| format!("starting {}", program.display()))?;
        let limit = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        let stream = loop {
            match UnixStream::connect(&socket) {
                Ok(stream) => break stream,
                Err(e) if Instant::now() > limit => bail!("Anvil opened no socket: {e}"),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let reader = std::io::BufReader::new(stream.try_clone()?);
        let answers = serde_json::Deserializer::from_reader(reader).into_iter();
        Ok(Self { process, socket, out: BufWriter::new(stream), answers, asked: 0 })
    }

    pub(super) fn ask(&mut self, method: &str, params: Value) -> Result<Value> {
        self.ask_all(&[(method, params)])?.pop().ok_or_else(|| eyre!("no answer"))
    }

    /// Sends all requests, then reads all answers.
    pub(super) fn ask_all(&mut self, requests: &[(&str, Value)]) -> Result<Vec<Value>> {
        let first = self.asked + 1;
        for (method, params) in requests {
            self.asked += 1;
            let request = json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params });
            self.out.write_all(request.to_string().as_bytes())?;
        }
        self.out.flush()?;
        // Anvil works on several at a time: answers come in any order.
        let mut results = vec![Value::Null; requests.len()];
        for _ in requests {
            let mut answer = self.answers.next().ok_or_else(|| eyre!("Anvil is gone"))??;
            let place = answer["id"].as_u64().and_then(|id| usize::try_from(id.checked_sub(first)?).ok());
            let place = place.filter(|place| *place < requests.len()).ok_or_else(|| eyre!("an answer to nobody"))?;
            ensure!(answer.get("error").is_none(), "{}: {}", requests[place].0, answer["error"]);
            results[place] = answer["result"].take();
        }
        Ok(results)
    }

    /// Mines until a block is the newest.
    pub(super) fn mine_to(&mut self, number: u64) -> Result<()> {
        let newest = self.ask("eth_blockNumber", json!([]))?;
        let newest = newest.as_str().and_then(|text| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok());
        let newest = newest.ok_or_else(|| eyre!("no block number"))?;
        // The next transaction goes into the block after the newest.
        if let Some(blocks) = number.checked_sub(newest + 1).filter(|blocks| *blocks > 0) {
            self.ask("anvil_mine", json!([format!("{blocks:#x}")]))?;
        }
        Ok(())
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
