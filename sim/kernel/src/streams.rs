//! Random streams: one seed, any number of independent draws.

use weir_types::Entropy;

/// Derives streams from the run's seed.
///
/// A stream belongs to a name and a purpose and to nothing else: another actor, or another purpose
/// of the same actor, shifts none of its draws.
#[derive(Debug, Clone)]
pub struct Streams {
    key: [u8; 32],
}

impl Streams {
    /// Streams of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { key: blake3::derive_key("weir 2026 random streams of a run", &seed.to_le_bytes()) }
    }

    /// The stream of a name for a purpose, from its beginning.
    #[must_use]
    pub fn stream(&self, name: &str, purpose: &str) -> Entropy {
        let mut h = blake3::Hasher::new_keyed(&self.key);
        h.update(&(name.len() as u64).to_le_bytes());
        h.update(name.as_bytes());
        h.update(purpose.as_bytes());
        Entropy::from_seed(h.finalize().into())
    }
}
