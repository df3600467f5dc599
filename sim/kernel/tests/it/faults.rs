//! Plans of faults: what they say, how they are written down and drawn.

use std::collections::BTreeSet;

use proptest::prelude::*;
use weir_kernel::{
    ActorId, End, Fault, FaultError, FaultKind, FaultPlan, Links, Manner, Naming, Outage, Rule, Side, Slower, Stage,
    Streams, SwarmConfig, Window,
};
use weir_types::{Instant, Millis};

const A: End = End { actor: ActorId(1), region: 0 };
const B: End = End { actor: ActorId(2), region: 1 };
const C: End = End { actor: ActorId(3), region: 1 };

fn window(from: u64, until: u64, fault: Fault) -> Window {
    Window { from: Instant(from), until: Instant(until), fault }
}

fn plan(windows: impl IntoIterator<Item = (u64, u64, Fault)>) -> FaultPlan {
    FaultPlan::new(windows.into_iter().map(|(from, until, fault)| window(from, until, fault)).collect()).expect("sound")
}

fn between(from: Side, to: Side, one_way: bool) -> Links {
    Links { from, to, one_way }
}

fn everywhere() -> Links {
    between(Side::all(), Side::all(), false)
}

#[test]
fn links_are_named_by_actor_and_region() {
    let regions = |one_way| between(Side::regions(vec![0]), Side::regions(vec![1]), one_way);
    let actor = |one_way| between(Side::actors(vec![B.actor]), Side::all(), one_way);
    let cases: [(Links, [bool; 6]); 5] = [
        // A to B, B to A, A to C, B to C, C to B, A to A.
        (everywhere(), [true, true, true, true, true, false]),
        (regions(false), [true, true, true, false, false, false]),
        (regions(true), [true, false, true, false, false, false]),
        (actor(false), [true, true, false, true, true, false]),
        (actor(true), [false, true, false, true, false, false]),
    ];
    for (links, want) in cases {
        let got = [(A, B), (B, A), (A, C), (B, C), (C, B), (A, A)].map(|(from, to)| links.have(from, to));
        assert_eq!(got, want, "{links:?}");
    }
}

#[test]
fn windows_hold_from_their_begin_until_before_their_end() {
    let p = plan([(10, 20, Fault::Partition { links: everywhere() }), (15, 30, Fault::SequencerStop)]);
    for now in 0..40 {
        assert_eq!(p.cut(A, B, Instant(now)), (10..20).contains(&now), "at {now}");
        assert_eq!(p.sequencer_stopped(Instant(now)), (15..30).contains(&now), "at {now}");
    }
    let changes: Vec<Instant> =
        std::iter::successors(p.next_change_after(Instant::ZERO), |at| p.next_change_after(*at)).collect();
    assert_eq!(changes, [10, 15, 20, 30].map(Instant));
    assert_eq!((p.healed_at(), p.windows().len(), p.is_empty()), (Instant(30), 2, false));
    let none = FaultPlan::default();
    assert_eq!((none.healed_at(), none.is_empty()), (Instant::ZERO, true));
    assert_eq!((none.next_change_after(Instant(5)), none.loss(A, B, Instant(5))), (None, 0.0));
}

#[test]
fn faults_of_links_add_up() {
    let links = everywhere;
    let p = plan([
        (0, 20, Fault::Loss { links: links(), share: 0.3 }),
        (10, 20, Fault::Loss { links: links(), share: 0.5 }),
        (0, 20, Fault::Latency { links: links(), factor: 2.0, add_ms: Millis(5) }),
        (10, 20, Fault::Latency { links: links(), factor: 3.0, add_ms: Millis(7) }),
    ]);
    assert_eq!((p.loss(A, B, Instant(5)), p.loss(A, B, Instant(15))), (0.3, 0.65));
    assert_eq!(p.latency(A, B, Instant(5)), Slower { factor: 2.0, add: Millis(5) });
    assert_eq!(p.latency(A, B, Instant(15)), Slower { factor: 6.0, add: Millis(12) });
    assert_eq!(p.latency(A, B, Instant(20)), Slower { factor: 1.0, add: Millis(0) });
    assert_eq!(p.loss(A, A, Instant(5)), 0.0, "nobody has a link to itself");
}

#[test]
fn a_clogged_link_is_free_when_all_clogs_are_over() {
    let clog = || Fault::Clog { links: between(Side::actors(vec![A.actor]), Side::all(), false) };
    let p = plan([(10, 20, clog()), (15, 30, clog()), (30, 40, clog()), (50, 60, clog())]);
    for (now, until) in [(9, None), (10, Some(40)), (29, Some(40)), (39, Some(40)), (40, None), (55, Some(60))] {
        assert_eq!(p.clogged_until(B, A, Instant(now)), until.map(Instant), "at {now}");
        assert_eq!(p.clogged_until(B, C, Instant(now)), None);
    }
}

#[test]
fn faults_of_actors_are_theirs() {
    let b = || vec![B.actor];
    let rpc = |how| Fault::Unreachable { actors: b(), service: "rpc".to_owned(), how };
    let p = plan([
        (0, 10, Fault::Crash { actors: b() }),
        (5, 15, Fault::Crash { actors: b() }),
        (15, 20, Fault::Crash { actors: Vec::new() }),
        (40, 50, Fault::Crash { actors: b() }),
        (0, 10, Fault::SlowDisk { actors: b(), factor: 4.0 }),
        (5, 10, Fault::SlowDisk { actors: Vec::new(), factor: 2.0 }),
        (5, 10, Fault::ClockSkew { actors: b(), offset_ms: -3 }),
        (0, 10, rpc(Outage::LagMs(Millis(9)))),
        (5, 10, rpc(Outage::Error)),
        (0, 10, Fault::DeviceLoss { actors: b() }),
        (0, 10, Fault::BadPeer { actors: b(), manner: Manner::Silent }),
        (5, 10, Fault::BadPeer { actors: b(), manner: Manner::Garbage }),
    ]);
    let (early, late) = (Instant(2), Instant(7));
    assert_eq!(p.crashes(B.actor), [(0, 20), (40, 50)].map(|(from, until)| (Instant(from), Instant(until))));
    assert_eq!(p.crashes(A.actor), [(Instant(15), Instant(20))]);
    assert!(p.down(B.actor, early) && !p.down(A.actor, early) && p.down(A.actor, Instant(17)));
    assert_eq!([early, late].map(|at| p.disk_factor(B.actor, at)), [4.0, 8.0]);
    assert_eq!([early, late].map(|at| p.disk_factor(A.actor, at)), [1.0, 2.0]);
    assert_eq!([early, late].map(|at| p.skew(B.actor, at)), [0, -3]);
    assert_eq!((p.clock(B.actor, late), p.clock(A.actor, late)), (Instant::ZERO, late));
    assert_eq!(p.outage(B.actor, "rpc", early), Some(Outage::LagMs(Millis(9))));
    assert_eq!(p.outage(B.actor, "rpc", late), Some(Outage::Error));
    assert_eq!((p.outage(B.actor, "pool", late), p.outage(A.actor, "rpc", late)), (None, None));
    assert!(p.device_lost(B.actor, early) && !p.device_lost(A.actor, early));
    assert_eq!([early, late].map(|at| p.manner(B.actor, at)), [Some(Manner::Silent), Some(Manner::Garbage)]);
    assert_eq!(p.manner(A.actor, late), None);
    assert_eq!(p.active(FaultKind::Crash, late).count(), 2);
}

#[test]
fn faults_of_the_chain_are_everybodys() {
    let p = plan([
        (0, 10, Fault::GasSpike { factor: 3.0 }),
        (5, 10, Fault::GasSpike { factor: 2.0 }),
        (7, 8, Fault::Reorg { depth: 4 }),
    ]);
    assert_eq!([2, 7, 10].map(|at| p.gas_factor(Instant(at))), [3.0, 6.0, 1.0]);
    assert_eq!(p.reorgs().collect::<Vec<_>>(), [(Instant(7), 4)]);
}

#[test]
fn nonsense_is_refused() {
    let loss = |share| Fault::Loss { links: everywhere(), share };
    for (from, until, fault, text) in [
        (10, 10, Fault::SequencerStop, "a sequencer_stop from 0.00001 s until 0.00001 s never happens"),
        (0, 10, loss(1.5), "share of loss must be between 0 and 1, not 1.5"),
        (0, 10, loss(f64::NAN), "share of loss must be between 0 and 1, not NaN"),
        (0, 10, Fault::GasSpike { factor: -1.0 }, "factor of gas_spike must be a number from 0 up, not -1"),
        (0, 10, Fault::Reorg { depth: 0 }, "depth of reorg must be at least 1, not 0"),
    ] {
        let got = FaultPlan::new(vec![window(from, until, fault)]).expect_err(text);
        assert_eq!(got.to_string(), text);
    }
}

#[derive(Debug, serde::Deserialize, serde::Serialize)]
struct File {
    windows: Vec<Window<String, String>>,
}

const TEXT: &str = r#"
[[windows]]
kind = "loss"
from_seconds = 1.5
until_seconds = 60
links = { from = { regions = ["eu"] }, to = { actors = ["gateway-1"] }, one_way = true }
share = 0.2

[[windows]]
kind = "partition"
from_seconds = 0
until_seconds = 1
links = {}

[[windows]]
kind = "unreachable"
from_seconds = 2
until_seconds = 3
actors = ["gateways"]
service = "rpc"
how = { lag_ms = 2500 }

[[windows]]
kind = "unreachable"
from_seconds = 2
until_seconds = 3
service = "rpc"
how = "error"

[[windows]]
kind = "sequencer_stop"
from_seconds = 5
until_seconds = 6

[[windows]]
kind = "clock_skew"
from_seconds = 5
until_seconds = 6
actors = ["gateway-1"]
offset_ms = -1500
"#;

fn named(name: &str) -> Vec<ActorId> {
    match name {
        "gateway-1" => vec![ActorId(1)],
        "gateways" => vec![ActorId(1), ActorId(2)],
        _ => Vec::new(),
    }
}

#[test]
fn plans_are_written_with_names() {
    let file: File = toml::from_str(TEXT).expect("sound");
    let region = |name: &str| (name == "eu").then_some(4);
    let resolve = |w: &Window<String, String>| w.resolve(named, region).map(|w| w.later(Instant::from_secs(100)));
    let p = FaultPlan::new(file.windows.iter().map(resolve).collect::<Result<_, _>>().expect("known names"));
    let p = p.expect("sound");
    let links = between(Side::regions(vec![4]), Side::actors(vec![ActorId(1)]), true);
    let loss = window(101_500_000, 160_000_000, Fault::Loss { links, share: 0.2 });
    assert!(p.windows().contains(&loss), "{p:?}");
    assert_eq!(p.outage(ActorId(2), "rpc", Instant::from_secs(102)), Some(Outage::Error));
    assert_eq!(p.skew(ActorId(1), Instant::from_secs(105)), -1_500);
    assert!(p.cut(A, B, Instant::from_secs(100)));
    // By number it survives its text form as well.
    let json = serde_json::to_string(&p).expect("JSON");
    assert_eq!(serde_json::from_str::<FaultPlan>(&json).expect("its own form"), p);
    let text = toml::to_string(&file).expect("TOML");
    assert_eq!(toml::from_str::<File>(&text).expect("its own form").windows, file.windows);
}

#[test]
fn wrong_texts_are_refused_with_what_is_wrong() {
    let head = "[[windows]]\nfrom_seconds = 0\nuntil_seconds = 1\n";
    for (text, want) in [
        ("kind = \"los\"", "unknown variant `los`"),
        ("kind = \"crash\"\nactor = [\"a\"]", "unknown field `actor`"),
        ("kind = \"loss\"\nlinks = { too = {} }\nshare = 1", "unknown field `too`"),
        ("kind = \"loss\"\nlinks = {}", "missing field `share`"),
    ] {
        let error = toml::from_str::<File>(&format!("{head}{text}\n")).expect_err(want).to_string();
        assert!(error.contains(want), "{error}");
    }
    let negative =
        toml::from_str::<File>("[[windows]]\nkind = \"reorg\"\nfrom_seconds = -1\nuntil_seconds = 1\ndepth = 1");
    assert!(negative.expect_err("before the begin").to_string().contains("-1 is no number of seconds from 0 up"));
    let file: File = toml::from_str(TEXT).expect("sound");
    let unknown = file.windows[0].resolve(named, |_| None).expect_err("no region");
    assert_eq!(unknown, FaultError::UnknownRegion { kind: FaultKind::Loss, name: "eu".to_owned() });
    let unknown = file.windows[2].resolve(|_| Vec::new(), |_| None).expect_err("no actors");
    assert_eq!(unknown.to_string(), "unreachable names the actor `gateways`, which there is not");
}

fn stage(from: u64, heal_at: u64, regions: usize, actors: u32) -> Stage {
    let devices = (FaultKind::DeviceLoss, vec![ActorId(1)]);
    Stage {
        from: Instant(from),
        heal_at: Instant(heal_at),
        regions,
        actors: (0..actors).map(ActorId).collect(),
        by_kind: [devices].into(),
        services: vec!["rpc".to_owned(), "discovery".to_owned()],
    }
}

fn draw(seed: u64, stage: &Stage) -> FaultPlan {
    SwarmConfig::default().draw(&Streams::new(seed), stage).expect("the default rules are sound")
}

proptest! {
    #[test]
    fn what_is_drawn_lies_in_the_hostile_phase(
        seed: u64, from in 0..1_000_000_000u64, span in 0..2_000_000_000u64, regions in 0..4usize, actors in 0..12u32,
    ) {
        let stage = stage(from, from + span, regions, actors);
        let plan = draw(seed, &stage);
        prop_assert_eq!(&plan, &draw(seed, &stage), "the same seed, the same plan");
        for w in plan.windows() {
            prop_assert!(stage.from <= w.from && w.from < w.until && w.until <= stage.heal_at, "{:?}", w);
            prop_assert!(w.fault.actors().iter().all(|a| a.0 < actors || w.kind() == FaultKind::DeviceLoss));
            if let Some(l) = w.fault.links() {
                let named = [&l.from, &l.to];
                prop_assert!(named.iter().all(|side| side.regions.iter().all(|r| *r < regions)));
                prop_assert!(named.iter().any(|side| !side.is_all()), "a fault of all links: {:?}", l);
            }
        }
        // From then on all is well.
        prop_assert!(plan.healed_at() <= stage.heal_at);
        for later in [0, 1, 1_000_000, u64::MAX / 2] {
            let now = Instant(stage.heal_at.0 + later);
            prop_assert_eq!(plan.open_at(now).count(), 0);
            prop_assert_eq!((plan.loss(A, B, now), plan.cut(A, B, now), plan.gas_factor(now)), (0.0, false, 1.0));
            prop_assert_eq!(plan.next_change_after(now), None);
        }
    }

    /// What is open is what a look at every window says, at all times.
    #[test]
    fn what_is_open_is_found(seed: u64, looks in prop::collection::vec(0..700_000_000u64, 40)) {
        let plan = draw(seed, &stage(1_000, 600_000_000, 3, 10));
        let edges = plan.windows().iter().flat_map(|w| [w.from.0, w.until.0 - 1, w.until.0]);
        for now in looks.into_iter().chain(edges).map(Instant) {
            let want: Vec<&Window> = plan.windows().iter().filter(|w| w.open(now)).collect();
            prop_assert_eq!(plan.open_at(now).collect::<Vec<_>>(), want);
            let next = plan.windows().iter().flat_map(|w| [w.from, w.until]).filter(|at| *at > now).min();
            prop_assert_eq!(plan.next_change_after(now), next);
        }
    }
}

#[test]
fn kinds_are_switched_off_in_a_good_share_of_runs() {
    let stage = stage(0, 3_600_000_000, 3, 10);
    let runs = 400u32;
    let plans: Vec<FaultPlan> = (0..u64::from(runs)).map(|seed| draw(seed, &stage)).collect();
    for kind in FaultKind::ALL {
        let with = plans.iter().filter(|p| p.windows().iter().any(|w| w.kind() == kind)).count();
        let sigma = (f64::from(runs) * 0.25).sqrt();
        assert!((with as f64 - f64::from(runs) / 2.0).abs() < 4.5 * sigma, "{kind} in {with} of {runs} runs");
    }
    let mixes: BTreeSet<Vec<FaultKind>> = plans
        .iter()
        .map(|p| p.windows().iter().map(Window::kind).collect::<BTreeSet<_>>().into_iter().collect())
        .collect();
    assert!(mixes.len() > 350, "{} different mixes", mixes.len());
}

#[test]
fn a_rule_shifts_no_other_kind() {
    let stage = stage(0, 3_600_000_000, 3, 10);
    let mut config = SwarmConfig::default();
    for rule in config.0.values_mut() {
        rule.enabled = 1.0;
    }
    let all = config.draw(&Streams::new(1), &stage).expect("sound");
    config.0.remove(&FaultKind::Loss);
    let rest = config.draw(&Streams::new(1), &stage).expect("sound");
    let others: Vec<&Window> = all.windows().iter().filter(|w| w.kind() != FaultKind::Loss).collect();
    assert_eq!(rest.windows().iter().collect::<Vec<_>>(), others);
    assert!(others.len() < all.windows().len());
}

/// Links of some actors are stopped one by one and released in another order.
#[test]
fn clogs_are_swizzled() {
    let rule = Rule { enabled: 1.0, windows: (1, 1), seconds: (60.0, 60.0), strength: (0.0, 0.0), actors: (6, 6) };
    let config = SwarmConfig([(FaultKind::Clog, rule)].into());
    let mut reordered = 0;
    for seed in 0..20 {
        let plan = config.draw(&Streams::new(seed), &stage(0, 600_000_000, 3, 10)).expect("sound");
        let windows = plan.windows();
        assert_eq!(windows.len(), 6);
        let last_stop = windows.iter().map(|w| w.from).max();
        assert!(windows.iter().all(|w| Some(w.until) > last_stop), "a release before all are stopped");
        reordered += u32::from(!windows.is_sorted_by_key(|w| w.until));
    }
    assert!(reordered >= 19, "{reordered}");
}

#[test]
fn rules_are_read_and_checked() {
    let config: SwarmConfig = toml::from_str(
        "[loss]\nenabled = 1.0\nwindows = [2, 2]\nseconds = [1, 5.5]\nstrength = [0.1, 0.2]\nactors = [1, 3]\n\
         [reorg]\nenabled = 1.0\nwindows = [1, 1]\nseconds = [1, 1]\nstrength = [3, 3]\n",
    )
    .expect("sound");
    let plan = config.draw(&Streams::new(1), &stage(0, 60_000_000, 2, 4)).expect("sound");
    assert_eq!(plan.reorgs().map(|(_, depth)| depth).collect::<Vec<_>>(), [3]);
    assert_eq!(plan.windows().len(), 3);
    for (kind, rule, want) in [
        ("loss", "enabled = 2.0\nwindows = [1, 1]\nseconds = [1, 1]", "enabled of loss must be between 0 and 1, not 2"),
        ("loss", "enabled = 1.0\nwindows = [2, 1]\nseconds = [1, 1]", "windows of loss must be two numbers"),
        ("crash", "enabled = 1.0\nwindows = [1, 1]\nseconds = [0, 1]", "seconds of crash must be two numbers above 0"),
        ("crash", "enabled = 1.0\nwindows = [1, 1]\nseconds = [1, 1]\nactors = [0, 1]", "actors of crash must be two"),
        (
            "loss",
            "enabled = 1.0\nwindows = [1, 1]\nseconds = [1, 1]\nstrength = [0, 2]",
            "strength of loss must be two",
        ),
    ] {
        let config: SwarmConfig = toml::from_str(&format!("[{kind}]\n{rule}\n")).expect("the right form");
        let error = config.draw(&Streams::new(1), &stage(0, 60_000_000, 2, 4)).expect_err(want);
        assert!(error.to_string().starts_with(want), "{error}");
    }
}

#[test]
fn a_plan_has_a_table() {
    let p = plan([
        (
            1_500_000,
            60_000_000,
            Fault::Loss { links: between(Side::regions(vec![0]), Side::actors(vec![ActorId(7)]), true), share: 0.25 },
        ),
        (2_000_000, 3_000_000, Fault::Reorg { depth: 3 }),
        (2_000_000, 4_000_000, Fault::Crash { actors: (0..5).map(ActorId).collect() }),
        (3_000_000, 4_000_000, Fault::ClockSkew { actors: vec![ActorId(1), ActorId(2)], offset_ms: -1_500 }),
    ]);
    let naming = Naming { actor: &|a| format!("node-{}", a.0), region: &|r| format!("region-{r}") };
    let want = "       1.500 s       60.000 s  loss            region-0 -> node-7               25.0 % more loss
       2.000 s        3.000 s  reorg           the chain                        3 blocks
       2.000 s        4.000 s  crash           5 actors
       3.000 s        4.000 s  clock_skew      node-1, node-2                   -1500 ms
never: latency, partition, clog, slow_disk, unreachable, sequencer_stop, gas_spike, device_loss, bad_peer
";
    assert_eq!(p.table(&naming), want);
}
