//! Performance scores of orchestrators by region, as a service publishes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_types::Address;

use crate::MarketError;
use crate::selection::Probability;

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
                if !is_score(r.score) {
                    return Err(bad(format!("{name} has a score of {} in {region}", r.score)));
                }
                out.entry(address).or_default().insert(region.to_uppercase(), r.score);
            }
        }
        Ok(Self(out))
    }

    /// Regions in which an orchestrator has a score, in upper case, and the scores.
    pub fn regions(&self, orchestrator: &Address) -> impl Iterator<Item = (&str, f64)> {
        self.0.get(orchestrator).into_iter().flatten().map(|(region, score)| (region.as_str(), *score))
    }

    /// Score of an orchestrator in a region.
    #[must_use]
    pub fn of(&self, orchestrator: &Address, region: &str) -> Option<f64> {
        self.0.get(orchestrator)?.get(&region.to_uppercase()).copied()
    }
}

fn is_score(score: f64) -> bool {
    (0.0..=1.0).contains(&score)
}

/// Lowest scores that a gateway puts up with, by region: a region with many good orchestrators can be choosier than
/// one with few.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Floors", into = "Floors")]
pub struct ScoreFloors {
    general: f64,
    regions: BTreeMap<String, f64>,
}

/// The same, not looked at yet.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Floors {
    #[serde(default)]
    general: f64,
    #[serde(default)]
    regions: BTreeMap<String, f64>,
}

impl ScoreFloors {
    /// A floor for all regions, and others for some. Zero is no floor.
    ///
    /// # Errors
    /// [`MarketError::Scores`] for a floor that is not between 0 and 1, and for a region that is named twice.
    pub fn new<R: AsRef<str>>(general: f64, regions: impl IntoIterator<Item = (R, f64)>) -> Result<Self, MarketError> {
        let bad = |floor: f64, of: &str| MarketError::Scores(format!("a floor of {floor} {of} is no score"));
        if !is_score(general) {
            return Err(bad(general, "in general"));
        }
        let mut floors = Self { general, regions: BTreeMap::new() };
        for (region, floor) in regions {
            let region = region.as_ref().to_uppercase();
            if !is_score(floor) {
                return Err(bad(floor, &format!("in {region}")));
            }
            if floors.regions.insert(region.clone(), floor).is_some() {
                return Err(MarketError::Scores(format!("two floors in {region}")));
            }
        }
        Ok(floors)
    }

    /// The floor of a region.
    #[must_use]
    pub fn of(&self, region: &str) -> f64 {
        self.regions.get(&region.to_uppercase()).copied().unwrap_or(self.general)
    }

    /// Limits of selection with the floor of a region. As everywhere, a floor that nobody reaches is ignored.
    #[must_use]
    pub fn within(&self, region: &str, limits: Probability) -> Probability {
        Probability { min_performance: self.of(region), ..limits }
    }

    /// Whether an orchestrator reaches the floor of a region; without a score it does where there is no floor.
    #[must_use]
    pub fn reached(&self, scores: &Scores, orchestrator: &Address, region: &str) -> bool {
        scores.of(orchestrator, region).unwrap_or_default() >= self.of(region)
    }
}

impl TryFrom<Floors> for ScoreFloors {
    type Error = MarketError;

    fn try_from(floors: Floors) -> Result<Self, MarketError> {
        Self::new(floors.general, floors.regions)
    }
}

impl From<ScoreFloors> for Floors {
    fn from(ScoreFloors { general, regions }: ScoreFloors) -> Self {
        Self { general, regions }
    }
}
