//! Going back leaves no trace.

use alloy::primitives::{Address, B256};
use proptest::prelude::*;
use weir_evm::{Chain, LogFilter};
use weir_types::{Instant, Wei};

use crate::support::{EMITTER, GWEI, RECORDER, Tx, chain, deploy, init_code, wallet, word};

/// All there is to see of a chain.
fn face(chain: &Chain) -> (B256, u64, usize, usize, Instant, Wei, Vec<u64>) {
    (
        chain.state_digest(),
        chain.block_number(),
        chain.logs(&LogFilter::default()).len(),
        chain.pending_count(),
        chain.now(),
        chain.base_fee(),
        (0..3).map(|i| chain.pending_nonce(wallet(i).address())).collect(),
    )
}

/// Contracts that something can be done with.
fn stage() -> (Chain, [Address; 2]) {
    let chain = chain(3);
    let contracts = [deploy(&chain, init_code(RECORDER)), deploy(&chain, init_code(EMITTER))];
    (chain, contracts)
}

/// One of seven things to do.
fn act(chain: &Chain, contracts: [Address; 2], what: u8, who: u8) {
    let by = wallet(who % 3);
    let nonce = chain.pending_nonce(by.address());
    let tx = match what {
        0 => Tx::to(Address::repeat_byte(who), nonce).value(u128::from(who)),
        1 => Tx { data: word(20_000_000).to_vec().into(), ..Tx::to(contracts[0], nonce) },
        2 => Tx { data: word(u64::from(who)).to_vec().into(), ..Tx::to(contracts[1], nonce) },
        3 => Tx::create(init_code(&[who]), nonce),
        4 => return drop(chain.mine()),
        5 => return chain.advance_to(Instant(chain.now().0 + u64::from(who) * 1_000_000)),
        _ => return chain.set_base_fee(Wei::new(GWEI + u128::from(who))),
    };
    chain.submit_raw(&tx.sign(&by)).expect("the pool takes it");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn reverting_restores_everything_at_any_depth(
        before in prop::collection::vec((0u8..7, any::<u8>()), 0..8),
        first in prop::collection::vec((0u8..7, any::<u8>()), 0..8),
        second in prop::collection::vec((0u8..7, any::<u8>()), 0..8),
    ) {
        let (chain, contracts) = stage();
        let play = |ops: &[(u8, u8)]| ops.iter().for_each(|(what, who)| act(&chain, contracts, *what, *who));
        play(&before);
        let at_outer = face(&chain);
        let outer = chain.snapshot();
        play(&first);
        let at_inner = face(&chain);
        let inner = chain.snapshot();
        play(&second);
        chain.mine();
        let end = face(&chain);
        chain.revert(inner).expect("it was taken");
        prop_assert_eq!(&face(&chain), &at_inner);
        // The same again gives the same.
        play(&second);
        chain.mine();
        prop_assert_eq!(&face(&chain), &end);
        chain.revert(outer).expect("it was taken");
        prop_assert_eq!(&face(&chain), &at_outer);
        prop_assert!(chain.revert(inner).is_err() && chain.revert(outer).is_err());
    }
}

#[test]
fn receipts_after_the_snapshot_are_gone() {
    let (chain, contracts) = stage();
    let id = chain.snapshot();
    let hash = chain
        .submit_raw(&Tx { data: word(1).to_vec().into(), ..Tx::to(contracts[1], 2) }.sign(&wallet(0)))
        .expect("the pool takes it");
    let block = chain.mine();
    assert_eq!(chain.receipt(hash).expect("it is mined").logs.len(), 1);
    chain.revert(id).expect("it was taken");
    assert!(chain.receipt(hash).is_none() && chain.block(block.number).is_none());
    assert_eq!(chain.revert(id).expect_err("it is used up").to_string(), format!("no snapshot {}", id.0));
}
