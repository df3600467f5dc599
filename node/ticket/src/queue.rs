//! Winning tickets on their way to the chain.
//!
//! A ticket is redeemed only when its parameters hold no longer: its preimage would tell the sender
//! which other tickets of theirs win. No ticket waits for another: each is looked at whenever the
//! chain moves, and a sender whose money is short holds up none of the others.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_traits::Zero;
use serde::{Deserialize, Serialize};
use weir_types::amount::big;
use weir_types::{Address, L1Block, Round, U256, Wei};

use crate::WinningTicket;
use crate::monitor::{Funds, SenderMonitor};

/// Rounds after that of its creation in which a ticket may still be redeemed.
pub const VALIDITY_ROUNDS: u64 = 2;
/// Transactions that may fail on chain, after a dry run that went well, before a ticket is given up.
const MAX_REVERTS: u32 = 3;

/// The chain as far as redemptions depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueView {
    /// L1 block.
    pub l1: L1Block,
    /// Round initialised last.
    pub round: Round,
    /// Size of the orchestrator pool.
    pub pool_size: u64,
    /// Gas price.
    pub gas_price: Wei,
    /// Whether the recipient is in the active set: only those are paid.
    pub active: bool,
}

/// A ticket in the queue, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// The ticket with all that redeems it.
    pub winner: WinningTicket,
    /// Place in the order of arrival.
    pub number: u64,
}

/// How a redemption ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The ticket is paid.
    Paid,
    /// Its transaction was reverted on chain.
    Reverted(String),
    /// It was not sent: its dry run failed, or a limit forbade it.
    NotSent(String),
    /// It went with others and is not paid. Why is told to nobody: it is tried alone, and judged by that.
    Skipped,
}

/// What follows from an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Paid.
    Redeemed,
    /// It will be tried again.
    Retry,
    /// It will never be paid.
    Lost(String),
}

#[derive(Debug, Clone)]
struct Entry {
    winner: WinningTicket,
    in_flight: bool,
    reverts: u32,
    /// It was skipped in a batch and goes with no other again.
    alone: bool,
    /// No new attempt before the chain reaches this block.
    not_before: L1Block,
    /// Gas price when it was sent last.
    gas_price: Wei,
}

/// Winning tickets of all senders, with what each sender is good for.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    redeem_gas: u64,
    /// That figure comes from redemptions.
    measured: bool,
    entries: BTreeMap<u64, Entry>,
    by_sig: BTreeMap<Vec<u8>, u64>,
    senders: BTreeMap<Address, SenderMonitor>,
    next: u64,
}

impl Queue {
    /// An empty queue that reckons with so much gas for a redemption.
    #[must_use]
    pub fn new(redeem_gas: u64) -> Self {
        Self { redeem_gas, ..Self::default() }
    }

    /// A sender's money, first read or changed.
    pub fn set_funds(&mut self, sender: Address, funds: Funds) {
        self.senders.entry(sender).or_default().set_funds(funds);
    }

    /// A followed sender.
    #[must_use]
    pub fn sender(&self, sender: &Address) -> Option<&SenderMonitor> {
        self.senders.get(sender)
    }

    /// Followed senders.
    pub fn senders(&self) -> impl Iterator<Item = (&Address, &SenderMonitor)> {
        self.senders.iter()
    }

    /// Take a winning ticket in; its number, or `None` when it is there already.
    pub fn add(&mut self, winner: WinningTicket) -> Option<u64> {
        let number = self.next;
        self.restore(Queued { winner, number }).then_some(number)
    }

    /// Take a stored ticket in; false when it, or another one under its number, is there already.
    pub fn restore(&mut self, q: Queued) -> bool {
        let sig = q.winner.sig.as_ref().to_vec();
        if self.by_sig.contains_key(&sig) || self.entries.contains_key(&q.number) {
            return false;
        }
        self.next = self.next.max(q.number.saturating_add(1));
        self.by_sig.insert(sig, q.number);
        let entry = Entry {
            winner: q.winner,
            in_flight: false,
            reverts: 0,
            alone: false,
            not_before: L1Block(0),
            gas_price: Wei::ZERO,
        };
        self.entries.insert(q.number, entry);
        true
    }

    /// Tickets in the queue.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True without tickets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A ticket by its number.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&WinningTicket> {
        self.entries.get(&number).map(|e| &e.winner)
    }

    /// Senders of the tickets in the queue, one entry per ticket.
    pub fn waiting_for(&self) -> impl Iterator<Item = Address> + '_ {
        self.entries.values().map(|e| e.winner.ticket.sender)
    }

    /// Take the tickets out that can never be paid any more.
    pub fn expire(&mut self, round: Round) -> Vec<(u64, WinningTicket)> {
        let over =
            |e: &Entry| !e.in_flight && e.winner.ticket.creation_round.0.saturating_add(VALIDITY_ROUNDS) < round.0;
        let gone: Vec<u64> = self.entries.iter().filter(|(_, e)| over(e)).map(|(n, _)| *n).collect();
        gone.into_iter().filter_map(|n| self.remove(n).map(|w| (n, w))).collect()
    }

    fn remove(&mut self, number: u64) -> Option<WinningTicket> {
        let e = self.entries.remove(&number)?;
        self.by_sig.remove(e.winner.sig.as_ref() as &[u8]);
        Some(e.winner)
    }

    /// Tickets to redeem now, in the order of arrival; they count as on their way from here on.
    pub fn due(&mut self, view: &QueueView) -> Vec<u64> {
        let cost = U256::from(self.redeem_gas).saturating_mul(view.gas_price.0);
        let mut out = Vec::new();
        for (number, e) in &mut self.entries {
            let t = &e.winner.ticket;
            let open = !e.in_flight && e.not_before <= view.l1 && view.active;
            // Shown earlier, the preimage would tell the sender which of its other tickets win.
            if !open || t.params_expiration_block > view.l1 || t.creation_round > view.round {
                continue;
            }
            let Some(sender) = self.senders.get_mut(&t.sender) else { continue };
            if check_funds(sender, t.face_value, cost, view.pool_size).is_err() {
                continue;
            }
            e.in_flight = true;
            e.gas_price = view.gas_price;
            sender.add_pending(t.face_value);
            out.push(*number);
        }
        out
    }

    /// [`Self::due`], with up to `most` tickets for each transaction, those that must go alone apart. With one for
    /// each the order is that of arrival; otherwise the last transaction takes what is left.
    pub fn due_together(&mut self, view: &QueueView, most: usize) -> Vec<Vec<u64>> {
        let (mut out, mut open) = (Vec::new(), Vec::new());
        for number in self.due(view) {
            if most <= 1 || self.entries.get(&number).is_some_and(|e| e.alone) {
                out.push(vec![number]);
                continue;
            }
            open.push(number);
            if open.len() == most {
                out.push(std::mem::take(&mut open));
            }
        }
        if !open.is_empty() {
            out.push(open);
        }
        out
    }

    /// What a ticket's redemption cost: from now on the next ones are reckoned by it. The fee has the chain's fee
    /// for data in it, and stands for so much gas at the price of its day. A lower one than the last is believed
    /// little by little, since the fee for data comes and goes.
    pub fn learn(&mut self, number: u64, fee: Wei) {
        let Some(price) = self.entries.get(&number).map(|e| e.gas_price).filter(|p| !p.is_zero()) else { return };
        let gas = u64::try_from(fee.0 / price.0).unwrap_or(u64::MAX);
        self.redeem_gas = gas.max(self.redeem_gas - self.redeem_gas / 8);
        self.measured = true;
    }

    /// [`Self::redeem_gas`] as redemptions took it; nothing before the first.
    #[must_use]
    pub fn measured_gas(&self) -> Option<u64> {
        self.measured.then_some(self.redeem_gas)
    }

    /// Gas that a redemption is reckoned with.
    #[must_use]
    pub const fn redeem_gas(&self) -> u64 {
        self.redeem_gas
    }

    /// An attempt is over.
    pub fn settle(&mut self, number: u64, attempt: &Attempt, l1: L1Block) -> Option<(Verdict, WinningTicket)> {
        let e = self.entries.get_mut(&number)?;
        if !e.in_flight {
            return None;
        }
        e.in_flight = false;
        // The chain moves on before the ticket is looked at again.
        e.not_before = L1Block(l1.0.saturating_add(1));
        if matches!(attempt, Attempt::Reverted(reason) if !passes(reason)) {
            e.reverts += 1;
        }
        e.alone |= *attempt == Attempt::Skipped;
        let (winner, reverts) = (e.winner.clone(), e.reverts);
        if let Some(s) = self.senders.get_mut(&winner.ticket.sender) {
            s.release_pending(winner.ticket.face_value);
        }
        let verdict = judge(attempt, reverts);
        if verdict != Verdict::Retry {
            self.remove(number);
        }
        Some((verdict, winner))
    }
}

/// Whether a sender's money pays for a ticket and its redemption.
///
/// # Errors
/// The rule that speaks against it.
pub fn check_funds(s: &SenderMonitor, face_value: Wei, tx_cost: U256, pool_size: u64) -> Result<(), &'static str> {
    let available: BigInt = s.available(pool_size);
    if available <= big(tx_cost) {
        return Err("insufficient sender funds for redeem tx cost");
    }
    if face_value.0 <= tx_cost {
        return Err("insufficient ticket face value for redeem tx cost");
    }
    // The contract pays a ticket in full or not at all.
    if available < big(face_value.0) || available.is_zero() {
        return Err("insufficient sender funds for ticket face value");
    }
    Ok(())
}

/// Reasons after which no later attempt can go better, as texts of the broker's reverts. The first is
/// what a driver says that finds the ticket marked as used before it sends anything.
const FINAL: [&str; 13] = [
    "ticket already used",
    "ticket is used",
    "ticket is expired",
    "ticket creationRound does not have a block hash",
    "ticket creationRoundBlockHash invalid for creationRound",
    "invalid length for ticket auxData",
    "ticket recipient is null address",
    "ticket sender is null address",
    "recipientRand does not match recipientRandHash",
    "INVALID_SIGNATURE_LENGTH",
    "ECDSA: invalid signature",
    "invalid signature over ticket hash",
    "ticket did not win",
];

/// Reasons that have nothing to do with the ticket and end by themselves, as texts of the broker's reverts: however
/// often a redemption meets them, its ticket is kept until its rounds are over.
const PASSING: [&str; 4] = [
    "current round is not initialized",
    "transcoder must be registered",
    "system is paused",
    "sender deposit and reserve are zero",
];

/// Whether a failure is one that every redemption would have met: what the broker checks before it looks at a ticket.
/// Tickets that it befell together may go together again.
#[must_use]
pub fn befalls_all(reason: &str) -> bool {
    ["current round is not initialized", "system is paused"].iter().any(|all| reason.contains(all))
}

fn passes(reason: &str) -> bool {
    PASSING.iter().any(|p| reason.contains(p))
}

/// Whether a failure says that the ticket is marked as used. The broker marks it when it pays, so an
/// earlier transaction, perhaps one that a crash made the node forget, did its work.
#[must_use]
pub fn says_used(reason: &str) -> bool {
    FINAL[..2].iter().any(|f| reason.contains(f))
}

fn judge(attempt: &Attempt, reverts: u32) -> Verdict {
    match attempt {
        Attempt::Paid => Verdict::Redeemed,
        Attempt::NotSent(reason) | Attempt::Reverted(reason) if FINAL.iter().any(|f| reason.contains(f)) => {
            Verdict::Lost(reason.clone())
        }
        Attempt::Reverted(reason) if reverts >= MAX_REVERTS => Verdict::Lost(reason.clone()),
        Attempt::NotSent(_) | Attempt::Reverted(_) | Attempt::Skipped => Verdict::Retry,
    }
}
