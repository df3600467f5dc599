//! When a delegator looks at its delegate, and whether it moves.

use weir_kernel::dist;
use weir_types::Entropy;

use crate::data;
use crate::draw;
use crate::setting::{NOT_NEGATIVE, SHARE, between, params};
use crate::spread::Spread;
use crate::view::{Network, Peer};

params! {
    /// How a delegator looks at its delegate. There are no figures about reactions to cuts or missed rewards, and none
    /// to yields that can be told from zero; guides tell holders to look at reward calls first, then at cuts. So this
    /// is a model of attention: a wallet looks at the rate at which wallets claim, and moves only for enough.
    pub struct Attention {
        /// Chance per round to look.
        rate: f64 = data::CLAIM_RATE => SHARE,
        /// Gain in yield per year, as a share of the stake, from which it moves.
        threshold: Spread = Spread::Same(0.05) => NOT_NEGATIVE,
        /// Reward calls over rounds below which it moves for any gain.
        least_calls: f64 = 0.9 => SHARE,
        /// Share of rewards kept by the delegate above which it moves for any gain.
        most_cut: f64 = 1.0 => SHARE,
        /// How sharply it sees yields when it chooses: a delegate's weight grows by e for each 1/`sharpness` of yearly
        /// yield. 0 sees none.
        sharpness: f64 = 20.0 => between(0.0, 1000.0),
        /// Exponent of a delegate's stake in its weight: 0 sees none, 1 goes where stake is.
        herding: f64 = 0.5 => between(0.0, 5.0),
    }
}

/// A delegator's attention, with what it drew.
#[derive(Debug, Clone)]
pub(super) struct Looks {
    p: Attention,
    threshold: f64,
}

impl Attention {
    pub(super) fn build(&self, rng: &mut Entropy) -> Looks {
        Looks { threshold: self.threshold.draw(rng), p: self.clone() }
    }

    /// A delegate for new stake: an active one that calls reward, drawn by yield and stake.
    pub fn choose(&self, network: &Network, delegates: &[Peer], rng: &mut Entropy) -> Option<u64> {
        let fit: Vec<&Peer> = delegates.iter().filter(|d| d.active && d.reward_ratio >= self.least_calls).collect();
        let fit = if fit.is_empty() { delegates.iter().filter(|d| d.active).collect() } else { fit };
        let yearly = |d: &Peer| d.delegator_rate(network) * network.rounds_per_year();
        let best = fit.iter().map(|d| yearly(d)).fold(f64::MIN, f64::max);
        // Relative to the best, so that no weight is too large for a float.
        let weigh =
            |d: &&Peer| libm::exp(self.sharpness * (yearly(d) - best)) * libm::pow(d.stake_lpt.max(1.0), self.herding);
        let weights: Vec<f64> = fit.iter().map(weigh).collect();
        fit.get(dist::weighted(rng, &weights)).map(|d| d.id)
    }
}

impl Looks {
    /// A better delegate, if the delegator looks and there is one that is worth it.
    pub(super) fn better(
        &self,
        network: &Network,
        delegates: &[Peer],
        home: Option<&Peer>,
        rng: &mut Entropy,
    ) -> Option<u64> {
        if !draw::chance(rng, self.p.rate) {
            return None;
        }
        let other = self.p.choose(network, delegates, rng)?;
        let Some(home) = home else { return Some(other) };
        if other == home.id {
            return None;
        }
        let other = delegates.iter().find(|d| d.id == other)?;
        let gain = (other.delegator_rate(network) - home.delegator_rate(network)) * network.rounds_per_year();
        let bad = !home.active || home.reward_ratio < self.p.least_calls || home.reward_cut > self.p.most_cut;
        let enough = if bad { 0.0 } else { self.threshold };
        (gain > enough).then_some(other.id)
    }
}
