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
            let sides: Vec<&str> = text(profile, "resolution").split('x').take(2).collect();
            format!("ffmpeg_{}_{bits}", sides.join("x"))
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

/// Cases with signed bytes; the others are refused before anything is signed.
const SEGMENTS: usize = 117;

#[test]
fn signed_bytes_of_segments() {
    let key = SigningKey::from_bytes([0x46; 32]).expect("a key");
    let mut checked = 0;
    for c in cases(include_str!("../data/seg_creds.json")) {
        let (Some(want), Some(seq)) = (c["flatten"].as_str(), c["seq"].as_str().and_then(|s| s.parse::<i128>().ok()))
        else {
            continue;
        };
        let data = hex::decode(text(&c, "data")).expect("hex");
        let profiles = c["profiles"].as_array().cloned().unwrap_or_default();
        let bytes = |names: Vec<String>| {
            let names = names.iter().map(String::as_str);
            flatten(
                text(&c, "manifestID"),
                u64::try_from(seq.unsigned_abs()).expect("64 bits"),
                keccak256(&data),
                names,
            )
        };
        let flat = bytes(profiles.iter().map(name).collect());
        assert_eq!(hex::encode(&flat), want, "{c}");
        // The original's gateway signs before it makes a name up, so that its own orchestrators
        // refuse the segment. A rendition of ours always has a name.
        let signed = bytes(profiles.iter().map(|p| text(p, "name").to_owned()).collect());
        let sig = key.sign(B256::from(keccak256(&signed)));
        assert_eq!(hex::encode(sig.as_bytes()), text(&c, "sig"), "{c}");
        checked += 1;
    }
    assert_eq!(checked, SEGMENTS);
}
