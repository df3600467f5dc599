//! Tests of the market.

mod admission;
mod ballot;
mod discovery;
mod pool;
mod price;
mod properties;
mod selection;
mod support;
