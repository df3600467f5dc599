//! The chain and its handle.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use alloy::rpc::types::Log;
use revm::context::TxEnv;
use tokio::sync::broadcast;
use weir_types::{Instant, Millis, Wei};

use crate::block::Block;
use crate::config::ChainConfig;
use crate::error::{CallError, PastError, SubmitError, UnknownSnapshot, revert_text};
use crate::exec::CALL_GAS;
use crate::feed::News;
use crate::fork::{Fork, ForkError, Remote};
use crate::inner::{Inner, call_env};
use crate::logs::LogFilter;
use crate::mempool::PoolTx;
use crate::past::Reorg;
use crate::receipt::{BlockSummary, Receipt};
use crate::seal::Unsigned;
use crate::snapshot::SnapshotId;

/// A chain. Clones are handles of the same one.
#[derive(Clone)]
pub struct Chain(pub(crate) Arc<Mutex<Inner>>);

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        f.debug_struct("Chain").field("config", &inner.config).field("block", &inner.newest()).finish_non_exhaustive()
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

    /// [`Self::send_unsigned`] of one who tries a transaction before it is sent: where it would fail when its turn
    /// comes, it is dropped from the mempool and costs nothing. [`BlockSummary::dropped`] says why.
    ///
    /// # Errors
    /// As for [`Self::submit_raw`].
    pub fn send_tried(&self, from: Address, to: Address, value: Wei, data: Bytes) -> Result<B256, SubmitError> {
        let (to, value) = (Some(to), value.0);
        self.lock().submit_unsigned(Unsigned { from, to, value, data, tried: true, ..Unsigned::default() })
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

    /// A copy of the chain that goes its own way, without the other's snapshots. State is shared, not
    /// copied.
    #[must_use]
    pub fn branch(&self) -> Self {
        let mut inner = self.lock();
        let state = inner.state.branch();
        Self::from(inner.fork(state))
    }

    /// A copy of the chain as it was when a block was the newest, with an empty mempool and that block's
    /// time.
    ///
    /// # Errors
    /// There is no such block, or its state is no longer kept.
    pub fn branch_at(&self, number: u64) -> Result<Self, PastError> {
        let mut inner = self.lock();
        let state = inner.state_at(number)?;
        let mut fork = inner.fork(state);
        fork.ledger.cut(number);
        fork.pool = Default::default();
        fork.now = fork.block_time(number);
        Ok(Self::from(fork))
    }

    /// Takes the newest blocks back. What was in them waits for the next block; time goes on.
    ///
    /// # Errors
    /// The chain has fewer blocks, or the state before them is no longer kept.
    pub fn reorg(&self, depth: u64) -> Result<Reorg, PastError> {
        let mut inner = self.lock();
        let newest = inner.newest();
        let number =
            newest.checked_sub(depth).ok_or(PastError::Unknown { number: newest.wrapping_sub(depth), newest })?;
        if depth == 0 {
            return Ok(Reorg::default());
        }
        inner.state = inner.state_at(number)?;
        Ok(inner.take_back(number))
    }

    /// Remembers the chain as it is, with its mempool, time and prices.
    #[must_use]
    pub fn snapshot(&self) -> SnapshotId {
        self.lock().take_snapshot()
    }

    /// Goes back to a snapshot; it and all later ones are used up.
    ///
    /// # Errors
    /// There is no such snapshot.
    pub fn revert(&self, id: SnapshotId) -> Result<(), UnknownSnapshot> {
        self.lock().revert_to(id)
    }

    /// News from now on.
    #[must_use]
    pub fn follow(&self) -> broadcast::Receiver<News> {
        self.lock().feed.subscribe()
    }

    /// A chain that goes on from a block of another. Chain id, times and numbers are those of the other chain;
    /// the rest of the configuration is taken as given.
    ///
    /// # Errors
    /// The block is neither in the cache nor to be had.
    pub fn fork(fork: &Fork, config: ChainConfig) -> Result<Self, Box<ForkError>> {
        let (remote, head) = Remote::open(fork)?;
        let config = ChainConfig {
            chain_id: head.chain_id,
            genesis_time: head.block.header.timestamp,
            l1_start: head.block.l1_block_number,
            base_fee: head.base_fee().unwrap_or(config.base_fee),
            ..config
        };
        Ok(Self::from(Inner::on(config, Some((remote, head.block)))))
    }

    /// Why the newest attempt to read another chain failed, if it did; asking clears it. While there is a
    /// failure that nobody asked for, no block is made. Always none on a chain that is no fork.
    #[must_use]
    pub fn failure(&self) -> Option<Box<ForkError>> {
        self.lock().failure.take()
    }

    /// Requests that were made of the other chain.
    #[must_use]
    pub fn fork_requests(&self) -> u64 {
        self.lock().state.remote().map_or(0, |remote| remote.requests())
    }
}

impl From<Inner> for Chain {
    fn from(inner: Inner) -> Self {
        Self(Arc::new(Mutex::new(inner)))
    }
}
