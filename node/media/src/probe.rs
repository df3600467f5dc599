//! What a file holds.

use crate::decode::VideoDecoder;
use crate::error::MediaError;
use crate::geometry::FrameRate;
use crate::source::{Source, Track};
use ffmpeg_next as av;
use serde::Serialize;
use std::path::Path;

/// What a file holds, as far as an operator wants to know.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probe {
    /// libav's name of the container, e.g. `mpegts` or `mov,mp4,m4a,3gp,3g2,mj2`.
    pub container: String,
    /// Length in seconds, where the container tells.
    pub duration: Option<f64>,
    /// The video that would be transcoded.
    pub video: Option<VideoInfo>,
    /// The sound that would go along.
    pub audio: Option<AudioInfo>,
    /// All streams, those of other programs, subtitles and data among them.
    pub streams: usize,
}

/// A video stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VideoInfo {
    /// libav's name of the codec.
    pub codec: String,
    /// Width in pixels; 0 where no picture tells it.
    pub width: u32,
    /// Height in pixels; 0 where no picture tells it.
    pub height: u32,
    /// Frames per second, on average or as guessed.
    pub rate: Option<FrameRate>,
    /// libav's name of the pixel format, e.g. `yuv420p`.
    pub pixel_format: Option<&'static str>,
    /// Whether a picture can be decoded, which takes a key frame; without one the stream cannot be
    /// transcoded.
    pub has_picture: bool,
}

/// A sound stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AudioInfo {
    /// libav's name of the codec.
    pub codec: String,
    /// Samples per second; 0 where unknown.
    pub sample_rate: u32,
    /// Channels; 0 where unknown.
    pub channels: u16,
}

/// Tells what a file holds. Reads up to the first picture.
///
/// # Errors
/// [`MediaError::Open`] and [`MediaError::Unreadable`]. A file without video, or whose codecs libav
/// does not know, is none.
pub fn probe(path: &Path) -> Result<Probe, MediaError> {
    let mut source = Source::open(path)?;
    let container = source.input.format().name().to_owned();
    // libav counts in millionths of a second; a negative number stands for an unknown one.
    let duration = Some(source.input.duration()).filter(|d| *d > 0).map(|d| d as f64 / 1e6);
    let streams = source.input.streams().count();
    let audio = source.audio().map(|track| audio(&track));
    let video = match source.video() {
        Ok(track) => Some(video(&mut source, &track)?),
        Err(_) => None,
    };
    Ok(Probe { container, duration, video, audio, streams })
}

fn video(source: &mut Source, track: &Track) -> Result<VideoInfo, MediaError> {
    let codec = track.parameters.id().name().to_owned();
    let mut info = VideoInfo { codec, width: 0, height: 0, rate: track.rate, pixel_format: None, has_picture: false };
    let Ok(mut decoder) = VideoDecoder::open(&source.path, track) else { return Ok(info) };
    loop {
        let packet = source.read()?;
        match &packet {
            Some(p) if p.stream() == track.index => decoder.send(Some(p)),
            Some(_) => continue,
            None => decoder.send(None),
        }
        if let Some(picture) = decoder.picture() {
            info.width = picture.frame.width();
            info.height = picture.frame.height();
            info.pixel_format = picture.frame.format().descriptor().map(|d| d.name());
            info.has_picture = true;
            return Ok(info);
        }
        if packet.is_none() {
            return Ok(info);
        }
    }
}

fn audio(track: &Track) -> AudioInfo {
    let codec = track.parameters.id().name().to_owned();
    // Only an opened decoder tells these through a safe interface.
    let known = av::codec::Context::from_parameters(track.parameters.clone())
        .ok()
        .and_then(|context| context.decoder().audio().ok())
        .map_or((0, 0), |decoder| (decoder.rate(), decoder.channels()));
    AudioInfo { codec, sample_rate: known.0, channels: known.1 }
}
