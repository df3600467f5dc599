//! Units of work and renditions.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// Encoded pixels: the unit of transcoding work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pixels(pub u64);

impl Sum for Pixels {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Self(iter.map(|p| p.0).sum())
    }
}

impl fmt::Display for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} px", self.0)
    }
}

/// A rendition asked of a transcoder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name of the rendition, e.g. `P240p30fps16x9`.
    pub name: String,
    /// Width of the rendition's box in pixels.
    pub width: u32,
    /// Height of the rendition's box in pixels.
    pub height: u32,
    /// Target bit rate in bits per second.
    pub bitrate: u64,
    /// Frames per `fps_den` seconds; 0 keeps the source's rate.
    #[serde(default)]
    pub fps: u32,
    /// Denominator of the frame rate; 0 means 1.
    #[serde(default, rename = "fpsDen")]
    pub fps_den: u32,
}
