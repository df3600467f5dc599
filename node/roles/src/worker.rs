//! A worker: registers with an orchestrator, and does what that one hands it.

use std::collections::BTreeMap;

use weir_market::price::ModelKey;
use weir_types::{Entropy, Instant, Millis};

use crate::io::{Made, Work, WorkDone, WorkId};

/// Wait before the first new attempt to register.
const FIRST_WAIT: Millis = Millis(500);
/// Longest wait.
const LONGEST_WAIT: Millis = Millis::from_secs(60);
/// What an orchestrator says to a worker that it will never take.
const FATAL: [&str; 2] = ["invalid secret", "zero capacity"];

/// What a worker can do at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkerCapacity {
    /// Streams that it transcodes.
    pub streams: u64,
    /// Jobs and live sessions of each of its models.
    pub models: BTreeMap<ModelKey, u64>,
}

impl WorkerCapacity {
    /// True when it can do nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.streams == 0 && self.models.values().all(|n| *n == 0)
    }
}

/// What a worker and its orchestrator say to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkerMessage {
    /// A worker comes.
    Register {
        /// Secret that both know.
        secret: String,
        /// What it can do.
        capacity: WorkerCapacity,
    },
    /// It is not taken.
    Refused {
        /// Why.
        why: String,
    },
    /// Something is to be done.
    Task {
        /// Number that the orchestrator gave it.
        task: u64,
        /// Session that it belongs to.
        session: u64,
        /// What to do.
        work: Box<Work>,
    },
    /// It is done.
    Done {
        /// Number of the task.
        task: u64,
        /// Secret that both know: results come on a line of their own.
        secret: String,
        /// What came of it.
        result: Result<Made, String>,
    },
    /// A task is not wanted any more.
    Stop {
        /// Number of the task.
        task: u64,
    },
    /// No more work of a session comes.
    SessionOver {
        /// The session.
        session: u64,
    },
}

/// Input of a [`Worker`].
#[derive(Debug, Clone)]
pub enum Input {
    /// Begin to work.
    Start,
    /// The orchestrator says something.
    Message(Box<WorkerMessage>),
    /// The line to the orchestrator broke, or there was none.
    Lost,
    /// The wait before the next attempt to register is over.
    Timer,
    /// Work is done.
    Work(WorkDone),
    /// Take no more tasks, and end with those under way.
    Stop,
}

/// What a worker wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send a message to the orchestrator.
    Send(WorkerMessage),
    /// Start work and report its end under this number.
    Start {
        /// Number of the work.
        id: WorkId,
        /// Session that it belongs to.
        session: u64,
        /// What to do.
        work: Box<Work>,
    },
    /// Stop work that was started. Nothing is reported of it any more.
    Stop {
        /// Number of the work.
        id: WorkId,
    },
    /// Forget what is kept for a session.
    SessionOver {
        /// The session.
        session: u64,
    },
    /// Wake the worker at a time.
    Timer {
        /// When.
        at: Instant,
    },
    /// The worker is over: it was told to stop and has done what it had taken, or its orchestrator will never take it.
    Over {
        /// `None` when it was told to.
        error: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Not begun, or over.
    None,
    /// Registered, as far as is known: the orchestrator says nothing until there is a task.
    Open,
    /// Waiting for the next attempt.
    Waiting,
}

/// The machine.
#[derive(Debug)]
pub struct Worker {
    secret: String,
    capacity: WorkerCapacity,
    line: Line,
    wait: Millis,
    /// Tasks under way.
    tasks: BTreeMap<WorkId, u64>,
    next: u64,
    stopping: bool,
}

impl Worker {
    /// A worker that knows its orchestrator's secret.
    #[must_use]
    pub const fn new(secret: String, capacity: WorkerCapacity) -> Self {
        Self { secret, capacity, line: Line::None, wait: FIRST_WAIT, tasks: BTreeMap::new(), next: 0, stopping: false }
    }

    /// Tasks under way.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Handle one input.
    pub fn handle(&mut self, now: Instant, input: Input, rng: &mut Entropy, out: &mut Vec<Output>) {
        match input {
            Input::Start | Input::Timer if !self.stopping => self.register(out),
            Input::Start | Input::Timer => {}
            Input::Message(message) => self.on_message(*message, out),
            Input::Lost => self.on_lost(now, rng, out),
            Input::Work(done) => self.on_work(done, out),
            Input::Stop => {
                self.stopping = true;
                self.end_if_idle(out);
            }
        }
    }

    fn register(&mut self, out: &mut Vec<Output>) {
        if self.line == Line::Open {
            return;
        }
        self.line = Line::Open;
        let message = WorkerMessage::Register { secret: self.secret.clone(), capacity: self.capacity.clone() };
        out.push(Output::Send(message));
    }

    fn on_message(&mut self, message: WorkerMessage, out: &mut Vec<Output>) {
        match message {
            WorkerMessage::Refused { why } if FATAL.contains(&why.as_str()) => {
                self.stopping = true;
                self.line = Line::None;
                out.push(Output::Over { error: Some(why) });
            }
            WorkerMessage::Task { task, session, work } => {
                // Whoever hands out tasks has taken the worker: the next break is a first one again.
                self.wait = FIRST_WAIT;
                self.on_task(task, session, work, out);
            }
            WorkerMessage::Stop { task } => {
                if let Some((id, _)) = self.tasks.extract_if(.., |_, t| *t == task).next() {
                    out.push(Output::Stop { id });
                    self.end_if_idle(out);
                }
            }
            WorkerMessage::SessionOver { session } => out.push(Output::SessionOver { session }),
            WorkerMessage::Refused { .. } | WorkerMessage::Register { .. } | WorkerMessage::Done { .. } => {}
        }
    }

    fn on_task(&mut self, task: u64, session: u64, work: Box<Work>, out: &mut Vec<Output>) {
        if self.stopping {
            self.answer(task, Err("worker is stopping".to_owned()), out);
            return;
        }
        let able = match work.as_ref() {
            Work::Transcode(_) => self.capacity.streams > 0,
            Work::Job(job) => self.capacity.models.contains_key(&job.key()),
            Work::Live { model, .. } => self.capacity.models.contains_key(model),
        };
        if !able {
            self.answer(task, Err("incompatible segment capabilities".to_owned()), out);
            return;
        }
        self.next += 1;
        let id = WorkId(self.next);
        self.tasks.insert(id, task);
        out.push(Output::Start { id, session, work });
    }

    fn answer(&self, task: u64, result: Result<Made, String>, out: &mut Vec<Output>) {
        out.push(Output::Send(WorkerMessage::Done { task, secret: self.secret.clone(), result }));
    }

    fn on_work(&mut self, done: WorkDone, out: &mut Vec<Output>) {
        let Some(task) = self.tasks.remove(&done.id) else { return };
        self.answer(task, done.result, out);
        self.end_if_idle(out);
    }

    /// What is under way goes on: its results find the orchestrator by themselves, which no longer waits for them or
    /// still does.
    fn on_lost(&mut self, now: Instant, rng: &mut Entropy, out: &mut Vec<Output>) {
        if self.line != Line::Open || self.stopping {
            return;
        }
        self.line = Line::Waiting;
        // Half as long to half as long again, so that many workers do not come back at once.
        let half = self.wait.0 / 2;
        let wait = Millis(half + rng.below(self.wait.0 + 1));
        out.push(Output::Timer { at: now + wait });
        self.wait = Millis(self.wait.0 + half).min(LONGEST_WAIT);
    }

    fn end_if_idle(&mut self, out: &mut Vec<Output>) {
        if self.stopping && self.tasks.is_empty() && self.line != Line::None {
            self.line = Line::None;
            out.push(Output::Over { error: None });
        }
    }
}
