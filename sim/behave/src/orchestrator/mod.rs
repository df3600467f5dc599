//! Orchestrators: prices, room, health, rewards, honesty, cuts, and when they leave.

mod capacity;
mod cheating;
mod costs;
mod cuts;
mod exit;
mod policy;
mod pricing;
mod reliability;
mod reward_calls;
mod rules;
mod split;
mod view;

pub use capacity::{Capacity, ElasticRoom, FixedRoom, ServerlessRoom};
pub use cheating::{CheapModel, Cheating, CopyInput, DropFrames, FakeHash, Honest, OverReport};
pub use costs::Costs;
pub use cuts::{Compete, Cuts, FixedCuts, Squeeze, Takings};
pub use exit::{AtRound, BelowMargin, Exit, Losses, Never};
pub use policy::OrchestratorPolicy;
pub use pricing::{ByUtilisation, CostPlus, FixedPrice, FollowMedian, GasMarkup, Pricing, Undercut};
pub use reliability::{Perfect, Reliability, Renewal};
pub use reward_calls::{Always, ByStake, Gain, GasAware, Missing, RewardCalls};
pub use rules::OrchestratorRules;
pub use split::{Part, Split};
pub use view::{Act, Job, Load, Quote, RewardView, Room, Service, View, Work};
