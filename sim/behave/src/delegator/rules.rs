//! A delegator put together from its ways.

use std::collections::{BTreeMap, VecDeque};

use weir_kernel::dist;
use weir_types::Entropy;

use super::attention::{Attention, Looks};
use super::class::{Class, Exiter, Hedger, Ordinary, Whale};
use super::policy::DelegatorPolicy;
use super::view::{Act, View};
use crate::data;
use crate::draw;
use crate::error::BehaveError;
use crate::script::{Script, ScriptConfig, Scripts};
use crate::setting::{ANY, NOT_NEGATIVE, SHARE, between, params};

/// Less than this is nothing, in LPT.
const NOTHING: f64 = 1e-6;

params! {
    /// How a delegator behaves.
    pub struct DelegatorRules {
        /// What it does with its stake.
        class: Class = Class::default() => ANY,
        /// How it looks at its delegate.
        attention: Attention = Attention::default() => ANY,
        /// Share of withdrawn LPT that it sells. Of 85 followed withdrawals, 68 went to an exchange.
        sell_share: f64 = 0.8 => SHARE,
        /// Fees in ETH from which it withdraws them.
        fees_above_eth: f64 = 0.01 => NOT_NEGATIVE,
        /// How much greed makes it leave: factor exp(`mood` x (sentiment - 50)) on hazards and outward jumps. At .013 a
        /// mood of 80 instead of 50 takes about as much stake out as daily figures show (-5e-5 of the logit per point).
        mood: f64 = 0.013 => between(-1.0, 1.0),
        /// A script that decides at the start of each round in the place of all this.
        script: Option<ScriptConfig> = None => ANY,
    }
}

impl DelegatorRules {
    /// One delegator with its own draws; `arrives` for one that comes in mid-run. `rng` is a stream for this alone.
    ///
    /// # Errors
    /// When a parameter makes no sense, or the script is not there.
    pub fn build(
        &self,
        arrives: bool,
        scripts: &mut Scripts,
        rng: &mut Entropy,
    ) -> Result<Box<dyn DelegatorPolicy>, BehaveError> {
        if let Some(found) = self.problem() {
            return Err(found.into());
        }
        let looks = self.attention.build(rng);
        let period = match &self.class {
            Class::Compounder(p) => p.every_days.draw(rng),
            Class::Extractor(p) => p.every_days.draw(rng),
            Class::Hedger(p) => p.sell_days,
            _ => 0.0,
        };
        Ok(Box::new(Holder {
            rules: self.clone(),
            looks,
            period,
            // Somewhere in its rhythm, so that not all wallets act on one day.
            waited: if arrives { 0.0 } else { period * rng.unit() },
            age: match &self.class {
                Class::Exiter(p) if !arrives => p.age_days.draw(rng),
                _ => 0.0,
            },
            borrow_cost: if let Class::Hedger(p) = &self.class { p.borrow_cost.draw(rng) } else { 0.0 },
            principal: None,
            to_sell: 0.0,
            spare: 0.0,
            fates: BTreeMap::new(),
            coming: VecDeque::new(),
            script: self.script.as_ref().map(|s| scripts.thinking(s)).transpose()?,
        }))
    }
}

/// What becomes of stake that is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Withdrawn,
    PutBack,
}

/// A delegator that goes by rules, or by a script.
#[derive(Debug, Clone)]
struct Holder {
    rules: DelegatorRules,
    looks: Looks,
    /// Days of its rhythm, and days since it last acted in it.
    period: f64,
    waited: f64,
    /// Days since it bonded.
    age: f64,
    borrow_cost: f64,
    /// Stake without the rewards that came since it last took any; a whale's largest stake.
    principal: Option<f64>,
    /// LPT of open locks that it will sell once they are in the wallet.
    to_sell: f64,
    /// LPT of the wallet that this round's sale leaves.
    spare: f64,
    /// What becomes of each lock, and of those whose number is not yet known.
    fates: BTreeMap<u64, Fate>,
    coming: VecDeque<Fate>,
    script: Option<Script>,
}

impl DelegatorPolicy for Holder {
    fn think(&mut self, view: &View<'_>, rng: &mut Entropy) -> Result<Vec<Act>, BehaveError> {
        if let Some(script) = &mut self.script {
            return script.acts(view, rng);
        }
        if matches!(self.rules.class, Class::Inert(_)) {
            return Ok(Vec::new());
        }
        let mut acts = self.money(view);
        self.waited += view.network.round_days;
        self.age += view.network.round_days;
        acts.extend(self.stake(view, rng));
        if view.stake_lpt > NOTHING && !acts.iter().any(|a| matches!(a, Act::Unbond { .. })) {
            let better = self.looks.better(view.network, view.delegates, view.home(), rng);
            acts.extend(better.map(|to| Act::Move { to }));
        }
        if view.fees_eth > 0.0 && view.fees_eth >= self.rules.fees_above_eth {
            acts.push(Act::WithdrawFees);
        }
        Ok(acts)
    }

    fn boxed(&self) -> Box<dyn DelegatorPolicy> {
        Box::new(self.clone())
    }
}

impl Holder {
    /// What arrived in the wallet is sold, what is open is withdrawn or put back.
    fn money(&mut self, view: &View<'_>) -> Vec<Act> {
        let mut acts = Vec::new();
        let sold = self.to_sell.min(view.wallet_lpt);
        self.spare = view.wallet_lpt;
        if sold > NOTHING {
            acts.push(Act::Sell { lpt: sold });
            self.spare -= sold;
        }
        self.to_sell = 0.0;
        for lock in view.locks {
            let coming = &mut self.coming;
            let fate = *self.fates.entry(lock.id).or_insert_with(|| coming.pop_front().unwrap_or(Fate::Withdrawn));
            match fate {
                Fate::PutBack => acts.push(Act::Rebond { lock: lock.id }),
                Fate::Withdrawn if lock.rounds_left == 0 => {
                    acts.push(Act::WithdrawStake { lock: lock.id });
                    self.to_sell += lock.lpt * self.rules.sell_share;
                }
                Fate::Withdrawn => {}
            }
        }
        self.fates.retain(|id, _| view.locks.iter().any(|l| l.id == *id));
        acts
    }

    fn unbond(&mut self, lpt: f64, fate: Fate) -> Vec<Act> {
        self.coming.push_back(fate);
        vec![Act::Unbond { lpt }]
    }

    /// Factor on leaving, by the mood of the market.
    fn mood(&self, view: &View<'_>) -> f64 {
        libm::exp(self.rules.mood * (view.network.sentiment - 50.0))
    }

    fn stake(&mut self, view: &View<'_>, rng: &mut Entropy) -> Vec<Act> {
        match self.rules.class.clone() {
            Class::Inert(_) | Class::Passive(_) => Vec::new(),
            Class::Ordinary(p) => self.ordinary(&p, view, rng),
            Class::Compounder(p) => self.compound(p.bonds_wallet, view),
            Class::Extractor(p) => self.extract(p.share, view),
            Class::Exiter(p) => self.exit(&p, view, rng),
            Class::Whale(p) => self.jump(&p, view, rng),
            Class::Hedger(p) => self.hedge(&p, view, rng),
        }
    }

    fn ordinary(&mut self, p: &Ordinary, view: &View<'_>, rng: &mut Entropy) -> Vec<Act> {
        let band = &data::BANDS[data::band(view.stake_lpt)];
        let leaves = draw::chance(rng, band.unbond_hazard * p.hazard * self.mood(view));
        let claims = draw::chance(rng, p.claims);
        if view.stake_lpt <= NOTHING {
            return Vec::new();
        }
        if leaves {
            let part = if draw::chance(rng, p.all) { 1.0 } else { rng.unit() };
            let fate = if draw::chance(rng, band.withdrawn) { Fate::Withdrawn } else { Fate::PutBack };
            return self.unbond(view.stake_lpt * part, fate);
        }
        if claims && view.unclaimed_lpt > NOTHING { vec![Act::Claim] } else { Vec::new() }
    }

    fn compound(&mut self, bonds_wallet: bool, view: &View<'_>) -> Vec<Act> {
        if self.waited < self.period {
            return Vec::new();
        }
        self.waited = 0.0;
        match view.delegate {
            Some(to) if bonds_wallet && self.spare > NOTHING => vec![Act::Bond { lpt: self.spare, to }],
            Some(_) if view.unclaimed_lpt > NOTHING => vec![Act::Claim],
            _ => Vec::new(),
        }
    }

    /// Takes out what has come since the last time. The first time only tells what the principal is.
    fn extract(&mut self, share: f64, view: &View<'_>) -> Vec<Act> {
        let principal = *self.principal.get_or_insert(view.stake_lpt - view.unclaimed_lpt);
        if self.waited < self.period {
            return Vec::new();
        }
        self.waited = 0.0;
        let lpt = (view.stake_lpt - principal) * share;
        self.principal = Some(view.stake_lpt - lpt.max(0.0));
        if lpt > NOTHING { self.unbond(lpt, Fate::Withdrawn) } else { Vec::new() }
    }

    fn exit(&mut self, p: &Exiter, view: &View<'_>, rng: &mut Entropy) -> Vec<Act> {
        let past = |days: f64| libm::pow(days / p.scale_days, p.shape);
        let before = (self.age - view.network.round_days).max(0.0);
        let hazard = (past(self.age) - past(before)) * self.mood(view);
        let leaves = draw::chance(rng, 1.0 - libm::exp(-hazard));
        if leaves && view.stake_lpt > NOTHING { self.unbond(view.stake_lpt, Fate::Withdrawn) } else { Vec::new() }
    }

    fn jump(&mut self, p: &Whale, view: &View<'_>, rng: &mut Entropy) -> Vec<Act> {
        let per_round = p.jumps_per_year * view.network.round_days / 365.25;
        let out = draw::chance(rng, per_round * p.out * self.mood(view));
        let back = draw::chance(rng, per_round * (1.0 - p.out));
        let size = dist::lognormal(rng, p.size, p.sigma).min(1.0);
        let claims = draw::chance(rng, p.claims);
        // One that has left comes back with a part of what it once had.
        let held = self.principal.unwrap_or(0.0).max(view.stake_lpt);
        self.principal = Some(held);
        if out && view.stake_lpt > NOTHING {
            return self.unbond(view.stake_lpt * size, Fate::Withdrawn);
        }
        if back {
            return self.come(held * size, view, rng);
        }
        if claims && view.unclaimed_lpt > NOTHING { vec![Act::Claim] } else { Vec::new() }
    }

    /// Bonds an amount, and buys what the wallet lacks.
    fn come(&self, lpt: f64, view: &View<'_>, rng: &mut Entropy) -> Vec<Act> {
        let home = view.delegate.or_else(|| self.rules.attention.choose(view.network, view.delegates, rng));
        let Some(to) = home.filter(|_| lpt > NOTHING) else { return Vec::new() };
        let lacks = lpt - self.spare;
        let buys = (lacks > NOTHING).then_some(Act::Buy { lpt: lacks });
        buys.into_iter().chain([Act::Bond { lpt, to }]).collect()
    }

    fn hedge(&mut self, p: &Hedger, view: &View<'_>, rng: &mut Entropy) -> Vec<Act> {
        if view.network.round.is_multiple_of(p.every) {
            let home = view.home().map_or_else(|| view.network.reward_rate(), |h| h.delegator_rate(view.network));
            let premium = home * view.network.rounds_per_year() - self.borrow_cost;
            if view.stake_lpt > NOTHING && premium < p.leave {
                self.principal = None;
                return self.unbond(view.stake_lpt, Fate::Withdrawn);
            }
            if view.stake_lpt <= NOTHING && self.spare > NOTHING && premium >= p.enter {
                let to = self.rules.attention.choose(view.network, view.delegates, rng);
                return to.map(|to| Act::Bond { lpt: self.spare, to }).into_iter().collect();
            }
        }
        if view.stake_lpt > NOTHING { self.extract(1.0, view) } else { Vec::new() }
    }
}
