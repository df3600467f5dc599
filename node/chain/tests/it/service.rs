//! A driver on a task of its own: what it is told to do, and when it looks.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;
use weir_chain::{Driver, EndpointUrl, Endpoints, Heads, Orders, Pace, Report, Wake, WatchConfig, service};
use weir_roles::{ChainEvent, MemoryJournal, TxIntent, TxOutcome};
use weir_types::{Millis, Round, Wei};

use crate::manager::fresh;
use crate::support::{SENDERS, Town, Trouble, endpoints, run};

fn fund(wei: u128) -> TxIntent {
    TxIntent::Fund { deposit: Wei::new(wei), reserve: Wei::ZERO }
}

/// A service that looks when it is told to, or once an hour.
fn start(
    town: &Town,
    e: Endpoints,
    wake: Wake,
) -> (Orders, UnboundedReceiver<Report>, tokio::task::JoinHandle<MemoryJournal>) {
    let txs = fresh(&e);
    let driver = Driver::new(e, town.addresses(), WatchConfig::default(), town.head(), txs, Box::new(|_| None));
    let pace = Pace { poll: Millis::from_secs(3_600), gap: Millis(20) };
    let (orders, reports, work) = service(driver, pace, wake);
    (orders, reports, tokio::spawn(work))
}

async fn next(reports: &mut UnboundedReceiver<Report>) -> Report {
    reports.recv().await.expect("the service runs")
}

#[test]
fn what_is_wanted_while_no_endpoint_answers_is_held_and_goes_out_once() {
    let town = Town::new();
    run(async {
        let (lines, e) = endpoints(&town.chain, 2);
        let wake = Wake::default();
        let (orders, mut reports, work) = start(&town, e, wake.clone());
        assert!(next(&mut reports).await.error.is_none());
        lines.iter().for_each(|line| line.trouble(Some(Trouble::Silent)));
        orders.submit("first", fund(1));
        orders.submit("first", fund(1));
        orders.submit("second", fund(2));
        let report = next(&mut reports).await;
        assert!(report.error.is_some());
        let held: Vec<&str> = report.held.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(held, ["first"], "one wait says it for all");
        wake.now();
        assert_eq!(next(&mut reports).await.held.len(), 1);

        lines.iter().for_each(|line| line.trouble(None));
        tokio::time::sleep(Duration::from_secs(120)).await;
        wake.now();
        let report = next(&mut reports).await;
        assert!(report.held.is_empty() && report.error.is_none(), "{report:?}");
        town.mine(1);
        wake.now();
        let report = next(&mut reports).await;
        let done: Vec<&str> = report.tick.outcomes.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(done, ["first", "second"]);
        assert!(report.tick.outcomes.iter().all(|(_, o)| matches!(o, TxOutcome::Mined { .. })));

        // It ends with its last order, and gives back what it stored.
        drop(orders);
        work.await.expect("it ends well");
    });
    let funds = run(async { town.client().sender_funds(crate::support::key().address(), SENDERS[0]).await });
    assert_eq!(funds.expect("the chain answers").deposit, Wei::new(3));
}

#[test]
fn what_the_chain_refuses_is_told_as_an_outcome() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let (orders, mut reports, _work) = start(&town, e, Wake::default());
        next(&mut reports).await;
        orders.submit("reward", TxIntent::Reward);
        let outcomes = next(&mut reports).await.tick.outcomes;
        let [(key, TxOutcome::Refused { reason })] = outcomes.as_slice() else { panic!("{outcomes:?}") };
        assert_eq!(key, "reward");
        assert!(reason.contains("transcoder must be active"), "{reason}");
    });
}

#[test]
fn a_sender_is_told_as_long_as_it_is_watched() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let wake = Wake::default();
        let (orders, mut reports, _work) = start(&town, e, wake.clone());
        next(&mut reports).await;
        let told = |report: Report| {
            report
                .tick
                .events
                .into_iter()
                .any(|e| matches!(e, ChainEvent::Funds { sender, .. } if sender == SENDERS[0]))
        };
        orders.watch(SENDERS[0]);
        assert!(told(next(&mut reports).await));
        town.fund(SENDERS[0], 5);
        town.mine(1);
        wake.now();
        assert!(told(next(&mut reports).await));
        orders.unwatch(SENDERS[0]);
        town.fund(SENDERS[0], 5);
        town.mine(1);
        assert!(!told(next(&mut reports).await));
    });
}

#[test]
fn hints_do_not_make_it_look_more_often_than_it_may() {
    let town = Town::new();
    run(async {
        let (_, e) = endpoints(&town.chain, 1);
        let wake = Wake::default();
        let (_orders, mut reports, _work) = start(&town, e, wake.clone());
        next(&mut reports).await;
        let begun = tokio::time::Instant::now();
        for _ in 0..10 {
            for _ in 0..5 {
                wake.now();
            }
            next(&mut reports).await;
        }
        assert_eq!(begun.elapsed(), Duration::from_millis(200));
    });
}

/// A server on a thread of its own: when it is dropped its sockets break.
struct Server {
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    port: u16,
}

impl Server {
    /// Serves a chain at the given port, or at one of its own choice for 0.
    fn start(town: &Town, port: u16) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        listener.set_nonblocking(true).expect("a socket");
        let port = listener.local_addr().expect("it is bound").port();
        let chain = town.chain.clone();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                let stopped = async { drop(stopped.await) };
                weir_evm::http::serve(chain, listener, |_| (), stopped).await.expect("it serves");
            });
        });
        Self { stop: Some(stop), thread: Some(thread), port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().map(std::thread::JoinHandle::join).expect("it is dropped once").expect("it served");
    }
}

#[test]
fn a_block_that_is_pushed_is_read_at_once_and_so_it_is_after_the_socket_broke() {
    let town = Town::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let until = |reports: UnboundedReceiver<Report>, round: Round| async move {
        let mut reports = reports;
        let seen = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                let report = next(&mut reports).await;
                if report.tick.events.iter().any(|e| matches!(e, ChainEvent::Round(r) if r.round == round)) {
                    return reports;
                }
            }
        });
        seen.await.expect("no look within an hour shows the round; the hint does")
    };
    runtime.block_on(async {
        let server = Server::start(&town, 0);
        let port = server.port;
        let url: EndpointUrl = format!("ws://127.0.0.1:{port}").parse().expect("an endpoint");
        let wake = Wake::default();
        let _heads = Heads::listen(std::slice::from_ref(&url), &wake);
        let provider = url.provider(Duration::from_secs(5));
        let e = Endpoints::of(vec![("served".into(), provider)], weir_chain::HealthConfig::default());
        let (_orders, reports, _work) = start(&town, e, wake);
        let first = town.client().round_info().await.expect("the chain answers").round;
        let reports = until(reports, first).await;
        town.next_round();
        let reports = until(reports, Round(first.0 + 1)).await;

        drop(server);
        town.next_round();
        let _server = Server::start(&town, port);
        let reports = until(reports, Round(first.0 + 2)).await;
        town.next_round();
        until(reports, Round(first.0 + 3)).await;
    });
}
