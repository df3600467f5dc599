//! URLs as other nodes take them apart and put them together again.

use std::fmt;

use thiserror::Error;

/// A text that is no URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("parse {url:?}: {reason}")]
pub struct NotAUrl {
    /// The text, without its fragment.
    pub url: String,
    /// Why.
    pub reason: Reason,
}

/// What is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// It is empty.
    #[error("empty url")]
    Empty,
    /// Nothing stands before the first colon.
    #[error("missing protocol scheme")]
    Scheme,
    /// A path that could be taken for one with a scheme.
    #[error("first path segment in URL cannot contain colon")]
    Colon,
    /// Neither a path nor a whole URL.
    #[error("invalid URI for request")]
    Request,
    /// A control character.
    #[error("net/url: invalid control character in URL")]
    Control,
    /// A percent sign without two digits behind it.
    #[error("invalid URL escape {0:?}")]
    Escape(String),
    /// A character that no host has.
    #[error("invalid character {0:?} in host name")]
    HostCharacter(String),
    /// A port that is no number.
    #[error("invalid port {0:?} after host")]
    Port(String),
    /// An address in brackets that are not closed.
    #[error("missing ']' in host")]
    Bracket,
    /// A character that no user has.
    #[error("net/url: invalid userinfo")]
    User,
}

/// A URL in its parts, those of the authority and the path without their escapes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Url {
    /// Scheme in lower case; empty for none.
    pub scheme: String,
    /// User, and a password if there is one.
    pub user: Option<(String, Option<String>)>,
    /// Host with its port.
    pub host: String,
    /// Path.
    pub path: String,
    /// The path as it was written.
    raw_path: String,
    /// What stands behind a scheme in place of an authority and a path.
    opaque: String,
    /// What stands behind the question mark.
    query: Option<String>,
    /// What stands behind the hash.
    fragment: String,
}

impl Url {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, NotAUrl> {
        let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
        let wrong = |reason| NotAUrl { url: url.to_owned(), reason };
        let mut parsed = Self::split(url, false).map_err(wrong)?;
        parsed.fragment = decoded(fragment, |_| true).map_err(wrong)?;
        Ok(parsed)
    }

    /// Takes the URL of a request apart: a path or a whole URL, where a hash is one character like others.
    ///
    /// # Errors
    /// It is none.
    pub fn parse_request(text: &str) -> Result<Self, NotAUrl> {
        Self::split(text, true).map_err(|reason| NotAUrl { url: text.to_owned(), reason })
    }

    fn split(text: &str, request: bool) -> Result<Self, Reason> {
        if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
            return Err(Reason::Control);
        }
        if text.is_empty() && request {
            return Err(Reason::Empty);
        }
        let (scheme, rest) = scheme(text)?;
        let mut url = Self { scheme: scheme.to_ascii_lowercase(), ..Self::default() };
        let (mut rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        url.query = query.map(str::to_owned);
        if text == "*" {
            (url.path, url.raw_path) = ("*".to_owned(), "*".to_owned());
            return Ok(url);
        }
        if !rest.starts_with('/') {
            if !scheme.is_empty() {
                rest.clone_into(&mut url.opaque);
                return Ok(url);
            }
            if request {
                return Err(Reason::Request);
            }
            if rest.split('/').next().is_some_and(|first| first.contains(':')) {
                return Err(Reason::Colon);
            }
        }
        let with_authority = !scheme.is_empty() || (!request && !rest.starts_with("///"));
        if let Some(authority) = rest.strip_prefix("//").filter(|_| with_authority) {
            let (authority, path) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
            url.set_authority(authority)?;
            rest = path;
        }
        url.path = decoded(rest, |_| true)?;
        rest.clone_into(&mut url.raw_path);
        Ok(url)
    }

    fn set_authority(&mut self, authority: &str) -> Result<(), Reason> {
        let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        self.host = parse_host(host)?;
        let Some(user) = user else { return Ok(()) };
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
        if !user.bytes().all(fits) {
            return Err(Reason::User);
        }
        let (name, password) = user.split_once(':').map_or((user, None), |(name, password)| (name, Some(password)));
        let password = password.map(|p| decoded(p, |_| true)).transpose()?;
        self.user = Some((decoded(name, |_| true)?, password));
        Ok(())
    }

    /// The path with escapes: as it was written where that makes sense.
    fn escaped_path(&self) -> String {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@/[]%".contains(&b);
        let unchanged = decoded(&self.raw_path, |_| true).is_ok_and(|path| path == self.path);
        if self.path == "*" || (unchanged && self.raw_path.bytes().all(fits)) {
            return if unchanged { self.raw_path.clone() } else { self.path.clone() };
        }
        escaped(&self.path, b"$&+,/:;=@")
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scheme.is_empty() {
            write!(f, "{}:", self.scheme)?;
        }
        if self.opaque.is_empty() {
            let path = self.escaped_path();
            let authority = !self.host.is_empty() || self.user.is_some();
            if authority || (!self.scheme.is_empty() && !path.is_empty()) {
                f.write_str("//")?;
            }
            if let Some((name, password)) = &self.user {
                f.write_str(&escaped(name, b"$&+,;="))?;
                if let Some(password) = password {
                    write!(f, ":{}", escaped(password, b"$&+,;="))?;
                }
                f.write_str("@")?;
            }
            f.write_str(&escaped(&self.host, b"!$&'()*+,;=:[]<>\""))?;
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                f.write_str("/")?;
            }
            f.write_str(&path)?;
        } else {
            f.write_str(&self.opaque)?;
        }
        if let Some(query) = &self.query {
            write!(f, "?{query}")?;
        }
        if !self.fragment.is_empty() {
            write!(f, "#{}", escaped(&self.fragment, b"$&+,/:;=?@!()*"))?;
        }
        Ok(())
    }
}

/// The scheme, and what stands behind its colon.
fn scheme(text: &str) -> Result<(&str, &str), Reason> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    match text.bytes().position(|b| !fits(b)) {
        Some(at) if text.as_bytes().get(at) == Some(&b':') => {
            if at == 0 {
                return Err(Reason::Scheme);
            }
            match text.starts_with(|c: char| c.is_ascii_alphabetic()) {
                true => Ok((&text[..at], &text[at + 1..])),
                false => Ok(("", text)),
            }
        }
        _ => Ok(("", text)),
    }
}

fn parse_host(text: &str) -> Result<String, Reason> {
    let port = if text.starts_with('[') {
        let end = text.rfind(']').ok_or(Reason::Bracket)?;
        &text[end + 1..]
    } else {
        text.rfind(':').map_or("", |at| &text[at..])
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !(port.is_empty() || port.strip_prefix(':').is_some_and(digits)) {
        return Err(Reason::Port(port.to_owned()));
    }
    // Only what is no ASCII may be escaped in a host.
    let host = decoded(text, |byte| byte >= 0x80)?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b >= 0x80 || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&b);
    match text.bytes().find(|b| !fits(*b)) {
        Some(b) => Err(Reason::HostCharacter(char::from(b).to_string())),
        None => Ok(host),
    }
}

/// A text without its escapes, of which some bytes may be written so.
fn decoded(text: &str, may: fn(u8) -> bool) -> Result<String, Reason> {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        if *byte != b'%' {
            out.push(*byte);
            at += 1;
            continue;
        }
        let value = match (digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (Some(high), Some(low)) => u8::try_from(high * 16 + low).ok().filter(|value| may(*value)),
            _ => None,
        };
        let Some(value) = value else {
            let escape = bytes.get(at..bytes.len().min(at + 3)).unwrap_or_default();
            return Err(Reason::Escape(String::from_utf8_lossy(escape).into_owned()));
        };
        out.push(value);
        at += 3;
    }
    // What is no text any more stays as it was written.
    Ok(String::from_utf8(out).unwrap_or_else(|_| text.to_owned()))
}

/// A text with all bytes escaped but for letters, digits, `-_.~` and some others.
fn escaped(text: &str, plain: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || plain.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
