//! What a stream needs.

use thiserror::Error;
use weir_wire::Capability;
use weir_wire::net::{EncoderProfile, Format, StorageType, VideoCodec, VideoProfile};

/// A stream that nobody could be asked for, in the words that other nodes know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JobError {
    /// A container that is not known.
    #[error("capability: unknown format")]
    Format,
    /// A store that is not known.
    #[error("capability: unknown storage")]
    Storage,
    /// A profile of an encoder that is not known.
    #[error("capability: unknown profile")]
    Profile,
    /// A codec that is not known.
    #[error("capability: unknown codec")]
    Codec,
    /// Pixels that no node decodes.
    #[error("capability: unsupported pixel format chroma={chroma} colorBits={bits}", chroma = .0.chroma, bits = .0.extra_bits)]
    Pixels(PixelShape),
}

/// How a picture's colours are sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelShape {
    /// 0 for 4:2:0, 1 for 4:2:2, 2 for 4:4:4.
    pub chroma: u8,
    /// Bits of a sample beyond eight.
    pub extra_bits: u8,
}

impl PixelShape {
    /// The shape behind FFmpeg's name of a pixel format; none of those that streams do not come in.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let chroma = |digits: &str| match digits {
            "420" => Some(0),
            "422" => Some(1),
            "444" => Some(2),
            _ => None,
        };
        match name {
            "nv12" | "nv21" => return Some(Self { chroma: 0, extra_bits: 0 }),
            "yuyv422" | "uyvy422" => return Some(Self { chroma: 1, extra_bits: 0 }),
            _ => {}
        }
        let (digits, depth) = name.strip_prefix("yuv")?.split_once('p')?;
        let chroma = chroma(digits)?;
        if depth.is_empty() {
            return Some(Self { chroma, extra_bits: 0 });
        }
        let bits: u8 = depth.strip_suffix("le").or_else(|| depth.strip_suffix("be"))?.parse().ok()?;
        [10, 12, 16].contains(&bits).then(|| Self { chroma, extra_bits: bits - 8 })
    }

    fn capability(self) -> Result<Option<Capability>, JobError> {
        Ok(match (self.chroma, self.extra_bits) {
            (0, 0) => None,
            (1, 0) => Some(Capability::H264_DECODE_422_8BIT),
            (2, 0) => Some(Capability::H264_DECODE_444_8BIT),
            (0, 2) => Some(Capability::H264_DECODE_420_10BIT),
            (1, 2) => Some(Capability::H264_DECODE_422_10BIT),
            (2, 2) => Some(Capability::H264_DECODE_444_10BIT),
            _ => return Err(JobError::Pixels(self)),
        })
    }
}

/// A stream, as far as its needs depend on it.
#[derive(Debug, Clone, Copy)]
pub struct JobNeeds<'a> {
    /// Codec of the source, by its number in messages.
    pub codec: i32,
    /// Its pixels, where they are known.
    pub pixels: Option<PixelShape>,
    /// Renditions.
    pub profiles: &'a [VideoProfile],
    /// Whether results are verified by their fingerprints.
    pub verification: bool,
    /// Whether parts of segments may be asked for.
    pub slicing: bool,
    /// Store of the stream, by its number in messages; none for memory.
    pub storage: Option<i32>,
}

impl JobNeeds<'_> {
    /// Everything that a node must be able to do.
    ///
    /// # Errors
    /// Something about the stream is not known.
    pub fn capabilities(&self) -> Result<Vec<Capability>, JobError> {
        let mut all = vec![Capability::AUTH_TOKEN];
        let mut add = |wanted: bool, c: Capability| {
            if wanted {
                all.push(c);
            }
        };
        add(self.verification, Capability::MPEG7_VIDEO_SIGNATURE);
        add(self.slicing, Capability::SEGMENT_SLICING);
        let codec = VideoCodec::try_from(self.codec).map_err(|_| JobError::Codec)?;
        add(true, decoder(codec));
        if codec == VideoCodec::H264
            && let Some(c) = self.pixels.map_or(Ok(None), PixelShape::capability)?
        {
            add(true, c);
        }
        for p in self.profiles {
            add(true, container(p)?);
            add(true, encoder(p)?);
            add(p.fps_den > 0, Capability::FRACTIONAL_FRAMERATES);
            if let Some(c) = profile(p)? {
                add(true, c);
            }
            add(p.gop != 0, Capability::GOP);
        }
        if let Some(storage) = self.storage {
            add(true, store(storage)?);
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }
}

const fn decoder(codec: VideoCodec) -> Capability {
    match codec {
        VideoCodec::H264 => Capability::H264,
        VideoCodec::H265 => Capability::HEVC_DECODE,
        VideoCodec::Vp8 => Capability::VP8_DECODE,
        VideoCodec::Vp9 => Capability::VP9_DECODE,
    }
}

fn encoder(p: &VideoProfile) -> Result<Capability, JobError> {
    Ok(match VideoCodec::try_from(p.encoder).map_err(|_| JobError::Codec)? {
        VideoCodec::H264 => Capability::H264,
        VideoCodec::H265 => Capability::HEVC_ENCODE,
        VideoCodec::Vp8 => Capability::VP8_ENCODE,
        VideoCodec::Vp9 => Capability::VP9_ENCODE,
    })
}

fn container(p: &VideoProfile) -> Result<Capability, JobError> {
    Ok(match Format::try_from(p.format).map_err(|_| JobError::Format)? {
        Format::Mpegts => Capability::MPEGTS,
        Format::Mp4 => Capability::MP4,
    })
}

fn profile(p: &VideoProfile) -> Result<Option<Capability>, JobError> {
    Ok(match EncoderProfile::try_from(p.profile).map_err(|_| JobError::Profile)? {
        EncoderProfile::EncoderDefault => None,
        EncoderProfile::H264Baseline => Some(Capability::PROFILE_H264_BASELINE),
        EncoderProfile::H264Main => Some(Capability::PROFILE_H264_MAIN),
        EncoderProfile::H264High => Some(Capability::PROFILE_H264_HIGH),
        EncoderProfile::H264ConstrainedHigh => Some(Capability::PROFILE_H264_CONSTRAINED_HIGH),
    })
}

fn store(kind: i32) -> Result<Capability, JobError> {
    Ok(match StorageType::try_from(kind).map_err(|_| JobError::Storage)? {
        StorageType::Direct => Capability::STORAGE_DIRECT,
        StorageType::S3 => Capability::STORAGE_S3,
        StorageType::Google => Capability::STORAGE_GCS,
    })
}
