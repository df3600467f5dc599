//! What a sender is good for: its deposit, its share of the reserve, what is pending against them.

use num_bigint::BigInt;
use num_traits::Signed;
use serde::{Deserialize, Serialize};
use weir_types::amount::{big, unsigned};
use weir_types::{Round, Wei};

/// Deposit over pending amount from which pending tickets do not count against the reserve.
const DEPOSIT_RATIO: u64 = 3;

/// A sender's money as one claimant sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Funds {
    /// Deposit that pays winning tickets first.
    pub deposit: Wei,
    /// Round in which the sender may withdraw; 0 when no unlock is under way.
    pub withdraw_round: Round,
    /// What is left of the reserve.
    pub reserve_remaining: Wei,
    /// What orchestrators claimed from the reserve in the current round.
    pub claimed_in_current_round: Wei,
    /// What the asking orchestrator itself claimed of it.
    pub claimed_by_me: Wei,
}

/// Follows one sender.
#[derive(Debug, Clone, Default)]
pub struct SenderMonitor {
    funds: Funds,
    pending: BigInt,
}

impl SenderMonitor {
    /// A monitor of a sender's money.
    #[must_use]
    pub fn new(funds: Funds) -> Self {
        Self { funds, pending: BigInt::default() }
    }

    /// The money changed.
    pub fn set_funds(&mut self, funds: Funds) {
        self.funds = funds;
    }

    /// The money.
    #[must_use]
    pub const fn funds(&self) -> &Funds {
        &self.funds
    }

    /// A redemption is on its way.
    pub fn add_pending(&mut self, face_value: Wei) {
        self.pending += big(face_value.0);
    }

    /// A redemption is over, one way or the other. False, and without effect, when less than that
    /// is on its way.
    pub fn release_pending(&mut self, face_value: Wei) -> bool {
        let left = &self.pending - big(face_value.0);
        let known = !left.is_negative();
        if known {
            self.pending = left;
        }
        known
    }

    /// Face values on their way.
    #[must_use]
    pub const fn pending(&self) -> &BigInt {
        &self.pending
    }

    /// This claimant's share of the reserve in the current round.
    #[must_use]
    pub fn reserve_alloc(&self, pool_size: u64) -> BigInt {
        if pool_size == 0 {
            return BigInt::default();
        }
        let whole = big(self.funds.reserve_remaining.0) + big(self.funds.claimed_in_current_round.0);
        whole / BigInt::from(pool_size) - big(self.funds.claimed_by_me.0)
    }

    /// Largest face value that is sure to be paid; below zero when more is claimed or pending than
    /// the share.
    #[must_use]
    pub fn max_float(&self, pool_size: u64) -> BigInt {
        let alloc = self.reserve_alloc(pool_size);
        let covered = big(self.funds.deposit.0) >= &self.pending * DEPOSIT_RATIO;
        if self.pending.is_positive() && covered { alloc } else { alloc - &self.pending }
    }

    /// [`max_float`](Self::max_float) as an amount, zero where it is below.
    #[must_use]
    pub fn max_float_wei(&self, pool_size: u64) -> Wei {
        Wei(unsigned(&self.max_float(pool_size).max(BigInt::default())))
    }

    /// What redemptions can still draw on.
    #[must_use]
    pub fn available(&self, pool_size: u64) -> BigInt {
        self.reserve_alloc(pool_size) + big(self.funds.deposit.0) - &self.pending
    }

    /// True when the sender may withdraw in the next round or sooner.
    #[must_use]
    pub const fn unlocking(&self, round: Round) -> bool {
        let w = self.funds.withdraw_round.0;
        w != 0 && w <= round.0.saturating_add(1)
    }
}
