//! The orchestrator pool against a list in a few lines.

use alloy::primitives::{Address, U256};
use proptest::prelude::*;
use weir_contracts::ProtocolParams;
use weir_contracts::bindings::BondingManager;

use crate::world::{World, account};

const SIZE: u64 = 4;
const PEOPLE: u8 = 9;
/// Of the delegator states.
const BONDED: u8 = 1;

#[derive(Debug, Clone)]
enum Action {
    /// More own stake.
    Bond(u8, u64),
    /// A part of the own stake away, in quarters.
    Unbond(u8, u8),
    /// Someone else's stake to an orchestrator.
    Delegate(u8, u64),
    Round,
}

fn action() -> impl Strategy<Value = Action> {
    // Few different amounts, so that ties are common.
    prop_oneof![
        6 => (1..=PEOPLE, 1u64..6).prop_map(|(who, amount)| Action::Bond(who, amount)),
        2 => (1..=PEOPLE, 1u8..=4).prop_map(|(who, quarters)| Action::Unbond(who, quarters)),
        2 => (1..=PEOPLE, 1u64..6).prop_map(|(who, amount)| Action::Delegate(who, amount)),
        1 => Just(Action::Round),
    ]
}

/// The list from the largest stake to the smallest.
#[derive(Default)]
struct Model {
    list: Vec<(Address, U256)>,
}

impl Model {
    fn remove(&mut self, who: Address) -> bool {
        let before = self.list.len();
        self.list.retain(|(a, _)| *a != who);
        self.list.len() < before
    }

    /// A newcomer goes before its equals.
    fn insert(&mut self, who: Address, stake: U256) {
        let at = self.list.iter().position(|(_, s)| *s <= stake).unwrap_or(self.list.len());
        self.list.insert(at, (who, stake));
    }

    fn grow(&mut self, who: Address, stake: U256) {
        if !self.remove(who) && self.list.len() as u64 == SIZE {
            match self.list.last() {
                Some((_, lowest)) if *lowest < stake => self.list.pop(),
                _ => return,
            };
        }
        self.insert(who, stake);
    }

    fn shrink(&mut self, who: Address, stake: U256, resigns: bool) {
        if self.remove(who) && !resigns {
            self.insert(who, stake);
        }
    }
}

fn params() -> ProtocolParams {
    ProtocolParams { num_active_transcoders: SIZE, round_length: 1_000, ..ProtocolParams::devnet() }
}

fn bonded(w: &mut World, who: Address) -> U256 {
    w.chain.read(w.d.bonding_manager, &BondingManager::getDelegatorCall { _delegator: who }).bondedAmount
}

/// Bonds, where the contract lets it, and keeps the model in step.
fn bond(w: &mut World, model: &mut Model, who: Address, amount: u64, to: Address) {
    // Who still works this round but is out of the next must call reward first; here nobody does.
    let active = w.chain.read(w.d.bonding_manager, &BondingManager::isActiveTranscoderCall { _transcoder: to });
    let leaving = active && !model.list.iter().any(|(a, _)| *a == to);
    match w.bond(who, U256::from(amount), to) {
        Ok(_) => {
            assert!(!leaving, "{to} is on its way out");
            let stake = w.total_stake(to);
            model.grow(to, stake);
        }
        Err(reason) => {
            assert_eq!(reason.to_string(), "transcoder has not yet called reward for the current round");
            assert!(leaving, "{to} is in the pool or not active");
        }
    }
}

fn play(w: &mut World, model: &mut Model, action: &Action, delegators: &mut u8) {
    let bm = w.d.bonding_manager;
    match *action {
        Action::Bond(n, amount) => {
            let who = account(n);
            bond(w, model, who, amount, who);
        }
        Action::Delegate(n, amount) => {
            let to = account(n);
            if bonded(w, to).is_zero() {
                return;
            }
            *delegators += 1;
            bond(w, model, account(100 + *delegators), amount, to);
        }
        Action::Unbond(n, quarters) => {
            let who = account(n);
            let own = bonded(w, who);
            let amount = (own * U256::from(quarters)).div_ceil(U256::from(4));
            // Stake that only counts from the next round on cannot leave yet.
            let status = w.chain.read(bm, &BondingManager::delegatorStatusCall { _delegator: who });
            if amount.is_zero() || status != BONDED {
                return;
            }
            w.chain.send(who, bm, &BondingManager::unbondCall { _amount: amount }).expect("is bonded");
            let stake = w.total_stake(who);
            model.shrink(who, stake, amount == own);
        }
        Action::Round => {
            w.next_round();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_pool_is_the_sorted_bounded_list(actions in prop::collection::vec(action(), 1..50)) {
        let mut w = World::new(&params());
        let mut model = Model::default();
        let mut delegators = 0;
        let mut vault = U256::ZERO;
        for action in &actions {
            play(&mut w, &mut model, action, &mut delegators);
            let wanted: Vec<Address> = model.list.iter().map(|(a, _)| *a).collect();
            let pool = w.pool();
            prop_assert_eq!(&pool, &wanted, "after {:?}", action);
            prop_assert!(pool.len() as u64 <= SIZE);
            let stakes: Vec<U256> = pool.iter().map(|a| w.total_stake(*a)).collect();
            prop_assert!(stakes.is_sorted_by(|a, b| a >= b), "{:?}", stakes);
            let next = w.chain.read(w.d.bonding_manager, &BondingManager::nextRoundTotalActiveStakeCall {});
            prop_assert_eq!(next, stakes.iter().sum::<U256>());
            // Nothing leaves the vault here: unbonded stake stays in it, locked.
            if let Action::Bond(_, amount) | Action::Delegate(_, amount) = action {
                let now = w.lpt_of(w.d.minter);
                prop_assert!(now == vault || now == vault + U256::from(*amount));
                vault = now;
            }
            prop_assert_eq!(w.lpt_of(w.d.minter), vault);
        }
    }
}

#[test]
fn a_larger_newcomer_drives_the_smallest_out() {
    let mut w = World::new(&params());
    for (n, stake) in [(1, 10u64), (2, 20), (3, 30), (4, 40)] {
        w.bond(account(n), U256::from(stake), account(n)).expect("bonds to itself");
    }
    w.bond(account(5), U256::from(10), account(5)).expect("bonds to itself");
    assert_eq!(w.pool(), [4, 3, 2, 1].map(account), "as much as the smallest is not enough");
    w.bond(account(6), U256::from(25), account(6)).expect("bonds to itself");
    assert_eq!(w.pool(), [4, 3, 6, 2].map(account));
    w.bond(account(1), U256::from(11), account(1)).expect("bonds more");
    assert_eq!(w.pool(), [4, 3, 6, 1].map(account), "who was driven out comes back with more");
}
