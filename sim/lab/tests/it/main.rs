//! Tests of scenarios and runs from outside.

mod batches;
mod behaviours;
mod fidelity;
mod media;
mod runs;
mod scenario_errors;
mod support;
