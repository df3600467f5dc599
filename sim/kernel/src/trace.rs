//! The trace: one hash over everything that happened.

use weir_types::Instant;

/// Events between two checkpoints.
pub const CHECKPOINT_EVERY: u64 = 4096;

/// An event that can be told apart from any other by what it feeds to a hash.
pub trait Traced {
    /// Short name of the kind of event.
    fn kind(&self) -> &'static str;
    /// Feeds all that matters about the event.
    fn digest(&self, h: &mut TraceHasher);
}

/// Takes what matters about an event. Texts and bytes go in with their length, so that no two
/// sequences of values feed the same bytes.
#[derive(Debug, Clone)]
pub struct TraceHasher(blake3::Hasher);

impl TraceHasher {
    fn new() -> Self {
        Self(blake3::Hasher::new())
    }

    /// A whole number.
    pub fn u64(&mut self, v: u64) {
        self.0.update(&v.to_le_bytes());
    }

    /// Bytes of any length.
    pub fn bytes(&mut self, v: &[u8]) {
        self.u64(v.len() as u64);
        self.0.update(v);
    }

    /// A text.
    pub fn str(&mut self, v: &str) {
        self.bytes(v.as_bytes());
    }

    fn finish(&self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Digest of one event: kind and contents, not its time or actor.
#[must_use]
pub fn event_digest<E: Traced>(event: &E) -> [u8; 8] {
    let mut h = TraceHasher::new();
    h.str(event.kind());
    event.digest(&mut h);
    let full = h.finish();
    let mut out = [0; 8];
    out.copy_from_slice(&full[..8]);
    out
}

/// The running hash.
#[derive(Debug)]
pub(crate) struct Trace {
    hasher: TraceHasher,
    events: u64,
    checkpoints: Vec<[u8; 32]>,
}

impl Trace {
    pub(crate) fn new(seed: u64) -> Self {
        let mut hasher = TraceHasher::new();
        hasher.str("weir trace 1");
        hasher.u64(seed);
        Self { hasher, events: 0, checkpoints: Vec::new() }
    }

    pub(crate) fn event<E: Traced>(&mut self, at: Instant, actor: u32, event: &E) {
        let h = &mut self.hasher;
        h.u64(at.0);
        h.u64(u64::from(actor));
        h.str(event.kind());
        event.digest(h);
        self.events += 1;
        if self.events.is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoints.push(self.hasher.finish());
        }
    }

    pub(crate) fn note(&mut self, bytes: &[u8]) {
        self.hasher.str("note");
        self.hasher.bytes(bytes);
    }

    pub(crate) const fn events(&self) -> u64 {
        self.events
    }

    pub(crate) fn hash(&self) -> String {
        self.hasher.finish().iter().map(|b| format!("{b:02x}")).collect()
    }

    pub(crate) fn checkpoints(&self) -> &[[u8; 32]] {
        &self.checkpoints
    }
}
