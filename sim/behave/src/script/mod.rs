//! Behaviours as scripts beside the scenario, in Rhai.
//!
//! A script has a function `think(view)`. The view is a map with what the actor can see; the answer is an array of
//! acts, each a map with `act` and the act's keys. What it wants to remember it keeps in `this`, a map that starts as
//! what its function `init()` returns, or empty. Chance comes from `chance()` and `normal()` alone, which draw from the
//! actor's own stream. There is no clock, no file, no output, no other module; loops, depth and sizes are bounded.

mod engine;
mod fault;
mod run;

pub use engine::ScriptConfig;
pub use run::{Script, Scripts};
