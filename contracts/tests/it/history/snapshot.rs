//! Compares a recorded snapshot of all views with ours.

use alloy::primitives::U256;
use serde_json::{Map, Value, json};

use super::replay::{Replay, number, wei};
use super::values::{plain, plain_list, reason};

fn object<'a>(line: &'a Value, key: &str) -> &'a Map<String, Value> {
    line[key].as_object().unwrap_or_else(|| panic!("no {key} in the snapshot"))
}

struct Snapshot<'a> {
    r: &'a mut Replay,
    at: String,
    round: u64,
}

/// Fails at the first difference.
pub fn compare(r: &mut Replay, line: &Value) {
    let round = number(&line["r"]);
    let mut s = Snapshot { r, at: format!("snapshot at block {}", line["b"]), round };
    s.same("RM.currentRound", &line["r"], &["RM", "currentRound"], &[]);
    s.system(line);
    s.delegators(line);
    s.orchestrators(line);
    s.senders(line);
    s.balances(line);
    s.votes(line);
}

impl Snapshot<'_> {
    fn view(&mut self, path: &[&str; 2], args: &[Value]) -> Vec<String> {
        let [contract, function] = path;
        let at = &self.at;
        let got = self.r.view(contract, function, args);
        got.unwrap_or_else(|data| panic!("{at}: {contract}.{function}{args:?} reverts: {}", reason(&data)))
    }

    /// One value; a revert is its reason behind an exclamation mark, as recorded.
    fn one(&mut self, path: &[&str; 2], args: &[Value]) -> String {
        match self.r.view(path[0], path[1], args) {
            Ok(values) => values.join(","),
            Err(data) => format!("!{}", reason(&data)),
        }
    }

    fn same(&mut self, what: &str, wanted: &Value, path: &[&str; 2], args: &[Value]) {
        assert_eq!(self.one(path, args), plain(wanted), "{}: {what}{args:?}", self.at);
    }

    fn system(&mut self, line: &Value) {
        for (key, wanted) in object(line, "sys") {
            let (contract, function) = key.split_once('.').expect("contract and function");
            let args = if function == "blockHashForRound" { vec![json!(self.round)] } else { Vec::new() };
            self.same(key, wanted, &[contract, function], &args);
        }
    }

    fn delegators(&mut self, line: &Value) {
        for (who, wanted) in object(line, "del") {
            let round = json!(self.round);
            let mut got = self.view(&["BM", "getDelegator"], &[json!(who)]);
            let locks: u64 = got[6].parse().expect("the next lock's number");
            got.extend(self.view(&["BM", "pendingStake"], &[json!(who), round.clone()]));
            got.extend(self.view(&["BM", "pendingFees"], &[json!(who), round]));
            got.extend(self.view(&["BM", "delegatorStatus"], &[json!(who)]));
            got.extend(self.view(&["LPT", "balanceOf"], &[json!(who)]));
            assert_eq!(got, plain_list(wanted), "{}: delegator {who}", self.at);

            let recorded = line["locks"].get(who);
            for id in 0..locks {
                let lock = self.view(&["BM", "getDelegatorUnbondingLock"], &[json!(who), json!(id)]);
                let wanted = recorded.and_then(|l| l.get(id.to_string())).map(plain_list);
                assert_eq!(lock, wanted.unwrap_or_else(|| vec!["0".into(); 2]), "{}: lock {id} of {who}", self.at);
            }
        }
    }

    fn orchestrators(&mut self, line: &Value) {
        let recorded = object(line, "tr");
        let all: Vec<String> = self.r.actors.iter().filter(|a| a.starts_with('o')).cloned().collect();
        for who in all.iter().chain(recorded.keys().filter(|k| !k.starts_with('o'))) {
            let (arg, this, next) = (json!(who), json!(self.round), json!(self.round + 1));
            let t = self.view(&["BM", "getTranscoder"], std::slice::from_ref(&arg));
            let p = self.view(&["BM", "getTranscoderEarningsPoolForRound"], &[arg.clone(), this]);
            let n = self.view(&["BM", "getTranscoderEarningsPoolForRound"], &[arg.clone(), next]);
            let Some(wanted) = recorded.get(who) else {
                let zero = t.iter().chain(&p).chain(&n).all(|v| v == "0");
                assert!(zero, "{}: {who} has a state that was not recorded: {t:?} {p:?} {n:?}", self.at);
                continue;
            };
            assert_eq!(t, plain_list(&wanted["t"]), "{}: orchestrator {who}", self.at);
            assert_eq!(p, plain_list(&wanted["p"]), "{}: pool of {who}", self.at);
            assert_eq!(n[0], plain(&wanted["n"]), "{}: next pool of {who}", self.at);
            for (key, function) in [
                ("act", "isActiveTranscoder"),
                ("reg", "isRegisteredTranscoder"),
                ("st", "transcoderStatus"),
                ("tot", "transcoderTotalStake"),
            ] {
                self.same(function, &wanted[key], &["BM", function], std::slice::from_ref(&arg));
            }
        }
        let mut pool = Vec::new();
        let mut at = self.one(&["BM", "getFirstTranscoderInPool"], &[]);
        while at != "0" {
            pool.push(at.clone());
            at = self.one(&["BM", "getNextTranscoderInPool"], &[json!(at)]);
        }
        assert_eq!(pool, plain_list(&line["pool"]), "{}: order of the pool", self.at);
    }

    fn senders(&mut self, line: &Value) {
        let claimants: Vec<String> = self.r.actors.iter().filter(|a| a.starts_with('o')).cloned().collect();
        for (who, wanted) in object(line, "snd") {
            let info = self.view(&["TB", "getSenderInfo"], &[json!(who)]);
            assert_eq!(info, plain_list(&wanted["i"]), "{}: sender {who}", self.at);
            self.same("isUnlockInProgress", &wanted["u"], &["TB", "isUnlockInProgress"], &[json!(who)]);
            for claimant in &claimants {
                let args = [json!(who), json!(claimant)];
                let got = [self.one(&["TB", "claimableReserve"], &args), self.one(&["TB", "claimedReserve"], &args)];
                let recorded = wanted["c"].get(claimant).map(plain_list);
                let recorded = recorded.unwrap_or_else(|| vec!["0".into(); 2]);
                assert_eq!(got.to_vec(), recorded, "{}: reserve of {who} for {claimant}", self.at);
            }
        }
    }

    fn balances(&mut self, line: &Value) {
        let recorded = object(line, "eth");
        for who in self.r.actors.clone() {
            let got = self.r.chain.balance(self.r.names.address(&who));
            let wanted = recorded.get(&who).map_or(self.r.initial_eth, wei);
            assert_eq!(got, wanted, "{}: ETH of {who}", self.at);
        }
        for code in ["MI", "TB", "BM", "TR"] {
            let got = self.r.chain.balance(self.r.names.address(code));
            assert_eq!(got, recorded.get(code).map_or(U256::ZERO, wei), "{}: ETH of {code}", self.at);
        }
        for (who, wanted) in object(line, "lpt") {
            self.same("LPT.balanceOf", wanted, &["LPT", "balanceOf"], &[json!(who)]);
        }
    }

    fn votes(&mut self, line: &Value) {
        for (round, wanted) in object(line, "bv") {
            for (key, recorded) in wanted.as_object().expect("votes of a round") {
                match key.as_str() {
                    "ts" => self.same("supply", recorded, &["BV", "getPastTotalSupply"], &[json!(round)]),
                    "at" => self.same("active stake", recorded, &["BV", "getTotalActiveStakeAt"], &[json!(round)]),
                    who => {
                        let args = [json!(who), json!(round)];
                        self.same("votes", &recorded[0], &["BV", "getPastVotes"], &args);
                        self.same("delegate", &recorded[1], &["BV", "delegatedAt"], &args);
                    }
                }
            }
        }
        for (who, recorded) in object(line, "bvnow") {
            let args = [json!(who)];
            self.same("votes", &recorded[0], &["BV", "getVotes"], &args);
            self.same("checkpoint", &recorded[1], &["BV", "hasCheckpoint"], &args);
            self.same("delegate", &recorded[2], &["BV", "delegates"], &args);
        }
    }
}
