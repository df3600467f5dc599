//! Code of the contracts, linked on demand.

use std::collections::BTreeMap;

use alloy::primitives::{Address, Bytes, hex};
use serde::Deserialize;

/// A failure to turn an artifact into code.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The file is not what the compiler script writes.
    #[error("artifact {name} is malformed: {source}")]
    Malformed {
        /// Contract.
        name: &'static str,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// The code calls a library whose address was not given.
    #[error("artifact {name} needs the address of library {library}")]
    Unlinked {
        /// Contract.
        name: &'static str,
        /// Library that it calls.
        library: String,
    },
    /// The code, or a place to link, is not valid.
    #[error("artifact {name} has invalid code: {detail}")]
    Code {
        /// Contract.
        name: &'static str,
        /// What is wrong.
        detail: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    bytecode: String,
    link_references: BTreeMap<String, BTreeMap<String, Vec<Place>>>,
}

/// Where a library's address goes, in bytes from the start of the code.
#[derive(Deserialize)]
struct Place {
    start: usize,
    length: usize,
}

macro_rules! artifacts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// A contract that can be deployed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Artifact {
            $($(#[$doc])* $name),+
        }

        impl Artifact {
            /// All of them, by name.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Contract name in the sources.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// The artifact as compiled: ABI, code, link places and storage layout as JSON.
            #[must_use]
            pub const fn json(self) -> &'static str {
                match self {
                    $(Self::$name => {
                        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/artifacts/", stringify!($name), ".json"))
                    }),+
                }
            }
        }
    };
}

artifacts!(
    /// Service URIs of AI workers.
    AIServiceRegistry,
    /// Rounds whose block number and hash are set by hand.
    AdjustableRoundsManager,
    /// Stake, rewards and fees.
    BondingManager,
    /// Stake, rewards and fees under the rules of March 2024.
    BondingManagerD24,
    /// Stake, rewards and fees under the rules of March 2024 with some of the later changes.
    BondingManagerPartial,
    /// Checkpoints of stake for votes.
    BondingVotes,
    /// Registry, owner and pause switch of all others.
    Controller,
    /// A supply of zero on the other chain.
    DummyL2LPTDataCache,
    /// Carries out updates of the protocol after a delay.
    Governor,
    /// What the protocol knows of the supply on the other chain.
    L1SupplyCache,
    /// Decides by stake what the treasury does.
    LivepeerGovernor,
    /// LPT.
    LivepeerToken,
    /// Gives LPT to whom asks, on test chains.
    LivepeerTokenFaucet,
    /// A contract that knows its Controller, and nothing else.
    Manager,
    /// Stands in front of a target that may be replaced.
    ManagerProxy,
    /// Roots of Merkle trees over past states.
    MerkleSnapshot,
    /// Inflation, and the vault of LPT and ETH.
    Minter,
    /// A question put to all stake.
    Poll,
    /// Opens polls.
    PollCreator,
    /// Rounds by block number.
    RoundsManager,
    /// Service URIs.
    ServiceRegistry,
    /// Sorted list library that the bonding contract calls.
    SortedDoublyLL,
    /// Deposits, reserves and tickets.
    TicketBroker,
    /// Deposits, reserves and tickets under the rules of March 2024.
    TicketBrokerD24,
    /// Holds the community's funds.
    Treasury,
);

impl Artifact {
    /// The artifact of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|a| a.name() == name)
    }

    /// Creation code without constructor arguments, with the libraries' addresses filled in.
    ///
    /// # Errors
    /// [`ArtifactError::Unlinked`] when the code calls a library that `libraries` does not name.
    pub fn creation_code(self, libraries: &BTreeMap<&str, Address>) -> Result<Bytes, ArtifactError> {
        let name = self.name();
        let invalid = |detail: String| ArtifactError::Code { name, detail };
        let file: File =
            serde_json::from_str(self.json()).map_err(|source| ArtifactError::Malformed { name, source })?;
        // Two hex digits per byte; the compiler leaves a placeholder of the same length.
        let mut digits = file.bytecode.trim_start_matches("0x").to_owned();
        for (library, places) in file.link_references.values().flatten() {
            let address = libraries
                .get(library.as_str())
                .ok_or_else(|| ArtifactError::Unlinked { name, library: library.clone() })?;
            let text = hex::encode(address);
            for place in places {
                let range = place.start * 2..(place.start + place.length) * 2;
                if place.length != 20 || digits.get(range.clone()).is_none() {
                    return Err(invalid(format!("no place for {library} at byte {}", place.start)));
                }
                digits.replace_range(range, &text);
            }
        }
        hex::decode(&digits).map(Bytes::from).map_err(|e| invalid(e.to_string()))
    }
}
