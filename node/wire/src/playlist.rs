//! HLS playlists of a stream that is live, and of one that was recorded.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::profile::ProfileText;
use crate::text::join_url;

/// Segments that a playlist of a live stream shows.
pub const WINDOW: usize = 6;
/// The rendition that is the stream itself.
pub const SOURCE: &str = "source";

/// A segment that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("segment already exists")]
pub struct Exists;

/// A rendition as playlists name it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Track {
    /// Its name.
    pub name: String,
    /// Bits per second; zero where nobody knows.
    pub bandwidth: u32,
    /// Width and height, with an `x` between.
    pub resolution: String,
}

impl From<&ProfileText> for Track {
    fn from(profile: &ProfileText) -> Self {
        let bits = profile.bitrate.replacen('k', "000", 1);
        let digits = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
        Self {
            name: profile.name.clone(),
            bandwidth: if digits { bits.parse().unwrap_or(u32::MAX) } else { 0 },
            resolution: profile.resolution.replacen(':', "x", 1),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Segment {
    uri: String,
    seconds: f64,
    /// It does not go on where the one before it ended.
    cut: bool,
}

/// The playlist of one rendition.
#[derive(Debug, Clone, PartialEq, Default)]
struct Media {
    segments: BTreeMap<u64, Segment>,
    /// Segments that are shown no more.
    gone: u64,
    /// Seconds of the longest segment that there was, rounded up.
    longest: f64,
}

impl Media {
    fn insert(&mut self, seq: u64, segment: Segment) -> Result<(), Exists> {
        if self.segments.contains_key(&seq) {
            return Err(Exists);
        }
        if self.longest < segment.seconds {
            self.longest = segment.seconds.ceil();
        }
        self.segments.insert(seq, segment);
        Ok(())
    }

    fn text(&self, ended: bool) -> String {
        let mut out = format!(
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:{}\n#EXT-X-TARGETDURATION:{}\n",
            self.gone, self.longest as i64
        );
        for segment in self.segments.values() {
            if segment.cut {
                out.push_str("#EXT-X-DISCONTINUITY\n");
            }
            // Others round what they have to a single float first.
            let _ = writeln!(out, "#EXTINF:{:.3},\n{}", segment.seconds as f32, segment.uri);
        }
        if ended {
            out.push_str("#EXT-X-ENDLIST\n");
        }
        out
    }
}

/// The playlists of a stream that is live.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    manifest: String,
    tracks: Vec<(Track, Media)>,
}

impl Live {
    /// Those of a stream that has no segments yet.
    #[must_use]
    pub const fn new(manifest: String) -> Self {
        Self { manifest, tracks: Vec::new() }
    }

    /// Shows a segment of a rendition, which may come out of order. A full playlist loses its first segment, also to
    /// one that it has already.
    ///
    /// # Errors
    /// It is there already.
    pub fn insert(&mut self, track: &Track, seq: u64, uri: &str, seconds: f64) -> Result<(), Exists> {
        let at = match self.tracks.iter().position(|(known, _)| known.name == track.name) {
            Some(at) => at,
            None => {
                self.tracks.push((track.clone(), Media::default()));
                self.tracks.len() - 1
            }
        };
        let Some((_, media)) = self.tracks.get_mut(at) else { return Ok(()) };
        if media.segments.len() >= WINDOW {
            media.segments.pop_first();
            media.gone += 1;
        }
        media.insert(seq, Segment { uri: uri.to_owned(), seconds, cut: false })
    }

    /// The playlist that names those of the renditions.
    #[must_use]
    pub fn master(&self) -> String {
        let mut out = "#EXTM3U\n#EXT-X-VERSION:3\n".to_owned();
        for (track, _) in &self.tracks {
            let _ = write!(out, "#EXT-X-STREAM-INF:PROGRAM-ID=0,BANDWIDTH={}", track.bandwidth);
            if !track.resolution.is_empty() {
                let _ = write!(out, ",RESOLUTION={}", track.resolution);
            }
            let _ = writeln!(out, "\n{}/{}.m3u8", self.manifest, track.name);
        }
        out
    }

    /// The playlist of a rendition.
    #[must_use]
    pub fn media(&self, track: &str) -> Option<String> {
        self.tracks.iter().find(|(known, _)| known.name == track).map(|(_, media)| media.text(false))
    }

    /// Names of the renditions, in the order in which they came.
    pub fn tracks(&self) -> impl Iterator<Item = &str> {
        self.tracks.iter().map(|(track, _)| track.name.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Recorded {
    seq: u64,
    uri: String,
    millis: u64,
    cut: bool,
}

/// What was recorded of a stream: a part of it, or parts that were joined.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recording {
    millis: u64,
    tracks: Vec<Track>,
    segments: BTreeMap<String, Vec<Recorded>>,
}

impl Recording {
    /// Adds a segment of a rendition at its end.
    pub fn push(&mut self, track: &Track, seq: u64, uri: &str, seconds: f64) {
        let millis = (seconds * 1_000.0) as u64;
        if track.name == SOURCE {
            self.millis = self.millis.saturating_add(millis);
        }
        if !self.segments.contains_key(&track.name) {
            self.tracks.push(track.clone());
        }
        let segment = Recorded { seq, uri: uri.to_owned(), millis, cut: false };
        self.segments.entry(track.name.clone()).or_default().push(segment);
    }

    /// Joins another part of the same stream: its segments go where their numbers belong, and of two with one number
    /// the one that is here stays.
    pub fn join(&mut self, part: &Self) {
        self.add_tracks(part);
        for (track, more) in &part.segments {
            let segments = self.segments.entry(track.clone()).or_default();
            for segment in more {
                if let Err(at) = segments.binary_search_by_key(&segment.seq, |known| known.seq) {
                    segments.insert(at, segment.clone());
                }
            }
        }
    }

    /// Puts a part behind this one that begins anew: its numbers go on after the last one here.
    pub fn join_after_cut(&mut self, part: &Self) {
        self.add_tracks(part);
        for (track, more) in &part.segments {
            let segments = self.segments.entry(track.clone()).or_default();
            let last = segments.last().map(|segment| segment.seq.saturating_add(1));
            for (i, segment) in more.iter().enumerate() {
                let seq = segment.seq.saturating_add(last.unwrap_or(0));
                segments.push(Recorded { seq, cut: segment.cut || (i == 0 && last.is_some()), ..segment.clone() });
            }
        }
    }

    fn add_tracks(&mut self, part: &Self) {
        self.millis = self.millis.saturating_add(part.millis);
        for track in &part.tracks {
            if !self.tracks.iter().any(|known| known.name == track.name) {
                self.tracks.push(track.clone());
            }
        }
    }

    /// Names of the renditions.
    pub fn tracks(&self) -> impl Iterator<Item = &str> {
        self.tracks.iter().map(|track| track.name.as_str())
    }

    /// The playlist of a rendition. Addresses of segments are those within the stream whose name they hold, or are put
    /// behind the address of a store.
    #[must_use]
    pub fn media(&self, track: &str, manifests: &[&str], store: &str, ended: bool) -> String {
        let mut media = Media::default();
        for segment in self.segments.get(track).into_iter().flatten() {
            let shown = Segment {
                uri: shown_uri(&segment.uri, manifests, store),
                seconds: segment.millis as f64 / 1_000.0,
                cut: segment.cut,
            };
            // Of two with one number the first is shown.
            let _ = media.insert(segment.seq, shown);
        }
        media.text(ended)
    }

    /// As it is stored.
    #[must_use]
    pub fn json(&self) -> Value {
        let tracks = self.tracks.iter().map(|track| {
            let (name, resolution) = (json!(track.name), json!(track.resolution));
            plain([("name", name), ("bandwidth", json!(track.bandwidth)), ("resolution", resolution)])
        });
        let segments = self.segments.iter().map(|(track, all)| {
            let one = |s: &Recorded| {
                plain([("seq_no", json!(s.seq)), ("uri", json!(s.uri)), ("duration_ms", json!(s.millis))])
            };
            (track.clone(), all.iter().map(one).collect())
        });
        let (tracks, segments) = (tracks.collect::<Vec<_>>(), segments.collect::<Map<String, Value>>());
        plain([("duration_ms", json!(self.millis)), ("tracks", json!(tracks)), ("segments", json!(segments))])
    }
}

/// An object without fields that are empty or zero.
fn plain<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let empty = |value: &Value| match value {
        Value::Number(n) => n.as_u64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        _ => false,
    };
    fields.into_iter().filter(|(_, value)| !empty(value)).map(|(key, value)| (key.to_owned(), value)).collect()
}

fn shown_uri(uri: &str, manifests: &[&str], store: &str) -> String {
    let Some((at, name)) = manifests.iter().find_map(|name| uri.find(name).map(|at| (at, *name))) else {
        return uri.to_owned();
    };
    let from_name = &uri[at..];
    if store.is_empty() {
        // Behind the name and its slash.
        from_name.get(name.len() + 1..).unwrap_or_default().to_owned()
    } else {
        join_url(store, from_name)
    }
}
