//! What actors do, and the processes around them, as a scenario names it.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use weir_behave::{OracleConfig, OrchestratorRules, PoolConfig, Problem as Wrong, ScriptConfig, Scripts, process};

use super::Scenario;
use super::check::{Problem, problem};

/// Names of processes that mean something to a run.
const PROCESSES: [&str; 5] = ["gas_gwei", "lpt_eth", "eth_usd", "sentiment", BONDING_RATE];
/// The bonding rate that a crowd of holders keeps up.
pub(crate) const BONDING_RATE: &str = "bonding_rate";

/// Orchestrators that behave otherwise than the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrchestratorGroup {
    /// Its name, for tables.
    pub name: String,
    /// How many, drawn at random from those of no earlier group.
    pub count: super::Count,
    /// What they do.
    pub behaviour: OrchestratorRules,
}

/// Where LPT is traded, and who sees at what price.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Market {
    /// The pool into which holders sell.
    pub pool: PoolConfig,
    /// How prices reach actors.
    pub oracle: OracleConfig,
}

impl Scenario {
    /// Whether actors follow behaviours, or numbers around them move.
    #[must_use]
    pub fn has_minds(&self) -> bool {
        let o = &self.orchestrators;
        let any = o.behaviour.is_some() || !o.groups.is_empty() || self.delegators.behaviour.is_some();
        any || !self.processes.is_empty() || self.market.is_some()
    }

    /// Share of all LPT that is bonded at the start, where a crowd of holders sees to it.
    #[must_use]
    pub fn crowd_starts_at(&self) -> Option<f64> {
        self.processes.get(BONDING_RATE).map(|p| p.build().value())
    }

    fn script_configs(&self) -> Vec<(String, &ScriptConfig)> {
        let o = &self.orchestrators;
        let all = o.behaviour.iter().map(|b| ("orchestrators.behaviour".to_owned(), &b.script));
        let groups = o.groups.iter().enumerate();
        let groups = groups.map(|(i, g)| (format!("orchestrators.groups.{i}.behaviour"), &g.behaviour.script));
        let delegators = self.delegators.behaviour.iter().map(|b| ("delegators.behaviour".to_owned(), &b.script));
        all.chain(groups).chain(delegators).filter_map(|(key, s)| Some((key, s.as_ref()?))).collect()
    }

    /// Reads the scripts that behaviours name, from beside the scenario: with them the scenario is whole.
    pub(super) fn read_scripts(&mut self) -> Option<Problem> {
        let named: BTreeSet<(String, String)> =
            self.script_configs().into_iter().map(|(key, s)| (key, s.file.clone())).collect();
        for (key, file) in named {
            if self.scripts.contains_key(&file) {
                continue;
            }
            let path = self.base.join(Path::new(&file));
            match std::fs::read_to_string(&path) {
                Ok(text) => self.scripts.insert(file, text),
                Err(e) => {
                    return Some(problem(
                        format!("{key}.script.file"),
                        format!("cannot read {}: {e}", path.display()),
                        "give a path relative to the scenario's folder",
                    ));
                }
            };
        }
        None
    }

    /// The scripts, ready to be asked.
    ///
    /// # Errors
    /// The first that is no script.
    pub(crate) fn programs(&self) -> Result<Scripts, weir_behave::BehaveError> {
        let mut scripts = Scripts::new();
        for (name, text) in &self.scripts {
            scripts.add(name, text)?;
        }
        Ok(scripts)
    }
}

/// The first thing wrong with behaviours and processes.
pub(super) fn check(s: &Scenario) -> Option<Problem> {
    rules(s).or_else(|| groups(s)).or_else(|| processes(s)).or_else(|| scripts(s))
}

fn from(found: Wrong) -> Problem {
    Problem { key: found.key, message: found.message, help: found.help }
}

fn rules(s: &Scenario) -> Option<Problem> {
    let o = &s.orchestrators;
    let all = o.behaviour.as_ref().and_then(|b| Some(b.problem()?.under("orchestrators.behaviour")));
    let of_groups = o.groups.iter().enumerate();
    let groups = of_groups
        .filter_map(|(i, g)| Some(g.behaviour.problem()?.under(&format!("orchestrators.groups.{i}.behaviour"))));
    let delegators = s.delegators.behaviour.as_ref().and_then(|b| Some(b.problem()?.under("delegators.behaviour")));
    let market = s.market.as_ref().and_then(|m| {
        let pool = m.pool.problem().map(|p| p.under("market.pool"));
        pool.or_else(|| m.oracle.problem().map(|p| p.under("market.oracle")))
    });
    all.into_iter().chain(groups).chain(delegators).chain(market).next().map(from)
}

fn groups(s: &Scenario) -> Option<Problem> {
    let o = &s.orchestrators;
    let mut names = BTreeSet::new();
    for (i, g) in o.groups.iter().enumerate() {
        if !names.insert(&g.name) {
            let key = format!("orchestrators.groups.{i}.name");
            return Some(problem(key, format!("`{}` is given twice", g.name), "name each group once"));
        }
    }
    let taken: u64 = o.groups.iter().map(|g| u64::from(g.count.0)).sum();
    (taken > u64::from(o.count.0)).then(|| {
        let message = format!("groups have {taken} orchestrators, and there are {}", o.count.0);
        problem("orchestrators.groups", message, "lower their counts, or raise orchestrators.count")
    })
}

fn processes(s: &Scenario) -> Option<Problem> {
    if let Some(name) = s.processes.keys().find(|n| !PROCESSES.contains(&n.as_str())) {
        return Some(problem(
            format!("processes.{name}"),
            format!("`{name}` is no number that a run knows"),
            format!("known: {}", PROCESSES.join(", ")),
        ));
    }
    if s.crowd_starts_at().is_some_and(|rate| !(0.0..1.0).contains(&rate)) {
        return Some(problem(
            "processes.bonding_rate",
            "a bonding rate lies between 0 and 1",
            "use a process that stays there, such as `quantile_walk`",
        ));
    }
    process::problem(&s.processes).map(|p| from(p.under("processes")))
}

/// Whether scripts can be read, and have the functions that they are asked for.
fn scripts(s: &Scenario) -> Option<Problem> {
    for (key, config) in s.script_configs() {
        let mut one = Scripts::new();
        let text = s.scripts.get(&config.file)?;
        if let Err(e) = one.add(&config.file, text).and_then(|()| one.thinking(config).map(|_| ())) {
            let text = e.to_string();
            let (message, help) = text.split_once("\nhelp: ").unwrap_or((&text, "correct the script"));
            return Some(problem(format!("{key}.script.file"), message, help));
        }
    }
    None
}
