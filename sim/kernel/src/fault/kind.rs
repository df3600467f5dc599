//! The faults there are.

use std::fmt;

use serde::{Deserialize, Serialize};
use weir_types::Millis;

use crate::queue::ActorId;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// Links lose more packets.
    Loss,
    /// Links are slower.
    Latency,
    /// Links carry nothing; what is sent meanwhile is gone.
    Partition,
    /// Links carry nothing; what is sent meanwhile arrives when they do again.
    Clog,
    /// Actors are dead and start again at the end.
    Crash,
    /// Actors take longer to store things.
    SlowDisk,
    /// Clocks of actors are wrong.
    ClockSkew,
    /// Services that actors call fail or answer with what was true earlier.
    Unreachable,
    /// The chain's newest blocks are replaced.
    Reorg,
    /// No blocks are made.
    SequencerStop,
    /// Gas costs more.
    GasSpike,
    /// Devices of actors are gone.
    DeviceLoss,
    /// Actors do not answer, or answer nonsense.
    BadPeer,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Loss,
        Self::Latency,
        Self::Partition,
        Self::Clog,
        Self::Crash,
        Self::SlowDisk,
        Self::ClockSkew,
        Self::Unreachable,
        Self::Reorg,
        Self::SequencerStop,
        Self::GasSpike,
        Self::DeviceLoss,
        Self::BadPeer,
    ];

    /// Name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Latency => "latency",
            Self::Partition => "partition",
            Self::Clog => "clog",
            Self::Crash => "crash",
            Self::SlowDisk => "slow_disk",
            Self::ClockSkew => "clock_skew",
            Self::Unreachable => "unreachable",
            Self::Reorg => "reorg",
            Self::SequencerStop => "sequencer_stop",
            Self::GasSpike => "gas_spike",
            Self::DeviceLoss => "device_loss",
            Self::BadPeer => "bad_peer",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One end of links: actors by name and all actors of regions. Nothing named is everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side<A = ActorId, R = usize> {
    /// Actors.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<A>,
    /// Regions.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<R>,
}

impl<A, R> Side<A, R> {
    /// Everybody.
    #[must_use]
    pub const fn all() -> Self {
        Self { actors: Vec::new(), regions: Vec::new() }
    }

    /// These actors.
    #[must_use]
    pub const fn actors(actors: Vec<A>) -> Self {
        Self { actors, regions: Vec::new() }
    }

    /// These regions.
    #[must_use]
    pub const fn regions(regions: Vec<R>) -> Self {
        Self { actors: Vec::new(), regions }
    }

    /// True when nobody is named.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.actors.is_empty() && self.regions.is_empty()
    }
}

impl<A, R> Default for Side<A, R> {
    fn default() -> Self {
        Self::all()
    }
}

/// Links from one side to another, and back unless it is said otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links<A = ActorId, R = usize> {
    /// One side.
    #[serde(default = "Side::all", skip_serializing_if = "Side::is_all")]
    pub from: Side<A, R>,
    /// The other.
    #[serde(default = "Side::all", skip_serializing_if = "Side::is_all")]
    pub to: Side<A, R>,
    /// Whether the way back is untouched.
    #[serde(default)]
    pub one_way: bool,
}

/// An end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Who.
    pub actor: ActorId,
    /// Index of its region.
    pub region: usize,
}

impl Side {
    fn has(&self, end: End) -> bool {
        self.is_all() || self.actors.contains(&end.actor) || self.regions.contains(&end.region)
    }
}

impl Links {
    /// Whether the link from one end to another is among them. Nobody has a link to itself.
    #[must_use]
    pub fn have(&self, from: End, to: End) -> bool {
        let there = self.from.has(from) && self.to.has(to);
        let back = !self.one_way && self.from.has(to) && self.to.has(from);
        from.actor != to.actor && (there || back)
    }
}

/// How a service fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// Calls end with an error.
    Error,
    /// Answers are as old as this.
    LagMs(Millis),
}

/// How a peer is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// It never answers.
    Silent,
    /// It answers what makes no sense.
    Garbage,
}

/// A fault and whom it hits. Actors of a fault that names none are all actors.
///
/// In files actors and regions go by name, in a run by number: hence the parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[serde(bound(deserialize = "A: Deserialize<'de>, R: Deserialize<'de>"))]
#[non_exhaustive]
pub enum Fault<A = ActorId, R = usize> {
    /// More loss.
    Loss {
        /// Where.
        links: Links<A, R>,
        /// Share of messages that lose a packet, beside those that lose one anyway.
        share: f64,
    },
    /// More latency.
    Latency {
        /// Where.
        links: Links<A, R>,
        /// How many times as long.
        factor: f64,
        /// And so much longer.
        #[serde(default)]
        add_ms: Millis,
    },
    /// Cut off.
    Partition {
        /// Which links.
        links: Links<A, R>,
    },
    /// Held up.
    Clog {
        /// Which links.
        links: Links<A, R>,
    },
    /// Dead until the end of the window.
    Crash {
        /// Who.
        #[serde(default = "Vec::new")]
        actors: Vec<A>,
    },
    /// Slow to store.
    SlowDisk {
        /// Who.
        #[serde(default = "Vec::new")]
        actors: Vec<A>,
        /// How many times as long.
        factor: f64,
    },
    /// A wrong clock.
    ClockSkew {
        /// Who.
        #[serde(default = "Vec::new")]
        actors: Vec<A>,
        /// How much it is ahead; behind where negative.
        offset_ms: i64,
    },
    /// A service that fails.
    Unreachable {
        /// For whom.
        #[serde(default = "Vec::new")]
        actors: Vec<A>,
        /// Which service, as the world calls it.
        service: String,
        /// How.
        how: Outage,
    },
    /// Blocks replaced, at the begin of the window.
    Reorg {
        /// How many.
        depth: u64,
    },
    /// No blocks.
    SequencerStop,
    /// Dear gas.
    GasSpike {
        /// How many times as dear.
        factor: f64,
    },
    /// A device gone.
    DeviceLoss {
        /// Whose.
        #[serde(default = "Vec::new")]
        actors: Vec<A>,
    },
    /// A bad peer.
    BadPeer {
        /// Who.
        #[serde(default = "Vec::new")]
        actors: Vec<A>,
        /// In which way.
        manner: Manner,
    },
}

impl<A, R> Fault<A, R> {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> FaultKind {
        match self {
            Self::Loss { .. } => FaultKind::Loss,
            Self::Latency { .. } => FaultKind::Latency,
            Self::Partition { .. } => FaultKind::Partition,
            Self::Clog { .. } => FaultKind::Clog,
            Self::Crash { .. } => FaultKind::Crash,
            Self::SlowDisk { .. } => FaultKind::SlowDisk,
            Self::ClockSkew { .. } => FaultKind::ClockSkew,
            Self::Unreachable { .. } => FaultKind::Unreachable,
            Self::Reorg { .. } => FaultKind::Reorg,
            Self::SequencerStop => FaultKind::SequencerStop,
            Self::GasSpike { .. } => FaultKind::GasSpike,
            Self::DeviceLoss { .. } => FaultKind::DeviceLoss,
            Self::BadPeer { .. } => FaultKind::BadPeer,
        }
    }

    /// Actors that it names; none where it hits all, or no actors.
    #[must_use]
    pub fn actors(&self) -> &[A] {
        match self {
            Self::Crash { actors }
            | Self::SlowDisk { actors, .. }
            | Self::ClockSkew { actors, .. }
            | Self::Unreachable { actors, .. }
            | Self::DeviceLoss { actors }
            | Self::BadPeer { actors, .. } => actors,
            _ => &[],
        }
    }

    /// Links that it hits, where it hits links.
    #[must_use]
    pub const fn links(&self) -> Option<&Links<A, R>> {
        match self {
            Self::Loss { links, .. }
            | Self::Latency { links, .. }
            | Self::Partition { links }
            | Self::Clog { links } => Some(links),
            _ => None,
        }
    }
}

impl Fault {
    /// Whether it hits an actor itself, rather than its links.
    #[must_use]
    pub fn hits(&self, actor: ActorId) -> bool {
        let personal = matches!(
            self.kind(),
            FaultKind::Crash
                | FaultKind::SlowDisk
                | FaultKind::ClockSkew
                | FaultKind::Unreachable
                | FaultKind::DeviceLoss
                | FaultKind::BadPeer
        );
        let named = self.actors();
        personal && (named.is_empty() || named.contains(&actor))
    }
}
