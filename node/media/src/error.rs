//! What can go wrong with media.

use crate::geometry::FrameRate;
use std::path::{Path, PathBuf};

/// A failure to read, convert or write media.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// The source does not exist or may not be read.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// The source.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The source is no media file that libav can read: empty, garbage, or cut before its index.
    #[error("{} is no readable media file: {reason}", path.display())]
    Unreadable {
        /// The source.
        path: PathBuf,
        /// What libav said.
        reason: String,
    },
    /// The source has no video stream.
    #[error("{} has no video stream", path.display())]
    NoVideo {
        /// The source.
        path: PathBuf,
    },
    /// The source has a video stream of which no picture can be decoded, for example because it
    /// does not hold a key frame.
    #[error("{} has a video stream without a picture that can be decoded", path.display())]
    NoPicture {
        /// The source.
        path: PathBuf,
    },
    /// libav has no decoder for the stream.
    #[error("no decoder for the {medium} codec {codec} of {}", path.display())]
    UnsupportedCodec {
        /// The source.
        path: PathBuf,
        /// `video` or `audio`.
        medium: &'static str,
        /// libav's name of the codec.
        codec: String,
    },
    /// A rendition's encoder is not among those this build can use.
    #[error("rendition {rendition}: no encoder for {encoder}")]
    UnsupportedEncoder {
        /// The rendition's name.
        rendition: String,
        /// The encoder asked for.
        encoder: String,
    },
    /// A rendition whose size cannot be made.
    #[error("rendition {rendition}: a size of {width}x{height} cannot be encoded")]
    BadSize {
        /// The rendition's name.
        rendition: String,
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
    },
    /// A rendition whose frame rate no encoder can count in.
    #[error("rendition {rendition}: a frame rate of {rate} cannot be encoded")]
    BadRate {
        /// The rendition's name.
        rendition: String,
        /// Frames per second asked for.
        rate: FrameRate,
    },
    /// Two renditions would be written to the same file, or a name is no file name.
    #[error("rendition name {name:?} {reason}")]
    BadName {
        /// The rendition's name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A length of segments that cannot be cut.
    #[error("cannot cut segments of {seconds} s")]
    BadLength {
        /// Seconds asked for.
        seconds: f64,
    },
    /// The output could not be created, written or renamed. Nothing of it is left behind.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The output file.
        path: PathBuf,
        /// What the system or libav said.
        reason: String,
    },
    /// A step inside libav failed.
    #[error("{step} failed: {reason}")]
    Libav {
        /// What was being done.
        step: &'static str,
        /// What libav said.
        reason: String,
    },
}

impl MediaError {
    pub(crate) fn libav(step: &'static str) -> impl Fn(ffmpeg_next::Error) -> Self {
        move |e| Self::Libav { step, reason: e.to_string() }
    }

    pub(crate) fn write(path: &Path, reason: &impl ToString) -> Self {
        Self::Write { path: path.to_path_buf(), reason: reason.to_string() }
    }
}
