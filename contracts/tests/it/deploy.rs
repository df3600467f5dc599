//! Bringing the protocol up.

use alloy::network::EthereumWallet;
use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use futures::executor::block_on;
use weir_contracts::bindings::{
    BondingManager, BondingVotes, Controller, LivepeerToken, Minter, RoundsManager, ServiceRegistry, TicketBroker,
};
use weir_contracts::{
    Artifact, ArtifactError, BlockSource, DeployError, Deployment, Plan, ProtocolParams, ProtocolVersion, contract_id,
    deploy, deploy_signed,
};
use weir_types::LptWei;

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
                all.push(ProtocolParams { version, block_source, ..base.clone() });
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
        assert_eq!(c.read(d.token, &LivepeerToken::totalSupplyCall {}), params.genesis_lpt.0);
        assert_eq!(c.read(d.token, &LivepeerToken::balanceOfCall { account: owner() }), params.genesis_lpt.0);
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
        ] {
            let found = c.read(d.controller, &Controller::getContractCall { _id: contract_id(name) });
            assert_eq!(found, address, "{name}");
        }
        assert!(!c.read(d.controller, &Controller::pausedCall {}));
        assert_eq!(c.read(d.controller, &Controller::ownerCall {}), owner());
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
    let d = block_on(deploy_signed(&provider, &EthereumWallet::from(key), &ProtocolParams::devnet()))
        .expect("the plan goes through");
    drop(provider);
    let mut c = endpoint.into_chain();
    assert_eq!(c.read(d.controller, &Controller::ownerCall {}), address);
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
    let params = ProtocolParams { genesis_lpt: LptWei(U256::ZERO), ..ProtocolParams::devnet() };
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
            Artifact::BondingManager | Artifact::BondingManagerD24 => {
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
