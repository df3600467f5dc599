//! One node's view of the chain over its endpoints: what its machines hear, and what they want done.
//!
//! [`Driver::tick`] looks once and returns; it is called every few seconds, or whenever something hints at a
//! new block. A machine goes on with what it was told last: an endpoint that is down delays news, and
//! nothing else.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;
use weir_roles::{ChainEvent, ChainHead, Journal, OrchestratorEntry, Peer, SenderFunds, TxIntent, TxOutcome};
use weir_types::{Address, L2Block, Wei};

use crate::book::{Book, Changed};
use crate::endpoints::Endpoints;
use crate::gas::{GasPrices, gas_prices};
use crate::manager::{Submission, TxError, TxManager};
use crate::outbox::Notice;
use crate::watch::{News, WatchConfig, Watcher};
use crate::{ActiveOrchestrator, Addresses, ChainError, Client, Head};

/// What a tick brought.
#[derive(Debug, Clone, Default)]
pub struct Tick {
    /// What the chain says, in order: heads, logs, logs taken back.
    pub news: Vec<News>,
    /// What machines are to hear.
    pub events: Vec<ChainEvent>,
    /// What became of transactions, by key.
    pub notices: Vec<Notice>,
    /// Outcomes for whoever wanted the transactions, by key. Each comes once, and again where a
    /// reorganisation undid it or somebody joined later.
    pub outcomes: Vec<(String, TxOutcome)>,
}

/// What of a tick failed. The rest was done, and the next tick does it again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TickError {
    /// The chain could not be read.
    #[error("reading the chain: {0}")]
    Chain(#[from] ChainError),
    /// Transactions could not be looked after.
    #[error("looking after transactions: {0}")]
    Tx(#[from] TxError),
}

/// Names of peers by service URI: how a node reaches orchestrators is not the driver's business.
pub type Resolve = Box<dyn Fn(&str) -> Option<Peer> + Send>;

/// A node's view of the chain.
pub struct Driver<J> {
    endpoints: Endpoints,
    addresses: Addresses,
    watcher: Watcher,
    book: Book,
    /// Senders whose money is told, to the account as claimant.
    watched: BTreeSet<Address>,
    told: BTreeMap<Address, SenderFunds>,
    prices: Option<GasPrices>,
    told_head: Option<ChainHead>,
    stale: Changed,
    txs: TxManager<J>,
    resolve: Resolve,
}

impl<J: std::fmt::Debug> std::fmt::Debug for Driver<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").field("addresses", &self.addresses).field("txs", &self.txs).finish_non_exhaustive()
    }
}

impl<J: Journal> Driver<J> {
    /// A driver that reads logs from block `from` on.
    #[must_use]
    pub fn new(
        endpoints: Endpoints,
        addresses: Addresses,
        watch: WatchConfig,
        from: L2Block,
        txs: TxManager<J>,
        resolve: Resolve,
    ) -> Self {
        let watcher = Watcher::new(watch, &addresses, from);
        // At first everything is news.
        let stale = Changed { round: true, active: true, all_senders: true, ..Changed::default() };
        Self {
            endpoints,
            addresses,
            watcher,
            book: Book::new(),
            watched: BTreeSet::new(),
            told: BTreeMap::new(),
            prices: None,
            told_head: None,
            stale,
            txs,
            resolve,
        }
    }

    /// The endpoints.
    #[must_use]
    pub const fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The contracts.
    #[must_use]
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The newest block that was read.
    #[must_use]
    pub const fn head(&self) -> Option<&Head> {
        self.watcher.head()
    }

    /// The account's transactions.
    #[must_use]
    pub const fn txs(&self) -> &TxManager<J> {
        &self.txs
    }

    /// Ends it, and hands its journal back.
    #[must_use]
    pub fn into_journal(self) -> J {
        self.txs.into_journal()
    }

    /// Tells a sender's money from now on, whenever it changes.
    pub fn watch(&mut self, sender: Address) {
        self.watched.insert(sender);
    }

    /// Tells a sender's money no more.
    pub fn unwatch(&mut self, sender: &Address) {
        self.watched.remove(sender);
        self.told.remove(sender);
    }

    /// Tries an intent and sends it. `key` says what it is for; see [`TxManager::submit`].
    ///
    /// # Errors
    /// Why nothing was sent.
    pub async fn submit(&mut self, key: &str, intent: &TxIntent) -> Result<Submission, TxError> {
        self.txs.submit(&self.endpoints, &self.addresses, key, intent).await
    }

    /// Looks at the chain once. What could not be read is read by a later tick; what was read is told, even when
    /// something else failed.
    pub async fn tick(&mut self) -> (Tick, Option<TickError>) {
        let mut tick = Tick::default();
        if self.endpoints.len() > 1 {
            self.endpoints.survey(None).await;
        }
        let read = self.read(&mut tick).await.err().map(TickError::from);
        let looked_after = self.look_after(&mut tick).await.err().map(TickError::from);
        (tick, read.or(looked_after))
    }

    async fn read(&mut self, tick: &mut Tick) -> Result<(), ChainError> {
        let (watcher, ceiling) = (&self.watcher, self.endpoints.ceiling());
        let (reading, prices) = self
            .endpoints
            .with(|provider| async move { Ok((watcher.read(&provider, ceiling).await?, gas_prices(&provider).await?)) })
            .await?;
        self.prices = Some(prices);
        tick.news = self.watcher.apply(reading);
        let changed = self.book.apply(&tick.news);
        self.stale.merge(changed);
        self.tell_head(tick);
        self.tell_round(tick).await?;
        self.tell_senders(tick).await
    }

    fn tell_head(&mut self, tick: &mut Tick) {
        let (Some(head), Some(prices)) = (self.watcher.head(), self.prices) else { return };
        let policy = self.txs.outbox().policy();
        let event = ChainHead { l1: head.l1, gas_price: policy.reported(prices.price) };
        if self.told_head != Some(event) {
            self.told_head = Some(event);
            tick.events.push(ChainEvent::Head(event));
        }
    }

    async fn tell_round(&mut self, tick: &mut Tick) -> Result<(), ChainError> {
        if self.stale.round {
            let addresses = self.addresses;
            let round = self.endpoints.with(|p| async move { Client::new(p, addresses).round_info().await }).await?;
            let before = self.book.round().copied();
            self.book.set_round(round);
            self.stale.round = false;
            if before != Some(round) {
                tick.events.push(ChainEvent::Round(round));
            }
        }
        if self.stale.active {
            let addresses = self.addresses;
            let known = |who: &Address| self.book.uri(who).map(str::to_owned);
            let active = self.endpoints.with(|p| async move { Client::new(p, addresses).active(known).await }).await?;
            let entry = |o: &ActiveOrchestrator| {
                // One that cannot be reached cannot be asked for work.
                let peer = (self.resolve)(&o.uri)?;
                Some(OrchestratorEntry { address: o.address, uri: o.uri.clone(), peer, stake: o.stake })
            };
            tick.events.push(ChainEvent::ActiveSet(active.iter().filter_map(entry).collect()));
            self.book.set_active(active);
            self.stale.active = false;
        }
        Ok(())
    }

    async fn tell_senders(&mut self, tick: &mut Tick) -> Result<(), ChainError> {
        let touched = |s: &&Address| self.stale.touches(s) || !self.told.contains_key(*s);
        for sender in self.watched.iter().filter(touched).copied().collect::<Vec<_>>() {
            let funds = self.funds(sender).await?;
            if self.told.insert(sender, funds) != Some(funds) {
                tick.events.push(ChainEvent::Funds { sender, funds });
            }
        }
        self.stale = Changed { round: self.stale.round, active: self.stale.active, ..Changed::default() };
        Ok(())
    }

    /// A sender's money, read when what is known of it does not hold.
    ///
    /// # Errors
    /// No endpoint answered.
    pub async fn funds(&mut self, sender: Address) -> Result<SenderFunds, ChainError> {
        let (addresses, me) = (self.addresses, self.txs.address());
        if let Some(funds) = self.book.funds(&sender, &me) {
            return Ok(funds);
        }
        let funds =
            self.endpoints.with(|p| async move { Client::new(p, addresses).sender_funds(sender, me).await }).await?;
        self.book.set_funds(sender, me, &funds);
        Ok(funds)
    }

    async fn look_after(&mut self, tick: &mut Tick) -> Result<(), TxError> {
        let notices = self.txs.tick(&self.endpoints).await?;
        for notice in &notices {
            match notice {
                Notice::Mined { key, kind, place } if place.success && kind == TxIntent::REDEEM_BATCH => {
                    let redeemed = self.txs.redeemed(&self.endpoints, place.hash).await;
                    tick.outcomes.push((key.clone(), TxOutcome::Batch { redeemed, fee: place.fee }));
                }
                Notice::Mined { key, place, .. } if place.success => {
                    tick.outcomes.push((key.clone(), TxOutcome::Mined { fee: place.fee }));
                }
                Notice::Mined { key, place, .. } => {
                    let reason = self.txs.reason(&self.endpoints, place.hash).await;
                    let reason = reason.map_or_else(|| "transaction failed".to_owned(), |r| r.to_string());
                    tick.outcomes.push((key.clone(), TxOutcome::Reverted { reason, fee: place.fee }));
                }
                Notice::Dropped { key, reason } => {
                    tick.outcomes.push((key.clone(), TxOutcome::Refused { reason: reason.clone() }));
                }
                Notice::Undone { .. } | Notice::Settled { .. } => {}
            }
        }
        tick.notices = notices;
        Ok(())
    }

    /// Price of gas that machines were told last.
    #[must_use]
    pub fn gas_price(&self) -> Option<Wei> {
        self.told_head.map(|h| h.gas_price)
    }

    /// Prices as read last, on this chain and on L1.
    #[must_use]
    pub const fn prices(&self) -> Option<GasPrices> {
        self.prices
    }
}
