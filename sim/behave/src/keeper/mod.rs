//! Keepers: who starts rounds and redeems tickets, and when.

mod policy;
mod rules;
mod view;

pub use policy::KeeperPolicy;
pub use rules::{AtOnce, Batch, CheapGas, Eager, HoldBack, Idle, KeeperRules, Redemption, Rota, RoundStart, WhenCheap};
pub use view::{QueueView, RoundView};
