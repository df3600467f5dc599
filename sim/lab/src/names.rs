//! Names and keys of actors.

use std::collections::BTreeMap;

use weir_kernel::Streams;
use weir_ticket::SigningKey;
use weir_types::Address;

/// Name of the `i`-th of `n` actors of a kind, zero-padded so that names sort by number.
#[must_use]
pub(crate) fn numbered(kind: &str, i: usize, n: usize) -> String {
    let width = n.to_string().len().max(2);
    format!("{kind}-{:0width$}", i + 1)
}

/// An actor's key, drawn from its own stream so that more actors shift no other's key.
#[must_use]
pub(crate) fn key(streams: &Streams, name: &str) -> SigningKey {
    let mut rng = streams.stream(name, "key");
    loop {
        // A word that is no key (zero or beyond the curve's order) is as likely as a hash collision.
        if let Ok(k) = SigningKey::from_bytes(rng.word().to_be_bytes()) {
            return k;
        }
    }
}

/// Names by address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(BTreeMap<Address, String>);

impl Names {
    /// Give an address a name.
    pub(crate) fn insert(&mut self, address: Address, name: String) {
        self.0.insert(address, name);
    }

    /// The name, or the address in words.
    #[must_use]
    pub(crate) fn of(&self, address: &Address) -> String {
        self.0.get(address).cloned().unwrap_or_else(|| address.to_string())
    }

    /// All of them.
    #[must_use]
    pub(crate) const fn map(&self) -> &BTreeMap<Address, String> {
        &self.0
    }
}
