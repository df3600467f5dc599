//! How transactions get into the mempool, and how a block is made of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy::consensus::{TxEip1559, TypedTransaction};
use alloy::primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use revm::context::TxEnv;
use revm::context_interface::result::{ExecutionResult, InvalidTransaction, Output};
use weir_types::{Instant, Wei};

use crate::block::Block;
use crate::error::{SubmitError, halt_text, revert_text};
use crate::exec::{self, BlockContext, RunError, Sender};
use crate::fees;
use crate::fork::ForkError;
use crate::inner::{Inner, header};
use crate::ledger::Mined;
use crate::mempool::{PoolTx, unsigned};
use crate::receipt::{BlockSummary, Dropped, Outcome, Receipts};

/// Gas limit of unsigned transactions that name none: a block's on Arbitrum.
const UNSIGNED_GAS: u64 = 32_000_000;

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
    /// Whether it leaves the mempool, and costs nothing, when it would fail.
    pub(crate) tried: bool,
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
        self.submit(PoolTx { tried: u.tried, ..PoolTx::new(tx, Sender::Impersonated) })
    }

    /// As much gas as an account can pay for, within a block's usual limit. At least a transfer's,
    /// so that one who has less is told about the funds and not about gas.
    fn affordable_gas(&self, from: Address, value: U256, max_fee: u128) -> u64 {
        let most = UNSIGNED_GAS.min(self.config.block_gas_limit);
        let free = self.state.balance(from).saturating_sub(value);
        let gas = free.checked_div(U256::from(max_fee)).and_then(|g| u64::try_from(g).ok()).unwrap_or(most);
        gas.clamp(21_000.min(most), most)
    }

    /// See [`Chain::run_to`](crate::Chain::run_to).
    pub(crate) fn run_to(&mut self, until: Instant) -> Vec<BlockSummary> {
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
            Ok(done) if tx.tried && !done.result.is_success() => {
                // Those that wait behind it have the next numbers.
                self.state.set_nonce(tx.from(), tx.nonce().saturating_add(1));
                draft.dropped.push(Dropped { hash: tx.hash(), from: tx.from(), error: failure(&done.result) });
                Step::Dropped
            }
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
}

/// What a dry run would have said.
fn failure(result: &ExecutionResult) -> SubmitError {
    SubmitError::Failed(match result {
        ExecutionResult::Halt { reason, .. } => halt_text(reason),
        _ => {
            let text = result.output().and_then(|output| revert_text(output)).map(|text| format!(": {text}"));
            format!("execution reverted{}", text.unwrap_or_default())
        }
    })
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
