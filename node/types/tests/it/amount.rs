//! Amounts at the edges of their range.

use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;
use weir_types::amount::{big, unsigned};
use weir_types::{AmountError, Credit, LptWei, U256, Wei};

const MAX: Wei = Wei(U256::MAX);

fn ratio(n: i64, d: i64) -> Credit {
    Credit(BigRational::new(n.into(), d.into()))
}

#[test]
fn sums_and_products_end_at_the_largest_word() {
    let one = Wei::new(1);
    let below = Wei(U256::MAX - U256::from(1u64));
    assert_eq!(below.checked_add(one), Ok(MAX));
    assert_eq!(MAX.checked_add(Wei::ZERO), Ok(MAX));
    assert_eq!(MAX.checked_add(one), Err(AmountError::Overflow { left: MAX.0, op: "+", right: one.0 }));
    assert_eq!(Wei(U256::MAX / U256::from(3u64)).checked_mul(3), Ok(MAX));
    assert_eq!(MAX.checked_mul(0), Ok(Wei::ZERO));
    let error = MAX.checked_mul(2).expect_err("too large");
    assert_eq!(error.to_string(), format!("amount overflow: {} * 2", U256::MAX));
}

#[test]
fn differences_end_at_zero() {
    let (two, three) = (LptWei::new(2), LptWei::new(3));
    assert_eq!(three.checked_sub(three), Ok(LptWei::ZERO));
    assert_eq!(two.checked_sub(three).expect_err("below zero").to_string(), "amount underflow: 2 - 3");
    assert_eq!(two.saturating_sub(three), LptWei::ZERO);
    assert_eq!(three.saturating_sub(two), LptWei::new(1));
}

#[test]
fn whole_units() {
    assert_eq!(Wei::from_whole(1), Wei::new(1_000_000_000_000_000_000));
    assert_eq!(Wei::from_gwei(3), Wei::new(3_000_000_000));
    assert_eq!(Wei::from_whole(u64::MAX).to_string(), "18446744073709551615000000000000000000 wei");
    assert_eq!(Wei::from_whole(5).to_f64_whole(), 5.0);
    assert_eq!(MAX.to_f64(), 2f64.powi(256));
    assert_eq!(Wei::new(1 << 100).to_f64(), 2f64.powi(100));
    assert!(Wei::ZERO.is_zero() && !MAX.is_zero());
}

#[test]
fn texts() {
    assert_eq!(Wei::new(7).to_string(), "7 wei");
    assert_eq!(LptWei::new(7).to_string(), "7 LPT wei");
    assert_eq!(ratio(-6, 4).to_string(), "-3/2 wei");
    assert_eq!(Credit::zero().to_string(), "0/1 wei");
    let largest = U256::MAX.to_string();
    for (text, want) in [("0", Wei::ZERO), ("007", Wei::new(7)), (largest.as_str(), MAX)] {
        assert_eq!(text.parse(), Ok(want), "{text}");
    }
    let over = format!("{largest}0");
    for wrong in ["", " ", "_", "1_000", "+1", "-1", "1.0", "0x1", "1e3", " 1", "1 ", "a", "١", over.as_str()] {
        assert_eq!(wrong.parse::<Wei>(), Err(AmountError::Parse(wrong.to_owned())), "{wrong:?}");
    }
    assert_eq!(AmountError::Parse("x".into()).to_string(), "not a decimal amount: \"x\"");
}

#[test]
fn credit_rounds_as_it_is_told() {
    for (n, d, floor, ceil) in [(7, 2, 3, 4), (6, 2, 3, 3), (1, 3, 0, 1), (0, 1, 0, 0), (-1, 2, 0, 0), (-7, 2, 0, 0)] {
        let c = ratio(n, d);
        assert_eq!((c.floor_wei(), c.ceil_wei()), (Wei::new(floor), Wei::new(ceil)), "{c}");
        assert_eq!(c.is_positive(), n > 0, "{c}");
    }
    assert_eq!(ratio(1, 4).to_f64(), 0.25);
    assert_eq!(Credit::ratio(U256::from(6u64), U256::from(4u64)), ratio(3, 2));
    assert!(ratio(1, 3) < ratio(1, 2) && ratio(-1, 2) < Credit::default());
}

#[test]
fn words_and_integers() {
    assert_eq!(unsigned(&BigInt::from(-1)), U256::ZERO);
    assert_eq!(unsigned(&(big(U256::MAX) + 1)), U256::MAX);
    assert_eq!(unsigned(&(big(U256::MAX) - 1)), U256::MAX - U256::from(1u64));
    assert_eq!(unsigned(&(BigInt::from(1) << 300)), U256::MAX);
}

proptest! {
    #[test]
    fn checked_arithmetic_is_exact_or_refused(a: [u64; 4], b: [u64; 4], factor: u64, cut in 0..256usize) {
        let (a, b) = (Wei(U256::from_limbs(a)), Wei(U256::from_limbs(b) >> cut));
        let fits = |v: &BigInt| *v >= BigInt::from(0) && *v <= big(U256::MAX);
        let check = |got: Option<Wei>, exact: BigInt| got.map(|w| big(w.0)) == fits(&exact).then_some(exact);
        prop_assert!(check(a.checked_add(b).ok(), big(a.0) + big(b.0)));
        prop_assert!(check(a.checked_sub(b).ok(), big(a.0) - big(b.0)));
        prop_assert!(check(b.checked_mul(factor).ok(), big(b.0) * BigInt::from(factor)));
        prop_assert_eq!(a.saturating_sub(b), a.checked_sub(b).unwrap_or(Wei::ZERO));
    }

    #[test]
    fn words_survive(v: [u64; 4], cut in 0..256usize) {
        let v = U256::from_limbs(v) >> cut;
        prop_assert_eq!(unsigned(&big(v)), v);
        prop_assert_eq!(v.to_string().parse(), Ok(Wei(v)));
        prop_assert_eq!(Credit::from(Wei(v)).floor_wei(), Wei(v));
        let json = serde_json::to_string(&Wei(v)).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Wei>(&json).expect("own form"), Wei(v));
    }

    #[test]
    fn credit_adds_exactly(a: i64, b in 1..i64::MAX, c: i64, d in 1..i64::MAX) {
        let (x, y) = (ratio(a, b), ratio(c, d));
        let sum = x.clone() + &y;
        let numerator = BigInt::from(a) * d + BigInt::from(c) * b;
        prop_assert_eq!(&sum.0 * (BigInt::from(b) * d), BigRational::from_integer(numerator));
        prop_assert_eq!(&(sum.clone() - &y), &x);
        let mut z = x.clone();
        z += &y;
        prop_assert_eq!(&z, &sum);
        z -= &y;
        prop_assert_eq!(z, x);
    }
}

#[test]
fn numbers_of_peers_are_read_and_never_without_bound() {
    let read = |text: &str| weir_types::decimal::ratio(text);
    assert_eq!(read("1/3"), Some(ratio(1, 3).0));
    assert_eq!(read("-5.25"), Some(ratio(-21, 4).0));
    assert_eq!(read("+1e3"), Some(ratio(1_000, 1).0));
    assert_eq!((read(".5"), read("5.")), (Some(ratio(1, 2).0), Some(ratio(5, 1).0)));
    for bad in ["", "-", ".", "1/0", "1/-2", "1.5/2", "x", "1e", "1e1001", "0x10", "1 "] {
        assert_eq!(read(bad), None, "{bad}");
    }
    assert_eq!(read(&"9".repeat(2_000)), None);
}

#[test]
fn numbers_are_rounded_away_from_zero() {
    let rounded = |text, places| {
        let value = weir_types::decimal::ratio(text).expect("a number");
        weir_types::decimal::rounded(&value, places)
    };
    for (text, places, expected) in [
        ("0", 3, "0.000"),
        ("1/3", 3, "0.333"),
        ("25437500003/250", 3, "101750000.012"),
        ("0.0005", 3, "0.001"),
        ("-0.0005", 3, "-0.001"),
        ("-0.0004", 3, "0.000"),
        ("-7/3", 5, "-2.33333"),
        ("999.9996", 3, "1000.000"),
        ("2.5", 0, "3"),
    ] {
        assert_eq!(rounded(text, places), expected, "{text}");
    }
}
