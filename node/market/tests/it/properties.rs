//! Price arithmetic and selection for any input.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};
use proptest::prelude::*;
use weir_market::price::{PriceList, Request, Wire, fixed_to_price, list, price_to_fixed};
use weir_market::selection::{Probability, Weights};
use weir_types::{Address, Credit, Entropy, Pixels, Price};

use crate::support::Stub;

fn prices() -> impl Strategy<Value = Price> {
    (any::<u64>(), 0..64u32, 1..=u64::MAX, 0..64u32)
        .prop_map(|(n, cut, d, dcut)| Price::new(n >> cut, (d >> dcut).max(1)).expect("denominator"))
}

fn offers() -> impl Strategy<Value = Vec<Stub>> {
    let one = (prop::option::of(0..3_000u64), 0..1_000_000_000u64, prop::option::of(0.0..1.0f64));
    prop::collection::vec(one, 0..12).prop_map(|all| {
        let stub = |(i, (price, stake, score)): (usize, (Option<u64>, u64, Option<f64>))| Stub {
            price: price.and_then(|p| Price::new(p, 1)),
            stake,
            score,
            ..Stub::new(u8::try_from(i + 1).expect("few offers"))
        };
        all.into_iter().enumerate().map(stub).collect()
    })
}

fn rules() -> impl Strategy<Value = Probability> {
    let weights = prop::sample::select(vec![(0.7, 0.0, 0.3), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.2, 0.3, 0.5)]);
    (weights, prop::option::of(1..3_000u64), any::<bool>(), 0.0..1.0f64, 1.0..10_000.0f64).prop_map(
        |((stake, price, rand), max, ignore_max_price, min_performance, price_factor)| Probability {
            weights: Weights::new(stake, price, rand).expect("weights"),
            price_factor,
            min_performance,
            max_price: max.and_then(|m| Price::new(m, 1)),
            ignore_max_price,
        },
    )
}

proptest! {
    #[test]
    fn fees_are_exact(per_unit: u64, units in 1..=u64::MAX, pixels: u64) {
        let fee = Price::new(per_unit, units).expect("price").fee(Pixels(pixels));
        let product = u128::from(per_unit) * u128::from(pixels);
        let back = fee.0 * BigRational::from_integer(units.into());
        prop_assert_eq!(back, BigRational::from_integer(BigInt::from(product)));
    }

    #[test]
    fn fees_add_up(price in prices(), a in 0..u64::MAX / 2, b in 0..u64::MAX / 2) {
        let sum: Credit = price.fee(Pixels(a)) + &price.fee(Pixels(b));
        prop_assert_eq!(sum, price.fee(Pixels(a + b)));
    }

    #[test]
    fn fixed_point_is_within_one_unit(price in prices()) {
        let back = fixed_to_price(price_to_fixed(price.ratio()));
        let unit = BigRational::new(1.into(), 1_000.into());
        let saturated = price_to_fixed(price.ratio()) == i64::MAX;
        let gap = price.ratio() - &back;
        prop_assert!(saturated || (gap >= BigRational::zero() && gap < unit), "{} off by {}", price, gap);
    }

    #[test]
    fn fixed_point_values_survive(units in 0..=i64::MAX) {
        prop_assert_eq!(price_to_fixed(&fixed_to_price(units)), units);
    }

    #[test]
    fn messages_round_trip(price in prices()) {
        match Wire::of(&price) {
            Ok(w) => {
                let back = w.price().expect("own message");
                let exact = i64::try_from(price.ratio().numer()).is_ok() && i64::try_from(price.ratio().denom()).is_ok();
                prop_assert!(back <= price);
                prop_assert!(!exact || back == price);
                prop_assert!(price.ratio() - back.ratio() < BigRational::one());
            }
            Err(_) => prop_assert!(price.ratio() >= &BigRational::from_integer(BigInt::from(1u64 << 63))),
        }
    }

    #[test]
    fn overhead_is_one_part_in_multiplier(n in 0..1_000_000_000u64, d in 1..1_000_000u64, m in 1..1_000u32) {
        let base = Price::new(n, d).expect("price");
        let got = list::with_overhead(&base, &BigRational::from_integer(m.into()));
        let exact = base.ratio() * (BigRational::one() + BigRational::new(1.into(), m.into()));
        let gap = exact - got.ratio();
        prop_assert!(gap >= BigRational::zero() && gap < BigRational::new(1.into(), 1_000.into()));
    }

    #[test]
    fn a_gateways_own_price_comes_first(default in prices(), own in prices()) {
        let (a, b) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let mut list = PriceList::new(Some(default.clone()), false);
        list.set_gateway(a, own.clone());
        let none = || Err("not asked for");
        prop_assert_eq!(list.quote(a, &Request::default(), None, none), Ok(own));
        prop_assert_eq!(list.quote(b, &Request::default(), None, none), Ok(default));
    }

    #[test]
    fn the_chosen_one_keeps_to_the_rules(offers in offers(), rule in rules(), seed: [u8; 32]) {
        let picked = rule.select(&offers, &mut Entropy::from_seed(seed));
        if let Some(i) = picked {
            let price = offers[i].price.as_ref().expect("the chosen one has a price");
            let over = rule.max_price.as_ref().is_some_and(|m| price > m);
            prop_assert!(!over || rule.ignore_max_price);
        }
        let fits = |o: &Stub| o.price.as_ref().is_some_and(|p| rule.max_price.as_ref().is_none_or(|m| p <= m));
        if rule.min_performance <= 0.0 {
            prop_assert!(picked.is_some() || !offers.iter().any(fits));
        }
    }

    #[test]
    fn probabilities_add_up(offers in offers(), rule in rules()) {
        let priced: Vec<&Stub> = offers.iter().filter(|o| o.price.is_some() && o.stake > 0).collect();
        let sum: f64 = rule.probabilities(&priced).iter().sum();
        // Every weight underflows when all prices are far above the factor: each term then counts in full.
        let tiny = priced.iter().all(|o| o.price.as_ref().is_some_and(|p| p.to_f64() / rule.price_factor > 700.0));
        prop_assert!(priced.is_empty() || tiny || (sum - 1.0).abs() < 1e-9, "sum {}", sum);
    }
}
