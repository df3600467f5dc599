//! Makes a run again and holds every event against its record.

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use weir_kernel::{Difference, RecordedEvent, TraceReader, TraceVerifier};
use weir_types::Instant;

use crate::LabError;
use crate::run::{RunFile, RunState};
use crate::world::{Moment, NamedEvent, World};

/// Events of the past that a moment has.
const LAST: usize = 20;

/// Result of a replay.
#[derive(Debug, Clone, PartialEq)]
pub enum Replay {
    /// Every event and the hash over all of them are those of the record.
    Confirmed {
        /// Hash over all events.
        trace_hash: String,
        /// Events.
        events: u64,
    },
    /// It went as far as it should; all events so far agree.
    Reached(Box<Moment>),
    /// The record and the run part.
    Differs {
        /// Where and how, in words.
        difference: String,
    },
    /// It was cut short from outside; all events so far agree.
    Cancelled {
        /// Events so far.
        events: u64,
    },
}

/// How far a run is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Until so many microseconds after the first round began: all that happens by then has happened.
    Time(u64),
    /// Until an event is next: it has not happened.
    Event(u64),
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is neither a time like `1200s` nor an event like `event:5000`");
        if let Some(number) = text.strip_prefix("event:") {
            return number.parse().map(Self::Event).map_err(|_| wrong());
        }
        let seconds: f64 = text.strip_suffix('s').and_then(|n| n.parse().ok()).ok_or_else(wrong)?;
        let micros = (seconds * 1e6).round();
        // Beyond 2^53 a double has no whole microseconds.
        if (0.0..9_007_199_254_740_992.0).contains(&micros) { Ok(Self::Time(micros as u64)) } else { Err(wrong()) }
    }
}

impl Until {
    /// Whether the world is there.
    fn reached(self, world: &mut World) -> bool {
        match self {
            Self::Event(n) => world.kernel.processed() >= n,
            Self::Time(us) => {
                let limit = Instant(world.begin.0.saturating_add(us));
                world.kernel.next_at().is_none_or(|at| at > limit)
            }
        }
    }
}

/// Makes the run of a run folder again, from its `run.json`, and compares it with `trace.jsonl`.
///
/// # Errors
/// [`LabError`] when the folder cannot be read or the set-up fails.
pub fn replay(dir: &Path, cancel: &AtomicBool) -> Result<Replay, LabError> {
    make(dir, None, cancel)
}

/// The same, but no further than this.
///
/// # Errors
/// [`LabError`] when the folder cannot be read, the set-up fails, or the run ends before it gets there.
pub fn replay_until(dir: &Path, until: Until, cancel: &AtomicBool) -> Result<Replay, LabError> {
    make(dir, Some(until), cancel)
}

fn make(dir: &Path, until: Option<Until>, cancel: &AtomicBool) -> Result<Replay, LabError> {
    let file = RunFile::read(dir)?;
    let reader = match open(dir, file.state)? {
        Ok(reader) => reader,
        Err(difference) => return Ok(differs(&difference)),
    };
    let mut verifier = TraceVerifier::new(reader);
    let mut world = World::new(&file.scenario, file.seed, file.clip.as_ref())?;
    let mut last = VecDeque::with_capacity(LAST);
    let mut confirmed = 0;
    loop {
        if until.is_some_and(|until| until.reached(&mut world)) {
            let last = last.drain(..).map(|e| named(&world, e)).collect();
            return Ok(Replay::Reached(Box::new(world.moment(last))));
        }
        if file.state != RunState::Done {
            match verifier.at_end() {
                Ok(true) => break,
                Ok(false) => {}
                Err(difference) => return Ok(differs(&difference)),
            }
        }
        let Some(fired) = world.next() else { break };
        if let Err(difference) = verifier.event(&fired) {
            return Ok(differs(&difference));
        }
        confirmed += 1;
        if until.is_some() {
            if last.len() == LAST {
                last.pop_front();
            }
            last.push_back(RecordedEvent::of(&fired));
        }
        world.step(fired)?;
        let events = world.kernel.processed();
        if events.is_multiple_of(512) && cancel.load(Ordering::Relaxed) {
            return Ok(Replay::Cancelled { events });
        }
    }
    if until.is_some() {
        let seconds = world.kernel.now().min(world.end).as_secs_f64() - world.begin.as_secs_f64();
        return Err(LabError::NotReached { path: dir.to_owned(), events: confirmed, seconds });
    }
    Ok(verdict(&file, &mut verifier, &world))
}

/// Holds the run's end against the record's.
fn verdict(file: &RunFile, verifier: &mut TraceVerifier<BufReader<File>>, world: &World) -> Replay {
    let (events, trace_hash) = (world.kernel.processed(), world.kernel.trace_hash());
    if let Err(difference) = verifier.finish(events, &trace_hash) {
        return differs(&difference);
    }
    // A killed run wrote no hash of its own.
    if !file.trace_hash.is_empty() && file.trace_hash != trace_hash {
        let difference = format!("run.json says trace hash {}, the run has {trace_hash}", file.trace_hash);
        return Replay::Differs { difference };
    }
    Replay::Confirmed { trace_hash, events }
}

fn differs(difference: &Difference) -> Replay {
    Replay::Differs { difference: difference.to_string() }
}

/// Opens the record of a run that ended like this.
pub(crate) fn open(dir: &Path, state: RunState) -> Result<Result<TraceReader<BufReader<File>>, Difference>, LabError> {
    let path = dir.join("trace.jsonl");
    let file = File::open(&path).map_err(|e| LabError::Read { path, reason: e.to_string() })?;
    let reader = TraceReader::new(BufReader::new(file));
    // A run that was cut short ends where its record does, be it in the middle of a line.
    Ok(if state == RunState::Done { reader } else { reader.map(TraceReader::cut_short) })
}

fn named(world: &World, e: RecordedEvent) -> NamedEvent {
    NamedEvent {
        seq: e.seq,
        at_us: e.at_us,
        actor: e.actor,
        name: world.name(weir_kernel::ActorId(e.actor)),
        kind: e.kind,
        digest: e.digest,
    }
}

#[cfg(test)]
mod tests {
    use super::Until;

    #[test]
    fn the_end_is_a_time_or_an_event() {
        let read = |text: &str| text.parse::<Until>();
        assert_eq!(read("1200s"), Ok(Until::Time(1_200_000_000)));
        assert_eq!(read("0.5s"), Ok(Until::Time(500_000)));
        assert_eq!(read("event:5000"), Ok(Until::Event(5_000)));
        for wrong in ["", "s", "1200", "-1s", "1e300s", "NaNs", "event:", "event:-1", "events:1", "5000"] {
            let error = read(wrong).expect_err(wrong);
            assert!(error.starts_with(&format!("`{wrong}` is neither")), "{error}");
        }
    }
}
