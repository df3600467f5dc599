//! Blocks, receipts, and how a block is made of the mempool.

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy::consensus::Header;
use alloy::primitives::{Address, B64, B256, Bytes, Log as RawLog, U256, keccak256};
use alloy::rpc::types::Log;
use revm::context::TxEnv;
use revm::context_interface::result::{ExecutionResult, InvalidTransaction, Output};
use serde::{Deserialize, Serialize};
use weir_types::Wei;

use crate::chain::Inner;
use crate::error::{SubmitError, halt_text};
use crate::exec::{self, BlockContext, RunError};
use crate::fees;
use crate::fork::ForkError;
use crate::ledger::Mined;
use crate::mempool::PoolTx;

/// A sealed block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its header. The roots of transactions and receipts are hashes over the lists, the state
    /// root is zero: the chain keeps no tries. As on Arbitrum the L1 block number is in the mix
    /// hash.
    pub header: Header,
    /// L2 block hash: the hash of the header.
    pub hash: B256,
    /// L1 block number.
    pub l1_block_number: u64,
    /// Hashes of its transactions.
    pub transactions: Vec<B256>,
}

/// What became of a transaction in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Transaction hash.
    pub tx_hash: B256,
    /// Place in the block.
    pub tx_index: u64,
    /// EIP-2718 type of the transaction.
    pub tx_type: u8,
    /// L2 block.
    pub block_number: u64,
    /// L2 block hash.
    pub block_hash: B256,
    /// L1 block number.
    pub l1_block_number: u64,
    /// Sender.
    pub from: Address,
    /// Receiver, none for a creation.
    pub to: Option<Address>,
    /// The contract made.
    pub contract_address: Option<Address>,
    /// Whether it went through.
    pub success: bool,
    /// Gas used, with what paid for its data.
    pub gas_used: u64,
    /// The part of it that paid for its data on L1.
    pub gas_used_for_l1: u64,
    /// Gas used in the block up to this transaction.
    pub cumulative_gas_used: u64,
    /// Price paid for a unit of gas, in wei.
    pub effective_gas_price: u128,
    /// Logs.
    pub logs: Vec<Arc<Log>>,
    /// What it returned: of a reverted transaction the revert data.
    pub output: Bytes,
    /// Why it stopped, when it ran out of gas or the like.
    pub halt: Option<String>,
}

impl Receipt {
    /// What the sender paid for gas.
    #[must_use]
    pub fn fee(&self) -> Wei {
        Wei(U256::from(self.gas_used).saturating_mul(U256::from(self.effective_gas_price)))
    }
}

/// What of a receipt does not follow from its block and its transaction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) created: Option<Address>,
    pub(crate) success: bool,
    pub(crate) gas_used: u64,
    pub(crate) gas_used_for_l1: u64,
    pub(crate) logs: Vec<RawLog>,
    pub(crate) output: Bytes,
    pub(crate) halt: Option<String>,
}

/// Receipts of a block, made one after the other.
#[derive(Debug)]
pub(crate) struct Receipts<'a> {
    block: &'a Block,
    made: u64,
    cumulative_gas_used: u64,
    logs: u64,
}

impl<'a> Receipts<'a> {
    pub(crate) const fn of(block: &'a Block) -> Self {
        Self { block, made: 0, cumulative_gas_used: 0, logs: 0 }
    }

    /// The receipt of the next transaction.
    pub(crate) fn next(&mut self, tx: &PoolTx, outcome: Outcome) -> Receipt {
        let (block, tx_index) = (self.block, self.made);
        self.made = self.made.saturating_add(1);
        self.cumulative_gas_used = self.cumulative_gas_used.saturating_add(outcome.gas_used);
        let log = |inner: RawLog| {
            let log_index = self.logs;
            self.logs = self.logs.saturating_add(1);
            Arc::new(Log {
                inner,
                block_hash: Some(block.hash),
                block_number: Some(block.header.number),
                block_timestamp: Some(block.header.timestamp),
                transaction_hash: Some(tx.hash()),
                transaction_index: Some(tx_index),
                log_index: Some(log_index),
                removed: false,
            })
        };
        Receipt {
            tx_hash: tx.hash(),
            tx_index,
            tx_type: tx.tx.tx_type() as u8,
            block_number: block.header.number,
            block_hash: block.hash,
            l1_block_number: block.l1_block_number,
            from: tx.from(),
            to: tx.env.kind.to().copied(),
            contract_address: outcome.created,
            success: outcome.success,
            gas_used: outcome.gas_used,
            gas_used_for_l1: outcome.gas_used_for_l1,
            cumulative_gas_used: self.cumulative_gas_used,
            effective_gas_price: u128::from(block.header.base_fee_per_gas.unwrap_or(0)),
            logs: outcome.logs.into_iter().map(log).collect(),
            output: outcome.output,
            halt: outcome.halt,
        }
    }
}

/// A transaction that left the mempool without getting into a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Transaction hash.
    pub hash: B256,
    /// Sender.
    pub from: Address,
    /// Why.
    pub error: SubmitError,
}

/// What a new block holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockSummary {
    /// L2 block number.
    pub number: u64,
    /// L2 block hash.
    pub hash: B256,
    /// L1 block number.
    pub l1_block_number: u64,
    /// Unix time in seconds.
    pub timestamp: u64,
    /// Gas used by all.
    pub gas_used: u64,
    /// Price of a unit of gas.
    pub base_fee: Wei,
    /// Receipts in order.
    pub receipts: Vec<Arc<Receipt>>,
    /// What fell out of the mempool.
    pub dropped: Vec<Dropped>,
}

/// A transaction of a block in the making.
#[derive(Debug)]
struct Done {
    tx: PoolTx,
    result: ExecutionResult,
    /// Gas for its data on L1.
    l1_gas: u64,
}

impl Done {
    fn gas_used(&self) -> u64 {
        self.result.gas().tx_gas_used().saturating_add(self.l1_gas)
    }
}

/// What came of a run that also paid for its data.
fn outcome(result: ExecutionResult, l1_gas: u64) -> Outcome {
    let created = match &result {
        ExecutionResult::Success { output: Output::Create(_, made), .. } => *made,
        _ => None,
    };
    let halt = match &result {
        ExecutionResult::Halt { reason, .. } => Some(halt_text(reason)),
        _ => None,
    };
    Outcome {
        created,
        success: result.is_success(),
        gas_used: result.gas().tx_gas_used().saturating_add(l1_gas),
        gas_used_for_l1: l1_gas,
        // Code of a new contract is in the state: the receipt does not keep another copy.
        output: result.output().filter(|_| created.is_none()).cloned().unwrap_or_default(),
        halt,
        logs: result.into_logs(),
    }
}

/// A block in the making.
#[derive(Debug)]
struct Draft {
    context: BlockContext,
    gas_used: u64,
    done: Vec<Done>,
    dropped: Vec<Dropped>,
}

/// What inclusion came to.
enum Step {
    Included,
    Waits,
    Dropped,
}

impl Inner {
    /// Makes a block of at most `limit` waiting transactions, in the order of the chain's policy.
    ///
    /// A sender's transactions go by nonce, whatever the policy: only the next due one of each is up for
    /// choice. While the sequencer is stopped there is no new block, and none that needs what a fork cannot
    /// read.
    pub(crate) fn seal(&mut self, limit: usize) -> BlockSummary {
        if self.stopped || self.failure.is_some() {
            return self.newest_summary();
        }
        // A fork may find in the middle of a block that it cannot read on: then it is as before.
        let before = self.state.remote().is_some().then(|| (self.state.branch(), self.pool.clone()));
        match self.load_for_block().and_then(|()| self.fill(limit)) {
            Ok(draft) => self.close(draft),
            Err(e) => {
                if let Some(before) = before {
                    (self.state, self.pool) = before;
                }
                self.failure = Some(e);
                self.newest_summary()
            }
        }
    }

    /// Makes known what of a block is read outside the EVM: on a chain of its own it is.
    fn load_for_block(&mut self) -> Result<(), Box<ForkError>> {
        if self.state.remote().is_none() {
            return Ok(());
        }
        self.state.load(self.config.fee_account)?;
        let senders: BTreeSet<Address> = self.pool.iter().map(PoolTx::from).collect();
        senders.into_iter().try_for_each(|who| self.state.load(who))
    }

    fn fill(&mut self, limit: usize) -> Result<Draft, Box<ForkError>> {
        let mut draft = Draft { context: self.pending_context(), gas_used: 0, done: Vec::new(), dropped: Vec::new() };
        let mut heads: BTreeSet<(u128, u64)> = BTreeSet::new();
        for arrival in self.pool.first_of_each() {
            heads.extend(self.ranked(arrival, draft.context.l2_number));
        }
        while draft.done.len() < limit
            && let Some((_, arrival)) = heads.pop_first()
        {
            let Some(from) = self.pool.at(arrival).map(PoolTx::from) else { continue };
            if let Step::Included | Step::Dropped = self.include(arrival, &mut draft)? {
                let next = self.pool.first_of(from);
                heads.extend(next.and_then(|arrival| self.ranked(arrival, draft.context.l2_number)));
            }
        }
        Ok(draft)
    }

    /// The place of a transaction among those that are due; none if it is not.
    fn ranked(&self, arrival: u64, block: u64) -> Option<(u128, u64)> {
        let tx = self.pool.at(arrival)?;
        (tx.nonce() <= self.state.nonce(tx.from())).then(|| (self.config.ordering.rank(tx, arrival, block), arrival))
    }

    fn newest_summary(&self) -> BlockSummary {
        let block = self.ledger.last().cloned().unwrap_or_else(|| Arc::new(self.genesis()));
        BlockSummary {
            number: block.header.number,
            hash: block.hash,
            l1_block_number: block.l1_block_number,
            timestamp: block.header.timestamp,
            gas_used: block.header.gas_used,
            base_fee: Wei::new(u128::from(block.header.base_fee_per_gas.unwrap_or(0))),
            receipts: Vec::new(),
            dropped: Vec::new(),
        }
    }

    /// Whether some waiting transaction could go into a block now.
    pub(crate) fn any_due(&self) -> bool {
        let fee = u128::from(self.base_fee());
        self.pool.iter().any(|t| t.nonce() <= self.state.nonce(t.from()) && t.env.gas_price >= fee)
    }

    fn include(&mut self, arrival: u64, draft: &mut Draft) -> Result<Step, Box<ForkError>> {
        let Some(tx) = self.pool.at(arrival) else { return Ok(Step::Waits) };
        let room = draft.context.gas_limit.saturating_sub(draft.gas_used);
        let due = tx.nonce() <= self.state.nonce(tx.from());
        if !due || tx.env.gas_limit > room || tx.env.gas_price < u128::from(draft.context.base_fee) {
            return Ok(Step::Waits);
        }
        let l1_gas = draft.context.l1_gas(tx.size);
        // What the data costs is not there for the execution; with too little left the EVM refuses.
        let env = TxEnv { gas_limit: tx.env.gas_limit.saturating_sub(l1_gas), ..tx.env.clone() };
        let run = exec::run(&self.state, &draft.context, env, tx.sender);
        let run = match run {
            Err(RunError::Fork(e)) => return Err(e),
            Err(RunError::Invalid(e)) => Err(e),
            Ok(done) => Ok(done),
        };
        let Some(tx) = self.pool.remove(arrival) else { return Ok(Step::Waits) };
        Ok(match run {
            Ok(done) => {
                let included = Done { tx, result: done.result, l1_gas };
                self.state.commit(done.state);
                self.pay(&included, draft.context.base_fee);
                draft.gas_used = draft.gas_used.saturating_add(included.gas_used());
                draft.done.push(included);
                Step::Included
            }
            Err(e) => {
                draft.dropped.push(drop_reason(&tx, &e));
                Step::Dropped
            }
        })
    }

    /// The EVM burns the base fee, and knows nothing of the fee for data; here both are the fee account's.
    fn pay(&mut self, done: &Done, base_fee: u64) {
        let fee = |gas: u64| U256::from(gas).saturating_mul(U256::from(base_fee));
        let from = done.tx.from();
        let have = self.state.balance(from);
        // The pool saw to it that the sender can pay for all its gas; a contract that is made to send may
        // have given its money away meanwhile.
        let data = fee(done.l1_gas).min(have);
        if !data.is_zero() {
            self.state.set_balance(from, have - data);
        }
        self.state.credit(self.config.fee_account, fee(done.result.gas().tx_gas_used()).saturating_add(data));
    }

    /// Header, receipts and logs of a finished draft.
    fn close(&mut self, draft: Draft) -> BlockSummary {
        let l2_gas = draft.done.iter().map(|done| done.result.gas().tx_gas_used()).sum();
        let parent = self.parent_time();
        fees::digest(&self.config, &mut self.state, parent, draft.context.timestamp, l2_gas);
        let block = self.head_block(&draft);
        let mut receipts = Receipts::of(&block);
        let mut all = Vec::with_capacity(draft.done.len());
        for Done { tx, result, l1_gas } in draft.done {
            let receipt = Arc::new(receipts.next(&tx, outcome(result, l1_gas)));
            self.ledger.note(Mined { tx: tx.tx, sender: tx.sender, receipt: Arc::clone(&receipt) });
            all.push(receipt);
        }
        let summary = BlockSummary {
            number: block.header.number,
            hash: block.hash,
            l1_block_number: block.l1_block_number,
            timestamp: block.header.timestamp,
            gas_used: block.header.gas_used,
            base_fee: Wei::new(u128::from(draft.context.base_fee)),
            receipts: all,
            dropped: draft.dropped,
        };
        self.push_block(block);
        summary
    }

    fn head_block(&self, draft: &Draft) -> Block {
        let context = &draft.context;
        let transactions: Vec<B256> = draft.done.iter().map(|done| done.tx.hash()).collect();
        let results: Vec<u8> = draft.done.iter().flat_map(result_bytes).collect();
        let parent = self.ledger.last().map_or(B256::ZERO, |b| b.hash);
        let header = header(context, parent, draft.gas_used, keccak256(transactions.concat()), keccak256(results));
        Block { hash: header.hash_slow(), header, l1_block_number: context.l1_number, transactions }
    }

    /// The block before all others.
    pub(crate) fn genesis(&self) -> Block {
        let context = BlockContext { l2_number: 0, ..self.pending_context() };
        let header = header(&context, B256::ZERO, 0, keccak256([]), keccak256([]));
        Block { hash: header.hash_slow(), header, l1_block_number: context.l1_number, transactions: Vec::new() }
    }
}

fn drop_reason(tx: &PoolTx, e: &InvalidTransaction) -> Dropped {
    Dropped { hash: tx.hash(), from: tx.from(), error: SubmitError::from_evm(e, tx.from()) }
}

/// What of a result goes into the block hash.
fn result_bytes(done: &Done) -> [u8; 9] {
    let mut bytes = [0; 9];
    let (status, gas) = bytes.split_at_mut(1);
    status.fill(u8::from(done.result.is_success()));
    gas.copy_from_slice(&done.gas_used().to_be_bytes());
    bytes
}

fn header(context: &BlockContext, parent: B256, gas_used: u64, transactions: B256, receipts: B256) -> Header {
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
