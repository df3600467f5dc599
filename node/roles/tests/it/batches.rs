//! Winning tickets that share transactions.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weir_roles::redeemer::{Input, Redeemer};
use weir_roles::{ChainEvent, Observation, TxId, TxIntent, TxOutcome};
use weir_ticket::WinningTicket;
use weir_types::{B256, Wei};

use crate::redeemer::{mined, redemptions, won};
use crate::support::{REDEEM_GAS, World, round};

/// A world with winners whose redeemer puts so many into a transaction.
fn batching(most: usize) -> World {
    let mut w = won();
    restart(&mut w, most);
    w
}

/// The node starts again with what it stored, and hears of the chain.
fn restart(w: &mut World, most: usize) {
    let (address, disk) = (w.nodes[0].key.address(), w.nodes[0].disk.clone());
    w.nodes[0].redeemer = Redeemer::restore(address, REDEEM_GAS, &disk).expect("records are whole").with_batch(most);
    let (head, entries) = (w.head(), w.entries());
    for e in [ChainEvent::Round(round(10)), ChainEvent::ActiveSet(entries.into()), ChainEvent::Head(head)] {
        w.tell_redeemer(0, Input::Chain(e));
    }
}

fn batches(w: &World) -> Vec<(TxId, Vec<WinningTicket>)> {
    let of = |(_, id, intent)| if let TxIntent::RedeemBatch(all) = intent { Some((id, all)) } else { None };
    w.submitted().into_iter().filter_map(of).collect()
}

fn batch_of(tickets: &[WinningTicket], fee: u128) -> TxOutcome {
    TxOutcome::Batch { redeemed: tickets.iter().map(|w| w.ticket.hash()).collect(), fee: Wei::new(fee) }
}

/// How many redemptions ended well, and why the others did not.
fn ended(w: &World) -> (usize, Vec<String>) {
    let all = w.observed().filter_map(|(_, o)| match o {
        Observation::Redemption { error, .. } => Some(error.clone()),
        _ => None,
    });
    let (bad, good): (Vec<_>, Vec<_>) = all.partition(Option::is_some);
    (good.len(), bad.into_iter().flatten().collect())
}

#[test]
fn one_bad_ticket_harms_none_of_its_batch_and_is_judged_alone() {
    let mut w = batching(100);
    w.l1(1_040);
    let (id, all) = batches(&w).remove(0);
    assert_eq!((batches(&w).len(), redemptions(&w).len(), all.len()), (1, 0, w.nodes[0].redeemer.len()));
    let pending = |w: &World| w.nodes[0].redeemer.len();
    w.tell_redeemer(0, Input::Tx { id, outcome: batch_of(&all[1..], 1) });
    assert_eq!((ended(&w), pending(&w)), ((all.len() - 1, vec![]), 1));
    assert_eq!(w.nodes[0].disk.len(), 1, "it is kept");
    w.l1(1_041);
    let (id, bad) = redemptions(&w).remove(0);
    assert_eq!((batches(&w).len(), &bad), (1, &all[0]));
    let reason = "ticket did not win".to_owned();
    w.tell_redeemer(0, Input::Tx { id, outcome: TxOutcome::Refused { reason: reason.clone() } });
    assert_eq!(ended(&w), (all.len() - 1, vec![reason]));
    assert!(w.nodes[0].redeemer.is_empty() && w.nodes[0].disk.is_empty());
}

#[test]
fn what_befalls_the_whole_is_no_tickets_fault() {
    let other = "out of gas".to_owned();
    let passing = "execution reverted: current round is not initialized".to_owned();
    let fee = Wei::new(1);
    let cases = [
        (mined(), false),
        (batch_of(&[], 1), false),
        (TxOutcome::Refused { reason: "ticket is used".to_owned() }, false),
        // Said of the first ticket's sender, and hiding what there is to say of the others.
        (TxOutcome::Refused { reason: "sender deposit and reserve are zero".to_owned() }, false),
        (TxOutcome::Refused { reason: other.clone() }, false),
        (TxOutcome::Reverted { reason: other, fee }, false),
        (TxOutcome::Refused { reason: passing.clone() }, true),
        (TxOutcome::Reverted { reason: passing, fee }, true),
    ];
    for (outcome, together) in cases {
        let mut w = batching(100);
        w.l1(1_040);
        let (id, all) = batches(&w).remove(0);
        w.tell_redeemer(0, Input::Tx { id, outcome: outcome.clone() });
        assert_eq!((ended(&w), w.nodes[0].disk.len()), ((0, vec![]), all.len()), "{outcome:?}");
        assert_eq!(w.nodes[0].redeemer.redeem_gas(), REDEEM_GAS, "{outcome:?}");
        w.l1(1_041);
        let again = (batches(&w).len() - 1, redemptions(&w).len());
        assert_eq!(again, if together { (1, 0) } else { (0, all.len()) }, "{outcome:?}");
    }
}

#[test]
fn the_fee_of_a_batch_is_shared_by_what_it_paid() {
    let mut w = batching(3);
    w.l1(1_040);
    let (id, all) = batches(&w).remove(0);
    let gas = 2 * 600_000;
    w.tell_redeemer(0, Input::Tx { id, outcome: batch_of(&all[..2], gas * 15_000_000) });
    assert_eq!(w.nodes[0].redeemer.redeem_gas(), 600_000);
}

#[derive(Debug, Clone)]
enum Step {
    /// The chain moves on.
    Block,
    /// A transaction gets into a block, all of whose tickets are good but for some.
    Mine { pick: prop::sample::Index, bad: u8 },
    /// The chain moves money and the node does not hear of it.
    Unheard { pick: prop::sample::Index },
    /// A transaction comes to nothing.
    Refuse { pick: prop::sample::Index },
    /// The node dies and starts again.
    Restart { batch: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pick = any::<prop::sample::Index>;
    let step = prop_oneof![
        4 => Just(Step::Block),
        4 => (pick(), any::<u8>()).prop_map(|(pick, bad)| Step::Mine { pick, bad }),
        1 => pick().prop_map(|pick| Step::Unheard { pick }),
        1 => pick().prop_map(|pick| Step::Refuse { pick }),
        1 => (1..5usize).prop_map(|batch| Step::Restart { batch }),
    ];
    prop::collection::vec(step, 0..30)
}

/// The chain as far as it pays tickets: each once.
#[derive(Default)]
struct Broker {
    paid: BTreeMap<B256, u64>,
    /// Transactions on their way, of this life of the node.
    flying: BTreeMap<TxId, Vec<WinningTicket>>,
    seen: usize,
}

impl Broker {
    /// Takes in what was submitted since.
    fn collect(&mut self, w: &World) {
        let all = w.submitted();
        for (_, id, intent) in all.iter().skip(self.seen) {
            let tickets = match intent {
                TxIntent::RedeemBatch(all) => all.clone(),
                TxIntent::Redeem { ticket, sig, recipient_rand } => {
                    vec![WinningTicket { ticket: (**ticket).clone(), sig: *sig, recipient_rand: *recipient_rand }]
                }
                other => panic!("a redeemer wants {other:?}"),
            };
            self.flying.insert(*id, tickets);
        }
        self.seen = all.len();
    }

    /// One of the transactions on their way.
    fn take(&mut self, pick: prop::sample::Index) -> Option<(TxId, Vec<WinningTicket>)> {
        let ids: Vec<TxId> = self.flying.keys().copied().collect();
        let id = *ids.get(pick.index(ids.len().max(1)))?;
        Some((id, self.flying.remove(&id)?))
    }

    /// Pays what is not paid yet; a ticket of the batch whose bit is set fails.
    fn mine(&mut self, tickets: &[WinningTicket], bad: u8) -> TxOutcome {
        let mut redeemed = Vec::new();
        for (n, w) in tickets.iter().enumerate() {
            let hash = w.ticket.hash();
            if !self.paid.contains_key(&hash) && bad >> (n % 8) & 1 == 0 {
                *self.paid.entry(hash).or_default() += 1;
                redeemed.push(hash);
            }
        }
        let used = tickets.iter().all(|w| self.paid.contains_key(&w.ticket.hash()));
        match (tickets.len(), redeemed.is_empty()) {
            (1, false) => mined(),
            (1, true) if used => TxOutcome::Refused { reason: "ticket is used".to_owned() },
            (1, true) => TxOutcome::Refused { reason: "sender is unlocked".to_owned() },
            _ => TxOutcome::Batch { redeemed, fee: Wei::new(1) },
        }
    }
}

fn carry_out(w: &mut World, broker: &mut Broker, step: &Step) {
    match step {
        Step::Block => w.l1(w.l1 + 1),
        Step::Mine { pick, bad } => {
            if let Some((id, tickets)) = broker.take(*pick) {
                let outcome = broker.mine(&tickets, *bad);
                w.tell_redeemer(0, Input::Tx { id, outcome });
            }
        }
        Step::Unheard { pick } => {
            if let Some((_, tickets)) = broker.take(*pick) {
                broker.mine(&tickets, 0);
            }
            restart(w, 2);
            broker.flying.clear();
        }
        Step::Refuse { pick } => {
            if let Some((id, _)) = broker.take(*pick) {
                w.tell_redeemer(0, Input::Tx { id, outcome: TxOutcome::Refused { reason: "no answer".to_owned() } });
            }
        }
        Step::Restart { batch } => {
            restart(w, *batch);
            broker.flying.clear();
        }
    }
    broker.collect(w);
}

#[test]
fn nothing_is_lost_and_nothing_is_said_to_be_paid_twice() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 24, ..ProptestConfig::default() });
    let outcome = runner.run(&(1..6usize, steps()), |(most, steps)| {
        let mut w = batching(most);
        let winners = w.nodes[0].redeemer.len();
        w.l1(1_040);
        let mut broker = Broker { seen: 0, ..Broker::default() };
        broker.collect(&w);
        for step in &steps {
            carry_out(&mut w, &mut broker, step);
            prop_assert_eq!(w.nodes[0].disk.len(), w.nodes[0].redeemer.len());
            prop_assert_eq!(ended(&w).0 + w.nodes[0].redeemer.len(), winners, "each ticket waits or is paid");
            prop_assert!(ended(&w).0 <= broker.paid.len(), "what is called paid is paid");
        }
        // Nothing goes wrong any more.
        for _ in 0..20 {
            for n in (0..broker.flying.len()).rev() {
                let pick = broker.flying.keys().nth(n).copied();
                if let Some((id, tickets)) = pick.and_then(|id| Some((id, broker.flying.remove(&id)?))) {
                    let outcome = broker.mine(&tickets, 0);
                    w.tell_redeemer(0, Input::Tx { id, outcome });
                }
            }
            w.l1(w.l1 + 1);
            broker.collect(&w);
        }
        prop_assert!(w.nodes[0].redeemer.is_empty());
        prop_assert_eq!((ended(&w), broker.paid.len()), ((winners, vec![]), winners));
        prop_assert!(broker.paid.values().all(|n| *n == 1));
        Ok(())
    });
    outcome.expect("it holds in any order of events");
}
