//! Transactions on Anvil, and what came of them on either chain, in one shape.

use alloy::primitives::{Address, Bytes, Log, U256};
use serde_json::{Value, json};
use weir_anvil::Anvil;
use weir_evm::Receipt;

/// What a transaction came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) success: bool,
    /// Gas of the execution.
    pub(crate) gas: u64,
    pub(crate) created: Option<Address>,
    pub(crate) logs: Vec<Log>,
}

impl Outcome {
    pub(crate) fn ours(receipt: &Receipt) -> Self {
        Self {
            success: receipt.success,
            gas: receipt.gas_used - receipt.gas_used_for_l1,
            created: receipt.contract_address,
            logs: receipt.logs.iter().map(|log| log.inner.clone()).collect(),
        }
    }

    pub(crate) fn theirs(receipt: &Value) -> Self {
        let success = receipt["status"] == "0x1";
        let created: Option<Address> =
            serde_json::from_value(receipt["contractAddress"].clone()).expect("an address or none");
        let log = |log: &Value| serde_json::from_value(log.clone()).expect("a log");
        Self {
            success,
            gas: number(&receipt["gasUsed"]),
            // Anvil tells where a contract would have been, too.
            created: created.filter(|_| success),
            logs: receipt["logs"].as_array().expect("a list").iter().map(log).collect(),
        }
    }
}

pub(crate) fn number(value: &Value) -> u64 {
    serde_json::from_value::<U256>(value.clone()).expect("a number").to()
}

/// Sends for anybody, at a price. One by one: requests in flight together overtake each other.
pub(crate) fn send(anvil: &mut Anvil, from: Address, to: Option<Address>, value: U256, data: &Bytes, gas: u64) {
    let price = anvil.options().base_fee;
    let mut tx = json!({
        "from": from,
        "value": value,
        "data": data,
        "gas": format!("{gas:#x}"),
        "gasPrice": format!("{price:#x}"),
    });
    if let Some(to) = to {
        tx["to"] = json!(to);
    }
    anvil.ask("eth_sendTransaction", json!([tx])).unwrap_or_else(|e| panic!("{tx}: {e}"));
}

/// Makes a block of what waits, at the price that the chain began with, and gives its receipts.
pub(crate) fn mine(anvil: &mut Anvil, number: u64) -> Vec<Value> {
    let price = anvil.options().base_fee;
    anvil.ask("anvil_setNextBlockBaseFeePerGas", json!([format!("{price:#x}")])).expect("Anvil takes it");
    anvil.mine(1).expect("Anvil mines");
    let receipts = anvil.ask("eth_getBlockReceipts", json!([format!("{number:#x}")])).expect("Anvil answers");
    serde_json::from_value(receipts).expect("a list")
}
