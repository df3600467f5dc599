//! The two chains, fed the same.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use alloy::primitives::{Address, B256, Bytes, U256, address, keccak256};
use serde_json::{Value, json};
use weir_anvil::{Anvil, Options};
use weir_evm::{Chain, ChainConfig};
use weir_types::{Instant, Wei};

use super::history::Step;
use crate::beside_anvil::{self, Outcome, number};

pub(super) const CHAIN_ID: u64 = 31_337;
pub(super) const FEES: Address = Address::repeat_byte(0xfe);
const GENESIS: u64 = 1_700_000_000;
const L1_START: u64 = 1_000;
const L1_SECONDS: u64 = 12;
const GWEI: u64 = 1_000_000_000;
/// What every account begins with.
const PURSE: u64 = 100_000;
/// The account that Anvil always endows.
const ANVILS_OWN: Address = address!("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");

/// Without Arbitrum's fee for data.
pub(super) fn plain() -> ChainConfig {
    ChainConfig {
        chain_id: CHAIN_ID,
        genesis_time: GENESIS,
        l1_start: L1_START,
        l1_block_time_s: L1_SECONDS,
        base_fee: Wei::new(u128::from(GWEI)),
        fee_account: FEES,
        ..ChainConfig::default()
    }
}

/// As on Arbitrum.
pub(super) fn arbitrum() -> ChainConfig {
    ChainConfig { l1_base_fee: Wei::new(u128::from(GWEI) / 10), ..plain() }
}

/// A transaction on both.
#[derive(Debug)]
pub(super) struct Mined {
    pub(super) embedded: Outcome,
    pub(super) anvil: Outcome,
    /// Number of the block on either chain.
    pub(super) blocks: [u64; 2],
    /// L1 block on the embedded chain.
    pub(super) l1: u64,
    /// Gas that paid for data there.
    pub(super) l1_gas: u64,
}

pub(super) struct Both {
    chain: Chain,
    anvil: Anvil,
    l1: u64,
    /// Whether L1 hashes are to be Anvil's.
    same_hashes: bool,
    /// What each account paid for data.
    data_fees: BTreeMap<Address, U256>,
    fees: U256,
    contracts: usize,
}

impl Both {
    pub(super) fn start(program: &Path, config: ChainConfig) -> Self {
        let options = Options {
            chain_id: CHAIN_ID,
            number: L1_START,
            timestamp: Some(GENESIS),
            block_seconds: L1_SECONDS,
            base_fee: GWEI,
            ..Options::default()
        };
        let same_hashes = config.l1_base_fee.is_zero();
        let anvil = Anvil::start(program, options).expect("Anvil starts");
        let (chain, l1) = (Chain::new(config), L1_START);
        Self { chain, anvil, l1, same_hashes, data_fees: BTreeMap::new(), fees: U256::ZERO, contracts: 0 }
    }

    pub(super) const fn embedded(&self) -> &Chain {
        &self.chain
    }

    pub(super) const fn l1(&self) -> u64 {
        self.l1
    }

    pub(super) const fn contracts(&self) -> usize {
        self.contracts
    }

    pub(super) const fn fees_paid(&self) -> U256 {
        self.fees
    }

    pub(super) fn anvil_hash(&mut self, number: u64) -> B256 {
        self.anvil.block_hash(number).expect("Anvil has the block")
    }

    pub(super) fn give(&mut self, accounts: &[Address]) {
        for who in accounts {
            self.chain.set_balance(*who, Wei::from_whole(PURSE));
            self.anvil.set_balance(*who, Wei::from_whole(PURSE).0).expect("Anvil gives");
        }
    }

    /// Lets L1 blocks pass: the next block of either chain sees the number after them.
    pub(super) fn pass(&mut self, blocks: u64) {
        self.l1 += blocks;
        self.chain.advance_to(Instant::from_secs((self.l1 - L1_START) * L1_SECONDS));
        self.anvil.mine_before(self.l1).expect("Anvil mines");
        if self.same_hashes {
            let hash = self.anvil_hash(self.l1 - 1);
            self.chain.set_l1_hash(self.l1 - 1, hash);
        }
    }

    /// A block of either chain.
    pub(super) fn block(&mut self, steps: &[Step]) -> Vec<Mined> {
        let sent: Vec<B256> = steps.iter().map(|step| self.send_embedded(step)).collect();
        self.chain.mine();
        self.on_anvil(steps, &sent)
    }

    /// A block for each transaction here, one for all there.
    pub(super) fn blocks_of_one(&mut self, steps: &[Step]) -> Vec<Mined> {
        let mut sent = Vec::new();
        for step in steps {
            sent.push(self.send_embedded(step));
            self.chain.mine();
        }
        self.on_anvil(steps, &sent)
    }

    fn send_embedded(&self, step: &Step) -> B256 {
        self.chain
            .send_unsigned(step.from, step.to, Wei(step.value), step.data.clone(), Some(step.gas))
            .unwrap_or_else(|e| panic!("{step:?}: {e}"))
    }

    fn on_anvil(&mut self, steps: &[Step], sent: &[B256]) -> Vec<Mined> {
        for step in steps {
            beside_anvil::send(&mut self.anvil, step.from, step.to, step.value, &step.data, step.gas);
        }
        let receipts = beside_anvil::mine(&mut self.anvil, self.l1);
        assert_eq!(receipts.len(), steps.len(), "Anvil took all of {steps:?}");
        sent.iter().zip(&receipts).map(|(hash, theirs)| self.mined(*hash, theirs)).collect()
    }

    fn mined(&mut self, hash: B256, theirs: &Value) -> Mined {
        let ours = self.chain.receipt(hash).expect("it is mined");
        self.fees += ours.fee().0;
        let data = U256::from(ours.gas_used_for_l1) * U256::from(ours.effective_gas_price);
        *self.data_fees.entry(ours.from).or_default() += data;
        Mined {
            embedded: Outcome::ours(&ours),
            anvil: Outcome::theirs(theirs),
            blocks: [ours.block_number, number(&theirs["blockNumber"])],
            l1: ours.l1_block_number,
            l1_gas: ours.gas_used_for_l1,
        }
    }

    /// Compares every account that Anvil has, slot by slot. `expected` says which slots of the embedded chain
    /// may differ, and to what; returns how many did.
    pub(super) fn compare_state(&mut self, expected: &dyn Fn(Address, U256) -> Option<U256>) -> usize {
        let accounts = dump(&mut self.anvil);
        let (mut total, mut differing) = (self.chain.balance(FEES).0, 0);
        self.contracts = accounts.values().filter(|account| !account.code.is_empty()).count();
        for (who, account) in accounts {
            if who == ANVILS_OWN && self.chain.balance(who).is_zero() {
                continue;
            }
            let data = self.data_fees.get(&who).copied().unwrap_or_default();
            let ours = self.chain.balance(who).0;
            assert_eq!(ours + data, account.balance, "balance of {who}");
            total += ours;
            assert_eq!(self.chain.nonce(who), account.nonce, "nonce of {who}");
            assert_eq!(keccak256(self.chain.code(who)), keccak256(&account.code), "code of {who}");
            let ours = self.chain.storage_slots(who);
            let slots: std::collections::BTreeSet<U256> = ours.keys().chain(account.storage.keys()).copied().collect();
            for slot in slots {
                let [here, there] =
                    [&ours, &account.storage].map(|slots| slots.get(&slot).copied().unwrap_or_default());
                if let Some(other) = expected(who, slot) {
                    assert_eq!(here, other, "slot {slot:#x} of {who}");
                    differing += usize::from(here != there);
                } else {
                    assert_eq!(here, there, "slot {slot:#x} of {who}");
                }
            }
        }
        assert_eq!(self.chain.total_eth().0, total, "nobody has anything that Anvil does not know of");
        differing
    }
}

struct Account {
    balance: U256,
    nonce: u64,
    code: Bytes,
    storage: BTreeMap<U256, U256>,
}

fn word(value: &Value) -> U256 {
    serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{value}: {e}"))
}

/// All accounts of a chain.
fn dump(anvil: &mut Anvil) -> BTreeMap<Address, Account> {
    let dump = anvil.ask("anvil_dumpState", json!([])).expect("Anvil answers");
    let packed: Bytes = serde_json::from_value(dump).expect("bytes");
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(packed.as_ref()).read_to_end(&mut text).expect("gzip");
    let state: Value = serde_json::from_slice(&text).expect("JSON");
    let accounts = state["accounts"].as_object().expect("accounts");
    accounts
        .iter()
        .map(|(who, account)| {
            let storage = account["storage"].as_object().into_iter().flatten();
            let storage = storage.map(|(slot, value)| (slot.parse().expect("a slot"), word(value)));
            let account = Account {
                balance: word(&account["balance"]),
                nonce: word(&account["nonce"]).to(),
                code: serde_json::from_value(account["code"].clone()).expect("bytes"),
                storage: storage.filter(|(_, value)| !value.is_zero()).collect(),
            };
            (who.parse().expect("an address"), account)
        })
        .collect()
}

/// Place of a variable in a contract's storage.
pub(super) fn slot_of(artifact: &str, variable: &str) -> u64 {
    let path = format!("{}/../../contracts/artifacts/{artifact}.json", env!("CARGO_MANIFEST_DIR"));
    let json: Value = serde_json::from_slice(&std::fs::read(path).expect("an artifact")).expect("JSON");
    let layout = json["storageLayout"].as_array().expect("a layout");
    let place = layout.iter().find(|v| v["label"] == variable || v["name"] == variable).expect("the variable");
    let slot = &place["slot"];
    slot.as_u64().or_else(|| slot.as_str()?.parse().ok()).expect("a number")
}
