//! Voters, askers and keepers keep to their rules.

use weir_behave::keeper::{
    Batch, CheapGas, Eager, HoldBack, KeeperPolicy, KeeperRules, QueueView, Redemption, Rota, RoundStart, RoundView,
    WhenCheap,
};
use weir_behave::voter::{
    Accomplice, Independent, Loyal, Proposal, Raid, Stance, TreasuryAct, TreasuryRules, TreasuryView, Turnout, View,
    Vote, VoterRules, Watchful,
};
use weir_behave::{Network, Scripts};

use crate::support::{near, network, rng};

fn proposal(hostile: bool) -> Proposal {
    Proposal {
        id: 1,
        lpt: 1000.0,
        beneficiary: 9,
        hostile,
        rounds_left: 9,
        rounds: 10,
        for_lpt: 0.0,
        against_lpt: 0.0,
        abstain_lpt: 0.0,
    }
}

/// Votes of many alike over the whole vote.
fn ballot(
    rules: &VoterRules,
    proposal: &Proposal,
    stake_lpt: f64,
    orchestrator: bool,
    delegate: Option<Vote>,
) -> [f64; 3] {
    let (mut r, mut votes, n) = (rng(1), [0.0; 3], 4000);
    for _ in 0..n {
        let mut voter = rules.build(&mut Scripts::new()).unwrap();
        let mut cast = Vec::new();
        for rounds_left in (0..proposal.rounds).rev() {
            let network = network(20 - rounds_left);
            let proposal = Proposal { rounds_left, ..*proposal };
            let view = View {
                network: &network,
                proposal: &proposal,
                actor: 4,
                stake_lpt,
                delegate_vote: delegate,
                orchestrator,
            };
            cast.extend(voter.vote(&view, &mut r).unwrap());
        }
        assert!(cast.len() <= 1, "nobody votes twice");
        for vote in cast {
            votes[vote as usize] += 1.0 / f64::from(n);
        }
    }
    votes
}

fn everybody() -> Turnout {
    Turnout { orchestrators: 1.0, by_band: vec![1.0; 6], overrides: 0.0 }
}

#[test]
fn votes_go_as_minds_do() {
    let stance = Stance::Independent(Independent { fair: 0.7, hostile: 0.1, abstain: 0.2 });
    let rules = VoterRules { stance, turnout: everybody(), script: None };
    let [against, for_it, abstain] = ballot(&rules, &proposal(false), 50.0, false, None);
    near(abstain, 0.2, 0.02);
    near(for_it, 0.8 * 0.7, 0.03);
    near(against, 0.8 * 0.3, 0.03);
    near(ballot(&rules, &proposal(true), 50.0, false, None)[1], 0.8 * 0.1, 0.02);
}

#[test]
fn turnout_goes_by_stake() {
    let stance = Stance::Independent(Independent { abstain: 0.0, ..Independent::default() });
    let rules = VoterRules { stance, ..VoterRules::default() };
    let all = |lpt, orchestrator| ballot(&rules, &proposal(false), lpt, orchestrator, None).iter().sum::<f64>();
    assert_eq!(all(0.5, false), 0.0);
    near(all(500.0, false), 0.02, 0.007);
    near(all(50_000.0, false), 0.15, 0.02);
    near(all(50_000.0, true), 0.6, 0.03);
}

#[test]
fn delegators_override_only_what_they_would_not_have_voted() {
    let stance = Stance::Independent(Independent { fair: 1.0, hostile: 0.0, abstain: 0.0 });
    let turnout = Turnout { by_band: vec![0.0; 6], overrides: 0.3, orchestrators: 0.0 };
    let rules = VoterRules { stance, turnout, script: None };
    assert_eq!(ballot(&rules, &proposal(false), 500.0, false, Some(Vote::For)), [0.0; 3]);
    near(ballot(&rules, &proposal(false), 500.0, false, Some(Vote::Against))[1], 0.3, 0.03);
}

#[test]
fn raiders_and_watchers_always_vote() {
    let nobody = || Turnout { orchestrators: 0.0, by_band: vec![0.0; 6], overrides: 0.0 };
    let cast = |stance, hostile| {
        ballot(&VoterRules { stance, turnout: nobody(), script: None }, &proposal(hostile), 5.0, false, None)
    };
    let sum = |v: [f64; 3], at: usize| assert!((v[at] - 1.0).abs() < 1e-6, "{v:?}");
    sum(cast(Stance::Accomplice(Accomplice::default()), true), 1);
    sum(cast(Stance::Watchful(Watchful::default()), true), 0);
    sum(cast(Stance::Loyal(Loyal { to: 9, fair: 0.0 }), true), 1);
    assert_eq!(cast(Stance::Accomplice(Accomplice::default()), false), [0.0; 3]);
    let apathetic: Stance = toml::from_str("kind = \"apathetic\"").unwrap();
    assert_eq!(
        ballot(&VoterRules { stance: apathetic, turnout: everybody(), script: None }, &proposal(true), 5.0, true, None),
        [0.0; 3]
    );
}

#[test]
fn money_is_asked_for_at_its_rate_and_sold_over_time() {
    let rules = TreasuryRules { per_year: 8.0, sold: 0.5, sell_rounds: 10, ..TreasuryRules::default() };
    let (mut asker, mut r) = (rules.build(&mut Scripts::new()).unwrap(), rng(2));
    let mut asked = 0;
    let think = |asker: &mut dyn weir_behave::TreasuryPolicy, round, r: &mut _| {
        let network = network(round);
        asker.think(&TreasuryView { network: &network, treasury_lpt: 400_000.0, open: 0 }, r).unwrap()
    };
    for round in 0..41_020 {
        for act in think(asker.as_mut(), round, &mut r) {
            let TreasuryAct::Propose { lpt, hostile } = act else { panic!("nothing was granted") };
            assert!(lpt > 0.0 && lpt <= 100_000.0 && !hostile);
            asked += 1;
        }
    }
    near(f64::from(asked) / 100.0, 8.0, 0.9);
    asker.granted(1000.0);
    asker.granted(200.0);
    let mut sold = 0.0;
    for round in 0..12 {
        for act in think(asker.as_mut(), round, &mut r) {
            if let TreasuryAct::Sell { lpt } = act {
                assert!(round < 10);
                sold += lpt;
            }
        }
    }
    near(sold, 600.0, 1e-9);
}

#[test]
fn raids_come_when_planned_and_again() {
    let raid = Raid { at_round: 3, share: 0.5, again_after: 4 };
    let rules = TreasuryRules { per_year: 0.0, raid: Some(raid), ..TreasuryRules::default() };
    let (mut asker, mut r) = (rules.build(&mut Scripts::new()).unwrap(), rng(3));
    let rounds: Vec<u64> = (0..12)
        .filter(|round| {
            let network = network(*round);
            let acts = asker.think(&TreasuryView { network: &network, treasury_lpt: 100.0, open: 0 }, &mut r).unwrap();
            acts == [TreasuryAct::Propose { lpt: 50.0, hostile: true }]
        })
        .collect();
    assert_eq!(rounds, [3, 7, 11]);
}

fn keeper(rounds: RoundStart, redemption: Redemption) -> Box<dyn KeeperPolicy> {
    KeeperRules { rounds, redemption }.build().unwrap()
}

#[test]
fn rounds_are_started_by_turns_or_when_gas_is_cheap() {
    let start = |rounds: RoundStart, round, place, gas_gwei| {
        let network = Network { gas_gwei, ..network(round) };
        let view = RoundView { network: &network, place, keepers: 3, gas: 100_000.0 };
        keeper(rounds, Redemption::default()).start_round(&view, &mut rng(4))
    };
    let rota = || RoundStart::Rota(Rota { slot_seconds: 60.0 });
    assert_eq!([0, 1, 2].map(|place| start(rota(), 4, place, 0.01)), [Some(120.0), Some(0.0), Some(60.0)]);
    let cheap = || RoundStart::CheapGas(CheapGas { gwei: 0.1, wait_seconds: 500.0 });
    assert_eq!((start(cheap(), 1, 0, 0.1), start(cheap(), 1, 0, 0.2)), (Some(0.0), Some(500.0)));
    let eager = RoundStart::Eager(Eager { delay_seconds: 5.0, jitter_seconds: 10.0 });
    assert!(start(eager, 1, 0, 1.0).is_some_and(|s| (5.0..15.0).contains(&s)));
    assert_eq!(start(toml::from_str("kind = \"idle\"").unwrap(), 1, 0, 1.0), None);
}

#[test]
fn tickets_are_redeemed_when_the_rule_says() {
    let redeem = |redemption: &Redemption, tickets, rounds_left, passed, gas_gwei| {
        let network = Network { gas_gwei, ..network(5) };
        let view = QueueView {
            network: &network,
            tickets,
            value_eth: 0.0024 * tickets as f64,
            rounds_left,
            passed,
            gas: 200_000.0,
        };
        keeper(RoundStart::default(), redemption.clone()).redeem(&view)
    };
    let at_once = Redemption::default();
    assert!(redeem(&at_once, 1, 2, 0.0, 0.01));
    assert!(!redeem(&at_once, 0, 2, 0.0, 0.01));
    // 200,000 gas at 15 gwei cost .003.
    assert!(!redeem(&at_once, 1, 2, 0.0, 15.0));
    let batch = Redemption::Batch(Batch { tickets: 10, latest: 0.5 });
    assert!(!redeem(&batch, 9, 1, 0.9, 0.01));
    assert!(redeem(&batch, 10, 1, 0.9, 0.01));
    assert!(redeem(&batch, 1, 0, 0.5, 0.01));
    let cheap = Redemption::WhenCheap(WhenCheap { cost_share: 0.02, latest: 0.5 });
    assert!(redeem(&cheap, 1, 2, 0.0, 0.2));
    assert!(!redeem(&cheap, 1, 2, 0.0, 0.3));
    assert!(redeem(&cheap, 1, 0, 0.6, 0.3));
    let hold = Redemption::HoldBack(HoldBack { latest: 0.5 });
    assert!(!redeem(&hold, 100, 1, 0.99, 0.01));
    assert!(redeem(&hold, 1, 0, 0.5, 0.01));
}
