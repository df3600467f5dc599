//! Which state of each session was signed last.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use weir_types::B256;

use super::draft::Draft;
use super::refusal::Refusal;
use super::reply::Paid;
use super::request::Request;
use super::state::State;
use crate::io::{Record, Records};

/// Prefix of the keys under which sessions are stored.
const PREFIX: &str = "signer/";

/// A stored session that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stored session {key} cannot be read: {reason}")]
pub struct RecordError {
    /// Key of the record.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What is stored of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    sequence: u64,
    nonce: u32,
}

/// Answers that can be given again.
const ANSWERS: usize = 1_024;

/// The last answers, for callers that missed theirs.
#[derive(Debug)]
struct Answer {
    id: String,
    /// Sequence number of the state that it began from.
    given: u64,
    /// What it was for.
    rand_hash: B256,
    manifest_id: String,
    paid: Paid,
}

/// Sessions by their ids, those signed last when there are too many.
#[derive(Debug, Default)]
pub(super) struct Memory {
    room: usize,
    sessions: BTreeMap<String, (Last, u64)>,
    /// Ids by the time of their last signature, counted in signatures.
    order: BTreeMap<u64, String>,
    signatures: u64,
    /// The newest one last.
    answers: VecDeque<Answer>,
}

impl Memory {
    /// Room for so many sessions, one at least.
    pub(super) fn new(room: usize) -> Self {
        Self { room: room.max(1), ..Self::default() }
    }

    /// With the sessions that were stored.
    pub(super) fn restore(room: usize, records: &Records) -> Result<Self, RecordError> {
        let mut out = Self::new(room);
        for (key, value) in records {
            let Some(id) = key.strip_prefix(PREFIX) else { continue };
            let last =
                serde_json::from_slice(value).map_err(|e| RecordError { key: key.clone(), reason: e.to_string() })?;
            out.put(id.to_owned(), last);
        }
        Ok(out)
    }

    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.sessions.contains_key(id)
    }

    /// Whether a state is the newest of its session, as far as that is known.
    pub(super) fn check(&self, id: &str, given: u64) -> Result<(), Refusal> {
        match self.sessions.get(id) {
            Some((last, _)) if given < last.sequence => Err(Refusal::UsedUp { given, newest: last.sequence }),
            _ => Ok(()),
        }
    }

    /// Remembers a state that is about to be signed. The records are to be stored before it leaves.
    pub(super) fn sign(&mut self, state: &State) -> Vec<Record> {
        let last = Last { sequence: state.sequence, nonce: state.nonce };
        let value = serde_json::to_vec(&last).unwrap_or_default();
        let mut records = vec![Record { key: key(&state.id), value: Some(value) }];
        let forgotten = self.put(state.id.clone(), last);
        records.extend(forgotten.map(|id| Record { key: key(&id), value: None }));
        records
    }

    /// Keeps an answer to a state of a session under way.
    pub(super) fn answer(&mut self, draft: &Draft, paid: &Paid) {
        let Some(given) = draft.given else { return };
        if self.answers.len() >= ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back(Answer {
            id: draft.state.id.clone(),
            given,
            rand_hash: draft.request.params.recipient_rand_hash,
            manifest_id: draft.request.manifest_id.clone(),
            paid: paid.clone(),
        });
    }

    /// The newest answer of a session, where a request asks for just that again.
    pub(super) fn again(&self, state: &State, request: &Request) -> Option<&Paid> {
        let newest = self.answers.iter().rev().find(|a| a.id == state.id)?;
        let same = newest.given == state.sequence
            && newest.rand_hash == request.params.recipient_rand_hash
            && newest.manifest_id == request.manifest_id;
        same.then_some(&newest.paid)
    }

    /// Returns the session that has to make room.
    fn put(&mut self, id: String, last: Last) -> Option<String> {
        self.signatures += 1;
        if let Some((_, before)) = self.sessions.insert(id.clone(), (last, self.signatures)) {
            self.order.remove(&before);
        }
        self.order.insert(self.signatures, id);
        if self.sessions.len() <= self.room {
            return None;
        }
        let (_, oldest) = self.order.pop_first()?;
        self.sessions.remove(&oldest);
        Some(oldest)
    }
}

fn key(id: &str) -> String {
    format!("{PREFIX}{id}")
}
