//! Who goes first, and what happens when nobody goes.

use alloy::primitives::{Address, B256};
use proptest::prelude::*;
use weir_evm::{Chain, ChainConfig, Ordering, SubmitError};
use weir_types::{Instant, Wei};

use crate::support::{GWEI, Tx, config, wallet};

fn ordered(ordering: Ordering) -> Chain {
    let chain = Chain::new(ChainConfig { ordering, ..config() });
    (0..6).for_each(|i| chain.set_balance(wallet(i).address(), Wei::from_whole(100)));
    chain
}

/// Sends transactions of senders with tips, and returns who is in the next block, in order.
fn order(chain: &Chain, sent: &[(u8, u128)]) -> Vec<(u8, u64)> {
    let mut hashes: Vec<(B256, u8, u64)> = Vec::new();
    for (who, tip) in sent {
        let by = wallet(*who);
        let nonce = chain.pending_nonce(by.address());
        let tx = Tx { tip: *tip, max_fee: 20 * GWEI, ..Tx::to(Address::repeat_byte(1), nonce) };
        hashes.push((chain.submit_raw(&tx.sign(&by)).expect("the pool takes it"), *who, nonce));
    }
    let found = |hash: B256| hashes.iter().find(|(h, ..)| *h == hash).map(|(_, who, nonce)| (*who, *nonce));
    chain.mine().receipts.iter().map(|r| found(r.tx_hash).expect("was sent")).collect()
}

#[test]
fn the_higher_tip_goes_first_but_never_before_a_lower_nonce() {
    let sent = [(0, 1), (1, 5), (0, 9), (2, 3)];
    assert_eq!(order(&ordered(Ordering::Arrival), &sent), [(0, 0), (1, 0), (0, 1), (2, 0)]);
    assert_eq!(order(&ordered(Ordering::Priority), &sent), [(1, 0), (2, 0), (0, 0), (0, 1)]);
}

#[test]
fn a_seed_shuffles_the_same_way_each_time_and_others_otherwise() {
    let sent: Vec<(u8, u128)> = (0..6).map(|who| (who, 0)).collect();
    let once = order(&ordered(Ordering::Shuffled(1)), &sent);
    assert_eq!(once, order(&ordered(Ordering::Shuffled(1)), &sent));
    let different = (2..12).filter(|seed| order(&ordered(Ordering::Shuffled(*seed)), &sent) != once).count();
    assert!(different >= 9, "{different} of 10");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_order_takes_all_and_keeps_nonces(
        sent in prop::collection::vec((0u8..6, 0u128..GWEI), 1..20),
        which in 0u8..3,
    ) {
        let ordering = [Ordering::Arrival, Ordering::Priority, Ordering::Shuffled(7)][usize::from(which)];
        let chain = ordered(ordering);
        let got = order(&chain, &sent);
        prop_assert_eq!(got.len(), sent.len());
        for who in 0..6 {
            let nonces: Vec<u64> = got.iter().filter(|(w, _)| *w == who).map(|(_, nonce)| *nonce).collect();
            prop_assert!(nonces.iter().enumerate().all(|(i, n)| i as u64 == *n), "{:?}", nonces);
        }
    }
}

#[test]
fn a_stopped_sequencer_makes_no_block_and_goes_on_where_it_stopped() {
    let chain = ordered(Ordering::Arrival);
    let by = wallet(0);
    let waiting = chain.submit_raw(&Tx::to(Address::repeat_byte(1), 0).sign(&by)).expect("the pool takes it");
    let before = chain.mine().number;
    let waiting_too = chain.submit_raw(&Tx::to(Address::repeat_byte(1), 1).sign(&by)).expect("the pool takes it");
    chain.stop_sequencer(true);
    chain.advance_to(Instant::from_secs(3_600));
    let summary = chain.mine();
    assert_eq!((summary.number, summary.receipts.len(), chain.block_number()), (before, 0, before));
    assert_eq!(chain.submit_raw(&Tx::to(Address::repeat_byte(1), 2).sign(&by)), Err(SubmitError::SequencerStopped));
    assert!(chain.receipt(waiting).is_some() && chain.receipt(waiting_too).is_none());
    // Contracts that are called meanwhile see the time that has passed.
    assert_eq!(chain.l1_block_number() - chain.config().l1_start, 300);

    chain.stop_sequencer(false);
    let block = chain.mine();
    assert_eq!(block.receipts.len(), 1);
    assert_eq!(block.l1_block_number - chain.config().l1_start, 300, "the first block jumps over what was missed");
    assert!(chain.receipt(waiting_too).expect("it is mined").success);
}
