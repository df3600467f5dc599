//! Prices that change, senders that are served, devices that keep up, and what failures say.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weir_market::admission::Refusal;
use weir_market::class::{Class, classify};
use weir_market::devices::{Devices, session_load};
use weir_market::pricing::{Costs, Market, Pricing, PricingConfig, PricingPolicy, WeiPerPixel};
use weir_market::scores::{ScoreFloors, Scores};
use weir_market::selection::Probability;
use weir_market::senders::SenderLists;
use weir_types::{Address, Price, Profile};

use crate::support::Stub;

fn p(n: u64, d: u64) -> Price {
    Price::new(n, d).expect("a price")
}

#[test]
fn what_is_asked() {
    let others = [p(90, 1), p(80, 1), p(120, 1)];
    let at = |busy, others| Market { busy, capacity: 8, others };
    let utilisation = Pricing::Utilisation { floor: p(10, 1), ceiling: p(30, 1) };
    let undercut = Pricing::Undercut { cost: p(70, 1), start: p(100, 1), by: 500 };
    let cases: [(&Pricing, Market<'_>, Price); 10] = [
        (&Pricing::Posted { price: p(3, 10) }, at(8, &others), p(3, 10)),
        (&Pricing::CostPlus { cost: p(100, 3), margin: 1_500 }, at(0, &[]), p(115, 3)),
        (&utilisation, at(0, &[]), p(10, 1)),
        (&utilisation, at(3, &[]), p(35, 2)),
        (&utilisation, at(8, &[]), p(30, 1)),
        (&utilisation, at(9, &[]), p(30, 1)),
        (&utilisation, Market { busy: 5, capacity: 0, others: &[] }, p(10, 1)),
        (&undercut, at(0, &others), p(76, 1)),
        (&undercut, at(0, &[]), p(100, 1)),
        (&undercut, at(0, &others[..0]), p(100, 1)),
    ];
    for (policy, market, want) in cases {
        assert_eq!(policy.price(&market), want, "{} {market:?}", policy.name());
    }
    assert_eq!(undercut.price(&at(0, &[p(60, 1)])), p(70, 1), "never below cost");
}

#[test]
fn policies_by_their_configuration() {
    let cases = [
        (r#"{"kind":"posted","price":1200}"#, Pricing::Posted { price: p(1_200, 1) }),
        (r#"{"kind":"posted","price":"0.25"}"#, Pricing::Posted { price: p(1, 4) }),
        (
            r#"{"kind":"cost-plus","cost":{"electricity":"100/3","hardware":"0.5"},"margin":1500}"#,
            Pricing::CostPlus { cost: p(203, 6), margin: 1_500 },
        ),
        (
            r#"{"kind":"utilisation","floor":"10","ceiling":30}"#,
            Pricing::Utilisation { floor: p(10, 1), ceiling: p(30, 1) },
        ),
        (
            r#"{"kind":"undercut","cost":{"hardware":70},"start":100,"by":500}"#,
            Pricing::Undercut { cost: p(70, 1), start: p(100, 1), by: 500 },
        ),
    ];
    for (text, want) in cases {
        let config: PricingConfig = serde_json::from_str(text).expect(text);
        let again = serde_json::to_string(&config).expect("a text");
        assert_eq!(serde_json::from_str::<PricingConfig>(&again).expect(&again), config);
        assert_eq!(config.build().expect(text), want);
    }
}

#[test]
fn policies_that_cannot_be() {
    let build = |text: &str| -> String {
        match serde_json::from_str::<PricingConfig>(text) {
            Ok(config) => config.build().expect_err(text).to_string(),
            Err(e) => e.to_string(),
        }
    };
    let cases = [
        (r#"{"kind":"auction"}"#, "unknown variant `auction`"),
        (r#"{"kind":"posted"}"#, "missing field `price`"),
        (r#"{"kind":"posted","price":0.25}"#, "a whole number of wei or a text"),
        (r#"{"kind":"posted","price":-1}"#, "a whole number of wei or a text"),
        (r#"{"kind":"posted","price":"-1"}"#, "provided -1"),
        (r#"{"kind":"posted","price":"1/0"}"#, "provided 1/0"),
        (r#"{"kind":"posted","price":"1USD"}"#, "provided 1USD"),
        (r#"{"kind":"posted","price":"1/2/3"}"#, "provided 1/2/3"),
        (r#"{"kind":"posted","price":""}"#, "provided "),
        (r#"{"kind":"cost-plus","cost":{"water":1},"margin":0}"#, "unknown field `water`"),
        (r#"{"kind":"utilisation","floor":30,"ceiling":10}"#, "the ceiling 10/1 wei per pixel is below the floor 30/1"),
        (r#"{"kind":"undercut","cost":{},"start":1,"by":10001}"#, "more than the whole price"),
    ];
    for (text, why) in cases {
        let error = build(text);
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn whom_is_worked_for() {
    let [a, b, c] = [1, 2, 3].map(Address::repeat_byte);
    let everybody = SenderLists::default();
    assert!([a, b, c].iter().all(|s| everybody.check(*s).is_ok()));
    let some = SenderLists { allow: [a, b].into(), block: [b].into() };
    assert_eq!([a, b, c].map(|s| some.check(s).is_ok()), [true, false, false]);
    let text = some.check(c).expect_err("not on the list").to_string();
    assert_eq!(text, format!("sender {c} is not served here"));
}

#[test]
fn what_failures_say() {
    let cases = [
        ("OrchestratorBusy", Class::Capacity),
        ("Invalid orchestrator request: OrchestratorCapped", Class::Capacity),
        ("no transcoders available", Class::Capacity),
        ("insufficient capacity", Class::Capacity),
        ("no sender reserve", Class::OwnMoney),
        ("unable to validate sender: deposit and reserve is set to unlock soon", Class::OwnMoney),
        ("No keyframes in input", Class::Input),
        ("TranscoderInvalidVideo", Class::Input),
        ("context canceled", Class::Cancelled),
        ("body timeout: no answer in time", Class::Fault),
        ("PM Check Failed", Class::Fault),
        ("PixelMismatch", Class::Fault),
        ("invalid ticket signature", Class::Fault),
    ];
    for (text, class) in cases {
        assert_eq!(classify(text), class, "{text}");
        assert_eq!(class.suspends(), class == Class::Fault);
        assert_eq!(class.retries(), matches!(class, Class::Fault | Class::Capacity));
    }
}

#[test]
fn scores_by_region() {
    let a = Address::repeat_byte(1);
    let text = format!(r#"{{"{a}": {{"FRA": {{"score": 0.25, "rtt": 3}}, "lax": {{"score": 1}}}}}}"#);
    let scores = Scores::parse(&text).expect("scores");
    assert_eq!(scores.of(&a, "fra"), Some(0.25));
    assert_eq!((scores.of(&a, "LAX"), scores.of(&a, "TOR")), (Some(1.0), None));
    assert_eq!(scores.of(&Address::repeat_byte(2), "FRA"), None);
    assert_eq!(Scores::parse("{}").expect("none"), Scores::default());
    let wrong = [
        (r#"{"0x12": {"FRA": {"score": 1}}}"#.to_owned(), "performance scores: 0x12 is no address"),
        (text.replace("0.25", "1.5"), "has a score of 1.5 in FRA"),
        (text.replace("\"score\": 0.25, ", ""), "missing field `score`"),
        ("[]".to_owned(), "performance scores: invalid type"),
    ];
    for (text, why) in wrong {
        let error = Scores::parse(&text).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn floors_by_region() {
    let floors: ScoreFloors =
        serde_json::from_str(r#"{"general": 0.5, "regions": {"fra": 0.9, "TOR": 0}}"#).expect("floors");
    assert_eq!(["FRA", "Fra", "tor", "LAX"].map(|r| floors.of(r)), [0.9, 0.9, 0.0, 0.5]);
    let text = serde_json::to_string(&floors).expect("a text");
    assert_eq!(serde_json::from_str::<ScoreFloors>(&text).expect("floors"), floors);
    assert_eq!(ScoreFloors::default().of("FRA"), 0.0);

    let [a, b] = [1, 2].map(Address::repeat_byte);
    let text = format!(r#"{{"{a}": {{"FRA": {{"score": 0.95}}, "lax": {{"score": 0.4}}}}}}"#);
    let scores = Scores::parse(&text).expect("scores");
    assert_eq!(scores.regions(&a).collect::<Vec<_>>(), [("FRA", 0.95), ("LAX", 0.4)]);
    assert_eq!(scores.regions(&b).count(), 0);
    let reached = |who, region| floors.reached(&scores, who, region);
    assert_eq!([reached(&a, "FRA"), reached(&a, "LAX"), reached(&a, "TOR")], [true, false, true]);
    assert_eq!([reached(&b, "FRA"), reached(&b, "TOR")], [false, true], "without a score");
}

#[test]
fn the_floor_of_a_region_limits_the_choice() {
    let floors = ScoreFloors::new(0.0, [("FRA", 0.8), ("LAX", 0.99)]).expect("floors");
    let pool = [0.9, 0.7].map(|score| Stub { score: Some(score), ..Stub::new(1) });
    let kept = |region| floors.within(region, Probability::default()).filter(&pool);
    assert_eq!(kept("fra"), [0]);
    assert_eq!(kept("TOR"), [0, 1], "no floor");
    assert_eq!(kept("LAX"), [0, 1], "a floor that nobody reaches");
}

#[test]
fn floors_that_are_no_scores() {
    let error = |general, regions: &[(&str, f64)]| {
        ScoreFloors::new(general, regions.iter().copied()).expect_err("no floors").to_string()
    };
    assert_eq!(error(1.5, &[]), "performance scores: a floor of 1.5 in general is no score");
    assert_eq!(error(0.0, &[("fra", -0.1)]), "performance scores: a floor of -0.1 in FRA is no score");
    assert_eq!(error(f64::NAN, &[]), "performance scores: a floor of NaN in general is no score");
    assert_eq!(error(0.0, &[("fra", 0.1), ("FRA", 0.2)]), "performance scores: two floors in FRA");
    let text = r#"{"regions": {"FRA": 2}}"#;
    let error = serde_json::from_str::<ScoreFloors>(text).expect_err(text).to_string();
    assert!(error.contains("a floor of 2 in FRA"), "{error}");
}

fn profile(width: u32, height: u32, fps: u32, fps_den: u32) -> Profile {
    Profile { name: "p".into(), width, height, bitrate: 1, fps, fps_den }
}

#[test]
fn loads_of_sessions() {
    assert_eq!(session_load(&[profile(640, 360, 0, 0), profile(1_280, 720, 60, 1)]), 640 * 360 * 30 + 1_280 * 720 * 60);
    assert_eq!(session_load(&[profile(10, 10, 60_000, 1_001)]), 100 * 59);
}

#[test]
fn devices_take_turns_and_keep_up() {
    let mut d = Devices::new(&[100, 200], 100);
    let taken: Vec<usize> = (0..6).map(|i| d.assign(i, 50).expect("room")).collect();
    assert_eq!(taken, [0, 1, 1, 0, 1, 1], "by load over speed");
    assert_eq!(d.assign(6, 50), Err(Refusal::Capped));
    assert_eq!(d.assign(0, 50), Ok(0), "a session stays where it is");
    d.release(&0);
    assert_eq!(d.assign(6, 50), Ok(0), "a place is free at once");
    d.measured(0, 40);
    d.release(&1);
    assert_eq!(d.assign(7, 50), Ok(1));
    assert_eq!((d.of(0), d.of(1), d.sessions()), (Some((100, 40)), Some((200, 200)), 6));
    assert_eq!(Devices::new(&[], 100).assign(0, 1), Err(Refusal::Capped), "no device, no session");
    let mut full = Devices::in_real_time(&[100]);
    assert_eq!((full.check(None, 100), full.check(None, 101)), (Ok(()), Err(Refusal::Capped)));
    assert_eq!((full.assign(1, 100), full.check(Some(&1), 100)), (Ok(0), Ok(())), "a session has its place");
    assert_eq!(full.check(Some(&2), 1), Err(Refusal::Capped));
    let mut half = Devices::new(&[100], 50);
    assert_eq!((half.assign(1, 50), half.assign(2, 1)), (Ok(0), Err(Refusal::Capped)));
}

#[test]
fn loads_beyond_all_numbers_are_refused() {
    let mut d = Devices::new(&[u64::MAX], 300);
    assert_eq!(d.assign(1, u64::MAX), Ok(0));
    assert_eq!(d.assign(2, u64::MAX), Err(Refusal::Capped), "within the limit, but not countable");
    d.release(&1);
    d.release(&2);
    assert_eq!(d.of(0), Some((0, u64::MAX)));
}

#[test]
fn a_device_that_does_nothing_takes_nothing() {
    let mut d = Devices::new(&[0, 100], 100);
    assert_eq!([d.assign(1, 0), d.assign(2, 0), d.assign(3, 100)], [Ok(1); 3]);
    d.measured(1, 0);
    assert_eq!(d.assign(4, 0), Err(Refusal::Capped));
    assert_eq!(d.assign(3, 100), Ok(1), "whoever is there stays");
}

proptest! {
    #[test]
    fn no_device_takes_more_than_it_does_in_real_time(
        speeds in proptest::collection::vec(1u64..1_000, 1..5),
        steps in proptest::collection::vec((0u8..20, 1u64..400, any::<bool>()), 1..80),
        percent in 10u64..200,
    ) {
        let mut d = Devices::new(&speeds, percent);
        let mut model: BTreeMap<u8, (usize, u64)> = BTreeMap::new();
        for (session, load, leaves) in steps {
            let room = d.check(Some(&session), load);
            if leaves {
                d.release(&session);
                model.remove(&session);
            } else if let Ok(device) = d.assign(session, load) {
                let known = *model.entry(session).or_insert((device, load));
                prop_assert_eq!(known.0, device);
                prop_assert_eq!(room, Ok(()));
            } else {
                prop_assert_eq!(room, Err(Refusal::Capped));
                for (i, speed) in speeds.iter().enumerate() {
                    let sum: u64 = model.values().filter(|m| m.0 == i).map(|m| m.1).sum();
                    prop_assert!((sum + load) * 100 > speed * percent, "refused though device {} had room", i);
                }
            }
            for (i, speed) in speeds.iter().enumerate() {
                let sum: u64 = model.values().filter(|m| m.0 == i).map(|m| m.1).sum();
                prop_assert_eq!(d.of(i), Some((sum, *speed)));
                prop_assert!(sum * 100 <= speed * percent);
            }
            prop_assert_eq!(d.sessions(), model.len());
        }
    }

    #[test]
    fn written_prices_are_exact(n in any::<u64>(), d in 1..=u64::MAX, m in any::<u64>(), margin in 0u32..50_000) {
        let written = WeiPerPixel(p(n, d));
        let text = String::from(written.clone());
        prop_assert_eq!(&text.parse::<WeiPerPixel>().expect("its own text"), &written);
        let cost = Costs { electricity: written, hardware: WeiPerPixel(p(m, 7)) };
        let sum = cost.sum();
        prop_assert!(sum >= p(n, d) && sum >= p(m, 7));
        let asked = PricingConfig::CostPlus { cost, margin }.build().expect("a policy").price(&Market::default());
        prop_assert!(asked >= sum, "never below cost");
        prop_assert_eq!(asked == sum, margin == 0 || sum.is_free());
    }

    #[test]
    fn prices_stay_within_their_bounds(
        low in 1u64..100, more in 0u64..100, busy in 0u64..20, capacity in 0u64..20,
        seen in proptest::collection::vec(1u64..300, 0..5), by in 0u32..12_000,
    ) {
        let others: Vec<Price> = seen.iter().map(|n| p(*n, 1)).collect();
        let market = Market { busy, capacity, others: &others };
        let (floor, ceiling) = (p(low, 1), p(low + more, 1));
        let price = Pricing::Utilisation { floor: floor.clone(), ceiling: ceiling.clone() }.price(&market);
        prop_assert!(floor <= price && price <= ceiling);
        let price = Pricing::Undercut { cost: floor.clone(), start: ceiling, by }.price(&market);
        prop_assert!(price >= floor);
        prop_assert!(others.iter().min().is_none_or(|m| price <= *m || price == floor));
    }
}
