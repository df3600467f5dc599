//! Prices.

use std::collections::{BTreeMap, BTreeSet};

use num_rational::BigRational;
use weir_market::MarketError;
use weir_market::price::{MaxPrice, ModelKey, PriceList, Request, check_increase, options};
use weir_types::{Address, Price};

const GATEWAY: Address = Address::repeat_byte(0x9d);

#[test]
fn no_number_of_unbounded_size() {
    for n in ["1e999999999", "1e-999999999", "1e99999999999", &"9".repeat(2_000)] {
        let json = format!("{{\"gateways\":[{{\"ethaddress\":\"0x01\",\"priceperunit\":{n}}}]}}");
        assert!(matches!(options::gateway_prices(&json), Err(MarketError::PriceList(_))), "{n}");
    }
}

#[test]
fn fixed_price_of_a_session_stays() {
    let list = PriceList::new(Price::new(5, 1), true);
    let fixed = Price::new(3, 7).expect("price");
    let none = || -> Result<BigRational, String> { panic!("a fixed price needs no multiplier") };
    assert_eq!(list.quote(GATEWAY, &Request::default(), Some(&fixed), none), Ok(fixed));
}

#[test]
fn limits_per_request() {
    let p = |n| Price::new(n, 1).expect("price");
    let mut max = MaxPrice::new(p(10));
    max.set_model(ModelKey::new(27, "sd"), p(3));
    max.set_model(ModelKey::new(27, "default"), p(4));
    let request = |models: &[&str]| Request {
        capacities: BTreeSet::from([27]),
        models: BTreeMap::from([(27, models.iter().map(|m| (*m).to_owned()).collect())]),
    };
    assert_eq!(max.of(&Request::default()), Some(p(10)));
    assert_eq!(max.of(&request(&["sd"])), Some(p(3)));
    assert_eq!(max.of(&request(&["sd", "xl"])), Some(p(7)));
    assert_eq!(max.of(&request(&[])), Some(p(10)));
    max.set_general(Price::free());
    assert_eq!(max.of(&Request::default()), None);
    assert_eq!(MaxPrice::new(Price::free()).of(&request(&["sd"])), None);
}

#[test]
fn price_rises_within_a_session() {
    let p = |n, d| Price::new(n, d).expect("price");
    for (first, ok) in [(p(1, 3), true), (p(10, 3), true), (p(1, 6), true), (p(1000, 6001), false)] {
        assert_eq!(check_increase(&first, &p(1, 3)).is_ok(), ok, "{first}");
    }
}
