//! Stake: claims, bonds, unbonding, and the stake behind orchestrators.

use alloy::primitives::U256;
use weir_contracts::Change;

use super::Who;
use super::exact::{Part, overflow};
use super::ranking::Place;
use super::state::{Claims, Lock, Mark, Model, NOBODY, Status, Step, refuse, require};

impl Model {
    /// Settles what someone earned up to now. Who settled in this round has nothing more to get from it.
    pub fn claim(&mut self, x: Who) {
        let round = self.round();
        let p = self.person(x);
        if p.last_claim >= round {
            return;
        }
        let (delegate, from) = (p.delegate, p.last_claim + 1);
        self.mark(Mark::ClaimAfterThirtyRounds, !p.bonded.is_zero() && p.last_claim + 30 < round);
        let p = self.person(x);
        let (old_bonded, old_fees) = (p.bonded, p.fees);
        let (rewards, fees) = self.earned(x);
        if delegate != NOBODY {
            self.write_factors(delegate, round);
            let (stake_deficit, fee_deficit) = self.deficits(x);
            let own = delegate == x;
            let p = self.person_mut(x);
            if own {
                p.purse.pour(Part::OwnRewards, Part::Stake);
                p.purse.pour(Part::OwnFees, Part::Fees);
            }
            p.purse.fall_short(Part::Stake, stake_deficit - p.purse.deficit(Part::Stake));
            p.purse.fall_short(Part::Fees, fee_deficit - p.purse.deficit(Part::Fees));
        }
        let p = self.person_mut(x);
        (p.rewards, p.tickets, p.fee_loss) = (0, 0, 0.0);
        p.last_claim = round;
        p.bonded = old_bonded + rewards;
        p.fees = old_fees + fees;
        self.announce("EarningsClaimed", &[delegate, x], &[rewards, fees, U256::from(from), U256::from(round)]);
    }

    /// New stake and fees of a claim as the contract has them, if they agree with the exact ones.
    fn earned(&mut self, x: Who) -> (U256, U256) {
        let p = self.person(x);
        let (bonded, fees, delegate) = (p.bonded, p.fees, p.delegate);
        let (new_stake, new_fees) = match &mut self.claims {
            Claims::Announced(claims) => match claims.pop_front() {
                Some((by_delegate, by, new_stake, new_fees)) => {
                    if (by_delegate, by) != (delegate, x) {
                        self.faults.push(format!("{by} claimed from {by_delegate}, not {x} from {delegate}"));
                    }
                    (new_stake, new_fees)
                }
                None => {
                    self.faults.push(format!("{x} should have claimed"));
                    return Default::default();
                }
            },
            Claims::Pending(pending) => {
                let (stake, fees_due) = pending.get(&x).copied().unwrap_or((bonded, fees));
                (stake - bonded, fees_due - fees)
            }
        };
        if delegate == NOBODY {
            if !(new_stake + new_fees).is_zero() {
                self.faults.push(format!("{x} claims {new_stake} and {new_fees} from nobody"));
            }
            return (new_stake, new_fees);
        }
        let deficits = self.deficits(x);
        let (stake_parts, fee_parts) = self.parts(x);
        for (what, said, agrees, parts, deficit) in [
            ("stake", bonded + new_stake, self.agrees_on_stake(x, bonded + new_stake), stake_parts, deficits.0),
            ("fees", fees + new_fees, self.agrees_on_fees(x, fees + new_fees), fee_parts, deficits.1),
        ] {
            if !agrees {
                let floor = self.person(x).purse.floor(parts);
                self.faults.push(format!("{x} claims {what} of {said}, exactly {floor} and a part, less {deficit}"));
            }
        }
        (new_stake, new_fees)
    }

    /// Writes an orchestrator's factors down for a round without rewards or fees of its own.
    pub fn write_factors(&mut self, o: Who, round: u64) {
        let (last_reward, last_fee) = (self.orchestrator(o).last_reward, self.orchestrator(o).last_fee);
        let (by_reward, by_fee) = (self.record(o, last_reward).factor, self.record(o, last_fee).fee_factor);
        let record = self.record_mut(o, round);
        if record.factor.is_none() && last_reward < round {
            record.factor = by_reward;
        }
        if record.fee_factor.is_none_or(|factor| factor.floor.is_zero()) && last_fee < round {
            record.fee_factor = by_fee;
        }
    }

    /// What a person loses or gains of settled stake without earning it.
    fn put_stake(&mut self, x: Who, amount: U256) {
        let p = self.person_mut(x);
        p.bonded += amount;
        p.purse.add(Part::Stake, amount);
    }

    pub fn take_stake(&mut self, x: Who, amount: U256) {
        let p = self.person_mut(x);
        p.bonded -= amount;
        if p.bonded.is_zero() {
            // What roundings kept from its owner is lost with the last of the stake.
            p.purse.empty(Part::Stake);
        } else {
            p.purse.take(Part::Stake, amount);
        }
    }

    fn write_stakes(&mut self, o: Who, old: U256, new: U256) {
        let round = self.round();
        if self.orchestrator(o).last_stake_update < round {
            self.record_mut(o, round).stake = old;
        }
        self.record_mut(o, round + 1).stake = new;
        self.orchestrator_mut(o).last_stake_update = round + 1;
    }

    pub fn raise_stake(&mut self, o: Who, amount: U256, place: Place) -> Step {
        let old = self.person(o).delegated;
        let new = old + amount;
        let (now, next) = (self.is_active(o), self.ranking.contains(o));
        let later_rules = self.has(Change::StakeWhileActive);
        if next && (later_rules || self.is_registered(o)) {
            self.ranking.update(o, new, place)?;
            self.next_total += amount;
        } else if self.is_registered(o) {
            self.try_to_join(o, new, place)?;
        }
        if if later_rules { now || next } else { next && self.is_registered(o) } {
            self.write_stakes(o, old, new);
        }
        self.person_mut(o).delegated = new;
        Ok(())
    }

    fn lower_stake(&mut self, o: Who, amount: U256, place: Place) -> Step {
        let old = self.person(o).delegated;
        let new = old.checked_sub(amount).ok_or_else(overflow)?;
        let (now, next) = (self.is_active(o), self.ranking.contains(o));
        if next {
            self.ranking.update(o, new, place)?;
            self.next_total = self.next_total.checked_sub(amount).ok_or_else(overflow)?;
        }
        if next || (now && self.has(Change::StakeWhileActive)) {
            self.write_stakes(o, old, new);
        }
        self.person_mut(o).delegated = new;
        Ok(())
    }

    /// Enters the pool of the next round, if there is room or the last member has less.
    pub fn try_to_join(&mut self, o: Who, stake: U256, place: Place) -> Step {
        let from = self.round() + 1;
        if self.ranking.is_full() {
            let last = self.ranking.last().unwrap_or(NOBODY);
            let least = self.person(last).delegated;
            if stake <= least {
                return Ok(());
            }
            self.ranking.remove(last);
            self.mark(Mark::EvictionOfActive, self.is_active(last));
            self.orchestrator_mut(last).deactivation = from;
            self.next_total = self.next_total.checked_sub(least).ok_or_else(overflow)?;
            self.announce("TranscoderDeactivated", &[last], &[U256::from(from)]);
        }
        self.ranking.insert(o, stake, place)?;
        self.mark(Mark::ReturnWithinRound, self.orchestrator(o).deactivation == from);
        self.next_total += stake;
        let joined = self.orchestrator_mut(o);
        (joined.last_stake_update, joined.activation, joined.deactivation) = (from, from, u64::MAX);
        self.record_mut(o, from).stake = stake;
        self.announce("TranscoderActivated", &[o], &[U256::from(from)]);
        Ok(())
    }

    pub fn resign(&mut self, o: Who) -> Step {
        let from = self.round() + 1;
        self.ranking.remove(o);
        self.next_total = self.next_total.checked_sub(self.person(o).delegated).ok_or_else(overflow)?;
        self.orchestrator_mut(o).deactivation = from;
        self.announce("TranscoderDeactivated", &[o], &[U256::from(from)]);
        Ok(())
    }

    /// Nobody else may settle someone's earnings of a round before the round's reward.
    fn may_claim_for(&self, caller: Who, x: Who) -> Step {
        let (p, round) = (self.person(x), self.round());
        let allowed = caller == x
            || caller == self.cast.migrator
            || self.status(x) == Status::Unbonded
            || !self.is_active(p.delegate)
            || self.orchestrator(p.delegate).last_reward == round
            || p.last_claim == round;
        require(allowed, "ILLEGAL_CLAIM_EARNINGS")
    }

    /// No stake joins an orchestrator on its way out before its last reward.
    fn not_leaving(&self, o: Who) -> Step {
        let orchestrator = self.orchestrator(o);
        let leaving = self.has(Change::GuardLeaving) && self.is_active(o) && orchestrator.deactivation != u64::MAX;
        let reason = "transcoder has not yet called reward for the current round";
        require(!leaving || orchestrator.last_reward == self.round(), reason)
    }

    pub fn bond(&mut self, caller: Who, amount: U256, x: Who, to: Who, [old, new]: [Place; 2]) -> Step {
        self.open()?;
        self.may_claim_for(caller, x)?;
        self.claim(x);
        self.not_leaving(to)?;
        let status = self.status(x);
        let from = self.person(x).delegate;
        if caller != x && caller != self.cast.migrator {
            require(x != NOBODY, "INVALID_DELEGATOR")?;
            if status == Status::Unbonded {
                require(to != x, "INVALID_DELEGATE")?;
            } else {
                require(from == to, "INVALID_DELEGATE_CHANGE")?;
            }
        }
        let (next, bonded) = (self.round() + 1, self.person(x).bonded);
        let mut moved = amount;
        if status == Status::Unbonded {
            self.person_mut(x).start_round = next;
        } else if from != to {
            require(!self.is_registered(x), "registered transcoders can't delegate towards other addresses")?;
            let now = self.round();
            let begins = self.person(x).start_round == now || self.orchestrator(to).activation == now;
            self.mark(Mark::SwitchAtActivation, begins);
            self.person_mut(x).start_round = next;
            moved += bonded;
            self.lower_stake(from, bonded, old)?;
            self.checkpoint(from);
        }
        self.write_factors(to, self.round());
        require(!moved.is_zero(), "delegation amount must be greater than 0")?;
        self.mark(Mark::BondToNobody, to == NOBODY);
        self.person_mut(x).delegate = to;
        self.put_stake(x, amount);
        self.raise_stake(to, moved, new)?;
        if to != x {
            self.checkpoint(to);
        }
        require(self.person(caller).lpt >= amount, "ERC20: transfer amount exceeds balance")?;
        self.person_mut(caller).lpt -= amount;
        self.minting.lpt += amount;
        self.announce("Bond", &[to, from, x], &[amount, bonded + amount]);
        self.checkpoint(x);
        Ok(())
    }

    pub fn unbond(&mut self, x: Who, amount: U256, place: Place) -> Step {
        self.open()?;
        self.claim(x);
        require(self.status(x) == Status::Bonded, "caller must be bonded")?;
        require(!amount.is_zero(), "unbond amount must be greater than 0")?;
        require(amount <= self.person(x).bonded, "amount is greater than bonded amount")?;
        let withdraw_round = self.round() + self.unbonding_period;
        let from = self.person(x).delegate;
        let id = self.lock(x, Lock { amount, withdraw_round });
        self.take_stake(x, amount);
        if self.person(x).bonded.is_zero() {
            let p = self.person_mut(x);
            (p.delegate, p.start_round) = (NOBODY, 0);
            if self.ranking.contains(x) {
                self.resign(x)?;
            }
        }
        self.lower_stake(from, amount, place)?;
        if from != x {
            self.checkpoint(from);
        }
        self.announce("Unbond", &[from, x], &[U256::from(id), amount, U256::from(withdraw_round)]);
        self.checkpoint(x);
        Ok(())
    }

    fn lock(&mut self, x: Who, lock: Lock) -> u64 {
        let p = self.person_mut(x);
        let id = p.next_lock;
        p.next_lock += 1;
        p.locks.insert(id, lock);
        id
    }

    pub fn rebond(&mut self, x: Who, id: u64, place: Place) -> Step {
        self.open()?;
        self.claim(x);
        require(self.status(x) != Status::Unbonded, "caller must be bonded")?;
        self.unlock_stake(x, id, place)
    }

    pub fn rebond_from_unbonded(&mut self, x: Who, to: Who, id: u64, place: Place) -> Step {
        self.open()?;
        self.claim(x);
        require(self.status(x) == Status::Unbonded, "caller must be unbonded")?;
        let round = self.round();
        self.write_factors(to, round);
        let p = self.person_mut(x);
        (p.start_round, p.delegate) = (round + 1, to);
        self.unlock_stake(x, id, place)
    }

    fn unlock_stake(&mut self, x: Who, id: u64, place: Place) -> Step {
        let Some(lock) = self.person_mut(x).locks.remove(&id) else { return refuse("invalid unbonding lock ID") };
        let delegate = self.person(x).delegate;
        self.not_leaving(delegate)?;
        self.put_stake(x, lock.amount);
        self.raise_stake(delegate, lock.amount, place)?;
        if delegate != x {
            self.checkpoint(delegate);
        }
        self.announce("Rebond", &[delegate, x], &[U256::from(id), lock.amount]);
        self.checkpoint(x);
        Ok(())
    }

    pub fn transfer_bond(&mut self, x: Who, to: Who, amount: U256, [old, new]: [Place; 2]) -> Step {
        self.open()?;
        self.may_claim_for(x, to)?;
        self.claim(x);
        let (delegate, old_id) = (self.person(x).delegate, self.person(x).next_lock);
        self.unbond(x, amount, old)?;
        let lock = self.person_mut(x).locks.remove(&old_id).expect("the lock just made");
        let id = self.lock(to, lock);
        self.announce("TransferBond", &[x, to], &[U256::from(old_id), U256::from(id), amount]);
        self.claim(to);
        if self.person(to).delegate == NOBODY && self.person(to).bonded.is_zero() {
            require(delegate != to && to != NOBODY, "INVALID_DELEGATOR")?;
            self.person_mut(to).delegate = delegate;
        }
        if self.status(to) == Status::Unbonded {
            self.person_mut(to).start_round = self.round() + 1;
        }
        self.unlock_stake(to, id, new)
    }

    pub fn withdraw_stake(&mut self, x: Who, id: u64) -> Step {
        self.open()?;
        let Some(lock) = self.person_mut(x).locks.remove(&id) else { return refuse("invalid unbonding lock ID") };
        let reason = "withdraw round must be before or equal to the current round";
        require(lock.withdraw_round <= self.round(), reason)?;
        self.minting.lpt -= lock.amount;
        self.person_mut(x).lpt += lock.amount;
        self.announce("WithdrawStake", &[x], &[U256::from(id), lock.amount, U256::from(lock.withdraw_round)]);
        Ok(())
    }

    pub fn withdraw_fees(&mut self, x: Who, to: Who, amount: U256) -> Step {
        self.open()?;
        self.claim(x);
        require(to != NOBODY, "invalid recipient")?;
        require(self.person(x).fees >= amount, "insufficient fees to withdraw")?;
        let p = self.person_mut(x);
        p.fees -= amount;
        p.purse.take(Part::Fees, amount);
        self.pay_out(to, amount)?;
        self.announce("WithdrawFees", &[x, to], &[amount]);
        self.checkpoint(x);
        Ok(())
    }

    pub fn claim_earnings(&mut self, x: Who) -> Step {
        self.open()?;
        self.claim(x);
        self.checkpoint(x);
        Ok(())
    }
}
