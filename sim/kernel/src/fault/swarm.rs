//! Plans drawn from a seed.
//!
//! Faults of one kind hide what those of another would find. So each kind is switched off altogether
//! in a share of all runs, and runs differ in what can go wrong, not only in when it does. After
//! `heal_at` nothing goes wrong any more: then a run must come right again by itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_types::{Entropy, Instant, Millis};

use crate::fault::FaultError;
use crate::fault::kind::{Fault, FaultKind, Links, Manner, Outage, Side};
use crate::fault::plan::FaultPlan;
use crate::fault::window::Window;
use crate::queue::ActorId;
use crate::streams::Streams;

/// Chance that a fault of links leaves the way back untouched.
const ONE_WAY: f64 = 0.25;
/// Chance that a fault of links is one of regions, where there are several.
const REGIONAL: f64 = 0.5;
/// Latency is longer by up to so many milliseconds for each time that it is multiplied by.
const ADD_MS: f64 = 20.0;

/// How faults of a kind are drawn. Ranges hold both their ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Chance that there are any in a run.
    pub enabled: f64,
    /// How many.
    pub windows: (u64, u64),
    /// How long each lasts, in seconds.
    pub seconds: (f64, f64),
    /// How bad it is: the share of a loss; the factor of latency, disks and gas; the depth of a
    /// reorganisation; seconds of a skew, which may go either way, and of a service's lag. Others have none.
    #[serde(default)]
    pub strength: (f64, f64),
    /// How many actors it hits.
    #[serde(default = "one")]
    pub actors: (u64, u64),
}

const fn one() -> (u64, u64) {
    (1, 1)
}

impl Rule {
    fn check(&self, kind: FaultKind) -> Result<(), FaultError> {
        let range = |what, range, value, good: bool| {
            if good { Ok(()) } else { Err(FaultError::Range { kind, what, range, value }) }
        };
        range("enabled", "between 0 and 1", self.enabled, (0.0..=1.0).contains(&self.enabled))?;
        let (least, most) = self.windows;
        range("windows", "two numbers, the smaller one first", least as f64, least <= most)?;
        let (least, most) = self.actors;
        range("actors", "two numbers from 1 up, the smaller one first", least as f64, 0 < least && least <= most)?;
        let ordered = |(least, most): (f64, f64)| least <= most && least >= 0.0 && most.is_finite();
        let spans = "two numbers above 0, the smaller one first";
        range("seconds", spans, self.seconds.0, ordered(self.seconds) && self.seconds.0 > 0.0)?;
        let (least, most) = self.strength;
        let fits = ordered(self.strength) && (kind != FaultKind::Loss || most <= 1.0);
        range("strength", "two numbers from 0 up (of loss up to 1), the smaller one first", least, fits)
    }
}

/// Rules by kind; a kind without one never goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SwarmConfig(pub BTreeMap<FaultKind, Rule>);

impl Default for SwarmConfig {
    /// Every kind in half of all runs, a few times each, as bad as networks have seen.
    fn default() -> Self {
        let rule = |windows, seconds, strength, actors| Rule { enabled: 0.5, windows, seconds, strength, actors };
        let of = |kind| match kind {
            FaultKind::Loss => rule((1, 6), (5.0, 300.0), (0.02, 0.4), (1, 4)),
            FaultKind::Latency => rule((1, 6), (5.0, 300.0), (1.5, 10.0), (1, 4)),
            FaultKind::Partition => rule((1, 3), (5.0, 120.0), (0.0, 0.0), (1, 4)),
            FaultKind::Clog => rule((1, 3), (10.0, 120.0), (0.0, 0.0), (2, 8)),
            FaultKind::Crash => rule((1, 5), (2.0, 180.0), (0.0, 0.0), (1, 2)),
            FaultKind::SlowDisk => rule((1, 3), (30.0, 300.0), (5.0, 200.0), (1, 3)),
            FaultKind::ClockSkew => rule((1, 3), (60.0, 1_800.0), (0.1, 30.0), (1, 4)),
            FaultKind::Unreachable => rule((1, 5), (5.0, 300.0), (1.0, 60.0), (1, 4)),
            FaultKind::Reorg => rule((1, 4), (1.0, 1.0), (1.0, 12.0), (1, 1)),
            FaultKind::SequencerStop => rule((1, 2), (10.0, 600.0), (0.0, 0.0), (1, 1)),
            FaultKind::GasSpike => rule((1, 4), (30.0, 1_200.0), (2.0, 100.0), (1, 1)),
            FaultKind::DeviceLoss => rule((1, 3), (10.0, 300.0), (0.0, 0.0), (1, 2)),
            FaultKind::BadPeer => rule((1, 2), (30.0, 600.0), (0.0, 0.0), (1, 2)),
        };
        Self(FaultKind::ALL.into_iter().map(|kind| (kind, of(kind))).collect())
    }
}

/// Who can be hit, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// From when on things go wrong.
    pub from: Instant,
    /// From when on nothing does.
    pub heal_at: Instant,
    /// How many regions there are.
    pub regions: usize,
    /// Actors that can be hit.
    pub actors: Vec<ActorId>,
    /// Those of a kind, where they are others: not everybody has a device.
    pub by_kind: BTreeMap<FaultKind, Vec<ActorId>>,
    /// Services that can fail.
    pub services: Vec<String>,
}

impl Stage {
    fn actors(&self, kind: FaultKind) -> &[ActorId] {
        self.by_kind.get(&kind).unwrap_or(&self.actors)
    }
}

impl SwarmConfig {
    /// Draws the plan of a run. Each kind has streams of its own: a rule that is changed shifts the
    /// faults of no other kind.
    ///
    /// # Errors
    /// What is wrong with a rule.
    pub fn draw(&self, streams: &Streams, stage: &Stage) -> Result<FaultPlan, FaultError> {
        let mut windows = Vec::new();
        for (kind, rule) in &self.0 {
            rule.check(*kind)?;
            let mut rng = streams.stream(kind.name(), "faults");
            if rng.unit() >= rule.enabled || stage.from >= stage.heal_at {
                continue;
            }
            for _ in 0..whole(&mut rng, rule.windows) {
                draw_one(&mut rng, *kind, rule, stage, &mut windows);
            }
        }
        FaultPlan::new(windows)
    }
}

fn draw_one(rng: &mut Entropy, kind: FaultKind, rule: &Rule, stage: &Stage, out: &mut Vec<Window>) {
    let (from, until) = span(rng, rule, stage);
    if kind == FaultKind::Clog {
        swizzle(rng, rule, stage, (from, until), out);
    } else if let Some(fault) = fault(rng, kind, rule, stage) {
        out.push(Window { from, until, fault });
    }
}

/// Begin and end: within the hostile phase as a whole, and as long as drawn where it has room for that.
fn span(rng: &mut Entropy, rule: &Rule, stage: &Stage) -> (Instant, Instant) {
    let room = stage.heal_at.0 - stage.from.0;
    let length = ((between(rng, rule.seconds) * 1e6) as u64).clamp(1, room);
    let from = stage.from.0 + rng.below(room - length + 1);
    (Instant(from), Instant(from + length))
}

/// Some actors are stopped one by one, and released in another order.
fn swizzle(rng: &mut Entropy, rule: &Rule, stage: &Stage, (from, until): (Instant, Instant), out: &mut Vec<Window>) {
    let chosen = some(rng, stage.actors(FaultKind::Clog), rule.actors);
    let third = (until.0 - from.0) / 3;
    let at = |rng: &mut Entropy, begin: u64| Instant(begin + rng.below(third.max(1)));
    for actor in chosen {
        let (stop, release) = (at(rng, from.0), at(rng, until.0 - third));
        let links = Links { from: Side::actors(vec![actor]), to: Side::all(), one_way: false };
        let until = release.max(Instant(stop.0 + 1));
        out.push(Window { from: stop, until, fault: Fault::Clog { links } });
    }
}

/// A fault of a kind; none where there is nobody whom it could hit.
fn fault(rng: &mut Entropy, kind: FaultKind, rule: &Rule, stage: &Stage) -> Option<Fault> {
    let actors = some(rng, stage.actors(kind), rule.actors);
    let strength = between(rng, rule.strength);
    let ms = (strength * 1e3).round();
    let fault = match kind {
        FaultKind::Loss => Fault::Loss { links: links(rng, actors, stage)?, share: strength },
        FaultKind::Latency => {
            let add_ms = Millis((rng.unit() * ADD_MS * strength).round() as u64);
            Fault::Latency { links: links(rng, actors, stage)?, factor: strength, add_ms }
        }
        FaultKind::Partition => Fault::Partition { links: links(rng, actors, stage)? },
        FaultKind::Clog => return None,
        FaultKind::Reorg => Fault::Reorg { depth: (strength.round() as u64).max(1) },
        FaultKind::SequencerStop => Fault::SequencerStop,
        FaultKind::GasSpike => Fault::GasSpike { factor: strength },
        _ if actors.is_empty() => return None,
        FaultKind::Crash => Fault::Crash { actors },
        FaultKind::SlowDisk => Fault::SlowDisk { actors, factor: strength },
        FaultKind::ClockSkew => {
            let offset_ms = if rng.unit() < 0.5 { ms as i64 } else { -(ms as i64) };
            Fault::ClockSkew { actors, offset_ms }
        }
        FaultKind::Unreachable => {
            let service = stage.services.get(pick(rng, stage.services.len()))?.clone();
            let how = if rng.unit() < 0.5 { Outage::Error } else { Outage::LagMs(Millis(ms as u64)) };
            Fault::Unreachable { actors, service, how }
        }
        FaultKind::DeviceLoss => Fault::DeviceLoss { actors },
        FaultKind::BadPeer => {
            let manner = if rng.unit() < 0.5 { Manner::Silent } else { Manner::Garbage };
            Fault::BadPeer { actors, manner }
        }
    };
    Some(fault)
}

/// Links between two regions, or between some actors and everybody.
fn links(rng: &mut Entropy, actors: Vec<ActorId>, stage: &Stage) -> Option<Links> {
    let (regional, one_way) = (rng.unit() < REGIONAL, rng.unit() < ONE_WAY);
    let (from, to) = if stage.regions > 1 && (regional || actors.is_empty()) {
        let a = pick(rng, stage.regions);
        let b = (a + 1 + pick(rng, stage.regions - 1)) % stage.regions;
        (Side::regions(vec![a]), Side::regions(vec![b]))
    } else if actors.is_empty() {
        return None;
    } else if one_way && rng.unit() < 0.5 {
        // The way to them, rather than the way from them.
        (Side::all(), Side::actors(actors))
    } else {
        (Side::actors(actors), Side::all())
    };
    Some(Links { from, to, one_way })
}

/// Different actors, in the order of their numbers.
fn some(rng: &mut Entropy, actors: &[ActorId], how_many: (u64, u64)) -> Vec<ActorId> {
    let mut left = actors.to_vec();
    let n = whole(rng, how_many).min(left.len() as u64);
    let mut chosen: Vec<ActorId> = (0..n).map(|_| left.swap_remove(pick(rng, left.len()))).collect();
    chosen.sort_unstable();
    chosen
}

fn pick(rng: &mut Entropy, n: usize) -> usize {
    rng.below(n as u64) as usize
}

fn whole(rng: &mut Entropy, (least, most): (u64, u64)) -> u64 {
    least + rng.below((most - least).saturating_add(1))
}

fn between(rng: &mut Entropy, (least, most): (f64, f64)) -> f64 {
    least + rng.unit() * (most - least)
}
