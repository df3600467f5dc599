//! A chain in a file, and out of it again.

use std::fs;

use alloy::primitives::{Address, B256, Bytes, U256};
use proptest::prelude::*;
use weir_evm::{Chain, ChainConfig, Congestion, GasPricing, LogFilter, SaveError};
use weir_types::{Instant, Millis, Wei};

use crate::support::{EMITTER, GWEI, RECORDER, Token, Tx, config, deploy, init_code, token, wallet, word};

/// What somebody does to a chain.
#[derive(Debug, Clone)]
enum Act {
    Pay { who: u8, nonce_gap: u64, wei: u128 },
    Emit(u64),
    Record(u64),
    Move(u64),
    Unsigned(u8),
    Mine,
    Pass(u64),
    Reorg(u64),
    Price(u64),
    Hash(u64),
    Stop(bool),
}

fn acts(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (0u8..3, 0u64..3, 0u128..1_000).prop_map(|(who, nonce_gap, wei)| Act::Pay { who, nonce_gap, wei }),
        2 => (0u64..5).prop_map(Act::Emit),
        2 => (0u64..5).prop_map(Act::Record),
        2 => (0u64..9).prop_map(Act::Move),
        1 => (0u8..4).prop_map(Act::Unsigned),
        4 => Just(Act::Mine),
        2 => (0u64..100).prop_map(Act::Pass),
        1 => (0u64..3).prop_map(Act::Reorg),
        1 => (1u64..5).prop_map(Act::Price),
        1 => (0u64..50).prop_map(Act::Hash),
        1 => any::<bool>().prop_map(Act::Stop),
    ];
    prop::collection::vec(act, 0..most)
}

struct World {
    chain: Chain,
    emitter: Address,
    recorder: Address,
    token: Address,
}

fn world(congestion: bool, keep_blocks: Option<u64>) -> World {
    let gas_pricing = if congestion {
        GasPricing::Congestion(Congestion { speed_limit: 20_000, inertia_s: 50, tolerance_s: 60 })
    } else {
        GasPricing::Fixed
    };
    let chain = Chain::new(ChainConfig { history_blocks: 3, gas_pricing, keep_blocks, ..config() });
    (0..4).for_each(|i| chain.set_balance(wallet(i).address(), Wei::from_whole(100)));
    let deployed = |code| {
        let made = deploy(&chain, init_code(code));
        chain.advance_to(chain.now() + Millis::from_secs(2_000));
        made
    };
    let [emitter, recorder] = [EMITTER, RECORDER].map(deployed);
    let token = token(&chain);
    World { chain, emitter, recorder, token }
}

impl World {
    fn act(&self, chain: &Chain, act: &Act) {
        let first = wallet(0);
        let nonce = chain.pending_nonce(first.address());
        let (word, tx) = (|n: u64| Bytes::from(word(n).to_vec()), |tx: Tx| Tx { max_fee: 30 * GWEI, ..tx });
        let signed = |tx: Tx| drop(chain.submit_raw(&tx.sign(&first)));
        match act {
            Act::Pay { who, nonce_gap, wei } => {
                let by = wallet(*who);
                let nonce = chain.pending_nonce(by.address()) + nonce_gap;
                let pay = tx(Tx::to(Address::repeat_byte(*who), nonce)).value(*wei);
                drop(chain.submit_raw(&pay.sign(&by)));
            }
            Act::Emit(n) => signed(tx(Tx { data: word(*n), ..Tx::to(self.emitter, nonce) })),
            Act::Record(n) => signed(tx(Tx { data: word(*n), ..Tx::to(self.recorder, nonce) })),
            Act::Move(n) => {
                let call = Token::transferCall { to: Address::repeat_byte(9), amount: U256::from(*n * 300) };
                signed(tx(Tx::call(self.token, nonce, &call)));
            }
            Act::Unsigned(who) => {
                let from = wallet(*who).address();
                drop(chain.send_unsigned(from, Some(self.emitter), Wei::ZERO, word(7), Some(60_000)));
            }
            Act::Mine => drop(chain.mine()),
            Act::Pass(seconds) => drop(chain.run_to(chain.now() + Millis::from_secs(*seconds))),
            Act::Reorg(depth) => drop(chain.reorg(*depth)),
            Act::Price(gwei) => chain.set_base_fee(Wei::new(u128::from(*gwei) * GWEI)),
            Act::Hash(n) => chain.set_l1_hash(chain.l1_block_number() - n, B256::repeat_byte(*n as u8)),
            Act::Stop(stopped) => chain.stop_sequencer(*stopped),
        }
    }
}

/// Everything that can be seen of a chain.
fn sight(chain: &Chain) -> impl PartialEq + std::fmt::Debug {
    let blocks: Vec<_> = (0..=chain.block_number()).map(|n| chain.block(n)).collect();
    let hashes = blocks.iter().flatten().flat_map(|b| b.transactions.clone());
    let receipts: Vec<_> = hashes.map(|hash| (chain.receipt(hash), chain.revert_reason(hash))).collect();
    let look = (chain.now(), chain.base_fee(), chain.pending_count(), chain.state_digest(), chain.total_eth());
    (look, blocks, receipts, chain.logs(&LogFilter::default()), chain.config())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A chain that was loaded is the one that was saved, and stays so whatever comes.
    #[test]
    fn a_loaded_chain_goes_on_like_the_saved_one(
        before in acts(30),
        after in acts(20),
        congestion: bool,
        forgets: bool,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("chain");
        let world = world(congestion, forgets.then_some(4));
        before.iter().for_each(|act| world.act(&world.chain, act));
        world.chain.save(&path).expect("it is saved");
        let loaded = Chain::load(&path).expect("it is loaded");
        prop_assert_eq!(sight(&loaded), sight(&world.chain));
        for act in &after {
            world.act(&world.chain, act);
            world.act(&loaded, act);
        }
        prop_assert_eq!(sight(&loaded), sight(&world.chain));

        // The same chain gives the same bytes, a branch with its layers too.
        let again = folder.path().join("again");
        loaded.save(&again).expect("it is saved");
        world.chain.branch().save(&path).expect("it is saved");
        prop_assert!(fs::read(&path).expect("a file") == fs::read(&again).expect("a file"));
    }
}

#[test]
fn what_is_no_chain_or_not_whole_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("chain");
    let chain = world(false, None).chain;
    chain.save(&path).expect("it is saved");
    let bytes = fs::read(&path).expect("a file");
    let try_with = |bytes: &[u8]| {
        let path = folder.path().join("other");
        fs::write(&path, bytes).expect("a file");
        Chain::load(&path).expect_err("it is not whole")
    };
    // Cut off anywhere, or with a bit turned anywhere.
    for part in 1..20 {
        let at = bytes.len() * part / 20;
        assert!(matches!(try_with(&bytes[..at]), SaveError::Damaged { .. }), "cut at {at}");
        let mut turned = bytes.clone();
        turned[at] ^= 4;
        assert!(matches!(try_with(&turned), SaveError::Damaged { .. }), "turned at {at}");
    }
    assert!(matches!(try_with(b""), SaveError::NotAChain { .. }));
    assert!(matches!(try_with(&[0; 1_000]), SaveError::NotAChain { .. }));
    let text = String::from_utf8_lossy(&bytes[..13]).into_owned();
    assert_eq!(text, "weir chain 1\n");
    let later = try_with(&[b"weir chain 9\n", &bytes[13..]].concat());
    assert_eq!(
        later.to_string(),
        format!("{} is in version 9 of the format, and this program knows 1", folder.path().join("other").display())
    );
    let missing = Chain::load(&folder.path().join("missing")).expect_err("it is not there");
    assert!(matches!(missing, SaveError::Io { what: "opening", .. }), "{missing:?}");
}

#[test]
fn a_save_that_fails_leaves_what_was_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = world(false, None).chain;
    let nowhere = chain.save(&folder.path().join("no such folder/chain")).expect_err("no folder");
    assert!(matches!(nowhere, SaveError::Io { .. }), "{nowhere:?}");
    // A folder is in the way.
    let path = folder.path().join("chain");
    fs::create_dir(&path).expect("a folder");
    chain.save(&path).expect_err("a folder is no file");
    assert!(path.is_dir());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside it");
}

#[test]
fn a_large_chain_is_saved_in_little_time_and_space() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("chain");
    let chain = Chain::new(config());
    for i in 0..10_000u64 {
        chain.set_balance(Address::left_padding_from(&(i + 1_000).to_be_bytes()), Wei::from_whole(i + 1));
    }
    chain.advance_to(Instant::from_secs(100));
    let start = std::time::Instant::now();
    chain.save(&path).expect("it is saved");
    let loaded = Chain::load(&path).expect("it is loaded");
    assert_eq!(loaded.state_digest(), chain.state_digest());
    let size = fs::metadata(&path).expect("a file").len();
    eprintln!("{size} bytes, {:?}", start.elapsed());
    assert!(size < 2_000_000, "{size}");
}
