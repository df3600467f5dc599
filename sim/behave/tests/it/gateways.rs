//! Gateways keep to their rules.

use proptest::prelude::*;
use weir_behave::gateway::{
    Act, Attack, Calibrated, Checks, Demand, DoubleSpend, Escape, Finding, Funding, GatewayPolicy, GatewayRules,
    JustInTime, LetDrain, Moment, Planned, Steady, TopUp, View, WashFees,
};
use weir_behave::spread::Spread;
use weir_behave::{Network, Scripts};
use weir_market::strategy::StrategyConfig;

use crate::support::{mean, near, network, rng, sd};

fn build(rules: &GatewayRules) -> Box<dyn GatewayPolicy> {
    rules.build(&mut Scripts::new(), &mut rng(1)).expect("rules that make sense")
}

fn view(network: &Network) -> View<'_> {
    View {
        network,
        orchestrators: &[],
        wallet_eth: 1.0,
        deposit_eth: 0.05,
        reserve_eth: 0.36,
        unlocking: false,
        unlocked: false,
        spent_eth: 0.01,
        sessions: 5.0,
        unserved: 0,
    }
}

fn demand(config: Calibrated, step: f64, steps: usize, seed: u64) -> Vec<f64> {
    let mut policy = build(&GatewayRules { demand: Demand::Calibrated(config), ..GatewayRules::default() });
    let mut r = rng(seed);
    (0..steps).map(|i| policy.streams(&Moment { day: i as f64 * step, factor: 1.0 }, &mut r)).collect()
}

fn flat() -> Calibrated {
    Calibrated {
        streams: Spread::Same(10.0),
        weekly_sd: 0.0,
        daily_sd: 0.0,
        hour_share: 0.0,
        weekdays: vec![1.0; 7],
        bursts_per_year: 0.0,
        ..Calibrated::default()
    }
}

#[test]
fn demand_has_the_shape_of_the_day_and_of_the_week() {
    let hours = demand(Calibrated { hour_share: 0.3, ..flat() }, 1.0 / 24.0, 24, 1);
    near(hours[20], 13.0, 1e-9);
    near(hours[8], 7.0, 1e-9);
    near(mean(&hours), 10.0, 1e-9);
    let days =
        demand(Calibrated { weekdays: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], first_weekday: 5, ..flat() }, 1.0, 4, 1);
    assert_eq!(days, [60.0, 70.0, 10.0, 20.0]);
}

#[test]
fn demand_walks_and_is_noisy_as_fees_are() {
    let walk = demand(Calibrated { weekly_sd: 0.18, ..flat() }, 7.0, 3000, 2);
    let steps: Vec<f64> = walk.windows(2).map(|w| (w[1] / w[0]).ln()).collect();
    near(sd(&steps), 0.18, 0.01);
    let noise: Vec<f64> =
        demand(Calibrated { daily_sd: 0.15, ..flat() }, 1.0, 5000, 3).iter().map(|v| (v / 10.0).ln()).collect();
    near(sd(&noise), 0.15, 0.006);
    // Sums of weeks with all of it: the measured weekly ln-change has a spread of .24 +- .06; bursts are rare and
    // make the part that is missing differ from path to path.
    let days = demand(Calibrated { hour_share: 0.0, bursts_per_year: 2.0, ..Calibrated::default() }, 1.0, 7 * 3000, 4);
    let weeks: Vec<f64> = days.chunks(7).map(|w| w.iter().sum()).collect();
    let changes: Vec<f64> = weeks.windows(2).map(|w: &[f64]| (w[1] / w[0]).ln()).collect();
    near(sd(&changes), 0.24, 0.06);
}

#[test]
fn bursts_have_their_rate_length_and_height() {
    let days = demand(Calibrated { bursts_per_year: 12.0, ..flat() }, 0.25, 4 * 365 * 60, 5);
    let mut lengths = Vec::new();
    let mut run = 0;
    for v in &days {
        if *v > 10.0 {
            assert!((20.0..=30.0).contains(v));
            run += 1;
        } else if run > 0 {
            lengths.push(f64::from(run) * 0.25);
            run = 0;
        }
    }
    near(mean(&lengths), 6.0, 0.3);
    // 12 a year, less the time in which one is on already.
    near(lengths.len() as f64 / 60.0, 12.0 / (1.0 + 12.0 * 6.0 / 365.25), 0.6);
}

#[test]
fn how_often_demand_is_asked_changes_nothing() {
    let often = demand(Calibrated::default(), 0.125, 8 * 100, 6);
    let seldom = demand(Calibrated::default(), 1.0, 100, 6);
    let same: Vec<f64> = often.iter().copied().step_by(8).collect();
    assert_eq!(same, seldom);
}

#[test]
fn planned_spikes_come_when_planned() {
    let planned = Planned { streams: Spread::Same(4.0), factors: vec![[1.0, 3.0], [2.0, 1.0]] };
    let mut policy = build(&GatewayRules { demand: Demand::Planned(planned), ..GatewayRules::default() });
    let mut r = rng(7);
    let at: Vec<f64> =
        [0.0, 1.0, 1.9, 2.0].iter().map(|day| policy.streams(&Moment { day: *day, factor: 0.5 }, &mut r)).collect();
    assert_eq!(at, [2.0, 6.0, 6.0, 2.0]);
}

fn acts(policy: &mut dyn GatewayPolicy, view: &View<'_>) -> Vec<Act> {
    policy.think(view, &mut rng(8)).expect("no script, no error")
}

#[test]
fn funds_are_filled_up_as_the_rules_say() {
    let n = network(3);
    let top = Funding::TopUp(TopUp { deposit_below: 0.06, deposit_to: 0.1, reserve_below: 0.3, reserve_to: 0.4 });
    let mut policy = build(&GatewayRules { funding: top, ..GatewayRules::default() });
    let [Act::Fund { deposit_eth, reserve_eth }] = acts(policy.as_mut(), &view(&n))[..] else { panic!("funds") };
    near(deposit_eth, 0.05, 1e-12);
    assert_eq!(reserve_eth, 0.0);
    assert_eq!(acts(policy.as_mut(), &View { deposit_eth: 0.06, ..view(&n) }), []);
    // The deposit comes first where the wallet is short.
    let short = View { wallet_eth: 0.07, reserve_eth: 0.0, ..view(&n) };
    let [Act::Fund { deposit_eth, reserve_eth }] = acts(policy.as_mut(), &short)[..] else { panic!("funds") };
    near(deposit_eth, 0.05, 1e-12);
    near(reserve_eth, 0.02, 1e-12);

    let jit = Funding::JustInTime(JustInTime { rounds: 2.0, safety: 1.5, least_eth: 0.01, reserve_eth: 0.36 });
    let mut policy = build(&GatewayRules { funding: jit, ..GatewayRules::default() });
    assert_eq!(acts(policy.as_mut(), &view(&n)), []);
    let [Act::Fund { deposit_eth, .. }] = acts(policy.as_mut(), &View { spent_eth: 0.1, ..view(&n) })[..] else {
        panic!()
    };
    near(deposit_eth, 0.25, 1e-12);

    let drain = Funding::LetDrain(LetDrain { quit_below_eth: 0.01, ..LetDrain::default() });
    let mut policy = build(&GatewayRules { funding: drain, ..GatewayRules::default() });
    assert_eq!(acts(policy.as_mut(), &view(&n)), []);
    assert_eq!(acts(policy.as_mut(), &View { deposit_eth: 0.0, reserve_eth: 0.001, ..view(&n) }), [Act::Quit]);
    assert_eq!(policy.streams(&Moment { day: 9.0, factor: 1.0 }, &mut rng(1)), 0.0);
}

proptest! {
    /// It never pays in more than it has.
    #[test]
    fn nobody_pays_what_he_has_not(wallet in 0.0f64..2.0, deposit in 0.0f64..0.2, reserve in 0.0f64..0.5, spent in 0.0f64..5.0, kind in 0usize..4) {
        let kinds = [
            "kind = \"fixed\"\ndeposit_eth = 1\nreserve_eth = 1",
            "kind = \"top_up\"",
            "kind = \"just_in_time\"",
            "kind = \"let_drain\"\ndeposit_eth = 3",
        ];
        let funding: Funding = toml::from_str(kinds[kind]).unwrap();
        let mut policy = build(&GatewayRules { funding, ..GatewayRules::default() });
        let n = network(0);
        let v = View { wallet_eth: wallet, deposit_eth: deposit, reserve_eth: reserve, spent_eth: spent, ..view(&n) };
        for act in acts(policy.as_mut(), &v) {
            if let Act::Fund { deposit_eth, reserve_eth } = act {
                prop_assert!(deposit_eth >= 0.0 && reserve_eth >= 0.0);
                prop_assert!(deposit_eth + reserve_eth <= wallet + 1e-12);
            }
        }
    }
}

/// Acts by round, in a world that unlocks after two rounds.
fn play(attack: Attack, rounds: u64) -> Vec<(u64, Act)> {
    let mut policy = build(&GatewayRules { attack, ..GatewayRules::default() });
    let mut unlocked_at = None;
    let mut all = Vec::new();
    for round in 0..rounds {
        let n = network(round);
        let unlocked = unlocked_at.is_some_and(|at| round >= at);
        let v = View { unlocking: unlocked_at.is_some(), unlocked, ..view(&n) };
        for act in acts(policy.as_mut(), &v) {
            if act == Act::Unlock {
                unlocked_at = Some(round + 2);
            }
            all.push((round, act));
        }
    }
    all
}

#[test]
fn a_double_spender_floods_and_is_gone_with_the_money() {
    let attack = DoubleSpend { at_round: 5, orchestrators: 30, sessions: 2.0, ..DoubleSpend::default() };
    let flood = Act::Flood { orchestrators: 30, sessions: 2.0 };
    assert_eq!(
        play(Attack::DoubleSpend(attack.clone()), 12),
        [(4, Act::Unlock), (5, flood.clone()), (6, Act::EndFlood), (6, Act::Withdraw), (6, Act::Quit)]
    );
    let drain = DoubleSpend { escape: Escape::Drain, rounds: 3, ..attack };
    assert_eq!(play(Attack::DoubleSpend(drain), 12), [(5, flood), (8, Act::EndFlood), (8, Act::Quit)]);
}

#[test]
fn wash_fees_flow_while_they_should() {
    let wash = WashFees { to: 3, eth_per_round: 0.5, from_round: 2, rounds: 2 };
    let act = Act::Wash { to: 3, eth: 0.5 };
    assert_eq!(play(Attack::WashFees(wash), 6), [(2, act.clone()), (3, act)]);
}

#[test]
fn checks_have_their_rate_and_their_memory() {
    let checks = Checks { rate: 0.1, avoid_days: 2.0, tolerated: 1, harder: 2.0 };
    let mut policy = build(&GatewayRules { checks, ..GatewayRules::default() });
    let mut r = rng(9);
    let looks = (0..20_000).filter(|_| policy.looks(&mut r)).count();
    near(looks as f64 / 20_000.0, 0.1, 0.008);
    let mut bad = |day| policy.found(&Finding { day, orchestrator: 5, bad: true });
    assert!(!bad(1.0) && bad(1.0));
    assert!(policy.avoids(2.9, 5) && !policy.avoids(3.0, 5) && !policy.avoids(2.0, 6));
    // The second time is twice as long.
    assert!(!policy.found(&Finding { day: 4.0, orchestrator: 5, bad: false }));
    let mut bad = |day| policy.found(&Finding { day, orchestrator: 5, bad: true });
    assert!(!bad(4.0) && bad(4.0));
    assert!(policy.avoids(7.9, 5) && !policy.avoids(8.0, 5));
}

#[test]
fn the_rule_of_choice_is_handed_through() {
    let rules: GatewayRules = toml::from_str("strategy = { kind = \"lowest-price\" }").unwrap();
    assert_eq!(rules.strategy, StrategyConfig::LowestPrice);
    let steady = GatewayRules { demand: Demand::Steady(Steady { streams: Spread::Same(3.0) }), ..rules };
    assert_eq!(build(&steady).streams(&Moment { day: 5.3, factor: 2.0 }, &mut rng(1)), 6.0);
}
