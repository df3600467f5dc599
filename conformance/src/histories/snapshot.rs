//! Compares a recorded snapshot of all views with ours.

use serde_json::{Value, json};

use super::names::{Check, entries, number, object, parse, plain, plain_list, reason};
use super::replay::{Replay, same};

struct Snapshot<'a> {
    r: &'a Replay,
    round: u64,
    differences: Vec<String>,
}

/// All differences of a snapshot.
pub(super) fn compare(r: &Replay, line: &Value) -> Check<Vec<String>> {
    let mut s = Snapshot { r, round: number(line, "r")?, differences: Vec::new() };
    s.same("RM.currentRound", &line["r"], ["RM", "currentRound"], &[])?;
    s.system(line)?;
    s.delegators(line)?;
    s.orchestrators(line)?;
    s.senders(line)?;
    s.balances(line)?;
    s.votes(line)?;
    s.governance(line)?;
    Ok(s.differences)
}

impl Snapshot<'_> {
    /// Results, joined; a revert is its reason behind an exclamation mark, as recorded.
    fn one(&self, [contract, function]: [&str; 2], args: &[Value]) -> Check<String> {
        Ok(match self.r.view(contract, function, args)? {
            Ok(values) => values.join(","),
            Err(data) => format!("!{}", reason(&data)),
        })
    }

    fn many(&self, [contract, function]: [&str; 2], args: &[Value]) -> Check<Vec<String>> {
        let got = self.r.view(contract, function, args)?;
        got.map_err(|data| format!("{contract}.{function}{args:?} fails with {:?}", reason(&data)))
    }

    fn note(&mut self, what: &str, ours: &[String], recorded: &[String]) {
        self.differences.extend(same(what, &ours, &recorded));
    }

    fn same(&mut self, what: &str, recorded: &Value, path: [&str; 2], args: &[Value]) -> Check {
        let ours = self.one(path, args)?;
        let args = if args.is_empty() { String::new() } else { format!("{args:?}") };
        // Custom errors are compared without regard to case.
        let (ours, recorded) = match plain(recorded) {
            r if r.starts_with('!') => (ours.to_lowercase(), r.to_lowercase()),
            r => (ours, r),
        };
        self.note(&format!("{what}{args}"), &[ours], &[recorded]);
        Ok(())
    }

    fn system(&mut self, line: &Value) -> Check {
        for (key, recorded) in object(line, "sys")? {
            let (contract, function) = key.split_once('.').ok_or_else(|| format!("{key} names no function"))?;
            let args = if function == "blockHashForRound" { vec![json!(self.round)] } else { Vec::new() };
            self.same(key, recorded, [contract, function], &args)?;
        }
        Ok(())
    }

    fn delegators(&mut self, line: &Value) -> Check {
        for (who, recorded) in object(line, "del")? {
            let (arg, round) = (json!(who), json!(self.round));
            let mut ours = self.many(["BM", "getDelegator"], std::slice::from_ref(&arg))?;
            let locks: u64 = parse(&json!(ours.get(6)))?;
            for path in [["BM", "pendingStake"], ["BM", "pendingFees"]] {
                ours.extend(self.many(path, &[arg.clone(), round.clone()])?);
            }
            for path in [["BM", "delegatorStatus"], ["LPT", "balanceOf"]] {
                ours.extend(self.many(path, std::slice::from_ref(&arg))?);
            }
            self.note(&format!("delegator {who}"), &ours, &plain_list(recorded));

            for id in 0..locks {
                let ours = self.many(["BM", "getDelegatorUnbondingLock"], &[arg.clone(), json!(id)])?;
                let recorded = line["locks"].get(who).and_then(|l| l.get(id.to_string())).map(plain_list);
                self.note(&format!("lock {id} of {who}"), &ours, &recorded.unwrap_or_else(|| vec!["0".into(); 2]));
            }
        }
        Ok(())
    }

    fn orchestrators(&mut self, line: &Value) -> Check {
        let recorded = object(line, "tr")?;
        let all: Vec<&String> = self.r.actors.iter().filter(|a| a.starts_with('o')).collect();
        for who in all.into_iter().chain(recorded.keys().filter(|k| !k.starts_with('o'))) {
            let (arg, this, next) = (json!(who), json!(self.round), json!(self.round + 1));
            let t = self.many(["BM", "getTranscoder"], std::slice::from_ref(&arg))?;
            let p = self.many(["BM", "getTranscoderEarningsPoolForRound"], &[arg.clone(), this])?;
            let n = self.many(["BM", "getTranscoderEarningsPoolForRound"], &[arg.clone(), next])?;
            let Some(recorded) = recorded.get(who) else {
                if t.iter().chain(&p).chain(&n).any(|v| v != "0") {
                    self.differences.push(format!("{who} has a state, recorded is none: {t:?} {p:?} {n:?}"));
                }
                continue;
            };
            self.note(&format!("orchestrator {who}"), &t, &plain_list(&recorded["t"]));
            self.note(&format!("pool of {who}"), &p, &plain_list(&recorded["p"]));
            self.note(&format!("next pool of {who}"), &n[..1], &[plain(&recorded["n"])]);
            for (key, function) in [
                ("act", "isActiveTranscoder"),
                ("reg", "isRegisteredTranscoder"),
                ("st", "transcoderStatus"),
                ("tot", "transcoderTotalStake"),
            ] {
                self.same(function, &recorded[key], ["BM", function], std::slice::from_ref(&arg))?;
            }
        }
        let mut pool = Vec::new();
        let mut at = self.one(["BM", "getFirstTranscoderInPool"], &[])?;
        while at != "0" {
            pool.push(at.clone());
            at = self.one(["BM", "getNextTranscoderInPool"], &[json!(at)])?;
        }
        self.note("order of the pool", &pool, &plain_list(&line["pool"]));
        Ok(())
    }

    fn senders(&mut self, line: &Value) -> Check {
        for (who, recorded) in object(line, "snd")? {
            let info = self.many(["TB", "getSenderInfo"], &[json!(who)])?;
            self.note(&format!("sender {who}"), &info, &plain_list(&recorded["i"]));
            self.same("isUnlockInProgress", &recorded["u"], ["TB", "isUnlockInProgress"], &[json!(who)])?;
            for claimant in self.r.actors.iter().filter(|a| a.starts_with('o')) {
                let args = [json!(who), json!(claimant)];
                let ours = [self.one(["TB", "claimableReserve"], &args)?, self.one(["TB", "claimedReserve"], &args)?];
                let recorded = recorded["c"].get(claimant).map(plain_list);
                let recorded = recorded.unwrap_or_else(|| vec!["0".into(); 2]);
                self.note(&format!("reserve of {who} for {claimant}"), &ours, &recorded);
            }
        }
        Ok(())
    }

    fn balances(&mut self, line: &Value) -> Check {
        let recorded = object(line, "eth")?;
        let initial = self.r.initial_eth;
        let contracts = recorded.keys().filter(|who| !self.r.actors.contains(who));
        for who in self.r.actors.iter().chain(contracts) {
            // Only balances that changed are recorded.
            let wei = recorded.get(who).map_or(Ok(initial), parse)?;
            let ours = self.r.balance(who)?;
            self.differences.extend(same(&format!("ETH of {who}"), &ours, &wei));
        }
        for (who, recorded) in object(line, "lpt")? {
            self.same("LPT.balanceOf", recorded, ["LPT", "balanceOf"], &[json!(who)])?;
        }
        Ok(())
    }

    fn votes(&mut self, line: &Value) -> Check {
        for (round, _) in entries(line, "bv")? {
            for (key, recorded) in object(&line["bv"], round)? {
                let at = json!(round);
                match key.as_str() {
                    "ts" => self.same("supply", recorded, ["BV", "getPastTotalSupply"], &[at])?,
                    "at" => self.same("active stake", recorded, ["BV", "getTotalActiveStakeAt"], &[at])?,
                    who => {
                        let args = [json!(who), at];
                        self.same("past votes", &recorded[0], ["BV", "getPastVotes"], &args)?;
                        self.same("past delegate", &recorded[1], ["BV", "delegatedAt"], &args)?;
                    }
                }
            }
        }
        for (who, recorded) in entries(line, "bvnow")? {
            let args = [json!(who)];
            for (i, function) in ["getVotes", "hasCheckpoint", "delegates"].into_iter().enumerate() {
                self.same(function, &recorded[i], ["BV", function], &args)?;
            }
        }
        Ok(())
    }

    fn governance(&mut self, line: &Value) -> Check {
        for (id, recorded) in entries(line, "prop")? {
            let arg = [json!(id)];
            let mut ours = vec![self.one(["LG", "state"], &arg)?];
            ours.extend(self.many(["LG", "proposalVotes"], &arg)?);
            for function in ["proposalSnapshot", "proposalDeadline", "proposalEta", "proposalProposer"] {
                ours.push(self.one(["LG", function], &arg)?);
            }
            self.note(&format!("proposal {id}"), &ours, &plain_list(recorded));
        }
        for (key, recorded) in entries(line, "gov")? {
            let (contract, args) = match key.as_str() {
                "getMinDelay" => ("TR", Vec::new()),
                "quorum" => ("LG", vec![json!(self.round.saturating_sub(1))]),
                _ => ("LG", Vec::new()),
            };
            self.same(key, recorded, [contract, key], &args)?;
        }
        Ok(())
    }
}
