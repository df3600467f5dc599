//! Runs side by side.
//!
//! | module | what it does |
//! |---|---|
//! | `read` | runs and their courses by round |
//! | `differences` | what differs between scenarios, key by key |
//! | `courses`, `incomes` | the charts |
//! | `page` | the page |

mod courses;
mod differences;
mod incomes;
mod page;
mod read;

pub(crate) use page::page;
pub(crate) use read::Runs;

use crate::figure::Figure;

/// All charts, in the order of the page; none without data.
pub(crate) fn figures(runs: &Runs) -> Vec<Figure> {
    runs.courses.iter().filter_map(|c| courses::figure(runs, c)).chain(incomes::figure(runs)).collect()
}
