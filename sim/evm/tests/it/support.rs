//! Wallets, contracts and a chain with some money in it.

use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope, TxLegacy};
use alloy::eips::Encodable2718;
use alloy::primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol;
use alloy::sol_types::SolCall;
use weir_evm::{Chain, ChainConfig};
use weir_types::Wei;

sol! {
    #[sol(rpc)]
    interface Token {
        event Transfer(address indexed from, address indexed to, uint256 value);
        function mint(address to, uint256 amount) external;
        function transfer(address to, uint256 amount) external returns (bool);
        function balanceOf(address who) external view returns (uint256);
        function grantRole(bytes32 role, address who) external;
    }
}

pub(crate) const GWEI: u128 = 1_000_000_000;
pub(crate) const CHAIN_ID: u64 = 777;
pub(crate) const L1_START: u64 = 20_000_000;
pub(crate) const GENESIS: u64 = 1_750_000_000;
pub(crate) const FEES: Address = Address::repeat_byte(0xfe);

/// Waits for what alloy's builders ask.
pub(crate) fn block_on<F: IntoFuture>(f: F) -> F::Output {
    futures::executor::block_on(f.into_future())
}

pub(crate) fn config() -> ChainConfig {
    ChainConfig {
        chain_id: CHAIN_ID,
        genesis_time: GENESIS,
        l1_start: L1_START,
        l1_block_time_s: 12,
        base_fee: Wei::new(GWEI),
        fee_account: FEES,
        ..ChainConfig::default()
    }
}

/// A chain on which the first `n` wallets have 100 ETH each.
pub(crate) fn chain(n: u8) -> Chain {
    let chain = Chain::new(config());
    for i in 0..n {
        chain.set_balance(wallet(i).address(), Wei::from_whole(100));
    }
    chain
}

pub(crate) fn wallet(i: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256([i])).expect("a hash is a key")
}

/// A transaction to be signed.
#[derive(Debug, Clone)]
pub(crate) struct Tx {
    pub(crate) nonce: u64,
    pub(crate) to: TxKind,
    pub(crate) value: U256,
    pub(crate) data: Bytes,
    pub(crate) gas: u64,
    pub(crate) max_fee: u128,
    pub(crate) tip: u128,
    pub(crate) chain_id: u64,
}

impl Tx {
    pub(crate) fn to(to: Address, nonce: u64) -> Self {
        Self {
            nonce,
            to: TxKind::Call(to),
            value: U256::ZERO,
            data: Bytes::new(),
            gas: 200_000,
            max_fee: 2 * GWEI,
            tip: 0,
            chain_id: CHAIN_ID,
        }
    }

    pub(crate) fn call(to: Address, nonce: u64, call: &impl SolCall) -> Self {
        Self { data: call.abi_encode().into(), ..Self::to(to, nonce) }
    }

    pub(crate) fn create(code: Bytes, nonce: u64) -> Self {
        Self { to: TxKind::Create, data: code, gas: 5_000_000, ..Self::to(Address::ZERO, nonce) }
    }

    pub(crate) fn value(self, wei: u128) -> Self {
        Self { value: U256::from(wei), ..self }
    }

    pub(crate) fn sign(&self, by: &PrivateKeySigner) -> Vec<u8> {
        let tx = TxEip1559 {
            chain_id: self.chain_id,
            nonce: self.nonce,
            gas_limit: self.gas,
            max_fee_per_gas: self.max_fee,
            max_priority_fee_per_gas: self.tip,
            to: self.to,
            value: self.value,
            access_list: Default::default(),
            input: self.data.clone(),
        };
        let signature = by.sign_hash_sync(&tx.signature_hash()).expect("a local key signs");
        TxEnvelope::from(tx.into_signed(signature)).encoded_2718()
    }

    pub(crate) fn sign_legacy(&self, by: &PrivateKeySigner, protected: bool) -> Vec<u8> {
        let tx = TxLegacy {
            chain_id: protected.then_some(self.chain_id),
            nonce: self.nonce,
            gas_price: self.max_fee,
            gas_limit: self.gas,
            to: self.to,
            value: self.value,
            input: self.data.clone(),
        };
        let signature = by.sign_hash_sync(&tx.signature_hash()).expect("a local key signs");
        TxEnvelope::from(tx.into_signed(signature)).encoded_2718()
    }
}

/// Init code that deploys `runtime`.
pub(crate) fn init_code(runtime: &[u8]) -> Bytes {
    let [high, low] = (runtime.len() as u16).to_be_bytes();
    let mut code = vec![0x61, high, low, 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3];
    code.extend_from_slice(runtime);
    code.into()
}

/// Returns block number, timestamp, blockhash(argument), gas price and base fee.
pub(crate) const PROBE: &[u8] = &[
    0x43, 0x5f, 0x52, 0x42, 0x60, 0x20, 0x52, 0x5f, 0x35, 0x40, 0x60, 0x40, 0x52, 0x3a, 0x60, 0x60, 0x52, 0x48, 0x60,
    0x80, 0x52, 0x60, 0xa0, 0x5f, 0xf3,
];

/// Stores block number, gas price and blockhash(argument) in slots 0 to 2.
pub(crate) const RECORDER: &[u8] =
    &[0x43, 0x5f, 0x55, 0x3a, 0x60, 0x01, 0x55, 0x5f, 0x35, 0x40, 0x60, 0x02, 0x55, 0x00];

/// Emits a log with the argument as topic and no data.
pub(crate) const EMITTER: &[u8] = &[0x5f, 0x35, 0x5f, 0x5f, 0xa1, 0x00];

/// Deploys code from `wallet(0)` in a block of its own.
pub(crate) fn deploy(chain: &Chain, code: Bytes) -> Address {
    let by = wallet(0);
    let hash = chain.submit_raw(&Tx::create(code, chain.nonce(by.address())).sign(&by)).expect("the pool takes it");
    chain.mine();
    let receipt = chain.receipt(hash).expect("it is mined");
    assert!(receipt.success, "{receipt:?}");
    receipt.contract_address.expect("a creation makes a contract")
}

pub(crate) fn word(n: u64) -> B256 {
    B256::from(U256::from(n))
}

pub(crate) fn words(bytes: &[u8]) -> Vec<U256> {
    bytes.chunks(32).map(U256::from_be_slice).collect()
}

/// The creation code of an artifact of the protocol's contracts.
pub(crate) fn artifact(name: &str) -> Bytes {
    let path = format!("{}/../../contracts/artifacts/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let json: serde_json::Value = serde_json::from_str(&text).expect("an artifact is JSON");
    hex::decode(json["bytecode"].as_str().expect("an artifact has bytecode")).expect("bytecode is hex").into()
}

/// The Livepeer token, of which `wallet(0)` has 1,000 units.
pub(crate) fn token(chain: &Chain) -> Address {
    let token = deploy(chain, artifact("LivepeerToken"));
    let by = wallet(0);
    let me = by.address();
    let grant = Token::grantRoleCall { role: keccak256("MINTER_ROLE"), who: me };
    let mint = Token::mintCall { to: me, amount: U256::from(1_000) };
    let nonce = chain.nonce(me);
    chain.submit_raw(&Tx::call(token, nonce, &grant).sign(&by)).expect("the pool takes it");
    let hash = chain.submit_raw(&Tx::call(token, nonce + 1, &mint).sign(&by)).expect("the pool takes it");
    chain.mine();
    assert_eq!(chain.revert_reason(hash), None);
    token
}
