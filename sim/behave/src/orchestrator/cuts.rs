//! What an orchestrator leaves to its delegators.

use weir_types::Entropy;

use super::pricing::median;
use super::view::{Act, View};
use crate::setting::{ANY, NOT_NEGATIVE, SHARE, between, choice, params};
use crate::spread::Spread;

params! {
    /// The same cuts for the whole run; those of the scenario where none are given.
    pub struct FixedCuts {
        /// Share of rewards that it keeps. Of 72 orchestrators in March 2022 the quartiles were .04, .10 and .21.
        reward_cut: Option<Spread> = None => SHARE,
        /// Share of fees that it gives to delegators. The quartiles were .05, .175 and .5.
        fee_share: Option<Spread> = None => SHARE,
    }
}

params! {
    /// Good cuts until its own stake is enough to stay in the active set, bad ones from then on, to drive delegators
    /// out (the squeeze of the Streamflow paper).
    pub struct Squeeze {
        /// Share of rewards that it keeps at first.
        reward_cut: f64 = 0.1 => SHARE,
        /// Share of fees that it gives at first.
        fee_share: f64 = 0.5 => SHARE,
        /// Share of rewards that it keeps later.
        later_reward_cut: f64 = 1.0 => SHARE,
        /// Share of fees that it gives later.
        later_fee_share: f64 = 0.0 => SHARE,
        /// Its own stake over the smallest of the active set from which it squeezes.
        own_over_entry: f64 = 2.0 => NOT_NEGATIVE,
        /// Round before which it waits.
        not_before: u64 = 0 => NOT_NEGATIVE,
    }
}

params! {
    /// Competes for stake: when its delegators get less than the median of the active set, it gives up a step of its
    /// cut; when they get more than `lead` above it, it takes a step back.
    pub struct Compete {
        /// First share of rewards that it keeps.
        reward_cut: Spread = Spread::Same(0.1) => SHARE,
        /// Share of fees that it gives.
        fee_share: Spread = Spread::Same(0.5) => SHARE,
        /// Step of the cut.
        step: f64 = 0.01 => between(0.0001, 1.0),
        /// Smallest cut.
        least: f64 = 0.0 => SHARE,
        /// Part above the median at which its delegators' yield is good enough.
        lead: f64 = 0.02 => between(0.0, 10.0),
        /// Rounds between two changes.
        every: u64 = 10 => between(1.0, 1e6),
    }
}

choice! {
    /// What an orchestrator leaves to its delegators.
    pub enum Cuts {
        Fixed(FixedCuts) = "fixed",
        Squeeze(Squeeze) = "squeeze",
        Compete(Compete) = "compete",
    }
}

/// An orchestrator's way with cuts.
#[derive(Debug, Clone)]
pub(super) enum Cutter {
    Fixed { reward_cut: Option<f64>, fee_share: Option<f64> },
    Squeeze { p: Squeeze, squeezes: bool },
    Compete { p: Compete, reward_cut: f64, fee_share: f64 },
}

impl Cuts {
    pub(super) fn build(&self, rng: &mut Entropy) -> Cutter {
        match self.clone() {
            Self::Fixed(p) => Cutter::Fixed {
                reward_cut: p.reward_cut.map(|s| s.draw(rng)),
                fee_share: p.fee_share.map(|s| s.draw(rng)),
            },
            Self::Squeeze(p) => Cutter::Squeeze { p, squeezes: false },
            Self::Compete(p) => {
                let (reward_cut, fee_share) = (p.reward_cut.draw(rng), p.fee_share.draw(rng));
                Cutter::Compete { p, reward_cut, fee_share }
            }
        }
    }
}

impl Cutter {
    /// New cuts, where they differ from those that stand.
    pub(super) fn think(&mut self, view: &View<'_>) -> Option<Act> {
        let me = view.me;
        let (reward_cut, fee_share) = match self {
            Self::Fixed { reward_cut, fee_share } => {
                (reward_cut.unwrap_or(me.reward_cut), fee_share.unwrap_or(me.fee_share))
            }
            Self::Squeeze { p, squeezes } => {
                let enough = view.entry_lpt > 0.0 && me.self_stake_lpt >= view.entry_lpt * p.own_over_entry;
                *squeezes |= enough && view.network.round >= p.not_before;
                if *squeezes { (p.later_reward_cut, p.later_fee_share) } else { (p.reward_cut, p.fee_share) }
            }
            Self::Compete { p, reward_cut, fee_share } => {
                if view.network.round > 0 && view.network.round.is_multiple_of(p.every) {
                    *reward_cut = competed(p, *reward_cut, view);
                }
                (*reward_cut, *fee_share)
            }
        };
        let same = same_share(reward_cut, me.reward_cut) && same_share(fee_share, me.fee_share);
        (!same).then_some(Act::SetCuts { reward_cut, fee_share })
    }
}

/// The chain keeps cuts in parts per million.
fn same_share(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

fn competed(p: &Compete, cut: f64, view: &View<'_>) -> f64 {
    let others = view.rivals.iter().filter(|r| r.active && r.owner != view.me.owner);
    let mut rates: Vec<f64> = others.map(|r| r.delegator_rate(view.network)).collect();
    rates.sort_by(f64::total_cmp);
    let Some(middle) = median(&rates) else { return cut };
    let mine = view.me.delegator_rate(view.network);
    if mine < middle {
        (cut - p.step).max(p.least)
    } else if mine > middle * (1.0 + p.lead) {
        (cut + p.step).min(1.0)
    } else {
        cut
    }
}

params! {
    /// What an orchestrator does with what it earns.
    pub struct Takings {
        /// Share of its own rewards that it takes out of its stake, to sell. Sold in `every` rounds at a time.
        sell_share: f64 = 0.0 => SHARE,
        /// Rounds between two withdrawals.
        every: u64 = 30 => between(1.0, 1e6),
        /// Withdraws its fees too, where true.
        withdraw_fees: bool = true => ANY,
    }
}

/// What an orchestrator has earned and not yet taken.
#[derive(Debug, Clone)]
pub(super) struct Taker {
    p: Takings,
    due_lpt: f64,
}

impl Takings {
    pub(super) fn build(&self) -> Taker {
        Taker { p: self.clone(), due_lpt: 0.0 }
    }
}

impl Taker {
    pub(super) fn think(&mut self, view: &View<'_>) -> Vec<Act> {
        self.due_lpt += view.own_rewards_lpt * self.p.sell_share;
        let mut acts = Vec::new();
        if view.network.round == 0 || !view.network.round.is_multiple_of(self.p.every) {
            return acts;
        }
        if self.p.withdraw_fees {
            acts.push(Act::WithdrawFees);
        }
        if self.p.sell_share > 0.0 {
            // What was taken out earlier has arrived meanwhile.
            if view.wallet_lpt > 0.0 {
                acts.push(Act::Sell { lpt: view.wallet_lpt });
            }
            let lpt = self.due_lpt.min(view.me.self_stake_lpt);
            if lpt > 0.0 {
                acts.push(Act::Unbond { lpt });
                self.due_lpt = 0.0;
            }
        }
        acts
    }
}
