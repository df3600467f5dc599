//! A chain of one process: an EVM that makes a block per transaction, and an endpoint for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};

use alloy::consensus::TxEnvelope;
use alloy::consensus::transaction::SignerRecoverable;
use alloy::eips::eip2718::Decodable2718;
use alloy::primitives::{Address, B256, Bytes, Log, TxKind, U256, keccak256};
use alloy::providers::{Provider, ProviderBuilder};
use alloy::rpc::client::RpcClient;
use alloy::rpc::json_rpc::{ErrorPayload, Id, RequestPacket, Response, ResponsePacket, ResponsePayload};
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::SolCall;
use alloy::transports::{BoxFuture, TransportError};
use revm::context::TxEnv;
use revm::context::result::{ExecutionResult, Output};
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;
use revm::{Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext};
use serde_json::{Value, json};
use weir_contracts::Revert;

/// Gas of a transaction whose sender does not say.
pub const GAS: u64 = 10_000_000;
const CALL_GAS: u64 = 200_000_000;
const BLOCK_SECONDS: u64 = 12;
const GENESIS_TIME: u64 = 1_700_000_000;
pub const CHAIN_ID: u64 = 31_337;

/// What a transaction did.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub success: bool,
    /// Return data, or the data of the revert.
    pub output: Bytes,
    pub logs: Vec<Log>,
    pub created: Option<Address>,
    pub gas_used: u64,
    /// Why the EVM stopped, if it was neither an end nor a revert.
    pub halt: Option<String>,
}

/// An EVM with Cancun rules, gas for nothing, and any sender.
#[derive(Debug, Clone)]
pub struct Chain {
    pub db: CacheDB<EmptyDB>,
    pub number: u64,
}

impl Chain {
    pub fn new() -> Self {
        Self { db: CacheDB::new(EmptyDB::default()), number: 0 }
    }

    pub fn fund(&mut self, who: Address, wei: U256) {
        let mut info = self.account(who);
        info.balance = wei;
        self.db.insert_account_info(who, info);
    }

    pub fn account(&self, who: Address) -> AccountInfo {
        self.db.cache.accounts.get(&who).map(|a| a.info.clone()).unwrap_or_default()
    }

    pub fn balance(&self, who: Address) -> U256 {
        self.account(who).balance
    }

    pub fn mine(&mut self, blocks: u64) {
        self.number += blocks;
    }

    /// A transaction in the current block.
    pub fn execute(&mut self, from: Address, to: TxKind, data: Bytes, value: U256, gas: u64) -> Outcome {
        let result = self.run(from, to, data, value, gas, true);
        outcome(result)
    }

    /// A call that leaves no trace.
    pub fn view(&mut self, to: Address, data: Bytes) -> Result<Bytes, Bytes> {
        let done = outcome(self.run(Address::ZERO, to.into(), data, U256::ZERO, CALL_GAS, false));
        assert!(done.halt.is_none(), "call of {to} halted: {:?}", done.halt);
        if done.success { Ok(done.output) } else { Err(done.output) }
    }

    fn run(&mut self, from: Address, to: TxKind, data: Bytes, value: U256, gas: u64, keep: bool) -> ExecutionResult {
        let number = self.number;
        let nonce = self.account(from).nonce;
        let mut evm = Context::mainnet()
            .with_db(&mut self.db)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::CANCUN);
                cfg.chain_id = CHAIN_ID;
                cfg.disable_nonce_check = true;
                cfg.disable_eip3607 = true;
            })
            .modify_block_chained(|block| {
                block.number = U256::from(number);
                block.timestamp = U256::from(GENESIS_TIME + BLOCK_SECONDS * number);
                block.gas_limit = 1_000_000_000;
                block.basefee = 0;
            })
            .build_mainnet();
        let tx = TxEnv::builder()
            .caller(from)
            .kind(to)
            .data(data)
            .value(value)
            .gas_limit(gas)
            .gas_price(0)
            .nonce(nonce)
            .chain_id(Some(CHAIN_ID))
            .build()
            .expect("a legacy transaction");
        if keep {
            evm.transact_commit(tx).expect("an executable transaction")
        } else {
            evm.transact(tx).expect("an executable call").result
        }
    }

    /// A call of a contract function in a block of its own.
    pub fn send<C: SolCall>(&mut self, from: Address, to: Address, call: &C) -> Result<Outcome, Revert> {
        self.pay(from, to, call, U256::ZERO)
    }

    /// The same with ETH.
    pub fn pay<C: SolCall>(&mut self, from: Address, to: Address, call: &C, value: U256) -> Result<Outcome, Revert> {
        self.mine(1);
        let done = self.execute(from, to.into(), call.abi_encode().into(), value, GAS);
        assert!(done.halt.is_none(), "{} halted: {:?}", C::SIGNATURE, done.halt);
        if done.success { Ok(done) } else { Err(Revert::decode(&done.output)) }
    }

    /// What a view function returns.
    pub fn read<C: SolCall>(&mut self, to: Address, call: &C) -> C::Return {
        let data = self
            .view(to, call.abi_encode().into())
            .unwrap_or_else(|data| panic!("{} reverted: {}", C::SIGNATURE, Revert::decode(&data)));
        C::abi_decode_returns(&data).unwrap_or_else(|e| panic!("{} returned {data}: {e}", C::SIGNATURE))
    }
}

fn outcome(result: ExecutionResult) -> Outcome {
    let gas_used = result.tx_gas_used();
    match result {
        ExecutionResult::Success { logs, output, .. } => {
            let (output, created) = match output {
                Output::Call(data) => (data, None),
                Output::Create(code, address) => (code, address),
            };
            Outcome { success: true, output, logs, created, gas_used, halt: None }
        }
        ExecutionResult::Revert { output, .. } => {
            Outcome { success: false, output, logs: Vec::new(), created: None, gas_used, halt: None }
        }
        ExecutionResult::Halt { reason, .. } => Outcome {
            success: false,
            output: Bytes::new(),
            logs: Vec::new(),
            created: None,
            gas_used,
            halt: Some(format!("{reason:?}")),
        },
    }
}

#[derive(Debug)]
struct Node {
    chain: Chain,
    /// Whether a transaction gets its block at once.
    at_once: bool,
    queue: Vec<(B256, TransactionRequest)>,
    receipts: BTreeMap<B256, Value>,
    sent: u64,
}

/// An endpoint that sends for any account.
#[derive(Debug, Clone)]
pub struct Endpoint(Arc<Mutex<Node>>);

impl Endpoint {
    pub fn new(chain: Chain, at_once: bool) -> Self {
        Self(Arc::new(Mutex::new(Node { chain, at_once, queue: Vec::new(), receipts: BTreeMap::new(), sent: 0 })))
    }

    pub fn provider(&self) -> impl Provider + Clone + use<> {
        ProviderBuilder::new().disable_recommended_fillers().connect_client(RpcClient::new(self.clone(), true))
    }

    /// The chain, when no provider is left.
    pub fn into_chain(self) -> Chain {
        Arc::into_inner(self.0).expect("no provider is left").into_inner().expect("no panic under the lock").chain
    }
}

impl Node {
    fn answer(&mut self, method: &str, params: &Value) -> Result<Value, String> {
        match method {
            "eth_getTransactionCount" => {
                let who: Address = serde_json::from_value(params[0].clone()).map_err(|e| e.to_string())?;
                Ok(json!(format!("{:#x}", self.chain.account(who).nonce)))
            }
            "eth_sendTransaction" => {
                let tx: TransactionRequest = serde_json::from_value(params[0].clone()).map_err(|e| e.to_string())?;
                self.sent += 1;
                let hash = keccak256(self.sent.to_be_bytes());
                self.queue.push((hash, tx));
                if self.at_once {
                    self.mine()?;
                }
                Ok(json!(hash))
            }
            "eth_sendRawTransaction" => {
                let raw: Bytes = serde_json::from_value(params[0].clone()).map_err(|e| e.to_string())?;
                let tx = TxEnvelope::decode_2718(&mut raw.as_ref()).map_err(|e| e.to_string())?;
                let hash = *tx.tx_hash();
                let from = tx.recover_signer().map_err(|e| e.to_string())?;
                let mut request = TransactionRequest::from_transaction(tx);
                request.from = Some(from);
                self.queue.push((hash, request));
                if self.at_once {
                    self.mine()?;
                }
                Ok(json!(hash))
            }
            "eth_chainId" => Ok(json!(format!("{CHAIN_ID:#x}"))),
            "eth_gasPrice" => Ok(json!("0x0")),
            "evm_mine" => self.mine().map(|()| json!("0x0")),
            "eth_getTransactionReceipt" => {
                let hash: B256 = serde_json::from_value(params[0].clone()).map_err(|e| e.to_string())?;
                Ok(self.receipts.get(&hash).cloned().unwrap_or(Value::Null))
            }
            other => Err(format!("no method {other}")),
        }
    }

    fn mine(&mut self) -> Result<(), String> {
        self.chain.mine(1);
        for (hash, tx) in std::mem::take(&mut self.queue) {
            let from = tx.from.ok_or("no sender")?;
            let nonce = self.chain.account(from).nonce;
            if tx.nonce.is_some_and(|n| n != nonce) {
                return Err(format!("nonce {:?} instead of {nonce}", tx.nonce));
            }
            let data = tx.input.input().cloned().unwrap_or_default();
            let kind = tx.to.unwrap_or(TxKind::Create);
            let gas = tx.gas.unwrap_or(GAS);
            let done = self.chain.execute(from, kind, data, tx.value.unwrap_or_default(), gas);
            let receipt = json!({
                "transactionHash": hash,
                "transactionIndex": "0x0",
                "blockHash": keccak256(hash),
                "blockNumber": format!("{:#x}", self.chain.number),
                "from": from,
                "to": kind.to(),
                "contractAddress": done.created,
                "cumulativeGasUsed": format!("{:#x}", done.gas_used),
                "gasUsed": format!("{:#x}", done.gas_used),
                "effectiveGasPrice": "0x0",
                "logs": [],
                "logsBloom": format!("0x{}", "0".repeat(512)),
                "status": if done.success { "0x1" } else { "0x0" },
                "type": "0x0",
            });
            self.receipts.insert(hash, receipt);
        }
        Ok(())
    }
}

impl tower::Service<RequestPacket> for Endpoint {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = BoxFuture<'static, Result<ResponsePacket, TransportError>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let mut node = self.0.lock().expect("no panic under the lock");
        let mut one = |request: alloy::rpc::json_rpc::SerializedRequest| {
            let params: Value = request
                .params()
                .map(|p| serde_json::from_str(p.get()).expect("parameters are JSON"))
                .unwrap_or(Value::Null);
            let payload = match node.answer(request.method(), &params) {
                Ok(value) => {
                    ResponsePayload::Success(serde_json::value::to_raw_value(&value).expect("a value is JSON"))
                }
                Err(message) => {
                    ResponsePayload::Failure(ErrorPayload { code: -32_000, message: message.into(), data: None })
                }
            };
            let id: Id = request.id().clone();
            Response { id, payload }
        };
        let response = match packet {
            RequestPacket::Single(request) => ResponsePacket::Single(one(request)),
            RequestPacket::Batch(requests) => ResponsePacket::Batch(requests.into_iter().map(one).collect()),
        };
        Box::pin(async move { Ok(response) })
    }
}
