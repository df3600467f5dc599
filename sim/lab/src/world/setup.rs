//! Before the first event: contracts, money, stake, deposits, and a schedule.

use std::collections::BTreeMap;

use alloy::primitives::Bytes;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use weir_chain::{Client, Log, LogKind, TxSigner};
use weir_contracts::bindings::{BondingManager, LivepeerToken, RoundsManager, ServiceRegistry, TicketBroker};
use weir_contracts::{Deployment, Plan, ProtocolParams};
use weir_evm::{Chain, ChainConfig};
use weir_kernel::{ActorId, Kernel, Network, Streams, draw_crashes};
use weir_market::admission::AdmissionConfig;
use weir_market::price::PriceList;
use weir_market::selection::{Probability, Weights};
use weir_roles::gateway::{Gateway, GatewayConfig};
use weir_roles::io::Records;
use weir_roles::orchestrator::{Orchestrator, OrchestratorConfig};
use weir_roles::redeemer::Redeemer;
use weir_roles::reward_caller::RewardCaller;
use weir_roles::round_keeper::RoundKeeper;
use weir_roles::{Peer, delegator};
use weir_ticket::recipient::RecipientConfig;
use weir_ticket::sender::SenderConfig;
use weir_types::{Address, Entropy, Instant, LptWei, Millis, Perc9, Round, U256, Wei};

use super::actors::{CROWD, Cast, DelegatorSpec, Identity, OrchestratorSpec, SEQUENCER};
use super::demand;
use super::event::Event;
use super::minds::Minds;
use super::node::{Inbox, Machines, Node, OrchestratorNode};
use super::submit::{signer, verifier};
use super::traffic::{Flows, LOOKS_PER_ROUND};
use super::view::View;
use super::{World, priority};
use crate::LabError;
use crate::books::Books;
use crate::clip::ClipInfo;
use crate::names::Names;
use crate::scenario::{Scenario, Traffic, eth, lpt, price};
use crate::snapshot::RoundMeta;

/// L1 blocks at the end of the last round in which no new work comes in, so that every winning
/// ticket can be redeemed: parameters live for 40 of them.
const SETTLE_BLOCKS: u64 = 46;
/// Chain id of the embedded chain.
pub(crate) const CHAIN_ID: u64 = 424_242;
/// Unix time of the genesis block: 1 December 2025.
const GENESIS_TIME: u64 = 1_764_547_200;
/// L1 block at genesis.
pub(super) const L1_START: u64 = 23_900_000;

/// Newest blocks that the chain keeps.
const KEEP_BLOCKS: u64 = 64;

/// Longest wait of a node before it initialises a round.
const KEEPER_DELAY: Millis = Millis::from_secs(30);

const DEPLOYER: Address = Address::repeat_byte(0xde);
const FEES: Address = Address::repeat_byte(0xfe);

pub(super) fn build(s: &Scenario, seed: u64, clip: Option<&ClipInfo>) -> Result<World, LabError> {
    let streams = Streams::new(seed);
    let cast = Cast::draw(s, &streams);
    let mut chain_rng = streams.stream("chain", "gas price");
    let gwei = s.chain.gas_price_gwei.draw(0, &mut chain_rng);
    let chain = Chain::new(ChainConfig {
        chain_id: CHAIN_ID,
        genesis_time: GENESIS_TIME,
        l1_start: L1_START,
        l1_block_time_s: u64::from(s.rounds.l1_block_seconds.0),
        base_fee: Wei::new((gwei * 1e9).round() as u128),
        fee_account: FEES,
        // Nobody looks back: what is in a block is read when it is made.
        keep_blocks: Some(KEEP_BLOCKS),
        ..ChainConfig::default()
    });
    let mut stage = Stage { chain: &chain, transactions: 0, logs: Vec::new() };
    let eth_genesis = stage.fund(s, &cast)?;
    chain.set_automine(true);
    let deployment = stage.deploy(s)?;
    stage.next_round(&deployment, s)?;
    stage.bond(s, &cast, &deployment)?;
    stage.deposits(s, &cast, &deployment)?;
    let begin = stage.next_round(&deployment, s)?;
    let Stage { transactions, logs, .. } = stage;
    chain.set_automine(false);
    assemble(
        s,
        seed,
        &streams,
        &cast,
        chain,
        deployment,
        clip,
        Ready { begin, transactions, logs, eth_genesis, chain_rng },
    )
}

/// What the set-up found out.
struct Ready {
    begin: Instant,
    transactions: u64,
    logs: Vec<LogKind>,
    eth_genesis: Wei,
    chain_rng: weir_types::Entropy,
}

/// The chain before the first event: every transaction makes its own block.
struct Stage<'a> {
    chain: &'a Chain,
    transactions: u64,
    /// What the contracts said so far: money that the set-up moves belongs into the books like any other.
    logs: Vec<LogKind>,
}

impl Stage<'_> {
    fn call(
        &mut self,
        what: &'static str,
        who: &str,
        from: Address,
        to: Option<Address>,
        value: Wei,
        data: Vec<u8>,
    ) -> Result<(), LabError> {
        self.transactions += 1;
        let fail = |reason: String| LabError::SetupTx { what, who: who.to_owned(), reason };
        let hash =
            self.chain.send_unsigned(from, to, value, Bytes::from(data), None).map_err(|e| fail(e.to_string()))?;
        match self.chain.receipt(hash) {
            Some(r) if r.success => {
                for log in &r.logs {
                    self.logs.extend(Log::read(log).map_err(|e| fail(e.to_string()))?.map(|log| log.kind));
                }
                Ok(())
            }
            Some(_) => Err(fail(self.chain.revert_reason(hash).unwrap_or_else(|| "no reason given".to_owned()))),
            None => Err(fail("it is in no block".to_owned())),
        }
    }

    /// Gives everybody ETH. Returns all there is.
    fn fund(&mut self, s: &Scenario, cast: &Cast) -> Result<Wei, LabError> {
        let mut total = U256::ZERO;
        let mut give = |who: Address, amount: Wei| {
            total = total.saturating_add(amount.0);
            self.chain.set_balance(who, amount);
        };
        // Where LPT is sold, the money comes from it too.
        give(DEPLOYER, Wei::from_whole(if s.has_minds() { 1_000_000 } else { 1_000 }));
        let gas = eth(s.orchestrators.gas_eth.0);
        cast.orchestrators.iter().for_each(|o| give(o.id.address(), gas));
        let g = &s.gateways;
        let purse = U256::ZERO + eth(g.gas_eth.0).0 + eth(g.deposit_eth.0).0 + eth(g.reserve_eth.0).0;
        cast.gateways.iter().for_each(|id| give(id.address(), Wei(purse)));
        let gas = eth(s.delegators.gas_eth.0);
        cast.delegators.iter().for_each(|d| give(d.id.address(), gas));
        Ok(Wei(total))
    }

    fn deploy(&mut self, s: &Scenario) -> Result<Deployment, LabError> {
        let params = ProtocolParams {
            version: s.chain.protocol,
            round_length: u64::from(s.rounds.length_blocks.0),
            num_active_transcoders: u64::from(s.orchestrators.active.0),
            inflation: Perc9(s.token.inflation_ppb),
            inflation_change: Perc9(s.token.inflation_change_ppb),
            target_bonding_rate: Perc9((s.token.target_bonding_rate.0 * 1e9).round() as u64),
            genesis_lpt: lpt(s.token.genesis_lpt.0),
            ..ProtocolParams::arbitrum_one()
        };
        let plan =
            Plan::new(DEPLOYER, self.chain.nonce(DEPLOYER), &params).map_err(|e| LabError::Setup(e.to_string()))?;
        for step in &plan.steps {
            self.call("deploy", &step.label, DEPLOYER, step.to, Wei::ZERO, step.input.to_vec())?;
        }
        Ok(plan.deployment)
    }

    /// Jumps to the next round's first block and initialises it.
    fn next_round(&mut self, d: &Deployment, s: &Scenario) -> Result<Instant, LabError> {
        let length = u64::from(s.rounds.length_blocks.0);
        let l1 = self.chain.l1_block_number();
        // Rounds start at multiples of their length, counted from the first.
        let blocks = length - l1 % length;
        let seconds = u64::from(s.rounds.l1_block_seconds.0);
        let at = Instant::from_secs((l1 + blocks - L1_START) * seconds);
        self.chain.advance_to(at);
        self.call(
            "initializeRound",
            "deployer",
            DEPLOYER,
            Some(d.rounds_manager),
            Wei::ZERO,
            RoundsManager::initializeRoundCall {}.abi_encode(),
        )?;
        Ok(at)
    }

    fn bond(&mut self, s: &Scenario, cast: &Cast, d: &Deployment) -> Result<(), LabError> {
        let purses = cast.delegators.iter().map(|x| purse(s, x)).chain(cast.orchestrators.iter().map(|o| o.stake));
        let (wanted, all) = (purses.fold(U256::ZERO, |sum, p| sum.saturating_add(p.0)), lpt(s.token.genesis_lpt.0));
        if wanted > all.0 {
            return Err(LabError::Stakes { wanted: LptWei(wanted), genesis: all });
        }
        for o in &cast.orchestrators {
            self.stake(&o.id, o.stake, o.stake, o.id.address(), d)?;
            let cut = BondingManager::transcoderCall {
                _rewardCut: U256::from(o.reward_cut.0),
                _feeShare: U256::from(o.fee_share.0),
            };
            self.call("transcoder", &o.id.name, o.id.address(), Some(d.bonding_manager), Wei::ZERO, cut.abi_encode())?;
            let uri = ServiceRegistry::setServiceURICall { _serviceURI: o.uri.clone() };
            self.call(
                "setServiceURI",
                &o.id.name,
                o.id.address(),
                Some(d.service_registry),
                Wei::ZERO,
                uri.abi_encode(),
            )?;
        }
        for x in &cast.delegators {
            let Some(to) = cast.orchestrators.get(x.delegate).map(|o| o.id.address()) else { continue };
            let purse = match x.id.name == CROWD {
                true => LptWei(all.0 - wanted),
                false => purse(s, x),
            };
            self.stake(&x.id, purse, x.stake, to, d)?;
        }
        Ok(())
    }

    fn stake(
        &mut self,
        id: &Identity,
        purse: LptWei,
        stake: LptWei,
        to: Address,
        d: &Deployment,
    ) -> Result<(), LabError> {
        if stake.is_zero() {
            return Ok(());
        }
        let give = LivepeerToken::transferCall { to: id.address(), amount: purse.0 };
        self.call("transfer", &id.name, DEPLOYER, Some(d.token), Wei::ZERO, give.abi_encode())?;
        let approve = LivepeerToken::approveCall { spender: d.bonding_manager, amount: stake.0 };
        self.call("approve", &id.name, id.address(), Some(d.token), Wei::ZERO, approve.abi_encode())?;
        let bond = BondingManager::bondCall { _amount: stake.0, _to: to };
        self.call("bond", &id.name, id.address(), Some(d.bonding_manager), Wei::ZERO, bond.abi_encode())
    }

    fn deposits(&mut self, s: &Scenario, cast: &Cast, d: &Deployment) -> Result<(), LabError> {
        let (deposit, reserve) = (eth(s.gateways.deposit_eth.0), eth(s.gateways.reserve_eth.0));
        let value = Wei(deposit.0.saturating_add(reserve.0));
        for g in &cast.gateways {
            let fund = TicketBroker::fundDepositAndReserveCall { _depositAmount: deposit.0, _reserveAmount: reserve.0 };
            self.call("fundDepositAndReserve", &g.name, g.address(), Some(d.ticket_broker), value, fund.abi_encode())?;
        }
        Ok(())
    }
}

#[allow(clippy::too_many_arguments)]
fn assemble(
    s: &Scenario,
    seed: u64,
    streams: &Streams,
    cast: &Cast,
    chain: Chain,
    d: Deployment,
    clip: Option<&ClipInfo>,
    ready: Ready,
) -> Result<World, LabError> {
    let client = Client::new(chain.local_provider(), (&d).into());
    let mut books = Books::default();
    books.keep_segments = s.results.segments;
    for kind in &ready.logs {
        books.log(Instant::ZERO, Round(0), kind, 0, Wei::ZERO);
    }
    let peers = cast.orchestrators.iter().map(|o| (o.uri.clone(), Peer(o.id.actor.0))).collect();
    let view = View::new(client, peers)?;
    let round_seconds = u64::from(s.rounds.length_blocks.0) * u64::from(s.rounds.l1_block_seconds.0);
    let end = ready.begin + Millis::from_secs(round_seconds * u64::from(s.rounds.count.0));
    let settle = Millis::from_secs(
        SETTLE_BLOCKS.min(u64::from(s.rounds.length_blocks.0) - 1) * u64::from(s.rounds.l1_block_seconds.0),
    );
    let demand_end = Instant(end.0.saturating_sub(settle.0 * 1000));
    let plans = demand::plan(s, streams, clip, ready.begin, demand_end);
    let mut names = Names::default();
    let mut prices = BTreeMap::new();
    let mut network = network(s);
    let mut place = streams.stream("network", "regions");
    let mut nodes = Vec::new();
    for o in &cast.orchestrators {
        names.insert(o.id.address(), o.id.name.clone());
        prices.insert(o.id.address(), o.price.to_f64());
        locate(&mut network, o.id.actor, s, &mut place);
        let mut rng = streams.stream(&o.id.name, "start");
        let machines = orchestrator_node(s, o, &mut rng, &Records::new())?;
        nodes.push(node(
            &o.id,
            Machines::Orchestrator(Box::new(machines)),
            &chain,
            streams,
            (o.pixel_rate, s.orchestrators.max_sessions.0),
        ));
    }
    for g in &cast.gateways {
        names.insert(g.address(), g.name.clone());
        locate(&mut network, g.actor, s, &mut place);
        nodes.push(node(g, Machines::Gateway(Box::new(gateway(s, g)?)), &chain, streams, (0, 0)));
    }
    for x in &cast.delegators {
        names.insert(x.id.address(), x.id.name.clone());
        nodes.push(node(&x.id, Machines::Delegator(delegator::Delegator::new()), &chain, streams, (0, 0)));
    }
    let round_start = RoundMeta {
        round: view.current(),
        l1_block: view.round.start_block.0,
        start_seconds: 0.0,
        gas_price: view.head.gas_price,
    };
    let config = gateway_config(s)?;
    let flows = Flows::new(
        config.selection,
        config.strategy,
        config.payment,
        round_seconds,
        streams.stream("network", "traffic"),
    );
    let by_address = nodes.iter().enumerate().map(|(i, n): (usize, &Node)| (n.address(), i)).collect();
    let poll_period = match s.fidelity.traffic {
        Traffic::Segment => Millis::from_secs(u64::from(s.chain.poll_seconds.0)),
        Traffic::Round => Millis(round_seconds * 1_000 / LOOKS_PER_ROUND),
    };
    let mut world = World {
        watchers: BTreeMap::new(),
        by_address,
        sure: BTreeMap::new(),
        flows,
        poll_period,
        minds: Minds::build(s, streams, cast)?,
        scenario: s.clone(),
        kernel: Kernel::new(seed),
        last_l1: chain.l1_block_number(),
        first_round: view.current(),
        chain,
        view,
        network,
        nodes,
        names,
        prices,
        books,
        rounds: Vec::new(),
        studio: None,
        delivered: BTreeMap::new(),
        begin: ready.begin,
        end,
        transactions: ready.transactions,
        eth_genesis: ready.eth_genesis,
        contracts: contracts(&d),
        deployment: d,
        fee_account: FEES,
        deployer: DEPLOYER,
        plans,
        pending: BTreeMap::new(),
        requests: BTreeMap::new(),
        parts: BTreeMap::new(),
        seal_scheduled: false,
        ticket_ev: weir_ticket::Value::from(Wei::new(u128::from(s.orchestrators.ticket_ev_wei))),
        chain_rng: ready.chain_rng,
        behaviour: BTreeMap::new(),
        skip_reward: BTreeMap::new(),
        round_start,
        specs: cast.orchestrators.clone(),
    };
    world.schedule(streams, cast, round_seconds)?;
    Ok(world)
}

/// What a delegator has: a tenth more than its stake where some add to theirs later. The crowd has what others leave.
fn purse(s: &Scenario, x: &DelegatorSpec) -> LptWei {
    let stake = x.stake;
    if x.id.name == CROWD {
        return LptWei::ZERO;
    }
    if s.delegators.bond_more.0 > 0.0 { LptWei(stake.0.saturating_add(stake.0 / U256::from(10u64))) } else { stake }
}

fn contracts(d: &Deployment) -> Vec<(&'static str, Address)> {
    vec![
        ("controller", d.controller),
        ("token", d.token),
        ("minter", d.minter),
        ("rounds_manager", d.rounds_manager),
        ("bonding_manager", d.bonding_manager),
        ("ticket_broker", d.ticket_broker),
        ("service_registry", d.service_registry),
    ]
}

fn node(
    id: &Identity,
    machines: Machines,
    chain: &Chain,
    streams: &Streams,
    (pixel_rate, max_sessions): (u64, u32),
) -> Node {
    let signer = PrivateKeySigner::from_slice(&id.key.secret_bytes()).expect("a signing key is a valid secret key");
    Node {
        tx: TxSigner::new(signer, CHAIN_ID, chain.nonce(id.address())),
        rng: streams.stream(&id.name, "role"),
        net_rng: streams.stream(&id.name, "network"),
        id: id.clone(),
        machines,
        life: 0,
        up: true,
        looked: Instant::ZERO,
        inbox: Inbox::default(),
        watched: std::collections::BTreeSet::new(),
        disk: BTreeMap::new(),
        busy_until: Instant::ZERO,
        pixel_rate,
        max_sessions,
    }
}

fn network(s: &Scenario) -> Network {
    let n = &s.network;
    let index = |r: &String| n.regions.iter().position(|x| x == r).unwrap_or(0);
    let size = n.regions.len();
    let mut latency = vec![vec![Millis(0); size]; size];
    let mut loss = vec![vec![0.0; size]; size];
    for l in &n.links {
        let (a, b) = (index(&l.from), index(&l.to));
        for (x, y) in [(a, b), (b, a)] {
            latency[x][y] = Millis(l.latency_ms.0.round() as u64);
            loss[x][y] = l.loss.0;
        }
    }
    Network::new(weir_kernel::NetworkConfig {
        regions: n.regions.clone(),
        latency,
        jitter_sigma: n.jitter_sigma.0,
        loss,
        partitions: Vec::new(),
    })
}

fn locate(network: &mut Network, actor: ActorId, s: &Scenario, rng: &mut weir_types::Entropy) {
    let region = rng.below(s.network.regions.len() as u64) as usize;
    let mbps = s.network.bandwidth_mbps.draw(0, rng);
    let bits = (mbps * 1e6) as u64;
    network.place(actor, region, bits, bits);
}

/// An orchestrator's machines as its process starts, with what its disk kept.
pub(super) fn orchestrator_node(
    s: &Scenario,
    o: &OrchestratorSpec,
    rng: &mut Entropy,
    disk: &Records,
) -> Result<OrchestratorNode, LabError> {
    let tickets = RecipientConfig {
        ev: Wei::new(u128::from(s.orchestrators.ticket_ev_wei)),
        redeem_gas: s.orchestrators.redeem_gas,
        tx_cost_multiplier: u64::from(s.orchestrators.tx_cost_multiplier.0),
        max_face_value: Wei::ZERO,
    };
    let redeemer = Redeemer::restore(o.id.address(), tickets.redeem_gas, disk)
        .map_err(|e| LabError::Setup(format!("{}: {e}", o.id.name)))?
        .with_batch(s.orchestrators.redeem_batch.0 as usize);
    let config = OrchestratorConfig {
        prices: PriceList::new(Some(o.price.clone()), true),
        admission: AdmissionConfig {
            max_sessions: u64::from(s.orchestrators.max_sessions.0),
            ..AdmissionConfig::default()
        },
        tickets,
    };
    Ok(OrchestratorNode {
        orchestrator: Orchestrator::new(config, signer(s, &o.id), rng).with_verifier(verifier(s)),
        redeemer,
        reward: RewardCaller::new(),
        keeper: RoundKeeper::new(KEEPER_DELAY),
    })
}

/// What gateways choose and pay by.
fn gateway_config(s: &Scenario) -> Result<GatewayConfig, LabError> {
    let g = &s.gateways;
    let w = &g.selection;
    let weights = Weights::new(w.stake_weight.0, w.price_weight.0, w.random_weight.0)
        .map_err(|e| LabError::Setup(e.to_string()))?;
    let max = price(g.max_price_wei_per_pixel.0 * s.orchestrators.price_scale.0);
    let selection = Probability {
        weights,
        price_factor: w.price_exp_factor.0,
        // Zero means any price, as it does to an operator.
        max_price: (!max.is_free()).then_some(max),
        ..Probability::default()
    };
    let payment = SenderConfig {
        max_ticket_ev: Wei::new(u128::from(g.max_ticket_ev_wei)).into(),
        max_total_ev: Wei::new(u128::from(g.max_total_ev_wei)).into(),
        ..SenderConfig::default()
    };
    Ok(GatewayConfig { selection, strategy: g.strategy, payment, ..GatewayConfig::default() })
}

fn gateway(s: &Scenario, id: &Identity) -> Result<Gateway, LabError> {
    Ok(Gateway::new(gateway_config(s)?, signer(s, id)).with_verifier(verifier(s)))
}

impl World {
    fn schedule(&mut self, streams: &Streams, cast: &Cast, round_seconds: u64) -> Result<(), LabError> {
        let begin = self.begin;
        for (i, plan) in self.plans.iter().enumerate().filter(|(_, plan)| plan.first) {
            let actor = cast.gateways[plan.gateway].actor;
            self.kernel.schedule(plan.start, priority::NODE, actor, Event::StreamStart { stream: i as u64 });
        }
        let period = u64::from(self.scenario.chain.poll_seconds.0) * 1_000_000;
        let operators: Vec<ActorId> =
            cast.orchestrators.iter().map(|o| o.id.actor).chain(cast.gateways.iter().map(|g| g.actor)).collect();
        for actor in operators {
            let phase = self.node_mut(actor).map_or(0, |n| n.net_rng.below(period));
            self.tell(begin, actor, &weir_roles::ChainEvent::Head(self.view.head))?;
            self.tell_round(begin, actor)?;
            self.kernel.schedule(Instant(begin.0 + phase), priority::NODE, actor, Event::Poll { life: 0 });
        }
        for o in &cast.orchestrators {
            self.skip_reward.insert(o.id.actor, streams.stream(&o.id.name, "missed rewards"));
        }
        if self.scenario.delegators.behaviour.is_none() {
            self.schedule_decisions(streams, &cast.delegators);
        }
        if self.minds.is_some() {
            self.kernel.schedule(begin, priority::CHAIN, SEQUENCER, Event::Think);
            self.kernel.schedule(begin, priority::CHAIN, SEQUENCER, Event::Market);
        }
        self.schedule_faults(streams, &cast.orchestrators);
        for r in 1..u64::from(self.scenario.rounds.count.0) {
            let at = begin + Millis::from_secs(r * round_seconds);
            self.kernel.schedule(at, priority::CHAIN, SEQUENCER, Event::GasPrice);
        }
        for (index, upgrade) in self.scenario.chain.upgrades.iter().enumerate() {
            let at = begin + Millis::from_secs((u64::from(upgrade.round.0) - 1) * round_seconds);
            self.kernel.schedule(at, priority::CHAIN, SEQUENCER, Event::Upgrade { index: index as u64 });
        }
        Ok(())
    }

    fn schedule_decisions(&mut self, streams: &Streams, delegators: &[DelegatorSpec]) {
        for x in delegators.iter().filter(|x| x.id.name != CROWD) {
            let actor = x.id.actor;
            let mut rng = streams.stream(&x.id.name, "decisions");
            let at = Instant(self.begin.0 + rng.below(self.scenario.round_seconds() * 1_000_000));
            self.behaviour.insert(actor, rng);
            self.kernel.schedule(at, priority::NODE, actor, Event::Decide);
        }
    }

    fn schedule_faults(&mut self, streams: &Streams, orchestrators: &[OrchestratorSpec]) {
        let f = &self.scenario.faults;
        let actors: Vec<ActorId> = orchestrators.iter().map(|o| o.id.actor).collect();
        let n = f.orchestrator_crashes as usize;
        let down_for = Millis((f.down_seconds.0 * 1e3).round() as u64);
        // Late crashes would leave nothing to recover from.
        let middle = Instant(self.begin.0 + (self.end.0 - self.begin.0) / 2);
        let mut rng = streams.stream("faults", "crashes");
        for c in draw_crashes(&mut rng, &actors, n, self.begin, middle, down_for) {
            self.kernel.schedule(c.at, priority::NODE, c.actor, Event::Crash);
            self.kernel.schedule(c.back(), priority::NODE, c.actor, Event::Restart);
        }
    }

    /// Build a node's machines anew from its disk.
    pub(super) fn rebuild(&mut self, i: usize) -> Result<(), LabError> {
        let (Some(node), Some(spec)) = (self.nodes.get_mut(i), self.specs.get(i)) else { return Ok(()) };
        let fresh = orchestrator_node(&self.scenario, spec, &mut node.rng, &node.disk)?;
        node.machines = Machines::Orchestrator(Box::new(fresh));
        node.watched.clear();
        Ok(())
    }
}
