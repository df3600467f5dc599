//! Sessions for jobs of a model.

use std::collections::BTreeSet;
use std::sync::Arc;

use weir_market::job_pool::{JobPool, POOL_LIFE};
use weir_market::selection::{Probability, Weights};
use weir_types::{Entropy, Instant, Price};

use crate::support::Stub;

fn at(seconds: u64) -> Instant {
    Instant::from_secs(seconds)
}

fn uri(i: u8) -> Arc<str> {
    Stub::new(i).uri.into()
}

/// Orchestrators that are drawn with equal chances, those with even numbers warm.
fn pool(n: u8) -> JobPool<Stub> {
    let weights = Weights::new(0.0, 0.0, 1.0).expect("weights");
    let mut p = JobPool::new(Probability { weights, ..Probability::default() });
    p.begin_refresh();
    p.end_refresh(at(0), (0..n).map(|i| (Stub::new(i), i % 2 == 0)));
    p
}

fn pick(p: &mut JobPool<Stub>, but: &[u8]) -> Option<Arc<str>> {
    let but: BTreeSet<Arc<str>> = but.iter().map(|i| uri(*i)).collect();
    p.pick(&but, &mut Entropy::from_seed([5; 32]))
}

#[test]
fn warm_ones_come_first_then_fast_ones() {
    let mut p = pool(6);
    let mut order = Vec::new();
    for _ in 0..6 {
        let next = pick(&mut p, &[]).expect("somebody");
        p.sent(&next);
        order.push(next);
    }
    let warm: BTreeSet<Arc<str>> = order[..3].iter().cloned().collect();
    assert_eq!(warm, [0, 2, 4].map(uri).into(), "{order:?}");
    // All are busy: anybody takes one more.
    assert!(pick(&mut p, &[]).is_some());
    for (i, score) in [(0, 3.0), (2, 1.0), (4, 2.0), (1, 0.1)] {
        p.complete(&uri(i), Some(score));
    }
    assert_eq!(pick(&mut p, &[]), Some(uri(2)), "the fastest of the warm ones");
    assert_eq!(pick(&mut p, &[2]), Some(uri(4)));
    assert_eq!(pick(&mut p, &[0, 2, 4]), Some(uri(1)), "then the cold ones");
    assert_eq!(pick(&mut p, &[0, 1, 2, 3, 4, 5]), None);
}

#[test]
fn one_that_failed_keeps_its_score_and_one_at_fault_rests() {
    let mut p = pool(2);
    p.complete(&uri(0), Some(2.0));
    p.sent(&uri(0));
    p.complete(&uri(0), None);
    assert_eq!(pick(&mut p, &[]), Some(uri(0)));
    assert!(p.remove(&uri(0), true).is_some());
    assert_eq!(pick(&mut p, &[]), Some(uri(1)));
    // For three refreshes, the one that it failed in not counted.
    for rests in [true, true, true, false] {
        p.begin_refresh();
        assert_eq!(p.suspender().suspended(&uri(0)) > 0, rests);
        p.end_refresh(at(0), []);
    }
}

#[test]
fn an_empty_pool_takes_back_whoever_rests() {
    let mut p = pool(1);
    p.remove(&uri(0), true);
    assert!(p.is_empty());
    p.begin_refresh();
    assert_eq!(p.suspender().suspended(&uri(0)), 0);
}

#[test]
fn a_pool_looks_for_more_when_it_is_old_or_small() {
    let mut p = JobPool::<Stub>::new(Probability::default());
    assert!(p.needs_refresh(at(0), 10), "nobody was looked for");
    p.begin_refresh();
    assert!(!p.needs_refresh(at(0), 10), "a search is under way");
    p.end_refresh(at(0), (0..10).map(|i| (Stub::new(i), true)));
    assert!(!p.needs_refresh(at(599), 10));
    assert!(p.needs_refresh(at(0) + POOL_LIFE, 10), "it is old");
    for i in 0..5 {
        p.remove(&uri(i), false);
    }
    assert!(!p.needs_refresh(at(1), 10), "half of them are left");
    p.remove(&uri(5), false);
    assert!(p.needs_refresh(at(1), 10));
    assert_eq!(p.len(), 4);
}

#[test]
fn a_refresh_renews_offers_and_keeps_scores() {
    let mut p = pool(2);
    p.complete(&uri(1), Some(0.5));
    p.begin_refresh();
    p.end_refresh(at(1), [(Stub::new(1).priced(7), true)]);
    assert_eq!(p.get(&uri(1)).and_then(|s| s.price.clone()), Price::new(7, 1));
    assert_eq!(pick(&mut p, &[]), Some(uri(1)), "warm now, and known to be fast");
}

#[test]
fn a_live_session_goes_to_whoever_answered_first_within_the_limit() {
    let limits = Probability { max_price: Price::new(100, 1), ..Probability::default() };
    let mut p = JobPool::new(limits);
    p.begin_refresh();
    let offers = [(1, 50, 101), (2, 80, 100), (3, 60, 99)];
    let offers = offers.map(|(i, ms, price)| (Stub::new(i).priced(price).answered(ms), true));
    p.end_refresh(at(0), offers);
    assert_eq!(p.pick_live(&BTreeSet::new()), Some(uri(3)));
    assert_eq!(p.pick_live(&[uri(3)].into()), Some(uri(2)));
    assert_eq!(p.pick_live(&[uri(2), uri(3)].into()), None, "the first one asks too much");
}
