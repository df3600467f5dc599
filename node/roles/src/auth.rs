//! Session tokens and signed requests.

use weir_ticket::{Signature, TicketSigner, TicketVerifier};
use weir_types::{Address, B256, Entropy, Instant, Millis};
use weir_wire::signed;
use weir_wire::token::TokenKey;

use crate::io::AuthToken;
use crate::name::Name;

/// How long a session's token is good: go-livepeer's 30 minutes.
pub const TOKEN_LIFE: Millis = Millis::from_secs(30 * 60);

/// Makes and checks an orchestrator's session tokens. Tokens of an earlier life of the node are not
/// good any more: the secret is drawn at each start.
#[derive(Debug)]
pub struct TokenMint {
    key: TokenKey,
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not made by this node's present life.
    #[error("invalid auth token")]
    Invalid,
    /// Its time is over.
    #[error("expired auth token")]
    Expired,
}

impl TokenMint {
    /// A mint with a fresh secret.
    pub fn new(rng: &mut Entropy) -> Self {
        Self { key: TokenKey::new(&rng.word().to_be_bytes::<32>()) }
    }

    /// A token for a new session.
    pub fn issue(&self, now: Instant, rng: &mut Entropy) -> AuthToken {
        // The wire gives a session eight hexadecimal digits.
        let session_id = rng.below(1 << 32);
        // Whole seconds, as the wire carries them.
        let expires = Instant::from_secs((now + TOKEN_LIFE).as_secs());
        AuthToken { session_id, token: self.mac(session_id, expires), expires }
    }

    /// Checks a token.
    ///
    /// # Errors
    /// [`TokenError`] says why it is refused.
    pub fn check(&self, token: &AuthToken, now: Instant) -> Result<(), TokenError> {
        let (name, end) = (Name::new(token.session_id), seconds(token.expires));
        if !self.key.made(token.token.as_slice(), name.as_str(), end) {
            return Err(TokenError::Invalid);
        }
        if token.expires < now {
            return Err(TokenError::Expired);
        }
        Ok(())
    }

    fn mac(&self, session_id: u64, expires: Instant) -> B256 {
        self.key.token(Name::new(session_id).as_str(), seconds(expires))
    }
}

fn seconds(at: Instant) -> i64 {
    i64::try_from(at.as_secs()).unwrap_or(i64::MAX)
}

/// Signature with which a sender asks for an orchestrator's information: over its own address.
#[must_use]
pub fn sign_request(signer: &dyn TicketSigner) -> Signature {
    signer.sign(signed::request(signer.address()))
}

/// Checks a [`sign_request`] signature.
#[must_use]
pub fn request_is_signed(sender: Address, sig: &Signature, verifier: &dyn TicketVerifier) -> bool {
    verifier.verify(sender, signed::request(sender), sig).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_bound_to_session_expiry_and_secret() {
        let mut rng = Entropy::from_seed([1; 32]);
        let mint = TokenMint::new(&mut rng);
        let now = Instant::from_secs(1000);
        let t = mint.issue(now, &mut rng);
        assert_eq!(mint.check(&t, now), Ok(()));
        assert_eq!(mint.check(&t, Instant::from_secs(1000 + 1800)), Ok(()));
        assert_eq!(mint.check(&t, Instant::from_secs(1000 + 1801)), Err(TokenError::Expired));
        let other = AuthToken { session_id: t.session_id ^ 1, ..t };
        assert_eq!(mint.check(&other, now), Err(TokenError::Invalid));
        let longer = AuthToken { expires: Instant::from_secs(9_000_000), ..t };
        assert_eq!(mint.check(&longer, now), Err(TokenError::Invalid));
        let restarted = TokenMint::new(&mut rng);
        assert_eq!(restarted.check(&t, now), Err(TokenError::Invalid));
    }
}
