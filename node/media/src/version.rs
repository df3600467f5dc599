//! Which libav is linked.

/// Version of libavcodec, for instance `59.37.100`: FFmpeg 5.1 has 59, 6 has 60, 7 has 61.
#[must_use]
pub fn libav_version() -> String {
    let version = ffmpeg_next::codec::version();
    format!("{}.{}.{}", version >> 16, (version >> 8) & 0xff, version & 0xff)
}
