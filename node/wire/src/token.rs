//! Session tokens.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use weir_types::B256;

use crate::field::trimmed;

/// A token's bytes: HMAC-SHA256 over the session's id and the Unix second of its end, the latter big-endian without
/// leading zeros. Of a second before 1970 its distance counts.
#[must_use]
pub fn token(secret: &[u8], session_id: &str, expiration: i64) -> B256 {
    B256::from_slice(&mac(secret, session_id, expiration).finalize().into_bytes())
}

/// Whether bytes are the token of a session. It takes the same time wherever they differ.
#[must_use]
pub fn is_token(bytes: &[u8], secret: &[u8], session_id: &str, expiration: i64) -> bool {
    mac(secret, session_id, expiration).verify_slice(bytes).is_ok()
}

fn mac(secret: &[u8], session_id: &str, expiration: i64) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(session_id.as_bytes());
    mac.update(trimmed(&expiration.unsigned_abs().to_be_bytes()));
    mac
}
