//! The redemption queue in any order of events.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_traits::Signed;
use proptest::prelude::*;
use weir_ticket::monitor::Funds;
use weir_ticket::queue::{Attempt, Queue, QueueView, VALIDITY_ROUNDS, Verdict};
use weir_types::amount::big;
use weir_types::{Address, L1Block, Round, Wei};

use crate::queue::winner;

const SENDERS: u8 = 3;

#[derive(Debug, Clone)]
enum Step {
    /// A winner with this nonce comes in; the same one may come again.
    Add {
        sender: u8,
        nonce: u8,
        face_value: u8,
        expires: u8,
        round: u8,
    },
    Funds {
        sender: u8,
        deposit: u16,
        reserve: u16,
    },
    Head {
        blocks: u8,
        round: u8,
        gas_price: u8,
        active: bool,
    },
    /// What is due goes, with up to so many tickets for each transaction.
    Due(usize),
    Settle {
        pick: prop::sample::Index,
        attempt: Attempt,
    },
    Expire,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let reason = prop::sample::select(vec!["nonce too low", "ticket is used", "sender is unlocked", "out of gas"]);
    let attempt = (0..4u8, reason).prop_map(|(kind, reason)| match kind {
        0 => Attempt::Paid,
        1 => Attempt::Reverted(reason.to_owned()),
        2 => Attempt::Skipped,
        _ => Attempt::NotSent(reason.to_owned()),
    });
    let step = prop_oneof![
        4 => (0..SENDERS, 0..20u8, any::<u8>(), 0..60u8, 0..8u8)
            .prop_map(|(sender, nonce, face_value, expires, round)| Step::Add { sender, nonce, face_value, expires, round }),
        2 => (0..SENDERS, any::<u16>(), any::<u16>())
            .prop_map(|(sender, deposit, reserve)| Step::Funds { sender, deposit: deposit >> 4, reserve: reserve >> 4 }),
        3 => (0..9u8, 0..2u8, 0..4u8, prop::bool::weighted(0.9))
            .prop_map(|(blocks, round, gas_price, active)| Step::Head { blocks, round, gas_price, active }),
        4 => (1..5usize).prop_map(Step::Due),
        6 => (any::<prop::sample::Index>(), attempt).prop_map(|(pick, attempt)| Step::Settle { pick, attempt }),
        1 => Just(Step::Expire),
    ];
    prop::collection::vec(step, 0..120)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Waits,
    OnItsWay,
    Redeemed,
    Lost,
    Expired,
}

/// The queue, and what each of its tickets has come to.
struct World {
    queue: Queue,
    view: QueueView,
    states: BTreeMap<u64, State>,
    /// Numbers by sender and nonce, of the tickets that are there.
    numbers: BTreeMap<(u8, u8), u64>,
    /// Those that a batch did not pay.
    skipped: BTreeSet<u64>,
}

impl World {
    fn new() -> Self {
        let view = QueueView { l1: L1Block(1), round: Round(1), pool_size: 1, gas_price: Wei::new(1), active: true };
        Self { queue: Queue::new(1), view, states: BTreeMap::new(), numbers: BTreeMap::new(), skipped: BTreeSet::new() }
    }

    fn address(sender: u8) -> Address {
        Address::repeat_byte(sender + 1)
    }

    fn of(&self, state: State) -> Vec<u64> {
        self.states.iter().filter(|(_, s)| **s == state).map(|(n, _)| *n).collect()
    }

    fn end(&mut self, number: u64, state: State) {
        self.states.insert(number, state);
        self.numbers.retain(|_, n| *n != number);
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Add { sender, nonce, face_value, expires, round } => {
                let w = winner(
                    Self::address(*sender),
                    (*nonce).into(),
                    Wei::new(u128::from(*face_value)),
                    (*expires).into(),
                    (*round).into(),
                );
                let got = self.queue.add(w);
                let known = self.numbers.contains_key(&(*sender, *nonce));
                prop_assert_eq!(got.is_none(), known, "each ticket is in the queue once");
                if let Some(n) = got {
                    prop_assert!(self.states.insert(n, State::Waits).is_none(), "number {} comes twice", n);
                    self.numbers.insert((*sender, *nonce), n);
                }
            }
            Step::Funds { sender, deposit, reserve } => {
                let funds = Funds {
                    deposit: Wei::new((*deposit).into()),
                    reserve_remaining: Wei::new((*reserve).into()),
                    ..Funds::default()
                };
                self.queue.set_funds(Self::address(*sender), funds);
            }
            Step::Head { blocks, round, gas_price, active } => {
                self.view.l1.0 += u64::from(*blocks);
                self.view.round.0 += u64::from(*round);
                self.view.gas_price = Wei::new((*gas_price).into());
                self.view.active = *active;
            }
            Step::Due(most) => self.due(*most)?,
            Step::Settle { pick, attempt } => self.settle(pick, attempt)?,
            Step::Expire => self.expire()?,
        }
        self.check()
    }

    fn due(&mut self, most: usize) -> Result<(), TestCaseError> {
        let due = self.queue.due_together(&self.view, most);
        prop_assert!(most > 1 || due.is_sorted(), "tickets go in the order of arrival");
        for together in &due {
            prop_assert!((1..=most).contains(&together.len()) && together.is_sorted_by(|a, b| a < b));
            let skipped = together.iter().any(|n| self.skipped.contains(n));
            prop_assert!(!skipped || together.len() == 1, "one that was skipped goes alone");
        }
        for n in due.into_iter().flatten() {
            prop_assert_eq!(self.states.insert(n, State::OnItsWay), Some(State::Waits), "ticket {}", n);
            let t = &self.queue.get(n).expect("due").ticket;
            prop_assert!(t.params_expiration_block <= self.view.l1, "its number is shown too early");
            prop_assert!(t.creation_round <= self.view.round && self.view.active);
            prop_assert!(t.face_value > self.view.gas_price, "it does not pay for its redemption");
            let s = self.queue.sender(&t.sender).expect("followed");
            prop_assert!(!s.available(1).is_negative(), "its sender cannot pay all that is on its way");
        }
        Ok(())
    }

    fn settle(&mut self, pick: &prop::sample::Index, attempt: &Attempt) -> Result<(), TestCaseError> {
        let waiting = self.of(State::Waits);
        if !waiting.is_empty() {
            let n = waiting[pick.index(waiting.len())];
            prop_assert!(self.queue.settle(n, attempt, self.view.l1).is_none(), "it is not on its way");
        }
        let flying = self.of(State::OnItsWay);
        if flying.is_empty() {
            return Ok(());
        }
        let n = flying[pick.index(flying.len())];
        let (verdict, _) = self.queue.settle(n, attempt, self.view.l1).expect("on its way");
        match verdict {
            Verdict::Redeemed => {
                prop_assert_eq!(attempt, &Attempt::Paid);
                self.end(n, State::Redeemed);
            }
            Verdict::Lost(_) => {
                prop_assert!(!matches!(attempt, Attempt::Paid | Attempt::Skipped));
                self.end(n, State::Lost);
            }
            Verdict::Retry => {
                prop_assert_ne!(attempt, &Attempt::Paid);
                if *attempt == Attempt::Skipped {
                    self.skipped.insert(n);
                }
                self.states.insert(n, State::Waits);
            }
        }
        Ok(())
    }

    fn expire(&mut self) -> Result<(), TestCaseError> {
        for (n, w) in self.queue.expire(self.view.round) {
            prop_assert_eq!(self.states.get(&n), Some(&State::Waits), "ticket {}", n);
            prop_assert!(w.ticket.creation_round.0 + VALIDITY_ROUNDS < self.view.round.0);
            self.end(n, State::Expired);
        }
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let here = self.of(State::Waits).len() + self.of(State::OnItsWay).len();
        prop_assert_eq!(self.queue.len(), here);
        prop_assert_eq!(self.queue.waiting_for().count(), here);
        for (n, s) in &self.states {
            prop_assert_eq!(self.queue.get(*n).is_some(), matches!(s, State::Waits | State::OnItsWay));
        }
        for (address, monitor) in self.queue.senders() {
            let flying = self.of(State::OnItsWay);
            let tickets = flying.iter().filter_map(|n| self.queue.get(*n)).filter(|w| w.ticket.sender == *address);
            let sum: BigInt = tickets.map(|w| big(w.ticket.face_value.0)).sum();
            prop_assert_eq!(monitor.pending(), &sum, "what is on its way counts, and nothing else");
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn no_ticket_is_lost_or_sent_twice(steps in steps()) {
        let mut w = World::new();
        for step in &steps {
            w.step(step)?;
        }
    }

    /// Whatever came before: with money, and time, and a chain that works, all tickets are paid.
    #[test]
    fn what_stays_is_paid_in_the_end(steps in steps()) {
        let mut w = World::new();
        for step in &steps {
            w.step(step)?;
        }
        for sender in 0..SENDERS {
            w.step(&Step::Funds { sender, deposit: u16::MAX, reserve: 0 })?;
        }
        w.view = QueueView { l1: L1Block(10_000), round: Round(w.view.round.0.max(8)), gas_price: Wei::ZERO, active: true, pool_size: 1 };
        for n in w.of(State::OnItsWay) {
            let verdict = w.queue.settle(n, &Attempt::Paid, L1Block(9_000)).expect("on its way").0;
            prop_assert_eq!(verdict, Verdict::Redeemed);
            w.end(n, State::Redeemed);
        }
        w.due(3)?;
        for n in w.of(State::Waits) {
            let t = &w.queue.get(n).expect("it waits").ticket;
            prop_assert!(t.face_value.is_zero(), "ticket {} waits for nothing", n);
        }
    }
}
