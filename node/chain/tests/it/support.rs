//! The protocol on a chain in process, and endpoints that can be given troubles.

use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use alloy::primitives::{Bytes, keccak256};
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::client::RpcClient;
use alloy::rpc::json_rpc::{RequestPacket, Response, ResponsePacket, ResponsePayload};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use alloy::transports::{TransportError, TransportErrorKind, TransportFut};
use serde_json::value::RawValue;
use tower::Service;
use weir_chain::line::Patient;
use weir_chain::{Addresses, Client, Endpoints, HealthConfig, LogKind, News};
use weir_contracts::bindings::{BondingManager, LivepeerToken, RoundsManager, ServiceRegistry, TicketBroker};
use weir_contracts::{Deployment, Plan, ProtocolParams};
use weir_evm::{Chain, ChainConfig};
use weir_types::{Address, Instant, L2Block, Millis, U256, Wei};

pub(crate) const OWNER: Address = Address::repeat_byte(0xde);
pub(crate) const CHAIN_ID: u64 = 412_346;
pub(crate) const ROUND: u64 = 50;
pub(crate) const L1_SECONDS: u64 = 12;

/// Two gateways whose money is watched.
pub(crate) const SENDERS: [Address; 2] = [Address::repeat_byte(0xa1), Address::repeat_byte(0xa2)];
/// Two orchestrators.
pub(crate) const ORCHESTRATORS: [Address; 2] = [Address::repeat_byte(0xb1), Address::repeat_byte(0xb2)];

pub(crate) fn key() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256("a node's account")).expect("a hash is a key")
}

pub(crate) fn lpt(whole: u64) -> U256 {
    U256::from(whole) * U256::from(10u64).pow(U256::from(18))
}

/// The protocol in its second round, with two active orchestrators. Tests get branches of one.
#[derive(Debug, Clone)]
pub(crate) struct Town {
    pub(crate) chain: Chain,
    pub(crate) d: Deployment,
}

impl Town {
    pub(crate) fn new() -> Self {
        static BASE: OnceLock<Town> = OnceLock::new();
        let base = BASE.get_or_init(Self::build);
        Self { chain: base.chain.branch(), d: base.d }
    }

    fn build() -> Self {
        let chain = Chain::new(ChainConfig {
            chain_id: CHAIN_ID,
            l1_start: 1_000,
            l1_block_time_s: L1_SECONDS,
            base_fee: Wei::new(100_000_000),
            fee_account: Address::repeat_byte(0xfe),
            history_blocks: 100_000,
            ..ChainConfig::default()
        });
        chain.set_automine(true);
        let me = key().address();
        for who in [OWNER, me].iter().chain(&SENDERS).chain(&ORCHESTRATORS) {
            chain.set_balance(*who, Wei::from_whole(1_000));
        }
        let plan = Plan::new(OWNER, 0, &ProtocolParams::devnet()).expect("the artifacts are whole");
        let town = Self { chain, d: plan.deployment };
        for step in &plan.steps {
            town.raw(OWNER, step.to, Wei::ZERO, step.input.clone());
        }
        town.next_round();
        for (n, o) in ORCHESTRATORS.into_iter().enumerate() {
            town.give_lpt(o, 1_000);
            let bonding = town.d.bonding_manager;
            town.send(o, town.d.token, &LivepeerToken::approveCall { spender: bonding, amount: lpt(1_000) });
            town.send(o, bonding, &BondingManager::bondCall { _amount: lpt(500 + n as u64), _to: o });
            let uri = format!("https://o{n}.example:8935");
            town.send(o, town.d.service_registry, &ServiceRegistry::setServiceURICall { _serviceURI: uri });
        }
        town.give_lpt(me, 1_000);
        town.next_round();
        town.chain.set_automine(false);
        town
    }

    /// Sends for anybody. With automatic mining it must succeed at once; without, it waits for a block.
    pub(crate) fn raw(&self, from: Address, to: Option<Address>, value: Wei, data: Bytes) {
        let hash = self.chain.send_unsigned(from, to, value, data, Some(8_000_000)).expect("the pool takes it");
        if let Some(receipt) = self.chain.receipt(hash) {
            assert!(receipt.success, "{:?}", self.chain.revert_reason(hash));
        }
    }

    pub(crate) fn send<C: SolCall>(&self, from: Address, to: Address, call: &C) {
        self.raw(from, Some(to), Wei::ZERO, call.abi_encode().into());
    }

    pub(crate) fn give_lpt(&self, to: Address, whole: u64) {
        self.send(OWNER, self.d.token, &LivepeerToken::transferCall { to, amount: lpt(whole) });
    }

    /// Funds a sender's deposit; it waits for a block.
    pub(crate) fn fund(&self, sender: Address, wei: u128) {
        self.raw(
            sender,
            Some(self.d.ticket_broker),
            Wei::new(wei),
            TicketBroker::fundDepositCall {}.abi_encode().into(),
        );
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.chain.advance_to(self.chain.now() + Millis::from_secs(seconds));
    }

    /// Lets time pass and makes a block.
    pub(crate) fn mine(&self, seconds: u64) {
        self.pass(seconds);
        self.chain.mine();
    }

    /// Goes to the first block of the next round and initialises it.
    pub(crate) fn next_round(&self) {
        let l1 = self.chain.l1_block_number();
        let blocks = ROUND - l1 % ROUND;
        self.chain.advance_to(Instant::from_secs((l1 + blocks - 1_000) * L1_SECONDS));
        self.send(OWNER, self.d.rounds_manager, &RoundsManager::initializeRoundCall {});
        self.chain.mine();
    }

    pub(crate) fn addresses(&self) -> Addresses {
        (&self.d).into()
    }

    pub(crate) fn client(&self) -> Client<RootProvider> {
        Client::new(self.chain.provider(), self.addresses())
    }

    pub(crate) fn head(&self) -> L2Block {
        L2Block(self.chain.block_number())
    }
}

/// Puts code at an address.
pub(crate) fn set_code(town: &Town, at: Address, code: &[u8]) {
    let provider = town.chain.provider();
    let set = provider.raw_request::<_, ()>("anvil_setCode".into(), (at, Bytes::copy_from_slice(code)));
    run(set).expect("a development chain sets code");
}

/// What is wrong with an endpoint.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// It never answers.
    Silent,
    /// It answers after so many milliseconds.
    Late(u64),
    /// It stands still: it shows the chain as it was.
    Old(Chain),
    /// The line breaks.
    Drops,
    /// Answers are of the wrong shape.
    Garbage,
    /// No block is an answer to everything.
    Null,
    /// It asks for fewer requests.
    Limits,
    /// It fails inside.
    Internal,
    /// It takes transactions and forgets them.
    Loses,
    /// It shows another chain.
    Fork(Chain),
    /// It has heads before it has their logs.
    NoLogs,
    /// It has another chain id.
    Foreign,
}

/// A line to a chain that can be given troubles.
#[derive(Debug, Clone)]
pub(crate) struct Line(Arc<Mutex<(Chain, Option<Trouble>)>>);

impl Line {
    pub(crate) fn new(chain: Chain) -> Self {
        Self(Arc::new(Mutex::new((chain, None))))
    }

    pub(crate) fn trouble(&self, trouble: Option<Trouble>) {
        self.0.lock().expect("no test panics with it").1 = trouble;
    }

    pub(crate) fn provider(&self, patience: Duration) -> RootProvider {
        RootProvider::new(RpcClient::new(Patient::new(self.clone(), patience), true))
    }

    fn state(&self) -> (Chain, Option<Trouble>) {
        self.0.lock().expect("no test panics with it").clone()
    }
}

fn answer(packet: &RequestPacket, json: &str) -> ResponsePacket {
    let RequestPacket::Single(request) = packet else { panic!("the driver sends no batches") };
    let raw = RawValue::from_string(json.to_owned()).expect("JSON");
    ResponsePacket::Single(Response { id: request.id().clone(), payload: ResponsePayload::Success(raw) })
}

impl Service<RequestPacket> for Line {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let (chain, trouble) = self.state();
        Box::pin(async move {
            let method = packet.as_single().map(|r| r.method().to_owned()).unwrap_or_default();
            match trouble {
                Some(Trouble::Silent) => std::future::pending().await,
                Some(Trouble::Drops) => Err(TransportErrorKind::backend_gone()),
                Some(Trouble::Limits) => Err(TransportErrorKind::http_error(429, "slow down".into())),
                Some(Trouble::Internal) => Err(TransportErrorKind::http_error(503, "try later".into())),
                Some(Trouble::Garbage) => Ok(answer(&packet, r#"{"hello":["<html>"]}"#)),
                Some(Trouble::Null) => Ok(answer(&packet, "null")),
                Some(Trouble::Foreign) if method == "eth_chainId" => Ok(answer(&packet, "\"0x1\"")),
                Some(Trouble::NoLogs) if method == "eth_getLogs" => Ok(answer(&packet, "[]")),
                Some(Trouble::Loses) if method == "eth_sendRawTransaction" => {
                    let hash = format!("{:?}", keccak256(packet.as_single().map_or("", |r| r.serialized().get())));
                    Ok(answer(&packet, &format!("\"{hash}\"")))
                }
                Some(Trouble::Late(ms)) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    chain.transport().call(packet).await
                }
                Some(Trouble::Old(other) | Trouble::Fork(other)) => other.transport().call(packet).await,
                _ => chain.transport().call(packet).await,
            }
        })
    }
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// So many endpoints of one chain.
pub(crate) fn endpoints(chain: &Chain, n: usize) -> (Vec<Line>, Endpoints) {
    let lines: Vec<Line> = (0..n).map(|_| Line::new(chain.clone())).collect();
    let named = lines.iter().enumerate().map(|(i, line)| (format!("line {i}"), line.provider(PATIENCE))).collect();
    let mut endpoints = Endpoints::of(named, HealthConfig::default());
    endpoints.pin(CHAIN_ID);
    (lines, endpoints)
}

/// Runs in virtual time: waiting takes none.
pub(crate) fn run<F: IntoFuture>(f: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(f.into_future())
}

/// Logs as a listener has them after hearing news.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    pub(crate) logs: Vec<weir_chain::Log>,
    pub(crate) skipped: bool,
}

impl Listener {
    pub(crate) fn hear(&mut self, news: &[News]) {
        for item in news {
            match item {
                News::Log(log) => {
                    let place = |l: &weir_chain::Log| (l.block, l.index);
                    let at = self.logs.partition_point(|l| place(l) < place(log));
                    assert!(self.logs.get(at).is_none_or(|l| place(l) != place(log)), "told twice: {log:?}");
                    self.logs.insert(at, log.clone());
                }
                News::Removed(log) => {
                    let at = self.logs.iter().position(|l| l == log);
                    self.logs.remove(at.unwrap_or_else(|| panic!("taken back and never told: {log:?}")));
                }
                News::Skipped { .. } => self.skipped = true,
                _ => {}
            }
        }
    }

    pub(crate) fn funded(&self, sender: Address) -> Vec<Wei> {
        let amount = |l: &weir_chain::Log| match &l.kind {
            LogKind::DepositFunded { sender: s, amount } if *s == sender => Some(*amount),
            _ => None,
        };
        self.logs.iter().filter_map(amount).collect()
    }
}
