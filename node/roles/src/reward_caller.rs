//! Calls reward once a round while the orchestrator is active. A missed round's reward is lost for
//! the orchestrator and its delegators, so a failed call is tried again within the round.

use weir_types::{Entropy, Instant, Round};

use crate::io::{ChainEvent, Effect, Effects, TxId, TxIntent, TxOutcome};

/// Input of a [`RewardCaller`].
#[derive(Debug, Clone)]
pub enum Input {
    /// News of the chain.
    Chain(ChainEvent),
    /// This orchestrator's own state on the chain, read after each new round and on restart.
    Own {
        /// Whether it is in the active set of the round.
        active: bool,
        /// Last round in which it called reward.
        last_reward_round: Round,
    },
    /// What became of the transaction.
    Tx(TxOutcome),
}

/// How often a refused or reverted call is tried again within a round.
const ATTEMPTS_PER_ROUND: u32 = 5;

/// The machine.
#[derive(Debug, Default)]
pub struct RewardCaller {
    round: Option<Round>,
    active: bool,
    last_reward_round: Round,
    in_flight: bool,
    attempts: u32,
    skip: bool,
    next_tx: u64,
}

impl RewardCaller {
    /// A caller that knows nothing of the chain yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Leave the current round's reward uncalled (an operator's decision, or a behaviour's).
    pub const fn skip_round(&mut self) {
        self.skip = true;
    }

    /// Handle one input.
    pub fn handle(&mut self, _now: Instant, input: Input, _rng: &mut Entropy, out: &mut Effects) {
        match input {
            Input::Chain(ChainEvent::Round(r)) => {
                if self.round != Some(r.round) {
                    self.attempts = 0;
                    self.skip = false;
                    // Unknown until the driver reports it for this round.
                    self.active = false;
                }
                self.round = Some(r.round);
            }
            Input::Chain(ChainEvent::Head(_)) => self.call(out),
            Input::Chain(_) => {}
            Input::Own { active, last_reward_round } => {
                self.active = active;
                self.last_reward_round = last_reward_round;
                self.call(out);
            }
            Input::Tx(outcome) => {
                self.in_flight = false;
                if let (TxOutcome::Mined { .. }, Some(round)) = (outcome, self.round) {
                    self.last_reward_round = round;
                }
            }
        }
    }

    fn call(&mut self, out: &mut Effects) {
        let Some(round) = self.round else { return };
        let due = self.active && !self.skip && self.last_reward_round < round;
        if !due || self.in_flight || self.attempts >= ATTEMPTS_PER_ROUND {
            return;
        }
        self.in_flight = true;
        self.attempts += 1;
        self.next_tx += 1;
        out.push(Effect::Submit { id: TxId(self.next_tx), intent: TxIntent::Reward });
    }
}
