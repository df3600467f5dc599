//! The transactions that bring the protocol up, worked out before any is sent.

use std::collections::BTreeMap;

use alloy::primitives::{Address, Bytes, FixedBytes, U256, keccak256};
use alloy::sol_types::{SolCall, SolConstructor};

use crate::bindings::{
    BondingManager, BondingManagerPartial, Controller, Governor, L1SupplyCache, LivepeerGovernor, LivepeerToken,
    LivepeerTokenFaucet, Manager, ManagerProxy, Minter, PollCreator, RoundsManager, TicketBroker, Treasury,
};
use crate::{Artifact, ArtifactError, BlockSource, Deployment, Owner, ProtocolParams, ProtocolVersion, contract_id};

/// One transaction of a [`Plan`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it does, for logs and errors.
    pub label: String,
    /// The called contract; none for a creation.
    pub to: Option<Address>,
    /// Creation code or calldata.
    pub input: Bytes,
    /// The contract that a creation makes.
    pub creates: Option<Address>,
}

/// A deployment as a list of transactions of one account, with all addresses known beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Who sends them and owns the protocol afterwards.
    pub from: Address,
    /// Nonce of the first.
    pub first_nonce: u64,
    /// The transactions, in order and without gap.
    pub steps: Vec<Step>,
    /// Where everything will be.
    pub deployment: Deployment,
}

struct Builder {
    from: Address,
    nonce: u64,
    steps: Vec<Step>,
    libraries: BTreeMap<&'static str, Address>,
    controller: Address,
}

impl Builder {
    const fn new(from: Address, nonce: u64) -> Self {
        Self { from, nonce, steps: Vec::new(), libraries: BTreeMap::new(), controller: Address::ZERO }
    }

    fn create(&mut self, artifact: Artifact, arguments: &[u8]) -> Result<Address, ArtifactError> {
        let mut code = artifact.creation_code(&self.libraries)?.to_vec();
        code.extend_from_slice(arguments);
        let address = self.from.create(self.nonce);
        self.push(format!("create {}", artifact.name()), None, code, Some(address));
        Ok(address)
    }

    fn call<C: SolCall>(&mut self, contract: &str, to: Address, call: &C) {
        let function = C::SIGNATURE.split('(').next().unwrap_or_default();
        self.push(format!("call {contract}.{function}"), Some(to), call.abi_encode(), None);
    }

    fn push(&mut self, label: String, to: Option<Address>, input: Vec<u8>, creates: Option<Address>) {
        self.steps.push(Step { label, to, input: input.into(), creates });
        self.nonce += 1;
    }

    fn register(&mut self, name: &str, address: Address) {
        let call = Controller::setContractInfoCall {
            _id: contract_id(name),
            _contractAddress: address,
            _gitCommitHash: FixedBytes::ZERO,
        };
        self.call("Controller", self.controller, &call);
    }

    /// A contract that takes the Controller and nothing else.
    fn managed(&mut self, artifact: Artifact) -> Result<Address, ArtifactError> {
        let arguments = Manager::constructorCall { _controller: self.controller }.abi_encode();
        self.create(artifact, &arguments)
    }

    /// A target, and the proxy that the others see. Both are registered.
    fn proxied(&mut self, name: &str, target: Address) -> Result<Address, ArtifactError> {
        let target_name = format!("{name}Target");
        let arguments = ManagerProxy::constructorCall {
            _controller: self.controller,
            _targetContractId: contract_id(&target_name),
        }
        .abi_encode();
        let proxy = self.create(Artifact::ManagerProxy, &arguments)?;
        self.register(&target_name, target);
        self.register(name, proxy);
        Ok(proxy)
    }
}

impl Plan {
    /// The deployment that `from` does when `first_nonce` is its next nonce.
    ///
    /// # Errors
    /// [`ArtifactError`] when the code of a contract cannot be used.
    pub fn new(from: Address, first_nonce: u64, params: &ProtocolParams) -> Result<Self, ArtifactError> {
        let mut b = Builder::new(from, first_nonce);
        let mut deployment = contracts(&mut b, params)?;
        settings(&mut b, &deployment, params);
        supply(&mut b, &mut deployment, params)?;
        surroundings(&mut b, &mut deployment, params)?;
        b.call("Controller", deployment.controller, &Controller::unpauseCall {});
        if params.owner == Owner::Governor {
            let call = Controller::transferOwnershipCall { newOwner: deployment.governor };
            b.call("Controller", deployment.controller, &call);
        }
        Ok(Self { from, first_nonce, steps: b.steps, deployment })
    }

    /// The transactions that put other rules behind the proxies of a deployment, as the network does
    /// it: new code, and an update of the Governor that registers it. No step where nothing changes.
    ///
    /// `from` must own the Governor, and the Governor the Controller. The update has no delay, so that
    /// all transactions may share a block. `update` tells equal updates apart.
    ///
    /// # Errors
    /// [`ArtifactError`] when the code of a contract cannot be used.
    pub fn upgrade(
        from: Address,
        first_nonce: u64,
        deployment: &Deployment,
        rules: [ProtocolVersion; 2],
        update: u64,
    ) -> Result<Self, ArtifactError> {
        let [now, then] = rules;
        let mut b = Builder::new(from, first_nonce);
        b.controller = deployment.controller;
        b.libraries.insert(Artifact::SortedDoublyLL.name(), deployment.sorted_doubly_ll);
        let mut targets = Vec::new();
        if now.bonding_manager() != then.bonding_manager() {
            targets.push(("BondingManagerTarget", bonding_manager(&mut b, then)?));
        }
        if now.ticket_broker() != then.ticket_broker() {
            targets.push(("TicketBrokerTarget", b.managed(then.ticket_broker())?));
        }
        if !targets.is_empty() {
            let register = |(name, address): &(&str, Address)| {
                let call = Controller::setContractInfoCall {
                    _id: contract_id(name),
                    _contractAddress: *address,
                    _gitCommitHash: FixedBytes::ZERO,
                };
                Bytes::from(call.abi_encode())
            };
            let all = Governor::Update {
                target: vec![deployment.controller; targets.len()],
                value: vec![U256::ZERO; targets.len()],
                data: targets.iter().map(register).collect(),
                nonce: U256::from(update),
            };
            let stage = Governor::stageCall { _update: all.clone(), _delay: U256::ZERO };
            b.call("Governor", deployment.governor, &stage);
            b.call("Governor", deployment.governor, &Governor::executeCall { _update: all });
        }
        Ok(Self { from, first_nonce, steps: b.steps, deployment: *deployment })
    }
}

/// Creates and registers everything that others refer to.
fn contracts(b: &mut Builder, params: &ProtocolParams) -> Result<Deployment, ArtifactError> {
    let rounds = match params.block_source {
        BlockSource::Chain => Artifact::RoundsManager,
        BlockSource::Manual => Artifact::AdjustableRoundsManager,
    };
    b.controller = b.create(Artifact::Controller, &[])?;
    let minter = b.create(
        Artifact::Minter,
        &Minter::constructorCall {
            _controller: b.controller,
            _inflation: U256::from(params.inflation.0),
            _inflationChange: U256::from(params.inflation_change.0),
            _targetBondingRate: U256::from(params.target_bonding_rate.0),
        }
        .abi_encode(),
    )?;
    b.register("Minter", minter);
    let token = b.create(Artifact::LivepeerToken, &[])?;
    b.register("LivepeerToken", token);
    let target = b.managed(params.version.ticket_broker())?;
    let ticket_broker = b.proxied("TicketBroker", target)?;
    // The Minter lets the holder of this older name move ETH.
    b.register("JobsManager", ticket_broker);
    let sorted_doubly_ll = b.create(Artifact::SortedDoublyLL, &[])?;
    b.libraries.insert(Artifact::SortedDoublyLL.name(), sorted_doubly_ll);
    let target = bonding_manager(b, params.version)?;
    let bonding_manager = b.proxied("BondingManager", target)?;
    let target = b.managed(Artifact::BondingVotes)?;
    let bonding_votes = b.proxied("BondingVotes", target)?;
    let target = b.managed(rounds)?;
    let rounds_manager = b.proxied("RoundsManager", target)?;
    let target = b.managed(Artifact::ServiceRegistry)?;
    let service_registry = b.proxied("ServiceRegistry", target)?;
    let merkle_snapshot = b.managed(Artifact::MerkleSnapshot)?;
    b.register("MerkleSnapshot", merkle_snapshot);
    let governor = b.create(Artifact::Governor, &[])?;
    let treasury = b.create(Artifact::Treasury, &[])?;
    b.register("Treasury", treasury);
    let target = b.managed(Artifact::LivepeerGovernor)?;
    let livepeer_governor = b.proxied("LivepeerGovernor", target)?;
    Ok(Deployment {
        controller: b.controller,
        token,
        minter,
        rounds_manager,
        bonding_manager,
        ticket_broker,
        service_registry,
        // Created behind the settings.
        ai_service_registry: Address::ZERO,
        bonding_votes,
        l1_supply_cache: Address::ZERO,
        treasury,
        livepeer_governor,
        governor,
        poll_creator: Address::ZERO,
        merkle_snapshot,
        sorted_doubly_ll,
        faucet: None,
    })
}

fn bonding_manager(b: &mut Builder, version: ProtocolVersion) -> Result<Address, ArtifactError> {
    match version.bonding_manager() {
        (artifact, None) => b.managed(artifact),
        (artifact, Some(changes)) => {
            let arguments =
                BondingManagerPartial::constructorCall { _controller: b.controller, _changes: U256::from(changes) };
            b.create(artifact, &arguments.abi_encode())
        }
    }
}

/// Sets what governance decides.
fn settings(b: &mut Builder, d: &Deployment, params: &ProtocolParams) {
    let bm = d.bonding_manager;
    b.call("BondingManager", bm, &BondingManager::setUnbondingPeriodCall { _unbondingPeriod: params.unbonding_period });
    let size = U256::from(params.num_active_transcoders);
    b.call("BondingManager", bm, &BondingManager::setNumActiveTranscodersCall { _numActiveTranscoders: size });
    if params.treasury_reward_cut.0 != 0 {
        let call = BondingManager::setTreasuryRewardCutRateCall { _cutRate: U256::from(params.treasury_reward_cut.0) };
        b.call("BondingManager", bm, &call);
    }
    if !params.treasury_balance_ceiling.is_zero() {
        let call = BondingManager::setTreasuryBalanceCeilingCall { _ceiling: params.treasury_balance_ceiling.0 };
        b.call("BondingManager", bm, &call);
    }
    let rm = d.rounds_manager;
    let length = U256::from(params.round_length);
    b.call("RoundsManager", rm, &RoundsManager::setRoundLengthCall { _roundLength: length });
    let lock = U256::from(params.round_lock_amount.0);
    b.call("RoundsManager", rm, &RoundsManager::setRoundLockAmountCall { _roundLockAmount: lock });
    governance(b, d, params);
    let tb = d.ticket_broker;
    let unlock = U256::from(params.unlock_period);
    b.call("TicketBroker", tb, &TicketBroker::setUnlockPeriodCall { _unlockPeriod: unlock });
    let validity = U256::from(params.ticket_validity_period);
    let call = TicketBroker::setTicketValidityPeriodCall { _ticketValidityPeriod: validity };
    b.call("TicketBroker", tb, &call);
}

/// Hands the treasury to the votes of stake.
fn governance(b: &mut Builder, d: &Deployment, params: &ProtocolParams) {
    let g = &params.governance;
    let (from, treasury) = (b.from, d.treasury);
    let call = Treasury::initializeCall {
        minDelay: U256::from(g.treasury_min_delay),
        proposers: Vec::new(),
        executors: Vec::new(),
        admin: from,
    };
    b.call("Treasury", treasury, &call);
    let call = LivepeerGovernor::initializeCall {
        initialVotingDelay: U256::from(g.voting_delay),
        initialVotingPeriod: U256::from(g.voting_period),
        initialProposalThreshold: g.proposal_threshold.0,
        initialQuorum: U256::from(g.quorum.0),
        quota: U256::from(g.quota.0),
    };
    b.call("LivepeerGovernor", d.livepeer_governor, &call);
    for role in ["PROPOSER_ROLE", "CANCELLER_ROLE", "EXECUTOR_ROLE"] {
        let call = Treasury::grantRoleCall { role: keccak256(role), account: d.livepeer_governor };
        b.call("Treasury", treasury, &call);
    }
    let role = keccak256("TIMELOCK_ADMIN_ROLE");
    b.call("Treasury", treasury, &Treasury::renounceRoleCall { role, account: from });
}

/// Mints the first LPT and leaves minting to the Minter alone.
fn supply(b: &mut Builder, d: &mut Deployment, params: &ProtocolParams) -> Result<(), ArtifactError> {
    let from = b.from;
    let mut first: Vec<(Address, U256)> = Vec::new();
    if let Some(faucet) = &params.faucet {
        let arguments = LivepeerTokenFaucet::constructorCall {
            _token: d.token,
            _requestAmount: faucet.amount.0,
            _requestWait: U256::from(faucet.wait_hours),
        };
        let address = b.create(Artifact::LivepeerTokenFaucet, &arguments.abi_encode())?;
        b.register("LivepeerTokenFaucet", address);
        d.faucet = Some(address);
        first.push((address, faucet.supply.0));
    }
    first.push((from, params.genesis_lpt.0));
    first.retain(|(_, amount)| !amount.is_zero());
    let role = keccak256("MINTER_ROLE");
    if !first.is_empty() {
        b.call("LivepeerToken", d.token, &LivepeerToken::grantRoleCall { role, account: from });
        for (to, amount) in first {
            b.call("LivepeerToken", d.token, &LivepeerToken::mintCall { _to: to, _amount: amount });
        }
        b.call("LivepeerToken", d.token, &LivepeerToken::revokeRoleCall { role, account: from });
    }
    b.call("LivepeerToken", d.token, &LivepeerToken::grantRoleCall { role, account: d.minter });
    Ok(())
}

/// What no other contract needs to be brought up.
fn surroundings(b: &mut Builder, d: &mut Deployment, params: &ProtocolParams) -> Result<(), ArtifactError> {
    let arguments = L1SupplyCache::constructorCall { _supply: params.l1_circulating_supply.0 };
    d.l1_supply_cache = b.create(Artifact::L1SupplyCache, &arguments.abi_encode())?;
    b.register("L2LPTDataCache", d.l1_supply_cache);
    let arguments = PollCreator::constructorCall { _bondingManagerAddr: d.bonding_manager };
    d.poll_creator = b.create(Artifact::PollCreator, &arguments.abi_encode())?;
    d.ai_service_registry = b.managed(Artifact::AIServiceRegistry)?;
    Ok(())
}
