//! State of a block of another chain.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy::consensus::Header;
use alloy::primitives::{Address, B256, Bytes, U64, U256, keccak256};
use revm::bytecode::Bytecode;
use revm::primitives::{AddressMap, HashMap, KECCAK_EMPTY};
use revm::state::AccountInfo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cache::{self, Cache};
use super::line::Line;
use super::{Fork, ForkCause, ForkError, Head};
use crate::block::Block;

/// The pinned block, as the cache keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pinned {
    chain_id: u64,
    number: u64,
    hash: B256,
    parent_hash: B256,
    timestamp: u64,
    l1_number: u64,
    base_fee: Option<u64>,
    /// Whether `block.number` on it is its own number.
    plain: bool,
}

#[derive(Serialize, Deserialize)]
struct Account {
    balance: U256,
    nonce: u64,
    code: Bytes,
}

#[derive(Debug, Default)]
struct Known {
    accounts: AddressMap<Option<AccountInfo>>,
    slots: HashMap<(Address, U256), U256>,
}

/// Another chain at a block. What it said once is not asked again.
#[derive(Debug)]
pub(crate) struct Remote {
    from: String,
    pinned: Pinned,
    line: Line,
    cache: Mutex<Cache>,
    known: Mutex<Known>,
    requests: AtomicU64,
}

/// An address without what may be secret in it.
fn shown(url: &str) -> String {
    let Ok(url) = reqwest::Url::parse(url) else { return "the endpoint".to_owned() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, ForkCause> {
    T::deserialize(value).map_err(|e| ForkCause::Garbage(format!("{e} in {value}")))
}

fn number(value: &Value) -> Result<u64, ForkCause> {
    read::<U64>(value).map(|n| n.to())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pinned {
    fn ask(line: &Line, block: Option<u64>) -> Result<Self, ForkCause> {
        let tag = block.map_or_else(|| "latest".to_owned(), |number| format!("{number:#x}"));
        let chain = ("eth_chainId", json!([]));
        let answers = line.ask(&[chain, ("eth_getBlockByNumber", json!([tag, false]))])?;
        let [chain, block] = answers.as_slice() else { return Err(ForkCause::Garbage("too few answers".into())) };
        if block.is_null() {
            return Err(ForkCause::NoBlock);
        }
        let l1 = block.get("l1BlockNumber").filter(|l1| !l1.is_null()).map(number).transpose()?;
        let own = number(&block["number"])?;
        Ok(Self {
            chain_id: number(chain)?,
            number: own,
            hash: read(&block["hash"])?,
            parent_hash: read(&block["parentHash"])?,
            timestamp: number(&block["timestamp"])?,
            l1_number: l1.unwrap_or(own),
            base_fee: block.get("baseFeePerGas").filter(|fee| !fee.is_null()).map(number).transpose()?,
            plain: l1.is_none(),
        })
    }

    fn head(&self) -> Head {
        let header = Header {
            number: self.number,
            parent_hash: self.parent_hash,
            timestamp: self.timestamp,
            base_fee_per_gas: self.base_fee,
            ..Header::default()
        };
        let block = Block { header, hash: self.hash, l1_block_number: self.l1_number, transactions: Vec::new() };
        Head { chain_id: self.chain_id, block }
    }
}

impl Remote {
    pub(crate) fn open(fork: &Fork) -> Result<(Self, Head), Box<ForkError>> {
        let from = shown(&fork.url);
        let what = fork.block.map_or_else(|| "the newest block".to_owned(), |number| format!("block {number}"));
        let failed = |cause| Box::new(ForkError { what: what.clone(), from: from.clone(), cause });
        let line = Line::open(&fork.url, fork.patience).map_err(failed)?;
        let cache = Cache::open(&cache::file(&fork.cache, &fork.url, fork.block)).map_err(failed)?;
        let mut requests = 0;
        let pinned = match cache.get("block").map_err(failed)? {
            Some(text) => serde_json::from_str(&text).map_err(|e| failed(ForkCause::Cache(e.to_string())))?,
            None => {
                requests += 1;
                let pinned = Pinned::ask(&line, fork.block).map_err(failed)?;
                let text = serde_json::to_string(&pinned).map_err(|e| failed(ForkCause::Cache(e.to_string())))?;
                cache.put("block", &text).map_err(failed)?;
                pinned
            }
        };
        if let Some(expected) = fork.chain_id.filter(|expected| *expected != pinned.chain_id) {
            return Err(failed(ForkCause::ChainId { found: pinned.chain_id, expected }));
        }
        let head = pinned.head();
        let remote = Self {
            from,
            pinned,
            line,
            cache: Mutex::new(cache),
            known: Mutex::default(),
            requests: AtomicU64::new(requests),
        };
        Ok((remote, head))
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// L1 number of the block: hashes up to it are the other chain's.
    pub(crate) const fn l1_number(&self) -> u64 {
        self.pinned.l1_number
    }

    /// An answer from the cache or the endpoint.
    fn answer<T: Serialize + DeserializeOwned>(
        &self,
        question: &str,
        ask: impl FnOnce(&Line, &Value) -> Result<T, ForkCause>,
    ) -> Result<T, Box<ForkError>> {
        let failed = |cause| Box::new(ForkError { what: question.to_owned(), from: self.from.clone(), cause });
        let cache = lock(&self.cache);
        if let Some(text) = cache.get(question).map_err(failed)? {
            return serde_json::from_str(&text).map_err(|e| failed(ForkCause::Cache(e.to_string())));
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        // By hash, so that a reorganisation over there is noticed.
        let at = json!({ "blockHash": self.pinned.hash });
        let value = ask(&self.line, &at).map_err(failed)?;
        let text = serde_json::to_string(&value).map_err(|e| failed(ForkCause::Cache(e.to_string())))?;
        cache.put(question, &text).map_err(failed)?;
        Ok(value)
    }

    fn at(&self) -> String {
        format!("at block {}", self.pinned.number)
    }

    /// An account; none when it is empty there.
    pub(crate) fn account(&self, who: Address) -> Result<Option<AccountInfo>, Box<ForkError>> {
        if let Some(known) = self.known_account(who) {
            return Ok(known);
        }
        let account: Account = self.answer(&format!("account {who} {}", self.at()), |line, at| {
            let ask = |method| (method, json!([who, at]));
            let answers = line.ask(&["eth_getBalance", "eth_getTransactionCount", "eth_getCode"].map(ask))?;
            let [balance, nonce, code] = answers.as_slice() else {
                return Err(ForkCause::Garbage("too few answers".into()));
            };
            Ok(Account { balance: read(balance)?, nonce: number(nonce)?, code: read(code)? })
        })?;
        let code = (!account.code.is_empty()).then(|| Bytecode::new_legacy(account.code.clone()));
        let info = AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: if account.code.is_empty() { KECCAK_EMPTY } else { keccak256(&account.code) },
            code,
            ..AccountInfo::default()
        };
        let info = (!info.is_empty()).then_some(info);
        lock(&self.known).accounts.insert(who, info.clone());
        Ok(info)
    }

    /// An account that was asked for before.
    pub(crate) fn known_account(&self, who: Address) -> Option<Option<AccountInfo>> {
        lock(&self.known).accounts.get(&who).cloned()
    }

    pub(crate) fn slot(&self, who: Address, slot: U256) -> Result<U256, Box<ForkError>> {
        if let Some(known) = self.known_slot(who, slot) {
            return Ok(known);
        }
        let value: U256 = self.answer(&format!("slot {slot:#x} of {who} {}", self.at()), |line, at| {
            let answers = line.ask(&[("eth_getStorageAt", json!([who, slot, at]))])?;
            read::<B256>(answers.first().unwrap_or(&Value::Null)).map(|word| U256::from_be_bytes(word.0))
        })?;
        lock(&self.known).slots.insert((who, slot), value);
        Ok(value)
    }

    /// A slot that was asked for before.
    pub(crate) fn known_slot(&self, who: Address, slot: U256) -> Option<U256> {
        lock(&self.known).slots.get(&(who, slot)).copied()
    }

    /// Hash of an L1 block before the pinned one, as contracts see it there.
    pub(crate) fn l1_hash(&self, number: u64) -> Result<B256, Box<ForkError>> {
        if self.pinned.plain && number == self.pinned.number {
            return Ok(self.pinned.hash);
        }
        self.answer(&format!("hash of L1 block {number} {}", self.at()), |line, at| {
            if self.pinned.plain {
                let answers = line.ask(&[("eth_getBlockByNumber", json!([format!("{number:#x}"), false]))])?;
                return read(&answers.first().unwrap_or(&Value::Null)["hash"]);
            }
            // No method tells it: code that returns it does. PUSH32 number, BLOCKHASH, and return.
            let mut code = vec![0x7f];
            code.extend_from_slice(&U256::from(number).to_be_bytes::<32>());
            code.extend_from_slice(&[0x40, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3]);
            let answers = line.ask(&[("eth_call", json!([{ "data": Bytes::from(code) }, at]))])?;
            read(answers.first().unwrap_or(&Value::Null))
        })
    }
}
