//! Bringing the protocol up.

use alloy::network::EthereumWallet;
use alloy::primitives::{Address, B256, U256, address, keccak256};
use alloy::signers::local::PrivateKeySigner;
use futures::executor::block_on;
use weir_contracts::bindings::{
    BondingManager, BondingVotes, Controller, Governor, LivepeerGovernor, LivepeerToken, LivepeerTokenFaucet, Minter,
    PollCreator, RoundsManager, ServiceRegistry, TicketBroker, Treasury,
};
use weir_contracts::{
    Artifact, ArtifactError, BlockSource, DeployError, Deployer, Deployment, Owner, Plan, ProtocolParams,
    ProtocolVersion, contract_id, deploy,
};
use weir_types::{LptWei, Perc27};

use crate::chain::{Chain, Endpoint};

pub fn owner() -> Address {
    Address::repeat_byte(0xd0)
}

/// A chain with the protocol on it, and an open first round ahead.
pub fn deployed(params: &ProtocolParams) -> (Chain, Deployment) {
    let mut chain = Chain::new();
    chain.mine(1_000);
    deploy_on(chain, params, true)
}

fn deploy_on(chain: Chain, params: &ProtocolParams, at_once: bool) -> (Chain, Deployment) {
    let endpoint = Endpoint::new(chain, at_once);
    let provider = endpoint.provider();
    let deployment = block_on(deploy(&provider, owner(), params)).expect("the plan goes through");
    drop(provider);
    (endpoint.into_chain(), deployment)
}

fn all_params() -> Vec<ProtocolParams> {
    let mut all = Vec::new();
    for base in [ProtocolParams::arbitrum_one(), ProtocolParams::devnet()] {
        for version in [ProtocolVersion::D24, ProtocolVersion::D26] {
            for block_source in [BlockSource::Chain, BlockSource::Manual] {
                // An account in the Governor's place goes with numbers set by hand.
                let owner = if block_source == BlockSource::Manual { Owner::Deployer } else { Owner::Governor };
                all.push(ProtocolParams { version, block_source, owner, ..base.clone() });
            }
        }
    }
    all
}

#[test]
fn every_parameter_arrives() {
    for params in all_params() {
        let (mut c, d) = deployed(&params);
        let (bm, rm, tb) = (d.bonding_manager, d.rounds_manager, d.ticket_broker);
        let n = |v: u64| U256::from(v);
        assert_eq!(c.read(bm, &BondingManager::unbondingPeriodCall {}), params.unbonding_period);
        assert_eq!(c.read(bm, &BondingManager::getTranscoderPoolMaxSizeCall {}), n(params.num_active_transcoders));
        let cut = c.read(bm, &BondingManager::nextRoundTreasuryRewardCutRateCall {});
        assert_eq!(cut, U256::from(params.treasury_reward_cut.0));
        let ceiling = c.read(bm, &BondingManager::treasuryBalanceCeilingCall {});
        assert_eq!(ceiling, params.treasury_balance_ceiling.0);
        assert_eq!(c.read(rm, &RoundsManager::roundLengthCall {}), n(params.round_length));
        assert_eq!(c.read(rm, &RoundsManager::roundLockAmountCall {}), n(params.round_lock_amount.0.into()));
        assert_eq!(c.read(tb, &TicketBroker::unlockPeriodCall {}), n(params.unlock_period));
        assert_eq!(c.read(tb, &TicketBroker::ticketValidityPeriodCall {}), n(params.ticket_validity_period));
        assert_eq!(c.read(d.minter, &Minter::inflationCall {}), n(params.inflation.0));
        assert_eq!(c.read(d.minter, &Minter::inflationChangeCall {}), n(params.inflation_change.0));
        assert_eq!(c.read(d.minter, &Minter::targetBondingRateCall {}), n(params.target_bonding_rate.0));
        let given = params.faucet.map_or(U256::ZERO, |faucet| faucet.supply.0);
        assert_eq!(c.read(d.token, &LivepeerToken::totalSupplyCall {}), params.genesis_lpt.0 + given);
        assert_eq!(c.read(d.token, &LivepeerToken::balanceOfCall { account: owner() }), params.genesis_lpt.0);
        governance_arrives(&mut c, &d, &params);
        faucet_arrives(&mut c, &d, &params);
    }
}

fn governance_arrives(c: &mut Chain, d: &Deployment, params: &ProtocolParams) {
    let (lg, g) = (d.livepeer_governor, &params.governance);
    let n = |v: u64| U256::from(v);
    assert_eq!(c.read(lg, &LivepeerGovernor::votingDelayCall {}), n(g.voting_delay));
    assert_eq!(c.read(lg, &LivepeerGovernor::votingPeriodCall {}), n(g.voting_period));
    assert_eq!(c.read(lg, &LivepeerGovernor::proposalThresholdCall {}), g.proposal_threshold.0);
    assert_eq!(c.read(lg, &LivepeerGovernor::quorumNumerator_1Call {}), n(g.quorum.0.into()));
    assert_eq!(c.read(lg, &LivepeerGovernor::quotaCall {}), n(g.quota.0.into()));
    assert_eq!(c.read(d.treasury, &Treasury::getMinDelayCall {}), n(g.treasury_min_delay));
}

fn faucet_arrives(c: &mut Chain, d: &Deployment, params: &ProtocolParams) {
    assert_eq!(d.faucet.is_some(), params.faucet.is_some());
    if let (Some(address), Some(faucet)) = (d.faucet, params.faucet) {
        assert_eq!(c.read(address, &LivepeerTokenFaucet::requestAmountCall {}), faucet.amount.0);
        assert_eq!(c.read(address, &LivepeerTokenFaucet::requestWaitCall {}), U256::from(faucet.wait_hours));
        assert_eq!(c.read(d.token, &LivepeerToken::balanceOfCall { account: address }), faucet.supply.0);
        let who = Address::repeat_byte(9);
        c.send(who, address, &LivepeerTokenFaucet::requestCall {}).expect("anyone may ask");
        assert_eq!(c.read(d.token, &LivepeerToken::balanceOfCall { account: who }), faucet.amount.0);
    }
}

#[test]
fn the_contracts_find_each_other() {
    for params in all_params() {
        let (mut c, d) = deployed(&params);
        for (name, address) in [
            ("LivepeerToken", d.token),
            ("Minter", d.minter),
            ("RoundsManager", d.rounds_manager),
            ("BondingManager", d.bonding_manager),
            ("BondingVotes", d.bonding_votes),
            ("TicketBroker", d.ticket_broker),
            ("JobsManager", d.ticket_broker),
            ("ServiceRegistry", d.service_registry),
            ("L2LPTDataCache", d.l1_supply_cache),
            ("Treasury", d.treasury),
            ("LivepeerGovernor", d.livepeer_governor),
            ("MerkleSnapshot", d.merkle_snapshot),
            ("LivepeerTokenFaucet", d.faucet.unwrap_or_default()),
        ] {
            let found = c.read(d.controller, &Controller::getContractCall { _id: contract_id(name) });
            assert_eq!(found, address, "{name}");
        }
        assert!(!c.read(d.controller, &Controller::pausedCall {}));
        let controller_owner = match params.owner {
            Owner::Governor => d.governor,
            Owner::Deployer => owner(),
        };
        assert_eq!(c.read(d.controller, &Controller::ownerCall {}), controller_owner);
        assert_eq!(c.read(d.governor, &Governor::ownerCall {}), owner());
        assert_eq!(c.read(d.poll_creator, &PollCreator::bondingManagerCall {}), d.bonding_manager);
        assert_eq!(c.read(d.ai_service_registry, &ServiceRegistry::controllerCall {}), d.controller);
        for role in ["PROPOSER_ROLE", "CANCELLER_ROLE", "EXECUTOR_ROLE", "TIMELOCK_ADMIN_ROLE"] {
            let role_id = keccak256(role);
            let holds = |account| Treasury::hasRoleCall { role: role_id, account };
            assert_eq!(c.read(d.treasury, &holds(d.livepeer_governor)), role != "TIMELOCK_ADMIN_ROLE", "{role}");
            assert!(!c.read(d.treasury, &holds(owner())), "{role}");
        }
        let role = keccak256("MINTER_ROLE");
        assert!(c.read(d.token, &LivepeerToken::hasRoleCall { role, account: d.minter }));
        assert!(!c.read(d.token, &LivepeerToken::hasRoleCall { role, account: owner() }));
        assert_eq!(c.read(d.bonding_votes, &BondingVotes::symbolCall {}), "vLPT");

        let uri = "https://orchestrator.example:8935".to_owned();
        let who = Address::repeat_byte(7);
        c.send(who, d.service_registry, &ServiceRegistry::setServiceURICall { _serviceURI: uri.clone() })
            .expect("anyone may set its URI");
        assert_eq!(c.read(d.service_registry, &ServiceRegistry::getServiceURICall { _addr: who }), uri);
    }
}

/// A deployment by the original's scripts, in the same order from the same account, has the same
/// addresses: those of the recorded histories.
#[test]
fn addresses_are_those_of_the_original_order() {
    let from = address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    let params = ProtocolParams {
        treasury_reward_cut: Perc27(1),
        treasury_balance_ceiling: LptWei::from_whole(1),
        ..ProtocolParams::devnet()
    };
    let d = Plan::new(from, 0, &params).expect("the artifacts are whole").deployment;
    for (found, recorded) in [
        (d.controller, address!("0x5fbdb2315678afecb367f032d93f642f64180aa3")),
        (d.minter, address!("0xe7f1725e7734ce288f8367e1bb143e90bb3f0512")),
        (d.token, address!("0xcf7ed3acca5a467e9e704c703e8d87f634fb0fc9")),
        (d.ticket_broker, address!("0x0165878a594ca255338adfa4d48449f69242eb8f")),
        (d.sorted_doubly_ll, address!("0x610178da211fef7d417bc0e6fed39f05609ad788")),
        (d.bonding_manager, address!("0xa51c1fc2f0d1a1b8494ed1fe312d7c3a78ed91c0")),
        (d.bonding_votes, address!("0x959922be3caee4b8cd9a407cc3ac1c251c2007b1")),
        (d.rounds_manager, address!("0xc6e7df5e7b4f2a278906862b61205850344d4e7d")),
        (d.service_registry, address!("0xa85233c63b9ee964add6f2cffe00fd84eb32338f")),
        (d.merkle_snapshot, address!("0x09635f643e140090a9a8dcd712ed6285858cebef")),
        (d.governor, address!("0x67d269191c92caf3cd7723f116c85e6e9bf55933")),
        (d.treasury, address!("0xe6e340d132b5f46d1e472debcd681b2abc16e57e")),
        (d.livepeer_governor, address!("0x9e545e3c0baab3e08cdfd552c960a1050f373042")),
        (d.faucet.expect("a devnet has one"), address!("0x1291be112d480055dafd8a610b7d1e203891c274")),
        (d.l1_supply_cache, address!("0x7bc06c482dead17c0e297afbc32f6e63d3846650")),
        (d.poll_creator, address!("0xfd471836031dc5108809d173a067e8486b9047a3")),
    ] {
        assert_eq!(found, recorded);
    }
}

#[test]
fn the_version_decides_the_rules() {
    for (version, known) in [(ProtocolVersion::D24, false), (ProtocolVersion::D26, true)] {
        let (mut c, d) = deployed(&ProtocolParams { version, ..ProtocolParams::devnet() });
        let call = BondingManager::setRewardCallerCall { _rewardCaller: owner() };
        assert_eq!(c.send(owner(), d.bonding_manager, &call).is_ok(), known, "{version:?}");
    }
}

#[test]
fn a_chain_that_waits_to_be_told_gets_its_blocks() {
    let params = ProtocolParams::devnet();
    let (mut c, d) = deploy_on(Chain::new(), &params, false);
    assert!(!c.read(d.controller, &Controller::pausedCall {}));
}

#[test]
fn a_wallet_signs_for_an_endpoint_without_keys() {
    let key = PrivateKeySigner::from_bytes(&B256::repeat_byte(0x11)).expect("a valid key");
    let address = key.address();
    let endpoint = Endpoint::new(Chain::new(), true);
    let provider = endpoint.provider();
    let wallet = EthereumWallet::from(key);
    let d = block_on(async {
        let deployer = Deployer::signing(&provider, &wallet).await?;
        let plan = deployer.plan(&ProtocolParams::devnet()).await?;
        for step in 0..plan.steps.len() {
            deployer.send(&plan, step, &async |_| false).await?;
        }
        Ok::<_, DeployError>(plan.deployment)
    })
    .expect("the plan goes through");
    drop(provider);
    let mut c = endpoint.into_chain();
    assert_eq!(c.read(d.governor, &Governor::ownerCall {}), address);
    assert_eq!(d.controller, address.create(0));
}

#[test]
fn the_first_failing_step_is_named() {
    // A round of no blocks is refused.
    let params = ProtocolParams { round_length: 0, ..ProtocolParams::devnet() };
    let endpoint = Endpoint::new(Chain::new(), true);
    let error = block_on(deploy(&endpoint.provider(), owner(), &params)).expect_err("no such round");
    match error {
        DeployError::Failed { label, .. } => assert_eq!(label, "call RoundsManager.setRoundLength"),
        other => panic!("{other}"),
    }
}

#[test]
fn a_plan_starts_at_any_nonce() {
    let params = ProtocolParams { genesis_lpt: LptWei(U256::ZERO), faucet: None, ..ProtocolParams::devnet() };
    let plan = Plan::new(owner(), 41, &params).expect("the artifacts are whole");
    assert_eq!(plan.deployment.controller, owner().create(41));
    for (i, step) in plan.steps.iter().enumerate() {
        assert_eq!(step.creates, step.to.is_none().then(|| owner().create(41 + i as u64)), "{}", step.label);
        assert!(!step.label.ends_with("mint"), "nothing is minted");
    }
}

#[test]
fn code_that_calls_a_library_must_be_linked() {
    for &artifact in Artifact::ALL {
        let code = artifact.creation_code(&std::collections::BTreeMap::new());
        match artifact {
            Artifact::BondingManager | Artifact::BondingManagerD24 | Artifact::BondingManagerPartial => {
                assert!(matches!(code, Err(ArtifactError::Unlinked { library, .. }) if library == "SortedDoublyLL"));
            }
            _ => assert!(!code.expect("needs no library").is_empty()),
        }
        assert_eq!(Artifact::by_name(artifact.name()), Some(artifact));
    }
    assert_eq!(Artifact::by_name("Nothing"), None);
}

#[test]
fn parameters_survive_a_file() {
    for params in all_params() {
        let text = serde_json::to_string(&params).expect("parameters are data");
        assert_eq!(serde_json::from_str::<ProtocolParams>(&text).expect("the same data"), params);
    }
}
