//! Selection against go-livepeer's cases.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_market::pool::Session;
use weir_market::price::stake_to_fixed;
use weir_market::selection::{MinLs, Offer, Probability, Rank, Ranked, Weights, select_live};
use weir_market::suspension::{Suspender, penalty};
use weir_types::{Address, Entropy, Instant, LptWei, Millis};

use crate::support::{Scripted, Stub, cases, data, price};

fn pool(c: &Value) -> Vec<Stub> {
    let entries = c["pool"].as_array().into_iter().flatten();
    let one = |(i, o): (usize, &Value)| Stub {
        uri: format!("o{i}"),
        recipient: Some(Address::repeat_byte(u8::try_from(i + 1).expect("few orchestrators"))),
        price: o.get("price").and_then(price),
        stake: o["stake"].as_u64().unwrap_or(0),
        score: o["score"].as_f64(),
    };
    entries.enumerate().map(one).collect()
}

fn rule(c: &Value) -> Probability {
    let w: Vec<f64> =
        c["weights_stake_price_rand"].as_array().expect("weights").iter().filter_map(Value::as_f64).collect();
    Probability {
        weights: Weights::new(w[0], w[1], w[2]).expect("weights"),
        price_factor: c["priceExpFactor"].as_f64().expect("factor"),
        min_performance: c["minPerfScore"].as_f64().expect("score"),
        max_price: price(&c["maxPrice"]),
        ignore_max_price: c["ignoreMaxPriceIfNeeded"].as_bool().expect("flag"),
    }
}

fn places(v: &Value) -> Vec<usize> {
    v.as_array().expect("places").iter().map(|i| usize::try_from(i.as_u64().expect("place")).expect("place")).collect()
}

#[test]
fn filters_and_probabilities() {
    let file = data("selection");
    let all = cases(&file, "probs");
    assert_eq!(all.len(), 194);
    let (mut computed, mut panics, mut equal, mut values) = (0, 0, 0, 0);
    for c in all {
        let (offers, rule) = (pool(c), rule(c));
        let kept = rule.filter(&offers);
        assert_eq!(kept, places(&c["kept"]), "{c}");
        assert_eq!(select_live(&offers, rule.max_price.as_ref()).map(|i| i as u64), c["livePick"].as_u64(), "{c}");
        let chosen: Vec<&Stub> = kept.iter().map(|i| &offers[*i]).collect();
        let got = rule.probabilities(&chosen);
        if c.get("panic").is_some() {
            assert!(chosen.iter().any(|o| o.price.is_none()), "{c}");
            for (o, p) in chosen.iter().zip(&got) {
                assert!(p.is_finite() && (o.price.is_some() || *p == 0.0), "{c}");
            }
            panics += 1;
            continue;
        }
        let expected: Vec<f64> = c["probs"]
            .as_array()
            .expect("probs")
            .iter()
            .map(|p| p.as_str().expect("text").parse().expect("double"))
            .collect();
        assert_eq!(got.len(), expected.len(), "{c}");
        for (g, e) in got.iter().zip(&expected) {
            // The exponential differs in its last bit between the two languages' libraries.
            assert!((g - e).abs() <= 4.0 * f64::EPSILON * e.abs(), "{g} instead of {e} in {c}");
            equal += usize::from(g.to_bits() == e.to_bits());
            values += 1;
        }
        computed += 1;
    }
    assert_eq!((computed, panics), (163, 31));
    assert!(equal * 10 >= values * 9, "only {equal} of {values} probabilities are equal to the last bit");
}

#[test]
fn suspensions() {
    let file = data("selection");
    let all = cases(&file, "suspender");
    assert_eq!(all.len(), 6);
    let mut answers = 0;
    for c in all {
        let mut s = Suspender::new();
        for op in c["ops"].as_array().expect("ops") {
            let o = op["o"].as_str().unwrap_or_default();
            match op["op"].as_str().expect("op") {
                "suspend" => s.suspend(o, op["penalty"].as_u64().expect("penalty")),
                "refresh" => s.signal_refresh(),
                "suspended" => {
                    assert_eq!(Some(s.suspended(o)), op["result"].as_u64(), "{op} in {c}");
                    answers += 1;
                }
                other => panic!("unknown step {other}"),
            }
        }
    }
    assert!(answers > 30, "{answers} answers");
}

#[test]
fn penalties() {
    for (available, wanted, expected) in [(0, 0, 1), (8, 8, 1), (20, 8, 3), (16, 8, 2), (100, 100, 1), (5, 0, 5)] {
        assert_eq!(penalty(available, wanted), expected, "{available} of which {wanted}");
    }
}

/// The three selectors behind one face.
enum Any {
    Ranked(Ranked<String>),
    MinLs(MinLs<String>),
}

impl Any {
    fn new(name: &str) -> Self {
        match name {
            "latencyScore" => Self::Ranked(Ranked::new(Rank::Score)),
            "initialLatency" => Self::Ranked(Ranked::new(Rank::FirstLatency)),
            "minLS" => Self::MinLs(MinLs::new(1.0)),
            other => panic!("unknown selector {other}"),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Ranked(r) => r.len(),
            Self::MinLs(m) => m.len(),
        }
    }

    fn add(&mut self, key: &str, score: f64, latency: u64) {
        match self {
            Self::Ranked(r) => r.add(key.to_owned(), score, latency),
            Self::MinLs(m) => m.add([key.to_owned()]),
        }
    }

    fn complete(&mut self, key: &str, score: f64, latency: u64) {
        match self {
            Self::Ranked(r) => r.add(key.to_owned(), score, latency),
            Self::MinLs(m) => m.complete(key.to_owned(), score),
        }
    }

    fn select(&mut self) -> Option<String> {
        match self {
            Self::Ranked(r) => r.select(),
            Self::MinLs(m) => m.select(|unknown| (!unknown.is_empty()).then_some(0)),
        }
    }
}

#[test]
fn selectors() {
    let file = data("selection");
    let all = cases(&file, "selector");
    assert_eq!(all.len(), 18);
    let mut picks = 0;
    for c in all {
        let mut selector = Any::new(c["selector"].as_str().expect("selector"));
        let mut latencies: BTreeMap<String, u64> = BTreeMap::new();
        for (step, op) in c["ops"].as_array().expect("ops").iter().enumerate() {
            match op["op"].as_str().expect("op") {
                "add" => {
                    for s in op["name_score_latencyNs"].as_array().expect("sessions") {
                        let (name, latency) = (s[0].as_str().expect("name"), s[2].as_u64().expect("latency") / 1_000);
                        latencies.insert(name.to_owned(), latency);
                        selector.add(name, s[1].as_f64().expect("score"), latency);
                    }
                }
                "complete" => {
                    let name = op["o"].as_str().expect("name");
                    selector.complete(name, op["score"].as_f64().expect("score"), latencies[name]);
                }
                "select" => {
                    assert_eq!(selector.select().as_deref(), op["picked"].as_str(), "step {step} of {c}");
                    assert_eq!(Some(selector.len() as u64), op["sizeAfter"].as_u64(), "step {step} of {c}");
                    picks += 1;
                }
                other => panic!("unknown step {other}"),
            }
        }
    }
    assert!(picks > 100, "{picks} picks");
}

#[test]
fn busy_sessions() {
    let file = data("selection");
    let all = cases(&file, "reuse");
    assert_eq!(all.len(), 114);
    let now = Instant::from_secs(100);
    for c in all {
        let mut s = Session::new(Stub::new(1));
        s.set_score(c["score"].as_f64().expect("score"));
        if let (Some(age), Some(duration)) = (c["inFlightMs"].as_u64(), c["segDurMs"].as_u64()) {
            s.sent(Instant::from_millis(now.as_millis() - age), Millis(duration));
        }
        let factor = c["durMult"].as_u64().expect("factor");
        assert_eq!(Some(s.reusable(now, factor, 1.0)), c["picked"].as_bool(), "{c}");
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
fn one_share_per_recipient() {
    let mut offers = vec![Stub::new(1), Stub::new(2), Stub::new(3)];
    offers[1].recipient = offers[0].recipient;
    let rule = Probability { weights: Weights::new(0.0, 0.0, 1.0).expect("weights"), ..Probability::default() };
    assert_eq!(rule.select_unknown(&offers, true, &mut Scripted(0.49)), Some(0));
    assert_eq!(rule.select_unknown(&offers, true, &mut Scripted(0.51)), Some(2));
    offers[0].recipient = None;
    assert_eq!(rule.select_unknown(&offers, true, &mut Scripted(0.49)), Some(1));
    assert_eq!(rule.select_unknown(&offers, false, &mut Scripted(0.99)), Some(0));
    assert_eq!(rule.select_unknown(&offers[..0], false, &mut Scripted(0.99)), None);
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
