//! How transactions get into blocks, and who hears of what is in them.

use std::collections::BTreeMap;

use alloy::primitives::Bytes;
use weir_chain::{Log, LogKind};
use weir_evm::Receipt;
use weir_kernel::ActorId;
use weir_roles::{TxIntent, TxOutcome};
use weir_types::{Address, B256, Instant, Millis, Round, U256, Wei};

use super::actors::SEQUENCER;
use super::event::{Event, Origin};
use super::node::Machines;
use super::{Pending, UPGRADE, World, index, priority};
use crate::LabError;
use crate::scenario::Traffic;
use crate::snapshot::RoundMeta;

impl World {
    /// A transaction reaches the sequencer.
    pub(super) fn arrive(
        &mut self,
        now: Instant,
        raw: &Bytes,
        hash: B256,
        kind: &'static str,
        origin: Option<Origin>,
    ) -> Result<(), LabError> {
        self.chain.advance_to(now);
        match self.chain.submit_raw(raw) {
            Err(e) => {
                if let Some(o) = origin {
                    self.resync(o.actor)?;
                }
                self.refuse(now, origin, e.to_string());
            }
            Ok(_) => {
                self.pending.insert(hash, Pending { origin, kind });
                self.schedule_seal(now);
            }
        }
        Ok(())
    }

    pub(super) fn schedule_seal(&mut self, now: Instant) {
        if !self.seal_scheduled {
            self.seal_scheduled = true;
            let step = u64::from(self.scenario.chain.l2_block_ms.0) * 1000;
            let at = Instant((now.0 / step + 1) * step);
            self.kernel.schedule(at, priority::CHAIN, SEQUENCER, Event::Seal);
        }
    }

    /// Local nonces are of no use after a refusal: go on from the chain's.
    pub(super) fn resync(&mut self, actor: ActorId) -> Result<(), LabError> {
        let Some(i) = index(actor) else { return Ok(()) };
        if let Some(n) = self.nodes.get_mut(i) {
            let nonce = self.chain.pending_nonce(n.address());
            n.tx.resync(nonce);
        }
        Ok(())
    }

    /// The sequencer makes a block.
    pub(super) fn seal(&mut self, now: Instant) -> Result<(), LabError> {
        self.seal_scheduled = false;
        self.chain.advance_to(now);
        self.last_l1 = self.chain.l1_block_number();
        self.make_block(now)
    }

    pub(super) fn make_block(&mut self, now: Instant) -> Result<(), LabError> {
        // What the round leaves must be read before the block that may start the next one.
        let opens_round = self.pending.values().any(|p| p.kind == "initializeRound");
        let closing = if opens_round { Some(self.view.current()) } else { None };
        if closing.is_some() {
            self.close_round()?;
        }
        let block = self.chain.mine();
        let round = self.view.current();
        let latency = self.sequencer_latency();
        let fresh = self.view.take(&block)?;
        self.sort_mail(now, &fresh);
        let redeemed = redemptions(&fresh);
        for d in &block.dropped {
            let origin = self.pending.remove(&d.hash).and_then(|p| p.origin);
            self.refuse(now, origin, d.error.to_string());
        }
        for r in &block.receipts {
            self.transactions += 1;
            let Some(p) = self.pending.remove(&r.tx_hash) else { continue };
            self.books.spent(round, p.kind, r.gas_used, r.fee());
            if p.kind == UPGRADE && !r.success {
                let reason = self.chain.revert_reason(r.tx_hash).unwrap_or_default();
                return Err(LabError::UpgradeFailed { reason });
            }
            let Some(o) = p.origin else { continue };
            let outcome = self.outcome(r, p.kind, &redeemed);
            let event = Event::Outcome { part: o.part, id: o.id, outcome, life: o.life };
            self.kernel.schedule(now + latency, priority::NEWS, o.actor, event);
        }
        for log in &fresh {
            // Tickets that share a transaction share its gas.
            let shares = redeemed.get(&log.tx).map_or(1, Vec::len) as u64;
            let (gas, fee) = block
                .receipts
                .iter()
                .find(|r| r.tx_hash == log.tx)
                .map_or((0, Wei::ZERO), |r| (r.gas_used / shares, Wei(r.fee().0 / U256::from(shares))));
            self.books.log(now, round, &log.kind, gas, fee);
        }
        if closing.is_some() {
            self.after_round_block(now, closing == Some(self.view.current()));
        }
        Ok(())
    }

    /// What a node is told of its transaction in a block.
    fn outcome(&self, r: &Receipt, kind: &str, redeemed: &BTreeMap<B256, Vec<B256>>) -> TxOutcome {
        let fee = r.fee();
        if !r.success {
            return TxOutcome::Reverted { reason: self.chain.revert_reason(r.tx_hash).unwrap_or_default(), fee };
        }
        if kind == TxIntent::REDEEM_BATCH {
            let mut redeemed = redeemed.get(&r.tx_hash).cloned().unwrap_or_default();
            // A node knows its tickets as it got them.
            redeemed.iter_mut().for_each(|hash| *hash = self.sure.get(hash).copied().unwrap_or(*hash));
            return TxOutcome::Batch { redeemed, fee };
        }
        TxOutcome::Mined { fee }
    }

    /// The row taken before a block is only good when the block did start a round.
    fn after_round_block(&mut self, now: Instant, same: bool) {
        if same {
            self.rounds.pop();
            return;
        }
        self.round_start = RoundMeta {
            round: self.view.current(),
            l1_block: self.view.round.start_block.0,
            start_seconds: now.as_secs_f64() - self.begin.as_secs_f64(),
            gas_price: self.view.head.gas_price,
        };
    }

    /// Puts what logs say into the inboxes of those whom it concerns.
    fn sort_mail(&mut self, now: Instant, fresh: &[Log]) {
        for log in fresh {
            if matches!(log.kind, LogKind::NewRound(_)) {
                self.nodes.iter_mut().for_each(|n| n.inbox.new_round = true);
                self.call_operators(now);
                if self.minds.is_some() {
                    self.kernel.schedule(now, priority::NODE, SEQUENCER, Event::Think);
                }
            }
            if let Some(sender) = sender_of(&log.kind) {
                for actor in self.watchers.get(&sender).into_iter().flatten() {
                    if let Some(n) = index(*actor).and_then(|i| self.nodes.get_mut(i)) {
                        n.inbox.senders.insert(sender);
                    }
                }
            }
            if let Some((holder, id, round)) = lock_of(&log.kind)
                && let Some(n) = self.by_address.get(&holder).and_then(|i| self.nodes.get_mut(*i))
            {
                n.inbox.locks.push((id, round));
            }
            self.note_lock(&log.kind);
        }
    }

    /// Those who follow behaviours know their locks.
    fn note_lock(&mut self, kind: &LogKind) {
        let (Some(m), LogKind::Unbond { delegator, lock, withdraw_round, amount }) = (&mut self.minds, kind) else {
            return;
        };
        if let Some(d) = m.delegators.iter_mut().find(|d| d.address == *delegator) {
            d.locks.push((*lock, amount.to_f64_whole(), *withdraw_round));
        } else if m.orchestrators.iter().any(|o| o.address == *delegator) {
            m.own_locks.push((*delegator, *lock, *withdraw_round));
        }
    }

    /// Where nodes seldom look at the chain, a new round makes them.
    fn call_operators(&mut self, now: Instant) {
        if self.scenario.fidelity.traffic != Traffic::Round {
            return;
        }
        let within = u64::from(self.scenario.chain.poll_seconds.0) * 1_000;
        for n in self.nodes.iter_mut().filter(|n| n.up && !matches!(n.machines, Machines::Delegator(_))) {
            let at = now + Millis(n.net_rng.below(within));
            self.kernel.schedule(at, priority::NODE, n.id.actor, Event::Look { life: n.life });
        }
    }

    /// Time that a transaction takes to the sequencer, or its answer back.
    pub(super) fn sequencer_latency(&self) -> Millis {
        Millis(self.scenario.network.sequencer_ms.0 as u64)
    }

    /// Report that a transaction was never taken by the chain.
    pub(super) fn refuse(&mut self, now: Instant, origin: Option<Origin>, reason: String) {
        let Some(o) = origin else { return };
        let outcome = TxOutcome::Refused { reason };
        let event = Event::Outcome { part: o.part, id: o.id, outcome, life: o.life };
        self.kernel.schedule(now + self.sequencer_latency(), priority::NEWS, o.actor, event);
    }
}

/// The sender whose money a log changes.
fn sender_of(kind: &LogKind) -> Option<Address> {
    match kind {
        LogKind::DepositFunded { sender, .. }
        | LogKind::ReserveFunded { sender, .. }
        | LogKind::Withdrawal { sender, .. }
        | LogKind::Redeemed { sender, .. }
        | LogKind::Paid { sender, .. } => Some(*sender),
        LogKind::UnlockChanged(sender) => Some(*sender),
        _ => None,
    }
}

/// Tickets that were redeemed, by transaction.
fn redemptions(logs: &[Log]) -> BTreeMap<B256, Vec<B256>> {
    let mut out: BTreeMap<B256, Vec<B256>> = BTreeMap::new();
    for log in logs {
        if let LogKind::Redeemed { hash, .. } = log.kind {
            out.entry(log.tx).or_default().push(hash);
        }
    }
    out
}

/// An unbonding lock that a log gives to a holder.
const fn lock_of(kind: &LogKind) -> Option<(Address, u64, Round)> {
    match kind {
        LogKind::Unbond { delegator, lock, withdraw_round, .. } => Some((*delegator, *lock, *withdraw_round)),
        _ => None,
    }
}
