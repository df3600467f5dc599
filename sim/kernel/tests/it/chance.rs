//! Streams, distributions and faults.

use proptest::prelude::*;
use weir_kernel::{ActorId, Crash, Streams, dist, draw_crashes};
use weir_types::{Entropy, Instant, Millis};

fn rng(seed: u8) -> Entropy {
    Entropy::from_seed([seed; 32])
}

#[test]
fn a_stream_belongs_to_its_name_and_purpose() {
    let s = Streams::new(7);
    let first = |name: &str, purpose: &str| s.stream(name, purpose).word();
    assert_eq!(first("gateway-0", "latency"), first("gateway-0", "latency"));
    let others = [
        first("gateway-0", "latency"),
        first("gateway-1", "latency"),
        first("gateway-0", "prices"),
        first("gateway-0l", "atency"),
        first("", "gateway-0latency"),
        Streams::new(8).stream("gateway-0", "latency").word(),
    ];
    let different: std::collections::BTreeSet<_> = others.iter().collect();
    assert_eq!(different.len(), others.len());
    // Written down from this code, so that a change of the derivation is noticed.
    assert_eq!(format!("{:x}", first("gateway-0", "latency")), GOLDEN);
}

const GOLDEN: &str = "8ddc2ddac16be95c659cfedd898b894f21f7c8b2de7479cefc3d0699b401738e";

#[test]
fn another_actor_shifts_no_stream() {
    let draws = |actors: &[&str]| {
        let s = Streams::new(7);
        let mut streams: Vec<Entropy> = actors.iter().map(|a| s.stream(a, "work")).collect();
        let all: Vec<Vec<u64>> = (0..5).map(|_| streams.iter_mut().map(|e| e.below(1_000_000)).collect()).collect();
        all
    };
    let (two, three) = (draws(&["a", "b"]), draws(&["new", "a", "b"]));
    for (x, y) in two.iter().zip(&three) {
        assert_eq!(x[..], y[1..]);
    }
}

/// Mean and standard deviation of so many draws.
fn moments(n: u32, mut draw: impl FnMut() -> f64) -> (f64, f64) {
    let all: Vec<f64> = (0..n).map(|_| draw()).collect();
    let mean = all.iter().sum::<f64>() / f64::from(n);
    let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
    (mean, variance.sqrt())
}

fn near(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!((got - want).abs() <= tolerance, "{what}: {got} instead of {want}");
}

const N: u32 = 40_000;

#[test]
fn exponential_has_its_mean() {
    let mut r = rng(1);
    let (mean, deviation) = moments(N, || dist::exponential(&mut r, 30.0));
    near(mean, 30.0, 4.0 * 30.0 / f64::from(N).sqrt(), "mean");
    near(deviation, 30.0, 1.5, "deviation");
}

#[test]
fn normal_is_standard() {
    let mut r = rng(2);
    let (mean, deviation) = moments(N, || dist::normal(&mut r));
    near(mean, 0.0, 4.0 / f64::from(N).sqrt(), "mean");
    near(deviation, 1.0, 4.0 / f64::from(2 * N).sqrt(), "deviation");
}

#[test]
fn lognormal_has_its_median_and_mean() {
    let mut r = rng(3);
    let mut all: Vec<f64> = (0..N).map(|_| dist::lognormal(&mut r, 80.0, 0.5)).collect();
    let below = all.iter().filter(|x| **x < 80.0).count() as f64;
    near(below / f64::from(N), 0.5, 4.0 * 0.5 / f64::from(N).sqrt(), "part below the median");
    let mean = all.drain(..).sum::<f64>() / f64::from(N);
    near(mean, 80.0 * (0.125f64).exp(), 1.0, "mean");
    assert_eq!(dist::lognormal(&mut r, 80.0, 0.0), 80.0);
}

#[test]
fn pareto_has_its_least_value_and_mean() {
    let mut r = rng(4);
    let all: Vec<f64> = (0..N).map(|_| dist::pareto(&mut r, 2.0, 4.0)).collect();
    assert!(all.iter().all(|x| *x >= 2.0));
    // Mean a x / (a - 1); a part of 2^-a lies above twice the least value.
    near(all.iter().sum::<f64>() / f64::from(N), 8.0 / 3.0, 0.02, "mean");
    let above = all.iter().filter(|x| **x > 4.0).count() as f64 / f64::from(N);
    near(above, 1.0 / 16.0, 4.0 * (15.0f64 / 256.0 / f64::from(N)).sqrt(), "part above 4");
}

#[test]
fn weighted_draws_by_weight() {
    let mut r = rng(5);
    let weights = [1.0, 0.0, 3.0, -5.0, 6.0, f64::NAN];
    let mut counts = [0u32; 6];
    for _ in 0..N {
        counts[dist::weighted(&mut r, &weights)] += 1;
    }
    assert_eq!((counts[1], counts[3], counts[5]), (0, 0, 0));
    for (i, p) in [(0, 0.1), (2, 0.3), (4, 0.6)] {
        let sigma = (f64::from(N) * p * (1.0 - p)).sqrt();
        near(f64::from(counts[i]), f64::from(N) * p, 4.0 * sigma, "draws");
    }
    assert_eq!(dist::weighted(&mut r, &[]), 0);
    assert_eq!(dist::weighted(&mut r, &[0.0, -1.0]), 0);
    assert_eq!(dist::weighted(&mut r, &[0.0, 2.0]), 1);
}

#[test]
fn draws_are_the_same_everywhere() {
    let mut r = rng(6);
    let got = [
        dist::exponential(&mut r, 1.0),
        dist::normal(&mut r),
        dist::lognormal(&mut r, 1.0, 1.0),
        dist::pareto(&mut r, 1.0, 2.0),
    ];
    // Written down from this code: to the last bit, so that a change of the functions is noticed.
    assert_eq!(got.map(f64::to_bits), DRAWS);
}

const DRAWS: [u64; 4] =
    [4_615_605_841_732_088_850, 4_604_980_962_470_436_929, 4_607_977_038_152_381_265, 4_608_273_822_219_150_750];

fn crashes(seed: u8, n: usize, from: u64, until: u64) -> Vec<Crash> {
    let actors: Vec<ActorId> = (0..10).map(ActorId).collect();
    draw_crashes(&mut rng(seed), &actors, n, Instant(from), Instant(until), Millis(5))
}

#[test]
fn crashes_are_spread_over_their_span() {
    let all: Vec<Crash> = (0..200).flat_map(|seed| crashes(seed, 10, 1_000, 2_000)).collect();
    assert_eq!(all.len(), 2_000);
    let (mean, deviation) = {
        let mut times = all.iter().map(|c| c.at.0 as f64);
        moments(2_000, || times.next().expect("as many"))
    };
    near(mean, 1_500.0, 4.0 * 289.0 / 2_000f64.sqrt(), "mean");
    near(deviation, 1_000.0 / 12f64.sqrt(), 15.0, "deviation");
}

#[test]
fn every_actor_is_as_likely_to_crash() {
    let mut counts = [0u32; 10];
    for seed in 0..=255 {
        for c in crashes(seed, 3, 0, 100) {
            counts[c.actor.0 as usize] += 1;
        }
    }
    assert_eq!(counts.iter().sum::<u32>(), 768);
    let sigma = (256.0 * 0.3 * 0.7f64).sqrt();
    for c in counts {
        near(f64::from(c), 76.8, 4.5 * sigma, "crashes of an actor");
    }
}

proptest! {
    #[test]
    fn crashes_are_of_different_actors_in_order(seed: u8, n in 0..15usize, from in 0..1_000u64, span in 0..1_000u64) {
        let all = crashes(seed, n, from, from + span);
        prop_assert_eq!(all.len(), n.min(10));
        prop_assert!(all.is_sorted_by_key(|c| (c.at, c.actor)));
        let actors: std::collections::BTreeSet<ActorId> = all.iter().map(|c| c.actor).collect();
        prop_assert_eq!(actors.len(), all.len(), "one crash each");
        for c in &all {
            prop_assert!(c.at.0 >= from && (c.at.0 < from + span || span == 0));
            prop_assert_eq!(c.back(), Instant(c.at.0 + 5_000));
        }
        prop_assert_eq!(all, crashes(seed, n, from, from + span));
    }
}

#[test]
fn a_span_that_ends_before_it_begins_is_its_beginning() {
    let all = crashes(1, 2, 900, 100);
    assert!(all.iter().all(|c| c.at == Instant(900)), "{all:?}");
    assert!(crashes(1, 0, 0, 100).is_empty());
}
