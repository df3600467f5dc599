//! The treasury: who asks it for money, and who votes how.

mod policy;
mod rules;
mod stance;
mod view;

pub use policy::{TreasuryPolicy, VoterPolicy};
pub use rules::{Raid, TreasuryRules, VoterRules};
pub use stance::{Accomplice, Apathetic, Independent, Loyal, Stance, Turnout, Watchful};
pub use view::{Proposal, TreasuryAct, TreasuryView, View, Vote};
