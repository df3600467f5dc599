//! The accounts that act, by number.

use std::collections::HashMap;
use std::sync::LazyLock;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use weir_contracts::Deployment;

use super::Who;
use super::state::Cast;
use crate::deploy::owner;

/// The null address is number 0; the numbers from 1 to this one have keys.
pub const ACTORS: Who = 26;

pub const CAST: Cast = Cast { owner: ACTORS + 1, treasury: ACTORS + 2, verifier: ACTORS + 3, migrator: ACTORS + 4 };

/// All numbers.
pub const ALL: Who = ACTORS + 5;

static KEYS: LazyLock<Vec<PrivateKeySigner>> = LazyLock::new(|| {
    (1..=ACTORS).map(|n| PrivateKeySigner::from_bytes(&B256::repeat_byte(n)).expect("a valid key")).collect()
});

/// The key of an actor.
pub fn key(who: Who) -> &'static PrivateKeySigner {
    &KEYS[usize::from(who) - 1]
}

/// Numbers and addresses.
#[derive(Debug, Clone)]
pub struct Book {
    addresses: Vec<Address>,
    numbers: HashMap<Address, Who>,
}

impl Book {
    pub fn new(d: &Deployment) -> Self {
        let mut addresses = vec![Address::ZERO];
        addresses.extend(KEYS.iter().map(PrivateKeySigner::address));
        addresses.extend([owner(), d.treasury, Address::repeat_byte(0xe1), Address::repeat_byte(0xe2)]);
        let numbers = addresses.iter().enumerate().map(|(n, address)| (*address, n as Who)).collect();
        Self { addresses, numbers }
    }

    pub fn address(&self, who: Who) -> Address {
        self.addresses[usize::from(who)]
    }

    pub fn who(&self, address: Address) -> Who {
        *self.numbers.get(&address).unwrap_or_else(|| panic!("{address} is nobody"))
    }
}
