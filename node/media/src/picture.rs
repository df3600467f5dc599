//! Decoded pictures.

use ffmpeg_next as av;

/// A decoded frame with its place in time, in ticks of its track.
pub(crate) struct Picture {
    pub(crate) frame: av::frame::Video,
    pub(crate) pts: i64,
    pub(crate) duration: i64,
}

impl Picture {
    /// When the next frame is due.
    pub(crate) fn end(&self) -> i64 {
        self.pts.saturating_add(self.duration)
    }

    pub(crate) fn pixels(&self) -> u64 {
        u64::from(self.frame.width()) * u64::from(self.frame.height())
    }
}
