//! The simulator: how fast its event kernel is, beside one written without care, and how long whole runs take.

mod kernel;
mod whole;

use std::fmt::Write as _;

use eyre::Result;

use crate::figures::{Better, Figure, Figures};

pub use whole::{Taken, here};

/// Actors of the series, and of the figure in events per second.
const ACTORS: [(&str, u32); 4] = [
    ("kernel_event_ns_100", 100),
    ("kernel_event_ns_1000", 1_000),
    ("kernel_event_ns_10000", 10_000),
    ("kernel_event_ns_100000", 100_000),
];
const EVENTS_PER_S: (&str, u32) = ("kernel_events_per_s", 10_000);

const YEAR: [&str; 2] = ["protocol_year_wall", "protocol_year_memory"];
const STREAMS: &str = "streams_realtime_factor";

/// Names of all figures.
pub const NAMES: [&str; 8] =
    [YEAR[0], YEAR[1], STREAMS, EVENTS_PER_S.0, ACTORS[0].0, ACTORS[1].0, ACTORS[2].0, ACTORS[3].0];

/// Measures what is asked for by name; everything where nothing is.
///
/// # Errors
/// A run cannot be made, or breaks an invariant.
pub fn measure(only: &[String]) -> Result<Figures> {
    let wants = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    let mut figures = Figures::new("sim");
    let mut note = |figure: Figure| {
        eprintln!("{figure}");
        figures.results.push(figure);
    };
    if YEAR.into_iter().any(wants) {
        let year = whole::apart("year.toml")?;
        note(Figure::new(YEAR[0], year.setup_seconds + year.run_seconds, "s", Better::Lower));
        note(Figure::new(YEAR[1], year.memory_mib, "MiB", Better::Lower));
    }
    if wants(STREAMS) {
        // The set-up is the same however long a run is.
        let streams = whole::apart("streams.toml")?;
        note(Figure::new(STREAMS, streams.virtual_seconds / streams.run_seconds, "times", Better::Higher));
    }
    if wants(EVENTS_PER_S.0) {
        let (weir, plain) = (1e9 / kernel::weir(EVENTS_PER_S.1), 1e9 / kernel::plain(EVENTS_PER_S.1));
        note(Figure::new(EVENTS_PER_S.0, weir, "events/s", Better::Higher).beside(plain));
    }
    for (name, actors) in ACTORS.into_iter().filter(|(name, _)| wants(name)) {
        note(Figure::new(name, kernel::weir(actors), "ns", Better::Lower).beside(kernel::plain(actors)));
    }
    Ok(figures)
}

/// The figures as lines for people.
#[must_use]
pub fn text(figures: &Figures) -> String {
    let mut out = String::new();
    for figure in &figures.results {
        let _ = writeln!(out, "{figure}");
    }
    out
}
