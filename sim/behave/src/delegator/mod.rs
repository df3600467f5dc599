//! Delegators.

mod view;

pub use view::{Act, Lock, View};
