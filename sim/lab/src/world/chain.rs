//! The chain's side of the simulation: looks at it, transactions, blocks, and those who act on it.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::executor::block_on;
use weir_contracts::Plan;
use weir_kernel::ActorId;
use weir_roles::{ChainEvent, delegator};
use weir_types::{Address, Instant, LptWei, U256, Wei};

use super::event::{Event, Part};
use super::node::{Inbox, Input, Machines, Node};
use super::{Pending, UPGRADE, World, index, priority};
use crate::LabError;

impl World {
    /// A node looks at the chain, as it does all the time.
    pub(super) fn poll(&mut self, now: Instant, actor: ActorId, life: u32) -> Result<(), LabError> {
        if self.node(actor).is_none_or(|n| !n.up || n.life != life) {
            return Ok(());
        }
        let again = now + self.poll_period;
        self.kernel.schedule(again, priority::NODE, actor, Event::Poll { life });
        self.look(now, actor, life)
    }

    /// A node looks at the chain and hears what is new to it.
    pub(super) fn look(&mut self, now: Instant, actor: ActorId, life: u32) -> Result<(), LabError> {
        if self.node(actor).is_none_or(|n| !n.up || n.life != life) {
            return Ok(());
        }
        if let Some(n) = self.node_mut(actor) {
            n.looked = now;
        }
        self.advance(now)?;
        self.tell(now, actor, &ChainEvent::Head(self.view.head))?;
        self.catch_up(now, actor)
    }

    /// Let the chain follow virtual time. Others' transactions make blocks all the time; here an
    /// empty one stands for them whenever the L1 number moved on.
    pub(super) fn advance(&mut self, now: Instant) -> Result<(), LabError> {
        self.chain.advance_to(now);
        let l1 = self.chain.l1_block_number();
        if l1 != self.last_l1 {
            self.last_l1 = l1;
            self.make_block(now)?;
        }
        Ok(())
    }

    /// Everything that the chain said to a node since it last looked.
    pub(super) fn catch_up(&mut self, now: Instant, actor: ActorId) -> Result<(), LabError> {
        let Some(node) = self.node_mut(actor) else { return Ok(()) };
        if node.inbox.is_empty() {
            return Ok(());
        }
        let Inbox { new_round, senders, locks } = std::mem::take(&mut node.inbox);
        // A new round clears what was claimed from every reserve.
        let senders: BTreeSet<Address> =
            if new_round { node.watched.clone() } else { senders.intersection(&node.watched).copied().collect() };
        if new_round {
            self.tell_round(now, actor)?;
        }
        for sender in senders {
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
            Machines::Gateway(_) => self.tell(now, actor, &ChainEvent::ActiveSet(Arc::clone(&self.view.active))),
            Machines::Orchestrator(_) => {
                self.tell(now, actor, &ChainEvent::ActiveSet(Arc::clone(&self.view.active)))?;
                let active = self.view.active.iter().any(|e| e.address == address);
                let last_reward_round = self.view.last_reward(address)?;
                let missed = self.scenario.faults.missed_rewards.0;
                let missing = self.skip_reward.get_mut(&actor).is_some_and(|r| r.unit() < missed);
                let skip = missing || !self.calls_reward(actor)?;
                if let (true, Some(Machines::Orchestrator(n))) = (skip, self.node_mut(actor).map(|n| &mut n.machines)) {
                    n.reward.skip_round();
                }
                let input = Input::Own { active, last_reward_round };
                self.deliver(now, actor, Part::RewardCaller, input)
            }
            Machines::Delegator(_) => Ok(()),
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

    /// A new gas price for the round.
    pub(super) fn draw_gas_price(&mut self) {
        // A process of its own takes the place of the draws.
        if self.scenario.processes.contains_key("gas_gwei") {
            return;
        }
        let gwei = self.scenario.chain.gas_price_gwei.draw(0, &mut self.chain_rng);
        let price = Wei::new((gwei * 1e9).round() as u128);
        self.chain.set_base_fee(price);
        self.view.set_gas_price(price);
    }

    /// A delegator makes up its mind for a round.
    pub(super) fn decide(&mut self, now: Instant, actor: ActorId) -> Result<(), LabError> {
        let d = &self.scenario.delegators;
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
        let again = self.next_decision(now, actor);
        self.kernel.schedule(again, priority::NODE, actor, Event::Decide);
        // Whoever wants nothing hears of rounds for the sake of stake that it takes out.
        let waits = self.node(actor).is_some_and(|n| !n.inbox.locks.is_empty() || n.holds_locks());
        if !wants.contains(&true) && !waits {
            return Ok(());
        }
        self.tell(now, actor, &ChainEvent::Round(self.view.round))?;
        self.catch_up(now, actor)?;
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

    /// When a delegator decides next: once in each round, at any time.
    pub(super) fn next_decision(&mut self, now: Instant, actor: ActorId) -> Instant {
        let round = self.scenario.round_seconds() * 1_000_000;
        let passed = now.0.saturating_sub(self.begin.0) / round + 1;
        let rng = self.behaviour.get_mut(&actor);
        Instant(self.begin.0 + passed * round + rng.map_or(0, |rng| rng.below(round)))
    }

    /// A node starts again with what its disk kept.
    pub(super) fn restart(&mut self, now: Instant, actor: ActorId) -> Result<(), LabError> {
        let Some(i) = index(actor) else { return Ok(()) };
        if self.minds.as_ref().and_then(|m| m.orchestrators.get(i)).is_some_and(|o| o.gone) {
            return Ok(());
        }
        self.rebuild(i)?;
        self.resync(actor)?;
        let Some(node) = self.nodes.get_mut(i) else { return Ok(()) };
        node.up = true;
        node.inbox = Inbox::default();
        node.busy_until = now;
        let life = node.life;
        self.kernel.schedule(now, priority::NODE, actor, Event::Poll { life });
        self.tell(now, actor, &ChainEvent::Head(self.view.head))?;
        self.tell_round(now, actor)
    }
}
