//! A gateway put together from its ways.

use std::collections::BTreeMap;

use weir_market::strategy::StrategyConfig;
use weir_types::Entropy;

use super::attack::Attack;
use super::demand::{Demand, Users};
use super::funding::Funding;
use super::policy::GatewayPolicy;
use super::view::{Act, Finding, Moment, View};
use crate::draw;
use crate::error::BehaveError;
use crate::script::{Script, ScriptConfig, Scripts};
use crate::setting::{ANY, Limits, NOT_NEGATIVE, Problem, SHARE, Setting, params};

params! {
    /// What a gateway checks, and what follows.
    pub struct Checks {
        /// Share of the segments that it looks at.
        rate: f64 = 0.0 => SHARE,
        /// Days for which it avoids an orchestrator whose work was bad.
        avoid_days: f64 = 1.0 => NOT_NEGATIVE,
        /// Bad segments of an orchestrator from which it leaves it.
        tolerated: u64 = 0 => NOT_NEGATIVE,
        /// Factor on `avoid_days` with each time that it leaves the same orchestrator.
        harder: f64 = 1.0 => NOT_NEGATIVE,
    }
}

params! {
    /// How a gateway behaves.
    pub struct GatewayRules {
        /// What its users want.
        demand: Demand = Demand::default() => ANY,
        /// Its rule of choice among orchestrators, as weir-market names it.
        strategy: StrategyConfig = StrategyConfig::default() => ANY,
        /// How it keeps its deposit and its reserve.
        funding: Funding = Funding::default() => ANY,
        /// What it checks.
        checks: Checks = Checks::default() => ANY,
        /// Whether it plays fair.
        attack: Attack = Attack::default() => ANY,
        /// A script that decides at the start of each round in the place of funding and attack.
        script: Option<ScriptConfig> = None => ANY,
    }
}

impl Setting for StrategyConfig {
    fn form(_: &Limits) -> String {
        "one of `livepeer`, `lowest-price`, `latency-first`, `stake-only`, `uniform`, `sla`, as `{ kind = \"...\" }`"
            .into()
    }
    fn shown(&self) -> String {
        "`livepeer`".to_owned()
    }
    fn problem(&self, _: &Limits) -> Option<Problem> {
        let Self::Sla { weights } = self else { return None };
        let parts = [("success", weights.success), ("latency", weights.latency), ("price", weights.price)];
        let (key, v) = parts.into_iter().find(|(_, v)| !v.is_finite())?;
        Some(Problem::new(format!("weights.{key}"), format!("must be a finite number, found {v}"), "give a number"))
    }
}

impl GatewayRules {
    /// One gateway with its own draws. `rng` is a stream for this alone.
    ///
    /// # Errors
    /// When a parameter makes no sense, or the script is not there.
    pub fn build(&self, scripts: &mut Scripts, rng: &mut Entropy) -> Result<Box<dyn GatewayPolicy>, BehaveError> {
        if let Some(found) = self.problem() {
            return Err(found.into());
        }
        Ok(Box::new(Buyer {
            users: self.demand.build(rng),
            funding: self.funding.clone(),
            checks: self.checks.clone(),
            attack: self.attack.clone(),
            script: self.script.as_ref().map(|s| scripts.thinking(s)).transpose()?,
            records: BTreeMap::new(),
            gone: false,
        }))
    }
}

/// What a gateway keeps about an orchestrator.
#[derive(Debug, Clone, Copy, Default)]
struct Record {
    bad: u64,
    left: i32,
    avoided_until: f64,
}

/// A gateway that goes by rules, or by a script and rules.
#[derive(Debug, Clone)]
struct Buyer {
    users: Users,
    funding: Funding,
    checks: Checks,
    attack: Attack,
    script: Option<Script>,
    records: BTreeMap<u64, Record>,
    gone: bool,
}

impl GatewayPolicy for Buyer {
    fn think(&mut self, view: &View<'_>, rng: &mut Entropy) -> Result<Vec<Act>, BehaveError> {
        if self.gone {
            return Ok(Vec::new());
        }
        let acts = match &mut self.script {
            Some(script) => script.acts::<_, Act>(view, rng)?,
            None => {
                let mut acts = self.attack.think(view);
                if !self.attack.rules_money(view.network.round) {
                    acts.extend(self.funding.think(view));
                }
                acts
            }
        };
        self.gone = acts.contains(&Act::Quit);
        Ok(acts)
    }

    fn streams(&mut self, moment: &Moment, rng: &mut Entropy) -> f64 {
        let streams = self.users.streams(moment, rng);
        if self.gone { 0.0 } else { streams }
    }

    fn looks(&mut self, rng: &mut Entropy) -> bool {
        draw::chance(rng, self.checks.rate)
    }

    fn found(&mut self, finding: &Finding) -> bool {
        if !finding.bad {
            return false;
        }
        let record = self.records.entry(finding.orchestrator).or_default();
        record.bad += 1;
        if record.bad <= self.checks.tolerated {
            return false;
        }
        let days = self.checks.avoid_days * libm::pow(self.checks.harder, f64::from(record.left));
        *record = Record { bad: 0, left: record.left + 1, avoided_until: finding.day + days };
        true
    }

    fn avoids(&self, day: f64, orchestrator: u64) -> bool {
        self.records.get(&orchestrator).is_some_and(|r| day < r.avoided_until)
    }

    fn boxed(&self) -> Box<dyn GatewayPolicy> {
        Box::new(self.clone())
    }
}
