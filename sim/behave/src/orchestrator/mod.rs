//! Orchestrators.

mod view;

pub use view::{Act, Job, Load, Quote, RewardView, Room, Service, View, Work};
