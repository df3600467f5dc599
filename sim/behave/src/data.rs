//! Figures that behaviours are calibrated with, each with its source.

/// Length of a round in days: 76,940 s, the mean of 2024 (6,377 blocks of 12.065 s).
pub const ROUND_DAYS: f64 = 76_940.0 / 86_400.0;
