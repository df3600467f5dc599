//! URLs, sockets, and names of streams in paths.

use proptest::prelude::*;
use weir_wire::host::{caller, listen, remote, split};
use weir_wire::stream::{StreamId, without_prefix};
use weir_wire::url::Url;

#[test]
fn urls_are_put_together_as_they_were() {
    for url in [
        "http://a:1/x?y=1",
        "https://u:p@a/x%2Fy",
        "/path/only",
        "//h/x",
        "mailto:a@b",
        "http://[::1]:8935/a?",
        "rtmp://h",
        "",
        "a/b:c",
    ] {
        assert_eq!(Url::parse(url).map(|u| u.to_string()).as_deref(), Ok(url));
    }
    assert_eq!(Url::parse("HTTP://h/a b#c d").map(|u| u.to_string()).as_deref(), Ok("http://h/a%20b#c%20d"));
    assert_eq!(Url::parse_request("/a#b?c").map(|u| u.to_string()).as_deref(), Ok("/a%23b?c"));
}

#[test]
fn what_is_no_url_is_refused() {
    for (url, reason) in [
        ("://x", "missing protocol scheme"),
        ("a:b/c%", "invalid URL escape \"%\""),
        ("1:2", "first path segment in URL cannot contain colon"),
        ("http://a:b/", "invalid port \":b\" after host"),
        ("http://[::1/", "missing ']' in host"),
        ("http://a b/", "invalid character \" \" in host name"),
        ("http://a\n", "net/url: invalid control character in URL"),
        ("http://ü ser@h/", "net/url: invalid userinfo"),
    ] {
        match Url::parse(url) {
            // Behind a scheme anything may stand.
            Ok(parsed) => assert_eq!(parsed.to_string(), url, "{reason}"),
            Err(e) => assert_eq!(e.to_string(), format!("parse {url:?}: {reason}")),
        }
    }
    for (url, reason) in [("", "empty url"), ("a/b", "invalid URI for request")] {
        assert_eq!(Url::parse_request(url).expect_err(url).to_string(), format!("parse {url:?}: {reason}"));
    }
}

#[test]
fn hosts_and_ports_are_split() {
    assert_eq!(split("[2001:db8::1]:5"), Ok(("2001:db8::1", "5")));
    assert_eq!(split(":5"), Ok(("", "5")));
    for (address, reason) in [
        ("h", "missing port in address"),
        ("[::1]", "missing port in address"),
        ("[::1]x:5", "missing port in address"),
        ("[::1]:5:6", "too many colons in address"),
        ("::1", "too many colons in address"),
        ("[::1:5", "missing ']' in address"),
        ("[[::1]:5", "unexpected '[' in address"),
        ("h]:5", "unexpected ']' in address"),
    ] {
        assert_eq!(split(address).expect_err(address).to_string(), format!("address {address}: {reason}"));
    }
    assert_eq!(caller("1.2.3.4:5", " x ,y"), " x ");
    assert_eq!(remote("[::1]:5"), Ok("127.0.0.1"));
}

#[test]
fn a_node_listens_where_it_is_told() {
    let listen = |option: &str| listen(option).map(|l| (l.bind, l.tls)).map_err(|e| e.to_string());
    assert_eq!(listen("h:1"), Ok(("h:1".into(), true)));
    assert_eq!(listen("http://h:1/"), Ok(("h:1".into(), false)));
    assert_eq!(listen("http://h:1/x"), Err("-httpAddr must not include a path".into()));
    assert_eq!(listen("ws://h:1"), Err("unsupported -httpAddr scheme \"ws\"".into()));
}

#[test]
fn streams_are_named_by_paths() {
    assert_eq!(StreamId::of_path("/live/a/b/1.mp4").to_string(), "a/b/1");
    // Nothing stands before it: it is a name.
    assert_eq!(without_prefix("live/a"), "live/a");
    assert_eq!(without_prefix("live/live/a"), "live/a");
    assert_eq!(without_prefix("stream/live/a"), "a");
    assert_eq!(without_prefix("/lilive/ve/a"), "live/a");
    assert_eq!(StreamId::published("/a/k", Some(("/", "x"))).to_string(), "a/k");
    assert_eq!(StreamId::published("/a/k", Some(("b/c", "x"))).to_string(), "b/x");
}

proptest! {
    #[test]
    fn no_text_stops_a_reader(text in ".{0,40}", near in r"[a-z0-9:/?#\[\]@% .]{0,24}") {
        for text in [&text, &near] {
            let _ = (split(text), remote(text), listen(text), caller(text, text), StreamId::of_path(text));
            for url in [Url::parse(text), Url::parse_request(text)].into_iter().flatten() {
                let _ = Url::parse(&url.to_string());
            }
        }
    }
}
