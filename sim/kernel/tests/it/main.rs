//! Tests of the event kernel.

mod chance;
mod faults;
mod network;
mod parting;
mod queue;
mod record;
mod shrink;
mod support;
