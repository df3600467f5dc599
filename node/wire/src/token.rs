//! Session tokens.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use weir_types::B256;

use crate::field::trimmed;

/// A secret, ready to make tokens with.
#[derive(Debug, Clone)]
pub struct TokenKey(Hmac<Sha256>);

impl TokenKey {
    /// The key of a secret of any length.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"))
    }

    /// A token's bytes: HMAC-SHA256 over the session's id and the Unix second of its end, the latter big-endian
    /// without leading zeros. Of a second before 1970 its distance counts.
    #[must_use]
    pub fn token(&self, session_id: &str, expiration: i64) -> B256 {
        B256::from_slice(&self.mac(session_id, expiration).finalize().into_bytes())
    }

    /// Whether bytes are the token of a session. It takes the same time wherever they differ.
    #[must_use]
    pub fn made(&self, bytes: &[u8], session_id: &str, expiration: i64) -> bool {
        self.mac(session_id, expiration).verify_slice(bytes).is_ok()
    }

    fn mac(&self, session_id: &str, expiration: i64) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(session_id.as_bytes());
        mac.update(trimmed(&expiration.unsigned_abs().to_be_bytes()));
        mac
    }
}
