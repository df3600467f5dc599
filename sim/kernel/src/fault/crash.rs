//! Crashes, drawn one by one.

use serde::{Deserialize, Serialize};
use weir_types::{Entropy, Instant, Millis};

use crate::queue::ActorId;

/// An actor dies and comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crash {
    /// Who.
    #[serde(skip)]
    pub actor: ActorId,
    /// When.
    pub at: Instant,
    /// For how long it is gone.
    pub down_for: Millis,
}

impl Crash {
    /// When it is back.
    #[must_use]
    pub fn back(&self) -> Instant {
        self.at + self.down_for
    }
}

/// Draws crashes of `n` different actors out of `actors`, spread evenly at random over a span.
pub fn draw_crashes(
    rng: &mut Entropy,
    actors: &[ActorId],
    n: usize,
    from: Instant,
    until: Instant,
    down_for: Millis,
) -> Vec<Crash> {
    let mut left = actors.to_vec();
    let span = until.0.saturating_sub(from.0);
    let mut out = Vec::new();
    while out.len() < n && !left.is_empty() {
        let i = usize::try_from(rng.below(left.len() as u64)).unwrap_or_default();
        let at = Instant(from.0.saturating_add(if span == 0 { 0 } else { rng.below(span) }));
        out.push(Crash { actor: left.swap_remove(i), at, down_for });
    }
    out.sort_by_key(|c| (c.at, c.actor));
    out
}
