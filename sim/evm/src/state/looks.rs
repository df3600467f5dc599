//! States of older blocks that were asked for lately.

use std::collections::VecDeque;
use std::sync::Arc;

use alloy::primitives::B256;

use super::State;

/// Looks at older states that are kept for the next ones.
const LOOKS_MAX: usize = 4;

/// States of older blocks, made when first asked for.
#[derive(Debug, Default)]
pub(crate) struct Looks(VecDeque<(B256, Arc<State>)>);

impl Looks {
    /// The state of a block.
    pub(crate) fn find(&self, block: B256) -> Option<Arc<State>> {
        self.0.iter().find(|(hash, _)| *hash == block).map(|(_, state)| Arc::clone(state))
    }

    pub(crate) fn keep(&mut self, block: B256, state: Arc<State>) {
        self.0.push_back((block, state));
        if self.0.len() > LOOKS_MAX {
            self.0.pop_front();
        }
    }
}
