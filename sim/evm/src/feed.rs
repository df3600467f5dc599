//! News of the chain for whoever follows it, and filters for whoever asks now and then.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::primitives::B256;
use alloy::rpc::types::Log;
use tokio::sync::broadcast;

use crate::block::Block;
use crate::ledger::Ledger;
use crate::logs::LogFilter;

/// News that a follower may leave unread before it has lost the thread.
const UNREAD_MAX: usize = 4_096;
/// Filters that are kept; the oldest makes way.
const FILTERS_MAX: usize = 1_024;

/// Something that happened to the chain.
#[derive(Debug, Clone)]
pub enum News {
    /// A new block with its logs.
    Block(Arc<Block>, Arc<Vec<Arc<Log>>>),
    /// Logs of blocks that are gone, marked as removed.
    Removed(Arc<Vec<Log>>),
    /// A transaction that waits.
    Pending(B256),
}

/// What is followed by asking now and then.
#[derive(Debug, Clone)]
pub(crate) enum Followed {
    Blocks,
    Logs(LogFilter),
    Pending,
}

#[derive(Debug, Clone)]
struct Filter {
    what: Followed,
    /// First block that was not told of yet.
    next_block: u64,
    pending: Vec<B256>,
}

/// Followers of a chain.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    sender: Option<broadcast::Sender<News>>,
    filters: BTreeMap<u64, Filter>,
    filters_made: u64,
}

/// What is new under a filter.
#[derive(Debug)]
pub(crate) enum Changes {
    Hashes(Vec<B256>),
    Logs(Vec<Arc<Log>>),
}

impl Feed {
    fn send(&mut self, news: impl FnOnce() -> News) {
        match &self.sender {
            // The last follower has gone.
            Some(sender) if sender.receiver_count() == 0 => self.sender = None,
            Some(sender) => drop(sender.send(news())),
            None => {}
        }
    }

    pub(crate) fn block(&mut self, block: &Arc<Block>, logs: impl FnOnce() -> Vec<Arc<Log>>) {
        self.send(|| News::Block(Arc::clone(block), Arc::new(logs())));
    }

    /// The chain went back to a block: what comes behind it is new to everybody.
    pub(crate) fn went_back(&mut self, number: u64, logs: &[Log]) {
        self.send(|| News::Removed(Arc::new(logs.to_vec())));
        for filter in self.filters.values_mut() {
            filter.next_block = filter.next_block.min(number + 1);
        }
    }

    pub(crate) fn pending(&mut self, hash: B256) {
        self.send(|| News::Pending(hash));
        for filter in self.filters.values_mut().filter(|f| matches!(f.what, Followed::Pending)) {
            filter.pending.push(hash);
        }
    }

    /// News from now on.
    pub(crate) fn subscribe(&mut self) -> broadcast::Receiver<News> {
        self.sender.get_or_insert_with(|| broadcast::channel(UNREAD_MAX).0).subscribe()
    }

    /// Begins to follow something; returns the number to ask by.
    pub(crate) fn new_filter(&mut self, what: Followed, newest: u64) -> u64 {
        self.filters_made += 1;
        let filter = Filter { what, next_block: newest + 1, pending: Vec::new() };
        self.filters.insert(self.filters_made, filter);
        while self.filters.len() > FILTERS_MAX {
            self.filters.pop_first();
        }
        self.filters_made
    }

    /// What happened since the last time; none where there is no such filter.
    pub(crate) fn changes(&mut self, id: u64, ledger: &Ledger) -> Option<Changes> {
        let newest = ledger.newest();
        let filter = self.filters.get_mut(&id)?;
        let from = filter.next_block;
        filter.next_block = newest + 1;
        let pending = std::mem::take(&mut filter.pending);
        Some(match filter.what.clone() {
            Followed::Blocks => Changes::Hashes((from..=newest).filter_map(|n| Some(ledger.block(n)?.hash)).collect()),
            Followed::Pending => Changes::Hashes(pending),
            Followed::Logs(filter) => Changes::Logs(ledger.logs().find(&LogFilter {
                from_block: filter.from_block.max(from),
                to_block: filter.to_block.min(newest),
                ..filter
            })),
        })
    }

    /// All logs of a filter.
    pub(crate) fn all_logs(&self, id: u64, ledger: &Ledger) -> Option<Vec<Arc<Log>>> {
        match &self.filters.get(&id)?.what {
            Followed::Logs(filter) => Some(ledger.logs().find(filter)),
            _ => None,
        }
    }

    pub(crate) fn drop_filter(&mut self, id: u64) -> bool {
        self.filters.remove(&id).is_some()
    }
}
