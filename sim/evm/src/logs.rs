//! Logs of the chain, found by block, address and topic.

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

/// All logs, in order. The indices hold positions, ascending.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogStore {
    logs: Vec<Arc<Log>>,
    by_address: AddressMap<Vec<usize>>,
    by_topic: B256Map<Vec<usize>>,
}

impl LogStore {
    pub(crate) fn len(&self) -> usize {
        self.logs.len()
    }

    pub(crate) fn push(&mut self, log: Arc<Log>) {
        let at = self.logs.len();
        self.by_address.entry(log.address()).or_default().push(at);
        if let Some(topic) = log.topic0() {
            self.by_topic.entry(*topic).or_default().push(at);
        }
        self.logs.push(log);
    }

    /// Logs of the newest block, if it has that number.
    pub(crate) fn of_block(&self, number: u64) -> Vec<Arc<Log>> {
        let start = self.logs.partition_point(|log| log.block_number.unwrap_or(0) < number);
        self.logs.get(start..).unwrap_or_default().to_vec()
    }

    /// Forgets the newest logs until `len` are left.
    pub(crate) fn truncate(&mut self, len: usize) {
        while self.logs.len() > len {
            let Some(log) = self.logs.pop() else { break };
            if let Some(at) = self.by_address.get_mut(&log.address()) {
                at.pop();
            }
            if let Some(at) = log.topic0().and_then(|t| self.by_topic.get_mut(t)) {
                at.pop();
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
        let wanted = self.candidates(filter, start, end);
        let take = |i: usize| self.logs.get(i).filter(|l| filter.takes(l)).map(Arc::clone);
        match wanted {
            Some(positions) => positions.into_iter().filter_map(take).collect(),
            None => (start..end).filter_map(take).collect(),
        }
    }

    /// Positions from the index that narrows the range most; none when the range itself does.
    fn candidates(&self, filter: &LogFilter, start: usize, end: usize) -> Option<Vec<usize>> {
        fn window(at: Option<&Vec<usize>>, start: usize, end: usize) -> &[usize] {
            let at = at.map_or(&[][..], Vec::as_slice);
            let from = at.partition_point(|i| *i < start);
            let to = at.partition_point(|i| *i < end);
            at.get(from..to).unwrap_or_default()
        }
        let by_address: Vec<&[usize]> =
            filter.addresses.iter().map(|a| window(self.by_address.get(a), start, end)).collect();
        let by_topic: Vec<&[usize]> =
            filter.topics[0].iter().map(|t| window(self.by_topic.get(t), start, end)).collect();
        let size = |parts: &[&[usize]]| parts.iter().map(|p| p.len()).sum::<usize>();
        let best = [by_address, by_topic].into_iter().filter(|p| !p.is_empty()).min_by_key(|p| size(p))?;
        if size(&best) >= end - start {
            return None;
        }
        let mut positions = best.concat();
        positions.sort_unstable();
        positions.dedup();
        Some(positions)
    }
}
