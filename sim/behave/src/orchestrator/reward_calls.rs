//! Whether an orchestrator calls reward.

use weir_types::Entropy;

use super::view::RewardView;
use crate::data;
use crate::draw;
use crate::setting::{ABOVE_ZERO, NOT_NEGATIVE, SHARE, between, choice, params, words};
use crate::spread::Spread;

params! {
    /// Calls in every round.
    pub struct Always {}
}

params! {
    /// Misses rounds in rows, as outages do. In the long run `rate` of all rounds are missed. The network loses 1.5 %
    /// of what could be minted.
    pub struct Missing {
        /// Share of rounds that are missed.
        rate: Spread = Spread::Same(data::MISSED_REWARDS) => between(0.0, 1.0),
        /// Mean length of a row of missed rounds.
        row: f64 = 4.0 => between(1.0, 1e6),
    }
}

words! {
    /// Whose gain counts.
    pub enum Gain {
        /// That of the operator: its cut, and the reward of its own stake.
        Operator = "operator",
        /// That of all stakers behind it.
        Stakers = "stakers",
    }
}

params! {
    /// Calls when the gain is worth the gas. At .00002 ETH a call the network's break-even is a stake of about 15 LPT
    /// for all stakers together; an operator alone needs more, by its cut.
    pub struct GasAware {
        /// Whose gain counts.
        gain: Gain = Gain::Operator => NOT_NEGATIVE,
        /// Gain over the cost of gas from which it calls.
        margin: f64 = 1.0 => NOT_NEGATIVE,
    }
}

params! {
    /// Small nodes miss more. The chance to miss is `small` x `half_lpt` / (stake + `half_lpt`). Of 81 nodes of
    /// February and March 2022 the mean called .72 of its rounds, and 12 % never called; weighted by stake, nearly
    /// nothing was lost.
    pub struct ByStake {
        /// Share of rounds that the smallest miss.
        small: f64 = 1.0 - data::SMALL_CALL_RATIO => SHARE,
        /// Stake in LPT at which half of that is left.
        half_lpt: f64 = 5_000.0 => ABOVE_ZERO,
        /// Mean length of a row of missed rounds.
        row: f64 = 4.0 => between(1.0, 1e6),
        /// Share of operators that never call.
        never: f64 = 0.0 => SHARE,
    }
}

choice! {
    /// Whether an orchestrator calls reward.
    pub enum RewardCalls {
        Always(Always) = "always",
        Missing(Missing) = "missing",
        GasAware(GasAware) = "gas_aware",
        ByStake(ByStake) = "by_stake",
    }
}

/// An orchestrator's way with rewards.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    kind: Kind,
    /// Round for which it is settled whether it misses.
    settled: Option<u64>,
    missing: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Always,
    Missing { rate: f64, row: f64 },
    GasAware(GasAware),
    ByStake(ByStake),
    Never,
}

impl RewardCalls {
    pub(super) fn build(&self, rng: &mut Entropy) -> Caller {
        let kind = match self.clone() {
            Self::Always(_) => Kind::Always,
            Self::Missing(p) => Kind::Missing { rate: p.rate.draw(rng), row: p.row },
            Self::GasAware(p) => Kind::GasAware(p),
            Self::ByStake(p) if draw::chance(rng, p.never) => Kind::Never,
            Self::ByStake(p) => Kind::ByStake(p),
        };
        Caller { kind, settled: None, missing: false }
    }
}

impl Caller {
    /// Whether it calls now.
    pub(super) fn calls(&mut self, view: &RewardView<'_>, rng: &mut Entropy) -> bool {
        match &self.kind {
            Kind::Always => true,
            Kind::Never => false,
            Kind::GasAware(p) => worth(p, view),
            Kind::Missing { rate, row } => !self.misses(*rate, *row, view.network.round, rng),
            Kind::ByStake(p) => {
                let rate = p.small * p.half_lpt / (view.me.stake_lpt + p.half_lpt);
                !self.misses(rate, p.row, view.network.round, rng)
            }
        }
    }

    /// Rows of missed rounds: a chain of two states whose long-run share of missed rounds is `rate`, and whose rows
    /// have a mean length.
    fn misses(&mut self, rate: f64, row: f64, round: u64, rng: &mut Entropy) -> bool {
        if self.settled == Some(round) {
            return self.missing;
        }
        let chance = if self.settled.is_none() || rate >= 1.0 {
            rate
        } else if self.missing {
            1.0 - 1.0 / row
        } else {
            rate / (row * (1.0 - rate))
        };
        self.missing = draw::chance(rng, chance);
        self.settled = Some(round);
        self.missing
    }
}

fn worth(p: &GasAware, view: &RewardView<'_>) -> bool {
    let me = view.me;
    let all = me.stake_lpt * view.network.reward_rate();
    let part = match p.gain {
        Gain::Stakers => 1.0,
        Gain::Operator if me.stake_lpt > 0.0 => {
            me.reward_cut + (1.0 - me.reward_cut) * me.self_stake_lpt / me.stake_lpt
        }
        Gain::Operator => 0.0,
    };
    all * part * view.network.lpt_eth > view.network.gas_eth(view.gas) * p.margin
}
