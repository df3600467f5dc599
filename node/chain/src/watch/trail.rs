//! What a watcher has read: marks on the chain by which a reorganisation shows, and the logs that one
//! would take back.

use std::collections::VecDeque;

use weir_types::{B256, L2Block};

use super::Log;

/// A block whose hash is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) number: u64,
    pub(super) hash: B256,
}

/// Marks and logs of the last blocks, oldest first.
#[derive(Debug, Clone)]
pub(super) struct Trail {
    marks: VecDeque<Mark>,
    logs: VecDeque<Log>,
}

impl Trail {
    pub(super) const fn new() -> Self {
        Self { marks: VecDeque::new(), logs: VecDeque::new() }
    }

    pub(super) const fn marks(&self) -> &VecDeque<Mark> {
        &self.marks
    }

    /// Hash of a block, where it is known.
    pub(super) fn mark_at(&self, number: u64) -> Option<B256> {
        let at = self.marks.binary_search_by_key(&number, |mark| mark.number).ok()?;
        self.marks.get(at).map(|mark| mark.hash)
    }

    /// Logs of a block and of those after it.
    pub(super) fn logs_from(&self, number: u64) -> impl Iterator<Item = &Log> {
        let first = self.logs.partition_point(|log| log.block.0 < number);
        self.logs.range(first..)
    }

    /// Forgets all after a block. Its logs come back, the newest first, as they are to be taken back.
    pub(super) fn cut_after(&mut self, number: u64) -> Vec<Log> {
        self.marks.truncate(self.marks.partition_point(|mark| mark.number <= number));
        let kept = self.logs.partition_point(|log| log.block.0 <= number);
        self.logs.drain(kept..).rev().collect()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.marks.clear();
        self.logs.clear();
    }

    /// Adds what was read up to a block. Logs may lie among those known, when they were missed before.
    pub(super) fn add(&mut self, head: Mark, logs: &[Log]) {
        for log in logs {
            let place = |known: &Log| (known.block, known.index) < (log.block, log.index);
            let at = self.logs.partition_point(place);
            self.logs.insert(at, log.clone());
            self.mark(Mark { number: log.block.0, hash: log.block_hash });
        }
        self.mark(head);
    }

    fn mark(&mut self, mark: Mark) {
        let at = self.marks.partition_point(|known| known.number < mark.number);
        if self.marks.get(at).is_none_or(|known| known.number != mark.number) {
            self.marks.insert(at, mark);
        }
    }

    /// Forgets what lies so far back that no reorganisation reaches it. The newest mark stays.
    pub(super) fn prune(&mut self, oldest: L2Block) {
        let marks = self.marks.partition_point(|mark| mark.number < oldest.0).min(self.marks.len().saturating_sub(1));
        self.marks.drain(..marks);
        let logs = self.logs.partition_point(|log| log.block < oldest);
        self.logs.drain(..logs);
    }
}

#[cfg(test)]
mod tests {
    use weir_types::Round;

    use super::*;
    use crate::LogKind;

    fn log(block: u64, index: u64) -> Log {
        let block_hash = B256::repeat_byte(block as u8);
        Log { block: L2Block(block), block_hash, index, tx: B256::ZERO, kind: LogKind::NewRound(Round(index)) }
    }

    fn mark(number: u64) -> Mark {
        Mark { number, hash: B256::repeat_byte(number as u8) }
    }

    fn places<'a>(logs: impl Iterator<Item = &'a Log>) -> Vec<(u64, u64)> {
        logs.map(|l| (l.block.0, l.index)).collect()
    }

    #[test]
    fn logs_keep_their_order_and_come_back_in_reverse() {
        let mut t = Trail::new();
        t.add(mark(5), &[log(2, 0), log(5, 0), log(5, 3)]);
        t.add(mark(6), &[log(5, 1)]);
        assert_eq!(places(t.logs_from(3)), [(5, 0), (5, 1), (5, 3)]);
        assert_eq!(t.marks().iter().map(|m| m.number).collect::<Vec<_>>(), [2, 5, 6]);
        assert_eq!(places(t.cut_after(4).iter()), [(5, 3), (5, 1), (5, 0)]);
        assert_eq!(t.marks().iter().map(|m| m.number).collect::<Vec<_>>(), [2]);
        assert_eq!(places(t.logs_from(0)), [(2, 0)]);
    }

    #[test]
    fn the_newest_mark_outlives_pruning() {
        let mut t = Trail::new();
        t.add(mark(5), &[log(2, 0), log(4, 0)]);
        t.prune(L2Block(4));
        assert_eq!(places(t.logs_from(0)), [(4, 0)]);
        t.prune(L2Block(100));
        assert_eq!(places(t.logs_from(0)), []);
        assert_eq!(t.marks().iter().map(|m| m.number).collect::<Vec<_>>(), [5]);
    }
}
