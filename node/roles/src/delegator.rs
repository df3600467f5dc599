//! A token holder that bonds to one orchestrator, claims what it earned, and leaves.

use weir_types::{Address, Entropy, Instant, LptWei, Round, Wei};

use crate::io::{ChainEvent, Effect, Effects, TxId, TxIntent, TxOutcome};

/// What the holder decides; policy lies with its operator or a scenario's behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Bond more, or move to another delegate.
    Bond {
        /// Amount to add.
        amount: LptWei,
        /// Delegate.
        to: Address,
    },
    /// Claim earnings up to the current round.
    Claim,
    /// Take stake out; it is withdrawn as soon as its lock has run out.
    Unbond {
        /// Amount to take out.
        amount: LptWei,
    },
    /// Put stake that is on its way out back to the delegate that it had.
    Rebond {
        /// Unbonding lock.
        lock: u64,
    },
    /// Take earned fees out.
    WithdrawFees {
        /// Amount.
        amount: Wei,
    },
}

/// Input of a [`Delegator`].
#[derive(Debug, Clone)]
pub enum Input {
    /// News of the chain.
    Chain(ChainEvent),
    /// A decision.
    Command(Command),
    /// An unbonding lock of this holder as the chain reports it.
    Lock {
        /// Number of the lock.
        id: u64,
        /// First round in which it may be withdrawn.
        withdraw_round: Round,
    },
    /// What became of the transaction in flight.
    Tx(TxOutcome),
}

/// The machine: one transaction in flight at a time, decisions in the order they came.
#[derive(Debug, Default)]
pub struct Delegator {
    round: Option<Round>,
    queue: std::collections::VecDeque<TxIntent>,
    in_flight: bool,
    locks: Vec<(u64, Round)>,
    next_tx: u64,
}

impl Delegator {
    /// A holder with nothing bonded.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether stake of it waits to be taken out.
    #[must_use]
    pub const fn holds_locks(&self) -> bool {
        !self.locks.is_empty()
    }

    /// Handle one input.
    pub fn handle(&mut self, _now: Instant, input: Input, _rng: &mut Entropy, out: &mut Effects) {
        match input {
            Input::Chain(ChainEvent::Round(r)) => {
                self.round = Some(r.round);
                self.mature(r.round);
            }
            Input::Chain(_) => {}
            Input::Command(c) => {
                let intent = match c {
                    Command::Bond { amount, to } => TxIntent::Bond { amount, to },
                    Command::Claim => match self.round {
                        Some(end) => TxIntent::ClaimEarnings { end },
                        None => return,
                    },
                    Command::Unbond { amount } => TxIntent::Unbond { amount },
                    Command::Rebond { lock } => {
                        self.locks.retain(|(id, _)| *id != lock);
                        TxIntent::Rebond { lock }
                    }
                    Command::WithdrawFees { amount } => TxIntent::WithdrawFees { amount },
                };
                self.queue.push_back(intent);
            }
            Input::Lock { id, withdraw_round } => self.locks.push((id, withdraw_round)),
            Input::Tx(_) => self.in_flight = false,
        }
        self.next(out);
    }

    fn mature(&mut self, round: Round) {
        let ready: Vec<u64> = self.locks.iter().filter(|(_, r)| *r <= round).map(|(id, _)| *id).collect();
        self.locks.retain(|(_, r)| *r > round);
        self.queue.extend(ready.into_iter().map(|lock| TxIntent::WithdrawStake { lock }));
    }

    fn next(&mut self, out: &mut Effects) {
        if self.in_flight {
            return;
        }
        if let Some(intent) = self.queue.pop_front() {
            self.in_flight = true;
            self.next_tx += 1;
            out.push(Effect::Submit { id: TxId(self.next_tx), intent });
        }
    }
}
