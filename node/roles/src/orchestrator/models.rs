//! The models of an orchestrator, and how much of each is in use.

use std::collections::BTreeMap;

use weir_market::price::ModelKey;
use weir_wire::Capability;

use super::desk::Subject;
use crate::io::{ModelOffer, Rate, Refusal};
use crate::job::price_request;

/// Where the accounts of models begin: below are those of sessions, whose names have 32 bits on the wire.
const ACCOUNTS: u64 = 1 << 32;

struct Model {
    offer: ModelOffer,
    subject: Subject,
    in_use: u64,
}

#[derive(Default)]
pub(super) struct Models {
    models: BTreeMap<ModelKey, Model>,
}

impl Models {
    pub(super) fn new(offers: BTreeMap<ModelKey, ModelOffer>) -> Self {
        let model = |(account, (key, offer)): (u64, (ModelKey, ModelOffer))| {
            let subject = Subject { wants: price_request(&key), account };
            (key, Model { offer, subject, in_use: 0 })
        };
        Self { models: (ACCOUNTS..).zip(offers).map(model).collect() }
    }

    /// Changes how many of each there are. One that was offered before keeps its account; work that is beyond the new
    /// number goes on.
    pub(super) fn set_capacities(&mut self, capacities: &BTreeMap<ModelKey, u64>) {
        for m in self.models.values_mut() {
            m.offer.capacity = 0;
        }
        for (key, capacity) in capacities {
            let account = ACCOUNTS + self.models.len() as u64;
            let fresh = || Model {
                offer: ModelOffer { capacity: 0, warm: true, rate: Rate::default() },
                subject: Subject { wants: price_request(key), account },
                in_use: 0,
            };
            self.models.entry(key.clone()).or_insert_with(fresh).offer.capacity = *capacity;
        }
    }

    pub(super) fn subject(&self, key: &ModelKey) -> Option<&Subject> {
        self.models.get(key).map(|m| &m.subject)
    }

    pub(super) fn is_warm(&self, key: &ModelKey) -> bool {
        self.models.get(key).is_some_and(|m| m.offer.warm)
    }

    pub(super) fn rate(&self, key: &ModelKey) -> Rate {
        self.models.get(key).map_or_else(Rate::default, |m| m.offer.rate)
    }

    pub(super) fn in_use(&self, key: &ModelKey) -> u64 {
        self.models.get(key).map_or(0, |m| m.in_use)
    }

    /// Whether a gateway that asks for an offer gets one. For single requests it does while all places are taken, since
    /// they are soon free again; a live session would wait for long.
    pub(super) fn check_offer(&self, key: &ModelKey, ignore_capacity: bool) -> Result<(), String> {
        let Some(m) = self.models.get(key).filter(|m| m.offer.capacity > 0) else {
            return Err("model is not offered".to_owned());
        };
        let live = key.capability == Capability::LIVE_VIDEO_TO_VIDEO.0;
        let full = live && !ignore_capacity && m.in_use >= m.offer.capacity;
        if full { Err("OrchestratorCapped".to_owned()) } else { Ok(()) }
    }

    /// Takes a place of a model.
    pub(super) fn reserve(&mut self, key: &ModelKey) -> Result<(), Refusal> {
        match self.models.get_mut(key) {
            Some(m) if m.in_use < m.offer.capacity => {
                m.in_use += 1;
                Ok(())
            }
            _ => Err(Refusal::Capacity("insufficient capacity".to_owned())),
        }
    }

    /// Gives a place back.
    pub(super) fn free(&mut self, key: &ModelKey) {
        if let Some(m) = self.models.get_mut(key) {
            m.in_use = m.in_use.saturating_sub(1);
        }
    }
}
