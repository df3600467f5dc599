//! Logs are told once, in order, and taken back when the chain takes them back.

use weir_chain::{ChainError, LogKind, News, WatchConfig, Watcher};
use weir_types::{L2Block, Wei};

use crate::support::{Line, Listener, PATIENCE, SENDERS, Town, Trouble, run};

fn watcher(town: &Town, config: WatchConfig) -> Watcher {
    Watcher::new(config, &town.addresses(), L2Block(town.head().0 + 1))
}

/// What a watcher that starts now would tell of the whole time since `from`.
fn truth(town: &Town, from: L2Block) -> Listener {
    let mut listener = Listener::default();
    let mut fresh = Watcher::new(WatchConfig::default(), &town.addresses(), from);
    listener.hear(&run(async { fresh.poll(&town.chain.provider()).await }).expect("the chain answers"));
    listener
}

#[test]
fn each_log_comes_once_and_in_order() {
    let town = Town::new();
    let mut w = watcher(&town, WatchConfig::default());
    let from = w.next_block();
    let mut heard = Listener::default();
    for n in 1..=20u128 {
        town.fund(SENDERS[0], n);
        if n % 3 == 0 {
            town.fund(SENDERS[1], n);
        }
        town.mine(5);
        if n % 4 == 0 {
            heard.hear(&run(w.poll(&town.chain.provider())).expect("the chain answers"));
        }
    }
    assert_eq!(heard.logs, truth(&town, from).logs);
    assert_eq!(heard.funded(SENDERS[0]), (1..=20).map(Wei::new).collect::<Vec<_>>());
    assert!(run(w.poll(&town.chain.provider())).expect("the chain answers").is_empty(), "nothing is new");
}

#[test]
fn a_reorganisation_takes_back_and_tells_anew() {
    for depth in [1, 2, 5, 9] {
        let town = Town::new();
        let mut w = watcher(&town, WatchConfig::default());
        let from = w.next_block();
        let mut heard = Listener::default();
        for n in 1..=10 {
            town.fund(SENDERS[0], n);
            town.mine(5);
            heard.hear(&run(w.poll(&town.chain.provider())).expect("the chain answers"));
        }
        town.chain.reorg(depth).expect("it is kept");
        town.mine(5);
        for _ in 0..depth {
            town.mine(5);
        }
        let news = run(w.poll(&town.chain.provider())).expect("the chain answers");
        let removed = news.iter().filter(|n| matches!(n, News::Removed(_))).count();
        assert_eq!(removed as u64, depth);
        heard.hear(&news);
        assert_eq!(heard.logs, truth(&town, from).logs, "depth {depth}");
        assert_eq!(heard.logs.len(), 10);
    }
}

#[test]
fn a_reorganisation_below_all_that_was_read_is_followed_from_the_start() {
    let town = Town::new();
    town.mine(5);
    town.mine(5);
    let mut w = watcher(&town, WatchConfig::default());
    let mut heard = Listener::default();
    town.fund(SENDERS[0], 1);
    town.mine(5);
    heard.hear(&run(w.poll(&town.chain.provider())).expect("the chain answers"));
    assert_eq!(heard.logs.len(), 1);
    town.chain.reorg(3).expect("it is kept");
    for _ in 0..5 {
        town.mine(7);
    }
    heard.hear(&run(w.poll(&town.chain.provider())).expect("the chain answers"));
    assert_eq!(heard.logs, [], "the payment lies before the watcher's start now");
    assert!(!heard.skipped);
}

#[test]
fn what_is_too_far_behind_is_told_as_skipped() {
    let town = Town::new();
    let mut w = watcher(&town, WatchConfig { gap_max: 10, ..WatchConfig::default() });
    for n in 1..=20 {
        town.fund(SENDERS[0], n);
        town.mine(5);
    }
    let from = w.next_block();
    let news = run(w.poll(&town.chain.provider())).expect("the chain answers");
    assert_eq!(news.first(), Some(&News::Skipped { from, to: town.head() }));
    assert_eq!(news.len(), 2, "{news:?}");
    town.fund(SENDERS[0], 99);
    town.mine(5);
    let news = run(w.poll(&town.chain.provider())).expect("the chain answers");
    assert!(
        matches!(&news[0], News::Log(l) if matches!(l.kind, LogKind::DepositFunded { amount, .. } if amount == Wei::new(99)))
    );
}

#[test]
fn a_reorganisation_past_what_is_kept_is_told_as_skipped() {
    let town = Town::new();
    let start = town.head().0 + 1;
    let mut w = watcher(&town, WatchConfig { history: 4, ..WatchConfig::default() });
    for n in 1..=12 {
        town.fund(SENDERS[0], n);
        town.mine(5);
        run(w.poll(&town.chain.provider())).expect("the chain answers");
    }
    town.chain.reorg(8).expect("it is kept");
    for _ in 0..9 {
        town.mine(5);
    }
    let news = run(w.poll(&town.chain.provider())).expect("the chain answers");
    let skipped = news.iter().find_map(|n| match n {
        News::Skipped { from, to } => Some((from.0, to.0)),
        _ => None,
    });
    // The newest block read was start + 11; four blocks below it are kept.
    assert_eq!(skipped, Some((start, start + 6)));
}

#[test]
fn logs_that_come_after_their_heads_are_found_later() {
    let town = Town::new();
    let line = Line::new(town.chain.clone());
    let provider = line.provider(PATIENCE);
    let mut w = watcher(&town, WatchConfig::default());
    let from = w.next_block();
    let mut heard = Listener::default();
    town.fund(SENDERS[0], 1);
    town.mine(5);
    line.trouble(Some(Trouble::NoLogs));
    heard.hear(&run(w.poll(&provider)).expect("the chain answers"));
    assert_eq!(heard.logs, []);
    line.trouble(None);
    town.fund(SENDERS[0], 2);
    town.mine(5);
    heard.hear(&run(w.poll(&provider)).expect("the chain answers"));
    assert_eq!(heard.logs, truth(&town, from).logs);
    assert_eq!(heard.logs.len(), 2);
}

#[test]
fn an_endpoint_that_has_fallen_back_is_told_from_a_reorganisation() {
    let town = Town::new();
    let line = Line::new(town.chain.clone());
    let provider = line.provider(PATIENCE);
    let mut w = watcher(&town, WatchConfig::default());
    let mut heard = Listener::default();
    town.fund(SENDERS[0], 1);
    town.mine(5);
    let old = town.chain.branch();
    town.mine(5);
    town.mine(5);
    heard.hear(&run(w.poll(&provider)).expect("the chain answers"));
    line.trouble(Some(Trouble::Old(old)));
    let head = town.head().0;
    match run(w.poll(&provider)) {
        Err(ChainError::Behind { found, known }) => assert_eq!((found, known), (head - 2, head)),
        other => panic!("{other:?}"),
    }
    assert_eq!(heard.logs.len(), 1);
}

#[test]
fn nothing_is_taken_over_from_a_look_that_failed() {
    for trouble in [Trouble::Silent, Trouble::Garbage, Trouble::Null, Trouble::Drops, Trouble::Limits] {
        let town = Town::new();
        let line = Line::new(town.chain.clone());
        let provider = line.provider(PATIENCE);
        let mut w = watcher(&town, WatchConfig::default());
        let from = w.next_block();
        town.fund(SENDERS[0], 1);
        town.mine(5);
        line.trouble(Some(trouble.clone()));
        run(w.poll(&provider)).expect_err("it is in trouble");
        assert_eq!(w.next_block(), from, "{trouble:?}");
        line.trouble(None);
        let mut heard = Listener::default();
        heard.hear(&run(w.poll(&provider)).expect("the chain answers"));
        assert_eq!(heard.logs.len(), 1, "{trouble:?}");
    }
}
