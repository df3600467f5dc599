//! Role machines from outside.

mod gateway;
mod orchestrator;
mod redeemer;
mod support;
mod upkeep;
