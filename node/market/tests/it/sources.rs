//! Orchestrators from a list and from a webhook.

use proptest::prelude::*;
use weir_market::discovery::{Node, TRUSTED, Trust};
use weir_market::sources::{SourceError, WEBHOOK_REFRESH, Webhook, WebhookError, static_list};
use weir_types::{Instant, Millis};

fn uris(list: &str) -> Vec<String> {
    static_list(list).expect("addresses").into_iter().map(|node| node.uri).collect()
}

#[test]
fn what_a_name_leaves_out_is_added() {
    let cases = [
        ("o.example", "https://o.example:8935"),
        ("o.example:443", "https://o.example:443"),
        (":8936", "https://127.0.0.1:8936"),
        ("http://o.example", "http://o.example:8935"),
        ("https://o.example:1/", "https://o.example:1"),
        ("[::1]", "https://[::1]:8935"),
        ("[::1]:9", "https://[::1]:9"),
    ];
    for (given, uri) in cases {
        assert_eq!(uris(given), [uri], "{given}");
    }
    assert_eq!(uris(" a:1 ,, b:2,a:1"), ["https://a:1", "https://b:2"]);
    assert!(static_list("a:1").expect("addresses").iter().all(|node| Trust::Trusted.admits(node.score)));
    assert!(uris("").is_empty());
}

#[test]
fn an_address_that_is_none_is_named() {
    assert!(matches!(static_list("a:1,ftp://b:2"), Err(SourceError::Scheme(uri)) if uri == "ftp://b:2"));
    assert!(matches!(static_list("a:port"), Err(SourceError::Url(_))));
}

#[test]
fn a_webhook_is_asked_once_a_minute() {
    let (mut hook, start) = (Webhook::new(), Instant::from_secs(10));
    assert!(hook.is_due(start));
    assert_eq!(hook.age(start), None);
    hook.asking(start);
    assert!(!hook.is_due(start + Millis(WEBHOOK_REFRESH.0 - 1)));
    assert!(hook.is_due(start + WEBHOOK_REFRESH));
}

#[test]
fn a_bad_answer_leaves_the_last_good_one() {
    let (mut hook, at) = (Webhook::new(), Instant::from_secs);
    let good = br#"[{"address":"https://a:1","score":1},{"address":""},{"address":"ftp://x"},{"score":1},
        {"ADDRESS":"https://b:2","more":{}},null]"#;
    assert_eq!(hook.answered(at(1), 200, good), Ok(true));
    let nodes =
        [Node { uri: "https://a:1".to_owned(), score: TRUSTED }, Node { uri: "https://b:2".to_owned(), score: 0.0 }];
    assert_eq!((hook.nodes(), hook.skipped()), (&nodes[..], 4));
    assert_eq!(hook.answered(at(2), 200, good), Ok(false));
    assert_eq!(hook.answered(at(3), 503, good), Err(WebhookError::Status(503)));
    for bad in [&b"{}"[..], b"[{\"address\":\"https://a:1\",\"score\":1e999}]", b"[{\"address\":7}]", b"[", b""] {
        assert!(matches!(hook.answered(at(4), 200, bad), Err(WebhookError::Json(_))));
    }
    assert_eq!(hook.nodes(), nodes);
    assert_eq!(hook.age(at(5)), Some(Millis::from_secs(3)), "the age is that of the last good answer");
    assert_eq!(hook.answered(at(6), 204, b"null"), Ok(true));
    assert!(hook.nodes().is_empty());
}

proptest! {
    #[test]
    fn no_list_and_no_answer_is_too_odd(list in ".{0,60}", body in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(nodes) = static_list(&list) {
            for node in nodes {
                prop_assert_eq!(uris(&node.uri), [node.uri.clone()]);
            }
        }
        let _ = Webhook::new().answered(Instant::ZERO, 200, &body);
    }
}
