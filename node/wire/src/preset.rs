//! Renditions that have names, and lists of renditions in JSON.

use thiserror::Error;

use crate::json::{self, Json, JsonError, Reader};
use crate::profile::ProfileText;

/// Name, size, bits per second and frames per second of the renditions that every node knows.
const PRESETS: [(&str, &str, &str, u32); 13] = [
    ("P720p60fps16x9", "1280x720", "6000k", 60),
    ("P720p30fps16x9", "1280x720", "4000k", 30),
    ("P720p25fps16x9", "1280x720", "3500k", 25),
    ("P720p30fps4x3", "960x720", "3500k", 30),
    ("P576p30fps16x9", "1024x576", "1500k", 30),
    ("P576p25fps16x9", "1024x576", "1500k", 25),
    ("P360p30fps16x9", "640x360", "1200k", 30),
    ("P360p25fps16x9", "640x360", "1000k", 25),
    ("P360p30fps4x3", "480x360", "1000k", 30),
    ("P240p30fps16x9", "426x240", "600k", 30),
    ("P240p25fps16x9", "426x240", "600k", 25),
    ("P240p30fps4x3", "320x240", "600k", 30),
    ("P144p30fps16x9", "256x144", "400k", 30),
];

/// What a stream is made into where nobody says otherwise.
pub const DEFAULTS: [&str; 2] = ["P240p30fps4x3", "P360p30fps16x9"];

/// Distance of keyframes in which every frame is one.
const INTRA: i64 = -1;

/// The rendition of a name, with or without spaces around it.
#[must_use]
pub fn preset(name: &str) -> Option<ProfileText> {
    let (name, resolution, bitrate, fps) = PRESETS.iter().find(|(known, ..)| *known == name.trim())?;
    Some(ProfileText {
        name: (*name).to_owned(),
        bitrate: (*bitrate).to_owned(),
        resolution: (*resolution).to_owned(),
        fps: *fps,
        ..ProfileText::default()
    })
}

/// The renditions of some names, without those that nobody knows.
pub fn presets<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<ProfileText> {
    names.into_iter().filter_map(preset).collect()
}

/// All that have a name.
pub fn all() -> impl Iterator<Item = ProfileText> {
    PRESETS.iter().filter_map(|(name, ..)| preset(name))
}

/// A list of renditions that cannot be read, in the words that other nodes know.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RenditionsError {
    /// It is no list of such objects.
    #[error("unable to unmarshal the passed transcoding option: {0}")]
    Json(#[from] JsonError),
    /// A distance of keyframes that is no number.
    #[error("cannot parse the GOP value in the transcoding options: strconv.ParseFloat: parsing {0:?}: invalid syntax")]
    Gop(String),
    /// A distance of keyframes that no number holds.
    #[error(
        "cannot parse the GOP value in the transcoding options: strconv.ParseFloat: parsing {0:?}: value out of range"
    )]
    GopRange(String),
    /// A distance of keyframes below zero.
    #[error("invalid gop value {}. Please set it to a positive value", six_places(*.0))]
    GopBelowZero(f64),
    /// A distance of keyframes of more seconds than any stream has, or none that can be counted.
    #[error("invalid gop value {0:?}: it is no number of seconds")]
    GopSeconds(String),
    /// A profile of an encoder that is not known.
    #[error("unable to parse the H264 encoder profile: unknown VideoProfile profile name")]
    EncoderProfile,
    /// A codec that is not known.
    #[error("Unable to parse encoder profile, unknown encoder: {0} unknown codec name")]
    Codec(String),
    /// A number that no message can carry.
    #[error("{0} is beyond 32 bits")]
    Range(&'static str),
}

fn six_places(seconds: f64) -> String {
    if seconds.is_infinite() { "-Inf".to_owned() } else { format!("{seconds:.6}") }
}

/// A rendition as JSON has it.
#[derive(Debug, Default)]
struct Rendition {
    name: String,
    width: i64,
    height: i64,
    bitrate: i64,
    fps: u64,
    fps_den: u64,
    profile: String,
    gop: String,
    encoder: String,
    color_depth: i64,
    chroma: i64,
    quality: u64,
}

const OBJECT: &str = "JsonProfile";
const FIELDS: [&str; 12] = [
    "name",
    "width",
    "height",
    "bitrate",
    "fps",
    "fpsDen",
    "profile",
    "gop",
    "encoder",
    "colorDepth",
    "chromaFormat",
    "quality",
];

/// Renditions from a JSON list of objects. Absent fields are empty or zero.
///
/// # Errors
/// What cannot be read, or is not known.
pub fn renditions(text: &str) -> Result<Vec<ProfileText>, RenditionsError> {
    let value = json::parse(text.as_bytes())?;
    let list = value.list("[]ffmpeg.JsonProfile")?;
    let mut reader = Reader::default();
    let all: Vec<Rendition> = list.iter().map(|value| Rendition::read(&mut reader, value)).collect();
    reader.end(all)?.into_iter().map(Rendition::text).collect()
}

impl Rendition {
    fn read(reader: &mut Reader, value: &Json) -> Self {
        let mut out = Self::default();
        reader.object(value, "ffmpeg.JsonProfile", &FIELDS, |reader, field, value| {
            let place = (OBJECT, field);
            match field {
                "name" => reader.put(&mut out.name, value, place),
                "width" => reader.put(&mut out.width, value, place),
                "height" => reader.put(&mut out.height, value, place),
                "bitrate" => reader.put(&mut out.bitrate, value, place),
                "fps" => reader.put(&mut out.fps, value, place),
                "fpsDen" => reader.put(&mut out.fps_den, value, place),
                "profile" => reader.put(&mut out.profile, value, place),
                "gop" => reader.put(&mut out.gop, value, place),
                "encoder" => reader.put(&mut out.encoder, value, place),
                "colorDepth" => reader.put_as(&mut out.color_depth, value, place, "ffmpeg.ColorDepthBits"),
                "chromaFormat" => reader.put_as(&mut out.chroma, value, place, "ffmpeg.ChromaSubsampling"),
                _ => reader.put(&mut out.quality, value, place),
            }
        });
        out
    }

    fn text(self) -> Result<ProfileText, RenditionsError> {
        let gop = gop(&self.gop)?;
        let profile = encoder_profile(&self.profile).ok_or(RenditionsError::EncoderProfile)?;
        let encoder = codec(&self.encoder).ok_or_else(|| RenditionsError::Codec(self.encoder.clone()))?;
        let (width, height, bitrate) = (self.width, self.height, self.bitrate);
        let name = match self.name.as_str() {
            "" => format!("custom_{width}x{height}_{bitrate}"),
            _ => self.name,
        };
        Ok(ProfileText {
            name,
            bitrate: bitrate.to_string(),
            resolution: format!("{width}x{height}"),
            fps: narrow(self.fps, "fps")?,
            fps_den: narrow(self.fps_den, "fpsDen")?,
            format: 0,
            profile,
            gop,
            encoder,
            color_depth: narrow(self.color_depth, "colorDepth")?,
            chroma: narrow(self.chroma, "chromaFormat")?,
            quality: narrow(self.quality, "quality")?,
        })
    }
}

fn narrow<T, N: TryFrom<T>>(number: T, field: &'static str) -> Result<N, RenditionsError> {
    N::try_from(number).map_err(|_| RenditionsError::Range(field))
}

/// Nanoseconds from keyframe to keyframe, of a decimal number of seconds; `intra` for the code of none between.
fn gop(text: &str) -> Result<i64, RenditionsError> {
    match text {
        "" => return Ok(0),
        "intra" => return Ok(INTRA),
        _ => {}
    }
    let seconds: f64 = text.parse().map_err(|_| RenditionsError::Gop(text.to_owned()))?;
    if seconds.is_infinite() && text.bytes().any(|b| b.is_ascii_digit()) {
        return Err(RenditionsError::GopRange(text.to_owned()));
    }
    if seconds < 0.0 {
        return Err(RenditionsError::GopBelowZero(seconds));
    }
    let ns = seconds * 1e9;
    // The cast takes what is no number for zero.
    if ns.is_nan() || ns >= i64::MAX as f64 { Err(RenditionsError::GopSeconds(text.to_owned())) } else { Ok(ns as i64) }
}

fn encoder_profile(name: &str) -> Option<i32> {
    let known = ["none", "h264baseline", "h264main", "h264high", "h264constrainedhigh"];
    match name {
        "" => Some(0),
        _ => known.iter().zip(0..).find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, n)| n),
    }
}

fn codec(name: &str) -> Option<i32> {
    match name {
        "" => Some(0),
        _ => ["H.264", "HEVC", "VP8", "VP9"].iter().zip(0..).find(|(known, _)| *known == &name).map(|(_, n)| n),
    }
}
