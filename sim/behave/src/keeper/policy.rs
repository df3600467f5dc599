//! What the lab asks keepers.

use std::fmt::Debug;

use weir_types::Entropy;

use super::view::{QueueView, RoundView};
use crate::boxed::boxed;

/// When somebody sends what keeps the protocol going: the start of a round, and redemptions.
pub trait KeeperPolicy: Debug {
    /// Seconds to wait before it starts a round that can be started, if nobody else has; none when it leaves
    /// that to others. Asked once per round.
    fn start_round(&mut self, view: &RoundView<'_>, rng: &mut Entropy) -> Option<f64>;

    /// Whether it sends the redemptions that wait. Asked whenever one joins the queue or the gas price moves.
    fn redeem(&mut self, view: &QueueView<'_>) -> bool;

    /// A copy.
    fn boxed(&self) -> Box<dyn KeeperPolicy>;
}

boxed!(KeeperPolicy);
