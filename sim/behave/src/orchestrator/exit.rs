//! When an orchestrator gives up.

use std::collections::VecDeque;

use super::costs::Account;
use crate::setting::{NOT_NEGATIVE, between, choice, params};

params! {
    /// Stays whatever happens.
    pub struct Never {}
}

params! {
    /// Leaves after losses in so many rounds one after the other.
    pub struct Losses {
        /// Rounds.
        rounds: u64 = 30 => between(1.0, 1e6),
    }
}

params! {
    /// Leaves at a round.
    pub struct AtRound {
        /// The round, counted from 0.
        round: u64 = 100 => NOT_NEGATIVE,
    }
}

params! {
    /// Leaves when profit over income, summed over some rounds, is below a margin.
    pub struct BelowMargin {
        /// Smallest profit over income.
        margin: f64 = 0.1 => between(-100.0, 1.0),
        /// Rounds that are summed.
        rounds: u64 = 30 => between(1.0, 100_000.0),
    }
}

choice! {
    /// When an orchestrator gives up. Its costs are those of `costs`; rewards count at the price of LPT.
    pub enum Exit {
        Never(Never) = "never",
        Losses(Losses) = "losses",
        AtRound(AtRound) = "at_round",
        BelowMargin(BelowMargin) = "below_margin",
    }
}

/// An orchestrator's patience.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    exit: Exit,
    losses: u64,
    window: VecDeque<Account>,
}

impl Exit {
    pub(super) fn build(&self) -> Patience {
        Patience { exit: self.clone(), losses: 0, window: VecDeque::new() }
    }
}

impl Patience {
    /// Whether it leaves in the round that starts, given the account of the one that has ended.
    pub(super) fn ends(&mut self, round: u64, account: Account) -> bool {
        match &self.exit {
            Exit::Never(_) => false,
            Exit::AtRound(p) => round >= p.round,
            // Before the first round nothing was earned or spent.
            _ if round == 0 => false,
            Exit::Losses(p) => {
                self.losses = if account.profit() < 0.0 { self.losses + 1 } else { 0 };
                self.losses >= p.rounds
            }
            Exit::BelowMargin(p) => {
                self.window.push_back(account);
                if (self.window.len() as u64) < p.rounds {
                    return false;
                }
                let income: f64 = self.window.iter().map(|a| a.income).sum();
                let profit: f64 = self.window.iter().map(Account::profit).sum();
                self.window.pop_front();
                profit < p.margin * income
            }
        }
    }
}
