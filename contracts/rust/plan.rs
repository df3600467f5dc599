//! The transactions that bring the protocol up, worked out before any is sent.

use std::collections::BTreeMap;

use alloy::primitives::{Address, Bytes, FixedBytes, U256, keccak256};
use alloy::sol_types::{SolCall, SolConstructor};

use crate::bindings::{
    BondingManager, Controller, L1SupplyCache, LivepeerToken, Manager, ManagerProxy, Minter, RoundsManager,
    TicketBroker,
};
use crate::{Artifact, ArtifactError, BlockSource, Deployment, ProtocolParams, ProtocolVersion, contract_id};

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

    /// A target that knows the Controller, and the proxy that the others see. Both are registered.
    fn proxied(&mut self, name: &str, artifact: Artifact) -> Result<Address, ArtifactError> {
        // All targets take the Controller and nothing else.
        let arguments = Manager::constructorCall { _controller: self.controller }.abi_encode();
        let target_name = format!("{name}Target");
        let target = self.create(artifact, &arguments)?;
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
        let mut b = Builder {
            from,
            nonce: first_nonce,
            steps: Vec::new(),
            libraries: BTreeMap::new(),
            controller: Address::ZERO,
        };
        let deployment = contracts(&mut b, params)?;
        settings(&mut b, &deployment, params);
        supply(&mut b, &deployment, params);
        b.call("Controller", deployment.controller, &Controller::unpauseCall {});
        Ok(Self { from, first_nonce, steps: b.steps, deployment })
    }
}

/// Creates and registers everything.
fn contracts(b: &mut Builder, params: &ProtocolParams) -> Result<Deployment, ArtifactError> {
    let (bonding, broker) = match params.version {
        ProtocolVersion::D24 => (Artifact::BondingManagerD24, Artifact::TicketBrokerD24),
        ProtocolVersion::D26 => (Artifact::BondingManager, Artifact::TicketBroker),
    };
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
    let ticket_broker = b.proxied("TicketBroker", broker)?;
    // The Minter lets the holder of this older name move ETH.
    b.register("JobsManager", ticket_broker);
    let list = b.create(Artifact::SortedDoublyLL, &[])?;
    b.libraries.insert(Artifact::SortedDoublyLL.name(), list);
    let bonding_manager = b.proxied("BondingManager", bonding)?;
    let bonding_votes = b.proxied("BondingVotes", Artifact::BondingVotes)?;
    let rounds_manager = b.proxied("RoundsManager", rounds)?;
    let service_registry = b.proxied("ServiceRegistry", Artifact::ServiceRegistry)?;
    b.register("Treasury", params.treasury);
    let l1_supply = L1SupplyCache::constructorCall { _supply: params.l1_circulating_supply.0 }.abi_encode();
    let l1_supply_cache = b.create(Artifact::L1SupplyCache, &l1_supply)?;
    b.register("L2LPTDataCache", l1_supply_cache);
    Ok(Deployment {
        controller: b.controller,
        token,
        minter,
        rounds_manager,
        bonding_manager,
        ticket_broker,
        service_registry,
        bonding_votes,
        l1_supply_cache,
        treasury: params.treasury,
    })
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
    let tb = d.ticket_broker;
    let unlock = U256::from(params.unlock_period);
    b.call("TicketBroker", tb, &TicketBroker::setUnlockPeriodCall { _unlockPeriod: unlock });
    let validity = U256::from(params.ticket_validity_period);
    let call = TicketBroker::setTicketValidityPeriodCall { _ticketValidityPeriod: validity };
    b.call("TicketBroker", tb, &call);
}

/// Mints the first LPT and leaves minting to the Minter alone.
fn supply(b: &mut Builder, d: &Deployment, params: &ProtocolParams) {
    let role = keccak256("MINTER_ROLE");
    let from = b.from;
    if !params.genesis_lpt.is_zero() {
        b.call("LivepeerToken", d.token, &LivepeerToken::grantRoleCall { role, account: from });
        let mint = LivepeerToken::mintCall { _to: from, _amount: params.genesis_lpt.0 };
        b.call("LivepeerToken", d.token, &mint);
        b.call("LivepeerToken", d.token, &LivepeerToken::revokeRoleCall { role, account: from });
    }
    b.call("LivepeerToken", d.token, &LivepeerToken::grantRoleCall { role, account: d.minter });
}
