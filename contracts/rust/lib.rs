//! Livepeer protocol contracts: sources, artifacts, bindings and deployer.
//!
//! The Solidity sources lie in `src/`, what they compile to in `artifacts/` (written by
//! `cargo xtask contracts`). This crate gives them to Rust: [`bindings`] to call and to read them,
//! [`Artifact`] for their code, [`Revert`] for the reasons they give, [`deploy()`] to bring them up
//! on a chain with [`ProtocolParams`].

pub mod artifacts;
pub mod bindings;
mod deploy;
mod deployment;
mod params;
mod plan;
mod revert;
mod version;

pub use artifacts::{Artifact, ArtifactError};
pub use deploy::{DeployError, Deployer, deploy};
pub use deployment::Deployment;
pub use params::{BlockSource, FaucetParams, GovernanceParams, Owner, ProtocolParams};
pub use plan::{Plan, Step};
pub use revert::Revert;
pub use version::{Change, ProtocolVersion, UnknownVersion};

use alloy::primitives::{B256, keccak256};

/// Key under which the Controller registers a contract: the hash of its name.
///
/// A proxied contract `X` has two: `X` is the proxy, `XTarget` the code behind it.
#[must_use]
pub fn contract_id(name: &str) -> B256 {
    keccak256(name.as_bytes())
}
