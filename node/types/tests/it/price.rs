//! Prices and what they make of work.

use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;
use weir_types::{Credit, Pixels, Price};

fn price(n: u64, d: u64) -> Price {
    Price::new(n, d).expect("denominator")
}

#[test]
fn what_is_a_price() {
    assert_eq!(Price::new(1, 0), None);
    assert_eq!(Price::from_ratio(BigRational::new((-1).into(), 2.into())), None);
    assert_eq!(Price::from_ratio(BigRational::new(3.into(), 6.into())), Some(price(1, 2)));
    assert!(Price::free().is_free() && price(0, 9).is_free() && !price(1, u64::MAX).is_free());
    assert_eq!(price(1010, 10).to_string(), "101/1 wei per pixel");
    assert_eq!(price(1, 4).to_f64(), 0.25);
    assert_eq!((Pixels(5).to_string(), [Pixels(2), Pixels(3)].into_iter().sum()), ("5 px".to_owned(), Pixels(5)));
}

#[test]
fn fees_are_fractions() {
    assert_eq!(price(1, 3).fee(Pixels(2)), Credit(BigRational::new(2.into(), 3.into())));
    assert_eq!(price(7, 2).fee(Pixels(0)), Credit::zero());
    let largest = price(u64::MAX, 1).fee(Pixels(u64::MAX));
    assert_eq!(largest.to_string(), format!("{}/1 wei", u128::from(u64::MAX) * u128::from(u64::MAX)));
}

proptest! {
    #[test]
    fn prices_are_ordered_as_fractions(a: u64, b in 1..=u64::MAX, c: u64, d in 1..=u64::MAX) {
        let exact = (u128::from(a) * u128::from(d)).cmp(&(u128::from(c) * u128::from(b)));
        prop_assert_eq!(price(a, b).cmp(&price(c, d)), exact);
    }

    #[test]
    fn fees_are_exact_and_add_up(n: u64, d in 1..=u64::MAX, x in 0..=u64::MAX / 2, y in 0..=u64::MAX / 2) {
        let p = price(n, d);
        prop_assert_eq!(p.fee(Pixels(x)).0 * BigInt::from(d), BigRational::from_integer(BigInt::from(n) * x));
        prop_assert_eq!(p.fee(Pixels(x)) + &p.fee(Pixels(y)), p.fee(Pixels(x + y)));
    }
}
