//! Signatures.

use weir_ticket::sig::{recover, recover_message, verify};
use weir_ticket::{LazySigner, SigError, Signature, SigningKey, TextSigner, TicketSigner};
use weir_types::{Address, B256};

use crate::support::{gateway_key, orchestrator_key};

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

#[test]
fn texts_are_signed_as_they_are() {
    let (key, text) = (gateway_key(), b"{\"StateID\":\"26409a6c\"}");
    let sig = key.sign_text(text);
    assert_eq!(recover_message(text, sig.as_ref()), Ok(key.address()));
    assert_ne!(sig, key.sign_message(text), "a text is not signed by its hash");
    let lazy = LazySigner(key.address());
    for (signer, other) in [
        (&key as &dyn TextSigner, &orchestrator_key() as &dyn TextSigner),
        (&lazy, &LazySigner(orchestrator_key().address())),
    ] {
        let sig = signer.sign_text(text);
        assert!(signer.signed(text, sig.as_ref()));
        assert!(!signer.signed(b"another", sig.as_ref()) && !signer.signed(text, &sig.as_ref()[1..]));
        assert!(!signer.signed(text, &[]) && !other.signed(text, sig.as_ref()));
    }
}
