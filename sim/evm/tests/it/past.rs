//! Older blocks: looks, branches, reorganisations.

use alloy::eips::BlockId;
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use proptest::prelude::*;
use weir_evm::{Chain, ChainConfig, LogFilter, PastError};
use weir_types::{Instant, Wei};

use crate::support::{EMITTER, PROBE, RECORDER, Tx, block_on, config, deploy, init_code, wallet, word, words};

/// A chain that remembers so many blocks, with some money in it.
fn remembering(blocks: u64) -> Chain {
    let chain = Chain::new(ChainConfig { history_blocks: blocks, ..config() });
    (0..3).for_each(|i| chain.set_balance(wallet(i).address(), Wei::from_whole(100)));
    chain.mine();
    chain
}

fn send(chain: &Chain, who: u8, tx: &Tx) -> B256 {
    let by = wallet(who);
    let tx = Tx { nonce: chain.pending_nonce(by.address()), ..tx.clone() };
    chain.submit_raw(&tx.sign(&by)).expect("the pool takes it")
}

fn record(contract: Address, n: u64) -> Tx {
    Tx { data: word(n).to_vec().into(), ..Tx::to(contract, 0) }
}

#[test]
fn older_blocks_answer_as_they_did() {
    let chain = remembering(10);
    let (recorder, probe) = (deploy(&chain, init_code(RECORDER)), deploy(&chain, init_code(PROBE)));
    let mut seen = Vec::new();
    let ask = TransactionRequest::default().to(probe).input(Bytes::from(vec![0; 32]).into());
    for i in 0..5u64 {
        chain.advance_to(Instant::from_secs(100 * (i + 1)));
        send(&chain, 0, &record(recorder, i));
        send(&chain, 1, &Tx::to(Address::repeat_byte(9), 0).value(7));
        let block = chain.mine();
        let slot = chain.storage(recorder, U256::ZERO);
        let probed = words(&chain.call(Address::ZERO, probe, vec![0; 32].into()).expect("it answers"));
        seen.push((block.number, slot, chain.balance(Address::repeat_byte(9)).0, probed[..2].to_vec()));
    }
    chain.advance_to(Instant::from_secs(10_000));
    chain.mine();
    let provider = chain.provider();
    for (number, slot, balance, probed) in &seen {
        let at = BlockId::number(*number);
        let found = block_on(provider.get_storage_at(recorder, U256::ZERO).block_id(at)).expect("it is kept");
        assert_eq!(found, *slot);
        let found = block_on(provider.get_balance(Address::repeat_byte(9)).block_id(at)).expect("it is kept");
        assert_eq!(found, *balance);
        // A contract sees the number and time of that block.
        let out = block_on(provider.call(ask.clone()).block(at)).expect("it is kept");
        assert_eq!(&words(&out)[..2], &probed[..], "block {number}");
        let hash = chain.block(*number).expect("it is there").hash;
        let by_hash = block_on(provider.get_balance(Address::repeat_byte(9)).block_id(hash.into())).expect("by hash");
        assert_eq!(by_hash, *balance);
    }
}

#[test]
fn what_is_too_old_or_not_there_is_told() {
    let chain = remembering(3);
    (0..6).for_each(|_| drop(chain.mine()));
    let newest = chain.block_number();
    assert_eq!(
        chain.branch_at(newest - 4).map(drop),
        Err(PastError::Pruned { number: newest - 4, oldest: newest - 3 })
    );
    assert!(chain.branch_at(newest - 3).is_ok());
    assert_eq!(chain.branch_at(newest + 1).map(drop), Err(PastError::Unknown { number: newest + 1, newest }));
    let provider = chain.provider();
    let balance = |n| block_on(provider.get_balance(Address::ZERO).block_id(BlockId::number(n)));
    assert!(balance(newest - 3).is_ok());
    let error = balance(newest - 4).expect_err("too old").to_string();
    assert!(error.contains("is not kept"), "{error}");
    let error = balance(newest + 1).expect_err("not there").to_string();
    assert!(error.contains("header not found"), "{error}");
}

#[test]
fn branches_share_a_past_and_nothing_after() {
    let chain = remembering(0);
    let recorder = deploy(&chain, init_code(RECORDER));
    let before = chain.state_digest();
    let branch = chain.branch();
    assert_eq!(branch.state_digest(), before);
    send(&chain, 0, &record(recorder, 1));
    chain.mine();
    assert_eq!(branch.state_digest(), before);
    assert_ne!(chain.state_digest(), before);
    let after = chain.state_digest();
    send(&branch, 1, &Tx::to(Address::repeat_byte(9), 0).value(7));
    branch.mine();
    assert_eq!(chain.state_digest(), after);
    assert_eq!(chain.balance(Address::repeat_byte(9)), Wei::ZERO);
    // The same afterwards makes the same of both.
    let again = chain.branch();
    for c in [&chain, &again] {
        send(c, 0, &record(recorder, 2));
        c.mine();
    }
    assert_eq!(chain.state_digest(), again.state_digest());
    assert_eq!(chain.block(chain.block_number()), again.block(again.block_number()));
}

#[test]
fn a_reorganisation_lets_the_transactions_wait_again() {
    let chain = remembering(10);
    let emitter = deploy(&chain, init_code(EMITTER));
    let (before, newest) = (chain.state_digest(), chain.block_number());
    let first = send(&chain, 0, &record(emitter, 1));
    chain.mine();
    let second = send(&chain, 0, &record(emitter, 2));
    let gone = chain.mine();
    let third = send(&chain, 1, &record(emitter, 3));

    let reorg = chain.reorg(2).expect("both are kept");
    assert_eq!(reorg.transactions, [first, second]);
    assert_eq!(reorg.blocks.last(), Some(&gone.hash));
    assert!(reorg.logs.len() == 2 && reorg.logs.iter().all(|log| log.removed));
    assert_eq!((chain.block_number(), chain.state_digest()), (newest, before));
    assert!(chain.receipt(first).is_none() && chain.logs(&LogFilter::default()).is_empty());
    assert_eq!(chain.pending_count(), 3);

    chain.advance_to(Instant(chain.now().0 + 1_000_000));
    let block = chain.mine();
    let order: Vec<B256> = block.receipts.iter().map(|r| r.tx_hash).collect();
    assert_eq!(order, [first, second, third]);
    assert_ne!(block.hash, reorg.blocks[0]);
    assert!(chain.reorg(99).is_err());
    assert_eq!(chain.reorg(0).expect("nothing to do").blocks.len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Every block's state comes back as it was, from the chain, from branches, and after going back.
    #[test]
    fn every_kept_block_can_be_gone_back_to(
        ops in prop::collection::vec((0u8..6, any::<u8>()), 1..40),
        back in 0u64..12,
    ) {
        let chain = remembering(64);
        let recorder = deploy(&chain, init_code(RECORDER));
        let mut digests = vec![(chain.block_number(), chain.state_digest())];
        let mut branches: Vec<(Chain, B256)> = Vec::new();
        for (what, who) in ops {
            match what {
                0 | 1 => drop(send(&chain, who % 3, &record(recorder, u64::from(who)))),
                2 => drop(send(&chain, who % 3, &Tx::to(Address::repeat_byte(who), 0).value(u128::from(who)))),
                3 => {
                    let code = init_code(&[who]);
                    let by = wallet(who % 3);
                    let tx = Tx::create(code, chain.pending_nonce(by.address()));
                    chain.submit_raw(&tx.sign(&by)).expect("the pool takes it");
                }
                4 => branches.push((chain.branch(), chain.state_digest())),
                _ => chain.advance_to(Instant(chain.now().0 + u64::from(who) * 1_000_000)),
            }
            let block = chain.mine();
            digests.push((block.number, chain.state_digest()));
        }
        for (number, digest) in &digests {
            prop_assert_eq!(chain.branch_at(*number).expect("it is kept").state_digest(), *digest, "block {}", number);
        }
        for (branch, digest) in &branches {
            prop_assert_eq!(branch.state_digest(), *digest);
        }
        let back = back.min(digests.len() as u64 - 1);
        let (number, digest) = digests[digests.len() - 1 - back as usize];
        let end = chain.state_digest();
        let branch = chain.branch();
        chain.reorg(back).expect("they are kept");
        prop_assert_eq!((chain.block_number(), chain.state_digest()), (number, digest));
        prop_assert_eq!(branch.state_digest(), end);
    }
}
