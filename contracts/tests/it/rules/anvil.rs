//! The rules on Anvil.

use alloy::primitives::{Address, B256, Bytes, Log, TxKind, U256};
use serde_json::{Value, json};
use weir_anvil::{AnvilError, Options};

use super::evm::{Evm, Receipt};
use crate::chain::{BLOCK_SECONDS, CHAIN_ID, GAS, GENESIS_TIME};

/// A chain of its own, gone with the value.
pub struct Anvil {
    chain: weir_anvil::Anvil,
    marked: Value,
}

/// Whether there is an Anvil to play on.
pub fn is_here() -> bool {
    weir_anvil::is_here().is_some()
}

fn must<T>(done: Result<T, AnvilError>) -> T {
    done.unwrap_or_else(|error| panic!("{error}"))
}

impl Anvil {
    pub fn start(height: u64) -> Self {
        let options = Options {
            chain_id: CHAIN_ID,
            number: height,
            timestamp: Some(GENESIS_TIME + BLOCK_SECONDS * height),
            block_seconds: BLOCK_SECONDS,
            ..Options::default()
        };
        let program = must(weir_anvil::find(None));
        Self { chain: must(weir_anvil::Anvil::start(&program, options)), marked: Value::Null }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        must(self.chain.ask(method, params))
    }
}

impl Evm for Anvil {
    fn transact(&mut self, from: Address, to: TxKind, data: Bytes, value: U256) -> Receipt {
        let mut tx = json!({
            "from": from,
            "data": data,
            "value": value,
            "gas": format!("{GAS:#x}"),
            "gasPrice": "0x0",
        });
        if let TxKind::Call(to) = to {
            tx["to"] = json!(to);
        }
        let hash = self.ask("eth_sendTransaction", json!([tx]));
        let mut blocks = self.ask("evm_mine_detailed", json!([]));
        let mut receipt = self.ask("eth_getTransactionReceipt", json!([hash]));
        let success = receipt["status"] == "0x1";
        let output = blocks[0]["transactions"][0]["output"].take();
        assert!(success || !output.is_null(), "transaction to {to:?} halted: {receipt}");
        let logs = receipt["logs"].as_array_mut().map(std::mem::take).unwrap_or_default();
        Receipt {
            success,
            output: serde_json::from_value(output).unwrap_or_default(),
            logs: logs.into_iter().map(|log| serde_json::from_value::<Log>(log).expect("a log")).collect(),
            created: serde_json::from_value(receipt["contractAddress"].take()).expect("an address or none"),
        }
    }

    fn call(&mut self, to: Address, data: Bytes) -> Result<Bytes, Bytes> {
        must(self.chain.call(to, &data))
    }

    fn number(&mut self) -> u64 {
        must(self.chain.number())
    }

    fn mine(&mut self, blocks: u64) {
        must(self.chain.mine(blocks));
    }

    fn block_hash(&mut self, number: u64) -> B256 {
        must(self.chain.block_hash(number))
    }

    fn nonce(&mut self, who: Address) -> u64 {
        must(self.chain.nonce(who))
    }

    fn balance(&mut self, who: Address) -> U256 {
        must(self.chain.balance(who))
    }

    fn set_balance(&mut self, who: Address, wei: U256) {
        must(self.chain.set_balance(who, wei));
    }

    fn storage(&mut self, who: Address, slot: U256) -> U256 {
        must(self.chain.storage(who, slot))
    }

    fn set_storage(&mut self, who: Address, slot: U256, value: U256) {
        must(self.chain.set_storage(who, slot, value));
    }

    fn time(&mut self) -> u64 {
        must(self.chain.time())
    }

    fn mark(&mut self) {
        self.marked = must(self.chain.snapshot());
    }

    fn rewind(&mut self) {
        let marked = self.marked.take();
        must(self.chain.revert(&marked));
        // Going back uses a mark up.
        self.mark();
    }
}
