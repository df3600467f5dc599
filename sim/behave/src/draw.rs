//! Draws that behaviours need besides those of the kernel, the same on every machine.

use weir_kernel::dist;
use weir_types::Entropy;

/// True with a probability.
pub fn chance(rng: &mut Entropy, probability: f64) -> bool {
    rng.unit() < probability
}

/// Gamma with a shape and scale 1, by the method of Marsaglia and Tsang.
pub fn gamma(rng: &mut Entropy, shape: f64) -> f64 {
    if shape < 1.0 {
        let boost = libm::pow(1.0 - rng.unit(), 1.0 / shape);
        return gamma(rng, shape + 1.0) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = dist::normal(rng);
        let v = 1.0 + c * x;
        if v <= 0.0 {
            continue;
        }
        let v = v * v * v;
        if libm::log(1.0 - rng.unit()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}

/// Student's t with some degrees of freedom.
pub fn student_t(rng: &mut Entropy, df: f64) -> f64 {
    let z = dist::normal(rng);
    let chi_squared = 2.0 * gamma(rng, df / 2.0);
    z / libm::sqrt(chi_squared / df)
}

/// Poisson with a mean. Long means are drawn in pieces, so that none is lost to rounding.
pub fn poisson(rng: &mut Entropy, mean: f64) -> u64 {
    const PIECE: f64 = 16.0;
    let mut left = if mean.is_finite() { mean.clamp(0.0, 1e6) } else { 0.0 };
    let mut events = 0;
    while left > 0.0 {
        let bound = libm::exp(-left.min(PIECE));
        let mut product = 1.0 - rng.unit();
        while product > bound {
            events += 1;
            product *= 1.0 - rng.unit();
        }
        left -= PIECE;
    }
    events
}

/// Log-uniform between two ends above zero.
pub fn log_uniform(rng: &mut Entropy, from: f64, to: f64) -> f64 {
    from * libm::pow(to / from, rng.unit())
}

/// Pareto with an exponent, between its smallest value and a largest one.
pub fn pareto_between(rng: &mut Entropy, least: f64, most: f64, exponent: f64) -> f64 {
    let kept = 1.0 - libm::pow(least / most, exponent);
    least / libm::pow(1.0 - rng.unit() * kept, 1.0 / exponent)
}

/// A value by its quantiles: pairs of a probability and a value, both rising, with straight lines between them.
pub fn quantile(table: &[(f64, f64)], probability: f64) -> f64 {
    let Some(first) = table.first() else { return 0.0 };
    let mut below = *first;
    for above in table {
        if probability <= above.0 {
            let width = above.0 - below.0;
            let part = if width > 0.0 { (probability - below.0) / width } else { 1.0 };
            return below.1 + part.max(0.0) * (above.1 - below.1);
        }
        below = *above;
    }
    below.1
}

/// Logarithm of the odds of a share.
#[must_use]
pub fn logit(share: f64) -> f64 {
    libm::log(share / (1.0 - share))
}

/// The share whose odds have this logarithm.
#[must_use]
pub fn from_logit(odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-odds))
}
