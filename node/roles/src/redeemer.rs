//! The redeemer: follows what senders are good for, keeps winning tickets safe, and redeems them
//! when they are due.

use std::collections::{BTreeMap, BTreeSet};

use weir_ticket::WinningTicket;
use weir_ticket::queue::{Attempt, Queue, QueueView, Queued, Verdict, befalls_all, says_used};
use weir_types::{Address, Entropy, Instant, L1Block, Round, U256, Wei};

use crate::io::{ChainEvent, Effect, Effects, Observation, Record, Records, Standing, TxId, TxIntent, TxOutcome};

/// Prefix of the keys under which tickets are stored.
const PREFIX: &str = "ticket/";

/// Input of a [`Redeemer`].
#[derive(Debug, Clone)]
pub enum Input {
    /// News of the chain.
    Chain(ChainEvent),
    /// The orchestrator asks what a sender is good for.
    Monitor(Address),
    /// A winning ticket.
    Winner(Box<WinningTicket>),
    /// What became of a transaction.
    Tx {
        /// Number of the intent.
        id: TxId,
        /// Its outcome.
        outcome: TxOutcome,
    },
}

/// A stored ticket that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stored ticket {key} cannot be read: {reason}")]
pub struct RecordError {
    /// Key of the record.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The machine.
#[derive(Debug)]
pub struct Redeemer {
    recipient: Address,
    queue: Queue,
    view: QueueView,
    /// Senders whose money the driver reports.
    watched: BTreeSet<Address>,
    /// Senders that the orchestrator asked for.
    monitored: BTreeSet<Address>,
    /// First block of the round after the one that was initialised last.
    next_round: Option<L1Block>,
    /// Tickets of a transaction, at most.
    batch: usize,
    in_flight: BTreeMap<TxId, Vec<u64>>,
    next_tx: u64,
}

impl Redeemer {
    /// A redeemer of one orchestrator's tickets that reckons with so much gas for a redemption.
    #[must_use]
    pub fn new(recipient: Address, redeem_gas: u64) -> Self {
        Self {
            recipient,
            queue: Queue::new(redeem_gas),
            view: QueueView::default(),
            watched: BTreeSet::new(),
            monitored: BTreeSet::new(),
            next_round: None,
            batch: 1,
            in_flight: BTreeMap::new(),
            next_tx: 0,
        }
    }

    /// Redeems up to so many tickets in one transaction. Those that are due at the same time share it: none waits
    /// for others to come. One that the broker skips goes alone from then on.
    #[must_use]
    pub fn with_batch(mut self, most: usize) -> Self {
        self.batch = most.max(1);
        self
    }

    /// A redeemer with the tickets that an earlier life of the node stored. A ticket that was on its
    /// way when the node died is tried again: the contract pays it once.
    ///
    /// # Errors
    /// [`RecordError`] names a record that is damaged. Its ticket is money: nothing is skipped.
    pub fn restore(recipient: Address, redeem_gas: u64, records: &Records) -> Result<Self, RecordError> {
        let mut fresh = Self::new(recipient, redeem_gas);
        for (key, value) in records.iter().filter(|(k, _)| k.starts_with(PREFIX)) {
            let queued: Queued =
                serde_json::from_slice(value).map_err(|e| RecordError { key: key.clone(), reason: e.to_string() })?;
            fresh.queue.restore(queued);
        }
        Ok(fresh)
    }

    /// Tickets that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Gas that a redemption is reckoned with.
    #[must_use]
    pub const fn redeem_gas(&self) -> u64 {
        self.queue.redeem_gas()
    }

    /// True when no ticket waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Handle one input.
    pub fn handle(&mut self, _now: Instant, input: Input, _rng: &mut Entropy, out: &mut Effects) {
        match input {
            Input::Chain(e) => self.on_chain(e, out),
            Input::Monitor(sender) => {
                self.monitored.insert(sender);
                if self.queue.sender(&sender).is_some() {
                    self.report(sender, out);
                } else {
                    self.watch(sender, out);
                }
            }
            Input::Winner(w) => self.on_winner(*w, out),
            Input::Tx { id, outcome } => self.on_tx(id, &outcome, out),
        }
    }

    fn on_chain(&mut self, e: ChainEvent, out: &mut Effects) {
        match e {
            ChainEvent::Head(h) => {
                self.view.l1 = h.l1;
                self.view.gas_price = h.gas_price;
                self.watch_queued(out);
                self.redeem(out);
            }
            ChainEvent::Round(r) => {
                self.view.round = r.round;
                self.view.pool_size = r.pool_size;
                self.expire(r.round, out);
                self.next_round = Some(r.next_start());
                for sender in self.monitored.clone() {
                    self.report(sender, out);
                }
                self.redeem(out);
            }
            ChainEvent::ActiveSet(set) => self.view.active = set.iter().any(|e| e.address == self.recipient),
            ChainEvent::Funds { sender, funds } => {
                self.queue.set_funds(sender, funds);
                self.report(sender, out);
            }
        }
    }

    /// Stored tickets come back before anything is known of their senders.
    fn watch_queued(&mut self, out: &mut Effects) {
        let unknown: BTreeSet<Address> = self.queue.waiting_for().filter(|s| !self.watched.contains(s)).collect();
        for sender in unknown {
            self.watch(sender, out);
        }
    }

    fn watch(&mut self, sender: Address, out: &mut Effects) {
        if self.watched.insert(sender) {
            out.push(Effect::WatchSender(sender));
        }
    }

    fn report(&self, sender: Address, out: &mut Effects) {
        let Some(s) = self.queue.sender(&sender).filter(|_| self.monitored.contains(&sender)) else { return };
        let funds = s.funds();
        let standing = Standing {
            max_float: s.max_float_wei(self.view.pool_size),
            deposit: funds.deposit,
            withdraw_round: funds.withdraw_round,
            redeem_gas: self.queue.measured_gas(),
        };
        out.push(Effect::Standing { sender, standing });
    }

    fn on_winner(&mut self, winner: WinningTicket, out: &mut Effects) {
        let (key, sender) = (key(&winner), winner.ticket.sender);
        let Some(number) = self.queue.add(winner.clone()) else { return };
        let value = serde_json::to_vec(&Queued { winner, number }).expect("a ticket has a JSON form");
        out.push(Effect::Persist(Record { key, value: Some(value) }));
        self.watch(sender, out);
    }

    fn redeem(&mut self, out: &mut Effects) {
        // The broker pays nobody in a round that is not initialised.
        if self.next_round.is_some_and(|next| next <= self.view.l1) {
            return;
        }
        let mut senders = BTreeSet::new();
        for numbers in self.queue.due_together(&self.view, self.batch) {
            let tickets: Vec<&WinningTicket> = numbers.iter().filter_map(|n| self.queue.get(*n)).collect();
            senders.extend(tickets.iter().map(|w| w.ticket.sender));
            let intent = match tickets.as_slice() {
                [] => continue,
                [w] => {
                    let ticket = Box::new(w.ticket.clone());
                    TxIntent::Redeem { ticket, sig: w.sig, recipient_rand: w.recipient_rand }
                }
                all => TxIntent::RedeemBatch(all.iter().map(|w| (*w).clone()).collect()),
            };
            self.next_tx += 1;
            let id = TxId(self.next_tx);
            self.in_flight.insert(id, numbers);
            out.push(Effect::Submit { id, intent });
        }
        for sender in senders {
            self.report(sender, out);
        }
    }

    fn on_tx(&mut self, id: TxId, outcome: &TxOutcome, out: &mut Effects) {
        let Some(numbers) = self.in_flight.remove(&id) else { return };
        self.learn(&numbers, outcome);
        let mut senders = BTreeSet::new();
        for number in &numbers {
            let Some(winner) = self.queue.get(*number) else { continue };
            let attempt = match numbers.len() {
                1 => alone(outcome),
                _ => in_batch(outcome, winner),
            };
            let Some((verdict, winner)) = self.queue.settle(*number, &attempt, self.view.l1) else { continue };
            match verdict {
                Verdict::Redeemed => over(&winner, None, out),
                Verdict::Lost(reason) => over(&winner, Some(reason), out),
                Verdict::Retry => {}
            }
            senders.insert(winner.ticket.sender);
        }
        for sender in senders {
            self.report(sender, out);
        }
    }

    /// The fee of a batch is that of the tickets it paid, in equal shares.
    fn learn(&mut self, numbers: &[u64], outcome: &TxOutcome) {
        let (fee, paid) = match outcome {
            TxOutcome::Mined { fee } if numbers.len() == 1 => (*fee, 1),
            TxOutcome::Batch { redeemed, fee } if !redeemed.is_empty() => (*fee, redeemed.len()),
            _ => return,
        };
        if let Some(first) = numbers.first() {
            self.queue.learn(*first, Wei(fee.0 / U256::from(paid)));
        }
    }

    fn expire(&mut self, round: Round, out: &mut Effects) {
        for (_, winner) in self.queue.expire(round) {
            over(&winner, Some("ticket is expired".to_owned()), out);
        }
    }
}

/// What the outcome of a ticket's own transaction says of it.
fn alone(outcome: &TxOutcome) -> Attempt {
    match outcome {
        TxOutcome::Mined { .. } => Attempt::Paid,
        // Not the answer to what was asked.
        TxOutcome::Batch { .. } => Attempt::Skipped,
        TxOutcome::Reverted { reason, .. } | TxOutcome::Refused { reason } if says_used(reason) => Attempt::Paid,
        TxOutcome::Reverted { reason, .. } => Attempt::Reverted(reason.clone()),
        TxOutcome::Refused { reason } => Attempt::NotSent(reason.clone()),
    }
}

/// What the outcome of a batch says of one of its tickets. Only what the broker says of that ticket counts: neither
/// success nor failure of the whole is the ticket's own, but for a reason that any ticket would have met.
fn in_batch(outcome: &TxOutcome, winner: &WinningTicket) -> Attempt {
    match outcome {
        TxOutcome::Batch { redeemed, .. } if redeemed.contains(&winner.ticket.hash()) => Attempt::Paid,
        TxOutcome::Reverted { reason, .. } if befalls_all(reason) => Attempt::Reverted(reason.clone()),
        TxOutcome::Refused { reason } if befalls_all(reason) => Attempt::NotSent(reason.clone()),
        _ => Attempt::Skipped,
    }
}

/// A ticket needs no more care.
fn over(winner: &WinningTicket, error: Option<String>, out: &mut Effects) {
    out.push(Effect::Persist(Record { key: key(winner), value: None }));
    let (sender, face_value) = (winner.ticket.sender, winner.ticket.face_value);
    out.observe(Observation::Redemption { sender, face_value, error });
}

fn key(winner: &WinningTicket) -> String {
    format!("{PREFIX}{}", winner.sig)
}
