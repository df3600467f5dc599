//! Where the contracts are.

use alloy::primitives::{Address, address};
use serde::{Deserialize, Serialize};

/// Addresses of a deployment. Proxied contracts are named by their proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Registry of all others.
    pub controller: Address,
    /// LPT.
    pub token: Address,
    /// Inflation, and the vault of stake and fees.
    pub minter: Address,
    /// Rounds.
    pub rounds_manager: Address,
    /// Stake, rewards, fees.
    pub bonding_manager: Address,
    /// Deposits, reserves, tickets.
    pub ticket_broker: Address,
    /// Service URIs.
    pub service_registry: Address,
    /// Service URIs of AI workers. Not known to the Controller.
    pub ai_service_registry: Address,
    /// Stake as votes.
    pub bonding_votes: Address,
    /// Supply on the other chain.
    pub l1_supply_cache: Address,
    /// Gets a share of rewards.
    pub treasury: Address,
    /// Decides by stake what the treasury does.
    pub livepeer_governor: Address,
    /// Owns the Controller and changes code and parameters. Not known to the Controller.
    pub governor: Address,
    /// Opens polls. Not known to the Controller.
    pub poll_creator: Address,
    /// Roots of past states.
    pub merkle_snapshot: Address,
    /// List library of the bonding contract. Not known to the Controller.
    pub sorted_doubly_ll: Address,
    /// Gives LPT away, on test chains.
    pub faucet: Option<Address>,
}

impl Deployment {
    /// The contracts of the live network, on Arbitrum One (chain id 42161), as published in Livepeer's
    /// documentation and in `deployments/arbitrumMainnet` of the protocol's repository.
    ///
    /// A node should ask the Controller for those that it knows: registrations change.
    #[must_use]
    pub const fn arbitrum_one() -> Self {
        Self {
            controller: address!("0xD8E8328501E9645d16Cf49539efC04f734606ee4"),
            token: address!("0x289ba1701C2F088cf0faf8B3705246331cB8A839"),
            minter: address!("0xc20DE37170B45774e6CD3d2304017fc962f27252"),
            rounds_manager: address!("0xdd6f56DcC28D3F5f27084381fE8Df634985cc39f"),
            bonding_manager: address!("0x35Bcf3c30594191d53231E4FF333E8A770453e40"),
            ticket_broker: address!("0xa8bB618B1520E284046F3dFc448851A1Ff26e41B"),
            service_registry: address!("0xC92d3A360b8f9e083bA64DE15d95Cf8180897431"),
            ai_service_registry: address!("0x04C0b249740175999E5BF5c9ac1dA92431EF34C5"),
            bonding_votes: address!("0x0B9C254837E72Ebe9Fe04960C43B69782E68169A"),
            l1_supply_cache: address!("0xd78b6bD09cd28A83cFb21aFa0DA95c685A6bb0B1"),
            treasury: address!("0xf82C1FF415F1fCf582554fDba790E27019c8E8C4"),
            livepeer_governor: address!("0xcFE4E2879B786C3aa075813F0E364bb5acCb6aa0"),
            governor: address!("0xD9dEd6f9959176F0A04dcf88a0d2306178A736a6"),
            poll_creator: address!("0x8bb50806D60c492c0004DAD5D9627DAA2d9732E6"),
            merkle_snapshot: address!("0x10736ffaCe687658F88a46D042631d182C7757f7"),
            sorted_doubly_ll: address!("0xC45f6918F7Bcac7aBc8fe05302b3cDF39776cdeb"),
            faucet: None,
        }
    }

    /// Contracts by the names that the Controller knows them by, or would.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, Address)> {
        let mut all = vec![
            ("Controller", self.controller),
            ("LivepeerToken", self.token),
            ("Minter", self.minter),
            ("RoundsManager", self.rounds_manager),
            ("BondingManager", self.bonding_manager),
            ("TicketBroker", self.ticket_broker),
            ("ServiceRegistry", self.service_registry),
            ("AIServiceRegistry", self.ai_service_registry),
            ("BondingVotes", self.bonding_votes),
            ("L2LPTDataCache", self.l1_supply_cache),
            ("Treasury", self.treasury),
            ("LivepeerGovernor", self.livepeer_governor),
            ("Governor", self.governor),
            ("PollCreator", self.poll_creator),
            ("MerkleSnapshot", self.merkle_snapshot),
            ("SortedDoublyLL", self.sorted_doubly_ll),
        ];
        all.extend(self.faucet.map(|address| ("LivepeerTokenFaucet", address)));
        all
    }
}
