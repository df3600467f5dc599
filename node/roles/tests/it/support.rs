//! A gateway and some orchestrators on a queue of events, without chain or network.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_market::admission::AdmissionConfig;
use weir_market::price::{ModelKey, PriceList};
use weir_roles::gateway::{Gateway, GatewayConfig};
use weir_roles::io::{
    JobMeta, JobResult, Made, Message, ModelOffer, Record, Records, RenditionMeta, Renditions, SegmentMeta,
};
use weir_roles::orchestrator::{Orchestrator, OrchestratorConfig};
use weir_roles::redeemer::Redeemer;
use weir_roles::{
    ChainEvent, ChainHead, Effect, Effects, Observation, OrchestratorEntry, Peer, RoundInfo, SenderFunds, TxId,
    TxIntent, Work, WorkDone, gateway, orchestrator, redeemer,
};
use weir_ticket::recipient::RecipientConfig;
use weir_ticket::{SigningKey, TicketParams};
use weir_types::{
    Address, B256, Credit, Entropy, Instant, L1Block, LptWei, Millis, Pixels, Price, Profile, Round, Wei, keccak256,
};

/// Expected value of a ticket.
pub(crate) const EV: u128 = 1_000_000_000_000;
/// Gas of a redemption.
pub(crate) const REDEEM_GAS: u64 = 350_000;
/// Peer number of the gateway; orchestrators have 0, 1 and so on.
pub(crate) const GATEWAY: Peer = Peer(1_000);

pub(crate) fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes([n; 32]).expect("a key")
}

pub(crate) fn funds(deposit: u64, reserve: u64) -> SenderFunds {
    SenderFunds {
        deposit: Wei::from_whole(deposit),
        reserve_remaining: Wei::from_whole(reserve),
        ..SenderFunds::default()
    }
}

pub(crate) fn round(number: u64) -> RoundInfo {
    RoundInfo {
        round: Round(number),
        block_hash: B256::repeat_byte(number as u8),
        previous_block_hash: B256::repeat_byte(number as u8 - 1),
        start_block: L1Block(number * 100),
        length: 100,
        pool_size: 10,
    }
}

/// How an orchestrator behaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manners {
    /// It answers nothing.
    pub(crate) silent: bool,
    /// Its transcoder fails with this.
    pub(crate) fails: Option<String>,
    /// It claims so many pixels too much.
    pub(crate) cheats: u64,
}

pub(crate) struct Node {
    pub(crate) key: SigningKey,
    pub(crate) orchestrator: Orchestrator,
    pub(crate) redeemer: Redeemer,
    pub(crate) rng: Entropy,
    pub(crate) disk: Records,
    pub(crate) manners: Manners,
}

enum Event {
    Gateway(gateway::Input),
    Orchestrator(usize, orchestrator::Input),
}

/// Everything that was seen, in order.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    Sent(Peer, Peer, Box<Message>),
    Observed(Peer, Observation),
    Submitted(usize, TxId, TxIntent),
    /// A record was stored, or deleted.
    Persisted(bool),
    Stopped(usize),
    SessionOver(usize),
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) l1: u64,
    pub(crate) gateway: Gateway,
    pub(crate) gateway_key: SigningKey,
    pub(crate) nodes: Vec<Node>,
    pub(crate) money: SenderFunds,
    pub(crate) seen: Vec<Seen>,
    pub(crate) gateway_disk: Records,
    /// Ticket parameters that all offers come with, in place of their own.
    pub(crate) replayed: Option<TicketParams>,
    /// The next message that is like this is lost.
    pub(crate) drop_next: Option<fn(&Message) -> bool>,
    config: GatewayConfig,
    gateway_rng: Entropy,
    events: BTreeMap<(Instant, u64), Event>,
    next: u64,
}

pub(crate) fn tickets() -> RecipientConfig {
    RecipientConfig { ev: Wei::new(EV), redeem_gas: REDEEM_GAS, tx_cost_multiplier: 100, max_face_value: Wei::ZERO }
}

pub(crate) fn orchestrator(key: &SigningKey, price: u64, sessions: u64, rng: &mut Entropy) -> Orchestrator {
    let config = OrchestratorConfig {
        prices: PriceList::new(Price::new(price, 1), true),
        admission: AdmissionConfig { max_sessions: sessions, ..AdmissionConfig::default() },
        tickets: tickets(),
    };
    Orchestrator::new(config, Box::new(key.clone()), rng)
}

/// Price at which a two-second segment of the ladder costs a few tickets.
pub(crate) const PRICE: u64 = 100_000;

impl World {
    pub(crate) fn new(orchestrators: usize) -> Self {
        Self::with(orchestrators, funds(5, 50), GatewayConfig::default(), 10)
    }

    pub(crate) fn with(orchestrators: usize, money: SenderFunds, config: GatewayConfig, sessions: u64) -> Self {
        let nodes = (0..orchestrators)
            .map(|i| {
                let key = key(0x50 + i as u8);
                let mut rng = Entropy::from_seed([i as u8; 32]);
                Node {
                    orchestrator: orchestrator(&key, PRICE, sessions, &mut rng),
                    redeemer: Redeemer::new(key.address(), REDEEM_GAS),
                    rng,
                    disk: Records::new(),
                    manners: Manners::default(),
                    key,
                }
            })
            .collect();
        let gateway_key = key(0x46);
        let mut world = Self {
            now: Instant::from_secs(1_000),
            l1: 1_000,
            gateway: Gateway::new(config.clone(), Box::new(gateway_key.clone())),
            gateway_key,
            nodes,
            money,
            seen: Vec::new(),
            gateway_disk: Records::new(),
            replayed: None,
            drop_next: None,
            config,
            gateway_rng: Entropy::from_seed([0xee; 32]),
            events: BTreeMap::new(),
            next: 0,
        };
        world.tell_all();
        world
    }

    /// Gives each orchestrator models with their prices.
    pub(crate) fn offer_models(
        &mut self,
        models: impl Fn(usize) -> (BTreeMap<ModelKey, ModelOffer>, Vec<(ModelKey, Price)>),
    ) {
        for (i, n) in self.nodes.iter_mut().enumerate() {
            let (offers, list) = models(i);
            let mut prices = PriceList::new(Price::new(PRICE, 1), true);
            list.into_iter().for_each(|(key, price)| prices.set_model(None, key, price));
            let config = OrchestratorConfig { prices, admission: AdmissionConfig::default(), tickets: tickets() };
            n.orchestrator = Orchestrator::new(config, Box::new(n.key.clone()), &mut n.rng).with_models(offers);
        }
        self.tell_all();
    }

    pub(crate) fn tell_all(&mut self) {
        self.chain(&ChainEvent::Head(self.head()));
        self.chain(&ChainEvent::Round(round(10)));
        self.chain(&ChainEvent::ActiveSet(self.entries().into()));
    }

    /// The gateway's process ends, and another one begins with what it stored.
    pub(crate) fn restart_gateway(&mut self) {
        let fresh = Gateway::new(self.config.clone(), Box::new(self.gateway_key.clone()));
        self.gateway = fresh.restored(&self.gateway_disk).expect("its records are whole");
        self.events.retain(|_, e| !matches!(e, Event::Gateway(_)));
        self.tell_all();
    }

    /// The price in an orchestrator's last offer.
    pub(crate) fn quoted(&self, node: usize) -> Price {
        let of = |(from, _, m): (Peer, Peer, &Message)| match m {
            Message::Info { result: Ok(info), .. } if from == Peer(node as u32) => Some(info.price.clone()),
            _ => None,
        };
        self.sent().filter_map(of).last().expect("an offer")
    }

    pub(crate) fn head(&self) -> ChainHead {
        ChainHead { l1: L1Block(self.l1), gas_price: Wei::new(15_000_000) }
    }

    pub(crate) fn entries(&self) -> Vec<OrchestratorEntry> {
        self.nodes
            .iter()
            .enumerate()
            .map(|(i, n)| OrchestratorEntry {
                address: n.key.address(),
                uri: format!("https://o{i}:8935"),
                peer: Peer(i as u32),
                stake: LptWei::from_whole(1_000),
            })
            .collect()
    }

    /// Tell everybody.
    pub(crate) fn chain(&mut self, e: &ChainEvent) {
        self.tell_gateway(gateway::Input::Chain(e.clone()));
        for i in 0..self.nodes.len() {
            self.tell_orchestrator(i, orchestrator::Input::Chain(e.clone()));
            self.tell_redeemer(i, redeemer::Input::Chain(e.clone()));
        }
    }

    /// L1 moves on to a block.
    pub(crate) fn l1(&mut self, block: u64) {
        self.l1 = block;
        let head = self.head();
        self.chain(&ChainEvent::Head(head));
    }

    pub(crate) fn tell_gateway(&mut self, input: gateway::Input) {
        let mut out = Effects::new();
        self.gateway.handle(self.now, input, &mut self.gateway_rng, &mut out);
        for e in out.drain().collect::<Vec<_>>() {
            match e {
                Effect::Send { to, message } => self.post(GATEWAY, to, message),
                Effect::Timer { at, kind } => self.later(at, Event::Gateway(gateway::Input::Timer(kind))),
                Effect::WatchSender(sender) => {
                    let funds = self.money;
                    self.tell_gateway(gateway::Input::Chain(ChainEvent::Funds { sender, funds }));
                }
                Effect::Observe(o) => self.seen.push(Seen::Observed(GATEWAY, o)),
                Effect::Persist(r) => {
                    self.seen.push(Seen::Persisted(r.value.is_some()));
                    store(&mut self.gateway_disk, r);
                }
                other => panic!("a gateway wants {other:?}"),
            }
        }
    }

    pub(crate) fn tell_orchestrator(&mut self, i: usize, input: orchestrator::Input) {
        let mut out = Effects::new();
        let n = &mut self.nodes[i];
        n.orchestrator.handle(self.now, input, &mut n.rng, &mut out);
        self.carry_out(i, &mut out);
    }

    pub(crate) fn tell_redeemer(&mut self, i: usize, input: redeemer::Input) {
        let mut out = Effects::new();
        let n = &mut self.nodes[i];
        n.redeemer.handle(self.now, input, &mut n.rng, &mut out);
        self.carry_out(i, &mut out);
    }

    fn carry_out(&mut self, i: usize, out: &mut Effects) {
        let own = Peer(i as u32);
        for e in out.drain().collect::<Vec<_>>() {
            match e {
                Effect::Send { to, message } => {
                    if !self.nodes[i].manners.silent {
                        self.post(own, to, message);
                    }
                }
                Effect::WatchSender(sender) => {
                    let funds = self.money;
                    self.tell_redeemer(i, redeemer::Input::Chain(ChainEvent::Funds { sender, funds }));
                }
                Effect::Monitor(sender) => self.tell_redeemer(i, redeemer::Input::Monitor(sender)),
                Effect::Standing { sender, standing } => {
                    self.tell_orchestrator(i, orchestrator::Input::Standing { sender, standing });
                }
                Effect::Redeem(w) => self.tell_redeemer(i, redeemer::Input::Winner(w)),
                Effect::Submit { id, intent } => self.seen.push(Seen::Submitted(i, id, intent)),
                Effect::Persist(r) => {
                    self.seen.push(Seen::Persisted(r.value.is_some()));
                    store(&mut self.nodes[i].disk, r);
                }
                Effect::Start { id, work, .. } => {
                    let result = match work.as_ref() {
                        Work::Transcode(meta) => self.nodes[i].transcode(meta).map(Made::Renditions),
                        Work::Job(job) => self.nodes[i].answer(job),
                        // It goes on until it is stopped.
                        Work::Live { .. } => continue,
                    };
                    let at = self.now + Millis(500);
                    self.later(at, Event::Orchestrator(i, orchestrator::Input::Work(WorkDone { id, result })));
                }
                Effect::SessionOver { .. } => self.seen.push(Seen::SessionOver(i)),
                Effect::Stop { .. } => self.seen.push(Seen::Stopped(i)),
                Effect::Observe(o) => self.seen.push(Seen::Observed(own, o)),
                Effect::Timer { .. } => panic!("an orchestrator sets no timer"),
            }
        }
    }

    fn post(&mut self, from: Peer, to: Peer, mut message: Box<Message>) {
        if let (Some(p), Message::Info { result: Ok(info), .. }) = (&self.replayed, message.as_mut()) {
            info.ticket_params = Some(p.clone());
        }
        self.seen.push(Seen::Sent(from, to, message.clone()));
        if self.drop_next.is_some_and(|lost| lost(&message)) {
            self.drop_next = None;
            return;
        }
        let at = self.now + Millis(10);
        if to == GATEWAY {
            self.later(at, Event::Gateway(gateway::Input::Message { from, message }));
        } else {
            self.later(at, Event::Orchestrator(to.0 as usize, orchestrator::Input::Message { from, message }));
        }
    }

    fn later(&mut self, at: Instant, event: Event) {
        self.next += 1;
        self.events.insert((at, self.next), event);
    }

    /// Let time pass.
    pub(crate) fn run(&mut self, time: Millis) {
        let end = self.now + time;
        while let Some(entry) = self.events.first_entry().filter(|e| e.key().0 <= end) {
            let ((at, _), event) = entry.remove_entry();
            self.now = at;
            match event {
                Event::Gateway(i) => self.tell_gateway(i),
                Event::Orchestrator(n, i) => self.tell_orchestrator(n, i),
            }
        }
        self.now = end;
    }

    /// A stream of some segments of two seconds, from beginning to end.
    pub(crate) fn stream(&mut self, stream: u64, segments: u64) {
        self.start(stream);
        for seq in 0..segments {
            self.segment(stream, seq);
            self.run(Millis::from_secs(2));
        }
        self.run(Millis::from_secs(30));
        self.tell_gateway(gateway::Input::StreamEnd { stream });
        self.run(Millis::from_secs(1));
    }

    pub(crate) fn start(&mut self, stream: u64) {
        self.tell_gateway(gateway::Input::StreamStart { stream, profiles: ladder() });
        self.run(Millis(700));
    }

    pub(crate) fn segment(&mut self, stream: u64, seq: u64) {
        self.tell_gateway(gateway::Input::segment(segment(stream, seq)));
    }

    /// Results of segments in order: by whom, tickets, error.
    pub(crate) fn results(&self) -> Vec<(Option<Address>, u64, Option<String>)> {
        self.observed()
            .filter_map(|(_, o)| match o {
                Observation::SegmentDone { orchestrator, tickets, error, .. } => {
                    Some((*orchestrator, *tickets, error.clone()))
                }
                _ => None,
            })
            .collect()
    }

    pub(crate) fn observed(&self) -> impl Iterator<Item = (Peer, &Observation)> {
        self.seen.iter().filter_map(|s| match s {
            Seen::Observed(who, o) => Some((*who, o)),
            _ => None,
        })
    }

    pub(crate) fn sent(&self) -> impl Iterator<Item = (Peer, Peer, &Message)> {
        self.seen.iter().filter_map(|s| match s {
            Seen::Sent(from, to, m) => Some((*from, *to, m.as_ref())),
            _ => None,
        })
    }

    pub(crate) fn submitted(&self) -> Vec<(usize, TxId, TxIntent)> {
        self.seen
            .iter()
            .filter_map(|s| match s {
                Seen::Submitted(i, id, intent) => Some((*i, *id, intent.clone())),
                _ => None,
            })
            .collect()
    }

    /// Sums of what gateways paid and what orchestrators credited.
    pub(crate) fn books(&self) -> (Credit, Credit) {
        let (mut paid, mut credited) = (Credit::zero(), Credit::zero());
        for (_, o) in self.observed() {
            match o {
                Observation::Paid { ev, .. } => paid += &ev.credit(),
                Observation::Credited { ev, .. } => credited += &ev.credit(),
                _ => {}
            }
        }
        (paid, credited)
    }
}

impl Node {
    fn answer(&self, job: &JobMeta) -> Result<Made, String> {
        match &self.manners.fails {
            Some(why) => Err(why.clone()),
            None => Ok(Made::Answer(JobResult { bytes: job.bytes, tokens: None })),
        }
    }

    fn transcode(&self, meta: &SegmentMeta) -> Result<Vec<RenditionMeta>, String> {
        if let Some(e) = &self.manners.fails {
            return Err(e.clone());
        }
        let frame = |p: &Profile| u64::from(p.width) * u64::from(p.height) * u64::from(meta.frames);
        Ok(meta
            .profiles
            .iter()
            .map(|p| RenditionMeta {
                pixels: Pixels(frame(p) + self.manners.cheats),
                bytes: 10_000,
                hash: keccak256(&p.name),
            })
            .collect())
    }
}

pub(crate) fn store(disk: &mut Records, r: Record) {
    match r.value {
        Some(v) => disk.insert(r.key, v),
        None => disk.remove(&r.key),
    };
}

pub(crate) fn ladder() -> Arc<Renditions> {
    let step = |name: &str, width, height| Profile {
        name: name.to_owned(),
        width,
        height,
        bitrate: 500_000,
        fps: 0,
        fps_den: 1,
    };
    Arc::new(vec![step("240p", 426, 240), step("360p", 640, 360)].into())
}

pub(crate) fn segment(stream: u64, seq: u64) -> SegmentMeta {
    SegmentMeta {
        stream,
        seq,
        duration: Millis::from_secs(2),
        bytes: 500_000,
        frames: 60,
        hash: keccak256(format!("{stream}/{seq}")),
        profiles: ladder(),
    }
}
