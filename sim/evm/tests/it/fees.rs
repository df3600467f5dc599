//! Money: what transactions cost, and that none of it is made or lost.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use proptest::prelude::*;
use weir_evm::SubmitError;
use weir_types::{Instant, Wei};

use crate::support::{FEES, GWEI, Token, Tx, block_on, chain, init_code, token, wallet};

#[test]
fn a_transfer_costs_the_base_fee_and_keeps_the_total() {
    let chain = chain(2);
    let total = chain.total_eth();
    let (from, to) = (wallet(0), wallet(1).address());
    let tx = Tx { tip: GWEI, ..Tx::to(to, 0) }.value(5 * GWEI);
    let hash = chain.submit_raw(&tx.sign(&from)).expect("the pool takes it");
    let block = chain.mine();
    let receipt = chain.receipt(hash).expect("it is mined");
    assert_eq!(block.receipts, std::slice::from_ref(&receipt));
    assert!(receipt.success);
    assert_eq!((receipt.gas_used, receipt.effective_gas_price), (21_000, GWEI));
    let hundred = Wei::from_whole(100).0;
    let (sent, fee) = (U256::from(5 * GWEI), U256::from(21_000 * GWEI));
    assert_eq!(receipt.fee().0, fee);
    assert_eq!(chain.balance(to).0, hundred + sent);
    assert_eq!(chain.balance(from.address()).0, hundred - sent - fee);
    assert_eq!(chain.balance(FEES).0, fee);
    assert_eq!(chain.total_eth(), total);
}

#[test]
fn legacy_transactions_pay_the_base_fee_too() {
    let chain = chain(1);
    let tx = Tx { max_fee: 50 * GWEI, ..Tx::to(Address::repeat_byte(1), 0) }.value(1);
    chain.submit_raw(&tx.sign_legacy(&wallet(0), true)).expect("the pool takes it");
    assert_eq!(chain.mine().receipts[0].effective_gas_price, GWEI);
    assert_eq!(chain.balance(FEES).0, U256::from(21_000 * GWEI));
}

#[test]
fn a_new_base_fee_holds_from_the_next_block_and_leaves_poorer_offers_waiting() {
    let chain = chain(2);
    chain.submit_raw(&Tx::to(FEES, 0).sign(&wallet(0))).expect("the pool takes it");
    chain.set_base_fee(Wei::new(3 * GWEI));
    assert_eq!(chain.mine().receipts.len(), 0, "the offer was 2 gwei");
    let dear = Tx { max_fee: 3 * GWEI, ..Tx::to(FEES, 0) };
    chain.submit_raw(&dear.sign(&wallet(1))).expect("the pool takes it");
    let block = chain.mine();
    assert_eq!((block.receipts.len(), block.receipts[0].effective_gas_price), (1, 3 * GWEI));
    chain.set_base_fee(Wei::new(GWEI));
    assert_eq!(chain.mine().receipts[0].effective_gas_price, GWEI);
}

#[test]
fn reverted_and_exhausted_transactions_pay() {
    let chain = chain(2);
    let token = token(&chain);
    let total = chain.total_eth();
    let by = wallet(1);
    let poor = Token::transferCall { to: FEES, amount: U256::from(1) };
    let reverts = chain.submit_raw(&Tx::call(token, 0, &poor).sign(&by)).expect("the pool takes it");
    let starved = Tx { gas: 23_000, ..Tx::call(token, 1, &poor) };
    let starved = chain.submit_raw(&starved.sign(&by)).expect("the pool takes it");
    let before = chain.balance(FEES).0;
    let block = chain.mine();
    assert!(block.receipts.iter().all(|r| !r.success));
    assert_eq!(chain.revert_reason(reverts).as_deref(), Some("ERC20: transfer amount exceeds balance"));
    assert_eq!(chain.revert_reason(starved).as_deref(), Some("out of gas"));
    assert_eq!(block.receipts[1].gas_used, 23_000);
    assert_eq!(block.receipts[1].cumulative_gas_used, block.gas_used);
    assert_eq!(chain.balance(FEES).0 - before, U256::from(u128::from(block.gas_used) * GWEI));
    assert_eq!(chain.total_eth(), total);
}

#[test]
fn data_pays_for_its_place_on_l1() {
    let chain = chain(2);
    let total = chain.total_eth();
    chain.set_l1_base_fee(Wei::new(10 * GWEI));
    let from = wallet(0);
    let tx = Tx { data: vec![7; 100].into(), ..Tx::to(wallet(1).address(), 0) };
    let raw = tx.sign(&from);
    // 16 gas a byte there, at ten times the price of gas here.
    let data = raw.len() as u64 * 16 * 10;
    let execution = 21_000 + 100 * 16;
    let hash = chain.submit_raw(&raw).expect("the pool takes it");
    let block = chain.mine();
    let receipt = chain.receipt(hash).expect("it is mined");
    assert_eq!((receipt.gas_used_for_l1, receipt.gas_used, block.gas_used), (data, execution + data, execution + data));
    assert_eq!(chain.balance(FEES).0, U256::from(u128::from(receipt.gas_used) * GWEI));
    assert_eq!(chain.total_eth(), total);
    let provider = chain.provider();
    let seen: serde_json::Value =
        block_on(provider.raw_request("eth_getTransactionReceipt".into(), (hash,))).expect("it is there");
    assert_eq!(seen["gasUsedForL1"], format!("{data:#x}"));
    assert_eq!(seen["gasUsed"], format!("{:#x}", execution + data));

    // A limit that does not cover both is refused; an estimate covers them. This one has a shorter limit,
    // and so a byte less.
    let enough = execution + data - 16 * 10;
    let low = Tx { gas: enough - 1, nonce: 1, ..tx.clone() };
    match chain.submit_raw(&low.sign(&from)) {
        Err(SubmitError::IntrinsicGas { have, want }) => assert_eq!((have, want), (enough - 1, enough)),
        other => panic!("{other:?}"),
    }
    let request =
        TransactionRequest::default().from(from.address()).to(wallet(1).address()).input(tx.data.clone().into());
    let gas = block_on(provider.estimate_gas(request)).expect("it can be estimated");
    assert!(gas >= execution + data && gas < 2 * (execution + data), "{gas}");
    chain.submit_raw(&Tx { gas, nonce: 1, ..tx }.sign(&from)).expect("the estimate is enough");
    assert!(chain.mine().receipts[0].success);
}

#[derive(Debug, Clone)]
enum Op {
    Send { from: u8, to: u8, wei: u128, tip: u128 },
    Create { from: u8, runtime: Vec<u8> },
    Fee(u64),
    L1Fee(u64),
    Time(u64),
    Mine,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0u8..4, 0u8..6, 0u128..80_000_000_000_000_000_000, 0..2 * GWEI)
            .prop_map(|(from, to, wei, tip)| Op::Send { from, to, wei, tip }),
        1 => (0u8..4, prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(from, runtime)| Op::Create { from, runtime }),
        1 => (0u64..3_000_000_000).prop_map(Op::Fee),
        1 => (0u64..30_000_000_000).prop_map(Op::L1Fee),
        1 => (0u64..100).prop_map(Op::Time),
        2 => Just(Op::Mine),
    ]
}

/// Runs operations and returns what there is at the end.
fn play(ops: &[Op]) -> (Wei, B256, B256) {
    let chain = chain(4);
    let mut now = 0;
    for op in ops {
        match op {
            Op::Send { from, to, wei, tip } => {
                let by = wallet(*from);
                let tx = Tx { tip: *tip, ..Tx::to(wallet(*to).address(), chain.pending_nonce(by.address())) };
                let _ = chain.submit_raw(&tx.value(*wei).sign(&by));
            }
            Op::Create { from, runtime } => {
                let by = wallet(*from);
                let tx = Tx::create(init_code(runtime), chain.pending_nonce(by.address())).value(1);
                let _ = chain.submit_raw(&tx.sign(&by));
            }
            Op::Fee(wei) => chain.set_base_fee(Wei::new(u128::from(*wei))),
            Op::L1Fee(wei) => chain.set_l1_base_fee(Wei::new(u128::from(*wei))),
            Op::Time(seconds) => {
                now += seconds;
                chain.advance_to(Instant::from_secs(now));
            }
            Op::Mine => drop(chain.mine()),
        }
    }
    let last = chain.mine();
    (chain.total_eth(), chain.state_digest(), last.hash)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn eth_is_conserved_and_runs_repeat(ops in prop::collection::vec(op(), 1..30)) {
        let first = play(&ops);
        prop_assert_eq!(first.0, Wei::from_whole(400));
        prop_assert_eq!(first, play(&ops));
    }
}

#[test]
fn digests_tell_states_apart() {
    let digest = |f: &dyn Fn(&weir_evm::Chain)| {
        let chain = chain(2);
        f(&chain);
        chain.state_digest()
    };
    let send = |wei: u128| {
        move |c: &weir_evm::Chain| {
            c.submit_raw(&Tx::to(wallet(1).address(), 0).value(wei).sign(&wallet(0))).expect("the pool takes it");
            c.mine();
        }
    };
    let recorder = |c: &weir_evm::Chain| {
        crate::support::deploy(c, init_code(crate::support::RECORDER));
    };
    let stored = |c: &weir_evm::Chain| {
        let at = crate::support::deploy(c, init_code(crate::support::RECORDER));
        c.submit_raw(&Tx::to(at, 1).sign(&wallet(0))).expect("the pool takes it");
        c.mine();
    };
    let all = [digest(&|_| ()), digest(&send(1)), digest(&send(2)), digest(&recorder), digest(&stored)];
    for (i, a) in all.iter().enumerate() {
        assert!(all.iter().skip(i + 1).all(|b| a != b), "state {i} has the digest of another");
    }
    // Blocks without transactions leave the state alone.
    assert_eq!(all[0], digest(&|c| drop(c.mine())));
    assert_eq!(Bytes::new(), chain(1).code(FEES));
}
