//! Time and heights.

use proptest::prelude::*;
use weir_types::{Instant, L1Block, L2Block, Millis, Profile, Round};

#[test]
fn units_of_time() {
    assert_eq!(Millis::from_secs(3), Millis(3_000));
    assert_eq!(Millis(1_500).as_secs_f64(), 1.5);
    assert_eq!(Instant::from_millis(3), Instant(3_000));
    assert_eq!(Instant::from_secs(3), Instant(3_000_000));
    assert_eq!(Instant(2_999_999).as_secs_f64(), 2.999_999);
}

#[test]
fn instants_round_down() {
    for (us, ms, secs) in [(0, 0, 0), (999, 0, 0), (1_000, 1, 0), (999_999, 999, 0), (1_000_000, 1_000, 1)] {
        let t = Instant(us);
        assert_eq!((t.as_millis(), t.as_secs(), t - Instant::ZERO), (ms, secs, Millis(ms)), "{us} us");
    }
    assert_eq!(Instant(2_000).since(Instant(1_001)), Millis(0));
    assert_eq!(Instant(2_001).since(Instant(1_001)), Millis(1));
    assert_eq!(Instant(1).since(Instant(5_000_000)), Millis(0));
}

#[test]
fn sums_stay_in_range() {
    assert_eq!(Instant(u64::MAX) + Millis(1), Instant(u64::MAX));
    assert_eq!(Instant::ZERO + Millis(u64::MAX), Instant(u64::MAX));
    assert_eq!(Instant(5) + Millis(2), Instant(2_005));
}

#[test]
fn heights_are_plain_numbers() {
    let texts = [Round(7).to_string(), L1Block(8).to_string(), L2Block(9).to_string()];
    assert_eq!(texts, ["7", "8", "9"]);
    assert_eq!(format!("{:>4}", Round(7)), "   7");
    assert_eq!(serde_json::to_string(&L1Block(8)).expect("JSON"), "8");
}

#[test]
fn profiles_know_their_keys() {
    let parse = |s: &str| serde_json::from_str::<Profile>(s);
    let p =
        parse(r#"{"name":"P240p30fps16x9","width":426,"height":240,"bitrate":600000,"fpsDen":1001}"#).expect("profile");
    assert_eq!((p.fps, p.fps_den), (0, 1001));
    let wrong = parse(r#"{"name":"x","width":1,"height":1,"bitrate":1,"fps_den":1}"#);
    assert!(wrong.expect_err("unknown key").to_string().contains("unknown field `fps_den`"));
}

proptest! {
    #[test]
    fn what_is_added_is_between(t in 0..1u64 << 50, ms in 0..1u64 << 40) {
        prop_assert_eq!((Instant(t) + Millis(ms)).since(Instant(t)), Millis(ms));
    }
}
