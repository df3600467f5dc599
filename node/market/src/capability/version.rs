//! Versions of programs.

/// A version: three numbers. What stands behind a hyphen or a plus does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First number.
    pub major: u64,
    /// Second number.
    pub minor: u64,
    /// Third number.
    pub patch: u64,
}

impl Version {
    /// Reads one to three numbers with points between, a `v` in front or not, with a suffix or without.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, build) = cut(text, '+');
        let (numbers, release) = cut(text, '-');
        let sound = |suffix: Option<&str>, zeros: bool| suffix.is_none_or(|s| s.split('.').all(|p| part(p, zeros)));
        if !sound(build, true) || !sound(release, false) {
            return None;
        }
        let mut out = [0; 3];
        let mut slots = out.iter_mut();
        for number in numbers.split('.') {
            let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            *slots.next()? = digits.then(|| number.parse().ok())??;
        }
        let [major, minor, patch] = out;
        Some(Self { major, minor, patch })
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// Whether a part of a suffix is one: letters, digits, hyphens; a number in front of a release has no zero first.
fn part(text: &str, zeros: bool) -> bool {
    let letters = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let number = text.bytes().all(|b| b.is_ascii_digit());
    letters && (zeros || !number || text.len() == 1 || !text.starts_with('0'))
}

/// Whether a version is at least another one. Nothing is asked for by an empty text, nor by one that is no version;
/// but a node that does not say what it is never satisfies a demand.
#[must_use]
pub fn satisfies(wanted: &str, found: &str) -> bool {
    if wanted.is_empty() {
        return true;
    }
    if found.is_empty() || found == "undefined" {
        return false;
    }
    let Some(wanted) = Version::parse(wanted) else { return true };
    Version::parse(found).is_some_and(|found| found >= wanted)
}
