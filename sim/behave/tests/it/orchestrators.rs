//! Orchestrators keep to their rules.

use proptest::prelude::*;
use weir_behave::orchestrator::{
    Act, Capacity, Cheating, CopyInput, Costs, Cuts, ElasticRoom, Exit, FixedCuts, Job, Load, Losses, Missing,
    OrchestratorPolicy, OrchestratorRules, OverReport, Pricing, Quote, Reliability, Renewal, RewardCalls, RewardView,
    Split, Squeeze, Takings, View, Work,
};
use weir_behave::orchestrator::{
    BelowMargin, ByStake, ByUtilisation, Compete, FollowMedian, Gain, GasAware, GasMarkup, Undercut,
};
use weir_behave::spread::Spread;
use weir_behave::{Network, Peer, Scripts};
use weir_types::Entropy;

use crate::support::{mean, near, network, peer, rng};

fn build(rules: &OrchestratorRules) -> Box<dyn OrchestratorPolicy> {
    rules.build(&mut Scripts::new(), &mut rng(1)).expect("rules that make sense")
}

fn view<'a>(network: &'a Network, rivals: &'a [Peer], me: &'a Peer) -> View<'a> {
    View {
        network,
        rivals,
        me,
        wallet_eth: 1.0,
        wallet_lpt: 0.0,
        sessions_max: 10.0,
        sessions: 5.0,
        megapixels: 1000.0,
        own_fees_eth: 0.01,
        own_rewards_lpt: 1.0,
        gas_spent_eth: 0.0001,
        entry_lpt: 1000.0,
    }
}

fn think(policy: &mut dyn OrchestratorPolicy, view: &View<'_>, rng: &mut Entropy) -> Vec<Act> {
    policy.think(view, rng).expect("no script, no error")
}

/// Plays rounds in which the price that it sets becomes its own.
fn prices(rules: &OrchestratorRules, rivals: &[Peer], rounds: u64, sessions: f64) -> Vec<f64> {
    let (mut policy, mut me, mut r) = (build(rules), peer(0), rng(2));
    (0..rounds)
        .map(|round| {
            let n = network(round);
            let v = View { sessions, ..view(&n, rivals, &me) };
            for act in think(policy.as_mut(), &v, &mut r) {
                if let Act::SetPrice { wei_per_pixel } = act {
                    me.wei_per_pixel = wei_per_pixel;
                }
            }
            me.wei_per_pixel
        })
        .collect()
}

fn priced(id: u64, wei_per_pixel: f64) -> Peer {
    Peer { wei_per_pixel, ..peer(id) }
}

#[test]
fn undercutting_goes_a_step_below_the_cheapest_and_stops_at_its_floor() {
    let pricing = |floor| {
        Pricing::Undercut(Undercut {
            step: 0.1,
            floor: Spread::Same(floor),
            not_below_costs: false,
            ..Undercut::default()
        })
    };
    let rivals = [priced(1, 80.0), priced(2, 50.0), Peer { active: false, ..priced(3, 1.0) }, priced(4, 0.0)];
    let low = OrchestratorRules { pricing: pricing(0.0), ..OrchestratorRules::default() };
    near(*prices(&low, &rivals, 3, 5.0).last().unwrap(), 45.0, 1e-9);
    let floored = OrchestratorRules { pricing: pricing(48.0), ..OrchestratorRules::default() };
    assert_eq!(*prices(&floored, &rivals, 3, 5.0).last().unwrap(), 48.0);
}

#[test]
fn two_that_undercut_each_other_end_at_the_higher_floor() {
    let pricing = |floor| {
        Pricing::Undercut(Undercut {
            step: 0.05,
            floor: Spread::Same(floor),
            not_below_costs: false,
            ..Undercut::default()
        })
    };
    let mut policies =
        [30.0, 40.0].map(|floor| build(&OrchestratorRules { pricing: pricing(floor), ..OrchestratorRules::default() }));
    let mut peers = [peer(0), peer(1)];
    let mut r = rng(3);
    for round in 0..200 {
        let n = network(round);
        for i in 0..2 {
            let rival = [peers[1 - i].clone()];
            for act in think(policies[i].as_mut(), &view(&n, &rival, &peers[i]), &mut r) {
                if let Act::SetPrice { wei_per_pixel } = act {
                    peers[i].wei_per_pixel = wei_per_pixel;
                }
            }
        }
    }
    assert_eq!(peers[1].wei_per_pixel, 40.0);
    near(peers[0].wei_per_pixel, 38.0, 1e-9);
}

#[test]
fn a_clone_is_no_rival() {
    let pricing = Pricing::Undercut(Undercut { not_below_costs: false, ..Undercut::default() });
    let clone = Peer { owner: 0, ..priced(1, 1.0) };
    let rules = OrchestratorRules { pricing, ..OrchestratorRules::default() };
    near(*prices(&rules, &[clone, priced(2, 100.0)], 2, 5.0).last().unwrap(), 95.0, 1e-9);
}

#[test]
fn busy_orchestrators_grow_dearer_and_idle_ones_cheaper() {
    let pricing = Pricing::Utilisation(ByUtilisation {
        start: Spread::Same(100.0),
        gain: 0.2,
        target: 0.6,
        ..ByUtilisation::default()
    });
    let rules = OrchestratorRules { pricing, ..OrchestratorRules::default() };
    near(prices(&rules, &[], 4, 10.0)[3], 100.0 * (3.0f64 * 0.2 * 0.4).exp(), 1e-6);
    near(prices(&rules, &[], 4, 0.0)[3], 100.0 * (-3.0f64 * 0.2 * 0.6).exp(), 1e-6);
    near(prices(&rules, &[], 4, 6.0)[3], 100.0, 1e-9);
    assert_eq!(*prices(&rules, &[], 500, 0.0).last().unwrap(), 1.0);
    assert_eq!(*prices(&rules, &[], 500, 10.0).last().unwrap(), 1200.0);
}

#[test]
fn followers_come_to_the_median() {
    let pricing =
        Pricing::FollowMedian(FollowMedian { start: Spread::Same(500.0), speed: 0.5, ..FollowMedian::default() });
    let rules = OrchestratorRules { pricing, ..OrchestratorRules::default() };
    let rivals = [priced(1, 10.0), priced(2, 100.0), priced(3, 900.0), priced(4, 200.0)];
    let all = prices(&rules, &rivals, 40, 5.0);
    near(all[1], 325.0, 1e-9);
    near(all[39], 150.0, 1e-6);
}

#[test]
fn costs_come_back_with_a_margin() {
    let costs = Costs {
        watts: Spread::Same(1000.0),
        usd_per_kwh: Spread::Same(0.36),
        hardware_usd: Spread::Same(0.0),
        monthly_usd: Spread::Same(0.0),
        usd_per_gb: 0.0,
        megapixels_per_second: Spread::Same(1000.0),
        ..Costs::default()
    };
    let pricing: Pricing = toml::from_str("kind = \"cost_plus\"\nmargin = 0.5").unwrap();
    let rules = OrchestratorRules { pricing, costs, ..OrchestratorRules::default() };
    // A kilowatt for an hour, .36 dollars, makes 3.6e12 pixels: 1e-13 dollars a pixel.
    near(prices(&rules, &[], 2, 5.0)[1], 1e-13 / 2976.0 * 1e18 * 1.5, 1e-6);
}

#[test]
fn gas_raises_the_price_by_what_redeeming_costs() {
    let pricing = Pricing::GasMarkup(GasMarkup { base: Spread::Same(100.0), ..GasMarkup::default() });
    let policy = build(&OrchestratorRules { pricing, ..OrchestratorRules::default() });
    let quote = |gas_gwei, face_value_eth| {
        policy.quote(&Quote {
            wei_per_pixel: 100.0,
            gas_gwei,
            redeem_gas: 1.2e6,
            face_value_eth,
            sessions: 0.0,
            sessions_max: 10.0,
        })
    };
    near(quote(0.01, 0.0), 101.0, 1e-9);
    near(quote(0.01, 0.0012), 101.0, 1e-9);
    // Gas ten times dearer while the face value stays.
    near(quote(0.1, 0.0012), 110.0, 1e-9);
    let plain = build(&OrchestratorRules::default());
    assert_eq!(
        plain.quote(&Quote {
            wei_per_pixel: 7.0,
            gas_gwei: 1.0,
            redeem_gas: 1e6,
            face_value_eth: 0.0,
            sessions: 0.0,
            sessions_max: 1.0
        }),
        7.0
    );
}

#[test]
fn rented_machines_come_late_cost_money_and_go_again() {
    let p = ElasticRoom {
        own: Spread::Same(10.0),
        step: 10.0,
        machines_max: 3,
        rent_above: 1.0,
        delay_seconds: 60.0,
        keep_seconds: 100.0,
        usd_per_hour: 2.0,
    };
    let mut policy = build(&OrchestratorRules { capacity: Capacity::Elastic(p), ..OrchestratorRules::default() });
    let mut room = |seconds, wanted| {
        let r = policy.room(&Load { seconds, wanted });
        (r.sessions, r.rent_usd_per_hour)
    };
    assert_eq!(room(0.0, 10.0), (10.0, 0.0));
    assert_eq!(room(1.0, 25.0), (10.0, 0.0));
    assert_eq!(room(60.0, 25.0), (10.0, 0.0));
    assert_eq!(room(61.0, 25.0), (30.0, 4.0));
    assert_eq!(room(70.0, 500.0), (30.0, 4.0));
    assert_eq!(room(130.0, 500.0), (40.0, 6.0));
    assert_eq!(room(140.0, 5.0), (40.0, 6.0));
    assert_eq!(room(239.0, 5.0), (40.0, 6.0));
    assert_eq!(room(240.0, 5.0), (10.0, 0.0));
}

#[test]
fn up_and_down_times_have_their_means() {
    let renewal = Renewal { up_days: Spread::Same(5.0), repair_hours: Spread::Same(6.0), ..Renewal::default() };
    let rules = OrchestratorRules { reliability: Reliability::Renewal(renewal), ..OrchestratorRules::default() };
    let (mut policy, me, mut r) = (build(&rules), peer(0), rng(5));
    let (mut downs, mut starts, mut offset) = (Vec::new(), Vec::new(), 0.0);
    for round in 0..20_000 {
        let n = network(round);
        for act in think(policy.as_mut(), &view(&n, &[], &me), &mut r) {
            if let Act::Down { after_seconds, seconds } = act {
                assert!((0.0..n.round_days * 86_400.0).contains(&after_seconds));
                downs.push(seconds / 3600.0);
                starts.push(offset + after_seconds);
            }
        }
        offset += n.round_days * 86_400.0;
    }
    near(mean(&downs), 6.0, 0.4);
    let gaps: Vec<f64> = starts.windows(2).map(|w| (w[1] - w[0]) / 86_400.0).collect();
    near(mean(&gaps), 5.25, 0.25);
    // It never fails while it is down.
    assert!(starts.windows(2).zip(&downs).all(|(w, down)| w[1] - w[0] >= down * 3600.0 - 1e-3));
}

fn misses(calls: RewardCalls, me: &Peer, rounds: u64) -> Vec<bool> {
    let mut policy = build(&OrchestratorRules { reward_calls: calls, ..OrchestratorRules::default() });
    let mut r = rng(6);
    (0..rounds)
        .map(|round| {
            let n = network(round);
            let v = RewardView { network: &n, me, gas: 400_000.0, passed: 0.1 };
            let first = policy.reward_call(&v, &mut r).unwrap();
            // Asked again in the same round it says the same.
            assert_eq!(policy.reward_call(&v, &mut r).unwrap(), first);
            !first
        })
        .collect()
}

#[test]
fn missed_rewards_have_their_rate_and_come_in_rows() {
    let all = misses(RewardCalls::Missing(Missing { rate: Spread::Same(0.1), row: 5.0 }), &peer(0), 100_000);
    near(all.iter().filter(|m| **m).count() as f64 / all.len() as f64, 0.1, 0.01);
    let rows = all.windows(2).filter(|w| w[0] && !w[1]).count();
    near(all.iter().filter(|m| **m).count() as f64 / rows as f64, 5.0, 0.3);
    assert!(
        misses(RewardCalls::Missing(Missing { rate: Spread::Same(1.0), row: 5.0 }), &peer(0), 100).iter().all(|m| *m)
    );
    assert!(misses(RewardCalls::default(), &peer(0), 100).iter().all(|m| !*m));
}

#[test]
fn small_nodes_miss_more() {
    let rate = |stake_lpt| {
        let all = misses(RewardCalls::ByStake(ByStake::default()), &Peer { stake_lpt, ..peer(0) }, 30_000);
        all.iter().filter(|m| **m).count() as f64 / all.len() as f64
    };
    near(rate(0.0), 0.28, 0.03);
    near(rate(5_000.0), 0.14, 0.02);
    assert!(rate(1e6) < 0.01);
}

#[test]
fn calls_are_made_when_they_are_worth_their_gas() {
    let calls = |gain, stake_lpt: f64, gwei: f64| {
        let reward_calls = RewardCalls::GasAware(GasAware { gain, margin: 1.0 });
        let mut policy = build(&OrchestratorRules { reward_calls, ..OrchestratorRules::default() });
        let n = Network { gas_gwei: gwei, ..network(1) };
        let me = Peer { stake_lpt, self_stake_lpt: 0.0, reward_cut: 0.1, ..peer(0) };
        policy.reward_call(&RewardView { network: &n, me: &me, gas: 400_000.0, passed: 0.5 }, &mut rng(7)).unwrap()
    };
    // Gain in ETH of a stake S: S x .00127 x .00105 = S x 1.33e-6; gas at .01 gwei: 4e-6.
    assert!(!calls(Gain::Stakers, 2.5, 0.01) && calls(Gain::Stakers, 3.5, 0.01));
    // The operator's part is a tenth.
    assert!(!calls(Gain::Operator, 25.0, 0.01) && calls(Gain::Operator, 35.0, 0.01));
    assert!(!calls(Gain::Stakers, 250.0, 1.0) && calls(Gain::Stakers, 350.0, 1.0));
}

fn served(rules: &OrchestratorRules, jobs: usize) -> Vec<weir_behave::orchestrator::Service> {
    let (mut policy, mut r) = (build(rules), rng(8));
    (0..jobs).map(|_| policy.serve(&Job { seconds: 0.0, gateway: 1, pixels: 1000 }, &mut r)).collect()
}

#[test]
fn cheats_cheat_at_their_rate_until_they_are_caught() {
    let cheating = Cheating::CopyInput(CopyInput { rate: 0.3, until_caught: true, time_factor: 0.02 });
    let rules = OrchestratorRules { cheating, ..OrchestratorRules::default() };
    let bad = served(&rules, 20_000).iter().filter(|s| s.work == Work::CopyInput && s.time_factor == 0.02).count();
    near(bad as f64 / 20_000.0, 0.3, 0.01);
    let (mut policy, mut r) = (build(&rules), rng(9));
    policy.caught();
    assert!((0..500).all(|_| policy.serve(&Job { seconds: 0.0, gateway: 1, pixels: 1 }, &mut r).work == Work::Honest));
    let cheating = Cheating::OverReport(OverReport { factor: 1.2, ..OverReport::default() });
    let rules = OrchestratorRules { cheating, ..OrchestratorRules::default() };
    assert!(served(&rules, 50).iter().all(|s| s.work == Work::OverReport { factor: 1.2 }));
}

#[test]
fn who_keeps_scores_sees_the_best_of_it() {
    let cheating = Cheating::CopyInput(CopyInput::default());
    let rules = OrchestratorRules { cheating, best_for: vec![7], ..OrchestratorRules::default() };
    let (mut policy, mut r) = (build(&rules), rng(15));
    let mut work = |gateway| policy.serve(&Job { seconds: 0.0, gateway, pixels: 1 }, &mut r).work;
    assert_eq!((work(7), work(8)), (Work::Honest, Work::CopyInput));
}

#[test]
fn segments_fail_and_lag_at_their_rates() {
    let renewal = Renewal {
        segment_failures: Spread::Same(0.05),
        slow_share: Spread::Same(0.2),
        slow_factor: 4.0,
        ..Renewal::default()
    };
    let rules = OrchestratorRules { reliability: Reliability::Renewal(renewal), ..OrchestratorRules::default() };
    let all = served(&rules, 40_000);
    near(all.iter().filter(|s| s.fails).count() as f64 / 40_000.0, 0.05, 0.004);
    near(all.iter().filter(|s| s.time_factor == 4.0).count() as f64 / 40_000.0, 0.2, 0.01);
}

#[test]
fn a_squeeze_waits_until_its_own_stake_is_enough() {
    let rules = OrchestratorRules { cuts: Cuts::Squeeze(Squeeze::default()), ..OrchestratorRules::default() };
    let (mut policy, mut r) = (build(&rules), rng(10));
    let mut cuts = |round, self_stake_lpt| {
        let n = network(round);
        let me = Peer { self_stake_lpt, ..peer(0) };
        think(policy.as_mut(), &view(&n, &[], &me), &mut r).into_iter().find(|a| matches!(a, Act::SetCuts { .. }))
    };
    // Its cuts are the good ones already.
    assert_eq!(cuts(1, 1999.0), None);
    let bad = Some(Act::SetCuts { reward_cut: 1.0, fee_share: 0.0 });
    assert_eq!(cuts(2, 2000.0), bad);
    assert_eq!(cuts(3, 500.0), bad);
}

#[test]
fn competitors_give_up_their_cut_while_they_are_behind() {
    let cuts = Cuts::Compete(Compete { reward_cut: Spread::Same(0.3), every: 1, step: 0.05, ..Compete::default() });
    let (mut policy, mut me, mut r) =
        (build(&OrchestratorRules { cuts, ..OrchestratorRules::default() }), peer(0), rng(11));
    let rivals: Vec<Peer> = (1..6).map(|i| Peer { reward_cut: 0.1, ..peer(i) }).collect();
    for round in 0..20 {
        let n = network(round);
        for act in think(policy.as_mut(), &view(&n, &rivals, &me), &mut r) {
            if let Act::SetCuts { reward_cut, fee_share } = act {
                (me.reward_cut, me.fee_share) = (reward_cut, fee_share);
            }
        }
    }
    near(me.reward_cut, 0.1, 0.051);
}

#[test]
fn fixed_cuts_are_set_once_and_only_where_given() {
    let cuts = Cuts::Fixed(FixedCuts { reward_cut: Some(Spread::Same(0.2)), fee_share: None });
    let (mut policy, mut r) = (build(&OrchestratorRules { cuts, ..OrchestratorRules::default() }), rng(12));
    let n = network(0);
    let mut me = peer(0);
    let mut set = |me: &Peer| {
        think(policy.as_mut(), &view(&n, &[], me), &mut r).contains(&Act::SetCuts { reward_cut: 0.2, fee_share: 0.5 })
    };
    assert!(set(&me));
    me.reward_cut = 0.2;
    assert!(!set(&me));
}

/// Rounds until it quits.
fn quits(exit: Exit, income: impl Fn(u64) -> f64) -> Option<u64> {
    let (mut policy, me, mut r) =
        (build(&OrchestratorRules { exit, ..OrchestratorRules::default() }), peer(0), rng(13));
    (0..500).find(|round| {
        let n = network(*round);
        let v = View { own_fees_eth: income(*round), own_rewards_lpt: 0.0, gas_spent_eth: 0.0, ..view(&n, &[], &me) };
        think(policy.as_mut(), &v, &mut r) == [Act::Quit]
    })
}

#[test]
fn they_leave_when_they_said_they_would() {
    // Standing costs are some 3.9 dollars a day: .0013 ETH.
    let losses = || Exit::Losses(Losses { rounds: 10 });
    assert_eq!(quits(losses(), |_| 0.01), None);
    assert_eq!(quits(losses(), |_| 0.0), Some(10));
    assert_eq!(quits(losses(), |round| if round == 9 { 0.01 } else { 0.0 }), Some(19));
    assert_eq!(quits(toml::from_str("kind = \"at_round\"\nround = 42").unwrap(), |_| 1.0), Some(42));
    assert_eq!(quits(Exit::default(), |_| 0.0), None);
    let margin = |margin| Exit::BelowMargin(BelowMargin { margin, rounds: 5 });
    assert_eq!(quits(margin(0.1), |_| 0.01), None);
    assert_eq!(quits(margin(0.95), |_| 0.01), Some(5));
}

#[test]
fn what_is_earned_is_taken_in_a_rhythm() {
    let takings = Takings { sell_share: 0.5, every: 10, withdraw_fees: true };
    let (mut policy, me, mut r) =
        (build(&OrchestratorRules { takings, ..OrchestratorRules::default() }), peer(0), rng(14));
    let mut all = Vec::new();
    for round in 0..=20 {
        let n = network(round);
        let v = View { own_rewards_lpt: 2.0, wallet_lpt: if round == 20 { 11.0 } else { 0.0 }, ..view(&n, &[], &me) };
        all.extend(think(policy.as_mut(), &v, &mut r).into_iter().filter(|a| !matches!(a, Act::SetPrice { .. })));
    }
    assert_eq!(
        all,
        [
            Act::WithdrawFees,
            Act::Unbond { lpt: 11.0 },
            Act::WithdrawFees,
            Act::Sell { lpt: 11.0 },
            Act::Unbond { lpt: 10.0 },
        ]
    );
}

proptest! {
    /// Clones have together what their owner has.
    #[test]
    fn clones_share_and_keep_the_sum(clones in 1u32..50, first in 0.0f64..1.0, stake in 0.0f64..1e7, least in 0.0f64..1e5) {
        let split = Split { clones, first_share: first, least_lpt: least };
        let parts = split.apply(7, stake, 40.0);
        prop_assert!(!parts.is_empty() && parts.len() <= clones as usize);
        let sum: f64 = parts.iter().map(|p| p.stake_lpt).sum();
        prop_assert!((sum - stake).abs() <= 1e-9 * stake.max(1.0));
        prop_assert!((parts.iter().map(|p| p.sessions).sum::<f64>() - 40.0).abs() < 1e-9);
        prop_assert!(parts.iter().all(|p| p.owner == 7));
        prop_assert!(parts.len() == 1 || parts.iter().all(|p| p.stake_lpt >= least));
    }

    /// Whatever happens, prices are finite and not negative.
    #[test]
    fn prices_are_numbers(kind in prop::sample::select(Pricing::KINDS), rival in 0.0f64..1e6, load in 0.0f64..20.0) {
        let pricing: Pricing = toml::from_str(&format!("kind = \"{kind}\"")).unwrap();
        let rules = OrchestratorRules { pricing, ..OrchestratorRules::default() };
        for price in prices(&rules, &[priced(1, rival)], 30, load) {
            prop_assert!(price.is_finite() && price >= 0.0);
        }
    }
}
