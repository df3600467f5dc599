//! What the mempool takes, in which order it goes, and what it refuses.

use alloy::primitives::{Address, B256};
use proptest::prelude::*;
use weir_evm::Chain;
use weir_types::Wei;

use crate::support::{CHAIN_ID, GWEI, Tx, chain, wallet};

const TO: Address = Address::repeat_byte(0x11);

fn submit(chain: &Chain, who: u8, tx: &Tx) -> B256 {
    chain.submit_raw(&tx.sign(&wallet(who))).expect("the pool takes it")
}

fn order(chain: &Chain) -> Vec<B256> {
    chain.mine().receipts.iter().map(|r| r.tx_hash).collect()
}

#[test]
fn transactions_go_in_order_of_arrival_and_fill_gaps() {
    let chain = chain(3);
    let late = submit(&chain, 0, &Tx::to(TO, 2));
    let b = submit(&chain, 1, &Tx::to(TO, 0));
    let middle = submit(&chain, 0, &Tx::to(TO, 1));
    assert_eq!(chain.pending_nonce(wallet(0).address()), 0);
    assert_eq!(order(&chain), [b], "nonces 1 and 2 wait for 0");
    assert_eq!(chain.pending_count(), 2);
    let c = submit(&chain, 2, &Tx::to(TO, 0));
    let first = submit(&chain, 0, &Tx::to(TO, 0));
    let d = submit(&chain, 1, &Tx::to(TO, 1));
    assert_eq!(chain.pending_nonce(wallet(0).address()), 3);
    assert_eq!(chain.nonce(wallet(0).address()), 0);
    assert_eq!(order(&chain), [c, first, middle, late, d], "what waited goes right behind what it waited for");
    assert_eq!(chain.pending_count(), 0);
}

#[test]
fn automine_gives_each_transaction_a_block() {
    let chain = chain(2);
    chain.set_automine(true);
    let late = submit(&chain, 0, &Tx::to(TO, 1));
    assert_eq!((chain.block_number(), chain.receipt(late)), (0, None), "no block for one that waits");
    let first = submit(&chain, 0, &Tx::to(TO, 0));
    let number = |h| chain.receipt(h).expect("it is mined").block_number;
    assert_eq!((number(first), number(late), chain.block_number()), (1, 2, 2));
    chain.set_automine(false);
    submit(&chain, 1, &Tx::to(TO, 0));
    assert_eq!(chain.block_number(), 2);
}

#[test]
fn refusals_have_the_words_of_geth() {
    let chain = chain(1);
    submit(&chain, 0, &Tx::to(TO, 0));
    chain.mine();
    submit(&chain, 0, &Tx::to(TO, 1));
    let me = wallet(0);
    let (from, poor) = (me.address(), wallet(9));
    let good = Tx::to(TO, 1);
    let mut bad_signature = good.sign(&me);
    let len = bad_signature.len();
    bad_signature[len - 32..].fill(0xff);
    let mut two = good.sign(&me);
    two.push(0);
    let cases: Vec<(Vec<u8>, String)> = vec![
        (Tx::to(TO, 0).value(9).sign(&me), format!("nonce too low: address {from}, tx: 0 state: 1")),
        (good.sign(&me), "already known".to_owned()),
        (Tx::to(TO, 1).value(1).sign(&me), "replacement transaction underpriced".to_owned()),
        (Tx { chain_id: 1, ..Tx::to(TO, 1) }.sign(&me), format!("invalid chain id for signer: have 1 want {CHAIN_ID}")),
        (
            Tx { gas: 21_000, ..Tx::to(TO, 0) }.value(5).sign(&poor),
            format!(
                "insufficient funds for gas * price + value: address {} have 0 want 42000000000005",
                poor.address()
            ),
        ),
        (
            Tx { max_fee: GWEI - 1, ..Tx::to(TO, 2) }.sign(&me),
            format!(
                "max fee per gas less than block base fee: address {from}, maxFeePerGas: 999999999, baseFee: 1000000000"
            ),
        ),
        (Tx { gas: 20_999, ..Tx::to(TO, 2) }.sign(&me), "intrinsic gas too low: have 20999, want 21000".to_owned()),
        (Tx { gas: 1_000_000_000_001, ..Tx::to(TO, 2) }.sign(&me), "exceeds block gas limit".to_owned()),
        (bad_signature, "invalid sender".to_owned()),
        (
            Tx::to(TO, 2).sign_legacy(&me, false),
            "only replay-protected (EIP-155) transactions allowed over RPC".to_owned(),
        ),
    ];
    for (raw, want) in cases {
        assert_eq!(chain.submit_raw(&raw).expect_err(&want).to_string(), want);
    }
    for junk in [&two[..], &[], &[0x02], &[0x05, 0x01]] {
        let e = chain.submit_raw(junk).expect_err("it is no transaction").to_string();
        assert!(e.starts_with("rlp: "), "{e}");
    }
    assert_eq!(chain.pending_count(), 1);
}

#[test]
fn a_better_offer_replaces() {
    let chain = chain(1);
    submit(&chain, 0, &Tx::to(TO, 0));
    let short = Tx { max_fee: 2 * GWEI + GWEI / 5 - 1, ..Tx::to(TO, 0) };
    assert!(chain.submit_raw(&short.sign(&wallet(0))).is_err());
    let better = submit(&chain, 0, &Tx { max_fee: 2 * GWEI + GWEI / 5, ..Tx::to(TO, 0) });
    assert_eq!(order(&chain), [better]);
}

#[test]
fn what_became_unpayable_is_dropped_and_named() {
    let chain = chain(1);
    let all = submit(&chain, 0, &Tx::to(TO, 0).value(60_000_000_000_000_000_000));
    let rest = submit(&chain, 0, &Tx::to(TO, 1).value(60_000_000_000_000_000_000));
    let block = chain.mine();
    assert_eq!(block.receipts.iter().map(|r| r.tx_hash).collect::<Vec<_>>(), [all]);
    assert_eq!(block.dropped.len(), 1);
    assert_eq!(block.dropped[0].hash, rest);
    assert!(block.dropped[0].error.to_string().starts_with("insufficient funds for gas * price + value"));
    assert_eq!(chain.pending_count(), 0);
}

#[test]
fn a_full_block_leaves_the_rest_for_the_next() {
    let config = weir_evm::ChainConfig { block_gas_limit: 450_000, ..crate::support::config() };
    let chain = Chain::new(config);
    for i in 0..4 {
        chain.set_balance(wallet(i).address(), Wei::from_whole(1));
    }
    let sent: Vec<B256> = (0..4).map(|i| submit(&chain, i, &Tx { gas: 400_000, ..Tx::to(TO, 0) })).collect();
    // Room is measured by limits: 450,000 less what was used takes three of them.
    assert_eq!(order(&chain), sent[..3]);
    assert_eq!(order(&chain), sent[3..]);
}

#[test]
fn contracts_can_be_made_to_send() {
    let chain = chain(1);
    let contract = crate::support::deploy(&chain, crate::support::init_code(crate::support::PROBE));
    chain.set_balance(contract, Wei::from_whole(1));
    let hash = chain.send_unsigned(contract, Some(TO), Wei::new(7), Default::default(), None).expect("it goes");
    chain.mine();
    assert!(chain.receipt(hash).expect("it is mined").success);
    assert_eq!(chain.balance(TO), Wei::new(7));
    let poor = Address::repeat_byte(0x22);
    let e = chain.send_unsigned(poor, Some(TO), Wei::ZERO, Default::default(), None).expect_err("it has nothing");
    assert!(e.to_string().starts_with("insufficient funds"), "{e}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_order_of_arrival_ends_with_all_mined(
        order in Just((0..12u64).map(|i| ((i % 3) as u8, i / 3)).collect::<Vec<_>>()).prop_shuffle(),
        blocks in prop::collection::vec(any::<bool>(), 12),
    ) {
        let chain = chain(3);
        let mut mined = Vec::new();
        for ((who, nonce), mine) in order.iter().zip(blocks) {
            submit(&chain, *who, &Tx::to(TO, *nonce));
            if mine {
                mined.extend(chain.mine().receipts);
            }
        }
        mined.extend(chain.mine().receipts);
        prop_assert_eq!(mined.len(), 12);
        for who in 0..3 {
            prop_assert_eq!(chain.nonce(wallet(who).address()), 4);
        }
    }
}
