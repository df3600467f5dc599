//! The same day of a node on every kind of chain: in process, Anvil over HTTP and over its socket, and the
//! embedded chain in a process of its own over HTTP and WebSocket. The node does not know which it is on:
//! what it hears and what comes of it is the same.

#![cfg(unix)]

use std::any::Any;
use std::time::Duration;

use alloy::primitives::{Address, B256, U256};
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::types::TransactionRequest;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use expect_test::expect;
use weir_anvil::{Anvil, Options};
use weir_chain::{
    Account, Addresses, Client, Driver, EndpointUrl, Endpoints, GasPolicy, HealthConfig, LogKind, Mismatch, Network,
    News, OutboxConfig, TxError, TxManager, WatchConfig, identify,
};
use weir_contracts::bindings::LivepeerToken;
use weir_contracts::{Deployment, ProtocolParams, Revert, deploy};
use weir_evm::{Chain, ChainConfig};
use weir_roles::reward_caller::{self, RewardCaller};
use weir_roles::round_keeper::{self, RoundKeeper};
use weir_roles::{ChainEvent, Effect, Effects, TimerKind, TxIntent};
use weir_store::Store;
use weir_ticket::recipient::{ChainView, Recipient, RecipientConfig};
use weir_ticket::{EthVerifier, SigningKey, WinningTicket};
use weir_types::{Entropy, Instant, L2Block, LptWei, Millis, Perc6, Price, Round, Wei};

use crate::devnet::Devnet;

const CHAIN_ID: u64 = 1337;
const L1_SECONDS: u64 = 12;
const L1_START: u64 = 256;
const PATIENCE: Duration = Duration::from_secs(20);
/// Keys of the deployer, an orchestrator and a gateway: those of every development chain.
const KEYS: [B256; 3] = [
    B256::new(alloy::primitives::hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")),
    B256::new(alloy::primitives::hex!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")),
    B256::new(alloy::primitives::hex!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a")),
];

fn key(n: usize) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&KEYS[n]).expect("a key")
}

fn address(n: usize) -> Address {
    key(n).address()
}

/// A chain with the protocol on it, as a node reaches it.
struct Face {
    url: Option<EndpointUrl>,
    chain: Option<Chain>,
    d: Deployment,
    /// What runs as long as it is used.
    _keep: Box<dyn Any>,
}

impl Face {
    fn provider(&self) -> RootProvider {
        match (&self.url, &self.chain) {
            (Some(url), _) => url.provider(PATIENCE),
            (None, Some(chain)) => chain.provider(),
            (None, None) => panic!("a face leads somewhere"),
        }
    }

    fn network(&self) -> Network {
        Network { chain_id: CHAIN_ID, controller: self.d.controller, ..Network::default() }
    }

    async fn addresses(&self) -> Addresses {
        identify(&self.provider(), &self.network()).await.expect("it is the network")
    }

    fn endpoints(&self) -> Endpoints {
        let mut endpoints = Endpoints::of(vec![("the chain".into(), self.provider())], HealthConfig::default());
        endpoints.pin(CHAIN_ID);
        endpoints
    }

    /// Deploys the protocol on a chain that sends for everybody, and gives the accounts LPT.
    async fn bring_up(provider: &RootProvider) -> Deployment {
        for n in 0..KEYS.len() {
            let rich = (address(n), U256::from(10u64).pow(U256::from(22)));
            provider.raw_request::<_, ()>("anvil_setBalance".into(), rich).await.expect("it gives");
        }
        let d = deploy(provider, address(0), &ProtocolParams::devnet()).await.expect("it is deployed");
        for n in 1..KEYS.len() {
            let call = LivepeerToken::transferCall { to: address(n), amount: LptWei::from_whole(10_000).0 };
            let price = provider.get_gas_price().await.expect("it answers");
            let tx = TransactionRequest::default().from(address(0)).to(d.token).input(call.abi_encode().into());
            let tx = TransactionRequest { gas_price: Some(price), ..tx };
            provider.raw_request::<_, B256>("eth_sendTransaction".into(), (tx,)).await.expect("it is sent");
            provider.raw_request::<_, serde_json::Value>("evm_mine".into(), ()).await.expect("it mines");
        }
        d
    }

    async fn embedded() -> Self {
        let chain = Chain::new(ChainConfig {
            chain_id: CHAIN_ID,
            l1_start: L1_START,
            l1_block_time_s: L1_SECONDS,
            ..ChainConfig::default()
        });
        chain.impersonate_all(true);
        let d = Self::bring_up(&chain.provider()).await;
        Self { url: None, chain: Some(chain), d, _keep: Box::new(()) }
    }

    async fn anvil(http: bool) -> Option<Self> {
        let program = weir_anvil::is_here()?;
        let options = Options {
            chain_id: CHAIN_ID,
            number: L1_START,
            timestamp: Some(1_700_000_000),
            block_seconds: L1_SECONDS,
            base_fee: 100_000_000,
            http,
            ..Options::default()
        };
        let anvil = Anvil::start(&program, options).expect("Anvil starts");
        let url = anvil.http().unwrap_or_else(|| anvil.socket().display().to_string());
        let url: EndpointUrl = url.parse().expect("an endpoint");
        let d = Self::bring_up(&url.provider(PATIENCE)).await;
        Some(Self { url: Some(url), chain: None, d, _keep: Box::new(anvil) })
    }

    fn devnet(scheme: &str) -> Self {
        let devnet = Devnet::start(&["--no-round-keeper", "--l1-block-seconds", "12"]);
        let url = devnet.rpc().replacen("http", scheme, 1).parse().expect("an endpoint");
        let d = serde_json::from_value(devnet.said["contracts"].clone()).expect("the deployment");
        Self { url: Some(url), chain: None, d, _keep: Box::new(devnet) }
    }
}

/// A node: its driver over a store on disk, and the machines that follow the chain.
struct Node {
    driver: Driver<Store>,
    keeper: RoundKeeper,
    reward: RewardCaller,
    rng: Entropy,
    me: Address,
    now: Instant,
}

/// What happened, in words that are the same wherever it happens.
#[derive(Default)]
struct Story {
    lines: Vec<String>,
    first_round: Option<Round>,
}

impl Story {
    fn tell(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// A log, with its round counted from the first.
    fn log(&mut self, kind: &LogKind) {
        let told = match kind.clone() {
            LogKind::NewRound(round) => LogKind::NewRound(Round(self.round(round))),
            LogKind::Activated(who, round) => LogKind::Activated(who, Round(self.round(round))),
            LogKind::Unbond { delegator, lock, withdraw_round, amount } => {
                LogKind::Unbond { delegator, lock, withdraw_round: Round(self.round(withdraw_round)), amount }
            }
            // The hash of an L1 block is in it.
            LogKind::Redeemed { .. } => return self.tell("log: Redeemed"),
            other => other,
        };
        self.tell(format!("log: {told:?}"));
    }

    fn round(&mut self, round: Round) -> u64 {
        // None is initialised before the first.
        if round == Round(0) {
            return 0;
        }
        1 + round.0 - self.first_round.get_or_insert(round).0
    }
}

impl Node {
    async fn open(face: &Face, store: &std::path::Path, n: usize, from: L2Block) -> Self {
        let endpoints = face.endpoints();
        let addresses = face.addresses().await;
        let journal = Store::open(store).expect("the store opens");
        let config = OutboxConfig { settle: 5, ..OutboxConfig::default() };
        let account = Account::new(key(n), CHAIN_ID);
        let txs = TxManager::open(&endpoints, account, config, GasPolicy::default(), journal).expect("it reads");
        Self {
            driver: Driver::new(endpoints, addresses, WatchConfig::default(), from, txs, Box::new(|_| None)),
            keeper: RoundKeeper::new(Millis(0)),
            reward: RewardCaller::new(),
            rng: Entropy::from_seed([n as u8; 32]),
            me: address(n),
            now: Instant::ZERO,
        }
    }

    /// Looks once, and lets the machines act on it. Returns keys of transactions that went through.
    async fn look(&mut self, story: &mut Story) -> Vec<String> {
        let (tick, error) = self.driver.tick().await;
        assert!(error.is_none(), "{error:?}");
        self.now = self.now + Millis::from_secs(1);
        let mut done = Vec::new();
        let mut out = Effects::new();
        for (key, outcome) in tick.outcomes {
            let ok = matches!(outcome, weir_roles::TxOutcome::Mined { .. });
            story.tell(format!("{key}: {}", if ok { "done".to_owned() } else { format!("{outcome:?}") }));
            match key.split('/').next() {
                Some("initializeRound") => {
                    self.keeper.handle(self.now, round_keeper::Input::Tx(outcome), &mut self.rng, &mut out);
                }
                Some("reward") => {
                    self.reward.handle(self.now, reward_caller::Input::Tx(outcome), &mut self.rng, &mut out);
                }
                _ => {}
            }
            done.push(key);
        }
        for news in &tick.news {
            if let News::Log(log) = news {
                story.log(&log.kind);
            }
        }
        for event in tick.events {
            match &event {
                ChainEvent::Round(r) => {
                    let round = story.round(r.round);
                    story.tell(format!("round {round}, {} blocks, pool of {}", r.length, r.pool_size));
                }
                ChainEvent::ActiveSet(all) => assert!(all.is_empty(), "nobody is reachable here"),
                ChainEvent::Funds { sender, funds } => {
                    story.tell(format!("{sender} has {} and {}", funds.deposit, funds.reserve_remaining));
                }
                ChainEvent::Head(_) => {}
            }
            let (now, rng) = (self.now, &mut self.rng);
            self.keeper.handle(now, round_keeper::Input::Chain(event.clone()), rng, &mut out);
            self.reward.handle(now, reward_caller::Input::Chain(event.clone()), rng, &mut out);
            if matches!(event, ChainEvent::Round(_)) {
                let own = self.own().await;
                self.reward.handle(now, own, &mut self.rng, &mut out);
            }
        }
        self.carry_out(out).await;
        done
    }

    async fn own(&self) -> reward_caller::Input {
        let (addresses, me) = (*self.driver.addresses(), self.me);
        let state = self.driver.endpoints().with(|p| async move { Client::new(p, addresses).transcoder(me).await });
        let state = state.await.expect("it answers");
        reward_caller::Input::Own { active: state.active, last_reward_round: state.last_reward_round }
    }

    async fn carry_out(&mut self, mut effects: Effects) {
        while !effects.as_slice().is_empty() {
            let mut more = Effects::new();
            for effect in effects.drain() {
                match effect {
                    Effect::Timer { kind: TimerKind::InitializeRound, .. } => {
                        self.keeper.handle(self.now, round_keeper::Input::Timer, &mut self.rng, &mut more);
                    }
                    Effect::Submit { intent, .. } => {
                        self.driver.submit(intent.kind(), &intent).await.expect("it goes");
                    }
                    Effect::Persist(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            effects = more;
        }
    }

    /// Lets L1 blocks pass.
    async fn pass(&self, blocks: u64) {
        let pass = |p: RootProvider| async move {
            let how = (format!("{blocks:#x}"), format!("{L1_SECONDS:#x}"));
            let mined: Result<serde_json::Value, _> = p.raw_request("anvil_mine".into(), how).await;
            Ok(mined.expect("a development chain mines"))
        };
        self.driver.endpoints().with(pass).await.expect("it mines");
    }

    /// Wants something done, and follows it until it is.
    async fn want(&mut self, story: &mut Story, intent: TxIntent) {
        let kind = intent.kind();
        self.driver.submit(kind, &intent).await.unwrap_or_else(|e| panic!("{kind}: {e}"));
        for _ in 0..20 {
            self.pass(1).await;
            if self.look(story).await.iter().any(|key| key == kind) {
                return;
            }
        }
        panic!("{kind} is in no block");
    }

    /// Goes on until the keeper has begun the next round and what the round asks for is done.
    async fn next_round(&mut self, story: &mut Story) {
        let addresses = *self.driver.addresses();
        let read = |p| async move {
            let client = Client::new(p, addresses);
            Ok((client.head().await?, client.round_info().await?))
        };
        let (head, round) = self.driver.endpoints().with(read).await.expect("it answers");
        let edge = round.start_block.0 + round.length;
        self.pass(edge.saturating_sub(head.l1.0).max(1)).await;
        for _ in 0..5 {
            self.look(story).await;
            self.pass(1).await;
        }
        self.look(story).await;
        let (_, now) = self.driver.endpoints().with(read).await.expect("it answers");
        assert!(now.round > round.round, "the keeper begins rounds");
    }
}

/// A ticket of the gateway's that wins, under the chain's current round.
fn winner(view: &ChainView, recipient: Address) -> WinningTicket {
    let gateway = SigningKey::from_bytes(KEYS[2].0).expect("a key");
    let face = Wei::new(1_000_000_000_000_000);
    let config =
        RecipientConfig { ev: Wei(face.0 / U256::from(2)), max_face_value: face, ..RecipientConfig::default() };
    let mut machine = Recipient::new(recipient, [3; 32], config);
    let price = Price::new(1, 1).expect("a price");
    let (float, seed) = (Wei::from_whole(1), U256::from(9));
    let params = machine.ticket_params(gateway.address(), &price, float, view, seed).expect("there is money");
    (1..100)
        .find_map(|nonce| {
            let ticket = params.ticket(gateway.address(), nonce, params.expiration_params);
            let sig = gateway.sign(ticket.hash());
            let got = machine.receive(&ticket, &sig, seed, &price, view.l1, &EthVerifier);
            got.won.then_some(WinningTicket { ticket, sig, recipient_rand: got.recipient_rand })
        })
        .expect("one in two wins")
}

/// What an orchestrator and a gateway live through.
async fn day(face: &Face) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let [own, other] = ["orchestrator.db", "gateway.db"].map(|name| folder.path().join(name));
    let mut story = Story::default();
    let foreign = Network { chain_id: 42_161, ..face.network() };
    let Err(Mismatch::ChainId { .. }) = identify(&face.provider(), &foreign).await else {
        panic!("another chain is refused")
    };

    let head = Client::new(face.provider(), face.addresses().await).head().await.expect("it answers");
    let mut node = Node::open(face, &own, 1, head.l2).await;
    node.look(&mut story).await;
    node.next_round(&mut story).await;
    let stake = TxIntent::Bond { amount: LptWei::from_whole(1_000), to: node.me };
    node.want(&mut story, stake).await;
    let uri = TxIntent::ServiceUri("https://orchestrator.example:8935".into());
    node.want(&mut story, uri).await;
    node.next_round(&mut story).await;
    node.next_round(&mut story).await;
    // After the reward of the round it may change what it keeps.
    node.want(&mut story, TxIntent::Commission { reward_cut: Perc6(100_000), fee_share: Perc6(400_000) }).await;

    node.driver.watch(address(2));
    let mut gateway = Node::open(face, &other, 2, head.l2).await;
    let money = TxIntent::Fund { deposit: Wei::from_whole(1), reserve: Wei::from_whole(1) };
    gateway.want(&mut Story::default(), money).await;
    node.look(&mut story).await;

    let addresses = *node.driver.addresses();
    let info = node.driver.endpoints().with(|p| async move { Client::new(p, addresses).round_info().await });
    let info = info.await.expect("it answers");
    let view = ChainView {
        l1: info.start_block,
        gas_price: node.driver.gas_price().expect("it was told"),
        round: info.round,
        round_hash: info.block_hash,
        previous_hash: info.previous_block_hash,
    };
    let won = winner(&view, node.me);
    let redeem =
        TxIntent::Redeem { ticket: Box::new(won.ticket.clone()), sig: won.sig, recipient_rand: won.recipient_rand };
    node.want(&mut story, redeem.clone()).await;
    let Err(TxError::DryRun(twice)) = node.driver.submit("again", &redeem).await else { panic!("once is enough") };
    assert_eq!(twice.revert, Some(Revert::Error("ticket is used".into())));

    // It is started again in the middle of a transaction, and goes on from its store. What was settled before
    // is not told again.
    node.pass(10).await;
    node.look(&mut story).await;
    node.driver.submit("unbond", &TxIntent::Unbond { amount: LptWei::from_whole(10) }).await.expect("it goes");
    let next = L2Block(node.driver.head().expect("it looked").l2.0 + 1);
    drop(node);
    let mut node = Node::open(face, &own, 1, next).await;
    node.pass(1).await;
    node.look(&mut story).await;
    node.next_round(&mut story).await;

    let client = Client::new(face.provider(), addresses);
    let (own, lpt) = (client.delegator(node.me).await, client.lpt_balance(node.me).await);
    let own = own.expect("it answers");
    story.tell(format!("stake {}, fees {}, LPT {}", own.stake, own.fees, lpt.expect("it answers")));
    story.lines
}

fn run<F: Future>(f: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(f)
}

#[test]
fn in_process() {
    expect![[r#"
        round 0, 50 blocks, pool of 0
        initializeRound: done
        log: NewRound(Round(1))
        round 1, 50 blocks, pool of 0
        bond/approve: done
        bond: done
        log: Activated(0x70997970c51812dc3a010c7d01b50e0d17dc79c8, Round(2))
        log: Bond { delegator: 0x70997970c51812dc3a010c7d01b50e0d17dc79c8, delegate: 0x70997970c51812dc3a010c7d01b50e0d17dc79c8, additional: LptWei(1000000000000000000000) }
        round 1, 50 blocks, pool of 1
        setServiceURI: done
        log: ServiceUri(0x70997970c51812dc3a010c7d01b50e0d17dc79c8, "https://orchestrator.example:8935")
        initializeRound: done
        log: NewRound(Round(2))
        round 2, 50 blocks, pool of 1
        reward: done
        log: Reward { transcoder: 0x70997970c51812dc3a010c7d01b50e0d17dc79c8, amount: LptWei(978649100000000000) }
        initializeRound: done
        log: NewRound(Round(3))
        round 3, 50 blocks, pool of 1
        reward: done
        log: Reward { transcoder: 0x70997970c51812dc3a010c7d01b50e0d17dc79c8, amount: LptWei(999180342882768600) }
        transcoder: done
        log: ReserveFunded { sender: 0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc, amount: Wei(1000000000000000000) }
        log: DepositFunded { sender: 0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc, amount: Wei(1000000000000000000) }
        0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC has 1000000000000000000 wei and 1000000000000000000 wei
        redeemWinningTicket: done
        log: Paid { sender: 0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc, recipient: 0x70997970c51812dc3a010c7d01b50e0d17dc79c8, amount: Wei(1000000000000000) }
        log: Redeemed
        0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC has 999000000000000000 wei and 1000000000000000000 wei
        unbond: done
        log: Unbond { delegator: 0x70997970c51812dc3a010c7d01b50e0d17dc79c8, lock: 0, withdraw_round: Round(10), amount: LptWei(10000000000000000000) }
        round 3, 50 blocks, pool of 1
        initializeRound: done
        log: NewRound(Round(4))
        round 4, 50 blocks, pool of 1
        reward: done
        log: Reward { transcoder: 0x70997970c51812dc3a010c7d01b50e0d17dc79c8, amount: LptWei(1019711594696586989) }
        stake 992997541037579355587 LPT wei, fees 1000000000000000 wei, LPT 9000000000000000000000 LPT wei"#]]
    .assert_eq(&run(expected()).join("\n"));
}

#[test]
fn anvil_over_http() {
    run(async {
        let Some(face) = Face::anvil(true).await else { return };
        assert_eq!(day(&face).await, expected().await);
    });
}

#[test]
fn anvil_over_its_socket() {
    run(async {
        let Some(face) = Face::anvil(false).await else { return };
        assert_eq!(day(&face).await, expected().await);
    });
}

#[test]
fn another_process_over_http() {
    run(async { assert_eq!(day(&Face::devnet("http")).await, expected().await) });
}

#[test]
fn another_process_over_websocket() {
    run(async { assert_eq!(day(&Face::devnet("ws")).await, expected().await) });
}

async fn expected() -> Vec<String> {
    day(&Face::embedded().await).await
}
