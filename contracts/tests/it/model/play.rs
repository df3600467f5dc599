//! A life of the contracts beside the model's.

// Locals have the names of the contracts' arguments, so that calls are short.
#![allow(non_snake_case)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use alloy::primitives::{Address, Bytes, FixedBytes, TxKind, U256, keccak256};
use alloy::sol_types::SolCall;
use weir_contracts::bindings::{
    BondingManager as Bonding, Controller, LivepeerToken, Minter, RoundsManager, TicketBroker as Broker,
};
use weir_contracts::{Change, Deployment, Owner, ProtocolParams, ProtocolVersion, Revert, contract_id};
use weir_types::{LptWei, Perc9};

use super::Who;
use super::action::{Action, Amount, Flaw, Hints, Life};
use super::broker::{Funds, Ticket};
use super::cast::{ACTORS, Book, CAST};
use super::compare;
use super::events::{Event, decode};
use super::ranking::Place;
use super::start;
use super::state::{Claims, Mark, Model, NO_REASON, Step, refuse};
use super::tickets::Paper;
use crate::chain::{Chain, GAS};
use crate::deploy::{deployed, owner};
use crate::world::lpt;

/// LPT and ETH that everyone has at first, in whole tokens.
pub const WEALTH: u64 = 30_000;
const POOL: u64 = 3;

/// Rules with fast rounds and much inflation, so that a life of a few dozen rounds sees all there is.
fn params(version: ProtocolVersion) -> ProtocolParams {
    ProtocolParams {
        version,
        round_length: 100,
        unbonding_period: 3,
        num_active_transcoders: POOL,
        treasury_balance_ceiling: LptWei::from_whole(30_000),
        inflation: Perc9(2_000_000),
        inflation_change: Perc9(50_000),
        target_bonding_rate: Perc9(100_000_000),
        genesis_lpt: LptWei::from_whole(2_000_000),
        owner: Owner::Deployer,
        ..ProtocolParams::arbitrum_one()
    }
}

/// Contracts before anything happened, and their numbers.
#[derive(Clone)]
pub struct Stage {
    pub chain: Chain,
    pub d: Deployment,
    pub book: Book,
}

/// Contracts of some rules.
pub fn stage(version: ProtocolVersion) -> Stage {
    let (mut chain, d) = deployed(&params(version));
    let book = Book::new(&d);
    for (name, who) in [("Verifier", CAST.verifier), ("L2Migrator", CAST.migrator)] {
        let call = Controller::setContractInfoCall {
            _id: contract_id(name),
            _contractAddress: book.address(who),
            _gitCommitHash: FixedBytes::ZERO,
        };
        chain.send(owner(), d.controller, &call).expect("the owner registers contracts");
    }
    let call = LivepeerToken::grantRoleCall { role: keccak256("BURNER_ROLE"), account: d.minter };
    chain.send(owner(), d.token, &call).expect("the owner grants roles");
    for who in (1..=ACTORS).chain([CAST.migrator]) {
        let call = LivepeerToken::transferCall { to: book.address(who), amount: lpt(WEALTH) };
        chain.send(owner(), d.token, &call).expect("the owner has LPT");
        let call = LivepeerToken::approveCall { spender: d.bonding_manager, amount: U256::MAX };
        chain.send(book.address(who), d.token, &call).expect("anyone may approve");
        chain.fund(book.address(who), lpt(WEALTH));
    }
    Stage { chain, d, book }
}

static EARLIER: LazyLock<Stage> = LazyLock::new(|| stage(ProtocolVersion::D24));
static LATER: LazyLock<Stage> = LazyLock::new(|| stage(ProtocolVersion::D26));

/// What two sides say about one thing that they should agree on.
// By value, because most of what is compared is put together for it.
#[allow(clippy::needless_pass_by_value)]
pub fn same<T: PartialEq + std::fmt::Debug>(what: impl FnOnce() -> String, said: T, expected: T) -> Step {
    if said == expected {
        return Ok(());
    }
    Err(format!("{}: {said:?}, should be {expected:?}", what()))
}

/// Kinds of action, reasons to refuse them if there was one, and how often.
pub type Tally = BTreeMap<(&'static str, Option<String>), u64>;

/// The contracts and the model, in step.
pub struct Play {
    pub stage: Stage,
    pub model: Model,
    pub papers: BTreeMap<u64, Paper>,
    /// Who takes part in the action.
    parties: Vec<Who>,
    /// How often each kind of action succeeded, or was refused with some reason.
    pub tally: Tally,
    pub marks: BTreeMap<Mark, u64>,
    kind: &'static str,
    /// A reason or a mark whose first appearance counts as a difference.
    wanted: Option<String>,
}

impl Play {
    pub fn new(version: ProtocolVersion, pool: u64) -> Self {
        let stage = if version == ProtocolVersion::D24 { &*EARLIER } else { &*LATER };
        Self::on(stage.clone(), version, pool)
    }

    /// On contracts that may not be those of the version.
    pub fn on(mut stage: Stage, version: ProtocolVersion, pool: u64) -> Self {
        let model = start::model(&mut stage, version);
        let mut play = Self {
            stage,
            model,
            papers: BTreeMap::new(),
            parties: Vec::new(),
            tally: Tally::new(),
            marks: BTreeMap::new(),
            kind: "",
            wanted: std::env::var("WEIR_FIND").ok(),
        };
        if pool > POOL {
            play.act(&Action::PoolSize { who: CAST.owner, size: pool }).expect("the pool grows");
        }
        play
    }

    /// All of a life. Otherwise the number of the action after which both sides differ, and how.
    pub fn through(life: &Life) -> Result<Self, (usize, String)> {
        let mut play = Self::new(life.version, life.pool);
        for (n, action) in life.actions.iter().enumerate() {
            play.act(action).map_err(|difference| (n, difference))?;
        }
        let end = |difference| (life.actions.len(), difference);
        compare::all(&mut play).map_err(end)?;
        life.shows.iter().try_for_each(|what| play.saw(what)).map_err(end)?;
        Ok(play)
    }

    /// Whether something was refused for a reason, or came into a situation.
    fn saw(&self, what: &str) -> Step {
        let refused = self.tally.keys().any(|(_, reason)| reason.as_deref() == Some(what));
        let happened = self.marks.keys().any(|mark| format!("{mark:?}") == what);
        if refused || happened { Ok(()) } else { Err(format!("does not show {what}")) }
    }

    fn address(&self, who: Who) -> Address {
        self.stage.book.address(who)
    }

    /// A transaction, which must do what the model's step does.
    fn submit<C: SolCall>(
        &mut self,
        from: Who,
        to: Address,
        call: &C,
        value: U256,
        step: impl FnOnce(&mut Model) -> Step,
    ) -> Step {
        let chain = &mut self.stage.chain;
        let sender = self.stage.book.address(from);
        let outcome = chain.execute(sender, TxKind::Call(to), call.abi_encode().into(), value, GAS);
        if let Some(halt) = outcome.halt {
            return Err(format!("halted: {halt}"));
        }
        let events = decode(&outcome.logs, &self.stage.d, &self.stage.book);
        let mut after = self.model.clone();
        after.events.clear();
        after.marks.clear();
        after.claims = if outcome.success {
            Claims::Announced(events.iter().filter_map(claimed).collect())
        } else {
            Claims::Pending(self.pending())
        };
        let expected = step(&mut after);
        let said = if outcome.success { Ok(()) } else { Err(Revert::decode(&outcome.output).to_string()) };
        same(|| C::SIGNATURE.to_owned(), &said, &expected)?;
        *self.tally.entry((self.kind, said.clone().err())).or_default() += 1;
        if let (Some(wanted), Err(reason)) = (&self.wanted, &said)
            && reason.contains(wanted.as_str())
        {
            return Err(format!("found {}: {reason}", self.kind));
        }
        if said.is_err() {
            return Ok(());
        }
        if let Some(fault) = after.faults.first() {
            return Err(fault.clone());
        }
        for n in 0..events.len().max(after.events.len()) {
            same(|| format!("{}, event {n}", C::SIGNATURE), events.get(n), after.events.get(n))?;
        }
        for mark in &after.marks {
            *self.marks.entry(*mark).or_default() += 1;
            if self.wanted.as_ref().is_some_and(|wanted| *wanted == format!("{mark:?}")) {
                return Err(format!("found {mark:?}"));
            }
        }
        self.model = after;
        let others: BTreeSet<Who> = events.into_iter().flat_map(|event| event.who).collect();
        let parties: BTreeSet<Who> = self.parties.iter().copied().chain([from]).collect();
        compare::after_step(self, &parties, &others, to == self.stage.d.bonding_manager)
    }

    fn bonding<C: SolCall>(&mut self, from: Who, call: &C, step: impl FnOnce(&mut Model) -> Step) -> Step {
        self.submit(from, self.stage.d.bonding_manager, call, U256::ZERO, step)
    }

    fn broker<C: SolCall>(&mut self, from: Who, call: &C, step: impl FnOnce(&mut Model) -> Step) -> Step {
        self.submit(from, self.stage.d.ticket_broker, call, U256::ZERO, step)
    }

    /// Stake that someone will have settled when it acts on it.
    fn stake(&mut self, who: Who) -> U256 {
        let p = self.model.person(who);
        if p.last_claim >= self.model.round() {
            return p.bonded;
        }
        let call = Bonding::pendingStakeCall { _delegator: self.address(who), _endRound: U256::ZERO };
        self.stage.chain.read(self.stage.d.bonding_manager, &call)
    }

    fn fees(&mut self, who: Who) -> U256 {
        let p = self.model.person(who);
        if p.last_claim >= self.model.round() {
            return p.fees;
        }
        let call = Bonding::pendingFeesCall { _delegator: self.address(who), _endRound: U256::ZERO };
        self.stage.chain.read(self.stage.d.bonding_manager, &call)
    }

    fn pending(&mut self) -> BTreeMap<Who, (U256, U256)> {
        let parties = self.parties.clone();
        parties.into_iter().map(|who| (who, (self.stake(who), self.fees(who)))).collect()
    }

    pub fn act(&mut self, action: &Action) -> Step {
        self.parties = action.parties();
        self.kind = action.kind();
        match action {
            Action::Mine { blocks } => self.mine(*blocks),
            Action::Rounds { rounds } => {
                let clock = &self.model.clock;
                self.mine(clock.start() + rounds * clock.length - clock.block)
            }
            Action::Initialize { who } => {
                let to = self.stage.d.rounds_manager;
                let call = RoundsManager::initializeRoundCall {};
                self.submit(*who, to, &call, U256::ZERO, Model::initialize_round)
            }
            Action::Bond { .. }
            | Action::BondFor { .. }
            | Action::Unbond { .. }
            | Action::Rebond { .. }
            | Action::RebondFromUnbonded { .. }
            | Action::TransferBond { .. } => self.move_stake(action),
            Action::WithdrawStake { .. }
            | Action::WithdrawFees { .. }
            | Action::Claim { .. }
            | Action::Checkpoint { .. } => self.settle(action),
            Action::Commission { .. }
            | Action::Reward { .. }
            | Action::SetRewardCaller { .. }
            | Action::RewardFor { .. }
            | Action::Slash { .. } => self.orchestrate(action),
            Action::Issue { .. } | Action::Redeem { .. } | Action::RedeemAll { .. } => self.tickets(action),
            Action::Fund { .. }
            | Action::FundShort { .. }
            | Action::Unlock { .. }
            | Action::CancelUnlock { .. }
            | Action::Withdraw { .. } => self.funds(action),
            _ => self.govern(action),
        }
    }

    fn mine(&mut self, blocks: u64) -> Step {
        let next = self.model.clock.start() + self.model.clock.length;
        if self.model.clock.block + blocks >= next {
            compare::end_of_round(self)?;
        }
        self.stage.chain.mine(blocks);
        self.model.mine(blocks);
        Ok(())
    }

    fn pair(&self, place: Place) -> (Address, Address) {
        (self.address(place.0), self.address(place.1))
    }

    fn move_stake(&mut self, action: &Action) -> Step {
        match action {
            Action::Bond { who, amount, to, hints } => {
                let free = self.model.person(*who).lpt;
                self.bond(*who, resolve(*amount, free), *who, *to, hints)
            }
            Action::BondFor { who, owner, amount, to, hints } => {
                let free = self.model.person(*who).lpt;
                self.bond(*who, resolve(*amount, free), *owner, *to, hints)
            }
            Action::Unbond { who, amount, hints } => {
                let wei = resolve(*amount, self.stake(*who));
                self.unbond(*who, wei, hints)
            }
            Action::Rebond { who, lock, hints } => self.rebond(*who, *lock, hints),
            Action::RebondFromUnbonded { who, to, lock, hints } => self.rebond_from_unbonded(*who, *to, *lock, hints),
            Action::TransferBond { who, to, amount, hints } => {
                let wei = resolve(*amount, self.stake(*who));
                self.transfer_bond(*who, *to, wei, hints)
            }
            other => unreachable!("{other} moves no stake"),
        }
    }

    fn unbond(&mut self, who: Who, _amount: U256, hints: &Hints) -> Step {
        let place = hints.place(0);
        let step = |m: &mut Model| m.unbond(who, _amount, place);
        if hints.is_none() {
            return self.bonding(who, &Bonding::unbondCall { _amount }, step);
        }
        let (_newPosPrev, _newPosNext) = self.pair(place);
        self.bonding(who, &Bonding::unbondWithHintCall { _amount, _newPosPrev, _newPosNext }, step)
    }

    fn rebond(&mut self, who: Who, lock: u64, hints: &Hints) -> Step {
        let (_unbondingLockId, place) = (U256::from(lock), hints.place(0));
        let step = |m: &mut Model| m.rebond(who, lock, place);
        if hints.is_none() {
            return self.bonding(who, &Bonding::rebondCall { _unbondingLockId }, step);
        }
        let (_newPosPrev, _newPosNext) = self.pair(place);
        self.bonding(who, &Bonding::rebondWithHintCall { _unbondingLockId, _newPosPrev, _newPosNext }, step)
    }

    fn rebond_from_unbonded(&mut self, who: Who, to: Who, lock: u64, hints: &Hints) -> Step {
        let (_to, _unbondingLockId, place) = (self.address(to), U256::from(lock), hints.place(0));
        let step = |m: &mut Model| m.rebond_from_unbonded(who, to, lock, place);
        if hints.is_none() {
            return self.bonding(who, &Bonding::rebondFromUnbondedCall { _to, _unbondingLockId }, step);
        }
        let (_newPosPrev, _newPosNext) = self.pair(place);
        let call = Bonding::rebondFromUnbondedWithHintCall { _to, _unbondingLockId, _newPosPrev, _newPosNext };
        self.bonding(who, &call, step)
    }

    fn transfer_bond(&mut self, who: Who, to: Who, _amount: U256, hints: &Hints) -> Step {
        let places = [hints.place(0), hints.place(1)];
        let (_oldDelegateNewPosPrev, _oldDelegateNewPosNext) = self.pair(places[0]);
        let (_newDelegateNewPosPrev, _newDelegateNewPosNext) = self.pair(places[1]);
        let call = Bonding::transferBondCall {
            _delegator: self.address(to),
            _amount,
            _oldDelegateNewPosPrev,
            _oldDelegateNewPosNext,
            _newDelegateNewPosPrev,
            _newDelegateNewPosNext,
        };
        self.bonding(who, &call, |m| m.transfer_bond(who, to, _amount, places))
    }

    fn bond(&mut self, who: Who, amount: U256, owner: Who, to: Who, hints: &Hints) -> Step {
        let places = [hints.place(0), hints.place(1)];
        let step = |m: &mut Model| m.bond(who, amount, owner, to, places);
        let _to = self.address(to);
        if who == owner && hints.is_none() {
            return self.bonding(who, &Bonding::bondCall { _amount: amount, _to }, step);
        }
        let [old, new] = places;
        let (_oldDelegateNewPosPrev, _oldDelegateNewPosNext) = self.pair(old);
        let (_currDelegateNewPosPrev, _currDelegateNewPosNext) = self.pair(new);
        if who == owner {
            let call = Bonding::bondWithHintCall {
                _amount: amount,
                _to,
                _oldDelegateNewPosPrev,
                _oldDelegateNewPosNext,
                _currDelegateNewPosPrev,
                _currDelegateNewPosNext,
            };
            return self.bonding(who, &call, step);
        }
        let call = Bonding::bondForWithHintCall {
            _amount: amount,
            _owner: self.address(owner),
            _to,
            _oldDelegateNewPosPrev,
            _oldDelegateNewPosNext,
            _currDelegateNewPosPrev,
            _currDelegateNewPosNext,
        };
        self.bonding(who, &call, step)
    }

    fn settle(&mut self, action: &Action) -> Step {
        match action {
            Action::WithdrawStake { who, lock } => {
                let call = Bonding::withdrawStakeCall { _unbondingLockId: U256::from(*lock) };
                self.bonding(*who, &call, |m| m.withdraw_stake(*who, *lock))
            }
            Action::WithdrawFees { who, to, amount } => {
                let wei = resolve(*amount, self.fees(*who));
                let call = Bonding::withdrawFeesCall { _recipient: self.address(*to), _amount: wei };
                self.bonding(*who, &call, |m| m.withdraw_fees(*who, *to, wei))
            }
            Action::Claim { who } => {
                let call = Bonding::claimEarningsCall { _endRound: U256::ZERO };
                self.bonding(*who, &call, |m| m.claim_earnings(*who))
            }
            Action::Checkpoint { who, of } => {
                let call = Bonding::checkpointBondingStateCall { _account: self.address(*of) };
                let step = |m: &mut Model| {
                    m.checkpoint(*of);
                    Ok(())
                };
                self.bonding(*who, &call, step)
            }
            other => unreachable!("{other} settles nothing"),
        }
    }

    fn orchestrate(&mut self, action: &Action) -> Step {
        match action {
            Action::Commission { who, cut, share, hints } => {
                let (_rewardCut, _feeShare, place) = (U256::from(*cut), U256::from(*share), hints.place(0));
                let step = |m: &mut Model| m.set_commission(*who, _rewardCut, _feeShare, place);
                if hints.is_none() {
                    return self.bonding(*who, &Bonding::transcoderCall { _rewardCut, _feeShare }, step);
                }
                let (_newPosPrev, _newPosNext) = self.pair(place);
                let call = Bonding::transcoderWithHintCall { _rewardCut, _feeShare, _newPosPrev, _newPosNext };
                self.bonding(*who, &call, step)
            }
            Action::Reward { who, hints } => {
                let place = hints.place(0);
                let step = |m: &mut Model| m.reward(*who, place);
                if hints.is_none() {
                    return self.bonding(*who, &Bonding::rewardCall {}, step);
                }
                let (_newPosPrev, _newPosNext) = self.pair(place);
                self.bonding(*who, &Bonding::rewardWithHintCall { _newPosPrev, _newPosNext }, step)
            }
            Action::SetRewardCaller { who, caller } => {
                let call = Bonding::setRewardCallerCall { _rewardCaller: self.address(*caller) };
                self.bonding(*who, &call, |m| known(m, Change::RewardCaller, |m| m.set_reward_caller(*who, *caller)))
            }
            Action::RewardFor { who, orchestrator, hints } => {
                let (_transcoder, place) = (self.address(*orchestrator), hints.place(0));
                let step = |m: &mut Model| known(m, Change::RewardCaller, |m| m.reward_by(*who, *orchestrator, place));
                if hints.is_none() {
                    return self.bonding(*who, &Bonding::rewardForTranscoderCall { _transcoder }, step);
                }
                let (_newPosPrev, _newPosNext) = self.pair(place);
                let call = Bonding::rewardForTranscoderWithHintCall { _transcoder, _newPosPrev, _newPosNext };
                self.bonding(*who, &call, step)
            }
            Action::Slash { who, orchestrator, finder, part, fee } => {
                let (part, fee) = (U256::from(*part), U256::from(*fee));
                let call = Bonding::slashTranscoderCall {
                    _transcoder: self.address(*orchestrator),
                    _finder: self.address(*finder),
                    _slashAmount: part,
                    _finderFee: fee,
                };
                self.bonding(*who, &call, |m| m.slash(*who, *orchestrator, *finder, part, fee))
            }
            other => unreachable!("{other} is nothing an orchestrator does"),
        }
    }

    fn tickets(&mut self, action: &Action) -> Step {
        match action {
            Action::Issue { ticket, sender, recipient, value, chance } => {
                let paper = Paper::issue(self, *ticket, *sender, *recipient, *value, *chance);
                self.papers.insert(*ticket, paper);
                Ok(())
            }
            Action::Redeem { who, ticket, flaw } => {
                // A shortened life may lack the ticket.
                let Some(paper) = self.papers.get(ticket) else { return Ok(()) };
                let (_ticket, _sig, _recipientRand, facts) = paper.handed_in(*flaw);
                let call = Broker::redeemWinningTicketCall { _ticket, _sig, _recipientRand };
                self.broker(*who, &call, |m| m.redeem(&facts))
            }
            Action::RedeemAll { who, tickets } => {
                let papers: Vec<_> = tickets.0.iter().filter_map(|ticket| self.papers.get(ticket)).collect();
                let (mut _tickets, mut _sigs, mut _recipientRands) = (Vec::new(), Vec::<Bytes>::new(), Vec::new());
                let mut all: Vec<Ticket> = Vec::new();
                for paper in papers {
                    let (ticket, sig, secret, facts) = paper.handed_in(Flaw::None);
                    _tickets.push(ticket);
                    _sigs.push(sig);
                    _recipientRands.push(secret);
                    all.push(facts);
                }
                let call = Broker::batchRedeemWinningTicketsCall { _tickets, _sigs, _recipientRands };
                self.broker(*who, &call, |m| m.redeem_all(&all))
            }
            other => unreachable!("{other} has no ticket"),
        }
    }

    fn funds(&mut self, action: &Action) -> Step {
        match action {
            Action::Fund { who, target, funds, deposit, reserve } => {
                self.fund(*who, *target, *funds, *deposit, *reserve, deposit + reserve)
            }
            Action::FundShort { who, target, deposit, reserve } => {
                let paid = (deposit + reserve).saturating_sub(U256::ONE);
                self.fund(*who, *target, Funds::Both, *deposit, *reserve, paid)
            }
            Action::Unlock { who } => self.broker(*who, &Broker::unlockCall {}, |m| m.unlock(*who)),
            Action::CancelUnlock { who } => self.broker(*who, &Broker::cancelUnlockCall {}, |m| m.cancel_unlock(*who)),
            Action::Withdraw { who } => self.broker(*who, &Broker::withdrawCall {}, |m| m.withdraw(*who)),
            other => unreachable!("{other} funds nothing"),
        }
    }

    fn fund(&mut self, who: Who, target: Who, funds: Funds, deposit: U256, reserve: U256, paid: U256) -> Step {
        if self.model.person(who).eth < paid {
            return Ok(());
        }
        let (to, _addr) = (self.stage.d.ticket_broker, self.address(target));
        let (target, deposit, reserve, paid) = match funds {
            Funds::Deposit => (who, deposit, U256::ZERO, deposit),
            Funds::Reserve => (who, U256::ZERO, reserve, reserve),
            Funds::Both => (target, deposit, reserve, paid),
        };
        let step = |m: &mut Model| m.fund(who, target, deposit, reserve, paid, funds);
        let (_depositAmount, _reserveAmount) = (deposit, reserve);
        match funds {
            Funds::Deposit => self.submit(who, to, &Broker::fundDepositCall {}, paid, step),
            Funds::Reserve => self.submit(who, to, &Broker::fundReserveCall {}, paid, step),
            Funds::Both if who == target => {
                let call = Broker::fundDepositAndReserveCall { _depositAmount, _reserveAmount };
                self.submit(who, to, &call, paid, step)
            }
            Funds::Both => {
                let call = Broker::fundDepositAndReserveForCall { _addr, _depositAmount, _reserveAmount };
                self.submit(who, to, &call, paid, step)
            }
        }
    }

    fn govern(&mut self, action: &Action) -> Step {
        let d = self.stage.d;
        let zero = U256::ZERO;
        match action {
            Action::Pause { who } => {
                self.submit(*who, d.controller, &Controller::pauseCall {}, zero, |m| m.pause(*who, true))
            }
            Action::Unpause { who } => {
                self.submit(*who, d.controller, &Controller::unpauseCall {}, zero, |m| m.pause(*who, false))
            }
            Action::PoolSize { who, size } => {
                let call = Bonding::setNumActiveTranscodersCall { _numActiveTranscoders: U256::from(*size) };
                self.bonding(*who, &call, |m| m.set_pool_size(*who, *size))
            }
            Action::TreasuryCut { who, rate } => {
                let call = Bonding::setTreasuryRewardCutRateCall { _cutRate: *rate };
                self.bonding(*who, &call, |m| m.set_treasury_cut(*who, *rate))
            }
            Action::Ceiling { who, amount } => {
                let call = Bonding::setTreasuryBalanceCeilingCall { _ceiling: *amount };
                self.bonding(*who, &call, |m| m.set_ceiling(*who, *amount))
            }
            Action::UnbondingPeriod { who, rounds } => {
                let call = Bonding::setUnbondingPeriodCall { _unbondingPeriod: *rounds };
                self.bonding(*who, &call, |m| m.set_unbonding_period(*who, *rounds))
            }
            Action::Target { who, rate } => {
                let call = Minter::setTargetBondingRateCall { _targetBondingRate: *rate };
                self.submit(*who, d.minter, &call, zero, |m| m.set_target(*who, *rate))
            }
            other => unreachable!("{other} decides nothing"),
        }
    }
}

/// A function that earlier rules do not know fails without a reason.
fn known(model: &mut Model, change: Change, step: impl FnOnce(&mut Model) -> Step) -> Step {
    if model.has(change) { step(model) } else { refuse(NO_REASON) }
}

fn claimed(event: &Event) -> Option<super::state::Claimed> {
    (event.name == "EarningsClaimed").then(|| (event.who[0], event.who[1], event.numbers[0], event.numbers[1]))
}

fn resolve(amount: Amount, all: U256) -> U256 {
    match amount {
        Amount::Wei(wei) => wei,
        Amount::Part(millionths) => all * U256::from(millionths) / U256::from(super::state::SIX),
        Amount::All => all,
        // Beyond all that roundings could have kept.
        Amount::TooMuch => all + all / U256::from(1_000) + lpt(1),
    }
}
