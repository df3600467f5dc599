//! Who rests, by the clock, and what a failure does to a session by its class.

use proptest::prelude::*;
use weir_market::class::{Class, classify, classify_answer};
use weir_market::discovery::Trust;
use weir_market::pool::{PoolConfig, SessionPool};
use weir_market::selection::{Probability, Weights};
use weir_market::strategy::StrategyConfig;
use weir_market::suspension::{ClockSuspender, Rests};
use weir_types::{Instant, Millis, Price};

use crate::support::{Scripted, Stub};

const RESTS: Rests = Rests { first: Millis(1_000), most: Millis(5_000), memory: Millis(20_000) };
const CLASSES: [Class; 6] =
    [Class::Fault, Class::Capacity, Class::OwnMoney, Class::Input, Class::Cancelled, Class::Network];

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

#[test]
fn rests_double_and_are_forgotten() {
    let mut s = ClockSuspender::new(RESTS);
    assert!(s.is_empty() && s.rests_until("a", at(0)).is_none());
    // When it fails, and until when it rests then.
    let cases = [(0, 1_000), (500, 1_000), (1_000, 3_000), (4_000, 8_000), (8_000, 13_000), (14_000, 19_000)];
    for (fails, until) in cases {
        s.suspend("a", at(fails));
        assert_eq!(s.rests_until("a", at(fails)), Some(at(until)), "at {fails}");
        assert_eq!(s.rests_until("a", at(until)), None);
        assert_eq!(s.rests_until("b", at(fails)), None);
    }
    s.suspend("a", at(38_999));
    assert_eq!(s.rests_until("a", at(38_999)), Some(at(43_999)), "remembered to the last");
    s.suspend("a", at(63_999));
    assert_eq!(s.rests_until("a", at(63_999)), Some(at(64_999)), "a first failure again");
    s.suspend("b", at(100_000));
    assert_eq!(s.len(), 1, "nobody is remembered for ever");
}

#[test]
fn rests_as_configurations_name_them() {
    let rests: Rests = serde_json::from_str(r#"{"first": 500}"#).expect("rests");
    assert_eq!(rests, Rests { first: Millis(500), ..Rests::default() });
    assert!(serde_json::from_str::<Rests>(r#"{"last": 500}"#).is_err());
}

/// Three orchestrators that are drawn with equal chances.
fn pool() -> SessionPool<Stub> {
    let selection = Probability { weights: Weights::new(0.0, 0.0, 1.0).expect("weights"), ..Probability::default() };
    let mut p = SessionPool::new(PoolConfig::new(Trust::Untrusted, 3, true, selection));
    p.begin_refresh();
    p.end_refresh((1..=3).map(Stub::new));
    p
}

#[test]
fn what_a_failure_does_by_its_class() {
    for class in CLASSES {
        let mut p = pool();
        p.set_clock(ClockSuspender::new(RESTS));
        let uri = p.select(at(0), &mut Scripted(0.0)).expect("somebody").uri.to_string();
        p.sent(&uri, at(0), Millis(2_000));
        let removed = p.failed_with(&uri, class, at(100));
        let fault = class == Class::Fault;
        assert_eq!(removed.is_some(), class.retries(), "{class:?}");
        assert_eq!(p.get(&uri).is_some(), !class.retries(), "{class:?}");
        assert_eq!(p.suspender().suspended(&uri), u64::from(fault), "{class:?}");
        assert_eq!(p.clock().and_then(|c| c.rests_until(&uri, at(100))).is_some(), fault, "{class:?}");
        if let Some(kept) = p.get(&uri) {
            assert_eq!(kept.in_flight(), 0, "{class:?}: it may work again");
        }
    }
    assert!(CLASSES.iter().all(|c| !c.suspends() || *c == Class::Fault), "nothing but a fault suspends");
}

#[test]
fn whoever_is_not_in_the_pool_changes_nothing() {
    let mut p = pool();
    for class in CLASSES {
        assert!(p.failed_with("https://nobody:8935", class, at(0)).is_none());
    }
    assert_eq!(p.len(), 3);
}

/// The first orchestrator fails and comes back with the next refresh, while it still rests.
fn back_at_once(mut p: SessionPool<Stub>) -> SessionPool<Stub> {
    p.set_clock(ClockSuspender::new(RESTS));
    assert!(p.failed_with(&Stub::new(1).uri, Class::Fault, at(0)).is_some());
    p.begin_refresh();
    p.end_refresh([Stub::new(1)]);
    p
}

fn pick(p: &mut SessionPool<Stub>, ms: u64) -> Option<String> {
    p.select(at(ms), &mut Scripted(0.0)).map(|p| p.uri.to_string())
}

#[test]
fn whoever_rests_is_chosen_when_nobody_else_is_left() {
    let off_chain = {
        let mut p = pool();
        p.config_mut().on_chain = false;
        p
    };
    let by_strategy = {
        let mut p = pool();
        p.set_strategy(StrategyConfig::LowestPrice.build(Probability::default()));
        p
    };
    for (name, p) in [("draw", pool()), ("off chain", off_chain), ("strategy", by_strategy)] {
        let mut p = back_at_once(p);
        let order: Vec<String> = (0..3).filter_map(|_| pick(&mut p, 500)).collect();
        assert_eq!(order, [2, 3, 1].map(|i| Stub::new(i).uri), "{name}");
        assert_eq!(pick(&mut p, 500), None, "{name}");
    }
    let mut p = back_at_once(pool());
    assert_eq!(pick(&mut p, 1_000), Some(Stub::new(1).uri), "its rest is over");
}

#[test]
fn whoever_rests_is_chosen_before_nobody_who_may_be() {
    let mut p = back_at_once(pool());
    p.config_mut().selection.max_price = Price::new(100, 1);
    for i in [2, 3] {
        p.renew(Stub::new(i).priced(101));
    }
    assert_eq!(pick(&mut p, 500), Some(Stub::new(1).uri));
    assert_eq!(pick(&mut p, 500), None, "the others are too dear");
}

#[test]
fn lines_that_are_not_there() {
    for text in [
        "Post \"https://o1:8935/segment\": dial tcp 10.0.0.1:8935: connect: connection refused",
        "header timeout: read: connection reset by peer",
        "dial tcp: lookup o1: no such host",
        "write: broken pipe",
    ] {
        assert_eq!(classify(text), Class::Network, "{text}");
    }
    for text in ["header timeout: context deadline exceeded", "body timeout: no answer in time"] {
        assert_eq!(classify(text), Class::Fault, "{text}: silence on a line that is there");
    }
}

/// One that takes payment, does nothing and says that nobody wanted it would never be suspended.
#[test]
fn a_peer_cannot_excuse_itself() {
    let cases = [
        ("context canceled", Class::Fault),
        ("SessionEnded", Class::Fault),
        ("connection refused", Class::Fault),
        ("PixelMismatch", Class::Fault),
        ("OrchestratorBusy", Class::Capacity),
        ("no sender reserve", Class::Fault),
        ("No keyframes in input", Class::Input),
    ];
    for (text, class) in cases {
        assert_eq!(classify_answer(text), class, "{text}");
    }
}

proptest! {
    #[test]
    fn rests_are_bounded(
        first in 0u64..5_000, most in 0u64..20_000, memory in 0u64..50_000,
        steps in proptest::collection::vec((0u64..30_000, 0u8..3), 1..60),
    ) {
        let mut s = ClockSuspender::new(Rests { first: Millis(first), most: Millis(most), memory: Millis(memory) });
        let mut now = 0;
        for (later, who) in steps {
            now += later;
            let uri = who.to_string();
            let before = s.rests_until(&uri, at(now));
            s.suspend(&uri, at(now));
            let after = s.rests_until(&uri, at(now));
            if before.is_some() {
                prop_assert_eq!(after, before, "a failure during a rest changes nothing");
            }
            prop_assert!(after.is_none_or(|until| until <= at(now + most)));
            prop_assert!(after.is_some() || first.min(most) == 0, "it rests unless rests have no length");
            prop_assert!(s.rests_until(&uri, at(now + most)).is_none());
            prop_assert!(s.len() <= 3);
        }
    }
}
