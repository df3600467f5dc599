//! Tests of the market.

mod admission;
mod ballot;
mod discovery;
mod in_flight;
mod job_pool;
mod policies;
mod pool;
mod price;
mod properties;
mod selection;
mod sources;
mod strategy;
mod support;
mod suspension;
mod units;
