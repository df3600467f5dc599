//! Names of streams in the paths of requests.

/// A stream and what is asked of it: a rendition's playlist, a segment, or the key of whoever publishes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamId {
    /// The stream's name.
    pub manifest: String,
    /// The rest of the path.
    pub rendition: String,
}

impl StreamId {
    /// Takes a name apart at its first slash.
    #[must_use]
    pub fn split(name: &str) -> Self {
        let (manifest, rendition) = name.split_once('/').unwrap_or((name, ""));
        Self { manifest: manifest.to_owned(), rendition: rendition.to_owned() }
    }

    /// The stream of a request's path.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        Self::split(&without_prefix(without_ending(path)))
    }

    /// The stream that somebody publishes: by the name and key that a web hook gives it, or by the path. Where either
    /// has no name or no key, one is made up, which is the caller's to do.
    #[must_use]
    pub fn published(path: &str, hook: Option<(&str, &str)>) -> Self {
        if let Some((name, key)) = hook {
            let manifest = Self::of_path(name).manifest;
            if !manifest.is_empty() {
                return Self { manifest, rendition: key.to_owned() };
            }
        }
        Self::of_path(path)
    }
}

impl std::fmt::Display for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.manifest, self.rendition)
    }
}

/// A path without spaces and slashes in front, without `stream/` behind those, and without any `live/` after that,
/// wherever it stands, but for one that nothing at all stands before.
#[must_use]
pub fn without_prefix(path: &str) -> String {
    let rest = path.trim_start_matches([' ', '/']);
    let rest = rest.strip_prefix("stream/").unwrap_or(rest);
    let kept = match rest.chars().next() {
        Some(first) if rest.len() == path.len() => first.len_utf8(),
        _ => 0,
    };
    let (kept, rest) = rest.split_at(kept);
    format!("{kept}{}", rest.replace("live/", ""))
}

/// A path without the ending of its last part.
fn without_ending(path: &str) -> &str {
    let last = path.rfind('/').map_or(0, |at| at + 1);
    path[last..].rfind('.').map_or(path, |dot| &path[..last + dot])
}
