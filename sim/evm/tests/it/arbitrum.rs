//! Block numbers, times and hashes as contracts and headers show them.

use alloy::primitives::{B256, Bytes, U256, address};
use weir_evm::l1_hash;
use weir_types::{Instant, Wei};

use crate::support::{CHAIN_ID, GENESIS, GWEI, L1_START, PROBE, RECORDER, Tx, chain, deploy, wallet, word, words};

#[test]
fn the_evm_sees_l1_numbers_and_headers_carry_both() {
    let chain = chain(1);
    let probe = deploy(&chain, crate::support::init_code(PROBE));
    for (seconds, l1) in [(0, 0), (11, 0), (12, 1), (35, 2), (36, 3), (1_200, 100)] {
        chain.advance_to(Instant::from_secs(seconds));
        let block = chain.mine();
        assert_eq!((block.l1_block_number, block.timestamp), (L1_START + l1, GENESIS + seconds));
        let seen = words(&chain.call(wallet(0).address(), probe, Bytes::new()).expect("the probe answers"));
        assert_eq!(seen[..2], [U256::from(L1_START + l1), U256::from(GENESIS + seconds)]);
        assert_eq!(chain.l1_block_number(), L1_START + l1);
    }
    // One block for the deployment and one for each step, whatever L1 did.
    assert_eq!(chain.block_number(), 7);
    let header = chain.block(7).expect("it is there");
    assert_eq!(header.l1_block_number, L1_START + 100);
    assert_eq!(header.header.parent_hash, chain.block(6).expect("it is there").hash);
}

#[test]
fn time_does_not_go_back() {
    let chain = chain(1);
    chain.advance_to(Instant::from_secs(100));
    chain.advance_to(Instant::from_secs(10));
    assert_eq!(chain.mine().timestamp, GENESIS + 100);
}

#[test]
fn blockhash_reaches_256_l1_blocks_back_over_skipped_ones() {
    let chain = chain(1);
    let probe = deploy(&chain, crate::support::init_code(PROBE));
    // A jump of a thousand L1 blocks with no L2 block in between.
    chain.advance_to(Instant::from_secs(12_000));
    let now = L1_START + 1_000;
    let hash = |n: u64| {
        let answer = chain.call(wallet(0).address(), probe, word(n).to_vec().into()).expect("the probe answers");
        B256::from(words(&answer)[2])
    };
    for (n, known) in
        [(now + 1, false), (now, false), (now - 1, true), (now - 100, true), (now - 256, true), (now - 257, false)]
    {
        assert_eq!(hash(n), if known { l1_hash(CHAIN_ID, n) } else { B256::ZERO }, "block {n} at {now}");
    }
    assert_ne!(l1_hash(CHAIN_ID, now - 1), l1_hash(CHAIN_ID, now - 2));
    assert_ne!(l1_hash(CHAIN_ID, now - 1), l1_hash(CHAIN_ID + 1, now - 1));
}

#[test]
fn transactions_see_the_same_as_calls() {
    let chain = chain(1);
    let recorder = deploy(&chain, crate::support::init_code(RECORDER));
    chain.advance_to(Instant::from_secs(2_400));
    let asked = L1_START + 150;
    let tx = Tx { data: word(asked).to_vec().into(), tip: GWEI, ..Tx::to(recorder, 1) };
    chain.submit_raw(&tx.sign(&wallet(0))).expect("the pool takes it");
    assert!(chain.mine().receipts[0].success);
    assert_eq!(chain.storage(recorder, U256::ZERO), U256::from(L1_START + 200));
    assert_eq!(chain.storage(recorder, U256::from(1)), U256::from(GWEI), "the price is the base fee, without the tip");
    assert_eq!(B256::from(chain.storage(recorder, U256::from(2))), l1_hash(CHAIN_ID, asked));
}

#[test]
fn arb_sys_tells_l2_number_and_chain_id() {
    let chain = chain(1);
    let sys = address!("0x0000000000000000000000000000000000000064");
    chain.mine();
    chain.mine();
    let me = wallet(0).address();
    let ask = |selector: [u8; 4]| chain.call(me, sys, selector.to_vec().into());
    assert_eq!(words(&ask([0xa3, 0xb1, 0xb3, 0x1d]).expect("it answers")), [U256::from(3)]);
    assert_eq!(words(&ask([0xd1, 0x27, 0xf5, 0x4a]).expect("it answers")), [U256::from(CHAIN_ID)]);
    assert_eq!(ask([1, 2, 3, 4]).expect_err("no such method").to_string(), "execution reverted");
    assert!(!chain.code(sys).is_empty(), "contracts look for code before they call");
}

#[test]
fn arb_gas_info_tells_the_prices() {
    let chain = chain(1);
    chain.set_l1_base_fee(Wei::new(7 * GWEI));
    let info = address!("0x000000000000000000000000000000000000006c");
    let ask = |selector: [u8; 4]| {
        let out = chain.call(wallet(0).address(), info, Bytes::copy_from_slice(&selector));
        out.map(|out| words(&out))
    };
    let fee = U256::from(GWEI);
    assert_eq!(ask([0xf5, 0xd6, 0xde, 0xd7]).expect("getL1BaseFeeEstimate"), [U256::from(7) * fee]);
    // Calls run at no price, as on geth; prices that contracts ask for are those of the block.
    let prices = ask([0x41, 0xb2, 0x47, 0xa8]).expect("getPricesInWei");
    assert_eq!(prices.len(), 6);
    assert_eq!(prices[1], U256::from(16 * 7) * fee);
    assert!(ask([1, 2, 3, 4]).is_err());
    assert!(!chain.code(info).is_empty());
}
