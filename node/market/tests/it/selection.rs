//! Selection.

use weir_market::price::stake_to_fixed;
use weir_market::selection::{MinLs, Offer, Probability, Weights};
use weir_market::suspension::penalty;
use weir_types::{Entropy, LptWei};

use crate::support::{Scripted, Stub};

#[test]
fn penalties() {
    for (available, wanted, expected) in [(0, 0, 1), (8, 8, 1), (20, 8, 3), (16, 8, 2), (100, 100, 1), (5, 0, 5)] {
        assert_eq!(penalty(available, wanted), expected, "{available} of which {wanted}");
    }
}

#[test]
fn draw_follows_the_probabilities() {
    let mut offers = vec![Stub::new(1), Stub::new(2), Stub::new(3)];
    for (o, stake) in offers.iter_mut().zip([100, 100, 800]) {
        o.stake = stake;
    }
    let rule = Probability { weights: Weights::new(1.0, 0.0, 0.0).expect("weights"), ..Probability::default() };
    for (r, place) in [(0.0, 0), (0.1, 0), (0.1001, 1), (0.2, 1), (0.21, 2), (0.999, 2)] {
        assert_eq!(rule.select(&offers, &mut Scripted(r)), Some(place), "{r}");
    }
    let mut entropy = Entropy::from_seed([7; 32]);
    let mut counts = [0u32; 3];
    for _ in 0..10_000 {
        counts[rule.select(&offers, &mut entropy).expect("somebody")] += 1;
    }
    for (n, share) in counts.iter().zip([1_000.0, 1_000.0, 8_000.0]) {
        assert!((f64::from(*n) - share).abs() < 160.0, "{counts:?}");
    }
}

#[test]
fn offers_without_a_price_are_not_drawn() {
    let mut offers = vec![Stub::new(1), Stub::new(2)];
    offers[0].price = None;
    let rule = Probability::default();
    for r in [0.0, 0.5, 0.999] {
        assert_eq!(rule.select(&offers, &mut Scripted(r)), Some(1));
    }
    offers[1].price = None;
    assert_eq!(rule.select(&offers, &mut Scripted(0.5)), None);
}

#[test]
fn over_priced_offers() {
    let offers = [Stub::new(1).priced(300), Stub::new(2).priced(201)];
    let mut rule = Probability { max_price: weir_types::Price::new(200, 1), ..Probability::default() };
    assert_eq!(rule.select(&offers, &mut Scripted(0.5)), None);
    assert!(offers.iter().all(|o| !rule.eligible(o)));
    rule.ignore_max_price = true;
    assert!(rule.select(&offers, &mut Scripted(0.5)).is_some());
    rule.max_price = weir_types::Price::new(201, 1);
    assert_eq!(rule.select(&offers, &mut Scripted(0.0)), Some(1));
    assert_eq!(offers[1].uri(), "https://o2:8935");
}

#[test]
fn weights_add_up() {
    assert!(Weights::new(0.7, 0.0, 0.3).is_ok());
    assert!(Weights::new(0.7, 0.00005, 0.3).is_ok());
    assert!(Weights::new(0.7, 0.1, 0.3).is_err());
    assert!(Weights::new(1.5, -0.5, 0.0).is_err());
    assert!(Weights::new(f64::NAN, 0.5, 0.5).is_err());
}

#[test]
fn slow_known_session_serves_when_nobody_else_can() {
    let mut s = MinLs::new(1.0);
    s.add(["new"]);
    s.complete("slow", 3.0);
    assert_eq!(s.select(|_| None), Some("slow"));
    assert_eq!(s.select(|_| None), None);
    assert_eq!(s.select(|_| Some(7)), None);
    assert_eq!(s.select(|_| Some(0)), Some("new"));
}

#[test]
fn stakes() {
    assert_eq!(stake_to_fixed(LptWei::from_whole(3)), 300_000);
    assert_eq!(stake_to_fixed(LptWei(weir_types::U256::MAX)), i64::MAX as u64);
}
