//! Renditions as people and web hooks write them, and as messages carry them.

use thiserror::Error;

use crate::net::{ChromaSubsampling, EncoderProfile, Format, VideoCodec, VideoProfile};

/// A rendition in text form. Numbers of kinds are those of the transcoding library, which has one more container
/// and profile than the messages: 0 for none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileText {
    /// Its name; one is made up for the empty one.
    pub name: String,
    /// Bits per second; a `k` stands for three zeros.
    pub bitrate: String,
    /// Width and height, with an `x` between.
    pub resolution: String,
    /// Frames per second, or the numerator of their rate.
    pub fps: u32,
    /// Denominator; 0 stands for 1.
    pub fps_den: u32,
    /// Container: 0 none, 1 MPEG-TS, 2 MP4.
    pub format: i32,
    /// Profile of the encoder: 0 none, then baseline, main, high, constrained high.
    pub profile: i32,
    /// Nanoseconds from keyframe to keyframe; below zero a code.
    pub gop: i64,
    /// Codec: H.264, H.265, VP8, VP9.
    pub encoder: i32,
    /// Bits of a sample beyond eight.
    pub color_depth: i32,
    /// Sampling of colours: 4:2:0, 4:2:2, 4:4:4.
    pub chroma: i32,
    /// Constant quality; 0 for none.
    pub quality: u32,
}

/// A text that is no rendition, in the words that other nodes know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// A size that is not two numbers with an `x` between.
    #[error("TranscoderInvalidResolution")]
    Resolution,
    /// A number that is none.
    #[error("strconv.Atoi: parsing {0:?}: invalid syntax")]
    Number(String),
    /// A number that is too large.
    #[error("strconv.Atoi: parsing {0:?}: value out of range")]
    Range(String),
    /// A container that is not known.
    #[error("unknown VideoProfile format for protobufs")]
    Format,
    /// A profile of an encoder that is not known.
    #[error("unknown VideoProfile profile for protobufs")]
    EncoderProfile,
    /// A codec that is not known.
    #[error("unknown VideoProfile encoder for protobufs")]
    Codec,
    /// A sampling of colours that is not known.
    #[error("unknown VideoProfile ChromaFormat")]
    Chroma,
}

impl ProfileText {
    /// The rendition as a message.
    ///
    /// # Errors
    /// What of it makes no sense.
    pub fn message(&self) -> Result<VideoProfile, ProfileError> {
        let mut sides = self.resolution.split('x');
        let (Some(width), Some(height)) = (sides.next(), sides.next()) else { return Err(ProfileError::Resolution) };
        let (width, height) = (number(width)?, number(height)?);
        let bitrate = number(&self.bitrate.replacen('k', "000", 1))?;
        let mut message = VideoProfile {
            name: self.name.clone(),
            width,
            height,
            bitrate,
            fps: self.fps,
            format: format(self.format)? as i32,
            fps_den: self.fps_den,
            profile: EncoderProfile::try_from(self.profile).map_err(|_| ProfileError::EncoderProfile)? as i32,
            gop: gop(self.gop),
            encoder: VideoCodec::try_from(self.encoder).map_err(|_| ProfileError::Codec)? as i32,
            color_depth: self.color_depth,
            chroma_format: ChromaSubsampling::try_from(self.chroma).map_err(|_| ProfileError::Chroma)? as i32,
            quality: self.quality,
        };
        if message.name.is_empty() {
            message.name = crate::segment::sent_name(&message);
        }
        Ok(message)
    }
}

const fn format(number: i32) -> Result<Format, ProfileError> {
    match number {
        0 | 1 => Ok(Format::Mpegts),
        2 => Ok(Format::Mp4),
        _ => Err(ProfileError::Format),
    }
}

/// Milliseconds; codes below zero stay what they are.
fn gop(ns: i64) -> i32 {
    if ns < 0 { ns as i32 } else { i32::try_from(ns / 1_000_000).unwrap_or(i32::MAX) }
}

fn number(text: &str) -> Result<i32, ProfileError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ProfileError::Number(text.to_owned()));
    }
    text.parse().map_err(|_| ProfileError::Range(text.to_owned()))
}
