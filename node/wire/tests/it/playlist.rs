//! Playlists, and leave to write into stores.

use proptest::prelude::*;
use weir_wire::grant::Store;
use weir_wire::playlist::{Exists, Live, Recording, Track, WINDOW};
use weir_wire::{ProfileText, preset};

fn track(name: &str) -> Track {
    Track { name: name.into(), bandwidth: 1, resolution: "2x1".into() }
}

#[test]
fn a_full_playlist_loses_its_first_segment_whatever_comes() {
    let mut live = Live::new("m".into());
    for seq in 0..WINDOW as u64 {
        assert_eq!(live.insert(&track("a"), seq, &format!("{seq}.ts"), 1.5), Ok(()));
    }
    assert_eq!(live.insert(&track("a"), 3, "3.ts", 9.0), Err(Exists));
    let text = live.media("a").expect("a playlist");
    assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.500,\n1.ts\n"), "{text}");
    assert_eq!(live.media("b"), None);
    assert!(live.master().ends_with("BANDWIDTH=1,RESOLUTION=2x1\nm/a.m3u8\n"));
}

#[test]
fn renditions_are_named_with_their_bits() {
    let bits =
        |bitrate: &str| Track::from(&ProfileText { bitrate: bitrate.into(), ..ProfileText::default() }).bandwidth;
    assert_eq!([bits("4000k"), bits("12"), bits("x"), bits(""), bits("99999999999")], [4_000_000, 12, 0, 0, u32::MAX]);
    assert_eq!(preset::preset("P144p30fps16x9").map(|p| Track::from(&p).resolution).as_deref(), Some("256x144"));
}

#[test]
fn parts_of_a_recording_are_joined() {
    let part = |seqs: &[u64]| {
        let mut part = Recording::default();
        for seq in seqs {
            part.push(&track("source"), *seq, &format!("s3://b/m/{seq}.ts"), 2.0);
        }
        part
    };
    let mut whole = part(&[1, 4]);
    whole.join(&part(&[2, 4]));
    whole.join_after_cut(&part(&[0]));
    let text = whole.media("source", &["x", "m"], "", true);
    assert!(text.ends_with("1.ts\n#EXTINF:2.000,\n2.ts\n#EXTINF:2.000,\n4.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2.000,\n0.ts\n#EXT-X-ENDLIST\n"), "{text}");
    assert!(whole.media("source", &["m"], "http://s", false).ends_with("http://s/m/0.ts\n"));
    assert_eq!(whole.json()["duration_ms"], 10_000);
    assert_eq!(whole.json()["segments"]["source"][3]["seq_no"], 5);
    // The stream's name at the end of an address leaves none.
    assert!(whole.media("source", &["0.ts"], "", false).contains("#EXTINF:2.000,\n\n"));
}

#[test]
fn leave_to_write_is_bound_to_a_day() {
    let store = Store {
        bucket: "b\"".into(),
        region: "r".into(),
        access_key: "k".into(),
        secret: "hidden".into(),
        prefix: "p/".into(),
    };
    // The last millisecond of a leap day.
    let grant = store.grant("m", 1_709_251_199_999);
    assert_eq!((grant.x_amz_date.as_str(), grant.key.as_str()), ("20240229T000000Z", "p/m"));
    assert_eq!(grant.credential, "k/20240229/r/s3/aws4_request");
    assert_ne!(store.grant("n", 1_709_251_199_999).signature, grant.signature);
    assert_eq!(store.grant("m", 951_868_800_000).x_amz_date, "20000301T000000Z");
    assert_eq!(store.grant("m", 0).x_amz_date, "19700101T000000Z");
    assert!(!format!("{store:?}").contains("hidden"));
}

proptest! {
    #[test]
    fn a_live_playlist_is_in_order_and_never_too_long(steps in proptest::collection::vec((0..20_u64, any::<f64>()), 0..60)) {
        let mut live = Live::new("m".into());
        for (seq, seconds) in steps {
            let _ = live.insert(&track("a"), seq, &format!("{seq}.ts"), seconds);
            let text = live.media("a").expect("a playlist");
            let shown: Vec<u64> = text.lines().filter_map(|line| line.strip_suffix(".ts")?.parse().ok()).collect();
            prop_assert!(shown.is_sorted() && shown.len() <= WINDOW && !shown.is_empty());
        }
    }

    #[test]
    fn no_names_stop_a_recording(uri in ".{0,20}", name in ".{0,4}", store in ".{0,8}", seq: u64, seconds: f64, now: u64) {
        let mut part = Recording::default();
        part.push(&track(&name), seq, &uri, seconds);
        part.join_after_cut(&part.clone());
        part.join(&part.clone());
        let _ = (part.media(&name, &[&name], &store, true), part.media(&name, &[&name], "", true), part.json());
        let store = Store { bucket: name.clone(), region: store, access_key: uri.clone(), secret: name.clone(), prefix: uri };
        let _ = store.grant(&name, now);
    }
}
