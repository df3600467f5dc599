//! The chain as an alloy transport.

use std::future::ready;
use std::task::{Context, Poll};

use alloy::providers::RootProvider;
use alloy::rpc::client::RpcClient;
use alloy::rpc::json_rpc::{RequestPacket, Response, ResponsePacket, SerializedRequest};
use alloy::transports::{TransportError, TransportFut};

use crate::chain::Chain;
use crate::rpc::answer;

/// A transport whose other end is a [`Chain`] in the same process. Requests are answered when they
/// are made; the futures are ready at once.
#[derive(Debug, Clone)]
pub struct InProcess {
    chain: Chain,
}

impl InProcess {
    fn respond(&self, request: &SerializedRequest) -> Response {
        let payload = answer(&mut self.chain.lock(), request.method(), request.params());
        Response { id: request.id().clone(), payload }
    }
}

impl tower::Service<RequestPacket> for InProcess {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let answer = match packet {
            RequestPacket::Single(request) => ResponsePacket::Single(self.respond(&request)),
            RequestPacket::Batch(requests) => ResponsePacket::Batch(requests.iter().map(|r| self.respond(r)).collect()),
        };
        Box::pin(ready(Ok(answer)))
    }
}

impl Chain {
    /// The chain as an alloy transport.
    #[must_use]
    pub fn transport(&self) -> InProcess {
        InProcess { chain: self.clone() }
    }

    /// The chain as an alloy provider.
    ///
    /// Its futures are ready when first polled, so `block_on` is all they need. That holds because
    /// nothing stands between provider and chain: alloy's retry layer sleeps, and its fillers,
    /// heartbeat and pending-transaction watcher spawn tasks, which needs a runtime. For the same
    /// reason send with [`Self::submit_raw`] or raw requests and not with `send_transaction`.
    #[must_use]
    pub fn provider(&self) -> RootProvider {
        RootProvider::new(RpcClient::new(self.transport(), true))
    }
}
