//! Values a scenario may give: counts, amounts, distributions.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use weir_kernel::dist;
use weir_types::{Entropy, LptWei, Price, U256, Wei};

/// A whole number of at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Count(pub u32);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let n = i64::deserialize(d)?;
        match u32::try_from(n) {
            Ok(n) if n > 0 => Ok(Self(n)),
            _ => Err(D::Error::custom(format!("must be a whole number from 1 to {}, found {n}", u32::MAX))),
        }
    }
}

/// A number above zero.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Positive(pub f64);

impl<'de> Deserialize<'de> for Positive {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let v = Number::deserialize(d)?.get();
        if v.is_finite() && v > 0.0 {
            return Ok(Self(v));
        }
        Err(D::Error::custom(format!("must be above 0, found {v}")))
    }
}

/// A number of at least zero.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Default)]
#[serde(transparent)]
pub struct NonNegative(pub f64);

impl<'de> Deserialize<'de> for NonNegative {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let v = Number::deserialize(d)?.get();
        if v.is_finite() && v >= 0.0 {
            return Ok(Self(v));
        }
        Err(D::Error::custom(format!("must not be negative, found {v}")))
    }
}

/// A share between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Default)]
#[serde(transparent)]
pub struct Share(pub f64);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let v = Number::deserialize(d)?.get();
        if (0.0..=1.0).contains(&v) {
            return Ok(Self(v));
        }
        Err(D::Error::custom(format!("must be a share from 0 to 1, found {v}")))
    }
}

/// A TOML integer or float.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    const fn get(&self) -> f64 {
        match *self {
            Self::Int(v) => v as f64,
            Self::Float(v) => v,
        }
    }
}

/// A whole token amount with decimals, in its 18-decimal base unit.
#[must_use]
fn base_units(whole: f64) -> U256 {
    // Nine decimals are exact in a float for every amount a scenario can mean; the rest is zeros.
    let nano = (whole * 1e9).round();
    if nano <= 0.0 {
        return U256::ZERO;
    }
    U256::from(nano as u128).saturating_mul(U256::from(1_000_000_000u64))
}

/// True above zero, and so for no NaN.
fn positive(v: f64) -> bool {
    v > 0.0
}

/// ETH to wei.
#[must_use]
pub fn eth(whole: f64) -> Wei {
    Wei(base_units(whole))
}

/// LPT to its base unit.
#[must_use]
pub fn lpt(whole: f64) -> LptWei {
    LptWei(base_units(whole))
}

/// A price of a number of wei per pixel. Prices on the wire are fractions of whole numbers; a
/// thousandth of a wei is fine enough.
#[must_use]
pub fn price(wei_per_pixel: f64) -> Price {
    Price::new((wei_per_pixel * 1000.0).round() as u64, 1000).unwrap_or_else(Price::free)
}

/// Wallets or machines by size: `weight` of them lie between `from` and `to`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// How many of the whole, in any unit.
    pub weight: f64,
    /// Lower end.
    pub from: f64,
    /// Upper end.
    pub to: f64,
}

/// Where a parameter's values come from. Draws never decide money inside the protocol; they only
/// set what actors start with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Dist {
    /// The same for everybody.
    Fixed {
        /// The value.
        value: f64,
    },
    /// Evenly between two ends.
    Uniform {
        /// Lower end.
        from: f64,
        /// Upper end.
        to: f64,
    },
    /// Log-normal, cut to its ends.
    Lognormal {
        /// Median.
        median: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
        /// Lower end.
        min: f64,
        /// Upper end.
        max: f64,
    },
    /// Exponential, cut to its ends.
    Exponential {
        /// Mean before the cut.
        mean: f64,
        /// Lower end.
        min: f64,
        /// Upper end.
        max: f64,
    },
    /// Log-uniform within bands that are drawn by weight.
    Bands {
        /// The bands.
        bands: Vec<Band>,
    },
    /// The listed values by rank; ranks beyond the list go on shrinking by `tail`.
    Ranked {
        /// Largest first.
        values: Vec<f64>,
        /// Factor from one rank to the next beyond the list.
        tail: f64,
    },
}

fn ranked(values: &[f64], tail: f64, rank: usize) -> f64 {
    values.get(rank).copied().unwrap_or_else(|| {
        let beyond = (rank + 1).saturating_sub(values.len());
        values.last().copied().unwrap_or(0.0) * libm::pow(tail, beyond as f64)
    })
}

impl Dist {
    /// The value of the actor with this rank (0 first).
    pub fn draw(&self, rank: usize, rng: &mut Entropy) -> f64 {
        match self {
            Self::Fixed { value } => *value,
            Self::Uniform { from, to } => from + (to - from) * rng.unit(),
            Self::Lognormal { median, sigma, min, max } => dist::lognormal(rng, *median, *sigma).clamp(*min, *max),
            Self::Exponential { mean, min, max } => dist::exponential(rng, *mean).clamp(*min, *max),
            Self::Bands { bands } => {
                let total: f64 = bands.iter().map(|b| b.weight).sum();
                let mut at = rng.unit() * total;
                let last = bands.len().saturating_sub(1);
                for (i, b) in bands.iter().enumerate() {
                    if at < b.weight || i == last {
                        let position = rng.unit();
                        return b.from * libm::pow(b.to / b.from, position);
                    }
                    at -= b.weight;
                }
                0.0
            }
            Self::Ranked { values, tail } => ranked(values, *tail, rank),
        }
    }

    /// A value in the middle: about half of so many actors draw a lower one.
    #[must_use]
    pub fn middle(&self, actors: usize) -> f64 {
        match self {
            Self::Fixed { value } => *value,
            Self::Uniform { from, to } => from + (to - from) / 2.0,
            Self::Lognormal { median, min, max, .. } => median.clamp(*min, *max),
            Self::Exponential { mean, min, max } => (mean * std::f64::consts::LN_2).clamp(*min, *max),
            Self::Bands { bands } => {
                let mut at = bands.iter().map(|b| b.weight).sum::<f64>() / 2.0;
                for b in bands {
                    if at <= b.weight {
                        return b.from * libm::pow(b.to / b.from, at / b.weight);
                    }
                    at -= b.weight;
                }
                bands.last().map_or(0.0, |b| b.to)
            }
            Self::Ranked { values, tail } => ranked(values, *tail, actors / 2),
        }
    }

    /// What is wrong with the parameters, given the smallest and largest value that makes sense.
    pub fn problem(&self, least: f64, most: f64) -> Option<(&'static str, String)> {
        let low = |key: &'static str, v: f64| {
            (!(v.is_finite() && v >= least && v <= most))
                .then(|| (key, format!("must lie between {least} and {most}, found {v}")))
        };
        let order =
            |a: f64, b: f64, key: &'static str| (a > b).then(|| (key, format!("{a} is above the upper end {b}")));
        match self {
            Self::Fixed { value } => low("value", *value),
            Self::Uniform { from, to } => {
                low("from", *from).or_else(|| low("to", *to)).or_else(|| order(*from, *to, "from"))
            }
            Self::Lognormal { median, sigma, min, max } => low("median", *median)
                .or_else(|| (!positive(*median)).then(|| ("median", format!("must be above 0, found {median}"))))
                .or_else(|| {
                    (sigma.is_nan() || *sigma < 0.0).then(|| ("sigma", format!("must not be negative, found {sigma}")))
                })
                .or_else(|| low("min", *min))
                .or_else(|| low("max", *max))
                .or_else(|| order(*min, *max, "min")),
            Self::Exponential { mean, min, max } => low("mean", *mean)
                .or_else(|| low("min", *min))
                .or_else(|| low("max", *max))
                .or_else(|| order(*min, *max, "min")),
            Self::Bands { bands } => {
                if bands.is_empty() {
                    return Some(("bands", "needs at least one band".to_owned()));
                }
                bands.iter().find_map(|b| {
                    if !positive(b.weight) {
                        return Some(("bands", format!("weight must be above 0, found {}", b.weight)));
                    }
                    if !positive(b.from) {
                        return Some(("bands", format!("from must be above 0, found {}", b.from)));
                    }
                    low("bands", b.from).or_else(|| low("bands", b.to)).or_else(|| order(b.from, b.to, "bands"))
                })
            }
            Self::Ranked { values, tail } => {
                if values.is_empty() {
                    return Some(("values", "needs at least one value".to_owned()));
                }
                if !(*tail > 0.0 && *tail <= 1.0) {
                    return Some(("tail", format!("must be above 0 and at most 1, found {tail}")));
                }
                values.iter().find_map(|v| low("values", *v))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_nine_decimals() {
        assert_eq!(eth(1.5), Wei::new(1_500_000_000_000_000_000));
        assert_eq!(eth(0.000_000_001), Wei::new(1_000_000_000));
        assert_eq!(eth(-1.0), Wei::ZERO);
    }

    #[test]
    fn draws_stay_in_their_bounds() {
        let mut rng = Entropy::from_seed([3; 32]);
        let d = Dist::Lognormal { median: 100.0, sigma: 2.0, min: 10.0, max: 1000.0 };
        let b = Dist::Bands {
            bands: vec![Band { weight: 1.0, from: 1.0, to: 10.0 }, Band { weight: 3.0, from: 10.0, to: 20.0 }],
        };
        let mut upper = 0;
        for _ in 0..2000 {
            assert!((10.0..=1000.0).contains(&d.draw(0, &mut rng)));
            let v = b.draw(0, &mut rng);
            assert!((1.0..=20.0).contains(&v));
            upper += usize::from(v > 10.0);
        }
        assert!((1400..1600).contains(&upper), "{upper}");
    }

    #[test]
    fn ranks_follow_the_list_and_then_shrink() {
        let mut rng = Entropy::from_seed([3; 32]);
        let d = Dist::Ranked { values: vec![8.0, 4.0], tail: 0.5 };
        let got: Vec<f64> = (0..4).map(|i| d.draw(i, &mut rng)).collect();
        assert_eq!(got, [8.0, 4.0, 2.0, 1.0]);
    }

    #[test]
    fn half_of_the_draws_lie_below_the_middle() {
        let bands = vec![Band { weight: 1.0, from: 1.0, to: 10.0 }, Band { weight: 3.0, from: 10.0, to: 20.0 }];
        let all = [
            Dist::Uniform { from: 2.0, to: 7.0 },
            Dist::Lognormal { median: 100.0, sigma: 1.0, min: 10.0, max: 1000.0 },
            Dist::Exponential { mean: 5.0, min: 1.0, max: 50.0 },
            Dist::Bands { bands },
            Dist::Ranked { values: vec![8.0, 4.0], tail: 0.9 },
        ];
        for d in all {
            let (mut rng, n) = (Entropy::from_seed([3; 32]), 2000);
            let below = (0..n).filter(|i| d.draw(*i, &mut rng) < d.middle(n)).count();
            assert!((900..1100).contains(&below), "{below} of {d:?}");
        }
        assert_eq!(Dist::Fixed { value: 3.0 }.middle(7), 3.0);
    }

    #[test]
    fn names_the_parameter_that_is_wrong() {
        let d = Dist::Lognormal { median: -5.0, sigma: 1.0, min: 0.0, max: 1.0 };
        assert_eq!(d.problem(0.0, 1e9).unwrap().0, "median");
        let d = Dist::Uniform { from: 2.0, to: 1.0 };
        assert_eq!(d.problem(0.0, 1e9).unwrap().0, "from");
    }
}
