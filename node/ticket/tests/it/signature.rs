//! Signatures against go-livepeer's cases.

use weir_ticket::sig::{prefixed, recover, recover_message, verify};
use weir_ticket::{SigError, Signature, SigningKey};
use weir_types::{Address, B256, keccak256};

use crate::support::{address, bytes, data, flag, gateway_key, list, maybe, of_kind, orchestrator_key, text, word};

#[test]
fn signed_messages() {
    let file = data("signatures");
    let kinds = ["info", "ping", "renditions", "raw"].map(|k| of_kind(&file, k).len());
    assert_eq!(kinds, [2, 1, 9, 64]);
    assert_eq!(list(&file, "cases").len(), 76);
    for c in list(&file, "cases") {
        let key = match text(c, "key") {
            "gw" => gateway_key(),
            "orch" => orchestrator_key(),
            other => panic!("unknown key {other}"),
        };
        let hash = keccak256(bytes(text(c, "message")));
        assert_eq!(hash, word(text(c, "keccak")), "{c}");
        assert_eq!(prefixed(hash), word(text(c, "prefixedDigest")), "{c}");
        let sig = key.sign(hash);
        assert_eq!(sig.to_string(), text(c, "sig"), "{c}");
        assert_eq!(recover(hash, &sig), Ok(key.address()), "{c}");
    }
}

#[test]
fn altered_signatures() {
    let file = data("signatures");
    let all = list(&file, "verify");
    assert_eq!(all.len(), 14);
    let mut valid = 0;
    for c in all {
        let hash = keccak256(bytes(text(c, "message")));
        let found = recover_message(hash.as_slice(), &bytes(text(c, "sig")));
        let ok = found == Ok(address(text(c, "address")));
        assert_eq!(ok, flag(c, "valid"), "{found:?} in {c}");
        if let Ok(sig) = Signature::from_slice(&bytes(text(c, "sig"))) {
            assert_eq!(verify(address(text(c, "address")), hash, &sig).is_ok(), flag(c, "valid"), "{c}");
        }
        valid += usize::from(ok);
    }
    assert_eq!(valid, 1);
}

#[test]
fn recovered_addresses() {
    let file = data("ecrecover");
    let all = list(&file, "cases");
    assert_eq!(all.len(), 17);
    let mut found = 0;
    for c in all {
        let got = recover_message(&bytes(text(c, "message")), &bytes(text(c, "sig")));
        assert_eq!(got.map_err(|e| e.to_string()).err(), maybe(c, "error"), "{c}");
        assert_eq!(got.ok().map(|a| a.to_string()), maybe(c, "address"), "{c}");
        found += usize::from(got.is_ok());
    }
    assert_eq!(found, 5);
}

#[test]
fn the_empty_signature_is_nobodys() {
    let hash = B256::repeat_byte(1);
    assert_eq!(Signature::default(), Signature::INVALID);
    assert_eq!(recover(hash, &Signature::INVALID), Err(SigError::BadV));
    assert!(verify(Address::ZERO, hash, &Signature::INVALID).is_err());
    for wrong in [0, 1, 64, 66] {
        assert_eq!(Signature::lenient(&vec![27; wrong]), Signature::INVALID);
        assert_eq!(Signature::from_slice(&vec![27; wrong]), Err(SigError::Length));
    }
}

#[test]
fn keys() {
    assert_eq!(gateway_key().address().to_string(), "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
    assert_eq!(orchestrator_key().address().to_string(), "0xb595B18c88b1f651cA387489067f855b5C8E6720");
    assert_eq!(gateway_key().secret_bytes(), [0x46; 32]);
    for wrong in [[0; 32], [0xff; 32]] {
        assert_eq!(SigningKey::from_bytes(wrong).map(|k| k.address()), Err(SigError::Key));
    }
    assert!(!format!("{:?}", gateway_key()).contains("46464646"), "a key shows its secret");
}

#[test]
fn text_form() {
    let sig = gateway_key().sign(B256::repeat_byte(9));
    assert_eq!(sig.to_string().parse(), Ok(sig));
    assert_eq!(format!("0x{sig}").parse(), Ok(sig));
    assert_eq!(serde_json::from_str::<Signature>(&serde_json::to_string(&sig).expect("JSON")).expect("own form"), sig);
    for wrong in ["", "zz", "0x", &"00".repeat(64), &"00".repeat(66)] {
        assert_eq!(wrong.parse::<Signature>(), Err(SigError::Length), "{wrong}");
    }
}
