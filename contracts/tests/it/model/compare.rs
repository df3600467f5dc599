//! All that the contracts show against the model, and what must hold in any case.

// Locals have the names of the contracts' arguments, so that calls are short.
#![allow(non_snake_case)]

use std::collections::BTreeSet;

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use weir_contracts::Revert;
use weir_contracts::bindings::{
    BondingManager as Bonding, BondingVotes as Voting, Controller, LivepeerToken, Minter, RoundsManager,
    TicketBroker as Broker,
};

use super::Who;
use super::exact::{Bound, Part};
use super::play::{Play, same};
use super::state::{Model, Step};

/// Every so many rounds everything is compared, in the others what was touched.
const ROUNDS: u64 = 9;

fn end(round: u64) -> U256 {
    if round == u64::MAX { U256::MAX } else { U256::from(round) }
}

/// A view within its bound.
fn within(what: impl FnOnce() -> String, said: U256, bound: Bound) -> Step {
    if bound.allows(said) {
        return Ok(());
    }
    Err(format!("{}: {said}, should be {} less at most {}", what(), bound.floor, bound.deficit))
}

impl Play {
    fn read<C: SolCall>(&mut self, to: Address, call: &C) -> C::Return {
        self.stage.chain.read(to, call)
    }

    fn at(&self, who: Who) -> Address {
        self.stage.book.address(who)
    }
}

/// What a transaction may have changed: for those that it settled or names, all that they have; for
/// others that its events name, what is on record.
pub fn after_step(play: &mut Play, parties: &BTreeSet<Who>, others: &BTreeSet<Who>, pools: bool) -> Step {
    for &who in parties.union(others) {
        delegator(play, who)?;
        if parties.contains(&who) {
            owner(play, who)?;
        }
        if play.model.orchestrator(who).activation > 0 {
            orchestrator(play, who)?;
        }
    }
    if pools {
        pool(play)?;
    }
    hold(play)
}

pub fn end_of_round(play: &mut Play) -> Step {
    if play.model.round().is_multiple_of(ROUNDS) { all(play) } else { Ok(()) }
}

pub fn all(play: &mut Play) -> Step {
    rounds(play)?;
    parameters(play)?;
    pool(play)?;
    hold(play)?;
    for who in play.model.everyone() {
        delegator(play, who)?;
        owner(play, who)?;
        locks(play, who)?;
        orchestrator(play, who)?;
        standing(play, who)?;
        records(play, who)?;
        sender(play, who)?;
        votes(play, who)?;
    }
    past_totals(play)
}

/// What is on record of someone as a delegator.
fn delegator(play: &mut Play, who: Who) -> Step {
    let (bm, address) = (play.stage.d.bonding_manager, play.at(who));
    let said = play.read(bm, &Bonding::getDelegatorCall { _delegator: address });
    let p = play.model.person(who);
    let expected = Bonding::getDelegatorReturn {
        bondedAmount: p.bonded,
        fees: p.fees,
        delegateAddress: play.at(p.delegate),
        delegatedAmount: p.delegated,
        startRound: U256::from(p.start_round),
        lastClaimRound: U256::from(p.last_claim),
        nextUnbondingLockId: U256::from(p.next_lock),
    };
    same(|| format!("delegator {who}"), said, expected)
}

/// Stake, fees and money of someone.
fn owner(play: &mut Play, who: Who) -> Step {
    let (bm, address) = (play.stage.d.bonding_manager, play.at(who));
    let stake = play.read(bm, &Bonding::pendingStakeCall { _delegator: address, _endRound: U256::ZERO });
    let fees = play.read(bm, &Bonding::pendingFeesCall { _delegator: address, _endRound: U256::ZERO });
    let m = &play.model;
    let (stake_parts, fee_parts) = m.parts(who);
    for (what, said, agrees, parts, deficit) in [
        ("stake", stake, m.agrees_on_stake(who, stake), stake_parts, m.deficits(who).0),
        ("fees", fees, m.agrees_on_fees(who, fees), fee_parts, m.deficits(who).1),
    ] {
        let floor = m.person(who).purse.floor(parts);
        if !agrees {
            return Err(format!("{what} of {who}: {said}, exactly {floor} and a part, less at most {deficit}"));
        }
    }
    same(|| format!("ETH of {who}"), play.stage.chain.balance(address), play.model.person(who).eth)
}

fn locks(play: &mut Play, who: Who) -> Step {
    let (bm, _delegator) = (play.stage.d.bonding_manager, play.at(who));
    let next = play.model.person(who).next_lock;
    // The latest, and the one that would be next.
    for id in next.saturating_sub(2)..=next {
        let _unbondingLockId = U256::from(id);
        let said = play.read(bm, &Bonding::getDelegatorUnbondingLockCall { _delegator, _unbondingLockId });
        let lock = play.model.person(who).locks.get(&id).copied();
        let expected = lock.map_or_else(Default::default, |lock| (lock.amount, U256::from(lock.withdraw_round)));
        same(|| format!("lock {id} of {who}"), (said.amount, said.withdrawRound), expected)?;
        let valid = play.read(bm, &Bonding::isValidUnbondingLockCall { _delegator, _unbondingLockId });
        same(|| format!("validity of lock {id} of {who}"), valid, lock.is_some())?;
    }
    Ok(())
}

fn orchestrator(play: &mut Play, who: Who) -> Step {
    let (bm, _transcoder) = (play.stage.d.bonding_manager, play.at(who));
    let said = play.read(bm, &Bonding::getTranscoderCall { _transcoder });
    let (o, purse) = (play.model.orchestrator(who), &play.model.person(who).purse);
    let expected = Bonding::getTranscoderReturn {
        lastRewardRound: U256::from(o.last_reward),
        rewardCut: o.cut,
        feeShare: o.share,
        lastActiveStakeUpdateRound: U256::from(o.last_stake_update),
        activationRound: U256::from(o.activation),
        deactivationRound: end(o.deactivation),
        lastFeeRound: U256::from(o.last_fee),
        ..said
    };
    for (what, part, said) in [
        ("own rewards at the latest reward", Part::OwnAtReward, said.activeCumulativeRewards),
        ("own rewards", Part::OwnRewards, said.cumulativeRewards),
        ("own fees", Part::OwnFees, said.cumulativeFees),
    ] {
        if !purse.agrees(&[part], said, purse.deficit(part)) {
            let (floor, deficit) = (purse.floor(&[part]), purse.deficit(part));
            return Err(format!("{what} of {who}: {said}, exactly {floor} and a part, less at most {deficit}"));
        }
    }
    same(|| format!("orchestrator {who}"), said, expected)
}

/// What follows from stake and pool.
fn standing(play: &mut Play, who: Who) -> Step {
    let (bm, _transcoder) = (play.stage.d.bonding_manager, play.at(who));
    let status = play.read(bm, &Bonding::delegatorStatusCall { _delegator: _transcoder });
    same(|| format!("status of {who}"), status, play.model.status(who) as u8)?;
    let lpt = play.read(play.stage.d.token, &LivepeerToken::balanceOfCall { account: _transcoder });
    same(|| format!("LPT of {who}"), lpt, play.model.person(who).lpt)?;
    let active = play.read(bm, &Bonding::isActiveTranscoderCall { _transcoder });
    same(|| format!("{who} is active"), active, play.model.is_active(who))?;
    let registered = play.read(bm, &Bonding::isRegisteredTranscoderCall { _transcoder });
    same(|| format!("{who} is registered"), registered, play.model.is_registered(who))?;
    let status = play.read(bm, &Bonding::transcoderStatusCall { _transcoder });
    same(|| format!("orchestrator status of {who}"), status, u8::from(play.model.is_registered(who)))?;
    let total = play.read(bm, &Bonding::transcoderTotalStakeCall { _transcoder });
    same(|| format!("stake behind {who}"), total, play.model.person(who).delegated)
}

/// Pools of this round, the next, and one that is past.
fn records(play: &mut Play, who: Who) -> Step {
    let (bm, _transcoder) = (play.stage.d.bonding_manager, play.at(who));
    let round = play.model.round();
    for round in [round, round + 1, round - u64::from(who) % 7] {
        let call = Bonding::getTranscoderEarningsPoolForRoundCall { _transcoder, _round: U256::from(round) };
        let said = play.read(bm, &call);
        let record = play.model.record(who, round);
        let terms = (said.totalStake, said.transcoderRewardCut, said.transcoderFeeShare);
        same(|| format!("pool of {who} in {round}"), terms, (record.stake, record.cut, record.share))?;
        let factor = record.factor.unwrap_or(Bound::ZERO);
        within(|| format!("reward factor of {who} in {round}"), said.cumulativeRewardFactor, factor)?;
        let factor = record.fee_factor.unwrap_or(Bound::ZERO);
        within(|| format!("fee factor of {who} in {round}"), said.cumulativeFeeFactor, factor)?;
    }
    Ok(())
}

/// The order of the pool, and the stake in it.
fn pool(play: &mut Play) -> Step {
    let bm = play.stage.d.bonding_manager;
    let mut said = Vec::new();
    let mut at = play.read(bm, &Bonding::getFirstTranscoderInPoolCall {});
    while !at.is_zero() && said.len() <= play.model.ranking.max {
        said.push(play.stage.book.who(at));
        at = play.read(bm, &Bonding::getNextTranscoderInPoolCall { _transcoder: at });
    }
    same(|| "pool".to_owned(), said, play.model.ranking.members().collect())?;
    let next = play.read(bm, &Bonding::nextRoundTotalActiveStakeCall {});
    same(|| "next round's total stake".to_owned(), next, play.model.next_total)?;
    let current = play.read(bm, &Bonding::currentRoundTotalActiveStakeCall {});
    same(|| "this round's total stake".to_owned(), current, play.model.current_total)
}

/// What holds after every step, whatever happened.
fn hold(play: &mut Play) -> Step {
    let d = play.stage.d;
    let lpt = play.read(d.token, &LivepeerToken::balanceOfCall { account: d.minter });
    let eth = play.stage.chain.balance(d.minter);
    let m = &play.model;
    same(|| "LPT in the vault".to_owned(), lpt, m.minting.lpt)?;
    same(|| "ETH in the vault".to_owned(), eth, m.minting.eth)?;
    same(|| "LPT in the vault, by what it is for".to_owned(), lpt, m.vault())?;
    // Where penalties did not come between, the pool is sorted by the stake behind its members.
    let stakes: Vec<U256> = m.ranking.members().map(|who| m.person(who).delegated).collect();
    if !m.pool_slashed {
        same(|| "stake of the pool".to_owned(), m.next_total, stakes.iter().sum())?;
        same(|| "keys of the pool".to_owned(), m.ranking.keys().collect(), stakes)?;
    }
    let ordered = m.ranking.keys().collect::<Vec<_>>().is_sorted_by(|a, b| a >= b);
    same(|| "pool is in order".to_owned(), ordered, true)?;
    same(|| "pool fits".to_owned(), m.ranking.len() <= m.ranking.max, true)?;
    same(
        || "total of the round stays".to_owned(),
        m.totals.get(&m.last_initialized).copied().unwrap_or_default(),
        m.current_total,
    )?;
    same(|| "no more is minted than may be".to_owned(), m.minting.minted <= m.minting.mintable, true)?;
    m.covered()?;
    if !m.fees_overpaid && m.owed_eth() > eth {
        return Err(format!("{} of ETH is owed, {eth} is there", m.owed_eth()));
    }
    Ok(())
}

fn rounds(play: &mut Play) -> Step {
    let rm = play.stage.d.rounds_manager;
    let round = play.read(rm, &RoundsManager::currentRoundCall {});
    let start = play.read(rm, &RoundsManager::currentRoundStartBlockCall {});
    let initialized = play.read(rm, &RoundsManager::currentRoundInitializedCall {});
    let locked = play.read(rm, &RoundsManager::currentRoundLockedCall {});
    let latest = play.read(rm, &RoundsManager::lastInitializedRoundCall {});
    let m = &play.model;
    same(|| "round".to_owned(), round, U256::from(m.round()))?;
    same(|| "round's start".to_owned(), start, U256::from(m.clock.start()))?;
    same(|| "round is initialized".to_owned(), initialized, m.is_initialized())?;
    same(|| "round is locked".to_owned(), locked, m.clock.is_locked())?;
    same(|| "latest initialized round".to_owned(), latest, U256::from(m.last_initialized))
}

fn parameters(play: &mut Play) -> Step {
    let d = play.stage.d;
    let said = [
        play.read(d.minter, &Minter::inflationCall {}),
        play.read(d.minter, &Minter::currentMintableTokensCall {}),
        play.read(d.minter, &Minter::currentMintedTokensCall {}),
        play.read(d.minter, &Minter::targetBondingRateCall {}),
        play.read(d.minter, &Minter::getGlobalTotalSupplyCall {}),
        play.read(d.bonding_manager, &Bonding::treasuryRewardCutRateCall {}),
        play.read(d.bonding_manager, &Bonding::nextRoundTreasuryRewardCutRateCall {}),
        play.read(d.bonding_manager, &Bonding::treasuryBalanceCeilingCall {}),
        play.read(d.bonding_manager, &Bonding::getTotalBondedCall {}),
        play.read(d.bonding_manager, &Bonding::getTranscoderPoolSizeCall {}),
        play.read(d.bonding_manager, &Bonding::getTranscoderPoolMaxSizeCall {}),
        U256::from(play.read(d.bonding_manager, &Bonding::unbondingPeriodCall {})),
    ];
    let paused = play.read(d.controller, &Controller::pausedCall {});
    let m = &play.model;
    let expected = [
        m.minting.inflation,
        m.minting.mintable,
        m.minting.minted,
        m.minting.target,
        m.minting.supply,
        m.cut_rate,
        m.next_cut_rate,
        m.ceiling,
        m.current_total,
        U256::from(m.ranking.len()),
        U256::from(m.ranking.max),
        U256::from(m.unbonding_period),
    ];
    same(|| "parameters".to_owned(), said, expected)?;
    same(|| "paused".to_owned(), paused, m.paused)
}

fn sender(play: &mut Play, who: Who) -> Step {
    let (tb, _sender) = (play.stage.d.ticket_broker, play.at(who));
    let said = play.read(tb, &Broker::getSenderInfoCall { _sender });
    let round = play.model.round();
    let s = &play.model.person(who).sender;
    let unlocking = s.withdraw_round > 0;
    let claimed = s.claimed.get(&round).copied().unwrap_or_default();
    let expected = (s.deposit, U256::from(s.withdraw_round), s.reserve, claimed);
    let has_reserve = !s.reserve.is_zero() || !claimed.is_zero();
    let (sender, reserve) = (said.sender, said.reserve);
    let said = (sender.deposit, sender.withdrawRound, reserve.fundsRemaining, reserve.claimedInCurrentRound);
    same(|| format!("sender {who}"), said, expected)?;
    let said = play.read(tb, &Broker::isUnlockInProgressCall { _sender });
    same(|| format!("{who} unlocks"), said, unlocking)?;
    if !has_reserve {
        return Ok(());
    }
    let strangers = play.model.everyone().filter(|other| other % 9 == who % 9);
    let claimants: BTreeSet<Who> = play.model.ranking.members().chain(strangers).collect();
    claimants.into_iter().try_for_each(|claimant| reserve_of(play, who, claimant))
}

fn reserve_of(play: &mut Play, sender: Who, claimant: Who) -> Step {
    let (tb, _reserveHolder, _claimant) = (play.stage.d.ticket_broker, play.at(sender), play.at(claimant));
    let call = Broker::claimableReserveCall { _reserveHolder, _claimant };
    let said = match play.stage.chain.view(tb, call.abi_encode().into()) {
        Ok(data) => Ok(U256::from_be_slice(&data)),
        Err(data) => Err(Revert::decode(&data).to_string()),
    };
    let expected = play.model.claimable(sender, claimant);
    same(|| format!("reserve of {sender} for {claimant}"), said, expected)?;
    let said = play.read(tb, &Broker::claimedReserveCall { _reserveHolder, _claimant });
    let key = (play.model.round(), claimant);
    let expected = play.model.person(sender).sender.claimed_by.get(&key).copied().unwrap_or_default();
    same(|| format!("reserve of {sender} claimed by {claimant}"), said, expected)
}

/// Votes now, and at the end of some earlier round.
fn votes(play: &mut Play, who: Who) -> Step {
    let (bv, address) = (play.stage.d.bonding_votes, play.at(who));
    let said = play.read(bv, &Voting::getVotesCall { _account: address });
    let (delegate, bound) = play.model.votes(who);
    within(|| format!("votes of {who}"), said, bound)?;
    let said = play.read(bv, &Voting::delegatesCall { _account: address });
    same(|| format!("delegate of {who} for votes"), said, play.at(delegate))?;
    let said = play.read(bv, &Voting::hasCheckpointCall { _account: address });
    same(|| format!("{who} has a checkpoint"), said, play.model.person(who).checkpoint.is_some())?;
    let Some((round, (delegate, bound))) = past_votes(&play.model, who) else { return Ok(()) };
    let _round = U256::from(round);
    let said = play.read(bv, &Voting::getPastVotesCall { _account: address, _round });
    within(|| format!("votes of {who} after {round}"), said, bound)?;
    let said = play.read(bv, &Voting::delegatedAtCall { _account: address, _round });
    same(|| format!("delegate of {who} for votes after {round}"), said, play.at(delegate))?;
    let call = Voting::getVotesAndDelegateAtRoundStartCall { _account: address, _round: U256::from(round + 1) };
    let said = play.read(bv, &call);
    within(|| format!("votes of {who} at the start of {}", round + 1), said.votes, bound)?;
    same(|| format!("delegate of {who} at the start of {}", round + 1), said.delegateAddress, play.at(delegate))
}

/// Another round for each account.
fn past_votes(model: &Model, who: Who) -> Option<(u64, (Who, Bound))> {
    let round = model.round().checked_sub(1 + u64::from(who) % 13)?;
    let votes = model.past_votes.get(&round)?;
    Some((round, votes[usize::from(who)]))
}

fn past_totals(play: &mut Play) -> Step {
    let (bv, round) = (play.stage.d.bonding_votes, play.model.round());
    let said = play.read(bv, &Voting::totalSupplyCall {});
    same(|| "total votes".to_owned(), said, play.model.next_total)?;
    for round in round - 6..round {
        let said = play.read(bv, &Voting::getPastTotalSupplyCall { _round: U256::from(round) });
        same(|| format!("total votes after {round}"), said, play.model.total_at(round + 1))?;
        let said = play.read(bv, &Voting::getTotalActiveStakeAtCall { _round: U256::from(round) });
        same(|| format!("total stake in {round}"), said, play.model.total_at(round))?;
    }
    Ok(())
}
