//! What a run needs to know of a clip.

use serde::{Deserialize, Serialize};

/// One segment of the real clip, as far as the simulation knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClipSegment {
    /// Frames in it.
    pub frames: u32,
    /// Its playing time.
    pub duration_ms: u64,
}

/// The real clip, as far as the simulation knows it. Everything here is the same on every machine:
/// what encoders make of the clip differs by library and stays out of the simulation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClipInfo {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Width of its pictures.
    pub width: u32,
    /// Height of its pictures.
    pub height: u32,
    /// Its segments.
    pub segments: Vec<ClipSegment>,
}
