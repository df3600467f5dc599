//! Foundry's `cast` against a devnet: reads, calls, sends, follows logs.

#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::devnet::Devnet;

/// The program: the one that WEIR_CAST names, else that of the packages of the checkout. Without one the
/// test is passed over, unless it is asked for.
fn program() -> Option<PathBuf> {
    let named = std::env::var_os("WEIR_CAST").map(PathBuf::from);
    let path = named.unwrap_or_else(|| weir_anvil::program::in_checkout("cast"));
    if path.is_file() {
        return Some(path);
    }
    let asked = std::env::var_os("WEIR_REQUIRE_ANVIL").is_some();
    assert!(!asked, "cast is not at {}: npm ci --ignore-scripts in contracts/ installs it", path.display());
    eprintln!("passed over: cast is not at {}", path.display());
    None
}

struct Cast {
    program: PathBuf,
    devnet: Devnet,
}

impl Cast {
    fn start() -> Option<Self> {
        Some(Self { program: program()?, devnet: Devnet::start(&["--no-round-keeper", "--l1-block-seconds", "1000"]) })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--rpc-url", self.devnet.rpc()]).env_remove("ETH_RPC_URL");
        command
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("cast starts");
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cast {arguments:?}: {talk}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn fail(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("cast starts");
        assert!(!output.status.success(), "cast {arguments:?} goes through");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("cast {arguments:?}: {e} in {text}"))
    }

    fn contract(&self, name: &str) -> String {
        self.devnet.said["contracts"][name].as_str().expect("an address").to_owned()
    }

    fn account(&self, n: usize, what: &str) -> String {
        self.devnet.said["accounts"][n][what].as_str().expect("text").to_owned()
    }
}

#[test]
fn what_the_chain_is_and_holds_is_read() {
    let Some(cast) = Cast::start() else { return };
    assert_eq!(cast.run(&["chain-id"]), "1337");
    assert!(cast.run(&["client"]).starts_with("weir"), "{}", cast.run(&["client"]));
    let height: u64 = cast.run(&["block-number"]).parse().expect("a number");
    assert!(height > 20);
    let block = cast.json(&["block", "latest"]);
    assert_eq!(block["number"].as_str(), Some(format!("{height:#x}").as_str()), "{block}");
    assert!(cast.run(&["block", "1", "--full"]).contains("transactions"));
    assert!(cast.run(&["age"]).split_whitespace().count() > 3);
    let (who, token) = (cast.account(1, "address"), cast.contract("token"));
    assert_eq!(cast.run(&["balance", &who, "--ether"]).parse::<f64>().expect("a number"), 10_000.0);
    assert_eq!(cast.run(&["nonce", &who]), "0");
    assert!(cast.run(&["code", &token]).len() > 1_000);
    assert!(cast.run(&["codesize", &token]).parse::<u64>().expect("a number") > 500);
    assert_eq!(cast.run(&["storage", &cast.contract("controller"), "0"]).len(), 66);
    assert_eq!(cast.run(&["gas-price"]), "100000000");
    assert_eq!(cast.run(&["basefee"]), "100000000");
    let called = cast.run(&["call", &token, "balanceOf(address)(uint256)", &who]);
    assert!(called.starts_with("10000000000000000000000"), "{called}");
    let early = cast.fail(&["call", &token, "balanceOf(address)(uint256)", &who, "--block", "1"]);
    assert!(early.contains("does not have any code"), "there was no token yet: {early}");
    let gas: u64 = cast
        .run(&["estimate", &token, "transfer(address,uint256)", &who, "1", "--from", &cast.account(0, "address")])
        .parse()
        .expect("a number");
    assert!((30_000..100_000).contains(&gas), "{gas}");
    let refused = cast.fail(&["call", &cast.contract("bonding_manager"), "reward()"]);
    assert!(refused.contains("current round is not initialized") || refused.contains("revert"), "{refused}");
}

#[test]
fn transactions_are_sent_followed_and_found_in_the_logs() {
    let Some(cast) = Cast::start() else { return };
    let (key, to, token) = (cast.account(1, "private_key"), cast.account(2, "address"), cast.contract("token"));
    // Somebody follows the token's logs over a WebSocket.
    let socket = cast.devnet.rpc().replacen("http", "ws", 1);
    let transfer = "Transfer(address,address,uint256)";
    let mut follower = Command::new(&cast.program)
        .args(["logs", "--subscribe", "--rpc-url", &socket, "--address", &token, transfer])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("cast starts");
    let lines = BufReader::new(follower.stdout.take().expect("piped")).lines();
    let (say, hear) = mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| say.send(line)));

    let send = |amount: &str| {
        let data = ["send", &token, "transfer(address,uint256)(bool)", &to, amount, "--private-key", &key];
        cast.json(&data)
    };
    // It may take the follower a moment to be there: what is sent until then it misses.
    let mut amount = 1_000;
    let heard = loop {
        let receipt = send(&amount.to_string());
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        assert_eq!(receipt["logs"].as_array().map(Vec::len), Some(1));
        match hear.recv_timeout(Duration::from_millis(500)) {
            Ok(line) => break line,
            Err(_) => amount += 1,
        }
        assert!(amount < 1_040, "nothing is heard");
    };
    follower.kill().expect("it runs");
    follower.wait().expect("it ends");
    assert!(heard.to_lowercase().contains(&token.to_lowercase()), "{heard}");

    let latest = send("77");
    let hash = latest["transactionHash"].as_str().expect("a hash").to_owned();
    assert_eq!(cast.json(&["receipt", &hash])["blockHash"], latest["blockHash"]);
    // What cast does not know it leaves out: as the node says it.
    let receipt = cast.json(&["rpc", "eth_getTransactionReceipt", &hash]);
    assert!(receipt.get("gasUsedForL1").is_some() && receipt.get("l1BlockNumber").is_some(), "{receipt}");
    assert_eq!(cast.json(&["tx", &hash])["hash"], hash.as_str());
    let found = cast.json(&["logs", "--from-block", "0", "--address", &token, transfer]);
    assert!(found.as_array().is_some_and(|logs| logs.len() >= 11), "{found}");
    let indexed = "Transfer(address indexed,address indexed,uint256)";
    let from = cast.account(1, "address");
    let of_two = cast.json(&["logs", "--from-block", "earliest", "--address", &token, indexed, &from, &to]);
    assert_eq!(of_two.as_array().expect("logs").len() as u64, amount - 1_000 + 2, "{of_two}");

    // A transfer of ETH, an unsigned one, and one that is made by hand.
    cast.run(&["send", &to, "--value", "1ether", "--private-key", &key]);
    cast.run(&["send", &to, "--value", "2ether", "--from", &cast.account(3, "address"), "--unlocked"]);
    let raw = cast.run(&["mktx", &to, "--value", "3ether", "--private-key", &key]);
    let published = cast.run(&["publish", &raw]);
    assert!(published.contains("0x1"), "{published}");
    assert_eq!(cast.run(&["balance", &to, "--ether"]).parse::<f64>().expect("a number"), 10_006.0);
    let poor = cast.fail(&["send", &to, "--value", "99999ether", "--private-key", &key]);
    assert!(poor.to_lowercase().contains("insufficient funds"), "{poor}");
}

#[test]
fn the_chain_is_steered() {
    let Some(cast) = Cast::start() else { return };
    let number = || cast.run(&["block-number"]).parse::<u64>().expect("a number");
    let mark = cast.run(&["rpc", "evm_snapshot"]);
    let before = number();
    cast.run(&["rpc", "anvil_mine", "0xa", "0xc"]);
    assert_eq!(number(), before + 10);
    cast.run(&["rpc", "evm_increaseTime", "3600"]);
    cast.run(&["rpc", "evm_mine"]);
    let rounds = cast.contract("rounds_manager");
    let l1 = |text: String| text.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).expect("a number");
    let seen = l1(cast.run(&["call", &rounds, "blockNum()(uint256)"]));
    let (rich, stranger) = ("0xde0b6b3a7640000", "0x00000000000000000000000000000000000000aa");
    cast.run(&["rpc", "anvil_setBalance", stranger, rich]);
    assert_eq!(cast.run(&["balance", stranger]), "1000000000000000000");
    cast.run(&["rpc", "anvil_impersonateAccount", stranger]);
    let receipt = cast.json(&["send", &rounds, "initializeRound()", "--from", stranger, "--unlocked"]);
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    assert_eq!(cast.run(&["rpc", "evm_revert", mark.trim_matches('"')]), "true");
    assert_eq!(number(), before);
    assert!(l1(cast.run(&["call", &rounds, "blockNum()(uint256)"])) < seen, "time went back too");
}
