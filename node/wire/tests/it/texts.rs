//! Headers, bit strings and texts.

use proptest::prelude::*;
use weir_wire::capability::covered;
use weir_wire::text::{integer, join_url, result_url};
use weir_wire::{Bits, Capability, HeaderError, ProfileText, header, net};

#[test]
fn an_empty_header_is_an_empty_message() {
    assert_eq!(header::decode(""), Ok(net::Payment::default()));
    assert_eq!(header::encode(&net::Payment::default()), "");
}

#[test]
fn headers_are_read_as_leniently_as_they_are_sent() {
    let whole = header::encode(&net::AuthToken { session_id: "f1405ced".into(), ..Default::default() });
    let broken = format!("{}\r\n{}", &whole[..4], &whole[4..]);
    assert_eq!(header::decode::<net::AuthToken>(&broken).expect("line ends").session_id, "f1405ced");
    for bad in ["a", "====", "EgFm!", "EgFm=", "Eg"] {
        let e = header::decode::<net::AuthToken>(bad).expect_err(bad);
        assert!(matches!(e, HeaderError::Base64(_)), "{bad}: {e}");
        assert!(e.to_string().starts_with("base64 decode error: "), "{e}");
    }
    let e = header::decode::<net::AuthToken>("EgU=").expect_err("it is too short");
    assert!(e.to_string().starts_with("protobuf unmarshal error: "), "{e}");
}

#[test]
fn pipelines_are_named_after_capabilities() {
    for c in Capability::all().filter(|c| c.0 >= 27 && c.0 != 37) {
        let pipeline = c.pipeline().expect("a name");
        assert_eq!(Capability::of_pipeline(&pipeline), Some(c), "{pipeline}");
    }
    assert_eq!(Capability::TEXT_TO_IMAGE.pipeline().as_deref(), Ok("text-to-image"));
    assert_eq!(Capability::of_pipeline(""), None);
    assert_eq!(Capability::of_pipeline("übung"), None);
    assert_eq!(Capability(13).to_string(), "capability 13");
}

#[test]
fn a_number_beyond_all_reason_fills_no_memory() {
    let bits: Bits = [Capability(u32::MAX), Capability(70)].into_iter().collect();
    assert_eq!(bits.0, [0, 64]);
}

proptest! {
    #[test]
    fn a_set_holds_what_was_put_in(numbers in proptest::collection::vec(0..500u32, 0..40)) {
        let bits: Bits = numbers.iter().copied().map(Capability).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(bits.iter().map(|c| c.0).collect::<Vec<_>>(), sorted.clone());
        prop_assert!(numbers.iter().all(|n| bits.contains(Capability(*n))));
        let mut fewer = bits.clone();
        if let Some(n) = sorted.first() {
            fewer.remove(Capability(*n));
            prop_assert!(!fewer.contains(Capability(*n)));
            prop_assert!(!bits.covered_by(&fewer) && fewer.covered_by(&bits));
        }
    }

    #[test]
    fn covering_is_by_word_and_length(a in proptest::collection::vec(any::<u64>(), 0..4), b in proptest::collection::vec(any::<u64>(), 0..4)) {
        let both: Vec<u64> = a.iter().zip(&b).map(|(x, y)| x & y).collect();
        prop_assert!(covered(&both, &a) && covered(&both, &b));
        prop_assert_eq!(covered(&a, &b), a.len() <= b.len() && both == a);
    }

    #[test]
    fn texts_stop_no_reader(text in ".{0,40}", other in ".{0,20}") {
        let _ = (integer(&text), join_url(&text, &other), result_url(&text, &other));
        let _ = weir_wire::text::key_file_address(&text);
        let _ = (Capability::of_pipeline(&text), header::decode::<net::SegData>(&text));
        let profile = ProfileText { bitrate: text, resolution: other, ..ProfileText::default() };
        let _ = profile.message();
    }
}
