//! What is measured: each makes its world and gives back the call.

use std::sync::Arc;

use weir_market::admission::AdmissionConfig;
use weir_market::ballot::Ballot;
use weir_market::price::PriceList;
use weir_market::selection::{Draw, Offer, Probability};
use weir_roles::gateway::{self, Gateway, GatewayConfig};
use weir_roles::io::{Message, RenditionMeta, Renditions, SegmentMeta, Standing};
use weir_roles::orchestrator::{self, Orchestrator, OrchestratorConfig};
use weir_roles::{
    ChainEvent, ChainHead, Effect, Effects, Observation, OrchestratorEntry, Peer, RoundInfo, SenderFunds, Work,
    WorkDone,
};
use weir_ticket::balance::Balances;
use weir_ticket::payment::{PaymentView, Processed, process};
use weir_ticket::recipient::{ChainView, Received, Recipient, RecipientConfig};
use weir_ticket::sender::SenderConfig;
use weir_ticket::{
    EthVerifier, LazySigner, LazyVerifier, Payment, PriceInfo, SenderParams, SigError, Signature, SigningKey, Ticket,
    TicketParams, TicketVerifier, is_winning,
};
use weir_types::{
    Address, B256, Entropy, Instant, L1Block, LptWei, Millis, Pixels, Price, Profile, Round, U256, Wei, keccak256,
};

use super::count::allocations;

const FACE_VALUE: u128 = 12_000_000_000_000_000;
const EV: u128 = 8_000_000_000;

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes([n; 32]).expect("a constant is a key")
}

/// An orchestrator's recipient and a gateway's tickets for it.
struct Pair {
    recipient: Recipient,
    params: TicketParams,
    price: Price,
    sender: SigningKey,
}

impl Pair {
    fn new() -> Self {
        let config = RecipientConfig {
            ev: Wei::new(EV),
            redeem_gas: 1_200_000,
            tx_cost_multiplier: 100,
            max_face_value: Wei::new(FACE_VALUE),
        };
        let recipient = Recipient::new(key(0x47).address(), [3; 32], config);
        let price = Price::new(1_010, 1).expect("a price");
        let sender = key(0x46);
        let params = recipient.ticket_params(sender.address(), &price, Wei::from_whole(10), &view(), U256::from(7u64));
        Self { params: params.expect("there is money"), recipient, price, sender }
    }

    fn ticket(&self, nonce: u32) -> Ticket {
        self.params.ticket(self.sender.address(), nonce, self.params.expiration_params)
    }

    fn signed(&self, nonce: u32) -> SenderParams {
        SenderParams { nonce, sig: self.ticket(nonce).sign(&self.sender) }
    }

    fn payment(&self, tickets: u32) -> Payment {
        Payment {
            sender: self.sender.address(),
            ticket_params: Some(self.params.clone()),
            expiration_params: Some(self.params.expiration_params),
            tickets: (1..=tickets).map(|n| self.signed(n)).collect(),
            expected_price: PriceInfo::of(&self.price),
        }
    }
}

fn view() -> ChainView {
    ChainView {
        l1: L1Block(20_000_000),
        gas_price: Wei::new(100_000_000),
        round: Round(5),
        round_hash: B256::repeat_byte(1),
        previous_hash: B256::repeat_byte(2),
    }
}

/// The yardstick: prefix, recovery, address.
pub(super) fn recover() -> impl FnMut() -> Result<Address, SigError> {
    let hash = keccak256("a ticket");
    let sig = key(0x46).sign(hash);
    move || weir_ticket::sig::recover(hash, &sig)
}

pub(super) fn create() -> impl FnMut() -> Signature {
    let pair = Pair::new();
    let mut nonce = 0;
    move || {
        nonce += 1;
        pair.ticket(nonce).sign(&pair.sender)
    }
}

pub(super) fn receive() -> impl FnMut() -> Received {
    let mut pair = Pair::new();
    let tickets: Vec<(Ticket, Signature)> = (0..600).map(|n| (pair.ticket(n), pair.signed(n).sig)).collect();
    let mut next = 0;
    move || {
        let (ticket, sig) = &tickets[next % tickets.len()];
        if next % tickets.len() == 0 {
            // The same tickets again, with nothing remembered of them.
            pair.recipient.clean_up(L1Block(u64::MAX));
        }
        next += 1;
        pair.recipient.receive(ticket, sig, pair.params.seed, &pair.price, view().l1, &EthVerifier)
    }
}

pub(super) fn win_check() -> impl FnMut() -> bool {
    let pair = Pair::new();
    let sig = pair.signed(1).sig;
    let rand = pair.recipient.rand(pair.sender.address(), &pair.params, &pair.price);
    move || is_winning(sig.as_ref(), rand, pair.params.win_prob)
}

pub(super) fn recipient_rand() -> impl FnMut() -> U256 {
    let pair = Pair::new();
    move || pair.recipient.rand(pair.sender.address(), &pair.params, &pair.price)
}

pub(super) fn ticket_params() -> impl FnMut() -> TicketParams {
    let pair = Pair::new();
    let mut seed = 0_u64;
    move || {
        seed += 1;
        let sender = pair.sender.address();
        let made = pair.recipient.ticket_params(sender, &pair.price, Wei::from_whole(10), &view(), U256::from(seed));
        made.expect("there is money")
    }
}

/// A payment with a verifier, by a sender whose earlier tickets are forgotten each time.
fn pay(tickets: u32, verifier: impl TicketVerifier) -> impl FnMut() -> Processed {
    let mut pair = Pair::new();
    let payment = pair.payment(tickets);
    let mut balances = Balances::new();
    let view = PaymentView { l1: view().l1, round: Round(5), active: true, withdraw_round: Round(0) };
    move || {
        pair.recipient.clean_up(L1Block(u64::MAX));
        process(&payment, 1, &mut pair.recipient, &mut balances, &view, &verifier, Instant::ZERO)
    }
}

pub(super) fn payment(tickets: u32) -> impl FnMut() -> Processed {
    pay(tickets, EthVerifier)
}

/// A payment of one ticket, but for the check of its signature.
pub(super) fn payment_overhead() -> impl FnMut() -> Processed {
    pay(1, Trusting)
}

/// Takes every signature for good.
#[derive(Debug, Clone, Copy)]
struct Trusting;

impl TicketVerifier for Trusting {
    fn verify(&self, _: Address, _: B256, _: &Signature) -> Result<(), SigError> {
        Ok(())
    }
}

/// An orchestrator among others.
struct Stub {
    uri: String,
    address: Address,
    price: Price,
    stake: u64,
}

impl Offer for Stub {
    fn uri(&self) -> &str {
        &self.uri
    }
    fn recipient(&self) -> Option<Address> {
        Some(self.address)
    }
    fn price(&self) -> Option<&Price> {
        Some(&self.price)
    }
    fn stake(&self) -> u64 {
        self.stake
    }
    fn performance(&self) -> Option<f64> {
        Some(0.9)
    }
}

struct Draws(Entropy);

impl Draw for Draws {
    fn unit(&mut self) -> f64 {
        self.0.unit()
    }
    fn below(&mut self, n: u64) -> u64 {
        self.0.below(n)
    }
}

/// A draw out of so many orchestrators of different prices and stakes.
pub(super) fn select(n: u64) -> impl FnMut() -> Option<usize> {
    let one = |i: u64| Stub {
        uri: format!("https://o{i}.example:8935"),
        address: Address::from_slice(&keccak256(i.to_be_bytes())[12..]),
        price: Price::new(900 + i, 1).expect("a price"),
        stake: 1_000 + i * 37 % 5_000,
    };
    let offers: Vec<Stub> = (0..n).map(one).collect();
    let rule = Probability { max_price: Price::new(900 + n * 9 / 10, 1), min_performance: 0.5, ..Default::default() };
    let mut draws = Draws(Entropy::from_seed([1; 32]));
    let ballot = Ballot::new(&rule, &offers);
    move || ballot.draw(&mut draws)
}

/// A stream in real time, beside blocks of L1 as they come.
const SEGMENT: Millis = Millis::from_secs(2);
const SEGMENTS_PER_BLOCK: u64 = 6;
const GATEWAY: Peer = Peer(0);
/// So many that the one that serves leaves enough to choose from: with fewer, each segment begins a search.
const ORCHESTRATORS: usize = 3;
/// At this price a segment costs about one ticket, as on the network.
const WEI_PER_PIXEL: u64 = 400;

/// A gateway and orchestrators, joined without a network between them.
struct Joined {
    gateway: Gateway,
    orchestrators: Vec<Orchestrator>,
    rng: Entropy,
    now: Instant,
    l1: L1Block,
    next: u64,
    served: u64,
    tickets: u64,
    profiles: Arc<Renditions>,
    results: Vec<RenditionMeta>,
    /// Emptied, for the next inputs.
    spare: Vec<Effects>,
}

impl Joined {
    fn new() -> Self {
        let signer = |n: usize| LazySigner(key(0x46 + n as u8).address());
        let config = OrchestratorConfig {
            prices: PriceList::new(Price::new(WEI_PER_PIXEL, 1), true),
            admission: AdmissionConfig::default(),
            tickets: RecipientConfig { ev: Wei::new(EV), max_face_value: Wei::new(FACE_VALUE), ..Default::default() },
        };
        let payment = SenderConfig { max_total_ev: Wei::from_whole(1).into(), ..SenderConfig::default() };
        let mut rng = Entropy::from_seed([7; 32]);
        let step = |name: &str, width, height| Profile {
            name: name.to_owned(),
            width,
            height,
            bitrate: 500_000,
            fps: 0,
            fps_den: 1,
        };
        let profiles = vec![step("240p", 426, 240), step("360p", 640, 360)];
        let result = |p: &Profile| RenditionMeta {
            pixels: Pixels(u64::from(p.width) * u64::from(p.height) * 60),
            bytes: 10_000,
            hash: keccak256(&p.name),
        };
        let mut joined = Self {
            orchestrators: (1..=ORCHESTRATORS)
                .map(|n| {
                    Orchestrator::new(config.clone(), Box::new(signer(n)), &mut rng)
                        .with_verifier(Box::new(LazyVerifier))
                })
                .collect(),
            gateway: Gateway::new(GatewayConfig { payment, ..GatewayConfig::default() }, Box::new(signer(0)))
                .with_verifier(Box::new(LazyVerifier)),
            results: profiles.iter().map(result).collect(),
            profiles: Arc::new(profiles.into()),
            rng,
            now: Instant::from_secs(1_000),
            l1: view().l1,
            next: 0,
            served: 0,
            tickets: 0,
            spare: Vec::new(),
        };
        joined.begin((1..=ORCHESTRATORS).map(|n| signer(n).0));
        joined
    }

    fn begin(&mut self, addresses: impl Iterator<Item = Address>) {
        let view = view();
        let round = RoundInfo {
            round: view.round,
            block_hash: view.round_hash,
            previous_block_hash: view.previous_hash,
            start_block: view.l1,
            length: 5_760,
            pool_size: 10,
        };
        let entries = addresses.enumerate().map(|(n, address)| OrchestratorEntry {
            address,
            uri: format!("https://o{n}.example:8935"),
            peer: Peer(n as u32 + 1),
            stake: LptWei::from_whole(1_000),
        });
        let set = ChainEvent::ActiveSet(entries.collect());
        self.block();
        self.news(&ChainEvent::Round(round));
        self.news(&set);
        self.tell_gateway(gateway::Input::StreamStart { stream: 1, profiles: Arc::clone(&self.profiles) });
    }

    /// The next block of L1.
    fn block(&mut self) {
        self.news(&ChainEvent::Head(ChainHead { l1: self.l1, gas_price: view().gas_price }));
        self.l1.0 += 1;
    }

    fn news(&mut self, event: &ChainEvent) {
        self.tell_gateway(gateway::Input::Chain(event.clone()));
        for n in 0..ORCHESTRATORS {
            self.tell_orchestrator(n, orchestrator::Input::Chain(event.clone()));
        }
    }

    fn tell_gateway(&mut self, input: gateway::Input) {
        let mut out = self.spare.pop().unwrap_or_default();
        self.gateway.handle(self.now, input, &mut self.rng, &mut out);
        for effect in out.drain() {
            match effect {
                Effect::Send { to, message } => {
                    if let Message::Segment { payment, .. } = message.as_ref() {
                        self.tickets += payment.tickets.len() as u64;
                    }
                    let n = to.0 as usize - 1;
                    self.tell_orchestrator(n, orchestrator::Input::Message { from: GATEWAY, message });
                }
                Effect::WatchSender(sender) => {
                    let rich = Wei::from_whole(1_000);
                    let funds = SenderFunds { deposit: rich, reserve_remaining: rich, ..SenderFunds::default() };
                    self.tell_gateway(gateway::Input::Chain(ChainEvent::Funds { sender, funds }));
                }
                Effect::Observe(Observation::SegmentDone { error, .. }) => {
                    assert_eq!(error, None);
                    self.served += 1;
                }
                _ => {}
            }
        }
        self.spare.push(out);
    }

    fn tell_orchestrator(&mut self, n: usize, input: orchestrator::Input) {
        let mut out = self.spare.pop().unwrap_or_default();
        self.orchestrators[n].handle(self.now, input, &mut self.rng, &mut out);
        for effect in out.drain() {
            match effect {
                Effect::Send { message, .. } => {
                    self.tell_gateway(gateway::Input::Message { from: Peer(n as u32 + 1), message });
                }
                Effect::Monitor(sender) => {
                    let standing = Standing { max_float: Wei::from_whole(1_000), ..Standing::default() };
                    self.tell_orchestrator(n, orchestrator::Input::Standing { sender, standing });
                }
                Effect::Start { id, work, .. } => {
                    debug_assert!(matches!(*work, Work::Transcode(_)));
                    let done = WorkDone { id, result: Ok(self.results.clone().into()) };
                    self.tell_orchestrator(n, orchestrator::Input::Work(done));
                }
                _ => {}
            }
        }
        self.spare.push(out);
    }

    fn segment(&mut self) {
        let seq = self.next;
        self.next += 1;
        self.now = self.now + SEGMENT;
        if seq.is_multiple_of(SEGMENTS_PER_BLOCK) {
            self.block();
        }
        let meta = SegmentMeta {
            stream: 1,
            seq,
            duration: SEGMENT,
            bytes: 500_000,
            frames: 60,
            hash: B256::from(U256::from(seq)),
            profiles: Arc::clone(&self.profiles),
        };
        self.tell_gateway(gateway::Input::segment(meta));
    }
}

pub(super) fn paid_segment() -> impl FnMut() {
    let mut joined = Joined::new();
    joined.segment();
    assert_eq!((joined.served, joined.tickets > 0), (1, true), "the first segment is served and paid");
    move || joined.segment()
}

/// What a ticket more in a payment allocates, when the session has had some before.
pub(super) fn allocations_per_ticket() -> f64 {
    let mut pair = Pair::new();
    let mut balances = Balances::new();
    let view = PaymentView { l1: view().l1, round: Round(5), active: true, withdraw_round: Round(0) };
    let payment = pair.payment(590);
    let mut part = |from: usize, to: usize| {
        let tickets = payment.tickets[from..to].to_vec();
        let part = Payment { tickets, ..payment.clone() };
        allocations(|| process(&part, 1, &mut pair.recipient, &mut balances, &view, &EthVerifier, Instant::ZERO))
    };
    part(0, 300);
    let (few, many) = (part(300, 310), part(310, 590));
    (many as f64 - few as f64) / 270.0
}
