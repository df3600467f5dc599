//! Actors that follow behaviours, what they know, and the numbers that move around them.
//!
//! Views are filled from what the chain's logs and the books say; a behaviour never reads the contracts. Where a view
//! needs an amount that the contracts reckon anew each round, such as a delegator's stake with its rewards, it is kept
//! up here in whole tokens, and set right whenever the holder's own transactions show it.

use std::collections::BTreeMap;

use weir_behave::delegator::{DelegatorPolicy, Lock};
use weir_behave::{Network, Oracle, OrchestratorPolicy, Peer, Pool, Processes};
use weir_kernel::{ActorId, Streams};
use weir_types::{Address, Entropy, Round};

use super::actors::{CROWD, Cast};
use crate::LabError;
use crate::scenario::Scenario;

/// Rounds over which reward calls and fees of an orchestrator are looked at.
const MEMORY: usize = 30;
/// Price of ETH in US dollars where no process gives one: January 2026.
const ETH_USD: f64 = 2_982.0;

/// An orchestrator's behaviour, and what of it is known.
#[derive(Debug)]
pub(super) struct OrchestratorMind {
    pub(super) actor: ActorId,
    pub(super) address: Address,
    pub(super) policy: Box<dyn OrchestratorPolicy>,
    pub(super) rng: Entropy,
    /// For good.
    pub(super) gone: bool,
    /// Rewards and fees of its pool of stake over the run, as factors on a unit of stake.
    pub(super) rewards_factor: f64,
    pub(super) fees_factor: f64,
    /// Fees and reward calls of the last rounds, newest last.
    fees: Vec<f64>,
    called: Vec<bool>,
}

/// A delegator's behaviour, and what of its stake is known.
#[derive(Debug)]
pub(super) struct DelegatorMind {
    pub(super) actor: ActorId,
    pub(super) address: Address,
    pub(super) policy: Box<dyn DelegatorPolicy>,
    pub(super) rng: Entropy,
    /// Stake as of its last claim, and the factors of its delegate at that time.
    pub(super) bonded: f64,
    pub(super) factors: (f64, f64),
    pub(super) delegate: Option<usize>,
    pub(super) wallet: f64,
    pub(super) locks: Vec<(u64, f64, Round)>,
    /// Set by its own transactions: it is read anew.
    pub(super) stale: bool,
}

impl DelegatorMind {
    /// Stake with its rewards, and fees, by the factors of its delegate.
    pub(super) fn stake(&self, minds: &[OrchestratorMind]) -> (f64, f64) {
        let Some(o) = self.delegate.and_then(|i| minds.get(i)) else { return (0.0, 0.0) };
        let stake = self.bonded * o.rewards_factor / self.factors.0;
        (stake, self.bonded / self.factors.0 * (o.fees_factor - self.factors.1).max(0.0))
    }

    pub(super) fn locks(&self, round: Round) -> Vec<Lock> {
        let lock =
            |(id, lpt, at): &(u64, f64, Round)| Lock { id: *id, lpt: *lpt, rounds_left: at.0.saturating_sub(round.0) };
        self.locks.iter().map(lock).collect()
    }
}

/// What is traded in a round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MarketRow {
    pub(crate) round: u64,
    pub(crate) seconds: f64,
    pub(crate) lpt_eth: f64,
    pub(crate) eth_usd: f64,
    pub(crate) gas_gwei: f64,
    pub(crate) sentiment: f64,
    pub(crate) sold_lpt: f64,
    pub(crate) bought_lpt: f64,
}

/// All behaviours of a run.
#[derive(Debug)]
pub(super) struct Minds {
    pub(super) orchestrators: Vec<OrchestratorMind>,
    pub(super) delegators: Vec<DelegatorMind>,
    pub(super) processes: Processes,
    pub(super) pool: Pool,
    pub(super) oracle: Oracle<2>,
    pub(super) oracle_rng: Entropy,
    pub(super) network: Network,
    /// Orchestrators as everybody sees them.
    pub(super) peers: Vec<Peer>,
    /// Who keeps the bonding rate up, where a process says what it is.
    pub(super) crowd: Option<(ActorId, Address)>,
    /// How much of the books has been looked at.
    pub(super) read: (usize, usize),
    pub(super) traded: (f64, f64),
    pub(super) rows: Vec<MarketRow>,
    /// Pixels of each orchestrator when it last thought.
    pub(super) pixels: BTreeMap<Address, u64>,
    pub(super) started: bool,
    /// Stake of operators on its way out.
    pub(super) own_locks: Vec<(Address, u64, Round)>,
}

impl Minds {
    /// Behaviours as a scenario names them; none where it names nothing.
    pub(super) fn build(s: &Scenario, streams: &Streams, cast: &Cast) -> Result<Option<Box<Self>>, LabError> {
        if !s.has_minds() {
            return Ok(None);
        }
        let fail = |e: weir_behave::BehaveError| LabError::Behaviour(e.to_string());
        let mut scripts = s.programs().map_err(fail)?;
        let mut orchestrators = Vec::new();
        for (o, rules) in cast.orchestrators.iter().zip(rules(s, streams)) {
            let mut rng = streams.stream(&o.id.name, "behaviour");
            orchestrators.push(OrchestratorMind {
                actor: o.id.actor,
                address: o.id.address(),
                policy: rules.build(&mut scripts, &mut rng).map_err(fail)?,
                rng,
                gone: false,
                rewards_factor: 1.0,
                fees_factor: 0.0,
                fees: Vec::new(),
                called: Vec::new(),
            });
        }
        let mut delegators = Vec::new();
        for x in s.delegators.behaviour.iter().flat_map(|rules| cast.delegators.iter().map(move |x| (rules, x))) {
            if x.1.id.name == CROWD {
                continue;
            }
            let (rules, x) = x;
            let mut rng = streams.stream(&x.id.name, "behaviour");
            delegators.push(DelegatorMind {
                actor: x.id.actor,
                address: x.id.address(),
                policy: rules.build(false, &mut scripts, &mut rng).map_err(fail)?,
                rng,
                bonded: x.stake.to_f64_whole(),
                factors: (1.0, 0.0),
                delegate: Some(x.delegate),
                wallet: 0.0,
                locks: Vec::new(),
                stale: true,
            });
        }
        let processes = Processes::build(&s.processes, streams).map_err(fail)?;
        let lpt_eth = processes.value("lpt_eth").unwrap_or(s.token.lpt_price_eth.0);
        let eth_usd = processes.value("eth_usd").unwrap_or(ETH_USD);
        let market = s.market.clone().unwrap_or_default();
        Ok(Some(Box::new(Self {
            orchestrators,
            delegators,
            pool: market.pool.build(lpt_eth, eth_usd),
            oracle: market.oracle.build([lpt_eth, eth_usd]),
            oracle_rng: streams.stream("market", "oracle"),
            processes,
            network: Network { lpt_eth, eth_usd, ..Network::default() },
            peers: Vec::new(),
            crowd: cast.delegators.iter().find(|x| x.id.name == CROWD).map(|x| (x.id.actor, x.id.address())),
            read: (0, 0),
            traded: (0.0, 0.0),
            rows: Vec::new(),
            pixels: BTreeMap::new(),
            started: false,
            own_locks: Vec::new(),
        })))
    }

    /// Prices outside: LPT in ETH, ETH in US dollars.
    pub(super) fn outside(&self, s: &Scenario) -> (f64, f64) {
        let lpt_eth = self.processes.value("lpt_eth").unwrap_or(s.token.lpt_price_eth.0);
        (lpt_eth, self.processes.value("eth_usd").unwrap_or(ETH_USD))
    }
}

impl OrchestratorMind {
    /// Enters a round: what came in, and whether reward was called where it was due.
    pub(super) fn remember(&mut self, fees: f64, called: Option<bool>) {
        keep(&mut self.fees, fees);
        if let Some(called) = called {
            keep(&mut self.called, called);
        }
    }

    pub(super) fn reward_ratio(&self) -> f64 {
        let calls = self.called.iter().filter(|c| **c).count();
        if self.called.is_empty() { 1.0 } else { calls as f64 / self.called.len() as f64 }
    }

    pub(super) fn fees_per_round(&self) -> f64 {
        if self.fees.is_empty() { 0.0 } else { self.fees.iter().sum::<f64>() / self.fees.len() as f64 }
    }

    pub(super) fn last_fees(&self) -> f64 {
        self.fees.last().copied().unwrap_or(0.0)
    }
}

fn keep<T>(all: &mut Vec<T>, one: T) {
    if all.len() >= MEMORY {
        all.remove(0);
    }
    all.push(one);
}

/// The rules of each orchestrator: its group's, or everybody's.
fn rules(s: &Scenario, streams: &Streams) -> Vec<weir_behave::OrchestratorRules> {
    let o = &s.orchestrators;
    let n = o.count.0 as usize;
    let mut all = vec![o.behaviour.clone().unwrap_or_default(); n];
    let mut left: Vec<usize> = (0..n).collect();
    let mut rng = streams.stream("network", "groups");
    for g in &o.groups {
        for _ in 0..g.count.0 {
            if left.is_empty() {
                break;
            }
            let at = usize::try_from(rng.below(left.len() as u64)).unwrap_or(0);
            if let Some(place) = all.get_mut(left.swap_remove(at)) {
                *place = g.behaviour.clone();
            }
        }
    }
    all
}
