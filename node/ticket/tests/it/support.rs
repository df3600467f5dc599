//! Keys and stand-ins.

use weir_ticket::{SigError, Signature, SigningKey, TicketVerifier};
use weir_types::{Address, B256, Credit};

/// The gateway's key of these tests.
pub(crate) fn gateway_key() -> SigningKey {
    SigningKey::from_bytes([0x46; 32]).expect("key")
}

/// The orchestrator's key of these tests.
pub(crate) fn orchestrator_key() -> SigningKey {
    SigningKey::from_bytes([0x47; 32]).expect("key")
}

/// The secret of the recipients in these tests.
pub(crate) fn secret() -> [u8; 32] {
    let mut out = [0; 32];
    out[0] = 3;
    out
}

/// Takes every signature for good.
#[derive(Debug)]
pub(crate) struct Trusting;

impl TicketVerifier for Trusting {
    fn verify(&self, _: Address, _: B256, _: &Signature) -> Result<(), SigError> {
        Ok(())
    }
}

/// A sum as `n/d` or `n`.
pub(crate) fn credit(s: &str) -> Credit {
    Credit(s.parse().unwrap_or_else(|_| panic!("not a rational: {s}")))
}
