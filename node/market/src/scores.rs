//! Performance scores of orchestrators by region, as a service publishes them.

use std::collections::BTreeMap;

use serde::Deserialize;
use weir_types::Address;

use crate::MarketError;

/// Scores between 0 and 1, by orchestrator and region.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scores(BTreeMap<Address, BTreeMap<String, f64>>);

#[derive(Debug, Deserialize)]
struct Region {
    score: f64,
}

impl Scores {
    /// Scores of a text `{"0x…": {"FRA": {"score": 0.95}}}`. Regions are compared in upper case; whatever else stands
    /// beside a score is left aside.
    ///
    /// # Errors
    /// [`MarketError::Scores`] for a text of another shape, and for scores that are not between 0 and 1: none of them
    /// is used then, so that the last good ones stay in force.
    pub fn parse(json: &str) -> Result<Self, MarketError> {
        let bad = |what: String| MarketError::Scores(what);
        let raw: BTreeMap<String, BTreeMap<String, Region>> =
            serde_json::from_str(json).map_err(|e| bad(e.to_string()))?;
        let mut out: BTreeMap<Address, BTreeMap<String, f64>> = BTreeMap::new();
        for (name, regions) in raw {
            let address: Address = name.parse().map_err(|_| bad(format!("{name} is no address")))?;
            for (region, r) in regions {
                if !(0.0..=1.0).contains(&r.score) {
                    return Err(bad(format!("{name} has a score of {} in {region}", r.score)));
                }
                out.entry(address).or_default().insert(region.to_uppercase(), r.score);
            }
        }
        Ok(Self(out))
    }

    /// Score of an orchestrator in a region.
    #[must_use]
    pub fn of(&self, orchestrator: &Address, region: &str) -> Option<f64> {
        self.0.get(orchestrator)?.get(&region.to_uppercase()).copied()
    }
}
