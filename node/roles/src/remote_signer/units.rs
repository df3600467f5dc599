//! Units of work that a payment is for.

use super::refusal::Refusal;
use super::state::UnixTime;

/// Pixels of a second of live video: 720 lines, 30 pictures.
pub const LV2V_PER_SECOND: u64 = 1280 * 720 * 30;
/// Seconds of live video that a first payment is for.
pub const LV2V_FIRST_SECONDS: u64 = 60;
/// Seconds of an app that a first payment is for.
pub const LIVE_FIRST_SECONDS: u64 = 10;

const NANOS: u128 = 1_000_000_000;

/// Kinds of payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Pixels of live video, by time.
    Lv2v,
    /// Seconds begun.
    Live,
    /// One unit, whatever the time.
    Fixed,
    /// As many units as the caller says.
    Given,
}

impl Kind {
    /// The kind of a name.
    ///
    /// # Errors
    /// [`Refusal::Kind`] for one that is not known.
    pub(super) fn named(name: &str) -> Result<Self, Refusal> {
        match name {
            "lv2v" => Ok(Self::Lv2v),
            "live" => Ok(Self::Live),
            "fixed" => Ok(Self::Fixed),
            "" => Ok(Self::Given),
            _ => Err(Refusal::Kind),
        }
    }

    /// Its name and that of its units; none where the caller counts.
    pub(super) const fn unit(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Lv2v => Some(("lv2v", "720p-pixel-seconds")),
            Self::Live => Some(("live", "seconds")),
            Self::Fixed => Some(("fixed", "fixed")),
            Self::Given => None,
        }
    }

    /// Units since the time that is billed already; of a first payment where there is none.
    ///
    /// # Errors
    /// [`Refusal::NoUnits`] for none at all.
    pub(super) fn units(self, billed: Option<UnixTime>, now: UnixTime, given: i64) -> Result<u64, Refusal> {
        let passed = billed.map(|billed| u128::from(now.0.saturating_sub(billed.0)));
        let units = match (self, passed) {
            (Self::Lv2v, None) => u128::from(LV2V_FIRST_SECONDS * LV2V_PER_SECOND),
            (Self::Lv2v, Some(nanos)) => nanos * u128::from(LV2V_PER_SECOND) / NANOS,
            (Self::Live, None) => LIVE_FIRST_SECONDS.into(),
            (Self::Live, Some(nanos)) => nanos.div_ceil(NANOS),
            (Self::Fixed, _) => 1,
            (Self::Given, _) => u128::try_from(given).unwrap_or(0),
        };
        match u64::try_from(units) {
            Ok(0) => Err(Refusal::NoUnits),
            Ok(units) => Ok(units),
            Err(_) => Ok(u64::MAX),
        }
    }
}
