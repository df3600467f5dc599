//! Streams of random numbers.

use proptest::prelude::*;
use rand_core::Rng;
use weir_types::{Entropy, U256};

#[test]
fn the_same_seed_gives_the_same_stream() {
    let mut e = Entropy::from_seed([7; 32]);
    assert_eq!(e.next_u64(), FIRST);
    assert_eq!(e.below(1_000_000), SECOND);
    assert_eq!(e.unit(), THIRD);
    assert_eq!(e.word(), U256::from_str_radix(FOURTH, 16).expect("word"));
    assert_eq!(e.next_u32(), FIFTH);
    let mut other = Entropy::from_seed([8; 32]);
    assert_ne!(other.next_u64(), FIRST);
}

// Written down from this code, so that a change of the generator, or of how draws use it, is noticed.
const FIRST: u64 = 2_363_194_108_971_422_454;
const SECOND: u64 = 743_523;
const THIRD: f64 = 0.535_788_744_442_086_8;
const FOURTH: &str = "9b0798873ec74418188f93da1cff420a0dda47f5804a2db50894749b1a7fb68";
const FIFTH: u32 = 624_314_253;

#[test]
fn a_clone_goes_on_alike() {
    let mut a = Entropy::from_seed([1; 32]);
    a.word();
    let mut b = a.clone();
    let mut bytes = [[0; 40]; 2];
    a.fill_bytes(&mut bytes[0]);
    b.fill_bytes(&mut bytes[1]);
    assert_eq!(bytes[0], bytes[1]);
    assert_ne!(bytes[0], [0; 40]);
}

#[test]
fn no_number_below_nothing() {
    let mut e = Entropy::from_seed([1; 32]);
    let mut untouched = e.clone();
    assert_eq!(e.below(0), 0);
    assert_eq!(e.next_u64(), untouched.next_u64(), "nothing was drawn");
    assert_eq!(e.below(1), 0);
}

/// Of 3/4 of the range, the lower third would come up twice as often if a draw were only reduced.
#[test]
fn no_number_is_favoured() {
    let n = 3u64 << 62;
    let mut e = Entropy::from_seed([2; 32]);
    let draws = 12_000u32;
    let low = (0..draws).filter(|_| e.below(n) < n / 3).count() as f64;
    let (mean, sigma) = (f64::from(draws) / 3.0, (f64::from(draws) * 2.0 / 9.0).sqrt());
    assert!((low - mean).abs() < 4.0 * sigma, "{low} of {draws} in the lower third");
}

#[test]
fn small_ranges_are_even() {
    let mut e = Entropy::from_seed([3; 32]);
    let mut counts = [0u32; 7];
    for _ in 0..70_000 {
        counts[usize::try_from(e.below(7)).expect("small")] += 1;
    }
    let sigma = (70_000.0f64 * 6.0 / 49.0).sqrt();
    for (i, c) in counts.iter().enumerate() {
        assert!((f64::from(*c) - 10_000.0).abs() < 4.0 * sigma, "{c} times {i}");
    }
}

#[test]
fn units_are_even() {
    let mut e = Entropy::from_seed([4; 32]);
    let n = 50_000;
    let draws: Vec<f64> = (0..n).map(|_| e.unit()).collect();
    assert!(draws.iter().all(|u| (0.0..1.0).contains(u)));
    let mean = draws.iter().sum::<f64>() / f64::from(n);
    assert!((mean - 0.5).abs() < 4.0 / (12.0 * f64::from(n)).sqrt(), "mean {mean}");
}

proptest! {
    #[test]
    fn draws_are_in_range(seed: [u8; 32], n in 1..=u64::MAX) {
        let mut e = Entropy::from_seed(seed);
        for _ in 0..8 {
            prop_assert!(e.below(n) < n);
        }
    }

    /// Powers of two divide the range: nothing is drawn again, and the low bits are the answer.
    #[test]
    fn powers_of_two_take_one_draw(seed: [u8; 32], shift in 0..64u32) {
        let mut e = Entropy::from_seed(seed);
        let mut raw = e.clone();
        prop_assert_eq!(e.below(1 << shift), raw.next_u64() % (1 << shift));
        prop_assert_eq!(e.next_u64(), raw.next_u64());
    }
}
