//! What a gateway's users want.

use weir_kernel::dist;
use weir_types::Entropy;

use super::view::Moment;
use crate::data;
use crate::setting::{ANY, NOT_NEGATIVE, Problem, SHARE, between, choice, params};
use crate::spread::Spread;

params! {
    /// The same at all times.
    pub struct Steady {
        /// Streams at a time.
        streams: Spread = Spread::Same(10.0) => NOT_NEGATIVE,
    }
}

params! {
    /// Demand as fees show it: a level that walks, noise around it from day to day, a shape of the day and of the
    /// week, and bursts. Walk and noise: daily fees of 2022 to 2026 (weekly ln-change .24 in all, bursts included).
    /// Weekdays: May to December 2025. The hour's shape and the rate of bursts are assumptions; bursts of x2 to x3
    /// for 3 to 9 days were seen in 2023, 2024 and 2025.
    pub struct Calibrated {
        /// Streams at a time, at the level of the start.
        streams: Spread = Spread::Same(10.0) => NOT_NEGATIVE,
        /// Standard deviation of the level's logarithm over a week.
        weekly_sd: f64 = data::DEMAND_WEEKLY_SD => between(0.0, 5.0),
        /// Standard deviation of the logarithm of daily noise.
        daily_sd: f64 = data::DEMAND_DAILY_SD => between(0.0, 5.0),
        /// Height of the day's shape: 1 + `hour_share` x cos.
        hour_share: f64 = 0.3 => SHARE,
        /// Hour of the day, UTC, at which it is highest.
        peak_hour: f64 = 20.0 => between(0.0, 24.0),
        /// Factors of the weekdays, Monday first.
        weekdays: Vec<f64> = data::WEEKDAYS.to_vec() => NOT_NEGATIVE,
        /// Weekday of the run's first day; 0 is Monday.
        first_weekday: u32 = 0 => between(0.0, 6.0),
        /// Bursts per year.
        bursts_per_year: f64 = 1.0 => between(0.0, 1000.0),
        /// Smallest and largest factor of a burst.
        burst_factor: [f64; 2] = [2.0, 3.0] => NOT_NEGATIVE,
        /// Shortest and longest burst in days.
        burst_days: [f64; 2] = [3.0, 9.0] => NOT_NEGATIVE,
    }
    and |p| {
        if p.weekdays.len() != 7 {
            let message = format!("has {} factors", p.weekdays.len());
            return Some(Problem::new("weekdays", message, "give seven, Monday first"));
        }
        let pairs = [("burst_factor", p.burst_factor), ("burst_days", p.burst_days)];
        let (key, pair) = pairs.iter().find(|(_, pair)| pair[0] > pair[1])?;
        Some(Problem::new(*key, format!("{} is above {}", pair[0], pair[1]), "write the smaller one first"))
    }
}

params! {
    /// A base with planned spikes.
    pub struct Planned {
        /// Streams at a time.
        streams: Spread = Spread::Same(10.0) => NOT_NEGATIVE,
        /// Pairs of a day, counted from 0, and the factor from then on; 1 ends a spike. Days rise.
        factors: Vec<[f64; 2]> = vec![[1.0, 3.0], [2.0, 1.0]] => ANY,
    }
    and |p| {
        let late = p.factors.windows(2).position(|w| w[1][0] <= w[0][0]);
        let below = p.factors.iter().position(|f| f[1] < 0.0);
        late.map(|at| Problem::new(format!("factors.{}", at + 2), "its day is not after that of the pair before", "sort the pairs by day"))
            .or_else(|| below.map(|at| Problem::new(format!("factors.{}", at + 1), "is below 0", "give a factor of 0 or more")))
    }
}

choice! {
    /// What a gateway's users want, in streams at a time.
    pub enum Demand {
        Steady(Steady) = "steady",
        Calibrated(Calibrated) = "calibrated",
        Planned(Planned) = "planned",
    }
}

/// A gateway's users.
#[derive(Debug, Clone)]
pub(super) struct Users {
    streams: f64,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Steady,
    Planned(Vec<[f64; 2]>),
    Calibrated(Box<Calibrated>, Box<Days>),
}

/// What has been drawn of the days so far.
#[derive(Debug, Clone)]
struct Days {
    /// The day for which all that follows holds.
    day: Option<u64>,
    level: f64,
    noise: f64,
    /// Day on which the next burst begins.
    burst_from: f64,
    burst_to: f64,
    burst: f64,
}

impl Demand {
    pub(super) fn build(&self, rng: &mut Entropy) -> Users {
        match self.clone() {
            Self::Steady(p) => Users { streams: p.streams.draw(rng), kind: Kind::Steady },
            Self::Planned(p) => Users { streams: p.streams.draw(rng), kind: Kind::Planned(p.factors) },
            Self::Calibrated(p) => {
                let days =
                    Days { day: None, level: 0.0, noise: 0.0, burst_from: f64::MAX, burst_to: f64::MAX, burst: 1.0 };
                Users { streams: p.streams.draw(rng), kind: Kind::Calibrated(Box::new(p), Box::new(days)) }
            }
        }
    }
}

impl Users {
    /// Streams at a time that are wanted at a moment.
    pub(super) fn streams(&mut self, moment: &Moment, rng: &mut Entropy) -> f64 {
        let factor = match &mut self.kind {
            Kind::Steady => 1.0,
            Kind::Planned(factors) => factors.iter().rev().find(|f| f[0] <= moment.day).map_or(1.0, |f| f[1]),
            Kind::Calibrated(p, days) => {
                days.catch_up(p, moment.day, rng);
                days.factor(p, moment.day)
            }
        };
        (self.streams * moment.factor * factor).max(0.0)
    }
}

impl Days {
    /// Draws all days up to a moment's, one after the other: how often it is asked changes nothing.
    fn catch_up(&mut self, p: &Calibrated, day: f64, rng: &mut Entropy) {
        let today = day.max(0.0) as u64;
        let mut next = self.day.map_or(0, |d| d + 1);
        while next <= today {
            if next == 0 {
                self.plan(p, 0.0, rng);
            } else {
                // A week's walk is seven of a day's.
                self.level += p.weekly_sd / libm::sqrt(7.0) * dist::normal(rng);
            }
            self.noise = p.daily_sd * dist::normal(rng);
            while self.burst_to <= next as f64 {
                self.plan(p, self.burst_to, rng);
            }
            self.day = Some(next);
            next += 1;
        }
    }

    fn plan(&mut self, p: &Calibrated, from: f64, rng: &mut Entropy) {
        if p.bursts_per_year <= 0.0 {
            return;
        }
        let between = |rng: &mut Entropy, ends: [f64; 2]| ends[0] + (ends[1] - ends[0]) * rng.unit();
        self.burst_from = from + dist::exponential(rng, 365.25 / p.bursts_per_year);
        self.burst_to = self.burst_from + between(rng, p.burst_days).max(0.01);
        self.burst = between(rng, p.burst_factor);
    }

    fn factor(&self, p: &Calibrated, day: f64) -> f64 {
        let hour = 24.0 * (day - libm::floor(day));
        let shape = 1.0 + p.hour_share * libm::cos(core::f64::consts::TAU * (hour - p.peak_hour) / 24.0);
        let weekday = (self.day.unwrap_or(0) + u64::from(p.first_weekday)) % 7;
        let weekday = p.weekdays.get(weekday as usize).copied().unwrap_or(1.0);
        let burst = if (self.burst_from..self.burst_to).contains(&day) { self.burst } else { 1.0 };
        libm::exp(self.level + self.noise) * shape * weekday * burst
    }
}
