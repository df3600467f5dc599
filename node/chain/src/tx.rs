//! Transactions of one account.

use alloy::consensus::TxEnvelope;
use alloy::eips::eip2718::Encodable2718;
use alloy::network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder};
use alloy::primitives::{Bytes, TxKind};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use weir_contracts::bindings::{BondingManager, LivepeerToken, RoundsManager, ServiceRegistry, TicketBroker};
use weir_roles::{TxIntent, TxOutcome};
use weir_ticket::{Signature, Ticket};
use weir_types::{Address, B256, LptWei, U256, Wei};

use crate::hints::pool_hints;
use crate::{ChainError, Client};

/// A signed transaction, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Its hash.
    pub hash: B256,
    /// Its bytes, for `eth_sendRawTransaction`.
    pub raw: Bytes,
    /// Contract function, for tables and logs.
    pub kind: &'static str,
}

/// What a role wants, as a call.
struct Call {
    to: Address,
    data: Bytes,
    value: Wei,
}

/// Prepares, signs and settles the transactions of one account. It owns the account's nonce.
#[derive(Debug, Clone)]
pub struct TxManager {
    address: Address,
    wallet: EthereumWallet,
    chain_id: u64,
    next_nonce: u64,
    tip: Wei,
}

/// Room above an estimate, in per cent: state may move between the dry run and the block.
const GAS_MARGIN_PERCENT: u64 = 30;

impl TxManager {
    /// A manager of the key's account whose next nonce is `next_nonce`.
    #[must_use]
    pub fn new(key: PrivateKeySigner, chain_id: u64, next_nonce: u64) -> Self {
        Self { address: key.address(), wallet: EthereumWallet::from(key), chain_id, next_nonce, tip: Wei::ZERO }
    }

    /// The account.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// The nonce that the next transaction gets.
    #[must_use]
    pub const fn next_nonce(&self) -> u64 {
        self.next_nonce
    }

    /// Forget local nonces and go on from the chain's count, after a restart or a lost transaction.
    pub const fn resync(&mut self, chain_nonce: u64) {
        self.next_nonce = chain_nonce;
    }

    /// Try an intent on the newest state and sign what it needs: usually one transaction, two where
    /// an allowance must be raised first. `Err` is the refusal that goes back to the role.
    ///
    /// `gas_limit` skips the dry run, for set-up in bulk.
    ///
    /// # Errors
    /// The endpoint's failure, as opposed to a refusal.
    pub async fn prepare<P: Provider + Clone>(
        &mut self,
        client: &Client<P>,
        intent: &TxIntent,
        gas_limit: Option<u64>,
    ) -> Result<Result<Vec<Submitted>, TxOutcome>, ChainError> {
        let nonce_before = self.next_nonce;
        let prepared = self.sign_all(client, intent, gas_limit).await;
        if !matches!(prepared, Ok(Ok(_))) {
            // Nothing was sent: a gap would hold up all that follows.
            self.next_nonce = nonce_before;
        }
        prepared
    }

    async fn sign_all<P: Provider + Clone>(
        &mut self,
        client: &Client<P>,
        intent: &TxIntent,
        gas_limit: Option<u64>,
    ) -> Result<Result<Vec<Submitted>, TxOutcome>, ChainError> {
        let mut signed = Vec::new();
        if let TxIntent::Bond { amount, .. } = intent
            && let Some(approve) = self.approval(client, *amount).await?
        {
            signed.push(self.sign(client, approve, "approve", 80_000).await?);
        }
        let call = self.call(client, intent).await?;
        // The dry run cannot see an allowance that is still on its way.
        let limit = match gas_limit {
            Some(g) => g,
            None if !signed.is_empty() => 1_500_000,
            None => match self.estimate(client, &call).await? {
                Ok(g) => g,
                Err(reason) => return Ok(Err(TxOutcome::Refused { reason })),
            },
        };
        signed.push(self.sign(client, call, intent.kind(), limit).await?);
        Ok(Ok(signed))
    }

    /// What became of a sent transaction; `None` while it is not in a block.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn outcome<P: Provider + Clone>(
        &self,
        client: &Client<P>,
        hash: B256,
    ) -> Result<Option<TxOutcome>, ChainError> {
        let receipt = client
            .provider()
            .get_transaction_receipt(hash)
            .await
            .map_err(|source| ChainError::Rpc { method: "eth_getTransactionReceipt", source })?;
        Ok(receipt.map(|r| {
            let fee = Wei(U256::from(r.gas_used) * U256::from(r.effective_gas_price));
            if r.status() {
                TxOutcome::Mined { fee }
            } else {
                TxOutcome::Reverted { reason: "transaction failed".to_owned(), fee }
            }
        }))
    }

    async fn approval<P: Provider + Clone>(
        &self,
        client: &Client<P>,
        amount: LptWei,
    ) -> Result<Option<Call>, ChainError> {
        let a = client.addresses();
        if amount.is_zero() || client.lpt_allowance(self.address, a.bonding_manager).await? >= amount {
            return Ok(None);
        }
        let data = LivepeerToken::approveCall { spender: a.bonding_manager, amount: amount.0 }.abi_encode();
        Ok(Some(Call { to: a.token, data: data.into(), value: Wei::ZERO }))
    }

    async fn estimate<P: Provider + Clone>(
        &self,
        client: &Client<P>,
        call: &Call,
    ) -> Result<Result<u64, String>, ChainError> {
        let request = TransactionRequest::default()
            .with_from(self.address)
            .with_to(call.to)
            .with_input(call.data.clone())
            .with_value(call.value.0);
        match client.provider().estimate_gas(request).await {
            Ok(g) => Ok(Ok(g.saturating_add(g.saturating_mul(GAS_MARGIN_PERCENT) / 100))),
            Err(e) => match e.as_error_resp() {
                Some(resp) => Ok(Err(resp.message.to_string())),
                None => Err(ChainError::Rpc { method: "eth_estimateGas", source: e }),
            },
        }
    }

    async fn sign<P: Provider + Clone>(
        &mut self,
        client: &Client<P>,
        call: Call,
        kind: &'static str,
        gas_limit: u64,
    ) -> Result<Submitted, ChainError> {
        let base = client.gas_price().await?;
        // Twice the base fee survives six full blocks of growth.
        let cap: u128 = (base.0 * U256::from(2u64) + self.tip.0).saturating_to();
        let mut request = TransactionRequest::default()
            .with_from(self.address)
            .with_input(call.data)
            .with_value(call.value.0)
            .with_nonce(self.next_nonce)
            .with_chain_id(self.chain_id)
            .with_gas_limit(gas_limit)
            .with_max_fee_per_gas(cap)
            .with_max_priority_fee_per_gas(self.tip.0.saturating_to());
        request.set_kind(TxKind::Call(call.to));
        let tx: TxEnvelope = request.build(&self.wallet).await.map_err(|e| ChainError::Sign(e.to_string()))?;
        self.next_nonce += 1;
        Ok(Submitted { hash: *tx.tx_hash(), raw: tx.encoded_2718().into(), kind })
    }

    async fn call<P: Provider + Clone>(&self, client: &Client<P>, intent: &TxIntent) -> Result<Call, ChainError> {
        let a = client.addresses();
        let plain = |to, data: Vec<u8>| Call { to, data: data.into(), value: Wei::ZERO };
        let bonding = |data| plain(a.bonding_manager, data);
        Ok(match intent {
            TxIntent::InitializeRound => plain(a.rounds_manager, RoundsManager::initializeRoundCall {}.abi_encode()),
            TxIntent::Reward => {
                let (prev, next) = self.reward_hints(client).await?;
                bonding(BondingManager::rewardWithHintCall { _newPosPrev: prev, _newPosNext: next }.abi_encode())
            }
            TxIntent::Redeem { ticket, sig, recipient_rand } => {
                plain(a.ticket_broker, redeem_data(ticket, sig, *recipient_rand))
            }
            TxIntent::Bond { amount, to } => {
                bonding(BondingManager::bondCall { _amount: amount.0, _to: *to }.abi_encode())
            }
            TxIntent::Unbond { amount } => bonding(BondingManager::unbondCall { _amount: amount.0 }.abi_encode()),
            TxIntent::WithdrawStake { lock } => {
                bonding(BondingManager::withdrawStakeCall { _unbondingLockId: U256::from(*lock) }.abi_encode())
            }
            TxIntent::WithdrawFees { amount } => {
                bonding(BondingManager::withdrawFeesCall { _recipient: self.address, _amount: amount.0 }.abi_encode())
            }
            TxIntent::ClaimEarnings { end } => {
                bonding(BondingManager::claimEarningsCall { _endRound: U256::from(end.0) }.abi_encode())
            }
            TxIntent::Commission { reward_cut, fee_share } => bonding(
                BondingManager::transcoderCall {
                    _rewardCut: U256::from(reward_cut.0),
                    _feeShare: U256::from(fee_share.0),
                }
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
    async fn reward_hints<P: Provider + Clone>(&self, client: &Client<P>) -> Result<(Address, Address), ChainError> {
        let pool: Vec<(Address, LptWei)> = client.pool().await?.iter().map(|m| (m.address, m.stake)).collect();
        let own = client.transcoder(self.address).await?.stake;
        let (mintable, _) = client.mintable().await?;
        let total = client.total_bonded().await?;
        let reward =
            if total.is_zero() { U256::ZERO } else { mintable.0.checked_mul(own.0).unwrap_or_default() / total.0 };
        let stake = LptWei(own.0.saturating_add(reward));
        Ok(pool_hints(&pool, client.pool_max_size().await?, self.address, stake))
    }
}

/// Calldata that redeems a winning ticket.
#[must_use]
pub fn redeem_data(ticket: &Ticket, sig: &Signature, recipient_rand: U256) -> Vec<u8> {
    TicketBroker::redeemWinningTicketCall {
        _ticket: weir_contracts::bindings::BrokerTicket {
            recipient: ticket.recipient,
            sender: ticket.sender,
            faceValue: ticket.face_value.0,
            winProb: ticket.win_prob.0,
            senderNonce: U256::from(ticket.sender_nonce),
            recipientRandHash: ticket.recipient_rand_hash,
            auxData: ticket.aux_data().into(),
        },
        _sig: Bytes::copy_from_slice(sig.as_ref()),
        _recipientRand: recipient_rand,
    }
    .abi_encode()
}
