//! Probabilities and the protocol's fixed-point percentages.

use alloy_primitives::U256;
use serde::{Deserialize, Serialize};

/// A ticket's winning probability: numerator over 2^256 - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WinProb(pub U256);

impl WinProb {
    /// Never wins.
    pub const ZERO: Self = Self(U256::ZERO);
    /// Wins always but for the single top draw.
    pub const ONE: Self = Self(U256::MAX);

    /// As a double: for charts and statistics, never for money.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0.as_limbs().iter().rev().fold(0.0, |acc, limb| acc * 18_446_744_073_709_551_616.0 + *limb as f64)
            / 1.157_920_892_373_162e77
    }
}

macro_rules! perc {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $divisor:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The value that means 100 %.
            pub const DIVISOR: $inner = $divisor;
        }
    };
}

perc! {
    /// Parts of 1,000,000: reward cut, fee share, round lock (contracts' `MathUtils`).
    Perc6, u32, 1_000_000
}
perc! {
    /// Parts of 1,000,000,000: inflation, bonding rate (the Minter's `MathUtils`).
    Perc9, u64, 1_000_000_000
}
perc! {
    /// Parts of 10^27: earnings factors, treasury cut (contracts' `PreciseMathUtils`).
    Perc27, u128, 1_000_000_000_000_000_000_000_000_000
}
