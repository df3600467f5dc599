//! What is recorded of stake for votes.

use alloy::primitives::U256;

use super::Who;
use super::state::{Checkpoint, Model};

/// Votes by what was recorded of someone alone.
fn own_votes(of: Who, checkpoint: &Checkpoint) -> U256 {
    if checkpoint.delegate == of && !checkpoint.bonded.is_zero() { checkpoint.delegated } else { U256::ZERO }
}

impl Model {
    pub fn checkpoint(&mut self, x: Who) {
        let p = self.person(x);
        let new = Checkpoint {
            bonded: p.bonded,
            delegate: p.delegate,
            delegated: p.delegated,
            last_claim: p.last_claim,
            last_reward: self.orchestrator(x).last_reward,
        };
        let old = p.checkpoint.unwrap_or_default();
        if new.delegate != old.delegate {
            self.announce("DelegateChanged", &[x, old.delegate, new.delegate], &[]);
        }
        let (before, after) = (own_votes(x, &old), own_votes(x, &new));
        if before != after {
            self.announce("DelegateVotesChanged", &[x], &[before, after]);
        }
        if (new.bonded, new.last_claim) != (old.bonded, old.last_claim) {
            let numbers = [old.bonded, U256::from(old.last_claim), new.bonded, U256::from(new.last_claim)];
            self.announce("DelegatorBondedAmountChanged", &[x], &numbers);
        }
        self.person_mut(x).checkpoint = Some(new);
    }
}
