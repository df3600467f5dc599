//! A chain of one's own, and the protocol brought up on it by hand.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::tempdir;

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
    for by_file in [true, false] {
        let mut command = weir();
        command.args(["ctl", "deploy", "--rpc", devnet.rpc(), "--preset", "arbitrum-one", "--json"]);
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

#[test]
fn a_deployment_that_cannot_be_is_told_why() {
    let devnet = Devnet::start(&[]);
    let no_key = tempdir().expect("a temporary folder");
    let file = no_key.path().join("key");
    std::fs::write(&file, "not a key").expect("a file");
    let key_file = file.to_str().expect("a path");
    let cases: [(&[&str], i32, &str); 7] = [
        (&["--rpc", devnet.rpc(), "--chain-id", "42161"], 2, "is chain 1337, not 42161"),
        (&["--rpc", "nowhere"], 2, "an endpoint looks like http"),
        (&["--rpc", "http://127.0.0.1:9"], 1, "asking http://127.0.0.1:9"),
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
