//! Two books, one truth: a gateway and two orchestrators over a network that loses, doubles and delays messages,
//! with restarts of either side and blocks that jump. Whatever happened, the difference between the books of a
//! session is what was on its way.

use std::collections::{BTreeMap, BTreeSet};

use weir_market::admission::AdmissionConfig;
use weir_market::price::PriceList;
use weir_roles::gateway::{self, Gateway, GatewayConfig, UsedNonce};
use weir_roles::io::{Message, Records, RenditionMeta, SegmentMeta, Standing};
use weir_roles::orchestrator::{self, Orchestrator, OrchestratorConfig};
use weir_roles::{
    ChainEvent, ChainHead, Effect, Effects, Observation, OrchestratorEntry, Peer, RoundInfo, Work, WorkDone,
};
use weir_ticket::{LazySigner, LazyVerifier, Payment};
use weir_types::{
    Address, B256, Credit, Entropy, Instant, L1Block, LptWei, Millis, Pixels, Price, Profile, Round, Wei, keccak256,
};

use crate::support::{EV, GATEWAY, funds, ladder, store, tickets};

const SEEDS: u64 = 1_000;
const SEGMENTS: u64 = 30;
const ORCHESTRATORS: usize = 2;

/// An orchestrator, which of its lives, and a session.
type Session = (usize, u32, u64);

/// Why an orchestrator may take a message with tickets and credit less than they are worth.
const REFUSALS: [&str; 4] =
    ["TicketParams expired", "invalid auth token", "OrchestratorCapped", "invalid ticket senderNonce: already seen"];

enum Event {
    ToGateway { life: u32, input: gateway::Input },
    ToOrchestrator { node: usize, from: Peer, message: Message, sent: Option<u64> },
    Done { node: usize, life: u32, done: WorkDone },
}

/// A segment's message: what its tickets are worth, and what became of them.
struct Sent {
    node: usize,
    session: u64,
    gateway_life: u32,
    worth: Credit,
    credited: Credit,
    /// Lives of the orchestrator that copies arrived in.
    delivered: Vec<u32>,
    refused: Vec<String>,
}

struct Node {
    address: Address,
    machine: Orchestrator,
    life: u32,
}

/// What a run met, so that no part of the test can be empty.
#[derive(Debug, Default, Clone, Copy)]
struct Met {
    sessions: u64,
    served: u64,
    undelivered: u64,
    doubled: u64,
    refused: u64,
    unseen: u64,
    restarts: u64,
}

struct Net {
    seed: u64,
    now: Instant,
    l1: u64,
    rng: Entropy,
    price: u64,
    gateway: Gateway,
    gateway_life: u32,
    nodes: Vec<Node>,
    events: BTreeMap<(Instant, u64), Event>,
    next: u64,
    sent: BTreeMap<u64, Sent>,
    /// The message behind each of the gateway's requests of its present life.
    requests: BTreeMap<u64, u64>,
    debited: BTreeMap<Session, Credit>,
    /// Fees of the gateway by session of its present life.
    settled: BTreeMap<Session, Credit>,
    met: Met,
    /// What the gateway stored.
    disk: Records,
    /// Parameters and nonces of all tickets that were sent.
    nonces: BTreeSet<(B256, u32)>,
}

fn signer(n: u8) -> LazySigner {
    LazySigner(Address::repeat_byte(n))
}

fn new_gateway() -> Gateway {
    Gateway::new(GatewayConfig::default(), Box::new(signer(0x46))).with_verifier(Box::new(LazyVerifier))
}

fn new_orchestrator(n: usize, price: u64, rng: &mut Entropy) -> Orchestrator {
    let config = OrchestratorConfig {
        prices: PriceList::new(Price::new(price, 1), true),
        admission: AdmissionConfig::default(),
        tickets: tickets(),
    };
    Orchestrator::new(config, Box::new(signer(0x50 + n as u8)), rng).with_verifier(Box::new(LazyVerifier))
}

impl Net {
    fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut rng = Entropy::from_seed(bytes);
        let price = [10_000, 50_000, 100_000][rng.below(3) as usize];
        let nodes = (0..ORCHESTRATORS)
            .map(|n| Node { address: signer(0x50 + n as u8).0, machine: new_orchestrator(n, price, &mut rng), life: 0 })
            .collect();
        let mut net = Self {
            seed,
            now: Instant::from_secs(1_000),
            l1: 1_000,
            rng,
            price,
            gateway: new_gateway(),
            gateway_life: 0,
            nodes,
            events: BTreeMap::new(),
            next: 0,
            sent: BTreeMap::new(),
            requests: BTreeMap::new(),
            debited: BTreeMap::new(),
            settled: BTreeMap::new(),
            met: Met::default(),
            disk: Records::new(),
            nonces: BTreeSet::new(),
        };
        net.tell_gateway_of_the_chain();
        for node in 0..ORCHESTRATORS {
            net.tell_of_the_chain(node);
        }
        net
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.rng.below(100) < percent
    }

    fn chain(&self) -> [ChainEvent; 3] {
        let head = ChainHead { l1: L1Block(self.l1), gas_price: Wei::new(15_000_000) };
        let round = RoundInfo {
            round: Round(10),
            block_hash: B256::repeat_byte(10),
            previous_block_hash: B256::repeat_byte(9),
            start_block: L1Block(1_000),
            length: 5_760,
            pool_size: 10,
        };
        let entry = |(i, n): (usize, &Node)| OrchestratorEntry {
            address: n.address,
            uri: format!("https://o{i}:8935"),
            peer: Peer(i as u32),
            stake: LptWei::from_whole(1_000),
        };
        let set = self.nodes.iter().enumerate().map(entry).collect();
        [ChainEvent::Head(head), ChainEvent::Round(round), ChainEvent::ActiveSet(set)]
    }

    fn tell_gateway_of_the_chain(&mut self) {
        for e in self.chain() {
            self.tell_gateway(gateway::Input::Chain(e));
        }
    }

    fn tell_of_the_chain(&mut self, node: usize) {
        for e in self.chain() {
            self.tell(node, orchestrator::Input::Chain(e), None);
        }
    }

    fn later(&mut self, delay: Millis, event: Event) {
        self.next += 1;
        self.events.insert((self.now + delay, self.next), event);
    }

    /// How long a message takes: most are quick, some too late for anybody who waits.
    fn delay(&mut self) -> Millis {
        if self.chance(2) { Millis(12_000) } else { Millis(5 + self.rng.below(400)) }
    }

    /// How many copies of a message arrive.
    fn copies(&mut self) -> u64 {
        match self.rng.below(100) {
            0..5 => 0,
            5..12 => 2,
            _ => 1,
        }
    }

    fn tell_gateway(&mut self, input: gateway::Input) -> Vec<Observation> {
        let mut out = Effects::new();
        self.gateway.handle(self.now, input, &mut self.rng, &mut out);
        let mut seen = Vec::new();
        for e in out.drain().collect::<Vec<_>>() {
            match e {
                Effect::Send { to, message } => self.send(to.0 as usize, &message),
                Effect::Timer { at, kind } => {
                    let event = Event::ToGateway { life: self.gateway_life, input: gateway::Input::Timer(kind) };
                    self.later(at.since(self.now), event);
                }
                Effect::WatchSender(sender) => {
                    let funds = funds(5, 50);
                    self.tell_gateway(gateway::Input::Chain(ChainEvent::Funds { sender, funds }));
                }
                Effect::Observe(o) => seen.push(o),
                Effect::Persist(r) => store(&mut self.disk, r),
                other => panic!("a gateway wants {other:?}"),
            }
        }
        seen
    }

    fn send(&mut self, node: usize, message: &Message) {
        let mut number = None;
        if let Message::Segment { request, auth, payment, .. } = message {
            self.next += 1;
            number = Some(self.next);
            self.note_nonces(payment);
            let worth = payment
                .ticket_params
                .as_ref()
                .map_or_else(Credit::zero, |p| p.value().times(payment.tickets.len() as u64).credit());
            self.requests.insert(*request, self.next);
            let sent = Sent {
                node,
                session: auth.session_id,
                gateway_life: self.gateway_life,
                worth,
                credited: Credit::zero(),
                delivered: Vec::new(),
                refused: Vec::new(),
            };
            self.sent.insert(self.next, sent);
        }
        for _ in 0..self.copies() {
            let delay = self.delay();
            // A connection ends with the process that made it.
            let from = Peer(GATEWAY.0 + self.gateway_life);
            self.later(delay, Event::ToOrchestrator { node, from, message: message.clone(), sent: number });
        }
    }

    /// Every ticket is a new one, and what is stored says so before it leaves.
    fn note_nonces(&mut self, payment: &Payment) {
        let Some(p) = &payment.ticket_params else { return };
        let stored = &self.disk[&UsedNonce::key(&p.recipient_rand_hash)];
        let stored: UsedNonce = serde_json::from_slice(stored).expect("it reads");
        for t in &payment.tickets {
            assert!(self.nonces.insert((p.recipient_rand_hash, t.nonce)), "seed {}: a nonce twice", self.seed);
            assert!(stored.nonce >= t.nonce, "seed {}: a nonce is not stored", self.seed);
        }
    }

    /// Hand an orchestrator something; `sent` is the number of a segment's message.
    fn tell(&mut self, node: usize, input: orchestrator::Input, sent: Option<u64>) {
        let mut out = Effects::new();
        let life = self.nodes[node].life;
        self.nodes[node].machine.handle(self.now, input, &mut self.rng, &mut out);
        for e in out.drain().collect::<Vec<_>>() {
            match e {
                Effect::Send { to, message } => {
                    if let (Some(n), Message::Transcoded { result: Err(r), .. }) = (sent, message.as_ref()) {
                        self.sent.get_mut(&n).expect("it was sent").refused.push(r.text().to_owned());
                    }
                    for _ in 0..self.copies() {
                        let (delay, life) = (self.delay(), to.0 - GATEWAY.0);
                        let (from, message) = (Peer(node as u32), message.clone());
                        let input = gateway::Input::Message { from, message };
                        self.later(delay, Event::ToGateway { life, input });
                    }
                }
                Effect::Monitor(sender) => {
                    let standing = Standing { max_float: Wei::from_whole(5), ..Standing::default() };
                    self.tell(node, orchestrator::Input::Standing { sender, standing }, None);
                }
                Effect::Start { id, work, .. } => {
                    let Work::Transcode(meta) = *work else { panic!("only segments are sent") };
                    let done = WorkDone { id, result: Ok(renditions(&meta).into()) };
                    let took = Millis(100 + self.rng.below(1_500));
                    self.later(took, Event::Done { node, life, done });
                }
                Effect::Observe(o) => self.note(node, o, sent),
                Effect::Redeem(_) | Effect::SessionOver { .. } => {}
                other => panic!("an orchestrator wants {other:?}"),
            }
        }
    }

    fn note(&mut self, node: usize, o: Observation, sent: Option<u64>) {
        let (seed, life) = (self.seed, self.nodes[node].life);
        match o {
            Observation::Credited { session, ev, .. } => {
                let s = self.sent.get_mut(&sent.expect("only a payment is credited")).expect("it was sent");
                assert_eq!(s.session, session, "seed {seed}");
                s.credited += &ev.credit();
            }
            Observation::Debited { session, fee, balance, .. } => {
                *self.debited.entry((node, life, session)).or_insert_with(Credit::zero) += &fee.credit();
                // What was there when the segment was begun covers more than nothing, and the segment is the only
                // one on credit.
                let mut before = balance;
                before += &fee;
                assert!(before.credit() >= Wei::new(EV).into(), "seed {seed}: served on credit: {before}");
                self.met.served += 1;
            }
            _ => {}
        }
    }

    fn run(&mut self, time: Millis) {
        let end = self.now + time;
        while let Some(entry) = self.events.first_entry().filter(|e| e.key().0 <= end) {
            let ((at, _), event) = entry.remove_entry();
            self.now = at;
            match event {
                Event::ToGateway { life, input } if life == self.gateway_life => self.answer(input),
                Event::ToOrchestrator { node, from, message, sent } => {
                    if let Some(s) = sent.and_then(|n| self.sent.get_mut(&n)) {
                        let life = self.nodes[node].life;
                        self.met.doubled += u64::from(!s.delivered.is_empty());
                        s.delivered.push(life);
                    }
                    let message = Box::new(message);
                    self.tell(node, orchestrator::Input::Message { from, message }, sent);
                }
                Event::Done { node, life, done } if life == self.nodes[node].life => {
                    self.tell(node, orchestrator::Input::Work(done), None);
                }
                Event::ToGateway { .. } | Event::Done { .. } => {}
            }
        }
        self.now = end;
    }

    /// The gateway hears something; a fee it settles for that belongs to the request's session.
    fn answer(&mut self, input: gateway::Input) {
        let request = match &input {
            gateway::Input::Message { message, .. } => match message.as_ref() {
                Message::Transcoded { request, result: Ok(_), .. } => Some(*request),
                _ => None,
            },
            _ => None,
        };
        for o in self.tell_gateway(input) {
            let Observation::SegmentDone { fee, error: None, .. } = o else { continue };
            let sent = &self.sent[&self.requests[&request.expect("only renditions end a segment well")]];
            let life = *sent.delivered.first().expect("it was worked on");
            let session = (sent.node, life, sent.session);
            *self.settled.entry(session).or_insert_with(Credit::zero) += &fee.credit();
        }
    }

    fn restart_gateway(&mut self) {
        self.met.restarts += 1;
        self.gateway_life += 1;
        self.gateway = new_gateway().restored(&self.disk).expect("its records are whole");
        self.requests.clear();
        self.settled.clear();
        self.tell_gateway_of_the_chain();
    }

    fn restart(&mut self, node: usize) {
        self.met.restarts += 1;
        self.nodes[node].life += 1;
        self.nodes[node].machine = new_orchestrator(node, self.price, &mut self.rng);
        self.tell_of_the_chain(node);
    }

    fn play(&mut self) {
        let mut stream = 1;
        self.tell_gateway(gateway::Input::StreamStart { stream, profiles: ladder() });
        for seq in 0..SEGMENTS {
            match self.rng.below(60) {
                0 => {
                    self.restart_gateway();
                    stream += 1;
                    self.tell_gateway(gateway::Input::StreamStart { stream, profiles: ladder() });
                }
                1 => {
                    let node = self.rng.below(ORCHESTRATORS as u64) as usize;
                    self.restart(node);
                }
                2..8 => {
                    self.l1 += [1, 5, 45][self.rng.below(3) as usize];
                    self.tell_gateway_of_the_chain();
                    (0..ORCHESTRATORS).for_each(|n| self.tell_of_the_chain(n));
                }
                _ => {}
            }
            let meta = SegmentMeta {
                frames: 30 + self.rng.below(91) as u32,
                hash: keccak256(seq.to_be_bytes()),
                ..crate::support::segment(stream, seq)
            };
            self.tell_gateway(gateway::Input::segment(meta));
            let pause = Millis(50 + self.rng.below(2_500));
            self.run(pause);
        }
        self.run(Millis::from_secs(60));
        assert!(self.events.is_empty(), "seed {}: something never ends", self.seed);
    }

    /// Every ticket's worth is credited once, was lost on the way, or was refused with a reason.
    fn check_tickets(&mut self) {
        let seed = self.seed;
        for s in self.sent.values() {
            assert!(s.credited <= s.worth, "seed {seed}: credited twice");
            if s.delivered.is_empty() {
                assert_eq!(s.credited, Credit::zero(), "seed {seed}");
                self.met.undelivered += u64::from(s.worth != Credit::zero());
            } else if s.credited < s.worth {
                let known = |r: &String| REFUSALS.iter().any(|k| r.contains(k));
                assert!(s.refused.iter().any(known), "seed {seed}: not credited, answered {:?}", s.refused);
                self.met.refused += 1;
            }
        }
    }

    /// The orchestrator's book is the gateway's, with all that the gateway gave up, less what did not arrive, was
    /// refused, or is a fee that the gateway did not hear of.
    fn check_books(&mut self) {
        let mut sums: BTreeMap<(usize, u64), Credit> = BTreeMap::new();
        for s in self.sent.values() {
            let missing = sums.entry((s.node, s.session)).or_insert_with(Credit::zero);
            *missing += &s.worth;
            *missing -= &s.credited;
        }
        // A life that is over took its books along.
        for s in self.sent.values() {
            let gone = s.delivered.iter().any(|life| *life != self.nodes[s.node].life);
            if gone || s.gateway_life != self.gateway_life {
                sums.remove(&(s.node, s.session));
            }
        }
        for ((node, session), missing) in sums {
            let n = &self.nodes[node];
            let key = (node, n.life, session);
            let zero = Credit::zero();
            let mut unseen = self.debited.get(&key).unwrap_or(&zero).clone();
            unseen -= self.settled.get(&key).unwrap_or(&zero);
            let book = self.gateway.book(n.address, session);
            let mut explained = book.balance;
            explained += &book.in_flight;
            explained += &book.lost;
            explained -= &missing;
            explained -= &unseen;
            let theirs = n.machine.credit(signer(0x46).0, session);
            assert_eq!(theirs, explained, "seed {}: session {session:08x} of {node}", self.seed);
            self.met.sessions += 1;
            self.met.unseen += u64::from(unseen != zero);
        }
    }
}

fn renditions(meta: &SegmentMeta) -> Vec<RenditionMeta> {
    let one = |p: &Profile| RenditionMeta {
        pixels: Pixels(u64::from(p.width) * u64::from(p.height) * u64::from(meta.frames)),
        bytes: 10_000,
        hash: keccak256(&p.name),
    };
    meta.profiles.iter().map(one).collect()
}

#[test]
fn the_books_differ_by_what_is_on_its_way() {
    let mut all = Met::default();
    for seed in 0..SEEDS {
        let mut net = Net::new(seed);
        net.play();
        net.check_tickets();
        net.check_books();
        let m = net.met;
        all = Met {
            sessions: all.sessions + m.sessions,
            served: all.served + m.served,
            undelivered: all.undelivered + m.undelivered,
            doubled: all.doubled + m.doubled,
            refused: all.refused + m.refused,
            unseen: all.unseen + m.unseen,
            restarts: all.restarts + m.restarts,
        };
    }
    let parts = [all.sessions, all.undelivered, all.doubled, all.refused, all.unseen, all.restarts];
    assert!(parts.iter().all(|n| *n >= 100) && all.served > SEEDS * SEGMENTS / 2, "{all:?}");
    println!("{all:?}");
}
