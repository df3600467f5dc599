//! Transactions of one account on their way, from the signature to the depth from which nothing takes
//! them back. No I/O: what was seen on the chain goes in, steps to take come out.
//!
//! What it holds to:
//! - A transaction is stored before it is sent. After a crash it is sent again as it was: the same
//!   bytes have one effect, however often they are sent.
//! - A nonce belongs to one intent until it is known what became of it. A replacement has the same nonce
//!   and the same effect, and pays more, never more than the limit.
//! - What is in a block is looked at again until it lies deep. If a reorganisation takes it out, it is
//!   sent again.
//! - A second intent under the same key joins the first while that one is on its way.

use std::collections::{BTreeMap, VecDeque};

use alloy::primitives::Bytes;
use serde::{Deserialize, Serialize};
use weir_roles::Record;
use weir_types::{Address, B256, Instant, L2Block, Millis, Wei};

use crate::fault::SendRefusal;
use crate::gas::{Fees, GasPolicy};

/// How transactions are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxConfig {
    /// Blocks on top of a transaction's from which on its outcome is told.
    pub confirmations: u64,
    /// Blocks on top of a transaction's from which on it is followed no more.
    pub settle: u64,
    /// Time after which a transaction that is in no block is sent again.
    pub resend: Millis,
    /// Time after which it is replaced by one that pays more.
    pub timeout: Millis,
    /// How often it is replaced.
    pub replacements: u32,
}

impl Default for OutboxConfig {
    fn default() -> Self {
        Self {
            confirmations: 0,
            settle: 64,
            resend: Millis::from_secs(15),
            timeout: Millis::from_secs(300),
            replacements: 3,
        }
    }
}

/// A transaction as it is wanted, but for nonce and price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// What it is for. No two transactions on their way have the same.
    pub key: String,
    /// Contract function, for tables and logs.
    pub kind: String,
    /// Contract or account.
    pub to: Address,
    /// Calldata.
    pub data: Bytes,
    /// Wei sent along.
    pub value: Wei,
    /// Gas limit.
    pub gas_limit: u64,
}

/// A signed form of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its hash.
    pub hash: B256,
    /// Its bytes.
    pub raw: Bytes,
    /// What it offers.
    pub fees: Fees,
}

/// Where a transaction is on the chain, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its hash.
    pub hash: B256,
    /// Its block.
    pub block: L2Block,
    /// Hash of that block.
    pub block_hash: B256,
    /// Whether it did what it should.
    pub success: bool,
    /// Wei paid for gas.
    pub fee: Wei,
}

/// What is stored of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    nonce: u64,
    draft: Draft,
    attempts: Vec<Attempt>,
}

/// A transaction on its way.
#[derive(Debug, Clone)]
struct Entry {
    stored: Stored,
    first_sent: Instant,
    last_sent: Option<Instant>,
    /// Some endpoint has taken it.
    accepted: bool,
    replaced: u32,
    place: Option<Place>,
    told: Option<bool>,
}

/// What happened to a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// It is in a block, as deep as was asked for.
    Mined {
        /// Its key.
        key: String,
        /// Contract function.
        kind: String,
        /// Where.
        place: Place,
    },
    /// A reorganisation took it out of its block, or changed what came of it. It is on its way again.
    Undone {
        /// Its key.
        key: String,
    },
    /// It lies so deep that it stays.
    Settled {
        /// Its key.
        key: String,
        /// Where.
        place: Place,
    },
    /// It will never be on the chain.
    Dropped {
        /// Its key.
        key: String,
        /// Why.
        reason: String,
    },
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Store a record, before anything after it is done.
    Persist(Record),
    /// Send a transaction; to all endpoints when it was sent before.
    Send {
        /// Its nonce.
        nonce: u64,
        /// Its bytes.
        raw: Bytes,
        /// It was sent before.
        again: bool,
    },
    /// Sign the draft of this nonce at a price and hand it in with [`Outbox::replaced`].
    Sign {
        /// The nonce.
        nonce: u64,
        /// What to sign.
        draft: Draft,
        /// What to offer.
        fees: Fees,
    },
    /// Tell whoever wanted it.
    Tell(Notice),
}

/// What was seen of the account, all of it on one endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The newest block.
    pub head: L2Block,
    /// Nonce that the next transaction on the chain has.
    pub nonce: u64,
    /// The same, [`OutboxConfig::settle`] blocks before the newest.
    pub settled_nonce: u64,
    /// Base fee of the moment.
    pub base_fee: Wei,
    /// Transactions of [`Outbox::open`] that are in blocks.
    pub places: BTreeMap<B256, Place>,
}

/// Transactions on their way.
#[derive(Debug, Clone)]
pub struct Outbox {
    config: OutboxConfig,
    policy: GasPolicy,
    address: Address,
    entries: VecDeque<Entry>,
}

/// Prefix of the records' keys.
pub const RECORDS: &str = "tx/";

impl Outbox {
    /// An empty one.
    #[must_use]
    pub const fn new(config: OutboxConfig, policy: GasPolicy, address: Address) -> Self {
        Self { config, policy, address, entries: VecDeque::new() }
    }

    /// Limits on the price of gas.
    #[must_use]
    pub const fn policy(&self) -> &GasPolicy {
        &self.policy
    }

    /// How transactions are followed.
    #[must_use]
    pub const fn config(&self) -> &OutboxConfig {
        &self.config
    }

    fn prefix(&self) -> String {
        format!("{RECORDS}{:#x}/", self.address)
    }

    /// Takes up what was stored before a restart: pairs of key and value, others' among them.
    ///
    /// # Errors
    /// A record that does not read: its key. It is not dropped in silence, as it may be on its way.
    pub fn restore<'a>(
        &mut self,
        now: Instant,
        records: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<(), String> {
        let prefix = self.prefix();
        for (key, value) in records.into_iter().filter(|(key, _)| key.starts_with(&prefix)) {
            let stored: Stored = serde_json::from_slice(value).map_err(|e| format!("record {key}: {e}"))?;
            let at = self.entries.partition_point(|e| e.stored.nonce < stored.nonce);
            let replaced = u32::try_from(stored.attempts.len().saturating_sub(1)).unwrap_or(u32::MAX);
            let entry = Entry { replaced, ..Entry::new(stored, now) };
            self.entries.insert(at, entry);
        }
        Ok(())
    }

    /// Nonce of the next transaction, when the account's on the chain, waiting ones included, is `pending`.
    #[must_use]
    pub fn next_nonce(&self, pending: u64) -> u64 {
        self.entries.back().map_or(pending, |e| pending.max(e.stored.nonce + 1))
    }

    /// Whether a transaction under this key is on its way.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|e| e.stored.draft.key == key)
    }

    /// Joins the transaction under this key, if one is on its way. What became of it is told once more where it was
    /// told before: whoever joins may be another life of the node, and did not hear it.
    pub fn join(&mut self, key: &str) -> bool {
        let entry = self.entries.iter_mut().find(|e| e.stored.draft.key == key);
        entry.map(|e| e.told = None).is_some()
    }

    /// How many are on their way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Age of the oldest that is in no block.
    #[must_use]
    pub fn oldest_waiting(&self, now: Instant) -> Option<Millis> {
        self.entries.iter().find(|e| e.place.is_none()).map(|e| now.since(e.first_sent))
    }

    /// Nonces and hashes to look for on the chain.
    #[must_use]
    pub fn open(&self) -> Vec<(u64, Vec<B256>)> {
        self.entries.iter().map(|e| (e.stored.nonce, e.stored.attempts.iter().map(|a| a.hash).collect())).collect()
    }

    /// Takes a signed transaction. Its nonce must come from [`Self::next_nonce`].
    pub fn add(&mut self, now: Instant, nonce: u64, draft: Draft, attempt: Attempt) -> Vec<Step> {
        let raw = attempt.raw.clone();
        let entry = Entry::new(Stored { nonce, draft, attempts: vec![attempt] }, now);
        let record = self.record(&entry.stored);
        self.entries.push_back(entry);
        vec![Step::Persist(record), Step::Send { nonce, raw, again: false }]
    }

    /// Forgets a transaction that could not be stored, and so was not sent.
    pub fn unstored(&mut self, nonce: u64) {
        self.entries.retain(|e| e.stored.nonce != nonce || e.last_sent.is_some());
    }

    fn record(&self, stored: &Stored) -> Record {
        let key = format!("{}{:020}", self.prefix(), stored.nonce);
        Record { key, value: serde_json::to_vec(stored).ok() }
    }

    fn erase(&self, nonce: u64) -> Step {
        Step::Persist(Record { key: format!("{}{nonce:020}", self.prefix()), value: None })
    }

    /// Takes in what was seen on the chain.
    pub fn observe(&mut self, now: Instant, seen: &Seen) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut gone = Vec::new();
        let (config, policy) = (self.config.clone(), self.policy.clone());
        for entry in &mut self.entries {
            let found = entry.stored.attempts.iter().rev().find_map(|a| seen.places.get(&a.hash)).copied();
            if entry.told.is_some_and(|told| found.is_none_or(|place| place.success != told)) {
                entry.told = None;
                steps.push(Step::Tell(Notice::Undone { key: entry.key() }));
            }
            let vanished = entry.place.is_some() && found.is_none();
            entry.place = found;
            match found {
                Some(place) => {
                    if entry.on_chain(&config, seen.head, place, &mut steps) {
                        gone.push(entry.stored.nonce);
                    }
                }
                None if seen.settled_nonce > entry.stored.nonce => {
                    let reason = format!("nonce {} was used by a transaction from elsewhere", entry.stored.nonce);
                    steps.push(Step::Tell(Notice::Dropped { key: entry.key(), reason }));
                    gone.push(entry.stored.nonce);
                }
                // In a block that this endpoint gives no receipts of yet.
                None if seen.nonce > entry.stored.nonce => {}
                None => entry.waiting(now, &config, &policy, seen.base_fee, vanished, &mut steps),
            }
        }
        self.entries.retain(|e| !gone.contains(&e.stored.nonce));
        steps.extend(gone.into_iter().map(|nonce| self.erase(nonce)));
        steps
    }

    /// Takes in what endpoints said to a transaction that was sent: `Err(None)` when nobody knows.
    pub fn sent(
        &mut self,
        now: Instant,
        nonce: u64,
        base_fee: Wei,
        answer: Result<(), Option<SendRefusal>>,
    ) -> Vec<Step> {
        let last = self.entries.back().is_some_and(|e| e.stored.nonce == nonce);
        let (policy, address) = (self.policy.clone(), self.address);
        let most = self.config.replacements;
        let Some(entry) = self.entries.iter_mut().find(|e| e.stored.nonce == nonce) else { return Vec::new() };
        entry.last_sent = Some(now);
        match answer {
            Ok(()) => {
                entry.accepted = true;
                Vec::new()
            }
            // What took the nonce is seen on the chain.
            Err(None | Some(SendRefusal::NonceTooLow)) => Vec::new(),
            Err(Some(SendRefusal::Underpriced(_))) if entry.replaced < most => {
                entry.replace(&policy, base_fee).into_iter().collect()
            }
            Err(Some(SendRefusal::Underpriced(_))) => Vec::new(),
            Err(Some(refusal)) if entry.accepted => {
                tracing::warn!(nonce, %refusal, "an endpoint refuses what another one took");
                Vec::new()
            }
            Err(Some(refusal)) if last => {
                let notice = Notice::Dropped { key: entry.key(), reason: refusal.to_string() };
                self.entries.pop_back();
                vec![Step::Tell(notice), self.erase(nonce)]
            }
            // Later ones wait for this nonce: it is used up for nothing, so that they can go on.
            Err(Some(refusal @ SendRefusal::Other(_))) if entry.stored.draft.to != address => {
                let notice = Notice::Dropped { key: entry.key(), reason: refusal.to_string() };
                let draft = cancel(address, nonce);
                let fees = entry.fees();
                entry.stored.draft = draft.clone();
                vec![Step::Tell(notice), Step::Sign { nonce, draft, fees }]
            }
            Err(Some(_)) => Vec::new(),
        }
    }

    /// Takes the signed form that [`Step::Sign`] asked for.
    pub fn replaced(&mut self, now: Instant, nonce: u64, attempt: Attempt) -> Vec<Step> {
        let Some(entry) = self.entries.iter_mut().find(|e| e.stored.nonce == nonce) else { return Vec::new() };
        let raw = attempt.raw.clone();
        entry.stored.attempts.push(attempt);
        entry.replaced += 1;
        entry.last_sent = Some(now);
        let stored = entry.stored.clone();
        vec![Step::Persist(self.record(&stored)), Step::Send { nonce, raw, again: false }]
    }
}

/// A transaction that does nothing but use up a nonce.
fn cancel(address: Address, nonce: u64) -> Draft {
    Draft {
        key: format!("cancel/{nonce}"),
        kind: "cancel".to_owned(),
        to: address,
        data: Bytes::new(),
        value: Wei::ZERO,
        // Enough for the data fee of Arbitrum, which comes on top of the 21,000.
        gas_limit: 100_000,
    }
}

impl Entry {
    const fn new(stored: Stored, now: Instant) -> Self {
        Self { stored, first_sent: now, last_sent: None, accepted: false, replaced: 0, place: None, told: None }
    }

    fn key(&self) -> String {
        self.stored.draft.key.clone()
    }

    fn fees(&self) -> Fees {
        self.stored.attempts.last().map_or(Fees { max_fee: Wei::ZERO, tip: Wei::ZERO }, |a| a.fees)
    }

    /// It is in a block. True when it is deep enough to be forgotten.
    fn on_chain(&mut self, config: &OutboxConfig, head: L2Block, place: Place, steps: &mut Vec<Step>) -> bool {
        let depth = head.0.saturating_sub(place.block.0);
        if self.told.is_none() && depth >= config.confirmations {
            self.told = Some(place.success);
            steps.push(Step::Tell(Notice::Mined { key: self.key(), kind: self.stored.draft.kind.clone(), place }));
        }
        let settled = depth >= config.settle && self.told.is_some();
        if settled {
            steps.push(Step::Tell(Notice::Settled { key: self.key(), place }));
        }
        settled
    }

    /// It is in no block.
    fn waiting(
        &mut self,
        now: Instant,
        config: &OutboxConfig,
        policy: &GasPolicy,
        base_fee: Wei,
        vanished: bool,
        steps: &mut Vec<Step>,
    ) {
        let patience = Millis(config.timeout.0.saturating_mul(u64::from(self.replaced) + 1));
        if now.since(self.first_sent) >= patience
            && self.replaced < config.replacements
            && let Some(step) = self.replace(policy, base_fee)
        {
            steps.push(step);
            return;
        }
        let due = self.last_sent.is_none_or(|last| now.since(last) >= config.resend);
        if let Some(attempt) = self.stored.attempts.last().filter(|_| due || vanished) {
            self.last_sent = Some(now);
            steps.push(Step::Send { nonce: self.stored.nonce, raw: attempt.raw.clone(), again: true });
        }
    }

    fn replace(&self, policy: &GasPolicy, base_fee: Wei) -> Option<Step> {
        let fees = policy.replacement(self.fees(), base_fee)?;
        Some(Step::Sign { nonce: self.stored.nonce, draft: self.stored.draft.clone(), fees })
    }
}
