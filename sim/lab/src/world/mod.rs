//! A simulated network: nodes, chain and links, driven by the event queue.
//!
//! Map, in reading order: [`actors`] (who takes part), [`demand`] (streams), [`setup`] (contracts,
//! stake, deposits), [`event`] (what happens), [`node`] (machines under one key), [`effects`] (what
//! machines want), [`chain`] (polls, transactions, blocks), [`view`] (the chain as nodes see it), [`moment`]
//! (all of it in brief).

mod actors;
mod blocks;
mod chain;
mod demand;
mod effects;
mod event;
mod minds;
mod moment;
mod node;
mod setup;
mod submit;
mod think;
mod traffic;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use weir_contracts::Deployment;
use weir_evm::Chain;
use weir_kernel::{ActorId, Fired, Kernel, Network};
use weir_roles::gateway;
use weir_types::{Address, Entropy, Instant, Round, Wei};

use crate::LabError;
use crate::books::{Books, LatencyParts};
use crate::clip::ClipInfo;
use crate::media::Studio;
use crate::names::Names;
use crate::scenario::{Scenario, Traffic};
use crate::snapshot::{self, RoundMeta, RoundRow};

pub(crate) use actors::names;
pub(crate) use event::Event;
pub(crate) use minds::MarketRow;
pub(crate) use moment::unnamed;
pub use moment::{Moment, NamedEvent, NodeState};

use demand::StreamPlan;
use event::{Origin, Part};
use node::{Input, Node};
use view::View;

/// Priorities of events at the same instant: the chain moves first, then news of it, then nodes.
mod priority {
    pub(super) const CHAIN: u8 = 0;
    pub(super) const NEWS: u8 = 1;
    pub(super) const NODE: u8 = 2;
}

/// Kind of the transactions of an upgrade.
const UPGRADE: &str = "upgrade";

/// A transaction on its way.
#[derive(Debug, Clone)]
struct Pending {
    origin: Option<Origin>,
    kind: &'static str,
}

/// A simulated network.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) kernel: Kernel<Event>,
    pub(crate) chain: Chain,
    pub(crate) view: View,
    pub(crate) network: Network,
    pub(crate) nodes: Vec<Node>,
    pub(crate) names: Names,
    pub(crate) prices: BTreeMap<Address, f64>,
    pub(crate) books: Books,
    pub(crate) rounds: Vec<RoundRow>,
    pub(crate) studio: Option<Studio>,
    /// Orchestrators that delivered segments of the real stream: by sequence number.
    pub(crate) delivered: BTreeMap<u64, String>,
    /// When demand begins.
    pub(crate) begin: Instant,
    /// When the last round is over.
    pub(crate) end: Instant,
    /// Transactions in blocks.
    pub(crate) transactions: u64,
    /// ETH at the start.
    pub(crate) eth_genesis: Wei,
    pub(crate) contracts: Vec<(&'static str, Address)>,
    deployment: Deployment,
    pub(crate) fee_account: Address,
    pub(crate) deployer: Address,
    plans: Vec<StreamPlan>,
    pending: BTreeMap<weir_types::B256, Pending>,
    /// Path of segments in flight, by gateway and request.
    requests: BTreeMap<(ActorId, u64), (u64, u64)>,
    parts: BTreeMap<(u64, u64), LatencyParts>,
    seal_scheduled: bool,
    ticket_ev: weir_ticket::Value,
    chain_rng: Entropy,
    behaviour: BTreeMap<ActorId, Entropy>,
    skip_reward: BTreeMap<ActorId, Entropy>,
    round_start: RoundMeta,
    first_round: Round,
    last_l1: u64,
    /// Who follows a sender's money.
    watchers: BTreeMap<Address, BTreeSet<ActorId>>,
    /// Places of nodes.
    by_address: BTreeMap<Address, usize>,
    /// Hashes of tickets that won without a real signature, by those of the signed ones in their place.
    sure: BTreeMap<weir_types::B256, weir_types::B256>,
    flows: traffic::Flows,
    minds: Option<Box<minds::Minds>>,
    /// Time between two looks of a node at the chain.
    poll_period: weir_types::Millis,
    specs: Vec<actors::OrchestratorSpec>,
}

impl World {
    /// Prices and trades by round, where they move.
    pub(crate) fn market_rows(&self) -> &[minds::MarketRow] {
        self.minds.as_ref().map_or(&[], |m| &m.rows)
    }

    /// Deploys the contracts, funds and bonds everybody, and schedules what the scenario says.
    pub(crate) fn new(scenario: &Scenario, seed: u64, clip: Option<&ClipInfo>) -> Result<Self, LabError> {
        setup::build(scenario, seed, clip)
    }

    /// True when nothing more may happen before the end of the last round.
    pub(crate) fn next(&mut self) -> Option<Fired<Event>> {
        let fired = self.kernel.pop()?;
        (fired.at <= self.end).then_some(fired)
    }

    /// Number of the round with demand that runs now, from 1.
    pub(crate) fn rounds_passed(&self) -> u64 {
        (self.view.current().0 + 1).saturating_sub(self.first_round.0)
    }

    /// Carry out an event.
    pub(crate) fn step(&mut self, fired: Fired<Event>) -> Result<(), LabError> {
        let now = fired.at;
        let actor = fired.actor;
        match fired.event {
            Event::Poll { life } => self.poll(now, actor, life),
            Event::Deliver { from, message } => {
                let Some(part) = self.node(actor).filter(|n| n.up).and_then(Node::message_part) else { return Ok(()) };
                self.deliver(now, actor, part, Input::Message { from: weir_roles::Peer(from.0), message })
            }
            Event::Timer { part, kind, life } => self.if_alive(now, actor, part, life, Input::Timer(kind)),
            Event::Work { part, done, life } => self.if_alive(now, actor, part, life, Input::Work(done)),
            Event::Outcome { part, id, outcome, life } => {
                self.if_alive(now, actor, part, life, Input::Tx { id, outcome })
            }
            Event::Arrive { raw, hash, kind, origin } => self.arrive(now, &raw, hash, kind, origin),
            Event::Call { draft, origin } => {
                self.arrive_unsigned(now, *draft, origin);
                Ok(())
            }
            Event::Seal => self.seal(now),
            Event::Settle { stream, turn } => self.settle(now, stream, turn),
            Event::Win { winner } => {
                let expires = winner.ticket.params_expiration_block.0;
                self.deliver(now, actor, Part::Redeemer, Input::Winner(winner))?;
                self.visit_when_due(now, actor, expires);
                Ok(())
            }
            Event::Look { life } => self.look(now, actor, life),
            Event::Think => self.think(now),
            Event::Market => self.market(now),
            Event::StreamStart { stream } => self.stream_start(now, actor, stream),
            Event::Segment { stream, seq } => self.segment(now, actor, stream, seq),
            Event::StreamEnd { stream } => {
                self.deliver(now, actor, Part::Gateway, Input::Gateway(gateway::Input::StreamEnd { stream }))
            }
            Event::Decide => self.decide(now, actor),
            Event::Crash => {
                self.crash(actor);
                self.interrupt(now, actor)
            }
            Event::Restart => self.restart(now, actor),
            Event::GasPrice => {
                self.draw_gas_price();
                Ok(())
            }
            Event::Upgrade { index } => self.upgrade(now, index),
        }
    }

    fn node(&self, actor: ActorId) -> Option<&Node> {
        self.nodes.get(index(actor)?)
    }

    fn node_mut(&mut self, actor: ActorId) -> Option<&mut Node> {
        self.nodes.get_mut(index(actor)?)
    }

    fn if_alive(&mut self, now: Instant, actor: ActorId, part: Part, life: u32, input: Input) -> Result<(), LabError> {
        if self.node(actor).is_some_and(|n| n.up && n.life == life) {
            self.deliver(now, actor, part, input)
        } else {
            Ok(())
        }
    }

    fn stream_start(&mut self, now: Instant, actor: ActorId, stream: u64) -> Result<(), LabError> {
        let Some(plan) = usize::try_from(stream).ok().and_then(|i| self.plans.get(i)) else { return Ok(()) };
        let next = self.plans.get(stream as usize + 1).filter(|p| !plan.real && !p.first && p.gateway == plan.gateway);
        if let Some(next) = next {
            self.kernel.schedule(next.start, priority::NODE, actor, Event::StreamStart { stream: stream + 1 });
        }
        if self.scenario.fidelity.traffic == Traffic::Round {
            return self.open_session(now, stream);
        }
        let Some(first) = plan.segment(0) else { return Ok(()) };
        let start = gateway::Input::StreamStart { stream, profiles: first.profiles };
        let address = self.node(actor).map(Node::address).unwrap_or_default();
        self.books.stream_started(address, stream, now);
        self.kernel.schedule(now, priority::NODE, actor, Event::Segment { stream, seq: 0 });
        self.deliver(now, actor, Part::Gateway, Input::Gateway(start))
    }

    fn segment(&mut self, now: Instant, actor: ActorId, stream: u64, seq: u64) -> Result<(), LabError> {
        let plan = usize::try_from(stream).ok().and_then(|i| self.plans.get(i));
        let Some(meta) = plan.and_then(|p| p.segment(seq)) else { return Ok(()) };
        let last = plan.is_none_or(|p| p.len() <= seq + 1);
        let address = self.node(actor).map(Node::address).unwrap_or_default();
        self.books.segments_arrived(address, stream, 1);
        // The next segment is complete when its playing time has passed.
        let next = now + meta.duration;
        let follow = if last { Event::StreamEnd { stream } } else { Event::Segment { stream, seq: seq + 1 } };
        // A stream's end must not overtake the answer to its last segment.
        let next = if last { next + weir_types::Millis::from_secs(20) } else { next };
        self.kernel.schedule(next, priority::NODE, actor, follow);
        self.deliver(now, actor, Part::Gateway, Input::Gateway(gateway::Input::segment(meta)))
    }

    fn crash(&mut self, actor: ActorId) {
        if let Some(n) = self.node_mut(actor) {
            n.up = false;
            n.life += 1;
        }
    }

    /// Read the round that is ending into the tables.
    pub(crate) fn close_round(&mut self) -> Result<(), LabError> {
        let orchestrators: Vec<Address> = self.addresses(|n| matches!(n.machines, node::Machines::Orchestrator(_)));
        let gateways: Vec<Address> = self.addresses(|n| matches!(n.machines, node::Machines::Gateway(_)));
        let row = snapshot::take(&self.view.client, self.round_start, &self.prices, &orchestrators, &gateways)?;
        self.rounds.push(row);
        Ok(())
    }

    fn addresses(&self, keep: impl Fn(&Node) -> bool) -> Vec<Address> {
        self.nodes.iter().filter(|n| keep(n)).map(Node::address).collect()
    }
}

/// Index of an actor's node; the sequencer has none.
fn index(actor: ActorId) -> Option<usize> {
    usize::try_from(actor.0).ok()?.checked_sub(1)
}
