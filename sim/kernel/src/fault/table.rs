//! A plan in words.

use std::fmt::Write as _;

use crate::fault::kind::{Fault, FaultKind, Links, Manner, Outage, Side};
use crate::fault::plan::FaultPlan;
use crate::queue::ActorId;

/// Actors that are named one by one; of more there is a number.
const NAMED: usize = 4;

/// What the numbers of a plan are called.
pub struct Naming<'a> {
    /// Name of an actor.
    pub actor: &'a dyn Fn(ActorId) -> String,
    /// Name of a region.
    pub region: &'a dyn Fn(usize) -> String,
}

impl FaultPlan {
    /// The plan as a table: a line for each window by begin, and the kinds that never happen.
    #[must_use]
    pub fn table(&self, naming: &Naming<'_>) -> String {
        let mut out = String::new();
        for w in self.windows() {
            let (from, until) = (w.from.as_secs_f64(), w.until.as_secs_f64());
            let (whom, how) = (whom(&w.fault, naming), how(&w.fault));
            let line = format!("{from:>12.3} s {until:>12.3} s  {:15} {whom:32} {how}", w.kind());
            let _ = writeln!(out, "{}", line.trim_end());
        }
        let absent = |kind: &FaultKind| self.windows().iter().all(|w| w.kind() != *kind);
        let never: Vec<&str> = FaultKind::ALL.into_iter().filter(absent).map(FaultKind::name).collect();
        if !never.is_empty() {
            let _ = writeln!(out, "never: {}", never.join(", "));
        }
        out
    }
}

fn whom(fault: &Fault, naming: &Naming<'_>) -> String {
    match (fault.links(), fault.kind()) {
        (Some(links), _) => on(links, naming),
        (None, FaultKind::Reorg | FaultKind::SequencerStop | FaultKind::GasSpike) => "the chain".to_owned(),
        (None, _) => people(fault.actors(), naming),
    }
}

fn on(links: &Links, naming: &Naming<'_>) -> String {
    let arrow = if links.one_way { "->" } else { "<->" };
    format!("{} {arrow} {}", side(&links.from, naming), side(&links.to, naming))
}

fn side(side: &Side, naming: &Naming<'_>) -> String {
    if side.is_all() {
        return "all".to_owned();
    }
    let mut parts: Vec<String> = side.regions.iter().map(|r| (naming.region)(*r)).collect();
    if !side.actors.is_empty() {
        parts.push(people(&side.actors, naming));
    }
    parts.join(", ")
}

fn people(actors: &[ActorId], naming: &Naming<'_>) -> String {
    match actors.len() {
        0 => "all".to_owned(),
        n if n > NAMED => format!("{n} actors"),
        _ => actors.iter().map(|a| (naming.actor)(*a)).collect::<Vec<_>>().join(", "),
    }
}

fn how(fault: &Fault) -> String {
    match fault {
        Fault::Loss { share, .. } => format!("{:.1} % more loss", share * 100.0),
        Fault::Latency { factor, add_ms, .. } => format!("{factor:.1} times as long and {} ms", add_ms.0),
        Fault::SlowDisk { factor, .. } => format!("{factor:.1} times as long"),
        Fault::GasSpike { factor } => format!("{factor:.1} times as dear"),
        Fault::ClockSkew { offset_ms, .. } => format!("{offset_ms:+} ms"),
        Fault::Reorg { depth: 1 } => "1 block".to_owned(),
        Fault::Reorg { depth } => format!("{depth} blocks"),
        Fault::Unreachable { service, how: Outage::Error, .. } => format!("{service} fails"),
        Fault::Unreachable { service, how: Outage::LagMs(lag), .. } => format!("{service} lags by {} ms", lag.0),
        Fault::BadPeer { manner: Manner::Silent, .. } => "silent".to_owned(),
        Fault::BadPeer { manner: Manner::Garbage, .. } => "answers nonsense".to_owned(),
        Fault::Partition { .. }
        | Fault::Clog { .. }
        | Fault::Crash { .. }
        | Fault::SequencerStop
        | Fault::DeviceLoss { .. } => String::new(),
    }
}
