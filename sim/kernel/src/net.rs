//! Links between actors: latency, jitter, loss, bandwidth, partitions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_types::{Entropy, Instant, Millis};

use crate::dist;
use crate::fault::kind::End;
use crate::fault::plan::FaultPlan;
use crate::queue::ActorId;

/// First wait before a lost packet is sent again; each further one is twice as long.
const RETRANSMIT: Millis = Millis(200);
/// Losses in a row after which a connection is given up.
const GIVE_UP: u32 = 6;

/// Two regions that cannot reach each other for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// From when.
    pub from: Instant,
    /// Until when.
    pub until: Instant,
    /// One region's index.
    pub a: usize,
    /// The other's.
    pub b: usize,
}

/// Regions and what lies between them. All tables are by region index, one-way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Names of the regions.
    pub regions: Vec<String>,
    /// Median one-way latency from one region to another.
    pub latency: Vec<Vec<Millis>>,
    /// Standard deviation of the logarithm of latency.
    pub jitter_sigma: f64,
    /// Chance that a message loses a packet on its way.
    pub loss: Vec<Vec<f64>>,
    /// Regions cut off from each other.
    #[serde(default)]
    pub partitions: Vec<Partition>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    region: usize,
    up: u64,
    down: u64,
    /// When its uplink has sent what it was given.
    busy_until: Instant,
}

impl Place {
    const fn end(&self, actor: ActorId) -> End {
        End { actor, region: self.region }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It arrives.
    Delivered {
        /// When.
        at: Instant,
    },
    /// It does not arrive.
    Lost(Loss),
}

/// Why a message does not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The regions are cut off from each other.
    Partition,
    /// Its packets were lost again and again.
    Packets,
    /// One end is not on the network.
    Unplaced,
}

/// The network of a run.
#[derive(Debug, Clone)]
pub struct Network {
    config: NetworkConfig,
    places: BTreeMap<ActorId, Place>,
    faults: FaultPlan,
}

impl Network {
    /// A network without actors, on which nothing goes wrong but what the configuration says.
    #[must_use]
    pub fn new(config: NetworkConfig) -> Self {
        Self { config, places: BTreeMap::new(), faults: FaultPlan::default() }
    }

    /// Let faults happen: their loss, latency, partitions and clogs come on top of the configuration.
    pub fn set_faults(&mut self, faults: FaultPlan) {
        self.faults = faults;
    }

    /// The faults, those included that are no matter of links.
    #[must_use]
    pub const fn faults(&self) -> &FaultPlan {
        &self.faults
    }

    /// Put an actor into a region with a link of so many bits per second, up and down.
    pub fn place(&mut self, actor: ActorId, region: usize, up: u64, down: u64) {
        self.places.insert(actor, Place { region, up: up.max(1), down: down.max(1), busy_until: Instant::ZERO });
    }

    /// Region of an actor.
    #[must_use]
    pub fn region(&self, actor: ActorId) -> Option<usize> {
        self.places.get(&actor).map(|p| p.region)
    }

    /// Send a message of so many bytes.
    ///
    /// Messages of an actor share its uplink one after another. A lost packet delays the message
    /// by the time after which it is sent again, as TCP does it.
    pub fn send(&mut self, from: ActorId, to: ActorId, bytes: u64, now: Instant, rng: &mut Entropy) -> Delivery {
        let (Some(a), Some(b)) = (self.places.get(&from).copied(), self.places.get(&to).copied()) else {
            return Delivery::Lost(Loss::Unplaced);
        };
        let (ends, faults) = ((a.end(from), b.end(to)), &self.faults);
        if self.cut(a.region, b.region, now) || faults.cut(ends.0, ends.1, now) {
            return Delivery::Lost(Loss::Partition);
        }
        let (more, slower) = (faults.loss(ends.0, ends.1, now), faults.latency(ends.0, ends.1, now));
        let clogged = faults.clogged_until(ends.0, ends.1, now);
        let begin = a.busy_until.max(now);
        let sent = begin + transmission(bytes, a.up);
        if let Some(p) = self.places.get_mut(&from) {
            p.busy_until = sent;
        }
        let median = lookup(&self.config.latency, a.region, b.region).unwrap_or_default();
        let travel = dist::lognormal(rng, median.0 as f64 * 1000.0, self.config.jitter_sigma);
        let travel = travel * slower.factor + slower.add.0 as f64 * 1000.0;
        let chance = lookup(&self.config.loss, a.region, b.region).unwrap_or_default();
        let chance = chance + more - chance * more;
        let mut wait = Millis(0);
        let mut losses = 0;
        while rng.unit() < chance {
            wait = Millis(wait.0.saturating_add(RETRANSMIT.0 << losses));
            losses += 1;
            if losses > GIVE_UP {
                return Delivery::Lost(Loss::Packets);
            }
        }
        // The receiver's link takes the bytes while they come in; only a slower one adds time.
        let rest = transmission(bytes, b.down).0.saturating_sub(transmission(bytes, a.up).0);
        // What a clogged link was given leaves it when it is free again.
        let at = sent.max(clogged.unwrap_or_default()) + wait + Millis(rest);
        Delivery::Delivered { at: Instant(at.0.saturating_add(travel as u64)) }
    }

    /// Time that a message of so many bytes takes when nothing comes in between: no jitter, no loss, no queue.
    #[must_use]
    pub fn median(&self, from: ActorId, to: ActorId, bytes: u64) -> Millis {
        let (Some(a), Some(b)) = (self.places.get(&from), self.places.get(&to)) else { return Millis(0) };
        let travel = lookup(&self.config.latency, a.region, b.region).unwrap_or_default();
        Millis(travel.0.saturating_add(transmission(bytes, a.up.min(b.down)).0))
    }

    fn cut(&self, a: usize, b: usize, now: Instant) -> bool {
        self.config.partitions.iter().any(|p| {
            let pair = (p.a == a && p.b == b) || (p.a == b && p.b == a);
            pair && p.from <= now && now < p.until
        })
    }
}

fn lookup<T: Copy>(table: &[Vec<T>], a: usize, b: usize) -> Option<T> {
    table.get(a)?.get(b).copied()
}

/// Time that bytes take on a link, rounded up to a millisecond.
fn transmission(bytes: u64, bits_per_second: u64) -> Millis {
    Millis(bytes.saturating_mul(8_000).div_ceil(bits_per_second))
}
