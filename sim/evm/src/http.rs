//! The chain as a JSON-RPC endpoint over HTTP and WebSocket, on one port.

use std::future::{Future, IntoFuture};
use std::io;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use tokio::net::TcpListener;

use crate::chain::Chain;
use crate::jsonrpc::respond;

/// Most bytes of a request: room for the largest creation and some batch.
const BODY_MAX: usize = 16 << 20;

/// Answers requests for a chain until `stop` is ready.
///
/// `tick` is called before each request: whoever owns the chain's time lets it pass there.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    chain: Chain,
    listener: TcpListener,
    tick: impl Fn(&Chain) + Clone + Send + Sync + 'static,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let for_sockets = tick.clone();
    let socket = move |State(chain): State<Chain>, upgrade: WebSocketUpgrade| {
        let tick = for_sockets.clone();
        async move { upgrade.max_message_size(BODY_MAX).on_upgrade(move |socket| crate::socket::talk(socket, chain, tick)) }
    };
    let face = move |State(chain): State<Chain>, body: Bytes| {
        let tick = tick.clone();
        async move {
            tick(&chain);
            match respond(&chain, &body) {
                Some(text) => (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], text).into_response(),
                None => StatusCode::NO_CONTENT.into_response(),
            }
        }
    };
    let app = Router::new()
        .route("/", post(face).get(socket))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_MAX))
        .with_state(chain);
    // Whoever has a subscription open does not close it by itself: sockets end with the server.
    let server = axum::serve(listener, app).into_future();
    tokio::select! {
        done = server => done,
        () = stop => Ok(()),
    }
}
