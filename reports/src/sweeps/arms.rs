//! Figures by arm, and arms held against the first, seed by seed.

use super::constraint::Constraint;
use super::read::{Arm, Sweep};
use crate::kpi::Kpi;
use crate::numbers::Numbers;
use crate::stats::{Interval, Sample, kolmogorov_smirnov, welch};
use crate::text;

/// Chance below which two distributions count as different in shape.
const SHAPE: f64 = 0.01;

/// An arm's difference from the first.
#[derive(Debug, Clone)]
pub(crate) struct Contrast {
    pub(crate) arm: String,
    /// Seeds that both have.
    pub(crate) pairs: usize,
    pub(crate) mean: f64,
    pub(crate) interval: Option<Interval>,
    /// Of the first arm's mean; nothing where that is 0.
    pub(crate) relative: Option<f64>,
    pub(crate) verdict: Verdict,
    welch_p: Option<f64>,
    ks: (f64, f64),
}

/// What a difference says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Higher,
    Lower,
    /// Not one seed differs.
    Same,
    /// The interval holds zero.
    Open,
    /// It does, but the distributions differ.
    Shape,
    /// One pair is too few.
    Single,
}

/// An arm's runs.
pub(crate) fn sample(sweep: &Sweep, kpi: &Kpi, arm: &Arm) -> Sample {
    Sample::new(&sweep.of_arm(&kpi.name, arm))
}

/// Whether an arm keeps all bounds; nothing where there are none.
pub(crate) fn admissible(sweep: &Sweep, arm: &Arm) -> Option<bool> {
    let keeps = |c: &Constraint| c.keeps(&sweep.of_arm(&c.figure, arm)) == Some(true);
    (!sweep.constraints.is_empty()).then(|| sweep.constraints.iter().all(keeps))
}

/// All bounds as one text.
pub(crate) fn bounds(sweep: &Sweep) -> String {
    sweep.constraints.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join(", ")
}

/// All arms but the first, held against it.
pub(crate) fn contrasts(sweep: &Sweep, kpi: &Kpi) -> Vec<Contrast> {
    let Some((first, others)) = sweep.arms.split_first() else { return Vec::new() };
    let base = sweep.by_seed(&kpi.name, first);
    let of = |arm: &Arm| {
        let own = sweep.by_seed(&kpi.name, arm);
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for (seed, v) in &own {
            if let Some(b) = base.get(seed) {
                here.push(*v);
                there.push(*b);
            }
        }
        contrast(&arm.name, &here, &there)
    };
    others.iter().filter_map(of).collect()
}

/// An arm's figures and the first arm's, in the order of their common seeds.
fn contrast(arm: &str, here: &[f64], there: &[f64]) -> Option<Contrast> {
    if here.is_empty() {
        return None;
    }
    let differences: Vec<f64> = here.iter().zip(there).map(|(a, b)| a - b).collect();
    let sample = Sample::new(&differences);
    let interval = sample.interval();
    let ks = kolmogorov_smirnov(here, there);
    let verdict = match interval {
        _ if differences.iter().all(|d| *d == 0.0) => Verdict::Same,
        None => Verdict::Single,
        Some(i) if i.lo > 0.0 => Verdict::Higher,
        Some(i) if i.hi < 0.0 => Verdict::Lower,
        Some(_) if ks.p < SHAPE => Verdict::Shape,
        Some(_) => Verdict::Open,
    };
    let base = Sample::new(there).mean;
    Some(Contrast {
        arm: arm.to_owned(),
        pairs: here.len(),
        mean: sample.mean,
        interval,
        relative: (base != 0.0).then(|| sample.mean / base.abs()),
        verdict,
        welch_p: welch(here, there).map(|w| w.p),
        ks: (ks.d, ks.p),
    })
}

impl Contrast {
    /// The verdict in words.
    pub(crate) fn says(&self) -> String {
        let by = self.relative.map_or_else(String::new, |r| format!(" by {}", text::percent(r.abs())));
        let seeds = text::count(self.pairs as f64, "seed", "seeds");
        match self.verdict {
            Verdict::Higher => format!("higher{by}"),
            Verdict::Lower => format!("lower{by}"),
            Verdict::Same => "the same with every seed".to_owned(),
            Verdict::Open => format!("no difference that {seeds} can tell"),
            Verdict::Shape => "no difference of means, but of shape".to_owned(),
            Verdict::Single => "one seed cannot tell".to_owned(),
        }
    }
}

/// All samples and contrasts of a figure, for programs.
pub(crate) fn numbers(sweep: &Sweep, kpi: &Kpi) -> Numbers {
    let mut n = Numbers::new([
        "arm",
        "n",
        "mean",
        "t_lo",
        "t_hi",
        "bootstrap_lo",
        "bootstrap_hi",
        "skewness",
        "sd",
        "p5",
        "p25",
        "p50",
        "p75",
        "p95",
        "pairs",
        "difference",
        "difference_lo",
        "difference_hi",
        "welch_p",
        "ks_d",
        "ks_p",
    ]);
    let against = contrasts(sweep, kpi);
    for arm in &sweep.arms {
        let s = sample(sweep, kpi, arm);
        let (t, b) = (s.t_interval(), s.bootstrap());
        let c = against.iter().find(|c| c.arm == arm.name);
        let inner = c.and_then(|c| c.interval);
        let q = |q: f64| (s.n > 0).then(|| s.quantile(q));
        n.row([
            (&arm.name).into(),
            s.n.into(),
            (s.n > 0).then_some(s.mean).into(),
            t.map(|i| i.lo).into(),
            t.map(|i| i.hi).into(),
            b.map(|i| i.lo).into(),
            b.map(|i| i.hi).into(),
            s.skewness.into(),
            s.sd.into(),
            q(0.05).into(),
            q(0.25).into(),
            q(0.5).into(),
            q(0.75).into(),
            q(0.95).into(),
            c.map(|c| c.pairs).into(),
            c.map(|c| c.mean).into(),
            inner.map(|i| i.lo).into(),
            inner.map(|i| i.hi).into(),
            c.and_then(|c| c.welch_p).into(),
            c.map(|c| c.ks.0).into(),
            c.map(|c| c.ks.1).into(),
        ]);
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_see_what_the_arms_apart_do_not() {
        // Seeds differ by ten, arms by one: only the pairs show it.
        let there: Vec<f64> = (0..8).map(|i| f64::from(i) * 10.0).collect();
        let here: Vec<f64> = there.iter().enumerate().map(|(i, v)| v + 1.0 + 0.1 * (i % 2) as f64).collect();
        let c = contrast("b", &here, &there).expect("eight pairs");
        assert_eq!((c.verdict, c.pairs), (Verdict::Higher, 8));
        assert!((c.mean - 1.05).abs() < 1e-12);
        assert!(c.welch_p.is_some_and(|p| p > 0.9), "{:?}", c.welch_p);
        assert_eq!(c.says().replace('\u{a0}', " "), "higher by 3.0 %");
        assert_eq!(contrast("b", &there, &there).expect("pairs").verdict, Verdict::Same);
        assert_eq!(contrast("b", &[1.0], &[2.0]).expect("a pair").verdict, Verdict::Single);
        let open = contrast("b", &[1.0, -1.0, 1.0, -1.0], &[0.0; 4]).expect("pairs");
        assert_eq!(open.says(), "no difference that 4 seeds can tell");
        assert_eq!(open.relative, None);
    }
}
