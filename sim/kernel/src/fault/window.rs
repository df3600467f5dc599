//! A fault with its time, and from names to numbers.

use serde::{Deserialize, Serialize};
use weir_types::Instant;

use crate::fault::FaultError;
use crate::fault::kind::{Fault, FaultKind, Links, Side};
use crate::queue::ActorId;

/// A fault for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "A: Deserialize<'de>, R: Deserialize<'de>"))]
pub struct Window<A = ActorId, R = usize> {
    /// From when.
    #[serde(rename = "from_seconds", with = "seconds")]
    pub from: Instant,
    /// Until when; no longer at that instant.
    #[serde(rename = "until_seconds", with = "seconds")]
    pub until: Instant,
    /// What.
    #[serde(flatten)]
    pub fault: Fault<A, R>,
}

impl<A, R> Window<A, R> {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> FaultKind {
        self.fault.kind()
    }

    /// Whether it is open.
    #[must_use]
    pub fn open(&self, now: Instant) -> bool {
        self.from <= now && now < self.until
    }

    /// The same, so many microseconds later: files count from a run's begin, a run from its own zero.
    #[must_use]
    pub const fn later(mut self, by: Instant) -> Self {
        self.from = Instant(self.from.0.saturating_add(by.0));
        self.until = Instant(self.until.0.saturating_add(by.0));
        self
    }

    /// Holds its numbers against what they mean.
    ///
    /// # Errors
    /// [`FaultError::Empty`] and [`FaultError::Range`].
    pub fn check(&self) -> Result<(), FaultError> {
        let kind = self.kind();
        if self.from >= self.until {
            let (from_seconds, until_seconds) = (self.from.as_secs_f64(), self.until.as_secs_f64());
            return Err(FaultError::Empty { kind, from_seconds, until_seconds });
        }
        let (what, range, value, good) = match &self.fault {
            Fault::Loss { share, .. } => ("share", "between 0 and 1", *share, (0.0..=1.0).contains(share)),
            Fault::Latency { factor, .. } | Fault::SlowDisk { factor, .. } | Fault::GasSpike { factor } => {
                ("factor", "a number from 0 up", *factor, factor.is_finite() && *factor >= 0.0)
            }
            Fault::Reorg { depth } => ("depth", "at least 1", *depth as f64, *depth > 0),
            _ => return Ok(()),
        };
        if good { Ok(()) } else { Err(FaultError::Range { kind, what, range, value }) }
    }
}

impl Window<String, String> {
    /// The same by numbers. A name may stand for several actors, as that of a group does.
    ///
    /// # Errors
    /// [`FaultError::UnknownActor`] and [`FaultError::UnknownRegion`] for names that stand for nothing.
    pub fn resolve(
        &self,
        actors: impl Fn(&str) -> Vec<ActorId>,
        region: impl Fn(&str) -> Option<usize>,
    ) -> Result<Window, FaultError> {
        let kind = self.kind();
        let all = |names: &[String]| -> Result<Vec<ActorId>, FaultError> {
            let mut found = Vec::new();
            for name in names {
                let named = actors(name);
                if named.is_empty() {
                    return Err(FaultError::UnknownActor { kind, name: name.clone() });
                }
                found.extend(named);
            }
            Ok(found)
        };
        let side = |side: &Side<String, String>| -> Result<Side, FaultError> {
            let unknown = |name: &String| FaultError::UnknownRegion { kind, name: name.clone() };
            let regions = side.regions.iter().map(|name| region(name).ok_or_else(|| unknown(name)));
            Ok(Side { actors: all(&side.actors)?, regions: regions.collect::<Result<_, _>>()? })
        };
        let links = |l: &Links<String, String>| -> Result<Links, FaultError> {
            Ok(Links { from: side(&l.from)?, to: side(&l.to)?, one_way: l.one_way })
        };
        Ok(Window { from: self.from, until: self.until, fault: by_number(&self.fault, all, links)? })
    }
}

fn by_number<E>(
    fault: &Fault<String, String>,
    all: impl Fn(&[String]) -> Result<Vec<ActorId>, E>,
    links_of: impl Fn(&Links<String, String>) -> Result<Links, E>,
) -> Result<Fault, E> {
    Ok(match fault {
        Fault::Loss { links, share } => Fault::Loss { links: links_of(links)?, share: *share },
        Fault::Latency { links, factor, add_ms } => {
            Fault::Latency { links: links_of(links)?, factor: *factor, add_ms: *add_ms }
        }
        Fault::Partition { links } => Fault::Partition { links: links_of(links)? },
        Fault::Clog { links } => Fault::Clog { links: links_of(links)? },
        Fault::Crash { actors } => Fault::Crash { actors: all(actors)? },
        Fault::SlowDisk { actors, factor } => Fault::SlowDisk { actors: all(actors)?, factor: *factor },
        Fault::ClockSkew { actors, offset_ms } => Fault::ClockSkew { actors: all(actors)?, offset_ms: *offset_ms },
        Fault::Unreachable { actors, service, how } => {
            Fault::Unreachable { actors: all(actors)?, service: service.clone(), how: *how }
        }
        Fault::Reorg { depth } => Fault::Reorg { depth: *depth },
        Fault::SequencerStop => Fault::SequencerStop,
        Fault::GasSpike { factor } => Fault::GasSpike { factor: *factor },
        Fault::DeviceLoss { actors } => Fault::DeviceLoss { actors: all(actors)? },
        Fault::BadPeer { actors, manner } => Fault::BadPeer { actors: all(actors)?, manner: *manner },
    })
}

/// Instants as seconds.
mod seconds {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
    use weir_types::Instant;

    pub(super) fn serialize<S: Serializer>(at: &Instant, s: S) -> Result<S::Ok, S::Error> {
        at.as_secs_f64().serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Instant, D::Error> {
        let seconds = f64::deserialize(d)?;
        let micros = (seconds * 1e6).round();
        // Whole microseconds survive a double up to 2^53, which is 285 years.
        if micros.is_finite() && (0.0..9_007_199_254_740_992.0).contains(&micros) {
            Ok(Instant(micros as u64))
        } else {
            Err(de::Error::custom(format_args!("{seconds} is no number of seconds from 0 up")))
        }
    }
}
