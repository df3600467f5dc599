//! What the lab asks a delegator.

use std::fmt::Debug;

use weir_types::Entropy;

use super::view::{Act, View};
use crate::boxed::boxed;
use crate::error::BehaveError;

/// What a delegator does.
pub trait DelegatorPolicy: Debug {
    /// Once per round, when it starts.
    ///
    /// # Errors
    /// When a script fails.
    fn think(&mut self, view: &View<'_>, rng: &mut Entropy) -> Result<Vec<Act>, BehaveError>;

    /// A copy.
    fn boxed(&self) -> Box<dyn DelegatorPolicy>;
}

boxed!(DelegatorPolicy);
