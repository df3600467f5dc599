//! revm and nothing else: the same calls without blocks, receipts, logs or fees.

use alloy::primitives::{Address, Bytes, TxKind, U256};
use eyre::{Result, ensure};
use revm::context::TxEnv;
use revm::context::result::ExecutionResult;
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::hardfork::SpecId;
use revm::{Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext};

use super::CHAIN_ID;

/// A call of some account; none for a creation.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) from: Address,
    pub(super) to: Option<Address>,
    pub(super) data: Bytes,
}

/// A state and a block number.
#[derive(Debug, Clone)]
pub(super) struct Bare {
    db: CacheDB<EmptyDB>,
    pub(super) number: u64,
}

impl Bare {
    pub(super) fn new() -> Self {
        Self { db: CacheDB::new(EmptyDB::default()), number: 1 }
    }

    fn run(&mut self, from: Address, to: TxKind, data: Bytes, gas: u64, keep: bool) -> Result<ExecutionResult> {
        let number = self.number;
        let nonce = self.db.cache.accounts.get(&from).map_or(0, |a| a.info.nonce);
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
                block.timestamp = U256::from(1_700_000_000 + number);
                block.gas_limit = 1_000_000_000_000;
                block.basefee = 0;
            })
            .build_mainnet();
        let tx = TxEnv {
            caller: from,
            kind: to,
            data,
            gas_limit: gas,
            gas_price: 0,
            nonce,
            chain_id: Some(CHAIN_ID),
            ..TxEnv::default()
        };
        Ok(if keep { evm.transact_commit(tx)? } else { evm.transact(tx)?.result })
    }

    pub(super) fn execute(&mut self, call: &Call) -> Result<()> {
        let to = call.to.map_or(TxKind::Create, TxKind::Call);
        let done = self.run(call.from, to, call.data.clone(), 16_000_000, true)?;
        ensure!(done.is_success(), "a call fails: {done:?}");
        Ok(())
    }

    pub(super) fn call(&mut self, to: Address, data: Bytes) -> Result<()> {
        let done = self.run(Address::ZERO, TxKind::Call(to), data, 50_000_000, false)?;
        ensure!(done.is_success(), "a call fails: {done:?}");
        Ok(())
    }
}
