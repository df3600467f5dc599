//! Is this the network that the configuration means? Asked at start, before anything is signed.

use std::collections::BTreeMap;

use alloy::providers::Provider;
use alloy::sol;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use weir_contracts::bindings::Controller;
use weir_contracts::contract_id;
use weir_types::{Address, B256, keccak256};

use crate::{Addresses, ChainError, Client};

sol! {
    /// What every contract under the Controller answers.
    #[sol(rpc)]
    interface Managed {
        function controller() external view returns (address);
    }
}

/// Names under which the Controller registers what a node talks to.
pub const CONTRACTS: [&str; 6] =
    ["LivepeerToken", "BondingManager", "TicketBroker", "RoundsManager", "Minter", "ServiceRegistry"];

/// The network that is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Its chain id.
    pub chain_id: u64,
    /// Its Controller.
    pub controller: Address,
    /// Addresses that the Controller must give, by name. What is not named here may be anything.
    #[serde(default)]
    pub contracts: BTreeMap<String, Address>,
    /// Hashes of the code that must run, by the name under which the Controller registers it: the code behind
    /// a proxy is `BondingManagerTarget` and so on. What is not named here may be anything.
    #[serde(default)]
    pub code: BTreeMap<String, B256>,
}

impl Network {
    /// Arbitrum One with the Controller that has been in use there since 2022.
    #[must_use]
    pub fn arbitrum_one() -> Self {
        Self {
            chain_id: 42_161,
            controller: alloy::primitives::address!("D8E8328501E9645d16Cf49539efC04f734606ee4"),
            ..Self::default()
        }
    }
}

/// What does not fit.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// Another chain.
    #[error("the endpoint is chain {found}, the configuration expects chain {expected}")]
    ChainId {
        /// The endpoint's.
        found: u64,
        /// The configured one.
        expected: u64,
    },
    /// Nothing is at an address.
    #[error("no contract at {address}, where the configuration expects {name}")]
    NoCode {
        /// What should be there.
        name: String,
        /// Where.
        address: Address,
    },
    /// There is something at the Controller's address, and it is no Controller.
    #[error("the contract at {address} does not answer as a Controller does: {source}")]
    NoController {
        /// Where.
        address: Address,
        /// What it answered.
        source: Box<ChainError>,
    },
    /// The Controller does not know a contract.
    #[error("the Controller at {controller} has no contract registered as {name}")]
    NotRegistered {
        /// The Controller.
        controller: Address,
        /// Name of the contract.
        name: String,
    },
    /// A contract is elsewhere.
    #[error("{name} is registered at {found}, the configuration expects {expected}")]
    Address {
        /// Name of the contract.
        name: String,
        /// What the Controller says.
        found: Address,
        /// The configured one.
        expected: Address,
    },
    /// A contract belongs to another Controller.
    #[error("{name} at {address} belongs to the Controller {found}, the configuration expects {expected}")]
    Foreign {
        /// Name of the contract.
        name: String,
        /// Where it is.
        address: Address,
        /// The Controller that it names.
        found: Address,
        /// The configured one.
        expected: Address,
    },
    /// Another version of a contract.
    #[error("the code of {name} at {address} has hash {found}, the configuration expects {expected}")]
    Version {
        /// Name of the contract.
        name: String,
        /// Where it is.
        address: Address,
        /// Hash of its code.
        found: B256,
        /// The configured one.
        expected: B256,
    },
    /// The endpoint could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// Finds the contracts of a network, and refuses what does not fit.
///
/// # Errors
/// The first thing that does not fit, with what was found and what was expected; or the endpoint's failure.
pub async fn identify<P: Provider + Clone>(provider: &P, network: &Network) -> Result<Addresses, Mismatch> {
    let found = provider.get_chain_id().await.map_err(|source| ChainError::Rpc { method: "eth_chainId", source })?;
    if found != network.chain_id {
        return Err(Mismatch::ChainId { found, expected: network.chain_id });
    }
    let controller = network.controller;
    code_hash(provider, "Controller", controller).await?;
    let mut at = [Address::ZERO; CONTRACTS.len()];
    for (slot, name) in at.iter_mut().zip(CONTRACTS) {
        *slot = registered(provider, controller, name).await?;
        if let Some(expected) = network.contracts.get(name).filter(|expected| *expected != slot) {
            return Err(Mismatch::Address { name: name.to_owned(), found: *slot, expected: *expected });
        }
        code_hash(provider, name, *slot).await?;
        // The token is no contract under the Controller: it knows nothing of it.
        if name != "LivepeerToken" {
            belongs(provider, name, *slot, controller).await?;
        }
    }
    let others = network.contracts.iter().filter(|(name, _)| !CONTRACTS.contains(&name.as_str()));
    for (name, expected) in others {
        let found = registered(provider, controller, name).await?;
        if found != *expected {
            return Err(Mismatch::Address { name: name.clone(), found, expected: *expected });
        }
    }
    for (name, expected) in &network.code {
        let address = registered(provider, controller, name).await?;
        let found = code_hash(provider, name, address).await?;
        if found != *expected {
            return Err(Mismatch::Version { name: name.clone(), address, found, expected: *expected });
        }
    }
    let [token, bonding_manager, ticket_broker, rounds_manager, minter, service_registry] = at;
    Ok(Addresses { controller, token, bonding_manager, ticket_broker, rounds_manager, minter, service_registry })
}

async fn registered<P: Provider + Clone>(provider: &P, controller: Address, name: &str) -> Result<Address, Mismatch> {
    let c = Controller::new(controller, provider.clone());
    let answer = c.getContract(contract_id(name)).call().await;
    let found = answer.map_err(|source| {
        let source = ChainError::Call { call: "Controller.getContract", source: Box::new(source) };
        match &source {
            ChainError::Call { source: e, .. } if not_such(e) => {
                Mismatch::NoController { address: controller, source: Box::new(source) }
            }
            _ => source.into(),
        }
    })?;
    if found.is_zero() {
        return Err(Mismatch::NotRegistered { controller, name: name.to_owned() });
    }
    Ok(found)
}

/// Whether a contract failed as one does that lacks the function.
fn not_such(e: &alloy::contract::Error) -> bool {
    match e {
        alloy::contract::Error::ZeroData(..) | alloy::contract::Error::AbiError(_) => true,
        alloy::contract::Error::TransportError(e) => crate::fault::revert_of(e).is_some(),
        _ => false,
    }
}

async fn code_hash<P: Provider>(provider: &P, name: &str, address: Address) -> Result<B256, Mismatch> {
    let code =
        provider.get_code_at(address).await.map_err(|source| ChainError::Rpc { method: "eth_getCode", source })?;
    if code.is_empty() {
        return Err(Mismatch::NoCode { name: name.to_owned(), address });
    }
    Ok(keccak256(&code))
}

async fn belongs<P: Provider + Clone>(
    provider: &P,
    name: &str,
    address: Address,
    expected: Address,
) -> Result<(), Mismatch> {
    let answer = Managed::new(address, provider.clone()).controller().call().await;
    let found = match answer {
        Ok(found) => found,
        Err(e) if not_such(&e) => Address::ZERO,
        Err(e) => return Err(ChainError::Call { call: "controller", source: Box::new(e) }.into()),
    };
    if found != expected {
        return Err(Mismatch::Foreign { name: name.to_owned(), address, found, expected });
    }
    Ok(())
}

impl<P: Provider + Clone> Client<P> {
    /// Reads of the network that is meant.
    ///
    /// # Errors
    /// See [`identify`].
    pub async fn connect(provider: P, network: &Network) -> Result<Self, Mismatch> {
        let addresses = identify(&provider, network).await?;
        Ok(Self::new(provider, addresses))
    }
}
