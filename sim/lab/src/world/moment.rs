//! The world at an instant, in brief.

use std::collections::BTreeMap;

use serde::Serialize;
use weir_kernel::{ActorId, Traced};
use weir_types::Instant;

use super::actors::SEQUENCER;
use super::node::{Machines, Node};
use super::{World, index};

/// An event that happened or will, with the name of its actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedEvent {
    /// How many events come before it.
    pub seq: u64,
    /// Virtual time in microseconds, as in `trace.jsonl`.
    pub at_us: u64,
    /// Actor.
    pub actor: u32,
    /// Its name; its number in words where nobody knows a name.
    pub name: String,
    /// Kind of event.
    pub kind: String,
    /// Digest of its contents; empty for one that has not happened.
    pub digest: String,
}

/// A node in brief.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeState {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: &'static str,
    /// Whether it runs.
    pub up: bool,
    /// How often it was started again.
    pub restarts: u32,
    /// Seconds of work that its transcoder has yet to do.
    pub busy_seconds: f64,
    /// Senders whose money it follows.
    pub watched: usize,
    /// Records on its disk.
    pub records: usize,
}

/// A run at an instant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moment {
    /// Events that have happened.
    pub events: u64,
    /// Virtual time in microseconds, as in `trace.jsonl`.
    pub at_us: u64,
    /// Virtual time in seconds since the first round began.
    pub seconds: f64,
    /// Round, from 1.
    pub round: u64,
    /// Rounds in all.
    pub rounds: u64,
    /// L1 block.
    pub l1_block: u64,
    /// Transactions in blocks.
    pub transactions: u64,
    /// Hash over all events so far.
    pub trace_hash: String,
    /// Events that wait, by kind.
    pub pending: BTreeMap<String, u64>,
    /// The next one; none when the run is over.
    pub next: Option<NamedEvent>,
    /// The last ones that happened, oldest first.
    pub last: Vec<NamedEvent>,
    /// What each node is doing.
    pub nodes: Vec<NodeState>,
}

impl World {
    /// Name of an actor.
    pub(crate) fn name(&self, actor: ActorId) -> String {
        let node = index(actor).and_then(|i| self.nodes.get(i));
        node.map_or_else(|| unnamed(actor.0), |n| n.id.name.clone())
    }

    /// The world as it is, with the events that came before.
    pub(crate) fn moment(&mut self, last: Vec<NamedEvent>) -> Moment {
        let now = self.kernel.now();
        let mut pending = BTreeMap::new();
        for event in self.kernel.pending() {
            *pending.entry(event.kind().to_owned()).or_default() += 1;
        }
        let (events, end) = (self.kernel.processed(), self.end);
        let next = self.kernel.peek().filter(|(at, ..)| *at <= end).map(|(at, actor, e)| (at, actor, e.kind()));
        let next = next.map(|(at, actor, kind)| NamedEvent {
            seq: events,
            at_us: at.0,
            actor: actor.0,
            name: self.name(actor),
            kind: kind.to_owned(),
            digest: String::new(),
        });
        let rounds = u64::from(self.scenario.rounds.count.0);
        Moment {
            events,
            at_us: now.0,
            seconds: now.as_secs_f64() - self.begin.as_secs_f64(),
            round: self.rounds_passed().min(rounds),
            rounds,
            l1_block: self.chain.l1_block_number(),
            transactions: self.transactions,
            trace_hash: self.kernel.trace_hash(),
            pending,
            next,
            last,
            nodes: self.nodes.iter().map(|n| state(n, now)).collect(),
        }
    }
}

fn state(node: &Node, now: Instant) -> NodeState {
    let role = match node.machines {
        Machines::Orchestrator(_) => "orchestrator",
        Machines::Gateway(_) => "gateway",
        Machines::Delegator(_) => "delegator",
    };
    NodeState {
        name: node.id.name.clone(),
        role,
        up: node.up,
        restarts: node.life,
        busy_seconds: node.busy_until.since(now).as_secs_f64(),
        watched: node.watched.len(),
        records: node.disk.len(),
    }
}

/// What an actor without a node is called.
pub(crate) fn unnamed(actor: u32) -> String {
    if actor == SEQUENCER.0 { "sequencer".to_owned() } else { format!("actor {actor}") }
}
