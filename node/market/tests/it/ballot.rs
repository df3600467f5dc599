//! The prepared draw: frequencies, order, and agreement with the formula.

use proptest::prelude::*;
use weir_market::ballot::Ballot;
use weir_market::selection::{Probability, Weights};
use weir_types::{Address, Entropy, Price};

use crate::support::{Draws, Scripted, Stub};

fn even() -> Probability {
    Probability { weights: Weights::new(0.0, 0.0, 1.0).expect("weights"), ..Probability::default() }
}

#[test]
fn one_share_per_recipient() {
    let mut offers = vec![Stub::new(1), Stub::new(2), Stub::new(3)];
    offers[1].recipient = offers[0].recipient;
    let draw = |offers: &[Stub], r| Ballot::new(&even(), offers).draw(&mut Scripted(r));
    assert_eq!(draw(&offers, 0.49), Some(0));
    assert_eq!(draw(&offers, 0.51), Some(2));
    offers[0].recipient = None;
    assert_eq!(draw(&offers, 0.49), Some(1), "nobody without an address is drawn");
    assert_eq!(draw(&offers[..0], 0.99), None);
    assert_eq!(draw(&offers[..1], 0.99), None);
}

#[test]
fn one_that_is_taken_out_is_not_drawn() {
    let offers = [Stub::new(1), Stub::new(2)];
    let mut ballot = Ballot::new(&even(), &offers);
    ballot.remove(0);
    assert_eq!((ballot.len(), ballot.draw(&mut Scripted(0.0))), (1, Some(1)));
    ballot.remove(1);
    assert!(ballot.is_empty() && ballot.draw(&mut Scripted(0.0)).is_none());
    ballot.prepare(&even(), &offers);
    assert_eq!(ballot.len(), 2);
}

/// Pools with everything that the rules look at.
fn pools() -> Vec<(Probability, Vec<Stub>)> {
    let pool = |n: u8, stake: fn(u64) -> u64, price: fn(u64) -> u64, score: fn(u64) -> f64| -> Vec<Stub> {
        let one = |i: u8| {
            let n = u64::from(i);
            Stub { stake: stake(n), price: Price::new(price(n), 1), score: Some(score(n)), ..Stub::new(i) }
        };
        (1..=n).map(one).collect()
    };
    let weights = |s, p, r| Weights::new(s, p, r).expect("weights");
    let rule = |weights| Probability { weights, ..Probability::default() };
    vec![
        (rule(weights(0.7, 0.0, 0.3)), pool(20, |n| n * n, |_| 100, |_| 1.0)),
        (rule(weights(0.3, 0.7, 0.0)), pool(12, |n| 1_000 / n, |n| 400 + 30 * n, |_| 1.0)),
        (rule(weights(0.0, 1.0, 0.0)), pool(8, |_| 0, |n| 50 * n, |_| 1.0)),
        (
            Probability { max_price: Price::new(130, 1), min_performance: 0.5, ..rule(weights(0.4, 0.3, 0.3)) },
            pool(40, |n| 10 + n % 7, |n| 100 + n, |n| (n % 10) as f64 / 10.0),
        ),
    ]
}

/// Frequencies of a million draws against the formula, by chi-squared.
#[test]
fn frequencies_are_those_of_the_formula() {
    const DRAWS: u32 = 1_000_000;
    for (i, (rule, offers)) in pools().into_iter().enumerate() {
        let kept = rule.filter(&offers);
        let chosen: Vec<&Stub> = kept.iter().map(|i| &offers[*i]).collect();
        let probabilities = rule.probabilities(&chosen);
        let ballot = Ballot::new(&rule, &offers);
        let mut draws = Draws(Entropy::from_seed([i as u8; 32]));
        let mut counts = vec![0_u32; offers.len()];
        for _ in 0..DRAWS {
            counts[ballot.draw(&mut draws).expect("somebody")] += 1;
        }
        let outside: u32 = counts.iter().enumerate().filter(|(i, _)| !kept.contains(i)).map(|(_, n)| n).sum();
        assert_eq!(outside, 0, "pool {i}: one was drawn that the filter takes out");
        let (mut chi, mut freedom) = (0.0, -1.0);
        for (place, p) in kept.iter().zip(&probabilities) {
            let expected = p * f64::from(DRAWS);
            if expected < 5.0 {
                continue;
            }
            chi += (f64::from(counts[*place]) - expected).powi(2) / expected;
            freedom += 1.0;
        }
        // Four standard deviations above the mean of the distribution.
        let limit = freedom + 4.0 * (2.0_f64 * freedom).sqrt();
        assert!(freedom > 3.0 && chi < limit, "pool {i}: chi-squared {chi} of {freedom} degrees of freedom");
    }
}

#[test]
fn the_order_of_the_pool_means_nothing() {
    for (rule, offers) in pools() {
        let mut turned: Vec<Stub> = offers.clone();
        let third = turned.len() / 3;
        turned.rotate_left(third);
        turned.reverse();
        let [one, other] = [&offers, &turned].map(|all| (Ballot::new(&rule, all), all));
        for r in 0..1_000 {
            let r = f64::from(r) / 1_000.0;
            let drawn = |(ballot, all): &(Ballot, &Vec<Stub>)| {
                ballot.draw(&mut Scripted(r)).map(|place| all[place].uri.clone())
            };
            assert_eq!(drawn(&one), drawn(&other), "at {r}");
        }
    }
}

fn offer() -> impl Strategy<Value = Stub> {
    let price = proptest::option::weighted(0.9, 1..500_u64);
    let score = proptest::option::of(0.0..1.0_f64);
    (1..12_u8, price, 0..1_000_u64, score).prop_map(|(i, price, stake, score)| Stub {
        price: price.and_then(|p| Price::new(p, 1)),
        stake,
        score,
        ..Stub::new(i)
    })
}

proptest! {
    /// The slow way: first offers by address, the filter, the formula, a walk.
    #[test]
    fn the_prepared_draw_is_the_formulas(
        offers in proptest::collection::vec(offer(), 0..20),
        r in 0.0..1.0_f64,
        (stake, price) in (0.0..0.5_f64, 0.0..0.5_f64),
        min_performance in prop_oneof![Just(0.0), 0.0..1.2_f64],
        max in proptest::option::of(1..600_u64),
        ignore_max_price in any::<bool>(),
    ) {
        let rule = Probability {
            weights: Weights::new(stake, price, 1.0 - stake - price).expect("weights"),
            min_performance,
            max_price: max.and_then(|p| Price::new(p, 1)),
            ignore_max_price,
            ..Probability::default()
        };
        let mut first: Vec<(Address, usize)> =
            offers.iter().enumerate().filter_map(|(i, o)| Some((o.recipient?, i))).collect();
        first.sort_unstable();
        first.dedup_by_key(|(a, _)| *a);
        let distinct: Vec<&Stub> = first.iter().map(|(_, i)| &offers[*i]).collect();
        let slow = rule.select(&distinct, &mut Scripted(r)).map(|i| first[i].1);
        prop_assert_eq!(Ballot::new(&rule, &offers).draw(&mut Scripted(r)), slow);
    }
}
