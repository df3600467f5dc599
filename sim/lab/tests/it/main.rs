//! Tests of scenarios and runs from outside.

mod batches;
mod media;
mod runs;
mod scenario_errors;
mod support;
