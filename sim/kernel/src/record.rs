//! The record of a run: one line of JSON per event, to hold a later run against.

use std::cmp::Ordering;
use std::fmt;
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::queue::Fired;
use crate::trace::{Traced, event_digest};

/// Version of the record's form.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    name: String,
    seed: u64,
}

/// An event as a record holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedEvent {
    /// How many events came before it.
    pub seq: u64,
    /// Virtual time in microseconds.
    pub at_us: u64,
    /// Actor.
    pub actor: u32,
    /// Kind of event.
    pub kind: String,
    /// Digest of its contents.
    pub digest: String,
}

impl RecordedEvent {
    /// An event in the form of the record.
    #[must_use]
    pub fn of<E: Traced>(f: &Fired<E>) -> Self {
        Self {
            seq: f.seq,
            at_us: f.at.0,
            actor: f.actor.0,
            kind: f.event.kind().to_owned(),
            digest: hex(&event_digest(&f.event)),
        }
    }
}

impl fmt::Display for RecordedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, at_us, actor, kind, digest } = self;
        write!(f, "event {seq} ({kind} at actor {actor}, {:.6} s, digest {digest})", *at_us as f64 / 1e6)
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    end: bool,
    events: u64,
    trace_hash: String,
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).map(char::from).collect()
}

/// Writes a record.
#[derive(Debug)]
pub struct TraceWriter<W> {
    out: W,
}

impl<W: Write> TraceWriter<W> {
    /// Starts a record of a run.
    ///
    /// # Errors
    /// The writer's.
    pub fn new(mut out: W, name: &str, seed: u64) -> io::Result<Self> {
        serde_json::to_writer(&mut out, &Header { version: VERSION, name: name.to_owned(), seed })?;
        out.write_all(b"\n")?;
        Ok(Self { out })
    }

    /// Writes an event.
    ///
    /// # Errors
    /// The writer's.
    pub fn event<E: Traced>(&mut self, f: &Fired<E>) -> io::Result<()> {
        // Kinds are plain identifiers and need no escaping.
        writeln!(
            self.out,
            r#"{{"seq":{},"at_us":{},"actor":{},"kind":"{}","digest":"{}"}}"#,
            f.seq,
            f.at.0,
            f.actor.0,
            f.event.kind(),
            hex(&event_digest(&f.event))
        )
    }

    /// Writes the last line.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(mut self, events: u64, trace_hash: &str) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, &End { end: true, events, trace_hash: trace_hash.to_owned() })?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }
}

/// Where a run and its record part.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Difference {
    /// The record has another event in this place.
    #[error("the record says {expected}, the run has {got}")]
    Changed {
        /// Event of the record.
        expected: Box<RecordedEvent>,
        /// Event of the run.
        got: Box<RecordedEvent>,
    },
    /// The record lacks an event of the run.
    #[error("the record lacks {got}; its line {line} is event {found}")]
    Deleted {
        /// Event of the run.
        got: Box<RecordedEvent>,
        /// Line of the record, from 1.
        line: u64,
        /// Number of the event that stands there.
        found: u64,
    },
    /// The record has an event that the run has not.
    #[error("line {line} of the record has {extra}, which the run has not there")]
    Inserted {
        /// Event of the record.
        extra: Box<RecordedEvent>,
        /// Line of the record, from 1.
        line: u64,
    },
    /// The record ends before the run.
    #[error("the record ends after {events} events, the run goes on")]
    Truncated {
        /// Events of the record.
        events: u64,
    },
    /// The record goes on after the run's end.
    #[error("the run ends after {events} events, the record goes on with {next}")]
    RunEnded {
        /// Events of the run.
        events: u64,
        /// Next event of the record.
        next: Box<RecordedEvent>,
    },
    /// A line that is no event.
    #[error("line {line} of the record cannot be read (event {seq}): {reason}")]
    Unreadable {
        /// Line, from 1.
        line: u64,
        /// Number of the event that should stand there.
        seq: u64,
        /// Why.
        reason: String,
    },
    /// All events agree, the last line does not.
    #[error("the record's last line says {expected}, the run has {got}")]
    End {
        /// Number of events and hash of the record.
        expected: String,
        /// Those of the run.
        got: String,
    },
}

pub(crate) enum Line {
    Event(RecordedEvent),
    End(End),
    Eof,
}

/// Reads a record line by line.
#[derive(Debug)]
pub struct TraceReader<R> {
    input: R,
    line: u64,
    seed: u64,
    name: String,
    /// Whether the run was cut short.
    cut: bool,
}

impl<R: BufRead> TraceReader<R> {
    /// Opens a record.
    ///
    /// # Errors
    /// [`Difference::Unreadable`] when the first line is not that of a record.
    pub fn new(input: R) -> Result<Self, Difference> {
        let mut r = Self { input, line: 0, seed: 0, name: String::new(), cut: false };
        let text = r.text(0)?.unwrap_or_default();
        let fail = |reason: String| Difference::Unreadable { line: 1, seq: 0, reason };
        let header: Header = serde_json::from_str(&text).map_err(|e| fail(e.to_string()))?;
        if header.version != VERSION {
            return Err(fail(format!("record version {}, this program reads {VERSION}", header.version)));
        }
        r.seed = header.seed;
        r.name = header.name;
        Ok(r)
    }

    /// The same record, known to be one of a run that was cut short: half a line at its end is no
    /// fault of the record.
    #[must_use]
    pub fn cut_short(mut self) -> Self {
        self.cut = true;
        self
    }

    /// Seed of the recorded run.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Name of the recorded run.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn text(&mut self, seq: u64) -> Result<Option<String>, Difference> {
        self.line += 1;
        let mut text = String::new();
        let n = self.input.read_line(&mut text).map_err(|e| Difference::Unreadable {
            line: self.line,
            seq,
            reason: e.to_string(),
        })?;
        Ok((n > 0).then_some(text))
    }

    /// The next line, which should be the event of a number.
    pub(crate) fn next(&mut self, seq: u64) -> Result<Line, Difference> {
        let Some(text) = self.text(seq)? else { return Ok(Line::Eof) };
        if text.starts_with("{\"end\"")
            && let Ok(end) = serde_json::from_str(&text)
        {
            return Ok(Line::End(end));
        }
        match serde_json::from_str(&text) {
            Ok(event) => Ok(Line::Event(event)),
            // A process that was killed may have died in the middle of a line.
            Err(_) if self.cut && !text.ends_with('\n') => Ok(Line::Eof),
            Err(e) => Err(Difference::Unreadable { line: self.line, seq, reason: e.to_string() }),
        }
    }
}

/// Holds a run against its record.
#[derive(Debug)]
pub struct TraceVerifier<R> {
    reader: TraceReader<R>,
    ahead: Option<RecordedEvent>,
    end: Option<(u64, String)>,
    eof: bool,
    seen: u64,
}

impl<R: BufRead> TraceVerifier<R> {
    /// A verifier at the record's first event.
    #[must_use]
    pub const fn new(reader: TraceReader<R>) -> Self {
        Self { reader, ahead: None, end: None, eof: false, seen: 0 }
    }

    fn fill(&mut self) -> Result<(), Difference> {
        if self.ahead.is_some() || self.end.is_some() || self.eof {
            return Ok(());
        }
        match self.reader.next(self.seen)? {
            Line::Event(e) => self.ahead = Some(e),
            Line::End(e) => self.end = Some((e.events, e.trace_hash)),
            Line::Eof => self.eof = true,
        }
        Ok(())
    }

    /// True when the record has no further event.
    ///
    /// # Errors
    /// [`Difference::Unreadable`] when the next line is no event.
    pub fn at_end(&mut self) -> Result<bool, Difference> {
        self.fill()?;
        Ok(self.ahead.is_none())
    }

    /// Compares the run's next event with the record's.
    ///
    /// # Errors
    /// How they differ.
    pub fn event<E: Traced>(&mut self, fired: &Fired<E>) -> Result<(), Difference> {
        self.fill()?;
        let Some(expected) = self.ahead.take() else { return Err(Difference::Truncated { events: self.seen }) };
        let got = RecordedEvent::of(fired);
        if expected == got {
            self.seen += 1;
            return Ok(());
        }
        let (line, next) = (self.reader.line, self.next_number());
        let (expected, got) = (Box::new(expected), Box::new(got));
        // This line may have any number in it. The next one tells what became of the run's event: it
        // stands there, or the one after it does.
        if next == Some(got.seq) {
            return Err(Difference::Inserted { extra: expected, line });
        }
        if next == Some(got.seq + 1) {
            return Err(Difference::Changed { expected, got });
        }
        Err(match expected.seq.cmp(&got.seq) {
            Ordering::Equal => Difference::Changed { expected, got },
            Ordering::Less => Difference::Inserted { extra: expected, line },
            Ordering::Greater => Difference::Deleted { got, line, found: expected.seq },
        })
    }

    /// Number of the event in the record's next line; that of the run's end behind the last one.
    fn next_number(&mut self) -> Option<u64> {
        // An unreadable line tells nothing.
        let _ = self.fill();
        self.ahead.as_ref().map(|next| next.seq).or_else(|| self.end.as_ref().map(|(events, _)| *events))
    }

    /// Compares the end of the run with the record's.
    ///
    /// # Errors
    /// How they differ.
    pub fn finish(&mut self, events: u64, trace_hash: &str) -> Result<(), Difference> {
        self.fill()?;
        if let Some(next) = self.ahead.take() {
            return Err(Difference::RunEnded { events, next: Box::new(next) });
        }
        // A run that was killed has a record without a last line; its events agree all the same.
        let Some((n, hash)) = &self.end else { return Ok(()) };
        if *n != events || hash != trace_hash {
            return Err(Difference::End {
                expected: format!("{n} events and trace hash {hash}"),
                got: format!("{events} events and trace hash {trace_hash}"),
            });
        }
        match self.reader.next(events)? {
            Line::Event(next) => Err(Difference::RunEnded { events, next: Box::new(next) }),
            Line::End(_) | Line::Eof => Ok(()),
        }
    }
}
