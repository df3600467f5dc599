//! Sessions of a stream.

use std::sync::Arc;

use weir_market::discovery::Trust;
use weir_market::limits::{SegmentLimits, latency_score};
use weir_market::pool::{PoolConfig, SessionPool, StreamPools, retryable};
use weir_market::selection::{Offer, Probability, Weights};
use weir_types::{Instant, Millis, Price};

use crate::support::{Scripted, Stub};

const SEGMENT: Millis = Millis(2_000);

fn at(ms: u64) -> Instant {
    Instant::from_millis(100_000 + ms)
}

fn uri(i: u8) -> Arc<str> {
    Stub::new(i).uri.into()
}

/// A pool of some orchestrators that are drawn with equal chances.
fn pool(n: u8) -> SessionPool<Stub> {
    let selection = Probability { weights: Weights::new(0.0, 0.0, 1.0).expect("weights"), ..Probability::default() };
    let mut p = SessionPool::new(PoolConfig::new(Trust::Untrusted, n.into(), true, selection));
    assert_eq!(p.begin_refresh(), usize::from(n));
    assert_eq!(p.end_refresh((1..=n).map(Stub::new)).len(), usize::from(n));
    p
}

fn pick(p: &mut SessionPool<Stub>, now: Instant, r: f64) -> Option<Arc<str>> {
    p.select(now, &mut Scripted(r)).map(|p| p.uri)
}

/// Chooses, sends and completes one segment.
fn segment(p: &mut SessionPool<Stub>, now: Instant, took: Millis, r: f64) -> Arc<str> {
    let uri = pick(p, now, r).expect("somebody");
    assert!(p.sent(&uri, now, SEGMENT));
    p.succeeded(&uri, took, SEGMENT, None);
    uri
}

#[test]
fn sizes_of_the_groups() {
    let wanted = |trust, n| PoolConfig::new(trust, n, true, Probability::default()).wanted;
    assert_eq!([wanted(Trust::Trusted, 3), wanted(Trust::Trusted, 50)], [3, 8]);
    assert_eq!([wanted(Trust::Untrusted, 3), wanted(Trust::Untrusted, 50)], [3, 50]);
}

#[test]
fn a_session_that_keeps_up_stays() {
    let mut p = pool(3);
    let first = segment(&mut p, at(0), Millis(900), 0.5);
    for i in 1..10 {
        assert_eq!(segment(&mut p, at(2_000 * i), Millis(900), 0.99), first);
    }
    assert_eq!(p.get(&first).expect("session").in_flight(), 0);
}

#[test]
fn a_slow_session_is_left_for_a_new_one() {
    let mut p = pool(2);
    let slow = segment(&mut p, at(0), Millis(2_001), 0.0);
    assert!(p.get(&slow).expect("session").score() > 1.0);
    let choice = p.select(at(2_000), &mut Scripted(0.0)).expect("somebody");
    assert_ne!(choice.uri, slow);
    assert_eq!(choice.swapped, std::slice::from_ref(&slow));
    p.sent(&choice.uri, at(2_000), SEGMENT);
    p.succeeded(&choice.uri, Millis(9_000), SEGMENT, None);
    assert_eq!(pick(&mut p, at(12_000), 0.0), Some(slow), "the less slow of two");
}

#[test]
fn a_busy_session_is_used_within_the_segments_length() {
    let mut p = pool(2);
    let first = pick(&mut p, at(0), 0.0).expect("somebody");
    p.sent(&first, at(0), SEGMENT);
    assert_eq!(pick(&mut p, at(1_999), 0.0), Some(first.clone()));
    let second = pick(&mut p, at(2_000), 0.0).expect("somebody");
    assert_ne!(second, first);
    p.sent(&second, at(2_000), SEGMENT);
    assert_eq!(pick(&mut p, at(5_999), 0.0), Some(second), "nobody else is left: twice the patience");
    assert_eq!(pick(&mut p, at(6_000), 0.0), None);
}

#[test]
fn the_score_of_a_session_with_more_in_flight_waits() {
    let mut p = pool(1);
    let only = pick(&mut p, at(0), 0.0).expect("somebody");
    p.sent(&only, at(0), SEGMENT);
    p.sent(&only, at(500), SEGMENT);
    p.succeeded(&only, Millis(5_000), SEGMENT, None);
    assert_eq!(p.get(&only).expect("session").in_flight(), 1);
    assert_eq!(pick(&mut p, at(9_000), 0.0), None, "still busy and out of patience");
    p.succeeded(&only, Millis(5_000), SEGMENT, None);
    assert_eq!(pick(&mut p, at(9_000), 0.0), Some(only));
}

#[test]
fn a_good_session_that_was_swapped_comes_back() {
    let mut p = pool(2);
    let first = pick(&mut p, at(0), 0.0).expect("somebody");
    p.sent(&first, at(0), SEGMENT);
    let second = pick(&mut p, at(3_000), 0.0).expect("somebody");
    p.sent(&second, at(3_000), SEGMENT);
    p.succeeded(&first, Millis(1_000), SEGMENT, None);
    assert_eq!(p.failed(&second).map(|s| Arc::from(s.offer().uri())), Some(second));
    assert_eq!(pick(&mut p, at(4_000), 0.0), Some(first));
}

#[test]
fn a_failed_session_is_removed_and_suspended() {
    let mut p = pool(2);
    let first = pick(&mut p, at(0), 0.0).expect("somebody");
    p.sent(&first, at(0), SEGMENT);
    assert!(p.failed(&first).is_some());
    assert_eq!(p.suspender().suspended(&first), 1);
    assert_ne!(pick(&mut p, at(100), 0.0), Some(first.clone()));
    assert!(!p.sent(&first, at(100), SEGMENT));
    p.complete(&first);
    assert_eq!(p.len(), 1);
    p.begin_refresh();
    assert_eq!(p.suspender().suspended(&first), 0, "the second refresh ends a penalty of one");
    assert_eq!(p.end_refresh([Stub::new(1), Stub::new(2)]), [first]);
}

#[test]
fn a_refresh_is_due_below_half_of_the_wanted() {
    let mut p = pool(4);
    assert!(!p.needs_refresh());
    pick(&mut p, at(0), 0.0);
    p.remove(&uri(4));
    assert!(!p.needs_refresh(), "two of four");
    p.remove(&uri(3));
    assert!(p.needs_refresh());
    p.begin_refresh();
    assert!(!p.needs_refresh(), "one at a time");
    assert!(p.end_refresh([]).is_empty());
    assert!(p.needs_refresh());
}

#[test]
fn over_priced_sessions_do_not_hold_a_refresh_up() {
    let mut p = pool(0);
    p.config_mut().wanted = 2;
    p.config_mut().selection.max_price = Price::new(100, 1);
    p.begin_refresh();
    p.end_refresh([Stub::new(1).priced(101), Stub::new(2).priced(500)]);
    assert_eq!(pick(&mut p, at(0), 0.0), None);
    assert!(p.needs_refresh());
    p.begin_refresh();
    assert_eq!(p.end_refresh([Stub::new(1).priced(90), Stub::new(3).priced(100)]), [uri(3)]);
    assert_eq!(pick(&mut p, at(0), 0.0), Some(uri(3)));
}

#[test]
fn offers_are_renewed() {
    let mut p = pool(1);
    assert!(p.renew(Stub::new(1).priced(7)));
    assert!(!p.renew(Stub::new(2)));
    let chosen = pick(&mut p, at(0), 0.0).expect("somebody");
    assert_eq!(p.get(&chosen).expect("session").offer().price, Price::new(7, 1));
    p.sent(&chosen, at(0), SEGMENT);
    p.succeeded(&chosen, Millis(10), SEGMENT, Some(Stub::new(1).priced(8)));
    assert_eq!(p.get(&chosen).expect("session").offer().price, Price::new(8, 1));
    p.sent(&chosen, at(0), SEGMENT);
    p.succeeded(&chosen, Millis(10), SEGMENT, Some(Stub::new(9)));
    assert_eq!(p.drain()[0].offer().uri, *uri(1), "an offer of another service is not taken");
}

#[test]
fn trusted_sessions_serve_when_no_other_does() {
    let mut pools = StreamPools { untrusted: pool(1), trusted: pool(2) };
    let first = pools.select(at(0), &mut Scripted(0.0)).expect("somebody");
    assert_eq!((first.0, first.1.uri), (Trust::Untrusted, uri(1)));
    pools.pool(Trust::Untrusted).failed(&uri(1));
    let second = pools.select(at(0), &mut Scripted(0.99)).expect("somebody");
    assert_eq!((second.0, second.1.uri), (Trust::Trusted, uri(2)));
}

#[test]
fn scores_and_limits() {
    assert!((latency_score(Millis(1_000), Millis(2_000)) - 0.5).abs() < 1e-12);
    assert!((latency_score(Millis(1_500), Millis(500)) - 1.0).abs() < 1e-12);
    for (duration, multiplier, upload, total) in
        [(2_000, 1, 2_000, 8_000), (10_000, 1, 5_000, 40_000), (2_000, 3, 6_000, 24_000), (2_000, 0, 2_000, 8_000)]
    {
        let expected = SegmentLimits { upload: Millis(upload), total: Millis(total) };
        assert_eq!(SegmentLimits::new(Millis(duration), multiplier), expected);
    }
}

#[test]
fn errors_that_others_would_meet_too() {
    for e in ["No keyframes in input", "TranscoderInvalidVideo", "hit max transcode attempts"] {
        assert!(!retryable(e), "{e}");
    }
    for e in ["OrchestratorBusy", "OrchestratorCapped", "header timeout: No keyframes in input", ""] {
        assert!(retryable(e), "{e}");
    }
}
