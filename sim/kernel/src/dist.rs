//! Draws from distributions, the same on every machine: logarithms and exponentials come from a
//! library in plain Rust, not from the system's.

use weir_types::Entropy;

/// A number above 0 and up to 1: safe for logarithms.
fn positive_unit(rng: &mut Entropy) -> f64 {
    1.0 - rng.unit()
}

/// Exponential with a mean.
pub fn exponential(rng: &mut Entropy, mean: f64) -> f64 {
    -libm::log(positive_unit(rng)) * mean
}

/// Standard normal, by the method of Box and Muller.
pub fn normal(rng: &mut Entropy) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(positive_unit(rng)));
    radius * libm::cos(core::f64::consts::TAU * rng.unit())
}

/// Log-normal with a median and a standard deviation of the logarithm.
pub fn lognormal(rng: &mut Entropy, median: f64, sigma: f64) -> f64 {
    median * libm::exp(sigma * normal(rng))
}

/// Pareto with a smallest value and an exponent.
pub fn pareto(rng: &mut Entropy, least: f64, exponent: f64) -> f64 {
    least / libm::pow(positive_unit(rng), 1.0 / exponent)
}

/// An index, drawn by weight. Weights that are not positive are never drawn; without a positive
/// one it is 0.
pub fn weighted(rng: &mut Entropy, weights: &[f64]) -> usize {
    let total: f64 = weights.iter().filter(|w| **w > 0.0).sum();
    let mut left = rng.unit() * total;
    let mut last = 0;
    for (i, w) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
        last = i;
        if left < *w {
            return i;
        }
        left -= w;
    }
    last
}
