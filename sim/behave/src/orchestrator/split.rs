//! One owner who appears as many.

use crate::setting::{COUNT, NOT_NEGATIVE, SHARE, params};

params! {
    /// How an owner splits what it has among clones. Each needs a place of its own in the active set, whose price is
    /// the stake of the last place: about 1,000 to 2,000 LPT at the start of 2026.
    pub struct Split {
        /// Clones, of which one is the owner itself.
        clones: u32 = 1 => COUNT,
        /// Share of the stake that the first keeps before the rest is split evenly; 0 splits all evenly.
        first_share: f64 = 0.0 => SHARE,
        /// Stake below which there is no further clone.
        least_lpt: f64 = 0.0 => NOT_NEGATIVE,
    }
}

/// A clone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Number of the owner.
    pub owner: u64,
    /// Number among the owner's clones, from 0.
    pub index: u32,
    /// Its stake.
    pub stake_lpt: f64,
    /// Streams it carries.
    pub sessions: f64,
}

impl Split {
    /// The clones of an owner with a stake and with machines for some streams. Their stakes and their streams sum to
    /// the owner's.
    #[must_use]
    pub fn apply(&self, owner: u64, stake_lpt: f64, sessions: f64) -> Vec<Part> {
        let mut clones = self.clones.max(1);
        let rest = |clones: u32| stake_lpt * (1.0 - self.first_share) / f64::from(clones);
        while clones > 1 && rest(clones) < self.least_lpt {
            clones -= 1;
        }
        let first = if clones == 1 { stake_lpt } else { stake_lpt * self.first_share + rest(clones) };
        let part = |index: u32| Part {
            owner,
            index,
            stake_lpt: if index == 0 { first } else { rest(clones) },
            sessions: sessions / f64::from(clones),
        };
        (0..clones).map(part).collect()
    }
}
