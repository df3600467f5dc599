//! Where two records part.

use std::io::BufRead;

use crate::record::{Difference, Line, RecordedEvent, TraceReader};

/// The place where two records part, and how each goes on from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parting {
    /// Events that they have in common, which is also the number of the first that they have not.
    pub common: u64,
    /// The last event in common.
    pub last: Option<RecordedEvent>,
    /// The first record from there on; nothing where it ends.
    pub a: Vec<RecordedEvent>,
    /// The second.
    pub b: Vec<RecordedEvent>,
}

/// Reads two records side by side, event by event, until they part; `ahead` events of each are told then.
/// Whatever their length, no more than these are kept. Seeds, names and hashes are not compared. What is
/// behind a record's last line is not looked at.
///
/// # Errors
/// [`Difference::Unreadable`] for a line that is no event.
pub fn part<A: BufRead, B: BufRead>(
    mut a: TraceReader<A>,
    mut b: TraceReader<B>,
    ahead: usize,
) -> Result<Result<u64, Parting>, (Side, Difference)> {
    let (mut common, mut last) = (0, None);
    loop {
        let x = event(&mut a, common).map_err(|d| (Side::A, d))?;
        let y = event(&mut b, common).map_err(|d| (Side::B, d))?;
        match (x, y) {
            (None, None) => return Ok(Ok(common)),
            (Some(x), Some(y)) if x == y => last = Some(x),
            (x, y) => {
                let a = rest(&mut a, x, common, ahead).map_err(|d| (Side::A, d))?;
                let b = rest(&mut b, y, common, ahead).map_err(|d| (Side::B, d))?;
                return Ok(Err(Parting { common, last, a, b }));
            }
        }
        common += 1;
    }
}

/// One of two records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

fn event<R: BufRead>(reader: &mut TraceReader<R>, seq: u64) -> Result<Option<RecordedEvent>, Difference> {
    Ok(match reader.next(seq)? {
        Line::Event(event) => Some(event),
        Line::End(_) | Line::Eof => None,
    })
}

/// An event and those behind it.
fn rest<R: BufRead>(
    reader: &mut TraceReader<R>,
    first: Option<RecordedEvent>,
    seq: u64,
    ahead: usize,
) -> Result<Vec<RecordedEvent>, Difference> {
    let mut all: Vec<RecordedEvent> = first.into_iter().collect();
    while !all.is_empty() && all.len() < ahead {
        match event(reader, seq + all.len() as u64)? {
            Some(next) => all.push(next),
            None => break,
        }
    }
    Ok(all)
}
