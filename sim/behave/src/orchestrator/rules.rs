//! An orchestrator put together from its ways.

use weir_types::Entropy;

use super::capacity::{Capacity, Rooms};
use super::cheating::{Cheating, Honesty};
use super::costs::{Account, Costs, Machine};
use super::cuts::{Cuts, Cutter, Taker, Takings};
use super::exit::{Exit, Patience};
use super::policy::OrchestratorPolicy;
use super::pricing::{Prices, Pricing};
use super::reliability::{Health, Reliability};
use super::reward_calls::{Caller, RewardCalls};
use super::view::{Act, Job, Load, Quote, RewardView, Room, Service, View};
use crate::error::BehaveError;
use crate::script::{Script, ScriptConfig, Scripts};
use crate::setting::{ANY, NOT_NEGATIVE, params};

params! {
    /// How an orchestrator behaves. Without any key it is honest, always up, and keeps its price and cuts.
    pub struct OrchestratorRules {
        /// How it sets its price.
        pricing: Pricing = Pricing::default() => ANY,
        /// How many streams it can carry.
        capacity: Capacity = Capacity::default() => ANY,
        /// When it is down, and which segments fail.
        reliability: Reliability = Reliability::default() => ANY,
        /// Whether it calls reward.
        reward_calls: RewardCalls = RewardCalls::default() => ANY,
        /// Whether it does what it is paid for.
        cheating: Cheating = Cheating::default() => ANY,
        /// Numbers of gateways for which it always works honestly and never slowly, such as those that keep scores of
        /// orchestrators.
        best_for: Vec<u64> = Vec::new() => NOT_NEGATIVE,
        /// What it leaves to its delegators.
        cuts: Cuts = Cuts::default() => ANY,
        /// When it gives up.
        exit: Exit = Exit::default() => ANY,
        /// What it does with what it earns.
        takings: Takings = Takings::default() => ANY,
        /// What its machines cost.
        costs: Costs = Costs::default() => ANY,
        /// A script that decides at the start of each round in the place of pricing, cuts, exit and takings. Its
        /// function `reward_call(view)`, where it has one, decides about reward calls.
        script: Option<ScriptConfig> = None => ANY,
    }
}

impl OrchestratorRules {
    /// One orchestrator with its own draws. `rng` is a stream for this alone.
    ///
    /// # Errors
    /// When a parameter makes no sense, or the script is not there.
    pub fn build(&self, scripts: &mut Scripts, rng: &mut Entropy) -> Result<Box<dyn OrchestratorPolicy>, BehaveError> {
        if let Some(found) = self.problem() {
            return Err(found.into());
        }
        Ok(Box::new(Operator {
            machine: self.costs.build(rng),
            prices: self.pricing.build(rng),
            rooms: self.capacity.build(rng),
            health: self.reliability.build(rng),
            caller: self.reward_calls.build(rng),
            honesty: self.cheating.build(),
            best_for: self.best_for.clone(),
            cutter: self.cuts.build(rng),
            patience: self.exit.build(),
            taker: self.takings.build(),
            script: self.script.as_ref().map(|s| scripts.thinking(s)).transpose()?,
            gone: false,
        }))
    }
}

/// An orchestrator that goes by rules, or by a script and rules.
#[derive(Debug, Clone)]
struct Operator {
    machine: Machine,
    prices: Prices,
    rooms: Rooms,
    health: Option<Health>,
    caller: Caller,
    honesty: Honesty,
    best_for: Vec<u64>,
    cutter: Cutter,
    patience: Patience,
    taker: Taker,
    script: Option<Script>,
    gone: bool,
}

impl Operator {
    fn by_rules(&mut self, view: &View<'_>) -> Vec<Act> {
        let account = Account::of(view, &self.machine, self.rooms.take_rent_usd());
        if self.patience.ends(view.network.round, account) {
            return vec![Act::Quit];
        }
        let mut acts = Vec::new();
        let price = self.prices.think(view, &self.machine);
        if price.to_bits() != view.me.wei_per_pixel.to_bits() {
            acts.push(Act::SetPrice { wei_per_pixel: price });
        }
        acts.extend(self.cutter.think(view));
        acts.extend(self.taker.think(view));
        acts
    }
}

impl OrchestratorPolicy for Operator {
    fn think(&mut self, view: &View<'_>, rng: &mut Entropy) -> Result<Vec<Act>, BehaveError> {
        if self.gone {
            return Ok(Vec::new());
        }
        // Health comes first, so that its draws do not depend on what else is decided.
        let seconds = view.network.round_days * 86_400.0;
        let mut acts = self.health.as_mut().map(|h| h.round(seconds, rng)).unwrap_or_default();
        match &mut self.script {
            Some(script) => acts.extend(script.acts::<_, Act>(view, rng)?),
            None => acts.extend(self.by_rules(view)),
        }
        for act in &acts {
            match act {
                Act::SetSessions { sessions } => self.rooms.set(*sessions),
                Act::Quit => self.gone = true,
                _ => {}
            }
        }
        Ok(acts)
    }

    fn reward_call(&mut self, view: &RewardView<'_>, rng: &mut Entropy) -> Result<bool, BehaveError> {
        if self.gone {
            return Ok(false);
        }
        match &mut self.script {
            Some(script) if script.has("reward_call") => script.answer("reward_call", view, rng),
            _ => Ok(self.caller.calls(view, rng)),
        }
    }

    fn quote(&self, quote: &Quote) -> f64 {
        self.prices.quote(quote)
    }

    fn room(&mut self, load: &Load) -> Room {
        self.rooms.room(load)
    }

    fn serve(&mut self, job: &Job, rng: &mut Entropy) -> Service {
        let (fails, slow) = self.health.as_ref().map_or((false, 1.0), |h| h.segment(rng));
        let (work, part) = self.honesty.work(rng);
        if self.best_for.contains(&job.gateway) {
            return Service { fails, ..Service::GOOD };
        }
        Service { fails, time_factor: slow * part, work }
    }

    fn caught(&mut self) {
        self.honesty.caught();
    }

    fn boxed(&self) -> Box<dyn OrchestratorPolicy> {
        Box::new(self.clone())
    }
}
