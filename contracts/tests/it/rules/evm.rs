//! What a rule is played on: an EVM in this process, or Anvil.

use alloy::primitives::{Address, B256, Bytes, Log, TxKind, U256, keccak256};

use crate::chain::{Chain, GAS};

/// What a transaction did.
#[derive(Debug, Clone)]
pub struct Receipt {
    pub success: bool,
    /// Return data, or the data of the revert.
    pub output: Bytes,
    pub logs: Vec<Log>,
    pub created: Option<Address>,
}

/// A chain that sends for anyone, takes nothing for gas and makes a block per transaction.
pub trait Evm {
    fn transact(&mut self, from: Address, to: TxKind, data: Bytes, value: U256) -> Receipt;
    /// A call that leaves no trace; the revert data if it fails.
    fn call(&mut self, to: Address, data: Bytes) -> Result<Bytes, Bytes>;
    fn number(&mut self) -> u64;
    /// Adds empty blocks.
    fn mine(&mut self, blocks: u64);
    fn block_hash(&mut self, number: u64) -> B256;
    fn nonce(&mut self, who: Address) -> u64;
    fn balance(&mut self, who: Address) -> U256;
    fn set_balance(&mut self, who: Address, wei: U256);
    fn storage(&mut self, who: Address, slot: U256) -> U256;
    fn set_storage(&mut self, who: Address, slot: U256, value: U256);
    /// Seconds since 1970 in the latest block.
    fn time(&mut self) -> u64;
    /// Remembers the present state, in place of the one remembered before.
    fn mark(&mut self);
    /// Back to the remembered state, which stays remembered.
    fn rewind(&mut self);
}

/// The EVM of this process.
pub struct Embedded {
    chain: Chain,
    marked: Option<Chain>,
}

impl Embedded {
    pub fn new(height: u64) -> Self {
        let mut chain = Chain::new();
        chain.mine(height);
        Self { chain, marked: None }
    }
}

fn copy(chain: &Chain) -> Chain {
    Chain { db: chain.db.clone(), number: chain.number }
}

impl Evm for Embedded {
    fn transact(&mut self, from: Address, to: TxKind, data: Bytes, value: U256) -> Receipt {
        self.chain.mine(1);
        let done = self.chain.execute(from, to, data, value, GAS);
        assert!(done.halt.is_none(), "transaction to {to:?} halted: {:?}", done.halt);
        Receipt { success: done.success, output: done.output, logs: done.logs, created: done.created }
    }

    fn call(&mut self, to: Address, data: Bytes) -> Result<Bytes, Bytes> {
        self.chain.view(to, data)
    }

    fn number(&mut self) -> u64 {
        self.chain.number
    }

    fn mine(&mut self, blocks: u64) {
        self.chain.mine(blocks);
    }

    fn block_hash(&mut self, number: u64) -> B256 {
        // The empty database below takes the digits of a number for the block.
        keccak256(number.to_string())
    }

    fn nonce(&mut self, who: Address) -> u64 {
        self.chain.account(who).nonce
    }

    fn balance(&mut self, who: Address) -> U256 {
        self.chain.balance(who)
    }

    fn set_balance(&mut self, who: Address, wei: U256) {
        self.chain.fund(who, wei);
    }

    fn storage(&mut self, who: Address, slot: U256) -> U256 {
        let account = self.chain.db.cache.accounts.get(&who);
        account.and_then(|a| a.storage.get(&slot).copied()).unwrap_or_default()
    }

    fn set_storage(&mut self, who: Address, slot: U256, value: U256) {
        self.chain.db.insert_account_storage(who, slot, value).expect("the database is memory");
    }

    fn time(&mut self) -> u64 {
        crate::chain::GENESIS_TIME + crate::chain::BLOCK_SECONDS * self.chain.number
    }

    fn mark(&mut self) {
        self.marked = Some(copy(&self.chain));
    }

    fn rewind(&mut self) {
        self.chain = copy(self.marked.as_ref().expect("a state was marked"));
    }
}
