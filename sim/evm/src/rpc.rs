//! JSON-RPC methods.

use std::sync::Arc;

use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256, Bytes, TxKind, U64};
use alloy::rpc::json_rpc::ResponsePayload;
use alloy::rpc::types::{FeeHistory, Filter, FilterBlockOption, TransactionRequest};
use revm::context::TxEnv;
use revm::context_interface::transaction::TransactionType;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use weir_types::Millis;

use crate::block::Block;
use crate::error::SubmitError;
use crate::exec::{self, BlockContext, CALL_GAS, estimate};
use crate::feed::{Changes, Followed};
use crate::inner::{Inner, call_env};
use crate::logs::LogFilter;
use crate::mempool::PoolTx;
use crate::rpc_answer::{self as answers, RpcError};
use crate::seal::Unsigned;
use crate::snapshot::SnapshotId;
use crate::state::State;

type Answer = Result<Box<RawValue>, RpcError>;

/// Most blocks that `eth_feeHistory` looks back.
const FEE_HISTORY: u64 = 1024;

/// Answers a request.
pub(crate) fn answer(chain: &mut Inner, method: &str, params: Option<&RawValue>) -> ResponsePayload {
    match Params::parse(params).and_then(|p| dispatch(chain, method, &p)) {
        Ok(value) => ResponsePayload::Success(value),
        Err(RpcError(e)) => ResponsePayload::Failure(e),
    }
}

/// Parameters by position.
struct Params<'a>(Vec<&'a RawValue>);

impl<'a> Params<'a> {
    fn parse(raw: Option<&'a RawValue>) -> Result<Self, RpcError> {
        match raw.map(RawValue::get) {
            None | Some("null" | "{}") => Ok(Self(Vec::new())),
            Some(text) => {
                serde_json::from_str(text).map(Self).map_err(|e| RpcError::params(format!("params are no list: {e}")))
            }
        }
    }

    /// A parameter that may be left out or null.
    fn opt<T: DeserializeOwned>(&self, at: usize) -> Result<Option<T>, RpcError> {
        let Some(raw) = self.0.get(at) else { return Ok(None) };
        serde_json::from_str(raw.get()).map_err(|e| RpcError::params(format!("invalid argument {at}: {e}")))
    }

    fn get<T: DeserializeOwned>(&self, at: usize) -> Result<T, RpcError> {
        self.opt(at)?.ok_or_else(|| RpcError::params(format!("missing value for required argument {at}")))
    }
}

fn json<T: Serialize>(value: &T) -> Answer {
    Ok(to_raw_value(value)?)
}

fn quantity(n: u64) -> Answer {
    json(&U64::from(n))
}

fn dispatch(chain: &mut Inner, method: &str, p: &Params<'_>) -> Answer {
    match method {
        "eth_call" => {
            let env = request_env(p.get(0)?);
            json(&chain.at(p.opt(1)?, |state, context| exec::call(state, context, env))??.0)
        }
        "eth_estimateGas" => {
            let env = request_env(p.get(0)?);
            quantity(chain.at(p.opt(1)?, |state, context| estimate(state, context, env))??)
        }
        "eth_sendRawTransaction" => {
            let raw: Bytes = p.get(0)?;
            let tx = PoolTx::decode(&raw, chain.config.chain_id)?;
            let hash = chain.submit(tx)?;
            chain.told_failure()?;
            json(&hash)
        }
        "eth_sendTransaction" => chain.send(p.get(0)?),
        "eth_getTransactionReceipt" => match chain.mined(p.get(0)?) {
            Some(m) => json(&answers::receipt(&m.receipt)?),
            None => json(&()),
        },
        "eth_getTransactionByHash" => chain.transaction(p.get(0)?),
        "eth_getLogs" => {
            let filter = chain.filter(&p.get(0)?)?;
            let oldest = chain.ledger.oldest();
            if filter.from_block < oldest {
                // An empty answer would say that there were none.
                return Err(RpcError::server(format!("logs of blocks before {oldest} are not kept")));
            }
            let logs = chain.ledger.logs().find(&filter);
            json(&logs.iter().map(Arc::as_ref).collect::<Vec<_>>())
        }
        _ => read(chain, method, p),
    }
}

fn read(chain: &mut Inner, method: &str, p: &Params<'_>) -> Answer {
    match method {
        "eth_chainId" => quantity(chain.config.chain_id),
        "net_version" => json(&chain.config.chain_id.to_string()),
        "web3_clientVersion" => json(&concat!("weir/", env!("CARGO_PKG_VERSION"))),
        "eth_syncing" => json(&false),
        "eth_accounts" => json(&chain.impersonated),
        "eth_blockNumber" => quantity(chain.newest()),
        "eth_gasPrice" => quantity(chain.base_fee()),
        "eth_maxPriorityFeePerGas" => quantity(0),
        "eth_feeHistory" => {
            let count: U64 = p.get(0)?;
            chain.fee_history(count.to(), p.get(1)?, p.opt(2)?)
        }
        "eth_getBlockByNumber" => {
            let found = chain.number(p.get(0)?).and_then(|n| chain.block(n));
            chain.block_json(found, p.opt(1)?)
        }
        "eth_getBlockByHash" => {
            let number = chain.ledger.number_of(&p.get::<B256>(0)?);
            chain.block_json(number.and_then(|n| chain.block(n)), p.opt(1)?)
        }
        "eth_getBalance" => {
            let who = p.get(0)?;
            json(&chain.at(p.opt(1)?, |state, _| state.account(who))??.unwrap_or_default().balance)
        }
        "eth_getTransactionCount" => {
            let (who, at): (Address, Option<BlockId>) = (p.get(0)?, p.opt(1)?);
            if at.is_some_and(|b| b.is_pending()) {
                chain.state.load(who)?;
                return quantity(chain.pending_nonce(who));
            }
            quantity(chain.at(at, |state, _| state.account(who))??.unwrap_or_default().nonce)
        }
        "eth_getCode" => {
            let who = p.get(0)?;
            let account = chain.at(p.opt(1)?, |state, _| state.account(who))??;
            json(&account.and_then(|account| account.code).map(|code| code.original_bytes()).unwrap_or_default())
        }
        "eth_getStorageAt" => {
            let (who, slot) = (p.get(0)?, p.get(1)?);
            json(&B256::from(chain.at(p.opt(2)?, |state, _| state.slot(who, slot))??))
        }
        _ => follow(chain, method, p),
    }
}

/// Filters that are asked now and then.
fn follow(chain: &mut Inner, method: &str, p: &Params<'_>) -> Answer {
    let gone = || RpcError::server("filter not found".to_owned());
    let id = || p.get::<U64>(0).map(|id| id.to::<u64>());
    match method {
        "eth_newFilter" => {
            let filter = chain.filter(&p.get(0)?)?;
            quantity(chain.follow(Followed::Logs(filter)))
        }
        "eth_newBlockFilter" => quantity(chain.follow(Followed::Blocks)),
        "eth_newPendingTransactionFilter" => quantity(chain.follow(Followed::Pending)),
        "eth_getFilterChanges" => match chain.feed.changes(id()?, &chain.ledger).ok_or_else(gone)? {
            Changes::Hashes(hashes) => json(&hashes),
            Changes::Logs(logs) => json(&logs.iter().map(Arc::as_ref).collect::<Vec<_>>()),
        },
        "eth_getFilterLogs" => {
            let logs = chain.feed.all_logs(id()?, &chain.ledger).ok_or_else(gone)?;
            json(&logs.iter().map(Arc::as_ref).collect::<Vec<_>>())
        }
        "eth_uninstallFilter" => json(&chain.feed.drop_filter(id()?)),
        "eth_subscribe" | "eth_unsubscribe" => {
            Err(RpcError::server("notifications not supported: connect by WebSocket".to_owned()))
        }
        _ => control(chain, method, p),
    }
}

/// What a subscription's parameters ask for.
pub(crate) fn subscription(chain: &Inner, params: Option<&RawValue>) -> Result<Followed, RpcError> {
    let p = Params::parse(params)?;
    match p.get::<String>(0)?.as_str() {
        "newHeads" => Ok(Followed::Blocks),
        "newPendingTransactions" => Ok(Followed::Pending),
        "logs" => {
            let filter: Filter = p.opt(1)?.unwrap_or_default();
            // A subscription is to what comes, whatever blocks the filter names.
            let filter = chain.filter(&Filter { block_option: FilterBlockOption::default(), ..filter })?;
            Ok(Followed::Logs(LogFilter { from_block: 0, to_block: u64::MAX, ..filter }))
        }
        other => Err(RpcError::params(format!("no subscription to {other}"))),
    }
}

/// A block as a subscription tells it: its header.
pub(crate) fn head(chain: &Inner, block: &Block) -> Value {
    let mut value = answers::block(chain, block, false).unwrap_or_default();
    if let Some(map) = value.as_object_mut() {
        for name in ["transactions", "uncles", "size", "withdrawals"] {
            map.remove(name);
        }
    }
    value
}

/// Methods of development chains.
fn control(chain: &mut Inner, method: &str, p: &Params<'_>) -> Answer {
    match method {
        "evm_mine" => {
            chain.seal(usize::MAX);
            chain.told_failure()?;
            quantity(0)
        }
        "anvil_mine" | "hardhat_mine" => {
            let (blocks, seconds): (Option<U64>, Option<U64>) = (p.opt(0)?, p.opt(1)?);
            let seconds = seconds.map_or(1, |s| s.to::<u64>());
            for _ in 0..blocks.map_or(1, |b| b.to::<u64>()) {
                chain.now = chain.now + Millis::from_secs(seconds);
                chain.seal(usize::MAX);
                chain.told_failure()?;
            }
            json(&())
        }
        "evm_snapshot" => quantity(chain.take_snapshot().0),
        "evm_revert" => {
            let id: U64 = p.get(0)?;
            json(&chain.revert_to(SnapshotId(id.to())).is_ok())
        }
        "evm_increaseTime" => {
            let seconds: U64 = p.get(0)?;
            chain.now = chain.now + Millis(seconds.to::<u64>().saturating_mul(1000));
            quantity(seconds.to())
        }
        "evm_setAutomine" | "anvil_setAutoMine" => {
            chain.automine = p.get(0)?;
            json(&())
        }
        "anvil_setBalance" | "hardhat_setBalance" => {
            let who = p.get(0)?;
            chain.state.load(who)?;
            chain.state.set_balance(who, p.get(1)?);
            json(&())
        }
        "anvil_setNonce" | "hardhat_setNonce" => {
            let who = p.get(0)?;
            chain.state.load(who)?;
            chain.state.set_nonce(who, p.get::<U64>(1)?.to());
            json(&())
        }
        "anvil_setCode" | "hardhat_setCode" => {
            let who = p.get(0)?;
            chain.state.load(who)?;
            chain.state.set_code(who, p.get(1)?);
            json(&())
        }
        "anvil_setStorageAt" | "hardhat_setStorageAt" => {
            chain.state.set_slot(p.get(0)?, p.get(1)?, p.get::<B256>(2)?.into());
            json(&true)
        }
        "anvil_impersonateAccount" | "hardhat_impersonateAccount" => {
            chain.impersonated.insert(p.get(0)?);
            json(&())
        }
        "anvil_stopImpersonatingAccount" | "hardhat_stopImpersonatingAccount" => {
            chain.impersonated.remove(&p.get::<Address>(0)?);
            json(&())
        }
        "anvil_autoImpersonateAccount" => {
            chain.impersonate_all = p.get(0)?;
            json(&())
        }
        other => Err(RpcError::no_method(other)),
    }
}

/// A call or an estimate as the EVM takes it.
fn request_env(request: TransactionRequest) -> TxEnv {
    let price = request.max_fee_per_gas.or(request.gas_price).unwrap_or(0);
    TxEnv {
        caller: request.from.unwrap_or_default(),
        kind: request.to.unwrap_or(TxKind::Create),
        data: request.input.into_input().unwrap_or_default(),
        value: request.value.unwrap_or_default(),
        gas_limit: request.gas.unwrap_or(CALL_GAS),
        gas_price: price,
        gas_priority_fee: Some(0),
        tx_type: TransactionType::Eip1559 as u8,
        access_list: request.access_list.unwrap_or_default(),
        ..call_env()
    }
}

impl Inner {
    /// Fails when the chain below could not be read, and clears that.
    fn told_failure(&mut self) -> Result<(), RpcError> {
        self.failure.take().map_or(Ok(()), |e| Err(e.into()))
    }

    fn follow(&mut self, what: Followed) -> u64 {
        let newest = self.newest();
        self.feed.new_filter(what, newest)
    }

    /// Number of a block by tag.
    fn number(&self, at: BlockNumberOrTag) -> Option<u64> {
        match at {
            BlockNumberOrTag::Number(n) => Some(n),
            BlockNumberOrTag::Earliest => Some(self.ledger.oldest()),
            _ => Some(self.newest()),
        }
    }

    /// Reads the state of a block: of the newest, as if the next were made now, or of an older one.
    fn at<T>(&mut self, at: Option<BlockId>, read: impl FnOnce(&State, &BlockContext) -> T) -> Result<T, RpcError> {
        let number = match at {
            None => Some(self.newest()),
            Some(BlockId::Number(tag)) => self.number(tag),
            Some(BlockId::Hash(h)) => self.ledger.number_of(&h.block_hash),
        };
        let number = number.ok_or_else(|| RpcError::server("header not found".to_owned()))?;
        if number == self.newest() {
            return Ok(read(&self.state, &self.pending_context()));
        }
        let (state, context) = self.look_at(number)?;
        Ok(read(&state, &context))
    }

    fn block_json(&self, block: Option<&Arc<Block>>, full: Option<bool>) -> Answer {
        match block {
            Some(b) => json(&answers::block(self, b, full.unwrap_or(false))?),
            None => json(&()),
        }
    }

    fn transaction(&self, hash: B256) -> Answer {
        if let Some(m) = self.mined(hash) {
            return json(&answers::mined_tx(self, m));
        }
        match self.pool.get(hash) {
            Some(waiting) => json(&answers::pending_tx((*waiting.tx).clone())),
            None => json(&()),
        }
    }

    fn send(&mut self, r: TransactionRequest) -> Answer {
        let from = r.from.unwrap_or_default();
        if !self.impersonate_all && !self.impersonated.contains(&from) {
            return Err(SubmitError::UnknownAccount.into());
        }
        let hash = self.submit_unsigned(Unsigned {
            from,
            to: r.to.and_then(TxKind::into_to),
            value: r.value.unwrap_or_default(),
            data: r.input.into_input().unwrap_or_default(),
            gas: r.gas,
            nonce: r.nonce,
            max_fee: r.max_fee_per_gas.or(r.gas_price),
            tried: false,
        })?;
        json(&hash)
    }

    fn filter(&self, f: &Filter) -> Result<LogFilter, RpcError> {
        let (from_block, to_block) = match f.block_option {
            FilterBlockOption::AtBlockHash(hash) => {
                let n = self.ledger.number_of(&hash).ok_or_else(|| RpcError::server("unknown block".to_owned()))?;
                (n, n)
            }
            FilterBlockOption::Range { from_block, to_block } => {
                let number = |at: Option<BlockNumberOrTag>| at.and_then(|a| self.number(a));
                // What comes is up to the newest block, whichever that is when it is asked.
                let open = to_block.is_none_or(|tag| tag.is_latest() || tag.is_pending());
                let to_block = if open { u64::MAX } else { number(to_block).unwrap_or(u64::MAX) };
                (number(from_block).unwrap_or_else(|| self.newest()), to_block)
            }
        };
        if from_block > to_block {
            return Err(RpcError::params("invalid block range params".to_owned()));
        }
        // The sets are hashed, but only membership is asked of these lists.
        Ok(LogFilter {
            from_block,
            to_block,
            addresses: f.address.iter().copied().collect(),
            topics: f.topics.clone().map(|t| t.iter().copied().collect()),
        })
    }

    fn fee_history(&self, count: u64, newest: BlockNumberOrTag, percentiles: Option<Vec<f64>>) -> Answer {
        let last = self.number(newest).unwrap_or(0).min(self.newest());
        let count = count.min(FEE_HISTORY).min(last + 1);
        let oldest = last + 1 - count;
        let blocks: Vec<&Arc<Block>> = (oldest..=last).filter_map(|n| self.block(n)).collect();
        let fee = |b: &&Arc<Block>| u128::from(b.header.base_fee_per_gas.unwrap_or(0));
        let mut fees: Vec<u128> = blocks.iter().map(fee).collect();
        fees.push(self.block(last + 1).as_ref().map_or_else(|| u128::from(self.base_fee()), fee));
        json(&FeeHistory {
            base_fee_per_gas: fees,
            gas_used_ratio: blocks.iter().map(|b| b.header.gas_used as f64 / b.header.gas_limit as f64).collect(),
            oldest_block: oldest,
            reward: percentiles.map(|p| vec![vec![0; p.len()]; blocks.len()]),
            ..FeeHistory::default()
        })
    }
}
