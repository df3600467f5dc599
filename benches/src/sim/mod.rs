//! The simulator: how fast its event kernel is, beside one written without care.

mod kernel;

use std::fmt::Write as _;

use eyre::Result;

use crate::figures::{Better, Figure, Figures};

/// Actors of the series, and of the figure in events per second.
const ACTORS: [(&str, u32); 4] = [
    ("kernel_event_ns_100", 100),
    ("kernel_event_ns_1000", 1_000),
    ("kernel_event_ns_10000", 10_000),
    ("kernel_event_ns_100000", 100_000),
];
const EVENTS_PER_S: (&str, u32) = ("kernel_events_per_s", 10_000);

/// Names of all figures.
pub const NAMES: [&str; 5] = [EVENTS_PER_S.0, ACTORS[0].0, ACTORS[1].0, ACTORS[2].0, ACTORS[3].0];

/// Measures what is asked for by name; everything where nothing is.
///
/// # Errors
/// None so far; figures that come from whole runs will have some.
pub fn measure(only: &[String]) -> Result<Figures> {
    let wants = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    let mut figures = Figures::new("sim");
    let mut note = |figure: Figure| {
        eprintln!("{figure}");
        figures.results.push(figure);
    };
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
