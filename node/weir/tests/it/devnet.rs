//! A chain of one's own, and the protocol brought up on it by hand.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use alloy::providers::Provider;
use serde_json::Value;
use tempfile::tempdir;
use weir_chain::EndpointUrl;

use crate::support::weir;

const KEY: &str = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

/// A running devnet and what it said of itself.
pub(crate) struct Devnet {
    child: Child,
    pub(crate) said: Value,
}

impl Devnet {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(["devnet", "--listen", "127.0.0.1:0", "--json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut text = String::new();
        let said = loop {
            text.push_str(&lines.next().expect("the object is printed whole").expect("it is text"));
            if let Ok(said) = serde_json::from_str(&text) {
                break said;
            }
        };
        Self { child, said }
    }

    pub(crate) fn rpc(&self) -> &str {
        self.said["rpc"].as_str().expect("an endpoint")
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_protocol_is_deployed_on_any_endpoint() {
    let devnet = Devnet::start(&["--protocol", "D24", "--set", "round_length=60"]);
    assert_eq!(devnet.said["protocol"], "D24");
    assert_eq!(devnet.said["round_length"], 60);
    assert_eq!(devnet.said["accounts"].as_array().map(Vec::len), Some(10));
    assert_eq!(devnet.said["contracts"]["controller"], "0x5fbdb2315678afecb367f032d93f642f64180aa3");

    let folder = tempdir().expect("a temporary folder");
    let file = folder.path().join("key");
    std::fs::write(&file, format!("0x{KEY}\n")).expect("a file");
    let mut found = Vec::new();
    for (scheme, by_file) in [("http", true), ("ws", false)] {
        let rpc = devnet.rpc().replacen("http", scheme, 1);
        let mut command = weir();
        command.args(["ctl", "deploy", "--rpc", &rpc, "--preset", "arbitrum-one", "--json"]);
        if by_file {
            command.arg("--key-file").arg(&file);
        } else {
            command.env("WEIR_KEY", KEY);
        }
        let output = command.assert().success().get_output().stdout.clone();
        let said: Value = serde_json::from_slice(&output).expect("JSON");
        assert_eq!((&said["chain_id"], &said["protocol"]), (&Value::from(1337), &Value::from("D26")));
        found.push(said["contracts"]["controller"].to_string());
    }
    assert_ne!(found[0], found[1], "each time anew");
}

#[cfg(unix)]
#[test]
fn the_protocol_is_deployed_over_a_socket_of_another_node() {
    let Some(program) = weir_anvil::is_here() else { return };
    let anvil = weir_anvil::Anvil::start(&program, weir_anvil::Options { automine: true, ..Default::default() });
    let anvil = anvil.expect("Anvil starts");
    let mut command = weir();
    command.args(["ctl", "deploy", "--json", "--rpc"]).arg(anvil.socket()).env("WEIR_KEY", KEY);
    let output = command.assert().success().get_output().stdout.clone();
    let said: Value = serde_json::from_slice(&output).expect("JSON");
    assert_eq!(
        said["contracts"]["controller"], "0x8464135c8f25da09e49bc8782676a84730c318bc",
        "the first contract of that account"
    );
}

#[test]
fn a_deployment_that_cannot_be_is_told_why() {
    let devnet = Devnet::start(&[]);
    let no_key = tempdir().expect("a temporary folder");
    let file = no_key.path().join("key");
    std::fs::write(&file, "not a key").expect("a file");
    let key_file = file.to_str().expect("a path");
    let cases: [(&[&str], i32, &str); 9] = [
        (&["--rpc", devnet.rpc(), "--chain-id", "42161"], 2, "is chain 1337, not 42161"),
        (&["--rpc", "nowhere"], 2, "an endpoint looks like http"),
        (&["--rpc", "http://127.0.0.1:9/v2/ac0974be-of-a-provider"], 1, "asking http://127.0.0.1:9"),
        (&["--rpc", "ws://127.0.0.1:9"], 1, "asking ws://127.0.0.1:9"),
        (&["--rpc", "/nowhere/geth.ipc"], 1, "asking ipc:/nowhere/geth.ipc"),
        (&["--rpc", devnet.rpc(), "--key-file", key_file], 2, "holds no private key"),
        (&["--rpc", devnet.rpc(), "--key-file", "/nowhere"], 1, "reading /nowhere"),
        (&["--rpc", devnet.rpc(), "--set", "rounds=1"], 2, "unknown field `rounds`"),
        (&["--rpc", devnet.rpc(), "--set", "round_length=0"], 1, "call RoundsManager.setRoundLength"),
    ];
    for (arguments, code, says) in cases {
        let assert = weir().args(["ctl", "deploy"]).args(arguments).env("WEIR_KEY", KEY).assert().code(code);
        let talk = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(talk.contains(says), "{arguments:?}: {talk}");
        assert!(!talk.contains(&KEY[..8]), "a key is never shown: {talk}");
    }
}

#[test]
fn a_devnet_that_cannot_listen_says_so_and_one_that_is_asked_to_stops() {
    let mut devnet = Devnet::start(&[]);
    let taken = devnet.rpc().trim_start_matches("http://").to_owned();
    let assert = weir().args(["devnet", "--listen", &taken]).assert().code(1);
    let talk = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(talk.contains(&format!("listening on {taken}")), "{talk}");

    let sent = Command::new("kill").args(["-INT", &devnet.child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
    assert!(devnet.child.wait().expect("it ends").success());
    let mut talk = String::new();
    devnet.child.stderr.take().expect("piped").read_to_string(&mut talk).expect("text");
    assert!(talk.starts_with("stopping"), "{talk}");
}

impl Devnet {
    fn ask(&self, method: &str, params: &Value) -> Value {
        let url: EndpointUrl = self.rpc().parse().expect("an endpoint");
        let provider = url.provider(std::time::Duration::from_secs(20));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let answer = runtime.block_on(provider.raw_request(method.to_owned().into(), params.clone()));
        answer.unwrap_or_else(|e| panic!("{method}: {e}"))
    }

    /// Stops it in good order, and returns what it said.
    fn stop(mut self, signal: &str) -> (std::process::ExitStatus, String) {
        Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("kill is there");
        let status = self.child.wait().expect("it ends");
        let mut talk = String::new();
        self.child.stderr.take().expect("piped").read_to_string(&mut talk).expect("text");
        (status, talk)
    }

    fn account(&self, n: usize) -> Value {
        self.said["accounts"][n]["address"].clone()
    }
}

fn pay(devnet: &Devnet, wei: &str) -> Value {
    let tx = serde_json::json!({ "from": devnet.account(1), "to": devnet.account(2), "value": wei });
    devnet.ask("eth_sendTransaction", &serde_json::json!([tx]))
}

#[test]
fn a_devnet_goes_on_where_it_was_stopped() {
    let folder = tempdir().expect("a temporary folder");
    let file = folder.path().join("chain");
    let path = file.to_str().expect("a path");
    let devnet = Devnet::start(&["--save", path, "--l1-block-seconds", "1000"]);
    let hash = pay(&devnet, "0x7b");
    let receipt = devnet.ask("eth_getTransactionReceipt", &serde_json::json!([hash]));
    let block = devnet.ask("eth_blockNumber", &serde_json::json!([]));
    let (status, talk) = devnet.stop("-TERM");
    assert!(status.success() && talk.contains("saved at block"), "{talk}");

    let again = Devnet::start(&["--load", path, "--save", path]);
    assert_eq!(again.ask("eth_blockNumber", &serde_json::json!([])), block);
    assert_eq!(again.ask("eth_getTransactionReceipt", &serde_json::json!([hash])), receipt);
    assert_eq!(again.said["l1_block_seconds"], 1000);
    pay(&again, "0x1");
    again.stop("-INT");

    let assert = weir().args(["devnet", "--listen", "127.0.0.1:0", "--load", path, "--chain-id", "5"]).assert().code(2);
    let says = |assert: &assert_cmd::assert::Assert| String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(says(&assert).contains("holds chain 1337, not 5"), "{}", says(&assert));
    weir_evm::Chain::new(weir_evm::ChainConfig::default()).save(&file).expect("it is saved");
    let assert = weir().args(["devnet", "--load", path]).assert().code(2);
    assert!(says(&assert).contains("without the protocol of these parameters"), "{}", says(&assert));
    std::fs::write(&file, "weir chain 1\nnonsense").expect("a file");
    let assert = weir().args(["devnet", "--load", path]).assert().code(1);
    assert!(says(&assert).contains("is damaged"), "{}", says(&assert));
    std::fs::write(&file, "nonsense").expect("a file");
    let assert = weir().args(["devnet", "--load", path]).assert().code(2);
    assert!(says(&assert).contains("holds no saved chain"), "{}", says(&assert));
}

#[test]
fn a_chain_that_does_not_fit_the_disk_leaves_the_old_one() {
    let folder = tempdir().expect("a temporary folder");
    let file = folder.path().join("chain");
    std::fs::write(&file, "what was there").expect("a file");
    let weir = env!("CARGO_BIN_EXE_weir");
    // No file may be larger than 8 KiB.
    let limited =
        format!("trap '' XFSZ; ulimit -f 8; exec {weir} devnet --listen 127.0.0.1:0 --save {}", file.display());
    let mut child = Command::new("bash")
        .args(["-c", &limited])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell is there");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    assert!(lines.any(|line| line.is_ok_and(|line| line.contains("stop with Ctrl-C"))), "it runs");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let mut talk = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut talk).expect("text");
    assert!(talk.contains(&format!("writing {}", file.display())), "{talk}");
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), "what was there");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside it");
}

#[test]
fn a_devnet_forks_another_and_needs_it_only_once() {
    let folder = tempdir().expect("a temporary folder");
    let cache = folder.path().to_str().expect("a path").to_owned();
    let remote = Devnet::start(&["--no-round-keeper"]);
    let url = remote.rpc().to_owned();
    let arguments = ["--fork", &url, "--fork-cache", &cache, "--l1-block-seconds", "1000"];
    let controller = remote.said["contracts"]["controller"].clone();
    let look = |devnet: &Devnet| {
        pay(devnet, "0x1");
        let code = devnet.ask("eth_getCode", &serde_json::json!([controller, "latest"]));
        (code, devnet.ask("eth_getBalance", &serde_json::json!([devnet.account(2), "latest"])))
    };
    let fork = Devnet::start(&arguments);
    assert!(fork.said.get("contracts").is_none(), "it is not known what is on it");
    let seen = look(&fork);
    assert!(seen.0.as_str().is_some_and(|code| code.len() > 1_000), "the other chain's contract");
    drop((fork, remote));
    assert_eq!(look(&Devnet::start(&arguments)), seen, "nobody is there any more");

    let unread = ["devnet", "--fork", &url, "--fork-cache", &cache, "--fork-block", "1"];
    let assert = weir().args(unread).assert().code(1);
    let talk = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(talk.contains(&format!("block 1 of {url}: not in the cache")), "{talk}");
    let assert = weir().args(["devnet", "--fork", "nowhere", "--fork-cache", &cache]).assert().code(2);
    let talk = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(talk.contains("an endpoint looks like http://host:port"), "{talk}");
}

#[test]
fn blocks_at_a_rhythm_collect_transactions() {
    let devnet = Devnet::start(&["--block-ms", "400", "--l1-block-seconds", "1000"]);
    let before = devnet.ask("eth_blockNumber", &serde_json::json!([]));
    let hashes: Vec<Value> = (1..4).map(|n| pay(&devnet, &format!("{n:#x}"))).collect();
    let receipt = |hash: &Value| devnet.ask("eth_getTransactionReceipt", &serde_json::json!([hash]));
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while hashes.iter().any(|hash| receipt(hash).is_null()) {
        assert!(std::time::Instant::now() < limit, "they are in no block");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let blocks: std::collections::BTreeSet<String> =
        hashes.iter().map(|hash| receipt(hash)["blockNumber"].to_string()).collect();
    assert!(blocks.len() <= 2, "three within a moment: {blocks:?} after {before}");
}
