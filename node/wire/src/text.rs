//! Media types, addresses of results, numbers and keys as texts.

use thiserror::Error;

use crate::net::Format;

/// A media type or an ending of file names that stands for no container here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MediaTypeError {
    /// No media type is known for an ending.
    #[error("unknown VideoProfile format for mime type")]
    Ending,
    /// No ending is known for a media type.
    #[error("no extensions exist for mime type")]
    Type,
    /// A container that is not known.
    #[error("unknown VideoProfile format for extension")]
    Format,
}

/// Endings and media types of what nodes exchange: the first pair with a type or an ending is its answer.
const TYPES: [(&str, &str); 6] = [
    (".ts", "video/mp2t"),
    (".mp4", "video/mp4"),
    (".m3u8", "application/vnd.apple.mpegurl"),
    (".png", "image/png"),
    (".wav", "audio/wav"),
    (".json", "application/json"),
];

/// The media type of an ending, whatever its case.
///
/// # Errors
/// None is known.
pub fn media_type(ending: &str) -> Result<&'static str, MediaTypeError> {
    let found = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending));
    found.map(|(_, of)| *of).ok_or(MediaTypeError::Ending)
}

/// The ending of a media type, whatever its case.
///
/// # Errors
/// None is known.
pub fn ending(media_type: &str) -> Result<&'static str, MediaTypeError> {
    let found = TYPES.iter().find(|(_, known)| known.eq_ignore_ascii_case(media_type));
    found.map(|(ending, _)| *ending).ok_or(MediaTypeError::Type)
}

/// The ending of files in a container.
#[must_use]
pub const fn ending_of(format: Format) -> &'static str {
    match format {
        Format::Mpegts => ".ts",
        Format::Mp4 => ".mp4",
    }
}

/// A URL and a path, with one slash between.
#[must_use]
pub fn join_url(url: &str, path: &str) -> String {
    match url.ends_with('/') {
        true => format!("{url}{path}"),
        false => format!("{url}/{path}"),
    }
}

/// A URL that is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It is empty.
    #[error("invalid url from orch")]
    Empty,
    /// A percent sign without two digits behind it.
    #[error("parse {url:?}: invalid URL escape {escape:?}")]
    Escape {
        /// The URL.
        url: String,
        /// From the percent sign on, three characters at most.
        escape: String,
    },
}

/// Where a result is, as its orchestrator says it: a path is one on that orchestrator.
///
/// # Errors
/// It is no URL.
pub fn result_url(path: &str, host: &str) -> Result<String, UrlError> {
    if path.is_empty() {
        return Err(UrlError::Empty);
    }
    let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_hexdigit);
    let bytes = path.as_bytes();
    let bad = (0..bytes.len()).find(|i| bytes[*i] == b'%' && !(digit(bytes.get(i + 1)) && digit(bytes.get(i + 2))));
    if let Some(at) = bad {
        let escape = path[at..].chars().take(3).collect();
        return Err(UrlError::Escape { url: path.to_owned(), escape });
    }
    let scheme = path.split_once(':').filter(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    });
    if scheme.is_some() || path.starts_with("//") || host.is_empty() {
        return Ok(path.to_owned());
    }
    Ok(join_url(host, path.strip_prefix('/').unwrap_or(path)))
}

/// A text that is no whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("failed to parse big integer")]
pub struct NotAnInteger;

/// The digits of a whole number of any size, with their sign if it is below zero and without zeros in front.
///
/// # Errors
/// It is none.
pub fn integer(text: &str) -> Result<String, NotAnInteger> {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => ("-", &text[1..]),
        Some(b'+') => ("", &text[1..]),
        _ => ("", text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NotAnInteger);
    }
    Ok(match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        rest => format!("{sign}{rest}"),
    })
}

/// A key file that names no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("Error parsing address from keyfile")]
pub struct NoAddress;

/// The account that an encrypted key file is for, as it stands there.
///
/// # Errors
/// It names none.
pub fn key_file_address(json: &str) -> Result<String, NoAddress> {
    let file: serde_json::Value = serde_json::from_str(json).map_err(|_| NoAddress)?;
    file.get("address").and_then(serde_json::Value::as_str).map(str::to_owned).ok_or(NoAddress)
}
