//! The chain as others see it over HTTP and WebSocket.

use std::net::SocketAddr;
use std::time::Duration;

use alloy::primitives::{Address, B256, U256};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use weir_evm::{Chain, ChainConfig};
use weir_types::Wei;

use crate::support::{EMITTER, Tx, config, deploy, init_code, wallet, word};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Runs a test against a served chain.
fn served<F: Future<Output = ()>>(test: impl FnOnce(Chain, SocketAddr) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let chain = Chain::new(ChainConfig { history_blocks: 100, ..config() });
        (0..3).for_each(|i| chain.set_balance(wallet(i).address(), Wei::from_whole(100)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async move { drop(stopped.await) };
        let server = tokio::spawn(weir_evm::http::serve(chain.clone(), listener, |_| (), until));
        let limit = tokio::time::timeout(Duration::from_secs(60), test(chain, address));
        limit.await.expect("it ends within a minute");
        drop(stop);
        server.await.expect("no panic").expect("the server ends well");
    });
}

/// Posts a body and reads the answer's.
async fn post(address: SocketAddr, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("it reads");
    stream.write_all(body.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    (status, body.to_owned())
}

async fn connect(address: SocketAddr) -> Socket {
    tokio_tungstenite::connect_async(format!("ws://{address}/")).await.expect("it upgrades").0
}

async fn next(socket: &mut Socket) -> Value {
    match socket.next().await.expect("the connection is open").expect("a message") {
        Message::Text(text) => serde_json::from_str(&text).expect("JSON"),
        other => panic!("{other:?}"),
    }
}

async fn ask(socket: &mut Socket, method: &str, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    socket.send(Message::Text(request.to_string().into())).await.expect("it takes requests");
    loop {
        let answer = next(socket).await;
        // Notices may come between.
        if answer.get("id").is_some() {
            return answer;
        }
    }
}

#[test]
fn requests_and_batches_are_answered_over_http() {
    served(|chain, address| async move {
        chain.mine();
        let (status, body) = post(address, r#"{"jsonrpc":"2.0","id":5,"method":"eth_blockNumber"}"#).await;
        assert_eq!((status, body.as_str()), (200, r#"{"jsonrpc":"2.0","id":5,"result":"0x1"}"#));
        let batch = r#"[{"id":1,"method":"eth_chainId"},{"id":2,"method":"eth_subscribe","params":["newHeads"]}]"#;
        let (_, body) = post(address, batch).await;
        let answers: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(answers[0]["result"], "0x309");
        assert!(answers[1]["error"]["message"].as_str().expect("a reason").contains("WebSocket"));
        assert_eq!(post(address, r#"{"method":"eth_chainId"}"#).await.0, 204);
        let (_, body) = post(address, "not json").await;
        assert!(body.contains("-32700"), "{body}");
    });
}

#[test]
fn subscriptions_tell_of_blocks_logs_and_waiting_transactions() {
    served(|chain, address| async move {
        let emitter = deploy(&chain, init_code(EMITTER));
        let mut socket = connect(address).await;
        assert_eq!(ask(&mut socket, "eth_blockNumber", json!([])).await["result"], "0x1");
        let heads = ask(&mut socket, "eth_subscribe", json!(["newHeads"])).await["result"].clone();
        let wanted = json!(["logs", { "address": emitter, "topics": [word(7)] }]);
        let logs = ask(&mut socket, "eth_subscribe", wanted).await["result"].clone();
        let pending = ask(&mut socket, "eth_subscribe", json!(["newPendingTransactions"])).await["result"].clone();
        let wrong = ask(&mut socket, "eth_subscribe", json!(["syncing"])).await;
        assert_eq!(wrong["error"]["code"], -32602);

        let by = wallet(0);
        let emit = |topic: u64, nonce: u64| Tx { data: word(topic).to_vec().into(), ..Tx::to(emitter, nonce) };
        let other = chain.submit_raw(&emit(8, 1).sign(&by)).expect("the pool takes it");
        let hash = chain.submit_raw(&emit(7, 2).sign(&by)).expect("the pool takes it");
        let block = chain.mine();
        for waiting in [other, hash] {
            let told = next(&mut socket).await;
            assert_eq!((&told["params"]["subscription"], &told["params"]["result"]), (&pending, &json!(waiting)));
        }
        let head = next(&mut socket).await;
        assert_eq!((&head["method"], &head["params"]["subscription"]), (&json!("eth_subscription"), &heads));
        assert_eq!(head["params"]["result"]["hash"], json!(block.hash));
        assert!(head["params"]["result"].get("transactions").is_none());
        let log = next(&mut socket).await;
        assert_eq!(log["params"]["subscription"], logs);
        assert_eq!(log["params"]["result"]["transactionHash"], json!(hash));

        // Going back is told too.
        chain.reorg(1).expect("it is kept");
        let removed = next(&mut socket).await;
        assert_eq!(
            (&removed["params"]["subscription"], &removed["params"]["result"]["removed"]),
            (&logs, &json!(true))
        );

        assert_eq!(ask(&mut socket, "eth_unsubscribe", json!([heads])).await["result"], true);
        assert_eq!(ask(&mut socket, "eth_unsubscribe", json!([heads])).await["result"], false);
        assert_eq!(ask(&mut socket, "eth_unsubscribe", json!([pending])).await["result"], true);
        chain.mine();
        let told = next(&mut socket).await;
        assert_eq!(told["params"]["subscription"], logs, "only logs are followed now");
    });
}

#[test]
fn filters_tell_what_is_new_since_the_last_time() {
    served(|chain, address| async move {
        let emitter = deploy(&chain, init_code(EMITTER));
        let mut socket = connect(address).await;
        let blocks = ask(&mut socket, "eth_newBlockFilter", json!([])).await["result"].clone();
        let logs = ask(&mut socket, "eth_newFilter", json!([{ "address": emitter }])).await["result"].clone();
        let pending = ask(&mut socket, "eth_newPendingTransactionFilter", json!([])).await["result"].clone();
        let by = wallet(0);
        let mut hashes: Vec<B256> = Vec::new();
        for nonce in 1..3 {
            let tx = Tx { data: word(nonce).to_vec().into(), ..Tx::to(emitter, nonce) };
            hashes.push(chain.submit_raw(&tx.sign(&by)).expect("the pool takes it"));
            chain.mine();
        }
        let count = |answer: &Value| answer["result"].as_array().map(Vec::len);
        for (filter, new) in [(&blocks, 2), (&logs, 2), (&pending, 2), (&blocks, 0), (&logs, 0), (&pending, 0)] {
            assert_eq!(count(&ask(&mut socket, "eth_getFilterChanges", json!([filter])).await), Some(new));
        }
        assert_eq!(count(&ask(&mut socket, "eth_getFilterLogs", json!([logs])).await), Some(2));
        assert_eq!(ask(&mut socket, "eth_uninstallFilter", json!([logs])).await["result"], true);
        let gone = ask(&mut socket, "eth_getFilterChanges", json!([logs])).await;
        assert_eq!(gone["error"]["message"], "filter not found");
        chain.reorg(1).expect("it is kept");
        chain.mine();
        // The block that took the other's place is news.
        let changes = ask(&mut socket, "eth_getFilterChanges", json!([blocks])).await["result"].clone();
        assert_eq!(changes, json!([chain.block(chain.block_number()).expect("it is there").hash]));
    });
}

#[test]
fn wallets_state_is_seen_as_it_was() {
    served(|chain, address| async move {
        let to = Address::repeat_byte(9);
        chain.submit_raw(&Tx::to(to, 0).value(5).sign(&wallet(0))).expect("the pool takes it");
        chain.mine();
        let mut socket = connect(address).await;
        let balance = ask(&mut socket, "eth_getBalance", json!([to, "0x1"])).await["result"].clone();
        assert_eq!(balance, json!(U256::from(5)));
        assert_eq!(ask(&mut socket, "eth_getBalance", json!([to, "0x0"])).await["result"], "0x0");
    });
}
