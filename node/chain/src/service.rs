//! A driver on a task of its own, so that whoever serves jobs never waits for a chain.
//!
//! Machines hand in what they want and go on at once; news and outcomes come when there are any. While no
//! endpoint answers there are none, and what was wanted meanwhile is tried again until the chain decides.

use std::future::Future;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Duration, Instant, sleep_until};
use weir_roles::{Journal, TxIntent, TxOutcome};
use weir_types::{Address, Millis};

use crate::driver::{Driver, Tick, TickError};
use crate::heads::Wake;
use crate::manager::TxError;

/// How often a driver looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Time between two looks when nothing hints at a new block.
    pub poll: Millis,
    /// Least time between two looks, whatever hints there are: Arbitrum makes four blocks a second.
    pub gap: Millis,
}

impl Default for Pace {
    fn default() -> Self {
        Self { poll: Millis::from_secs(5), gap: Millis::from_secs(1) }
    }
}

/// What a node wants of its driver.
#[derive(Debug)]
enum Order {
    Submit { key: String, intent: TxIntent },
    Watch(Address),
    Unwatch(Address),
}

/// The way to a driver. Nothing here waits.
#[derive(Debug, Clone)]
pub struct Orders(UnboundedSender<Order>);

impl Orders {
    /// Wants a transaction. Its outcome comes by its key in a [`Report`], however long that takes; of two under
    /// one key before that, the second joins the first.
    pub fn submit(&self, key: impl Into<String>, intent: TxIntent) {
        self.give(Order::Submit { key: key.into(), intent });
    }

    /// Wants to know of a sender's money from now on. See [`Driver::watch`].
    pub fn watch(&self, sender: Address) {
        self.give(Order::Watch(sender));
    }

    /// Wants to know of it no more.
    pub fn unwatch(&self, sender: Address) {
        self.give(Order::Unwatch(sender));
    }

    fn give(&self, order: Order) {
        // A driver that has ended carries out nothing; whoever ended it knows.
        let _ = self.0.send(order);
    }
}

/// What a look at the chain brought, and what went wrong.
#[derive(Debug)]
pub struct Report {
    /// News, events and outcomes.
    pub tick: Tick,
    /// What could not be read or looked after. The next look does it again.
    pub error: Option<TickError>,
    /// Intents that nothing is decided about, and why. They are tried again.
    pub held: Vec<(String, TxError)>,
}

/// A driver at work: the way to it, what comes from it, and the work itself, to be spawned. That ends when no
/// [`Orders`] are left or nobody reads the reports, and gives the journal back.
pub fn service<J: Journal>(
    driver: Driver<J>,
    pace: Pace,
    wake: Wake,
) -> (Orders, UnboundedReceiver<Report>, impl Future<Output = J>) {
    let (orders, ordered) = unbounded_channel();
    let (reports, reported) = unbounded_channel();
    let service = Service { driver, wanted: Vec::new(), reports };
    (Orders(orders), reported, service.run(pace, wake, ordered))
}

struct Service<J> {
    driver: Driver<J>,
    /// Intents that are not on their way yet, in order.
    wanted: Vec<(String, TxIntent)>,
    reports: UnboundedSender<Report>,
}

impl<J: Journal> Service<J> {
    async fn run(mut self, pace: Pace, wake: Wake, mut orders: UnboundedReceiver<Order>) -> J {
        loop {
            let looked = Instant::now();
            if self.look().await.is_break() {
                break;
            }
            let (next, soonest) = (looked + duration(pace.poll), looked + duration(pace.gap));
            tokio::select! {
                order = orders.recv() => {
                    // What is wanted is worth a look: it goes out with it.
                    let Some(order) = order else { break };
                    self.take(order);
                    while let Ok(more) = orders.try_recv() {
                        self.take(more);
                    }
                }
                () = sleep_until(next) => {}
                () = wake.called() => sleep_until(soonest.min(next)).await,
            }
        }
        self.driver.into_journal()
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Submit { key, intent } => {
                if !self.wanted.iter().any(|(k, _)| *k == key) {
                    self.wanted.push((key, intent));
                }
            }
            Order::Watch(sender) => self.driver.watch(sender),
            Order::Unwatch(sender) => self.driver.unwatch(&sender),
        }
    }

    /// Sends what is wanted, looks, and tells.
    async fn look(&mut self) -> std::ops::ControlFlow<()> {
        let mut held = Vec::new();
        let mut refused = Vec::new();
        let mut down = false;
        for (key, intent) in std::mem::take(&mut self.wanted) {
            // One long wait for endpoints that do not answer is enough.
            if down {
                self.wanted.push((key, intent));
                continue;
            }
            match self.driver.submit(&key, &intent).await {
                Ok(_) => {}
                Err(TxError::DryRun(e)) => refused.push((key, TxOutcome::Refused { reason: e.to_string() })),
                Err(e) => {
                    down |= matches!(e, TxError::Chain(_));
                    held.push((key.clone(), e));
                    self.wanted.push((key, intent));
                }
            }
        }
        let (mut tick, error) = self.driver.tick().await;
        tick.outcomes.extend(refused);
        match self.reports.send(Report { tick, error, held }) {
            Ok(()) => std::ops::ControlFlow::Continue(()),
            Err(_) => std::ops::ControlFlow::Break(()),
        }
    }
}

const fn duration(ms: Millis) -> Duration {
    Duration::from_millis(ms.0)
}
