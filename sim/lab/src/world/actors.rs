//! What actors start with, drawn from the scenario.

use weir_kernel::{ActorId, Streams};
use weir_ticket::SigningKey;
use weir_types::{Address, LptWei, Perc6, Price, U256};

use crate::names::{key, numbered};
use crate::scenario::{Scenario, lpt, price};

/// Actor that makes blocks.
pub(crate) const SEQUENCER: ActorId = ActorId(0);

/// All holders of LPT that are no actors of their own.
pub(crate) const CROWD: &str = "crowd";

/// What all actors have.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) actor: ActorId,
    pub(crate) name: String,
    pub(crate) key: SigningKey,
}

impl Identity {
    pub(crate) const fn address(&self) -> Address {
        self.key.address()
    }
}

/// An orchestrator to be.
#[derive(Debug, Clone)]
pub(crate) struct OrchestratorSpec {
    pub(crate) id: Identity,
    pub(crate) stake: LptWei,
    pub(crate) reward_cut: Perc6,
    pub(crate) fee_share: Perc6,
    pub(crate) price: Price,
    /// Encoded pixels per second.
    pub(crate) pixel_rate: u64,
    pub(crate) uri: String,
}

/// A delegator to be.
#[derive(Debug, Clone)]
pub(crate) struct DelegatorSpec {
    pub(crate) id: Identity,
    pub(crate) stake: LptWei,
    /// Index of the orchestrator it bonds to.
    pub(crate) delegate: usize,
}

/// Everybody.
#[derive(Debug, Clone)]
pub(crate) struct Cast {
    pub(crate) orchestrators: Vec<OrchestratorSpec>,
    pub(crate) gateways: Vec<Identity>,
    pub(crate) delegators: Vec<DelegatorSpec>,
}

impl Cast {
    /// Draw everybody.
    pub(crate) fn draw(s: &Scenario, streams: &Streams) -> Self {
        let n = s.orchestrators.count.0 as usize;
        let orchestrators: Vec<_> = (0..n).map(|i| orchestrator(s, streams, i)).collect();
        let g = s.gateways.count.0 as usize;
        let gateways = (0..g).map(|i| identity(streams, "gateway", i, g, 1 + n)).collect();
        let weights: Vec<f64> = orchestrators.iter().map(|o| o.stake.to_f64_whole().max(1.0)).collect();
        let d = s.delegators.count as usize;
        let mut delegators: Vec<_> = (0..d)
            .map(|i| {
                let id = identity(streams, "delegator", i, d, 1 + n + g);
                let mut rng = streams.stream(&id.name, "stake");
                let stake = lpt(s.delegators.stake_lpt.draw(i, &mut rng));
                let delegate = weir_kernel::dist::weighted(&mut rng, &weights);
                DelegatorSpec { id, stake, delegate }
            })
            .collect();
        if let Some(rate) = s.crowd_starts_at() {
            let others =
                orchestrators.iter().map(|o| o.stake).chain(delegators.iter().map(|x: &DelegatorSpec| x.stake));
            let bonded = others.fold(U256::ZERO, |sum, stake| sum.saturating_add(stake.0));
            let stake = LptWei(lpt(s.token.genesis_lpt.0 * rate).0.saturating_sub(bonded));
            let name = CROWD.to_owned();
            let actor = ActorId(u32::try_from(1 + n + g + d).expect("scenarios are checked to have fewer actors"));
            delegators.push(DelegatorSpec {
                id: Identity { actor, key: key(streams, &name), name },
                stake,
                delegate: 0,
            });
        }
        Self { orchestrators, gateways, delegators }
    }
}

/// Names of all actors by number, from 1: the sequencer has none.
pub(crate) fn names(s: &Scenario, seed: u64) -> Vec<String> {
    let cast = Cast::draw(s, &Streams::new(seed));
    let orchestrators = cast.orchestrators.into_iter().map(|o| o.id);
    let delegators = cast.delegators.into_iter().map(|d| d.id);
    orchestrators.chain(cast.gateways).chain(delegators).map(|id| id.name).collect()
}

fn identity(streams: &Streams, kind: &str, i: usize, n: usize, offset: usize) -> Identity {
    let name = numbered(kind, i, n);
    let key = key(streams, &name);
    let actor = ActorId(u32::try_from(offset + i).expect("scenarios are checked to have fewer than 2^32 actors"));
    Identity { actor, name, key }
}

fn orchestrator(s: &Scenario, streams: &Streams, i: usize) -> OrchestratorSpec {
    let o = &s.orchestrators;
    let id = identity(streams, "orchestrator", i, o.count.0 as usize, 1);
    let draw = |purpose: &str, d: &crate::scenario::Dist| d.draw(i, &mut streams.stream(&id.name, purpose));
    let share = |v: f64| Perc6((v * f64::from(Perc6::DIVISOR)).round() as u32);
    OrchestratorSpec {
        stake: lpt(draw("stake", &o.stake_lpt)),
        reward_cut: share(draw("reward cut", &o.reward_cut)),
        fee_share: share(draw("fee share", &o.fee_share)),
        price: price(draw("price", &o.price_wei_per_pixel) * o.price_scale.0),
        pixel_rate: (draw("speed", &o.megapixels_per_second) * 1e6) as u64,
        uri: format!("https://{}.weir.test:8935", id.name),
        id,
    }
}
