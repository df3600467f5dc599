//! Word of new blocks, from endpoints that push it. A hint and no more: what it says is not believed, it only
//! makes a node look sooner. A socket that breaks or goes silent costs nothing but the hint.

use std::sync::Arc;
use std::time::Duration;

use alloy::providers::{Provider, RootProvider};
use alloy::rpc::client::{RpcClient, WsConnect};
use alloy::transports::TransportError;
use alloy::transports::ipc::IpcConnect;
use serde::de::IgnoredAny;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::line::EndpointUrl;

/// Pause before a broken socket is opened again: at first, and at most. It doubles from failure to failure.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MOST: Duration = Duration::from_secs(60);

/// What wakes a node. Clones wake the same one.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// There may be something new. Several before the node looks are one.
    pub fn now(&self) {
        self.0.notify_one();
    }

    pub(crate) async fn called(&self) {
        self.0.notified().await;
    }
}

/// Sockets that are listened to, as long as this is kept.
#[derive(Debug)]
pub struct Heads {
    _tasks: JoinSet<()>,
}

impl Heads {
    /// Listens for new heads at every endpoint with a socket; over HTTP nothing is pushed.
    #[must_use]
    pub fn listen(urls: &[EndpointUrl], wake: &Wake) -> Self {
        let mut tasks = JoinSet::new();
        for url in urls.iter().filter(|url| !matches!(url, EndpointUrl::Http(_))) {
            tasks.spawn(follow(url.clone(), wake.clone()));
        }
        Self { _tasks: tasks }
    }
}

async fn follow(url: EndpointUrl, wake: Wake) {
    let mut pause = PAUSE_FIRST;
    loop {
        let error = match subscribe(&url, &wake, &mut pause).await {
            Ok(()) => "the socket was closed".to_owned(),
            Err(e) => e.to_string(),
        };
        tracing::debug!(endpoint = %url, error, "no word of new blocks; they are looked for");
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(PAUSE_MOST);
    }
}

async fn subscribe(url: &EndpointUrl, wake: &Wake, pause: &mut Duration) -> Result<(), TransportError> {
    let client = match url {
        EndpointUrl::Ws(url) => {
            crate::line::choose_tls();
            RpcClient::connect_pubsub(WsConnect::new(url.as_str()).with_max_retries(0)).await?
        }
        EndpointUrl::Ipc(path) => RpcClient::connect_pubsub(IpcConnect::new(path.clone())).await?,
        EndpointUrl::Http(_) => return Ok(()),
    };
    let provider: RootProvider = RootProvider::new(client);
    let mut heads = provider.subscribe::<_, IgnoredAny>(("newHeads",)).await?.into_raw();
    // Blocks that came before the subscription stood are seen by looking.
    wake.now();
    loop {
        match heads.recv().await {
            Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {
                *pause = PAUSE_FIRST;
                wake.now();
            }
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return Ok(()),
        }
    }
}
