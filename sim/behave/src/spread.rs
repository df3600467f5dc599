//! Numbers that differ from actor to actor.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use weir_kernel::dist;
use weir_types::Entropy;

use crate::setting::{ABOVE_ZERO, Limits, NOT_NEGATIVE, Problem, Setting};

/// A number for all actors of a group, or where each draws its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Spread {
    /// The same for all.
    Same(f64),
    /// Drawn when an actor is made.
    Drawn(Drawn),
}

/// Where an actor's number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Drawn {
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
}

impl Spread {
    /// The number of one actor.
    pub fn draw(&self, rng: &mut Entropy) -> f64 {
        match *self {
            Self::Same(v) => v,
            Self::Drawn(Drawn::Uniform { from, to }) => from + (to - from) * rng.unit(),
            Self::Drawn(Drawn::Lognormal { median, sigma, min, max }) => {
                dist::lognormal(rng, median, sigma).max(min).min(max)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Spread {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(Seen)
    }
}

struct Seen;

impl<'de> Visitor<'de> for Seen {
    type Value = Spread;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a table with `kind` = \"uniform\" or \"lognormal\"")
    }

    fn visit_f64<E>(self, v: f64) -> Result<Spread, E> {
        Ok(Spread::Same(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Spread, E> {
        Ok(Spread::Same(v as f64))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Spread, E> {
        Ok(Spread::Same(v as f64))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Spread, A::Error> {
        Drawn::deserialize(MapAccessDeserializer::new(map)).map(Spread::Drawn)
    }
}

impl Setting for Spread {
    fn form(limits: &Limits) -> String {
        format!(
            "{}; or `{{ kind = \"uniform\", from, to }}`, `{{ kind = \"lognormal\", median, sigma, min, max }}`",
            f64::form(limits)
        )
    }

    fn shown(&self) -> String {
        match self {
            Self::Same(v) => v.shown(),
            Self::Drawn(Drawn::Uniform { from, to }) => format!("uniform {from} to {to}"),
            Self::Drawn(Drawn::Lognormal { median, sigma, min, max }) => {
                format!("lognormal, median {median}, sigma {sigma}, {min} to {max}")
            }
        }
    }

    fn problem(&self, limits: &Limits) -> Option<Problem> {
        let part = |key: &str, v: f64| limits.problem(v).map(|p| p.under(key));
        let order = |key: &str, a: f64, b: f64| {
            (a > b).then(|| Problem::new(key, format!("{a} is above the upper end {b}"), "exchange the ends"))
        };
        match *self {
            Self::Same(v) => limits.problem(v),
            Self::Drawn(Drawn::Uniform { from, to }) => {
                part("from", from).or_else(|| part("to", to)).or_else(|| order("from", from, to))
            }
            Self::Drawn(Drawn::Lognormal { median, sigma, min, max }) => ABOVE_ZERO
                .problem(median)
                .map(|p| p.under("median"))
                .or_else(|| NOT_NEGATIVE.problem(sigma).map(|p| p.under("sigma")))
                .or_else(|| part("min", min))
                .or_else(|| part("max", max))
                .or_else(|| order("min", min, max)),
        }
    }
}
