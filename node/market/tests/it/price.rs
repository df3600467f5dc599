//! Prices against go-livepeer's cases.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_rational::BigRational;
use serde_json::Value;
use weir_market::MarketError;
use weir_market::price::{
    Feed, MaxPrice, ModelKey, PriceList, Request, Wire, currency, fixed, fixed_to_price, increase_accepted, options,
    price_to_fixed, price_to_int64,
};
use weir_types::{Address, Price};

use crate::support::{cases, data, price, ratio};

const GATEWAY: Address = Address::repeat_byte(0x9d);

fn text<T: std::fmt::Debug>(r: Result<T, MarketError>) -> Option<String> {
    r.err().map(|e| e.to_string())
}

fn error(v: &Value) -> Option<String> {
    v.as_str().map(str::to_owned)
}

fn wire(v: &Value) -> Option<Wire> {
    let pair = v.as_array()?;
    Some(Wire { per_unit: pair[0].as_i64()?, pixels_per_unit: pair[1].as_i64()? })
}

#[test]
fn fixed_point_prices() {
    let file = data("fixed_point");
    let all = cases(&file, "priceToFixed");
    assert_eq!(all.len(), 109);
    let mut checked = 0;
    for c in all {
        // The one case without a rational is a nil pointer, which has no counterpart here.
        let Some(v) = ratio(&c["in"]) else { continue };
        assert_eq!(Some(price_to_fixed(&v)), c["out"].as_i64(), "{c}");
        assert_eq!(Some(fixed_to_price(price_to_fixed(&v))), ratio(&c["back"]), "{c}");
        let whole = price_to_int64(&v);
        assert_eq!(text(whole.clone()), error(&c["priceToInt64Error"]), "{c}");
        let expected = ratio(&c["priceToInt64"]);
        assert_eq!(whole.ok().map(|n| BigRational::from_integer(n.into())), expected, "{c}");
        checked += 1;
    }
    assert_eq!(checked, 108);
}

#[test]
fn fixed_point_tokens() {
    let file = data("fixed_point");
    let all = cases(&file, "token");
    assert_eq!(all.len(), 45);
    let mut checked = 0;
    for c in all {
        let Some(v) = c["in"].as_str() else { continue };
        let v: BigInt = v.parse().expect("amount");
        assert_eq!(Some(fixed::token_to_fixed(&v)), c["out"].as_i64(), "{c}");
        checked += 1;
    }
    assert_eq!(checked, 44);
}

#[test]
fn price_messages() {
    let file = data("fixed_point");
    let all = cases(&file, "ratPriceInfo");
    assert_eq!(all.len(), 12);
    let mut checked = 0;
    for c in all {
        let Some(w) = wire(&c["in"]) else { continue };
        assert_eq!(text(w.ratio()), error(&c["error"]), "{c}");
        assert_eq!(w.ratio().ok(), ratio(&c["out"]), "{c}");
        let negative = w.ratio().is_ok_and(|r| r < BigRational::from_integer(0.into()));
        assert_eq!(matches!(w.price(), Err(MarketError::NegativePrice { .. })), negative, "{c}");
        checked += 1;
    }
    assert_eq!(checked, 11);
}

/// Saturation of big integers, which `Wire` needs for nothing but the bound of 64 bits.
#[test]
fn bounds_of_64_bits() {
    let file = data("fixed_point");
    let all = cases(&file, "toInt64");
    assert_eq!(all.len(), 6);
    for c in all {
        let v: BigInt = c["in"].as_str().expect("in").parse().expect("integer");
        let fits = price_to_int64(&BigRational::from_integer(v));
        match fits {
            Ok(n) => assert_eq!(Some(n), c["out"].as_i64(), "{c}"),
            Err(e) => {
                assert_eq!(e, MarketError::PriceRange);
                assert_eq!(c["out"].as_i64(), Some(i64::MAX), "{c}");
            }
        }
    }
}

fn list(c: &Value) -> PriceList {
    let mut list = PriceList::new(price(&c["default"]), c["autoAdjust"].as_bool().expect("autoAdjust"));
    if let Some(p) = price(&c["sender"]) {
        list.set_gateway(GATEWAY, p);
    }
    for p in c["capPrices"].as_array().into_iter().flatten() {
        let key = ModelKey::new(capability(&p["cap"]), p["model"].as_str().expect("model"));
        let gateway = (p["who"] == "sender").then_some(GATEWAY);
        list.set_model(gateway, key, price(&p["price"]).expect("price"));
    }
    list
}

fn capability(v: &Value) -> u32 {
    u32::try_from(v.as_u64().expect("capability")).expect("32 bits")
}

fn request(v: &Value) -> Request {
    let number = |s: &String| s.parse::<u32>().expect("capability");
    let Some(caps) = v.as_object() else { return Request { capacities: BTreeSet::from([27]), ..Request::default() } };
    let models = |v: &Value| -> BTreeSet<String> {
        v.as_array().into_iter().flatten().map(|m| m.as_str().expect("model").to_owned()).collect()
    };
    Request {
        capacities: caps["capacities"].as_object().into_iter().flat_map(|o| o.keys().map(number)).collect(),
        models: caps["models"].as_object().into_iter().flatten().map(|(k, v)| (number(k), models(v))).collect(),
    }
}

/// What the orchestrator answers: a message, or the text of an error.
fn answer(list: &PriceList, request: &Request, c: &Value) -> Result<Wire, String> {
    let multiplier = || ratio(&c["multiplier"]).ok_or_else(|| error(&c["multiplierError"]).expect("multiplier"));
    let quote = list.quote(GATEWAY, request, None, multiplier)?;
    Wire::of(&quote).map_err(|e| e.to_string())
}

fn expected(price: &Value, err: &Value) -> Result<Wire, String> {
    wire(price).ok_or_else(|| error(err).expect("a price or an error"))
}

#[test]
fn quotes() {
    let file = data("price_info");
    let all = file["cases"].as_array().expect("cases");
    assert_eq!(all.len(), 164);
    let (mut plain, mut by_model, mut ours) = (0, 0, 0);
    for c in all {
        let list = list(c);
        let got = answer(&list, &Request::default(), c);
        let low_bits_only = c["autoAdjust"] == false && price(&c["default"]).is_some_and(|p| Wire::of(&p).is_err());
        if low_bits_only {
            // Numbers beyond 64 bits: the original keeps the low bits and works for nothing.
            assert_eq!(c["price"][0], 0, "{c}");
            assert_eq!(got, Err(MarketError::PriceRange.to_string()), "{c}");
            ours += 1;
            continue;
        }
        assert_eq!(got, expected(&c["price"], &c["error"]), "{c}");
        plain += 1;
        if c.get("fixedPrice").is_some() {
            // A fixed price is kept only for a session that has a balance, and these have none.
            assert_eq!(wire(&c["withSession"]), got.clone().ok(), "{c}");
            assert_eq!(wire(&c["withOtherSession"]), got.ok(), "{c}");
        }
        if c.get("caps").is_some() {
            let got = answer(&list, &request(&c["caps"]), c);
            assert_eq!(got, expected(&c["forCaps"], &c["forCapsError"]), "{c}");
            model_quotes(&list, c);
            by_model += 1;
        }
    }
    assert_eq!((plain, by_model, ours), (162, 68, 2));
}

fn model_quotes(list: &PriceList, c: &Value) {
    let got: BTreeMap<String, Wire> =
        list.model_quotes(GATEWAY).into_iter().map(|(k, w)| (format!("{}/{}", k.capability, k.model), w)).collect();
    let got: Vec<String> = got.into_iter().map(|(k, w)| format!("{k}={}/{}", w.per_unit, w.pixels_per_unit)).collect();
    let expected: Vec<&str> =
        c["capabilitiesPrices"].as_array().expect("prices").iter().filter_map(Value::as_str).collect();
    assert_eq!(got, expected, "{c}");
}

#[test]
fn job_quotes() {
    let file = data("price_info");
    let all = file["jobPrices"].as_array().expect("jobPrices");
    assert_eq!(all.len(), 12);
    for c in all {
        let got = list(c).job_quote(GATEWAY).map_err(|e| e.to_string());
        assert_eq!(got, expected(&c["price"], &c["error"]), "{c}");
    }
}

#[test]
fn currencies() {
    let file = data("price_info");
    let all = file["currency"].as_array().expect("currency");
    assert_eq!(all.len(), 161);
    let mut without_feed = 0;
    for c in all {
        if c["feed"].is_null() {
            let name = c["currency"].as_str().expect("currency");
            assert_eq!(currency::wei_per_unit(name, None), Err(MarketError::NoFeed(name.to_owned())));
            without_feed += 1;
            continue;
        }
        let (base, quote) = c["feed"].as_str().expect("feed").split_once('/').expect("two currencies");
        let feed = Feed::new(base, quote, ratio(&c["feedPrice"]).expect("price")).expect("feed");
        let got = currency::wei_per_unit(c["currency"].as_str().expect("currency"), Some(&feed));
        assert_eq!(text(got.clone()), error(&c["error"]), "{c}");
        let wei = got.ok().map(|w| w * ratio(&c["base"]).expect("base"));
        assert_eq!(wei, c.get("wei").and_then(ratio), "{c}");
    }
    assert_eq!(without_feed, 1);
}

#[test]
fn option_texts() {
    let file = data("price_options");
    let all = cases(&file, "perUnit");
    assert_eq!(all.len(), 19);
    for c in all {
        let got = options::price_with_currency(c["text"].as_str().expect("text"));
        assert_eq!(text(got.clone()), error(&c["error"]), "{c}");
        let (number, currency) = got.map_or((None, String::new()), |(n, c)| (Some(n), c));
        assert_eq!(number, ratio(&c["price"]), "{c}");
        assert_eq!(c["currency"], currency.as_str(), "{c}");
    }
}

#[test]
fn option_lists() {
    let file = data("price_options");
    let gateways = cases(&file, "gateways");
    let models = cases(&file, "capabilities");
    assert_eq!((gateways.len(), models.len()), (6, 8));
    let shown = |r: &Option<BigRational>| r.as_ref().map(|r| format!("{}/{}", r.numer(), r.denom()));
    for c in gateways {
        let got = options::gateway_prices(c["json"].as_str().expect("json")).ok().map(|l| {
            l.into_iter()
                .map(|g| vec![Some(g.address), shown(&g.per_unit), shown(&g.pixels_per_unit), Some(g.currency)])
                .collect::<Vec<_>>()
        });
        assert_eq!(got, rows(&c["address_price_pixels_currency"]), "{c}");
    }
    for c in models {
        let got = options::model_prices(c["json"].as_str().expect("json")).ok().map(|l| {
            l.into_iter()
                .map(|m| {
                    let numbers = [shown(&m.per_unit), shown(&m.pixels_per_unit)];
                    [Some(m.pipeline), Some(m.model)].into_iter().chain(numbers).chain([Some(m.currency)]).collect()
                })
                .collect::<Vec<_>>()
        });
        assert_eq!(got, rows(&c["pipeline_model_price_pixels_currency"]), "{c}");
    }
}

fn rows(v: &Value) -> Option<Vec<Vec<Option<String>>>> {
    let rows = v.as_array()?;
    Some(rows.iter().map(|r| r.as_array().expect("row").iter().map(error).collect()).collect())
}

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
        assert_eq!(increase_accepted(&first, &p(1, 3)), ok, "{first}");
    }
}
