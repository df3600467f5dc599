//! What the model knows, and what the views of the contracts say about it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use alloy::primitives::U256;
use weir_contracts::{Change, ProtocolVersion};

use super::Who;
use super::events::Event;
use super::exact::{Bound, GRAIN, Part, Purse, rough};
use super::ranking::Ranking;

pub const NOBODY: Who = 0;

/// Scales of percentages.
pub const SIX: u128 = 1_000_000;
pub const NINE: u128 = 1_000_000_000;
pub const FINE: u128 = 10u128.pow(27);

/// Success, or the reason that the contract gives.
pub type Step = Result<(), String>;

/// How a failure without data shows.
pub const NO_REASON: &str = "reverted without a reason";

pub fn refuse(reason: &str) -> Step {
    Err(reason.to_owned())
}

/// The reason, unless the condition holds.
pub fn require(condition: bool, reason: &str) -> Step {
    if condition { Ok(()) } else { refuse(reason) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Pending = 0,
    Bonded = 1,
    Unbonded = 2,
}

#[derive(Debug, Clone, Copy)]
pub struct Lock {
    pub amount: U256,
    pub withdraw_round: u64,
}

/// What is recorded for votes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checkpoint {
    pub bonded: U256,
    pub delegate: Who,
    pub delegated: U256,
    pub last_claim: u64,
    pub last_reward: u64,
}

/// A payer of tickets.
#[derive(Debug, Clone, Default)]
pub struct Sender {
    pub deposit: U256,
    pub withdraw_round: u64,
    pub reserve: U256,
    pub claimed: BTreeMap<u64, U256>,
    pub claimed_by: BTreeMap<(u64, Who), U256>,
}

/// Anyone as the owner of stake, fees, and money.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// What the contracts hold as stake and fees since the last claim: the exact amounts rounded down.
    pub bonded: U256,
    pub fees: U256,
    pub delegate: Who,
    pub delegated: U256,
    pub start_round: u64,
    pub last_claim: u64,
    pub next_lock: u64,
    pub locks: BTreeMap<u64, Lock>,
    /// The exact amounts.
    pub purse: Purse,
    /// Rewards and tickets of the delegate since the last claim, and what the latter's roundings cost.
    pub rewards: u32,
    pub tickets: u32,
    pub fee_loss: f64,
    pub checkpoint: Option<Checkpoint>,
    pub lpt: U256,
    pub eth: U256,
    pub sender: Sender,
    pub reward_caller: Who,
}

/// What an orchestrator's pool of one round holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Record {
    pub stake: U256,
    pub cut: U256,
    pub share: U256,
    /// Factors by which stake and fees are reckoned, where they are written down.
    pub factor: Option<Bound>,
    pub fee_factor: Option<Bound>,
}

/// Anyone as an orchestrator.
#[derive(Debug, Clone)]
pub struct Orchestrator {
    pub last_reward: u64,
    pub last_fee: u64,
    pub cut: U256,
    pub share: U256,
    pub last_stake_update: u64,
    pub activation: u64,
    /// `u64::MAX` while no end is in sight.
    pub deactivation: u64,
    pub records: BTreeMap<u64, Record>,
    /// Someone who put in one unit of the contracts' factors at the beginning and never claims.
    pub unit: Purse,
}

impl Default for Orchestrator {
    fn default() -> Self {
        let mut unit = Purse::default();
        unit.add(Part::Stake, U256::from(FINE));
        Self {
            last_reward: 0,
            last_fee: 0,
            cut: U256::ZERO,
            share: U256::ZERO,
            last_stake_update: 0,
            activation: 0,
            deactivation: 0,
            records: BTreeMap::new(),
            unit,
        }
    }
}

/// An announced claim: delegate, delegator, new stake, new fees.
pub type Claimed = (Who, Who, U256, U256);

/// Situations that lives are to come into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A newcomer drives an orchestrator out of the pool, which still works in this round.
    EvictionOfActive,
    /// Who was driven out comes back within the round.
    ReturnWithinRound,
    /// A reward after one or more rounds without.
    RewardsMissed,
    RewardAfterResignation,
    CommissionChanged,
    CeilingReached,
    ClaimAfterThirtyRounds,
    /// Stake moves on in the very round from which it counts, or from which the new delegate is active.
    SwitchAtActivation,
    /// Fees by a factor that is reckoned back from the reward.
    FactorReckoned,
    /// Fees by the stake before the round's reward.
    FeesAfterReward,
    ReserveClaimed,
    /// A redemption that pays nothing.
    NothingPaid,
    SlashedToNothing,
    SlashedWhilePending,
    /// A member's stake falls, but not its place in the pool.
    SlashedBehindMember,
    BondToNobody,
    /// A ticket is worth more to all than its value, by earlier rules.
    FeesOverpaid,
}

impl Mark {
    /// Those that a hundred lives surely come into.
    pub const SURE: &[Self] = &[
        Self::EvictionOfActive,
        Self::ReturnWithinRound,
        Self::RewardsMissed,
        Self::RewardAfterResignation,
        Self::CommissionChanged,
        Self::CeilingReached,
        Self::ClaimAfterThirtyRounds,
        Self::SwitchAtActivation,
        Self::FactorReckoned,
        Self::FeesAfterReward,
        Self::ReserveClaimed,
        Self::NothingPaid,
        Self::SlashedToNothing,
        Self::SlashedWhilePending,
        Self::SlashedBehindMember,
        Self::BondToNobody,
    ];
}

/// What the contract makes of claims.
#[derive(Debug, Clone)]
pub enum Claims {
    /// By the events of a transaction that succeeded.
    Announced(VecDeque<Claimed>),
    /// By the views of stake and fees, where it refused the transaction. They are of those who may have
    /// claimed in it.
    Pending(BTreeMap<Who, (U256, U256)>),
}

#[derive(Debug, Clone)]
pub struct Minting {
    pub inflation: U256,
    pub change: U256,
    pub target: U256,
    pub mintable: U256,
    pub minted: U256,
    pub supply: U256,
    /// LPT and ETH in the vault.
    pub lpt: U256,
    pub eth: U256,
}

#[derive(Debug, Clone)]
pub struct Clock {
    pub block: u64,
    pub first_round: u64,
    pub first_block: u64,
    pub length: u64,
    /// Blocks at the end of a round in which commissions are fixed.
    pub locked: u64,
}

impl Clock {
    pub fn round(&self) -> u64 {
        self.first_round + (self.block - self.first_block) / self.length
    }

    pub fn start(&self) -> u64 {
        self.first_block + (self.block - self.first_block) / self.length * self.length
    }

    pub fn is_locked(&self) -> bool {
        self.block - self.start() >= self.length - self.locked
    }
}

/// Accounts with a part of their own.
#[derive(Debug, Clone, Copy)]
pub struct Cast {
    pub owner: Who,
    pub treasury: Who,
    pub verifier: Who,
    pub migrator: Who,
}

/// Votes and delegate of everyone when a round began.
pub type Votes = Rc<Vec<(Who, Bound)>>;

#[derive(Debug, Clone)]
pub struct Model {
    pub version: ProtocolVersion,
    pub cast: Cast,
    pub clock: Clock,
    pub paused: bool,
    pub last_initialized: u64,
    /// Total active stake of each round that was initialized.
    pub totals: BTreeMap<u64, U256>,
    /// By round, as of its end.
    pub past_votes: BTreeMap<u64, Votes>,
    pub people: Vec<Rc<Person>>,
    pub orchestrators: Vec<Rc<Orchestrator>>,
    pub ranking: Ranking,
    pub current_total: U256,
    pub next_total: U256,
    pub cut_rate: U256,
    pub next_cut_rate: U256,
    pub ceiling: U256,
    pub unbonding_period: u64,
    pub unlock_period: u64,
    pub validity_period: u64,
    pub minting: Minting,
    pub used: Rc<BTreeSet<u64>>,
    /// Penalties that stayed in someone's delegated stake: of those whose stake did not count yet, and
    /// of those who lost all of it.
    pub unmarked_penalties: U256,
    /// Whether a penalty lowered the stake behind a member of the pool, whose place keeps the old one.
    pub pool_slashed: bool,
    /// Whether fees were shared by more stake than was on record, as earlier rules allow.
    pub fees_overpaid: bool,
    /// What the transaction announced.
    pub events: Vec<Event>,
    pub claims: Claims,
    /// What the contract announced against the model.
    pub faults: Vec<String>,
    /// Situations that the transaction was in.
    pub marks: Vec<Mark>,
}

impl Model {
    pub fn person(&self, who: Who) -> &Person {
        &self.people[usize::from(who)]
    }

    pub fn person_mut(&mut self, who: Who) -> &mut Person {
        Rc::make_mut(&mut self.people[usize::from(who)])
    }

    pub fn orchestrator(&self, who: Who) -> &Orchestrator {
        &self.orchestrators[usize::from(who)]
    }

    pub fn orchestrator_mut(&mut self, who: Who) -> &mut Orchestrator {
        Rc::make_mut(&mut self.orchestrators[usize::from(who)])
    }

    pub fn everyone(&self) -> impl Iterator<Item = Who> + use<> {
        (0..self.people.len()).map(|who| who as Who)
    }

    pub fn record(&self, who: Who, round: u64) -> Record {
        self.orchestrator(who).records.get(&round).copied().unwrap_or_default()
    }

    pub fn record_mut(&mut self, who: Who, round: u64) -> &mut Record {
        self.orchestrator_mut(who).records.entry(round).or_default()
    }

    pub fn has(&self, change: Change) -> bool {
        self.version.has(change)
    }

    pub fn round(&self) -> u64 {
        self.clock.round()
    }

    pub fn is_initialized(&self) -> bool {
        self.last_initialized == self.round()
    }

    pub fn announce(&mut self, name: &'static str, who: &[Who], numbers: &[U256]) {
        self.events.push(Event::new(name, who, numbers));
    }

    pub fn mark(&mut self, mark: Mark, when: bool) {
        if when {
            self.marks.push(mark);
        }
    }

    /// The guards of most calls.
    pub fn open(&self) -> Step {
        self.running()?;
        require(self.is_initialized(), "current round is not initialized")
    }

    pub fn running(&self) -> Step {
        require(!self.paused, "system is paused")
    }

    pub fn only_owner(&self, caller: Who) -> Step {
        require(caller == self.cast.owner, "caller must be Controller owner")
    }

    pub fn status(&self, who: Who) -> Status {
        let p = self.person(who);
        if p.bonded.is_zero() {
            Status::Unbonded
        } else if p.start_round > self.round() {
            Status::Pending
        } else {
            Status::Bonded
        }
    }

    pub fn is_registered(&self, who: Who) -> bool {
        let p = self.person(who);
        p.delegate == who && !p.bonded.is_zero()
    }

    pub fn is_active(&self, who: Who) -> bool {
        let (o, round) = (self.orchestrator(who), self.round());
        o.activation <= round && round < o.deactivation
    }

    /// Those whose stake is with an orchestrator.
    pub fn delegators(&self, of: Who) -> Vec<Who> {
        self.everyone().filter(|who| self.person(*who).delegate == of && !self.person(*who).bonded.is_zero()).collect()
    }

    /// Parts that make up someone's stake, and fees.
    pub fn parts(&self, who: Who) -> (&'static [Part], &'static [Part]) {
        // Own rewards and fees come to whoever is its own delegate, with stake or without.
        if self.person(who).delegate == who {
            (&[Part::Stake, Part::OwnRewards], &[Part::Fees, Part::OwnFees])
        } else {
            (&[Part::Stake], &[Part::Fees])
        }
    }

    /// How far below the exact stake and fees a claim now may come out.
    pub fn deficits(&self, who: Who) -> (f64, f64) {
        let p = self.person(who);
        let sum = |parts: &[Part]| parts.iter().map(|part| p.purse.deficit(*part)).sum::<f64>();
        let (stake_parts, fee_parts) = self.parts(who);
        let (mut stake, mut fees) = (sum(stake_parts), sum(fee_parts));
        let grown = p.purse.rough(Part::Stake);
        if p.last_claim < self.round() {
            // The claim's own roundings. Each reward's factor has two: of the share, and of the product.
            if p.rewards > 0 {
                stake += 1.0 + grown * GRAIN * (1.0 + 2.0 * f64::from(p.rewards));
            }
            if p.tickets > 0 {
                fees += 1.0 + grown * GRAIN + p.fee_loss;
            }
        }
        (stake, fees)
    }

    pub fn agrees_on_stake(&self, who: Who, said: U256) -> bool {
        self.person(who).purse.agrees(self.parts(who).0, said, self.deficits(who).0)
    }

    pub fn agrees_on_fees(&self, who: Who, said: U256) -> bool {
        self.person(who).purse.agrees(self.parts(who).1, said, self.deficits(who).1)
    }

    /// Votes in the next round, if nothing more happens, and the delegate they follow.
    pub fn votes(&self, who: Who) -> (Who, Bound) {
        let own = self.person(who).checkpoint.unwrap_or_default();
        let Checkpoint { bonded, delegate, delegated, last_claim, .. } = own;
        if bonded.is_zero() {
            return (delegate, Bound::ZERO);
        }
        if delegate == who {
            return (delegate, Bound::exactly(delegated));
        }
        let theirs = self.person(delegate).checkpoint.unwrap_or_default();
        let votes = if theirs.delegate != delegate || theirs.bonded.is_zero() {
            Bound::ZERO
        } else if theirs.last_reward < last_claim {
            Bound::exactly(bonded)
        } else {
            let purse = &self.person(who).purse;
            Bound { floor: purse.floor(&[Part::Stake]), deficit: self.vote_deficit(who) }
        };
        (delegate, votes)
    }

    /// As for the stake, of which votes have no other parts.
    fn vote_deficit(&self, who: Who) -> f64 {
        let p = self.person(who);
        let claim = 1.0 + p.purse.rough(Part::Stake) * GRAIN * (1.0 + 2.0 * f64::from(p.rewards));
        p.purse.deficit(Part::Stake) + if p.rewards > 0 { claim } else { 0.0 }
    }

    /// Total stake that counted in a round, or will count. A round that was skipped has that of the next
    /// one that was not; those before all others have none.
    pub fn total_at(&self, round: u64) -> U256 {
        let before_all = self.totals.keys().next().is_none_or(|first| round <= *first);
        match self.totals.get(&round) {
            Some(total) if !total.is_zero() => *total,
            _ if before_all => U256::ZERO,
            _ => self.totals.range(round..).next().map_or(self.next_total, |(_, total)| *total),
        }
    }

    /// What a claimant may still take from a sender's reserve in this round.
    pub fn claimable(&self, sender: Who, claimant: Who) -> Result<U256, String> {
        let n = self.ranking.len();
        if !self.is_active(claimant) || n == 0 {
            return Ok(U256::ZERO);
        }
        let (s, round) = (&self.person(sender).sender, self.round());
        let all = s.reserve + s.claimed.get(&round).copied().unwrap_or_default();
        let taken = s.claimed_by.get(&(round, claimant)).copied().unwrap_or_default();
        (all / U256::from(n)).checked_sub(taken).ok_or_else(super::exact::overflow)
    }

    /// Whether the sum of what everyone owns is covered, for each orchestrator and in all.
    pub fn covered(&self) -> Result<(), String> {
        for o in self.everyone().filter(|o| self.is_registered(*o)) {
            let delegators = self.delegators(o);
            let owned: U256 = delegators.iter().map(|x| self.person(*x).purse.floor(self.parts(*x).0)).sum();
            // Who moves takes along what roundings kept from it, and leaves no stake behind for that.
            let kept: f64 = delegators.iter().map(|x| self.deficits(*x).0).sum();
            let delegated = self.person(o).delegated;
            if owned > delegated && rough(owned - delegated) > kept {
                return Err(format!("{owned} of stake owned, {delegated} delegated to {o}"));
            }
        }
        Ok(())
    }

    /// LPT that the vault must hold.
    pub fn vault(&self) -> U256 {
        let people = || self.people.iter();
        let delegated: U256 = people().map(|p| p.delegated).sum();
        let locked: U256 = people().flat_map(|p| p.locks.values()).map(|lock| lock.amount).sum();
        delegated + locked - self.unmarked_penalties
    }

    /// ETH that the vault must at least hold.
    pub fn owed_eth(&self) -> U256 {
        self.everyone()
            .map(|who| {
                let p = self.person(who);
                p.sender.deposit + p.sender.reserve + p.purse.floor(self.parts(who).1)
            })
            .sum()
    }
}

/// Remembers everyone's votes at the end of a round.
pub fn poll(model: &Model) -> Votes {
    Rc::new(model.everyone().map(|who| model.votes(who)).collect())
}
