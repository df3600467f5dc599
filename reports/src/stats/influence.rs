//! How much of a figure's variance what was varied explains.

use super::sample::mean;

/// Sobol's indices of one factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Indices {
    /// Share of the variance that it explains alone.
    pub(crate) first: f64,
    /// Share of the variance in which it has a part.
    pub(crate) total: f64,
}

/// Sobol's indices by the estimators of Saltelli (2010) and Jansen: figures at the points of two independent
/// matrices, and at those of the first with one column at a time from the second.
pub(crate) fn indices(a: &[f64], b: &[f64], mixed: &[Vec<f64>]) -> Vec<Indices> {
    let all: Vec<f64> = a.iter().chain(b).copied().collect();
    let middle = mean(&all);
    let variance = mean(&all.iter().map(|v| (v - middle).powi(2)).collect::<Vec<_>>());
    let share = |v: f64| if variance > 0.0 { v / variance } else { 0.0 };
    let of = |ab: &Vec<f64>| {
        let first: Vec<f64> = (0..a.len()).map(|i| (b[i] - middle) * (ab[i] - a[i])).collect();
        let total: Vec<f64> = (0..a.len()).map(|i| (a[i] - ab[i]).powi(2) / 2.0).collect();
        Indices { first: share(mean(&first)), total: share(mean(&total)) }
    };
    mixed.iter().map(of).collect()
}

/// Which of at most `n` equally large groups a value belongs to, by rank. Equal values stay together.
pub(crate) fn groups(values: &[f64], n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut out = vec![0; values.len()];
    for (rank, i) in order.iter().enumerate() {
        let tied = rank > 0 && values[order[rank - 1]] == values[*i];
        out[*i] = if tied { out[order[rank - 1]] } else { rank * n / values.len().max(1) };
    }
    out
}

/// Share of the variance that lies between groups: the correlation ratio, squared.
pub(crate) fn correlation_ratio(groups: &[usize], y: &[f64]) -> f64 {
    let middle = mean(y);
    let all: f64 = y.iter().map(|v| (v - middle).powi(2)).sum();
    let flat = y.iter().all(|v| Some(v) == y.first());
    if all <= 0.0 || flat {
        return 0.0;
    }
    let last = groups.iter().copied().max().unwrap_or(0);
    let mut sums = vec![(0.0, 0.0); last + 1];
    for (g, v) in groups.iter().zip(y) {
        sums[*g].0 += v;
        sums[*g].1 += 1.0;
    }
    let between: f64 = sums.iter().filter(|s| s.1 > 0.0).map(|(sum, n)| n * (sum / n - middle).powi(2)).sum();
    between / all
}

/// A linear model of standardised columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Regression {
    /// Standard deviations of the figure for one of the column.
    pub(crate) coefficients: Vec<f64>,
    /// Share of the variance that the whole model explains.
    pub(crate) r2: f64,
}

/// Standardised regression coefficients; nothing where a column never changes or follows from others.
pub(crate) fn regression(x: &[Vec<f64>], y: &[f64]) -> Option<Regression> {
    let columns: Vec<Vec<f64>> = x.iter().map(|c| standard(c)).collect::<Option<_>>()?;
    let target = standard(y)?;
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut rows: Vec<Vec<f64>> =
        columns.iter().map(|a| columns.iter().map(|b| dot(a, b)).chain([dot(a, &target)]).collect()).collect();
    let coefficients = solve(&mut rows)?;
    let fitted = |i: usize| columns.iter().zip(&coefficients).map(|(c, b)| c[i] * b).sum::<f64>();
    let rest: f64 = (0..target.len()).map(|i| (target[i] - fitted(i)).powi(2)).sum();
    Some(Regression { coefficients, r2: 1.0 - rest / dot(&target, &target) })
}

fn standard(values: &[f64]) -> Option<Vec<f64>> {
    let middle = mean(values);
    let sd = mean(&values.iter().map(|v| (v - middle).powi(2)).collect::<Vec<_>>()).sqrt();
    let scale = values.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    (sd > 1e-12 * scale).then(|| values.iter().map(|v| (v - middle) / sd).collect())
}

/// Solves equations whose right side is the last column.
fn solve(rows: &mut [Vec<f64>]) -> Option<Vec<f64>> {
    let n = rows.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs()))?;
        rows.swap(k, pivot);
        if rows[k][k].abs() < 1e-9 {
            return None;
        }
        for i in (0..n).filter(|i| *i != k) {
            let factor = rows[i][k] / rows[k][k];
            let pivot = rows[k].clone();
            rows[i].iter_mut().zip(pivot).skip(k).for_each(|(a, b)| *a -= factor * b);
        }
    }
    Some((0..n).map(|k| rows[k][n] / rows[k][k]).collect())
}
