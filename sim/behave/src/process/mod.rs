//! Numbers that move over time: prices, gas, demand, mood.

use std::fmt::Debug;

use weir_types::Entropy;

/// A number that moves over time.
pub trait Process: Debug {
    /// The number now.
    fn value(&self) -> f64;

    /// Moves on by some days and says what the number is then. `leader` is the logarithm of the growth of the
    /// process that this one follows, over the same days; 0 where it follows none.
    fn step(&mut self, days: f64, leader: f64, rng: &mut Entropy) -> f64;

    /// A copy.
    fn boxed(&self) -> Box<dyn Process>;
}

impl Clone for Box<dyn Process> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}
