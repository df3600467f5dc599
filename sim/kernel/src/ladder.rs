//! Keys of events in the order of time, priority and number, whatever the events are.
//!
//! Virtual time only moves on, and most of what is scheduled lies some way ahead. So keys are not
//! kept in order: they lie on rungs by the highest digit in which their time differs from `base`, and
//! a rung is looked at when its turn comes. A short one is sorted and becomes the run from which keys
//! are taken; a long one is spread over the rungs below. A key moves at most once per digit of its
//! time and takes part in one short sort, which costs less than a heap of all keys. What is scheduled
//! for a time up to `base` goes onto a heap beside the run.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::mem;

/// Bits of a digit.
const BITS: u32 = 4;
const DIGITS: usize = 1 << BITS;
const LEVELS: usize = (u64::BITS / BITS) as usize;
/// Keys up to which a rung is sorted as a whole.
const SHORT: usize = 96;
/// Keys for which an empty rung keeps its memory.
const KEEP: usize = 8_192;
/// Bits of a number, below those of a priority.
const NUMBER_BITS: u32 = 56;

/// Where an event stands in the order, and where it lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) at: u64,
    /// Priority, and below it the number.
    order: u64,
    pub(crate) slot: u32,
    pub(crate) actor: u32,
}

impl Key {
    pub(crate) const fn new(at: u64, priority: u8, number: u64, slot: u32, actor: u32) -> Self {
        // At ten million events a second numbers last for two hundred years.
        debug_assert!(number >> NUMBER_BITS == 0);
        Self { at, order: ((priority as u64) << NUMBER_BITS) | number, slot, actor }
    }

    pub(crate) const fn number(&self) -> u64 {
        self.order & ((1 << NUMBER_BITS) - 1)
    }

    const fn rank(&self) -> u128 {
        ((self.at as u128) << 64) | self.order as u128
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    // A heap gives its largest entry first, a list its last: the earliest must be the largest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.rank().cmp(&self.rank())
    }
}

/// Keys that wait.
#[derive(Debug, Clone)]
pub(crate) struct Ladder {
    /// Keys of times up to this one are in `run` and `late`, all others on rungs.
    base: u64,
    /// Sorted, the next one at the end.
    run: Vec<Key>,
    /// What came for times of the run after it was sorted.
    late: BinaryHeap<Key>,
    /// By level and digit.
    rungs: Vec<Vec<Key>>,
    /// Rungs with keys: a bit for each digit of a level.
    digits: [u16; LEVELS],
    /// Levels with such rungs.
    levels: u16,
}

impl Ladder {
    pub(crate) fn new() -> Self {
        Self {
            base: 0,
            run: Vec::new(),
            late: BinaryHeap::new(),
            rungs: vec![Vec::new(); LEVELS * DIGITS],
            digits: [0; LEVELS],
            levels: 0,
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, key: Key) {
        if key.at <= self.base {
            self.late.push(key);
        } else {
            self.put(key);
        }
    }

    /// Puts a key of a time after `base` on its rung.
    #[inline]
    fn put(&mut self, key: Key) {
        let level = ((u64::BITS - 1 - (key.at ^ self.base).leading_zeros()) / BITS) as usize;
        let digit = (key.at >> (level as u32 * BITS)) as usize % DIGITS;
        self.digits[level] |= 1 << digit;
        self.levels |= 1 << level;
        self.rungs[level * DIGITS + digit].push(key);
    }

    /// The first key in the order.
    #[inline]
    pub(crate) fn first(&mut self) -> Option<Key> {
        loop {
            match (self.run.last(), self.late.peek()) {
                // The earlier one is the larger.
                (Some(a), Some(b)) => return Some(*a.max(b)),
                (Some(key), None) | (None, Some(key)) => return Some(*key),
                (None, None) if self.levels == 0 => return None,
                (None, None) => self.climb(),
            }
        }
    }

    /// Takes the first key in the order.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Key> {
        let key = self.first()?;
        if self.run.last() == Some(&key) { self.run.pop() } else { self.late.pop() }
    }

    /// Makes a run of the lowest rung with keys, or of the first keys on it.
    fn climb(&mut self) {
        let level = self.levels.trailing_zeros() as usize;
        let digit = self.digits[level].trailing_zeros() as usize;
        self.digits[level] &= self.digits[level] - 1;
        if self.digits[level] == 0 {
            self.levels &= self.levels - 1;
        }
        let mut keys = mem::take(&mut self.rungs[level * DIGITS + digit]);
        if keys.len() <= SHORT {
            let shift = level as u32 * BITS;
            let begin = ((self.base >> shift) & !(DIGITS as u64 - 1) | digit as u64) << shift;
            // The last time of the rung: digits above it stay, so that higher rungs are right as they are.
            self.base = begin | ((1 << shift) - 1);
            mem::swap(&mut self.run, &mut keys);
        } else {
            self.base = keys.iter().map(|key| key.at).min().unwrap_or(self.base);
            for key in keys.drain(..) {
                if key.at <= self.base {
                    self.run.push(key);
                } else {
                    self.put(key);
                }
            }
        }
        self.run.sort_unstable();
        if keys.capacity() <= KEEP {
            self.rungs[level * DIGITS + digit] = keys;
        }
    }

    /// Drops all keys but these.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Key) -> bool) {
        self.run.retain(&keep);
        self.late.retain(&keep);
        for (i, rung) in self.rungs.iter_mut().enumerate() {
            rung.retain(&keep);
            if rung.is_empty() {
                self.digits[i / DIGITS] &= !(1 << (i % DIGITS));
            }
        }
        let filled = |(level, digits): (usize, &u16)| u16::from(*digits != 0) << level;
        self.levels = self.digits.iter().enumerate().map(filled).sum();
    }
}
