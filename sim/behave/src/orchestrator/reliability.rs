//! When an orchestrator is down, and which segments fail.

use weir_kernel::dist;
use weir_types::Entropy;

use super::view::Act;
use crate::draw;
use crate::setting::{ABOVE_ZERO, SHARE, between, choice, params};
use crate::spread::Spread;

params! {
    /// Never down, and no segment fails.
    pub struct Perfect {}
}

params! {
    /// Up and down in turn, each for an exponential time, as machines and their lines are; and while it is up, some
    /// segments fail or are slow. Commercial operators aim at 99 % of time up, hobbyists at 95 %; the defaults give
    /// 99.2 %. At one AI gateway 7.6 % of streams saw a failure.
    pub struct Renewal {
        /// Mean days between two failures.
        up_days: Spread = Spread::Same(10.0) => ABOVE_ZERO,
        /// Mean hours until it is repaired.
        repair_hours: Spread = Spread::Same(2.0) => ABOVE_ZERO,
        /// Share of segments for which nothing comes back.
        segment_failures: Spread = Spread::Same(0.001) => SHARE,
        /// Share of segments that are slow.
        slow_share: Spread = Spread::Same(0.0) => SHARE,
        /// Time of a slow segment over that of another.
        slow_factor: f64 = 3.0 => between(1.0, 1000.0),
    }
}

choice! {
    /// When an orchestrator is down, and which segments fail.
    pub enum Reliability {
        Perfect(Perfect) = "perfect",
        Renewal(Renewal) = "renewal",
    }
}

/// An orchestrator's health.
#[derive(Debug, Clone)]
pub(super) struct Health {
    up_seconds: f64,
    repair_seconds: f64,
    failures: f64,
    slow_share: f64,
    slow_factor: f64,
    /// Seconds from the next round's start to the next failure; none before the first draw.
    next: Option<f64>,
}

impl Reliability {
    pub(super) fn build(&self, rng: &mut Entropy) -> Option<Health> {
        let Self::Renewal(p) = self else { return None };
        Some(Health {
            up_seconds: p.up_days.draw(rng) * 86_400.0,
            repair_seconds: p.repair_hours.draw(rng) * 3600.0,
            failures: p.segment_failures.draw(rng),
            slow_share: p.slow_share.draw(rng),
            slow_factor: p.slow_factor,
            next: None,
        })
    }
}

impl Health {
    /// Failures of a round that starts.
    pub(super) fn round(&mut self, seconds: f64, rng: &mut Entropy) -> Vec<Act> {
        let mut acts = Vec::new();
        let mut next = self.next.unwrap_or_else(|| dist::exponential(rng, self.up_seconds));
        while next < seconds {
            let down = dist::exponential(rng, self.repair_seconds);
            acts.push(Act::Down { after_seconds: next, seconds: down });
            next += down + dist::exponential(rng, self.up_seconds);
        }
        self.next = Some(next - seconds);
        acts
    }

    /// Whether a segment fails, and how long it takes.
    pub(super) fn segment(&self, rng: &mut Entropy) -> (bool, f64) {
        let fails = draw::chance(rng, self.failures);
        let slow = draw::chance(rng, self.slow_share);
        (fails, if slow { self.slow_factor } else { 1.0 })
    }
}
