//! A network of 100 orchestrators and 3,200 delegators, the same on each chain.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall;
use eyre::{Result, ensure, eyre};
use futures::executor::block_on;
use serde_json::json;
use weir_anvil::{Anvil, Options};
use weir_chain::{Client, News, WatchConfig, Watcher};
use weir_contracts::bindings::{BondingManager, LivepeerToken, RoundsManager};
use weir_contracts::{Deployment, Plan, ProtocolParams};
use weir_evm::{Chain, ChainConfig};
use weir_types::{L2Block, LptWei, Wei};

use super::CHAIN_ID;
use super::bare::{Bare, Call};

const ORCHESTRATORS: u64 = 100;
const DELEGATORS: u64 = 3_200;
const ROUND_LENGTH: u64 = 50;
const OWNER: Address = Address::repeat_byte(0xde);

/// What is sent to bring the network up, and what a round is.
pub(super) struct Network {
    plan: Plan,
}

fn account(kind: u8, n: u64) -> Address {
    let mut address = Address::left_padding_from(&n.to_be_bytes());
    address.0[0] = kind;
    address
}

fn lpt(whole: u64) -> U256 {
    LptWei::from_whole(whole).0
}

fn call(from: Address, to: Address, call: &impl SolCall) -> Call {
    Call { from, to: Some(to), data: call.abi_encode().into() }
}

impl Network {
    pub(super) fn new() -> Self {
        let params = ProtocolParams {
            round_length: ROUND_LENGTH,
            num_active_transcoders: ORCHESTRATORS,
            genesis_lpt: LptWei::from_whole(10_000_000),
            faucet: None,
            ..ProtocolParams::arbitrum_one()
        };
        let plan = Plan::new(OWNER, 0, &params);
        Self { plan: plan.unwrap_or_else(|e| unreachable!("committed artifacts are whole: {e}")) }
    }

    fn d(&self) -> &Deployment {
        &self.plan.deployment
    }

    pub(super) fn delegator(&self, n: u64) -> Address {
        account(2, n)
    }

    fn deploy(&self) -> Vec<Call> {
        self.plan.steps.iter().map(|s| Call { from: OWNER, to: s.to, data: s.input.clone() }).collect()
    }

    /// In phases: what is within one may happen in any order.
    fn bond(&self) -> Vec<Vec<Call>> {
        let d = self.d();
        let orchestrators = (0..ORCHESTRATORS).map(|n| (account(1, n), lpt(1_000 + 7 * n), account(1, n)));
        let delegators = (0..DELEGATORS).map(|n| (account(2, n), lpt(10 + n % 90), account(1, n % ORCHESTRATORS)));
        let all = || orchestrators.clone().chain(delegators.clone());
        let bond = |(who, amount, to): (Address, U256, Address)| {
            call(who, d.bonding_manager, &BondingManager::bondCall { _amount: amount, _to: to })
        };
        let rates = BondingManager::transcoderCall { _rewardCut: U256::from(100_000), _feeShare: U256::from(500_000) };
        vec![
            all()
                .map(|(who, amount, _)| call(OWNER, d.token, &LivepeerToken::transferCall { to: who, amount }))
                .collect(),
            all()
                .map(|(who, amount, _)| {
                    call(who, d.token, &LivepeerToken::approveCall { spender: d.bonding_manager, amount })
                })
                .collect(),
            orchestrators.clone().map(bond).collect(),
            delegators.clone().map(bond).collect(),
            (0..ORCHESTRATORS).map(|n| call(account(1, n), d.bonding_manager, &rates)).collect(),
        ]
    }

    fn initialize(&self) -> Call {
        call(OWNER, self.d().rounds_manager, &RoundsManager::initializeRoundCall {})
    }

    /// What happens in a round: two rewards a block, without hints.
    fn rewards(&self) -> Vec<Call> {
        (0..ORCHESTRATORS)
            .map(|n| call(account(1, n), self.d().bonding_manager, &BondingManager::rewardCall {}))
            .collect()
    }

    fn per_block() -> usize {
        (ORCHESTRATORS / ROUND_LENGTH) as usize
    }

    /// The network on the embedded chain, at the first block of a round that is not initialised.
    pub(super) fn embedded(&self) -> Result<(Chain, Deployment)> {
        let chain = Chain::new(ChainConfig {
            chain_id: CHAIN_ID,
            l1_start: 0,
            l1_block_time_s: 1,
            base_fee: Wei::ZERO,
            ..ChainConfig::default()
        });
        let send = |calls: &[Call]| -> Result<()> {
            for c in calls {
                chain.send_unsigned(c.from, c.to, Wei::ZERO, c.data.clone(), Some(16_000_000))?;
            }
            let block = chain.mine();
            ensure!(block.receipts.iter().all(|r| r.success), "the set-up fails");
            Ok(())
        };
        send(&self.deploy())?;
        to_block(&chain, ROUND_LENGTH);
        send(&[self.initialize()])?;
        self.bond().iter().try_for_each(|phase| send(phase))?;
        to_block(&chain, 2 * ROUND_LENGTH);
        send(&[self.initialize()])?;
        send(&self.rewards())?;
        to_block(&chain, 3 * ROUND_LENGTH);
        chain.set_base_fee(Wei::new(100_000_000));
        chain.set_l1_base_fee(Wei::new(1_000_000_000));
        let rich = Wei::from_whole(1_000);
        (0..ORCHESTRATORS).for_each(|n| chain.set_balance(account(1, n), rich));
        chain.set_balance(OWNER, rich);
        Ok((chain, *self.d()))
    }

    /// One round with its 50 blocks, receipts, logs, data fees, and a watcher that reads all of it.
    pub(super) fn round(&self, chain: &Chain, d: &Deployment) -> Result<Duration> {
        let client = Client::new(chain.provider(), d.into());
        let mut watcher =
            Watcher::new(WatchConfig::in_process(), client.addresses(), L2Block(chain.block_number() + 1));
        let (initialize, rewards) = (self.initialize(), self.rewards());
        let first = chain.l1_block_number();
        let mut logs = 0;
        let start = Instant::now();
        for block in 0..ROUND_LENGTH {
            to_block(chain, first + block);
            let from = block as usize * Self::per_block();
            let calls = rewards.iter().skip(from).take(Self::per_block());
            for c in (block == 0).then_some(&initialize).into_iter().chain(calls) {
                chain.send_unsigned(c.from, c.to, Wei::ZERO, c.data.clone(), Some(5_000_000))?;
            }
            let done = chain.mine();
            ensure!(done.receipts.iter().all(|r| r.success && r.gas_used_for_l1 > 0), "a reward fails");
            logs += block_on(watcher.poll(client.provider()))?.iter().filter(|n| matches!(n, News::Log(_))).count();
        }
        let took = start.elapsed();
        ensure!(logs >= ORCHESTRATORS as usize, "the watcher saw {logs} logs");
        Ok(took)
    }

    /// The same network on revm alone.
    pub(super) fn bare(&self) -> Result<Bare> {
        let mut bare = Bare::new();
        self.deploy().iter().try_for_each(|c| bare.execute(c))?;
        bare.number = ROUND_LENGTH;
        bare.execute(&self.initialize())?;
        self.bond().iter().flatten().try_for_each(|c| bare.execute(c))?;
        bare.number = 2 * ROUND_LENGTH;
        bare.execute(&self.initialize())?;
        self.rewards().iter().try_for_each(|c| bare.execute(c))?;
        bare.number = 3 * ROUND_LENGTH;
        Ok(bare)
    }

    /// The calls of a round on revm alone, on a copy of its state.
    pub(super) fn round_on_bare(&self, bare: &Bare) -> Result<Duration> {
        let mut copy = bare.clone();
        let mut calls = vec![self.initialize()];
        calls.extend(self.rewards());
        let start = Instant::now();
        for (i, c) in calls.iter().enumerate() {
            copy.number = bare.number + (i.saturating_sub(1) / Self::per_block()) as u64;
            copy.execute(c)?;
        }
        Ok(start.elapsed())
    }

    /// Seconds that a round takes on Anvil, mined block by block.
    pub(super) fn round_on_anvil(&self, program: &Path) -> Result<f64> {
        let mut anvil = Anvil::start(program, Options { chain_id: CHAIN_ID, block_seconds: 1, ..Options::default() })?;
        let mut nonces = BTreeMap::new();
        let mut put = |anvil: &mut Anvil, calls: &[Call]| -> Result<()> {
            for some in calls.chunks(500) {
                let sent = anvil.ask_all(&some.iter().map(|c| request(&mut nonces, c)).collect::<Vec<_>>())?;
                anvil.ask("evm_mine", json!([]))?;
                // One of them stands for all: whatever is wrong goes on to the last.
                let receipt = anvil.ask("eth_getTransactionReceipt", json!([sent.last()]))?;
                ensure!(receipt["status"] == "0x1", "a call fails on Anvil: {receipt}");
            }
            Ok(())
        };
        put(&mut anvil, &self.deploy())?;
        anvil.mine_before(ROUND_LENGTH)?;
        put(&mut anvil, &[self.initialize()])?;
        self.bond().iter().try_for_each(|phase| put(&mut anvil, phase))?;
        anvil.mine_before(2 * ROUND_LENGTH)?;
        put(&mut anvil, &[self.initialize()])?;
        put(&mut anvil, &self.rewards())?;
        anvil.mine_before(3 * ROUND_LENGTH)?;
        let rewards = self.rewards();
        let start = Instant::now();
        // First, and by itself: what is sent together may arrive in any order.
        anvil.ask_all(&[request(&mut nonces, &self.initialize())])?;
        for block in rewards.chunks(Self::per_block()) {
            anvil.ask_all(&block.iter().map(|c| request(&mut nonces, c)).collect::<Vec<_>>())?;
            anvil.ask("evm_mine", json!([]))?;
        }
        let took = start.elapsed().as_secs_f64();
        let last = BondingManager::getTranscoderCall { _transcoder: account(1, ORCHESTRATORS - 1) };
        let out = anvil.ask(
            "eth_call",
            json!([{ "to": self.d().bonding_manager, "data": Bytes::from(last.abi_encode()) }, "latest"]),
        )?;
        let out: Bytes = serde_json::from_value(out)?;
        let rewarded = out.get(..32).map(U256::from_be_slice).ok_or_else(|| eyre!("no answer"))?;
        ensure!(rewarded == U256::from(3), "rewarded in round {rewarded}");
        Ok(took)
    }
}

/// A call as a request. Nonces are named, because many are on their way at a time.
fn request(nonces: &mut BTreeMap<Address, u64>, call: &Call) -> (&'static str, serde_json::Value) {
    let nonce = nonces.entry(call.from).or_default();
    let named = format!("{nonce:#x}");
    *nonce += 1;
    let (from, to, data) = (call.from, call.to, &call.data);
    let tx = json!({ "from": from, "to": to, "data": data, "gas": "0xf42400", "gasPrice": "0x0", "nonce": named });
    ("eth_sendTransaction", json!([tx]))
}

fn to_block(chain: &Chain, number: u64) {
    chain.advance_to(weir_types::Instant::from_secs(number));
}
