//! Order of events and the hash over them.

use proptest::prelude::*;
use weir_kernel::trace::CHECKPOINT_EVERY;
use weir_kernel::{ActorId, EventId, Kernel, event_digest};
use weir_types::Instant;

use crate::support::{Event, busy};

const A: ActorId = ActorId(1);

fn drain(k: &mut Kernel<Event>) -> Vec<u64> {
    std::iter::from_fn(|| k.pop())
        .map(|f| match f.event {
            Event::Tick(n) => n,
            Event::Text(..) => panic!("only ticks"),
        })
        .collect()
}

#[test]
fn time_then_priority_then_number() {
    let mut k = Kernel::new(1);
    for (at, priority, n) in [(20, 0, 4), (10, 1, 2), (10, 0, 0), (10, 1, 3), (10, 0, 1), (20, 0, 5)] {
        k.schedule(Instant(at), priority, A, Event::Tick(n));
    }
    assert_eq!((k.next_at(), k.len(), k.now()), (Some(Instant(10)), 6, Instant::ZERO));
    assert_eq!(drain(&mut k), [0, 1, 2, 3, 4, 5]);
    assert_eq!((k.next_at(), k.now(), k.processed()), (None, Instant(20), 6));
}

#[test]
fn what_is_late_happens_now() {
    let mut k = Kernel::new(1);
    k.schedule(Instant(10), 0, A, Event::Tick(0));
    k.schedule(Instant(10), 0, A, Event::Tick(1));
    k.pop();
    k.schedule(Instant(3), 0, A, Event::Tick(2));
    let times: Vec<Instant> = std::iter::from_fn(|| k.pop()).map(|f| f.at).collect();
    assert_eq!(times, [Instant(10), Instant(10)]);
}

#[test]
fn cancelled_events_never_happen() {
    let mut k = Kernel::new(1);
    let ids: Vec<EventId> = (0..4).map(|n| k.schedule(Instant(n), 0, A, Event::Tick(n))).collect();
    assert!(k.cancel(ids[0]) && !k.cancel(ids[0]));
    assert!(k.cancel(ids[2]));
    assert_eq!((k.len(), k.next_at()), (2, Some(Instant(1))));
    assert_eq!(drain(&mut k), [1, 3]);
    assert!(!k.cancel(ids[1]) && !k.cancel(ids[2]));
    assert!(k.is_empty());
    assert_eq!(k.processed(), 2);
}

#[test]
fn cancelled_events_leave_no_mark_on_the_hash() {
    let run = |also: bool| {
        let mut k = Kernel::new(1);
        k.schedule(Instant(1), 0, A, Event::Tick(1));
        if also {
            let id = k.schedule(Instant(1), 0, A, Event::Tick(9));
            assert!(k.cancel(id));
        }
        k.schedule(Instant(2), 0, A, Event::Tick(2));
        drain(&mut k);
        k.trace_hash()
    };
    assert_eq!(run(false), run(true));
}

#[test]
fn the_same_seed_gives_the_same_hash() {
    let run = |seed| busy(seed, 10_000, |_| {});
    let (a, b) = (run(7), run(7));
    assert_eq!((a.trace_hash(), a.seed()), (b.trace_hash(), 7));
    assert_eq!(a.checkpoints(), b.checkpoints());
    assert_eq!(a.checkpoints().len() as u64, a.processed() / CHECKPOINT_EVERY);
    assert_ne!(a.trace_hash(), run(8).trace_hash());
    // Written down from this code, so that a change of what is hashed is noticed.
    assert_eq!(a.trace_hash(), GOLDEN);
}

const GOLDEN: &str = "e3c8973dfed2e64248d797d4ebe21e592fd62f3a15f297dd51ce334e0738984b";

/// What the trace is by its definition: every value hashed as it comes.
fn feed(h: &mut blake3::Hasher, parts: &[&[u8]]) {
    for part in parts {
        h.update(&(part.len() as u64).to_le_bytes());
        h.update(part);
    }
}

#[test]
fn gathering_bytes_changes_no_hash() {
    let mut naive = blake3::Hasher::new();
    feed(&mut naive, &[b"weir trace 1"]);
    naive.update(&7u64.to_le_bytes());
    let (mut seen, mut checkpoints) = (0, Vec::new());
    let long = "long ".repeat(40_000);
    let mut k = busy(7, 20_000, |f| {
        naive.update(&f.at.0.to_le_bytes());
        naive.update(&u64::from(f.actor.0).to_le_bytes());
        match &f.event {
            Event::Tick(n) => {
                feed(&mut naive, &[b"tick"]);
                naive.update(&n.to_le_bytes());
            }
            Event::Text(a, b) => feed(&mut naive, &[b"text", a.as_bytes(), b.as_bytes()]),
        }
        seen += 1;
        if seen % CHECKPOINT_EVERY == 0 {
            checkpoints.push(<[u8; 32]>::from(naive.finalize()));
        }
    });
    assert_eq!((k.processed(), k.checkpoints()), (seen, &checkpoints[..]));
    assert!(!checkpoints.is_empty());
    assert_eq!(k.trace_hash(), naive.finalize().to_hex().as_str());
    k.note(long.as_bytes());
    feed(&mut naive, &[b"note", long.as_bytes()]);
    assert_eq!(k.trace_hash(), naive.finalize().to_hex().as_str());
}

#[test]
fn a_copy_goes_on_as_the_original_does() {
    let mut original = busy(3, 5_000, |_| {});
    let mut copy = original.clone();
    assert!(!original.is_empty());
    let rest = |k: &mut Kernel<Event>| {
        let all: Vec<(u64, Instant, Event)> = std::iter::from_fn(|| k.pop()).map(|f| (f.seq, f.at, f.event)).collect();
        (all, k.trace_hash())
    };
    assert_eq!(rest(&mut original), rest(&mut copy));
    assert_eq!(original.checkpoints(), copy.checkpoints());
}

#[test]
fn a_place_that_was_given_away_again_is_not_taken_back() {
    let mut k = Kernel::new(1);
    let old = k.schedule(Instant(5), 0, A, Event::Tick(0));
    assert!(k.cancel(old));
    let new = k.schedule(Instant(5), 0, A, Event::Tick(1));
    assert!(old < new && old.number() == 0 && new.number() == 1);
    assert!(!k.cancel(old));
    assert_eq!((drain(&mut k), k.cancel(new)), (vec![1], false));
}

#[test]
fn time_outs_that_are_taken_back_do_not_pile_up() {
    let mut k = Kernel::new(1);
    let end = k.schedule(Instant(u64::MAX), 0, A, Event::Tick(u64::MAX));
    for n in 0..200_000u64 {
        k.schedule(Instant(n), 0, A, Event::Tick(n));
        let id = k.schedule(Instant(1 << 50), 0, A, Event::Tick(0));
        assert!(k.cancel(id));
        assert_eq!(k.pop().map(|f| f.event), Some(Event::Tick(n)));
        assert_eq!(k.len(), 1);
    }
    assert_eq!((k.next_at(), k.cancel(end), k.next_at()), (Some(Instant(u64::MAX)), true, None));
}

/// Two runs of one event each.
fn hash(at: u64, actor: u32, event: Event) -> String {
    let mut k = Kernel::new(1);
    k.schedule(Instant(at), 0, ActorId(actor), event);
    k.pop();
    k.trace_hash()
}

#[test]
fn all_that_matters_is_hashed() {
    let text = |a: &str, b: &str| Event::Text(a.to_owned(), b.to_owned());
    let hashes = [
        hash(1, 1, Event::Tick(1)),
        hash(2, 1, Event::Tick(1)),
        hash(1, 2, Event::Tick(1)),
        hash(1, 1, Event::Tick(2)),
        hash(1, 1, text("ab", "c")),
        hash(1, 1, text("a", "bc")),
        hash(1, 1, text("abc", "")),
        Kernel::<Event>::new(1).trace_hash(),
    ];
    let different: std::collections::BTreeSet<&String> = hashes.iter().collect();
    assert_eq!(different.len(), hashes.len(), "{hashes:?}");
    assert_eq!(hashes[0].len(), 64);
}

#[test]
fn notes_are_hashed() {
    let run = |notes: &[&[u8]]| {
        let mut k = Kernel::<Event>::new(1);
        notes.iter().for_each(|n| k.note(n));
        assert_eq!(k.processed(), 0);
        k.trace_hash()
    };
    assert_eq!(run(&[b"ab", b"c"]), run(&[b"ab", b"c"]));
    assert_ne!(run(&[b"ab", b"c"]), run(&[b"a", b"bc"]));
    assert_ne!(run(&[]), run(&[b""]));
}

#[test]
fn digests_are_of_kind_and_contents() {
    let tick = event_digest(&Event::Tick(1));
    assert_eq!(tick, event_digest(&Event::Tick(1)));
    assert_ne!(tick, event_digest(&Event::Tick(2)));
    assert_ne!(event_digest(&Event::Text(String::new(), String::new())), tick);
}

#[derive(Debug, Clone)]
enum Step {
    Schedule { at: u64, priority: u8 },
    Cancel(prop::sample::Index),
    Pop,
    Peek,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (0..200u64, 0..4u8).prop_map(|(at, priority)| Step::Schedule { at, priority }),
        2 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        3 => Just(Step::Pop),
        1 => Just(Step::Peek),
    ];
    prop::collection::vec(step, 0..150)
}

proptest! {
    /// Against a list that is searched for its smallest entry.
    #[test]
    fn events_come_in_order(steps in steps()) {
        let mut k = Kernel::new(1);
        let mut waiting: Vec<(Instant, u8, u64)> = Vec::new();
        let (mut now, mut ids, mut popped) = (Instant::ZERO, Vec::new(), 0);
        for step in steps.into_iter().chain(std::iter::repeat_n(Step::Pop, 151)) {
            match step {
                Step::Schedule { at, priority } => {
                    let n = ids.len() as u64;
                    ids.push(k.schedule(Instant(at), priority, A, Event::Tick(n)));
                    waiting.push((Instant(at).max(now), priority, n));
                }
                Step::Cancel(_) if ids.is_empty() => {}
                Step::Cancel(pick) => {
                    let n = pick.index(ids.len());
                    let at = waiting.iter().position(|(.., m)| *m == n as u64);
                    prop_assert_eq!(k.cancel(ids[n]), at.is_some());
                    at.map(|i| waiting.remove(i));
                }
                Step::Pop => {
                    let first = waiting.iter().min().copied();
                    waiting.retain(|e| Some(*e) != first);
                    let got = k.pop();
                    prop_assert_eq!(got.as_ref().map(|f| (f.at, f.seq)), first.map(|(at, ..)| (at, popped)));
                    prop_assert_eq!(got.map(|f| f.event), first.map(|(.., n)| Event::Tick(n)));
                    now = first.map_or(now, |(at, ..)| at);
                    popped += u64::from(first.is_some());
                }
                Step::Peek => prop_assert_eq!(k.next_at(), waiting.iter().min().map(|(at, ..)| *at)),
            }
            prop_assert_eq!((k.len(), k.is_empty(), k.now()), (waiting.len(), waiting.is_empty(), now));
        }
        prop_assert_eq!(k.processed(), popped);
        prop_assert!(k.is_empty());
    }
}

#[derive(Debug, Clone)]
enum Wide {
    /// After so many microseconds of a scale, or at a round time.
    Schedule {
        scale: u32,
        ahead: u64,
        round: bool,
        priority: u8,
    },
    Burst {
        ahead: u64,
        events: u8,
    },
    Cancel(prop::sample::Index),
    CancelMany(u8),
    Pop(u8),
    Peek,
    Copy,
}

fn wide() -> impl Strategy<Value = Vec<Wide>> {
    let step = prop_oneof![
        8 => (0..64u32, any::<u64>(), any::<bool>(), 0..3u8)
            .prop_map(|(scale, ahead, round, priority)| Wide::Schedule { scale, ahead, round, priority }),
        2 => (0..5_000u64, 1..=255u8).prop_map(|(ahead, events)| Wide::Burst { ahead, events }),
        2 => any::<prop::sample::Index>().prop_map(Wide::Cancel),
        1 => any::<u8>().prop_map(Wide::CancelMany),
        4 => any::<u8>().prop_map(Wide::Pop),
        2 => Just(Wide::Peek),
        1 => Just(Wide::Copy),
    ];
    prop::collection::vec(step, 0..120)
}

/// What a queue is by its definition: an ordered map.
#[derive(Default)]
struct Model {
    waiting: std::collections::BTreeMap<(Instant, u8, u64), EventId>,
    ids: Vec<(Instant, u8, EventId)>,
    now: Instant,
}

impl Model {
    fn schedule(&mut self, k: &mut Kernel<Event>, at: u64, priority: u8) {
        let n = self.ids.len() as u64;
        let id = k.schedule(Instant(at), priority, ActorId(n as u32 % 9), Event::Tick(n));
        let at = Instant(at).max(self.now);
        self.waiting.insert((at, priority, n), id);
        self.ids.push((at, priority, id));
    }

    /// Whether kernel and model agree on an event that is taken back.
    fn cancel(&mut self, k: &mut Kernel<Event>, n: usize) -> bool {
        let (at, priority, id) = self.ids[n];
        k.cancel(id) == self.waiting.remove(&(at, priority, n as u64)).is_some()
    }

    fn pop(&mut self, k: &mut Kernel<Event>) -> bool {
        let first = self.waiting.pop_first().map(|((at, _, n), _)| (at, n));
        self.now = first.map_or(self.now, |(at, _)| at);
        let got = k.pop().map(|f| (f.at, f.actor, f.event));
        got == first.map(|(at, n)| (at, ActorId(n as u32 % 9), Event::Tick(n)))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Against an ordered map, over all scales of time, in bursts, with most of what waits taken back.
    #[test]
    fn order_holds_over_all_scales_of_time(steps in wide()) {
        let mut k = Kernel::new(1);
        let mut m = Model::default();
        for step in steps {
            match step {
                Wide::Schedule { scale, ahead, round, priority } => {
                    let ahead = ahead >> scale;
                    let at = m.now.0.saturating_add(ahead);
                    m.schedule(&mut k, if round { at & !0xffff } else { at }, priority);
                }
                Wide::Burst { ahead, events } => {
                    for i in 0..u64::from(events) {
                        m.schedule(&mut k, m.now.0.saturating_add(ahead + i / 3), (i % 2) as u8);
                    }
                }
                Wide::Cancel(_) | Wide::CancelMany(_) if m.ids.is_empty() => {}
                Wide::Cancel(pick) => prop_assert!(m.cancel(&mut k, pick.index(m.ids.len()))),
                Wide::CancelMany(every) => {
                    for n in (0..m.ids.len()).step_by(1 + usize::from(every % 4)) {
                        prop_assert!(m.cancel(&mut k, n));
                    }
                }
                Wide::Pop(n) => {
                    for _ in 0..n {
                        prop_assert!(m.pop(&mut k));
                    }
                }
                Wide::Peek => {
                    let first = m.waiting.keys().next().copied();
                    prop_assert_eq!(k.next_at(), first.map(|(at, ..)| at));
                    let next = first.map(|(at, _, n)| (at, ActorId(n as u32 % 9), Event::Tick(n)));
                    prop_assert_eq!(k.peek().map(|(at, actor, e)| (at, actor, e.clone())), next);
                    let mut all: Vec<u64> = m.waiting.keys().map(|(.., n)| *n).collect();
                    let mut got: Vec<u64> = k.pending().map(|e| if let Event::Tick(n) = e { *n } else { 0 }).collect();
                    all.sort_unstable();
                    got.sort_unstable();
                    prop_assert_eq!(got, all);
                }
                Wide::Copy => k = k.clone(),
            }
            prop_assert_eq!((k.len(), k.now()), (m.waiting.len(), m.now));
        }
        while !m.waiting.is_empty() {
            prop_assert!(m.pop(&mut k));
        }
        prop_assert!(k.pop().is_none() && k.next_at().is_none() && k.is_empty());
    }
}
