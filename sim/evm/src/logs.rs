//! Logs of the chain, found by block, address and topic.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use alloy::primitives::{Address, B256};
use alloy::rpc::types::Log;
use revm::primitives::{AddressMap, B256Map};

/// Which logs to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter {
    /// First L2 block.
    pub from_block: u64,
    /// Last L2 block.
    pub to_block: u64,
    /// Emitters, any of them; empty for all.
    pub addresses: Vec<Address>,
    /// For each topic the values it may have; empty for any.
    pub topics: [Vec<B256>; 4],
}

impl Default for LogFilter {
    fn default() -> Self {
        Self { from_block: 0, to_block: u64::MAX, addresses: Vec::new(), topics: Default::default() }
    }
}

impl LogFilter {
    /// Whether it takes a log, wherever that is.
    pub(crate) fn takes(&self, log: &Log) -> bool {
        let address = self.addresses.is_empty() || self.addresses.contains(&log.address());
        address
            && self
                .topics
                .iter()
                .enumerate()
                .all(|(i, any)| any.is_empty() || log.topics().get(i).is_some_and(|t| any.contains(t)))
    }
}

/// All logs that are kept, in order. The indices hold places, ascending; they count from the first log that
/// ever was.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogStore {
    logs: VecDeque<Arc<Log>>,
    /// Logs that were forgotten.
    forgotten: usize,
    by_address: AddressMap<VecDeque<usize>>,
    by_topic: B256Map<VecDeque<usize>>,
}

/// Part of an index.
struct Window<'a> {
    places: &'a VecDeque<usize>,
    from: usize,
    to: usize,
}

impl LogStore {
    pub(crate) fn push(&mut self, log: Arc<Log>) {
        let at = self.forgotten.saturating_add(self.logs.len());
        self.by_address.entry(log.address()).or_default().push_back(at);
        if let Some(topic) = log.topic0() {
            self.by_topic.entry(*topic).or_default().push_back(at);
        }
        self.logs.push_back(log);
    }

    /// Logs of the newest block, if it has that number.
    pub(crate) fn of_block(&self, number: u64) -> Vec<Arc<Log>> {
        let start = self.logs.partition_point(|log| log.block_number.unwrap_or(0) < number);
        self.logs.range(start..).cloned().collect()
    }

    /// Forgets so many of the newest logs.
    pub(crate) fn drop_newest(&mut self, count: usize) {
        for _ in 0..count {
            let Some(log) = self.logs.pop_back() else { break };
            self.unlist(&log, VecDeque::pop_back);
        }
    }

    /// Forgets so many of the oldest logs.
    pub(crate) fn drop_oldest(&mut self, count: usize) {
        for _ in 0..count {
            let Some(log) = self.logs.pop_front() else { break };
            self.forgotten = self.forgotten.saturating_add(1);
            self.unlist(&log, VecDeque::pop_front);
        }
    }

    /// Takes a log at one end out of the indices.
    fn unlist(&mut self, log: &Log, pop: fn(&mut VecDeque<usize>) -> Option<usize>) {
        if let Entry::Occupied(mut places) = self.by_address.entry(log.address()) {
            pop(places.get_mut());
            if places.get().is_empty() {
                places.remove();
            }
        }
        if let Some(Entry::Occupied(mut places)) = log.topic0().map(|topic| self.by_topic.entry(*topic)) {
            pop(places.get_mut());
            if places.get().is_empty() {
                places.remove();
            }
        }
    }

    /// Logs that a filter takes, in order.
    pub(crate) fn find(&self, filter: &LogFilter) -> Vec<Arc<Log>> {
        let block = |l: &Arc<Log>| l.block_number.unwrap_or(0);
        let start = self.logs.partition_point(|l| block(l) < filter.from_block);
        let end = self.logs.partition_point(|l| block(l) <= filter.to_block);
        if start >= end {
            return Vec::new();
        }
        let take = |i: usize| self.logs.get(i).filter(|l| filter.takes(l)).map(Arc::clone);
        match self.candidates(filter, start, end) {
            Some(places) => places.into_iter().filter_map(|at| take(at.checked_sub(self.forgotten)?)).collect(),
            None => (start..end).filter_map(take).collect(),
        }
    }

    fn window<'a>(&self, places: Option<&'a VecDeque<usize>>, start: usize, end: usize) -> Option<Window<'a>> {
        let places = places?;
        let at = |i: usize| places.partition_point(|place| *place < self.forgotten.saturating_add(i));
        Some(Window { places, from: at(start), to: at(end) })
    }

    /// Places from the index that narrows the range most; none when the range itself does.
    fn candidates(&self, filter: &LogFilter, start: usize, end: usize) -> Option<Vec<usize>> {
        let by_address: Vec<Option<Window<'_>>> =
            filter.addresses.iter().map(|a| self.window(self.by_address.get(a), start, end)).collect();
        let by_topic: Vec<Option<Window<'_>>> =
            filter.topics[0].iter().map(|t| self.window(self.by_topic.get(t), start, end)).collect();
        let size = |parts: &[Option<Window<'_>>]| parts.iter().flatten().map(|w| w.to - w.from).sum::<usize>();
        let best = [by_address, by_topic].into_iter().filter(|p| !p.is_empty()).min_by_key(|p| size(p))?;
        if size(&best) >= end - start {
            return None;
        }
        let mut places: Vec<usize> =
            best.iter().flatten().flat_map(|w| w.places.range(w.from..w.to)).copied().collect();
        places.sort_unstable();
        places.dedup();
        Some(places)
    }
}
