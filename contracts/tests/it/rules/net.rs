//! A deployment under test, with what cases do over and over.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, Bytes, FixedBytes, LogData, TxKind, U256};
use alloy::sol_types::SolCall;
use weir_contracts::bindings::{BondingManager, BondingManagerPartial, Controller, LivepeerToken, RoundsManager};
use weir_contracts::{
    Artifact, BlockSource, Change, Deployment, Owner, Plan, ProtocolParams, ProtocolVersion, Revert, contract_id,
};
use weir_types::{LptWei, Perc9, Perc27};

use super::evm::{Evm, Receipt};
use super::expect::{Reason, Record, readable};

pub use crate::world::{account, lpt, signer};

/// Length of a round in the tests.
pub const ROUND: u64 = 50;
/// Height at which most deployments begin: more than the 256 blocks whose hashes are known.
const HEIGHT: u64 = 1_000;
/// Room in the pool of orchestrators.
pub const POOL: u64 = 3;
/// Rounds between unbonding and withdrawal.
pub const UNBONDING: u64 = 3;
/// Parts of a fraction of rates.
pub const PERC: u64 = 1_000_000;

pub fn n(value: u64) -> U256 {
    U256::from(value)
}

/// 10^27, the unit of factors.
pub fn one27() -> U256 {
    U256::from(Perc27::DIVISOR)
}

/// `a * b / c` as the contracts reckon shares: in two steps, both rounded down.
pub fn share(a: U256, b: U256, c: U256) -> U256 {
    a * (b * one27() / c) / one27()
}

/// A part of 10^6.
pub fn perc(amount: U256, part: u64) -> U256 {
    amount * n(part) / n(PERC)
}

/// What to deploy.
#[derive(Debug, Clone)]
pub struct Setup {
    pub params: ProtocolParams,
    /// Block before the first of the deployment.
    pub height: u64,
    /// The contract with choices in place of the one without, and its choices.
    partial: Option<u8>,
}

impl Setup {
    pub fn of(version: ProtocolVersion) -> Self {
        let params = ProtocolParams {
            version,
            round_length: ROUND,
            num_active_transcoders: POOL,
            unbonding_period: UNBONDING,
            inflation: Perc9(220_500),
            inflation_change: Perc9(500),
            target_bonding_rate: Perc9(500_000_000),
            treasury_reward_cut: Perc27(0),
            treasury_balance_ceiling: LptWei(U256::ZERO),
            unlock_period: 2,
            genesis_lpt: LptWei::from_whole(1_000_000),
            owner: Owner::Deployer,
            ..ProtocolParams::devnet()
        };
        Self { params, height: HEIGHT, partial: None }
    }

    pub fn d24() -> Self {
        Self::of(ProtocolVersion::D24)
    }

    pub fn d26() -> Self {
        Self::of(ProtocolVersion::D26)
    }

    /// The earlier rules by the contract with choices.
    pub fn partial_none() -> Self {
        Self { partial: Some(0), ..Self::d24() }
    }

    /// The later rules by the contract with choices.
    pub fn partial_all() -> Self {
        Self { partial: Some(31), ..Self::d26() }
    }

    /// Both sets of rules, each by both contracts.
    pub fn all() -> Vec<Self> {
        vec![Self::d24(), Self::d26(), Self::partial_none(), Self::partial_all()]
    }

    pub fn with(mut self, change: impl FnOnce(&mut ProtocolParams)) -> Self {
        change(&mut self.params);
        self
    }

    /// On a chain of so many blocks.
    pub fn at(self, height: u64) -> Self {
        Self { height, ..self }
    }

    pub fn name(&self) -> String {
        let partial = self.partial.map(|changes| format!(" by choice {changes}")).unwrap_or_default();
        format!("{}{partial}", self.params.version)
    }
}

/// A transaction that went through.
#[derive(Debug, Clone)]
pub struct Done(Receipt);

impl Done {
    pub fn output(&self) -> &Bytes {
        &self.0.output
    }

    /// What a contract logged, in order.
    pub fn logs(&self, emitter: Address) -> Vec<LogData> {
        self.0.logs.iter().filter(|log| log.address == emitter).map(|log| log.data.clone()).collect()
    }
}

pub struct Net {
    pub evm: Box<dyn Evm>,
    pub record: Record,
    pub setup: Setup,
    pub owner: Address,
    pub d: Deployment,
    /// Deployment transactions by label.
    pub birth: Vec<(String, Done)>,
    /// Which contract is where; a proxy goes by its target.
    pub names: BTreeMap<Address, &'static str>,
    pub first_names: BTreeMap<Address, &'static str>,
    pub tickets: u64,
}

impl Net {
    /// Brings the protocol up, and its first round.
    pub fn deploy(mut evm: Box<dyn Evm>, setup: &Setup, owner: Address) -> Self {
        let plan = Plan::new(owner, evm.nonce(owner), &setup.params).expect("the artifacts are whole");
        let mut birth = Vec::new();
        for step in &plan.steps {
            let to = step.to.map_or(TxKind::Create, TxKind::Call);
            let receipt = evm.transact(owner, to, step.input.clone(), U256::ZERO);
            assert!(receipt.success, "{}: {}", step.label, Revert::decode(&receipt.output));
            assert_eq!(receipt.created, step.creates, "{}", step.label);
            birth.push((step.label.clone(), Done(receipt)));
        }
        let d = plan.deployment;
        let names = names(&d, &setup.params);
        let mut net = Self {
            evm,
            record: Record::default(),
            setup: setup.clone(),
            owner,
            d,
            birth,
            names,
            first_names: BTreeMap::new(),
            tickets: 0,
        };
        if let Some(changes) = setup.partial {
            net.choose(changes);
        }
        if setup.params.block_source == BlockSource::Chain {
            net.next_round();
        }
        net.first_names = net.names.clone();
        net
    }

    /// Puts the bonding contract with choices behind the proxy.
    pub fn choose(&mut self, changes: u8) {
        let arguments =
            BondingManagerPartial::constructorCall { _controller: self.d.controller, _changes: U256::from(changes) };
        self.upgrade("BondingManager", self.d.bonding_manager, Artifact::BondingManagerPartial, &arguments);
    }

    /// Registers new code behind a proxy.
    pub fn upgrade<C: alloy::sol_types::SolConstructor>(
        &mut self,
        name: &str,
        proxy: Address,
        artifact: Artifact,
        arguments: &C,
    ) -> Address {
        let target = self.create(artifact, arguments);
        self.register(&format!("{name}Target"), target);
        self.names.insert(proxy, artifact.name());
        target
    }

    pub fn register(&mut self, name: &str, address: Address) -> Done {
        self.send(self.owner, self.d.controller, &registration(name, address))
    }

    pub fn has(&self, change: Change) -> bool {
        self.setup.params.version.has(change)
    }

    // ---- Transactions

    fn transact<C: SolCall>(&mut self, from: Address, to: Address, call: &C, value: U256) -> Receipt {
        if !value.is_zero() {
            let balance = self.evm.balance(from);
            self.evm.set_balance(from, balance + value);
        }
        self.evm.transact(from, to.into(), call.abi_encode().into(), value)
    }

    /// A transaction that goes through.
    #[track_caller]
    pub fn send<C: SolCall>(&mut self, from: Address, to: Address, call: &C) -> Done {
        self.pay(from, to, call, U256::ZERO)
    }

    /// The same with ETH, which the sender is given.
    #[track_caller]
    pub fn pay<C: SolCall>(&mut self, from: Address, to: Address, call: &C, value: U256) -> Done {
        let receipt = self.transact(from, to, call, value);
        assert!(receipt.success, "{} failed: {}", C::SIGNATURE, Revert::decode(&receipt.output));
        Done(receipt)
    }

    /// A transaction that the contract refuses, for a reason.
    #[track_caller]
    pub fn refuse<C: SolCall>(&mut self, from: Address, to: Address, call: &C, reason: impl Reason) {
        self.refuse_paid(from, to, call, U256::ZERO, reason);
    }

    /// The same with ETH.
    #[track_caller]
    pub fn refuse_paid<C: SolCall>(&mut self, from: Address, to: Address, call: &C, value: U256, reason: impl Reason) {
        let receipt = self.transact(from, to, call, value);
        self.refused(C::SIGNATURE, &receipt, reason);
    }

    #[track_caller]
    fn refused(&mut self, what: &str, receipt: &Receipt, reason: impl Reason) {
        let wanted = reason.revert();
        assert!(!receipt.success, "{what} went through, instead of: {wanted}");
        assert_eq!(Revert::decode(&receipt.output), wanted, "{what}");
        self.record.add_revert(&wanted);
    }

    /// A transaction without regard to types; for calldata that no binding makes.
    #[track_caller]
    pub fn send_raw(&mut self, from: Address, to: Address, data: impl Into<Bytes>, value: U256) -> Done {
        let balance = self.evm.balance(from);
        self.evm.set_balance(from, balance + value);
        let receipt = self.evm.transact(from, to.into(), data.into(), value);
        assert!(receipt.success, "{}", Revert::decode(&receipt.output));
        Done(receipt)
    }

    #[track_caller]
    pub fn refuse_raw(&mut self, from: Address, to: Address, data: impl Into<Bytes>, value: U256, reason: impl Reason) {
        let balance = self.evm.balance(from);
        self.evm.set_balance(from, balance + value);
        let receipt = self.evm.transact(from, to.into(), data.into(), value);
        self.refused("raw calldata", &receipt, reason);
    }

    /// What a view function returns.
    #[track_caller]
    pub fn read<C: SolCall>(&mut self, to: Address, call: &C) -> C::Return {
        let data = self.evm.call(to, call.abi_encode().into());
        let data = data.unwrap_or_else(|e| panic!("{} reverted: {}", C::SIGNATURE, Revert::decode(&e)));
        C::abi_decode_returns(&data).unwrap_or_else(|e| panic!("{} returned {data}: {e}", C::SIGNATURE))
    }

    /// A view function that fails, for a reason.
    #[track_caller]
    pub fn refuse_read<C: SolCall>(&mut self, to: Address, call: &C, reason: impl Reason) {
        let wanted = reason.revert();
        match self.evm.call(to, call.abi_encode().into()) {
            Ok(data) => panic!("{} returned {data}, instead of: {wanted}", C::SIGNATURE),
            Err(data) => assert_eq!(Revert::decode(&data), wanted, "{}", C::SIGNATURE),
        }
        self.record.add_revert(&wanted);
    }

    fn creation<C: alloy::sol_types::SolConstructor>(&mut self, artifact: Artifact, arguments: &C) -> Receipt {
        let libraries = BTreeMap::from([(Artifact::SortedDoublyLL.name(), self.d.sorted_doubly_ll)]);
        let mut code = artifact.creation_code(&libraries).expect("the artifact is whole").to_vec();
        code.extend(arguments.abi_encode());
        self.evm.transact(self.owner, TxKind::Create, code.into(), U256::ZERO)
    }

    /// A further contract of the owner's.
    #[track_caller]
    pub fn create<C: alloy::sol_types::SolConstructor>(&mut self, artifact: Artifact, arguments: &C) -> Address {
        self.create_logged(artifact, arguments).0
    }

    /// The same, with what its constructor did.
    #[track_caller]
    pub fn create_logged<C: alloy::sol_types::SolConstructor>(
        &mut self,
        artifact: Artifact,
        arguments: &C,
    ) -> (Address, Done) {
        let receipt = self.creation(artifact, arguments);
        assert!(receipt.success, "{}: {}", artifact.name(), Revert::decode(&receipt.output));
        let address = receipt.created.expect("a creation has an address");
        self.names.insert(address, artifact.name());
        (address, Done(receipt))
    }

    /// A contract whose constructor refuses.
    #[track_caller]
    pub fn refuse_create<C: alloy::sol_types::SolConstructor>(
        &mut self,
        artifact: Artifact,
        arguments: &C,
        reason: impl Reason,
    ) {
        let receipt = self.creation(artifact, arguments);
        self.refused(artifact.name(), &receipt, reason);
    }

    /// Contract that runs given code.
    pub fn create_code(&mut self, runtime: &[u8]) -> Address {
        // Copies what follows these eleven bytes to memory, and returns it.
        let length = u8::try_from(runtime.len()).expect("code of a few bytes");
        let mut code = vec![0x60, length, 0x80, 0x60, 0x0b, 0x60, 0x00, 0x39, 0x60, 0x00, 0xf3];
        code.extend_from_slice(runtime);
        let receipt = self.evm.transact(self.owner, TxKind::Create, code.into(), U256::ZERO);
        receipt.created.filter(|_| receipt.success).expect("any code can be created")
    }

    /// All that a contract logged in a transaction, in order.
    #[track_caller]
    pub fn emits(&mut self, done: &Done, emitter: Address, wanted: &[LogData]) {
        let got: Vec<String> = done.logs(emitter).iter().map(readable).collect();
        let texts: Vec<String> = wanted.iter().map(readable).collect();
        assert_eq!(got, texts, "events");
        assert_eq!(done.logs(emitter), wanted, "events");
        let name = self.names.get(&emitter).copied().unwrap_or_else(|| panic!("{emitter} is none of ours"));
        self.record.events.extend(wanted.iter().map(|log| (name, log.topics()[0])));
    }

    pub fn name_of(&mut self, address: Address, artifact: Artifact) {
        self.names.insert(address, artifact.name());
    }

    // ---- Time

    pub fn round(&mut self) -> U256 {
        self.read(self.d.rounds_manager, &RoundsManager::currentRoundCall {})
    }

    /// To the last block before the next round's first.
    pub fn end_round(&mut self) {
        let rm = self.d.rounds_manager;
        let start: u64 = self.read(rm, &RoundsManager::currentRoundStartBlockCall {}).to();
        let length: u64 = self.read(rm, &RoundsManager::roundLengthCall {}).to();
        let now = self.evm.number();
        self.evm.mine(start + length - 1 - now);
    }

    /// The next transaction is in the first block of a new round.
    pub fn next_round(&mut self) -> Done {
        self.end_round();
        self.send(self.owner, self.d.rounds_manager, &RoundsManager::initializeRoundCall {})
    }

    pub fn rounds(&mut self, count: u64) {
        for _ in 0..count {
            self.next_round();
        }
    }

    pub fn pause(&mut self) {
        self.send(self.owner, self.d.controller, &Controller::pauseCall {});
    }

    // ---- Money

    pub fn lpt_of(&mut self, who: Address) -> U256 {
        self.read(self.d.token, &LivepeerToken::balanceOfCall { account: who })
    }

    /// LPT that the bonding contract may take.
    pub fn give(&mut self, who: Address, amount: U256) {
        let token = self.d.token;
        self.send(self.owner, token, &LivepeerToken::transferCall { to: who, amount });
        let spender = self.d.bonding_manager;
        self.send(who, token, &LivepeerToken::approveCall { spender, amount: U256::MAX });
    }

    // ---- Bonding

    #[track_caller]
    pub fn bonding<C: SolCall>(&mut self, from: Address, call: &C) -> Done {
        self.send(from, self.d.bonding_manager, call)
    }

    #[track_caller]
    pub fn refuse_bonding<C: SolCall>(&mut self, from: Address, call: &C, reason: impl Reason) {
        self.refuse(from, self.d.bonding_manager, call, reason);
    }

    /// Bonds LPT that the bonder is given.
    #[track_caller]
    pub fn bond(&mut self, who: Address, amount: U256, to: Address) -> Done {
        self.give(who, amount);
        self.bonding(who, &BondingManager::bondCall { _amount: amount, _to: to })
    }

    #[track_caller]
    pub fn unbond(&mut self, who: Address, amount: U256) -> Done {
        self.bonding(who, &BondingManager::unbondCall { _amount: amount })
    }

    #[track_caller]
    pub fn reward(&mut self, who: Address) -> Done {
        self.bonding(who, &BondingManager::rewardCall {})
    }

    #[track_caller]
    pub fn rates(&mut self, who: Address, cut: u64, share: u64) -> Done {
        self.bonding(who, &BondingManager::transcoderCall { _rewardCut: n(cut), _feeShare: n(share) })
    }

    /// A new orchestrator with rates, active from the next round on.
    pub fn orchestrator(&mut self, who: Address, stake: U256, cut: u64, share: u64) {
        self.bond(who, stake, who);
        self.rates(who, cut, share);
    }

    pub fn delegator(&mut self, who: Address) -> BondingManager::getDelegatorReturn {
        self.read(self.d.bonding_manager, &BondingManager::getDelegatorCall { _delegator: who })
    }

    pub fn transcoder(&mut self, who: Address) -> BondingManager::getTranscoderReturn {
        self.read(self.d.bonding_manager, &BondingManager::getTranscoderCall { _transcoder: who })
    }

    pub fn earnings(&mut self, who: Address, round: U256) -> BondingManager::getTranscoderEarningsPoolForRoundReturn {
        let call = BondingManager::getTranscoderEarningsPoolForRoundCall { _transcoder: who, _round: round };
        self.read(self.d.bonding_manager, &call)
    }

    pub fn lock(&mut self, who: Address, id: u64) -> (U256, U256) {
        let call = BondingManager::getDelegatorUnbondingLockCall { _delegator: who, _unbondingLockId: n(id) };
        let lock = self.read(self.d.bonding_manager, &call);
        (lock.amount, lock.withdrawRound)
    }

    pub fn is_active(&mut self, who: Address) -> bool {
        self.read(self.d.bonding_manager, &BondingManager::isActiveTranscoderCall { _transcoder: who })
    }

    pub fn pending_stake(&mut self, who: Address) -> U256 {
        let call = BondingManager::pendingStakeCall { _delegator: who, _endRound: U256::ZERO };
        self.read(self.d.bonding_manager, &call)
    }

    pub fn pending_fees(&mut self, who: Address) -> U256 {
        let call = BondingManager::pendingFeesCall { _delegator: who, _endRound: U256::ZERO };
        self.read(self.d.bonding_manager, &call)
    }

    pub fn next_total(&mut self) -> U256 {
        self.read(self.d.bonding_manager, &BondingManager::nextRoundTotalActiveStakeCall {})
    }

    /// Members of the next round's set, from the largest stake to the smallest.
    pub fn pool(&mut self) -> Vec<Address> {
        let bm = self.d.bonding_manager;
        let mut members = Vec::new();
        let mut at = self.read(bm, &BondingManager::getFirstTranscoderInPoolCall {});
        while !at.is_zero() {
            members.push(at);
            at = self.read(bm, &BondingManager::getNextTranscoderInPoolCall { _transcoder: at });
        }
        members
    }
}

pub fn registration(name: &str, address: Address) -> Controller::setContractInfoCall {
    Controller::setContractInfoCall {
        _id: contract_id(name),
        _contractAddress: address,
        _gitCommitHash: FixedBytes::ZERO,
    }
}

/// Slot of a mapping's entry.
pub fn entry(slot: U256, key: impl Into<B256>) -> U256 {
    let words = [key.into().0, slot.to_be_bytes()].concat();
    alloy::primitives::keccak256(words).into()
}

fn names(d: &Deployment, params: &ProtocolParams) -> BTreeMap<Address, &'static str> {
    let mut names: BTreeMap<Address, &'static str> =
        d.named().into_iter().filter_map(|(name, address)| Some((address, Artifact::by_name(name)?.name()))).collect();
    names.insert(d.l1_supply_cache, Artifact::L1SupplyCache.name());
    names.insert(d.bonding_manager, params.version.bonding_manager().0.name());
    names.insert(d.ticket_broker, params.version.ticket_broker().name());
    if params.block_source == BlockSource::Manual {
        names.insert(d.rounds_manager, Artifact::AdjustableRoundsManager.name());
    }
    names
}
