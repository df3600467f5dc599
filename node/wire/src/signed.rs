//! What peers sign beside segments and tickets. Each is the hash that goes under the prefix of Ethereum's signed
//! messages.

use weir_types::{Address, B256, keccak256};

/// For a request of a gateway: its own address as text, in mixed case as EIP-55 has it.
#[must_use]
pub fn request(sender: Address) -> B256 {
    keccak256(sender.to_checksum(None))
}

/// For the answer to a ping: the bytes that came.
#[must_use]
pub fn ping(value: &[u8]) -> B256 {
    keccak256(value)
}

/// For finished renditions: their hashes in order.
#[must_use]
pub fn renditions(hashes: impl IntoIterator<Item = B256>) -> B256 {
    keccak256(renditions_message(hashes))
}

/// What is hashed for [`renditions`].
#[must_use]
pub fn renditions_message(hashes: impl IntoIterator<Item = B256>) -> Vec<u8> {
    let mut all = Vec::new();
    hashes.into_iter().for_each(|hash| all.extend_from_slice(hash.as_slice()));
    all
}

/// For a job of a container: what is asked for, and how.
#[must_use]
pub fn job(request: &str, parameters: &str) -> B256 {
    keccak256([request, parameters].concat())
}
