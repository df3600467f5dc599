//! Transactions of one account over endpoints: tried, priced, stored, sent, replaced and followed until
//! nothing takes them back.
//!
//! The rules are the [`Outbox`]'s; this part asks endpoints and carries out its steps. It never waits for
//! a block: what became of transactions is told by [`TxManager::tick`], and a role goes on meanwhile.

use std::collections::BTreeMap;

use alloy::eips::BlockId;
use alloy::network::TransactionBuilder;
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::types::TransactionRequest;
use thiserror::Error;
use weir_contracts::Revert;
use weir_roles::{Journal, JournalError, TxIntent};
use weir_types::{Address, B256, L2Block, U256, Wei};

use crate::call::{DryRunFailed, drafts};
use crate::client::{BlockAt, block_head};
use crate::endpoints::Endpoints;
use crate::fault::{SendRefusal, revert_of, sent};
use crate::gas::{AboveMax, GasPolicy};
use crate::outbox::{Draft, Notice, Outbox, OutboxConfig, Place, RECORDS, Seen, Step};
use crate::tx::Account;
use crate::watch::decode;
use crate::{Addresses, ChainError, Client, LogKind};

/// Why an intent did not become a transaction. Nothing was sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TxError {
    /// It would fail.
    #[error(transparent)]
    DryRun(#[from] DryRunFailed),
    /// Gas is dearer than allowed.
    #[error(transparent)]
    Price(#[from] AboveMax),
    /// It cannot be stored, and so must not be sent.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No endpoint could be asked. Nothing is decided: try again.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// What became of an intent that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submission {
    /// It is on its way.
    Sent,
    /// One under the same key is on its way already.
    Joined,
}

/// The transactions of one account.
#[derive(Debug)]
pub struct TxManager<J> {
    account: Account,
    outbox: Outbox,
    journal: J,
}

impl<J: Journal> TxManager<J> {
    /// A manager that goes on with what its journal holds.
    ///
    /// # Errors
    /// The journal does not read.
    pub fn open(
        endpoints: &Endpoints,
        account: Account,
        config: OutboxConfig,
        policy: GasPolicy,
        journal: J,
    ) -> Result<Self, JournalError> {
        let mut outbox = Outbox::new(config, policy, account.address());
        let records = journal.read(RECORDS)?;
        outbox
            .restore(endpoints.now(), records.iter().map(|(k, v)| (k.as_str(), v.as_slice())))
            .map_err(JournalError)?;
        Ok(Self { account, outbox, journal })
    }

    /// The account.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.account.address()
    }

    /// What is on its way.
    #[must_use]
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Ends it, and hands its journal back.
    #[must_use]
    pub fn into_journal(self) -> J {
        self.journal
    }

    /// Tries an intent and sends what it needs. `key` says what it is for: while a transaction with the same
    /// key is on its way, nothing else is sent, and its outcome answers this intent too.
    ///
    /// # Errors
    /// Why nothing was sent.
    pub async fn submit(
        &mut self,
        endpoints: &Endpoints,
        addresses: &Addresses,
        key: &str,
        intent: &TxIntent,
    ) -> Result<Submission, TxError> {
        if self.outbox.join(key) {
            return Ok(Submission::Joined);
        }
        let who = self.address();
        let plan = endpoints
            .with(|provider| async move {
                let client = Client::new(provider, *addresses);
                let base = client.gas_price().await?;
                let pending = client
                    .provider()
                    .get_transaction_count(who)
                    .pending()
                    .await
                    .map_err(|source| ChainError::Rpc { method: "eth_getTransactionCount", source })?;
                Ok((drafts(&client, who, key, intent, None).await?, base, pending))
            })
            .await?;
        let (drafts, base, pending) = plan;
        for draft in drafts? {
            self.send(endpoints, draft, base, pending).await?;
        }
        Ok(Submission::Sent)
    }

    async fn send(&mut self, endpoints: &Endpoints, draft: Draft, base: Wei, pending: u64) -> Result<(), TxError> {
        let fees = self.outbox.policy().fees(base, Wei::ZERO)?;
        let nonce = self.outbox.next_nonce(pending);
        let attempt = self.account.sign(&draft, nonce, fees).await?;
        let mut steps = self.outbox.add(endpoints.now(), nonce, draft, attempt).into_iter();
        if let Some(Step::Persist(record)) = steps.next()
            && let Err(e) = self.journal.put(&record)
        {
            self.outbox.unstored(nonce);
            return Err(e.into());
        }
        self.carry_out(endpoints, base, steps.collect()).await?;
        Ok(())
    }

    /// Looks at the chain for what is on its way, and sends again what is not there.
    ///
    /// # Errors
    /// No endpoint answered, or a record could not be stored. Nothing is lost: the next tick goes on.
    pub async fn tick(&mut self, endpoints: &Endpoints) -> Result<Vec<Notice>, TxError> {
        if self.outbox.is_empty() {
            return Ok(Vec::new());
        }
        let (who, open, settle) = (self.address(), self.outbox.open(), self.outbox.config().settle);
        let open = &open;
        let seen = endpoints.with(|provider| async move { look(&provider, who, open, settle).await }).await?;
        let steps = self.outbox.observe(endpoints.now(), &seen);
        self.carry_out(endpoints, seen.base_fee, steps).await
    }

    async fn carry_out(
        &mut self,
        endpoints: &Endpoints,
        base_fee: Wei,
        steps: Vec<Step>,
    ) -> Result<Vec<Notice>, TxError> {
        let mut notices = Vec::new();
        let mut steps = std::collections::VecDeque::from(steps);
        while let Some(step) = steps.pop_front() {
            let more = match step {
                Step::Persist(record) => {
                    self.journal.put(&record)?;
                    Vec::new()
                }
                Step::Send { nonce, raw, again } => {
                    let answer = broadcast(endpoints, &raw, again).await;
                    self.outbox.sent(endpoints.now(), nonce, base_fee, answer)
                }
                Step::Sign { nonce, draft, fees } => {
                    let attempt = self.account.sign(&draft, nonce, fees).await?;
                    self.outbox.replaced(endpoints.now(), nonce, attempt)
                }
                Step::Tell(notice) => {
                    notices.push(notice);
                    Vec::new()
                }
            };
            for step in more.into_iter().rev() {
                steps.push_front(step);
            }
        }
        Ok(notices)
    }

    /// Why a transaction in a block failed, as a call on the state around it tells; none when that call
    /// succeeds or cannot be made.
    pub async fn reason(&self, endpoints: &Endpoints, hash: B256) -> Option<Revert> {
        let who = self.address();
        endpoints.with(|provider| async move { replay(&provider, who, hash).await }).await.ok().flatten()
    }

    /// Hashes of the tickets that a transaction in a block redeemed, as the broker's logs tell; none when no
    /// endpoint tells.
    pub async fn redeemed(&self, endpoints: &Endpoints, hash: B256) -> Vec<B256> {
        endpoints.with(|provider| async move { redemptions(&provider, hash).await }).await.unwrap_or_default()
    }
}

/// Sends to the best endpoint, or to all when the first one seems to have lost it.
async fn broadcast(endpoints: &Endpoints, raw: &[u8], all: bool) -> Result<(), Option<SendRefusal>> {
    let one = |provider: RootProvider| async move {
        match provider.send_raw_transaction(raw).await {
            Ok(_) => Ok(Ok(())),
            Err(source) => match sent(&source) {
                // Not an answer: the next endpoint is asked.
                Err(None) => Err(ChainError::Rpc { method: "eth_sendRawTransaction", source }),
                answer => Ok(answer),
            },
        }
    };
    if !all {
        return endpoints.with(one).await.unwrap_or(Err(None));
    }
    let mut answers = endpoints.each(one).await;
    // One that takes it outweighs all others, and a refusal outweighs silence.
    answers.sort_by_key(|a| match a {
        Ok(Ok(())) => 0,
        Ok(Err(_)) => 1,
        Err(_) => 2,
    });
    match answers.into_iter().next() {
        Some(Ok(answer)) => answer,
        _ => Err(None),
    }
}

/// The account and its transactions, as one endpoint has them.
async fn look(
    provider: &RootProvider,
    who: Address,
    open: &[(u64, Vec<B256>)],
    settle: u64,
) -> Result<Seen, ChainError> {
    let count = |at: BlockId| async move {
        provider
            .get_transaction_count(who)
            .block_id(at)
            .await
            .map_err(|source| ChainError::Rpc { method: "eth_getTransactionCount", source })
    };
    let head = block_head(provider, BlockAt::Latest).await?.l2;
    let nonce = count(BlockId::number(head.0)).await?;
    let base_fee =
        provider.get_gas_price().await.map_err(|source| ChainError::Rpc { method: "eth_gasPrice", source })?;
    let mut places = BTreeMap::new();
    let mut unexplained = false;
    for (_, hashes) in open.iter().filter(|(n, _)| *n < nonce) {
        let before = places.len();
        for hash in hashes.iter().rev() {
            let receipt = provider
                .get_transaction_receipt(*hash)
                .await
                .map_err(|source| ChainError::Rpc { method: "eth_getTransactionReceipt", source })?;
            if let Some((block, block_hash)) = receipt.as_ref().and_then(|r| Some((r.block_number?, r.block_hash?)))
                && let Some(r) = receipt
            {
                let fee = Wei(U256::from(r.gas_used).saturating_mul(U256::from(r.effective_gas_price)));
                places
                    .insert(*hash, Place { hash: *hash, block: L2Block(block), block_hash, success: r.status(), fee });
                break;
            }
        }
        unexplained |= places.len() == before;
    }
    // Only then is it worth a question whether the nonce is gone for good.
    let settled_nonce = match head.0.checked_sub(settle) {
        Some(deep) if unexplained => count(BlockId::number(deep)).await.unwrap_or(0),
        _ => 0,
    };
    Ok(Seen { head, nonce, settled_nonce, base_fee: Wei::new(base_fee), places })
}

/// Tickets that a transaction redeemed.
async fn redemptions(provider: &RootProvider, hash: B256) -> Result<Vec<B256>, ChainError> {
    let method = "eth_getTransactionReceipt";
    let receipt = provider.get_transaction_receipt(hash).await.map_err(|source| ChainError::Rpc { method, source })?;
    // An endpoint that is behind has none: another one is asked.
    let receipt = receipt.ok_or(ChainError::Missing { method, field: "receipt" })?;
    let mut tickets = Vec::new();
    for log in receipt.inner.logs() {
        if let Some(LogKind::Redeemed { hash, .. }) = decode(log)? {
            tickets.push(hash);
        }
    }
    Ok(tickets)
}

/// Runs a transaction again as a call on the state before and after its block.
async fn replay(provider: &RootProvider, who: Address, hash: B256) -> Result<Option<Revert>, ChainError> {
    let rpc = |method| move |source| ChainError::Rpc { method, source };
    let Some(tx) = provider.get_transaction_by_hash(hash).await.map_err(rpc("eth_getTransactionByHash"))? else {
        return Ok(None);
    };
    let Some(block) = tx.block_number else { return Ok(None) };
    let request: TransactionRequest = TransactionRequest::from_transaction(tx).with_from(who);
    // What failed it may have been in the same block, so both sides of it are tried.
    for at in [block.saturating_sub(1), block] {
        match provider.call(request.clone()).block(BlockId::number(at)).await {
            Ok(_) => {}
            Err(source) => match revert_of(&source) {
                Some(revert) => return Ok(Some(revert)),
                None => return Err(rpc("eth_call")(source)),
            },
        }
    }
    Ok(None)
}
