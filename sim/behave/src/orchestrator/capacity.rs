//! How many streams an orchestrator can carry.

use weir_types::Entropy;

use super::view::{Load, Room};
use crate::setting::{ABOVE_ZERO, NOT_NEGATIVE, SHARE, between, choice, params};
use crate::spread::Spread;

params! {
    /// Machines of its own.
    pub struct FixedRoom {
        /// Streams at a time.
        sessions: Spread = Spread::Same(10.0) => NOT_NEGATIVE,
    }
}

params! {
    /// Machines of its own, and rented ones while those are not enough. A rented machine is there after a delay,
    /// costs by the hour, and goes back when it has not been needed for a while.
    pub struct ElasticRoom {
        /// Streams that its own machines carry.
        own: Spread = Spread::Same(10.0) => NOT_NEGATIVE,
        /// Streams that a rented machine carries.
        step: f64 = 10.0 => ABOVE_ZERO,
        /// Rented machines at most.
        machines_max: u32 = 10 => between(0.0, 10_000.0),
        /// Load above which it rents one more.
        rent_above: f64 = 0.8 => SHARE,
        /// Seconds from the order until a machine works.
        delay_seconds: f64 = 120.0 => NOT_NEGATIVE,
        /// Seconds that a machine stays although it is not needed.
        keep_seconds: f64 = 600.0 => NOT_NEGATIVE,
        /// US dollars per hour and machine.
        usd_per_hour: f64 = 0.5 => NOT_NEGATIVE,
    }
}

params! {
    /// No machines: work is passed on to somebody else's, who charges for what is used.
    pub struct ServerlessRoom {
        /// Streams at a time.
        sessions: f64 = 1000.0 => NOT_NEGATIVE,
        /// US dollars per minute of a stream.
        usd_per_minute: f64 = 0.003 => NOT_NEGATIVE,
        /// Milliseconds that passing on adds to a segment.
        added_ms: f64 = 150.0 => NOT_NEGATIVE,
    }
}

choice! {
    /// How many streams an orchestrator can carry.
    pub enum Capacity {
        Fixed(FixedRoom) = "fixed",
        Elastic(ElasticRoom) = "elastic",
        Serverless(ServerlessRoom) = "serverless",
    }
}

/// An orchestrator's room, with what it rented.
#[derive(Debug, Clone)]
pub(super) struct Rooms {
    kind: Kind,
    rented: u32,
    ordered: Vec<f64>,
    idle_since: Option<f64>,
    /// Machine-hours rented that no account has yet.
    hours: f64,
    last: f64,
    set: Option<f64>,
}

#[derive(Debug, Clone)]
enum Kind {
    Fixed(f64),
    Elastic(f64, ElasticRoom),
    Serverless(ServerlessRoom),
}

impl Capacity {
    pub(super) fn build(&self, rng: &mut Entropy) -> Rooms {
        let kind = match self.clone() {
            Self::Fixed(p) => Kind::Fixed(p.sessions.draw(rng)),
            Self::Elastic(p) => Kind::Elastic(p.own.draw(rng), p),
            Self::Serverless(p) => Kind::Serverless(p),
        };
        Rooms { kind, rented: 0, ordered: Vec::new(), idle_since: None, hours: 0.0, last: 0.0, set: None }
    }
}

impl Rooms {
    /// Replaces the streams of its own machines.
    pub(super) fn set(&mut self, sessions: f64) {
        self.set = Some(sessions);
    }

    /// US dollars of rent since the last account.
    pub(super) fn take_rent_usd(&mut self) -> f64 {
        let hours = std::mem::take(&mut self.hours);
        if let Kind::Elastic(_, p) = &self.kind { hours * p.usd_per_hour } else { 0.0 }
    }

    /// Room at a moment. Moments must not go back.
    pub(super) fn room(&mut self, load: &Load) -> Room {
        let plain = |sessions| Room { sessions, rent_usd_per_hour: 0.0, usd_per_minute: 0.0, added_ms: 0.0 };
        let (own, p) = match &self.kind {
            Kind::Fixed(sessions) => return plain(self.set.unwrap_or(*sessions)),
            Kind::Serverless(p) => {
                let sessions = self.set.unwrap_or(p.sessions);
                return Room { usd_per_minute: p.usd_per_minute, added_ms: p.added_ms, ..plain(sessions) };
            }
            Kind::Elastic(own, p) => (self.set.unwrap_or(*own), p.clone()),
        };
        self.pass(load.seconds);
        let carried = |machines: usize| own + p.step * machines as f64;
        let coming = self.rented as usize + self.ordered.len();
        if load.wanted > carried(coming) * p.rent_above {
            let wanted = libm::ceil((load.wanted / p.rent_above.max(0.01) - own) / p.step).max(0.0);
            let wanted = (wanted as usize).min(p.machines_max as usize);
            let ready = load.seconds + p.delay_seconds;
            self.ordered.extend(std::iter::repeat_n(ready, wanted.saturating_sub(coming)));
            self.pass(load.seconds);
        }
        self.give_back(load, own, &p);
        Room { rent_usd_per_hour: f64::from(self.rented) * p.usd_per_hour, ..plain(carried(self.rented as usize)) }
    }

    /// Time goes by: rent is owed, and what was ordered arrives.
    fn pass(&mut self, seconds: f64) {
        let mut at = self.last;
        while let Some(ready) = self.ordered.first().copied().filter(|ready| *ready <= seconds) {
            self.hours += f64::from(self.rented) * (ready - at).max(0.0) / 3600.0;
            at = ready.max(at);
            self.rented += 1;
            self.ordered.remove(0);
        }
        self.hours += f64::from(self.rented) * (seconds - at).max(0.0) / 3600.0;
        self.last = seconds.max(at);
    }

    fn give_back(&mut self, load: &Load, own: f64, p: &ElasticRoom) {
        let needed = libm::ceil((load.wanted / p.rent_above.max(0.01) - own) / p.step).max(0.0);
        if f64::from(self.rented) <= needed {
            self.idle_since = None;
            return;
        }
        let since = *self.idle_since.get_or_insert(load.seconds);
        if load.seconds - since >= p.keep_seconds {
            self.rented = needed as u32;
            self.idle_since = None;
        }
    }
}
