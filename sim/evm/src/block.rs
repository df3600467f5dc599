//! Blocks.

use alloy::consensus::Header;
use alloy::primitives::B256;

/// A sealed block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its header. The roots of transactions and receipts are hashes over the lists, the state
    /// root is zero: the chain keeps no tries. As on Arbitrum the L1 block number is in the mix
    /// hash.
    pub header: Header,
    /// L2 block hash: the hash of the header.
    pub hash: B256,
    /// L1 block number.
    pub l1_block_number: u64,
    /// Hashes of its transactions.
    pub transactions: Vec<B256>,
}
