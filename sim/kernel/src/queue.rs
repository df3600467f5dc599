//! The event queue: virtual time in a total order.

use serde::{Deserialize, Serialize};
use weir_types::Instant;

use crate::ladder::{Key, Ladder};
use crate::trace::{Trace, Traced};

/// Taken back events whose keys may lie about before they are cleared away, however few wait.
const DEAD: usize = 1_024;

/// Somebody to whom events happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActorId(pub u32);

/// A scheduled event. Events compare by the order in which they were scheduled, which is also their
/// order among events of the same time and priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    number: u64,
    slot: u32,
}

impl EventId {
    /// How many events were scheduled before it.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.number
    }
}

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

/// Room for an event that waits. Keys that still point here after it left have another number.
#[derive(Debug, Clone)]
struct Slot<E> {
    number: u64,
    event: Option<E>,
}

/// Events in the order of time, priority (smaller first) and number, with a hash over all that fired.
///
/// Keys are kept in order, the events themselves stay where they are until they fire. A copy of a
/// kernel goes on as the original does.
#[derive(Debug, Clone)]
pub struct Kernel<E> {
    seed: u64,
    now: Instant,
    keys: Ladder,
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
    /// Events that wait.
    waiting: usize,
    /// Keys of events that were taken back.
    dead: usize,
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
            keys: Ladder::new(),
            slots: Vec::new(),
            free: Vec::new(),
            waiting: 0,
            dead: 0,
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
    ///
    /// # Panics
    /// When more than 2^32 events wait.
    pub fn schedule(&mut self, at: Instant, priority: u8, actor: ActorId, event: E) -> EventId {
        let number = self.next;
        self.next += 1;
        let full = Slot { number, event: Some(event) };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = full;
                slot
            }
            None => {
                self.slots.push(full);
                u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 events wait")
            }
        };
        self.waiting += 1;
        self.keys.push(Key::new(at.max(self.now).0, priority, number, slot, actor.0));
        EventId { number, slot }
    }

    /// Take an event back; false when it has fired or was taken back before.
    pub fn cancel(&mut self, id: EventId) -> bool {
        let taken = self.take(id.number, id.slot).is_some();
        if taken {
            self.dead += 1;
            if self.dead > DEAD + self.waiting {
                let slots = &self.slots;
                self.keys.retain(|key| waits(slots, key.number(), key.slot));
                self.dead = 0;
            }
        }
        taken
    }

    /// Empties the slot of an event that waits.
    #[inline]
    fn take(&mut self, number: u64, slot: u32) -> Option<E> {
        let event = self.slots.get_mut(slot as usize).filter(|s| s.number == number)?.event.take()?;
        self.free.push(slot);
        self.waiting -= 1;
        Some(event)
    }

    /// The next event; time moves on to it.
    pub fn pop(&mut self) -> Option<Fired<E>> {
        loop {
            let key = self.keys.pop()?;
            let Some(event) = self.take(key.number(), key.slot) else {
                self.dead -= 1;
                continue;
            };
            self.now = Instant(key.at);
            let fired = Fired { at: self.now, seq: self.trace.events(), actor: ActorId(key.actor), event };
            self.trace.event(fired.at, key.actor, &fired.event);
            return Some(fired);
        }
    }

    /// Time of the next event.
    #[must_use]
    pub fn next_at(&mut self) -> Option<Instant> {
        self.peek().map(|(at, ..)| at)
    }

    /// The next event, which stays where it is.
    #[must_use]
    pub fn peek(&mut self) -> Option<(Instant, ActorId, &E)> {
        loop {
            let key = self.keys.first()?;
            if waits(&self.slots, key.number(), key.slot) {
                let event = self.slots.get(key.slot as usize)?.event.as_ref()?;
                return Some((Instant(key.at), ActorId(key.actor), event));
            }
            self.keys.pop();
            self.dead -= 1;
        }
    }

    /// Events that wait, in no order that means anything, though always in the same.
    pub fn pending(&self) -> impl Iterator<Item = &E> {
        self.slots.iter().filter_map(|slot| slot.event.as_ref())
    }

    /// Virtual time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Events that wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.waiting
    }

    /// True when nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.waiting == 0
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

/// Whether an event still waits in its slot.
#[inline]
fn waits<E>(slots: &[Slot<E>], number: u64, slot: u32) -> bool {
    slots.get(slot as usize).is_some_and(|s| s.number == number && s.event.is_some())
}
