//! The chain through alloy's provider.

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::Provider;
use alloy::rpc::client::RpcClient;
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::SolCall;
use alloy::transports::TransportError;
use serde_json::{Value, json};
use weir_types::{Instant, Wei};

use crate::support::{CHAIN_ID, GENESIS, GWEI, L1_START, Token, Tx, block_on, chain, token, wallet};

fn request(p: &impl Provider, method: &'static str, params: Value) -> Result<Value, TransportError> {
    block_on(p.raw_request(method.into(), params))
}

#[test]
fn reads_agree_with_the_handle() {
    let chain = chain(2);
    let token = token(&chain);
    let p = chain.provider();
    let me = wallet(0).address();
    chain.submit_raw(&Tx::to(token, chain.nonce(me)).sign(&wallet(0))).expect("the pool takes it");
    assert_eq!(block_on(p.get_chain_id()).expect("it answers"), CHAIN_ID);
    assert_eq!(block_on(p.get_block_number()).expect("it answers"), 2);
    assert_eq!(block_on(p.get_balance(me)).expect("it answers"), chain.balance(me).0);
    assert_eq!(block_on(p.get_transaction_count(me)).expect("it answers"), 3);
    assert_eq!(block_on(p.get_transaction_count(me).pending()).expect("it answers"), 4);
    assert_eq!(block_on(p.get_code_at(token)).expect("it answers"), chain.code(token));
    assert_eq!(block_on(p.get_storage_at(token, U256::from(3))).expect("it answers"), U256::from(1_000));
    assert_eq!(block_on(p.get_gas_price()).expect("it answers"), GWEI);
    assert_eq!(block_on(p.get_max_priority_fee_per_gas()).expect("it answers"), 0);
    let history = block_on(p.get_fee_history(2, BlockNumberOrTag::Latest, &[50.0])).expect("it answers");
    assert_eq!((history.oldest_block, history.base_fee_per_gas), (1, vec![GWEI; 3]));
    let missing = request(&p, "eth_getBlockByNumber", json!(["0x63", false])).expect("it answers");
    assert_eq!(missing, Value::Null);
}

#[test]
fn blocks_transactions_and_receipts_have_alloys_shape_and_arbitrums_fields() {
    let chain = chain(1);
    chain.advance_to(Instant::from_secs(120));
    let hash = chain.submit_raw(&Tx::to(Address::repeat_byte(1), 0).value(3).sign(&wallet(0))).expect("it is taken");
    let p = chain.provider();
    let waiting = block_on(p.get_transaction_by_hash(hash)).expect("it answers").expect("it waits");
    assert_eq!(waiting.block_number, None);
    assert!(block_on(p.get_transaction_receipt(hash)).expect("it answers").is_none());
    let sealed = chain.mine();

    let block = block_on(p.get_block_by_number(1.into())).expect("it answers").expect("it is there");
    assert_eq!(block.header.hash, sealed.hash);
    assert_eq!(block.header.hash, block.header.inner.hash_slow(), "the hash is the header's");
    assert_eq!(block.header.timestamp, GENESIS + 120);
    assert_eq!(block.transactions.hashes().collect::<Vec<_>>(), [hash]);
    let raw = request(&p, "eth_getBlockByHash", json!([sealed.hash, true])).expect("it answers");
    assert_eq!(raw["l1BlockNumber"], json!(format!("{:#x}", L1_START + 10)));
    assert_eq!(raw["transactions"][0]["hash"], json!(hash));

    let tx = block_on(p.get_transaction_by_hash(hash)).expect("it answers").expect("it is mined");
    assert_eq!((tx.block_number, tx.transaction_index, tx.inner.signer()), (Some(1), Some(0), wallet(0).address()));
    let receipt = block_on(p.get_transaction_receipt(hash)).expect("it answers").expect("it is mined");
    assert!(receipt.status());
    assert_eq!((receipt.gas_used, receipt.effective_gas_price, receipt.block_number), (21_000, GWEI, Some(1)));
    let raw = request(&p, "eth_getTransactionReceipt", json!([hash])).expect("it answers");
    assert_eq!(raw["l1BlockNumber"], json!(format!("{:#x}", L1_START + 10)));
}

#[test]
fn reverts_come_as_code_3_with_text_and_data() {
    let chain = chain(2);
    let token = token(&chain);
    let p = chain.provider();
    let contract = Token::new(token, &p);
    let call = contract.transfer(wallet(1).address(), U256::from(1_001)).from(wallet(0).address());
    let text = "execution reverted: ERC20: transfer amount exceeds balance";
    let called = block_on(call.call()).expect_err("1,000 are there");
    let estimated = block_on(call.estimate_gas()).expect_err("1,000 are there");
    for e in [called, estimated] {
        let alloy::contract::Error::TransportError(e) = e else { panic!("{e}") };
        let payload = e.as_error_resp().expect("the endpoint answered");
        assert_eq!((payload.code, payload.message.as_ref()), (3, text));
        let data = payload.as_revert_data().expect("it carries the data");
        assert_eq!(weir_evm::revert_text(&data).as_deref(), Some("ERC20: transfer amount exceeds balance"));
    }
    let direct = Token::transferCall { to: token, amount: U256::MAX }.abi_encode();
    let e = chain.call(wallet(0).address(), token, direct.into()).expect_err("1,000 are there");
    assert_eq!(e.to_string(), text);
    assert_eq!(block_on(contract.balanceOf(wallet(0).address()).call()).expect("it answers"), U256::from(1_000));
}

#[test]
fn an_estimate_is_enough_and_not_much_more() {
    let chain = chain(2);
    let token = token(&chain);
    let p = chain.provider();
    let me = wallet(0);
    let transfer = Token::transferCall { to: wallet(1).address(), amount: U256::from(5) }.abi_encode();
    let requests = [
        TransactionRequest::default().to(wallet(1).address()).value(U256::from(1)),
        TransactionRequest::default().to(token).input(Bytes::from(transfer).into()),
        TransactionRequest::default().input(crate::support::artifact("Controller").into()).create(),
    ];
    for request in requests {
        let request = request.from(me.address());
        let gas = block_on(p.estimate_gas(request.clone())).expect("it goes through");
        let nonce = chain.nonce(me.address());
        let tx = Tx {
            to: request.to.unwrap_or_default(),
            value: request.value.unwrap_or_default(),
            data: request.input.input().cloned().unwrap_or_default(),
            gas,
            ..Tx::to(token, nonce)
        };
        chain.submit_raw(&tx.sign(&me)).expect("the pool takes it");
        let receipt = &chain.mine().receipts[0];
        assert!(receipt.success, "{receipt:?}");
        assert!(gas <= receipt.gas_used + receipt.gas_used / 15, "{gas} for {}", receipt.gas_used);
    }
    let rich = TransactionRequest::default().from(me.address()).to(token).value(U256::MAX);
    assert!(block_on(p.estimate_gas(rich)).expect_err("nobody has so much").to_string().contains("insufficient funds"));
}

#[test]
fn development_methods_work() {
    let chain = chain(0);
    let p = chain.provider();
    let (from, to) = (Address::repeat_byte(5), Address::repeat_byte(6));
    request(&p, "anvil_setBalance", json!([from, "0xde0b6b3a7640000"])).expect("it answers");
    assert_eq!(chain.balance(from), Wei::from_whole(1));
    let send = json!([{ "from": from, "to": to, "value": "0x9" }]);
    let refused = request(&p, "eth_sendTransaction", send.clone()).expect_err("not impersonated");
    assert_eq!(refused.as_error_resp().map(|e| (e.code, e.message.as_ref())), Some((-32000, "unknown account")));
    request(&p, "anvil_impersonateAccount", json!([from])).expect("it answers");
    let id = request(&p, "evm_snapshot", json!([])).expect("it answers");
    let hash: B256 =
        serde_json::from_value(request(&p, "eth_sendTransaction", send).expect("it goes")).expect("a hash");
    request(&p, "evm_mine", json!([])).expect("it answers");
    assert!(chain.receipt(hash).expect("it is mined").success);
    assert_eq!(chain.balance(to), Wei::new(9));
    assert_eq!(request(&p, "evm_revert", json!([id])).expect("it answers"), json!(true));
    assert_eq!(request(&p, "evm_revert", json!([id])).expect("it answers"), json!(false));
    assert_eq!((chain.balance(to), chain.block_number()), (Wei::ZERO, 0));
}

#[test]
fn development_methods_write_state_and_make_blocks() {
    let chain = chain(0);
    let p = chain.provider();
    let who = Address::repeat_byte(5);
    for (method, params) in [
        ("anvil_setNonce", json!([who, "0x7"])),
        ("anvil_setCode", json!([who, "0x5f5ff3"])),
        ("anvil_setStorageAt", json!([who, "0x2", B256::with_last_byte(9)])),
        ("anvil_mine", json!(["0x3", "0xc"])),
        ("hardhat_mine", json!([])),
    ] {
        request(&p, method, params).expect(method);
    }
    assert_eq!(chain.nonce(who), 7);
    assert_eq!(chain.code(who), vec![0x5f, 0x5f, 0xf3]);
    assert_eq!(chain.storage(who, U256::from(2)), U256::from(9));
    assert_eq!(chain.block_number(), 4);
    let [first, last] = [1, 4].map(|n| chain.block(n).expect("it is made"));
    assert_eq!(last.header.timestamp - first.header.timestamp, 25, "12 s twice, then one");
    assert_eq!(last.l1_block_number - first.l1_block_number, 2);
}

#[test]
fn what_is_not_there_is_said_so() {
    let chain = chain(1);
    chain.mine();
    let p = chain.provider();
    let me = wallet(0).address();
    let code = |method, params| {
        request(&p, method, params).expect_err("an error").as_error_resp().map(|e| e.code).expect("an answer")
    };
    assert_eq!(code("eth_mining", json!([])), -32601);
    assert_eq!(code("eth_getBalance", json!([])), -32602);
    assert_eq!(code("eth_getBalance", json!(["0x12"])), -32602);
    assert_eq!(code("eth_getBalance", json!([me, "0x0"])), -32000);
    assert_eq!(code("eth_getBalance", json!([me, "0x9"])), -32000);
    assert_eq!(code("eth_getLogs", json!([{ "fromBlock": "0x2", "toBlock": "0x1" }])), -32602);
    assert_eq!(code("eth_sendRawTransaction", json!(["0x02"])), -32000);
}

#[test]
fn batches_are_answered_in_order() {
    let chain = chain(1);
    let client = RpcClient::new(chain.transport(), true);
    let mut batch = client.new_batch();
    let id = batch.add_call::<_, U256>("eth_chainId", &()).expect("it serialises");
    let gone = batch.add_call::<_, U256>("eth_nothing", &()).expect("it serialises");
    block_on(batch.send()).expect("the endpoint answers");
    assert_eq!(block_on(id).expect("it answers"), U256::from(CHAIN_ID));
    assert!(block_on(gone).is_err());
}

#[test]
fn calls_see_a_price_only_when_they_offer_one() {
    let chain = chain(1);
    let probe = crate::support::deploy(&chain, crate::support::init_code(crate::support::PROBE));
    let p = chain.provider();
    let request = TransactionRequest::default().from(wallet(0).address()).to(probe);
    let seen =
        |r: TransactionRequest| crate::support::words(&block_on(p.call(r)).expect("the probe answers"))[3..].to_vec();
    assert_eq!(seen(request.clone()), [U256::ZERO, U256::ZERO]);
    assert_eq!(seen(request.clone().max_fee_per_gas(3 * GWEI)), [U256::from(GWEI); 2]);
    let low = block_on(p.call(request.max_fee_per_gas(GWEI - 1))).expect_err("below the base fee");
    assert_eq!(low.as_error_resp().map(|e| e.code), Some(-32000));
}
