//! The charts of a report, each with the sentences that go with it.

mod gas;
mod income;
mod latency;
mod overview;
mod stake;
mod tickets;
mod value;
mod work;

pub(crate) use overview::overview;

use crate::figure::Figure;
use crate::read::Run;

/// All charts, in the order of the page.
pub(crate) fn figures(run: &Run) -> Vec<Figure> {
    let all = [
        stake::figure(run),
        income::figure(run),
        tickets::figure(run),
        value::figure(run),
        latency::figure(run),
        work::figure(run),
        gas::figure(run),
    ];
    // A run that plays no segments has nothing to show of them, which is no fault of it.
    all.into_iter().filter(|f| f.body.is_ok() || run.plays_segments() || !f.tables.contains(&"segments")).collect()
}

/// Rows of a table, or a sentence that says why there are none.
fn rows<'a, T>(table: Option<&'a Vec<T>>, name: &str, nothing: &str) -> Result<&'a [T], String> {
    match table {
        None => Err(format!("This run folder has no table {name}.")),
        Some(rows) if rows.is_empty() => Err(nothing.to_owned()),
        Some(rows) => Ok(rows),
    }
}
