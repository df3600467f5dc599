//! Behaviours at work: numbers move, actors look at them, and what they do goes to the machines and the chain.

use alloy::sol_types::SolCall;
use futures::executor::block_on;
use weir_behave::delegator::{self as holder};
use weir_behave::orchestrator::{self as operator, RewardView};
use weir_behave::{BehaveError, Peer};
use weir_contracts::bindings::{BondingManager, LivepeerToken};
use weir_kernel::ActorId;
use weir_roles::worker::WorkerCapacity;
use weir_roles::{TxId, TxIntent, delegator, orchestrator};
use weir_types::{Address, Instant, LptWei, Millis, Perc6, U256, Wei};

use super::actors::SEQUENCER;
use super::event::{Draft, Event, Part};
use super::minds::{MarketRow, Minds};
use super::node::Input;
use super::{World, index, priority};
use crate::LabError;
use crate::scenario::{BONDING_RATE, eth, lpt, price};

/// Looks at the numbers that move, in a round.
const TICKS: u64 = 24;
/// Gas of a reward call, as operators reckon with it.
const REWARD_GAS: f64 = 400_000.0;
/// Seconds in a day.
const DAY: f64 = 86_400.0;

impl World {
    /// Time between two looks at the numbers that move.
    pub(super) fn tick(&self) -> Millis {
        Millis(self.scenario.round_seconds() * 1_000 / TICKS)
    }

    /// Numbers move on.
    pub(super) fn market(&mut self, now: Instant) -> Result<(), LabError> {
        let Some(mut m) = self.minds.take() else { return Ok(()) };
        let days = self.tick().as_secs_f64() / DAY;
        m.processes.step(days);
        let (lpt_eth, _) = m.outside(&self.scenario);
        m.pool.arbitrage(m.pool.outside(lpt_eth), days);
        self.look_at_prices(now, &mut m);
        if let Some(gwei) = m.processes.value("gas_gwei") {
            let price = Wei::new((gwei * 1e9).round().max(1.0) as u128);
            self.chain.set_base_fee(price);
            self.view.set_gas_price(price);
            m.network.gas_gwei = gwei;
        }
        for i in 0..m.orchestrators.len() {
            self.make_room(now, &mut m, i)?;
        }
        self.minds = Some(m);
        self.kernel.schedule(now + self.tick(), priority::CHAIN, SEQUENCER, Event::Market);
        Ok(())
    }

    fn look_at_prices(&self, now: Instant, m: &mut Minds) {
        let day = (now.as_secs_f64() - self.begin.as_secs_f64()) / DAY;
        let (_, eth_usd) = m.outside(&self.scenario);
        let truth = [m.pool.lpt_eth(), eth_usd];
        let [lpt_eth, eth_usd] = m.oracle.look(day, truth, &mut m.oracle_rng);
        m.network.lpt_eth = lpt_eth;
        m.network.eth_usd = eth_usd;
        m.network.sentiment = m.processes.value("sentiment").unwrap_or(50.0);
    }

    /// An orchestrator's capacity follows what is wanted of it.
    fn make_room(&mut self, now: Instant, m: &mut Minds, i: usize) -> Result<(), LabError> {
        let Some(o) = m.orchestrators.get_mut(i) else { return Ok(()) };
        if !self.behaves(i) {
            return Ok(());
        }
        let wanted = f64::from(self.flows.sessions_with(o.actor));
        let seconds = now.as_secs_f64() - self.begin.as_secs_f64();
        let room = o.policy.room(&operator::Load { seconds, wanted });
        let sessions = room.sessions.clamp(0.0, 1e6) as u32;
        self.set_sessions(now, o.actor, sessions)
    }

    /// Whether a scenario says what an orchestrator can carry: without a behaviour its own key does.
    fn behaves(&self, _i: usize) -> bool {
        let o = &self.scenario.orchestrators;
        o.behaviour.is_some() || !o.groups.is_empty()
    }

    fn set_sessions(&mut self, now: Instant, actor: ActorId, sessions: u32) -> Result<(), LabError> {
        let Some(n) = self.node_mut(actor).filter(|n| n.max_sessions != sessions) else { return Ok(()) };
        n.max_sessions = sessions;
        let capacity = WorkerCapacity { streams: u64::from(sessions), models: Default::default() };
        let input = Input::Orchestrator(Box::new(orchestrator::Input::Capacity(capacity)));
        self.deliver(now, actor, Part::Orchestrator, input)
    }

    /// A round has begun: everybody who follows a behaviour thinks.
    pub(super) fn think(&mut self, now: Instant) -> Result<(), LabError> {
        let Some(mut m) = self.minds.take() else { return Ok(()) };
        let done = self.think_with(now, &mut m);
        self.minds = Some(m);
        done
    }

    fn think_with(&mut self, now: Instant, m: &mut Minds) -> Result<(), LabError> {
        self.remember(m)?;
        let round = self.view.current();
        for (who, lock, _) in m.own_locks.extract_if(.., |(_, _, at)| *at <= round).collect::<Vec<_>>() {
            self.withdraw_own(now, who, lock);
        }
        self.network_of(now, m)?;
        self.peers_of(m)?;
        for i in 0..m.orchestrators.len() {
            self.think_orchestrator(now, m, i)?;
        }
        for i in 0..m.delegators.len() {
            self.think_delegator(now, m, i)?;
        }
        self.gather(now, m)?;
        let (sold_lpt, bought_lpt) = std::mem::take(&mut m.traded);
        m.rows.push(MarketRow {
            round: self.view.current().0,
            seconds: now.as_secs_f64() - self.begin.as_secs_f64(),
            lpt_eth: m.pool.lpt_eth(),
            eth_usd: m.network.eth_usd,
            gas_gwei: m.network.gas_gwei,
            sentiment: m.network.sentiment,
            sold_lpt,
            bought_lpt,
        });
        Ok(())
    }

    /// What the last round brought everybody.
    fn remember(&mut self, m: &mut Minds) -> Result<(), LabError> {
        let (rewards, redemptions) = m.read;
        m.read = (self.books.rewards.len(), self.books.redemptions.len());
        for o in &mut m.orchestrators {
            let t = block_on(self.view.client.transcoder(o.address))?;
            let stake = t.stake.to_f64_whole();
            let of = |r: &&(weir_types::Round, Address, LptWei)| r.1 == o.address;
            let news = self.books.rewards.get(rewards..).unwrap_or_default();
            let reward: f64 = news.iter().filter(of).map(|r| r.2.to_f64_whole()).sum();
            let paid = self.books.redemptions.get(redemptions..).unwrap_or_default().iter();
            let fees: f64 = paid.filter(|r| r.recipient == o.address).map(|r| r.paid.to_f64_whole()).sum();
            let (cut, share) = (f64::from(t.reward_cut.0) / 1e6, f64::from(t.fee_share.0) / 1e6);
            let before = (stake - reward).max(1e-9);
            if stake > 0.0 {
                o.fees_factor += o.rewards_factor * fees * share / before;
                o.rewards_factor *= 1.0 + reward * (1.0 - cut) / before;
            }
            o.remember(fees, (t.active && m.started).then_some(reward > 0.0));
        }
        m.started = true;
        Ok(())
    }

    fn network_of(&self, now: Instant, m: &mut Minds) -> Result<(), LabError> {
        let client = &self.view.client;
        let passed = self.view.current().0.saturating_sub(self.first_round.0);
        self.look_at_prices(now, m);
        let n = &mut m.network;
        n.round = passed;
        n.round_days = self.scenario.round_seconds() as f64 / DAY;
        n.gas_gwei = self.view.head.gas_price.to_f64() / 1e9;
        n.supply_lpt = block_on(client.lpt_supply())?.to_f64_whole();
        n.bonded_lpt = block_on(client.total_bonded())?.to_f64_whole();
        n.inflation = block_on(client.inflation())?.0 as f64 / 1e9;
        Ok(())
    }

    fn peers_of(&self, m: &mut Minds) -> Result<(), LabError> {
        let client = &self.view.client;
        m.peers.clear();
        for (i, o) in m.orchestrators.iter().enumerate() {
            let t = block_on(client.transcoder(o.address))?;
            let own = block_on(client.delegator(o.address))?;
            m.peers.push(Peer {
                id: i as u64,
                owner: i as u64,
                active: t.active,
                stake_lpt: t.stake.to_f64_whole(),
                self_stake_lpt: own.stake.to_f64_whole(),
                reward_cut: f64::from(t.reward_cut.0) / 1e6,
                fee_share: f64::from(t.fee_share.0) / 1e6,
                wei_per_pixel: self.asks(i),
                reward_ratio: o.reward_ratio(),
                fees_eth: o.fees_per_round(),
            });
        }
        Ok(())
    }

    /// Price of an orchestrator in wei per pixel, before the scenario's `price_scale`.
    fn asks(&self, i: usize) -> f64 {
        self.specs.get(i).map_or(0.0, |o| o.price.to_f64() / self.scenario.orchestrators.price_scale.0)
    }

    fn think_orchestrator(&mut self, now: Instant, m: &mut Minds, i: usize) -> Result<(), LabError> {
        let Some((me, o)) = m.peers.get(i).zip(m.orchestrators.get(i)) else { return Ok(()) };
        let Some(node) = self.node(o.actor) else { return Ok(()) };
        let all: u64 = self.books.pixels.iter().filter(|((_, who), _)| *who == o.address).map(|(_, p)| *p).sum();
        let before = m.pixels.insert(o.address, all).unwrap_or(0);
        let rivals: Vec<Peer> = m.peers.iter().filter(|p| p.id != me.id).cloned().collect();
        let actives = m.peers.iter().filter(|p| p.active);
        let full = actives.clone().count() >= self.scenario.orchestrators.active.0 as usize;
        let entry = actives.map(|p| p.stake_lpt).fold(f64::INFINITY, f64::min);
        let own = me.self_stake_lpt / me.stake_lpt.max(1e-9);
        let reward = if o.reward_ratio() > 0.0 { m.network.reward_rate() * me.stake_lpt } else { 0.0 };
        let view = operator::View {
            network: &m.network,
            rivals: &rivals,
            me,
            wallet_eth: self.chain.balance(o.address).to_f64_whole(),
            wallet_lpt: block_on(self.view.client.lpt_balance(o.address))?.to_f64_whole(),
            sessions_max: f64::from(node.max_sessions),
            sessions: f64::from(self.flows.sessions_with(o.actor)),
            megapixels: (all - before) as f64 / 1e6,
            own_fees_eth: o.last_fees() * (1.0 - me.fee_share * (1.0 - own)),
            own_rewards_lpt: reward * (me.reward_cut + (1.0 - me.reward_cut) * own),
            gas_spent_eth: m.network.gas_eth(REWARD_GAS),
            entry_lpt: if full && entry.is_finite() { entry } else { 0.0 },
        };
        let Some(o) = m.orchestrators.get_mut(i) else { return Ok(()) };
        let acts = o.policy.think(&view, &mut o.rng).map_err(|e| self.failed(o.address, &e))?;
        let actor = o.actor;
        for act in acts {
            self.operate(now, m, i, actor, &act)?;
        }
        Ok(())
    }

    fn failed(&self, who: Address, e: &BehaveError) -> LabError {
        LabError::Behaviour(format!("{}: {e}", self.names.of(&who)))
    }

    fn operate(
        &mut self,
        now: Instant,
        m: &mut Minds,
        i: usize,
        actor: ActorId,
        act: &operator::Act,
    ) -> Result<(), LabError> {
        use operator::Act as A;
        let Some(address) = self.node(actor).map(super::Node::address) else { return Ok(()) };
        match *act {
            A::SetPrice { wei_per_pixel } => self.set_price(now, i, actor, wei_per_pixel)?,
            A::SetCuts { reward_cut, fee_share } => {
                let share = |v: f64| Perc6((v.clamp(0.0, 1.0) * 1e6).round() as u32);
                let intent = TxIntent::Commission { reward_cut: share(reward_cut), fee_share: share(fee_share) };
                self.submit(now, actor, Part::Operator, TxId(0), &intent)?;
            }
            A::SetSessions { sessions } => self.set_sessions(now, actor, sessions.clamp(0.0, 1e6) as u32)?,
            A::Down { after_seconds, seconds } => {
                let at = now + Millis((after_seconds.max(0.0) * 1e3) as u64);
                self.kernel.schedule(at, priority::NODE, actor, Event::Crash);
                self.kernel.schedule(
                    at + Millis((seconds.max(0.0) * 1e3) as u64),
                    priority::NODE,
                    actor,
                    Event::Restart,
                );
            }
            A::Bond { lpt: amount } => {
                self.submit(now, actor, Part::Operator, TxId(0), &TxIntent::Bond { amount: lpt(amount), to: address })?;
            }
            A::Unbond { lpt: amount } => {
                self.submit(now, actor, Part::Operator, TxId(0), &TxIntent::Unbond { amount: lpt(amount) })?;
            }
            A::WithdrawFees => {
                let fees = block_on(self.view.client.delegator(address))?.fees;
                if !fees.is_zero() {
                    self.submit(now, actor, Part::Operator, TxId(0), &TxIntent::WithdrawFees { amount: fees })?;
                }
            }
            A::Sell { lpt } => self.sell(now, m, address, lpt),
            A::Quit => {
                if let Some(o) = m.orchestrators.get_mut(i) {
                    o.gone = true;
                }
                let stake = block_on(self.view.client.delegator(address))?.stake;
                self.submit(now, actor, Part::Operator, TxId(0), &TxIntent::Unbond { amount: stake })?;
                self.kernel.schedule(now + Millis::from_secs(60), priority::NODE, actor, Event::Crash);
            }
        }
        Ok(())
    }

    fn set_price(&mut self, now: Instant, i: usize, actor: ActorId, wei_per_pixel: f64) -> Result<(), LabError> {
        let asked = price(wei_per_pixel.max(0.0) * self.scenario.orchestrators.price_scale.0);
        let Some(spec) = self.specs.get_mut(i) else { return Ok(()) };
        self.prices.insert(spec.id.address(), asked.to_f64());
        spec.price = asked.clone();
        // Offers that are kept name the old one.
        self.view.active_reading += 1;
        let input = Input::Orchestrator(Box::new(orchestrator::Input::Price(asked)));
        self.deliver(now, actor, Part::Orchestrator, input)
    }

    /// Whether an orchestrator calls reward in this round.
    pub(super) fn calls_reward(&mut self, actor: ActorId) -> Result<bool, LabError> {
        let Some(i) = index(actor) else { return Ok(true) };
        let Some(m) = &mut self.minds else { return Ok(true) };
        let Some((me, o)) = m.peers.get(i).zip(m.orchestrators.get_mut(i)) else { return Ok(true) };
        let passed = self.view.head.l1.0.saturating_sub(self.view.round.start_block.0);
        let passed = passed as f64 / self.view.round.length.max(1) as f64;
        let view = RewardView { network: &m.network, me, gas: REWARD_GAS, passed };
        let address = o.address;
        o.policy
            .reward_call(&view, &mut o.rng)
            .map_err(|e| LabError::Behaviour(format!("{}: {e}", self.names.of(&address))))
    }

    fn think_delegator(&mut self, now: Instant, m: &mut Minds, i: usize) -> Result<(), LabError> {
        self.freshen(m, i)?;
        let Some(d) = m.delegators.get(i) else { return Ok(()) };
        let (stake, fees) = d.stake(&m.orchestrators);
        let locks = d.locks(self.view.current());
        let view = holder::View {
            network: &m.network,
            delegates: &m.peers,
            wallet_lpt: d.wallet,
            stake_lpt: stake,
            unclaimed_lpt: (stake - d.bonded).max(0.0),
            fees_eth: fees,
            delegate: d.delegate.map(|i| i as u64),
            locks: &locks,
        };
        let Some(d) = m.delegators.get_mut(i) else { return Ok(()) };
        let acts = d.policy.think(&view, &mut d.rng).map_err(|e| self.failed(d.address, &e))?;
        if acts.is_empty() {
            return Ok(());
        }
        d.stale = true;
        let (actor, address) = (d.actor, d.address);
        self.tell(now, actor, &weir_roles::ChainEvent::Round(self.view.round))?;
        self.catch_up(now, actor)?;
        for act in acts {
            self.hold(now, m, i, (actor, address), &act)?;
        }
        Ok(())
    }

    /// The crowd bonds or takes out what brings the next round's bonding rate to where the process has it.
    fn gather(&mut self, now: Instant, m: &mut Minds) -> Result<(), LabError> {
        let (Some((actor, address)), Some(rate)) = (m.crowd, m.processes.value(BONDING_RATE)) else { return Ok(()) };
        let client = &self.view.client;
        let minted = block_on(client.mintable())?.0.to_f64_whole();
        let (supply, bonded) = (m.network.supply_lpt + minted, m.network.bonded_lpt + minted);
        let lacks = rate.clamp(0.0, 1.0) * supply - bonded;
        let (wallet, state) = (block_on(client.lpt_balance(address))?, block_on(client.delegator(address))?);
        let command = if lacks > 0.0 {
            let amount = LptWei(lpt(lacks).0.min(wallet.0));
            delegator::Command::Bond { amount, to: state.delegate }
        } else {
            delegator::Command::Unbond { amount: LptWei(lpt(-lacks).0.min(state.stake.0)) }
        };
        self.tell(now, actor, &weir_roles::ChainEvent::Round(self.view.round))?;
        self.catch_up(now, actor)?;
        self.deliver(now, actor, Part::Delegator, Input::Command(command))
    }

    /// Reads what a delegator's own transactions changed.
    fn freshen(&self, m: &mut Minds, i: usize) -> Result<(), LabError> {
        let Some(d) = m.delegators.get_mut(i).filter(|d| d.stale) else { return Ok(()) };
        d.stale = false;
        let state = block_on(self.view.client.delegator(d.address))?;
        d.wallet = block_on(self.view.client.lpt_balance(d.address))?.to_f64_whole();
        d.delegate = m.orchestrators.iter().position(|o| o.address == state.delegate);
        if let Some(o) = d.delegate.and_then(|i| m.orchestrators.get(i)) {
            // What is pending is part of the stake: factors are set so that they say the same.
            let (bonded, stake) = (state.bonded.to_f64_whole(), state.stake.to_f64_whole());
            d.bonded = bonded;
            let grown = if bonded > 0.0 { (stake / bonded).max(1e-12) } else { 1.0 };
            d.factors.0 = o.rewards_factor / grown;
            let fees = state.fees.to_f64_whole();
            d.factors.1 = o.fees_factor - if bonded > 0.0 { fees * d.factors.0 / bonded } else { 0.0 };
        }
        Ok(())
    }

    fn hold(
        &mut self,
        now: Instant,
        m: &mut Minds,
        i: usize,
        (actor, address): (ActorId, Address),
        act: &holder::Act,
    ) -> Result<(), LabError> {
        use delegator::Command as C;
        use holder::Act as A;
        let to = |m: &Minds, id: u64| m.orchestrators.get(id as usize).map(|o| o.address);
        let command = match *act {
            A::Bond { lpt: amount, to: id } => to(m, id).map(|to| C::Bond { amount: lpt(amount), to }),
            A::Move { to: id } => to(m, id).map(|to| C::Bond { amount: LptWei::ZERO, to }),
            A::Unbond { lpt: amount } => {
                // No more than there is: a view is kept in floats.
                let stake = block_on(self.view.client.delegator(address))?.stake;
                let amount = LptWei(lpt(amount).0.min(stake.0));
                Some(C::Unbond { amount })
            }
            // The holder's machine withdraws when a lock opens.
            A::WithdrawStake { lock } => {
                if let Some(d) = m.delegators.get_mut(i) {
                    d.locks.retain(|l| l.0 != lock);
                }
                None
            }
            A::Rebond { lock } => {
                if let Some(d) = m.delegators.get_mut(i) {
                    d.locks.retain(|l| l.0 != lock);
                }
                Some(C::Rebond { lock })
            }
            A::Claim => Some(C::Claim),
            A::WithdrawFees => {
                let fees = block_on(self.view.client.delegator(address))?.fees;
                (!fees.is_zero()).then_some(C::WithdrawFees { amount: fees })
            }
            A::Buy { lpt } => {
                self.buy(now, m, address, lpt);
                None
            }
            A::Sell { lpt } => {
                self.sell(now, m, address, lpt);
                None
            }
        };
        match command {
            Some(c) => self.deliver(now, actor, Part::Delegator, Input::Command(c)),
            None => Ok(()),
        }
    }

    /// LPT goes to the market, and ETH comes from it, as the pool has it.
    fn sell(&mut self, now: Instant, m: &mut Minds, who: Address, amount: f64) {
        let have = block_on(self.view.client.lpt_balance(who)).map_or(LptWei::ZERO, |b| b);
        let tokens = LptWei(lpt(amount).0.min(have.0));
        if tokens.is_zero() {
            return;
        }
        let proceeds = m.pool.sell(tokens.to_f64_whole());
        m.traded.0 += tokens.to_f64_whole();
        self.transfer(now, who, self.deployer, tokens, "sell");
        let draft =
            Draft { from: self.deployer, to: who, value: eth(proceeds), data: Default::default(), kind: "proceeds" };
        self.kernel.schedule(now, priority::CHAIN, SEQUENCER, Event::Call { draft: Box::new(draft), origin: None });
    }

    /// LPT comes from the market. What it costs is money from outside, and is not on this chain.
    fn buy(&mut self, now: Instant, m: &mut Minds, who: Address, amount: f64) {
        m.pool.buy(amount * m.pool.lpt_eth());
        m.traded.1 += amount;
        self.transfer(now, self.deployer, who, lpt(amount), "buy");
    }

    fn transfer(&mut self, now: Instant, from: Address, to: Address, amount: LptWei, kind: &'static str) {
        let data = LivepeerToken::transferCall { to, amount: amount.0 }.abi_encode().into();
        let token = self.view.client.addresses().token;
        let draft = Draft { from, to: token, value: Wei::ZERO, data, kind };
        self.kernel.schedule(now, priority::CHAIN, SEQUENCER, Event::Call { draft: Box::new(draft), origin: None });
    }

    /// An operator's own stake comes out as soon as its lock is open.
    fn withdraw_own(&mut self, now: Instant, who: Address, lock: u64) {
        let data = BondingManager::withdrawStakeCall { _unbondingLockId: U256::from(lock) }.abi_encode().into();
        let to = self.view.client.addresses().bonding_manager;
        let draft = Draft { from: who, to, value: Wei::ZERO, data, kind: "withdrawStake" };
        self.kernel.schedule(now, priority::CHAIN, SEQUENCER, Event::Call { draft: Box::new(draft), origin: None });
    }
}
