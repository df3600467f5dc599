//! Bounds on figures, as `[measure]` writes them: `dilution_h1_p95 <= 12`.

use std::collections::BTreeMap;

use crate::stats::{mean, quantile};

/// A bound on a figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Constraint {
    /// As it was written.
    pub(crate) text: String,
    /// The figure that is bounded.
    pub(crate) figure: String,
    statistic: Statistic,
    less: bool,
    strict: bool,
    bound: f64,
}

/// What is taken of an arm's runs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Statistic {
    Mean,
    Quantile(f64),
}

type Figures = BTreeMap<String, Vec<Option<f64>>>;

/// Reads bounds; what cannot be read comes back with a reason.
pub(crate) fn parse(texts: &[String], figures: &Figures) -> (Vec<Constraint>, Vec<String>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for text in texts {
        match one(text, figures) {
            Ok(c) => good.push(c),
            Err(why) => bad.push(format!("{text}: {why}")),
        }
    }
    (good, bad)
}

fn one(text: &str, figures: &Figures) -> Result<Constraint, String> {
    let at = text.find(['<', '>']).ok_or("it has none of <=, >=, < and >")?;
    let (name, rest) = text.split_at(at);
    let (less, strict) = (rest.starts_with('<'), !rest[1..].starts_with('='));
    let bound = rest[if strict { 1 } else { 2 }..].trim();
    let bound: f64 = bound.parse().map_err(|_| format!("`{bound}` is no number"))?;
    let (figure, statistic) =
        resolve(name.trim(), figures).ok_or_else(|| format!("no figure is called {}", name.trim()))?;
    Ok(Constraint { text: text.trim().to_owned(), figure, statistic, less, strict, bound })
}

/// A figure by its own name, or with the statistic over the seeds behind it: `_mean`, `_p95`.
fn resolve(name: &str, figures: &Figures) -> Option<(String, Statistic)> {
    if figures.contains_key(name) {
        return Some((name.to_owned(), Statistic::Mean));
    }
    let (stem, end) = name.rsplit_once('_').filter(|(stem, _)| figures.contains_key(*stem))?;
    let statistic = match end {
        "mean" => Statistic::Mean,
        "min" => Statistic::Quantile(0.0),
        "max" => Statistic::Quantile(1.0),
        _ => {
            let percent: f64 = end.strip_prefix('p')?.parse().ok()?;
            Statistic::Quantile(percent / 100.0)
        }
    };
    Some((stem.to_owned(), statistic))
}

impl Constraint {
    /// Whether the runs of an arm keep it; nothing where there are none.
    pub(crate) fn keeps(&self, values: &[f64]) -> Option<bool> {
        if values.is_empty() {
            return None;
        }
        let v = match self.statistic {
            Statistic::Mean => mean(values),
            Statistic::Quantile(q) => quantile(values, q),
        };
        Some(match (self.less, self.strict) {
            (true, true) => v < self.bound,
            (true, false) => v <= self.bound,
            (false, true) => v > self.bound,
            (false, false) => v >= self.bound,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_or_say_why_not() {
        let figures: Figures = [("gini", vec![]), ("dilution_p95", vec![])].map(|(n, v)| (n.to_owned(), v)).into();
        let texts =
            ["gini_p95 <= 0.6", "dilution_p95<12", "gini >= 0", "gini = 1", "x < 1", "gini < much"].map(String::from);
        let (good, bad) = parse(&texts, &figures);
        let got: Vec<_> = good.iter().map(|c| (c.figure.as_str(), c.statistic, c.less, c.strict, c.bound)).collect();
        assert_eq!(
            got,
            [
                ("gini", Statistic::Quantile(0.95), true, false, 0.6),
                ("dilution_p95", Statistic::Mean, true, true, 12.0),
                ("gini", Statistic::Mean, false, false, 0.0),
            ]
        );
        assert_eq!(
            bad,
            [
                "gini = 1: it has none of <=, >=, < and >",
                "x < 1: no figure is called x",
                "gini < much: `much` is no number"
            ]
        );
    }
}
