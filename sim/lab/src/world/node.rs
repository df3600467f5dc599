//! A node: the machines that run under one key, and what a driver keeps for them.

use std::collections::BTreeSet;

use weir_chain::TxSigner;
use weir_roles::io::{Message, Standing};
use weir_roles::reward_caller::RewardCaller;
use weir_roles::round_keeper::RoundKeeper;
use weir_roles::{
    ChainEvent, Effects, Peer, TimerKind, TxId, TxOutcome, WorkDone, delegator, gateway, orchestrator, redeemer,
    reward_caller, round_keeper,
};
use weir_ticket::WinningTicket;
use weir_types::{Address, Entropy, Instant, Round};

use super::actors::Identity;
use super::event::Part;

/// Input of any machine, before it is known which.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    Chain(ChainEvent),
    Message { from: Peer, message: Box<Message> },
    Timer(TimerKind),
    Tx { id: TxId, outcome: TxOutcome },
    Work(WorkDone),
    Own { active: bool, last_reward_round: Round },
    Monitor(Address),
    Standing { sender: Address, standing: Standing },
    Winner(Box<WinningTicket>),
    Gateway(gateway::Input),
    Orchestrator(Box<orchestrator::Input>),
    Command(delegator::Command),
    Lock { id: u64, withdraw_round: Round },
}

/// The machines of a node.
pub(crate) enum Machines {
    Orchestrator(Box<OrchestratorNode>),
    Gateway(Box<gateway::Gateway>),
    Delegator(delegator::Delegator),
}

/// Everything an orchestrator's operator runs under one key.
pub(crate) struct OrchestratorNode {
    pub(crate) orchestrator: orchestrator::Orchestrator,
    pub(crate) redeemer: redeemer::Redeemer,
    pub(crate) reward: RewardCaller,
    pub(crate) keeper: RoundKeeper,
}

/// What of the chain a node has yet to read.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    pub(crate) new_round: bool,
    /// Watched senders whose money changed.
    pub(crate) senders: BTreeSet<Address>,
    /// Unbonding locks of its own, and when they open.
    pub(crate) locks: Vec<(u64, Round)>,
}

impl Inbox {
    pub(crate) fn is_empty(&self) -> bool {
        !self.new_round && self.senders.is_empty() && self.locks.is_empty()
    }
}

/// A node with what its driver keeps.
pub(crate) struct Node {
    pub(crate) id: Identity,
    pub(crate) machines: Machines,
    pub(crate) tx: TxSigner,
    pub(crate) rng: Entropy,
    pub(crate) net_rng: Entropy,
    /// How often it was started, from 0.
    pub(crate) life: u32,
    pub(crate) up: bool,
    /// When it last looked at the chain.
    pub(crate) looked: Instant,
    /// What the chain said that it has not read.
    pub(crate) inbox: Inbox,
    /// Senders whose money it follows.
    pub(crate) watched: BTreeSet<Address>,
    /// What survives a crash.
    pub(crate) disk: weir_roles::io::Records,
    /// When its transcoder is through with what it has been given.
    pub(crate) busy_until: Instant,
    /// Encoded pixels per second.
    pub(crate) pixel_rate: u64,
    /// Streams at a time.
    pub(crate) max_sessions: u32,
}

impl Node {
    pub(crate) const fn address(&self) -> Address {
        self.id.address()
    }

    /// Whether it is a delegator with stake on its way out.
    pub(crate) fn holds_locks(&self) -> bool {
        matches!(&self.machines, Machines::Delegator(d) if d.holds_locks())
    }

    /// Parts that chain events go to.
    pub(crate) const fn chain_parts(&self) -> &'static [Part] {
        match &self.machines {
            Machines::Orchestrator(_) => &[Part::Orchestrator, Part::Redeemer, Part::RewardCaller, Part::RoundKeeper],
            Machines::Gateway(_) => &[Part::Gateway],
            Machines::Delegator(_) => &[Part::Delegator],
        }
    }

    /// The part that messages go to, if the node takes messages.
    pub(crate) const fn message_part(&self) -> Option<Part> {
        match &self.machines {
            Machines::Orchestrator(_) => Some(Part::Orchestrator),
            Machines::Gateway(_) => Some(Part::Gateway),
            Machines::Delegator(_) => None,
        }
    }

    /// Hand an input to a part. An input that the part has no use for is dropped.
    pub(crate) fn handle(&mut self, now: Instant, part: Part, input: Input, out: &mut Effects) {
        let rng = &mut self.rng;
        match (&mut self.machines, part) {
            (Machines::Orchestrator(n), Part::Orchestrator) => {
                if let Some(i) = to_orchestrator(input) {
                    n.orchestrator.handle(now, i, rng, out);
                }
            }
            (Machines::Orchestrator(n), Part::Redeemer) => {
                if let Some(i) = to_redeemer(input) {
                    n.redeemer.handle(now, i, rng, out);
                }
            }
            (Machines::Orchestrator(n), Part::RewardCaller) => {
                if let Some(i) = to_reward(input) {
                    n.reward.handle(now, i, rng, out);
                }
            }
            (Machines::Orchestrator(n), Part::RoundKeeper) => {
                if let Some(i) = to_keeper(input) {
                    n.keeper.handle(now, i, rng, out);
                }
            }
            (Machines::Gateway(g), Part::Gateway) => {
                if let Some(i) = to_gateway(input) {
                    g.handle(now, i, rng, out);
                }
            }
            (Machines::Delegator(d), Part::Delegator) => {
                if let Some(i) = to_delegator(input) {
                    d.handle(now, i, rng, out);
                }
            }
            _ => {}
        }
    }
}

fn to_orchestrator(i: Input) -> Option<orchestrator::Input> {
    use orchestrator::Input as I;
    Some(match i {
        Input::Chain(e) => I::Chain(e),
        Input::Message { from, message } => I::Message { from, message },
        Input::Work(d) => I::Work(d),
        Input::Standing { sender, standing } => I::Standing { sender, standing },
        Input::Orchestrator(i) => *i,
        _ => return None,
    })
}

fn to_redeemer(i: Input) -> Option<redeemer::Input> {
    use redeemer::Input as I;
    Some(match i {
        Input::Chain(e) => I::Chain(e),
        Input::Monitor(a) => I::Monitor(a),
        Input::Winner(w) => I::Winner(w),
        Input::Tx { id, outcome } => I::Tx { id, outcome },
        _ => return None,
    })
}

fn to_reward(i: Input) -> Option<reward_caller::Input> {
    use reward_caller::Input as I;
    Some(match i {
        Input::Chain(e) => I::Chain(e),
        Input::Own { active, last_reward_round } => I::Own { active, last_reward_round },
        Input::Tx { outcome, .. } => I::Tx(outcome),
        _ => return None,
    })
}

fn to_keeper(i: Input) -> Option<round_keeper::Input> {
    use round_keeper::Input as I;
    Some(match i {
        Input::Chain(e) => I::Chain(e),
        Input::Timer(TimerKind::InitializeRound) => I::Timer,
        Input::Tx { outcome, .. } => I::Tx(outcome),
        _ => return None,
    })
}

fn to_gateway(i: Input) -> Option<gateway::Input> {
    use gateway::Input as I;
    Some(match i {
        Input::Chain(e) => I::Chain(e),
        Input::Message { from, message } => I::Message { from, message },
        Input::Timer(k) => I::Timer(k),
        Input::Gateway(i) => i,
        _ => return None,
    })
}

fn to_delegator(i: Input) -> Option<delegator::Input> {
    use delegator::Input as I;
    Some(match i {
        Input::Chain(e) => I::Chain(e),
        Input::Command(c) => I::Command(c),
        Input::Lock { id, withdraw_round } => I::Lock { id, withdraw_round },
        Input::Tx { outcome, .. } => I::Tx(outcome),
        _ => return None,
    })
}
