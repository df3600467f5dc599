//! Channels of numbered segments.

use proptest::prelude::*;
use weir_wire::trickle::{Channel, InvalidIndex, Place, Publish, WINDOW, human_bytes, number};

#[test]
fn numbers_of_requests_are_places() {
    assert_eq!("-1".parse(), Ok(Place::Next));
    assert_eq!("-2".parse(), Ok(Place::Latest));
    assert_eq!("+0".parse(), Ok(Place::At(0)));
    for bad in ["-3", "", "x", "1.5", " 5", "99999999999999999999"] {
        assert_eq!(bad.parse::<Place>(), Err(InvalidIndex), "{bad}");
    }
    assert_eq!(number("-7"), Some(-7));
}

#[test]
fn a_publisher_gets_the_next_segment_and_an_old_one_makes_room() {
    let mut channel = Channel::default();
    for seq in 0..WINDOW {
        assert_eq!(channel.publish(Place::Next), Ok(Publish { seq, had_data: false, evicted: None }));
        channel.begin(seq);
        channel.end(seq);
    }
    let sixth = channel.publish(Place::Next).expect("a place");
    assert_eq!(sixth, Publish { seq: WINDOW, had_data: false, evicted: Some(0) });
    assert_eq!(channel.read(Place::At(0)), None);
    // Nothing came yet: the same publisher may come again, and the head stays.
    assert_eq!(channel.publish(Place::Next).map(|p| (p.seq, p.had_data)), Ok((WINDOW, false)));
    assert_eq!(channel.next(), WINDOW);
    channel.begin(WINDOW);
    assert_eq!(channel.publish(Place::At(WINDOW)).map(|p| p.had_data), Ok(true));
    assert_eq!(channel.publish(Place::Latest), Err(InvalidIndex));
}

#[test]
fn what_has_ended_stays_so() {
    let mut channel = Channel::default();
    assert_eq!(channel.read(Place::Next), Some(0), "a reader waits for the first");
    assert!(channel.is_open(0));
    channel.close();
    assert!(!channel.is_open(0) && channel.is_closed());
    channel.begin(0);
    assert!(!channel.is_open(0));
    assert_eq!(channel.read(Place::At(0)), Some(0));
    assert_eq!(channel.read(Place::Next), None, "nothing is written any more");
}

#[test]
fn sizes_are_read_by_people() {
    for (bytes, text) in
        [(1_023, "1023 B"), (1_280, "1.2 KB"), (1_536, "1.5 KB"), (1 << 30, "1.0 GB"), (u64::MAX, "16.0 EB")]
    {
        assert_eq!(human_bytes(bytes), text);
    }
}

proptest! {
    #[test]
    fn a_channel_keeps_a_window_and_gives_what_was_asked_for(
        steps in proptest::collection::vec((0..4_u8, -2..40_i64), 0..80),
    ) {
        let mut channel = Channel::default();
        for (step, index) in steps {
            let place = Place::of(index).expect("a place");
            match step {
                0 => if let Ok(published) = channel.publish(place) {
                    channel.begin(published.seq);
                    prop_assert_eq!(channel.next(), published.seq + 1);
                },
                1 => if let Some(seq) = channel.read(place) {
                    prop_assert!(index < 0 || seq == index.unsigned_abs());
                },
                2 => channel.end(index.unsigned_abs()),
                _ => if index == 39 { channel.close() },
            }
            let there = (0..64).filter(|seq| channel.is_open(*seq)).count();
            prop_assert!(there as u64 <= WINDOW && (!channel.is_closed() || there == 0));
        }
    }
}
