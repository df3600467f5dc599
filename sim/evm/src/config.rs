//! What a chain is made with.

use serde::{Deserialize, Serialize};
use weir_types::{Address, Instant, Millis, Wei};

use crate::ordering::Ordering;
use crate::pricing::{GasPricing, PriceSteps};

/// Parameters of an embedded chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainConfig {
    /// Chain id of transactions and of the `CHAINID` opcode.
    pub chain_id: u64,
    /// Unix time, in seconds, of virtual time zero.
    pub genesis_time: u64,
    /// L1 block number at virtual time zero.
    pub l1_start: u64,
    /// Seconds of virtual time from one L1 block to the next; zero counts as one.
    pub l1_block_time_s: u64,
    /// Price of one unit of gas at the start; [`Chain::set_base_fee`](crate::Chain::set_base_fee)
    /// changes it. Prices above 2^64 - 1 wei are held at that.
    pub base_fee: Wei,
    /// How the price of gas moves from there.
    pub gas_pricing: GasPricing,
    /// Price of one unit of gas on L1 at the start: what 1/16 of a byte of a transaction costs. Zero for a
    /// chain without that cost; [`Chain::set_l1_base_fee`](crate::Chain::set_l1_base_fee) changes it.
    pub l1_base_fee: Wei,
    /// The price of gas on L1 from certain times on.
    pub l1_pricing: PriceSteps,
    /// How often the sequencer makes a block of what waits, under [`Chain::run_to`](crate::Chain::run_to).
    pub block_time: Millis,
    /// Most gas a block or a transaction may use.
    pub block_gas_limit: u64,
    /// Account that gets all fees.
    pub fee_account: Address,
    /// Order of transactions in a block.
    pub ordering: Ordering,
    /// How many blocks back from the newest the state is kept, for calls and branches at older blocks.
    pub history_blocks: u64,
    /// How many of the newest blocks are kept with their transactions and logs, for long runs; all if none.
    /// Blocks that the state can go back to are kept in any case.
    pub keep_blocks: Option<u64>,
}

impl Default for ChainConfig {
    fn default() -> Self {
        Self {
            chain_id: 412_346,
            genesis_time: 1_700_000_000,
            l1_start: 18_500_000,
            l1_block_time_s: 12,
            base_fee: Wei::new(100_000_000),
            gas_pricing: GasPricing::Fixed,
            l1_base_fee: Wei::ZERO,
            l1_pricing: PriceSteps::default(),
            block_time: Millis(250),
            block_gas_limit: 1_000_000_000_000,
            fee_account: Address::repeat_byte(0xfe),
            ordering: Ordering::Arrival,
            history_blocks: 0,
            keep_blocks: None,
        }
    }
}

impl ChainConfig {
    /// Block timestamp at a virtual time.
    #[must_use]
    pub const fn timestamp(&self, now: Instant) -> u64 {
        self.genesis_time.saturating_add(now.as_secs())
    }

    /// L1 block number at a virtual time.
    #[must_use]
    pub fn l1_block(&self, now: Instant) -> u64 {
        self.l1_start.saturating_add(now.as_secs() / self.l1_block_time_s.max(1))
    }
}
