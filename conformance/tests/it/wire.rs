//! Recorded exchanges of a paid network: what is in them verifies, and what was altered does not.

use std::path::Path;

use weir_conformance::{recording, wire};

fn committed() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/wire");
    let files = recording::tree(&folder, recording::LINES).expect("the committed recordings");
    files.into_iter().map(|file| (file.name.clone(), file.read().expect("a committed file"))).collect()
}

#[test]
fn messages_decode_verify_and_are_written_again() {
    let mut cases = Vec::new();
    for (name, text) in committed() {
        let report = wire::replay(&name, &text);
        assert_eq!(report.failed, 0, "{name}: {}", report.differences.join("\n"));
        cases.push((name, report.cases));
    }
    let expected = [
        ("onchain-video-transactions", 0),
        ("onchain-video/gateway-o1", 381),
        ("onchain-video/gateway-o2", 145),
        ("onchain-video/o2-redeemer", 94),
        ("onchain-video/probes", 162),
        ("onchain-video/transcoder-o2", 32),
    ];
    assert_eq!(cases, expected.map(|(name, n)| (name.to_owned(), n)));
}

/// The first row of a path that was taken, with one thing in it altered.
fn altered(text: &str, path: &str, header: Option<&str>, at: usize) -> String {
    let line = text.lines().find(|line| {
        let row: serde_json::Value = serde_json::from_str(line).expect("a row");
        row["request"]["path"] == path && row["response"]["status"] == "200" && line.contains("ticket_sender_params")
    });
    let mut row: serde_json::Value = serde_json::from_str(line.expect("such a row")).expect("a row");
    let value = match header {
        None => &mut row["request"]["body_b64"],
        Some(header) => {
            let all = row["request"]["headers"].as_array_mut().expect("headers");
            &mut all.iter_mut().find(|h| h[0] == header).expect("the header")[1]
        }
    };
    let mut text = value.as_str().expect("base64").to_owned().into_bytes();
    text[at] = if text[at] == b'A' { b'B' } else { b'A' };
    *value = String::from_utf8(text).expect("base64").into();
    row.to_string()
}

#[test]
fn what_was_altered_does_not_verify() {
    let files: std::collections::BTreeMap<String, String> = committed().into_iter().collect();
    let gateway = &files["onchain-video/gateway-o1"];
    for (header, at) in
        [("livepeer-segment", 30), ("livepeer-segment", 100), ("livepeer-payment", 40), ("livepeer-payment", 350)]
    {
        let report = wire::replay("altered", &altered(gateway, "/segment", Some(header), at));
        assert_eq!(report.failed, 1, "{header} at {at}: {report:?}");
    }
    let line = files["onchain-video/o2-redeemer"].lines().find(|line| line.contains("QueueTicket")).expect("a row");
    let mut row: serde_json::Value = serde_json::from_str(line).expect("a row");
    let body = row["request"]["body_b64"].as_str().expect("base64").to_owned();
    assert_eq!(wire::replay("sound", line).failed, 0);
    for at in [60, 150, 340] {
        let mut text = body.clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        row["request"]["body_b64"] = String::from_utf8(text).expect("base64").into();
        let report = wire::replay("altered", &row.to_string());
        assert_eq!((report.cases, report.failed), (1, 1), "at {at}: {report:?}");
    }
}
