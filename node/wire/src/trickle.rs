//! Trickle: channels of numbered segments over HTTP. What its headers say, and which segment a publisher or a reader
//! gets. Bytes, sockets and waiting are the server's.

use std::str::FromStr;

use thiserror::Error;

/// Header with the number of the segment that an answer is about.
pub const SEQ: &str = "Lp-Trickle-Seq";
/// Header with the number that is written next.
pub const LATEST: &str = "Lp-Trickle-Latest";
/// Header that says, by being there with any value, that the channel has ended.
pub const CLOSED: &str = "Lp-Trickle-Closed";
/// What [`CLOSED`] holds.
pub const TERMINATED: &str = "terminated";
/// Status of an answer when there is a channel, and no such segment in it.
pub const NO_SEGMENT: u16 = 470;

/// Segments that a channel keeps.
pub const WINDOW: u64 = 5;
const SLOTS: usize = WINDOW as usize;

/// The number in [`SEQ`] or [`LATEST`], or none where there is none to be read.
#[must_use]
pub fn number(value: &str) -> Option<i64> {
    value.parse().ok()
}

/// Whether a value of [`CLOSED`] ends the channel.
#[must_use]
pub const fn is_end(value: &str) -> bool {
    !value.is_empty()
}

/// A number that stands for no segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("Invalid idx")]
pub struct InvalidIndex;

/// Which segment is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The one that is written next: −1.
    Next,
    /// The one before it: −2.
    Latest,
    /// The one with a number.
    At(u64),
}

impl Place {
    /// The segment behind a number of a request.
    ///
    /// # Errors
    /// It is below zero and has no meaning.
    pub fn of(index: i64) -> Result<Self, InvalidIndex> {
        match index {
            -1 => Ok(Self::Next),
            -2 => Ok(Self::Latest),
            _ => u64::try_from(index).map(Self::At).map_err(|_| InvalidIndex),
        }
    }
}

impl FromStr for Place {
    type Err = InvalidIndex;

    fn from_str(text: &str) -> Result<Self, InvalidIndex> {
        Self::of(number(text).ok_or(InvalidIndex)?)
    }
}

/// How far a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Somebody waits for it, or is about to write it.
    Awaited,
    /// It has bytes and may get more.
    Begun,
    /// It is whole, or nothing comes any more.
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    seq: u64,
    state: State,
}

/// The segment that a publisher gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// Its number.
    pub seq: u64,
    /// It has bytes already, or has ended: somebody published it before.
    pub had_data: bool,
    /// The segment that had to make room, whose readers get no more.
    pub evicted: Option<u64>,
}

/// A channel: the segments that it keeps, and the number that is written next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Channel {
    slots: [Option<Segment>; SLOTS],
    next: u64,
    closed: bool,
}

impl Channel {
    /// The number that is written next.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Whether nothing is written any more.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Gives a publisher its segment, which has ended already in a channel that has. The number that is written next
    /// stays until [`Self::begin`].
    ///
    /// # Errors
    /// Nobody can publish the latest one by that name.
    pub fn publish(&mut self, place: Place) -> Result<Publish, InvalidIndex> {
        let seq = match place {
            Place::Next => self.next,
            Place::At(seq) => seq,
            Place::Latest => return Err(InvalidIndex),
        };
        let state = if self.closed { State::Ended } else { State::Awaited };
        let slot = self.slot(seq);
        let old = *slot;
        if let Some(same) = old.filter(|segment| segment.seq == seq) {
            return Ok(Publish { seq, had_data: same.state != State::Awaited, evicted: None });
        }
        *slot = Some(Segment { seq, state });
        Ok(Publish { seq, had_data: false, evicted: old.map(|segment| segment.seq) })
    }

    /// The first bytes of a segment are here, or its body ended without any: the next one is written after it, also
    /// where this is an old one that is written again.
    pub fn begin(&mut self, seq: u64) {
        self.next = seq.saturating_add(1);
        self.mark(seq, State::Begun);
    }

    /// A segment is whole.
    pub fn end(&mut self, seq: u64) {
        self.mark(seq, State::Ended);
    }

    /// The number of the segment that a reader gets, or none where there is no such segment. One that is about to be
    /// written is there already, so that its readers can wait for it.
    pub fn read(&mut self, place: Place) -> Option<u64> {
        let seq = match place {
            Place::Next => self.next,
            Place::Latest => self.next.saturating_sub(1),
            Place::At(seq) => seq,
        };
        // At the start also the second one: readers ask for the next segment while they read the first.
        let soon = !self.closed && (seq == self.next || (self.next == 0 && seq == 1));
        let slot = self.slot(seq);
        if slot.is_none_or(|segment| segment.seq != seq) {
            if !soon {
                return None;
            }
            *slot = Some(Segment { seq, state: State::Awaited });
        }
        Some(seq)
    }

    /// Ends the channel and all that is in it.
    pub fn close(&mut self) {
        self.closed = true;
        for segment in self.slots.iter_mut().flatten() {
            segment.state = State::Ended;
        }
    }

    /// Whether a segment is here and its readers have to wait for more.
    #[must_use]
    pub fn is_open(&self, seq: u64) -> bool {
        self.slots.iter().flatten().any(|segment| segment.seq == seq && segment.state != State::Ended)
    }

    /// What has ended stays so.
    fn mark(&mut self, seq: u64, state: State) {
        if let Some(segment) = self.slot(seq).as_mut().filter(|s| s.seq == seq && s.state != State::Ended) {
            segment.state = state;
        }
    }

    const fn slot(&mut self, seq: u64) -> &mut Option<Segment> {
        &mut self.slots[(seq % WINDOW) as usize]
    }
}

/// A number of bytes for readers of logs: `1.5 MB`.
#[must_use]
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    let power = bytes.ilog2() / 10;
    let unit = UNITS.get(power.saturating_sub(1) as usize).copied().unwrap_or("EB");
    format!("{:.1} {unit}", bytes as f64 / (1_u64 << (10 * power)) as f64)
}
