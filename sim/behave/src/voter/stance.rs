//! What voters want, and who votes at all.

use weir_types::Entropy;

use super::view::{Proposal, View, Vote};
use crate::data;
use crate::setting::{NOT_NEGATIVE, Problem, SHARE, choice, params};

params! {
    /// Who votes. How many vote by size of stake is not in the data; these are assumptions. A delegator's own vote
    /// takes its stake out of its delegate's.
    pub struct Turnout {
        /// Chance of an orchestrator to vote on a proposal.
        orchestrators: f64 = 0.6 => SHARE,
        /// Chance of a delegator to vote itself, by band of stake: below 1, 10, 100, 1,000, 10,000 LPT, and above.
        by_band: Vec<f64> = vec![0.0, 0.002, 0.01, 0.02, 0.05, 0.15] => SHARE,
        /// Chance of a delegator that would vote otherwise than its delegate did to vote itself after all, on top.
        overrides: f64 = 0.05 => SHARE,
    }
    and |p| (p.by_band.len() != data::BANDS.len()).then(|| {
        Problem::new("by_band", format!("has {} chances", p.by_band.len()), "give six, the smallest stake first")
    })
}

params! {
    /// Makes up its own mind on each proposal.
    pub struct Independent {
        /// Chance to be for a fair proposal.
        fair: f64 = 0.8 => SHARE,
        /// Chance to be for a hostile one.
        hostile: f64 = 0.02 => SHARE,
        /// Chance to abstain instead.
        abstain: f64 = 0.05 => SHARE,
    }
}

params! {
    /// Never votes.
    pub struct Apathetic {}
}

params! {
    /// Is for what goes to one actor, and has its own mind on all else.
    pub struct Loyal {
        /// Number of the actor.
        to: u64 = 0 => NOT_NEGATIVE,
        /// Chance to be for a fair proposal of others.
        fair: f64 = 0.8 => SHARE,
    }
}

params! {
    /// Is for every hostile proposal, and always votes on one.
    pub struct Accomplice {
        /// Chance to be for a fair proposal.
        fair: f64 = 0.8 => SHARE,
    }
}

params! {
    /// Is against every hostile proposal, and always votes on one.
    pub struct Watchful {
        /// Chance to be for a fair proposal.
        fair: f64 = 0.8 => SHARE,
    }
}

choice! {
    /// What a voter wants.
    pub enum Stance {
        Independent(Independent) = "independent",
        Apathetic(Apathetic) = "apathetic",
        Loyal(Loyal) = "loyal",
        Accomplice(Accomplice) = "accomplice",
        Watchful(Watchful) = "watchful",
    }
}

impl Stance {
    /// Its mind on a proposal, and whether it votes in any case; none when it has none.
    pub(super) fn mind(&self, proposal: &Proposal, rng: &mut Entropy) -> Option<(Vote, bool)> {
        let (opinion, undecided) = (rng.unit(), rng.unit());
        let by = |chance: f64| if opinion < chance { Vote::For } else { Vote::Against };
        Some(match self {
            Self::Apathetic(_) => return None,
            Self::Independent(p) if undecided < p.abstain => (Vote::Abstain, false),
            Self::Independent(p) => (by(if proposal.hostile { p.hostile } else { p.fair }), false),
            Self::Loyal(p) if proposal.beneficiary == p.to => (Vote::For, true),
            Self::Loyal(p) => (by(if proposal.hostile { 0.0 } else { p.fair }), false),
            Self::Accomplice(_) if proposal.hostile => (Vote::For, true),
            Self::Watchful(_) if proposal.hostile => (Vote::Against, true),
            Self::Accomplice(Accomplice { fair }) | Self::Watchful(Watchful { fair }) => (by(*fair), false),
        })
    }
}

impl Turnout {
    /// Whether somebody of this mind votes; one that has decided to vote in any case does.
    pub(super) fn votes(&self, view: &View<'_>, mind: Vote, always: bool, rng: &mut Entropy) -> bool {
        let (first, second) = (rng.unit(), rng.unit());
        if always {
            return true;
        }
        if view.orchestrator {
            return first < self.orchestrators;
        }
        match view.delegate_vote {
            // What its delegate has done for it need not be done again.
            Some(vote) if vote == mind => false,
            Some(_) => first < self.of(view.stake_lpt) || second < self.overrides,
            None => first < self.of(view.stake_lpt),
        }
    }

    fn of(&self, lpt: f64) -> f64 {
        self.by_band.get(data::band(lpt)).copied().unwrap_or(0.0)
    }
}
