//! A gateway and an orchestrator at work on the real contracts while every endpoint of both is dead: jobs are
//! served and paid as before, over the edge of a round too, and what was won meanwhile is redeemed when the
//! chain is back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::B256;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use tokio::sync::mpsc::UnboundedReceiver;
use weir_chain::{
    Account, Driver, GasPolicy, Orders, OutboxConfig, Pace, Report, TxManager, Wake, WatchConfig, service,
};
use weir_contracts::bindings::{BondingManager, LivepeerToken, RoundsManager, ServiceRegistry, TicketBroker};
use weir_market::admission::AdmissionConfig;
use weir_market::price::PriceList;
use weir_roles::gateway::{self, Gateway, GatewayConfig};
use weir_roles::io::{Message, RenditionMeta, SegmentMeta};
use weir_roles::orchestrator::{self, Orchestrator, OrchestratorConfig};
use weir_roles::redeemer::{self, Redeemer};
use weir_roles::{
    ChainEvent, Effect, Effects, MemoryJournal, Observation, Peer, TxId, TxIntent, TxOutcome, Work, WorkDone,
};
use weir_ticket::SigningKey;
use weir_ticket::recipient::RecipientConfig;
use weir_ticket::sender::SenderConfig;
use weir_types::{Entropy, Instant, Millis, Pixels, Price, Profile, Wei, keccak256};

use crate::support::{CHAIN_ID, Line, OWNER, ROUND, Town, Trouble, endpoints, lpt, run};

const GATEWAY: Peer = Peer(0);
const ORCHESTRATOR: Peer = Peer(1);
const URI: &str = "https://orchestrator.example:8935";
const FACE_VALUE: u128 = 1_000_000_000_000_000;
/// At this price a segment costs about one ticket, and one ticket in four wins.
const WEI_PER_PIXEL: u64 = 12_500_000;

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes([n; 32]).expect("a key")
}

fn segment(seq: u64) -> SegmentMeta {
    let step = |name: &str, width, height| Profile {
        name: name.to_owned(),
        width,
        height,
        bitrate: 500_000,
        fps: 0,
        fps_den: 1,
    };
    SegmentMeta {
        stream: 1,
        seq,
        duration: Millis::from_secs(2),
        bytes: 500_000,
        frames: 60,
        hash: keccak256(seq.to_be_bytes()),
        profiles: Arc::new(vec![step("240p", 426, 240), step("360p", 640, 360)].into()),
    }
}

fn transcoded(meta: &SegmentMeta) -> Vec<RenditionMeta> {
    let one = |p: &Profile| RenditionMeta {
        pixels: Pixels(u64::from(p.width) * u64::from(p.height) * u64::from(meta.frames)),
        bytes: 10_000,
        hash: keccak256(&p.name),
    };
    meta.profiles.iter().map(one).collect()
}

enum Event {
    Gateway(gateway::Input),
    Orchestrator(orchestrator::Input),
}

/// Two nodes, each with a driver that looks at the chain on a task of its own.
struct Pair {
    town: Town,
    lines: Vec<Line>,
    begun: tokio::time::Instant,
    mined: u64,
    gateway: Gateway,
    orchestrator: Orchestrator,
    redeemer: Redeemer,
    rng: Entropy,
    orders: [Orders; 2],
    reports: [UnboundedReceiver<Report>; 2],
    events: BTreeMap<(Instant, u64), Event>,
    next: u64,
    in_flight: BTreeMap<String, TxId>,
    stored: BTreeSet<String>,
    /// Time that each segment took, or why it was not served.
    served: Vec<Result<Millis, String>>,
    won: Vec<B256>,
    redeemed: Vec<Option<String>>,
    /// Looks at the chain that failed.
    blind: u64,
}

impl Pair {
    fn new() -> Self {
        let town = Town::new();
        let keys = [key(0x46), key(0x4f)];
        settle(&town, &keys);
        let mut lines = Vec::new();
        let sides = keys.each_ref().map(|key| {
            let (more, e) = endpoints(&town.chain, 2);
            lines.extend(more);
            let signer = PrivateKeySigner::from_bytes(&B256::from(key.secret_bytes())).expect("a key");
            let account = Account::new(signer, CHAIN_ID);
            let config = OutboxConfig { settle: 5, ..OutboxConfig::default() };
            let txs = TxManager::open(&e, account, config, GasPolicy::default(), MemoryJournal::default());
            let resolve = Box::new(|uri: &str| (uri == URI).then_some(ORCHESTRATOR));
            let txs = txs.expect("nothing is stored");
            let driver = Driver::new(e, town.addresses(), WatchConfig::default(), town.head(), txs, resolve);
            let (orders, reports, work) = service(driver, Pace::default(), Wake::default());
            tokio::spawn(work);
            (orders, reports)
        });
        let [(g_orders, g_reports), (o_orders, o_reports)] = sides;
        let tickets = RecipientConfig {
            ev: Wei::new(FACE_VALUE / 4),
            max_face_value: Wei::new(FACE_VALUE),
            ..RecipientConfig::default()
        };
        let payment = SenderConfig {
            max_ticket_ev: Wei::new(FACE_VALUE).into(),
            max_total_ev: Wei::new(20 * FACE_VALUE).into(),
            ..SenderConfig::default()
        };
        let config = OrchestratorConfig {
            prices: PriceList::new(Price::new(WEI_PER_PIXEL, 1), true),
            admission: AdmissionConfig::default(),
            tickets: tickets.clone(),
        };
        let mut rng = Entropy::from_seed([7; 32]);
        let [gateway_key, own_key] = keys;
        Self {
            redeemer: Redeemer::new(own_key.address(), tickets.redeem_gas),
            orchestrator: Orchestrator::new(config, Box::new(own_key), &mut rng),
            gateway: Gateway::new(GatewayConfig { payment, ..GatewayConfig::default() }, Box::new(gateway_key)),
            rng,
            orders: [g_orders, o_orders],
            reports: [g_reports, o_reports],
            begun: tokio::time::Instant::now(),
            mined: 0,
            events: BTreeMap::new(),
            next: 0,
            in_flight: BTreeMap::new(),
            stored: BTreeSet::new(),
            served: Vec::new(),
            won: Vec::new(),
            redeemed: Vec::new(),
            blind: 0,
            lines,
            town,
        }
    }

    fn now(&self) -> Instant {
        Instant(u64::try_from(self.begun.elapsed().as_micros()).expect("a short test"))
    }

    fn trouble(&self, trouble: &Option<Trouble>) {
        self.lines.iter().for_each(|line| line.trouble(trouble.clone()));
    }

    fn later(&mut self, wait: Millis, event: Event) {
        self.next += 1;
        self.events.insert((self.now() + wait, self.next), event);
    }

    fn tell_gateway(&mut self, input: gateway::Input) {
        let (now, mut out) = (self.now(), Effects::new());
        self.gateway.handle(now, input, &mut self.rng, &mut out);
        for effect in out.drain().collect::<Vec<_>>() {
            match effect {
                Effect::Send { message, .. } => self.post(GATEWAY, message),
                Effect::Timer { at, kind } => self.later(at.since(now), Event::Gateway(gateway::Input::Timer(kind))),
                Effect::WatchSender(sender) => self.orders[0].watch(sender),
                Effect::Observe(Observation::SegmentDone { latency, error, .. }) => {
                    self.served.push(error.map_or(Ok(latency), Err));
                }
                Effect::Observe(_) | Effect::Persist(_) => {}
                other => panic!("a gateway wants {other:?}"),
            }
        }
    }

    fn tell_orchestrator(&mut self, input: orchestrator::Input) {
        let (now, mut out) = (self.now(), Effects::new());
        self.orchestrator.handle(now, input, &mut self.rng, &mut out);
        self.carry_out(out);
    }

    fn tell_redeemer(&mut self, input: redeemer::Input) {
        let (now, mut out) = (self.now(), Effects::new());
        self.redeemer.handle(now, input, &mut self.rng, &mut out);
        self.carry_out(out);
    }

    fn carry_out(&mut self, mut out: Effects) {
        for effect in out.drain().collect::<Vec<_>>() {
            match effect {
                Effect::Send { message, .. } => self.post(ORCHESTRATOR, message),
                Effect::WatchSender(sender) => self.orders[1].watch(sender),
                Effect::Monitor(sender) => self.tell_redeemer(redeemer::Input::Monitor(sender)),
                Effect::Standing { sender, standing } => {
                    self.tell_orchestrator(orchestrator::Input::Standing { sender, standing });
                }
                Effect::Redeem(winner) => {
                    self.won.push(winner.ticket.hash());
                    self.tell_redeemer(redeemer::Input::Winner(winner));
                }
                Effect::Submit { id, intent } => {
                    let TxIntent::Redeem { ticket, .. } = &intent else { panic!("{intent:?}") };
                    let key = format!("redeem/{}", ticket.hash());
                    self.in_flight.insert(key.clone(), id);
                    self.orders[1].submit(key, intent);
                }
                Effect::Persist(record) => {
                    let _ = match record.value {
                        Some(_) => self.stored.insert(record.key),
                        None => self.stored.remove(&record.key),
                    };
                }
                Effect::Start { id, work, .. } => {
                    let Work::Transcode(meta) = *work else { panic!("only segments are sent") };
                    let done = WorkDone { id, result: Ok(transcoded(&meta).into()) };
                    self.later(Millis(500), Event::Orchestrator(orchestrator::Input::Work(done)));
                }
                Effect::Observe(Observation::Redemption { error, .. }) => self.redeemed.push(error),
                Effect::Observe(_) => {}
                Effect::SessionOver { .. } => {}
                Effect::Timer { .. } | Effect::Stop { .. } => panic!("an orchestrator sets no timer"),
            }
        }
    }

    fn post(&mut self, from: Peer, message: Box<Message>) {
        let event = match from {
            GATEWAY => Event::Orchestrator(orchestrator::Input::Message { from, message }),
            _ => Event::Gateway(gateway::Input::Message { from, message }),
        };
        self.later(Millis(10), event);
    }

    fn hear(&mut self, side: usize, report: Report) {
        self.blind += u64::from(report.error.is_some());
        for event in report.tick.events {
            self.told(side, event);
        }
        for (key, outcome) in report.tick.outcomes {
            assert!(matches!(outcome, TxOutcome::Mined { .. }), "{key}: {outcome:?}");
            let id = self.in_flight.remove(&key).expect("it was wanted");
            self.tell_redeemer(redeemer::Input::Tx { id, outcome });
        }
    }

    fn told(&mut self, side: usize, event: ChainEvent) {
        if side == 0 {
            return self.tell_gateway(gateway::Input::Chain(event));
        }
        self.tell_orchestrator(orchestrator::Input::Chain(event.clone()));
        self.tell_redeemer(redeemer::Input::Chain(event));
    }

    /// Lets time pass, for the chain too, which makes a block every second.
    async fn pass(&mut self, time: Millis) {
        let end = self.begun + Duration::from_micros(self.now().0) + Duration::from_millis(time.0);
        loop {
            let second = self.begun + Duration::from_secs(self.mined + 1);
            let event = self.events.keys().next().map(|(at, _)| self.begun + Duration::from_micros(at.0));
            let next = event.unwrap_or(end).min(second).min(end);
            let [gateway, orchestrator] = &mut self.reports;
            tokio::select! {
                Some(report) = gateway.recv() => self.hear(0, report),
                Some(report) = orchestrator.recv() => self.hear(1, report),
                () = tokio::time::sleep_until(next) => {
                    while let Some(first) = self.events.first_entry().filter(|e| e.key().0 <= Instant(
                        u64::try_from(self.begun.elapsed().as_micros()).expect("a short test"),
                    )) {
                        match first.remove() {
                            Event::Gateway(input) => self.tell_gateway(input),
                            Event::Orchestrator(input) => self.tell_orchestrator(input),
                        }
                    }
                    if tokio::time::Instant::now() >= second {
                        self.mined += 1;
                        self.mine();
                    }
                    if tokio::time::Instant::now() >= end {
                        return;
                    }
                }
            }
        }
    }

    /// One second of the chain. Somebody initialises rounds as they come.
    fn mine(&self) {
        let before = self.town.chain.l1_block_number();
        self.town.pass(1);
        if before / ROUND < self.town.chain.l1_block_number() / ROUND {
            self.town.send(OWNER, self.town.d.rounds_manager, &RoundsManager::initializeRoundCall {});
        }
        self.town.chain.mine();
    }

    /// Segments of two seconds, one after the other.
    async fn segments(&mut self, seqs: std::ops::Range<u64>) {
        for seq in seqs {
            self.tell_gateway(gateway::Input::segment(segment(seq)));
            self.pass(Millis::from_secs(2)).await;
        }
    }
}

/// The gateway funds itself; the orchestrator bonds, and a round later it is active.
fn settle(town: &Town, [gateway, orchestrator]: &[SigningKey; 2]) {
    let (d, one) = (town.d, Wei::from_whole(1));
    for key in [gateway, orchestrator] {
        town.chain.set_balance(key.address(), Wei::from_whole(10));
    }
    town.chain.set_automine(true);
    let fund = TicketBroker::fundDepositAndReserveCall { _depositAmount: one.0, _reserveAmount: one.0 };
    town.raw(gateway.address(), Some(d.ticket_broker), Wei::from_whole(2), fund.abi_encode().into());
    let me = orchestrator.address();
    town.give_lpt(me, 700);
    town.send(me, d.token, &LivepeerToken::approveCall { spender: d.bonding_manager, amount: lpt(700) });
    town.send(me, d.bonding_manager, &BondingManager::bondCall { _amount: lpt(700), _to: me });
    town.send(me, d.service_registry, &ServiceRegistry::setServiceURICall { _serviceURI: URI.into() });
    town.next_round();
    town.chain.set_automine(false);
}

#[test]
fn dead_endpoints_never_stop_the_serving_of_jobs() {
    run(async {
        let mut pair = Pair::new();
        pair.pass(Millis::from_secs(10)).await;
        pair.tell_gateway(gateway::Input::StreamStart { stream: 1, profiles: segment(0).profiles });
        pair.pass(Millis::from_secs(1)).await;
        pair.segments(0..10).await;
        assert_eq!((pair.blind, pair.served.iter().filter(|s| s.is_ok()).count()), (0, 10), "{:?}", pair.served);

        // Every endpoint of both nodes fails, in every way that there is, for a minute each.
        let troubles = [
            Trouble::Silent,
            Trouble::Drops,
            Trouble::Garbage,
            Trouble::Null,
            Trouble::Limits,
            Trouble::Internal,
            Trouble::Foreign,
        ];
        let mut seq = 10;
        for trouble in troubles {
            let (blind, won) = (pair.blind, pair.won.len());
            let name = format!("{trouble:?}");
            pair.trouble(&Some(trouble));
            pair.segments(seq..seq + 30).await;
            seq += 30;
            assert!(pair.blind > blind, "{name}: the chain was to be seen");
            assert!(pair.won.len() > won, "{name}: nothing was won");
        }
        assert_eq!(pair.served.len() as u64, seq);
        for (n, served) in pair.served.iter().enumerate() {
            assert!(served.as_ref().is_ok_and(|took| *took < Millis::from_secs(1)), "segment {n}: {served:?}");
        }
        // What was won and could not be redeemed is stored.
        let waiting = pair.won.len() - pair.redeemed.len();
        assert!(waiting > 20, "{waiting} winners");
        assert_eq!(pair.stored.len(), waiting);

        // The chain is back: all of it is paid, the last when its parameters have expired.
        pair.trouble(&None);
        pair.tell_gateway(gateway::Input::StreamEnd { stream: 1 });
        pair.pass(Millis::from_secs(600)).await;
        assert_eq!(pair.redeemed.len(), pair.won.len());
        assert!(pair.redeemed.iter().all(Option::is_none), "{:?}", pair.redeemed);
        assert!(pair.stored.is_empty() && pair.redeemer.is_empty());
        for hash in &pair.won {
            assert!(pair.town.client().ticket_used(*hash).await.expect("the chain answers"));
        }
    });
}
