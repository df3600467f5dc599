//! All of a chain behind its handle.

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy::consensus::Header;
use alloy::primitives::{Address, B64, B256, Bytes, U256, keccak256};
use revm::context::TxEnv;
use revm::state::AccountInfo;
use weir_types::Instant;

use crate::block::Block;
use crate::config::ChainConfig;
use crate::error::{CallError, UnknownSnapshot};
use crate::exec::{self, ARB_GAS_INFO, ARB_SYS, BlockContext, CALL_GAS};
use crate::feed::Feed;
use crate::fees::Fees;
use crate::fork::{ForkError, Remote};
use crate::ledger::{Ledger, Mined};
use crate::mempool::Mempool;
use crate::snapshot::{Snapshot, SnapshotId};
use crate::state::{Looks, State};

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

    /// Takes what was read of the chain below, or notes why it could not be.
    pub(crate) fn noted<T: Default>(&mut self, read: Result<T, Box<ForkError>>) -> T {
        read.unwrap_or_else(|e| {
            self.failure = Some(e);
            T::default()
        })
    }

    /// Account data; on a fork whose other chain does not answer none, and the failure is noted.
    pub(crate) fn account(&mut self, who: Address) -> AccountInfo {
        let read = self.state.account(who);
        self.noted(read).unwrap_or_default()
    }

    pub(crate) fn call(&self, tx: TxEnv) -> Result<Bytes, CallError> {
        exec::call(&self.state, &self.pending_context(), tx).map(|(output, _)| output)
    }

    /// The block before all others.
    pub(crate) fn genesis(&self) -> Block {
        let context = BlockContext { l2_number: 0, ..self.pending_context() };
        let header = header(&context, B256::ZERO, 0, keccak256([]), keccak256([]));
        Block { hash: header.hash_slow(), header, l1_block_number: context.l1_number, transactions: Vec::new() }
    }

    /// The chain with a state of its own.
    pub(crate) fn fork(&self, state: State) -> Self {
        Self {
            config: self.config.clone(),
            state,
            now: self.now,
            fees: self.fees,
            pool: self.pool.clone(),
            ledger: self.ledger.clone(),
            automine: self.automine,
            stopped: self.stopped,
            impersonated: self.impersonated.clone(),
            impersonate_all: self.impersonate_all,
            snapshots: Vec::new(),
            snapshots_taken: self.snapshots_taken,
            looks: Looks::default(),
            feed: Default::default(),
            failure: None,
        }
    }

    pub(crate) fn take_snapshot(&mut self) -> SnapshotId {
        self.snapshots_taken += 1;
        let id = SnapshotId(self.snapshots_taken);
        let snapshot = Snapshot {
            id,
            state: self.state.branch(),
            newest: self.newest(),
            pool: self.pool.clone(),
            now: self.now,
            fees: self.fees,
        };
        self.snapshots.push(snapshot);
        id
    }

    pub(crate) fn revert_to(&mut self, id: SnapshotId) -> Result<(), UnknownSnapshot> {
        let at = self.snapshots.binary_search_by_key(&id, |s| s.id).map_err(|_| UnknownSnapshot(id.0))?;
        let Some(snapshot) = self.snapshots.drain(at..).next() else { return Err(UnknownSnapshot(id.0)) };
        self.state = snapshot.state;
        self.ledger.cut(snapshot.newest);
        self.feed.went_back(snapshot.newest, &[]);
        self.pool = snapshot.pool;
        self.now = snapshot.now;
        self.fees = snapshot.fees;
        Ok(())
    }
}

/// A call's transaction: free of charge.
pub(crate) fn call_env() -> TxEnv {
    TxEnv { gas_price: 0, gas_limit: CALL_GAS, ..TxEnv::default() }
}

/// Header of a block under a context.
pub(crate) fn header(
    context: &BlockContext,
    parent: B256,
    gas_used: u64,
    transactions: B256,
    receipts: B256,
) -> Header {
    // As Nitro packs it: count of messages sent, L1 block number, version of the system.
    let mut mix = B256::ZERO;
    if let Some(place) = mix.0.get_mut(8..16) {
        place.copy_from_slice(&context.l1_number.to_be_bytes());
    }
    Header {
        parent_hash: parent,
        beneficiary: context.beneficiary,
        transactions_root: transactions,
        receipts_root: receipts,
        state_root: B256::ZERO,
        difficulty: U256::from(1),
        number: context.l2_number,
        gas_limit: context.gas_limit,
        gas_used,
        timestamp: context.timestamp,
        extra_data: Bytes::copy_from_slice(B256::ZERO.as_slice()),
        mix_hash: mix,
        nonce: B64::with_last_byte(1),
        base_fee_per_gas: Some(context.base_fee),
        ..Header::default()
    }
}
