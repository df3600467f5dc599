//! What the chain refuses, in the words of geth and Nitro.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::{Panic, Revert, SolError};
use revm::context_interface::result::{HaltReason, InvalidTransaction};

use crate::fork::ForkError;

/// Why a block's state cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PastError {
    /// The chain has no such block.
    #[error("there is no block {number}: the newest is {newest}")]
    Unknown {
        /// Block asked for.
        number: u64,
        /// Newest block.
        newest: u64,
    },
    /// It is too old.
    #[error("state of block {number} is not kept: only that of block {oldest} and later ones")]
    Pruned {
        /// Block asked for.
        number: u64,
        /// Oldest block whose state is kept.
        oldest: u64,
    },
}

/// Why a transaction did not get into the mempool, or fell out of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The sequencer is stopped.
    #[error("failed to forward tx to sequencer, please try again")]
    SequencerStopped,
    /// The bytes are no transaction.
    #[error("rlp: {0}")]
    Decode(String),
    /// Blob and set-code transactions do not exist here.
    #[error("transaction type not supported")]
    UnsupportedType,
    /// The signature recovers to no address.
    #[error("invalid sender")]
    InvalidSender,
    /// A legacy transaction without a chain id.
    #[error("only replay-protected (EIP-155) transactions allowed over RPC")]
    Unprotected,
    /// Signed for another chain.
    #[error("invalid chain id for signer: have {have} want {want}")]
    ChainId {
        /// Chain id of the transaction.
        have: u64,
        /// Chain id of this chain.
        want: u64,
    },
    /// The nonce is used up.
    #[error("nonce too low: address {address}, tx: {tx} state: {state}")]
    NonceTooLow {
        /// Sender.
        address: Address,
        /// Nonce of the transaction.
        tx: u64,
        /// Next nonce of the account.
        state: u64,
    },
    /// The sender cannot pay value and gas at the transaction's highest price.
    #[error("insufficient funds for gas * price + value: address {address} have {have} want {want}")]
    InsufficientFunds {
        /// Sender.
        address: Address,
        /// Balance in wei.
        have: U256,
        /// Wei needed.
        want: U256,
    },
    /// The price offered is below the base fee.
    #[error(
        "max fee per gas less than block base fee: address {address}, maxFeePerGas: {max_fee}, baseFee: {base_fee}"
    )]
    FeeTooLow {
        /// Sender.
        address: Address,
        /// Highest price of the transaction in wei.
        max_fee: u128,
        /// Base fee in wei.
        base_fee: u64,
    },
    /// Less gas than the transaction costs before its first instruction.
    #[error("intrinsic gas too low: have {have}, want {want}")]
    IntrinsicGas {
        /// Gas limit of the transaction.
        have: u64,
        /// Gas needed at least.
        want: u64,
    },
    /// More gas than fits a block.
    #[error("exceeds block gas limit")]
    GasLimit,
    /// The same transaction is in the mempool or in a block.
    #[error("already known")]
    AlreadyKnown,
    /// Another transaction with the nonce is waiting, and this one does not pay 10 % more.
    #[error("replacement transaction underpriced")]
    Underpriced,
    /// `eth_sendTransaction` from an account that is not impersonated.
    #[error("unknown account")]
    UnknownAccount,
    /// It would have failed, and was only to be tried.
    #[error("{0}")]
    Failed(String),
    /// Refused by the EVM before execution.
    #[error("{0}")]
    Invalid(String),
    /// On a fork: the other chain could not be read.
    #[error(transparent)]
    Fork(#[from] Box<ForkError>),
}

impl SubmitError {
    /// The EVM's refusal of a transaction of `address`.
    pub(crate) fn from_evm(e: &InvalidTransaction, address: Address) -> Self {
        match e {
            InvalidTransaction::NonceTooLow { tx, state } => Self::NonceTooLow { address, tx: *tx, state: *state },
            InvalidTransaction::LackOfFundForMaxFee { fee, balance } => {
                Self::InsufficientFunds { address, have: **balance, want: **fee }
            }
            InvalidTransaction::CallGasCostMoreThanGasLimit { initial_gas, gas_limit } => {
                Self::IntrinsicGas { have: *gas_limit, want: *initial_gas }
            }
            InvalidTransaction::CallerGasLimitMoreThanBlock => Self::GasLimit,
            other => Self::Invalid(other.to_string()),
        }
    }
}

/// Why a call gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The contract reverted.
    #[error("execution reverted{}", reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default())]
    Reverted {
        /// Text of `Error(string)` or of a panic; none for other data.
        reason: Option<String>,
        /// What it returned.
        data: Bytes,
    },
    /// The contract ran out of gas, hit an invalid instruction or the like.
    #[error("{0}")]
    Halted(String),
    /// More gas is needed than may be used.
    #[error("gas required exceeds allowance ({0})")]
    Allowance(u64),
    /// The call is not one the chain can run.
    #[error(transparent)]
    Invalid(#[from] SubmitError),
}

/// A snapshot that was never taken or has been reverted past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no snapshot {0}")]
pub struct UnknownSnapshot(pub u64);

/// Any failure of the chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvmError {
    /// A transaction was refused.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There is no such snapshot.
    #[error(transparent)]
    Snapshot(#[from] UnknownSnapshot),
}

/// Text in revert data, when it is `Error(string)` or `Panic(uint256)`.
#[must_use]
pub fn revert_text(data: &[u8]) -> Option<String> {
    if let Ok(r) = Revert::abi_decode(data) {
        return Some(r.reason);
    }
    let code = Panic::abi_decode(data).ok()?.code;
    let text = match u64::try_from(code).ok()? {
        0x01 => "assert(false)",
        0x11 => "arithmetic underflow or overflow",
        0x12 => "division or modulo by zero",
        0x21 => "enum overflow",
        0x22 => "invalid encoded storage byte array accessed",
        0x31 => "out-of-bounds array access; popping on an empty array",
        0x32 => "out-of-bounds access of an array or bytesN",
        0x41 => "out of memory",
        0x51 => "uninitialized function",
        _ => return Some(format!("unknown panic code: {code:#x}")),
    };
    Some(text.to_owned())
}

/// Words for an execution that stopped without a revert.
pub(crate) fn halt_text(reason: &HaltReason) -> String {
    match reason {
        HaltReason::OutOfGas(_) => "out of gas".to_owned(),
        HaltReason::OpcodeNotFound | HaltReason::InvalidFEOpcode => "invalid opcode: INVALID".to_owned(),
        HaltReason::InvalidJump => "invalid jump destination".to_owned(),
        HaltReason::StackUnderflow => "stack underflow".to_owned(),
        HaltReason::StackOverflow => "stack limit reached 1024".to_owned(),
        HaltReason::CreateContractSizeLimit => "max code size exceeded".to_owned(),
        HaltReason::CreateCollision => "contract address collision".to_owned(),
        HaltReason::StateChangeDuringStaticCall => "write protection".to_owned(),
        other => format!("execution halted: {other:?}"),
    }
}
