//! Prices of gas: how they move by themselves, and what was set by hand.

use alloy::primitives::{Address, U256, address};
use serde::{Deserialize, Serialize};
use weir_types::{Instant, Millis, Wei};

use crate::config::ChainConfig;
use crate::pricing::{GasPricing, PriceSteps};
use crate::state::State;

/// Where ArbOS keeps its own state on Arbitrum.
const ARBOS: Address = address!("0xa4b05fffffffffffffffffffffffffffffffffff");
/// Slot of the gas backlog there; a place of this chain's own choice.
const BACKLOG: U256 = U256::ZERO;
/// A price set by hand, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Set {
    wei: u64,
    /// None for the one that the chain began with.
    at: Option<Instant>,
}

impl Set {
    const fn new(wei: u64, at: Option<Instant>) -> Self {
        Self { wei, at }
    }

    /// What holds at a time: the newest of this and the steps.
    fn or(self, steps: &PriceSteps, now: Instant) -> u64 {
        match steps.at(now) {
            Some((at, price)) if self.at.is_none_or(|set| at > set) => to_u64(price),
            _ => self.wei,
        }
    }
}

fn to_u64(price: Wei) -> u64 {
    u64::try_from(price.0).unwrap_or(u64::MAX)
}

/// Prices of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fees {
    base: Set,
    l1: Set,
}

impl Fees {
    pub(crate) fn new(config: &ChainConfig) -> Self {
        Self { base: Set::new(to_u64(config.base_fee), None), l1: Set::new(to_u64(config.l1_base_fee), None) }
    }

    pub(crate) fn set_base(&mut self, price: Wei, now: Instant) {
        self.base = Set::new(to_u64(price), Some(now));
    }

    pub(crate) fn set_l1(&mut self, price: Wei, now: Instant) {
        self.l1 = Set::new(to_u64(price), Some(now));
    }

    /// Price of a unit of gas on L1.
    pub(crate) fn l1_base_fee(&self, config: &ChainConfig, now: Instant) -> u64 {
        self.l1.or(&config.l1_pricing, now)
    }

    /// Price of a unit of gas in a block made now, `parent` being the time of the one before.
    pub(crate) fn base_fee(&self, config: &ChainConfig, state: &State, parent: u64, now: Instant) -> u64 {
        match &config.gas_pricing {
            GasPricing::Fixed => self.base.wei,
            GasPricing::Steps(steps) => self.base.or(steps, now),
            GasPricing::Congestion(rule) => {
                let passed = config.timestamp(now).saturating_sub(parent);
                rule.price(self.base.wei, rule.digested(backlog(state), passed))
            }
        }
    }

    /// When the price of gas, if nobody sets it, is another one: none for never.
    pub(crate) fn next_change(&self, config: &ChainConfig, fee: u64, now: Instant) -> Option<Instant> {
        match &config.gas_pricing {
            GasPricing::Fixed => None,
            GasPricing::Steps(steps) => steps.after(now),
            GasPricing::Congestion(_) => {
                (fee > self.base.wei).then(|| Instant(now.as_secs().saturating_add(1).saturating_mul(1_000_000)))
            }
        }
    }
}

fn backlog(state: &State) -> u64 {
    u64::try_from(state.storage(ARBOS, BACKLOG)).unwrap_or(u64::MAX)
}

/// Notes in the state what a block of a time adds to the backlog, and what was digested since its parent.
pub(crate) fn digest(config: &ChainConfig, state: &mut State, parent: u64, timestamp: u64, gas: u64) {
    if let GasPricing::Congestion(rule) = &config.gas_pricing {
        let was = backlog(state);
        let is = rule.digested(was, timestamp.saturating_sub(parent)).saturating_add(gas);
        if is != was {
            state.set_slot(ARBOS, BACKLOG, U256::from(is));
        }
    }
}

/// The first moment after a time at which a sequencer with such a rhythm makes a block.
pub(crate) fn next_beat(now: Instant, rhythm: Millis) -> Instant {
    let rhythm = rhythm.0.max(1);
    Instant((now.as_millis() / rhythm).saturating_add(1).saturating_mul(rhythm).saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_hold_from_their_time_on_and_a_later_hand_goes_before_them() {
        let at = Instant::from_secs;
        let steps = PriceSteps::new(vec![(at(20), Wei::new(2)), (at(10), Wei::new(1)), (at(20), Wei::new(3))]);
        let start = Set::new(9, None);
        let seen: Vec<u64> = [0, 9, 10, 19, 20, 99].map(|s| start.or(&steps, at(s))).to_vec();
        assert_eq!(seen, [9, 9, 1, 1, 3, 3]);
        let by_hand = Set::new(7, Some(at(15)));
        assert_eq!([10, 15, 19, 20].map(|s| by_hand.or(&steps, at(s))), [7, 7, 7, 3]);
    }

    #[test]
    fn beats_are_multiples_of_the_rhythm_after_now() {
        let beat = |ms| next_beat(Instant::from_millis(ms), Millis(250)).as_millis();
        assert_eq!([0, 1, 249, 250, 251].map(beat), [250, 250, 250, 500, 500]);
        assert_eq!(next_beat(Instant::ZERO, Millis(0)).as_millis(), 1);
    }
}
