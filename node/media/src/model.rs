//! How long a transcode takes on a machine and what comes out of it, without doing it.

use crate::geometry::{FrameRate, fit};
use serde::{Deserialize, Serialize};
use weir_types::{Millis, Pixels, Profile};

/// Bytes of a transport stream packet; files of a stream are whole packets.
const TS_PACKET: u64 = 188;

/// What is known of a source segment without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentSpec {
    /// Width of the source in pixels.
    pub width: u32,
    /// Height of the source in pixels.
    pub height: u32,
    /// Frames of the source.
    pub frames: u64,
    /// Length of the source.
    pub duration: Millis,
}

impl SegmentSpec {
    /// Pixels a transcoder decodes.
    #[must_use]
    pub const fn pixels(&self) -> Pixels {
        Pixels((self.width as u64).saturating_mul(self.height as u64).saturating_mul(self.frames))
    }
}

/// A machine that transcodes. All arithmetic is in whole numbers, so equal inputs give equal
/// results everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkModel {
    /// Pixels the machine encodes in a second.
    pub pixels_per_second: u64,
    /// Milliseconds every segment takes besides its pixels.
    pub startup_ms: u64,
    /// Largest deviation from the mean in either direction, in thousandths of the mean.
    #[serde(default)]
    pub jitter_permille: u32,
    /// Cost of decoding a pixel, in thousandths of the cost of encoding one.
    #[serde(default = "decode_cost")]
    pub decode_permille: u32,
    /// Bits that an encoded pixel takes when a profile names no bit rate, in thousandths.
    #[serde(default = "bits_per_pixel")]
    pub bits_per_pixel_permille: u32,
}

const fn decode_cost() -> u32 {
    150
}

const fn bits_per_pixel() -> u32 {
    100
}

impl Default for WorkModel {
    /// A machine of two cores with libx264: a second of 1280×720 at 25 frames makes about a
    /// second's work on a ladder from 720p down.
    fn default() -> Self {
        Self {
            pixels_per_second: 60_000_000,
            startup_ms: 40,
            jitter_permille: 100,
            decode_permille: decode_cost(),
            bits_per_pixel_permille: bits_per_pixel(),
        }
    }
}

/// What a transcoder would have made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelledRendition {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames.
    pub frames: u64,
    /// Encoded pixels.
    pub pixels: Pixels,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Stands for the hash of the file: the same for the same source and profile.
    pub digest: [u8; 32],
}

impl WorkModel {
    /// How long a segment takes; `draw` from 0 to 1 picks the deviation, 0.5 being the mean. A
    /// draw that is no number counts as 0.5.
    #[must_use]
    pub fn time(&self, segment: &SegmentSpec, profiles: &[Profile], draw: f64) -> Millis {
        let encoded: u128 = profiles.iter().map(|p| u128::from(encoded_pixels(segment, p))).sum();
        let decoded = u128::from(segment.pixels().0) * u128::from(self.decode_permille) / 1000;
        let work_ms = ((encoded + decoded) * 1000).div_ceil(u128::from(self.pixels_per_second.max(1)));
        let mean = work_ms.saturating_add(u128::from(self.startup_ms));
        // The draw becomes whole millionths at once, so nothing after it depends on a float.
        let draw = if draw.is_finite() { draw.clamp(0.0, 1.0) } else { 0.5 };
        let millionths = i128::from((draw * 1_000_000.0) as u32) * 2 - 1_000_000;
        let jitter = i128::from(self.jitter_permille.min(1000)) * millionths / 1000;
        let factor = u128::try_from(1_000_000 + jitter).unwrap_or(0);
        Millis(u64::try_from(mean.saturating_mul(factor) / 1_000_000).unwrap_or(u64::MAX))
    }

    /// What comes out for one profile; `source` is a digest of the source's bytes or stands for
    /// it.
    #[must_use]
    pub fn rendition(&self, segment: &SegmentSpec, profile: &Profile, source: &[u8; 32]) -> ModelledRendition {
        let (width, height) = size(segment, profile);
        let frames = frames(segment, profile);
        let pixels = encoded_pixels(segment, profile);
        let bits = if profile.bitrate > 0 {
            u128::from(profile.bitrate) * u128::from(segment.duration.0) / 1000
        } else {
            u128::from(pixels) * u128::from(self.bits_per_pixel_permille) / 1000
        };
        let packets = u64::try_from(bits.div_ceil(u128::from(TS_PACKET * 8))).unwrap_or(u64::MAX / TS_PACKET).max(1);
        let bytes = packets.saturating_mul(TS_PACKET);
        let mut hasher = blake3::Hasher::new_derive_key("weir-media modelled rendition 1");
        hasher.update(source);
        for n in [u64::from(width), u64::from(height), frames, bytes, profile.bitrate] {
            hasher.update(&n.to_be_bytes());
        }
        hasher.update(profile.name.as_bytes());
        ModelledRendition {
            width,
            height,
            frames,
            pixels: Pixels(pixels),
            bytes,
            digest: *hasher.finalize().as_bytes(),
        }
    }
}

/// The rendition's size; its box where nothing can be fitted.
fn size(segment: &SegmentSpec, profile: &Profile) -> (u32, u32) {
    let boxed = (profile.width, profile.height);
    fit((segment.width, segment.height), boxed).unwrap_or(boxed)
}

fn frames(segment: &SegmentSpec, profile: &Profile) -> u64 {
    match FrameRate::of(profile) {
        Some(rate) => rate.frames_between(0, i64::try_from(segment.duration.0).unwrap_or(i64::MAX), (1, 1000)),
        None => segment.frames,
    }
}

/// Pixels that are encoded for one profile.
#[must_use]
pub fn encoded_pixels(segment: &SegmentSpec, profile: &Profile) -> u64 {
    let (w, h) = size(segment, profile);
    u64::from(w).saturating_mul(u64::from(h)).saturating_mul(frames(segment, profile))
}
