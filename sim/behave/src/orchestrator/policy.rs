//! What the lab asks an orchestrator.

use std::fmt::Debug;

use weir_types::Entropy;

use super::view::{Act, Job, Load, Quote, RewardView, Room, Service, View};
use crate::boxed::boxed;
use crate::error::BehaveError;

/// What an orchestrator does.
pub trait OrchestratorPolicy: Debug {
    /// Once per round, when it starts.
    ///
    /// # Errors
    /// When a script fails.
    fn think(&mut self, view: &View<'_>, rng: &mut Entropy) -> Result<Vec<Act>, BehaveError>;

    /// Whether it calls reward now. Asked once per round while it has not called.
    ///
    /// # Errors
    /// When a script fails.
    fn reward_call(&mut self, view: &RewardView<'_>, rng: &mut Entropy) -> Result<bool, BehaveError>;

    /// The price it asks, in wei per pixel, at a moment.
    fn quote(&self, quote: &Quote) -> f64;

    /// What it can carry. Asked whenever a session starts or ends.
    fn room(&mut self, load: &Load) -> Room;

    /// How it works on a segment.
    fn serve(&mut self, job: &Job, rng: &mut Entropy) -> Service;

    /// Tells it that a gateway saw bad work and left.
    fn caught(&mut self);

    /// A copy.
    fn boxed(&self) -> Box<dyn OrchestratorPolicy>;
}

boxed!(OrchestratorPolicy);
