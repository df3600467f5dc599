//! Signatures over 32-byte hashes with Ethereum's personal-message prefix.
//!
//! Signing is deterministic (RFC 6979, low s), so a ticket's signature, and with it whether the
//! ticket wins, follows from the key and the ticket alone.

use std::fmt;
use std::str::FromStr;

use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use twox_hash::XxHash3_64;
use weir_types::{Address, B256, Keccak256, U256, WinProb, keccak256};

/// Length of a signature: r (32), s (32), v (1).
pub const SIGNATURE_LEN: usize = 65;

/// Half of the group's order: the largest s that is accepted.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e,
    0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// Why a signature is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SigError {
    /// Not 65 bytes.
    #[error("invalid signature length")]
    Length,
    /// The s value is in the upper half of the order: the malleable twin of a signature.
    #[error("signature s value too high")]
    HighS,
    /// The v value is neither 27 nor 28.
    #[error("signature v value must be 27 or 28")]
    BadV,
    /// No public key belongs to the values.
    #[error("recovery failed")]
    Recovery,
    /// It is somebody else's signature.
    #[error("signature by {found}, expected {expected}")]
    WrongSigner {
        /// Who signed.
        found: Address,
        /// Who should have signed.
        expected: Address,
    },
    /// 32 bytes that are no private key: zero, or not below the group's order.
    #[error("not a private key")]
    Key,
}

/// A signature r || s || v with v 27 or 28.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(pub [u8; SIGNATURE_LEN]);

impl Signature {
    /// A value that verifies for nobody: what a decoder puts where a message carries no
    /// well-formed signature.
    pub const INVALID: Self = Self([0; SIGNATURE_LEN]);

    /// From bytes.
    ///
    /// # Errors
    /// [`SigError::Length`] unless there are 65 of them.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, SigError> {
        bytes.try_into().map(Self).map_err(|_| SigError::Length)
    }

    /// From bytes of a message: [`Self::INVALID`] where their number is wrong, so that the refusal
    /// comes from the check of the signature and not from the decoder.
    #[must_use]
    pub fn lenient(bytes: &[u8]) -> Self {
        Self::from_slice(bytes).unwrap_or(Self::INVALID)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SIGNATURE_LEN] {
        &self.0
    }
}

impl Default for Signature {
    fn default() -> Self {
        Self::INVALID
    }
}

impl AsRef<[u8]> for Signature {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = SigError;

    fn from_str(s: &str) -> Result<Self, SigError> {
        let bytes = hex::decode(s.strip_prefix("0x").unwrap_or(s)).map_err(|_| SigError::Length)?;
        Self::from_slice(&bytes)
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Signs for one address. Tickets and credentials go through this trait, so a run may put a
/// cheaper scheme, or a key held elsewhere, in place of [`SigningKey`].
pub trait TicketSigner {
    /// Address of the key.
    fn address(&self) -> Address;

    /// Signature over a hash.
    fn sign(&self, hash: B256) -> Signature;

    /// Signature over the hash of a message.
    fn sign_message(&self, message: &[u8]) -> Signature {
        self.sign(keccak256(message))
    }
}

/// Signs texts that it gets back one day.
pub trait TextSigner: TicketSigner {
    /// Signature over a text as it is, and not over its hash.
    fn sign_text(&self, text: &[u8]) -> Signature;

    /// Whether bytes are its own signature over a text.
    fn signed(&self, text: &[u8], sig: &[u8]) -> bool {
        recover_message(text, sig) == Ok(self.address())
    }
}

/// Checks what a [`TicketSigner`] of the same scheme signed.
pub trait TicketVerifier: fmt::Debug {
    /// Accepts a signature over a hash by an address.
    ///
    /// # Errors
    /// [`SigError`] says what is wrong with it.
    fn verify(&self, signer: Address, hash: B256, sig: &Signature) -> Result<(), SigError>;

    /// Accepts a signature over the hash of a message.
    ///
    /// # Errors
    /// [`SigError`] says what is wrong with it.
    fn verify_message(&self, signer: Address, message: &[u8], sig: &Signature) -> Result<(), SigError> {
        self.verify(signer, keccak256(message), sig)
    }
}

/// The network's own scheme: secp256k1 over the prefixed hash.
#[derive(Debug, Clone, Copy, Default)]
pub struct EthVerifier;

impl TicketVerifier for EthVerifier {
    fn verify(&self, signer: Address, hash: B256, sig: &Signature) -> Result<(), SigError> {
        verify(signer, hash, sig)
    }
}

/// A private key and its address.
#[derive(Clone)]
pub struct SigningKey {
    secret: SecretKey,
    address: Address,
}

impl SigningKey {
    /// The key of 32 bytes.
    ///
    /// # Errors
    /// [`SigError::Key`] for zero and for numbers not below the group's order.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, SigError> {
        let secret = SecretKey::from_byte_array(bytes).map_err(|_| SigError::Key)?;
        let address = address_of(&PublicKey::from_secret_key(SECP256K1, &secret));
        Ok(Self { secret, address })
    }

    /// Address of the key.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn secret_bytes(&self) -> [u8; 32] {
        self.secret.secret_bytes()
    }

    /// Signature over the prefixed hash.
    #[must_use]
    pub fn sign(&self, hash: B256) -> Signature {
        self.sign_digest(prefixed(hash))
    }

    fn sign_digest(&self, digest: B256) -> Signature {
        let message = Message::from_digest(digest.0);
        let (id, rs) = SECP256K1.sign_ecdsa_recoverable(message, &self.secret).serialize_compact();
        let mut out = [0; SIGNATURE_LEN];
        out[..64].copy_from_slice(&rs);
        out[64] = if id == RecoveryId::One { 28 } else { 27 };
        Signature(out)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.address)
    }
}

impl TicketSigner for SigningKey {
    fn address(&self) -> Address {
        self.address
    }

    fn sign(&self, hash: B256) -> Signature {
        Self::sign(self, hash)
    }
}

impl TextSigner for SigningKey {
    fn sign_text(&self, text: &[u8]) -> Signature {
        self.sign_digest(prefixed_message(text))
    }
}

/// Signs in simulations where signatures are not what is looked at: a signature names its signer and carries a checksum
/// of what is signed, costs nothing, and anybody could make it. [`LazyVerifier`] takes no other. What is signed as a
/// message is checked as a message, and what is signed as a hash as a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LazySigner(pub Address);

impl TicketSigner for LazySigner {
    fn address(&self) -> Address {
        self.0
    }

    fn sign(&self, hash: B256) -> Signature {
        self.sign_message(hash.as_slice())
    }

    fn sign_message(&self, message: &[u8]) -> Signature {
        let mut sig = Signature::INVALID;
        sig.0[24..32].copy_from_slice(&XxHash3_64::oneshot(message).to_be_bytes());
        sig.0[44..64].copy_from_slice(self.0.as_slice());
        sig.0[64] = 27;
        sig
    }
}

impl TextSigner for LazySigner {
    fn sign_text(&self, text: &[u8]) -> Signature {
        self.sign_message(text)
    }

    fn signed(&self, text: &[u8], sig: &[u8]) -> bool {
        self.sign_text(text).as_bytes() == sig
    }
}

/// Checks the signatures of [`LazySigner`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LazyVerifier;

impl TicketVerifier for LazyVerifier {
    fn verify(&self, signer: Address, hash: B256, sig: &Signature) -> Result<(), SigError> {
        self.verify_message(signer, hash.as_slice(), sig)
    }

    fn verify_message(&self, signer: Address, message: &[u8], sig: &Signature) -> Result<(), SigError> {
        if *sig == LazySigner(signer).sign_message(message) {
            return Ok(());
        }
        let found = Address::from_slice(&sig.0[44..64]);
        Err(if found == signer { SigError::Recovery } else { SigError::WrongSigner { found, expected: signer } })
    }
}

/// What stands before a hash in the message that is signed for it.
const PREFIX: &[u8; 28] = b"\x19Ethereum Signed Message:\n32";

/// Digest that is signed for a 32-byte hash.
#[must_use]
pub fn prefixed(hash: B256) -> B256 {
    let mut buf = [0; PREFIX.len() + 32];
    buf[..PREFIX.len()].copy_from_slice(PREFIX);
    buf[PREFIX.len()..].copy_from_slice(hash.as_slice());
    keccak256(buf)
}

/// Digest that is signed for a message of any length.
#[must_use]
pub fn prefixed_message(message: &[u8]) -> B256 {
    if let Ok(hash) = B256::try_from(message) {
        return prefixed(hash);
    }
    let mut buf = format!("\x19Ethereum Signed Message:\n{}", message.len()).into_bytes();
    buf.extend_from_slice(message);
    keccak256(buf)
}

/// Who signed a message of any length.
///
/// # Errors
/// [`SigError`] when the signature is malformed or belongs to no key.
pub fn recover_message(message: &[u8], sig: &[u8]) -> Result<Address, SigError> {
    let sig: &[u8; SIGNATURE_LEN] = sig.try_into().map_err(|_| SigError::Length)?;
    if sig[32..64] > HALF_ORDER[..] {
        return Err(SigError::HighS);
    }
    let id = match sig[64] {
        27 => RecoveryId::Zero,
        28 => RecoveryId::One,
        _ => return Err(SigError::BadV),
    };
    let sig = RecoverableSignature::from_compact(&sig[..64], id).map_err(|_| SigError::Recovery)?;
    let message = Message::from_digest(prefixed_message(message).0);
    SECP256K1.recover_ecdsa(message, &sig).map(|key| address_of(&key)).map_err(|_| SigError::Recovery)
}

/// Who signed a hash.
///
/// # Errors
/// [`SigError`] when the signature is malformed or belongs to no key.
pub fn recover(hash: B256, sig: &Signature) -> Result<Address, SigError> {
    recover_message(hash.as_slice(), &sig.0)
}

/// Accepts a signature over a hash by an address.
///
/// # Errors
/// [`SigError`] when it is malformed or by another key.
pub fn verify(signer: Address, hash: B256, sig: &Signature) -> Result<(), SigError> {
    let found = recover(hash, sig)?;
    if found == signer { Ok(()) } else { Err(SigError::WrongSigner { found, expected: signer }) }
}

/// The number a ticket draws: it wins when the draw is below its win probability.
#[must_use]
pub fn draw(sig: &[u8], recipient_rand: U256) -> U256 {
    let mut hasher = Keccak256::new();
    hasher.update(sig);
    hasher.update(recipient_rand.to_be_bytes::<32>());
    U256::from_be_bytes(hasher.finalize().0)
}

/// True when the signature and the recipient's number together draw below the win probability.
#[must_use]
pub fn is_winning(sig: &[u8], recipient_rand: U256, win_prob: WinProb) -> bool {
    draw(sig, recipient_rand) < win_prob.0
}

fn address_of(key: &PublicKey) -> Address {
    let hash = keccak256(&key.serialize_uncompressed()[1..]);
    Address::from_slice(&hash[12..])
}
