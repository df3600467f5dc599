//! The event queue: virtual time in a total order.

use std::cmp::Ordering;
use std::collections::{BTreeSet, BinaryHeap};

use weir_types::Instant;

use crate::trace::{Trace, Traced};

/// Somebody to whom events happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ActorId(pub u32);

/// Number of a scheduled event; also its place among events of the same time and priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u64);

/// An event whose time has come.
#[derive(Debug, Clone)]
pub struct Fired<E> {
    /// When.
    pub at: Instant,
    /// How many events came before it.
    pub seq: u64,
    /// To whom.
    pub actor: ActorId,
    /// What.
    pub event: E,
}

#[derive(Debug)]
struct Entry<E> {
    at: Instant,
    priority: u8,
    id: EventId,
    actor: ActorId,
    event: E,
}

impl<E> Entry<E> {
    const fn key(&self) -> (Instant, u8, EventId) {
        (self.at, self.priority, self.id)
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    // The heap gives its largest entry first: the earliest must be the largest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

/// Events in the order of time, priority (smaller first) and number, with a hash over all that fired.
#[derive(Debug)]
pub struct Kernel<E> {
    seed: u64,
    now: Instant,
    heap: BinaryHeap<Entry<E>>,
    // Only numbers that are still in the heap, so that it cannot outgrow it.
    cancelled: BTreeSet<EventId>,
    waiting: BTreeSet<EventId>,
    next: u64,
    trace: Trace,
}

impl<E: Traced> Kernel<E> {
    /// An empty queue at virtual time zero.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            now: Instant::ZERO,
            heap: BinaryHeap::new(),
            cancelled: BTreeSet::new(),
            waiting: BTreeSet::new(),
            next: 0,
            trace: Trace::new(seed),
        }
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Let an event happen to an actor. A time in the past counts as now: what is late happens at
    /// once, after everything of this instant that was scheduled earlier.
    pub fn schedule(&mut self, at: Instant, priority: u8, actor: ActorId, event: E) -> EventId {
        let id = EventId(self.next);
        self.next += 1;
        self.waiting.insert(id);
        self.heap.push(Entry { at: at.max(self.now), priority, id, actor, event });
        id
    }

    /// Take an event back; false when it has fired or was taken back before.
    pub fn cancel(&mut self, id: EventId) -> bool {
        self.waiting.remove(&id) && self.cancelled.insert(id)
    }

    /// The next event; time moves on to it.
    pub fn pop(&mut self) -> Option<Fired<E>> {
        loop {
            let e = self.heap.pop()?;
            if self.cancelled.remove(&e.id) {
                continue;
            }
            self.waiting.remove(&e.id);
            self.now = e.at;
            let fired = Fired { at: e.at, seq: self.trace.events(), actor: e.actor, event: e.event };
            self.trace.event(fired.at, fired.actor.0, &fired.event);
            return Some(fired);
        }
    }

    /// Time of the next event.
    #[must_use]
    pub fn next_at(&mut self) -> Option<Instant> {
        while let Some(top) = self.heap.peek() {
            let id = top.id;
            if !self.cancelled.remove(&id) {
                return self.heap.peek().map(|e| e.at);
            }
            self.heap.pop();
        }
        None
    }

    /// Virtual time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Events that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// True when nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Events that have fired.
    #[must_use]
    pub const fn processed(&self) -> u64 {
        self.trace.events()
    }

    /// Fold something other than an event into the trace.
    pub fn note(&mut self, bytes: &[u8]) {
        self.trace.note(bytes);
    }

    /// Hash over all events so far, in hexadecimal.
    #[must_use]
    pub fn trace_hash(&self) -> String {
        self.trace.hash()
    }

    /// Hash after every 4,096 events, oldest first.
    #[must_use]
    pub fn checkpoints(&self) -> &[[u8; 32]] {
        self.trace.checkpoints()
    }
}
