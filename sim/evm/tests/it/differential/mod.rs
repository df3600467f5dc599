//! The embedded chain beside Anvil: the same history on both, compared to the last slot.
//!
//! Part one takes away what Arbitrum does otherwise (one L2 block for each L1 block, L1 hashes as Anvil has
//! them, no fee for data), and everything is equal but for what [`the_same_history_is_the_same_to_the_last_slot`]
//! names. Part two leaves Arbitrum's rules on, and each difference is the one that they make.

mod chains;
mod history;

use std::collections::BTreeMap;

use alloy::primitives::{Address, U256, keccak256};
use alloy::sol_types::SolEvent;
use weir_contracts::bindings::RoundsManager;
use weir_evm::l1_hash;

use chains::{Both, CHAIN_ID, FEES, Mined};
use history::{Counts, ROUND_LENGTH, Story};

const TRANSACTIONS: u64 = 2_000;
const SEED: u64 = 7;
/// Kinds that must be there, each with successes and failures enough.
const KINDS: [(&str, u64, u64); 47] = [
    ("deploy", 20, 0),
    ("settings", 20, 0),
    ("upgrade", 4, 0),
    ("transfer", 30, 0),
    ("approve", 30, 0),
    ("initializeRound", 30, 0),
    ("bond", 100, 10),
    ("bondWithHint", 20, 1),
    ("bondForWithHint", 5, 1),
    ("unbond", 20, 2),
    ("unbondWithHint", 5, 1),
    ("transferBond", 5, 1),
    ("rebond", 1, 3),
    ("rebondFromUnbonded", 1, 3),
    ("withdrawStake", 5, 5),
    ("reward", 30, 20),
    ("rewardWithHint", 5, 5),
    ("rewardForTranscoder", 0, 5),
    ("setRewardCaller", 2, 0),
    ("transcoder", 10, 10),
    ("claimEarnings", 5, 1),
    ("checkpointBondingState", 5, 0),
    ("withdrawFees", 10, 2),
    ("fundDeposit", 20, 1),
    ("fundReserve", 10, 1),
    ("fundDepositAndReserve", 10, 1),
    ("fundDepositAndReserveFor", 3, 0),
    ("unlock", 2, 0),
    ("cancelUnlock", 1, 0),
    ("withdraw", 1, 1),
    ("redeemWinningTicket", 20, 20),
    ("batchRedeemWinningTickets", 3, 0),
    ("setServiceURI", 20, 0),
    ("propose", 3, 1),
    ("castVote", 5, 5),
    ("queue", 1, 2),
    ("execute proposal", 1, 2),
    ("createPoll", 2, 0),
    ("vote", 5, 0),
    ("destroy", 0, 0),
    ("request", 5, 1),
    ("schedule", 0, 1),
    ("setSnapshot", 0, 2),
    ("castVoteWithReason", 0, 1),
    ("stage", 10, 1),
    ("execute update", 5, 3),
    ("short of gas", 0, 10),
];

fn count(counts: &mut Counts, label: &str, success: bool) {
    counts.entry(label.to_owned()).or_default()[usize::from(!success)] += 1;
}

#[test]
fn the_same_history_is_the_same_to_the_last_slot() {
    let Some(program) = weir_anvil::is_here() else { return };
    let mut both = Both::start(&program, chains::plain());
    let mut story = Story::new(both.embedded(), SEED, true);
    let accounts = story.accounts();
    both.give(&accounts);
    let mut counts = Counts::new();
    let (mut done, mut skipped) = (0, 0);
    while done < TRANSACTIONS {
        let pause = story.pause();
        skipped += pause - 1;
        both.pass(pause);
        let mut steps = Vec::new();
        if story.round_is_due() {
            steps.push(story.initialize());
        }
        // Each is drawn on the chain as it stands before the block.
        let more = 1 + done % 4;
        steps.extend((0..more).map(|_| story.next()));
        let mined = both.block(&steps);
        for (step, Mined { embedded, anvil, .. }) in steps.iter().zip(&mined) {
            assert_eq!(embedded, anvil, "transaction {done}, {step:?}");
            count(&mut counts, &step.label, embedded.success);
            done += 1;
        }
        if done % 500 < more {
            both.compare_state(&|_, _| None);
        }
    }
    both.compare_state(&|_, _| None);
    // Fees are the only difference: here somebody gets them, on Anvil they are burned.
    let paid: U256 = both.fees_paid();
    assert_eq!(both.embedded().balance(FEES).0, paid);
    assert!(skipped > 10 * ROUND_LENGTH, "time jumped over {skipped} L1 blocks");
    let short = |(kind, good, bad): &(&str, u64, u64)| {
        let [went, failed] = counts.get(*kind).copied().unwrap_or_default();
        (went < *good || failed < *bad).then(|| format!("{kind}: {went} went through and {failed} failed"))
    };
    let short: Vec<String> = KINDS.iter().filter_map(short).collect();
    assert!(short.is_empty(), "the history has too few of some kinds: {short:#?}");
    for label in counts.keys() {
        assert!(KINDS.iter().any(|(kind, ..)| kind == label), "{label} is on the list");
    }
    let (went, failed) = counts.values().fold((0, 0), |(a, b), [went, failed]| (a + went, b + failed));
    eprintln!("{went} went through, {failed} failed, on {} contracts", both.contracts());
    assert!(both.contracts() >= 20);
}

/// Slot of a value in a Solidity mapping.
fn mapped(key: U256, slot: u64) -> U256 {
    let mut bytes = key.to_be_bytes::<32>().to_vec();
    bytes.extend_from_slice(&U256::from(slot).to_be_bytes::<32>());
    keccak256(bytes).into()
}

/// The expected differences are:
/// - L2 blocks have numbers of their own, several to an L1 block; on Anvil the L1 block is the block;
/// - the hash of an L1 block is the embedded chain's, made from its number: it is in `NewRound` and in the
///   slots of `RoundsManager` where the round's hash is kept, and nowhere else;
/// - each transaction pays for its data, as gas beside that of the execution, and so much less is left of
///   its limit and of its sender's balance.
#[test]
fn under_arbitrums_rules_each_difference_is_the_expected_one() {
    let Some(program) = weir_anvil::is_here() else { return };
    let mut both = Both::start(&program, chains::arbitrum());
    let mut story = Story::new(both.embedded(), SEED + 1, false);
    let accounts = story.accounts();
    both.give(&accounts);
    let place = chains::slot_of("RoundsManager", "_blockHashForRound");
    let (mut done, mut data_gas, mut hashes) = (0, 0, BTreeMap::new());
    while done < 400 {
        let pause = story.pause();
        both.pass(pause);
        let mut steps = Vec::new();
        if story.round_is_due() {
            steps.push(story.initialize());
        }
        steps.extend((0..4).map(|_| story.next()).filter(|step| step.label != "short of gas"));
        let l1 = both.l1();
        let before = both.embedded().block_number();
        // Here a block for each transaction within the one L1 block, on Anvil one for all.
        let mined = both.blocks_of_one(&steps);
        assert_eq!(both.embedded().block_number() - before, steps.len() as u64);
        for (n, (step, Mined { mut embedded, mut anvil, blocks, l1: seen, l1_gas })) in
            steps.iter().zip(mined).enumerate()
        {
            assert_eq!((blocks, seen), ([before + 1 + n as u64, l1], l1), "{step:?}");
            assert!(l1_gas > 0);
            data_gas += l1_gas;
            let logs = [std::mem::take(&mut embedded.logs), std::mem::take(&mut anvil.logs)];
            assert_eq!(embedded, anvil, "{step:?}");
            assert_eq!(logs[0].len(), logs[1].len(), "{step:?}");
            for (ours, theirs) in logs[0].iter().zip(&logs[1]) {
                if ours.topics().first() == Some(&RoundsManager::NewRound::SIGNATURE_HASH) {
                    let round = U256::from_be_bytes(ours.topics()[1].0);
                    let hash = l1_hash(CHAIN_ID, l1 - 1);
                    assert_eq!(ours.data.data.as_ref(), hash.as_slice());
                    assert_eq!(theirs.data.data.as_ref(), both.anvil_hash(l1 - 1).as_slice());
                    hashes.insert(mapped(round, place), U256::from_be_bytes(hash.0));
                    assert_eq!((ours.address, ours.topics()), (theirs.address, theirs.topics()));
                } else {
                    assert_eq!(ours, theirs, "{step:?}");
                }
            }
            done += 1;
        }
    }
    let rounds = story.d.rounds_manager;
    let expected = |who: Address, slot: U256| hashes.get(&slot).filter(|_| who == rounds).copied();
    let differing = both.compare_state(&expected);
    assert_eq!(differing, hashes.len(), "every round's hash is another");
    assert!(hashes.len() >= 10, "{} rounds began", hashes.len());
    // Both paid for execution; for data only one.
    assert_eq!(both.fees_paid(), both.embedded().balance(FEES).0);
    assert!(data_gas > 100_000);
}
