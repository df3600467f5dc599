//! What an orchestrator accepts.

use weir_market::admission::{Accepted, Admission, AdmissionConfig, Refusal};
use weir_types::{Instant, Millis};

fn small(max_sessions: u64) -> Admission<&'static str> {
    Admission::new(AdmissionConfig { max_sessions, ..AdmissionConfig::default() })
}

#[test]
fn texts_of_refusals() {
    assert_eq!(Refusal::Capped.to_string(), "OrchestratorCapped");
    assert_eq!(Refusal::Busy.to_string(), "OrchestratorBusy");
    assert_eq!(Refusal::Capped.discovery_text(), "Invalid orchestrator request: OrchestratorCapped");
}

#[test]
fn defaults() {
    let c = Admission::<u64>::default().config();
    assert_eq!((c.max_sessions, c.queue, c.idle), (10, 4, Millis(70_000)));
}

#[test]
fn sessions_up_to_the_limit() {
    let mut a = small(2);
    assert_eq!(a.submit("a"), Ok(Accepted::Start));
    assert_eq!(a.check(None), Ok(()));
    assert_eq!(a.submit("b"), Ok(Accepted::Start));
    assert_eq!(a.check(None), Err(Refusal::Capped));
    assert_eq!(a.check(Some(&"c")), Err(Refusal::Capped));
    assert_eq!(a.check(Some(&"a")), Ok(()));
    assert_eq!(a.submit("c"), Err(Refusal::Capped));
    assert_eq!(a.len(), 2);
    assert!(a.end(&"a") && !a.end(&"a"));
    assert_eq!(a.submit("c"), Ok(Accepted::Start));
}

#[test]
fn of_eight_segments_five_are_taken() {
    let mut a = small(1);
    let taken: Vec<_> = (0..8).map(|_| a.submit("s")).collect();
    assert_eq!(taken[0], Ok(Accepted::Start));
    assert_eq!(taken[1..5], [Ok(Accepted::Wait); 4]);
    assert_eq!(taken[5..], [Err(Refusal::Busy); 3]);
    let now = Instant::from_secs(1);
    let next: Vec<bool> = (0..6).map(|_| a.segment_done(&"s", now)).collect();
    assert_eq!(next, [true, true, true, true, false, false]);
    assert_eq!(a.submit("s"), Ok(Accepted::Start));
}

#[test]
fn idle_sessions_end_after_seventy_seconds() {
    let mut a = small(2);
    a.submit("idle").expect("room");
    a.submit("busy").expect("room");
    assert_eq!(a.next_expiry(), None);
    a.segment_done(&"idle", Instant::from_secs(10));
    assert_eq!(a.next_expiry(), Some(Instant::from_secs(80)));
    assert!(a.expire(Instant::from_millis(79_999)).is_empty());
    assert_eq!(a.expire(Instant::from_secs(80)), ["idle"]);
    assert!(a.expire(Instant::from_secs(10_000)).is_empty());
    assert_eq!(a.check(None), Ok(()));
}

#[test]
fn a_segment_restarts_the_idle_time() {
    let mut a = small(1);
    a.submit("s").expect("room");
    a.segment_done(&"s", Instant::from_secs(10));
    a.submit("s").expect("room");
    assert!(a.expire(Instant::from_secs(100)).is_empty());
    a.segment_done(&"s", Instant::from_secs(101));
    assert_eq!(a.next_expiry(), Some(Instant::from_secs(171)));
}

#[test]
fn a_lower_limit_lets_sessions_go_on() {
    let mut a = small(3);
    for s in ["a", "b", "c"] {
        a.submit(s).expect("room");
    }
    a.set_max_sessions(0);
    assert_eq!(a.submit("a"), Ok(Accepted::Wait));
    for s in ["a", "b", "c"] {
        a.end(&s);
    }
    assert!(a.is_empty());
    assert_eq!(a.submit("a"), Err(Refusal::Capped));
}
