//! What the lab asks actors. Every answer comes from what the actor knows, its own state and a stream of
//! randomness that is its own; the same three give the same answer on every machine.
//!
//! A policy is a value: a copy goes its own way, which is what branches of a run need. Scripts keep a policy on
//! the thread that built it.

use std::fmt::Debug;

use weir_types::Entropy;

use crate::error::BehaveError;
use crate::{delegator, gateway, keeper, orchestrator, voter};

macro_rules! boxed {
    ($($policy:ident),*) => {$(
        impl Clone for Box<dyn $policy> {
            fn clone(&self) -> Self {
                self.boxed()
            }
        }
    )*};
}

boxed!(OrchestratorPolicy, GatewayPolicy, DelegatorPolicy, VoterPolicy, KeeperPolicy);

/// What an orchestrator does.
pub trait OrchestratorPolicy: Debug {
    /// Once per round, when it starts.
    ///
    /// # Errors
    /// When a script fails.
    fn think(
        &mut self,
        view: &orchestrator::View<'_>,
        rng: &mut Entropy,
    ) -> Result<Vec<orchestrator::Act>, BehaveError>;

    /// Whether it calls reward now. Asked once per round while it has not called.
    ///
    /// # Errors
    /// When a script fails.
    fn reward_call(&mut self, view: &orchestrator::RewardView<'_>, rng: &mut Entropy) -> Result<bool, BehaveError>;

    /// The price it asks, in wei per pixel, at a moment.
    fn quote(&self, quote: &orchestrator::Quote) -> f64;

    /// What it can carry. Asked whenever a session starts or ends.
    fn room(&mut self, load: &orchestrator::Load) -> orchestrator::Room;

    /// How it works on a segment.
    fn serve(&mut self, job: &orchestrator::Job, rng: &mut Entropy) -> orchestrator::Service;

    /// Tells it that a gateway saw bad work and left.
    fn caught(&mut self);

    /// A copy.
    fn boxed(&self) -> Box<dyn OrchestratorPolicy>;
}

/// What a gateway does.
pub trait GatewayPolicy: Debug {
    /// Once per round, when it starts.
    ///
    /// # Errors
    /// When a script fails.
    fn think(&mut self, view: &gateway::View<'_>, rng: &mut Entropy) -> Result<Vec<gateway::Act>, BehaveError>;

    /// Streams that its users want at a moment. Moments must not go back in time.
    fn streams(&mut self, moment: &gateway::Moment, rng: &mut Entropy) -> f64;

    /// Whether it looks at a segment that has come back.
    fn looks(&mut self, rng: &mut Entropy) -> bool;

    /// Tells it what it saw; true when it leaves the orchestrator.
    fn found(&mut self, finding: &gateway::Finding) -> bool;

    /// True while it wants nothing from an orchestrator.
    fn avoids(&self, day: f64, orchestrator: u64) -> bool;

    /// A copy.
    fn boxed(&self) -> Box<dyn GatewayPolicy>;
}

/// What a delegator does.
pub trait DelegatorPolicy: Debug {
    /// Once per round, when it starts.
    ///
    /// # Errors
    /// When a script fails.
    fn think(&mut self, view: &delegator::View<'_>, rng: &mut Entropy) -> Result<Vec<delegator::Act>, BehaveError>;

    /// A copy.
    fn boxed(&self) -> Box<dyn DelegatorPolicy>;
}

/// How somebody with stake votes.
pub trait VoterPolicy: Debug {
    /// A vote, or none. Asked once per round for each open proposal on which it has not voted.
    ///
    /// # Errors
    /// When a script fails.
    fn vote(&mut self, view: &voter::View<'_>, rng: &mut Entropy) -> Result<Option<voter::Vote>, BehaveError>;

    /// A copy.
    fn boxed(&self) -> Box<dyn VoterPolicy>;
}

/// When somebody sends what keeps the protocol going: the start of a round, and redemptions.
pub trait KeeperPolicy: Debug {
    /// Seconds to wait before it starts a round that can be started, if nobody else has; none when it leaves
    /// that to others. Asked once per round.
    fn start_round(&mut self, view: &keeper::RoundView<'_>, rng: &mut Entropy) -> Option<f64>;

    /// Whether it sends the redemptions that wait. Asked whenever one joins the queue or the gas price moves.
    fn redeem(&mut self, view: &keeper::QueueView<'_>) -> bool;

    /// A copy.
    fn boxed(&self) -> Box<dyn KeeperPolicy>;
}
