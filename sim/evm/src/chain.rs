//! The chain and its handle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy::consensus::{TxEip1559, TypedTransaction};
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use alloy::providers::RootProvider;
use alloy::rpc::client::RpcClient;
use alloy::rpc::types::Log;
use revm::context::TxEnv;
use revm::state::AccountInfo;
use weir_types::{Instant, Millis, Wei};

use crate::block::{Block, BlockSummary, Receipt};
use crate::config::ChainConfig;
use crate::error::{CallError, SubmitError, revert_text};
use crate::exec::{self, ARB_GAS_INFO, ARB_SYS, BlockContext, CALL_GAS, Sender};
use crate::feed::Feed;
use crate::fees::{self, Fees};
use crate::fork::{ForkError, Remote};
use crate::ledger::{Ledger, Mined};
use crate::logs::LogFilter;
use crate::mempool::{Mempool, PoolTx, unsigned};
use crate::past::Looks;
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::transport::InProcess;

/// Gas limit of unsigned transactions that name none: a block's on Arbitrum.
const UNSIGNED_GAS: u64 = 32_000_000;

/// A chain. Clones are handles of the same one.
#[derive(Clone)]
pub struct Chain(pub(crate) Arc<Mutex<Inner>>);

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        f.debug_struct("Chain").field("config", &inner.config).field("block", &inner.newest()).finish_non_exhaustive()
    }
}

/// All of a chain.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: ChainConfig,
    pub(crate) state: State,
    pub(crate) now: Instant,
    pub(crate) fees: Fees,
    pub(crate) pool: Mempool,
    pub(crate) ledger: Ledger,
    pub(crate) automine: bool,
    pub(crate) stopped: bool,
    pub(crate) impersonated: BTreeSet<Address>,
    pub(crate) impersonate_all: bool,
    pub(crate) snapshots: Vec<Snapshot>,
    pub(crate) snapshots_taken: u64,
    pub(crate) looks: Looks,
    pub(crate) feed: Feed,
    /// Why the chain below could not be read, until somebody asks.
    pub(crate) failure: Option<Box<ForkError>>,
}

/// A transaction that needs no signature. What is not given is filled in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unsigned {
    pub(crate) from: Address,
    pub(crate) to: Option<Address>,
    pub(crate) value: U256,
    pub(crate) data: Bytes,
    pub(crate) gas: Option<u64>,
    pub(crate) nonce: Option<u64>,
    pub(crate) max_fee: Option<u128>,
}

impl Inner {
    /// A chain on its own, or on a block of another.
    pub(crate) fn on(config: ChainConfig, below: Option<(Remote, Block)>) -> Self {
        let (remote, first) = below.map_or((None, None), |(remote, block)| (Some(Arc::new(remote)), Some(block)));
        let mut inner = Self {
            fees: Fees::new(&config),
            state: State::new(usize::try_from(config.history_blocks).unwrap_or(usize::MAX), remote),
            config,
            now: Instant::ZERO,
            pool: Mempool::default(),
            ledger: Ledger::default(),
            automine: false,
            stopped: false,
            impersonated: BTreeSet::new(),
            impersonate_all: false,
            snapshots: Vec::new(),
            snapshots_taken: 0,
            looks: Looks::default(),
            feed: Feed::default(),
            failure: None,
        };
        // Solidity looks for code before it calls: Arbitrum puts an invalid instruction there.
        for contract in [ARB_SYS, ARB_GAS_INFO] {
            inner.state.set_code(contract, Bytes::from_static(&[0xfe]));
        }
        let first = first.unwrap_or_else(|| inner.genesis());
        inner.push_block(first);
        inner
    }

    /// The block that would be made now.
    pub(crate) fn pending_context(&self) -> BlockContext {
        BlockContext {
            chain_id: self.config.chain_id,
            l1_number: self.config.l1_block(self.now),
            l2_number: self.ledger.next(),
            timestamp: self.config.timestamp(self.now),
            base_fee: self.base_fee(),
            l1_base_fee: self.fees.l1_base_fee(&self.config, self.now),
            gas_limit: self.config.block_gas_limit,
            beneficiary: self.config.fee_account,
        }
    }

    /// Price of a unit of gas in a block made now.
    pub(crate) fn base_fee(&self) -> u64 {
        self.fees.base_fee(&self.config, &self.state, self.parent_time(), self.now)
    }

    /// Unix time of the newest block.
    pub(crate) fn parent_time(&self) -> u64 {
        self.ledger.last().map_or(self.config.genesis_time, |block| block.header.timestamp)
    }

    pub(crate) fn push_block(&mut self, block: Block) {
        self.state.seal();
        let block = Arc::new(block);
        let logs = || self.ledger.logs().of_block(block.header.number);
        self.feed.block(&block, logs);
        self.ledger.push(block);
        if let Some(keep) = self.config.keep_blocks {
            // A block that the state can go back to is kept, whatever is asked.
            self.ledger.prune(keep.max(self.state.depth().saturating_add(1)));
        }
    }

    fn run_to(&mut self, until: Instant) -> Vec<BlockSummary> {
        let mut made = Vec::new();
        let mut beat = fees::next_beat(self.now, self.config.block_time);
        while beat <= until && !self.stopped && self.failure.is_none() && self.pool.len() > 0 {
            self.now = self.now.max(beat);
            let block = self.any_due().then(|| self.seal(usize::MAX));
            let idle = block.as_ref().is_none_or(|block| block.receipts.is_empty());
            made.extend(block);
            let mut from = self.now;
            if idle {
                // What waits cannot go before the price falls, if it does.
                let Some(change) = self.fees.next_change(&self.config, self.base_fee(), self.now) else { break };
                from = Instant(change.0.saturating_sub(1)).max(from);
            }
            beat = fees::next_beat(from, self.config.block_time);
        }
        self.now = self.now.max(until);
        made
    }

    /// Number of the newest block.
    pub(crate) fn newest(&self) -> u64 {
        self.ledger.newest()
    }

    pub(crate) fn block(&self, number: u64) -> Option<&Arc<Block>> {
        self.ledger.block(number)
    }

    pub(crate) fn mined(&self, hash: B256) -> Option<&Mined> {
        self.ledger.mined(hash)
    }

    pub(crate) fn pending_nonce(&self, who: Address) -> u64 {
        self.pool.pending_nonce(who, self.state.nonce(who))
    }

    /// Takes a transaction into the mempool, and makes blocks of it when mining is automatic.
    pub(crate) fn submit(&mut self, tx: PoolTx) -> Result<B256, SubmitError> {
        if self.stopped {
            return Err(SubmitError::SequencerStopped);
        }
        let (hash, from) = (tx.hash(), tx.from());
        tx.check(&self.pending_context())?;
        self.state.load(from)?;
        let state = self.state.nonce(from);
        if tx.nonce() < state {
            return Err(SubmitError::NonceTooLow { address: from, tx: tx.nonce(), state });
        }
        let (have, want) = (self.state.balance(from), tx.cost());
        if have < want {
            return Err(SubmitError::InsufficientFunds { address: from, have, want });
        }
        self.pool.insert(tx)?;
        self.feed.pending(hash);
        while self.automine && self.failure.is_none() && self.any_due() {
            self.seal(1);
        }
        Ok(hash)
    }

    pub(crate) fn submit_unsigned(&mut self, u: Unsigned) -> Result<B256, SubmitError> {
        self.state.load(u.from)?;
        let max_fee = u.max_fee.unwrap_or_else(|| u128::from(self.base_fee()));
        let gas_limit = u.gas.unwrap_or_else(|| self.affordable_gas(u.from, u.value, max_fee));
        let tx = TxEip1559 {
            chain_id: self.config.chain_id,
            nonce: u.nonce.unwrap_or_else(|| self.pending_nonce(u.from)),
            gas_limit,
            max_fee_per_gas: max_fee,
            max_priority_fee_per_gas: 0,
            to: u.to.map_or(TxKind::Create, TxKind::Call),
            value: u.value,
            access_list: Default::default(),
            input: u.data,
        };
        let tx = unsigned(TypedTransaction::Eip1559(tx), u.from);
        self.submit(PoolTx::new(tx, Sender::Impersonated))
    }

    /// As much gas as an account can pay for, within a block's usual limit. At least a transfer's,
    /// so that one who has less is told about the funds and not about gas.
    fn affordable_gas(&self, from: Address, value: U256, max_fee: u128) -> u64 {
        let most = UNSIGNED_GAS.min(self.config.block_gas_limit);
        let free = self.state.balance(from).saturating_sub(value);
        let gas = free.checked_div(U256::from(max_fee)).and_then(|g| u64::try_from(g).ok()).unwrap_or(most);
        gas.clamp(21_000.min(most), most)
    }

    /// Takes what was read of the chain below, or notes why it could not be.
    fn noted<T: Default>(&mut self, read: Result<T, Box<ForkError>>) -> T {
        read.unwrap_or_else(|e| {
            self.failure = Some(e);
            T::default()
        })
    }

    /// Account data; on a fork whose other chain does not answer none, and the failure is noted.
    fn account(&mut self, who: Address) -> AccountInfo {
        let read = self.state.account(who);
        self.noted(read).unwrap_or_default()
    }

    pub(crate) fn call(&self, tx: TxEnv) -> Result<Bytes, CallError> {
        exec::call(&self.state, &self.pending_context(), tx).map(|(output, _)| output)
    }
}

impl Chain {
    /// A chain with a genesis block and no ETH.
    #[must_use]
    pub fn new(config: ChainConfig) -> Self {
        Self::from(Inner::on(config, None))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // No write spans a call that can panic half way, so the data behind a poisoned lock is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The configuration it was made with.
    #[must_use]
    pub fn config(&self) -> ChainConfig {
        self.lock().config.clone()
    }

    /// Sets virtual time. Time does not go back: an earlier time changes nothing.
    pub fn advance_to(&self, now: Instant) {
        let mut inner = self.lock();
        inner.now = inner.now.max(now);
    }

    /// Virtual time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.lock().now
    }

    /// Makes a block, at the current virtual time, of all waiting transactions whose turn it is.
    /// It may be empty. While the sequencer is stopped, or another chain cannot be read
    /// ([`Self::failure`]), the newest block comes back, without receipts.
    pub fn mine(&self) -> BlockSummary {
        self.lock().seal(usize::MAX)
    }

    /// Lets time pass as the sequencer does: what waits goes into a block at the next multiple of
    /// [`ChainConfig::block_time`]; while nothing waits that could, there is none. Returns the blocks.
    pub fn run_to(&self, now: Instant) -> Vec<BlockSummary> {
        self.lock().run_to(now)
    }

    /// Stops the sequencer, or lets it go on. While it is stopped no block is made and no transaction is
    /// taken; those that wait already do so until it goes on. Calls are answered, and time passes.
    pub fn stop_sequencer(&self, stopped: bool) {
        self.lock().stopped = stopped;
    }

    /// How often the sequencer makes a block under [`Self::run_to`], from now on.
    pub fn set_block_time(&self, rhythm: Millis) {
        self.lock().config.block_time = rhythm;
    }

    /// With automatic mining each transaction gets a block of its own when it is submitted.
    pub fn set_automine(&self, on: bool) {
        self.lock().automine = on;
    }

    /// Sets the price of a unit of gas from the next block on.
    pub fn set_base_fee(&self, fee: Wei) {
        let mut inner = self.lock();
        let now = inner.now;
        inner.fees.set_base(fee, now);
    }

    /// Sets the price of a unit of gas on L1, which the data of transactions pays for, from the next block
    /// on. Zero for none.
    pub fn set_l1_base_fee(&self, fee: Wei) {
        let mut inner = self.lock();
        let now = inner.now;
        inner.fees.set_l1(fee, now);
    }

    /// Price of a unit of gas on L1.
    #[must_use]
    pub fn l1_base_fee(&self) -> Wei {
        let inner = self.lock();
        Wei::new(u128::from(inner.fees.l1_base_fee(&inner.config, inner.now)))
    }

    /// Price of a unit of gas.
    #[must_use]
    pub fn base_fee(&self) -> Wei {
        Wei::new(u128::from(self.lock().base_fee()))
    }

    /// Gives an account a balance out of nothing.
    pub fn set_balance(&self, who: Address, balance: Wei) {
        let mut inner = self.lock();
        match inner.state.load(who) {
            Ok(()) => inner.state.set_balance(who, balance.0),
            Err(e) => inner.failure = Some(e),
        }
    }

    /// Submits a signed transaction as it goes over the wire.
    ///
    /// # Errors
    /// It can be in no block, or not at today's nonce, balance and base fee.
    pub fn submit_raw(&self, raw: &[u8]) -> Result<B256, SubmitError> {
        let chain_id = self.lock().config.chain_id;
        let tx = PoolTx::decode(raw, chain_id)?;
        self.lock().submit(tx)
    }

    /// The same as [`Self::submit_raw`].
    ///
    /// # Errors
    /// See there.
    pub fn send_raw(&self, raw: &[u8]) -> Result<B256, SubmitError> {
        self.submit_raw(raw)
    }

    /// Submits a transaction of any account, a contract too, without a signature. With no gas
    /// limit it gets what the account can pay for, up to 32 million.
    ///
    /// # Errors
    /// As for [`Self::submit_raw`].
    pub fn send_unsigned(
        &self,
        from: Address,
        to: Option<Address>,
        value: Wei,
        data: Bytes,
        gas: Option<u64>,
    ) -> Result<B256, SubmitError> {
        self.lock().submit_unsigned(Unsigned { from, to, value: value.0, data, gas, ..Unsigned::default() })
    }

    /// Lets `eth_sendTransaction` send for an account.
    pub fn impersonate(&self, who: Address) {
        self.lock().impersonated.insert(who);
    }

    /// Lets `eth_sendTransaction` send for every account.
    pub fn impersonate_all(&self, on: bool) {
        self.lock().impersonate_all = on;
    }

    /// Runs a call at the current virtual time. It changes nothing and costs nothing.
    ///
    /// # Errors
    /// The contract reverted or stopped.
    pub fn call(&self, from: Address, to: Address, data: Bytes) -> Result<Bytes, CallError> {
        let tx = TxEnv { caller: from, kind: TxKind::Call(to), data, gas_limit: CALL_GAS, ..call_env() };
        self.lock().call(tx)
    }

    /// Number of the newest L2 block.
    #[must_use]
    pub fn block_number(&self) -> u64 {
        self.lock().newest()
    }

    /// L1 block number at the current virtual time.
    #[must_use]
    pub fn l1_block_number(&self) -> u64 {
        let inner = self.lock();
        inner.config.l1_block(inner.now)
    }

    /// Unix time, in seconds, of a block made now.
    #[must_use]
    pub fn timestamp(&self) -> u64 {
        let inner = self.lock();
        inner.config.timestamp(inner.now)
    }

    /// A block by number.
    #[must_use]
    pub fn block(&self, number: u64) -> Option<Arc<Block>> {
        self.lock().block(number).cloned()
    }

    /// What became of a transaction; none while it is in no block.
    #[must_use]
    pub fn receipt(&self, hash: B256) -> Option<Arc<Receipt>> {
        self.lock().mined(hash).map(|m| Arc::clone(&m.receipt))
    }

    /// Why a transaction failed: the contract's text, the EVM's, or the revert data in hex. None
    /// when it went through or is in no block.
    #[must_use]
    pub fn revert_reason(&self, hash: B256) -> Option<String> {
        let receipt = self.receipt(hash).filter(|r| !r.success)?;
        let text = receipt.halt.clone().or_else(|| revert_text(&receipt.output));
        Some(text.unwrap_or_else(|| match receipt.output.is_empty() {
            true => "execution reverted".to_owned(),
            false => receipt.output.to_string(),
        }))
    }

    /// How many transactions wait.
    #[must_use]
    pub fn pending_count(&self) -> usize {
        self.lock().pool.len()
    }

    /// Logs that a filter takes, in order.
    #[must_use]
    pub fn logs(&self, filter: &LogFilter) -> Vec<Arc<Log>> {
        self.lock().ledger.logs().find(filter)
    }

    /// Balance of an account.
    #[must_use]
    pub fn balance(&self, who: Address) -> Wei {
        Wei(self.lock().account(who).balance)
    }

    /// Next nonce of an account in a block.
    #[must_use]
    pub fn nonce(&self, who: Address) -> u64 {
        self.lock().account(who).nonce
    }

    /// Next nonce of an account after its waiting transactions.
    #[must_use]
    pub fn pending_nonce(&self, who: Address) -> u64 {
        let mut inner = self.lock();
        let loaded = inner.state.load(who);
        inner.noted(loaded);
        inner.pending_nonce(who)
    }

    /// Code of an account.
    #[must_use]
    pub fn code(&self, who: Address) -> Bytes {
        self.lock().account(who).code.map(|code| code.original_bytes()).unwrap_or_default()
    }

    /// A storage slot of an account.
    #[must_use]
    pub fn storage(&self, who: Address, slot: U256) -> U256 {
        let mut inner = self.lock();
        let read = inner.state.slot(who, slot);
        inner.noted(read)
    }

    /// All storage slots of an account that hold something; on a fork those that were written here.
    #[must_use]
    pub fn storage_slots(&self, who: Address) -> BTreeMap<U256, U256> {
        self.lock().state.slots(who)
    }

    /// Writes a storage slot of an account, as a test of a state that no transaction leads to needs.
    pub fn set_storage(&self, who: Address, slot: U256, value: U256) {
        self.lock().state.set_slot(who, slot, value);
    }

    /// Gives an L1 block the hash that it had elsewhere, for replaying what read it. Others have a
    /// hash made from their number.
    pub fn set_l1_hash(&self, number: u64, hash: B256) {
        self.lock().state.set_l1_hash(number, hash);
    }

    /// All ETH there is.
    #[must_use]
    pub fn total_eth(&self) -> Wei {
        Wei(self.lock().state.total())
    }

    /// A hash of all accounts and their storage, in order.
    #[must_use]
    pub fn state_digest(&self) -> B256 {
        self.lock().state.digest()
    }

    /// The chain as an alloy transport.
    #[must_use]
    pub fn transport(&self) -> InProcess {
        InProcess::new(self.clone())
    }

    /// The chain as an alloy provider.
    ///
    /// Its futures are ready when first polled, so `block_on` is all they need. That holds because
    /// nothing stands between provider and chain: alloy's retry layer sleeps, and its fillers,
    /// heartbeat and pending-transaction watcher spawn tasks, which needs a runtime. For the same
    /// reason send with [`Self::submit_raw`] or raw requests and not with `send_transaction`.
    #[must_use]
    pub fn provider(&self) -> RootProvider {
        RootProvider::new(RpcClient::new(self.transport(), true))
    }
}

/// A call's transaction: free of charge.
pub(crate) fn call_env() -> TxEnv {
    TxEnv { gas_price: 0, gas_limit: CALL_GAS, ..TxEnv::default() }
}
