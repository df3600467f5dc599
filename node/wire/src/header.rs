//! Messages in HTTP headers: protobuf in base64.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost::Message;
use thiserror::Error;

/// Header with a segment's description.
pub const SEGMENT: &str = "Livepeer-Segment";
/// Header with a payment.
pub const PAYMENT: &str = "Livepeer-Payment";

/// Padded; bits of the last character that belong to no byte may be anything.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// A header that is no message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// It is not base64.
    #[error("base64 decode error: {0}")]
    Base64(#[from] base64::DecodeError),
    /// What it holds is no such message.
    #[error("protobuf unmarshal error: {0}")]
    Protobuf(#[from] prost::DecodeError),
}

/// A message as a header's value.
#[must_use]
pub fn encode(message: &impl Message) -> String {
    BASE64.encode(message.encode_to_vec())
}

/// The message of a header's value. An empty value is an empty message.
///
/// # Errors
/// It is none.
pub fn decode<M: Message + Default>(value: &str) -> Result<M, HeaderError> {
    Ok(M::decode(bytes(value)?.as_slice())?)
}

/// Bytes in base64.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The bytes of a text in base64.
///
/// # Errors
/// It is none.
pub fn bytes(value: &str) -> Result<Vec<u8>, base64::DecodeError> {
    // Line ends within are passed over, as Go's decoder does.
    let plain: String = value.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    BASE64.decode(plain)
}
