//! One sample: where it lies and how it spreads.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::boot::Noise;
use super::{LEVEL, RESAMPLES, SEED};

/// A range that covers something with the level of all intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    pub(crate) lo: f64,
    pub(crate) hi: f64,
}

/// Values and what is said about them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) n: usize,
    pub(crate) mean: f64,
    /// Standard deviation of the population it was drawn from.
    pub(crate) sd: f64,
    /// Adjusted Fisher-Pearson coefficient; 0 for fewer than three values.
    pub(crate) skewness: f64,
    values: Vec<f64>,
    sorted: Vec<f64>,
}

/// Skewness from which on a t interval is not enough.
const SKEWED: f64 = 1.0;

impl Sample {
    pub(crate) fn new(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = values.len();
        let m = mean(values);
        // What is equal everywhere does not spread by what rounding left of its mean.
        let flat = sorted.first() == sorted.last();
        let m = if flat { sorted.first().copied().unwrap_or(0.0) } else { m };
        let moment = |k: i32| values.iter().map(|v| (v - m).powi(k)).sum::<f64>();
        let sd = if n < 2 || flat { 0.0 } else { (moment(2) / (n as f64 - 1.0)).sqrt() };
        let skewness = if n < 3 || sd == 0.0 {
            0.0
        } else {
            let size = n as f64;
            let biased = (moment(3) / size) / (moment(2) / size).powf(1.5);
            biased * (size * (size - 1.0)).sqrt() / (size - 2.0)
        };
        Self { n, mean: m, sd, skewness, values: values.to_vec(), sorted }
    }

    /// Whether its interval has to be resampled.
    pub(crate) fn skewed(&self) -> bool {
        self.n >= 8 && self.skewness.abs() > SKEWED
    }

    /// The value below which a share `q` lies.
    pub(crate) fn quantile(&self, q: f64) -> f64 {
        of_sorted(&self.sorted, q)
    }

    /// Where the mean lies, if it spreads as a normal one does; nothing for a single value.
    pub(crate) fn t_interval(&self) -> Option<Interval> {
        let half = critical(self.n as f64 - 1.0)? * self.sd / (self.n as f64).sqrt();
        Some(Interval { lo: self.mean - half, hi: self.mean + half })
    }

    /// Where the mean lies by resampling; nothing for a single value.
    pub(crate) fn bootstrap(&self) -> Option<Interval> {
        if self.n < 2 {
            return None;
        }
        let mut noise = Noise::new(SEED);
        let means: Vec<f64> = (0..RESAMPLES)
            .map(|_| (0..self.n).map(|_| self.values[noise.below(self.n)]).sum::<f64>() / self.n as f64)
            .collect();
        Some(percentile(&means))
    }

    /// The interval that a report leads with.
    pub(crate) fn interval(&self) -> Option<Interval> {
        if self.skewed() { self.bootstrap() } else { self.t_interval() }
    }
}

/// The middle part of resampled values.
pub(crate) fn percentile(resampled: &[f64]) -> Interval {
    let tail = (1.0 - LEVEL) / 2.0;
    Interval { lo: quantile(resampled, tail), hi: quantile(resampled, 1.0 - tail) }
}

/// Half width of a t interval in standard errors.
pub(super) fn critical(df: f64) -> Option<f64> {
    let t = StudentsT::new(0.0, 1.0, df).ok()?;
    Some(t.inverse_cdf(0.5 + LEVEL / 2.0))
}

/// Arithmetic mean; 0 of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The value below which a share `q` lies, between the two nearest in proportion (type 7); 0 of nothing.
pub(crate) fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    of_sorted(&sorted, q)
}

fn of_sorted(sorted: &[f64], q: f64) -> f64 {
    let at = q.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64;
    let (below, part) = (at.floor() as usize, at.fract());
    match (sorted.get(below), sorted.get(below + 1)) {
        (Some(a), Some(b)) => a + (b - a) * part,
        (Some(a), None) => *a,
        _ => 0.0,
    }
}
