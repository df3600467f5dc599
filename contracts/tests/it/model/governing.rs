//! What the owner of the contracts decides.

use alloy::primitives::U256;

use super::Who;
use super::events::parameter;
use super::state::{FINE, Model, NO_REASON, Step, require};

/// A bare failure.
impl Model {
    pub fn pause(&mut self, caller: Who, pause: bool) -> Step {
        require(caller == self.cast.owner && self.paused != pause, NO_REASON)?;
        self.paused = pause;
        self.announce(if pause { "Pause" } else { "Unpause" }, &[], &[]);
        Ok(())
    }

    pub fn set_pool_size(&mut self, caller: Who, size: u64) -> Step {
        self.only_owner(caller)?;
        require(size as usize > self.ranking.max, "new max size must be greater than old max size")?;
        self.ranking.max = size as usize;
        self.announce("ParameterUpdate", &[], &[parameter("numActiveTranscoders")]);
        Ok(())
    }

    pub fn set_treasury_cut(&mut self, caller: Who, rate: U256) -> Step {
        self.only_owner(caller)?;
        require(rate <= U256::from(FINE), "_cutRate is invalid precise percentage")?;
        self.next_cut_rate = rate;
        self.announce("ParameterUpdate", &[], &[parameter("nextRoundTreasuryRewardCutRate")]);
        Ok(())
    }

    pub fn set_ceiling(&mut self, caller: Who, ceiling: U256) -> Step {
        self.only_owner(caller)?;
        self.ceiling = ceiling;
        self.announce("ParameterUpdate", &[], &[parameter("treasuryBalanceCeiling")]);
        Ok(())
    }

    pub fn set_unbonding_period(&mut self, caller: Who, rounds: u64) -> Step {
        self.only_owner(caller)?;
        self.unbonding_period = rounds;
        self.announce("ParameterUpdate", &[], &[parameter("unbondingPeriod")]);
        Ok(())
    }

    pub fn set_target(&mut self, caller: Who, rate: U256) -> Step {
        self.only_owner(caller)?;
        require(rate <= U256::from(super::state::NINE), "_targetBondingRate is invalid percentage")?;
        self.minting.target = rate;
        self.announce("ParameterUpdate", &[], &[parameter("targetBondingRate")]);
        Ok(())
    }
}
