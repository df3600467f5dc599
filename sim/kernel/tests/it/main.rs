//! Tests of the event kernel.

mod chance;
mod network;
mod queue;
mod record;
mod support;
