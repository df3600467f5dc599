//! Logs are found by block, address and topic.

use alloy::primitives::{Address, B256, U256};
use alloy::providers::Provider;
use alloy::rpc::types::Filter;
use alloy::sol_types::SolEvent;
use futures::executor::block_on;
use weir_evm::{Chain, ChainConfig, LogFilter};
use weir_types::Wei;

use crate::support::{EMITTER, Token, Tx, chain, config, deploy, init_code, token, wallet, word};

/// Blocks 3 to 10 each with three logs, of two emitters and four topics.
fn noisy() -> (Chain, [Address; 2]) {
    let chain = chain(1);
    let emitters = [deploy(&chain, init_code(EMITTER)), deploy(&chain, init_code(EMITTER))];
    let mut nonce = 2;
    for block in 0..8u64 {
        for i in 0..3 {
            let to = emitters[usize::from((block + i) % 3 == 0)];
            let tx = Tx { data: word((block * 3 + i * i) % 4).to_vec().into(), ..Tx::to(to, nonce) };
            chain.submit_raw(&tx.sign(&wallet(0))).expect("the pool takes it");
            nonce += 1;
        }
        chain.mine();
    }
    (chain, emitters)
}

#[test]
fn filters_give_what_a_look_at_all_logs_gives() {
    let (chain, [a, b]) = noisy();
    let all = chain.logs(&LogFilter::default());
    assert_eq!(all.len(), 24);
    let address_sets = [vec![], vec![a], vec![b], vec![a, b], vec![Address::ZERO]];
    let topic_sets = [vec![], vec![word(0)], vec![word(1), word(3)], vec![word(9)]];
    let mut seen = 0;
    for (from, to) in [(0, u64::MAX), (3, 3), (4, 7), (10, 10), (11, 99), (7, 4)] {
        for addresses in &address_sets {
            for topics in &topic_sets {
                let filter = LogFilter {
                    from_block: from,
                    to_block: to,
                    addresses: addresses.clone(),
                    topics: [topics.clone(), vec![], vec![], vec![]],
                };
                let found = chain.logs(&filter);
                let want: Vec<_> = all
                    .iter()
                    .filter(|l| {
                        let n = l.block_number.unwrap_or(0);
                        let topic: B256 = l.topics()[0];
                        n >= from
                            && n <= to
                            && (addresses.is_empty() || addresses.contains(&l.address()))
                            && (topics.is_empty() || topics.contains(&topic))
                    })
                    .cloned()
                    .collect();
                seen += found.len();
                assert_eq!(found, want, "{filter:?}");
            }
        }
    }
    assert!(seen > 100);
    let second = LogFilter { topics: [vec![], vec![word(0)], vec![], vec![]], ..LogFilter::default() };
    assert!(chain.logs(&second).is_empty(), "no log has a second topic");
}

#[test]
fn logs_are_numbered_in_their_block() {
    let (chain, _) = noisy();
    let of_block = |n| chain.logs(&LogFilter { from_block: n, to_block: n, ..LogFilter::default() });
    for n in 3..=10 {
        let hash = chain.block(n).expect("it is there").hash;
        let numbers: Vec<_> = of_block(n).iter().map(|l| (l.log_index, l.transaction_index, l.block_hash)).collect();
        let want: Vec<_> = (0..3).map(|i| (Some(i), Some(i), Some(hash))).collect();
        assert_eq!(numbers, want);
    }
}

#[test]
fn events_of_the_token_come_through_the_provider() {
    let chain = chain(2);
    let token = token(&chain);
    let (me, other) = (wallet(0), wallet(1).address());
    let call = Token::transferCall { to: other, amount: U256::from(40) };
    let nonce = chain.nonce(me.address());
    let hash = chain.submit_raw(&Tx::call(token, nonce, &call).sign(&me)).expect("the pool takes it");
    let number = chain.mine().number;
    let provider = chain.provider();
    let filter = Filter::new()
        .address(token)
        .event_signature(Token::Transfer::SIGNATURE_HASH)
        .topic1(me.address().into_word())
        .from_block(1);
    let logs = block_on(provider.get_logs(&filter)).expect("the endpoint answers");
    assert_eq!(logs.len(), 1, "the mint came from nobody");
    let event = Token::Transfer::decode_log(&logs[0].inner).expect("it is a transfer");
    assert_eq!((event.from, event.to, event.value), (me.address(), other, U256::from(40)));
    assert_eq!((logs[0].transaction_hash, logs[0].block_number), (Some(hash), Some(number)));
    let hash = chain.block(number).expect("it is there").hash;
    assert_eq!(block_on(provider.get_logs(&Filter::new().at_block_hash(hash))).expect("the endpoint answers"), logs);
}

/// Emits a log in a block of its own.
fn emit(chain: &weir_evm::Chain, emitter: Address, n: u64) -> B256 {
    let hash = chain
        .send_unsigned(wallet(0).address(), Some(emitter), Wei::ZERO, word(n).to_vec().into(), Some(100_000))
        .expect("the pool takes it");
    chain.mine();
    hash
}

#[test]
fn what_is_not_kept_is_forgotten_whole_and_said_to_be() {
    let chain = Chain::new(ChainConfig { keep_blocks: Some(10), ..config() });
    chain.set_balance(wallet(0).address(), Wei::from_whole(100));
    let emitters = [deploy(&chain, init_code(EMITTER)), deploy(&chain, init_code(EMITTER))];
    let hashes: Vec<B256> = (0..40).map(|n| emit(&chain, emitters[n as usize % 2], n / 4)).collect();
    let newest = chain.block_number();
    assert_eq!(newest, 42);
    for (n, hash) in hashes.iter().enumerate() {
        assert_eq!(chain.receipt(*hash).is_some(), n >= 30, "{n}");
    }
    assert!(chain.block(32).is_none() && chain.block(33).is_some());
    // By block, by address, by topic: the places in the indices are right after so much was dropped.
    let all = LogFilter::default();
    let numbers =
        |filter: &LogFilter| chain.logs(filter).iter().map(|l| l.block_number.unwrap_or(0)).collect::<Vec<_>>();
    assert_eq!(numbers(&all), (33..=42).collect::<Vec<_>>());
    let of_one = LogFilter { addresses: vec![emitters[0]], ..all.clone() };
    assert_eq!(numbers(&of_one), [33, 35, 37, 39, 41]);
    let topic = LogFilter { topics: [vec![word(8)], vec![], vec![], vec![]], ..all };
    assert_eq!(numbers(&topic), [35, 36, 37, 38]);
    assert_eq!(numbers(&LogFilter { from_block: 36, ..topic }), [36, 37, 38]);

    let ask = |from: &str| {
        let filter = serde_json::json!({ "fromBlock": from });
        block_on(chain.provider().raw_request::<_, Vec<alloy::rpc::types::Log>>("eth_getLogs".into(), (filter,)))
    };
    assert_eq!(ask("0x21").expect("it is kept").len(), 10);
    assert_eq!(ask("earliest").expect("the oldest that is kept").len(), 10);
    let error = ask("0x20").expect_err("it is not kept").to_string();
    assert!(error.contains("logs of blocks before 33 are not kept"), "{error}");
}

#[test]
fn a_chain_that_forgets_goes_back_as_far_as_its_state_does() {
    let chain = Chain::new(ChainConfig { keep_blocks: Some(2), history_blocks: 6, ..config() });
    chain.set_balance(wallet(0).address(), Wei::from_whole(100));
    let emitter = deploy(&chain, init_code(EMITTER));
    for n in 0..20 {
        emit(&chain, emitter, n);
    }
    let logs = |chain: &Chain| chain.logs(&LogFilter::default()).len();
    assert_eq!(logs(&chain), 7);
    let undone = chain.reorg(6).expect("it is kept");
    assert_eq!((undone.logs.len(), logs(&chain), chain.block_number()), (6, 1, 15));
    chain.mine();
    assert_eq!(logs(&chain), 7, "all in one block, and the one before it");
}
