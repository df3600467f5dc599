//! Blocks by virtual time, and prices that move by themselves.

use alloy::primitives::{Address, B256, Bytes};
use proptest::prelude::*;
use weir_evm::{BlockSummary, Chain, ChainConfig, Congestion, GasPricing, PriceSteps};
use weir_types::{Instant, Millis, Wei};

use crate::support::{GENESIS, GWEI, L1_START, Tx, config, deploy, init_code, wallet};

/// Jumps to itself until the gas is gone.
const SPINNER: &[u8] = &[0x5b, 0x5f, 0x56];
const SPIN_GAS: u64 = 30_000_000;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn chain(config: ChainConfig) -> Chain {
    let chain = Chain::new(config);
    (0..3).for_each(|i| chain.set_balance(wallet(i).address(), Wei::from_whole(1_000)));
    chain
}

fn send(chain: &Chain, who: u8, max_fee: u128) -> B256 {
    let nonce = chain.pending_nonce(wallet(who).address());
    let tx = Tx { max_fee, ..Tx::to(Address::repeat_byte(7), nonce) };
    chain.submit_raw(&tx.sign(&wallet(who))).expect("the pool takes it")
}

fn shape(blocks: &[BlockSummary]) -> Vec<(u64, u64, usize)> {
    blocks.iter().map(|b| (b.timestamp - GENESIS, b.l1_block_number - L1_START, b.receipts.len())).collect()
}

#[test]
fn what_waits_goes_into_a_block_at_the_next_beat_and_nothing_else_makes_one() {
    let chain = chain(config());
    assert!(chain.run_to(at(60_000)).is_empty());
    assert_eq!((chain.block_number(), chain.now()), (0, at(60_000)));
    chain.advance_to(at(60_100));
    for who in 0..3 {
        send(&chain, who, 2 * GWEI);
    }
    assert!(chain.run_to(at(60_249)).is_empty(), "the beat is at 60.25 s");
    send(&chain, 0, 2 * GWEI);
    assert_eq!(shape(&chain.run_to(at(60_250))), [(60, 5, 4)]);
    send(&chain, 0, 2 * GWEI);
    // One that arrives on the beat has missed it. L1 numbers that nobody saw are skipped.
    assert!(chain.run_to(at(60_250)).is_empty());
    assert_eq!(shape(&chain.run_to(at(3_600_000))), [(60, 5, 1)]);
    send(&chain, 0, 2 * GWEI);
    assert_eq!(shape(&chain.run_to(at(7_200_000))), [(3_600, 300, 1)]);
    assert_eq!(chain.block_number(), 3);
}

#[test]
fn a_full_block_leaves_the_rest_for_the_next_beat() {
    let chain = chain(ChainConfig { block_gas_limit: 450_000, ..config() });
    for _ in 0..5 {
        send(&chain, 0, 2 * GWEI);
    }
    // A transaction must fit by its limit of 200,000: all of them use 21,000.
    let blocks = chain.run_to(at(1_000));
    assert_eq!(blocks.iter().map(|b| b.receipts.len()).sum::<usize>(), 5);
    assert!(blocks.iter().all(|b| b.gas_used <= 450_000));
}

#[test]
fn a_stopped_sequencer_misses_its_beats() {
    let chain = chain(config());
    let hash = send(&chain, 0, 2 * GWEI);
    chain.stop_sequencer(true);
    assert!(chain.run_to(at(600_000)).is_empty());
    assert_eq!(chain.now(), at(600_000));
    chain.stop_sequencer(false);
    assert_eq!(shape(&chain.run_to(at(600_250))), [(600, 50, 1)]);
    assert!(chain.receipt(hash).is_some());
}

#[test]
fn a_course_of_prices_holds_at_its_times_and_the_poor_wait_for_a_cheaper_one() {
    let course = PriceSteps::new(vec![
        (Instant::from_secs(10), Wei::new(5 * GWEI)),
        (Instant::from_secs(20), Wei::new(2 * GWEI)),
        (Instant::from_secs(30), Wei::new(9 * GWEI)),
    ]);
    let chain = chain(ChainConfig {
        gas_pricing: GasPricing::Steps(course.clone()),
        l1_pricing: course,
        l1_base_fee: Wei::new(7),
        ..config()
    });
    let poor = send(&chain, 0, 3 * GWEI);
    let prices = |chain: &Chain| (chain.base_fee().0.to::<u128>() / GWEI, chain.l1_base_fee().0.to::<u128>());
    assert_eq!(prices(&chain), (1, 7));
    chain.advance_to(Instant::from_secs(10));
    assert_eq!(prices(&chain), (5, 5 * GWEI));
    let blocks = chain.run_to(Instant::from_secs(60));
    assert_eq!(shape(&blocks), [(20, 1, 1)], "the price falls at 20 s");
    let receipt = chain.receipt(poor).expect("it is mined");
    assert_eq!(receipt.effective_gas_price, 2 * GWEI);
    // Both prices are 2 gwei then: 16 gas for each of the 100 or so bytes.
    assert!((1_600..2_000).contains(&receipt.gas_used_for_l1), "{receipt:?}");
    assert_eq!(receipt.gas_used, 21_000 + receipt.gas_used_for_l1);
    // A price set by hand holds until the next step.
    assert_eq!(chain.base_fee(), Wei::new(9 * GWEI));
    chain.set_base_fee(Wei::new(GWEI));
    assert_eq!(chain.base_fee(), Wei::new(GWEI));
}

fn congested() -> (Chain, Address) {
    let rule = Congestion { speed_limit: 1_000_000, inertia_s: 102, tolerance_s: 10 };
    let chain = chain(ChainConfig { gas_pricing: GasPricing::Congestion(rule), history_blocks: 100, ..config() });
    let spinner = deploy(&chain, init_code(SPINNER));
    (chain, spinner)
}

/// Uses up so many times 30 million gas in a block of its own.
fn burn(chain: &Chain, spinner: Address, times: usize) {
    for _ in 0..times {
        chain
            .send_unsigned(wallet(1).address(), Some(spinner), Wei::ZERO, Bytes::new(), Some(SPIN_GAS))
            .expect("the pool takes it");
    }
    chain.mine();
}

#[test]
fn use_makes_gas_dear_and_rest_makes_it_cheap_again() {
    let (chain, spinner) = congested();
    let least = Wei::new(GWEI);
    assert_eq!(chain.base_fee(), least);
    // Whoever offers too little is not taken; this one is, and its turn comes when gas is dear.
    let by = wallet(2);
    let offer = |nonce, max_fee| Tx { max_fee, ..Tx::to(Address::repeat_byte(7), nonce) }.sign(&by);
    let poor = chain.submit_raw(&offer(1, GWEI + GWEI / 10)).expect("the pool takes it");
    burn(&chain, spinner, 4);
    // The first deployment's gas is in the backlog too: no time has passed since.
    let dear = chain.base_fee();
    let deployed = chain.block(1).expect("the deployment").header.gas_used;
    let exponent = (4 * SPIN_GAS + deployed - 10_000_000) * 10_000 / 102_000_000;
    let near = (GWEI as f64 * (exponent as f64 / 10_000.0).exp()) as u128;
    assert!(dear > least && dear.0.to::<u128>().abs_diff(near) < near / 100, "{dear} against about {near}");

    chain.submit_raw(&offer(0, 20 * GWEI)).expect("the pool takes it");
    let blocks = chain.run_to(Instant::from_secs(1_000));
    assert_eq!(blocks.len(), 2, "one for each of them: {blocks:?}");
    let waited = blocks[1].timestamp - GENESIS;
    assert!((95..=115).contains(&waited), "{waited} s");
    let paid = chain.receipt(poor).expect("it is mined").effective_gas_price;
    assert!(paid > GWEI && paid <= GWEI + GWEI / 10, "{paid}");
    assert_eq!(chain.base_fee(), least);
}

#[test]
fn going_back_takes_the_price_back() {
    let (chain, spinner) = congested();
    burn(&chain, spinner, 1);
    let price = chain.base_fee();
    let newest = chain.block_number();
    let before = chain.snapshot();
    burn(&chain, spinner, 3);
    assert!(chain.base_fee() > price);
    assert_eq!(chain.branch_at(newest).expect("it is kept").base_fee(), price);
    let branch = chain.branch();
    branch.reorg(1).expect("it is kept");
    assert_eq!(branch.base_fee(), price);
    chain.revert(before).expect("it was taken");
    assert_eq!(chain.base_fee(), price);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Where the owner stops in between makes no difference.
    #[test]
    fn one_long_run_is_the_same_as_many_short_ones(
        sent in prop::collection::vec((0u64..20_000, 0u8..3, 1u128..40), 1..25),
        stops in prop::collection::vec(0u64..30_000, 0..12),
        beat in 100u64..3_000,
        congestion: bool,
    ) {
        let pricing = if congestion {
            GasPricing::Congestion(Congestion { speed_limit: 20_000, inertia_s: 5, tolerance_s: 1 })
        } else {
            GasPricing::Steps(PriceSteps::new((0..10).map(|i| {
                (at(i * 1_700), Wei::new(GWEI / 10 * u128::from(1 + i * 7 % 10)))
            }).collect()))
        };
        let mut sent = sent;
        sent.sort_by_key(|(ms, ..)| *ms);
        let run = |stops: &[u64]| {
            let chain = chain(ChainConfig { gas_pricing: pricing.clone(), block_time: Millis(beat), base_fee: Wei::new(GWEI / 10), ..config() });
            let mut events: Vec<(u64, Option<(u8, u128)>)> = sent.iter().map(|(ms, who, fee)| (*ms, Some((*who, *fee)))).collect();
            events.extend(stops.iter().map(|ms| (*ms, None)));
            events.sort_by_key(|(ms, what)| (*ms, what.is_some()));
            for (ms, what) in events {
                chain.run_to(at(ms));
                if let Some((who, tenths)) = what {
                    let nonce = chain.pending_nonce(wallet(who).address());
                    let tx = Tx { max_fee: GWEI / 10 * tenths, gas: 21_000, ..Tx::to(Address::repeat_byte(7), nonce) };
                    let _ = chain.submit_raw(&tx.sign(&wallet(who)));
                }
            }
            chain.run_to(at(100_000));
            let newest = chain.block_number();
            (newest, chain.block(newest).map(|b| b.hash), chain.pending_count(), chain.state_digest())
        };
        prop_assert_eq!(run(&stops), run(&[]));
    }
}
