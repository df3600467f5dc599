//! Gateways.

mod view;

pub use view::{Act, Finding, Moment, View};
