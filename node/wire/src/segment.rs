//! What describes a segment on the wire, and what its sender signs.

use thiserror::Error;
use weir_types::{B256, U256, keccak256};

use crate::field;
use crate::net::{EncoderProfile, Format, SegData, VideoCodec, VideoProfile};

/// What the field for renditions of old holds, so that nodes of old refuse.
pub const NO_PROFILES: &[u8] = b"invalid";
/// Milliseconds of a segment that says nothing of its length.
pub const DEFAULT_DURATION: i32 = 2_000;
/// Most milliseconds of a segment.
pub const MAX_DURATION: i32 = 300_000;

/// A description that makes no sense, in the words that other nodes know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// Its length is below zero or beyond the most.
    #[error("invalid duration")]
    Duration,
    /// A container that is not known.
    #[error("unrecognized profile output format")]
    Format,
    /// A profile of an encoder that is not known.
    #[error("unrecognized encoder profile")]
    EncoderProfile,
    /// A codec that is not known.
    #[error("unrecognized video codec")]
    Codec,
}

/// Bytes that a sender signs for a segment: the stream's name, the number and hash of the segment, and of each
/// rendition's name the first four bytes of its hash, as hexadecimal text. Of a number below zero its distance counts.
#[must_use]
pub fn flatten<'a>(manifest_id: &[u8], seq: i64, hash: B256, profiles: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    flatten_ids(manifest_id, seq, hash, &profile_ids(profiles))
}

/// [`flatten`] with the [ids](profile_ids) of the renditions: all segments of a stream have them in common.
#[must_use]
pub fn flatten_ids(manifest_id: &[u8], seq: i64, hash: B256, ids: &str) -> Vec<u8> {
    [manifest_id, &U256::from(seq.unsigned_abs()).to_be_bytes::<32>(), hash.as_slice(), ids.as_bytes()].concat()
}

/// The [ids](profile_id) of renditions one after another.
#[must_use]
pub fn profile_ids<'a>(profiles: impl IntoIterator<Item = &'a str>) -> String {
    profiles.into_iter().map(profile_id).collect()
}

/// Four bytes that stand for a rendition's name, in hexadecimal.
#[must_use]
pub fn profile_id(name: &str) -> String {
    hex::encode(&keccak256(name.as_bytes())[..4])
}

/// The name of a rendition that has none, as its sender makes it up.
#[must_use]
pub fn sent_name(p: &VideoProfile) -> String {
    format!("ffmpeg_{}x{}_{}", p.width, p.height, p.bitrate)
}

/// The name of a rendition that has none, as its receiver makes it up.
#[must_use]
pub fn received_name(p: &VideoProfile) -> String {
    format!("net_{}x{}_{}", p.width, p.height, p.bitrate)
}

impl SegData {
    /// Puts renditions into the field that the oldest nodes able to make them read.
    pub fn set_profiles(&mut self, profiles: Vec<VideoProfile>) {
        (self.full_profiles, self.full_profiles2, self.full_profiles3) = Default::default();
        let plain =
            |p: &VideoProfile| p.fps_den == 0 && p.gop == 0 && p.profile == EncoderProfile::EncoderDefault as i32;
        if !profiles.iter().all(plain) {
            self.full_profiles3 = profiles;
        } else if profiles.iter().any(|p| p.format != Format::Mpegts as i32) {
            self.full_profiles2 = profiles;
        } else {
            self.full_profiles = profiles;
        }
    }

    /// The renditions, from the newest field that has any.
    #[must_use]
    pub fn video_profiles(&self) -> &[VideoProfile] {
        [&self.full_profiles3, &self.full_profiles2]
            .into_iter()
            .find(|profiles| !profiles.is_empty())
            .unwrap_or(&self.full_profiles)
    }

    /// Milliseconds of the segment.
    ///
    /// # Errors
    /// There are too many, or fewer than none.
    pub const fn millis(&self) -> Result<i32, SegmentError> {
        match self.duration {
            0 => Ok(DEFAULT_DURATION),
            1..=MAX_DURATION => Ok(self.duration),
            _ => Err(SegmentError::Duration),
        }
    }

    /// Bytes that its sender signs.
    #[must_use]
    pub fn flatten(&self) -> Vec<u8> {
        let made_up: Vec<String> = self
            .video_profiles()
            .iter()
            .map(|p| if p.name.is_empty() { received_name(p) } else { p.name.clone() })
            .collect();
        flatten(&self.manifest_id, self.seq, field::hash(&self.hash), made_up.iter().map(String::as_str))
    }

    /// Whether the renditions are such that this node knows what is meant.
    ///
    /// # Errors
    /// What of the first one is not known.
    pub fn check_profiles(&self) -> Result<(), SegmentError> {
        for p in self.video_profiles() {
            Format::try_from(p.format).map_err(|_| SegmentError::Format)?;
            EncoderProfile::try_from(p.profile).map_err(|_| SegmentError::EncoderProfile)?;
            VideoCodec::try_from(p.encoder).map_err(|_| SegmentError::Codec)?;
        }
        Ok(())
    }
}
