//! Links between actors.

use proptest::prelude::*;
use weir_kernel::{ActorId, Delivery, Fault, FaultPlan, Links, Loss, Network, NetworkConfig, Partition, Side, Window};
use weir_types::{Entropy, Instant, Millis};

const A: ActorId = ActorId(0);
const B: ActorId = ActorId(1);
const GBIT: u64 = 1_000_000_000;

fn config(latency_ms: u64, jitter_sigma: f64, loss: f64) -> NetworkConfig {
    NetworkConfig {
        regions: vec!["here".to_owned(), "there".to_owned()],
        latency: vec![vec![Millis(1), Millis(latency_ms)], vec![Millis(2 * latency_ms), Millis(1)]],
        jitter_sigma,
        loss: vec![vec![0.0, loss], vec![loss, 0.0]],
        partitions: Vec::new(),
    }
}

fn network(config: NetworkConfig, up: u64, down: u64) -> Network {
    let mut n = Network::new(config);
    n.place(A, 0, up, down);
    n.place(B, 1, up, down);
    n
}

fn rng() -> Entropy {
    Entropy::from_seed([5; 32])
}

fn arrives(d: Delivery) -> Option<Instant> {
    match d {
        Delivery::Delivered { at } => Some(at),
        Delivery::Lost(_) => None,
    }
}

#[test]
fn latency_is_by_direction() {
    let mut n = network(config(30, 0.0, 0.0), GBIT, GBIT);
    let mut send = |from, to| arrives(n.send(from, to, 0, Instant::from_secs(1), &mut rng()));
    assert_eq!(send(A, B), Some(Instant::from_millis(1_030)));
    assert_eq!(send(B, A), Some(Instant::from_millis(1_060)));
    assert_eq!(send(A, A), Some(Instant::from_millis(1_001)));
}

#[test]
fn bandwidth_is_shared_by_the_messages_of_an_actor() {
    // 8 Mbit/s up: a millisecond per kilobyte.
    let mut n = network(config(30, 0.0, 0.0), 8_000_000, GBIT);
    let mut send = |bytes, ms| arrives(n.send(A, B, bytes, Instant::from_millis(ms), &mut rng()));
    assert_eq!(send(10_000, 0), Some(Instant::from_millis(40)));
    assert_eq!(send(10_000, 0), Some(Instant::from_millis(50)), "it waits for the first one");
    assert_eq!(send(1, 0), Some(Instant::from_millis(51)), "a part of a millisecond counts as one");
    assert_eq!(send(10_000, 100), Some(Instant::from_millis(140)), "the link is free again");
}

#[test]
fn a_slower_receiver_adds_what_it_is_slower() {
    let mut n = Network::new(config(30, 0.0, 0.0));
    n.place(A, 0, 8_000_000, GBIT);
    n.place(B, 1, GBIT, 2_000_000);
    let at = arrives(n.send(A, B, 10_000, Instant::ZERO, &mut rng()));
    assert_eq!(at, Some(Instant::from_millis(10 + 30 + 30)));
    let mut fast = network(config(30, 0.0, 0.0), 8_000_000, 16_000_000);
    assert_eq!(arrives(fast.send(A, B, 10_000, Instant::ZERO, &mut rng())), Some(Instant::from_millis(40)));
}

#[test]
fn jitter_has_its_median() {
    let mut n = network(config(30, 0.3, 0.0), GBIT, GBIT);
    let mut r = rng();
    let count = 20_000;
    let times: Vec<f64> = (0..count)
        .map(|i| {
            let now = Instant::from_secs(i);
            arrives(n.send(A, B, 0, now, &mut r)).expect("nothing is lost").0 as f64 - now.0 as f64
        })
        .collect();
    let below = times.iter().filter(|t| **t < 30_000.0).count() as f64;
    let sigma = (count as f64).sqrt() / 2.0;
    assert!((below - count as f64 / 2.0).abs() < 4.0 * sigma, "{below} of {count} below the median");
    let deviation = (times.iter().map(|t| (t / 30_000.0).ln().powi(2)).sum::<f64>() / count as f64).sqrt();
    assert!((deviation - 0.3).abs() < 0.01, "deviation {deviation}");
}

#[test]
fn lost_packets_are_sent_again_after_doubled_waits() {
    let p = 0.5;
    let mut n = network(config(30, 0.0, p), GBIT, GBIT);
    let mut r = rng();
    let count = 40_000u32;
    let mut by_losses = [0u32; 8];
    for i in 0..count {
        let now = Instant::from_secs(u64::from(i));
        let losses = match n.send(A, B, 0, now, &mut r) {
            Delivery::Delivered { at } => {
                let wait = at.since(now).0 - 30;
                // 200 ms, then twice as long each time: 200 (2^n - 1).
                let losses = (wait / 200 + 1).trailing_zeros();
                assert_eq!(wait, 200 * ((1 << losses) - 1), "a wait that is no sum of waits");
                losses as usize
            }
            Delivery::Lost(why) => {
                assert_eq!(why, Loss::Packets);
                7
            }
        };
        by_losses[losses] += 1;
    }
    for (k, got) in by_losses.into_iter().enumerate() {
        let chance = if k < 7 { p.powi(k as i32) * (1.0 - p) } else { p.powi(7) };
        let (mean, sigma) = (f64::from(count) * chance, (f64::from(count) * chance * (1.0 - chance)).sqrt());
        assert!((f64::from(got) - mean).abs() < 4.0 * sigma, "{got} instead of {mean} messages with {k} losses");
    }
}

#[test]
fn certain_loss_gives_up() {
    let mut n = network(config(30, 0.0, 1.0), GBIT, GBIT);
    assert_eq!(n.send(A, B, 1, Instant::ZERO, &mut rng()), Delivery::Lost(Loss::Packets));
    assert!(arrives(n.send(A, A, 1, Instant::ZERO, &mut rng())).is_some(), "the loss is that of the other link");
}

#[test]
fn partitions_cut_both_ways_for_their_time() {
    let cut = Partition { from: Instant(10), until: Instant(20), a: 0, b: 1 };
    let mut n = network(NetworkConfig { partitions: vec![cut], ..config(30, 0.0, 0.0) }, GBIT, GBIT);
    let mut r = rng();
    let mut untouched = r.clone();
    for (now, lost) in [(9, false), (10, true), (19, true), (20, false)] {
        for (from, to) in [(A, B), (B, A)] {
            let got = n.send(from, to, 0, Instant(now), &mut r);
            assert_eq!(got == Delivery::Lost(Loss::Partition), lost, "{from:?} to {to:?} at {now}: {got:?}");
        }
        assert!(arrives(n.send(A, A, 0, Instant(now), &mut r)).is_some(), "a region reaches itself");
    }
    assert_ne!(r.word(), untouched.word());
    let mut before = r.clone();
    n.send(A, B, 0, Instant(15), &mut r);
    assert_eq!(r.word(), before.word(), "a message that is cut off draws nothing");
}

fn faulty(faults: Vec<Fault>) -> Network {
    let window = |fault| Window { from: Instant::from_secs(10), until: Instant::from_secs(20), fault };
    let mut n = network(config(30, 0.0, 0.0), GBIT, GBIT);
    n.set_faults(FaultPlan::new(faults.into_iter().map(window).collect()).expect("sound"));
    n
}

fn there(one_way: bool) -> Links {
    Links { from: Side::actors(vec![A]), to: Side::regions(vec![1]), one_way }
}

#[test]
fn faults_come_on_top_while_they_last() {
    let (before, during, after) = (Instant::from_secs(9), Instant::from_secs(12), Instant::from_secs(20));
    let slow = Fault::Latency { links: there(true), factor: 3.0, add_ms: Millis(10) };
    let cases = [
        (slow, Some(during + Millis(100)), Some(during + Millis(60))),
        (Fault::Partition { links: there(false) }, None, None),
        (Fault::Partition { links: there(true) }, None, Some(during + Millis(60))),
        (Fault::Loss { links: there(true), share: 1.0 }, None, Some(during + Millis(60))),
        // What a clogged link is given arrives when it is free again.
        (Fault::Clog { links: there(true) }, Some(after + Millis(30)), Some(during + Millis(60))),
    ];
    for (fault, to_b, to_a) in cases {
        let mut n = faulty(vec![fault.clone()]);
        assert_eq!(arrives(n.send(A, B, 0, before, &mut rng())), Some(before + Millis(30)), "{fault:?}");
        assert_eq!(arrives(n.send(A, B, 0, during, &mut rng())), to_b, "{fault:?}");
        assert_eq!(arrives(n.send(B, A, 0, during, &mut rng())), to_a, "{fault:?}");
        assert!(arrives(n.send(A, A, 0, during, &mut rng())).is_some());
        assert_eq!(arrives(n.send(A, B, 0, after, &mut rng())), Some(after + Millis(30)), "{fault:?}");
    }
}

#[test]
fn loss_adds_to_the_loss_that_is_there_anyway() {
    let mut n = network(config(30, 0.0, 0.2), GBIT, GBIT);
    let fault = Fault::Loss { links: there(true), share: 0.5 };
    let window = Window { from: Instant::ZERO, until: Instant(u64::MAX), fault };
    n.set_faults(FaultPlan::new(vec![window]).expect("sound"));
    let (mut r, count) = (rng(), 20_000u32);
    let untouched = (0..count).filter(|i| {
        let now = Instant::from_secs(u64::from(*i));
        arrives(n.send(A, B, 0, now, &mut r)) == Some(now + Millis(30))
    });
    let (got, mean) = (untouched.count() as f64, f64::from(count) * 0.8 * 0.5);
    assert!((got - mean).abs() < 4.0 * (mean * 0.6).sqrt(), "{got} instead of {mean}");
}

#[test]
fn actors_without_a_place() {
    let mut n = network(config(30, 0.0, 0.0), GBIT, GBIT);
    assert_eq!((n.region(A), n.region(B), n.region(ActorId(9))), (Some(0), Some(1), None));
    for (from, to) in [(A, ActorId(9)), (ActorId(9), A)] {
        assert_eq!(n.send(from, to, 1, Instant::ZERO, &mut rng()), Delivery::Lost(Loss::Unplaced));
    }
}

#[test]
fn a_link_of_no_width_is_slow_and_not_endless() {
    let mut n = network(config(0, 0.0, 0.0), 0, 0);
    assert_eq!(arrives(n.send(A, B, 1, Instant::ZERO, &mut rng())), Some(Instant::from_secs(8)));
}

proptest! {
    #[test]
    fn the_same_stream_gives_the_same_deliveries(
        seed: [u8; 32], messages in prop::collection::vec((0..2u32, 0..2u32, 0..100_000u64, 0..5_000u64), 0..40),
    ) {
        let run = |planned: bool| {
            let mut n = network(config(20, 0.4, 0.2), 50_000_000, 20_000_000);
            if planned {
                n.set_faults(FaultPlan::new(Vec::new()).expect("sound"));
            }
            let mut r = Entropy::from_seed(seed);
            let mut now = 0;
            let all: Vec<Delivery> = messages
                .iter()
                .map(|(from, to, bytes, gap)| {
                    now += gap;
                    n.send(ActorId(*from), ActorId(*to), *bytes, Instant(now), &mut r)
                })
                .collect();
            (all, r.word())
        };
        prop_assert_eq!(run(false), run(false));
        prop_assert_eq!(run(false), run(true), "a plan without faults");
    }

    #[test]
    fn nothing_arrives_before_it_is_sent(
        seed: [u8; 32], bytes in 0..u64::MAX, now: u64, up in 1..GBIT, down in 1..GBIT,
    ) {
        let mut n = network(config(20, 0.4, 0.2), up, down);
        if let Delivery::Delivered { at } = n.send(A, B, bytes, Instant(now), &mut Entropy::from_seed(seed)) {
            prop_assert!(at >= Instant(now));
        }
    }
}
