//! How much a node with its workers can do at once.

use std::collections::BTreeMap;

use weir_wire::net;
use weir_wire::{Bits, Capability};

/// Sums of what workers bring, by capability.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capacities {
    counts: BTreeMap<Capability, u32>,
    bits: Bits,
}

impl Capacities {
    /// What a message says; one without counts says one of each.
    #[must_use]
    pub fn of(message: &net::Capabilities) -> Self {
        let bits = Bits(message.bitstring.clone());
        let counts = match message.capacities.is_empty() {
            true => bits.iter().map(|c| (c, 1)).collect(),
            false => message.capacities.iter().map(|(c, n)| (Capability(*c), *n)).collect(),
        };
        Self { counts, bits }
    }

    /// One of each.
    #[must_use]
    pub fn one_of(all: impl IntoIterator<Item = Capability>) -> Self {
        let bits: Bits = all.into_iter().collect();
        Self { counts: bits.iter().map(|c| (c, 1)).collect(), bits }
    }

    /// A worker comes.
    pub fn add(&mut self, other: &BTreeMap<Capability, u32>) {
        for (c, n) in other {
            let count = self.counts.entry(*c).or_default();
            *count = count.saturating_add(*n);
            self.bits.insert(*c);
        }
    }

    /// A worker goes. What nobody is left for is no longer a capability.
    pub fn remove(&mut self, other: &BTreeMap<Capability, u32>) {
        for (c, n) in other {
            let Some(count) = self.counts.get_mut(c) else { continue };
            *count = count.saturating_sub(*n);
            if *count == 0 {
                self.counts.remove(c);
                self.bits.remove(*c);
            }
        }
    }

    /// Counts by capability.
    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<Capability, u32> {
        &self.counts
    }

    /// The capabilities.
    #[must_use]
    pub const fn bits(&self) -> &Bits {
        &self.bits
    }
}
