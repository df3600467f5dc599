//! Logs of the protocol, in order, each told once, and taken back when the chain takes them back.
//!
//! What is read is only taken over when all of it was read and fits together. Three things make a
//! silent loss impossible as long as some endpoint tells the truth in the end:
//!
//! - Hashes of blocks that were read before are compared at each look. A block that changed means a
//!   reorganisation: the logs after the last common block are taken back and the blocks read again.
//! - The last blocks are read again at each look. An endpoint that has a head before it has its logs
//!   gives less than it should; what it left out is found later.
//! - A watcher that has fallen too far behind does not walk through everything that it missed. It says
//!   so, and whoever listens reads state instead.

mod decode;
mod trail;

use std::collections::BTreeSet;

use alloy::providers::Provider;
use alloy::rpc::types::Filter;
use weir_types::{Address, L2Block};

pub(crate) use decode::decode;
pub use decode::{Log, LogKind};
use trail::{Mark, Trail};

use crate::client::{BlockAt, block_head};
use crate::fault::too_large;
use crate::{Addresses, ChainError, Head};

/// How a watcher reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchConfig {
    /// Most blocks of one query of logs.
    pub range_max: u64,
    /// Blocks below the newest known that are read again at each look.
    pub overlap: u64,
    /// Blocks back to which a reorganisation can be followed.
    pub history: u64,
    /// Blocks behind the head from which on state is read instead of logs.
    pub gap_max: u64,
    /// Look at the head again after the logs: it may have changed in between.
    pub verify: bool,
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self { range_max: 1_000, overlap: 40, history: 4_096, gap_max: 1_000_000, verify: true }
    }
}

impl WatchConfig {
    /// For a chain in the same process: nothing changes between two requests, and all of it is told.
    #[must_use]
    pub fn in_process() -> Self {
        Self { overlap: 0, gap_max: u64::MAX, verify: false, ..Self::default() }
    }
}

/// What a look at the chain brought.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum News {
    /// The newest block.
    Head(Head),
    /// A log.
    Log(Log),
    /// A log that was told before and is on the chain no more.
    Removed(Log),
    /// Logs of these blocks were not read: state has to be read again. Logs told before stay told.
    Skipped {
        /// First block not read.
        from: L2Block,
        /// Last block not read.
        to: L2Block,
    },
}

/// Reads the protocol's logs.
#[derive(Debug, Clone)]
pub struct Watcher {
    config: WatchConfig,
    addresses: [Address; 4],
    /// First block of interest.
    start: u64,
    /// First block whose logs are kept, so that they can be taken back.
    floor: u64,
    trail: Trail,
    head: Option<Head>,
}

/// What a look found, not yet taken over.
#[derive(Debug, Clone)]
pub struct Reading {
    head: Head,
    /// What is known of later blocks is no longer so.
    keep: Option<u64>,
    skipped: Option<(u64, u64)>,
    logs: Vec<Log>,
}

/// How far an endpoint's chain is the one that was read.
enum Common {
    /// As far as it was read.
    All,
    /// As far as the endpoint has it.
    Short,
    /// Up to this block.
    UpTo(u64),
    /// Not in anything that is kept.
    None,
}

/// Times that a look is begun anew because the chain changed under it.
const RESTARTS: usize = 3;

impl Watcher {
    /// A watcher that starts at block `from`.
    #[must_use]
    pub const fn new(config: WatchConfig, addresses: &Addresses, from: L2Block) -> Self {
        Self { config, addresses: addresses.watched(), start: from.0, floor: from.0, trail: Trail::new(), head: None }
    }

    /// First block not yet read.
    #[must_use]
    pub fn next_block(&self) -> L2Block {
        L2Block(self.trail.marks().back().map_or(self.start, |mark| self.start.max(mark.number + 1)))
    }

    /// The newest block that was read.
    #[must_use]
    pub const fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Everything new on the chain that `provider` has.
    ///
    /// # Errors
    /// The endpoint's failure. Nothing is lost: the next look reads the same blocks again.
    pub async fn poll<P: Provider>(&mut self, provider: &P) -> Result<Vec<News>, ChainError> {
        let reading = self.read(provider, None).await?;
        Ok(self.apply(reading))
    }

    /// Looks without taking anything over. What was read before of blocks above `ceiling` is not believed any
    /// more when the endpoint does not have them.
    ///
    /// # Errors
    /// The endpoint's failure.
    pub async fn read<P: Provider>(&self, provider: &P, ceiling: Option<L2Block>) -> Result<Reading, ChainError> {
        let mut head = block_head(provider, BlockAt::Latest).await?;
        for _ in 0..RESTARTS {
            let reading = self.read_to(provider, head, ceiling).await?;
            if !self.config.verify {
                return Ok(reading);
            }
            let again = block_head(provider, BlockAt::Number(head.l2)).await?;
            if again.hash == head.hash {
                return Ok(reading);
            }
            head = block_head(provider, BlockAt::Latest).await?;
        }
        Err(ChainError::Inconsistent { what: format!("block {} changed at each look", head.l2.0) })
    }

    async fn read_to<P: Provider>(
        &self,
        provider: &P,
        head: Head,
        ceiling: Option<L2Block>,
    ) -> Result<Reading, ChainError> {
        let marks = self.trail.marks();
        let mut keep = None;
        let mut skipped = None;
        let next = match marks.back() {
            None => self.start,
            // The usual case costs no request.
            Some(last) if last.hash == head.hash || last.hash == head.parent => last.number + 1,
            Some(last) => match self.common(provider, &head).await? {
                Common::All => last.number + 1,
                Common::Short if ceiling.is_some_and(|ceiling| last.number > ceiling.0) => {
                    keep = Some(head.l2.0);
                    head.l2.0 + 1
                }
                // Nothing speaks for a reorganisation: this endpoint has not got that far.
                Common::Short => return Err(ChainError::Behind { found: head.l2.0, known: last.number }),
                Common::UpTo(number) => {
                    keep = Some(number);
                    number + 1
                }
                Common::None => {
                    // It went past all that is kept: who listens has to look for himself.
                    skipped = (self.floor > self.start).then(|| (self.start, self.floor - 1));
                    keep = Some(self.floor.saturating_sub(1));
                    self.floor
                }
            },
        };
        let next = next.max(self.start);
        if head.l2.0.saturating_sub(next) >= self.config.gap_max {
            skipped = Some((skipped.map_or(next, |(from, _)| from), head.l2.0));
            return Ok(Reading { head, keep, skipped, logs: Vec::new() });
        }
        let overlap = if marks.is_empty() { 0 } else { self.config.overlap };
        let from = next.saturating_sub(overlap).max(self.floor);
        let found = self.logs(provider, from, head.l2.0).await?;
        self.check(&found, &head, from, next)?;
        let told: BTreeSet<(u64, u64)> = self.trail.logs_from(from).map(|l| (l.block.0, l.index)).collect();
        let logs = found.into_iter().filter(|l| l.block.0 >= next || !told.contains(&(l.block.0, l.index))).collect();
        Ok(Reading { head, keep, skipped, logs })
    }

    /// How far the endpoint's chain is the one that was read.
    async fn common<P: Provider>(&self, provider: &P, head: &Head) -> Result<Common, ChainError> {
        let marks = self.trail.marks();
        // Of marks that hold, all older ones hold too: the last one is found by halving, from the newest on.
        let reach = marks.partition_point(|mark| mark.number <= head.l2.0);
        let (mut holds, mut fails) = (0, reach);
        let mut probe = reach.checked_sub(1);
        while let Some(mark) = probe.and_then(|at| marks.get(at)) {
            let same = if mark.number == head.l2.0 {
                mark.hash == head.hash
            } else {
                block_head(provider, BlockAt::Number(L2Block(mark.number))).await?.hash == mark.hash
            };
            let at = probe.unwrap_or_default();
            if same {
                holds = at + 1;
            } else {
                fails = at;
            }
            probe = (holds < fails).then(|| holds + (fails - holds) / 2);
        }
        Ok(match holds.checked_sub(1).and_then(|at| marks.get(at)) {
            _ if holds == reach && reach < marks.len() => Common::Short,
            _ if holds == marks.len() => Common::All,
            Some(mark) => Common::UpTo(mark.number),
            None => Common::None,
        })
    }

    /// Logs of a range of blocks, in order. A range that the endpoint finds too large is halved.
    async fn logs<P: Provider>(&self, provider: &P, from: u64, to: u64) -> Result<Vec<Log>, ChainError> {
        let mut found = Vec::new();
        let mut span = self.config.range_max.max(1);
        let mut next = from;
        while next <= to {
            let end = to.min(next.saturating_add(span - 1));
            let filter = Filter::new().from_block(next).to_block(end).address(self.addresses.to_vec());
            match provider.get_logs(&filter).await {
                Ok(logs) => {
                    for log in logs.iter().filter(|log| !log.removed) {
                        found.extend(Log::read(log)?);
                    }
                    next = end + 1;
                }
                Err(e) if span > 1 && too_large(&e) => span = (end - next + 1).div_ceil(2).min(span / 2),
                Err(source) => return Err(ChainError::Rpc { method: "eth_getLogs", source }),
            }
        }
        found.sort_by_key(|log| (log.block, log.index));
        Ok(found)
    }

    /// Holds logs against the blocks that are known and against each other.
    fn check(&self, found: &[Log], head: &Head, from: u64, next: u64) -> Result<(), ChainError> {
        let wrong = |what: String| Err(ChainError::Inconsistent { what });
        let same_place = found.windows(2).find(|w| (w[0].block, w[0].index) == (w[1].block, w[1].index));
        if let Some(w) = same_place {
            return wrong(format!("log {} of block {} is there twice", w[0].index, w[0].block.0));
        }
        if let Some(w) = found.windows(2).find(|w| w[0].block == w[1].block && w[0].block_hash != w[1].block_hash) {
            return wrong(format!("logs of block {} name two blocks", w[0].block.0));
        }
        for log in found {
            if log.block.0 < from || log.block > head.l2 {
                return wrong(format!("a log of block {} was not asked for", log.block.0));
            }
            if log.block == head.l2 && log.block_hash != head.hash {
                return wrong(format!("logs of block {} are of another block than the head", log.block.0));
            }
            if log.block.0 < next && self.trail.mark_at(log.block.0).is_some_and(|hash| hash != log.block_hash) {
                return wrong(format!("logs of block {} are of another block than its hash says", log.block.0));
            }
        }
        Ok(())
    }

    /// Takes over what a look found.
    pub fn apply(&mut self, reading: Reading) -> Vec<News> {
        let Reading { head, keep, skipped, logs } = reading;
        let mut news = Vec::with_capacity(logs.len() + 1);
        if let Some(keep) = keep {
            news.extend(self.trail.cut_after(keep).into_iter().map(News::Removed));
        }
        if let Some((from, to)) = skipped {
            // Blocks up to the head were passed over: a reorganisation of those has nothing to take back.
            if to == head.l2.0 {
                self.trail.clear();
                self.floor = to + 1;
            }
            news.push(News::Skipped { from: L2Block(from), to: L2Block(to) });
        }
        self.trail.add(Mark { number: head.l2.0, hash: head.hash }, &logs);
        self.floor = self.floor.max(head.l2.0.saturating_sub(self.config.history));
        self.trail.prune(L2Block(self.floor));
        news.extend(logs.into_iter().map(News::Log));
        if self.head.as_ref() != Some(&head) {
            self.head = Some(head);
            news.push(News::Head(head));
        }
        news
    }
}
