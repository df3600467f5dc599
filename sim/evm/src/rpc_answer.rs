//! JSON forms of blocks, transactions, receipts and errors.

use alloy::consensus::transaction::Recovered;
use alloy::consensus::{Receipt as ConsensusReceipt, ReceiptEnvelope, ReceiptWithBloom, TxEnvelope, TxReceipt};
use alloy::primitives::{Log as PlainLog, U256};
use alloy::rpc::json_rpc::ErrorPayload;
use alloy::rpc::types::{Block as RpcBlock, BlockTransactions, Header, Log, Transaction, TransactionReceipt};
use serde_json::Value;

use crate::block::Block;
use crate::error::{CallError, PastError, SubmitError, UnknownSnapshot};
use crate::fork::ForkError;
use crate::inner::Inner;
use crate::ledger::Mined;
use crate::receipt::Receipt;

/// A JSON-RPC failure.
#[derive(Debug)]
pub(crate) struct RpcError(pub(crate) ErrorPayload);

impl RpcError {
    /// An error of the server's, with geth's code for all of them.
    pub(crate) fn server(message: String) -> Self {
        Self(ErrorPayload { code: -32000, message: message.into(), data: None })
    }

    pub(crate) fn params(message: String) -> Self {
        Self(ErrorPayload { code: -32602, message: message.into(), data: None })
    }

    pub(crate) fn no_method(method: &str) -> Self {
        let message = format!("the method {method} does not exist/is not available");
        Self(ErrorPayload { code: -32601, message: message.into(), data: None })
    }
}

impl From<SubmitError> for RpcError {
    fn from(e: SubmitError) -> Self {
        Self::server(e.to_string())
    }
}

impl From<PastError> for RpcError {
    fn from(e: PastError) -> Self {
        match e {
            // What geth says, and clients look for.
            PastError::Unknown { .. } => Self::server("header not found".to_owned()),
            PastError::Pruned { .. } => Self::server(e.to_string()),
        }
    }
}

impl From<Box<ForkError>> for RpcError {
    fn from(e: Box<ForkError>) -> Self {
        Self::server(e.to_string())
    }
}

impl From<UnknownSnapshot> for RpcError {
    fn from(e: UnknownSnapshot) -> Self {
        Self::server(e.to_string())
    }
}

impl From<serde_json::Error> for RpcError {
    fn from(e: serde_json::Error) -> Self {
        Self(ErrorPayload { code: -32603, message: e.to_string().into(), data: None })
    }
}

impl From<CallError> for RpcError {
    fn from(e: CallError) -> Self {
        let message = e.to_string().into();
        match e {
            CallError::Reverted { data, .. } => {
                let data = serde_json::value::to_raw_value(&data).ok();
                Self(ErrorPayload { code: 3, message, data })
            }
            _ => Self(ErrorPayload { code: -32000, message, data: None }),
        }
    }
}

/// Adds a field that alloy's Ethereum types do not have.
fn with(mut value: Value, name: &str, number: u64) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.insert(name.to_owned(), Value::String(format!("{number:#x}")));
    }
    value
}

/// A block, with Arbitrum's `l1BlockNumber`.
pub(crate) fn block(inner: &Inner, block: &Block, full: bool) -> Result<Value, RpcError> {
    let transactions = if full {
        let all = block.transactions.iter().filter_map(|h| inner.mined(*h));
        BlockTransactions::Full(all.map(|m| mined_tx(inner, m)).collect())
    } else {
        BlockTransactions::Hashes(block.transactions.clone())
    };
    let header = Header {
        hash: block.hash,
        inner: block.header.clone(),
        total_difficulty: None,
        size: Some(U256::from(block.header.size())),
    };
    let value = serde_json::to_value(RpcBlock { header, uncles: Vec::new(), transactions, withdrawals: None })?;
    Ok(with(value, "l1BlockNumber", block.l1_block_number))
}

/// A transaction in a block.
pub(crate) fn mined_tx(inner: &Inner, mined: &Mined) -> Transaction {
    let r = &mined.receipt;
    Transaction {
        inner: Recovered::clone(&mined.tx),
        block_hash: Some(r.block_hash),
        block_number: Some(r.block_number),
        transaction_index: Some(r.tx_index),
        effective_gas_price: Some(r.effective_gas_price),
        block_timestamp: inner.block(r.block_number).map(|b| b.header.timestamp),
    }
}

/// A transaction that waits.
pub(crate) const fn pending_tx(tx: Recovered<TxEnvelope>) -> Transaction {
    Transaction {
        inner: tx,
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: None,
        block_timestamp: None,
    }
}

/// A receipt, with Arbitrum's `l1BlockNumber` and `gasUsedForL1`.
pub(crate) fn receipt(r: &Receipt) -> Result<Value, RpcError> {
    let logs: Vec<Log> = r.logs.iter().map(|l| Log::clone(l)).collect();
    let plain: Vec<PlainLog> = logs.iter().map(|l| l.inner.clone()).collect();
    let bloom =
        ConsensusReceipt { status: r.success.into(), cumulative_gas_used: r.cumulative_gas_used, logs: plain }.bloom();
    let inner = ReceiptWithBloom {
        receipt: ConsensusReceipt { status: r.success.into(), cumulative_gas_used: r.cumulative_gas_used, logs },
        logs_bloom: bloom,
    };
    let inner = match r.tx_type {
        0 => ReceiptEnvelope::Legacy(inner),
        1 => ReceiptEnvelope::Eip2930(inner),
        _ => ReceiptEnvelope::Eip1559(inner),
    };
    let value = serde_json::to_value(TransactionReceipt {
        inner,
        transaction_hash: r.tx_hash,
        transaction_index: Some(r.tx_index),
        block_hash: Some(r.block_hash),
        block_number: Some(r.block_number),
        gas_used: r.gas_used,
        effective_gas_price: r.effective_gas_price,
        blob_gas_used: None,
        blob_gas_price: None,
        from: r.from,
        to: r.to,
        contract_address: r.contract_address,
    })?;
    Ok(with(with(value, "l1BlockNumber", r.l1_block_number), "gasUsedForL1", r.gas_used_for_l1))
}
