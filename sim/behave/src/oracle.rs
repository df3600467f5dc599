//! Prices as actors see them: sampled, late, and at times not at all.

use std::collections::VecDeque;

use weir_kernel::dist;
use weir_types::Entropy;

use crate::setting::{ABOVE_ZERO, NOT_NEGATIVE, between, params};

params! {
    /// How prices reach actors. Without outages and delay they are what was sampled last.
    pub struct OracleConfig {
        /// Minutes between two samples.
        every_minutes: f64 = 60.0 => ABOVE_ZERO,
        /// Minutes until a sample is seen.
        delay_minutes: f64 = 1.0 => NOT_NEGATIVE,
        /// Standard deviation of a sample's error, as a logarithm.
        error: f64 = 0.0 => between(0.0, 1.0),
        /// Outages per year, in which nothing new is sampled.
        outages_per_year: f64 = 0.0 => between(0.0, 10_000.0),
        /// Mean length of an outage in hours.
        outage_hours: f64 = 6.0 => ABOVE_ZERO,
    }
}

impl OracleConfig {
    /// The oracle, which has seen the first values.
    #[must_use]
    pub fn build<const N: usize>(&self, first: [f64; N]) -> Oracle<N> {
        Oracle {
            config: self.clone(),
            seen: Sample { day: 0.0, values: first },
            coming: VecDeque::new(),
            next: self.every_minutes / MINUTES,
            down_from: f64::MAX,
            down_to: 0.0,
            drawn: false,
        }
    }
}

const MINUTES: f64 = 24.0 * 60.0;
const YEAR: f64 = 365.25;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Sample<const N: usize> {
    day: f64,
    values: [f64; N],
}

/// The prices of a run, such as LPT in ETH and ETH in US dollars.
#[derive(Debug, Clone)]
pub struct Oracle<const N: usize> {
    config: OracleConfig,
    seen: Sample<N>,
    coming: VecDeque<Sample<N>>,
    next: f64,
    down_from: f64,
    down_to: f64,
    drawn: bool,
}

impl<const N: usize> Oracle<N> {
    /// Shows it the true values of a day and says what actors see then. Days must not go back.
    ///
    /// Values between two calls are not known: all samples that were due since the last call show the values of now.
    pub fn look(&mut self, day: f64, truth: [f64; N], rng: &mut Entropy) -> [f64; N] {
        if !self.drawn {
            self.drawn = true;
            self.plan(0.0, rng);
        }
        while self.down_to <= day && self.down_from <= day {
            self.plan(self.down_to, rng);
        }
        if self.next <= day {
            let every = self.config.every_minutes / MINUTES;
            let taken = self.next + libm::floor((day - self.next) / every) * every;
            self.next = taken + every;
            if !(self.down_from..self.down_to).contains(&taken) {
                let values = truth.map(|v| v * libm::exp(self.config.error * dist::normal(rng)));
                self.coming.push_back(Sample { day: taken, values });
            }
        }
        let delay = self.config.delay_minutes / MINUTES;
        while let Some(sample) = self.coming.front().filter(|s| s.day + delay <= day).copied() {
            self.seen = sample;
            self.coming.pop_front();
        }
        self.seen.values
    }

    /// Days since what actors see was true.
    #[must_use]
    pub fn age(&self, day: f64) -> f64 {
        day - self.seen.day
    }

    fn plan(&mut self, from: f64, rng: &mut Entropy) {
        if self.config.outages_per_year <= 0.0 {
            return;
        }
        self.down_from = from + dist::exponential(rng, YEAR / self.config.outages_per_year);
        self.down_to = self.down_from + dist::exponential(rng, self.config.outage_hours / 24.0);
    }
}
