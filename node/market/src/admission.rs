//! What an orchestrator accepts: sessions up to a limit, segments up to a queue per session.

use std::collections::BTreeMap;

use thiserror::Error;
use weir_types::{Instant, Millis};

use crate::limits::{MAX_SESSIONS, QUEUED_SEGMENTS, SESSION_IDLE};

/// Why an orchestrator refuses work. The texts are those that other nodes match on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No room for another session.
    #[error("OrchestratorCapped")]
    Capped,
    /// Too many segments of the session are waiting.
    #[error("OrchestratorBusy")]
    Busy,
}

impl Refusal {
    /// Text of the refusal in answer to a request for an offer.
    #[must_use]
    pub fn discovery_text(self) -> String {
        format!("Invalid orchestrator request: {self}")
    }
}

/// Limits of an orchestrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionConfig {
    /// Sessions at a time.
    pub max_sessions: u64,
    /// Segments of a session that wait behind the one in work.
    pub queue: u32,
    /// Time without a segment after which a session ends.
    pub idle: Millis,
}

impl Default for AdmissionConfig {
    fn default() -> Self {
        Self { max_sessions: MAX_SESSIONS, queue: QUEUED_SEGMENTS, idle: SESSION_IDLE }
    }
}

/// What becomes of an accepted segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Work on it starts now.
    Start,
    /// It waits behind others of its session.
    Wait,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Idle { since: Instant },
    Busy { waiting: u32 },
}

/// Sessions of an orchestrator by whatever names them. Segments of a session are worked on one after another.
///
/// A session begins with its first segment and not with the offer, so that an orchestrator may make
/// more offers than it has room for. A segment that fails ends it, unless more of its segments wait: its gateway
/// is gone by then, and comes back as a new session if it comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission<K> {
    config: AdmissionConfig,
    sessions: BTreeMap<K, Work>,
}

impl<K: Ord> Default for Admission<K> {
    fn default() -> Self {
        Self::new(AdmissionConfig::default())
    }
}

impl<K: Ord> Admission<K> {
    /// No sessions yet.
    #[must_use]
    pub fn new(config: AdmissionConfig) -> Self {
        Self { config, sessions: BTreeMap::new() }
    }

    /// Changes the number of sessions; those beyond it go on until they end.
    pub fn set_max_sessions(&mut self, max: u64) {
        self.config.max_sessions = max;
    }

    /// Whether there is room: for any new session (`None`), or for a segment of this one.
    ///
    /// # Errors
    /// [`Refusal::Capped`] when the session is new and all places are taken.
    pub fn check(&self, session: Option<&K>) -> Result<(), Refusal> {
        let known = session.is_some_and(|id| self.sessions.contains_key(id));
        let room = (self.sessions.len() as u64) < self.config.max_sessions;
        if known || room { Ok(()) } else { Err(Refusal::Capped) }
    }

    /// Takes a segment in.
    ///
    /// # Errors
    /// [`Refusal::Capped`] when the session is new and all places are taken, [`Refusal::Busy`] when
    /// its queue is full.
    pub fn submit(&mut self, session: K) -> Result<Accepted, Refusal> {
        self.check(Some(&session))?;
        match self.sessions.get_mut(&session) {
            Some(Work::Busy { waiting }) if *waiting >= self.config.queue => Err(Refusal::Busy),
            Some(Work::Busy { waiting }) => {
                *waiting += 1;
                Ok(Accepted::Wait)
            }
            Some(Work::Idle { .. }) | None => {
                self.sessions.insert(session, Work::Busy { waiting: 0 });
                Ok(Accepted::Start)
            }
        }
    }

    /// Ends the work on a segment, done or failed; true when the next one of the session starts.
    pub fn segment_done(&mut self, session: &K, now: Instant) -> bool {
        let Some(work) = self.sessions.get_mut(session) else { return false };
        match work {
            Work::Busy { waiting } if *waiting > 0 => {
                *waiting -= 1;
                true
            }
            Work::Busy { .. } => {
                *work = Work::Idle { since: now };
                false
            }
            Work::Idle { .. } => false,
        }
    }

    /// Ends the work on a segment that failed; true when the next one of the session starts, otherwise the session's
    /// place is free.
    pub fn segment_failed(&mut self, session: &K, now: Instant) -> bool {
        let more = self.segment_done(session, now);
        if !more {
            self.end(session);
        }
        more
    }

    /// Ends a session on request; false when there is none.
    pub fn end(&mut self, session: &K) -> bool {
        self.sessions.remove(session).is_some()
    }

    /// Ends the sessions that have been idle for too long and names them.
    pub fn expire(&mut self, now: Instant) -> Vec<K> {
        let idle = self.config.idle;
        let over = |w: &Work| matches!(w, Work::Idle { since } if now >= *since + idle);
        self.sessions.extract_if(.., |_, w| over(w)).map(|(id, _)| id).collect()
    }

    /// When [`expire`](Self::expire) has something to do next, unless more segments come.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Instant> {
        let idle = self.config.idle;
        let end = |w: &Work| match w {
            Work::Idle { since } => Some(*since + idle),
            Work::Busy { .. } => None,
        };
        self.sessions.values().filter_map(end).min()
    }

    /// Sessions at present.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// True without sessions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// The limits.
    #[must_use]
    pub fn config(&self) -> AdmissionConfig {
        self.config
    }
}
