//! What the lab asks a gateway.

use std::fmt::Debug;

use weir_types::Entropy;

use super::view::{Act, Finding, Moment, View};
use crate::boxed::boxed;
use crate::error::BehaveError;

/// What a gateway does.
pub trait GatewayPolicy: Debug {
    /// Once per round, when it starts.
    ///
    /// # Errors
    /// When a script fails.
    fn think(&mut self, view: &View<'_>, rng: &mut Entropy) -> Result<Vec<Act>, BehaveError>;

    /// Streams that its users want at a moment. Moments must not go back in time.
    fn streams(&mut self, moment: &Moment, rng: &mut Entropy) -> f64;

    /// Whether it looks at a segment that has come back.
    fn looks(&mut self, rng: &mut Entropy) -> bool;

    /// Tells it what it saw; true when it leaves the orchestrator.
    fn found(&mut self, finding: &Finding) -> bool;

    /// True while it wants nothing from an orchestrator.
    fn avoids(&self, day: f64, orchestrator: u64) -> bool;

    /// A copy.
    fn boxed(&self) -> Box<dyn GatewayPolicy>;
}

boxed!(GatewayPolicy);
