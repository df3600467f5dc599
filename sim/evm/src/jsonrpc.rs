//! JSON-RPC as text: requests, batches and notifications, whatever carries them.

use alloy::rpc::json_rpc::{ErrorPayload, Id, Response, ResponsePayload};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chain::Chain;
use crate::rpc::answer;

/// A request as it comes over the wire.
#[derive(Deserialize)]
pub(crate) struct Request<'a> {
    #[serde(default)]
    id: Option<Id>,
    pub(crate) method: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) params: Option<&'a RawValue>,
}

/// The answer to a request or a batch; none to notifications.
pub(crate) fn respond(chain: &Chain, body: &[u8]) -> Option<String> {
    respond_with(body, |request| answer(&mut chain.lock(), &request.method, request.params))
}

/// The same with answers from elsewhere.
pub(crate) fn respond_with(body: &[u8], mut give: impl FnMut(&Request<'_>) -> ResponsePayload) -> Option<String> {
    let Ok(raw) = serde_json::from_slice::<&RawValue>(body) else {
        return text(&failure(Id::None, -32700, "parse error"));
    };
    if !raw.get().starts_with('[') {
        return one(raw, &mut give).and_then(|response| text(&response));
    }
    match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        Ok(all) if all.is_empty() => text(&failure(Id::None, -32600, "empty batch")),
        Ok(all) => {
            let answers: Vec<Response> = all.into_iter().filter_map(|raw| one(raw, &mut give)).collect();
            if answers.is_empty() { None } else { serde_json::to_string(&answers).ok() }
        }
        Err(_) => text(&failure(Id::None, -32700, "parse error")),
    }
}

fn one(raw: &RawValue, give: &mut impl FnMut(&Request<'_>) -> ResponsePayload) -> Option<Response> {
    match serde_json::from_str::<Request<'_>>(raw.get()) {
        Ok(request) => {
            let payload = give(&request);
            request.id.map(|id| Response { id, payload })
        }
        Err(e) => Some(failure(Id::None, -32600, &format!("invalid request: {e}"))),
    }
}

fn failure(id: Id, code: i64, message: &str) -> Response {
    let message = message.to_owned().into();
    Response { id, payload: ResponsePayload::Failure(ErrorPayload { code, message, data: None }) }
}

fn text(response: &Response) -> Option<String> {
    serde_json::to_string(response).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChainConfig;

    fn ask(body: &str) -> Option<serde_json::Value> {
        let chain = Chain::new(ChainConfig::default());
        respond(&chain, body.as_bytes()).map(|text| serde_json::from_str(&text).expect("an answer is JSON"))
    }

    #[test]
    fn requests_are_answered_under_their_ids() {
        let got = ask(r#"{"jsonrpc":"2.0","id":7,"method":"eth_chainId"}"#).expect("an answer");
        assert_eq!(got, serde_json::json!({"jsonrpc": "2.0", "id": 7, "result": "0x64aba"}));
        let got = ask(r#"[{"jsonrpc":"2.0","id":"a","method":"net_version","params":[]},{"id":2,"method":"no_such"}]"#);
        let got = got.expect("an answer");
        assert_eq!(got[0]["result"], "412346");
        assert_eq!(got[0]["id"], "a");
        assert_eq!(got[1]["error"]["code"], -32601);
    }

    #[test]
    fn what_is_no_request_is_told_so() {
        for (body, code) in [("", -32700), ("{", -32700), ("[]", -32600), ("{\"id\":1}", -32600), ("[1]", -32600)] {
            let got = ask(body).expect("an answer");
            let got = if got.is_array() { &got[0] } else { &got };
            assert_eq!(got["error"]["code"], code, "{body}");
        }
    }

    #[test]
    fn a_notification_gets_no_answer() {
        assert_eq!(ask(r#"{"jsonrpc":"2.0","method":"eth_chainId"}"#), None);
        assert_eq!(ask(r#"[{"jsonrpc":"2.0","method":"eth_chainId"}]"#), None);
    }
}
