//! Several processes that move together.

use std::collections::BTreeMap;

use weir_kernel::streams::Streams;
use weir_types::Entropy;

use super::kinds::ProcessConfig;
use super::moves::Process;
use crate::error::BehaveError;
use crate::setting::Problem;

/// Processes by name. Each has a stream of randomness of its own: one more or less shifts no other.
#[derive(Debug, Clone)]
pub struct Processes {
    /// Those that are followed stand before those that follow.
    all: Vec<Named>,
}

#[derive(Debug, Clone)]
struct Named {
    name: String,
    leader: Option<usize>,
    process: Box<dyn Process>,
    growth: f64,
    rng: Entropy,
}

/// The first thing wrong with a set of processes.
#[must_use]
pub fn problem(all: &BTreeMap<String, ProcessConfig>) -> Option<Problem> {
    all.iter().find_map(|(name, p)| p.problem().map(|found| found.under(name))).or_else(|| order(all).err())
}

/// Names, the followed before their followers.
fn order(all: &BTreeMap<String, ProcessConfig>) -> Result<Vec<&str>, Problem> {
    let mut done: Vec<&str> = Vec::new();
    while done.len() < all.len() {
        let next = all.iter().find(|(name, p)| {
            !done.contains(&name.as_str()) && p.follows().is_none_or(|leader| done.contains(&leader))
        });
        if let Some((name, _)) = next {
            done.push(name);
            continue;
        }
        let stuck = all.iter().find(|(name, _)| !done.contains(&name.as_str()));
        let (name, leader) = stuck.map_or(("", ""), |(name, p)| (name, p.follows().unwrap_or_default()));
        let known = all.keys().cloned().collect::<Vec<_>>().join(", ");
        let message = if all.contains_key(leader) {
            format!("`{leader}` is followed in a circle")
        } else {
            format!("there is no process `{leader}`")
        };
        return Err(Problem::new(format!("{name}.follows"), message, format!("name another of: {known}")));
    }
    Ok(done)
}

impl Processes {
    /// All processes at their start.
    ///
    /// # Errors
    /// When a parameter makes no sense, or one follows another that is not there.
    pub fn build(all: &BTreeMap<String, ProcessConfig>, streams: &Streams) -> Result<Self, BehaveError> {
        if let Some(found) = problem(all) {
            return Err(found.into());
        }
        let names = order(all)?;
        let named = names.iter().filter_map(|name| {
            let config = all.get(*name)?;
            let leader = config.follows().and_then(|leader| names.iter().position(|n| *n == leader));
            let rng = streams.stream(name, "process");
            Some(Named { name: (*name).to_owned(), leader, process: config.build(), growth: 0.0, rng })
        });
        Ok(Self { all: named.collect() })
    }

    /// Moves all of them on by some days.
    pub fn step(&mut self, days: f64) {
        let mut growths: Vec<f64> = Vec::with_capacity(self.all.len());
        for named in &mut self.all {
            let leader = named.leader.and_then(|at| growths.get(at)).copied().unwrap_or(0.0);
            let before = named.process.value();
            let after = named.process.step(days, leader, &mut named.rng);
            named.growth = if before > 0.0 && after > 0.0 { libm::log(after / before) } else { 0.0 };
            growths.push(named.growth);
        }
    }

    /// The value of a process; none where there is no such process.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.all.iter().find(|n| n.name == name).map(|n| n.process.value())
    }

    /// All values by name.
    #[must_use]
    pub fn values(&self) -> BTreeMap<&str, f64> {
        self.all.iter().map(|n| (n.name.as_str(), n.process.value())).collect()
    }
}
