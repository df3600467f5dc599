//! Two samples held against each other.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::sample::{Interval, Sample, critical};

/// Two means whose samples spread differently.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Welch {
    pub(crate) t: f64,
    pub(crate) df: f64,
    pub(crate) p: f64,
    /// Where the first mean less the second lies.
    pub(crate) interval: Interval,
}

/// Welch's t; nothing where a sample has fewer than two values or neither spreads.
pub(crate) fn welch(a: &[f64], b: &[f64]) -> Option<Welch> {
    let (a, b) = (Sample::new(a), Sample::new(b));
    if a.n < 2 || b.n < 2 {
        return None;
    }
    let part = |s: &Sample| s.sd * s.sd / s.n as f64;
    let (va, vb) = (part(&a), part(&b));
    let error = (va + vb).sqrt();
    if error == 0.0 {
        return None;
    }
    let df = (va + vb).powi(2) / (va * va / (a.n as f64 - 1.0) + vb * vb / (b.n as f64 - 1.0));
    let difference = a.mean - b.mean;
    let t = difference / error;
    let p = 2.0 * StudentsT::new(0.0, 1.0, df).ok()?.sf(t.abs());
    let half = critical(df)? * error;
    Some(Welch { t, df, p, interval: Interval { lo: difference - half, hi: difference + half } })
}

/// How far two distributions are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Distance {
    /// Greatest difference of their shares below a value.
    pub(crate) d: f64,
    /// Chance of such a distance, or a greater one, between samples of one distribution.
    pub(crate) p: f64,
}

/// Kolmogorov and Smirnov's distance of two samples, with its exact chance where there are no ties; ties
/// make it err on the side of no difference.
pub(crate) fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> Distance {
    if a.is_empty() || b.is_empty() {
        return Distance { d: 0.0, p: 1.0 };
    }
    let sorted = |x: &[f64]| {
        let mut x = x.to_vec();
        x.sort_by(f64::total_cmp);
        x
    };
    let (a, b) = (sorted(a), sorted(b));
    let (m, n) = (a.len() as i64, b.len() as i64);
    let (mut i, mut j, mut most) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let v = a[i].min(b[j]);
        i += a[i..].iter().take_while(|x| **x <= v).count();
        j += b[j..].iter().take_while(|x| **x <= v).count();
        // In whole numbers, so that a distance is compared exactly.
        most = most.max((i as i64 * n - j as i64 * m).abs());
    }
    Distance { d: most as f64 / (m * n) as f64, p: (1.0 - within(m, n, most)).clamp(0.0, 1.0) }
}

/// Chance that two samples of one distribution stay nearer than `most / (m n)`: the share of ways to merge them
/// whose counts do so at each step.
fn within(m: i64, n: i64, most: i64) -> f64 {
    let mut row = vec![0.0_f64; n as usize + 1];
    for i in 0..=m {
        for j in 0..=n {
            let at = j as usize;
            let near = (i * n - j * m).abs() < most;
            row[at] = match (i, j) {
                (0, 0) => 1.0,
                _ if !near => 0.0,
                // Steps are weighted by their chance, which keeps the numbers small.
                (0, _) => row[at - 1] * left(m, n, i, j - 1, false),
                (_, 0) => row[at] * left(m, n, i - 1, j, true),
                _ => row[at] * left(m, n, i - 1, j, true) + row[at - 1] * left(m, n, i, j - 1, false),
            };
        }
    }
    // The last step always ends at no distance.
    row[n as usize]
}

/// Chance that the next of the merged values comes from the first sample, or from the second.
fn left(m: i64, n: i64, i: i64, j: i64, first: bool) -> f64 {
    let remaining = (m - i + n - j) as f64;
    if first { (m - i) as f64 / remaining } else { (n - j) as f64 / remaining }
}
