//! How far a reader may stay behind.

/// Segments that may be on their way at a time. One is too few: the next one begins while the last one ends.
const MOST: u64 = 3;

/// The segments of a stream that were begun, and how many of them have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InFlight {
    begun: u64,
    ended: u64,
}

/// Its reader is too slow for another segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSlow;

impl InFlight {
    /// Begins another segment and gives its number, the first being one.
    ///
    /// # Errors
    /// Too many are on their way: none is begun.
    pub const fn begin(&mut self) -> Result<u64, TooSlow> {
        if self.begun >= self.ended.saturating_add(MOST) {
            return Err(TooSlow);
        }
        self.begun = self.begun.saturating_add(1);
        Ok(self.begun)
    }

    /// Ends one. More ends than beginnings count for those that come.
    pub const fn end(&mut self) {
        self.ended = self.ended.saturating_add(1);
    }

    /// Segments begun so far.
    #[must_use]
    pub const fn begun(&self) -> u64 {
        self.begun
    }
}
