//! Delegators keep to their rules and rates.

use proptest::prelude::*;
use weir_behave::data;
use weir_behave::delegator::{
    Act, Attention, Class, Compounder, DelegatorPolicy, DelegatorRules, Exiter, Extractor, Hedger, Lock, Ordinary,
    View, Whale,
};
use weir_behave::spread::Spread;
use weir_behave::{Network, Peer, Scripts};
use weir_types::Entropy;

use crate::support::{mean, near, network, peer, quantile, rng};

fn rules(class: Class) -> DelegatorRules {
    // Nobody looks at its delegate, where the test is not about that.
    DelegatorRules { class, attention: Attention { rate: 0.0, ..Attention::default() }, ..DelegatorRules::default() }
}

fn build(rules: &DelegatorRules, rng: &mut Entropy) -> Box<dyn DelegatorPolicy> {
    rules.build(true, &mut Scripts::new(), rng).expect("rules that make sense")
}

/// A wallet in a small world: rewards come each round, locks open after seven.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) wallet: f64,
    pub(crate) stake: f64,
    pub(crate) unclaimed: f64,
    pub(crate) delegate: Option<u64>,
    pub(crate) locks: Vec<(u64, f64, u64)>,
    pub(crate) next: u64,
    pub(crate) rate: f64,
    pub(crate) sold: f64,
    pub(crate) bought: f64,
    pub(crate) minted: f64,
    pub(crate) acts: Vec<(u64, Act)>,
}

const UNBONDING: u64 = 7;

impl World {
    pub(crate) fn new(stake: f64) -> Self {
        Self { stake, delegate: Some(1), ..Self::default() }
    }

    pub(crate) fn round(
        &mut self,
        policy: &mut dyn DelegatorPolicy,
        network: &Network,
        delegates: &[Peer],
        rng: &mut Entropy,
    ) {
        let round = network.round;
        let reward = self.stake * self.rate;
        self.stake += reward;
        self.unclaimed += reward;
        self.minted += reward;
        let locks: Vec<Lock> = self
            .locks
            .iter()
            .map(|(id, lpt, at)| Lock { id: *id, lpt: *lpt, rounds_left: at.saturating_sub(round) })
            .collect();
        let view = View {
            network,
            delegates,
            wallet_lpt: self.wallet,
            stake_lpt: self.stake,
            unclaimed_lpt: self.unclaimed,
            fees_eth: 0.0,
            delegate: self.delegate,
            locks: &locks,
        };
        for act in policy.think(&view, rng).expect("no script, no error") {
            self.carry_out(&act, round);
            self.acts.push((round, act));
        }
    }

    fn carry_out(&mut self, act: &Act, round: u64) {
        match act {
            Act::Claim => self.unclaimed = 0.0,
            Act::Bond { lpt, to } => {
                assert!(*lpt <= self.wallet + 1e-9, "bonds {lpt} of {}", self.wallet);
                (self.wallet, self.stake, self.unclaimed, self.delegate) =
                    (self.wallet - lpt, self.stake + lpt, 0.0, Some(*to));
            }
            Act::Move { to } => (self.delegate, self.unclaimed) = (Some(*to), 0.0),
            Act::Unbond { lpt } => {
                assert!(*lpt <= self.stake + 1e-9, "unbonds {lpt} of {}", self.stake);
                self.locks.push((self.next, *lpt, round + UNBONDING));
                self.next += 1;
                (self.stake, self.unclaimed) = ((self.stake - lpt).max(0.0), 0.0);
                if self.stake == 0.0 {
                    self.delegate = None;
                }
            }
            Act::Rebond { lock } => {
                let lpt = self.take(*lock);
                self.stake += lpt;
                self.delegate = self.delegate.or(Some(1));
            }
            Act::WithdrawStake { lock } => {
                let at = self.locks.iter().find(|(id, ..)| id == lock).map(|(.., at)| *at);
                assert!(at.is_some_and(|at| at <= round), "an open lock");
                self.wallet += self.take(*lock);
            }
            Act::Sell { lpt } => {
                assert!(*lpt <= self.wallet + 1e-9);
                (self.wallet, self.sold) = (self.wallet - lpt, self.sold + lpt);
            }
            Act::Buy { lpt } => (self.wallet, self.bought) = (self.wallet + lpt, self.bought + lpt),
            Act::WithdrawFees => {}
        }
    }

    fn take(&mut self, lock: u64) -> f64 {
        let at = self.locks.iter().position(|(id, ..)| *id == lock).expect("a lock that is there");
        self.locks.remove(at).1
    }

    fn all(&self) -> f64 {
        self.wallet + self.stake + self.locks.iter().map(|(_, lpt, _)| lpt).sum::<f64>()
    }
}

/// A world after some rounds.
fn play(rules: &DelegatorRules, world: World, rounds: u64, seed: u64) -> World {
    let (mut world, mut r) = (world, rng(seed));
    let mut policy = build(rules, &mut r);
    let delegates = [peer(1), peer(2)];
    for round in 0..rounds {
        world.round(policy.as_mut(), &network(round), &delegates, &mut r);
    }
    world
}

fn days(acts: &[(u64, Act)], wanted: fn(&Act) -> bool) -> Vec<f64> {
    acts.iter().filter(|(_, a)| wanted(a)).map(|(round, _)| *round as f64 * data::ROUND_DAYS).collect()
}

#[test]
fn dust_and_the_passive_do_nothing() {
    for text in ["kind = \"inert\"", "kind = \"passive\""] {
        let class: Class = toml::from_str(text).unwrap();
        assert_eq!(play(&rules(class), World { rate: 0.001, ..World::new(500.0) }, 2000, 1).acts, []);
    }
}

/// New bonders: 8.6 % withdrew within 30 days, 15.0 within 90, 30.1 within a year.
#[test]
fn churn_of_new_bonders_is_the_measured_one() {
    let n = 4000;
    let left: Vec<f64> = (0..n)
        .filter_map(|seed| {
            let world = play(&rules(Class::Exiter(Exiter::default())), World::new(72.0), 420, seed);
            days(&world.acts, |a| matches!(a, Act::Unbond { .. })).first().copied()
        })
        .collect();
    let within = |d: f64| 100.0 * left.iter().filter(|day| **day <= d).count() as f64 / n as f64;
    assert!((6.3..10.0).contains(&within(30.0)), "{}", within(30.0));
    assert!((12.0..17.0).contains(&within(90.0)), "{}", within(90.0));
    assert!((27.0..34.0).contains(&within(365.0)), "{}", within(365.0));
}

#[test]
fn one_that_leaves_takes_all_and_sells_its_share() {
    let exiter = Exiter { shape: 1.0, scale_days: 1.0, ..Exiter::default() };
    let world = play(&rules(Class::Exiter(exiter)), World::new(100.0), 40, 2);
    assert_eq!((world.stake, world.delegate), (0.0, None));
    near(world.sold, 80.0, 1e-9);
    near(world.wallet, 20.0, 1e-9);
}

#[test]
fn measured_hazards_and_claims_come_back() {
    let (mut unbonds, mut claims, rounds) = (0, 0, 60_000);
    let mut r = rng(3);
    let mut policy = build(&rules(Class::Ordinary(Ordinary::default())), &mut r);
    for round in 0..rounds {
        let mut world = World { unclaimed: 10.0, ..World::new(20_000.0) };
        world.round(policy.as_mut(), &network(round), &[peer(1)], &mut r);
        unbonds += world.acts.iter().filter(|(_, a)| matches!(a, Act::Unbond { .. })).count();
        claims += world.acts.iter().filter(|(_, a)| *a == Act::Claim).count();
    }
    near(unbonds as f64 / rounds as f64, 1.6e-3, 3e-4);
    near(claims as f64 / rounds as f64, data::CLAIM_RATE, 1e-3);
}

#[test]
fn a_part_of_what_is_taken_out_is_put_back() {
    let all = Ordinary { hazard: 30.0, all: 1.0, claims: 0.0 };
    let (mut back, mut gone) = (0, 0);
    for seed in 0..400 {
        let world = play(&rules(Class::Ordinary(all.clone())), World::new(500.0), 60, seed);
        back += world.acts.iter().filter(|(_, a)| matches!(a, Act::Rebond { .. })).count();
        gone += world.acts.iter().filter(|(_, a)| matches!(a, Act::WithdrawStake { .. })).count();
    }
    // .60 of it is withdrawn in the band of 100 to 1,000.
    near(gone as f64 / (gone + back) as f64, 0.60, 0.05);
}

#[test]
fn compounders_claim_in_their_rhythm() {
    let class = Class::Compounder(Compounder { every_days: Spread::Same(30.0), bonds_wallet: false });
    let world = play(&rules(class), World { rate: 0.001, ..World::new(100.0) }, 410, 4);
    let at = days(&world.acts, |a| *a == Act::Claim);
    assert_eq!(at.len(), world.acts.len());
    assert!((11..=12).contains(&at.len()), "{}", at.len());
    let class = Class::Compounder(Compounder { every_days: Spread::Same(10.0), bonds_wallet: true });
    let world = play(&rules(class), World { wallet: 50.0, ..World::new(100.0) }, 30, 4);
    assert_eq!(world.acts.len(), 1);
    assert_eq!((world.wallet, world.stake), (0.0, 150.0));
}

#[test]
fn extractors_take_their_rewards_and_keep_their_principal() {
    let class = Class::Extractor(Extractor { every_days: Spread::Same(45.0), share: 1.0 });
    let world = play(&rules(class), World { rate: 0.001, ..World::new(1000.0) }, 820, 5);
    let cycles = days(&world.acts, |a| matches!(a, Act::Unbond { .. })).len();
    assert!((15..=17).contains(&cycles), "{cycles}");
    assert!(world.stake < 1000.0 * 1.06, "{}", world.stake);
    // Four fifths of what has been withdrawn is sold.
    near(world.sold / (world.sold + world.wallet), 0.8, 0.02);
    near(world.all() + world.sold, 1000.0 + world.minted, 1e-6);
}

#[test]
fn extraction_cycles_lie_where_they_were_seen() {
    let class = Class::Extractor(Extractor::default());
    let gaps: Vec<f64> = (0..300)
        .flat_map(|seed| {
            let world = play(&rules(class.clone()), World { rate: 0.001, ..World::new(1000.0) }, 300, seed);
            let at = days(&world.acts, |a| matches!(a, Act::Unbond { .. }));
            at.windows(2).map(|w| w[1] - w[0]).take(1).collect::<Vec<_>>()
        })
        .collect();
    assert!(quantile(&gaps, 0.0) >= 30.0 - 1e-6 && quantile(&gaps, 1.0) <= 96.0);
    near(mean(&gaps), 62.5, 3.0);
}

#[test]
fn whales_jump_at_their_rate_and_mostly_out() {
    let (mut out, mut into, years) = (0, 0, 400.0);
    for seed in 0..100 {
        let world = play(&rules(Class::Whale(Whale::default())), World::new(300_000.0), 1643, seed);
        out += world.acts.iter().filter(|(_, a)| matches!(a, Act::Unbond { .. })).count();
        into += world.acts.iter().filter(|(_, a)| matches!(a, Act::Bond { .. })).count();
    }
    near((out + into) as f64 / years, 1.8, 0.25);
    near(out as f64 / (out + into) as f64, 0.56, 0.06);
}

#[test]
fn greed_drives_stake_out() {
    let leaves = |sentiment| {
        let (mut r, mut count) = (rng(6), 0);
        let mut policy = build(&rules(Class::Ordinary(Ordinary { hazard: 10.0, ..Ordinary::default() })), &mut r);
        for round in 0..20_000 {
            let mut world = World::new(20_000.0);
            world.round(policy.as_mut(), &Network { sentiment, ..network(round) }, &[peer(1)], &mut r);
            count += world.acts.iter().filter(|(_, a)| matches!(a, Act::Unbond { .. })).count();
        }
        f64::from(u32::try_from(count).unwrap())
    };
    near(leaves(80.0) / leaves(50.0), (0.013f64 * 30.0).exp(), 0.25);
}

#[test]
fn hedgers_come_and_go_by_yield() {
    let class = Class::Hedger(Hedger { borrow_cost: Spread::Same(0.5), every: 1, ..Hedger::default() });
    let (mut r, mut world) = (rng(7), World { wallet: 1000.0, ..World::default() });
    let mut policy = build(&rules(class), &mut r);
    let with = |round, inflation| Network { inflation, ..network(round) };
    // Yield per year after a cut of .1: .9 x inflation x 410 / .522, so .46 at the 6.5e-4 of 2026, .71 at 1e-3.
    world.round(policy.as_mut(), &with(0, 6.5e-4), &[peer(1)], &mut r);
    assert_eq!(world.acts, []);
    world.round(policy.as_mut(), &with(1, 1e-3), &[peer(1)], &mut r);
    assert_eq!(world.acts, [(1, Act::Bond { lpt: 1000.0, to: 1 })]);
    world.round(policy.as_mut(), &with(2, 6.5e-4), &[peer(1)], &mut r);
    assert_eq!(world.stake, 0.0);
    assert_eq!(world.acts.last(), Some(&(2, Act::Unbond { lpt: 1000.0 })));
}

/// Share of many that move, and where to.
fn moves(attention: Attention, home: Peer, others: &[Peer]) -> (f64, Vec<u64>) {
    let rules = DelegatorRules { attention, ..DelegatorRules::default() };
    let delegates: Vec<Peer> = std::iter::once(home).chain(others.iter().cloned()).collect();
    let mut r = rng(8);
    let mut to = Vec::new();
    for round in 0..4000 {
        let mut policy = build(&rules, &mut r);
        let mut world = World::new(100.0);
        world.delegate = Some(delegates[0].id);
        world.round(policy.as_mut(), &network(round), &delegates, &mut r);
        to.extend(world.acts.iter().filter_map(|(_, a)| if let Act::Move { to } = a { Some(*to) } else { None }));
    }
    (to.len() as f64 / 4000.0, to)
}

#[test]
fn delegators_move_when_they_look_and_it_is_worth_it() {
    let always = || Attention { rate: 1.0, sharpness: 1000.0, ..Attention::default() };
    let dear = Peer { reward_cut: 0.5, ..peer(1) };
    let cheap = Peer { reward_cut: 0.0, ..peer(2) };
    // Half of a yield of .52: far above the threshold.
    let (share, to) = moves(always(), dear.clone(), std::slice::from_ref(&cheap));
    assert_eq!(share, 1.0);
    assert!(to.iter().all(|id| *id == 2));
    near(moves(Attention { rate: 0.2, ..always() }, dear.clone(), std::slice::from_ref(&cheap)).0, 0.2, 0.02);
    assert_eq!(
        moves(Attention { threshold: Spread::Same(0.5), ..always() }, dear, std::slice::from_ref(&cheap)).0,
        0.0
    );
    // From a good one nobody goes to a worse one.
    assert_eq!(moves(always(), cheap, &[Peer { reward_cut: 0.5, ..peer(3) }]).0, 0.0);
}

#[test]
fn missed_rewards_and_bad_cuts_need_no_great_gain() {
    let wary = || Attention {
        rate: 1.0,
        sharpness: 1000.0,
        threshold: Spread::Same(5.0),
        most_cut: 0.6,
        ..Attention::default()
    };
    let good = [peer(2)];
    assert_eq!(moves(wary(), peer(1), &good).0, 0.0);
    assert_eq!(moves(wary(), Peer { reward_ratio: 0.8, ..peer(1) }, &good).0, 1.0);
    assert_eq!(moves(wary(), Peer { reward_cut: 0.7, ..peer(1) }, &good).0, 1.0);
    assert_eq!(moves(wary(), Peer { active: false, reward_cut: 0.2, ..peer(1) }, &good).0, 1.0);
}

#[test]
fn stake_draws_stake_where_it_herds() {
    let herd = |herding| {
        let attention = Attention { herding, sharpness: 0.0, ..Attention::default() };
        let delegates = [Peer { stake_lpt: 1e6, ..peer(1) }, Peer { stake_lpt: 1e4, ..peer(2) }];
        let (n, mut r) = (network(1), rng(9));
        (0..10_000).filter(|_| attention.choose(&n, &delegates, &mut r) == Some(1)).count() as f64 / 10_000.0
    };
    near(herd(0.0), 0.5, 0.02);
    near(herd(0.5), 10.0 / 11.0, 0.01);
    near(herd(1.0), 100.0 / 101.0, 0.005);
    assert_eq!(Attention::default().choose(&network(1), &[], &mut rng(1)), None);
}

proptest! {
    /// No class makes tokens, or spends what it has not: the small world asserts each act.
    #[test]
    fn tokens_are_conserved(kind in prop::sample::select(Class::KINDS), stake in 0.0f64..1e6, wallet in 0.0f64..1e5, seed in any::<u64>()) {
        let class: Class = toml::from_str(&format!("kind = \"{kind}\"")).unwrap();
        let rules = DelegatorRules { class, attention: Attention { rate: 0.2, ..Attention::default() }, ..DelegatorRules::default() };
        let start = World { wallet, rate: 0.0012, ..World::new(stake) };
        let world = play(&rules, start, 300, seed);
        let now = world.all() + world.sold - world.bought;
        prop_assert!((now - stake - wallet - world.minted).abs() < 1e-6 * (1.0 + now.abs()));
    }
}
