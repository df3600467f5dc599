//! Segments and what is made of them, as machines see them: descriptions in place of bytes.

use std::ops::Deref;
use std::sync::Arc;

use weir_ticket::{SigError, Signature, TicketSigner, TicketVerifier};
use weir_types::{Address, B256, Millis, Pixels, Profile};
use weir_wire::segment::{flatten_ids, profile_ids};
use weir_wire::signed;

use crate::name::Name;

/// A segment's description: everything a machine needs to know of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentMeta {
    /// Stream the segment belongs to.
    pub stream: u64,
    /// Position in the stream, from 0.
    pub seq: u64,
    /// Playing time.
    pub duration: Millis,
    /// Size of the source in bytes.
    pub bytes: u64,
    /// Frames in the source.
    pub frames: u32,
    /// Keccak-256 of the source, or of its description where media is modelled.
    pub hash: B256,
    /// Renditions asked for, with the sizes that this source gives them.
    pub profiles: Arc<Renditions>,
}

/// The renditions that a stream asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renditions {
    profiles: Vec<Profile>,
    /// What stands for them in each segment's signature.
    ids: String,
}

impl Renditions {
    /// What stands for them in what a segment's sender signs.
    #[must_use]
    pub fn ids(&self) -> &str {
        &self.ids
    }
}

impl From<Vec<Profile>> for Renditions {
    fn from(profiles: Vec<Profile>) -> Self {
        Self { ids: profile_ids(profiles.iter().map(|p| p.name.as_str())), profiles }
    }
}

impl Deref for Renditions {
    type Target = [Profile];

    fn deref(&self) -> &[Profile] {
        &self.profiles
    }
}

/// A segment's description with what its sender signs. Neither changes, so that it is put together once for all
/// attempts to have the segment transcoded, and for whoever checks it in the same process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    meta: SegmentMeta,
    message: Vec<u8>,
}

impl Segment {
    /// The segment of a description.
    #[must_use]
    pub fn new(meta: SegmentMeta) -> Self {
        Self { message: message(&meta), meta }
    }

    /// Its sender's signature.
    #[must_use]
    pub fn sign(&self, signer: &dyn TicketSigner) -> Signature {
        signer.sign_message(&self.message)
    }

    /// Checks that a sender signed it.
    ///
    /// # Errors
    /// [`SigError`] says what is wrong with the signature.
    pub fn verify(&self, sender: Address, sig: &Signature, verifier: &dyn TicketVerifier) -> Result<(), SigError> {
        verifier.verify_message(sender, &self.message, sig)
    }
}

fn message(segment: &SegmentMeta) -> Vec<u8> {
    let seq = i64::try_from(segment.seq).unwrap_or(i64::MAX);
    flatten_ids(Name::new(segment.stream).as_bytes(), seq, segment.hash, segment.profiles.ids())
}

impl Deref for Segment {
    type Target = SegmentMeta;

    fn deref(&self) -> &SegmentMeta {
        &self.meta
    }
}

/// One rendition of a segment as a worker reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenditionMeta {
    /// Encoded pixels.
    pub pixels: Pixels,
    /// Size in bytes.
    pub bytes: u64,
    /// Keccak-256 of the bytes, or of their description where media is modelled.
    pub hash: B256,
}

/// Finished renditions of a segment, with an orchestrator's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentResult {
    renditions: Vec<RenditionMeta>,
    /// What is signed.
    message: Vec<u8>,
    sig: Signature,
}

impl SegmentResult {
    /// Renditions, signed.
    #[must_use]
    pub fn sign(renditions: Vec<RenditionMeta>, signer: &dyn TicketSigner) -> Self {
        let message = Self::message(&renditions);
        Self { sig: signer.sign_message(&message), renditions, message }
    }

    /// Renditions with the signature that came with them.
    #[must_use]
    pub fn received(renditions: Vec<RenditionMeta>, sig: Signature) -> Self {
        Self { message: Self::message(&renditions), renditions, sig }
    }

    fn message(renditions: &[RenditionMeta]) -> Vec<u8> {
        signed::renditions_message(renditions.iter().map(|r| r.hash))
    }

    /// In the order of the profiles.
    #[must_use]
    pub fn renditions(&self) -> &[RenditionMeta] {
        &self.renditions
    }

    /// Checks that an orchestrator signed them.
    ///
    /// # Errors
    /// [`SigError`] says what is wrong with the signature.
    pub fn verify(&self, orchestrator: Address, verifier: &dyn TicketVerifier) -> Result<(), SigError> {
        verifier.verify_message(orchestrator, &self.message, &self.sig)
    }

    /// Pixels of all renditions.
    #[must_use]
    pub fn pixels(&self) -> Pixels {
        pixels(&self.renditions)
    }
}

/// Pixels of all renditions; the largest number where they do not fit.
#[must_use]
pub fn pixels(renditions: &[RenditionMeta]) -> Pixels {
    Pixels(renditions.iter().fold(0, |sum, r| sum.saturating_add(r.pixels.0)))
}
