//! Initialises rounds. Anybody may; whoever does pays the gas and earns nothing for it, so nodes
//! wait a random moment and look again before they act.

use weir_types::{Entropy, Instant, L1Block, Millis, Round};

use crate::io::{ChainEvent, Effect, Effects, RoundInfo, TimerKind, TxId, TxIntent, TxOutcome};

/// Input of a [`RoundKeeper`].
#[derive(Debug, Clone)]
pub enum Input {
    /// News of the chain.
    Chain(ChainEvent),
    /// The random wait is over.
    Timer,
    /// What became of the transaction.
    Tx(TxOutcome),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Waiting,
    Submitted,
}

/// The machine.
#[derive(Debug)]
pub struct RoundKeeper {
    max_delay: Millis,
    round: Option<RoundInfo>,
    l1: L1Block,
    phase: Phase,
    next_tx: u64,
}

impl RoundKeeper {
    /// A keeper that waits up to `max_delay` (go-livepeer: 30 s) after a round may start.
    #[must_use]
    pub fn new(max_delay: Millis) -> Self {
        Self { max_delay, round: None, l1: L1Block(0), phase: Phase::Idle, next_tx: 0 }
    }

    /// True when the chain's height lies beyond the last initialised round.
    #[must_use]
    pub fn round_due(&self) -> bool {
        self.round.is_some_and(|r| self.l1 >= r.next_start())
    }

    /// The last initialised round it knows.
    #[must_use]
    pub fn round(&self) -> Option<Round> {
        self.round.map(|r| r.round)
    }

    /// Handle one input.
    pub fn handle(&mut self, now: Instant, input: Input, rng: &mut Entropy, out: &mut Effects) {
        match input {
            Input::Chain(ChainEvent::Head(h)) => {
                self.l1 = h.l1;
                if self.phase == Phase::Idle && self.round_due() {
                    self.wait(now, rng, out);
                }
            }
            Input::Chain(ChainEvent::Round(r)) => {
                self.round = Some(r);
                self.phase = Phase::Idle;
            }
            Input::Chain(_) => {}
            Input::Timer => {
                if self.phase != Phase::Waiting {
                    return;
                }
                // Somebody else may have been faster while this node waited.
                self.phase = Phase::Idle;
                if self.round_due() {
                    self.phase = Phase::Submitted;
                    self.next_tx += 1;
                    out.push(Effect::Submit { id: TxId(self.next_tx), intent: TxIntent::InitializeRound });
                }
            }
            Input::Tx(outcome) => {
                self.phase = Phase::Idle;
                // A lost race is settled by the winner's round event; anything else is tried again
                // after another wait.
                if !matches!(outcome, TxOutcome::Mined { .. }) && self.round_due() {
                    self.wait(now, rng, out);
                }
            }
        }
    }

    fn wait(&mut self, now: Instant, rng: &mut Entropy, out: &mut Effects) {
        self.phase = Phase::Waiting;
        let delay = Millis(rng.below(self.max_delay.0.saturating_add(1)));
        out.push(Effect::Timer { at: now + delay, kind: TimerKind::InitializeRound });
    }
}
