//! Makes a run again and holds every event against its record.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use weir_kernel::{TraceReader, TraceVerifier};

use crate::LabError;
use crate::run::{RunFile, RunState};
use crate::world::World;

/// Result of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// Every event and the hash over all of them are those of the record.
    Confirmed {
        /// Hash over all events.
        trace_hash: String,
        /// Events.
        events: u64,
    },
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

/// Makes the run of a run folder again, from its `run.json`, and compares it with `trace.jsonl`.
///
/// # Errors
/// [`LabError`] when the folder cannot be read or the set-up fails.
pub fn replay(dir: &Path, cancel: &AtomicBool) -> Result<Replay, LabError> {
    let file = RunFile::read(dir)?;
    let path = dir.join("trace.jsonl");
    let trace = File::open(&path).map_err(|e| LabError::Read { path: path.clone(), reason: e.to_string() })?;
    // A run that was cut short ends where its record does, be it in the middle of a line.
    let partial = file.state != RunState::Done;
    let mut verifier = match TraceReader::new(BufReader::new(trace)) {
        Ok(reader) if partial => TraceVerifier::new(reader.cut_short()),
        Ok(reader) => TraceVerifier::new(reader),
        Err(difference) => return Ok(Replay::Differs { difference: difference.to_string() }),
    };
    let mut world = World::new(&file.scenario, file.seed, file.clip.as_ref())?;
    loop {
        if partial {
            match verifier.at_end() {
                Ok(true) => break,
                Ok(false) => {}
                Err(difference) => return Ok(Replay::Differs { difference: difference.to_string() }),
            }
        }
        let Some(fired) = world.next() else { break };
        if let Err(difference) = verifier.event(&fired) {
            return Ok(Replay::Differs { difference: difference.to_string() });
        }
        world.step(fired)?;
        let events = world.kernel.processed();
        if events.is_multiple_of(512) && cancel.load(Ordering::Relaxed) {
            return Ok(Replay::Cancelled { events });
        }
    }
    let (events, trace_hash) = (world.kernel.processed(), world.kernel.trace_hash());
    if let Err(difference) = verifier.finish(events, &trace_hash) {
        return Ok(Replay::Differs { difference: difference.to_string() });
    }
    // A killed run wrote no hash of its own.
    if !file.trace_hash.is_empty() && file.trace_hash != trace_hash {
        let difference = format!("run.json says trace hash {}, the run has {trace_hash}", file.trace_hash);
        return Ok(Replay::Differs { difference });
    }
    Ok(Replay::Confirmed { trace_hash, events })
}
