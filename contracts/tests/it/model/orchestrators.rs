//! Orchestrators: commission, rewards, fees, slashing; and the beginning of rounds.

use alloy::primitives::U256;
use weir_contracts::Change;

use super::Who;
use super::events::parameter;
use super::exact::{Bound, GRAIN, Part, division_by_zero, failed_assertion, part_of, percentage, rough};
use super::ranking::Place;
use super::state::{FINE, Mark, Model, NINE, NOBODY, SIX, Status, Step, poll, require};

impl Model {
    pub fn set_commission(&mut self, o: Who, cut: U256, share: U256, place: Place) -> Step {
        self.open()?;
        require(!self.clock.is_locked(), "can't update transcoder params, current round is locked")?;
        require(cut <= U256::from(SIX), "invalid rewardCut percentage")?;
        require(share <= U256::from(SIX), "invalid feeShare percentage")?;
        require(self.is_registered(o), "transcoder must be registered")?;
        let rewarded = self.orchestrator(o).last_reward == self.round();
        let reason = "caller can't be active or must have already called reward for the current round";
        require(!self.is_active(o) || rewarded, reason)?;
        self.mark(Mark::CommissionChanged, self.orchestrator(o).last_reward > 0);
        let orchestrator = self.orchestrator_mut(o);
        (orchestrator.cut, orchestrator.share) = (cut, share);
        if !self.ranking.contains(o) {
            self.try_to_join(o, self.person(o).delegated, place)?;
        }
        self.announce("TranscoderUpdate", &[o], &[cut, share]);
        Ok(())
    }

    /// Fixes commission and stake of this round, as the first reward or ticket of it does.
    fn fix_terms(&mut self, o: Who) {
        let (round, orchestrator) = (self.round(), self.orchestrator(o));
        let (cut, share, update) = (orchestrator.cut, orchestrator.share, orchestrator.last_stake_update);
        let stake = self.record(o, update).stake;
        let record = self.record_mut(o, round);
        (record.cut, record.share) = (cut, share);
        if update < round {
            record.stake = stake;
        }
    }

    pub fn set_reward_caller(&mut self, o: Who, caller: Who) -> Step {
        self.running()?;
        self.person_mut(o).reward_caller = caller;
        self.announce("RewardCallerSet", &[o, caller], &[]);
        Ok(())
    }

    pub fn reward_by(&mut self, caller: Who, o: Who, place: Place) -> Step {
        let reason = "caller must be a reward caller set by the transcoder";
        require(self.person(o).reward_caller == caller, reason)?;
        self.reward(o, place)
    }

    pub fn reward(&mut self, o: Who, place: Place) -> Step {
        self.open()?;
        let round = self.round();
        let inactive = if self.has(Change::RewardCaller) {
            "transcoder must be active"
        } else {
            "caller must be an active transcoder"
        };
        require(self.is_active(o), inactive)?;
        let reason = "caller has already called reward for the current round";
        require(self.orchestrator(o).last_reward != round, reason)?;
        let last = self.orchestrator(o).last_reward;
        self.mark(Mark::RewardsMissed, last > 0 && self.orchestrator(o).activation <= last && last + 1 < round);
        self.mark(Mark::RewardAfterResignation, !self.is_registered(o));
        self.fix_terms(o);
        let full = !self.ceiling.is_zero() && self.person(self.cast.treasury).lpt >= self.ceiling;
        if full && !self.next_cut_rate.is_zero() {
            self.mark(Mark::CeilingReached, true);
            self.next_cut_rate = U256::ZERO;
            self.announce("ParameterUpdate", &[], &[parameter("nextRoundTreasuryRewardCutRate")]);
        }
        let record = self.record(o, round);
        let all = self.mint(record.stake)?;
        let for_treasury = percentage(all, self.cut_rate, FINE)?;
        if !for_treasury.is_zero() {
            let treasury = self.cast.treasury;
            self.minting.lpt -= for_treasury;
            self.person_mut(treasury).lpt += for_treasury;
            self.announce("TreasuryReward", &[o, treasury], &[for_treasury]);
        }
        let reward = all - for_treasury;
        let commission = percentage(reward, record.cut, SIX)?;
        self.share_reward(o, commission, reward - commission, record.stake)?;
        self.raise_stake(o, reward, place)?;
        self.orchestrator_mut(o).last_reward = round;
        self.announce("Reward", &[o], &[reward]);
        self.checkpoint(o);
        Ok(())
    }

    /// Mints a stake's part of the round's tokens.
    fn mint(&mut self, stake: U256) -> Result<U256, String> {
        let amount = part_of(self.minting.mintable, stake, self.current_total, NINE)?;
        let minted = self.minting.minted + amount;
        require(minted <= self.minting.mintable, "minted tokens cannot exceed mintable tokens")?;
        self.minting.minted = minted;
        self.minting.supply += amount;
        self.minting.lpt += amount;
        Ok(amount)
    }

    /// Whether a stake on record covers what the orchestrator earned with it, as later rules demand.
    fn stake_covers(&mut self, o: Who, earned: Part, stake: U256) -> Step {
        if !self.has(Change::StakeWhileActive) {
            return Ok(());
        }
        match self.person(o).purse.exceeds(earned, stake) {
            Some(true) => Err(failed_assertion()),
            Some(false) => Ok(()),
            None => {
                self.faults.push(format!("cannot tell whether the stake of {o} covers its own rewards"));
                Ok(())
            }
        }
    }

    /// Divides a reward among all stake that counted, in proportion.
    fn share_reward(&mut self, o: Who, commission: U256, shared: U256, stake: U256) -> Step {
        let round = self.round();
        self.person_mut(o).purse.copy(Part::OwnRewards, Part::OwnAtReward);
        self.stake_covers(o, Part::OwnAtReward, stake)?;
        if stake.is_zero() {
            return Err(division_by_zero());
        }
        let purse = &mut self.person_mut(o).purse;
        if !purse.is_zero(Part::OwnAtReward) {
            purse.add_share(Part::OwnRewards, Part::OwnAtReward, shared, stake);
            purse.fall_short(Part::OwnRewards, 1.0 + rough(shared) * GRAIN);
        }
        purse.add(Part::OwnRewards, commission);
        for x in self.delegators(o) {
            if self.person(x).last_claim < round {
                let p = self.person_mut(x);
                p.purse.copy(Part::Stake, Part::Before);
                p.purse.add_share(Part::Stake, Part::Stake, shared, stake);
                p.rewards += 1;
            }
        }
        let unit = &mut self.orchestrator_mut(o).unit;
        unit.copy(Part::Stake, Part::Before);
        unit.add_share(Part::Stake, Part::Stake, shared, stake);
        unit.fall_short(Part::Stake, 1.0 + unit.rough(Part::Before) * GRAIN);
        let factor = unit_bound(unit, Part::Stake);
        self.record_mut(o, round).factor = Some(factor);
        Ok(())
    }

    /// The factor before this round's reward is unknown, if nobody needed it then.
    fn is_factor_lost(&self, o: Who) -> bool {
        let (round, last_reward) = (self.round(), self.orchestrator(o).last_reward);
        last_reward == round && self.record(o, round - 1).factor.is_none()
    }

    /// The reward of this round as it is reckoned back for a lost factor.
    fn reckoned_reward(&self, o: Who) -> Result<U256, String> {
        let record = self.record(o, self.round());
        let mut tokens = self.minting.mintable;
        if !self.has(Change::FactorFromMintable) {
            tokens += self.minting.minted;
        }
        let all = part_of(tokens, record.stake, self.current_total, FINE)?;
        let reward = all - percentage(all, self.cut_rate, FINE)?;
        Ok(reward - percentage(reward, record.cut, SIX)?)
    }

    /// Divides a ticket's value between an orchestrator and the stake behind it.
    pub fn credit_fees(&mut self, o: Who, value: U256) -> Step {
        if self.has(Change::FeesToActive) {
            require(self.is_active(o), "transcoder must be active")?;
        } else {
            require(self.is_registered(o), "transcoder must be registered")?;
        }
        let (round, last_reward) = (self.round(), self.orchestrator(o).last_reward);
        let rewarded = last_reward >= round;
        if !rewarded {
            self.fix_terms(o);
        }
        let record = self.record(o, round);
        // Those behind it share by their stake before the round's reward, or, where the factor of that
        // is lost, by their stake after it less what the reward is thought to have been.
        let lost = self.is_factor_lost(o);
        self.mark(Mark::FactorReckoned, lost);
        self.mark(Mark::FeesAfterReward, rewarded && !lost);
        let (base, divisor) = match (rewarded, lost) {
            (_, true) => (Part::Stake, record.stake + self.reckoned_reward(o)?),
            (true, false) => (Part::Before, record.stake),
            (false, false) => (Part::Stake, record.stake),
        };
        let earned = if rewarded { Part::OwnAtReward } else { Part::OwnRewards };
        // The factor is reckoned back first, then the stake is looked at, then the fees are divided.
        let nothing = || Err(division_by_zero());
        if lost && divisor.is_zero() {
            return nothing();
        }
        self.stake_covers(o, earned, record.stake)?;
        if record.stake.is_zero() {
            return nothing();
        }
        let shared = percentage(value, record.share, SIX)?;
        self.share_fees(o, value - shared, shared, earned, record.stake);
        self.share_fees_behind(o, shared, base, record.stake, divisor);
        self.orchestrator_mut(o).last_fee = round;
        Ok(())
    }

    fn share_fees(&mut self, o: Who, commission: U256, shared: U256, earned: Part, stake: U256) {
        let purse = &mut self.person_mut(o).purse;
        purse.add(Part::OwnFees, commission);
        if !purse.is_zero(earned) {
            purse.add_share(Part::OwnFees, earned, shared, stake);
            purse.fall_short(Part::OwnFees, 1.0 + rough(shared) * GRAIN);
        }
    }

    fn share_fees_behind(&mut self, o: Who, shared: U256, base: Part, stake: U256, divisor: U256) {
        let round = self.round();
        let unit = &mut self.orchestrator_mut(o).unit;
        // A factor that is reckoned back loses digits when it is small beside the one it comes from.
        let mut lost = 0.0;
        let shrinks = rough(stake) / rough(divisor);
        if divisor != stake {
            lost = GRAIN / shrinks + 1.0 / (unit.rough(base) * shrinks);
        }
        let ratio = rough(shared) / rough(divisor);
        let share = unit.rough(base) * ratio;
        unit.add_share(Part::Fees, base, shared, divisor);
        unit.fall_short(Part::Fees, 1.0 + unit.rough(base) * GRAIN + share * lost);
        let factor = unit_bound(unit, Part::Fees);
        self.record_mut(o, round).fee_factor = Some(factor);
        let (mut sharing, mut kept) = (U256::ZERO, 1.0);
        for x in self.delegators(o) {
            if self.person(x).last_claim < round {
                kept += self.deficits(x).0;
                let p = self.person_mut(x);
                sharing += p.purse.floor(&[base]);
                let share = p.purse.rough(base) * ratio;
                let grains = GRAIN * (4.0 + 2.0 * f64::from(p.rewards));
                p.fee_loss += share * (lost + grains) + 2.0 * p.purse.rough(base) * GRAIN;
                p.purse.add_share(Part::Fees, base, shared, divisor);
                p.tickets += 1;
            }
        }
        // Earlier rules pay by a stake that may be older than some of those who share in it.
        let overpaid = rough(sharing.saturating_sub(divisor)) > kept && !self.has(Change::FeesToActive);
        self.mark(Mark::FeesOverpaid, overpaid);
        self.fees_overpaid |= overpaid;
    }

    pub fn slash(&mut self, caller: Who, o: Who, finder: Who, part: U256, fee: U256) -> Step {
        self.running()?;
        require(caller == self.cast.verifier, "caller must be Verifier")?;
        self.claim(o);
        if self.person(o).bonded.is_zero() {
            self.announce("TranscoderSlashed", &[o, finder], &[U256::ZERO, U256::ZERO]);
            self.checkpoint(o);
            return Ok(());
        }
        let penalty = percentage(self.person(o).bonded, part, SIX)?;
        if self.ranking.contains(o) {
            self.resign(o)?;
        }
        let pending = self.status(o) == Status::Pending;
        self.take_stake(o, penalty);
        self.mark(Mark::SlashedToNothing, self.person(o).bonded.is_zero());
        self.mark(Mark::SlashedWhilePending, pending);
        let delegate = self.person(o).delegate;
        if self.status(o) == Status::Bonded {
            self.person_mut(delegate).delegated -= penalty;
            let behind_member = self.ranking.contains(delegate) && !penalty.is_zero();
            self.mark(Mark::SlashedBehindMember, behind_member);
            self.pool_slashed |= behind_member;
        } else {
            self.unmarked_penalties += penalty;
        }
        let reward = if finder == NOBODY { U256::ZERO } else { percentage(penalty, fee, SIX)? };
        self.minting.lpt -= penalty;
        self.minting.supply -= penalty - reward;
        self.person_mut(finder).lpt += reward;
        self.announce("TranscoderSlashed", &[o, finder], &[penalty, reward]);
        self.checkpoint(o);
        Ok(())
    }

    pub fn initialize_round(&mut self) -> Step {
        self.running()?;
        let round = self.round();
        require(self.last_initialized < round, "round already initialized")?;
        self.last_initialized = round;
        self.current_total = self.next_total;
        if self.cut_rate != self.next_cut_rate {
            self.cut_rate = self.next_cut_rate;
            self.announce("ParameterUpdate", &[], &[parameter("treasuryRewardCutRate")]);
        }
        self.totals.insert(round, self.current_total);
        let m = &mut self.minting;
        let bonded = self.current_total.checked_mul(U256::from(NINE)).ok_or_else(super::exact::overflow)?;
        let rate = bonded.checked_div(m.supply).unwrap_or_default();
        if rate < m.target {
            m.inflation += m.change;
        } else if rate > m.target {
            m.inflation = m.inflation.saturating_sub(m.change);
        }
        m.mintable = percentage(m.supply, m.inflation, NINE)?;
        m.minted = U256::ZERO;
        let numbers = [m.mintable, m.inflation];
        self.announce("SetCurrentRewardTokens", &[], &numbers);
        self.announce("NewRound", &[], &[U256::from(round)]);
        Ok(())
    }

    /// Lets blocks pass.
    pub fn mine(&mut self, blocks: u64) {
        let before = self.round();
        let votes = poll(self);
        self.clock.block += blocks;
        for round in before..self.round() {
            self.past_votes.insert(round, votes.clone());
        }
    }
}

fn unit_bound(unit: &super::exact::Purse, part: Part) -> Bound {
    Bound { floor: unit.floor(&[part]), deficit: unit.deficit(part) }
}
