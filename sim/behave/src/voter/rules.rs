//! Voters, and those who ask for money.

use std::collections::BTreeMap;

use weir_types::Entropy;

use super::policy::{TreasuryPolicy, VoterPolicy};
use super::stance::{Stance, Turnout};
use super::view::{TreasuryAct, TreasuryView, View, Vote};
use crate::draw;
use crate::error::BehaveError;
use crate::script::{Script, ScriptConfig, Scripts};
use crate::setting::{ANY, COUNT, NOT_NEGATIVE, SHARE, between, params};
use crate::spread::{Drawn, Spread};

params! {
    /// How somebody with stake votes.
    pub struct VoterRules {
        /// What it wants.
        stance: Stance = Stance::default() => ANY,
        /// Whether it votes.
        turnout: Turnout = Turnout::default() => ANY,
        /// A script whose function `vote(view)` returns `"for"`, `"against"`, `"abstain"` or `()`, in the place of all
        /// this.
        script: Option<ScriptConfig> = None => ANY,
    }
}

impl VoterRules {
    /// One voter. It draws nothing before it is asked.
    ///
    /// # Errors
    /// When a parameter makes no sense, or the script is not there or has no function `vote(view)`.
    pub fn build(&self, scripts: &mut Scripts) -> Result<Box<dyn VoterPolicy>, BehaveError> {
        if let Some(found) = self.problem() {
            return Err(found.into());
        }
        let script = self.script.as_ref().map(|s| scripts.get(s)).transpose()?;
        if let Some(script) = &script {
            script.needs("vote")?;
        }
        Ok(Box::new(Voter { rules: self.clone(), plans: BTreeMap::new(), script }))
    }
}

/// What somebody has made up its mind to do about a proposal.
#[derive(Debug, Clone, Copy)]
struct Plan {
    mind: Option<(Vote, bool)>,
    /// Votes when no more than so many rounds are left.
    at: u64,
    settled: bool,
}

/// Somebody with stake.
#[derive(Debug, Clone)]
struct Voter {
    rules: VoterRules,
    plans: BTreeMap<u64, Plan>,
    script: Option<Script>,
}

impl VoterPolicy for Voter {
    fn vote(&mut self, view: &View<'_>, rng: &mut Entropy) -> Result<Option<Vote>, BehaveError> {
        if let Some(script) = &mut self.script {
            return script.answer("vote", view, rng);
        }
        let stance = &self.rules.stance;
        let plan = self.plans.entry(view.proposal.id).or_insert_with(|| {
            let mind = stance.mind(view.proposal, rng);
            Plan { mind, at: rng.below(view.proposal.rounds_left + 1), settled: false }
        });
        if plan.settled || view.proposal.rounds_left > plan.at {
            return Ok(None);
        }
        plan.settled = true;
        let Some((mind, always)) = plan.mind else { return Ok(None) };
        Ok(self.rules.turnout.votes(view, mind, always, rng).then_some(mind))
    }

    fn boxed(&self) -> Box<dyn VoterPolicy> {
        Box::new(self.clone())
    }
}

params! {
    /// An attempt to take the treasury.
    pub struct Raid {
        /// Round of the proposal, counted from 0.
        at_round: u64 = 10 => NOT_NEGATIVE,
        /// Share of the treasury that it asks for.
        share: f64 = 1.0 => SHARE,
        /// Tries again so many rounds later; 0 for once.
        again_after: u64 = 0 => NOT_NEGATIVE,
    }
}

params! {
    /// Somebody who asks the treasury for money: special purpose entities (LIP-89 and LIP-92) that spend what they
    /// get, or a raider. How often they ask, and how much they sell, are assumptions.
    pub struct TreasuryRules {
        /// Proposals per year.
        per_year: f64 = 8.0 => between(0.0, 1000.0),
        /// LPT of a proposal.
        lpt: Spread = ASKED => NOT_NEGATIVE,
        /// Largest share of the treasury that is asked for at once.
        most: f64 = 0.25 => SHARE,
        /// Share of what is granted that is sold.
        sold: f64 = 0.7 => SHARE,
        /// Rounds over which it is sold.
        sell_rounds: u64 = 90 => COUNT,
        /// An attempt to take the treasury.
        raid: Option<Raid> = None => ANY,
        /// A script that decides what to propose and when to sell, in the place of all this.
        script: Option<ScriptConfig> = None => ANY,
    }
}

const ASKED: Spread = Spread::Drawn(Drawn::Lognormal { median: 15_000.0, sigma: 0.8, min: 500.0, max: 150_000.0 });

impl TreasuryRules {
    /// One who asks.
    ///
    /// # Errors
    /// When a parameter makes no sense, or the script is not there.
    pub fn build(&self, scripts: &mut Scripts) -> Result<Box<dyn TreasuryPolicy>, BehaveError> {
        if let Some(found) = self.problem() {
            return Err(found.into());
        }
        let script = self.script.as_ref().map(|s| scripts.thinking(s)).transpose()?;
        Ok(Box::new(Asker { rules: self.clone(), sales: Vec::new(), script }))
    }
}

/// LPT still to be sold, in equal parts.
#[derive(Debug, Clone, Copy)]
struct Sale {
    part: f64,
    rounds: u64,
}

/// Somebody who asks for money.
#[derive(Debug, Clone)]
struct Asker {
    rules: TreasuryRules,
    sales: Vec<Sale>,
    script: Option<Script>,
}

impl TreasuryPolicy for Asker {
    fn think(&mut self, view: &TreasuryView<'_>, rng: &mut Entropy) -> Result<Vec<TreasuryAct>, BehaveError> {
        if let Some(script) = &mut self.script {
            return script.acts(view, rng);
        }
        let mut acts = Vec::new();
        let sold: f64 = self.sales.iter().map(|s| s.part).sum();
        for sale in &mut self.sales {
            sale.rounds -= 1;
        }
        self.sales.retain(|s| s.rounds > 0);
        if sold > 0.0 {
            acts.push(TreasuryAct::Sell { lpt: sold });
        }
        let p = &self.rules;
        let asked = draw::chance(rng, p.per_year * view.network.round_days / 365.25);
        let lpt = p.lpt.draw(rng).min(view.treasury_lpt * p.most);
        if asked && lpt > 0.0 {
            acts.push(TreasuryAct::Propose { lpt, hostile: false });
        }
        if let Some(raid) = p.raid.as_ref().filter(|r| r.due(view.network.round) && view.treasury_lpt > 0.0) {
            acts.push(TreasuryAct::Propose { lpt: view.treasury_lpt * raid.share, hostile: true });
        }
        Ok(acts)
    }

    fn granted(&mut self, lpt: f64) {
        let rounds = self.rules.sell_rounds.max(1);
        let part = lpt * self.rules.sold / rounds as f64;
        if part > 0.0 {
            self.sales.push(Sale { part, rounds });
        }
    }

    fn boxed(&self) -> Box<dyn TreasuryPolicy> {
        Box::new(self.clone())
    }
}

impl Raid {
    fn due(&self, round: u64) -> bool {
        let since = round.checked_sub(self.at_round);
        since.is_some_and(|r| r == 0 || self.again_after > 0 && r.is_multiple_of(self.again_after))
    }
}
