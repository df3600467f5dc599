//! A line to one endpoint: HTTP, WebSocket or IPC, opened when it is needed and again after it broke.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use alloy::providers::RootProvider;
use alloy::rpc::client::{BuiltInConnectionString, RpcClient};
use alloy::rpc::json_rpc::{RequestPacket, ResponsePacket, RpcError};
use alloy::transports::http::Http;
use alloy::transports::{
    BoxTransport, IntoBoxTransport, TransportConnect, TransportError, TransportErrorKind, TransportFut,
};
use thiserror::Error;
use tower::Service;

use crate::fault::TimedOut;

/// Where an endpoint is.
///
/// Shown without what may be a secret: user, password, path and query, where providers put their keys.
#[derive(Clone, PartialEq, Eq)]
pub enum EndpointUrl {
    /// `http://` or `https://`.
    Http(reqwest::Url),
    /// `ws://` or `wss://`.
    Ws(reqwest::Url),
    /// Path of a socket, with `ipc:` before it or ending in `.ipc`.
    Ipc(PathBuf),
}

/// A text that names no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{given:?} is no endpoint: {reason}; give http://, https://, ws:// or wss:// and a host, or the path of an IPC socket"
)]
pub struct BadUrl {
    /// What was given, as far as it may be shown.
    pub given: String,
    /// What is wrong with it.
    pub reason: String,
}

impl FromStr for EndpointUrl {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<Self, BadUrl> {
        // What comes after the host may be a key: it is not repeated.
        let given = || text.split_inclusive('/').take(3).collect::<String>();
        let text = text.trim();
        if let Some(path) = text.strip_prefix("ipc:") {
            return Ok(Self::Ipc(path.trim_start_matches("//").into()));
        }
        if !text.contains("://") && (text.starts_with(['/', '.']) || text.ends_with(".ipc")) {
            return Ok(Self::Ipc(text.into()));
        }
        let url = reqwest::Url::parse(text).map_err(|e| BadUrl { given: given(), reason: e.to_string() })?;
        match url.scheme() {
            _ if url.host_str().is_none_or(str::is_empty) => Err(BadUrl { given: given(), reason: "no host".into() }),
            "http" | "https" => Ok(Self::Http(url)),
            "ws" | "wss" => Ok(Self::Ws(url)),
            other => Err(BadUrl { given: given(), reason: format!("{other} is not a protocol of endpoints") }),
        }
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) | Self::Ws(url) => {
                write!(f, "{}://{}", url.scheme(), url.host_str().unwrap_or_default())?;
                match url.port() {
                    Some(port) => write!(f, ":{port}"),
                    None => Ok(()),
                }
            }
            Self::Ipc(path) => write!(f, "ipc:{}", path.display()),
        }
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl EndpointUrl {
    /// A provider that asks there. Nothing is opened yet: an endpoint that is down at start may come up.
    #[must_use]
    pub fn provider(&self, patience: Duration) -> RootProvider {
        let line = Line { url: self.clone(), open: Arc::default() };
        RootProvider::new(RpcClient::new(Patient::new(line, patience), false))
    }

    async fn open(&self) -> Result<BoxTransport, TransportError> {
        match self {
            Self::Http(url) => {
                choose_tls();
                let client = reqwest::Client::builder()
                    .redirect(reqwest::redirect::Policy::none())
                    .build()
                    .map_err(TransportErrorKind::custom)?;
                Ok(Http::with_client(client, url.clone()).into_box_transport())
            }
            Self::Ws(url) => {
                choose_tls();
                BuiltInConnectionString::Ws(url.clone(), None).get_transport().await
            }
            Self::Ipc(path) => BuiltInConnectionString::Ipc(path.clone()).get_transport().await,
        }
    }
}

/// Chooses a provider of cryptography, unless the program has: then that one serves.
pub(crate) fn choose_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The transport of one endpoint.
#[derive(Clone)]
struct Line {
    url: EndpointUrl,
    open: Arc<Mutex<Option<BoxTransport>>>,
}

/// Closes a line when it is dropped with a request under way: a socket that went silent stays silent, and
/// what comes late would belong to nobody.
struct UnderWay<'a>(&'a Line);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        *self.0.slot() = None;
    }
}

impl Line {
    fn slot(&self) -> MutexGuard<'_, Option<BoxTransport>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(self, packet: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let known = self.slot().clone();
        let mut transport = match known {
            Some(open) => open,
            None => {
                let opened = self.url.open().await?;
                self.slot().insert(opened).clone()
            }
        };
        let under_way = UnderWay(&self);
        let answer = transport.call(packet).await;
        match &answer {
            // The next request opens a new one.
            Err(RpcError::Transport(TransportErrorKind::BackendGone | TransportErrorKind::Custom(_))) => {}
            _ => std::mem::forget(under_way),
        }
        answer
    }
}

impl Service<RequestPacket> for Line {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        Box::pin(self.clone().ask(packet))
    }
}

/// A transport that is given so much time for an answer.
#[derive(Debug, Clone)]
pub struct Patient<S> {
    inner: S,
    patience: Duration,
}

impl<S> Patient<S> {
    /// Waits for answers of `inner` for no longer than `patience`.
    pub const fn new(inner: S, patience: Duration) -> Self {
        Self { inner, patience }
    }
}

impl<S> Service<RequestPacket> for Patient<S>
where
    S: Service<RequestPacket, Response = ResponsePacket, Error = TransportError, Future = TransportFut<'static>>,
{
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let (answer, patience) = (self.inner.call(packet), self.patience);
        Box::pin(async move {
            tokio::time::timeout(patience, answer)
                .await
                .unwrap_or_else(|_| Err(TransportErrorKind::custom(TimedOut(patience))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_shown_without_their_keys() {
        for (text, shown) in [
            ("https://arb1.example.org/v2/s3cr3t-key?k=1", "https://arb1.example.org"),
            ("http://user:pass@127.0.0.1:8545", "http://127.0.0.1:8545"),
            ("wss://host.example/ws/s3cr3t", "wss://host.example"),
            ("/run/geth.ipc", "ipc:/run/geth.ipc"),
            ("ipc:///run/geth.sock", "ipc:/run/geth.sock"),
            ("geth.ipc", "ipc:geth.ipc"),
        ] {
            let url: EndpointUrl = text.parse().expect(text);
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
        }
    }

    #[test]
    fn what_names_no_endpoint_is_refused() {
        for (text, reason) in [
            ("arb1.example.org", "relative URL without a base"),
            ("ftp://host/x", "ftp is not a protocol of endpoints"),
            ("http://", "empty host"),
            ("", "relative URL without a base"),
        ] {
            assert_eq!(text.parse::<EndpointUrl>().expect_err(text).reason, reason);
        }
        let secret = "https:/\\host name/v2/s3cr3t".parse::<EndpointUrl>().expect_err("a space").to_string();
        assert!(!secret.contains("s3cr3t"), "{secret}");
    }
}
