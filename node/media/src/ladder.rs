//! Ladders of renditions: the JSON form that gateways of the network take, and built-in names.

use crate::geometry::MAX_SIDE;
use serde::{Deserialize, Deserializer, de};
use std::fmt;
use weir_types::Profile;

/// Container of a rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Container {
    /// MPEG transport stream.
    #[default]
    MpegTs,
    /// MP4.
    Mp4,
}

impl Container {
    /// Extension of file names, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::MpegTs => "ts",
            Self::Mp4 => "mp4",
        }
    }
}

/// Video codec of a rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoder {
    /// H.264, by libx264.
    #[default]
    H264,
    /// HEVC. Parsed, not encoded.
    Hevc,
    /// VP8. Parsed, not encoded.
    Vp8,
    /// VP9. Parsed, not encoded.
    Vp9,
}

impl fmt::Display for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::Hevc => "HEVC",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
        })
    }
}

/// H.264 profile of a rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum H264Profile {
    /// The encoder's choice, which is High.
    #[default]
    Auto,
    /// Baseline, without B-frames.
    Baseline,
    /// Main.
    Main,
    /// High.
    High,
    /// High without B-frames.
    ConstrainedHigh,
}

/// Where key frames go. The first frame of a rendition is always one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Gop {
    /// At the encoder's default distance of 250 frames.
    #[default]
    Auto,
    /// Every frame.
    Intra,
    /// At the first frame that is this many milliseconds or more after the last key frame.
    Every(u64),
}

/// One rendition of a ladder with all that an encoder is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Name, box, bit rate and frame rate.
    pub profile: Profile,
    /// Container of the output.
    pub container: Container,
    /// Codec.
    pub encoder: Encoder,
    /// H.264 profile.
    pub h264: H264Profile,
    /// Key frames.
    pub gop: Gop,
    /// Constant rate factor, 0 to 63; 0 encodes to the bit rate.
    pub quality: u32,
}

impl From<&Profile> for Rung {
    fn from(profile: &Profile) -> Self {
        Self {
            profile: profile.clone(),
            container: Container::default(),
            encoder: Encoder::default(),
            h264: H264Profile::default(),
            gop: Gop::default(),
            quality: 0,
        }
    }
}

/// Renditions in the order of their results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// The renditions.
    pub rungs: Vec<Rung>,
}

/// A ladder that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LadderError {
    /// The text is no ladder: where, and what was expected.
    #[error("line {line}, column {column}, {field}: {reason}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The field, e.g. `[1].bitrate`; `.` is the whole text.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// A built-in name that does not exist.
    #[error("no built-in profile {name:?}; there are {}", known())]
    UnknownPreset {
        /// The name asked for.
        name: String,
    },
    /// No rendition is named.
    #[error("the ladder has no rendition")]
    Empty,
    /// Two renditions have one name.
    #[error("two renditions are named {name:?}")]
    SameName {
        /// The name.
        name: String,
    },
}

/// Built-in profiles: name, width, height, bits per second, frames per second.
const PRESETS: [(&str, u32, u32, u64, u32); 13] = [
    ("P720p60fps16x9", 1280, 720, 6_000_000, 60),
    ("P720p30fps16x9", 1280, 720, 4_000_000, 30),
    ("P720p25fps16x9", 1280, 720, 3_500_000, 25),
    ("P720p30fps4x3", 960, 720, 3_500_000, 30),
    ("P576p30fps16x9", 1024, 576, 1_500_000, 30),
    ("P576p25fps16x9", 1024, 576, 1_500_000, 25),
    ("P360p30fps16x9", 640, 360, 1_200_000, 30),
    ("P360p25fps16x9", 640, 360, 1_000_000, 25),
    ("P360p30fps4x3", 480, 360, 1_000_000, 30),
    ("P240p30fps16x9", 426, 240, 600_000, 30),
    ("P240p25fps16x9", 426, 240, 600_000, 25),
    ("P240p30fps4x3", 320, 240, 600_000, 30),
    ("P144p30fps16x9", 256, 144, 400_000, 30),
];

fn known() -> String {
    PRESETS.map(|p| p.0).join(", ")
}

/// The built-in profile of a name.
#[must_use]
pub fn preset(name: &str) -> Option<Profile> {
    PRESETS.iter().find(|p| p.0 == name).map(|&(name, width, height, bitrate, fps)| Profile {
        name: name.to_owned(),
        width,
        height,
        bitrate,
        fps,
        fps_den: 0,
    })
}

/// Names of the built-in profiles, from the largest.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|p| p.0)
}

impl Ladder {
    /// Reads the JSON array of renditions that gateways of the network take: objects with `name`,
    /// `width`, `height`, `bitrate` (bits per second), `fps`, `fpsDen`, `profile`, `gop`,
    /// `encoder`, `colorDepth`, `chromaFormat` and `quality`. `colorDepth` and `chromaFormat` must
    /// ask for 8-bit 4:2:0. A rendition without a name is called `custom_WIDTHxHEIGHT_BITRATE`.
    ///
    /// # Errors
    /// [`LadderError`] with the line and the field.
    pub fn parse(json: &str) -> Result<Self, LadderError> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let raw: Vec<RawRung> = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
            let field = e.path().to_string();
            located(e.inner(), field)
        })?;
        reader.end().map_err(|e| located(&e, ".".to_owned()))?;
        Self::new(raw.into_iter().map(Rung::from).collect())
    }

    /// Reads a comma list of built-in names, e.g. `P240p30fps16x9,P360p30fps16x9`.
    ///
    /// # Errors
    /// [`LadderError::UnknownPreset`] and those of [`Ladder::new`].
    pub fn presets(names: &str) -> Result<Self, LadderError> {
        let rungs = names
            .split(',')
            .map(str::trim)
            .filter(|n| !n.is_empty())
            .map(|n| match preset(n) {
                Some(profile) => Ok(Rung::from(&profile)),
                None => Err(LadderError::UnknownPreset { name: n.to_owned() }),
            })
            .collect::<Result<_, _>>()?;
        Self::new(rungs)
    }

    /// A ladder of given renditions.
    ///
    /// # Errors
    /// [`LadderError::Empty`] and [`LadderError::SameName`].
    pub fn new(rungs: Vec<Rung>) -> Result<Self, LadderError> {
        if rungs.is_empty() {
            return Err(LadderError::Empty);
        }
        for (i, rung) in rungs.iter().enumerate() {
            if rungs[..i].iter().any(|r| r.profile.name == rung.profile.name) {
                return Err(LadderError::SameName { name: rung.profile.name.clone() });
            }
        }
        Ok(Self { rungs })
    }

    /// What the network is told of the renditions.
    #[must_use]
    pub fn profiles(&self) -> Vec<Profile> {
        self.rungs.iter().map(|r| r.profile.clone()).collect()
    }
}

fn located(e: &serde_json::Error, field: String) -> LadderError {
    let text = e.to_string();
    let tail = format!(" at line {} column {}", e.line(), e.column());
    let reason = text.strip_suffix(&tail).unwrap_or(&text).to_owned();
    LadderError::Json { line: e.line(), column: e.column(), field, reason }
}

/// A rendition as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawRung {
    #[serde(default)]
    name: String,
    #[serde(deserialize_with = "side")]
    width: u32,
    #[serde(deserialize_with = "side")]
    height: u32,
    #[serde(default)]
    bitrate: u32,
    #[serde(default)]
    fps: u32,
    #[serde(default)]
    fps_den: u32,
    #[serde(default, deserialize_with = "h264_profile")]
    profile: H264Profile,
    #[serde(default, deserialize_with = "gop")]
    gop: Gop,
    #[serde(default, deserialize_with = "encoder")]
    encoder: Encoder,
    #[serde(default, rename = "colorDepth", deserialize_with = "eight_bit")]
    _color_depth: (),
    #[serde(default, rename = "chromaFormat", deserialize_with = "chroma_420")]
    _chroma_format: (),
    #[serde(default, deserialize_with = "quality")]
    quality: u32,
}

impl From<RawRung> for Rung {
    fn from(raw: RawRung) -> Self {
        let name =
            if raw.name.is_empty() { format!("custom_{}x{}_{}", raw.width, raw.height, raw.bitrate) } else { raw.name };
        Self {
            profile: Profile {
                name,
                width: raw.width,
                height: raw.height,
                bitrate: u64::from(raw.bitrate),
                fps: raw.fps,
                fps_den: raw.fps_den,
            },
            container: Container::default(),
            encoder: raw.encoder,
            h264: raw.profile,
            gop: raw.gop,
            quality: raw.quality,
        }
    }
}

fn side<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    match u32::deserialize(d)? {
        0 => Err(de::Error::custom("a side of 0 pixels")),
        n if n > MAX_SIDE => Err(de::Error::custom(format_args!("a side of {n} pixels is over {MAX_SIDE}"))),
        n => Ok(n),
    }
}

fn quality<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    match u32::deserialize(d)? {
        n if n > 63 => Err(de::Error::custom(format_args!("a quality of {n} is over 63"))),
        n => Ok(n),
    }
}

fn eight_bit<'de, D: Deserializer<'de>>(d: D) -> Result<(), D::Error> {
    match u32::deserialize(d)? {
        0 | 8 => Ok(()),
        n => Err(de::Error::custom(format_args!("a color depth of {n}; only 8 bits are encoded"))),
    }
}

fn chroma_420<'de, D: Deserializer<'de>>(d: D) -> Result<(), D::Error> {
    match u32::deserialize(d)? {
        0 => Ok(()),
        n => Err(de::Error::custom(format_args!("a chroma format of {n}; only 0 (4:2:0) is encoded"))),
    }
}

fn h264_profile<'de, D: Deserializer<'de>>(d: D) -> Result<H264Profile, D::Error> {
    let text = String::deserialize(d)?;
    match text.to_ascii_lowercase().as_str() {
        "" | "none" => Ok(H264Profile::Auto),
        "h264baseline" => Ok(H264Profile::Baseline),
        "h264main" => Ok(H264Profile::Main),
        "h264high" => Ok(H264Profile::High),
        "h264constrainedhigh" => Ok(H264Profile::ConstrainedHigh),
        _ => Err(de::Error::custom(format_args!(
            "unknown profile {text:?}; there are H264Baseline, H264Main, H264High, H264ConstrainedHigh"
        ))),
    }
}

fn encoder<'de, D: Deserializer<'de>>(d: D) -> Result<Encoder, D::Error> {
    let text = String::deserialize(d)?;
    match text.to_ascii_lowercase().as_str() {
        "" | "h.264" | "h264" => Ok(Encoder::H264),
        "hevc" => Ok(Encoder::Hevc),
        "vp8" => Ok(Encoder::Vp8),
        "vp9" => Ok(Encoder::Vp9),
        _ => Err(de::Error::custom(format_args!("unknown encoder {text:?}; there are H.264, HEVC, VP8, VP9"))),
    }
}

fn gop<'de, D: Deserializer<'de>>(d: D) -> Result<Gop, D::Error> {
    let text = String::deserialize(d)?;
    match text.as_str() {
        "" => Ok(Gop::Auto),
        "intra" => Ok(Gop::Intra),
        _ => match text.parse::<f64>() {
            // A day bounds the value far inside what a clock of milliseconds holds.
            Ok(s) if (0.0..=86_400.0).contains(&s) => {
                let ms = (s * 1000.0).round() as u64;
                Ok(if ms == 0 { Gop::Auto } else { Gop::Every(ms) })
            }
            _ => Err(de::Error::custom(format_args!(
                "a gop of {text:?}; expected \"\", \"intra\" or seconds from 0 to 86400"
            ))),
        },
    }
}
