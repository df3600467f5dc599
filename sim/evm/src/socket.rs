//! JSON-RPC over WebSocket, with subscriptions.

use std::collections::BTreeMap;

use alloy::primitives::U64;
use alloy::rpc::json_rpc::{ErrorPayload, ResponsePayload};
use alloy::rpc::types::Log;
use axum::extract::ws::{Message, WebSocket};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use crate::chain::Chain;
use crate::feed::{Followed, News};
use crate::jsonrpc::respond_with;
use crate::rpc::{self, answer};

/// Subscriptions that a connection may have.
const SUBSCRIPTIONS_MAX: usize = 1_024;

/// What a connection follows.
#[derive(Default)]
struct Subscriptions {
    all: BTreeMap<u64, Followed>,
    made: u64,
}

impl Subscriptions {
    fn answer(&mut self, chain: &Chain, method: &str, params: Option<&RawValue>) -> ResponsePayload {
        match method {
            "eth_subscribe" => match rpc::subscription(&chain.lock(), params) {
                Ok(_) if self.all.len() >= SUBSCRIPTIONS_MAX => failure(-32_000, "too many subscriptions"),
                Ok(what) => {
                    self.made += 1;
                    self.all.insert(self.made, what);
                    success(&U64::from(self.made))
                }
                Err(error) => ResponsePayload::Failure(error.0),
            },
            "eth_unsubscribe" => {
                let id = params.and_then(|raw| serde_json::from_str::<(U64,)>(raw.get()).ok());
                success(&id.is_some_and(|(id,)| self.all.remove(&id.to()).is_some()))
            }
            _ => answer(&mut chain.lock(), method, params),
        }
    }

    /// What the connection is told of some news.
    fn notices(&self, chain: &Chain, news: &News) -> Vec<String> {
        let mut out = Vec::new();
        let mut tell = |id: u64, result: Value| {
            let params = json!({ "subscription": U64::from(id), "result": result });
            out.push(json!({ "jsonrpc": "2.0", "method": "eth_subscription", "params": params }).to_string());
        };
        let shown = |log: &Log| serde_json::to_value(log).unwrap_or_default();
        for (id, what) in &self.all {
            match (what, news) {
                (Followed::Blocks, News::Block(block, _)) => tell(*id, rpc::head(&chain.lock(), block)),
                (Followed::Pending, News::Pending(hash)) => tell(*id, json!(hash)),
                (Followed::Logs(filter), News::Block(_, logs)) => {
                    logs.iter().filter(|log| filter.takes(log)).for_each(|log| tell(*id, shown(log)));
                }
                (Followed::Logs(filter), News::Removed(logs)) => {
                    logs.iter().filter(|log| filter.takes(log)).for_each(|log| tell(*id, shown(log)));
                }
                _ => {}
            }
        }
        out
    }
}

fn success(value: &impl serde::Serialize) -> ResponsePayload {
    match serde_json::value::to_raw_value(value) {
        Ok(raw) => ResponsePayload::Success(raw),
        Err(e) => failure(-32_603, &e.to_string()),
    }
}

fn failure(code: i64, message: &str) -> ResponsePayload {
    ResponsePayload::Failure(ErrorPayload { code, message: message.to_owned().into(), data: None })
}

/// Serves one connection until either side ends it.
pub(crate) async fn talk(mut socket: WebSocket, chain: Chain, tick: impl Fn(&Chain)) {
    let mut subscriptions = Subscriptions::default();
    let mut news = chain.follow();
    loop {
        tokio::select! {
            message = socket.recv() => {
                let body = match &message {
                    Some(Ok(Message::Text(text))) => text.as_bytes(),
                    Some(Ok(Message::Binary(bytes))) => bytes.as_ref(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                };
                tick(&chain);
                let answer = respond_with(body, |r| subscriptions.answer(&chain, &r.method, r.params));
                if let Some(text) = answer && socket.send(Message::Text(text.into())).await.is_err() {
                    return;
                }
            }
            told = news.recv() => {
                let told = match told {
                    Ok(told) => told,
                    // What was missed cannot be told any more: the client must see that and begin anew.
                    Err(RecvError::Lagged(_) | RecvError::Closed) => return,
                };
                for text in subscriptions.notices(&chain, &told) {
                    if socket.send(Message::Text(text.into())).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}
