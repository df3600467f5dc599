//! What the lab asks voters, and those who ask for money.

use std::fmt::Debug;

use weir_types::Entropy;

use super::view::{TreasuryAct, TreasuryView, View, Vote};
use crate::boxed::boxed;
use crate::error::BehaveError;

/// How somebody with stake votes.
pub trait VoterPolicy: Debug {
    /// A vote, or none. Asked once per round for each open proposal on which it has not voted.
    ///
    /// # Errors
    /// When a script fails.
    fn vote(&mut self, view: &View<'_>, rng: &mut Entropy) -> Result<Option<Vote>, BehaveError>;

    /// A copy.
    fn boxed(&self) -> Box<dyn VoterPolicy>;
}

/// Who asks the treasury for money.
pub trait TreasuryPolicy: Debug {
    /// Once per round, when it starts.
    ///
    /// # Errors
    /// When a script fails.
    fn think(&mut self, view: &TreasuryView<'_>, rng: &mut Entropy) -> Result<Vec<TreasuryAct>, BehaveError>;

    /// Tells it that a proposal of its own was carried out.
    fn granted(&mut self, lpt: f64);

    /// A copy.
    fn boxed(&self) -> Box<dyn TreasuryPolicy>;
}

boxed!(VoterPolicy, TreasuryPolicy);
