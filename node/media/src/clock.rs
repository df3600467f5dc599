//! Time stamps that only go forward, and the frames that a rendition shows at each moment.

use crate::error::MediaError;
use crate::geometry::{FrameRate, nearest};
use crate::ladder::Gop;
use crate::picture::Picture;
use crate::source::pair;
use ffmpeg_next::Rational;
use std::ops::Range;
use std::sync::Arc;

/// Seconds that time stamps may leap ahead. A longer leap is a break of the clock, not a pause;
/// taken for a pause, one bad stamp would have a fixed frame rate fill hours with copies.
const LEAP_SECONDS: i64 = 10;

/// Makes time stamps grow. Where the source's clock breaks, the output's goes on.
#[derive(Debug)]
pub(crate) struct Clock {
    leap: i64,
    shift: i64,
    last: Option<i64>,
    end: i64,
}

impl Clock {
    pub(crate) fn new(tick: Rational) -> Self {
        let (num, den) = pair(tick);
        Self { leap: LEAP_SECONDS * i64::from(den) / i64::from(num).max(1), shift: 0, last: None, end: 0 }
    }

    /// The place of a stamp, which lasts for `duration`.
    pub(crate) fn place(&mut self, stamp: Option<i64>, duration: i64) -> i64 {
        let duration = duration.clamp(0, self.leap);
        let at = match (stamp, self.last) {
            (None, _) => self.end,
            // Far outside what any clock holds; kept away from the ends of the number's range.
            (Some(s), None) => s.clamp(i64::MIN / 4, i64::MAX / 4),
            (Some(s), Some(last)) => self.follow(s, last, duration),
        };
        self.last = Some(at);
        self.end = at.saturating_add(duration.max(1));
        at
    }

    fn follow(&mut self, stamp: i64, last: i64, duration: i64) -> i64 {
        let at = stamp.saturating_add(self.shift);
        if at > last && at.saturating_sub(self.end) <= self.leap {
            return at;
        }
        if at <= last && last.saturating_sub(at) <= duration {
            return last + 1;
        }
        self.shift = self.end.saturating_sub(stamp);
        self.end
    }
}

/// A picture and the time stamps at which a rendition shows it.
pub(crate) type Shown = (Arc<Picture>, Range<i64>);

/// Which pictures a rendition shows when.
pub(crate) enum Pacer {
    /// The source's frames at the source's times.
    Source,
    /// One frame at each place of a grid: the last picture whose time is nearest to it or before.
    Grid { rate: FrameRate, tick: (u32, u32), held: Option<Arc<Picture>>, next: i64, shown: u64 },
}

impl Pacer {
    pub(crate) fn new(rate: Option<FrameRate>, tick: Rational) -> Self {
        rate.map_or(Self::Source, |rate| Self::Grid { rate, tick: pair(tick), held: None, next: 0, shown: 0 })
    }

    /// Takes a picture; says which one is to be shown because of it.
    pub(crate) fn push(&mut self, picture: Arc<Picture>) -> Option<Shown> {
        match self {
            Self::Source => {
                let at = picture.pts;
                Some((picture, at..at.saturating_add(1)))
            }
            Self::Grid { rate, tick, held, next, shown } => {
                let at = rate.index(picture.pts, *tick);
                let Some(before) = held.replace(picture) else {
                    *next = at;
                    return None;
                };
                let from = *next;
                *next = from.max(at);
                *shown += from.abs_diff(*next);
                (from < at).then_some((before, from..at))
            }
        }
    }

    /// What is still to be shown when the source has ended. A rendition has at least one frame.
    pub(crate) fn finish(&mut self) -> Option<Shown> {
        let Self::Grid { rate, tick, held, next, shown } = self else { return None };
        let last = held.take()?;
        let mut end = rate.index(last.end(), *tick);
        if *shown == 0 {
            end = end.max(next.saturating_add(1));
        }
        (*next < end).then_some((last, *next..end))
    }
}

/// Says which frames of a rendition are key frames by decree; the encoder may add its own where
/// [`Gop::Auto`] lets it.
pub(crate) struct KeyFrames {
    gop: Gop,
    tick: (u32, u32),
    last: Option<i64>,
}

impl KeyFrames {
    pub(crate) fn new(gop: Gop, tick: Rational) -> Self {
        Self { gop, tick: pair(tick), last: None }
    }

    pub(crate) fn is_due(&mut self, at: i64) -> bool {
        let due = match (self.last, self.gop) {
            (None, _) | (_, Gop::Intra) => true,
            (Some(_), Gop::Auto) => false,
            (Some(last), Gop::Every(ms)) => {
                let passed = i128::from(at.saturating_sub(last)) * i128::from(self.tick.0) * 1000;
                passed >= i128::from(ms) * i128::from(self.tick.1)
            }
        };
        if due {
            self.last = Some(at);
        }
        due
    }
}

/// Seconds of `ticks`.
pub(crate) fn seconds(ticks: i64, tick: Rational) -> f64 {
    let (num, den) = pair(tick);
    ticks as f64 * f64::from(num) / f64::from(den)
}

/// A number of ticks of another length, to the nearest.
pub(crate) fn rescale(ticks: i64, from: Rational, to: Rational) -> Result<i64, MediaError> {
    let ((fnum, fden), (tnum, tden)) = (pair(from), pair(to));
    let num = i128::from(ticks) * i128::from(fnum) * i128::from(tden);
    let den = i128::from(fden) * i128::from(tnum);
    i64::try_from(nearest(num, den))
        .map_err(|_| MediaError::Libav { step: "converting a time stamp", reason: format!("{ticks} is out of range") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_goes_forward_whatever_it_is_told() {
        let mut clock = Clock::new(Rational::new(1, 1000));
        let cases = [
            (Some(500), 500, "the first stamp is kept"),
            (Some(540), 540, "and those after it"),
            (None, 580, "a missing one follows the frame before"),
            (Some(580), 581, "a repeated one moves by a tick"),
            (Some(5000), 5000, "a pause is kept"),
            (Some(100), 5040, "a clock that starts again goes on"),
            (Some(140), 5080, "and stays so"),
            (Some(99_999_999), 5120, "a leap is none"),
            (Some(i64::MIN), 5160, "nor is this"),
            (Some(i64::MAX), 5200, "nor this"),
        ];
        for (stamp, want, why) in cases {
            assert_eq!(clock.place(stamp, 40), want, "{why}");
        }
    }

    #[test]
    fn key_frames_come_when_they_are_due() {
        let due = |gop, tick, stamps: &[i64]| {
            let mut keys = KeyFrames::new(gop, tick);
            stamps.iter().copied().filter(|at| keys.is_due(*at)).collect::<Vec<_>>()
        };
        let fifteen = Rational::new(1, 15);
        assert_eq!(due(Gop::Auto, fifteen, &[7, 8, 9]), [7]);
        assert_eq!(due(Gop::Intra, fifteen, &[7, 8, 9]), [7, 8, 9]);
        assert_eq!(due(Gop::Every(1000), fifteen, &[0, 14, 15, 16, 30]), [0, 15, 30]);
        let ms = Rational::new(1, 1000);
        assert_eq!(due(Gop::Every(300), ms, &[0, 40, 280, 320, 600, 640]), [0, 320, 640]);
    }
}
