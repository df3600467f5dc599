//! The contracts on a chain.

// A test binary exports nothing: what its modules share need not say so.
#![allow(unreachable_pub)]

mod chain;
mod deploy;
mod factors;
mod gas;
mod interface;
mod model;
mod pool;
mod rules;
mod walk;
mod world;
