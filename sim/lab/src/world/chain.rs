//! The chain's side of the simulation: looks at it, transactions, blocks, and those who act on it.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::Bytes;
use futures::executor::block_on;
use weir_chain::{Log, LogKind};
use weir_contracts::Plan;
use weir_evm::Receipt;
use weir_kernel::ActorId;
use weir_roles::{ChainEvent, TxIntent, TxOutcome, delegator};
use weir_types::{Address, B256, Instant, LptWei, Millis, Round, U256, Wei};

use super::actors::SEQUENCER;
use super::event::{Event, Origin, Part};
use super::node::{Input, Machines, Node};
use super::{Pending, World, index, priority};
use crate::LabError;
use crate::snapshot::RoundMeta;

/// Kind of the transactions of an upgrade.
const UPGRADE: &str = "upgrade";

impl World {
    /// A node looks at the chain and hears what is new to it.
    pub(super) fn poll(&mut self, now: Instant, actor: ActorId, life: u32) -> Result<(), LabError> {
        if self.node(actor).is_none_or(|n| !n.up || n.life != life) {
            return Ok(());
        }
        let again = now + Millis::from_secs(u64::from(self.scenario.chain.poll_seconds.0));
        self.kernel.schedule(again, priority::NODE, actor, Event::Poll { life });
        self.advance(now)?;
        self.tell(now, actor, &ChainEvent::Head(self.view.head))?;
        self.catch_up(now, actor)
    }

    /// Let the chain follow virtual time. Others' transactions make blocks all the time; here an
    /// empty one stands for them whenever the L1 number moved on.
    fn advance(&mut self, now: Instant) -> Result<(), LabError> {
        self.chain.advance_to(now);
        let l1 = self.chain.l1_block_number();
        if l1 != self.last_l1 {
            self.last_l1 = l1;
            self.make_block(now)?;
        }
        Ok(())
    }

    /// Everything that the chain's logs say to a node since it last looked.
    fn catch_up(&mut self, now: Instant, actor: ActorId) -> Result<(), LabError> {
        let end = self.view.logs.len();
        let Some(node) = self.node_mut(actor) else { return Ok(()) };
        let from = std::mem::replace(&mut node.cursor, end);
        let (own, watched) = (node.address(), node.watched.clone());
        let fresh = self.view.logs.get(from..).unwrap_or_default();
        let new_round = fresh.iter().any(|l| matches!(l.kind, LogKind::NewRound(_)));
        let touched: BTreeSet<Address> = fresh.iter().filter_map(|l| sender_of(&l.kind)).collect();
        let locks: Vec<(u64, Round)> = fresh.iter().filter_map(|l| lock_of(&l.kind, own)).collect();
        if new_round {
            self.tell_round(now, actor)?;
        }
        // A new round clears what was claimed from every reserve.
        for sender in watched.into_iter().filter(|s| new_round || touched.contains(s)) {
            self.tell_funds(now, actor, sender)?;
        }
        for (id, withdraw_round) in locks {
            self.deliver(now, actor, Part::Delegator, Input::Lock { id, withdraw_round })?;
        }
        Ok(())
    }

    pub(super) fn tell(&mut self, now: Instant, actor: ActorId, event: &ChainEvent) -> Result<(), LabError> {
        let parts = self.node(actor).map_or(&[][..], Node::chain_parts);
        for part in parts {
            self.deliver(now, actor, *part, Input::Chain(event.clone()))?;
        }
        Ok(())
    }

    fn tell_funds(&mut self, now: Instant, actor: ActorId, sender: Address) -> Result<(), LabError> {
        let funds = self.funds(actor, sender)?;
        self.tell(now, actor, &ChainEvent::Funds { sender, funds })
    }

    /// The round, the active set, and what an orchestrator's own state says.
    pub(super) fn tell_round(&mut self, now: Instant, actor: ActorId) -> Result<(), LabError> {
        self.tell(now, actor, &ChainEvent::Round(self.view.round))?;
        let Some(node) = self.node(actor) else { return Ok(()) };
        let address = node.address();
        match node.machines {
            Machines::Gateway(_) => self.tell(now, actor, &ChainEvent::ActiveSet(self.view.active.clone())),
            Machines::Orchestrator(_) => {
                self.tell(now, actor, &ChainEvent::ActiveSet(self.view.active.clone()))?;
                let own = block_on(self.view.client.transcoder(address))?;
                let missed = self.scenario.faults.missed_rewards.0;
                let skip = self.skip_reward.get_mut(&actor).is_some_and(|r| r.unit() < missed);
                if let (true, Some(Machines::Orchestrator(n))) = (skip, self.node_mut(actor).map(|n| &mut n.machines)) {
                    n.reward.skip_round();
                }
                let input = Input::Own { active: own.active, last_reward_round: own.last_reward_round };
                self.deliver(now, actor, Part::RewardCaller, input)
            }
            Machines::Delegator(_) => Ok(()),
        }
    }

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

    fn schedule_seal(&mut self, now: Instant) {
        if !self.seal_scheduled {
            self.seal_scheduled = true;
            let step = u64::from(self.scenario.chain.l2_block_ms.0) * 1000;
            let at = Instant((now.0 / step + 1) * step);
            self.kernel.schedule(at, priority::CHAIN, SEQUENCER, Event::Seal);
        }
    }

    /// The Governor's owner puts other contracts behind the proxies.
    pub(super) fn upgrade(&mut self, now: Instant, index: u64) -> Result<(), LabError> {
        let failed = |reason: String| LabError::Upgrade { index, reason };
        let upgrades = &self.scenario.chain.upgrades;
        let Some((i, upgrade)) = usize::try_from(index).ok().and_then(|i| Some((i, upgrades.get(i)?))) else {
            return Ok(());
        };
        let before =
            i.checked_sub(1).and_then(|i| upgrades.get(i)).map_or(self.scenario.chain.protocol, |u| u.protocol);
        let nonce = self.chain.pending_nonce(self.deployer);
        let plan = Plan::upgrade(self.deployer, nonce, &self.deployment, [before, upgrade.protocol], index)
            .map_err(|e| failed(e.to_string()))?;
        self.chain.advance_to(now);
        for step in plan.steps {
            let hash = self
                .chain
                .send_unsigned(self.deployer, step.to, Wei::ZERO, step.input, None)
                .map_err(|e| failed(format!("{}: {e}", step.label)))?;
            self.pending.insert(hash, Pending { origin: None, kind: UPGRADE });
        }
        self.schedule_seal(now);
        Ok(())
    }

    /// Local nonces are of no use after a refusal: go on from the chain's.
    fn resync(&mut self, actor: ActorId) -> Result<(), LabError> {
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

    fn make_block(&mut self, now: Instant) -> Result<(), LabError> {
        // What the round leaves must be read before the block that may start the next one.
        let opens_round = self.pending.values().any(|p| p.kind == "initializeRound");
        let closing = if opens_round { Some(self.view.current()) } else { None };
        if closing.is_some() {
            self.close_round()?;
        }
        let block = self.chain.mine();
        let round = self.view.current();
        let latency = Millis(self.scenario.network.sequencer_ms.0 as u64);
        let first = self.view.refresh()?;
        let fresh: Vec<Log> = self.view.logs.get(first..).unwrap_or_default().to_vec();
        let redeemed = redemptions(&fresh);
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
            let redeemed = redeemed.get(&r.tx_hash).cloned().unwrap_or_default();
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

    /// A new gas price for the round.
    pub(super) fn draw_gas_price(&mut self) {
        let gwei = self.scenario.chain.gas_price_gwei.draw(0, &mut self.chain_rng);
        let price = Wei::new((gwei * 1e9).round() as u128);
        self.chain.set_base_fee(price);
        self.view.set_gas_price(price);
    }

    /// A delegator makes up its mind for a round.
    pub(super) fn decide(&mut self, now: Instant, actor: ActorId) -> Result<(), LabError> {
        self.tell(now, actor, &ChainEvent::Round(self.view.round))?;
        self.catch_up(now, actor)?;
        let d = self.scenario.delegators.clone();
        let Some(rng) = self.behaviour.get_mut(&actor) else { return Ok(()) };
        let draws: [f64; 5] = std::array::from_fn(|_| rng.unit());
        let pick = rng.unit();
        let Some(address) = self.node(actor).map(Node::address) else { return Ok(()) };
        let wants = [
            draws[0] < d.claim.0,
            draws[1] < d.bond_more.0,
            draws[2] < d.move_delegate.0,
            draws[3] < d.unbond.0,
            draws[4] < d.withdraw_fees.0,
        ];
        if !wants.contains(&true) {
            return Ok(());
        }
        let state = block_on(self.view.client.delegator(address))?;
        let mut commands = Vec::new();
        if wants[0] {
            commands.push(delegator::Command::Claim);
        }
        if wants[1] {
            let spare = block_on(self.view.client.lpt_balance(address))?;
            let amount = LptWei(spare.0 / U256::from(2u64));
            if !amount.is_zero() {
                commands.push(delegator::Command::Bond { amount, to: state.delegate });
            }
        }
        if wants[2] {
            let active = &self.view.active;
            let at = (pick * active.len() as f64) as usize;
            if let Some(to) = active.get(at).map(|e| e.address).filter(|to| *to != state.delegate) {
                commands.push(delegator::Command::Bond { amount: LptWei::ZERO, to });
            }
        }
        if wants[3] && !state.bonded.is_zero() {
            commands.push(delegator::Command::Unbond { amount: LptWei(state.bonded.0 / U256::from(2u64)) });
        }
        if wants[4] && !state.fees.is_zero() {
            commands.push(delegator::Command::WithdrawFees { amount: state.fees });
        }
        for c in commands {
            self.deliver(now, actor, Part::Delegator, Input::Command(c))?;
        }
        Ok(())
    }

    /// A node starts again with what its disk kept.
    pub(super) fn restart(&mut self, now: Instant, actor: ActorId) -> Result<(), LabError> {
        let Some(i) = index(actor) else { return Ok(()) };
        self.rebuild(i)?;
        self.resync(actor)?;
        let logs = self.view.logs.len();
        let Some(node) = self.nodes.get_mut(i) else { return Ok(()) };
        node.up = true;
        node.cursor = logs;
        node.busy_until = now;
        let life = node.life;
        self.kernel.schedule(now, priority::NODE, actor, Event::Poll { life });
        self.tell(now, actor, &ChainEvent::Head(self.view.head))?;
        self.tell_round(now, actor)
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
fn lock_of(kind: &LogKind, holder: Address) -> Option<(u64, Round)> {
    match kind {
        LogKind::Unbond { delegator, lock, withdraw_round, .. } if *delegator == holder => {
            Some((*lock, *withdraw_round))
        }
        _ => None,
    }
}
