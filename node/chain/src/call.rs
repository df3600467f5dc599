//! What a role wants, as transactions: calldata, an allowance where one lacks, gas from a dry run.

use alloy::network::TransactionBuilder;
use alloy::primitives::Bytes;
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::SolCall;
use thiserror::Error;
use weir_contracts::Revert;
use weir_contracts::bindings::{
    BondingManager, BrokerTicket, LivepeerToken, RoundsManager, ServiceRegistry, TicketBroker,
};
use weir_roles::TxIntent;
use weir_ticket::{Signature, Ticket, WinningTicket};
use weir_types::{Address, LptWei, U256, Wei};

use crate::fault::revert_of;
use crate::hints::pool_hints;
use crate::outbox::Draft;
use crate::{ChainError, Client};

/// Room above an estimate, in per cent: state may move between the dry run and the block.
const GAS_MARGIN_PERCENT: u64 = 30;

/// Gas for an `approve`, which needs no estimate.
const APPROVE_GAS: u64 = 80_000;

/// Gas for what cannot be tried before an allowance is there.
const UNTRIED_GAS: u64 = 1_500_000;

/// A dry run that failed: the transaction would fail too.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct DryRunFailed {
    /// What the endpoint said.
    pub message: String,
    /// The contract's reason, when it is one.
    pub revert: Option<Revert>,
}

/// What a role wants, as a call.
struct Call {
    to: Address,
    data: Bytes,
    value: Wei,
}

impl Call {
    fn draft(self, key: String, kind: &str, gas_limit: u64) -> Draft {
        Draft { key, kind: kind.to_owned(), to: self.to, data: self.data, value: self.value, gas_limit }
    }
}

/// The transactions that an intent of `who` needs: usually one, two where an allowance must be raised first.
///
/// `gas_limit` skips the dry run, for set-up in bulk.
///
/// # Errors
/// The endpoint's failure, as opposed to a dry run that failed.
pub async fn drafts<P: Provider + Clone>(
    client: &Client<P>,
    who: Address,
    key: &str,
    intent: &TxIntent,
    gas_limit: Option<u64>,
) -> Result<Result<Vec<Draft>, DryRunFailed>, ChainError> {
    let mut drafts = Vec::new();
    if let TxIntent::Bond { amount, .. } = intent
        && let Some(approve) = approval(client, who, *amount).await?
    {
        drafts.push(approve.draft(format!("{key}/approve"), "approve", APPROVE_GAS));
    }
    if let (TxIntent::RedeemBatch(all), None) = (intent, gas_limit) {
        return Ok(batch(client, who, all)
            .await?
            .map(|(call, gas)| vec![call.draft(key.to_owned(), intent.kind(), gas)]));
    }
    let call = call(client, who, intent).await?;
    let limit = match gas_limit {
        Some(g) => g,
        None if !drafts.is_empty() => UNTRIED_GAS,
        None => match estimate(client, who, &call).await? {
            Ok(g) => g,
            Err(failed) => return Ok(Err(failed)),
        },
    };
    drafts.push(call.draft(key.to_owned(), intent.kind(), limit));
    Ok(Ok(drafts))
}

async fn approval<P: Provider + Clone>(
    client: &Client<P>,
    who: Address,
    amount: LptWei,
) -> Result<Option<Call>, ChainError> {
    let a = client.addresses();
    if amount.is_zero() || client.lpt_allowance(who, a.bonding_manager).await? >= amount {
        return Ok(None);
    }
    let data = LivepeerToken::approveCall { spender: a.bonding_manager, amount: amount.0 }.abi_encode();
    Ok(Some(Call { to: a.token, data: data.into(), value: Wei::ZERO }))
}

/// The tickets of a batch that would be paid, with gas for each as if it went alone, or why the first would not.
///
/// A dry run of the whole tells nothing: the broker goes on after a ticket that fails, also for want of gas, so that
/// an estimate may come out too low for the tickets and high enough for the rest.
async fn batch<P: Provider + Clone>(
    client: &Client<P>,
    who: Address,
    all: &[WinningTicket],
) -> Result<Result<(Call, u64), DryRunFailed>, ChainError> {
    let to = client.addresses().ticket_broker;
    let (mut good, mut gas, mut failure) = (Vec::new(), 0u64, None);
    for w in all {
        let data = redeem_data(&w.ticket, &w.sig, w.recipient_rand).into();
        match estimate(client, who, &Call { to, data, value: Wei::ZERO }).await? {
            Ok(g) => {
                gas = gas.saturating_add(g);
                good.push(w);
            }
            Err(e) => failure = failure.or(Some(e)),
        }
    }
    if good.is_empty() {
        let nothing = || DryRunFailed { message: "a batch without tickets".to_owned(), revert: None };
        return Ok(Err(failure.unwrap_or_else(nothing)));
    }
    Ok(Ok((Call { to, data: batch_data(good).into(), value: Wei::ZERO }, gas)))
}

async fn estimate<P: Provider + Clone>(
    client: &Client<P>,
    who: Address,
    call: &Call,
) -> Result<Result<u64, DryRunFailed>, ChainError> {
    let request = TransactionRequest::default()
        .with_from(who)
        .with_to(call.to)
        .with_input(call.data.clone())
        .with_value(call.value.0);
    match client.provider().estimate_gas(request).await {
        Ok(g) => Ok(Ok(g.saturating_add(g.saturating_mul(GAS_MARGIN_PERCENT) / 100))),
        Err(source) => {
            let revert = revert_of(&source);
            let e = ChainError::Rpc { method: "eth_estimateGas", source };
            match &e {
                ChainError::Rpc { source, .. } if e.fault().is_none() => match source.as_error_resp() {
                    Some(resp) => Ok(Err(DryRunFailed { message: resp.message.to_string(), revert })),
                    None => Err(e),
                },
                _ => Err(e),
            }
        }
    }
}

/// What an intent asks of which contract.
async fn call<P: Provider + Clone>(client: &Client<P>, who: Address, intent: &TxIntent) -> Result<Call, ChainError> {
    let a = client.addresses();
    let plain = |to, data: Vec<u8>| Call { to, data: data.into(), value: Wei::ZERO };
    let bonding = |data| plain(a.bonding_manager, data);
    Ok(match intent {
        TxIntent::InitializeRound => plain(a.rounds_manager, RoundsManager::initializeRoundCall {}.abi_encode()),
        TxIntent::Reward => {
            let (prev, next) = reward_hints(client, who).await?;
            bonding(BondingManager::rewardWithHintCall { _newPosPrev: prev, _newPosNext: next }.abi_encode())
        }
        TxIntent::Redeem { ticket, sig, recipient_rand } => {
            plain(a.ticket_broker, redeem_data(ticket, sig, *recipient_rand))
        }
        TxIntent::RedeemBatch(all) => plain(a.ticket_broker, batch_data(all)),
        TxIntent::Bond { amount, to } => bonding(BondingManager::bondCall { _amount: amount.0, _to: *to }.abi_encode()),
        TxIntent::Unbond { amount } => bonding(BondingManager::unbondCall { _amount: amount.0 }.abi_encode()),
        TxIntent::Rebond { lock } => {
            bonding(BondingManager::rebondCall { _unbondingLockId: U256::from(*lock) }.abi_encode())
        }
        TxIntent::WithdrawStake { lock } => {
            bonding(BondingManager::withdrawStakeCall { _unbondingLockId: U256::from(*lock) }.abi_encode())
        }
        TxIntent::WithdrawFees { amount } => {
            bonding(BondingManager::withdrawFeesCall { _recipient: who, _amount: amount.0 }.abi_encode())
        }
        TxIntent::ClaimEarnings { end } => {
            bonding(BondingManager::claimEarningsCall { _endRound: U256::from(end.0) }.abi_encode())
        }
        TxIntent::Commission { reward_cut, fee_share } => bonding(
            BondingManager::transcoderCall { _rewardCut: U256::from(reward_cut.0), _feeShare: U256::from(fee_share.0) }
                .abi_encode(),
        ),
        TxIntent::ServiceUri(uri) => {
            plain(a.service_registry, ServiceRegistry::setServiceURICall { _serviceURI: uri.clone() }.abi_encode())
        }
        TxIntent::Fund { deposit, reserve } => Call {
            to: a.ticket_broker,
            data: TicketBroker::fundDepositAndReserveCall { _depositAmount: deposit.0, _reserveAmount: reserve.0 }
                .abi_encode()
                .into(),
            value: Wei(deposit.0.saturating_add(reserve.0)),
        },
    })
}

/// Where this orchestrator stands in the pool after its reward of the round.
async fn reward_hints<P: Provider + Clone>(client: &Client<P>, who: Address) -> Result<(Address, Address), ChainError> {
    let pool: Vec<(Address, LptWei)> = client.pool().await?.iter().map(|m| (m.address, m.stake)).collect();
    let own = client.transcoder(who).await?.stake;
    let (mintable, _) = client.mintable().await?;
    let total = client.total_bonded().await?;
    let reward = if total.is_zero() { U256::ZERO } else { mintable.0.checked_mul(own.0).unwrap_or_default() / total.0 };
    let stake = LptWei(own.0.saturating_add(reward));
    Ok(pool_hints(&pool, client.pool_max_size().await?, who, stake))
}

/// Calldata that redeems a winning ticket.
#[must_use]
pub fn redeem_data(ticket: &Ticket, sig: &Signature, recipient_rand: U256) -> Vec<u8> {
    TicketBroker::redeemWinningTicketCall {
        _ticket: broker_ticket(ticket),
        _sig: Bytes::copy_from_slice(sig.as_ref()),
        _recipientRand: recipient_rand,
    }
    .abi_encode()
}

/// Calldata that redeems the winning tickets among some: the broker skips those that fail.
#[must_use]
pub fn batch_data<'a>(tickets: impl IntoIterator<Item = &'a WinningTicket>) -> Vec<u8> {
    let mut call =
        TicketBroker::batchRedeemWinningTicketsCall { _tickets: vec![], _sigs: vec![], _recipientRands: vec![] };
    for w in tickets {
        call._tickets.push(broker_ticket(&w.ticket));
        call._sigs.push(Bytes::copy_from_slice(w.sig.as_ref()));
        call._recipientRands.push(w.recipient_rand);
    }
    call.abi_encode()
}

fn broker_ticket(ticket: &Ticket) -> BrokerTicket {
    BrokerTicket {
        recipient: ticket.recipient,
        sender: ticket.sender,
        faceValue: ticket.face_value.0,
        winProb: ticket.win_prob.0,
        senderNonce: U256::from(ticket.sender_nonce),
        recipientRandHash: ticket.recipient_rand_hash,
        auxData: ticket.aux_data().into(),
    }
}
