//! Runs of the EVM: transactions, calls and gas estimates.

use std::sync::OnceLock;

use alloy::primitives::{Address, B256, Bytes, U256, address};
use revm::context::{BlockEnv, CfgEnv, Context, Evm, Journal, TxEnv};
use revm::context_interface::result::{EVMError, ExecutionResult, InvalidTransaction, ResultAndState};
use revm::context_interface::{Cfg, ContextTr};
use revm::database_interface::WrapDatabaseRef;
use revm::handler::{EthFrame, EthPrecompiles, MainBuilder, MainnetContext, PrecompileProvider};
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::{CallInputs, Gas, InstructionResult, InterpreterResult};
use revm::primitives::AddressSet;
use revm::primitives::hardfork::SpecId;
use revm::{ExecuteEvm, handler::instructions::EthInstructions};

use crate::error::{CallError, SubmitError, halt_text, revert_text};
use crate::fork::ForkError;
use crate::state::{State, StateView};

/// Rules of execution. Arbitrum has no calldata floor price and no cap on a transaction's gas,
/// which the forks after this one bring.
pub(crate) const SPEC: SpecId = SpecId::CANCUN;
/// Arbitrum's system contract.
pub(crate) const ARB_SYS: Address = address!("0x0000000000000000000000000000000000000064");
/// Arbitrum's contract of prices.
pub(crate) const ARB_GAS_INFO: Address = address!("0x000000000000000000000000000000000000006c");
/// Gas of a byte of data on L1.
const L1_GAS_PER_BYTE: u128 = 16;
/// Bytes of a transaction beside its data, for estimates: signature, addresses, amounts.
const TX_BYTES: usize = 140;
/// Most gas a call or an estimate may use when it names none.
pub(crate) const CALL_GAS: u64 = 50_000_000;

/// What a run sees of its block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockContext {
    pub(crate) chain_id: u64,
    pub(crate) l1_number: u64,
    pub(crate) l2_number: u64,
    pub(crate) timestamp: u64,
    pub(crate) base_fee: u64,
    /// Price of a unit of gas on L1, in wei.
    pub(crate) l1_base_fee: u64,
    pub(crate) gas_limit: u64,
    pub(crate) beneficiary: Address,
}

impl BlockContext {
    /// What a transaction of so many bytes pays for its data on L1, as gas of this chain, rounded up.
    pub(crate) fn l1_gas(&self, bytes: usize) -> u64 {
        if self.base_fee == 0 || self.l1_base_fee == 0 {
            return 0;
        }
        let wei = (bytes as u128).saturating_mul(L1_GAS_PER_BYTE).saturating_mul(u128::from(self.l1_base_fee));
        u64::try_from(wei.div_ceil(u128::from(self.base_fee))).unwrap_or(u64::MAX)
    }
}

/// What is checked of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// Signed: nonce, and no code.
    Signed,
    /// Impersonated: nonce.
    Impersonated,
    /// A call: nothing.
    Call,
}

type Db<'a> = WrapDatabaseRef<StateView<'a>>;
type Ctx<'a> = Context<BlockEnv, TxEnv, CfgEnv, Db<'a>, Journal<Db<'a>>, ()>;

/// Why there was no run.
#[derive(Debug)]
pub(crate) enum RunError {
    /// The transaction cannot be run.
    Invalid(InvalidTransaction),
    /// The chain below could not be read.
    Fork(Box<ForkError>),
}

/// Runs a transaction. The state is left as it is; the changes come back with the result.
pub(crate) fn run(state: &State, block: &BlockContext, tx: TxEnv, sender: Sender) -> Result<ResultAndState, RunError> {
    let mut cfg = CfgEnv::new_with_spec(SPEC);
    cfg.chain_id = block.chain_id;
    cfg.disable_eip3607 = sender != Sender::Signed;
    cfg.disable_nonce_check = sender == Sender::Call;
    let db = WrapDatabaseRef(StateView { state, chain_id: block.chain_id });
    let mut context: MainnetContext<Db<'_>> = Context::new(db, SPEC);
    context.cfg = cfg;
    context.block = block_env(block);
    let precompiles = Precompiles::new(block);
    let mut evm: Evm<Ctx<'_>, (), EthInstructions<EthInterpreter, Ctx<'_>>, Precompiles, EthFrame<EthInterpreter>> =
        context.build_mainnet().with_precompiles(precompiles);
    evm.transact(tx).map_err(|e: EVMError<Box<ForkError>>| match e {
        EVMError::Transaction(e) => RunError::Invalid(e),
        EVMError::Database(e) => RunError::Fork(e),
        other => RunError::Invalid(InvalidTransaction::Str(other.to_string().into())),
    })
}

fn block_env(block: &BlockContext) -> BlockEnv {
    BlockEnv {
        number: U256::from(block.l1_number),
        beneficiary: block.beneficiary,
        timestamp: U256::from(block.timestamp),
        gas_limit: block.gas_limit,
        basefee: block.base_fee,
        prevrandao: Some(B256::with_last_byte(1)),
        ..BlockEnv::default()
    }
}

/// Runs a call. As on geth, one that offers no price sees a base fee of zero.
pub(crate) fn call(state: &State, block: &BlockContext, mut tx: TxEnv) -> Result<(Bytes, u64), CallError> {
    let from = tx.caller;
    let mut block = *block;
    if tx.gas_price == 0 {
        block.base_fee = 0;
    }
    tx.gas_limit = tx.gas_limit.min(block.gas_limit);
    tx.chain_id = Some(block.chain_id);
    match run(state, &block, tx, Sender::Call) {
        Ok(done) => outcome(done.result),
        Err(RunError::Invalid(e)) => Err(SubmitError::from_evm(&e, from).into()),
        Err(RunError::Fork(e)) => Err(SubmitError::Fork(e).into()),
    }
}

/// Output and the gas a run took before refunds.
fn outcome(result: ExecutionResult) -> Result<(Bytes, u64), CallError> {
    match result {
        ExecutionResult::Success { output, gas, .. } => Ok((output.into_data(), gas.total_gas_spent())),
        ExecutionResult::Revert { output, .. } => {
            Err(CallError::Reverted { reason: revert_text(&output), data: output })
        }
        ExecutionResult::Halt { reason, .. } => Err(CallError::Halted(halt_text(&reason))),
    }
}

/// Least gas limit, to 1.5 %, with which a transaction goes through: a search between what it
/// spent and the most it may have, since the inner calls get 63/64 of what is left.
pub(crate) fn estimate(state: &State, block: &BlockContext, tx: TxEnv) -> Result<u64, CallError> {
    let data = block.l1_gas(tx.data.len().saturating_add(TX_BYTES));
    estimate_execution(state, block, tx).map(|gas| gas.saturating_add(data))
}

fn estimate_execution(state: &State, block: &BlockContext, mut tx: TxEnv) -> Result<u64, CallError> {
    if tx.gas_price > 0 {
        let have = state.account(tx.caller).map_err(SubmitError::Fork)?.map_or(U256::ZERO, |info| info.balance);
        let Some(free) = have.checked_sub(tx.value) else {
            return Err(SubmitError::InsufficientFunds { address: tx.caller, have, want: tx.value }.into());
        };
        let affordable = free / U256::from(tx.gas_price);
        tx.gas_limit = tx.gas_limit.min(u64::try_from(affordable).unwrap_or(u64::MAX));
    }
    tx.gas_limit = tx.gas_limit.min(block.gas_limit);
    let mut high = tx.gas_limit;
    let spent = match call(state, block, tx.clone()) {
        Ok((_, spent)) => spent,
        Err(CallError::Halted(why)) if why == "out of gas" => return Err(CallError::Allowance(high)),
        Err(CallError::Invalid(SubmitError::IntrinsicGas { .. })) => return Err(CallError::Allowance(high)),
        Err(e) => return Err(e),
    };
    let enough = |gas: u64| -> Result<bool, CallError> {
        match call(state, block, TxEnv { gas_limit: gas, ..tx.clone() }) {
            Ok(_) => Ok(true),
            Err(CallError::Invalid(SubmitError::IntrinsicGas { .. })) => Ok(false),
            Err(e @ CallError::Invalid(_)) => Err(e),
            Err(_) => Ok(false),
        }
    };
    let mut low = spent.saturating_sub(1);
    let guess = spent.saturating_add(2_300).saturating_mul(64) / 63;
    if guess < high {
        if enough(guess)? {
            high = guess;
        } else {
            low = guess;
        }
    }
    while low.saturating_add(1) < high {
        if (high - low).saturating_mul(1_000) < high.saturating_mul(15) {
            break;
        }
        let middle = low + (high - low) / 2;
        if enough(middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(high)
}

/// Ethereum's precompiled contracts, the part of `ArbSys` that reads block numbers, and the part of
/// `ArbGasInfo` that reads prices.
#[derive(Debug, Clone)]
struct Precompiles {
    eth: EthPrecompiles,
    block: BlockContext,
}

impl Precompiles {
    fn new(block: &BlockContext) -> Self {
        Self { eth: EthPrecompiles::new(SPEC), block: *block }
    }

    /// Words of an answer, none when the contract reverts.
    fn arbitrum(&self, contract: Address, input: &[u8]) -> Option<Vec<U256>> {
        let (selector, _) = input.split_first_chunk::<4>()?;
        let block = &self.block;
        let per_byte = U256::from(block.l1_base_fee) * U256::from(L1_GAS_PER_BYTE);
        match (contract, *selector) {
            // arbBlockNumber()
            (ARB_SYS, [0xa3, 0xb1, 0xb3, 0x1d]) => Some(vec![U256::from(block.l2_number)]),
            // arbChainID()
            (ARB_SYS, [0xd1, 0x27, 0xf5, 0x4a]) => Some(vec![U256::from(block.chain_id)]),
            // getPricesInWei(): per transaction, byte of data, slot, and unit of gas: base, congestion, sum.
            (ARB_GAS_INFO, [0x41, 0xb2, 0x47, 0xa8]) => {
                let fee = U256::from(block.base_fee);
                let slot = fee.saturating_mul(U256::from(20_000));
                let tx = per_byte.saturating_mul(U256::from(TX_BYTES));
                Some(vec![tx, per_byte, slot, fee, U256::ZERO, fee])
            }
            // getL1BaseFeeEstimate()
            (ARB_GAS_INFO, [0xf5, 0xd6, 0xde, 0xd7]) => Some(vec![U256::from(block.l1_base_fee)]),
            // getMinimumGasPrice()
            (ARB_GAS_INFO, [0xf9, 0x18, 0x37, 0x9a]) => Some(vec![U256::from(block.base_fee)]),
            _ => None,
        }
    }
}

impl<CTX: ContextTr> PrecompileProvider<CTX> for Precompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, spec: <CTX::Cfg as Cfg>::Spec) -> bool {
        PrecompileProvider::<CTX>::set_spec(&mut self.eth, spec)
    }

    fn run(&mut self, context: &mut CTX, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        if ![ARB_SYS, ARB_GAS_INFO].contains(&inputs.bytecode_address) {
            return self.eth.run(context, inputs);
        }
        let answer = self.arbitrum(inputs.bytecode_address, &inputs.input.as_bytes(context));
        let mut gas = Gas::new(inputs.gas_limit);
        let (result, output) = match answer {
            Some(words) => {
                let bytes: Vec<u8> = words.iter().flat_map(U256::to_be_bytes::<32>).collect();
                (InstructionResult::Return, Bytes::from(bytes))
            }
            None => (InstructionResult::Revert, Bytes::new()),
        };
        if !gas.record_regular_cost(800) {
            return Ok(Some(InterpreterResult::new(InstructionResult::PrecompileOOG, Bytes::new(), gas)));
        }
        Ok(Some(InterpreterResult::new(result, output, gas)))
    }

    fn warm_addresses(&self) -> &AddressSet {
        static WARM: OnceLock<AddressSet> = OnceLock::new();
        WARM.get_or_init(|| {
            let mut set = EthPrecompiles::new(SPEC).warm_addresses().clone();
            set.extend([ARB_SYS, ARB_GAS_INFO]);
            set
        })
    }
}
