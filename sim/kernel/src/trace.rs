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
///
/// It only gathers: hashing a few bytes at a time would cost more than everything else a kernel does.
#[derive(Debug, Clone)]
pub struct TraceHasher(Vec<u8>);

impl TraceHasher {
    /// A whole number.
    #[inline]
    pub fn u64(&mut self, v: u64) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }

    /// Bytes of any length.
    #[inline]
    pub fn bytes(&mut self, v: &[u8]) {
        self.u64(v.len() as u64);
        self.0.extend_from_slice(v);
    }

    /// A text.
    #[inline]
    pub fn str(&mut self, v: &str) {
        self.bytes(v.as_bytes());
    }
}

/// Digest of one event: kind and contents, not its time or actor.
#[must_use]
pub fn event_digest<E: Traced>(event: &E) -> [u8; 8] {
    let mut h = TraceHasher(Vec::with_capacity(256));
    h.str(event.kind());
    event.digest(&mut h);
    let full = blake3::hash(&h.0);
    let mut out = [0; 8];
    out.copy_from_slice(&full.as_bytes()[..8]);
    out
}

/// Bytes that are hashed at once: 16 chunks of BLAKE3, as many as the widest registers take side by
/// side. The hash is the same whatever this is.
const BLOCK: usize = 16 * 1024;
/// Bytes that are gathered before blocks are hashed, so that little is left over to be moved.
const GATHER: usize = 4 * BLOCK;

/// The running hash.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    hasher: blake3::Hasher,
    /// What is not yet in the hash.
    gathered: TraceHasher,
    events: u64,
    checkpoints: Vec<[u8; 32]>,
}

impl Trace {
    pub(crate) fn new(seed: u64) -> Self {
        let mut gathered = TraceHasher(Vec::with_capacity(GATHER + 1_024));
        gathered.str("weir trace 1");
        gathered.u64(seed);
        Self { hasher: blake3::Hasher::new(), gathered, events: 0, checkpoints: Vec::new() }
    }

    #[inline]
    pub(crate) fn event<E: Traced>(&mut self, at: Instant, actor: u32, event: &E) {
        let h = &mut self.gathered;
        h.u64(at.0);
        h.u64(u64::from(actor));
        h.str(event.kind());
        event.digest(h);
        self.events += 1;
        if self.gathered.0.len() >= GATHER {
            self.feed();
        }
        if self.events.is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoints.push(self.finish());
        }
    }

    pub(crate) fn note(&mut self, bytes: &[u8]) {
        self.gathered.str("note");
        self.gathered.bytes(bytes);
        if self.gathered.0.len() >= GATHER {
            self.feed();
        }
    }

    /// Feeds whole blocks, so that each begins where BLAKE3 can take it at once.
    #[inline(never)]
    fn feed(&mut self) {
        let bytes = &mut self.gathered.0;
        let whole = bytes.len() - bytes.len() % BLOCK;
        self.hasher.update(&bytes[..whole]);
        bytes.drain(..whole);
    }

    #[inline(never)]
    fn finish(&self) -> [u8; 32] {
        let mut hasher = self.hasher.clone();
        hasher.update(&self.gathered.0);
        hasher.finalize().into()
    }

    pub(crate) const fn events(&self) -> u64 {
        self.events
    }

    pub(crate) fn hash(&self) -> String {
        self.finish().iter().map(|b| format!("{b:02x}")).collect()
    }

    pub(crate) fn checkpoints(&self) -> &[[u8; 32]] {
        &self.checkpoints
    }
}
