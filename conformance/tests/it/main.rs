//! The committed recordings, and what the runner says about others.

mod histories;
mod program;
mod transactions;
mod vectors;
mod wire;
