//! Probe, decode, scale, encode and mux of video segments through libav.
//!
//! [`LibavTranscoder`] makes the renditions of a [`Ladder`] of one source segment; [`probe`] tells
//! what a file holds; [`segment`] cuts a file into segments of whole frames; [`thumbnail`] makes a
//! JPEG of one frame. [`WorkModel`] answers, without any media, how long a machine would take and
//! what would come out.
//!
//! Every codec runs on one thread, so a machine makes the same bytes of the same source each time.

mod audio;
mod clock;
mod decode;
mod encode;
mod error;
pub mod geometry;
pub mod ladder;
pub mod model;
mod mux;
mod part;
mod picture;
mod probe;
mod rung;
mod scale;
mod segment;
mod source;
mod thumbnail;
mod transcode;
mod version;

pub use error::MediaError;
pub use geometry::FrameRate;
pub use ladder::{Container, Ladder, LadderError, Rung};
pub use model::{ModelledRendition, SegmentSpec, WorkModel, encoded_pixels};
pub use probe::{AudioInfo, Probe, VideoInfo, probe};
pub use segment::{SegmentFile, segment};
pub use thumbnail::thumbnail;
pub use transcode::{LibavTranscoder, Rendition, Transcoded, Transcoder};
pub use version::libav_version;
