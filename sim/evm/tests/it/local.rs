//! Calls that run where they are made, beside those that go through JSON; transactions that are tried.

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use weir_evm::SubmitError;
use weir_types::Wei;

use crate::support::{Token, block_on, chain, token as deploy, wallet};

#[test]
fn a_local_call_says_what_the_json_one_says() {
    let chain = chain(2);
    let (owner, other) = (wallet(0).address(), wallet(1).address());
    let token = deploy(&chain);
    let (local, json) = (Token::new(token, chain.local_provider()), Token::new(token, chain.provider()));
    let good = block_on(local.balanceOf(other).call()).expect("it answers");
    assert_eq!(good, block_on(json.balanceOf(other).call()).expect("it answers"));

    let fail = |e: alloy::contract::Error| (e.to_string(), e.as_revert_data());
    let move_all = U256::MAX;
    let here = block_on(local.transfer(other, move_all).from(owner).call()).expect_err("nobody has that much");
    let there = block_on(json.transfer(other, move_all).from(owner).call()).expect_err("nobody has that much");
    assert_eq!(fail(here), fail(there));
}

#[test]
fn a_call_of_an_old_block_takes_the_long_way() {
    let chain = chain(2);
    let (owner, other) = (wallet(0).address(), wallet(1).address());
    let token = deploy(&chain);
    let before = chain.block_number();
    let data = Token::mintCall { to: other, amount: U256::from(5) }.abi_encode();
    chain.send_tried(owner, token, Wei::ZERO, data.into()).expect("the pool takes it");
    assert!(chain.mine().dropped.is_empty());
    let local = Token::new(token, chain.local_provider());
    assert_eq!(block_on(local.balanceOf(other).call()).expect("it answers"), U256::from(5));
    // This chain keeps no past: that it says so shows that the call did not run on the newest state.
    let old = block_on(local.balanceOf(other).block(before.into()).call()).expect_err("there is no past");
    assert!(old.to_string().contains("is not kept"), "{old}");
}

#[test]
fn what_is_tried_and_fails_costs_nothing_and_holds_up_nobody() {
    let chain = chain(2);
    let (owner, other) = (wallet(0).address(), wallet(1).address());
    let token = deploy(&chain);
    let before = chain.balance(other);
    let transfer = |amount| Token::transferCall { to: Address::ZERO, amount }.abi_encode();
    let bad = chain.send_tried(other, token, Wei::ZERO, transfer(U256::from(1)).into()).expect("the pool takes it");
    let next = chain.send_tried(other, owner, Wei::new(3), Default::default()).expect("the pool takes it");
    let block = chain.mine();
    assert_eq!(block.receipts.iter().map(|r| r.tx_hash).collect::<Vec<_>>(), [next]);
    assert_eq!(block.dropped.iter().map(|d| d.hash).collect::<Vec<_>>(), [bad]);
    assert!(matches!(&block.dropped[0].error, SubmitError::Failed(why) if why.starts_with("execution reverted")));
    let spent = block.receipts[0].fee().0 + U256::from(3);
    assert_eq!(chain.balance(other).0 + spent, before.0);
}
