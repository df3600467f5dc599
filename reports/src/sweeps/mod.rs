//! Sweeps: many runs of one scenario, and what they say together.
//!
//! | module | what it does |
//! |---|---|
//! | `read` | a sweep folder as plain values |
//! | `constraint` | bounds that `[measure]` sets, and which arms keep them |
//! | `arms` | figures by arm, and differences of arms seed by seed |
//! | `charts` | one file for each kind of chart |
//! | `page` | the page |

mod arms;
mod charts;
mod constraint;
mod page;
mod read;

pub(crate) use charts::figures;
pub(crate) use page::page;
pub(crate) use read::Sweep;
