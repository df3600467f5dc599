//! Rewards and fees against a model that keeps every share as an exact fraction.

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolEvent;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use proptest::prelude::*;
use weir_contracts::ProtocolParams;
use weir_contracts::bindings::{BondingManager, Minter};
use weir_types::amount::big;
use weir_types::{LptWei, Perc9};

use crate::world::{World, account, lpt, signer};

/// Another orchestrator, so that ours holds a part of the active stake only.
const RIVAL: u8 = 50;
const GATEWAY: u8 = 60;
const PERCENT: u32 = 1_000_000;

#[derive(Debug, Clone)]
enum Step {
    Reward,
    Fees(u64),
    /// Settles a person's earnings. Person 0 is the orchestrator itself.
    Claim(usize),
    Bond(usize, u64),
    Round,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Reward),
        3 => (1u64..1_000_000_000_000_000_000).prop_map(Step::Fees),
        2 => (0usize..4).prop_map(Step::Claim),
        1 => ((0usize..4), 1u64..2_000_000_000_000_000_000).prop_map(|(who, amount)| Step::Bond(who, amount)),
        3 => Just(Step::Round),
    ]
}

fn exact(v: U256) -> BigRational {
    BigRational::from(big(v))
}

fn part(v: u32) -> BigRational {
    BigRational::new(v.into(), PERCENT.into())
}

#[derive(Clone)]
struct Person {
    address: Address,
    stake: BigRational,
    /// Stake when the round began: fees go by it.
    at_start: BigRational,
    fees: BigRational,
    /// Round of the last settlement. Who settles in a round has no part in what comes later in it.
    settled: u64,
}

/// One orchestrator and those behind it.
struct Model {
    people: Vec<Person>,
    cut: BigRational,
    share: BigRational,
    round: u64,
    rewarded: u64,
    /// Stake that counts in this round, and in the next.
    active: U256,
    next: U256,
    /// The orchestrator's rewards and fees since it last settled.
    own_rewards: BigRational,
    own_fees: BigRational,
    /// The former as of this round's reward.
    own_at_reward: BigRational,
    /// Wei that roundings may have taken from one person so far.
    slack: U256,
}

impl Model {
    fn own_part(&self) -> &BigRational {
        if self.rewarded == self.round { &self.own_at_reward } else { &self.own_rewards }
    }

    fn reward(&mut self, amount: U256) {
        let commission = exact(amount) * &self.cut;
        let shared = exact(amount) - &commission;
        let per_stake = &shared / exact(self.active);
        for p in self.people.iter_mut().filter(|p| p.settled < self.round) {
            p.stake = &p.stake + &p.stake * &per_stake;
        }
        self.own_at_reward = self.own_rewards.clone();
        self.own_rewards += &self.own_at_reward * &per_stake + commission;
        self.next += amount;
        self.rewarded = self.round;
    }

    fn fees(&mut self, value: U256) {
        let shared = exact(value) * &self.share;
        let per_stake = &shared / exact(self.active);
        self.own_fees += exact(value) - &shared + self.own_part() * &per_stake;
        for p in self.people.iter_mut().filter(|p| p.settled < self.round) {
            p.fees = &p.fees + &p.at_start * &per_stake;
        }
    }

    fn settle(&mut self, who: usize) {
        let p = &mut self.people[who];
        if p.settled == self.round {
            return;
        }
        p.settled = self.round;
        if who == 0 {
            p.stake += std::mem::take(&mut self.own_rewards);
            p.fees += std::mem::take(&mut self.own_fees);
        }
    }

    fn bond(&mut self, who: usize, amount: U256) {
        self.settle(who);
        self.people[who].stake += exact(amount);
        self.next += amount;
    }

    fn next_round(&mut self) {
        self.round += 1;
        self.active = self.next;
        for p in &mut self.people {
            p.at_start = p.stake.clone();
        }
    }

    fn stake_of(&self, who: usize) -> BigRational {
        let own = if who == 0 { self.own_rewards.clone() } else { BigRational::zero() };
        &self.people[who].stake + own
    }

    fn fees_of(&self, who: usize) -> BigRational {
        let own = if who == 0 { self.own_fees.clone() } else { BigRational::zero() };
        &self.people[who].fees + own
    }
}

fn params() -> ProtocolParams {
    ProtocolParams {
        round_length: 1_000,
        inflation: Perc9(220_500),
        genesis_lpt: LptWei::from_whole(1_000_000),
        faucet: None,
        ..ProtocolParams::devnet()
    }
}

fn set_up(stakes: &[u64], cut: u32, share: u32) -> (World, Model) {
    let mut w = World::new(&params());
    w.bond(account(RIVAL), lpt(777), account(RIVAL)).expect("bonds to itself");
    w.fund(signer(GATEWAY).address(), lpt(1_000), lpt(1));
    let orchestrator = account(1);
    let round = w.round();
    let mut people = Vec::new();
    let mut next = U256::ZERO;
    for (i, &stake) in stakes.iter().enumerate() {
        let address = account(1 + i as u8);
        let amount = U256::from(stake) * U256::from(1_003u64);
        w.bond(address, amount, orchestrator).expect("anyone may bond");
        next += amount;
        let fees = BigRational::zero();
        people.push(Person { address, stake: exact(amount), at_start: exact(amount), fees, settled: round });
    }
    w.commission(orchestrator, cut, share).expect("may set its commission");
    let zero = BigRational::zero;
    let mut m = Model {
        people,
        cut: part(cut),
        share: part(share),
        round,
        rewarded: 0,
        active: U256::ZERO,
        next,
        own_rewards: zero(),
        own_fees: zero(),
        own_at_reward: zero(),
        slack: U256::from(2),
    };
    w.next_round();
    m.next_round();
    (w, m)
}

/// What the contract mints for the stake, near enough: its shares of inflation have nine digits.
fn reward(w: &mut World, m: &Model) -> U256 {
    let minter = w.d.minter;
    let mintable = w.chain.read(minter, &Minter::currentMintableTokensCall {});
    let total = w.chain.read(w.d.bonding_manager, &BondingManager::currentRoundTotalActiveStakeCall {});
    let done = w.reward(m.people[0].address).expect("is active and has not called it");
    let minted = done
        .logs
        .iter()
        .find_map(|log| BondingManager::Reward::decode_log(log).ok())
        .expect("a reward is announced")
        .amount;
    let wanted = exact(mintable) * exact(m.active) / exact(total);
    let least = &wanted - exact(mintable / U256::from(1_000_000_000u64) + U256::from(1));
    assert!(exact(minted) <= wanted && exact(minted) >= least, "{minted} of {mintable}, wanted {wanted}");
    minted
}

fn play(w: &mut World, m: &mut Model, step: &Step) {
    let orchestrator = m.people[0].address;
    let bm = w.d.bonding_manager;
    match *step {
        Step::Reward if m.rewarded == m.round => return,
        Step::Reward => {
            let minted = reward(w, m);
            m.reward(minted);
        }
        Step::Fees(value) => {
            let value = U256::from(value);
            w.pay_fees(&signer(GATEWAY), orchestrator, value).expect("the deposit is large");
            m.fees(value);
            // After the round's reward the contract may have to work out the factor before it, for
            // which it estimates that reward.
            if m.rewarded == m.round {
                m.slack += value / U256::from(1_000_000_000u64);
            }
        }
        Step::Claim(who) => {
            let who = who % m.people.len();
            let call = BondingManager::claimEarningsCall { _endRound: U256::from(m.round) };
            // Refused only when there is nothing to settle.
            let settled = m.people[who].settled == m.round;
            let done = w.chain.send(m.people[who].address, bm, &call);
            assert!(done.is_ok() || settled, "{done:?}");
            m.settle(who);
        }
        Step::Bond(who, amount) => {
            let who = who % m.people.len();
            let amount = U256::from(amount);
            w.bond(m.people[who].address, amount, orchestrator).expect("anyone may bond more");
            m.bond(who, amount);
        }
        Step::Round => {
            w.next_round();
            m.next_round();
        }
    }
    m.slack += U256::from(2);
}

fn near(got: U256, wanted: &BigRational, slack: U256) -> bool {
    (exact(got) - wanted).abs() <= exact(slack)
}

fn compare(w: &mut World, m: &Model) {
    let mut stakes = U256::ZERO;
    let mut fees = U256::ZERO;
    for (i, p) in m.people.iter().enumerate() {
        let (stake, owed) = (w.stake(p.address), w.fees(p.address));
        assert!(near(stake, &m.stake_of(i), m.slack), "stake of {i}: {stake}, exact {}", m.stake_of(i).to_integer());
        assert!(near(owed, &m.fees_of(i), m.slack), "fees of {i}: {owed}, exact {}", m.fees_of(i).to_integer());
        stakes += stake;
        fees += owed;
    }
    let total = w.total_stake(m.people[0].address);
    assert_eq!(total, m.next, "stake behind the orchestrator");
    assert!(stakes <= total + m.slack, "more stake owed than there is");
    // The vault holds all stake, and what is left of the gateway's money besides the fees.
    let rival = w.total_stake(account(RIVAL));
    assert_eq!(w.lpt_of(w.d.minter), total + rival);
    let money = w.chain.balance(w.d.minter);
    assert_eq!(money, lpt(1_001));
    assert!(fees <= money);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shares_are_exact_up_to_roundings(
        stakes in prop::collection::vec(1_000_000_000u64..1_000_000_000_000_000_000, 2..=4),
        cut in 0..=PERCENT,
        share in 0..=PERCENT,
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let (mut w, mut m) = set_up(&stakes, cut, share);
        for step in &steps {
            play(&mut w, &mut m, step);
            compare(&mut w, &m);
        }
    }
}

/// When everyone settles makes no difference, but for the orchestrator, whose commission only
/// earns by itself once it is settled.
#[test]
fn settling_late_is_settling_often() {
    let stakes = [5_000_000_000_000_000, 3_000_000_000_000_000];
    let mut results = Vec::new();
    for often in [false, true] {
        let (mut w, mut m) = set_up(&stakes, 0, PERCENT);
        for _ in 0..12 {
            play(&mut w, &mut m, &Step::Reward);
            play(&mut w, &mut m, &Step::Fees(1_000_000_000_000));
            if often {
                play(&mut w, &mut m, &Step::Claim(1));
            }
            play(&mut w, &mut m, &Step::Round);
        }
        results.push((w.stake(account(2)), w.fees(account(2))));
    }
    let slack = U256::from(100);
    assert!(results[0].0.abs_diff(results[1].0) < slack && results[0].1.abs_diff(results[1].1) < slack, "{results:?}");
}
