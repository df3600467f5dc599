//! Statistics of reports: pure functions of numbers, held against scipy, numpy and SALib in tests.
//!
//! | module | what it does |
//! |---|---|
//! | `boot` | a generator of its own, so that the same data gives the same interval |
//! | `sample` | mean, spread, quantiles, skewness, intervals of a mean, resampled ones too |
//! | `contrast` | two samples held against each other: Welch, pairs, Kolmogorov and Smirnov |
//! | `influence` | how much of a figure's variance a varied key explains |

mod boot;
mod contrast;
mod influence;
mod sample;

pub(crate) use boot::Noise;
pub(crate) use contrast::{kolmogorov_smirnov, welch};
pub(crate) use influence::{Indices, correlation_ratio, groups, indices, regression};
pub(crate) use sample::{Interval, Sample, mean, percentile, quantile};

/// How sure an interval is.
pub(crate) const LEVEL: f64 = 0.95;

/// Resamples behind an interval.
pub(crate) const RESAMPLES: usize = 2000;

/// Seed of all resampling.
pub(crate) const SEED: u64 = 20_260_101;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// What scipy, numpy and SALib say about the same numbers: `tests/data/reference.py` writes it.
    fn reference() -> Value {
        serde_json::from_str(include_str!("../../tests/data/reference.json")).expect("the reference is JSON")
    }

    fn list(v: &Value) -> Vec<f64> {
        v.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
    }

    fn lists(v: &Value) -> Vec<Vec<f64>> {
        v.as_array().expect("a list").iter().map(list).collect()
    }

    #[track_caller]
    fn near(got: f64, want: &Value, what: &str) {
        let want = want.as_f64().expect("a number");
        assert!((got - want).abs() <= 1e-9 * want.abs().max(1.0), "{what}: {got}, and the reference says {want}");
    }

    #[test]
    fn a_sample_is_summed_up_as_scipy_does() {
        for case in reference()["samples"].as_array().expect("samples") {
            let x = list(&case["x"]);
            let s = Sample::new(&x);
            near(s.mean, &case["mean"], "mean");
            near(s.sd, &case["sd"], "sd");
            near(s.skewness, &case["skewness"], "skewness");
            for (q, want) in [5.0, 25.0, 50.0, 75.0, 95.0].into_iter().zip(list(&case["quantiles"])) {
                near(s.quantile(q / 100.0), &want.into(), "quantile");
            }
            let t = s.t_interval().expect("more than one value");
            near(t.lo, &case["t"][0], "lower end");
            near(t.hi, &case["t"][1], "upper end");
            let b = s.bootstrap().expect("more than one value");
            near(b.lo, &case["bootstrap"][0], "lower end of the resampled");
            near(b.hi, &case["bootstrap"][1], "upper end of the resampled");
        }
    }

    #[test]
    fn two_samples_are_compared_as_scipy_does() {
        for case in reference()["pairs"].as_array().expect("pairs") {
            let (a, b) = (list(&case["a"]), list(&case["b"]));
            let w = welch(&a, &b).expect("more than one value in each");
            near(w.t, &case["welch"]["t"], "t");
            near(w.df, &case["welch"]["df"], "degrees of freedom");
            near(w.p, &case["welch"]["p"], "p");
            near(w.interval.lo, &case["welch"]["lo"], "lower end");
            near(w.interval.hi, &case["welch"]["hi"], "upper end");
            let k = kolmogorov_smirnov(&a, &b);
            near(k.d, &case["ks"]["d"], "distance");
            near(k.p, &case["ks"]["p"], "p of the distance");
        }
    }

    #[test]
    fn influence_is_measured_as_the_reference_does() {
        let r = &reference()["influence"];
        let y = list(&r["y"]);
        let x = lists(&r["x"]);
        for (x, want) in x.iter().zip(r["eta2"].as_array().expect("a list")) {
            near(correlation_ratio(&groups(x, 5), &y), want, "correlation ratio");
        }
        let got = regression(&x, &y).expect("the columns are independent");
        for (got, want) in got.coefficients.iter().zip(r["src"].as_array().expect("a list")) {
            near(*got, want, "standardised coefficient");
        }
        near(got.r2, &r["r2"], "share explained");
    }

    #[test]
    fn sobol_indices_are_those_of_salib() {
        let r = &reference()["sobol"];
        let (a, b) = (list(&r["a"]), list(&r["b"]));
        let mixed = lists(&r["ab"]);
        let got = indices(&a, &b, &mixed);
        for (i, got) in got.iter().enumerate() {
            near(got.first, &r["s1"][i], "first order");
            near(got.total, &r["st"][i], "total");
        }
        // Ishigami's function has indices that are known: the third factor acts through the first alone.
        assert!((got[0].first - 0.3139).abs() < 0.05 && (got[1].first - 0.4424).abs() < 0.05, "{got:?}");
        assert!(got[2].first.abs() < 0.05 && (got[2].total - 0.2437).abs() < 0.05, "{got:?}");
    }

    #[test]
    fn what_cannot_be_reckoned_is_not() {
        assert_eq!(Sample::new(&[1.0]).t_interval(), None);
        assert_eq!(Sample::new(&[]).n, 0);
        assert!(welch(&[1.0], &[1.0, 2.0]).is_none());
        assert!(regression(&[vec![1.0, 1.0, 1.0]], &[1.0, 2.0, 3.0]).is_none(), "a column that never changes");
        assert_eq!(correlation_ratio(&[0, 1, 0, 1], &[2.0; 4]), 0.0);
        let same = Sample::new(&[4.0; 6]).t_interval().expect("six values");
        assert_eq!((same.lo, same.hi), (4.0, 4.0));
    }
}
