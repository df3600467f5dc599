//! Capabilities: their numbers, names, and the bit strings that carry them.

use std::fmt;

use thiserror::Error;

/// Something that a node can do and a job can ask for. Numbers are never given to anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capability(pub u32);

/// A capability without a name here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("capability: unknown")]
pub struct Unknown;

macro_rules! capabilities {
    ($($constant:ident = $number:literal, $name:literal;)*) => {
        impl Capability {
            $(#[doc = $name] pub const $constant: Self = Self($number);)*
        }

        /// Numbers and names.
        const NAMES: &[(Capability, &str)] = &[$((Capability::$constant, $name)),*];
    };
}

capabilities! {
    H264 = 0, "H.264";
    MPEGTS = 1, "MPEGTS";
    MP4 = 2, "MP4";
    FRACTIONAL_FRAMERATES = 3, "Fractional framerates";
    STORAGE_DIRECT = 4, "Storage direct";
    STORAGE_S3 = 5, "Storage S3";
    STORAGE_GCS = 6, "Storage GCS";
    PROFILE_H264_BASELINE = 7, "H264 Baseline profile";
    PROFILE_H264_MAIN = 8, "H264 Main profile";
    PROFILE_H264_HIGH = 9, "H264 High profile";
    PROFILE_H264_CONSTRAINED_HIGH = 10, "H264 Constrained, Contained High profile";
    GOP = 11, "GOP";
    AUTH_TOKEN = 12, "Auth token";
    MPEG7_VIDEO_SIGNATURE = 14, "MPEG7 signature";
    HEVC_DECODE = 15, "HEVC decode";
    HEVC_ENCODE = 16, "HEVC encode";
    VP8_DECODE = 17, "VP8 decode";
    VP9_DECODE = 18, "VP9 decode";
    VP8_ENCODE = 19, "VP8 encode";
    VP9_ENCODE = 20, "VP9 encode";
    H264_DECODE_444_8BIT = 21, "H264 Decode YUV444 8-bit";
    H264_DECODE_422_8BIT = 22, "H264 Decode YUV422 8-bit";
    H264_DECODE_444_10BIT = 23, "H264 Decode YUV444 10-bit";
    H264_DECODE_422_10BIT = 24, "H264 Decode YUV422 10-bit";
    H264_DECODE_420_10BIT = 25, "H264 Decode YUV420 10-bit";
    SEGMENT_SLICING = 26, "Segment slicing";
    TEXT_TO_IMAGE = 27, "Text to image";
    IMAGE_TO_IMAGE = 28, "Image to image";
    IMAGE_TO_VIDEO = 29, "Image to video";
    UPSCALE = 30, "Upscale";
    AUDIO_TO_TEXT = 31, "Audio to text";
    SEGMENT_ANYTHING_2 = 32, "Segment anything 2";
    LLM = 33, "Llm";
    IMAGE_TO_TEXT = 34, "Image to text";
    LIVE_VIDEO_TO_VIDEO = 35, "Live video to video";
    TEXT_TO_SPEECH = 36, "Text to speech";
    BYOC = 37, "byoc";
}

/// What every transcoding node can do.
pub const DEFAULT: [Capability; 15] = [
    Capability::H264,
    Capability::MPEGTS,
    Capability::MP4,
    Capability::FRACTIONAL_FRAMERATES,
    Capability::STORAGE_DIRECT,
    Capability::STORAGE_S3,
    Capability::STORAGE_GCS,
    Capability::PROFILE_H264_BASELINE,
    Capability::PROFILE_H264_MAIN,
    Capability::PROFILE_H264_HIGH,
    Capability::PROFILE_H264_CONSTRAINED_HIGH,
    Capability::GOP,
    Capability::AUTH_TOKEN,
    Capability::MPEG7_VIDEO_SIGNATURE,
    Capability::SEGMENT_SLICING,
];

/// What nodes could do before they said what they can do. Fixed for ever.
pub const LEGACY: [Capability; 12] = [
    Capability::H264,
    Capability::MPEGTS,
    Capability::MP4,
    Capability::FRACTIONAL_FRAMERATES,
    Capability::STORAGE_DIRECT,
    Capability::STORAGE_S3,
    Capability::STORAGE_GCS,
    Capability::PROFILE_H264_BASELINE,
    Capability::PROFILE_H264_MAIN,
    Capability::PROFILE_H264_HIGH,
    Capability::PROFILE_H264_CONSTRAINED_HIGH,
    Capability::GOP,
];

/// What depends on a node's machines and models.
pub const OPTIONAL: [Capability; 17] = [
    Capability::HEVC_DECODE,
    Capability::HEVC_ENCODE,
    Capability::VP8_DECODE,
    Capability::VP9_DECODE,
    Capability::H264_DECODE_444_8BIT,
    Capability::H264_DECODE_422_8BIT,
    Capability::H264_DECODE_444_10BIT,
    Capability::H264_DECODE_422_10BIT,
    Capability::H264_DECODE_420_10BIT,
    Capability::TEXT_TO_IMAGE,
    Capability::IMAGE_TO_IMAGE,
    Capability::IMAGE_TO_VIDEO,
    Capability::UPSCALE,
    Capability::AUDIO_TO_TEXT,
    Capability::SEGMENT_ANYTHING_2,
    Capability::IMAGE_TO_TEXT,
    Capability::TEXT_TO_SPEECH,
];

/// What an orchestrator may insist on that a job asks for.
pub const MANDATORY: [Capability; 1] = [Capability::AUTH_TOKEN];

impl Capability {
    /// Its name on the network.
    ///
    /// # Errors
    /// It has none.
    pub fn name(self) -> Result<&'static str, Unknown> {
        NAMES.iter().find(|(c, _)| *c == self).map(|(_, name)| *name).ok_or(Unknown)
    }

    /// The capability behind the name of a pipeline: `text-to-image` and the like.
    #[must_use]
    pub fn of_pipeline(pipeline: &str) -> Option<Self> {
        let mut name = pipeline.replace('-', " ");
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        NAMES.iter().find(|(_, known)| *known == name).map(|(c, _)| *c)
    }

    /// The name of its pipeline.
    ///
    /// # Errors
    /// It has no name.
    pub fn pipeline(self) -> Result<String, Unknown> {
        Ok(self.name()?.to_lowercase().replace(' ', "-"))
    }

    /// Every capability that has a name.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(c, _)| *c)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Ok(name) => f.write_str(name),
            Err(Unknown) => write!(f, "capability {}", self.0),
        }
    }
}

/// A set of capabilities as words of bits, the lowest number in the lowest bit of the first word.
///
/// Words of zeros at the end count: a set with more words than another one is not covered by it, whatever its bits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bits(pub Vec<u64>);

/// Words that a set may have: enough for any number in use, and too few to fill a memory.
const WORDS_MAX: usize = 1 << 10;

impl Bits {
    /// Adds a capability. One with a number beyond all reason is not added.
    pub fn insert(&mut self, c: Capability) {
        let (word, bit) = place(c);
        if word >= WORDS_MAX {
            return;
        }
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(w) = self.0.get_mut(word) {
            *w |= bit;
        }
    }

    /// Takes a capability out. Words stay.
    pub fn remove(&mut self, c: Capability) {
        let (word, bit) = place(c);
        if let Some(w) = self.0.get_mut(word) {
            *w &= !bit;
        }
    }

    /// Whether a capability is in the set.
    #[must_use]
    pub fn contains(&self, c: Capability) -> bool {
        let (word, bit) = place(c);
        self.0.get(word).is_some_and(|w| w & bit != 0)
    }

    /// Whether all of this set is in another.
    #[must_use]
    pub fn covered_by(&self, other: &Self) -> bool {
        covered(&self.0, &other.0)
    }

    /// The capabilities in the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = Capability> + '_ {
        let bits = |(i, word): (usize, &u64)| {
            let (word, first) = (*word, u32::try_from(i).unwrap_or(u32::MAX).saturating_mul(64));
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| Capability(first.saturating_add(bit)))
        };
        self.0.iter().enumerate().flat_map(bits)
    }
}

/// Whether all bits of some words are in others.
#[must_use]
pub fn covered(words: &[u64], by: &[u64]) -> bool {
    words.len() <= by.len() && words.iter().zip(by).all(|(a, b)| a & b == *a)
}

fn place(c: Capability) -> (usize, u64) {
    (usize::try_from(c.0 / 64).unwrap_or(usize::MAX), 1 << (c.0 % 64))
}

impl FromIterator<Capability> for Bits {
    fn from_iter<I: IntoIterator<Item = Capability>>(all: I) -> Self {
        let mut bits = Self::default();
        all.into_iter().for_each(|c| bits.insert(c));
        bits
    }
}
