//! Sizes and frame rates of renditions, in whole numbers.

use serde::{Deserialize, Serialize};
use std::fmt;
use weir_types::Profile;

/// Narrowest picture a rendition gets.
pub const MIN_WIDTH: u32 = 146;
/// Lowest picture a rendition gets.
pub const MIN_HEIGHT: u32 = 50;
/// Widest and highest picture a rendition gets.
pub const MAX_SIDE: u32 = 8192;

/// Frames per second as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FrameRate {
    /// Frames.
    pub num: u32,
    /// Seconds.
    pub den: u32,
}

impl FrameRate {
    /// A rate; `None` when one of the numbers is zero.
    #[must_use]
    pub const fn new(num: u32, den: u32) -> Option<Self> {
        if num == 0 || den == 0 { None } else { Some(Self { num, den }) }
    }

    /// The rate a profile asks for; `None` keeps the source's frames.
    #[must_use]
    pub fn of(profile: &Profile) -> Option<Self> {
        Self::new(profile.fps, profile.fps_den.max(1))
    }

    /// Frames per second as a double, for displays.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// The place of a time on this rate's grid: the nearest frame, halves away from zero.
    ///
    /// The time is `ticks · num / den` seconds of `tick = (num, den)`.
    #[must_use]
    pub fn index(self, ticks: i64, tick: (u32, u32)) -> i64 {
        let num = i128::from(ticks) * i128::from(tick.0) * i128::from(self.num);
        let den = i128::from(tick.1) * i128::from(self.den);
        let nearest = nearest(num, den);
        i64::try_from(nearest).unwrap_or(if nearest < 0 { i64::MIN } else { i64::MAX })
    }

    /// Frames that a rendition at this rate has of a source that lasts from `start` to `end`.
    /// There is at least one.
    #[must_use]
    pub fn frames_between(self, start: i64, end: i64, tick: (u32, u32)) -> u64 {
        let frames = self.index(end, tick).saturating_sub(self.index(start, tick));
        u64::try_from(frames).unwrap_or(0).max(1)
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.den == 1 { write!(f, "{}", self.num) } else { write!(f, "{}/{}", self.num, self.den) }
    }
}

/// The size of a rendition of a `source` asked for in a `boxed` size, both as width and height;
/// `None` if no such picture can be encoded.
///
/// The box is turned to the source's orientation. The source's longer side takes the box's size,
/// the other follows from the source's aspect, so the picture is never distorted and may stand out
/// of the box. Sides are even; a picture under [`MIN_WIDTH`] or [`MIN_HEIGHT`] grows to it. One
/// side of the box may be zero, the longer one after turning decides.
#[must_use]
pub fn fit(source: (u32, u32), boxed: (u32, u32)) -> Option<(u32, u32)> {
    let (sw, sh) = source;
    let long = boxed.0.max(boxed.1);
    if sw == 0 || sh == 0 || !(2..=MAX_SIDE).contains(&long) {
        return None;
    }
    let side = long & !1;
    let (mut w, mut h) = if sw >= sh { (side, partner(side, sh, sw)?) } else { (partner(side, sw, sh)?, side) };
    if w < MIN_WIDTH {
        (w, h) = (MIN_WIDTH, partner(MIN_WIDTH, sh, sw)?);
    }
    if h < MIN_HEIGHT {
        (w, h) = (partner(MIN_HEIGHT, sw, sh)?, MIN_HEIGHT);
    }
    (w <= MAX_SIDE && h <= MAX_SIDE).then_some((w, h))
}

/// The whole number nearest to `num / den`, halves away from zero. Free of overflow for a positive
/// `den` of at most 64 bits.
pub(crate) const fn nearest(num: i128, den: i128) -> i128 {
    let (whole, rest) = (num / den, num % den);
    if rest.abs() * 2 >= den { whole + rest.signum() } else { whole }
}

/// The even length nearest to `side · of / per`.
fn partner(side: u32, of: u32, per: u32) -> Option<u32> {
    let num = u64::from(side) * u64::from(of);
    let den = u64::from(per) * 2;
    let half = (num * 2 + den) / (den * 2);
    u32::try_from(half.checked_mul(2)?).ok().filter(|n| *n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_the_source() {
        let cases = [
            ((1280, 720), (426, 240), Some((426, 240))),
            ((640, 360), (255, 143), Some((254, 142))),
            ((640, 360), (200, 200), Some((200, 112))),
            ((320, 180), (256, 0), Some((256, 144))),
            ((320, 240), (426, 240), Some((426, 320))),
            ((322, 182), (426, 240), Some((426, 240))),
            ((180, 320), (426, 240), Some((240, 426))),
            ((180, 320), (256, 144), Some((146, 260))),
            ((320, 180), (144, 256), Some((256, 144))),
            ((16, 16), (426, 240), Some((426, 426))),
            ((1920, 100), (426, 240), Some((960, 50))),
            ((320, 180), (0, 0), None),
            ((320, 180), (9000, 100), None),
            ((0, 180), (426, 240), None),
        ];
        for (source, boxed, want) in cases {
            assert_eq!(fit(source, boxed), want, "{source:?} in {boxed:?}");
        }
    }

    #[test]
    fn grid_rounds_to_the_nearest_frame() {
        let tick = (1, 90_000);
        let cases = [
            ((30, 1), 133_200, 313_200, 44, 60),
            ((15, 1), 132_006, 309_183, 22, 30),
            ((24_000, 1001), 132_006, 309_183, 35, 47),
            ((1, 1), 9_171_000, 9_351_000, 102, 2),
            ((15, 1), 126_000, 127_500, 21, 1),
        ];
        for ((num, den), start, end, first, frames) in cases {
            let rate = FrameRate { num, den };
            assert_eq!((rate.index(start, tick), rate.frames_between(start, end, tick)), (first, frames), "{rate}");
        }
        assert_eq!(FrameRate { num: 1, den: 1 }.index(-45_000, tick), -1, "halves go away from zero");
        let fastest = FrameRate { num: u32::MAX, den: 1 };
        for (ticks, want) in [(i64::MIN, i64::MIN), (-1, i64::MIN), (0, 0), (1, i64::MAX), (i64::MAX, i64::MAX)] {
            assert_eq!(fastest.index(ticks, (u32::MAX, 1)), want, "far places stay on their side");
        }
    }
}
