//! Levels of fidelity held against each other: coarser ones earn everybody the same money.

use std::collections::BTreeMap;

use weir_lab::scenario::{Scenario, Signatures, Traffic};
use weir_lab::simulate;

use crate::support::{parse_small, seeds};

/// Standard errors that two means may lie apart. Over some fifty comparisons of a test, one beyond it comes up in a
/// thousand runs of all of them.
const BAND: f64 = 4.5;

/// Sums of a value over seeds.
#[derive(Default, Clone, Copy)]
struct Sums {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, v: f64) {
        self.n += 1.0;
        self.sum += v;
        self.squares += v * v;
    }

    fn mean(&self) -> f64 {
        self.sum / self.n
    }

    /// Variance of the mean.
    fn error(&self) -> f64 {
        (self.squares / self.n - self.mean().powi(2)).max(0.0) / (self.n - 1.0)
    }
}

/// What each orchestrator was paid in expectation and what it redeemed, in ETH, over seeds.
type Income = BTreeMap<String, [Sums; 2]>;

fn income(scenario: &Scenario, seeds: u64) -> Income {
    let mut all = Income::new();
    for seed in 0..seeds {
        let run = simulate(scenario, seed).expect("the run can be made");
        let broken: Vec<_> = run.summary.broken().filter(|(name, _)| *name != "served_within_credit").collect();
        assert!(broken.is_empty(), "{} with seed {seed}: {broken:?}", scenario.name);
        let mut earned: BTreeMap<String, [f64; 2]> = BTreeMap::new();
        for ((_, who), book) in run.books.pair_totals() {
            let e = earned.entry(run.names[&who].clone()).or_default();
            e[0] += book.paid_ev.to_f64() / 1e18;
            e[1] += book.redeemed_wei.to_f64_whole();
        }
        let all_of = |k: usize| earned.values().map(|e| e[k]).sum();
        let everybody = all.entry("everybody".to_owned()).or_default();
        everybody[0].add(all_of(0));
        everybody[1].add(all_of(1));
        for name in run.names.values().filter(|n| n.starts_with("orchestrator")) {
            let [paid, redeemed] = earned.get(name).copied().unwrap_or_default();
            let sums = all.entry(name.clone()).or_default();
            sums[0].add(paid);
            sums[1].add(redeemed);
        }
    }
    all
}

fn at(scenario: &Scenario, traffic: Traffic, signatures: Signatures) -> Scenario {
    let mut s = scenario.clone();
    s.fidelity.traffic = traffic;
    s.fidelity.signatures = signatures;
    s
}

/// Holds every orchestrator's income on two levels against each other.
fn compare(name: &str, a: &Income, b: &Income) {
    for (who, left) in a {
        let right = &b[who];
        for (k, what) in ["paid in expectation", "redeemed"].into_iter().enumerate() {
            let (l, r) = (left[k], right[k]);
            let apart = (l.mean() - r.mean()).abs();
            // Rounds of a tiny network may pay somebody hardly ever: a ten-thousandth of an ETH is nothing here.
            let band = BAND * (l.error() + r.error()).sqrt() + 1e-4;
            assert!(apart <= band, "{name}: {who} {what} {:.6} and {:.6}, band {band:.6}", l.mean(), r.mean());
        }
    }
    assert!(a["everybody"][0].mean() > 0.0, "{name}: nobody was paid");
}

/// Five networks that differ in what decides who earns.
fn networks() -> Vec<Scenario> {
    let cheap = "stake_weight = 0.7, price_weight = 0.2, random_weight = 0.1";
    [
        ("stake", vec![]),
        ("price", vec![(cheap, "stake_weight = 0.1, price_weight = 0.8, random_weight = 0.1")]),
        ("chance", vec![(cheap, "stake_weight = 0.0, price_weight = 0.0, random_weight = 1.0")]),
        ("crowded", vec![("max_sessions = 10", "max_sessions = 2")]),
        ("crashes", vec![("orchestrator_crashes = 2", "orchestrator_crashes = 5")]),
    ]
    .into_iter()
    .map(|(name, changes)| parse_small(name, &changes))
    .collect()
}

#[test]
fn sums_earn_everybody_what_messages_earn() {
    for s in networks() {
        let fine = income(&at(&s, Traffic::Segment, Signatures::Lazy), seeds());
        let coarse = income(&at(&s, Traffic::Round, Signatures::Lazy), seeds());
        compare(&s.name, &fine, &coarse);
    }
}

#[test]
fn lazy_signatures_earn_everybody_what_real_ones_earn() {
    let s = parse_small("signatures", &[]);
    let n = seeds().div_ceil(4);
    let real = income(&at(&s, Traffic::Segment, Signatures::Real), n);
    let lazy = income(&at(&s, Traffic::Segment, Signatures::Lazy), n);
    compare(&s.name, &real, &lazy);
    for (who, sums) in &real {
        // Which tickets win differs; what is paid for does not.
        let apart = (sums[0].mean() - lazy[who][0].mean()).abs();
        assert!(apart < 1e-4, "{who} is paid {} and {}", sums[0].mean(), lazy[who][0].mean());
    }
}
