//! Sends a recorded history's transactions again and compares what they do.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::primitives::{Address, Bytes, U256, keccak256};
use serde_json::Value;
use weir_contracts::{Artifact, ProtocolVersion};
use weir_evm::{CallError, Chain, ChainConfig, Receipt};
use weir_types::{Instant, Wei};

use super::names::{Check, Names, hash, list, number, object, parse, plain, plain_list, reason, text, unfold};
use super::snapshot;
use crate::FileReport;

/// A creation may cost more than the recordings' limit for a transaction.
const CREATION_GAS: u64 = 16_000_000;

pub(super) struct Replay {
    chain: Chain,
    pub(super) names: Names,
    pub(super) actors: Vec<String>,
    /// Wei that every actor starts with.
    pub(super) initial_eth: U256,
    libraries: BTreeMap<&'static str, Address>,
    later_rules: bool,
    bonding: Bonding,
    gas_limit: u64,
    seconds_per_block: u64,
    block: u64,
    transactions: u64,
}

/// Code behind the bonding proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bonding {
    /// The contract of the recorded version.
    #[default]
    Whole,
    /// The contract that takes any changes, with those of the recorded version.
    Partial,
}

/// Replays a whole recording and counts its lines.
#[must_use]
pub fn replay(name: &str, recording: &str) -> FileReport {
    replay_on(name, recording, Bonding::Whole)
}

/// [`replay`] on one of the contracts that have the recorded rules.
#[must_use]
pub fn replay_on(name: &str, recording: &str, bonding: Bonding) -> FileReport {
    let mut report = FileReport { name: name.to_owned(), ..FileReport::default() };
    let mut lines = recording.lines().enumerate().map(|(i, line)| (i + 1, line));
    let setup = lines.next().map_or_else(|| Err("the file is empty".to_owned()), |(_, line)| json(line));
    let mut replay = match setup.and_then(|setup| Replay::new(&setup, bonding)) {
        Ok(replay) => replay,
        Err(problem) => {
            report.count(1, "setup", vec![problem]);
            return report;
        }
    };
    for (at, line) in lines {
        let line = match json(line) {
            Ok(line) => line,
            Err(problem) => {
                report.count(at, "no JSON", vec![problem]);
                continue;
            }
        };
        match replay.line(&line) {
            Ok(Some(differences)) => report.count(at, &subject(&line), differences),
            Ok(None) => {}
            Err(problem) => report.count(at, &subject(&line), vec![problem]),
        }
    }
    report
}

fn json(line: &str) -> Check<Value> {
    serde_json::from_str(line).map_err(|e| e.to_string())
}

/// What a line is about, for messages.
fn subject(line: &Value) -> String {
    let part = |key: &str| line.get(key).map(plain).unwrap_or_default();
    match part("k").as_str() {
        "dep" => format!("block {}: creation of {}", part("b"), part("c")),
        "tx" => format!("block {}: {}.{} by {}", part("b"), part("to"), part("fn"), part("f")),
        "call" => format!("block {}: call of {}.{}{}", part("b"), part("to"), part("fn"), part("a")),
        other => format!("block {}: {other}", part("b")),
    }
}

/// What differs between two values, if they do.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(what: &str, ours: &T, recorded: &T) -> Option<String> {
    (ours != recorded).then(|| format!("{what} is {ours:?}, recorded is {recorded:?}"))
}

impl Replay {
    fn new(setup: &Value, bonding: Bonding) -> Check<Self> {
        let config = ChainConfig {
            chain_id: number(setup, "chainId")?,
            genesis_time: number(setup, "genesisTimestamp")?,
            l1_start: number(setup, "startBlock")?,
            l1_block_time_s: number(setup, "blockInterval")?,
            base_fee: Wei::ZERO,
            fee_account: Address::ZERO,
            ..ChainConfig::default()
        };
        let later_rules = match setup.get("version").map(plain).as_deref() {
            None | Some("D24") => false,
            Some("D26") => true,
            Some(other) => return Err(format!("no rules of version {other}")),
        };
        let mut r = Self {
            seconds_per_block: config.l1_block_time_s,
            chain: Chain::new(config),
            names: Names::default(),
            actors: Vec::new(),
            initial_eth: parse(&setup["eth"])?,
            libraries: BTreeMap::new(),
            later_rules,
            bonding,
            gas_limit: number(setup, "gasLimitPerTx")?,
            block: 0,
            transactions: 0,
        };
        for (name, entry) in object(setup, "actors")? {
            let address = parse(&entry[0])?;
            r.names.add(name, address);
            r.chain.set_balance(address, Wei(r.initial_eth));
            r.actors.push(name.clone());
        }
        for (code, address) in object(setup, "contracts")? {
            r.names.add(code, parse(address)?);
        }
        for (code, contract) in object(setup, "codes")? {
            let artifact = r.artifact(&plain(contract))?;
            r.names.interface(code, artifact)?;
        }
        Ok(r)
    }

    const fn version(&self) -> ProtocolVersion {
        if self.later_rules { ProtocolVersion::D26 } else { ProtocolVersion::D24 }
    }

    /// Our counterpart of a recorded contract.
    fn artifact(&self, name: &str) -> Check<Artifact> {
        match name {
            "BondingManager" if self.bonding == Bonding::Partial => Ok(Artifact::BondingManagerPartial),
            "BondingManager" if !self.later_rules => Ok(Artifact::BondingManagerD24),
            "TicketBroker" if !self.later_rules => Ok(Artifact::TicketBrokerD24),
            other => Artifact::by_name(other).ok_or_else(|| format!("no contract {other}")),
        }
    }

    /// The differences of a line; none for one that has nothing to compare.
    fn line(&mut self, line: &Value) -> Check<Option<Vec<String>>> {
        match text(line, "k")? {
            "dep" => self.creation(line).map(Some),
            "tx" => self.transaction(line).map(Some),
            "name" => self.name(line).map(|()| None),
            "mine" => self.go_to(number(line, "b")?).map(|()| None),
            "hash" => {
                self.chain.set_l1_hash(number(line, "b")?, hash(&line["h"])?);
                Ok(None)
            }
            "call" => self.single_call(line).map(Some),
            "view" => self.go_to(number(line, "b")?).and_then(|()| snapshot::compare(self, line)).map(Some),
            "storage" => self.storage(line).map(Some),
            "storage_full" => self.full_storage(line).map(Some),
            // Hash and state root are those of other byte code.
            "end" => {
                let mut differences = Vec::new();
                differences.extend(same("the last block", &self.block, &number(line, "b")?));
                differences.extend(same("number of transactions", &self.transactions, &number(line, "txs")?));
                Ok(Some(differences))
            }
            other => Err(format!("unknown kind of line {other}")),
        }
    }

    /// Lets blocks pass. Time does not go back.
    fn go_to(&mut self, block: u64) -> Check {
        if block < self.block {
            return Err(format!("block {block} lies before block {}", self.block));
        }
        self.block = block;
        self.chain.advance_to(Instant::from_secs(block.saturating_mul(self.seconds_per_block)));
        Ok(())
    }

    fn name(&mut self, line: &Value) -> Check {
        let code = text(line, "c")?;
        self.names.add(code, parse(&line["addr"])?);
        if code.starts_with('P') {
            self.names.interface(code, Artifact::Poll)?;
        }
        Ok(())
    }

    fn send(&mut self, from: Address, to: Option<Address>, data: Bytes, value: U256, gas: u64) -> Check<Arc<Receipt>> {
        let sent = self.chain.send_unsigned(from, to, Wei(value), data, Some(gas));
        let hash = sent.map_err(|e| format!("refused: {e}"))?;
        self.chain.mine();
        self.chain.receipt(hash).ok_or_else(|| "in no block".to_owned())
    }

    fn creation(&mut self, line: &Value) -> Check<Vec<String>> {
        self.go_to(number(line, "b")?)?;
        let code = text(line, "c")?;
        let from = self.names.address(text(line, "f")?)?;
        let planned = parse(&line["addr"])?;
        self.names.add(code, planned);
        let artifact = self.artifact(text(line, "art")?)?;
        if code.starts_with('P') && artifact == Artifact::Poll {
            self.names.interface(code, artifact)?;
        }
        let mut init = artifact.creation_code(&self.libraries).map_err(|e| e.to_string())?.to_vec();
        for (ty, arg) in plain_list(&line["ctor"]).iter().zip(list(&line["a"])) {
            let ty = ty.parse().map_err(|e| format!("{ty}: {e}"))?;
            init.extend_from_slice(&self.names.value(&ty, arg)?.abi_encode());
        }
        if artifact == Artifact::BondingManagerPartial {
            let all = self.version().bonding_changes();
            init.extend_from_slice(&U256::from(all).to_be_bytes::<32>());
        }
        let done = self.send(from, None, init.into(), U256::ZERO, CREATION_GAS)?;
        if artifact == Artifact::SortedDoublyLL {
            self.libraries.insert(artifact.name(), planned);
        }
        let mut differences = Vec::new();
        differences.extend(same("success", &done.success, &true));
        differences.extend(same("address", &done.contract_address, &Some(planned)));
        differences.extend(self.events(line, &done)?);
        Ok(differences)
    }

    fn transaction(&mut self, line: &Value) -> Check<Vec<String>> {
        self.transactions += 1;
        self.go_to(number(line, "b")?)?;
        let from = self.names.address(text(line, "f")?)?;
        let to = self.names.address(text(line, "to")?)?;
        let value = line.get("v").map_or(Ok(U256::ZERO), parse)?;
        let done = self.send(from, Some(to), unfold(text(line, "x")?)?, value, self.gas_limit)?;
        let mut differences = self.outcome(line, &done)?;
        differences.extend(self.events(line, &done)?);
        Ok(differences)
    }

    /// Status, and what a failure gives as its reason.
    fn outcome(&self, line: &Value, done: &Receipt) -> Check<Vec<String>> {
        let recorded = number(line, "s")? == 1;
        let ours = || done.halt.clone().unwrap_or_else(|| reason(&done.output));
        if done.success != recorded {
            return Ok(vec![if recorded {
                format!("fails with {:?}, recorded is success", ours())
            } else {
                format!("goes through, recorded is {:?}", plain(&line["e"]))
            }]);
        }
        if recorded {
            return Ok(Vec::new());
        }
        if line.get("err").is_some() != done.halt.is_some() {
            return Ok(vec![format!("fails with {:?}, recorded is {:?} {:?}", ours(), line["err"], line["e"])]);
        }
        if done.halt.is_some() {
            return Ok(Vec::new());
        }
        let equal = match line.get("rd") {
            Some(data) => done.output == unfold(&plain(data))?,
            None => ours() == plain(&line["e"]),
        };
        Ok(if equal {
            Vec::new()
        } else {
            vec![format!("fails with {:?}, recorded is {:?}", ours(), plain(&line["e"]))]
        })
    }

    fn events(&self, line: &Value, done: &Receipt) -> Check<Option<String>> {
        let ours: Check<Vec<Vec<String>>> =
            done.logs.iter().map(|log| self.names.event(log.inner.address, &log.inner.data)).collect();
        let recorded: Vec<Vec<String>> =
            list(&line["l"]).iter().map(|l| [vec![plain(&l[0]), plain(&l[1])], plain_list(&l[2])].concat()).collect();
        Ok(same("events", &ours?, &recorded))
    }

    /// A view's results, or the revert data.
    pub(super) fn view(&self, contract: &str, function: &str, args: &[Value]) -> Check<Result<Vec<String>, Bytes>> {
        let function = self.names.function(contract, function, args.len())?;
        let data = self.names.encode(function, args)?;
        match self.chain.call(Address::ZERO, self.names.address(contract)?, data) {
            Ok(out) => self.names.results(function, &out).map(Ok),
            Err(CallError::Reverted { data, .. }) => Ok(Err(data)),
            Err(other) => Err(format!("{contract}.{}: {other}", function.name)),
        }
    }

    pub(super) fn balance(&self, who: &str) -> Check<U256> {
        Ok(self.chain.balance(self.names.address(who)?).0)
    }

    fn single_call(&mut self, line: &Value) -> Check<Vec<String>> {
        self.go_to(number(line, "b")?)?;
        let (to, name, args) = (text(line, "to")?, text(line, "fn")?, list(&line["a"]));
        // Blocks that no transaction asks for have their hashes here only.
        if name == "blockHash" && line.get("e").is_none() {
            self.chain.set_l1_hash(parse(&args[0])?, hash(&line["r"][0])?);
        }
        let ours = match self.view(to, name, args)? {
            Ok(values) => format!("results {values:?}"),
            Err(data) => format!("failure {}", reason(&data).to_lowercase()),
        };
        let recorded = match line.get("e") {
            Some(e) => format!("failure {}", plain(e).to_lowercase()),
            None => format!("results {:?}", plain_list(&line["r"])),
        };
        Ok(same("the answer", &ours, &recorded).into_iter().collect())
    }

    fn slots(&self, code: &str) -> Check<BTreeMap<U256, U256>> {
        Ok(self.chain.storage_slots(self.names.address(code)?))
    }

    fn storage(&self, line: &Value) -> Check<Vec<String>> {
        let mut differences = Vec::new();
        for (code, digest) in object(line, "d")? {
            let slots = self.slots(code)?;
            let words: Vec<u8> =
                slots.iter().flat_map(|(k, v)| [k.to_be_bytes::<32>(), v.to_be_bytes::<32>()]).flatten().collect();
            let ours = vec![slots.len().to_string(), keccak256(words).to_string()];
            differences.extend(same(&format!("storage of {code}"), &ours, &plain_list(digest)));
        }
        Ok(differences)
    }

    fn full_storage(&self, line: &Value) -> Check<Vec<String>> {
        let mut differences = Vec::new();
        for (code, recorded) in object(line, "s")? {
            let recorded = recorded.as_object().ok_or_else(|| format!("no slots of {code}"))?;
            let recorded: Check<BTreeMap<U256, U256>> = recorded
                .iter()
                .map(|(k, v)| Ok((k.parse().map_err(|e| format!("slot {k}: {e}"))?, parse(v)?)))
                .collect();
            differences.extend(same(&format!("storage of {code}"), &self.slots(code)?, &recorded?));
        }
        Ok(differences)
    }
}
