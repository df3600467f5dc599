//! A session with an orchestrator, as selection and payment see it.

use weir_market::price::stake_to_fixed;
use weir_market::selection::Offer;
use weir_types::{Address, LptWei, Price};

use crate::io::{OrchestratorInfo, Peer};

/// What an orchestrator offered, with what the chain says of it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Address of its service.
    pub uri: String,
    /// Endpoint behind it.
    pub peer: Peer,
    /// The offer as last received.
    pub info: OrchestratorInfo,
    /// Price at the session's start: an orchestrator that more than doubles it is dropped.
    pub first_price: Price,
    stake: u64,
}

impl Session {
    /// A session of an offer.
    #[must_use]
    pub fn new(uri: String, peer: Peer, info: OrchestratorInfo, stake: LptWei) -> Self {
        Self { uri, peer, first_price: info.price.clone(), stake: stake_to_fixed(stake), info }
    }

    /// The session with a newer offer.
    #[must_use]
    pub fn renewed(&self, info: OrchestratorInfo) -> Self {
        Self { info, ..self.clone() }
    }
}

impl Offer for Session {
    fn uri(&self) -> &str {
        &self.uri
    }

    fn recipient(&self) -> Option<Address> {
        self.info.ticket_params.as_ref().map(|p| p.recipient)
    }

    fn price(&self) -> Option<&Price> {
        Some(&self.info.price)
    }

    fn stake(&self) -> u64 {
        self.stake
    }
}
