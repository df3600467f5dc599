//! Whom an orchestrator works for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use weir_types::Address;

/// Senders that are let in, and such that are not. An empty list of those let in lets everybody in; whoever is on
/// both lists is not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SenderLists {
    /// Nobody else, where there are any.
    pub allow: BTreeSet<Address>,
    /// Never.
    pub block: BTreeSet<Address>,
}

/// A sender that an orchestrator does not work for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("sender {0} is not served here")]
pub struct NotServed(pub Address);

impl SenderLists {
    /// Whether a sender is served.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&self, sender: Address) -> Result<(), NotServed> {
        let allowed = self.allow.is_empty() || self.allow.contains(&sender);
        if allowed && !self.block.contains(&sender) { Ok(()) } else { Err(NotServed(sender)) }
    }
}
