//! Scripts: what they can do, what they cannot, and what is said when they fail.
// A test may look at the clock.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::time::Instant;

use proptest::prelude::*;
use weir_behave::orchestrator::{Act, OrchestratorPolicy, OrchestratorRules, RewardView, View};
use weir_behave::{BehaveError, Network, Peer, ScriptConfig, Scripts};
use weir_types::Entropy;

use crate::support::{network, peer, rng};

fn scripts(text: &str) -> Result<Scripts, BehaveError> {
    let mut all = Scripts::new();
    all.add("mine.rhai", text).map(|()| all)
}

fn policy(text: &str) -> Result<Box<dyn OrchestratorPolicy>, BehaveError> {
    let script = Some(ScriptConfig { file: "mine.rhai".to_owned(), ..ScriptConfig::default() });
    OrchestratorRules { script, ..OrchestratorRules::default() }.build(&mut scripts(text)?, &mut rng(1))
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

fn think(policy: &mut dyn OrchestratorPolicy, round: u64, rng: &mut Entropy) -> Result<Vec<Act>, BehaveError> {
    let (n, rivals, me) = (network(round), [peer(1), peer(2)], peer(0));
    policy.think(&view(&n, &rivals, &me), rng)
}

/// What a script does in its first round.
fn run(text: &str) -> Result<Vec<Act>, BehaveError> {
    think(policy(text)?.as_mut(), 3, &mut rng(2))
}

/// The words of an error.
#[track_caller]
fn fails(text: &str, words: &[&str]) {
    let error = run(text).expect_err("an error").to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
}

#[test]
fn a_script_sees_and_acts() {
    let acts = run(r#"
        fn think(view) {
            let cheapest = 1e9;
            for r in view.rivals { cheapest = min(cheapest, r.wei_per_pixel); }
            [
                #{ act: "set_price", wei_per_pixel: cheapest * 0.9 },
                #{ act: "set_cuts", reward_cut: 0, fee_share: view.me.fee_share },
                #{ act: "withdraw_fees" },
            ]
        }
        "#);
    assert_eq!(
        acts,
        Ok(vec![
            Act::SetPrice { wei_per_pixel: 90.0 },
            Act::SetCuts { reward_cut: 0.0, fee_share: 0.5 },
            Act::WithdrawFees,
        ])
    );
    // Whole numbers do as well.
    assert_eq!(run("fn think(v) { [#{ act: \"bond\", lpt: 5 }] }"), Ok(vec![Act::Bond { lpt: 5.0 }]));
}

#[test]
fn the_script_of_the_page_runs() {
    let pages = weir_behave::page::pages();
    let (_, page) = pages.iter().find(|(name, _)| *name == "scripts.md").expect("a page");
    let text = page.split("```rust").nth(1).and_then(|rest| rest.split("```").next()).expect("a script");
    let mut p = policy(text).unwrap();
    let acts = think(p.as_mut(), 1, &mut rng(9)).unwrap();
    // At a load of a half the price falls by exp(-.03).
    assert_eq!(acts, [Act::SetPrice { wei_per_pixel: 120.0 * libm::exp(0.3 * (0.5 - 0.6)) }]);
}

const COUNTER: &str = r#"
    fn init() { #{ n: 0, last: 0.0 } }
    fn think(view) {
        this.n += 1;
        this.last = chance();
        [#{ act: "set_price", wei_per_pixel: this.n + this.last }]
    }
"#;

#[test]
fn it_remembers_and_a_copy_goes_its_own_way() {
    let (mut one, mut r) = (policy(COUNTER).unwrap(), rng(3));
    let price = |p: &mut dyn OrchestratorPolicy, r: &mut Entropy| {
        let [Act::SetPrice { wei_per_pixel }] = think(p, 1, r).unwrap()[..] else { panic!("a price") };
        wei_per_pixel
    };
    assert_eq!(price(one.as_mut(), &mut r).floor(), 1.0);
    let (mut two, mut twin) = (one.clone(), r.clone());
    assert_eq!(price(one.as_mut(), &mut r).floor(), 2.0);
    assert_eq!(price(one.as_mut(), &mut r).floor(), 3.0);
    assert_eq!(price(two.as_mut(), &mut twin).floor(), 2.0);
    assert_eq!(price(one.as_mut(), &mut r).floor(), 4.0);
    // Another actor of the same script starts from the start.
    assert_eq!(price(policy(COUNTER).unwrap().as_mut(), &mut rng(3)).floor(), 1.0);
}

proptest! {
    #[test]
    fn the_same_seed_gives_the_same_acts(seed in any::<u64>()) {
        let text = "fn think(v) { let n = to_int(chance() * 5.0); let a = []; for i in 0..n { a.push(#{ act: \"bond\", lpt: exp(normal()) }); } a }";
        let play = || {
            let (mut p, mut r) = (policy(text).unwrap(), rng(seed));
            let acts: Vec<_> = (0..5).map(|i| think(p.as_mut(), i, &mut r).unwrap()).collect();
            (acts, r.unit())
        };
        prop_assert_eq!(play(), play());
    }
}

#[test]
fn chance_is_the_actors_own() {
    let mut direct = rng(4);
    let wanted = direct.unit();
    let mut p = policy("fn think(v) { [#{ act: \"bond\", lpt: chance() }] }").unwrap();
    let mut r = rng(4);
    assert_eq!(think(p.as_mut(), 1, &mut r), Ok(vec![Act::Bond { lpt: wanted }]));
    assert_eq!(r.unit(), direct.unit());
}

#[test]
fn mathematics_is_that_of_the_library() {
    let acts = run(
        "fn think(v) { [#{ act: \"bond\", lpt: exp(0.3) }, #{ act: \"bond\", lpt: pow(2.5, 1.7) }, #{ act: \"bond\", lpt: sin(1) + tanh(0.2) }] }",
    );
    let bond = |lpt| Act::Bond { lpt };
    assert_eq!(acts, Ok(vec![bond(libm::exp(0.3)), bond(libm::pow(2.5, 1.7)), bond(libm::sin(1.0) + libm::tanh(0.2))]));
}

#[test]
fn loops_depth_and_sizes_are_bounded() {
    let start = Instant::now();
    fails(
        "fn think(v) {\n  let n = 0;\n  loop { n += 1; }\n}",
        &["mine.rhai:1:1:", "took more than 100000 operations", "max_operations"],
    );
    fails("fn f(n) { f(n + 1) } fn think(v) { f(0) }", &["mine.rhai:1:", "too deeply"]);
    fails("fn think(v) { let s = \"x\"; loop { s += s; } }", &["is too long"]);
    fails("fn think(v) { let a = [1]; loop { a += a; } }", &["too"]);
    fails("fn think(v) { let m = #{}; let i = 0; loop { m[i.to_string()] = i; i += 1; } }", &["too"]);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn a_call_has_the_operations_that_were_given() {
    let text = "fn think(v) { let n = 0; while n < 2000 { n += 1; } [] }";
    let with = |max_operations| {
        let config = ScriptConfig { file: "mine.rhai".to_owned(), max_operations };
        let rules = OrchestratorRules { script: Some(config), ..OrchestratorRules::default() };
        think(rules.build(&mut scripts(text).unwrap(), &mut rng(1)).unwrap().as_mut(), 1, &mut rng(1))
    };
    assert_eq!(with(100_000), Ok(Vec::new()));
    assert!(with(1000).unwrap_err().to_string().contains("took more than 1000 operations"));
    // Each call has them anew.
    let mut p = policy(text).unwrap();
    assert!((0..200).all(|round| think(p.as_mut(), round, &mut rng(1)).is_ok()));
}

#[test]
fn there_is_no_world_outside() {
    for call in [
        "open_file(\"/etc/passwd\")",
        "read(\"/etc/passwd\")",
        "timestamp()",
        "sleep(1)",
        "exit()",
        "rand()",
        "random()",
        "env(\"HOME\")",
        "system(\"ls\")",
    ] {
        fails(&format!("fn think(v) {{ {call}; [] }}"), &["mine.rhai:1:", "there is no function"]);
    }
    for text in [
        "fn think(v) { eval(\"1\"); [] }",
        "import \"x\" as y; fn think(v) { [] }",
        "fn think(v) { let x = 2.0 ** 0.5; [] }",
    ] {
        assert!(policy(text).is_err(), "{text}");
    }
    // It may print; nobody hears it.
    assert_eq!(run("fn think(v) { print(\"hello\"); debug(v); [] }"), Ok(Vec::new()));
}

#[test]
fn faults_have_a_place_and_advice() {
    fails("fn think(v) {\n  [", &["mine.rhai:2:", "help: correct the script"]);
    fails("fn think(v) {\n  let a = 1;\n  price\n}", &["mine.rhai:3:3", "price", "`let`"]);
    fails(
        "fn think(view) {\n  view.network.gas_gweo;\n  []\n}",
        &["mine.rhai:2:", "there is no `gas_gweo`", "did you mean `gas_gwei`?"],
    );
    fails("fn think(view) {\n  view.rivals[0].wei_per_pixl;\n  []\n}", &["did you mean `wei_per_pixel`?"]);
    fails("fn think(v) { throw \"no\"; }", &["mine.rhai:1:15", "no"]);
    fails("fn think(v) { 1 / 0 }", &["mine.rhai:1:", "zero"]);
    fails("fn think(v) { 5 }", &["returned i64, not an array", "`[]`"]);
    fails("fn think(v) { [5] }", &["act 1 is i64", "set_price"]);
    fails(
        "fn think(v) { [#{ act: \"set_prise\", wei_per_pixel: 1.0 }] }",
        &["act 1: there is no act `set_prise`", "did you mean `set_price`?"],
    );
    fails("fn think(v) { [#{ act: \"dance\" }] }", &["there is no act `dance`", "known: set_price, set_cuts"]);
    fails("fn think(v) { [#{ act: \"set_price\" }] }", &["wei_per_pixel", "it takes: wei_per_pixel"]);
    fails(
        "fn think(v) { [#{ act: \"set_price\", wei: 1, wei_per_pixel: 1 }] }",
        &["unknown field `wei`", "it takes: wei_per_pixel"],
    );
    fails("fn think(v) { [#{ act: \"set_price\", wei_per_pixel: \"x\" }] }", &["act 1, `set_price`", "it takes"]);
    fails("fn think(v) { [#{ act: \"set_price\", wei_per_pixel: -1.0 }] }", &["`wei_per_pixel` is -1"]);
    fails("fn think(v) { [#{ act: \"set_price\", wei_per_pixel: 0.0 / 0.0 }] }", &["`wei_per_pixel` is NaN"]);
    fails("fn thinks(v) { [] }", &["has no function `think(view)`"]);
    fails("let x = 1; fn think(v) { [] }", &["statements outside its functions"]);
    fails("fn init() { 5 } fn think(v) { [] }", &["`init` returned i64, not a map"]);
}

#[test]
fn a_script_that_is_not_there_is_named() {
    let script = Some(ScriptConfig { file: "other.rhai".to_owned(), ..ScriptConfig::default() });
    let rules = OrchestratorRules { script, ..OrchestratorRules::default() };
    let error = rules.build(&mut scripts("fn think(v) { [] }").unwrap(), &mut rng(1)).unwrap_err();
    assert_eq!(error.to_string(), "no script named `other.rhai`; known: mine.rhai");
}

#[test]
fn a_script_may_decide_about_reward_calls() {
    let mut p = policy("fn think(v) { [] } fn reward_call(v) { v.network.gas_gwei < 1.0 && v.passed > 0.5 }").unwrap();
    let me = peer(0);
    let mut calls = |gas_gwei, passed| {
        let n = Network { gas_gwei, ..network(1) };
        p.reward_call(&RewardView { network: &n, me: &me, gas: 4e5, passed }, &mut rng(1)).unwrap()
    };
    assert!(calls(0.5, 0.6) && !calls(0.5, 0.4) && !calls(2.0, 0.6));
    let mut plain = policy("fn think(v) { [] }").unwrap();
    assert!(
        plain.reward_call(&RewardView { network: &network(1), me: &me, gas: 4e5, passed: 0.0 }, &mut rng(1)).unwrap()
    );
}

#[test]
fn others_may_be_scripts_too() {
    use weir_behave::voter::{Proposal, TreasuryAct, TreasuryView, Vote};
    use weir_behave::{DelegatorRules, GatewayRules, TreasuryRules, VoterRules, delegator, gateway, voter};
    let script = || Some(ScriptConfig { file: "mine.rhai".to_owned(), ..ScriptConfig::default() });
    let n = network(4);
    let mut r = rng(5);

    let mut all = scripts(
        "fn think(v) { if v.deposit_eth < 0.1 { [#{ act: \"fund\", deposit_eth: 1, reserve_eth: 0 }] } else { [] } }",
    )
    .unwrap();
    let mut g = GatewayRules { script: script(), ..GatewayRules::default() }.build(&mut all, &mut r).unwrap();
    let view = gateway::View {
        network: &n,
        orchestrators: &[],
        wallet_eth: 2.0,
        deposit_eth: 0.0,
        reserve_eth: 0.0,
        unlocking: false,
        unlocked: false,
        spent_eth: 0.0,
        sessions: 0.0,
        unserved: 0,
    };
    assert_eq!(g.think(&view, &mut r), Ok(vec![gateway::Act::Fund { deposit_eth: 1.0, reserve_eth: 0.0 }]));

    let mut all = scripts("fn think(v) { for l in v.locks { if l.rounds_left == 0 { return [#{ act: \"withdraw_stake\", lock: l.id }]; } } [] }").unwrap();
    let mut d = DelegatorRules { script: script(), ..DelegatorRules::default() }.build(true, &mut all, &mut r).unwrap();
    let locks =
        [delegator::Lock { id: 3, lpt: 5.0, rounds_left: 1 }, delegator::Lock { id: 4, lpt: 5.0, rounds_left: 0 }];
    let view = delegator::View {
        network: &n,
        delegates: &[],
        wallet_lpt: 0.0,
        stake_lpt: 1.0,
        unclaimed_lpt: 0.0,
        fees_eth: 0.0,
        delegate: None,
        locks: &locks,
    };
    assert_eq!(d.think(&view, &mut r), Ok(vec![delegator::Act::WithdrawStake { lock: 4 }]));

    let mut all = scripts("fn think(v) { [#{ act: \"propose\", lpt: v.treasury_lpt / 2, hostile: false }] }").unwrap();
    let mut t = TreasuryRules { script: script(), ..TreasuryRules::default() }.build(&mut all).unwrap();
    let acts = t.think(&TreasuryView { network: &n, treasury_lpt: 10.0, open: 0 }, &mut r);
    assert_eq!(acts, Ok(vec![TreasuryAct::Propose { lpt: 5.0, hostile: false }]));

    let mut all =
        scripts("fn vote(v) { if v.proposal.hostile { \"against\" } else if v.delegate_vote == () { \"for\" } }")
            .unwrap();
    let mut v = VoterRules { script: script(), ..VoterRules::default() }.build(&mut all).unwrap();
    let proposal = Proposal {
        id: 1,
        lpt: 1.0,
        beneficiary: 2,
        hostile: true,
        rounds_left: 3,
        rounds: 10,
        for_lpt: 0.0,
        against_lpt: 0.0,
        abstain_lpt: 0.0,
    };
    let mut vote = |hostile, delegate_vote| {
        let proposal = Proposal { hostile, ..proposal };
        v.vote(
            &voter::View {
                network: &n,
                proposal: &proposal,
                actor: 1,
                stake_lpt: 1.0,
                delegate_vote,
                orchestrator: false,
            },
            &mut r,
        )
        .unwrap()
    };
    assert_eq!(vote(true, None), Some(Vote::Against));
    assert_eq!(vote(false, None), Some(Vote::For));
    assert_eq!(vote(false, Some(Vote::For)), None);
}

/// A small script takes some microseconds. Debug builds of this crate and a shared machine make it more; the bound
/// only tells an interpreter from one that reads its text anew.
#[test]
fn a_call_is_cheap() {
    let mut p = policy(COUNTER).unwrap();
    let (n, me, mut r) = (network(1), peer(0), rng(6));
    let v = view(&n, &[], &me);
    p.think(&v, &mut r).unwrap();
    let (start, calls) = (Instant::now(), 2000);
    for _ in 0..calls {
        p.think(&v, &mut r).unwrap();
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(calls);
    println!("{each:.1} us a call");
    assert!(each < 500.0, "{each} us a call");
}
