//! The event kernel alone, beside a heap of whole events that hashes each as it comes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::{Duration, Instant as Clock};

use weir_kernel::{ActorId, Kernel, TraceHasher, Traced};
use weir_types::Instant;

/// Events of each actor that wait at any time.
const WAITING: u32 = 4;
/// Turns of a figure, and how long each lasts at least.
const TURNS: usize = 7;
const TURN: Duration = Duration::from_millis(250);
/// Events between two looks at the clock.
const STRIDE: u64 = 16_384;

/// What happens to an actor: one of a chain of events, each of which brings about the next.
#[derive(Debug, Clone, Copy)]
struct Hop(u64);

impl Traced for Hop {
    fn kind(&self) -> &'static str {
        "hop"
    }

    fn digest(&self, h: &mut TraceHasher) {
        h.u64(self.0);
    }
}

/// Delays as a network has them: messages, segments, time-outs.
struct Delays(u64);

impl Delays {
    /// The next event's actor, and microseconds until then.
    fn next(&mut self, actors: u32) -> (u32, u64) {
        // The kernel is measured, not its source of chance: Marsaglia's xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let (low, high) = (self.0 & 0xffff_ffff, self.0 >> 32);
        let delay = match low & 7 {
            0..4 => 5_000 + high % 150_000,
            4..7 => 2_000_000 + high % 100_000,
            _ => high % 30_000_000,
        };
        (((low * u64::from(actors)) >> 32) as u32, delay)
    }
}

/// Nanoseconds per event of the kernel, its trace included.
pub(super) fn weir(actors: u32) -> f64 {
    let mut delays = Delays(0x9e37_79b9_7f4a_7c15);
    let mut kernel = Kernel::new(7);
    for i in 0..actors * WAITING {
        let (_, delay) = delays.next(actors);
        kernel.schedule(Instant(delay), 2, ActorId(i / WAITING), Hop(u64::from(i)));
    }
    let best = best(|events| {
        for _ in 0..events {
            let Some(fired) = kernel.pop() else { return };
            let (actor, delay) = delays.next(actors);
            kernel.schedule(Instant(fired.at.0 + delay), 2, ActorId(actor), Hop(fired.event.0 + 1));
        }
    });
    black_box(kernel.trace_hash());
    best
}

/// The same of a heap of whole events whose values are hashed one by one. Nothing can be taken back.
pub(super) fn plain(actors: u32) -> f64 {
    let mut delays = Delays(0x9e37_79b9_7f4a_7c15);
    let mut heap = BinaryHeap::new();
    let mut hasher = blake3::Hasher::new();
    let mut number = 0u64;
    for i in 0..actors * WAITING {
        let (_, delay) = delays.next(actors);
        heap.push(Reverse((delay, 2u8, number, i / WAITING, u64::from(i))));
        number += 1;
    }
    let best = best(|events| {
        for _ in 0..events {
            let Some(Reverse((at, _, _, actor, value))) = heap.pop() else { return };
            hasher.update(&at.to_le_bytes());
            hasher.update(&u64::from(actor).to_le_bytes());
            hasher.update(&3u64.to_le_bytes());
            hasher.update(b"hop");
            hasher.update(&value.to_le_bytes());
            let (actor, delay) = delays.next(actors);
            heap.push(Reverse((at + delay, 2, number, actor, value + 1)));
            number += 1;
        }
    });
    black_box(hasher.finalize());
    best
}

/// Nanoseconds per event: the best of some turns, as whatever else runs on the machine only adds.
fn best(mut events: impl FnMut(u64)) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..TURNS {
        let begin = Clock::now();
        let mut done = 0;
        while begin.elapsed() < TURN {
            events(STRIDE);
            done += STRIDE;
        }
        best = best.min(begin.elapsed().as_nanos() as f64 / done as f64);
    }
    best
}
