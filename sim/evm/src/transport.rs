//! The chain as an alloy transport.

use std::future::ready;
use std::task::{Context, Poll};

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
    pub(crate) const fn new(chain: Chain) -> Self {
        Self { chain }
    }

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
