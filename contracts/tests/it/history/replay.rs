//! Sends a recorded history's transactions again and compares what they do.

use std::collections::BTreeMap;

use alloy::primitives::{Address, Bytes, TxKind, U256, keccak256};
use serde_json::Value;
use weir_contracts::Artifact;

use super::snapshot;
use super::values::{Names, plain, plain_list, reason, unfold};
use crate::chain::{Chain, Outcome};

/// Contracts of the recordings that this crate does not have. What is sent to them is left out.
const FOREIGN: [&str; 6] = ["MS", "GV", "TR", "LGT", "LG", "PC"];
/// A creation may cost more than the recordings' limit for a transaction.
const CREATION_GAS: u64 = 16_000_000;

/// What was compared.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    pub creations: usize,
    pub transactions: usize,
    pub failed_as_recorded: usize,
    pub events: usize,
    pub calls: usize,
    pub snapshots: usize,
    pub storages: usize,
    /// Sent to a contract that this crate does not have.
    pub left_out: usize,
    /// Calls that a foreign contract made on ours.
    pub relayed: usize,
}

pub struct Replay {
    pub chain: Chain,
    pub names: Names,
    pub actors: Vec<String>,
    pub initial_eth: U256,
    /// Code names whose contract this crate has.
    pub ours: Vec<String>,
    libraries: BTreeMap<&'static str, Address>,
    later_rules: bool,
    gas_limit: u64,
    tally: Tally,
}

fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap_or_else(|| panic!("{key} in {line}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("a number: {value}"))
}

pub fn wei(value: &Value) -> U256 {
    plain(value).parse().unwrap_or_else(|e| panic!("{value}: {e}"))
}

/// Replays a whole recording; fails at the first difference.
pub fn replay(recording: &str) -> Tally {
    let mut lines = recording.lines().map(|l| serde_json::from_str::<Value>(l).expect("a line of JSON"));
    let setup = lines.next().expect("a first line");
    let mut r = Replay::new(&setup);
    for line in lines {
        r.line(&line);
    }
    r.tally
}

impl Replay {
    fn new(setup: &Value) -> Self {
        let mut r = Self {
            chain: Chain::new(),
            names: Names::default(),
            actors: Vec::new(),
            initial_eth: wei(&setup["eth"]),
            ours: Vec::new(),
            libraries: BTreeMap::new(),
            later_rules: setup["version"] == "D26",
            gas_limit: number(&setup["gasLimitPerTx"]),
            tally: Tally::default(),
        };
        for (name, entry) in setup["actors"].as_object().expect("actors") {
            let address = text_address(&entry[0]);
            r.names.add(name, address);
            r.chain.fund(address, r.initial_eth);
            r.actors.push(name.clone());
        }
        for (code, address) in setup["contracts"].as_object().expect("contracts") {
            r.names.add(code, text_address(address));
        }
        for (code, contract) in setup["codes"].as_object().expect("codes") {
            if let Some(artifact) = r.artifact(&plain(contract)) {
                r.names.interface(code, artifact);
            }
        }
        r
    }

    /// Our counterpart of a recorded contract.
    fn artifact(&self, name: &str) -> Option<Artifact> {
        match name {
            "BondingManager" if !self.later_rules => Some(Artifact::BondingManagerD24),
            "TicketBroker" if !self.later_rules => Some(Artifact::TicketBrokerD24),
            "DummyL2LPTDataCache" => Some(Artifact::L1SupplyCache),
            other => Artifact::by_name(other),
        }
    }

    fn line(&mut self, line: &Value) {
        match text(line, "k") {
            "dep" => self.creation(line),
            "tx" => self.transaction(line),
            "name" => self.names.add(text(line, "c"), text_address(&line["addr"])),
            "mine" => self.chain.number = number(&line["b"]),
            "hash" => {
                let hash = text(line, "h").parse().expect("a hash");
                self.chain.db.cache.block_hashes.insert(U256::from(number(&line["b"])), hash);
            }
            "call" => self.single_call(line),
            "view" => {
                snapshot::compare(self, line);
                self.tally.snapshots += 1;
            }
            "storage" => self.storage(line),
            "storage_full" => self.full_storage(line),
            // Hash and state root are those of other byte code.
            "end" => assert_eq!(self.chain.number, number(&line["b"])),
            other => panic!("unknown line {other}"),
        }
    }

    fn creation(&mut self, line: &Value) {
        self.chain.number = number(&line["b"]);
        let code = text(line, "c");
        let from = self.names.address(text(line, "f"));
        let planned = text_address(&line["addr"]);
        self.names.add(code, planned);
        let artifact = match code {
            // Where others call these, or pay them, only this base matters.
            "MS" => Some(Artifact::Manager),
            _ => self.artifact(text(line, "art")),
        };
        let Some(artifact) = artifact else {
            self.skip_nonce(from);
            return;
        };
        let mut init = artifact.creation_code(&self.libraries).expect("linked code").to_vec();
        let args = list(&line["a"]);
        if text(line, "art") == "DummyL2LPTDataCache" {
            init.extend_from_slice(&[0; 32]);
        }
        for (ty, arg) in plain_list(&line["ctor"]).iter().zip(args) {
            let ty = ty.parse().expect("a type of the language");
            init.extend_from_slice(&self.names.value(&ty, arg).abi_encode());
        }
        let done = self.chain.execute(from, TxKind::Create, init.into(), U256::ZERO, CREATION_GAS);
        assert!(done.success, "creation of {code} fails: {done:?}");
        assert_eq!(done.created, Some(planned), "address of {code}");
        self.events(line, &done);
        if artifact == Artifact::SortedDoublyLL {
            self.libraries.insert("SortedDoublyLL", planned);
        }
        if !FOREIGN.contains(&code) {
            self.ours.push(code.to_owned());
            self.tally.creations += 1;
        }
    }

    /// A transaction that is not sent still counts for the sender.
    fn skip_nonce(&mut self, from: Address) {
        let mut info = self.chain.account(from);
        info.nonce += 1;
        self.chain.db.insert_account_info(from, info);
    }

    fn transaction(&mut self, line: &Value) {
        self.chain.number = number(&line["b"]);
        let to = text(line, "to");
        if !self.is_ours(to) {
            self.foreign(line);
            return;
        }
        let from = self.names.address(text(line, "f"));
        let value = line.get("v").map_or(U256::ZERO, wei);
        let target = self.names.address(to);
        let done = self.chain.execute(from, target.into(), unfold(text(line, "x")), value, self.gas_limit);
        let at = || format!("block {}: {}.{} by {}", line["b"], to, line["fn"], line["f"]);
        if line["s"] == 1 {
            assert!(done.success, "{} fails: {}", at(), reason(&done.output));
        } else {
            self.failure(line, &done, &at());
        }
        self.events(line, &done);
        self.tally.transactions += 1;
    }

    fn failure(&mut self, line: &Value, done: &Outcome, at: &str) {
        assert!(!done.success, "{at} goes through, recorded is {}", line["e"]);
        self.tally.failed_as_recorded += 1;
        if line.get("err").is_some() {
            assert!(done.halt.is_some(), "{at}: recorded is a halt");
            return;
        }
        assert_eq!(done.halt, None, "{at}: recorded is {}", line["e"]);
        match line.get("rd") {
            Some(data) => {
                assert_eq!(
                    done.output,
                    unfold(&plain(data)),
                    "{at}: {} instead of {}",
                    reason(&done.output),
                    line["e"]
                );
            }
            None => assert_eq!(reason(&done.output), plain(&line["e"]), "{at}"),
        }
    }

    pub fn is_ours(&self, code: &str) -> bool {
        let known = self.ours.iter().any(|c| c == code) || self.actors.iter().any(|c| c == code);
        assert!(known || FOREIGN.contains(&code) || code.starts_with('P') || code.starts_with("0x"), "{code}");
        known
    }

    fn events(&mut self, line: &Value, done: &Outcome) {
        let got = self.our_events(done);
        self.same_events(line, &got);
    }

    /// Without those of the stand-ins for foreign contracts.
    fn our_events(&self, done: &Outcome) -> Vec<Vec<String>> {
        let foreign = |address| FOREIGN.contains(&self.names.name(address).as_str());
        done.logs.iter().filter(|log| !foreign(log.address)).map(|log| self.names.event(log)).collect()
    }

    fn same_events(&mut self, line: &Value, got: &[Vec<String>]) {
        let wanted: Vec<Vec<String>> = list(&line["l"])
            .iter()
            .filter(|l| self.ours.iter().any(|c| *c == plain(&l[0])) || plain(&l[0]) == text_or(line, "c"))
            .map(|l| [vec![plain(&l[0]), plain(&l[1])], plain_list(&l[2])].concat())
            .collect();
        assert_eq!(got, wanted, "events of block {}: {}", line["b"], line["fn"]);
        self.tally.events += wanted.len();
    }

    /// A transaction for a contract that is not there: only what it does to ours happens.
    fn foreign(&mut self, line: &Value) {
        let from = self.names.address(text(line, "f"));
        self.skip_nonce(from);
        self.tally.left_out += 1;
        if line["s"] != 1 {
            return;
        }
        if let Some(value) = line.get("v").map(wei) {
            // The treasury governor hands on what comes with a decision.
            let holder = if line["to"] == "LG" && line["fn"] == "execute" { "TR" } else { text(line, "to") };
            self.move_eth(from, self.names.address(holder), value);
        }
        let mut events = Vec::new();
        for (sender, to, value, data) in super::relay::calls(&self.names, line) {
            let done = self.chain.execute(sender, to.into(), data, value, self.gas_limit);
            assert!(done.success, "block {}: relayed call of {to} fails: {}", line["b"], reason(&done.output));
            events.extend(self.our_events(&done));
            self.tally.relayed += 1;
        }
        self.same_events(line, &events);
    }

    fn move_eth(&mut self, from: Address, to: Address, value: U256) {
        self.chain.fund(from, self.chain.balance(from) - value);
        self.chain.fund(to, self.chain.balance(to) + value);
    }

    /// A view's results, or the reason it gives, with `!` in front.
    pub fn view(&mut self, contract: &str, function: &str, args: &[Value]) -> Result<Vec<String>, Bytes> {
        let function = self.names.function(contract, function).clone();
        let data = self.names.encode(&function, args);
        let out = self.chain.view(self.names.address(contract), data)?;
        Ok(self.names.results(&function, &out))
    }

    fn single_call(&mut self, line: &Value) {
        let (to, name) = (text(line, "to"), text(line, "fn"));
        // Its hashes are those of other headers.
        if !self.is_ours(to) || (name == "blockHash" && line.get("e").is_none()) {
            return;
        }
        let got = self.view(to, name, list(&line["a"]));
        let at = format!("block {}: {to}.{name}{}", line["b"], line["a"]);
        match (got, line.get("e")) {
            (Ok(values), None) => assert_eq!(values, plain_list(&line["r"]), "{at}"),
            (Err(data), Some(e)) => {
                let wanted = plain(e);
                let got = reason(&data);
                assert!(got == wanted || got == wanted.to_lowercase(), "{at}: {got} instead of {wanted}");
            }
            (got, _) => panic!("{at}: {got:?} instead of {line}"),
        }
        self.tally.calls += 1;
    }

    fn slots(&self, code: &str) -> BTreeMap<U256, U256> {
        let account = self.chain.db.cache.accounts.get(&self.names.address(code));
        let slots = account.into_iter().flat_map(|a| a.storage.iter());
        slots.filter(|(_, v)| !v.is_zero()).map(|(k, v)| (*k, *v)).collect()
    }

    fn storage(&mut self, line: &Value) {
        for (code, digest) in line["d"].as_object().expect("digests") {
            // Our supply cache has an owner and a setter, the recorded one is empty.
            if !self.is_ours(code) || code == "DC" {
                continue;
            }
            let slots = self.slots(code);
            let bytes: Vec<u8> =
                slots.iter().flat_map(|(k, v)| [k.to_be_bytes::<32>(), v.to_be_bytes::<32>()]).flatten().collect();
            assert_eq!(
                plain_list(digest),
                [slots.len().to_string(), keccak256(bytes).to_string()],
                "storage of {code} at the end"
            );
            self.tally.storages += 1;
        }
    }

    fn full_storage(&mut self, line: &Value) {
        for (code, wanted) in line["s"].as_object().expect("contracts") {
            if !self.is_ours(code) || code == "DC" {
                continue;
            }
            let wanted: BTreeMap<U256, U256> =
                wanted.as_object().expect("slots").iter().map(|(k, v)| (k.parse().expect("a slot"), wei(v))).collect();
            assert_eq!(self.slots(code), wanted, "storage of {code}");
        }
    }
}

fn text_address(value: &Value) -> Address {
    plain(value).parse().unwrap_or_else(|e| panic!("{value}: {e}"))
}

fn text_or(line: &Value, key: &str) -> String {
    line.get(key).map(plain).unwrap_or_default()
}
