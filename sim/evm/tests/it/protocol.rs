//! The whole protocol on the chain.

use alloy::primitives::Address;
use alloy::sol_types::SolCall;
use weir_contracts::bindings::RoundsManager;
use weir_contracts::{ProtocolParams, deploy};
use weir_types::{Instant, Wei};

use crate::support::{block_on, chain, words};

#[test]
fn the_deployer_puts_all_contracts_on_it_and_rounds_follow_l1() {
    let chain = chain(0);
    let owner = Address::repeat_byte(0xde);
    chain.set_balance(owner, Wei::from_whole(100));
    chain.impersonate(owner);
    let params = ProtocolParams::devnet();
    let d = block_on(deploy(&chain.provider(), owner, &params)).expect("the plan goes through");
    assert_eq!(chain.total_eth(), Wei::from_whole(100));

    let current = RoundsManager::currentRoundCall {}.abi_encode();
    let round = || words(&chain.call(owner, d.rounds_manager, current.clone().into()).expect("it answers"))[0];
    let length = RoundsManager::roundLengthCall {}.abi_encode();
    let length = words(&chain.call(owner, d.rounds_manager, length.into()).expect("it answers"))[0];
    let before = round();
    let blocks = u64::try_from(length).expect("a round is short");
    chain.advance_to(Instant::from_secs(blocks * 12 * 3));
    assert_eq!(round() - before, alloy::primitives::U256::from(3), "no L2 block was needed");

    chain.set_automine(true);
    let initialize = RoundsManager::initializeRoundCall {}.abi_encode();
    let hash = chain
        .send_unsigned(owner, Some(d.rounds_manager), Wei::ZERO, initialize.into(), None)
        .expect("the pool takes it");
    let receipt = chain.receipt(hash).expect("it is mined");
    assert_eq!((receipt.success, chain.revert_reason(hash)), (true, None));
    assert!(receipt.logs.iter().any(|l| l.address() == d.rounds_manager));
}
