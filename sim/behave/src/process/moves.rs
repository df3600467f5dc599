//! The processes themselves.

use std::fmt::Debug;

use weir_kernel::dist;
use weir_types::Entropy;

use super::kinds::{Ar1, Gbm, Lognormal, ProcessConfig, QuantileWalk, Replay, Residuals, Schedule, Spikes};
use crate::boxed::boxed;
use crate::data;
use crate::draw::{from_logit, logit, poisson, quantile, student_t};

/// A number that moves over time.
pub trait Process: Debug {
    /// The number now.
    fn value(&self) -> f64;

    /// Moves on by some days and says what the number is then. `leader` is the logarithm of the growth of the
    /// process that this one follows, over the same days; 0 where it follows none.
    fn step(&mut self, days: f64, leader: f64, rng: &mut Entropy) -> f64;

    /// A copy.
    fn boxed(&self) -> Box<dyn Process>;
}

boxed!(Process);

impl ProcessConfig {
    /// The process at its start.
    #[must_use]
    pub fn build(&self) -> Box<dyn Process> {
        match self {
            Self::Constant(p) => Box::new(Still(p.value)),
            Self::Lognormal(p) => Box::new(Reverting { p: p.clone(), log: 0.0 }),
            Self::Gbm(p) => Box::new(Price { p: p.clone(), value: p.start }),
            Self::Ar1(p) => Box::new(Pulled { p: p.clone(), value: p.start.max(p.min).min(p.max) }),
            Self::Spikes(p) => Box::new(Spiky { p: p.clone(), fast: 0.0, slow: 0.0 }),
            Self::Schedule(p) => Box::new(Planned { p: p.clone(), day: 0.0 }),
            Self::Replay(p) => Box::new(Replayed { p: p.clone(), day: 0.0 }),
            Self::QuantileWalk(p) => Box::new(Walk { p: p.clone(), odds: logit(p.start), due: 0.0 }),
        }
    }
}

macro_rules! copy {
    () => {
        fn boxed(&self) -> Box<dyn Process> {
            Box::new(self.clone())
        }
    };
}

#[derive(Debug, Clone)]
struct Still(f64);

impl Process for Still {
    fn value(&self) -> f64 {
        self.0
    }
    fn step(&mut self, _: f64, _: f64, _: &mut Entropy) -> f64 {
        self.0
    }
    copy!();
}

#[derive(Debug, Clone)]
struct Reverting {
    p: Lognormal,
    log: f64,
}

impl Process for Reverting {
    fn value(&self) -> f64 {
        self.p.median * libm::exp(self.log)
    }
    fn step(&mut self, days: f64, _: f64, rng: &mut Entropy) -> f64 {
        let left = libm::exp(-core::f64::consts::LN_2 * days / self.p.half_life_days);
        self.log = self.log * left + self.p.sigma * libm::sqrt(1.0 - left * left) * dist::normal(rng);
        self.value()
    }
    copy!();
}

#[derive(Debug, Clone)]
struct Price {
    p: Gbm,
    value: f64,
}

impl Process for Price {
    fn value(&self) -> f64 {
        self.value
    }
    fn step(&mut self, days: f64, leader: f64, rng: &mut Entropy) -> f64 {
        let mut growth = if self.p.follows.is_empty() { 0.0 } else { self.p.beta * leader };
        let mut left = days;
        while left > 0.0 {
            // The shock's law is that of a day; a part of a day has the part of its variance.
            let part = left.min(1.0);
            let shock = self.p.scale * libm::sqrt(part) * student_t(rng, self.p.df);
            growth += self.p.loc * part + shock.max(-self.p.clip).min(self.p.clip);
            left -= part;
        }
        // Neither 0 nor beyond all bounds, however long the walk.
        self.value = (self.value * libm::exp(growth)).clamp(1e-18, 1e18);
        self.value
    }
    copy!();
}

#[derive(Debug, Clone)]
struct Pulled {
    p: Ar1,
    value: f64,
}

impl Process for Pulled {
    fn value(&self) -> f64 {
        self.value
    }
    fn step(&mut self, days: f64, _: f64, rng: &mut Entropy) -> f64 {
        let left = libm::pow(self.p.phi, days);
        let one = 1.0 - self.p.phi * self.p.phi;
        let variance = if one > 0.0 { (1.0 - left * left) / one } else { days };
        let next =
            self.p.mean + left * (self.value - self.p.mean) + self.p.sd * libm::sqrt(variance) * dist::normal(rng);
        self.value = next.max(self.p.min).min(self.p.max);
        self.value
    }
    copy!();
}

#[derive(Debug, Clone)]
struct Spiky {
    p: Spikes,
    fast: f64,
    slow: f64,
}

impl Process for Spiky {
    fn value(&self) -> f64 {
        self.p.floor * (1.0 + self.fast + self.slow)
    }
    fn step(&mut self, days: f64, _: f64, rng: &mut Entropy) -> f64 {
        let seconds = days * 86_400.0;
        self.fast *= libm::exp(-seconds / self.p.decay_seconds);
        self.slow *= libm::exp(-seconds / self.p.tail_seconds);
        for _ in 0..poisson(rng, self.p.per_day * days) {
            let age = seconds * rng.unit();
            // At its peak the price is so many floors, one of which is the floor itself.
            let height = (dist::lognormal(rng, self.p.peak, self.p.sigma).min(self.p.cap) - 1.0).max(0.0);
            self.fast += height * (1.0 - self.p.tail) * libm::exp(-age / self.p.decay_seconds);
            self.slow += height * self.p.tail * libm::exp(-age / self.p.tail_seconds);
        }
        self.value()
    }
    copy!();
}

#[derive(Debug, Clone)]
struct Planned {
    p: Schedule,
    day: f64,
}

impl Process for Planned {
    fn value(&self) -> f64 {
        let mut before: Option<[f64; 2]> = None;
        for point in &self.p.points {
            if point[0] > self.day {
                return match before {
                    Some(b) if self.p.linear => b[1] + (point[1] - b[1]) * (self.day - b[0]) / (point[0] - b[0]),
                    Some(b) => b[1],
                    None => point[1],
                };
            }
            before = Some(*point);
        }
        before.map_or(0.0, |b| b[1])
    }
    fn step(&mut self, days: f64, _: f64, _: &mut Entropy) -> f64 {
        self.day += days;
        self.value()
    }
    copy!();
}

#[derive(Debug, Clone)]
struct Replayed {
    p: Replay,
    day: f64,
}

impl Process for Replayed {
    fn value(&self) -> f64 {
        let at = (self.day / self.p.days_each) as usize;
        let count = self.p.values.len().max(1);
        let at = if self.p.repeat { at % count } else { at.min(count - 1) };
        self.p.values.get(at).copied().unwrap_or(0.0)
    }
    fn step(&mut self, days: f64, _: f64, _: &mut Entropy) -> f64 {
        self.day += days;
        self.value()
    }
    copy!();
}

#[derive(Debug, Clone)]
struct Walk {
    p: QuantileWalk,
    odds: f64,
    due: f64,
}

impl Process for Walk {
    fn value(&self) -> f64 {
        from_logit(self.odds)
    }
    fn step(&mut self, days: f64, _: f64, rng: &mut Entropy) -> f64 {
        let table: &[(f64, f64)] = match self.p.table {
            Residuals::Last828 => &data::RESIDUAL_LAST828,
            Residuals::Full => &data::RESIDUAL_FULL,
        };
        // A millionth of a round is lost in adding up days, and is no reason to be a round late.
        self.due += days / self.p.round_days;
        while self.due >= 1.0 - 1e-6 {
            self.due -= 1.0;
            self.odds += self.p.factor * quantile(table, rng.unit()) + self.p.drift;
        }
        self.value()
    }
    copy!();
}
