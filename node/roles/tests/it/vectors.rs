//! Cases of the original's own functions.

use serde_json::Value;
use weir_roles::auth::{flatten, token_mac};
use weir_ticket::SigningKey;
use weir_types::{B256, keccak256};

fn cases(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).expect("a case file is JSON");
    file["cases"].as_array().expect("it has cases").clone()
}

fn text<'a>(v: &'a Value, key: &str) -> &'a str {
    v[key].as_str().unwrap_or_else(|| panic!("no text {key} in {v}"))
}

/// A rendition's name; the original makes one up where there is none.
fn name(profile: &Value) -> String {
    match text(profile, "name") {
        "" => {
            let bits = text(profile, "bitrate").replace('k', "000");
            format!("ffmpeg_{}_{bits}", text(profile, "resolution"))
        }
        name => name.to_owned(),
    }
}

#[test]
fn session_tokens() {
    let mut checked = 0;
    for c in cases(include_str!("../data/auth_tokens.json")) {
        let secret = hex::decode(text(&c, "secret")).expect("hex");
        // Sessions of the network never expire before 1970.
        let expiration = c["expiration"].as_i64().expect("a number").unsigned_abs();
        let token = token_mac(&secret, text(&c, "sessionID"), expiration);
        assert_eq!(hex::encode(token), text(&c, "token"), "{c}");
        checked += 1;
    }
    assert_eq!(checked, 75);
}

#[test]
fn signed_bytes_of_segments() {
    let key = SigningKey::from_bytes([0x46; 32]).expect("a key");
    let mut checked = 0;
    for c in cases(include_str!("../data/seg_creds.json")) {
        let (Some(want), Some(seq)) = (c["flatten"].as_str(), c["seq"].as_str().and_then(|s| s.parse::<i64>().ok()))
        else {
            continue;
        };
        let data = hex::decode(text(&c, "data")).expect("hex");
        let names: Vec<String> = c["profiles"].as_array().map(|p| p.iter().map(name).collect()).unwrap_or_default();
        let names = names.iter().map(String::as_str);
        let flat = flatten(text(&c, "manifestID"), seq.unsigned_abs(), keccak256(data), names);
        assert_eq!(hex::encode(&flat), want, "{c}");
        let sig = key.sign(B256::from(keccak256(&flat)));
        assert_eq!(hex::encode(sig.as_bytes()), text(&c, "sig"), "{c}");
        checked += 1;
    }
    assert!(checked > 0);
    println!("{checked} segments");
}
