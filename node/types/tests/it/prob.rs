//! Probabilities and percentages.

use proptest::prelude::*;
use weir_types::{Perc6, Perc9, Perc27, U256, WinProb};

#[test]
fn probabilities_as_doubles() {
    assert_eq!(WinProb::ZERO.to_f64(), 0.0);
    assert_eq!(WinProb::ONE.to_f64(), 1.0);
    for shift in [1, 2, 10, 64, 200] {
        assert_eq!(WinProb(U256::MAX >> shift).to_f64(), 0.5f64.powi(shift), "{shift}");
    }
    assert!((WinProb(U256::MAX / U256::from(1_000u64)).to_f64() - 0.001).abs() < 1e-18);
}

#[test]
fn hundred_per_cent() {
    assert_eq!((Perc6::DIVISOR, Perc9::DIVISOR), (1_000_000, 1_000_000_000));
    assert_eq!(Perc27::DIVISOR, 10u128.pow(27));
    for (json, same) in [
        (serde_json::to_string(&Perc6(10_000)), "10000"),
        (serde_json::to_string(&Perc9(200_000_000)), "200000000"),
        (serde_json::to_string(&Perc27(Perc27::DIVISOR)), "1000000000000000000000000000"),
    ] {
        assert_eq!(json.expect("JSON"), same);
    }
}

proptest! {
    #[test]
    fn doubles_keep_the_order(a: [u64; 4], b: [u64; 4]) {
        let (a, b) = (WinProb(U256::from_limbs(a)), WinProb(U256::from_limbs(b)));
        let (x, y) = (a.to_f64(), b.to_f64());
        prop_assert!((0.0..=1.0).contains(&x));
        let kept = if a <= b { x <= y } else { x >= y };
        prop_assert!(kept, "{} and {}", x, y);
    }
}
