//! Moments by the calendar, and as texts.

use std::fmt;

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400;
/// Days of 400 years.
const ERA: u64 = 146_097;
/// Days from the first of March of the year 0 to the first of January 1970.
const EPOCH: u64 = 719_468;

/// A nanosecond by the calendar, in UTC. Its text is that of RFC 3339, without zeros at the end of the fraction, or
/// with as many digits of it as are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Year.
    pub year: u64,
    /// Month, from 1.
    pub month: u64,
    /// Day of the month, from 1.
    pub day: u64,
    /// Second of the day.
    pub second: u64,
    /// Nanosecond of the second.
    pub nanos: u64,
}

impl Moment {
    /// Of a Unix millisecond.
    #[must_use]
    pub const fn of_millis(unix_millis: u64) -> Self {
        Self::of(unix_millis / 1_000, unix_millis % 1_000 * 1_000_000)
    }

    /// Of a Unix nanosecond.
    #[must_use]
    pub const fn of_nanos(unix_nanos: u64) -> Self {
        Self::of(unix_nanos / SECOND, unix_nanos % SECOND)
    }

    /// Years are counted from March, so that the odd day is their last.
    const fn of(unix_seconds: u64, nanos: u64) -> Self {
        let days = unix_seconds / DAY + EPOCH;
        let (era, day) = (days / ERA, days % ERA);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let first = (153 * month + 2) / 5;
        let after_new_year = (month >= 10) as u64;
        Self {
            year: era * 400 + year + after_new_year,
            month: if after_new_year == 1 { month - 9 } else { month + 3 },
            day: day - first + 1,
            second: unix_seconds % DAY,
            nanos,
        }
    }

    /// Its Unix second, below zero before 1970.
    fn unix_seconds(&self) -> i64 {
        let (year, month) =
            if self.month > 2 { (self.year, self.month - 3) } else { (self.year.wrapping_sub(1), self.month + 9) };
        // The year 0 may have begun in the year before.
        let year = year.wrapping_add(400);
        let days =
            year / 400 * ERA + year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + (153 * month + 2) / 5 + self.day
                - 1;
        (days as i64 - (ERA + EPOCH) as i64) * DAY as i64 + self.second as i64
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.second / 3_600, self.second / 60 % 60, self.second % 60);
        write!(f, "{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}", self.year, self.month, self.day)?;
        let digits = format!("{:09}", self.nanos);
        let digits = match f.precision() {
            Some(places) => digits.get(..places).unwrap_or(&digits),
            None => digits.trim_end_matches('0'),
        };
        if digits.is_empty() { f.write_str("Z") } else { write!(f, ".{digits}Z") }
    }
}

/// The Unix nanosecond of a text of RFC 3339, in any zone. Digits beyond nanoseconds are dropped.
///
/// It is nothing where the text is none, or speaks of a moment before 1970 or after the year 2554.
#[must_use]
pub fn unix_nanos(text: &str) -> Option<u64> {
    let (day, rest) = text.split_once('T')?;
    let (zone_at, east) = match rest.find(['Z', '+', '-'])? {
        at if rest[at..] == *"Z" => (at, 0),
        at => (at, zone(&rest[at..])?),
    };
    let (clock, fraction) = match rest[..zone_at].split_once('.') {
        Some((clock, fraction)) => (clock, nanos(fraction)?),
        None => (&rest[..zone_at], 0),
    };
    let [year, month, date] = numbers(day, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let good = (1..=12).contains(&month) && (1..=31).contains(&date) && hour < 24 && minute < 60 && second < 60;
    let moment = Moment { year, month, day: date, second: hour * 3_600 + minute * 60 + second, nanos: fraction };
    let seconds = u64::try_from(moment.unix_seconds() - east).ok().filter(|_| good)?;
    seconds.checked_mul(SECOND)?.checked_add(fraction)
}

/// Three numbers of so many digits.
fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(between);
    let mut out = [0; 3];
    for (number, wanted) in out.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == wanted && part.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(out)
}

/// Seconds of a zone east of Greenwich: `+02:00`.
fn zone(text: &str) -> Option<i64> {
    let (sign, rest) = text.split_at_checked(1)?;
    let [hours, minutes, _] = numbers(&format!("{rest}:00"), ':', [2, 2, 2])?;
    let size = i64::try_from(hours * 3_600 + minutes * 60).ok().filter(|_| hours < 24 && minutes < 60)?;
    Some(if sign == "-" { -size } else { size })
}

/// Nanoseconds of the digits of a fraction.
fn nanos(digits: &str) -> Option<u64> {
    let good = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let nine = format!("{digits:0<9}");
    nine.get(..9).filter(|_| good)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_the_texts_of_rfc_3339() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_795_408_492_984_483_961, "2026-11-23T04:34:52.984483961Z"),
            (1_795_408_572_636_281_300, "2026-11-23T04:36:12.6362813Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00Z"),
            (1_709_251_199_100_000_000, "2024-02-29T23:59:59.1Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551615Z"),
        ] {
            assert_eq!(Moment::of_nanos(nanos).to_string(), text);
            assert_eq!(unix_nanos(text), Some(nanos), "{text}");
        }
        assert_eq!(format!("{:.3}", Moment::of_millis(1_795_408_492_984)), "2026-11-23T04:34:52.984Z");
    }

    #[test]
    fn every_day_of_centuries_comes_back() {
        for day in 0..200_000 {
            let nanos = day * DAY * SECOND + 5;
            assert_eq!(unix_nanos(&Moment::of_nanos(nanos).to_string()), Some(nanos));
        }
    }

    #[test]
    fn zones_are_taken_off() {
        let noon = unix_nanos("2026-11-23T12:00:00Z");
        for text in ["2026-11-23T14:00:00+02:00", "2026-11-23T06:30:00.000000000000-05:30", "2026-11-24T00:00:00+12:00"]
        {
            assert_eq!(unix_nanos(text), noon, "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "T",
            "TZ",
            "2026-11-23",
            "2026-11-23T04:34:52",
            "2026-11-23 04:34:52Z",
            "2026-13-23T04:34:52Z",
            "2026-11-23T24:34:52Z",
            "2026-11-23T04:34:52.Z",
            "2026-11-23T04:34:52.1xZ",
            "2026-11-23T04:34:52+2",
            "2026-11-23T04:34:52+02:60",
            "2026-11-23T04:34:52ZZ",
            "+026-11-23T04:34:52Z",
            "1969-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2026-11-23T04:34:52é",
        ] {
            assert_eq!(unix_nanos(text), None, "{text}");
        }
    }
}
