//! Calls reward once a round while the orchestrator is active. A missed round's reward is lost for
//! the orchestrator and its delegators, so a failed call is tried again within the round.

use serde::{Deserialize, Serialize};
use weir_types::{Entropy, Instant, Round};

use crate::io::{ChainEvent, Effect, Effects, Record, TxId, TxIntent, TxOutcome};

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

/// How far the call of a round's reward has come, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RewardCall {
    /// Written before the transaction leaves: it may be on its way.
    Sent,
    /// The chain has it.
    Done,
}

impl RewardCall {
    /// The key of a round's record.
    #[must_use]
    pub fn key(round: Round) -> String {
        format!("reward/{round}")
    }

    fn record(self, round: Round) -> Record {
        let value = serde_json::to_vec(&self).expect("a name has a JSON form");
        Record { key: Self::key(round), value: Some(value) }
    }
}

/// How often a refused or reverted call is tried again within a round.
const ATTEMPTS_PER_ROUND: u32 = 5;

/// The machine.
#[derive(Debug, Default)]
pub struct RewardCaller {
    round: Option<Round>,
    active: bool,
    last_reward_round: Round,
    in_flight: Option<Round>,
    /// The round whose call was stored last.
    stored: Option<Round>,
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
                // Where the round has changed since, the chain may have taken it for either: asking again costs nothing,
                // since a dry run tells.
                let sent = self.in_flight.take();
                if let (TxOutcome::Mined { .. }, Some(round)) = (outcome, sent) {
                    self.last_reward_round = self.last_reward_round.max(round);
                    out.push(Effect::Persist(RewardCall::Done.record(round)));
                }
            }
        }
    }

    fn call(&mut self, out: &mut Effects) {
        let Some(round) = self.round else { return };
        let due = self.active && !self.skip && self.last_reward_round < round;
        if !due || self.in_flight.is_some() || self.attempts >= ATTEMPTS_PER_ROUND {
            return;
        }
        self.in_flight = Some(round);
        self.attempts += 1;
        self.next_tx += 1;
        if let Some(before) = self.stored.replace(round).filter(|before| *before != round) {
            out.push(Effect::Persist(Record { key: RewardCall::key(before), value: None }));
        }
        out.push(Effect::Persist(RewardCall::Sent.record(round)));
        out.push(Effect::Submit { id: TxId(self.next_tx), intent: TxIntent::Reward });
    }
}
