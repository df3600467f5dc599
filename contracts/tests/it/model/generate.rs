//! Random lives: what someone might do next, given how things stand.

use alloy::primitives::U256;
use weir_contracts::{Change, ProtocolVersion};
use weir_types::Entropy;

use super::Who;
use super::action::{Action, Amount, Flaw, Hints, Numbers};
use super::broker::Funds;
use super::cast::{ACTORS, CAST};
use super::state::{FINE, Model, NINE, NOBODY, SIX, Status};
use crate::world::lpt;

/// Actors that found orchestrators at the beginning and keep to that; the others come and go.
const FOUNDERS: Who = 9;
/// The first of those that act in few rounds only.
const IDLERS: Who = 20;
/// The first of those that pay tickets.
const GATEWAYS: Who = 24;

const ROUNDS: u64 = 52;
const WIN: u32 = 1_000_000;

pub struct Generator {
    entropy: Entropy,
    first_round: Option<u64>,
    /// Actions left in this round.
    left: u64,
    next_ticket: u64,
    /// What is to come next, from the last to the first.
    plan: Vec<Action>,
    ending: bool,
}

/// The rules of a seed, and the size of its pool.
pub fn rules(seed: u64) -> (ProtocolVersion, u64) {
    let version = if seed.is_multiple_of(4) { ProtocolVersion::D24 } else { ProtocolVersion::D26 };
    (version, 3 + seed / 4 % 4)
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self {
            entropy: Entropy::from_seed(bytes),
            first_round: None,
            left: 0,
            next_ticket: 0,
            plan: Vec::new(),
            ending: false,
        }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.entropy.below(n)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let n = self.below(from.len() as u64);
        from.get(n as usize).copied()
    }

    /// Any actor, but some of them seldom.
    fn actor(&mut self) -> Who {
        let who = 1 + self.below(u64::from(ACTORS)) as Who;
        if (IDLERS..GATEWAYS).contains(&who) && !self.chance(6) {
            1 + self.below(u64::from(IDLERS) - 1) as Who
        } else {
            who
        }
    }

    /// A number of wei of any size up to some thousand LPT.
    fn wei(&mut self) -> U256 {
        match self.below(12) {
            0 => U256::from(1 + self.below(9)),
            1 => U256::from(1 + self.below(1_000_000_000_000)),
            // Few different amounts, so that ties are common.
            2..=4 => lpt(100 * (1 + self.below(5))),
            _ => U256::from(1 + self.below(u64::MAX)) * U256::from(1 + self.below(100)),
        }
    }

    fn amount(&mut self) -> Amount {
        match self.below(20) {
            0 => Amount::Wei(U256::ZERO),
            1 => Amount::TooMuch,
            2..=6 => Amount::All,
            7..=8 => Amount::Wei(U256::ONE),
            _ => Amount::Part(1 + self.below(999_999) as u32),
        }
    }

    /// Nothing, true neighbours as far as they can be known, or anything.
    fn hints(&mut self, m: &Model, pairs: usize) -> Hints {
        if self.chance(60) {
            return Hints::none();
        }
        let members: Vec<Who> = m.ranking.members().collect();
        let mut all = Vec::new();
        for _ in 0..pairs {
            let n = self.below(members.len() as u64 + 1) as usize;
            let at = |i: Option<usize>| i.and_then(|i| members.get(i)).copied().unwrap_or(NOBODY);
            let mut pair = [at(n.checked_sub(1)), at(Some(n))];
            if self.chance(25) {
                pair[self.below(2) as usize] = self.below(u64::from(ACTORS) + 1) as Who;
            }
            all.extend(pair);
        }
        Numbers(all)
    }

    /// Someone to bond to: mostly who is in the pool or would like to be.
    fn delegate(&mut self, m: &Model) -> Who {
        let members: Vec<Who> = m.ranking.members().collect();
        match self.below(20) {
            0 => NOBODY,
            1 => self.actor(),
            2..=7 => 1 + self.below(u64::from(FOUNDERS)) as Who,
            _ => self.pick(&members).unwrap_or(1),
        }
    }

    /// Someone for whom a condition holds, if there is anyone, and most of the time.
    fn someone(&mut self, wanted: impl Fn(Who) -> bool) -> Who {
        let all: Vec<Who> = (1..=ACTORS).filter(|who| wanted(*who)).collect();
        let any = self.actor();
        let active: Vec<Who> = all.iter().copied().filter(|who| *who < IDLERS || *who >= GATEWAYS).collect();
        match self.below(20) {
            0 => any,
            1 => self.pick(&all).unwrap_or(any),
            _ => self.pick(&active).unwrap_or(any),
        }
    }

    /// The next action, or `None` at the end of the life.
    pub fn next(&mut self, m: &Model) -> Option<Action> {
        if let Some(action) = self.plan.pop() {
            return Some(action);
        }
        let Some(first) = self.first_round else {
            self.first_round = Some(m.round());
            self.found(m);
            return self.plan.pop();
        };
        if m.paused && self.chance(30) {
            return Some(Action::Unpause { who: CAST.owner });
        }
        if !m.is_initialized() && !m.paused && self.chance(90) {
            self.plan_rewards(m);
            return Some(Action::Initialize { who: self.actor() });
        }
        if self.left == 0 {
            if m.round() > first + ROUNDS {
                return self.end(m);
            }
            if !m.clock.is_locked() && self.chance(12) {
                // The end of the round, in which commissions stay as they are.
                self.left = 1 + self.below(3);
                let who = self.someone(|who| m.is_registered(who));
                self.plan.push(Action::Commission { who, cut: 1, share: 1, hints: Hints::none() });
                let open = m.clock.start() + m.clock.length - m.clock.locked - m.clock.block;
                return Some(Action::Mine { blocks: open - 1 + self.below(3) });
            }
            self.left = 3 + self.below(12);
            let rounds = if self.chance(5) { 2 + self.below(4) } else { 1 };
            return Some(Action::Rounds { rounds });
        }
        self.left -= 1;
        Some(self.anything(m))
    }

    /// Those that did nothing for long settle at last.
    fn end(&mut self, m: &Model) -> Option<Action> {
        if !std::mem::replace(&mut self.ending, true) && m.is_initialized() && !m.paused {
            self.plan = (IDLERS..GATEWAYS).map(|who| Action::Claim { who }).collect();
        }
        self.plan.pop()
    }

    /// The first round: orchestrators bond, set their commissions, and senders fund.
    fn found(&mut self, m: &Model) {
        let mut plan = vec![Action::Rounds { rounds: 1 }, Action::Initialize { who: 1 }];
        for who in 1..=FOUNDERS {
            if who > m.ranking.max as Who + 1 && self.chance(40) {
                continue;
            }
            let amount = Amount::Wei(lpt(100) + self.wei());
            plan.push(Action::Bond { who, amount, to: who, hints: Hints::none() });
            let (cut, share) = (self.below(SIX as u64 + 1) as u32, self.below(SIX as u64 + 1) as u32);
            plan.push(Action::Commission { who, cut, share, hints: Hints::none() });
        }
        for who in IDLERS..GATEWAYS {
            let to = 1 + self.below(u64::from(FOUNDERS)) as Who;
            plan.push(Action::Bond { who, amount: Amount::Wei(self.wei()), to, hints: Hints::none() });
        }
        for who in GATEWAYS..=ACTORS {
            let (deposit, reserve) = (lpt(self.below(20)), lpt(self.below(5)));
            plan.push(Action::Fund { who, target: who, funds: Funds::Both, deposit, reserve });
        }
        plan.reverse();
        self.plan = plan;
    }

    /// Most active orchestrators call reward in most rounds, in any order.
    fn plan_rewards(&mut self, m: &Model) {
        let mut due: Vec<Who> = m.everyone().filter(|who| m.is_active(*who)).collect();
        while !due.is_empty() {
            let n = self.below(due.len() as u64) as usize;
            let who = due.swap_remove(n);
            if self.chance(75) {
                let hints = self.hints(m, 1);
                self.plan.push(Action::Reward { who, hints });
            } else if self.chance(30) {
                let issue = self.ticket(who);
                self.plan.push(issue);
            }
        }
        // Something happens before the rewards, or between them.
        for _ in 0..self.below(3) {
            let action = self.anything(m);
            let n = self.below(self.plan.len() as u64 + 1) as usize;
            self.plan.insert(n, action);
        }
    }

    fn anything(&mut self, m: &Model) -> Action {
        match self.below(100) {
            0..=19 => self.bonding(m),
            20..=45 => self.unbonding(m),
            46..=53 => Action::Claim { who: self.someone(|who| m.status(who) != Status::Unbonded) },
            54..=62 => self.orchestrating(m),
            63..=87 => self.paying(m),
            88..=90 => self.slashing(m),
            91..=95 => self.governing(m),
            96 => Action::Checkpoint { who: self.actor(), of: self.actor() },
            _ => Action::Mine { blocks: 1 + self.below(30) },
        }
    }

    fn bonding(&mut self, m: &Model) -> Action {
        let (who, hints) = (self.actor(), self.hints(m, 2));
        match self.below(20) {
            // A stranger adds to someone's stake, or bonds for someone who has none.
            0..=3 => {
                let owner = self.someone(|who| m.status(who) != Status::Unbonded);
                let to = match self.below(20) {
                    0 => owner,
                    1..=2 => self.delegate(m),
                    _ => m.person(owner).delegate,
                };
                Action::BondFor { who, owner, amount: Amount::Wei(self.wei()), to, hints }
            }
            4 => {
                let (owner, to) = (self.actor(), self.delegate(m));
                Action::BondFor { who: CAST.migrator, owner, amount: Amount::Wei(self.wei()), to, hints }
            }
            // Moves all stake elsewhere.
            5..=9 => {
                let who = self.someone(|who| m.status(who) != Status::Unbonded && !m.is_registered(who));
                let to = self.delegate(m);
                Action::Bond { who, amount: Amount::Wei(U256::ZERO), to, hints }
            }
            // Becomes an orchestrator, or a larger one.
            10..=13 => {
                let who = 1 + self.below(u64::from(FOUNDERS) + 3) as Who;
                Action::Bond { who, amount: Amount::Wei(self.wei()), to: who, hints }
            }
            14 => Action::Bond { who, amount: Amount::TooMuch, to: self.delegate(m), hints },
            _ => {
                let current = m.person(who).delegate;
                let to = if current == NOBODY || self.chance(30) { self.delegate(m) } else { current };
                Action::Bond { who, amount: Amount::Wei(self.wei()), to, hints }
            }
        }
    }

    fn unbonding(&mut self, m: &Model) -> Action {
        let bonded = |who: Who| m.status(who) == Status::Bonded;
        let has_lock = |who: Who| !m.person(who).locks.is_empty();
        match self.below(26) {
            0..=6 => {
                let who = self.someone(bonded);
                Action::Unbond { who, amount: self.amount(), hints: self.hints(m, 1) }
            }
            7..=10 => {
                let who = self.someone(|who| has_lock(who) && m.status(who) != Status::Unbonded);
                Action::Rebond { who, lock: self.lock(m, who), hints: self.hints(m, 1) }
            }
            11..=13 => {
                let who = self.someone(|who| has_lock(who) && m.status(who) == Status::Unbonded);
                let to = self.delegate(m);
                Action::RebondFromUnbonded { who, to, lock: self.lock(m, who), hints: self.hints(m, 1) }
            }
            14..=17 => {
                let who = self.someone(bonded);
                let to = if self.chance(4) { NOBODY } else { self.actor() };
                Action::TransferBond { who, to, amount: self.amount(), hints: self.hints(m, 2) }
            }
            18..=21 => {
                let ripe = |who| m.person(who).locks.values().any(|lock| lock.withdraw_round <= m.round());
                let who = self.someone(ripe);
                Action::WithdrawStake { who, lock: self.lock(m, who) }
            }
            _ => {
                let who = self.someone(|who| !m.person(who).purse.floor(m.parts(who).1).is_zero());
                let to = match self.below(10) {
                    0 => NOBODY,
                    1 => self.actor(),
                    _ => who,
                };
                Action::WithdrawFees { who, to, amount: self.amount() }
            }
        }
    }

    fn lock(&mut self, m: &Model, who: Who) -> u64 {
        let all: Vec<u64> = m.person(who).locks.keys().copied().collect();
        let any = self.below(3);
        if self.chance(5) { any } else { self.pick(&all).unwrap_or(any) }
    }

    fn orchestrating(&mut self, m: &Model) -> Action {
        let who = self.someone(|who| m.is_registered(who));
        match self.below(10) {
            0..=4 => {
                let most = if self.chance(5) { 2 * SIX as u64 } else { SIX as u64 + 1 };
                let (cut, share) = (self.below(most) as u32, self.below(most) as u32);
                Action::Commission { who, cut, share, hints: self.hints(m, 1) }
            }
            5..=6 => Action::Reward { who, hints: self.hints(m, 1) },
            _ if !m.has(Change::RewardCaller) && self.chance(80) => Action::Reward { who, hints: Hints::none() },
            7 => Action::SetRewardCaller { who, caller: self.below(u64::from(ACTORS) + 1) as Who },
            _ => {
                let orchestrator = self.someone(|who| m.person(who).reward_caller != NOBODY);
                let known = m.person(orchestrator).reward_caller;
                let who = if known == NOBODY || self.chance(10) { self.actor() } else { known };
                Action::RewardFor { who, orchestrator, hints: self.hints(m, 1) }
            }
        }
    }

    fn ticket(&mut self, recipient: Who) -> Action {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let sender = GATEWAYS + self.below(u64::from(ACTORS - GATEWAYS) + 1) as Who;
        let value = match self.below(10) {
            0 => U256::ZERO,
            1 => U256::from(1 + self.below(9)),
            2 => lpt(5 + self.below(60)),
            _ => U256::from(1 + self.below(3_000_000_000_000_000_000)),
        };
        let chance = if self.chance(85) { WIN } else { self.below(u64::from(WIN)) as u32 };
        let who = if self.chance(80) { recipient } else { self.actor() };
        self.plan.push(Action::Redeem { who, ticket, flaw: Flaw::None });
        Action::Issue { ticket, sender, recipient, value, chance }
    }

    fn recent(&mut self) -> u64 {
        let most = self.next_ticket.clamp(1, 12);
        self.next_ticket.saturating_sub(1 + self.below(most))
    }

    fn paying(&mut self, m: &Model) -> Action {
        let who = GATEWAYS + self.below(u64::from(ACTORS - GATEWAYS) + 1) as Who;
        let (deposit, reserve) = (U256::from(self.below(u64::MAX)), U256::from(self.below(u64::MAX) / 8));
        match self.below(30) {
            0..=13 => {
                let registered = self.chance(15);
                let recipient = self.someone(|who| if registered { m.is_registered(who) } else { m.is_active(who) });
                let issue = self.ticket(recipient);
                // Some tickets are kept, to be redeemed later or never.
                if self.chance(25) {
                    self.plan.pop();
                }
                issue
            }
            14..=17 => Action::Redeem { who: self.actor(), ticket: self.recent(), flaw: self.flaw() },
            18..=19 => {
                let tickets = (0..1 + self.below(5)).map(|_| self.recent()).collect();
                Action::RedeemAll { who: self.actor(), tickets: Numbers(tickets) }
            }
            20..=21 => Action::Fund { who, target: who, funds: Funds::Both, deposit, reserve },
            22 => Action::Fund { who, target: who, funds: Funds::Deposit, deposit, reserve },
            23 => Action::Fund { who, target: who, funds: Funds::Reserve, deposit, reserve },
            24 => Action::Fund { who: self.actor(), target: who, funds: Funds::Both, deposit, reserve },
            25 => Action::FundShort { who, target: who, deposit, reserve },
            26 => Action::Unlock { who },
            27 => Action::CancelUnlock { who },
            _ => Action::Withdraw { who },
        }
    }

    fn flaw(&mut self) -> Flaw {
        let flaws = [
            Flaw::NoRecipient,
            Flaw::NoSender,
            Flaw::ShortData,
            Flaw::UnknownRound,
            Flaw::WrongHash,
            Flaw::WrongSecret,
            Flaw::ShortSignature,
            Flaw::WrongSignature,
        ];
        if self.chance(50) { Flaw::None } else { self.pick(&flaws).unwrap_or(Flaw::None) }
    }

    fn slashing(&mut self, m: &Model) -> Action {
        let orchestrator = self.someone(|who| m.status(who) != Status::Unbonded);
        let who = if self.chance(90) { CAST.verifier } else { self.actor() };
        let finder = if self.chance(30) { NOBODY } else { self.actor() };
        let part = match self.below(5) {
            0 => 0,
            1 => SIX as u32,
            _ => self.below(SIX as u64) as u32,
        };
        Action::Slash { who, orchestrator, finder, part, fee: self.below(SIX as u64 + 1) as u32 }
    }

    fn governing(&mut self, m: &Model) -> Action {
        let who = if self.chance(85) { CAST.owner } else { self.actor() };
        match self.below(12) {
            0..=1 => Action::Pause { who },
            2 => Action::Unpause { who },
            3 => Action::PoolSize { who, size: m.ranking.max as u64 + self.below(2) },
            4..=6 => {
                let most = if self.chance(10) { 2 } else { 5 };
                let rate = U256::from(FINE) / U256::from(most) * U256::from(1 + self.below(3));
                Action::TreasuryCut { who, rate }
            }
            7..=8 => {
                let treasury = m.person(m.cast.treasury).lpt;
                let amount = match self.below(5) {
                    0 => U256::ZERO,
                    1 => treasury,
                    _ => treasury + lpt(self.below(3_000)),
                };
                Action::Ceiling { who, amount }
            }
            9 => Action::UnbondingPeriod { who, rounds: self.below(8) },
            10 if self.chance(50) => {
                // What the next round will have, if nothing else happens.
                let rate = m.next_total * U256::from(NINE) / m.minting.supply;
                self.plan = vec![Action::Initialize { who }, Action::Rounds { rounds: 1 }];
                Action::Target { who, rate }
            }
            10 => Action::Target { who, rate: U256::from(self.below(300_000_000)) },
            _ => Action::Mine { blocks: 85 },
        }
    }
}
