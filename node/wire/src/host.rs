//! Addresses of sockets as texts: where to listen, and who calls.

use thiserror::Error;

use crate::url::{NotAUrl, Url};

/// An address that is no host and port.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("address {address}: {reason}")]
pub struct NotAnAddress {
    /// The address.
    pub address: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Host and port of an address; an IPv6 host loses its brackets.
///
/// # Errors
/// It is no host and port.
pub fn split(address: &str) -> Result<(&str, &str), NotAnAddress> {
    let wrong = |reason| Err(NotAnAddress { address: address.to_owned(), reason });
    const MISSING: &str = "missing port in address";
    const COLONS: &str = "too many colons in address";
    let Some((before, port)) = address.rsplit_once(':') else { return wrong(MISSING) };
    let (host, inner, behind) = if let Some(inner) = address.strip_prefix('[') {
        let Some((host, behind)) = inner.split_once(']') else { return wrong("missing ']' in address") };
        match behind.strip_prefix(':') {
            None => return wrong(MISSING),
            Some(rest) if rest.contains(':') => return wrong(COLONS),
            Some(_) => (host, inner, behind),
        }
    } else {
        (before, address, address)
    };
    if !address.starts_with('[') && host.contains(':') {
        return wrong(COLONS);
    }
    if inner.contains('[') {
        return wrong("unexpected '[' in address");
    }
    if behind.contains(']') {
        return wrong("unexpected ']' in address");
    }
    Ok((host, port))
}

/// Who called, for logs: the host that a proxy names first, or that of the connection. What is no host and port stays
/// as it is.
#[must_use]
pub fn caller<'a>(connection: &'a str, forwarded_for: &'a str) -> &'a str {
    let address = match forwarded_for {
        "" => connection,
        list => list.split(',').next().unwrap_or(list),
    };
    split(address.trim()).map_or(address, |(host, _)| host)
}

/// An address that names no host.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// It is empty.
    #[error("remoteAddr is empty")]
    Empty,
    /// It is no host and port.
    #[error("couldn't parse remote host: {0}")]
    Address(#[from] NotAnAddress),
}

/// The host of whoever connected, under one name for this machine.
///
/// # Errors
/// There is none in it.
pub fn remote(address: &str) -> Result<&str, RemoteError> {
    if address.is_empty() {
        return Err(RemoteError::Empty);
    }
    Ok(match split(address)?.0.trim_matches(['[', ']']) {
        "::1" => "127.0.0.1",
        host => host,
    })
}

/// Where to listen, and whether with TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// Host and port.
    pub bind: String,
    /// With TLS.
    pub tls: bool,
}

/// An option that says nowhere to listen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ListenError {
    /// It is no URL.
    #[error(transparent)]
    Url(#[from] NotAUrl),
    /// Neither HTTP nor HTTPS.
    #[error("unsupported -httpAddr scheme {0:?}")]
    Scheme(String),
    /// It names a path, too.
    #[error("-httpAddr must not include a path")]
    Path,
}

/// Where to listen by an option: a host and port, which stand for HTTPS, or a URL.
///
/// # Errors
/// It is a URL of something else.
pub fn listen(option: &str) -> Result<Listen, ListenError> {
    if !option.contains("://") {
        return Ok(Listen { bind: option.to_owned(), tls: true });
    }
    let url = Url::parse(option)?;
    let tls = match url.scheme.as_str() {
        "http" => false,
        "https" => true,
        other => return Err(ListenError::Scheme(other.to_owned())),
    };
    match url.path.as_str() {
        "" | "/" => Ok(Listen { bind: url.host, tls }),
        _ => Err(ListenError::Path),
    }
}
