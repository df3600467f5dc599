//! Numbers that move over time: prices, gas, demand, mood, the bonding rate.

mod kinds;
mod moves;
mod set;

pub use kinds::{Ar1, Constant, Gbm, Lognormal, ProcessConfig, QuantileWalk, Replay, Residuals, Schedule, Spikes};
pub use moves::Process;
pub use set::{Processes, problem};
