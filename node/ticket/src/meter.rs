//! Units of work that go by time, as a live session pays for them.

/// Nanoseconds of a second.
const SECOND: u128 = 1_000_000_000;

/// Counts the units of a live session and says when there are enough of them to pay for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    units_per_second: u64,
    interval_ns: u64,
    /// Up to here is counted, in nanoseconds of the session.
    counted_ns: u64,
}

impl Meter {
    /// A meter that begins at 0 and has news at most once in so many nanoseconds.
    #[must_use]
    pub const fn new(units_per_second: u64, interval_ns: u64) -> Self {
        Self { units_per_second, interval_ns, counted_ns: 0 }
    }

    /// Whole units since they were counted last, if the interval is over. The rest of a unit is counted with the
    /// next ones.
    pub fn due(&mut self, now_ns: u64) -> Option<u64> {
        let passed = now_ns.checked_sub(self.counted_ns).filter(|passed| *passed >= self.interval_ns)?;
        let rate = u128::from(self.units_per_second);
        let units = u128::from(passed) * rate / SECOND;
        // The time that whole units took: what is left of a unit stays uncounted.
        let took = (units * SECOND).checked_div(rate).unwrap_or_else(|| u128::from(passed));
        self.counted_ns = self.counted_ns.saturating_add(u64::try_from(took).unwrap_or(u64::MAX));
        Some(u64::try_from(units).unwrap_or(u64::MAX))
    }

    /// Nanosecond up to which units are counted.
    #[must_use]
    pub const fn counted_ns(&self) -> u64 {
        self.counted_ns
    }
}
