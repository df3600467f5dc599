//! Round keeper, reward caller, delegator.

use weir_roles::delegator::{self, Command, Delegator};
use weir_roles::io::Records;
use weir_roles::reward_caller::{self, RewardCaller};
use weir_roles::round_keeper::{self, RoundKeeper};
use weir_roles::{ChainEvent, ChainHead, Effect, Effects, TimerKind, TxId, TxIntent, TxOutcome};
use weir_types::{Entropy, Instant, L1Block, LptWei, Millis, Round, Wei};

use crate::support::{key, round};

fn head(l1: u64) -> ChainEvent {
    ChainEvent::Head(ChainHead { l1: L1Block(l1), gas_price: Wei::new(1) })
}

fn mined() -> TxOutcome {
    TxOutcome::Mined { fee: Wei::new(1) }
}

fn reverted() -> TxOutcome {
    TxOutcome::Reverted { reason: "round already initialized".to_owned(), fee: Wei::new(1) }
}

struct Keeper {
    keeper: RoundKeeper,
    rng: Entropy,
}

impl Keeper {
    fn new() -> Self {
        let mut k = Self { keeper: RoundKeeper::new(Millis::from_secs(30)), rng: Entropy::from_seed([3; 32]) };
        k.tell(round_keeper::Input::Chain(ChainEvent::Round(round(10))));
        k
    }

    fn tell(&mut self, input: round_keeper::Input) -> Vec<Effect> {
        let mut out = Effects::new();
        self.keeper.handle(Instant::from_secs(5), input, &mut self.rng, &mut out);
        out.drain().collect()
    }
}

fn is_wait(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Timer { at, kind: TimerKind::InitializeRound }]
        if *at >= Instant::from_secs(5) && *at <= Instant::from_secs(35))
}

#[test]
fn a_round_is_initialised_after_a_random_wait() {
    let mut k = Keeper::new();
    assert_eq!(k.tell(round_keeper::Input::Chain(head(1_099))), [], "the round lasts to block 1099");
    assert!(is_wait(&k.tell(round_keeper::Input::Chain(head(1_100)))));
    assert_eq!(k.tell(round_keeper::Input::Chain(head(1_101))), [], "one wait at a time");
    let sent = k.tell(round_keeper::Input::Timer);
    assert_eq!(sent, [Effect::Submit { id: TxId(1), intent: TxIntent::InitializeRound }]);
    assert_eq!(k.tell(round_keeper::Input::Chain(head(1_102))), [], "one transaction at a time");
    k.tell(round_keeper::Input::Tx(mined()));
    k.tell(round_keeper::Input::Chain(ChainEvent::Round(round(11))));
    assert_eq!(k.tell(round_keeper::Input::Chain(head(1_103))), []);
    assert!(is_wait(&k.tell(round_keeper::Input::Chain(head(1_200)))));
}

#[test]
fn a_round_that_another_initialised_meanwhile_is_left_alone() {
    let mut k = Keeper::new();
    k.tell(round_keeper::Input::Chain(head(1_100)));
    k.tell(round_keeper::Input::Chain(ChainEvent::Round(round(11))));
    assert_eq!(k.tell(round_keeper::Input::Timer), []);
}

#[test]
fn a_failed_initialisation_is_tried_again_after_another_wait() {
    let mut k = Keeper::new();
    k.tell(round_keeper::Input::Chain(head(1_100)));
    k.tell(round_keeper::Input::Timer);
    assert!(is_wait(&k.tell(round_keeper::Input::Tx(reverted()))));
}

struct Caller {
    caller: RewardCaller,
    rng: Entropy,
    disk: Records,
}

impl Caller {
    fn new() -> Self {
        Self { caller: RewardCaller::new(), rng: Entropy::from_seed([4; 32]), disk: Records::new() }
    }

    /// What is stored, by round.
    fn stored(&self) -> Vec<(&str, &str)> {
        self.disk.iter().map(|(k, v)| (k.as_str(), std::str::from_utf8(v).expect("text"))).collect()
    }

    fn tell(&mut self, input: reward_caller::Input) -> Vec<TxIntent> {
        let mut out = Effects::new();
        self.caller.handle(Instant::from_secs(5), input, &mut self.rng, &mut out);
        let mut calls = Vec::new();
        for e in out.drain() {
            match e {
                Effect::Persist(r) => crate::support::store(&mut self.disk, r),
                Effect::Submit { intent, .. } => {
                    assert_eq!(self.stored().last().map(|s| s.1), Some("\"sent\""), "it is stored first");
                    calls.push(intent);
                }
                other => panic!("a reward caller wants {other:?}"),
            }
        }
        calls
    }

    fn round(&mut self, number: u64, active: bool, last: u64) -> Vec<TxIntent> {
        let mut all = self.tell(reward_caller::Input::Chain(ChainEvent::Round(round(number))));
        all.extend(self.tell(reward_caller::Input::Own { active, last_reward_round: Round(last) }));
        all
    }
}

#[test]
fn reward_is_called_once_a_round_while_active() {
    let mut c = Caller::new();
    assert_eq!(c.round(10, true, 9), [TxIntent::Reward]);
    assert_eq!(c.tell(reward_caller::Input::Chain(head(1_001))), [], "one call is on its way");
    assert_eq!(c.stored(), [("reward/10", "\"sent\"")]);
    assert_eq!(c.tell(reward_caller::Input::Tx(mined())), []);
    assert_eq!(c.stored(), [("reward/10", "\"done\"")]);
    assert_eq!(c.tell(reward_caller::Input::Chain(head(1_002))), []);
    assert_eq!(c.round(11, false, 10), [], "it left the active set");
    assert_eq!(c.round(12, true, 10), [TxIntent::Reward]);
    assert_eq!(c.stored(), [("reward/12", "\"sent\"")], "earlier rounds are over");
    let mut restarted = Caller::new();
    assert_eq!(restarted.round(12, true, 12), [], "called before the restart");
}

#[test]
fn a_call_whose_round_is_over_when_it_is_mined_is_made_again() {
    let mut c = Caller::new();
    assert_eq!(c.round(10, true, 9), [TxIntent::Reward]);
    assert_eq!(c.round(11, true, 9), [], "the first one is on its way");
    assert_eq!(c.tell(reward_caller::Input::Tx(mined())), []);
    assert_eq!(c.tell(reward_caller::Input::Chain(head(1_101))), [TxIntent::Reward]);
}

#[test]
fn a_failed_call_is_tried_again_within_the_round_but_not_for_ever() {
    let mut c = Caller::new();
    let mut calls = c.round(10, true, 9).len();
    for block in 0..20 {
        c.tell(reward_caller::Input::Tx(reverted()));
        calls += c.tell(reward_caller::Input::Chain(head(1_001 + block))).len();
    }
    assert_eq!(calls, 5);
    assert_eq!(c.round(11, true, 9), [TxIntent::Reward], "a new round, new attempts");
}

#[test]
fn a_round_may_be_skipped_on_purpose() {
    let mut c = Caller::new();
    c.tell(reward_caller::Input::Chain(ChainEvent::Round(round(10))));
    c.caller.skip_round();
    assert_eq!(c.tell(reward_caller::Input::Own { active: true, last_reward_round: Round(9) }), []);
    assert_eq!(c.round(11, true, 9), [TxIntent::Reward]);
}

struct Holder {
    delegator: Delegator,
    rng: Entropy,
}

impl Holder {
    fn tell(&mut self, input: delegator::Input) -> Vec<TxIntent> {
        let mut out = Effects::new();
        self.delegator.handle(Instant::from_secs(5), input, &mut self.rng, &mut out);
        out.drain()
            .map(|e| match e {
                Effect::Submit { intent, .. } => intent,
                other => panic!("a delegator wants {other:?}"),
            })
            .collect()
    }
}

#[test]
fn decisions_are_carried_out_one_after_another_and_stake_is_withdrawn_when_its_lock_is_over() {
    let mut h = Holder { delegator: Delegator::new(), rng: Entropy::from_seed([5; 32]) };
    let to = key(1).address();
    let amount = LptWei::from_whole(7);
    assert_eq!(h.tell(delegator::Input::Chain(ChainEvent::Round(round(10)))), []);
    assert_eq!(h.tell(delegator::Input::Command(Command::Bond { amount, to })), [TxIntent::Bond { amount, to }]);
    assert_eq!(h.tell(delegator::Input::Command(Command::Claim)), [], "the bond is still on its way");
    assert_eq!(h.tell(delegator::Input::Tx(mined())), [TxIntent::ClaimEarnings { end: Round(10) }]);
    assert_eq!(h.tell(delegator::Input::Tx(mined())), []);
    assert_eq!(h.tell(delegator::Input::Command(Command::Unbond { amount })), [TxIntent::Unbond { amount }]);
    assert_eq!(h.tell(delegator::Input::Tx(mined())), []);
    assert_eq!(h.tell(delegator::Input::Lock { id: 3, withdraw_round: Round(12) }), []);
    assert_eq!(h.tell(delegator::Input::Chain(ChainEvent::Round(round(11)))), []);
    let withdraw = [TxIntent::WithdrawStake { lock: 3 }];
    assert_eq!(h.tell(delegator::Input::Chain(ChainEvent::Round(round(12)))), withdraw);
    h.tell(delegator::Input::Tx(mined()));
    assert_eq!(h.tell(delegator::Input::Chain(ChainEvent::Round(round(13)))), [], "withdrawn once");
}
