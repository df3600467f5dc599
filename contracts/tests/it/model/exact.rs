//! What someone owns without any rounding, and how far below it the contracts may be.
//!
//! A [`Purse`] holds fractions over one denominator that is never reduced: each division by a stake
//! multiplies it by that stake and nothing else happens. Some hundred divisions in a life make some ten
//! thousand bits, and no operation needs more than products with one word of 256 bits, so that this
//! is faster than reducing, and exact.
//!
//! The contracts round down at every step, and by no step to the owner's advantage, so that what they
//! say lies between the exact amount less a deficit and the exact amount itself. The deficit is
//! counted, not guessed: one unit for each amount that is rounded to an integer, [`GRAIN`] of the
//! product for each factor that is rounded to 27 digits, and what a share makes of a deficit that was
//! there before.

use alloy::primitives::U256;
use num_bigint::BigUint;
use num_traits::{One, ToPrimitive, Zero};

/// Resolution of the contracts' factors.
pub const GRAIN: f64 = 1e-27;

/// Room for the errors of the deficits' own arithmetic, which has 53 bits.
const CAREFUL: f64 = 1.000_001;

/// An amount in a purse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Stake with all rewards so far.
    Stake,
    /// Stake as it was before the delegate's latest reward.
    Before,
    /// Fees that are not withdrawn.
    Fees,
    /// An orchestrator's commission on rewards, and what that earned, since it last settled.
    OwnRewards,
    /// The same as of its latest reward.
    OwnAtReward,
    /// Its commission on fees, and the fees of its own rewards, since it last settled.
    OwnFees,
}

const PARTS: usize = 6;

/// Exact amounts of one owner.
#[derive(Debug, Clone)]
pub struct Purse {
    denominator: BigUint,
    numerators: [BigUint; PARTS],
    /// The amounts in 53 bits, to weigh deficits with.
    rough: [f64; PARTS],
    /// How far below the exact amount the contracts may be.
    deficit: [f64; PARTS],
}

pub fn big(v: U256) -> BigUint {
    BigUint::from_bytes_be(&v.to_be_bytes::<32>())
}

pub fn rough(v: U256) -> f64 {
    f64::from(v)
}

/// A value that fits in a word.
fn word(v: &BigUint) -> U256 {
    U256::from_be_slice(&v.to_bytes_be())
}

impl Default for Purse {
    fn default() -> Self {
        Self {
            denominator: BigUint::one(),
            numerators: std::array::from_fn(|_| BigUint::zero()),
            rough: [0.0; PARTS],
            deficit: [0.0; PARTS],
        }
    }
}

impl Purse {
    pub fn rough(&self, part: Part) -> f64 {
        self.rough[part as usize] * CAREFUL
    }

    pub fn deficit(&self, part: Part) -> f64 {
        self.deficit[part as usize]
    }

    pub fn is_zero(&self, part: Part) -> bool {
        self.numerators[part as usize].is_zero()
    }

    pub fn add(&mut self, to: Part, amount: U256) {
        self.numerators[to as usize] += &self.denominator * big(amount);
        self.rough[to as usize] += rough(amount);
    }

    /// Takes an amount that is there.
    pub fn take(&mut self, from: Part, amount: U256) {
        self.numerators[from as usize] -= &self.denominator * big(amount);
        self.rough[from as usize] = (self.rough[from as usize] - rough(amount)).max(0.0);
    }

    /// Adds `amount / whole` times another part.
    pub fn add_share(&mut self, to: Part, of: Part, amount: U256, whole: U256) {
        let (to, of) = (to as usize, of as usize);
        if self.numerators[of].is_zero() || amount.is_zero() {
            return;
        }
        let share = &self.numerators[of] * big(amount);
        let whole_exact = big(whole);
        for numerator in self.numerators.iter_mut().filter(|n| !n.is_zero()) {
            *numerator *= &whole_exact;
        }
        self.denominator *= whole_exact;
        self.numerators[to] += share;
        let ratio = rough(amount) / rough(whole);
        self.rough[to] += self.rough[of] * ratio;
        self.deficit[to] += self.deficit[of] * ratio * CAREFUL;
    }

    /// Lets the contracts be lower by some more.
    pub fn fall_short(&mut self, part: Part, by: f64) {
        self.deficit[part as usize] += by * CAREFUL;
    }

    pub fn copy(&mut self, from: Part, to: Part) {
        let (from, to) = (from as usize, to as usize);
        self.numerators[to] = self.numerators[from].clone();
        self.rough[to] = self.rough[from];
        self.deficit[to] = self.deficit[from];
    }

    /// Moves all of a part to another.
    pub fn pour(&mut self, from: Part, to: Part) {
        let moved = std::mem::take(&mut self.numerators[from as usize]);
        self.numerators[to as usize] += moved;
        self.rough[to as usize] += std::mem::take(&mut self.rough[from as usize]);
        self.deficit[to as usize] += std::mem::take(&mut self.deficit[from as usize]);
    }

    /// Nothing is left, and nothing is owed.
    pub fn empty(&mut self, part: Part) {
        self.numerators[part as usize] = BigUint::zero();
        self.rough[part as usize] = 0.0;
        self.deficit[part as usize] = 0.0;
        if self.numerators.iter().all(Zero::is_zero) {
            self.denominator = BigUint::one();
        }
    }

    fn sum(&self, parts: &[Part]) -> BigUint {
        parts.iter().map(|part| &self.numerators[*part as usize]).sum()
    }

    /// The whole units in the sum of some parts.
    pub fn floor(&self, parts: &[Part]) -> U256 {
        word(&(self.sum(parts) / &self.denominator))
    }

    /// Whether an amount is the sum of some parts, or less by no more than a deficit.
    pub fn agrees(&self, parts: &[Part], amount: U256, deficit: f64) -> bool {
        /// Binary digits of a deficit behind the point.
        const DIGITS: u32 = 32;
        let exact = self.sum(parts);
        let said = &self.denominator * big(amount);
        if said > exact {
            return false;
        }
        let allowed = (deficit * f64::from(DIGITS).exp2()).ceil().to_u128().unwrap_or(u128::MAX);
        ((exact - said) << DIGITS) <= &self.denominator * allowed
    }

    /// Whether a part is certainly above a limit, certainly not, or too near to say.
    pub fn exceeds(&self, part: Part, limit: U256) -> Option<bool> {
        if self.numerators[part as usize] <= &self.denominator * big(limit) {
            return Some(false);
        }
        let over = self.floor(&[part]).saturating_sub(limit);
        (rough(over) > self.deficit(part) + 1.0).then_some(true)
    }
}

/// A value as the whole units of the exact one, and how much the contracts may be below. Theirs are whole
/// too, so that what is below the exact value is no higher than its whole units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    pub floor: U256,
    pub deficit: f64,
}

impl Bound {
    pub const ZERO: Self = Self { floor: U256::ZERO, deficit: 0.0 };

    pub fn exactly(value: U256) -> Self {
        Self { floor: value, deficit: 0.0 }
    }

    pub fn allows(&self, value: U256) -> bool {
        value <= self.floor && rough(self.floor - value) <= self.deficit
    }
}

/// The floor of `a * floor(n * scale / d) / scale`, as the contracts take percentages.
pub fn part_of(a: U256, n: U256, d: U256, scale: u128) -> Result<U256, String> {
    let scale = U256::from(scale);
    let points = n.checked_mul(scale).ok_or_else(overflow)?;
    let points = points.checked_div(d).ok_or_else(division_by_zero)?;
    Ok(a.checked_mul(points).ok_or_else(overflow)? / scale)
}

/// The floor of `a * n / scale`.
pub fn percentage(a: U256, n: U256, scale: u128) -> Result<U256, String> {
    Ok(a.checked_mul(n).ok_or_else(overflow)? / U256::from(scale))
}

pub fn overflow() -> String {
    "Panic(0x11)".to_owned()
}

pub fn division_by_zero() -> String {
    "Panic(0x12)".to_owned()
}

pub fn failed_assertion() -> String {
    "Panic(0x1)".to_owned()
}
