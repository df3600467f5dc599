//! Rounds by block number.

use alloy::primitives::{Address, B256, U256};
use weir_contracts::bindings::{AdjustableRoundsManager, BondingManager, Minter, RoundsManager};
use weir_contracts::{Artifact, BlockSource};

use super::expect::{Bare, DIVISION_BY_ZERO, OVERFLOW, ev};
use super::net::{Net, PERC, ROUND, Setup, n};

rules! {
    vec![Setup::d26()];
    a_round_begins_once,
    a_skipped_round_has_no_hash,
    the_first_round_of_a_fresh_contract_counts_as_begun,
    block_hashes_reach_back_256_blocks,
    a_new_length_stretches_and_shrinks_the_present_round,
    the_first_length_numbers_rounds_from_block_0,
    the_end_of_a_round_is_locked,
    an_upgrade_gets_its_round_once,
}

pub mod by_hand {
    //! Rounds by a number that anyone sets.
    use super::*;

    rules! {
        vec![Setup::d26().with(|p| p.block_source = BlockSource::Manual)];
        anyone_sets_the_clock,
        the_clock_needs_256_blocks,
        a_round_of_the_set_clock_begins,
    }

    fn set(net: &mut Net, number: u64) {
        net.send(Address::ZERO, net.d.rounds_manager, &AdjustableRoundsManager::setBlockNumCall { _num: n(number) });
    }

    fn anyone_sets_the_clock(net: &mut Net) {
        let rm = net.d.rounds_manager;
        let who = Address::repeat_byte(9);
        let number = net.evm.number();
        set(net, 10_000);
        assert_ne!(number, 10_000);
        assert_eq!(net.read(rm, &AdjustableRoundsManager::numCall {}), n(10_000));
        net.send(who, rm, &AdjustableRoundsManager::mineBlocksCall { _blocks: n(7) });
        assert_eq!(net.read(rm, &RoundsManager::blockNumCall {}), n(10_007));
        let hash = B256::repeat_byte(0xab);
        net.send(who, rm, &AdjustableRoundsManager::setBlockHashCall { _hash: hash });
        assert_eq!(net.read(rm, &AdjustableRoundsManager::hashCall {}), hash);
        // The same hash for all blocks, also those to come.
        for block in [10_007 - 256, 10_007, 99_999] {
            assert_eq!(net.read(rm, &RoundsManager::blockHashCall { _block: n(block) }), hash);
        }
        net.refuse_read(rm, &RoundsManager::blockHashCall { _block: n(10_007 - 257) }, Bare);
        // The call is not restricted, but the contract is the same otherwise.
        let done = net.send(net.owner, rm, &RoundsManager::setRoundLockAmountCall { _roundLockAmount: n(1) });
        net.emits(&done, rm, &[ev(&RoundsManager::ParameterUpdate { param: "roundLockAmount".into() })]);
        let call = RoundsManager::setControllerCall { _controller: who };
        let done = net.send(net.d.controller, rm, &call);
        net.emits(&done, rm, &[ev(&RoundsManager::SetController { controller: who })]);
    }

    fn the_clock_needs_256_blocks(net: &mut Net) {
        set(net, 255);
        net.refuse_read(net.d.rounds_manager, &RoundsManager::blockHashCall { _block: n(254) }, OVERFLOW);
    }

    fn a_round_of_the_set_clock_begins(net: &mut Net) {
        let rm = net.d.rounds_manager;
        let hash = B256::repeat_byte(0xcd);
        net.send(net.owner, rm, &AdjustableRoundsManager::setBlockHashCall { _hash: hash });
        set(net, 77 * ROUND);
        assert_eq!(net.round(), n(77));
        let done = net.send(net.owner, rm, &RoundsManager::initializeRoundCall {});
        net.emits(&done, rm, &[ev(&RoundsManager::NewRound { round: n(77), blockHash: hash })]);
        assert_eq!(net.read(rm, &RoundsManager::blockHashForRoundCall { _round: n(77) }), hash);
    }
}

pub mod at_the_start {
    //! A chain of less than 256 blocks.
    use super::*;

    rules! {
        vec![Setup::d26().at(0)];
        all_hashes_are_known,
    }

    fn all_hashes_are_known(net: &mut Net) {
        let rm = net.d.rounds_manager;
        let number = net.evm.number();
        assert!(number < 256 && net.round() >= n(1));
        for block in [1, number / 2, number - 1] {
            let hash = net.evm.block_hash(block);
            assert_eq!(net.read(rm, &RoundsManager::blockHashCall { _block: n(block) }), hash, "block {block}");
        }
        net.refuse_read(rm, &RoundsManager::blockHashCall { _block: n(number) }, "can only retrieve past block hashes");
        // The limit begins with block 257: of block 256 all that are before it are known.
        net.evm.mine(256 - number);
        let hash = net.evm.block_hash(1);
        assert_eq!(net.read(rm, &RoundsManager::blockHashCall { _block: n(1) }), hash);
        net.evm.mine(1);
        net.read(rm, &RoundsManager::blockHashCall { _block: n(1) });
        let text = "can only retrieve hashes for last 256 blocks";
        net.refuse_read(rm, &RoundsManager::blockHashCall { _block: n(0) }, text);
    }
}

fn start(net: &mut Net) -> u64 {
    net.read(net.d.rounds_manager, &RoundsManager::currentRoundStartBlockCall {}).to()
}

fn initialized(net: &mut Net) -> bool {
    net.read(net.d.rounds_manager, &RoundsManager::currentRoundInitializedCall {})
}

fn a_round_begins_once(net: &mut Net) {
    let rm = net.d.rounds_manager;
    let round = net.round();
    assert!(initialized(net));
    net.refuse(net.owner, rm, &RoundsManager::initializeRoundCall {}, "round already initialized");
    net.end_round();
    assert_eq!(net.round(), round);
    // Anyone may begin it, in any block of it; the hash is that of the block before.
    net.evm.mine(3);
    assert_eq!(net.round(), round + n(1));
    assert!(!initialized(net));
    let done = net.send(Address::repeat_byte(7), rm, &RoundsManager::initializeRoundCall {});
    let number = net.evm.number();
    let hash = net.evm.block_hash(number - 1);
    let next = round + n(1);
    net.emits(&done, rm, &[ev(&RoundsManager::NewRound { round: next, blockHash: hash })]);
    assert_eq!(net.read(rm, &RoundsManager::blockHashForRoundCall { _round: next }), hash);
    assert_eq!(net.read(rm, &RoundsManager::lastInitializedRoundCall {}), next);
    assert!(initialized(net));
    // The stake is set before what may be minted for it.
    let mintable = net.read(net.d.minter, &Minter::currentMintableTokensCall {});
    let inflation = net.read(net.d.minter, &Minter::inflationCall {});
    let event = Minter::SetCurrentRewardTokens { currentMintableTokens: mintable, currentInflation: inflation };
    net.emits(&done, net.d.minter, &[ev(&event)]);
    net.refuse(net.owner, rm, &RoundsManager::initializeRoundCall {}, "round already initialized");
}

fn a_skipped_round_has_no_hash(net: &mut Net) {
    let rm = net.d.rounds_manager;
    let round = net.round();
    net.end_round();
    net.evm.mine(2 * ROUND);
    net.send(net.owner, rm, &RoundsManager::initializeRoundCall {});
    assert_eq!(net.round(), round + n(3));
    for (skipped, none) in [(0, false), (1, true), (2, true), (3, false)] {
        let hash = net.read(rm, &RoundsManager::blockHashForRoundCall { _round: round + n(skipped) });
        assert_eq!(hash.is_zero(), none, "round {skipped} on");
    }
    // What needs a begun round says so in one that is not.
    net.end_round();
    net.evm.mine(1);
    net.refuse_bonding(net.owner, &BondingManager::rewardCall {}, "current round is not initialized");
}

fn fresh(net: &mut Net) -> Address {
    let arguments = RoundsManager::constructorCall { _controller: net.d.controller };
    net.create(Artifact::RoundsManager, &arguments)
}

fn the_first_round_of_a_fresh_contract_counts_as_begun(net: &mut Net) {
    let rm = fresh(net);
    net.refuse_read(rm, &RoundsManager::currentRoundCall {}, DIVISION_BY_ZERO);
    net.refuse(net.owner, rm, &RoundsManager::initializeRoundCall {}, DIVISION_BY_ZERO);
    // A length above the height: round 0.
    net.send(net.owner, rm, &RoundsManager::setRoundLengthCall { _roundLength: n(1_000_000) });
    assert_eq!(net.read(rm, &RoundsManager::currentRoundCall {}), U256::ZERO);
    assert!(net.read(rm, &RoundsManager::currentRoundInitializedCall {}));
    net.refuse(net.owner, rm, &RoundsManager::initializeRoundCall {}, "round already initialized");
}

fn block_hashes_reach_back_256_blocks(net: &mut Net) {
    let rm = net.d.rounds_manager;
    net.evm.mine(300);
    let number = net.evm.number();
    assert_eq!(net.read(rm, &RoundsManager::blockNumCall {}), n(number));
    for back in [1, 2, 255, 256] {
        let hash = net.evm.block_hash(number - back);
        assert_eq!(net.read(rm, &RoundsManager::blockHashCall { _block: n(number - back) }), hash, "{back} back");
    }
    let call = |block| RoundsManager::blockHashCall { _block: n(block) };
    net.refuse_read(rm, &call(number - 257), "can only retrieve hashes for last 256 blocks");
    net.refuse_read(rm, &call(number), "can only retrieve past block hashes");
    net.refuse_read(rm, &call(number + 1), "can only retrieve past block hashes");
}

fn a_new_length_stretches_and_shrinks_the_present_round(net: &mut Net) {
    let rm = net.d.rounds_manager;
    let call = |length| RoundsManager::setRoundLengthCall { _roundLength: n(length) };
    net.refuse(net.owner, rm, &call(0), "round length cannot be 0");
    let (round, from) = (net.round(), start(net));
    net.evm.mine(20);
    let done = net.send(net.owner, rm, &call(200));
    net.emits(&done, rm, &[ev(&RoundsManager::ParameterUpdate { param: "roundLength".into() })]);
    assert_eq!(net.read(rm, &RoundsManager::roundLengthCall {}), n(200));
    assert_eq!((net.round(), start(net)), (round, from));
    assert_eq!(net.read(rm, &RoundsManager::lastRoundLengthUpdateRoundCall {}), round);
    assert_eq!(net.read(rm, &RoundsManager::lastRoundLengthUpdateStartBlockCall {}), n(from));
    net.evm.mine(100);
    assert_eq!(net.round(), round, "it is longer now");
    // Shorter again, in the middle: rounds are over that were not before.
    let block = net.evm.number() + 1;
    net.send(net.owner, rm, &call(30));
    assert_eq!(net.round(), round + n((block - from) / 30));
    assert_eq!(start(net), from + (block - from) / 30 * 30);
    let (round, from) = (net.round(), start(net));
    net.evm.mine(30);
    assert_eq!((net.round(), start(net)), (round + n(1), from + 30));
}

fn the_first_length_numbers_rounds_from_block_0(net: &mut Net) {
    let rm = fresh(net);
    let done = net.send(net.owner, rm, &RoundsManager::setRoundLengthCall { _roundLength: n(7) });
    net.emits(&done, rm, &[ev(&RoundsManager::ParameterUpdate { param: "roundLength".into() })]);
    let block = net.evm.number();
    assert_eq!(net.read(rm, &RoundsManager::currentRoundCall {}), n(block / 7));
    assert_eq!(net.read(rm, &RoundsManager::currentRoundStartBlockCall {}), n(block / 7 * 7));
    assert_eq!(net.read(rm, &RoundsManager::lastRoundLengthUpdateRoundCall {}), n(block / 7));
    assert_eq!(net.read(rm, &RoundsManager::lastRoundLengthUpdateStartBlockCall {}), n(block / 7 * 7));
}

fn the_end_of_a_round_is_locked(net: &mut Net) {
    let rm = net.d.rounds_manager;
    let call = |part| RoundsManager::setRoundLockAmountCall { _roundLockAmount: n(part) };
    net.refuse(net.owner, rm, &call(PERC + 1), "round lock amount must be a valid percentage");
    // Locked blocks of 50: rounded down.
    for (part, locked) in [(0, 0), (100_000, 5), (119_999, 5), (120_000, 6), (PERC, 50)] {
        net.next_round();
        let done = net.send(net.owner, rm, &call(part));
        net.emits(&done, rm, &[ev(&RoundsManager::ParameterUpdate { param: "roundLockAmount".into() })]);
        assert_eq!(net.read(rm, &RoundsManager::roundLockAmountCall {}), n(part));
        let first = ROUND - locked;
        let from = start(net);
        while net.evm.number() < from + ROUND - 1 {
            let at = net.evm.number() - from;
            let now = net.read(rm, &RoundsManager::currentRoundLockedCall {});
            assert_eq!(now, at >= first, "block {at} with {part} locked");
            net.evm.mine(1);
        }
    }
}

fn an_upgrade_gets_its_round_once(net: &mut Net) {
    let rm = net.d.rounds_manager;
    let call = |round| RoundsManager::setLIPUpgradeRoundCall { _lip: n(36), _round: n(round) };
    // Zero is as good as not set.
    for round in [0, 500] {
        let done = net.send(net.owner, rm, &call(round));
        net.emits(&done, rm, &[]);
        assert_eq!(net.read(rm, &RoundsManager::lipUpgradeRoundCall(n(36))), n(round));
    }
    net.refuse(net.owner, rm, &call(501), "LIP upgrade round already set");
    assert_eq!(net.read(rm, &RoundsManager::lipUpgradeRoundCall(n(37))), U256::ZERO);
}
