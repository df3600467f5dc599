//! Sizes of pictures, from their first bytes.

use thiserror::Error;

/// Bytes that begin like no picture, or end before its size, in the words that other nodes know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("image: unknown format")]
pub struct UnknownFormat;

/// Width and height of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// Pixels of the picture.
    #[must_use]
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// The size of a PNG, a JPEG or a GIF.
///
/// # Errors
/// It is none of these, or ends before it says its size.
pub fn size(bytes: &[u8]) -> Result<Size, UnknownFormat> {
    let found = if let Some(rest) = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n") {
        png(rest)
    } else if let Some(rest) = bytes.strip_prefix(b"\xff\xd8") {
        jpeg(rest)
    } else if let Some(rest) = bytes.strip_prefix(b"GIF87a").or_else(|| bytes.strip_prefix(b"GIF89a")) {
        gif(rest)
    } else {
        None
    };
    found.ok_or(UnknownFormat)
}

fn big<const N: usize>(bytes: &[u8], at: usize) -> Option<u32> {
    let part = bytes.get(at..at.checked_add(N)?)?;
    Some(part.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

/// Its first chunk has the size.
fn png(rest: &[u8]) -> Option<Size> {
    if rest.get(4..8)? != b"IHDR" {
        return None;
    }
    Some(Size { width: big::<4>(rest, 8)?, height: big::<4>(rest, 12)? })
}

fn gif(rest: &[u8]) -> Option<Size> {
    let side = |at: usize| Some(u32::from(*rest.get(at)?) | u32::from(*rest.get(at + 1)?) << 8);
    Some(Size { width: side(0)?, height: side(2)? })
}

/// Parts follow each other, and the one that begins the picture has the size.
fn jpeg(rest: &[u8]) -> Option<Size> {
    let mut at = 0;
    loop {
        // What stands between parts is passed over, and so are bytes that fill.
        at += rest.get(at..)?.iter().position(|byte| *byte == 0xff)?;
        at += rest.get(at..)?.iter().position(|byte| *byte != 0xff)?;
        let marker = *rest.get(at)?;
        at += 1;
        match marker {
            // Parts without a length.
            0x00 | 0x01 | 0xd0..=0xd7 => {}
            // The picture's frame: a length, bits of a sample, height, width.
            0xc0..=0xc2 => return Some(Size { height: big::<2>(rest, at + 3)?, width: big::<2>(rest, at + 5)? }),
            // Its data, or its end, before any frame.
            0xd9 | 0xda => return None,
            _ => {
                let length = usize::try_from(big::<2>(rest, at)?).ok()?;
                at = at.checked_add(length.max(2))?;
            }
        }
    }
}
