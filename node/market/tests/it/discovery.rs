//! Searches for orchestrators.

use std::collections::BTreeSet;

use weir_market::discovery::{Answer, Discovery, DiscoveryConfig, Found, Node, Trust};
use weir_market::suspension::Suspender;
use weir_types::{Address, Entropy, Instant, Millis};

const START: Instant = Instant::from_secs(1);

fn at(ms: u64) -> Instant {
    START + Millis(ms)
}

fn nodes(n: usize) -> Vec<Node> {
    (0..n).map(|i| Node { uri: format!("o{i}"), score: 0.0 }).collect()
}

fn search(config: DiscoveryConfig, n: usize, wanted: usize) -> Discovery<u32> {
    let (d, asks) =
        Discovery::start(config, &nodes(n), Trust::Untrusted, wanted, START, &mut Entropy::from_seed([1; 32]));
    assert_eq!(asks.len(), n);
    d
}

fn good(uri: &str) -> Answer<u32> {
    Answer { transcoder: uri.to_owned(), acceptable: true, ..Answer::default() }
}

fn names<I>(found: Vec<Found<I>>) -> Vec<String> {
    found.into_iter().map(|f| f.transcoder).collect()
}

#[test]
fn groups_by_score() {
    for (score, trusted, untrusted) in [(0.0, false, true), (0.5, false, false), (1.0, true, false), (2.0, true, false)]
    {
        assert_eq!((Trust::Trusted.admits(score), Trust::Untrusted.admits(score)), (trusted, untrusted), "{score}");
    }
    let mixed = [Node { uri: "t".into(), score: 1.0 }, Node { uri: "u".into(), score: 0.0 }];
    let mut entropy = Entropy::from_seed([1; 32]);
    let config = DiscoveryConfig::default;
    let (_, asks) = Discovery::<()>::start(config(), &mixed, Trust::Trusted, 5, START, &mut entropy);
    assert_eq!(asks, ["t"]);
}

#[test]
fn asks_everybody_in_an_order_of_the_draw() {
    let start = |seed| {
        let mut entropy = Entropy::from_seed([seed; 32]);
        Discovery::<()>::start(DiscoveryConfig::default(), &nodes(20), Trust::Untrusted, 3, START, &mut entropy).1
    };
    assert_eq!(start(1), start(1));
    assert_ne!(start(1), start(2));
    let all: BTreeSet<String> = start(3).into_iter().collect();
    assert_eq!(all.len(), 20);
}

#[test]
fn stops_at_the_wanted_number_and_sorts_by_latency() {
    let mut d = search(DiscoveryConfig::default(), 4, 2);
    let mut s = Suspender::new();
    // The driver may report answers in another order than they came.
    d.on_answer("o2", good("o2"), at(90), &mut s);
    assert!(!d.is_done());
    d.on_answer("o0", good("o0"), at(40), &mut s);
    assert!(d.is_done());
    d.on_answer("o1", good("o1"), at(95), &mut s);
    let found = d.finish();
    assert_eq!(found[0].latency, Millis(40));
    assert_eq!(names(found), ["o0", "o2"]);
}

#[test]
fn stops_when_everybody_has_answered() {
    let mut d = search(DiscoveryConfig::default(), 3, 3);
    let mut s = Suspender::new();
    d.on_error("o0");
    d.on_answer("o1", Answer { acceptable: false, ..good("o1") }, at(10), &mut s);
    assert!(!d.is_done());
    d.on_answer("o2", good("o2"), at(20), &mut s);
    assert!(d.is_done());
    assert_eq!(names(d.finish()), ["o2"]);
}

#[test]
fn nobody_to_ask() {
    let d = search(DiscoveryConfig::default(), 0, 3);
    assert!(d.is_done());
    assert!(d.finish().is_empty());
    assert!(search(DiscoveryConfig::default(), 3, 0).is_done());
}

#[test]
fn waits_longer_while_nobody_has_answered() {
    let mut d = search(DiscoveryConfig::default(), 3, 3);
    let mut fired = Vec::new();
    while !d.is_done() {
        let t = d.deadline();
        fired.push((t - START).0);
        d.on_time(t);
    }
    assert_eq!(fired, [500, 1_000, 2_000, 4_000, 6_000]);
}

#[test]
fn stops_at_the_first_deadline_with_an_answer() {
    let mut d = search(DiscoveryConfig::default(), 3, 3);
    d.on_time(at(500));
    d.on_answer("o1", good("o1"), at(700), &mut Suspender::new());
    d.on_time(at(999));
    assert!(!d.is_done());
    d.on_time(at(1_000));
    assert!(d.is_done());
    assert_eq!(names(d.finish()), ["o1"]);
}

#[test]
fn a_late_clock_ends_the_search() {
    let mut d = search(DiscoveryConfig::default(), 3, 3);
    d.on_time(at(60_000));
    assert!(d.is_done());
}

#[test]
fn suspended_ones_fill_up() {
    let mut s = Suspender::new();
    s.suspend("o0", 9);
    s.suspend("o1", 4);
    s.suspend("o2", 2);
    let mut d = search(DiscoveryConfig::default(), 4, 3);
    for (i, uri) in ["o0", "o1", "o2"].iter().enumerate() {
        d.on_answer(uri, good(uri), at(10 + i as u64), &mut s);
        assert!(!d.is_done());
    }
    d.on_time(at(500));
    assert!(!d.is_done(), "suspended answers do not end the wait");
    d.on_answer("o3", good("o3"), at(600), &mut s);
    assert_eq!(names(d.finish()), ["o3", "o2", "o1"]);
}

#[test]
fn further_nodes_are_asked_once_and_do_not_lead_on() {
    let config = DiscoveryConfig { extra_nodes: 2, ..DiscoveryConfig::default() };
    let mut d = search(config, 2, 9);
    let mut s = Suspender::new();
    let list = ["x", "o1", "y"].map(str::to_owned).to_vec();
    // The answering node does no work itself.
    let more = d.on_answer("o0", Answer { nodes: list.clone(), ..good("") }, at(10), &mut s);
    assert_eq!(more, ["x"]);
    let deeper = Answer { nodes: vec!["z".to_owned()], ..good("x") };
    assert!(d.on_answer("x", deeper, at(30), &mut s).is_empty());
    assert!(d.on_answer("stranger", good("stranger"), at(40), &mut s).is_empty());
    d.on_answer("o1", Answer { nodes: list, ..good("o1") }, at(50), &mut s);
    assert!(d.is_done());
    let found = d.finish();
    assert_eq!(found[0].latency, Millis(20), "counted from its own question");
    assert_eq!(names(found), ["x", "o1"]);
}

#[test]
fn blocked_addresses_are_not_used() {
    let blocked = Address::repeat_byte(7);
    let config = DiscoveryConfig { blocklist: BTreeSet::from([blocked]), ..DiscoveryConfig::default() };
    let mut d = search(config, 2, 2);
    let mut s = Suspender::new();
    d.on_answer("o0", Answer { address: Some(blocked), ..good("o0") }, at(10), &mut s);
    d.on_answer("o1", Answer { address: Some(Address::repeat_byte(8)), ..good("o1") }, at(11), &mut s);
    assert_eq!(names(d.finish()), ["o1"]);
}
