//! Logs of the protocol, decoded.

use alloy::rpc::types::Log as RpcLog;
use alloy::sol_types::SolEvent;
use weir_contracts::bindings::{BondingManager, RoundsManager, ServiceRegistry, TicketBroker};
use weir_types::{Address, B256, L2Block, LptWei, Round, U256, Wei, keccak256};

use crate::ChainError;

/// A log with its place on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// L2 block.
    pub block: L2Block,
    /// Hash of that block.
    pub block_hash: B256,
    /// Place among the block's logs.
    pub index: u64,
    /// Transaction.
    pub tx: B256,
    /// What it says.
    pub kind: LogKind,
}

impl Log {
    /// A log of the protocol's contracts; `None` where nobody acts on its kind. Which contract it is of is for the caller
    /// to know.
    ///
    /// # Errors
    /// It lacks its place, or is not what its topic says.
    pub fn read(log: &RpcLog) -> Result<Option<Self>, ChainError> {
        let missing = |field| ChainError::Missing { method: "eth_getLogs", field };
        let Some(kind) = decode(log)? else { return Ok(None) };
        Ok(Some(Self {
            block: L2Block(log.block_number.ok_or_else(|| missing("blockNumber"))?),
            block_hash: log.block_hash.ok_or_else(|| missing("blockHash"))?,
            index: log.log_index.ok_or_else(|| missing("logIndex"))?,
            tx: log.transaction_hash.ok_or_else(|| missing("transactionHash"))?,
            kind,
        }))
    }
}

/// What the protocol's logs say, as far as a node acts on them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogKind {
    /// A round was initialised.
    NewRound(Round),
    /// A sender's deposit grew.
    DepositFunded {
        /// The sender.
        sender: Address,
        /// By how much.
        amount: Wei,
    },
    /// A sender's reserve grew.
    ReserveFunded {
        /// The sender.
        sender: Address,
        /// By how much.
        amount: Wei,
    },
    /// A sender took deposit and reserve out.
    Withdrawal {
        /// The sender.
        sender: Address,
        /// Deposit taken.
        deposit: Wei,
        /// Reserve taken.
        reserve: Wei,
    },
    /// A sender asked to unlock, or thought better of it.
    UnlockChanged(Address),
    /// A winning ticket was redeemed.
    Redeemed {
        /// Sender of the ticket.
        sender: Address,
        /// Recipient of the ticket.
        recipient: Address,
        /// Its face value.
        face_value: Wei,
        /// Its preimage of the rand hash.
        recipient_rand: U256,
        /// Its nonce.
        nonce: u64,
        /// Hash under which the broker lists it as used.
        hash: B256,
    },
    /// A redemption's money moved.
    Paid {
        /// Sender of the ticket.
        sender: Address,
        /// Recipient of the ticket.
        recipient: Address,
        /// What the recipient's stakers got: less than face value when deposit and reserve fell short.
        amount: Wei,
    },
    /// An orchestrator called reward.
    Reward {
        /// The orchestrator.
        transcoder: Address,
        /// Newly minted tokens.
        amount: LptWei,
    },
    /// Stake was bonded.
    Bond {
        /// Whose.
        delegator: Address,
        /// New delegate.
        delegate: Address,
        /// Added amount.
        additional: LptWei,
    },
    /// Stake is on its way out.
    Unbond {
        /// Whose.
        delegator: Address,
        /// Its lock.
        lock: u64,
        /// First round of withdrawal.
        withdraw_round: Round,
        /// Amount.
        amount: LptWei,
    },
    /// Stake on its way out was bonded again.
    Rebond {
        /// Whose.
        delegator: Address,
        /// Delegate.
        delegate: Address,
        /// Its lock, which is gone.
        lock: u64,
        /// Amount.
        amount: LptWei,
    },
    /// Fees left the protocol.
    WithdrawFees {
        /// Whose.
        delegator: Address,
        /// Amount.
        amount: Wei,
    },
    /// Stake left the protocol.
    WithdrawStake {
        /// Whose.
        delegator: Address,
        /// Its lock, which is gone.
        lock: u64,
        /// Amount.
        amount: LptWei,
    },
    /// An orchestrator enters the active set in a round.
    Activated(Address, Round),
    /// An orchestrator leaves the active set in a round.
    Deactivated(Address, Round),
    /// An orchestrator changed its service URI.
    ServiceUri(Address, String),
}

fn parse<E: SolEvent>(log: &RpcLog) -> Result<E, ChainError> {
    E::decode_log_data(log.data()).map_err(|source| ChainError::Log {
        tx: log.transaction_hash.unwrap_or_default(),
        index: log.log_index.unwrap_or_default(),
        source: Box::new(source),
    })
}

fn round(v: U256) -> Round {
    Round(v.saturating_to())
}

pub(crate) fn decode(log: &RpcLog) -> Result<Option<LogKind>, ChainError> {
    let Some(topic) = log.topic0() else { return Ok(None) };
    let kind = match *topic {
        RoundsManager::NewRound::SIGNATURE_HASH => {
            LogKind::NewRound(round(parse::<RoundsManager::NewRound>(log)?.round))
        }
        BondingManager::Reward::SIGNATURE_HASH => {
            let e = parse::<BondingManager::Reward>(log)?;
            LogKind::Reward { transcoder: e.transcoder, amount: LptWei(e.amount) }
        }
        BondingManager::Bond::SIGNATURE_HASH => {
            let e = parse::<BondingManager::Bond>(log)?;
            LogKind::Bond { delegator: e.delegator, delegate: e.newDelegate, additional: LptWei(e.additionalAmount) }
        }
        BondingManager::Unbond::SIGNATURE_HASH => {
            let e = parse::<BondingManager::Unbond>(log)?;
            LogKind::Unbond {
                delegator: e.delegator,
                lock: e.unbondingLockId.saturating_to(),
                withdraw_round: round(e.withdrawRound),
                amount: LptWei(e.amount),
            }
        }
        BondingManager::Rebond::SIGNATURE_HASH => {
            let e = parse::<BondingManager::Rebond>(log)?;
            LogKind::Rebond {
                delegator: e.delegator,
                delegate: e.delegate,
                lock: e.unbondingLockId.saturating_to(),
                amount: LptWei(e.amount),
            }
        }
        BondingManager::WithdrawFees::SIGNATURE_HASH => {
            let e = parse::<BondingManager::WithdrawFees>(log)?;
            LogKind::WithdrawFees { delegator: e.delegator, amount: Wei(e.amount) }
        }
        BondingManager::WithdrawStake::SIGNATURE_HASH => {
            let e = parse::<BondingManager::WithdrawStake>(log)?;
            LogKind::WithdrawStake {
                delegator: e.delegator,
                lock: e.unbondingLockId.saturating_to(),
                amount: LptWei(e.amount),
            }
        }
        BondingManager::TranscoderActivated::SIGNATURE_HASH => {
            let e = parse::<BondingManager::TranscoderActivated>(log)?;
            LogKind::Activated(e.transcoder, round(e.activationRound))
        }
        BondingManager::TranscoderDeactivated::SIGNATURE_HASH => {
            let e = parse::<BondingManager::TranscoderDeactivated>(log)?;
            LogKind::Deactivated(e.transcoder, round(e.deactivationRound))
        }
        ServiceRegistry::ServiceURIUpdate::SIGNATURE_HASH => {
            let e = parse::<ServiceRegistry::ServiceURIUpdate>(log)?;
            LogKind::ServiceUri(e.addr, e.serviceURI)
        }
        _ => return decode_broker(log, *topic),
    };
    Ok(Some(kind))
}

fn decode_broker(log: &RpcLog, topic: B256) -> Result<Option<LogKind>, ChainError> {
    let kind = match topic {
        TicketBroker::DepositFunded::SIGNATURE_HASH => {
            let e = parse::<TicketBroker::DepositFunded>(log)?;
            LogKind::DepositFunded { sender: e.sender, amount: Wei(e.amount) }
        }
        TicketBroker::ReserveFunded::SIGNATURE_HASH => {
            let e = parse::<TicketBroker::ReserveFunded>(log)?;
            LogKind::ReserveFunded { sender: e.reserveHolder, amount: Wei(e.amount) }
        }
        TicketBroker::Withdrawal::SIGNATURE_HASH => {
            let e = parse::<TicketBroker::Withdrawal>(log)?;
            LogKind::Withdrawal { sender: e.sender, deposit: Wei(e.deposit), reserve: Wei(e.reserve) }
        }
        TicketBroker::Unlock::SIGNATURE_HASH => LogKind::UnlockChanged(parse::<TicketBroker::Unlock>(log)?.sender),
        TicketBroker::UnlockCancelled::SIGNATURE_HASH => {
            LogKind::UnlockChanged(parse::<TicketBroker::UnlockCancelled>(log)?.sender)
        }
        TicketBroker::WinningTicketRedeemed::SIGNATURE_HASH => {
            let e = parse::<TicketBroker::WinningTicketRedeemed>(log)?;
            LogKind::Redeemed {
                sender: e.sender,
                recipient: e.recipient,
                face_value: Wei(e.faceValue),
                recipient_rand: e.recipientRand,
                nonce: e.senderNonce.saturating_to(),
                hash: ticket_hash(&e),
            }
        }
        TicketBroker::WinningTicketTransfer::SIGNATURE_HASH => {
            let e = parse::<TicketBroker::WinningTicketTransfer>(log)?;
            LogKind::Paid { sender: e.sender, recipient: e.recipient, amount: Wei(e.amount) }
        }
        _ => return Ok(None),
    };
    Ok(Some(kind))
}

/// Hash of the ticket that a log tells of. The log holds the preimage where the ticket has its hash.
fn ticket_hash(e: &TicketBroker::WinningTicketRedeemed) -> B256 {
    let mut packed = Vec::with_capacity(232);
    packed.extend_from_slice(e.recipient.as_slice());
    packed.extend_from_slice(e.sender.as_slice());
    packed.extend_from_slice(&e.faceValue.to_be_bytes::<32>());
    packed.extend_from_slice(&e.winProb.to_be_bytes::<32>());
    packed.extend_from_slice(&e.senderNonce.to_be_bytes::<32>());
    packed.extend_from_slice(keccak256(e.recipientRand.to_be_bytes::<32>()).as_slice());
    packed.extend_from_slice(&e.auxData);
    keccak256(packed)
}
