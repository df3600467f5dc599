//! A session with an orchestrator, as selection and payment see it.

use std::sync::Arc;

use weir_market::price::stake_to_fixed;
use weir_market::selection::Offer;
use weir_types::{Address, LptWei, Millis, Price};

use crate::io::{OrchestratorInfo, Peer};

/// What an orchestrator offered, with what the chain says of it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Address of its service.
    pub uri: Arc<str>,
    /// Endpoint behind it.
    pub peer: Peer,
    /// The offer as last received.
    pub info: OrchestratorInfo,
    /// Price at the session's start: an orchestrator that more than doubles it is dropped.
    pub first_price: Price,
    stake: u64,
    latency: Millis,
    success: Option<f64>,
    performance: Option<f64>,
}

/// How an orchestrator's jobs went, over all streams.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Served {
    pub(super) good: u64,
    pub(super) failed: u64,
}

impl Served {
    /// Share of jobs that went well, when there were any.
    fn success(self) -> Option<f64> {
        let all = self.good.saturating_add(self.failed);
        (all > 0).then(|| self.good as f64 / all as f64)
    }
}

impl Session {
    /// A session of an offer.
    #[must_use]
    pub fn new(uri: impl Into<Arc<str>>, peer: Peer, info: OrchestratorInfo, stake: LptWei) -> Self {
        let (first_price, stake) = (info.price.clone(), stake_to_fixed(stake));
        Self { uri: uri.into(), peer, first_price, stake, info, latency: Millis(0), success: None, performance: None }
    }

    /// With the time that the offer took, how earlier jobs went, and its score.
    #[must_use]
    pub(super) fn known(self, latency: Millis, served: Option<Served>, performance: Option<f64>) -> Self {
        Self { latency, success: served.and_then(Served::success), performance, ..self }
    }

    /// A newly found session of an orchestrator that is known already.
    #[must_use]
    pub(super) fn going_on(&self, known: &Self) -> Self {
        Self { first_price: known.first_price.clone(), ..self.clone() }
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

    fn performance(&self) -> Option<f64> {
        self.performance
    }

    fn first_latency(&self) -> u64 {
        self.latency.0.saturating_mul(1_000)
    }

    fn success_rate(&self) -> Option<f64> {
        self.success
    }
}
