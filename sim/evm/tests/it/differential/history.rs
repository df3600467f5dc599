//! A history over all contracts, drawn from a seed: each step looks at the chain as it stands and does
//! something that mostly succeeds there.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, Bytes, FixedBytes, U256, keccak256};
use alloy::sol_types::SolCall;
use weir_contracts::bindings::{
    BondingManager, BrokerTicket, Controller, Governor, LivepeerGovernor, LivepeerToken, LivepeerTokenFaucet,
    MerkleSnapshot, Minter, Poll, PollCreator, RoundsManager, ServiceRegistry, TicketBroker, Treasury,
};
use weir_contracts::{Deployment, GovernanceParams, Plan, ProtocolParams, ProtocolVersion};
use weir_evm::Chain;
use weir_ticket::{SigningKey, Ticket, ticket};
use weir_types::{Entropy, L1Block, LptWei, Perc6, Perc9, Perc27, Round, Wei, WinProb};

mod governance;

pub(super) const OWNER: Address = Address::repeat_byte(0xde);
const NOBODY: Address = Address::ZERO;
const ORCHESTRATORS: u8 = 12;
const DELEGATORS: u8 = 24;
const GATEWAYS: u8 = 4;
pub(super) const ROUND_LENGTH: u64 = 20;
const GAS: u64 = 12_000_000;

/// A transaction of the history.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) label: String,
    pub(super) from: Address,
    pub(super) to: Option<Address>,
    pub(super) value: U256,
    pub(super) data: Bytes,
    pub(super) gas: u64,
}

/// A decision about the treasury.
struct Proposal {
    targets: Vec<Address>,
    calldatas: Vec<Bytes>,
    description: String,
    id: U256,
    /// 0 before the vote, 1 while it goes on, 2 when it is over.
    campaign: u8,
}

/// What the generator remembers beside the chain.
pub(super) struct Story {
    chain: Chain,
    pub(super) d: Deployment,
    rng: Entropy,
    setup: std::vec::IntoIter<Step>,
    keys: Vec<SigningKey>,
    proposals: Vec<Proposal>,
    staged: Vec<Governor::Update>,
    updates: u64,
    redeemed: Vec<Bytes>,
    polls: Vec<Address>,
    /// Orchestrators and who may call for their rewards.
    callers: Vec<(Address, Address)>,
    /// What comes next whatever is drawn, last first.
    script: Vec<Step>,
    upgraded: bool,
    /// Transactions until the contracts go on, while they are paused.
    paused: Option<u64>,
    tickets: bool,
}

fn account(kind: u8, n: u8) -> Address {
    Address::from_word(keccak256([kind, n]))
}

fn lpt(whole: u64) -> U256 {
    LptWei::from_whole(whole).0
}

fn eth(milli: u64) -> U256 {
    U256::from(milli) * U256::from(10u64).pow(U256::from(15))
}

fn parameters() -> ProtocolParams {
    ProtocolParams {
        version: ProtocolVersion::D24,
        round_length: ROUND_LENGTH,
        round_lock_amount: Perc6(150_000),
        unbonding_period: 2,
        num_active_transcoders: 8,
        treasury_reward_cut: Perc27(Perc27::DIVISOR / 10),
        treasury_balance_ceiling: LptWei::from_whole(1_000_000),
        inflation: Perc9(220_500),
        inflation_change: Perc9(500),
        target_bonding_rate: Perc9(500_000_000),
        unlock_period: 2,
        governance: GovernanceParams { voting_period: 2, ..ProtocolParams::devnet().governance },
        ..ProtocolParams::devnet()
    }
}

impl Story {
    /// A history on a chain. Tickets hold hashes of L1 blocks: without them the transactions are the same on
    /// chains that disagree about those.
    pub(super) fn new(chain: &Chain, seed: u64, tickets: bool) -> Self {
        let plan = Plan::new(OWNER, 0, &parameters()).expect("the artifacts are whole");
        let keys = (0..GATEWAYS).map(|n| SigningKey::from_bytes(keccak256([b'g', n]).0).expect("a key")).collect();
        let mut story = Self {
            chain: chain.clone(),
            d: plan.deployment,
            rng: Entropy::from_seed(keccak256(seed.to_be_bytes()).0),
            setup: Vec::new().into_iter(),
            keys,
            proposals: Vec::new(),
            staged: Vec::new(),
            updates: 0,
            redeemed: Vec::new(),
            polls: Vec::new(),
            callers: Vec::new(),
            script: Vec::new(),
            paused: None,
            upgraded: false,
            tickets,
        };
        story.setup = story.setting_up(&plan).into_iter();
        story
    }

    /// Accounts that begin with ETH.
    pub(super) fn accounts(&self) -> Vec<Address> {
        let orchestrators = (0..ORCHESTRATORS).map(|n| account(b'o', n));
        let delegators = (0..DELEGATORS).map(|n| account(b'd', n));
        let gateways = self.keys.iter().map(SigningKey::address);
        std::iter::once(OWNER).chain(orchestrators).chain(delegators).chain(gateways).collect()
    }

    fn setting_up(&self, plan: &Plan) -> Vec<Step> {
        let deploy = plan.steps.iter().map(|s| Step {
            label: if s.to.is_none() { "deploy".into() } else { "settings".into() },
            from: OWNER,
            to: s.to,
            value: U256::ZERO,
            data: s.input.clone(),
            gas: GAS,
        });
        let mut steps: Vec<Step> = deploy.collect();
        let purse = |who| LivepeerToken::transferCall { to: who, amount: lpt(4_000) };
        let approve = LivepeerToken::approveCall { spender: self.d.bonding_manager, amount: U256::MAX };
        for n in 0..ORCHESTRATORS {
            steps.push(self.step(OWNER, self.d.token, "transfer", &purse(account(b'o', n))));
            steps.push(self.step(account(b'o', n), self.d.token, "approve", &approve));
        }
        for n in 0..DELEGATORS {
            steps.push(self.step(OWNER, self.d.token, "transfer", &purse(account(b'd', n))));
            steps.push(self.step(account(b'd', n), self.d.token, "approve", &approve));
        }
        steps
    }

    fn step(&self, from: Address, to: Address, label: &str, call: &impl SolCall) -> Step {
        let data = call.abi_encode().into();
        Step { label: label.into(), from, to: Some(to), value: U256::ZERO, data, gas: GAS }
    }

    fn read<C: SolCall>(&self, to: Address, call: &C) -> Option<C::Return> {
        let out = self.chain.call(OWNER, to, call.abi_encode().into()).ok()?;
        C::abi_decode_returns(&out).ok()
    }

    fn below(&mut self, n: u64) -> u64 {
        self.rng.below(n.max(1))
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        let at = self.below(all.len() as u64);
        all.get(usize::try_from(at).ok()?).cloned()
    }

    fn orchestrator(&mut self) -> Address {
        let n = self.below(u64::from(ORCHESTRATORS));
        account(b'o', n as u8)
    }

    fn delegator(&mut self) -> Address {
        let n = self.below(u64::from(DELEGATORS));
        account(b'd', n as u8)
    }

    fn staker(&mut self) -> Address {
        if self.chance(35) { self.orchestrator() } else { self.delegator() }
    }

    fn amount(&mut self) -> U256 {
        let base = lpt(self.below(300));
        base + U256::from(self.below(1_000_000_007))
    }

    /// How many L1 blocks pass before the next block: mostly one, at times some, and once in a while so many
    /// that rounds are skipped.
    pub(super) fn pause(&mut self) -> u64 {
        match self.below(100) {
            0..70 => 1,
            70..95 => 2 + self.below(6),
            95..99 => 10 + self.below(20),
            _ => 60 + self.below(60),
        }
    }

    /// Whether the round that L1 is in has been initialised.
    pub(super) fn round_is_due(&self) -> bool {
        self.read(self.d.rounds_manager, &RoundsManager::currentRoundInitializedCall {}) == Some(false)
    }

    pub(super) fn initialize(&mut self) -> Step {
        let by = self.staker();
        self.step(by, self.d.rounds_manager, "initializeRound", &RoundsManager::initializeRoundCall {})
    }

    /// The next transaction. It never runs out.
    pub(super) fn next(&mut self) -> Step {
        if let Some(step) = self.setup.next() {
            return step;
        }
        if let Some(step) = self.script.pop() {
            return step;
        }
        self.script = self.campaign();
        if let Some(step) = self.script.pop() {
            return step;
        }
        let pause = self.chance(1);
        match self.paused {
            Some(0) => {
                self.paused = None;
                self.script = self.at_once(Controller::unpauseCall {}.abi_encode().into());
            }
            Some(left) => self.paused = Some(left - 1),
            None if pause => {
                self.paused = Some(6);
                self.script = self.at_once(Controller::pauseCall {}.abi_encode().into());
            }
            None => {}
        }
        loop {
            let step = match self.below(if self.deciding() { 125 } else { 100 }) {
                0..18 => self.bond(),
                18..28 => self.unbond(),
                28..36 => self.locks(),
                36..50 => self.reward(),
                50..54 => self.transcoder(),
                54..60 => self.earnings(),
                60..72 => self.broker(),
                72..80 => self.redeem(),
                80..84 => self.registry(),
                84..91 | 100.. => self.treasury(),
                91..95 => self.govern(),
                95..97 => self.polls(),
                97 | 98 => self.faucet(),
                _ => self.snapshot(),
            };
            if let Some(mut step) = step {
                if self.chance(2) {
                    step.gas = 70_000 + self.below(120_000);
                    step.label = "short of gas".into();
                }
                return step;
            }
        }
    }

    fn bond(&mut self) -> Option<Step> {
        let b = self.d.bonding_manager;
        let (amount, to) = (self.amount(), self.orchestrator());
        Some(match self.below(6) {
            0 | 1 => {
                let o = self.orchestrator();
                self.step(o, b, "bond", &BondingManager::bondCall { _amount: amount, _to: o })
            }
            2 => {
                let (by, hints) = (self.delegator(), [self.orchestrator(), self.orchestrator()]);
                let call = BondingManager::bondWithHintCall {
                    _amount: amount,
                    _to: to,
                    _oldDelegateNewPosPrev: hints[0],
                    _oldDelegateNewPosNext: NOBODY,
                    _currDelegateNewPosPrev: hints[1],
                    _currDelegateNewPosNext: NOBODY,
                };
                self.step(by, b, "bondWithHint", &call)
            }
            3 if self.chance(50) => {
                let by = self.delegator();
                let (old, new) = (NOBODY, NOBODY);
                let owner = self.delegator();
                // Only where the owner's stake is already, but for a try now and then.
                let there = self.read(b, &BondingManager::getDelegatorCall { _delegator: owner })?.delegateAddress;
                let to = if self.chance(15) { to } else { there };
                let call = BondingManager::bondForWithHintCall {
                    _amount: amount,
                    _owner: owner,
                    _to: to,
                    _oldDelegateNewPosPrev: old,
                    _oldDelegateNewPosNext: old,
                    _currDelegateNewPosPrev: new,
                    _currDelegateNewPosNext: new,
                };
                self.step(by, b, "bondForWithHint", &call)
            }
            _ => {
                let by = self.delegator();
                // Nothing more, and another delegate.
                let amount = if self.chance(20) { U256::ZERO } else { amount };
                self.step(by, b, "bond", &BondingManager::bondCall { _amount: amount, _to: to })
            }
        })
    }

    fn unbond(&mut self) -> Option<Step> {
        let by = self.staker();
        let b = self.d.bonding_manager;
        let stake = self
            .read(b, &BondingManager::pendingStakeCall { _delegator: by, _endRound: U256::ZERO })
            .unwrap_or_default();
        let part = match self.below(10) {
            0 => stake,
            1 => stake + U256::from(1),
            _ => stake / U256::from(2 + self.below(20)),
        };
        Some(match self.below(4) {
            0 => {
                let to = self.delegator();
                let call = BondingManager::transferBondCall {
                    _delegator: to,
                    _amount: part,
                    _oldDelegateNewPosPrev: NOBODY,
                    _oldDelegateNewPosNext: NOBODY,
                    _newDelegateNewPosPrev: NOBODY,
                    _newDelegateNewPosNext: NOBODY,
                };
                let transfer = self.step(by, b, "transferBond", &call);
                if self.chance(60)
                    && let Some(round) = self.read(self.d.rounds_manager, &RoundsManager::currentRoundCall {})
                {
                    // Whoever gets stake has to have claimed first.
                    let claim = BondingManager::claimEarningsCall { _endRound: round };
                    self.script = vec![transfer];
                    return Some(self.step(to, b, "claimEarnings", &claim));
                }
                transfer
            }
            1 => {
                let hint = self.orchestrator();
                let call = BondingManager::unbondWithHintCall { _amount: part, _newPosPrev: hint, _newPosNext: NOBODY };
                self.step(by, b, "unbondWithHint", &call)
            }
            _ => self.step(by, b, "unbond", &BondingManager::unbondCall { _amount: part }),
        })
    }

    fn locks(&mut self) -> Option<Step> {
        let b = self.d.bonding_manager;
        let mut by = self.staker();
        if self.chance(40) {
            // Somebody without stake whose locks are left.
            let none = |who: &Address| {
                let call = BondingManager::getDelegatorCall { _delegator: *who };
                self.read(b, &call).is_some_and(|d| d.bondedAmount.is_zero() && !d.nextUnbondingLockId.is_zero())
            };
            let all: Vec<Address> = (0..DELEGATORS).map(|n| account(b'd', n)).filter(none).collect();
            by = self.one_of(&all).unwrap_or(by);
            if self.chance(50) {
                let next = self.read(b, &BondingManager::getDelegatorCall { _delegator: by })?.nextUnbondingLockId;
                let lock = next.saturating_sub(U256::from(1));
                let to = self.orchestrator();
                let call = BondingManager::rebondFromUnbondedCall { _to: to, _unbondingLockId: lock };
                return Some(self.step(by, b, "rebondFromUnbonded", &call));
            }
        }
        let next = self.read(b, &BondingManager::getDelegatorCall { _delegator: by })?.nextUnbondingLockId;
        let lock = U256::from(self.below(next.saturating_to::<u64>() + 1));
        let to = self.orchestrator();
        Some(match self.below(4) {
            0 => self.step(by, b, "rebond", &BondingManager::rebondCall { _unbondingLockId: lock }),
            1 => {
                let call = BondingManager::rebondFromUnbondedCall { _to: to, _unbondingLockId: lock };
                self.step(by, b, "rebondFromUnbonded", &call)
            }
            _ => self.step(by, b, "withdrawStake", &BondingManager::withdrawStakeCall { _unbondingLockId: lock }),
        })
    }

    fn reward(&mut self) -> Option<Step> {
        let (by, b) = (self.orchestrator(), self.d.bonding_manager);
        Some(match self.below(5) {
            0 => {
                let call = BondingManager::rewardWithHintCall { _newPosPrev: self.orchestrator(), _newPosNext: NOBODY };
                self.step(by, b, "rewardWithHint", &call)
            }
            1 => {
                let callers = self.callers.clone();
                let (by, caller) = self.one_of(&callers).unwrap_or((by, OWNER));
                let call = BondingManager::rewardForTranscoderCall { _transcoder: by };
                self.step(caller, b, "rewardForTranscoder", &call)
            }
            2 if self.chance(30) => {
                let caller = self.delegator();
                self.callers.push((by, caller));
                let call = BondingManager::setRewardCallerCall { _rewardCaller: caller };
                self.step(by, b, "setRewardCaller", &call)
            }
            _ => self.step(by, b, "reward", &BondingManager::rewardCall {}),
        })
    }

    fn transcoder(&mut self) -> Option<Step> {
        let mut by = self.orchestrator();
        // One whose reward of the round is done may, before the round is locked.
        let round = self.read(self.d.rounds_manager, &RoundsManager::currentRoundCall {})?;
        for _ in 0..8 {
            let call = BondingManager::getTranscoderCall { _transcoder: by };
            if self.read(self.d.bonding_manager, &call).is_some_and(|t| t.lastRewardRound == round) {
                break;
            }
            by = self.orchestrator();
        }
        let call = BondingManager::transcoderCall {
            _rewardCut: U256::from(self.below(1_050_000)),
            _feeShare: U256::from(self.below(1_000_001)),
        };
        Some(self.step(by, self.d.bonding_manager, "transcoder", &call))
    }

    fn earnings(&mut self) -> Option<Step> {
        let (by, b) = (self.staker(), self.d.bonding_manager);
        Some(match self.below(4) {
            0 => {
                let round = self.read(self.d.rounds_manager, &RoundsManager::currentRoundCall {})?;
                self.step(by, b, "claimEarnings", &BondingManager::claimEarningsCall { _endRound: round })
            }
            1 => self.step(
                by,
                b,
                "checkpointBondingState",
                &BondingManager::checkpointBondingStateCall { _account: self.d.treasury },
            ),
            _ => {
                let o = self.orchestrator();
                let fees = self.read(b, &BondingManager::pendingFeesCall { _delegator: o, _endRound: U256::ZERO })?;
                let part = if self.chance(15) { fees + U256::from(1) } else { fees / U256::from(1 + self.below(3)) };
                let call = BondingManager::withdrawFeesCall { _recipient: by, _amount: part };
                self.step(o, b, "withdrawFees", &call)
            }
        })
    }

    fn gateway(&mut self) -> SigningKey {
        let at = self.below(self.keys.len() as u64) as usize;
        self.keys[at].clone()
    }

    /// A gateway that has begun to take its money back.
    fn leaving(&self) -> Option<Address> {
        let leaves = |who: &Address| {
            let call = TicketBroker::getSenderInfoCall { _sender: *who };
            self.read(self.d.ticket_broker, &call).is_some_and(|s| !s.sender.withdrawRound.is_zero())
        };
        self.keys.iter().map(SigningKey::address).find(leaves)
    }

    fn broker(&mut self) -> Option<Step> {
        let (by, t) = (self.gateway().address(), self.d.ticket_broker);
        let [deposit, reserve] = [self.below(400), self.below(200)].map(eth);
        Some(match self.below(12) {
            0..4 => Step { value: deposit, ..self.step(by, t, "fundDeposit", &TicketBroker::fundDepositCall {}) },
            4 | 5 => Step { value: reserve, ..self.step(by, t, "fundReserve", &TicketBroker::fundReserveCall {}) },
            6 | 7 => {
                let call = TicketBroker::fundDepositAndReserveCall { _depositAmount: deposit, _reserveAmount: reserve };
                // At times it sends too little.
                let value = if self.chance(10) { deposit } else { deposit + reserve };
                Step { value, ..self.step(by, t, "fundDepositAndReserve", &call) }
            }
            8 => {
                if self.chance(40) {
                    self.script = vec![self.step(by, t, "cancelUnlock", &TicketBroker::cancelUnlockCall {})];
                }
                self.step(by, t, "unlock", &TicketBroker::unlockCall {})
            }
            9 => self.step(self.leaving().unwrap_or(by), t, "cancelUnlock", &TicketBroker::cancelUnlockCall {}),
            10 => self.step(self.leaving().unwrap_or(by), t, "withdraw", &TicketBroker::withdrawCall {}),
            _ => {
                let call = TicketBroker::fundDepositAndReserveForCall {
                    _addr: by,
                    _depositAmount: deposit,
                    _reserveAmount: reserve,
                };
                let payer = self.delegator();
                Step { value: deposit + reserve, ..self.step(payer, t, "fundDepositAndReserveFor", &call) }
            }
        })
    }

    /// A ticket that wins, with its signature and the recipient's secret.
    fn ticket(&mut self) -> Option<(BrokerTicket, Bytes, U256)> {
        let (mut key, mut recipient) = (self.gateway(), self.orchestrator());
        for _ in 0..8 {
            let money = TicketBroker::getSenderInfoCall { _sender: key.address() };
            let active = BondingManager::isActiveTranscoderCall { _transcoder: recipient };
            let rich = self.read(self.d.ticket_broker, &money).is_some_and(|s| s.sender.deposit > eth(100));
            if self.chance(10) || rich && self.read(self.d.bonding_manager, &active) == Some(true) {
                break;
            }
            (key, recipient) = (self.gateway(), self.orchestrator());
        }
        let rounds = self.d.rounds_manager;
        let last = self.read(rounds, &RoundsManager::lastInitializedRoundCall {})?;
        // Now and then one that is too old.
        let round = last.saturating_sub(U256::from(if self.chance(10) { 3 } else { u64::from(self.chance(20)) }));
        let hash = self.read(rounds, &RoundsManager::blockHashForRoundCall { _round: round })?;
        let rand = self.rng.word();
        let made = Ticket {
            recipient,
            sender: key.address(),
            face_value: Wei(eth(1 + self.below(250))),
            win_prob: if self.chance(5) { WinProb(U256::ZERO) } else { WinProb(U256::MAX) },
            sender_nonce: u32::try_from(self.below(1 << 20)).ok()?,
            recipient_rand_hash: ticket::rand_hash(rand),
            creation_round: Round(round.saturating_to()),
            creation_round_block_hash: hash,
            params_expiration_block: L1Block(u64::MAX),
        };
        let sig = key.sign(if self.chance(5) { B256::repeat_byte(1) } else { made.hash() });
        let broker = BrokerTicket {
            recipient,
            sender: made.sender,
            faceValue: made.face_value.0,
            winProb: made.win_prob.0,
            senderNonce: U256::from(made.sender_nonce),
            recipientRandHash: made.recipient_rand_hash,
            auxData: made.aux_data().into(),
        };
        Some((broker, Bytes::copy_from_slice(sig.as_ref()), rand))
    }

    fn redeem(&mut self) -> Option<Step> {
        if !self.tickets {
            return None;
        }
        let (by, t) = (self.orchestrator(), self.d.ticket_broker);
        if self.chance(8) {
            // A second time.
            let again = self.redeemed.clone();
            let data = self.one_of(&again)?;
            let (label, to, value) = ("redeemWinningTicket".into(), Some(t), U256::ZERO);
            return Some(Step { label, from: by, to, value, data, gas: GAS });
        }
        if self.chance(15) {
            let (mut tickets, mut sigs, mut rands) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..=self.below(3) {
                let (ticket, sig, rand) = self.ticket()?;
                tickets.push(ticket);
                sigs.push(sig);
                rands.push(rand);
            }
            let call =
                TicketBroker::batchRedeemWinningTicketsCall { _tickets: tickets, _sigs: sigs, _recipientRands: rands };
            return Some(self.step(by, t, "batchRedeemWinningTickets", &call));
        }
        let (ticket, sig, rand) = self.ticket()?;
        let call = TicketBroker::redeemWinningTicketCall { _ticket: ticket, _sig: sig, _recipientRand: rand };
        let step = self.step(by, t, "redeemWinningTicket", &call);
        self.redeemed.push(step.data.clone());
        Some(step)
    }

    fn registry(&mut self) -> Option<Step> {
        let by = self.orchestrator();
        let to = if self.chance(50) { self.d.service_registry } else { self.d.ai_service_registry };
        let uri = format!("https://{}.example:{}", self.below(1_000_000), 8_000 + self.below(1_000));
        let uri = if self.chance(20) { uri.repeat(4) } else { uri };
        Some(self.step(by, to, "setServiceURI", &ServiceRegistry::setServiceURICall { _serviceURI: uri }))
    }

    fn polls(&mut self) -> Option<Step> {
        if self.polls.is_empty() || self.chance(20) {
            let by = self.staker();
            let nonce = self.chain.nonce(self.d.poll_creator).max(1);
            self.polls.push(self.d.poll_creator.create(nonce));
            let call = PollCreator::createPollCall { _proposal: Bytes::from_static(b"a proposal") };
            return Some(self.step(by, self.d.poll_creator, "createPoll", &call));
        }
        let all = self.polls.clone();
        let (poll, by) = (self.one_of(&all)?, self.staker());
        let choice = U256::from(self.below(2));
        Some(if self.chance(90) {
            self.step(by, poll, "vote", &Poll::voteCall { _choiceID: choice })
        } else {
            self.step(by, poll, "destroy", &Poll::destroyCall {})
        })
    }

    fn faucet(&mut self) -> Option<Step> {
        let (by, faucet) = (self.staker(), self.d.faucet?);
        Some(self.step(by, faucet, "request", &LivepeerTokenFaucet::requestCall {}))
    }

    fn snapshot(&mut self) -> Option<Step> {
        let call = MerkleSnapshot::setSnapshotCall { _id: B256::repeat_byte(1), _root: B256::repeat_byte(2) };
        let by = if self.chance(50) { OWNER } else { self.staker() };
        Some(self.step(by, self.d.merkle_snapshot, "setSnapshot", &call))
    }
}

/// How often each kind of transaction went through and failed.
pub(super) type Counts = BTreeMap<String, [u64; 2]>;
