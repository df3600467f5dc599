//! The workers of an orchestrator that are not its own process: who is there, and who does what.

use std::collections::BTreeMap;

use weir_market::price::ModelKey;
use weir_types::{Instant, Millis, keccak256};

use crate::io::{Made, Peer, Work, WorkDone, WorkId};
use crate::worker::{WorkerCapacity, WorkerMessage};

/// Shortest wait for a segment.
const SEGMENT_LIMIT: Millis = Millis(8_000);
/// Lengths of a segment that are waited for it.
const SEGMENT_LENGTHS: u64 = 4;
/// Longest wait for a job.
const JOB_LIMIT: Millis = Millis::from_secs(15 * 60);

/// Input of a [`Crew`].
#[derive(Debug, Clone)]
pub enum Input {
    /// A worker says something.
    Message {
        /// Which.
        from: Peer,
        /// What.
        message: Box<WorkerMessage>,
    },
    /// The line to a worker broke.
    Gone(Peer),
    /// The orchestrator wants something done.
    Start {
        /// Number of the work.
        id: WorkId,
        /// Session that it belongs to.
        session: u64,
        /// What.
        work: Box<Work>,
    },
    /// The orchestrator does not want it any more.
    Stop {
        /// Number of the work.
        id: WorkId,
    },
    /// No more work of a session comes.
    SessionOver {
        /// The session.
        session: u64,
    },
    /// A task's answer is overdue.
    Timer {
        /// Number of the task.
        task: u64,
    },
}

/// What a crew wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send a message to a worker.
    Send {
        /// To whom.
        to: Peer,
        /// What.
        message: WorkerMessage,
    },
    /// Close the line to a worker.
    Drop(Peer),
    /// Tell the orchestrator that work is done.
    Done(WorkDone),
    /// Tell the orchestrator what all workers together can do.
    Capacity(WorkerCapacity),
    /// Wake the crew for a task at a time.
    Timer {
        /// When.
        at: Instant,
        /// Number of the task.
        task: u64,
    },
}

#[derive(Debug, Clone)]
struct Member {
    capacity: WorkerCapacity,
    /// Place in the order of arrival.
    number: u64,
    /// Sessions of streams that are its.
    sessions: u64,
    in_use: BTreeMap<ModelKey, u64>,
}

#[derive(Debug, Clone)]
struct Task {
    id: WorkId,
    session: u64,
    work: Box<Work>,
    at: Peer,
}

impl Task {
    /// Model that it takes a place of.
    fn model(&self) -> Option<ModelKey> {
        model(&self.work)
    }
}

fn model(work: &Work) -> Option<ModelKey> {
    match work {
        Work::Transcode(_) => None,
        Work::Job(job) => Some(job.key()),
        Work::Live { model, .. } => Some(model.clone()),
    }
}

/// The machine.
#[derive(Debug)]
pub struct Crew {
    secret: String,
    members: BTreeMap<Peer, Member>,
    /// Who has a session of a stream.
    sessions: BTreeMap<u64, Peer>,
    tasks: BTreeMap<u64, Task>,
    next_task: u64,
    next_member: u64,
}

impl Crew {
    /// Nobody yet. Whoever comes must know the secret.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self {
            secret,
            members: BTreeMap::new(),
            sessions: BTreeMap::new(),
            tasks: BTreeMap::new(),
            next_task: 0,
            next_member: 0,
        }
    }

    /// Workers at present.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// True without workers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// What all of them together can do.
    #[must_use]
    pub fn capacity(&self) -> WorkerCapacity {
        let mut all = WorkerCapacity::default();
        for m in self.members.values() {
            all.streams = all.streams.saturating_add(m.capacity.streams);
            for (key, n) in &m.capacity.models {
                let sum = all.models.entry(key.clone()).or_default();
                *sum = sum.saturating_add(*n);
            }
        }
        all
    }

    /// Handle one input.
    pub fn handle(&mut self, now: Instant, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Message { from, message } => self.on_message(from, *message, out),
            Input::Gone(peer) => self.remove(now, peer, out),
            Input::Start { id, session, work } => self.assign(now, id, session, work, out),
            Input::Stop { id } => self.stop(id, out),
            Input::SessionOver { session } => {
                if let Some(peer) = self.leave(session) {
                    out.push(Output::Send { to: peer, message: WorkerMessage::SessionOver { session } });
                }
            }
            Input::Timer { task } => self.on_overdue(now, task, out),
        }
    }

    fn knows(&self, secret: &str) -> bool {
        // Hashes are compared, so that the time it takes tells nothing of the secret.
        keccak256(secret) == keccak256(&self.secret)
    }

    fn on_message(&mut self, from: Peer, message: WorkerMessage, out: &mut Vec<Output>) {
        match message {
            WorkerMessage::Register { secret, capacity } => self.on_register(from, &secret, capacity, out),
            WorkerMessage::Done { task, secret, result } if self.knows(&secret) => {
                self.on_done(from, task, result, out);
            }
            _ => {}
        }
    }

    fn on_register(&mut self, from: Peer, secret: &str, capacity: WorkerCapacity, out: &mut Vec<Output>) {
        let why = match (self.knows(secret), capacity.is_zero()) {
            (false, _) => "invalid secret",
            (true, true) => "zero capacity",
            (true, false) => {
                self.next_member += 1;
                let number = self.next_member;
                let fresh = Member { capacity, number, sessions: 0, in_use: BTreeMap::new() };
                match self.members.get_mut(&from) {
                    // It says again what it can do; what it has taken it still has.
                    Some(known) => known.capacity = fresh.capacity,
                    None => drop(self.members.insert(from, fresh)),
                }
                out.push(Output::Capacity(self.capacity()));
                return;
            }
        };
        out.push(Output::Send { to: from, message: WorkerMessage::Refused { why: why.to_owned() } });
    }

    /// Hands work to whoever is least busy with streams, and came first for models.
    fn assign(&mut self, now: Instant, id: WorkId, session: u64, work: Box<Work>, out: &mut Vec<Output>) {
        let chosen = match model(&work) {
            None => self.choose_for_stream(session),
            Some(key) => self.choose_for_model(&key),
        };
        let Some(at) = chosen else {
            let why =
                if matches!(*work, Work::Transcode(_)) { "no transcoders available" } else { "no workers available" };
            out.push(Output::Done(WorkDone { id, result: Err(why.to_owned()) }));
            return;
        };
        self.next_task += 1;
        let task = self.next_task;
        if let Some(limit) = limit(&work) {
            out.push(Output::Timer { at: now + limit, task });
        }
        let message = WorkerMessage::Task { task, session, work: work.clone() };
        out.push(Output::Send { to: at, message });
        self.tasks.insert(task, Task { id, session, work, at });
    }

    /// A session stays with its worker; a new one goes to the least loaded that has a place.
    fn choose_for_stream(&mut self, session: u64) -> Option<Peer> {
        if let Some(peer) = self.sessions.get(&session) {
            return Some(*peer);
        }
        let free = self.members.iter_mut().filter(|(_, m)| m.sessions < m.capacity.streams);
        // Shares are compared without dividing: a / b < c / d as a * d < c * b.
        let (peer, member) = free.min_by(|(_, a), (_, b)| {
            let left = u128::from(a.sessions) * u128::from(b.capacity.streams);
            let right = u128::from(b.sessions) * u128::from(a.capacity.streams);
            left.cmp(&right).then(a.number.cmp(&b.number))
        })?;
        member.sessions += 1;
        self.sessions.insert(session, *peer);
        Some(*peer)
    }

    fn choose_for_model(&mut self, key: &ModelKey) -> Option<Peer> {
        let used = |m: &Member| m.in_use.get(key).copied().unwrap_or_default();
        let has_place = |m: &Member| m.capacity.models.get(key).is_some_and(|n| used(m) < *n);
        let free = self.members.iter_mut().filter(|(_, m)| has_place(m));
        let (peer, member) = free.min_by_key(|(_, m)| m.number)?;
        *member.in_use.entry(key.clone()).or_default() += 1;
        Some(*peer)
    }

    /// A session has no worker any more; who it was.
    fn leave(&mut self, session: u64) -> Option<Peer> {
        let peer = self.sessions.remove(&session)?;
        if let Some(m) = self.members.get_mut(&peer) {
            m.sessions = m.sessions.saturating_sub(1);
        }
        Some(peer)
    }

    /// A task is over: the place it took is free.
    fn finish(&mut self, task: u64) -> Option<Task> {
        let task = self.tasks.remove(&task)?;
        if let (Some(key), Some(m)) = (task.model(), self.members.get_mut(&task.at))
            && let Some(n) = m.in_use.get_mut(&key)
        {
            *n = n.saturating_sub(1);
        }
        Some(task)
    }

    fn on_done(&mut self, from: Peer, task: u64, result: Result<Made, String>, out: &mut Vec<Output>) {
        // Only who was given a task may answer for it.
        if self.tasks.get(&task).is_none_or(|t| t.at != from) {
            return;
        }
        let Some(t) = self.finish(task) else { return };
        if result.is_err() {
            self.leave(t.session);
        }
        out.push(Output::Done(WorkDone { id: t.id, result }));
    }

    fn stop(&mut self, id: WorkId, out: &mut Vec<Output>) {
        let Some(task) = self.tasks.iter().find(|(_, t)| t.id == id).map(|(n, _)| *n) else { return };
        if let Some(t) = self.finish(task) {
            out.push(Output::Send { to: t.at, message: WorkerMessage::Stop { task } });
        }
    }

    /// A worker that takes too long is not given anything more, and what it did is not tried again: its gateway has
    /// given up as well.
    fn on_overdue(&mut self, now: Instant, task: u64, out: &mut Vec<Output>) {
        let Some(t) = self.finish(task) else { return };
        let who = if t.model().is_none() { "transcoder" } else { "worker" };
        out.push(Output::Done(WorkDone { id: t.id, result: Err(format!("Remote {who} took too long")) }));
        self.remove(now, t.at, out);
        out.push(Output::Drop(t.at));
    }

    /// A worker is gone. Others do what it had taken.
    fn remove(&mut self, now: Instant, peer: Peer, out: &mut Vec<Output>) {
        if self.members.remove(&peer).is_none() {
            return;
        }
        self.sessions.retain(|_, at| *at != peer);
        let left: Vec<Task> = self.tasks.extract_if(.., |_, t| t.at == peer).map(|(_, t)| t).collect();
        out.push(Output::Capacity(self.capacity()));
        for t in left {
            self.assign(now, t.id, t.session, t.work, out);
        }
    }
}

/// Longest wait for work; a live session has none.
fn limit(work: &Work) -> Option<Millis> {
    match work {
        Work::Transcode(s) => Some(Millis(s.duration.0.saturating_mul(SEGMENT_LENGTHS)).max(SEGMENT_LIMIT)),
        Work::Job(_) => Some(JOB_LIMIT),
        Work::Live { .. } => None,
    }
}
