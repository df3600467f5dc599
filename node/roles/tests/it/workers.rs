//! Workers and the crew that hands them work.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use weir_market::price::ModelKey;
use weir_market::units;
use weir_roles::crew::{self, Crew};
use weir_roles::io::{JobMeta, JobResult, Made, Segment};
use weir_roles::worker::{self, Worker, WorkerCapacity, WorkerMessage};
use weir_roles::{Peer, Work, WorkDone, WorkId};
use weir_types::{Entropy, Instant, Millis};

use crate::support::{Seen, World, segment};

const SECRET: &str = "they both know";

fn job() -> Arc<JobMeta> {
    Arc::new(JobMeta { number: 1, model: "m".to_owned(), work: units::Job::Llm { max_tokens: Some(8) }, bytes: 9 })
}

fn key() -> ModelKey {
    job().key()
}

fn capacity(streams: u64, jobs: u64) -> WorkerCapacity {
    let models = if jobs > 0 { BTreeMap::from([(key(), jobs)]) } else { BTreeMap::new() };
    WorkerCapacity { streams, models }
}

fn transcode(stream: u64) -> Box<Work> {
    Box::new(Work::Transcode(Arc::new(Segment::new(segment(stream, 0)))))
}

/// A crew, and what it said.
struct Hall {
    crew: Crew,
    now: Instant,
    /// Tasks handed out that no answer came for: worker, session and what is to be done.
    open: BTreeMap<u64, (Peer, u64, Box<Work>)>,
    done: Vec<(WorkId, Result<Made, String>)>,
    timers: BTreeMap<u64, Instant>,
    said: Vec<crew::Output>,
}

impl Hall {
    fn new() -> Self {
        Self {
            crew: Crew::new(SECRET.to_owned()),
            now: Instant::from_secs(1),
            open: BTreeMap::new(),
            done: Vec::new(),
            timers: BTreeMap::new(),
            said: Vec::new(),
        }
    }

    fn tell(&mut self, input: crew::Input) {
        let mut out = Vec::new();
        self.crew.handle(self.now, input, &mut out);
        for o in out {
            match &o {
                crew::Output::Send { to, message: WorkerMessage::Task { task, session, work } } => {
                    assert!(self.open.insert(*task, (*to, *session, work.clone())).is_none(), "a task twice");
                }
                crew::Output::Send { message: WorkerMessage::Stop { task }, .. } => drop(self.open.remove(task)),
                crew::Output::Done(d) => self.done.push((d.id, d.result.clone())),
                crew::Output::Timer { at, task } => drop(self.timers.insert(*task, *at)),
                _ => {}
            }
            self.said.push(o);
        }
    }

    fn register(&mut self, worker: u32, capacity: WorkerCapacity) {
        let message = Box::new(WorkerMessage::Register { secret: SECRET.to_owned(), capacity });
        self.tell(crew::Input::Message { from: Peer(worker), message });
    }

    fn start(&mut self, id: u64, session: u64, work: Box<Work>) {
        self.tell(crew::Input::Start { id: WorkId(id), session, work });
    }

    fn answer(&mut self, task: u64, result: Result<Made, String>) {
        let Some((from, _, _)) = self.open.remove(&task) else { return };
        self.answer_as(from, task, SECRET, result);
    }

    fn answer_as(&mut self, from: Peer, task: u64, secret: &str, result: Result<Made, String>) {
        let message = Box::new(WorkerMessage::Done { task, secret: secret.to_owned(), result });
        self.tell(crew::Input::Message { from, message });
    }

    fn gone(&mut self, worker: u32) {
        self.open.retain(|_, (at, _, _)| *at != Peer(worker));
        self.tell(crew::Input::Gone(Peer(worker)));
    }

    /// Who has the last task.
    fn last(&self) -> Option<u32> {
        self.open.last_key_value().map(|(_, (at, _, _))| at.0)
    }

    fn refusals(&self) -> Vec<&str> {
        let why = |o| match o {
            &crew::Output::Send { message: WorkerMessage::Refused { ref why }, .. } => Some(why.as_str()),
            _ => None,
        };
        self.said.iter().filter_map(why).collect()
    }
}

fn good() -> Result<Made, String> {
    Ok(Made::Answer(JobResult { bytes: 1, tokens: None }))
}

#[test]
fn only_who_knows_the_secret_and_can_do_something_is_taken() {
    let mut h = Hall::new();
    let message = Box::new(WorkerMessage::Register { secret: "a guess".to_owned(), capacity: capacity(5, 0) });
    h.tell(crew::Input::Message { from: Peer(1), message });
    h.register(2, capacity(0, 0));
    assert_eq!(h.refusals(), ["invalid secret", "zero capacity"]);
    assert!(h.crew.is_empty());
    h.start(1, 1, transcode(1));
    assert_eq!(h.done, [(WorkId(1), Err("no transcoders available".to_owned()))]);
    h.start(2, 1, Box::new(Work::Job(job())));
    assert_eq!(h.done[1].1, Err("no workers available".to_owned()));
}

#[test]
fn a_new_session_goes_to_the_least_loaded_and_stays() {
    let mut h = Hall::new();
    h.register(1, capacity(2, 0));
    h.register(2, capacity(4, 0));
    let placed: Vec<u32> = (0..6)
        .map(|session| {
            h.start(session, session, transcode(session));
            h.last().expect("a place")
        })
        .collect();
    // Shares of load: nothing against nothing, a half against nothing, and so on.
    assert_eq!(placed, [1, 2, 2, 1, 2, 2]);
    h.start(6, 6, transcode(6));
    assert_eq!(h.done, [(WorkId(6), Err("no transcoders available".to_owned()))], "all are full");
    for session in 0..6 {
        h.start(10 + session, session, transcode(session));
        assert_eq!(h.last(), Some(placed[session as usize]), "it stays");
    }
    h.tell(crew::Input::SessionOver { session: 1 });
    assert!(
        h.said.iter().any(|o| matches!(
            o,
            crew::Output::Send { to: Peer(2), message: WorkerMessage::SessionOver { session: 1 } }
        ))
    );
    h.start(20, 20, transcode(20));
    assert_eq!(h.last(), Some(2), "its place is free");
}

#[test]
fn a_session_whose_segment_failed_may_go_elsewhere() {
    let mut h = Hall::new();
    h.register(1, capacity(1, 0));
    h.start(1, 7, transcode(7));
    h.register(2, capacity(5, 0));
    h.answer(1, Err("it broke".to_owned()));
    assert_eq!(h.done, [(WorkId(1), Err("it broke".to_owned()))]);
    h.start(2, 8, transcode(8));
    assert_eq!(h.last(), Some(1), "the place is free");
    h.start(3, 7, transcode(7));
    assert_eq!(h.last(), Some(2));
}

#[test]
fn work_of_a_worker_that_left_is_done_by_another() {
    let mut h = Hall::new();
    h.register(1, capacity(1, 1));
    h.start(1, 7, transcode(7));
    h.start(2, 8, Box::new(Work::Job(job())));
    h.register(2, capacity(1, 1));
    h.gone(1);
    assert_eq!(h.open.values().map(|(at, session, _)| (at.0, *session)).collect::<Vec<_>>(), [(2, 7), (2, 8)]);
    assert_eq!(h.crew.capacity(), capacity(1, 1));
    // What the first one sends after all is not wanted any more.
    h.answer_as(Peer(1), 1, SECRET, good());
    assert!(h.done.is_empty());
    h.gone(2);
    assert_eq!(h.done.len(), 2);
    assert!(h.done.iter().all(|(_, r)| r.is_err()));
}

#[test]
fn an_answer_needs_the_secret_and_the_task() {
    let mut h = Hall::new();
    h.register(1, capacity(1, 1));
    h.register(2, capacity(1, 1));
    h.start(1, 8, Box::new(Work::Job(job())));
    h.answer_as(Peer(1), 1, "a guess", good());
    h.answer_as(Peer(2), 1, SECRET, good());
    h.answer_as(Peer(1), 99, SECRET, good());
    assert!(h.done.is_empty());
    h.answer_as(Peer(1), 1, SECRET, good());
    h.answer_as(Peer(1), 1, SECRET, good());
    assert_eq!(h.done, [(WorkId(1), good())], "once");
}

#[test]
fn whoever_takes_too_long_is_dropped() {
    let mut h = Hall::new();
    h.register(1, capacity(2, 0));
    h.start(1, 7, transcode(7));
    h.start(2, 8, transcode(8));
    assert_eq!(h.timers[&1].since(h.now), Millis(8_000), "four times the segment's two seconds");
    h.register(2, capacity(1, 0));
    h.now = h.timers[&1];
    h.open.remove(&1);
    h.tell(crew::Input::Timer { task: 1 });
    assert_eq!(h.done, [(WorkId(1), Err("Remote transcoder took too long".to_owned()))]);
    assert!(h.said.contains(&crew::Output::Drop(Peer(1))));
    // Its other session goes on elsewhere.
    assert_eq!(h.last(), Some(2));
    h.tell(crew::Input::Timer { task: 1 });
    assert_eq!(h.done.len(), 1, "a timer of what is over does nothing");
}

#[test]
fn models_have_places_of_their_own() {
    let mut h = Hall::new();
    h.register(1, capacity(0, 1));
    h.register(2, capacity(0, 1));
    let live = ModelKey::new(weir_wire::Capability::LIVE_VIDEO_TO_VIDEO.0, "noop");
    h.register(3, WorkerCapacity { streams: 0, models: BTreeMap::from([(live.clone(), 1)]) });
    for id in 1..=3 {
        h.start(id, 1 << 32, Box::new(Work::Job(job())));
    }
    assert_eq!(h.open.values().map(|t| t.0.0).collect::<Vec<_>>(), [1, 2], "first come, first served");
    assert_eq!(h.done, [(WorkId(3), Err("no workers available".to_owned()))]);
    h.start(4, 5, Box::new(Work::Live { manifest: 5, model: live.clone() }));
    assert_eq!(h.last(), Some(3));
    assert!(!h.timers.contains_key(&3), "a live session lasts");
    h.tell(crew::Input::Stop { id: WorkId(4) });
    h.start(5, 6, Box::new(Work::Live { manifest: 6, model: live }));
    assert_eq!(h.last(), Some(3), "its place is free");
    assert_eq!(h.done.len(), 1, "nothing is said of what was stopped");
}

proptest! {
    /// Whatever comes and goes: each piece of work ends once, and nobody has more than it can take.
    #[test]
    fn every_piece_of_work_ends_once(ops in prop::collection::vec((0..6u8, 0..4u32, 0..8u64), 1..120)) {
        let mut h = Hall::new();
        let mut started = 0;
        for (op, worker, n) in ops {
            h.now = h.now + Millis(100);
            match op {
                0 => h.register(worker, capacity(2, 1)),
                1 => h.gone(worker),
                // Segments of a session come one after another.
                2 if h.open.values().all(|(_, session, _)| *session != n) => {
                    started += 1;
                    h.start(started, n, transcode(n));
                }
                3 => {
                    started += 1;
                    h.start(started, 1 << 32, Box::new(Work::Job(job())));
                }
                2 => {}
                _ => {
                    if let Some(task) = h.open.keys().nth(n as usize).copied() {
                        h.answer(task, if op == 4 { good() } else { Err("it broke".to_owned()) });
                    }
                }
            }
            for worker in 0..4 {
                let its = || h.open.values().filter(|(at, _, _)| at.0 == worker);
                let jobs = its().filter(|(_, _, work)| matches!(**work, Work::Job(_))).count();
                prop_assert!(jobs <= 1);
                let mut sessions: Vec<u64> =
                    its().filter(|(_, _, w)| matches!(**w, Work::Transcode(_))).map(|t| t.1).collect();
                sessions.sort_unstable();
                sessions.dedup();
                prop_assert!(sessions.len() <= 2, "{sessions:?}");
            }
        }
        (0..4).for_each(|worker| h.gone(worker));
        let mut ids: Vec<u64> = h.done.iter().map(|(id, _)| id.0).collect();
        ids.sort_unstable();
        prop_assert_eq!(ids, (1..=started).collect::<Vec<_>>());
    }
}

/// A worker, and what it said.
struct Desk {
    worker: Worker,
    now: Instant,
    rng: Entropy,
}

impl Desk {
    fn new() -> Self {
        let worker = Worker::new(SECRET.to_owned(), capacity(2, 1));
        Self { worker, now: Instant::from_secs(1), rng: Entropy::from_seed([3; 32]) }
    }

    fn tell(&mut self, input: worker::Input) -> Vec<worker::Output> {
        let mut out = Vec::new();
        self.worker.handle(self.now, input, &mut self.rng, &mut out);
        out
    }

    fn task(&mut self, task: u64, work: Box<Work>) -> Vec<worker::Output> {
        self.tell(worker::Input::Message(Box::new(WorkerMessage::Task { task, session: 1, work })))
    }
}

fn registration() -> worker::Output {
    worker::Output::Send(WorkerMessage::Register { secret: SECRET.to_owned(), capacity: capacity(2, 1) })
}

fn answer(task: u64, result: Result<Made, String>) -> worker::Output {
    worker::Output::Send(WorkerMessage::Done { task, secret: SECRET.to_owned(), result })
}

#[test]
fn a_worker_does_what_it_can_and_says_so() {
    let mut d = Desk::new();
    assert_eq!(d.tell(worker::Input::Start), [registration()]);
    let work = transcode(1);
    let started = worker::Output::Start { id: WorkId(1), session: 1, work: work.clone() };
    assert_eq!(d.task(40, work), [started]);
    let other = ModelKey::new(35, "elsewhere");
    let refused = d.task(41, Box::new(Work::Live { manifest: 1, model: other }));
    assert_eq!(refused, [answer(41, Err("incompatible segment capabilities".to_owned()))]);
    let done = WorkDone { id: WorkId(1), result: good() };
    assert_eq!(d.tell(worker::Input::Work(done.clone())), [answer(40, good())]);
    assert!(d.tell(worker::Input::Work(done)).is_empty(), "once");
    d.task(42, Box::new(Work::Job(job())));
    let stop = WorkerMessage::Stop { task: 42 };
    assert_eq!(d.tell(worker::Input::Message(Box::new(stop))), [worker::Output::Stop { id: WorkId(2) }]);
    assert_eq!(d.worker.tasks(), 0);
}

#[test]
fn a_worker_comes_back_with_growing_waits() {
    let mut d = Desk::new();
    d.tell(worker::Input::Start);
    let mut wait = 500.0;
    for _ in 0..20 {
        let out = d.tell(worker::Input::Lost);
        let [worker::Output::Timer { at }] = out[..] else { panic!("{out:?}") };
        let ms = at.since(d.now).0 as f64;
        assert!(ms >= (wait * 0.5_f64).floor() - 1.0 && ms <= wait * 1.5 + 1.0, "{ms} around {wait}");
        assert!(d.tell(worker::Input::Lost).is_empty(), "it waits already");
        d.now = at;
        assert_eq!(d.tell(worker::Input::Timer), [registration()]);
        wait = (wait * 1.5).min(60_000.0);
    }
    // Whoever was given a task had been taken.
    d.task(1, transcode(1));
    let out = d.tell(worker::Input::Lost);
    let [worker::Output::Timer { at }] = out[..] else { panic!("{out:?}") };
    assert!(at.since(d.now).0 <= 750);
}

#[test]
fn a_worker_that_is_never_taken_ends() {
    for why in ["invalid secret", "zero capacity"] {
        let mut d = Desk::new();
        d.tell(worker::Input::Start);
        let refused = WorkerMessage::Refused { why: why.to_owned() };
        let out = d.tell(worker::Input::Message(Box::new(refused)));
        assert_eq!(out, [worker::Output::Over { error: Some(why.to_owned()) }]);
        assert!(d.tell(worker::Input::Lost).is_empty() && d.tell(worker::Input::Timer).is_empty());
    }
}

#[test]
fn a_worker_that_is_told_to_stop_ends_what_it_has_taken() {
    let mut d = Desk::new();
    d.tell(worker::Input::Start);
    d.task(1, transcode(1));
    assert!(d.tell(worker::Input::Stop).is_empty());
    assert_eq!(d.task(2, transcode(2)), [answer(2, Err("worker is stopping".to_owned()))]);
    let out = d.tell(worker::Input::Work(WorkDone { id: WorkId(1), result: good() }));
    assert_eq!(out, [answer(1, good()), worker::Output::Over { error: None }]);
    let mut idle = Desk::new();
    idle.tell(worker::Input::Start);
    assert_eq!(idle.tell(worker::Input::Stop), [worker::Output::Over { error: None }]);
}

#[test]
fn an_orchestrator_offers_what_its_workers_can_do() {
    use weir_roles::orchestrator::Input;
    let mut w = World::new(1);
    w.tell_orchestrator(0, Input::Capacity(capacity(0, 0)));
    w.stream(1, 1);
    assert_eq!(w.results()[0].2.as_deref(), Some("no orchestrator available"), "without workers there is no room");
    w.tell_orchestrator(0, Input::Capacity(capacity(1, 0)));
    w.stream(2, 2);
    assert!(w.results()[1..].iter().all(|r| r.2.is_none()), "{:?}", w.results());
    let over = w.seen.iter().filter(|s| matches!(s, Seen::SessionOver(0))).count();
    assert_eq!(over, 1, "its worker is told");
}
