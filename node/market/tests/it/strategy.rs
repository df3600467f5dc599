//! Rules of choice: what they choose, how often, and that the order of the pool is none of their business.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weir_market::ballot::Ballot;
use weir_market::selection::{Offer, Probability, Weights};
use weir_market::strategy::{SlaWeights, StrategyConfig};
use weir_types::{Entropy, Price};

use crate::support::{Draws, Scripted, Stub};

const ALL: [StrategyConfig; 6] = [
    StrategyConfig::Livepeer,
    StrategyConfig::LowestPrice,
    StrategyConfig::LatencyFirst,
    StrategyConfig::StakeOnly,
    StrategyConfig::Uniform,
    StrategyConfig::Sla { weights: SlaWeights { success: 4.0, latency: 1.0, price: 1.0 } },
];

fn offers(stubs: &[Stub]) -> Vec<&dyn Offer> {
    stubs.iter().map(|s| s as &dyn Offer).collect()
}

/// Four orchestrators, each best at one thing.
fn pool() -> Vec<Stub> {
    let one =
        |i: u8, price: u64, stake, latency, success| Stub { stake, latency, success, ..Stub::new(i).priced(price) };
    vec![
        one(1, 100, 1, 40_000, Some(0.9)),
        one(2, 50, 2, 80_000, Some(0.9)),
        one(3, 200, 10, 60_000, Some(0.5)),
        one(4, 100, 3, 20_000, None),
    ]
}

#[test]
fn names_and_their_configurations() {
    let names: Vec<&str> = ALL.iter().map(|c| c.build(Probability::default()).name()).collect();
    assert_eq!(names, ["livepeer", "lowest-price", "latency-first", "stake-only", "uniform", "sla"]);
    for (config, name) in ALL.iter().zip(&names) {
        let text = format!(r#"{{"kind":"{name}"}}"#);
        assert_eq!(serde_json::from_str::<StrategyConfig>(&text).expect("a rule"), *config, "{name}");
    }
    let error = serde_json::from_str::<StrategyConfig>(r#"{"kind":"cheapest"}"#).expect_err("no rule");
    assert!(error.to_string().contains("lowest-price"), "{error}");
}

#[test]
fn exponents_of_an_agreement() {
    let read = serde_json::from_str::<StrategyConfig>;
    let config = read(r#"{"kind":"sla","weights":{"price":0,"latency":2.5}}"#).expect("a rule");
    let weights = SlaWeights { price: 0.0, latency: 2.5, ..SlaWeights::default() };
    assert_eq!(config, StrategyConfig::Sla { weights });
    let text = serde_json::to_string(&config).expect("a text");
    assert_eq!(read(&text).expect("its own text"), config);
    for (text, why) in [
        (r#"{"kind":"sla","weights":{"price":-1}}"#, "exponents must be numbers from zero on, not -1 of price"),
        (r#"{"kind":"sla","weights":{"stake":1}}"#, "unknown field `stake`"),
    ] {
        let error = read(text).expect_err(text).to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn the_best_at_one_thing() {
    let pool = pool();
    let pick = |c: StrategyConfig| c.build(Probability::default()).select(&offers(&pool), &mut Scripted(0.0));
    assert_eq!(pick(StrategyConfig::LowestPrice), Some(1));
    assert_eq!(pick(StrategyConfig::LatencyFirst), Some(3));
    for config in ALL {
        let limits = Probability { max_price: Price::new(60, 1), ..Probability::default() };
        let rule = config.build(limits);
        assert_eq!(rule.select(&offers(&pool), &mut Scripted(0.99)), Some(1), "{} within the limit", rule.name());
        let rule = config.build(Probability { max_price: Price::new(1, 1), ..Probability::default() });
        assert_eq!(rule.select(&offers(&pool), &mut Scripted(0.5)), None, "{}: nobody within it", rule.name());
        assert_eq!(rule.select(&[], &mut Scripted(0.5)), None, "{}", rule.name());
    }
}

/// Chi-squared of draws against shares; the highest value for three degrees of freedom is passed once in 10⁵ times.
fn fits(config: StrategyConfig, shares: [f64; 4]) {
    const DRAWS: usize = 200_000;
    let (pool, mut counts) = (pool(), [0usize; 4]);
    let (rule, all) = (config.build(Probability::default()), offers(&pool));
    let mut draw = Draws(Entropy::from_seed([8; 32]));
    for _ in 0..DRAWS {
        counts[rule.select(&all, &mut draw).expect("somebody")] += 1;
    }
    let sum: f64 = shares.iter().sum();
    let chi: f64 = counts
        .iter()
        .zip(shares)
        .map(|(n, s)| {
            let want = DRAWS as f64 * s / sum;
            (*n as f64 - want).powi(2) / want
        })
        .sum();
    assert!(chi < 25.9, "{}: {counts:?} is not {shares:?}, {chi}", rule.name());
}

#[test]
fn draws_come_as_often_as_they_should() {
    fits(StrategyConfig::StakeOnly, [1.0, 2.0, 10.0, 3.0]);
    fits(StrategyConfig::Uniform, [1.0; 4]);
    let part = |stake: f64| 0.7 * stake / 16.0 + 0.3 / 4.0;
    fits(StrategyConfig::Livepeer, [part(1.0), part(2.0), part(10.0), part(3.0)]);
    let good = 0.9f64.powi(4);
    let bad = 0.5f64.powi(4);
    fits(
        StrategyConfig::Sla { weights: SlaWeights::default() },
        [good * 0.5 * 0.5, good * 0.25, bad / 3.0 * 0.25, 1.0 * 1.0 * 0.5],
    );
}

#[test]
fn weights_of_nothing_are_alike() {
    let pool: Vec<Stub> = (1..=3).map(|i| Stub { stake: 0, ..Stub::new(i) }).collect();
    let rule = StrategyConfig::StakeOnly.build(Probability::default());
    let picks: Vec<_> = [0.1, 0.5, 0.9].map(|r| rule.select(&offers(&pool), &mut Scripted(r))).into();
    assert_eq!(picks, [Some(0), Some(1), Some(2)]);
}

fn rule_of(pool: &[Stub]) -> Option<usize> {
    StrategyConfig::Livepeer.build(Probability::default()).select(&offers(pool), &mut Scripted(0.0))
}

/// Nobody has stake: each share of the stake then counts in full, and the first recipient is drawn nearly always.
#[test]
fn the_networks_draw_without_any_stake() {
    let pool: Vec<Stub> = (1..=3).map(|i| Stub { stake: 0, ..Stub::new(i) }).collect();
    let rule = StrategyConfig::Livepeer.build(Probability::default());
    let picks = [0.5, 0.79, 0.81].map(|r| rule.select(&offers(&pool), &mut Scripted(r)));
    assert_eq!(picks, [Some(0), Some(0), Some(1)]);
    let unpriced = [Stub { price: None, ..Stub::new(1) }];
    assert_eq!(rule_of(&unpriced), None, "nobody without a price is drawn");
}

fn any_stub() -> impl Strategy_<Value = Stub> {
    let known = || proptest::option::of(0.0..1.0f64);
    (1u8..8, 0u8..4, proptest::option::of(0u64..300), 0u64..5, 0u64..4, known(), known()).prop_map(
        |(recipient, copy, price, stake, latency, success, score)| Stub {
            score,
            uri: format!("https://o{recipient}-{copy}:8935"),
            price: price.and_then(|p| Price::new(p, 1)),
            stake,
            latency: latency * 1_000,
            success,
            ..Stub::new(recipient)
        },
    )
}

use proptest::strategy::Strategy as Strategy_;

/// Whether a choice keeps to the limits, each of which is looked at where somebody can keep to it.
fn fair(pool: &[Stub], chosen: &Stub, max: Option<u64>, min_performance: f64) -> bool {
    let reaches = |s: &Stub| min_performance <= 0.0 || s.score.unwrap_or(0.0) >= min_performance;
    let priced = pool.iter().any(|s| s.price.is_some());
    let within = |p: &Price| max.and_then(|m| Price::new(m, 1)).is_none_or(|m| *p <= m);
    let performs = reaches(chosen) || !pool.iter().any(reaches);
    performs && (!priced || chosen.price.as_ref().is_some_and(within))
}

proptest! {
    /// One rule under two names: the draw that pools make by themselves, and the strategy of that name.
    #[test]
    fn the_networks_draw_is_the_pools_own(
        mut pool in proptest::collection::vec(any_stub(), 1..12),
        r in 0.0..1.0f64,
        (stake, price) in (0.0..0.5f64, 0.0..0.5f64),
        max in proptest::option::of(50u64..400),
        ignore_max_price in any::<bool>(),
    ) {
        pool.sort_by(|a, b| a.uri.cmp(&b.uri));
        pool.dedup_by(|a, b| a.uri == b.uri);
        let limits = Probability {
            weights: Weights::new(stake, price, 1.0 - stake - price).expect("weights"),
            max_price: max.and_then(|m| Price::new(m, 1)),
            ignore_max_price,
            ..Probability::default()
        };
        let own = Ballot::new(&limits, &pool).draw(&mut Scripted(r));
        prop_assert_eq!(StrategyConfig::Livepeer.build(limits).select(&offers(&pool), &mut Scripted(r)), own);
    }

    #[test]
    fn the_order_of_the_pool_changes_nothing(
        mut pool in proptest::collection::vec(any_stub(), 1..12),
        r in 0.0..1.0f64,
        max in proptest::option::of(50u64..400),
        min_performance in prop_oneof![Just(0.0), 0.0..1.2f64],
        on_chain in any::<bool>(),
        seed in any::<u64>(),
    ) {
        pool.sort_by(|a, b| a.uri.cmp(&b.uri));
        pool.dedup_by(|a, b| a.uri == b.uri);
        // Scores are those of a recipient, whichever of its addresses makes the offer.
        let scores: BTreeMap<_, _> = pool.iter().map(|s| (s.recipient, s.score)).collect();
        pool.iter_mut().for_each(|s| s.score = scores[&s.recipient]);
        if !on_chain {
            pool.iter_mut().for_each(|s| s.recipient = None);
        }
        let mut shuffled = pool.clone();
        let mut rng = Entropy::from_seed(bytes(seed));
        for i in (1..shuffled.len()).rev() {
            shuffled.swap(i, rng.below(i as u64 + 1) as usize);
        }
        for config in ALL {
            let max_price = max.and_then(|m| Price::new(m, 1));
            let limits = Probability { max_price, min_performance, ..Probability::default() };
            let rule = config.build(limits);
            let a = rule.select(&offers(&pool), &mut Scripted(r)).map(|i| &pool[i]);
            let b = rule.select(&offers(&shuffled), &mut Scripted(r)).map(|i| &shuffled[i]);
            prop_assert_eq!(a, b, "{}", rule.name());
            prop_assert!(a.is_none_or(|a| fair(&pool, a, max, min_performance)), "{} chose {:?}", rule.name(), a);
        }
    }
}

/// A seed of 32 bytes from a number.
fn bytes(n: u64) -> [u8; 32] {
    let mut out = [0; 32];
    out[..8].copy_from_slice(&n.to_le_bytes());
    out
}
