//! Versions of the rules: those of March 2024, and what changed after.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Artifact;

/// A change of the rules after March 2024.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// (a): tickets pay only an orchestrator that is active now, not any registered one.
    FeesToActive,
    /// (b): a reward factor is worked back from the mintable tokens alone, not from mintable plus
    /// minted.
    FactorFromMintable,
    /// (c): the stake of an orchestrator stays on record while it is active, also after it left the
    /// next round's set; own earnings above the stake fail.
    StakeWhileActive,
    /// (d): no stake joins an orchestrator in its last active round before that round's reward.
    GuardLeaving,
    /// (e): an orchestrator may name an account that calls reward for it.
    RewardCaller,
    /// (f): a ticket is redeemed only while its sender's funds cover the whole face value.
    CoveredTickets,
}

impl Change {
    /// All of them, in the order in which they came.
    pub const ALL: [Self; 6] = [
        Self::FeesToActive,
        Self::FactorFromMintable,
        Self::StakeWhileActive,
        Self::GuardLeaving,
        Self::RewardCaller,
        Self::CoveredTickets,
    ];

    /// Letter by which it goes in the name of a version.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::FeesToActive => 'a',
            Self::FactorFromMintable => 'b',
            Self::StakeWhileActive => 'c',
            Self::GuardLeaving => 'd',
            Self::RewardCaller => 'e',
            Self::CoveredTickets => 'f',
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Rules of the bonding and ticket contracts: those of March 2024 with any of the later changes.
///
/// As text `D24` and `D26` (with all changes), or one of these with changes added or left out:
/// `D24+a+c`, `D26-f`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ProtocolVersion(u8);

/// A text that names no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no version of the protocol: D24 or D26, with changes a to f added or left out as in D24+a+c or D26-f"
)]
pub struct UnknownVersion(pub String);

impl ProtocolVersion {
    /// March 2024.
    pub const D24: Self = Self(0);
    const BONDING: u8 = 0b01_1111;

    /// With all later changes, as far as they are known.
    pub const D26: Self = Self(0b11_1111);

    /// Whether a change is in force.
    #[must_use]
    pub const fn has(self, change: Change) -> bool {
        self.0 & change.bit() != 0
    }

    /// With a change.
    #[must_use]
    pub const fn with(self, change: Change) -> Self {
        Self(self.0 | change.bit())
    }

    /// Without a change.
    #[must_use]
    pub const fn without(self, change: Change) -> Self {
        Self(self.0 & !change.bit())
    }

    /// The changes (a) to (e) in force, as the contract that takes any of them wants them.
    #[must_use]
    pub const fn bonding_changes(self) -> u8 {
        self.0 & Self::BONDING
    }

    /// The bonding contract of these rules, and what its constructor takes behind the Controller.
    ///
    /// The two whole versions have code of their own, without choices.
    #[must_use]
    pub const fn bonding_manager(self) -> (Artifact, Option<u8>) {
        match self.bonding_changes() {
            0 => (Artifact::BondingManagerD24, None),
            Self::BONDING => (Artifact::BondingManager, None),
            some => (Artifact::BondingManagerPartial, Some(some)),
        }
    }

    /// The ticket contract of these rules.
    #[must_use]
    pub const fn ticket_broker(self) -> Artifact {
        if self.has(Change::CoveredTickets) { Artifact::TicketBroker } else { Artifact::TicketBrokerD24 }
    }
}

impl Default for ProtocolVersion {
    fn default() -> Self {
        Self::D26
    }
}

impl fmt::Debug for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (base, sign) = if self.0.count_ones() > 3 { (Self::D26, '-') } else { (Self::D24, '+') };
        f.write_str(if base == Self::D26 { "D26" } else { "D24" })?;
        Change::ALL
            .into_iter()
            .filter(|change| self.has(*change) != base.has(*change))
            .try_for_each(|change| write!(f, "{sign}{}", change.letter()))
    }
}

impl FromStr for ProtocolVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let unknown = || UnknownVersion(text.to_owned());
        let (base, changes) = text.split_at_checked(3).ok_or_else(unknown)?;
        let mut version = match base {
            "D24" => Self::D24,
            "D26" => Self::D26,
            _ => return Err(unknown()),
        };
        let mut letters = changes.chars();
        while let Some(sign) = letters.next() {
            let letter = letters.next().ok_or_else(unknown)?;
            let change = Change::ALL.into_iter().find(|c| c.letter() == letter).ok_or_else(unknown)?;
            version = match sign {
                '+' => version.with(change),
                '-' => version.without(change),
                _ => return Err(unknown()),
            };
        }
        Ok(version)
    }
}

impl From<ProtocolVersion> for String {
    fn from(version: ProtocolVersion) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for ProtocolVersion {
    type Error = UnknownVersion;

    fn try_from(text: String) -> Result<Self, UnknownVersion> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_changes_has_a_name_that_reads_back() {
        for bits in 0..64 {
            let version = ProtocolVersion(bits);
            assert_eq!(version.to_string().parse(), Ok(version));
        }
        for (text, version) in [
            ("D24", ProtocolVersion::D24),
            ("D26", ProtocolVersion::D26),
            ("D24+a+c", ProtocolVersion::D24.with(Change::FeesToActive).with(Change::StakeWhileActive)),
            ("D26-f", ProtocolVersion::D26.without(Change::CoveredTickets)),
        ] {
            assert_eq!(version.to_string(), text);
        }
        assert_eq!("D24+a+b+c+d+e+f".parse(), Ok(ProtocolVersion::D26));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "D2", "D25", "d24", "D24+", "D24a", "D24+g", "D26-ab", "D26*a", "Ð24"] {
            assert_eq!(text.parse::<ProtocolVersion>(), Err(UnknownVersion(text.to_owned())));
        }
    }

    #[test]
    fn whole_versions_run_code_without_choices() {
        assert_eq!(ProtocolVersion::D24.bonding_manager(), (Artifact::BondingManagerD24, None));
        assert_eq!(ProtocolVersion::D26.bonding_manager(), (Artifact::BondingManager, None));
        let version = ProtocolVersion::D26.without(Change::CoveredTickets);
        assert_eq!(version.bonding_manager(), (Artifact::BondingManager, None));
        assert_eq!(version.ticket_broker(), Artifact::TicketBrokerD24);
        let version = ProtocolVersion::D24.with(Change::RewardCaller).with(Change::FeesToActive);
        assert_eq!(version.bonding_manager(), (Artifact::BondingManagerPartial, Some(17)));
    }
}
