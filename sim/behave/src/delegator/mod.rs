//! Delegators: who they are, what they do with stake and rewards, when they look and move.

mod attention;
mod class;
mod policy;
mod population;
mod rules;
mod view;

pub use attention::Attention;
pub use class::{Class, Compounder, Exiter, Extractor, Hedger, Inert, Ordinary, Passive, Whale};
pub use policy::DelegatorPolicy;
pub use population::{Arrivals, ByBands, ByList, Group, Member, Population, Start, Wallet, assign, delegate_stakes};
pub use rules::DelegatorRules;
pub use view::{Act, Lock, View};
