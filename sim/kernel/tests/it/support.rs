//! Events for the tests.

use weir_kernel::{ActorId, Kernel, TraceHasher, Traced};
use weir_types::{Entropy, Instant};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Tick(u64),
    Text(String, String),
}

impl Traced for Event {
    fn kind(&self) -> &'static str {
        match self {
            Self::Tick(_) => "tick",
            Self::Text(..) => "text",
        }
    }

    fn digest(&self, h: &mut TraceHasher) {
        match self {
            Self::Tick(n) => h.u64(*n),
            Self::Text(a, b) => {
                h.str(a);
                h.bytes(b.as_bytes());
            }
        }
    }
}

/// A kernel with a stream of its own: 50 ticks, each of which schedules up to two further events.
pub(crate) fn busy(seed: u64, events: usize, mut seen: impl FnMut(&weir_kernel::Fired<Event>)) -> Kernel<Event> {
    let mut k = Kernel::new(seed);
    let mut rng = Entropy::from_seed([9; 32]);
    for i in 0..50 {
        k.schedule(Instant(rng.below(1_000)), 1, ActorId(i % 7), Event::Tick(rng.below(100)));
    }
    while let Some(f) = k.pop() {
        seen(&f);
        for _ in 0..rng.below(3) {
            let at = Instant(f.at.0 + rng.below(500));
            let event = if rng.below(2) == 0 {
                Event::Tick(f.seq)
            } else {
                Event::Text(format!("from {}", f.actor.0), f.seq.to_string())
            };
            k.schedule(at, u8::try_from(rng.below(3)).unwrap_or_default(), f.actor, event);
        }
        if k.processed() as usize == events {
            break;
        }
    }
    k
}
