//! A work queue on a NATS server: cells are published once, workers come and go and pull them.
//!
//! A message holds the address of a cell and is its own number against duplicates. A worker says that
//! it is still at work as long as a cell takes; where it dies, the server hands the cell to another.
//! Results lie in the sweep folder, which all workers share. Queue and results may disagree at no harm:
//! a cell that is finished is not run again, and one that is missing can be published again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, AckKind, Context, Message, stream};
use futures::StreamExt;
use futures::future::join_all;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::SweepError;
use crate::cell::Cell;
use crate::folder::{CellState, SweepFolder};
use crate::runner::{Hand, Outcome, Runner};

/// Deliveries of a cell after which it is taken for what kills its workers.
pub const DELIVERIES_MAX: i64 = 5;

/// How long the server waits for a sign of life before it gives a cell to another worker.
pub const ACK_WAIT: Duration = Duration::from_secs(15);

/// Time in which a cell that is published twice is queued once.
pub const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

/// Messages that are on their way at a time.
const BATCH: usize = 500;

/// Time between two looks at a cell that another process has.
const PATIENCE: Duration = Duration::from_millis(500);

/// Failures in a row after which a worker gives the server up, a second apart.
const TRIES: u32 = 30;

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Published {
    /// The queue.
    pub stream: String,
    /// Cells that are queued now.
    pub published: u64,
    /// Cells that were queued a moment ago.
    pub duplicates: u64,
    /// Cells that need no queueing.
    pub finished: u64,
}

/// How a worker works.
#[derive(Debug, Clone)]
pub struct QueueOptions {
    /// Whether to end when nothing is queued and nobody has a cell that may come back.
    pub exit_when_empty: bool,
    /// Set from outside to stop: the cell under way goes back to the queue.
    pub cancel: Arc<AtomicBool>,
}

/// What a worker did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Worked {
    /// Cells that it ran.
    pub ran: u64,
    /// Cells that were finished when they came.
    pub present: u64,
    /// Cells among those it ran that failed or broke.
    pub bad: u64,
    /// Whether it was stopped.
    pub cancelled: bool,
}

/// Makes the queue of a sweep and puts all cells in it that are not finished.
///
/// # Errors
/// [`SweepError::Nats`] when the server does not take them.
pub fn publish(folder: &SweepFolder, url: &str) -> Result<Published, SweepError> {
    let server = Server { url, plan: folder.contents().id() };
    server.block_on(async {
        let context = server.connect().await?;
        server.stream(&context).await?;
        let cells = folder.contents().unique();
        let (finished, open): (Vec<&Cell>, Vec<&Cell>) =
            cells.into_iter().partition(|cell| folder.is_finished(&cell.cell));
        let mut published =
            Published { stream: server.name(), published: 0, duplicates: 0, finished: finished.len() as u64 };
        for batch in open.chunks(BATCH) {
            let send = |cell: &&Cell| {
                let id = cell.cell.to_string();
                let message = PublishMessage::build().message_id(&id).payload(id.into());
                context.send_publish(server.subject(), message)
            };
            for sent in join_all(batch.iter().map(send)).await {
                let ack = sent.map_err(|e| server.error("publishing", e))?;
                let ack = ack.await.map_err(|e| server.error("publishing", e))?;
                *(if ack.duplicate { &mut published.duplicates } else { &mut published.published }) += 1;
            }
        }
        Ok(published)
    })
}

/// Pulls cells and runs them in this process, one after the other.
///
/// # Errors
/// [`SweepError::Nats`] when the server is gone for good, and what would befall every other cell.
pub fn work(folder: &SweepFolder, url: &str, options: &QueueOptions) -> Result<Worked, SweepError> {
    let server = Server { url, plan: folder.contents().id() };
    let (orders, taken) = mpsc::channel::<Order<'_>>();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut runner = Runner::new(folder, Arc::clone(&options.cancel));
            for order in taken {
                // Whoever asked is gone only when the whole worker ends.
                let _ = order.answer.send(runner.run(order.cell));
            }
        });
        let worker = Worker { server: &server, folder, options, orders };
        server.block_on(worker.pull())
    })
}

/// A cell for the thread that runs cells.
struct Order<'a> {
    cell: &'a Cell,
    answer: oneshot::Sender<Result<Outcome, SweepError>>,
}

/// The server, and the names that a sweep has there.
struct Server<'a> {
    url: &'a str,
    plan: String,
}

impl Server<'_> {
    fn name(&self) -> String {
        format!("WEIR_SWEEP_{}", self.plan)
    }

    fn subject(&self) -> String {
        format!("weir.sweep.{}", self.plan)
    }

    fn error(&self, what: &'static str, reason: impl std::fmt::Display) -> SweepError {
        // What stands before the host is a password.
        let url = self.url.rsplit('@').next().unwrap_or_default().to_owned();
        SweepError::Nats { url, what, reason: reason.to_string() }
    }

    fn block_on<T>(&self, work: impl Future<Output = Result<T, SweepError>>) -> Result<T, SweepError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|e| self.error("starting", e))?.block_on(work)
    }

    async fn connect(&self) -> Result<Context, SweepError> {
        let client = async_nats::connect(self.url).await.map_err(|e| self.error("connecting", e))?;
        Ok(jetstream::new(client))
    }

    async fn stream(&self, context: &Context) -> Result<stream::Stream, SweepError> {
        let config = stream::Config {
            name: self.name(),
            subjects: vec![self.subject()],
            retention: stream::RetentionPolicy::WorkQueue,
            duplicate_window: DUPLICATE_WINDOW,
            ..stream::Config::default()
        };
        context.get_or_create_stream(config).await.map_err(|e| self.error("making the queue", e))
    }

    async fn consumer(&self, context: &Context) -> Result<PullConsumer, SweepError> {
        let config = pull::Config {
            durable_name: Some("workers".to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            // One more than a worker tries: with it, somebody is there to say that it is given up.
            max_deliver: DELIVERIES_MAX + 1,
            ..pull::Config::default()
        };
        let stream = self.stream(context).await?;
        stream.get_or_create_consumer("workers", config).await.map_err(|e| self.error("joining the workers", e))
    }
}

struct Worker<'a> {
    server: &'a Server<'a>,
    folder: &'a SweepFolder,
    options: &'a QueueOptions,
    orders: mpsc::Sender<Order<'a>>,
}

impl<'a> Worker<'a> {
    fn cancelled(&self) -> bool {
        self.options.cancel.load(Ordering::Relaxed)
    }

    async fn pull(&self) -> Result<Worked, SweepError> {
        let context = self.server.connect().await?;
        let mut consumer = self.server.consumer(&context).await?;
        let mut worked = Worked::default();
        let mut failures = 0;
        while !self.cancelled() {
            match self.next(&mut consumer).await {
                Ok(Next::Message(message)) => {
                    failures = 0;
                    self.handle(&message, &mut worked).await?;
                }
                Ok(Next::Nothing) => failures = 0,
                Ok(Next::Empty) if self.options.exit_when_empty => break,
                Ok(Next::Empty) => failures = 0,
                Err(e) => {
                    failures += 1;
                    if failures == TRIES {
                        return Err(e);
                    }
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
        worked.cancelled = self.cancelled();
        Ok(worked)
    }

    /// The next cell, where there is one within a second.
    async fn next(&self, consumer: &mut PullConsumer) -> Result<Next, SweepError> {
        let batch = consumer.fetch().max_messages(1).expires(Duration::from_secs(1)).messages().await;
        let mut batch = batch.map_err(|e| self.server.error("pulling a cell", e))?;
        if let Some(message) = batch.next().await {
            return Ok(Next::Message(Box::new(message.map_err(|e| self.server.error("pulling a cell", e))?)));
        }
        let info = consumer.info().await.map_err(|e| self.server.error("asking for the queue's length", e))?;
        // A cell that another worker has may yet come back.
        Ok(if info.num_pending == 0 && info.num_ack_pending == 0 { Next::Empty } else { Next::Nothing })
    }

    async fn handle(&self, message: &Message, worked: &mut Worked) -> Result<(), SweepError> {
        let id = String::from_utf8_lossy(&message.payload);
        let Some(cell) = self.folder.contents().find(&id) else {
            // No other worker of this sweep knows it either.
            return self.answer(message, AckKind::Term).await;
        };
        let deliveries = message.info().map_or(1, |info| info.delivered);
        if deliveries > DELIVERIES_MAX && !self.folder.is_finished(&cell.cell) {
            let reason = format!("{DELIVERIES_MAX} workers took it and did not come back");
            self.folder.record_failure(cell, CellState::Failed, &reason)?;
            return self.answer(message, AckKind::Term).await;
        }
        let outcome = match self.run(cell, message).await {
            Ok(outcome) => outcome,
            Err(e) => {
                // Another worker may have what this one lacks.
                self.answer(message, AckKind::Nak(Some(ACK_WAIT))).await?;
                return Err(e);
            }
        };
        match outcome {
            Outcome::Cancelled | Outcome::Busy => return self.answer(message, AckKind::Nak(None)).await,
            Outcome::Present => worked.present += 1,
            Outcome::Done => worked.ran += 1,
            Outcome::Broken(_) | Outcome::Failed(_) => {
                worked.ran += 1;
                worked.bad += 1;
            }
        }
        // Where this does not arrive, the cell comes again and is found finished.
        let _ = message.double_ack().await;
        Ok(())
    }

    /// Runs a cell, with a sign of life to the server now and then. One that another process has is
    /// waited for: it may yet leave it.
    async fn run(&self, cell: &'a Cell, message: &Message) -> Result<Outcome, SweepError> {
        loop {
            let (answer, mut answered) = oneshot::channel();
            let gone = || self.server.error("running a cell", "the thread that runs cells ended");
            self.orders.send(Order { cell, answer }).map_err(|_| gone())?;
            let outcome = loop {
                match tokio::time::timeout(ACK_WAIT / 3, &mut answered).await {
                    Ok(outcome) => break outcome.map_err(|_| gone())??,
                    Err(_) => self.answer(message, AckKind::Progress).await?,
                }
            };
            if outcome != Outcome::Busy || self.cancelled() {
                return Ok(outcome);
            }
            self.answer(message, AckKind::Progress).await?;
            tokio::time::sleep(PATIENCE).await;
        }
    }

    async fn answer(&self, message: &Message, kind: AckKind) -> Result<(), SweepError> {
        message.ack_with(kind).await.map_err(|e| self.server.error("answering", e))?;
        // An answer that is still on its way when this process ends is none.
        message.context.client().flush().await.map_err(|e| self.server.error("answering", e))
    }
}

/// What a pull came to.
enum Next {
    Message(Box<Message>),
    /// Nothing now, and more may come.
    Nothing,
    /// Nothing is queued, and nobody has anything.
    Empty,
}
