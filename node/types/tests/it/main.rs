//! Tests of units and identifiers.

mod amount;
mod entropy;
mod price;
mod prob;
mod time;
