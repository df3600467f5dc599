//! Traffic in sums: a session's segments are reckoned by the stretch, and how many of its tickets win is drawn.
//!
//! What decides is what decides elsewhere: the pool of sessions chooses, the orchestrator's own machine names price and
//! ticket parameters, the gateway's rules accept them, and a winner goes to the orchestrator's redeemer and from there to
//! the contracts. Only the messages of single segments are left out. A stretch ends when its stream does, when its
//! orchestrator dies, and at fixed times, so that nothing spans two rounds.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_kernel::ActorId;
use weir_market::discovery::Trust;
use weir_market::pool::{GOOD_SCORE, PoolConfig, SessionPool};
use weir_market::price::stake_to_fixed;
use weir_market::selection::{Offer, Probability};
use weir_market::strategy::StrategyConfig;
use weir_media::{SegmentSpec, WorkModel};
use weir_roles::Peer;
use weir_roles::io::{Message, SegmentMeta};
use weir_roles::offer::OrchestratorInfo;
use weir_ticket::sender::{Sender, SenderConfig, SenderView, fee_estimate};
use weir_ticket::{Signature, Ticket, TicketParams, Value, WinningTicket};
use weir_types::{Address, Entropy, Instant, Millis, Pixels, Price, WinProb, keccak256};

use super::event::{Event, Part};
use super::node::{Input, Node};
use super::setup::L1_START;
use super::{World, index, priority};
use crate::LabError;
use crate::books::Stretch;

/// Stretches of a round. Parameters of tickets hold for eight minutes in the network, and what they depend on changes
/// from round to round.
const STRETCHES: u64 = 4;
/// Choices in a row that do not keep up, after which they become rarer.
const PROBES: u32 = 16;
/// A winner reaches the redeemer within this time after its stretch.
const WINNER_DELAY: Millis = Millis::from_secs(60);
/// How often in a round a node looks at the chain without a reason.
pub(super) const LOOKS_PER_ROUND: u64 = 8;

/// An orchestrator as a gateway chooses it.
#[derive(Debug, Clone)]
struct Offered {
    actor: ActorId,
    uri: Arc<str>,
    address: Address,
    price: Price,
    stake: u64,
}

impl Offer for Offered {
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
}

/// With whom a session is, and on which terms.
struct Terms {
    actor: ActorId,
    uri: Arc<str>,
    info: OrchestratorInfo,
    /// Credit that is left.
    balance: Value,
    /// Time from a segment to its result.
    took: Millis,
    /// Share of the orchestrator's time that it takes.
    share: f64,
}

/// A stream under way.
struct Session {
    gateway: ActorId,
    pool: SessionPool<Offered>,
    terms: Option<Terms>,
    /// Whom it had last.
    last: Option<ActorId>,
    /// Start of the stretch.
    since: Instant,
    /// Segments before it.
    before: u64,
    /// Segments of it.
    planned: u64,
    turn: u32,
    /// Choices in a row that did not keep up.
    slow: u32,
}

/// What traffic in sums keeps.
pub(super) struct Flows {
    sessions: BTreeMap<u64, Session>,
    /// Sessions with an orchestrator, and the share of its time that they take.
    load: BTreeMap<ActorId, (u32, f64)>,
    /// What active orchestrators offer, as of a reading of the active set.
    offers: (u64, Vec<Offered>),
    selection: Probability,
    strategy: StrategyConfig,
    sender: SenderConfig,
    stretch: Millis,
    rng: Entropy,
    /// Answers of machines that are asked without a network in between.
    pub(super) heard: Option<Vec<Message>>,
    request_sigs: BTreeMap<ActorId, Signature>,
}

impl Flows {
    pub(super) fn new(
        selection: Probability,
        strategy: StrategyConfig,
        sender: SenderConfig,
        round_seconds: u64,
        rng: Entropy,
    ) -> Self {
        Self {
            sessions: BTreeMap::new(),
            load: BTreeMap::new(),
            offers: (0, Vec::new()),
            selection,
            strategy,
            sender,
            stretch: Millis(round_seconds * 1_000 / STRETCHES),
            rng,
            heard: None,
            request_sigs: BTreeMap::new(),
        }
    }
}

impl Flows {
    /// Sessions with an orchestrator.
    pub(super) fn sessions_with(&self, actor: ActorId) -> u32 {
        self.load.get(&actor).map_or(0, |l| l.0)
    }
}

impl World {
    /// A stream reaches its gateway.
    pub(super) fn open_session(&mut self, now: Instant, stream: u64) -> Result<(), LabError> {
        let Some(plan) = usize::try_from(stream).ok().and_then(|i| self.plans.get(i)) else { return Ok(()) };
        let gateway = self.gateway_actor(plan.gateway);
        let Some(address) = self.node(gateway).map(Node::address) else { return Ok(()) };
        self.books.stream_started(address, stream, now);
        let offers = self.offers();
        let f = &self.flows;
        // Those who ask too much are not among the offers.
        let selection = Probability { max_price: None, ..f.selection.clone() };
        let mut pool = SessionPool::new(PoolConfig::new(Trust::Untrusted, offers.len(), true, selection));
        if f.strategy != StrategyConfig::Livepeer {
            pool.set_strategy(f.strategy.build(pool.config().selection.clone()));
        }
        pool.begin_refresh();
        pool.end_refresh(offers);
        let session =
            Session { gateway, pool, terms: None, last: None, since: now, before: 0, planned: 0, turn: 0, slow: 0 };
        self.flows.sessions.insert(stream, session);
        self.begin_stretch(now, stream)
    }

    /// Offers of those who are there and have room.
    fn offers(&mut self) -> Vec<Offered> {
        if self.flows.offers.0 != self.view.active_reading {
            let offer = |e: &weir_roles::OrchestratorEntry| {
                let actor = ActorId(e.peer.0);
                let price = self.specs.get(index(actor)?)?.price.clone();
                Some(Offered {
                    actor,
                    // Names to sort by: short ones are compared faster.
                    uri: format!("{actor:05}", actor = actor.0).into(),
                    address: e.address,
                    price,
                    stake: stake_to_fixed(e.stake),
                })
            };
            let offers = self.view.active.iter().filter_map(offer);
            let all = offers.filter(|o| self.flows.selection.eligible(o)).collect();
            self.flows.offers = (self.view.active_reading, all);
        }
        let there = |o: &&Offered| {
            let busy = self.flows.sessions_with(o.actor);
            self.node(o.actor).is_some_and(|n| n.up && busy < n.max_sessions)
        };
        self.flows.offers.1.iter().filter(there).cloned().collect()
    }

    /// Finds somebody for the next stretch, or keeps whom it has, and says when it ends.
    fn begin_stretch(&mut self, now: Instant, stream: u64) -> Result<(), LabError> {
        let Some((meta, left)) = self.rest_of(stream) else { return Ok(()) };
        // Who has somebody that keeps up looks for nobody else.
        if self.flows.sessions.get(&stream).is_some_and(|s| s.terms.is_none() && s.pool.needs_refresh()) {
            let offers = self.offers();
            if let Some(s) = self.flows.sessions.get_mut(&stream) {
                s.pool.begin_refresh();
                s.pool.end_refresh(offers);
            }
        }
        let good = self.find(now, stream, &meta)?;
        let Some(s) = self.flows.sessions.get_mut(&stream) else { return Ok(()) };
        let until = next_edge(self.begin, self.flows.stretch, now);
        let room = until.since(now).0.div_ceil(meta.duration.0.max(1)).max(1);
        // While whoever was chosen is too slow, each segment is another choice. Where that goes on nobody keeps up, and
        // it takes longer and longer until it is tried again.
        s.slow = if good { 0 } else { s.slow.saturating_add(1) };
        s.planned = if good { room } else { 1 << s.slow.saturating_sub(PROBES).min(20) };
        s.planned = s.planned.min(room).min(left);
        s.since = now;
        s.turn += 1;
        let at = now + Millis(meta.duration.0.saturating_mul(s.planned));
        let event = Event::Settle { stream, turn: s.turn };
        self.kernel.schedule(at, priority::NODE, s.gateway, event);
        Ok(())
    }

    /// The next segment of a stream and how many there are from it on.
    fn rest_of(&self, stream: u64) -> Option<(SegmentMeta, u64)> {
        let plan = self.plans.get(usize::try_from(stream).ok()?)?;
        let before = self.flows.sessions.get(&stream)?.before;
        Some((plan.segment(before)?, plan.len() - before))
    }

    /// Sees to it that a session has terms that hold; false where whoever it has does not keep up, or it has nobody.
    fn find(&mut self, now: Instant, stream: u64, meta: &SegmentMeta) -> Result<bool, LabError> {
        loop {
            let Some(s) = self.flows.sessions.get_mut(&stream) else { return Ok(false) };
            let gateway = s.gateway;
            let Some(pick) = s.pool.select(now, &mut self.flows.rng) else {
                // Nobody takes it, and nobody will before something changes.
                self.leave(stream);
                return Ok(true);
            };
            if s.terms.as_ref().is_some_and(|t| t.uri != pick.uri) {
                self.leave(stream);
            }
            let actor = self.flows.sessions.get(&stream).and_then(|s| s.pool.get(&pick.uri)).map(|s| s.offer().actor);
            let Some(actor) = actor else { return Ok(false) };
            let Some(info) = self.terms_of(now, gateway, actor, stream)? else {
                self.refuse_session(stream, &pick.uri);
                continue;
            };
            let (took, share) = self.time_of(gateway, actor, stream, meta);
            self.enter(now, stream, actor, &pick.uri, info, (took, share), meta.duration);
            return Ok(weir_market::limits::latency_score(took, meta.duration) <= GOOD_SCORE);
        }
    }

    fn refuse_session(&mut self, stream: u64, uri: &str) {
        if self.flows.sessions.get(&stream).is_some_and(|s| s.terms.as_ref().is_some_and(|t| *t.uri == *uri)) {
            self.leave(stream);
        }
        if let Some(s) = self.flows.sessions.get_mut(&stream) {
            s.pool.remove(uri);
        }
    }

    /// A session goes on with an orchestrator, or begins.
    #[allow(clippy::too_many_arguments)]
    fn enter(
        &mut self,
        now: Instant,
        stream: u64,
        actor: ActorId,
        uri: &Arc<str>,
        info: OrchestratorInfo,
        (took, share): (Millis, f64),
        duration: Millis,
    ) {
        let Some(s) = self.flows.sessions.get_mut(&stream) else { return };
        s.pool.sent(uri, now, duration);
        s.pool.succeeded(uri, took, duration, None);
        if let Some(t) = &mut s.terms {
            t.info = info;
            t.took = took;
            return;
        }
        s.terms = Some(Terms { actor, uri: Arc::clone(uri), info, balance: Value::zero(), took, share });
        let swapped = s.last.replace(actor).is_some_and(|last| last != actor);
        let gateway = s.gateway;
        let load = self.flows.load.entry(actor).or_default();
        load.0 += 1;
        load.1 += share;
        if swapped {
            let address = self.node(gateway).map(Node::address).unwrap_or_default();
            self.books.swapped(address, stream);
        }
    }

    /// A session is with nobody any more.
    fn leave(&mut self, stream: u64) {
        let Some(t) = self.flows.sessions.get_mut(&stream).and_then(|s| s.terms.take()) else { return };
        if let Some(load) = self.flows.load.get_mut(&t.actor) {
            load.0 = load.0.saturating_sub(1);
            // A sum of nothing is nothing, whatever was rounded on the way.
            load.1 = if load.0 == 0 { 0.0 } else { load.1 - t.share };
        }
    }

    /// Terms on which an orchestrator takes a session, if it does and the gateway can pay them.
    fn terms_of(
        &mut self,
        now: Instant,
        gateway: ActorId,
        actor: ActorId,
        stream: u64,
    ) -> Result<Option<OrchestratorInfo>, LabError> {
        let has = self.flows.sessions.get(&stream).is_some_and(|s| s.terms.as_ref().is_some_and(|t| t.actor == actor));
        let Some(node) = self.node(actor).filter(|n| n.up) else { return Ok(None) };
        if !has && self.flows.sessions_with(actor) >= node.max_sessions {
            return Ok(None);
        }
        let Some(info) = self.ask(now, gateway, actor)? else { return Ok(None) };
        let Some(params) = &info.ticket_params else { return Ok(info.price.is_free().then_some(info)) };
        let Some(sender) = self.node(gateway).map(Node::address) else { return Ok(None) };
        let funds = self.view.funds(sender, Address::ZERO)?;
        let view = SenderView {
            l1: self.view.head.l1,
            round: self.view.round.round,
            round_hash: self.view.round.block_hash,
            previous_hash: self.view.round.previous_block_hash,
            deposit: funds.deposit,
            reserve: funds.reserve_remaining,
            withdraw_round: funds.withdraw_round,
        };
        let good = Sender::new(self.flows.sender.clone()).validate(Some(params), 1, &view).is_ok();
        Ok(good.then_some(info))
    }

    /// What an orchestrator's machine answers a gateway.
    fn ask(&mut self, now: Instant, gateway: ActorId, actor: ActorId) -> Result<Option<OrchestratorInfo>, LabError> {
        let (Some(node), Some(life)) = (self.node(gateway), self.node(actor).map(|n| n.life)) else { return Ok(None) };
        let sender = node.address();
        let sig = match self.flows.request_sigs.get(&gateway) {
            Some(sig) => *sig,
            None => {
                let sig = weir_roles::auth::sign_request(self.signer(node).as_ref());
                self.flows.request_sigs.insert(gateway, sig);
                sig
            }
        };
        let message = Message::GetOrchestrator { request: 0, sender, sig, wants: None, ignore_capacity: false };
        // Nodes look at the chain every few seconds; here they do so when it matters.
        let age = Millis::from_secs(u64::from(self.scenario.chain.poll_seconds.0));
        if self.node(actor).is_some_and(|n| n.looked + age <= now) {
            self.look(now, actor, life)?;
        }
        self.flows.heard = Some(Vec::new());
        let input = Input::Message { from: Peer(gateway.0), message: Box::new(message) };
        self.deliver(now, actor, Part::Orchestrator, input)?;
        let heard = self.flows.heard.take().unwrap_or_default();
        Ok(heard.into_iter().find_map(|m| match m {
            Message::Info { result: Ok(info), .. } => Some(*info),
            _ => None,
        }))
    }

    /// Time from a segment to its result: both ways and the work, and the wait behind others' work. And the share of its
    /// time that the orchestrator works on the stream.
    fn time_of(&self, gateway: ActorId, actor: ActorId, stream: u64, meta: &SegmentMeta) -> (Millis, f64) {
        let (Some(node), Some(size)) = (self.node(actor), self.size_of(stream)) else { return (Millis(0), 0.0) };
        let model = WorkModel { pixels_per_second: node.pixel_rate, ..WorkModel::default() };
        let spec =
            SegmentSpec { width: size.0, height: size.1, frames: u64::from(meta.frames), duration: meta.duration };
        let work = model.time(&spec, &meta.profiles, 0.5);
        let back: u64 = meta.profiles.iter().map(|p| p.bitrate * meta.duration.0 / 8_000).sum();
        let travel = self.network.median(gateway, actor, meta.bytes).0 + self.network.median(actor, gateway, back).0;
        let own = work.as_secs_f64() / meta.duration.as_secs_f64();
        let has = self.flows.sessions.get(&stream).and_then(|s| s.terms.as_ref()).filter(|t| t.actor == actor);
        let others = self.flows.load.get(&actor).map_or(0.0, |l| l.1 - has.map_or(0.0, |t| t.share)).max(0.0);
        // Where there is more work than time the wait grows until somebody leaves.
        let wait = if others + own > 1.0 { meta.duration.0 } else { (work.0 as f64 * others / 2.0) as u64 };
        (Millis(work.0 + travel + wait), own)
    }

    /// A stretch is over.
    pub(super) fn settle(&mut self, now: Instant, stream: u64, turn: u32) -> Result<(), LabError> {
        if self.flows.sessions.get(&stream).is_none_or(|s| s.turn != turn) {
            return Ok(());
        }
        self.sum_up(now, stream, false)?;
        if self.rest_of(stream).is_none() {
            self.leave(stream);
            self.flows.sessions.remove(&stream);
            return Ok(());
        }
        self.begin_stretch(now, stream)
    }

    /// Sessions with an orchestrator that died go on with others.
    pub(super) fn interrupt(&mut self, now: Instant, dead: ActorId) -> Result<(), LabError> {
        if self.flows.sessions.is_empty() {
            return Ok(());
        }
        let with = |s: &Session| s.terms.as_ref().is_some_and(|t| t.actor == dead);
        let hit: Vec<u64> = self.flows.sessions.iter().filter(|(_, s)| with(s)).map(|(id, _)| *id).collect();
        for stream in hit {
            self.sum_up(now, stream, true)?;
            let uri = self.flows.sessions.get(&stream).and_then(|s| s.terms.as_ref()).map(|t| Arc::clone(&t.uri));
            if let Some(uri) = uri {
                self.refuse_session(stream, &uri);
            }
            if self.rest_of(stream).is_some() {
                self.begin_stretch(now, stream)?;
            } else {
                self.flows.sessions.remove(&stream);
            }
        }
        Ok(())
    }

    /// Enters the segments of a stretch that have passed: their fees, tickets and winners.
    fn sum_up(&mut self, now: Instant, stream: u64, early: bool) -> Result<(), LabError> {
        let Some((meta, _)) = self.rest_of(stream) else { return Ok(()) };
        let Some(s) = self.flows.sessions.get_mut(&stream) else { return Ok(()) };
        let passed = now.since(s.since).0 / meta.duration.0.max(1);
        let n = if early { passed.min(s.planned) } else { s.planned };
        s.before += n;
        let gateway = s.gateway;
        let terms = s.terms.as_mut().map(|t| (t.actor, t.info.clone(), std::mem::take(&mut t.balance), t.took));
        let sender = self.node(gateway).map(Node::address).unwrap_or_default();
        self.books.segments_arrived(sender, stream, n);
        let Some((actor, info, mut balance, took)) = terms else {
            self.books.given_up_on(sender, stream, n);
            return Ok(());
        };
        let pixels = self.pixels_of(stream, &meta);
        let mut stretch = Stretch {
            gateway: sender,
            orchestrator: info.address,
            stream,
            segments: n,
            fee: Value::fee(&info.price, pixels),
            latency: took,
            pixels: pixels.0,
            tickets: 0,
            won: 0,
        };
        let mut winners = Vec::new();
        if let (Some(params), true) = (&info.ticket_params, n > 0) {
            let estimate = fee_estimate(&meta.profiles, meta.duration, &info.price);
            stretch.tickets = tickets(&mut balance, &stretch.fee, estimate, &params.value(), n);
            winners = draw_winners(params.win_prob, stretch.tickets, &mut self.flows.rng);
            stretch.won = winners.len() as u64;
        }
        let mut last = balance.clone();
        last -= &stretch.fee.times(n.saturating_sub(1));
        self.books.stretch(now, self.view.current(), &stretch, info.ticket_params.as_ref(), &last, &self.ticket_ev);
        for number in winners {
            self.win(now, gateway, actor, info.ticket_params.as_ref(), number);
        }
        balance -= &stretch.fee.times(n);
        if let Some(t) = self.flows.sessions.get_mut(&stream).and_then(|s| s.terms.as_mut()) {
            t.balance = balance;
        }
        Ok(())
    }

    /// A ticket wins: it is made, and on its way to the redeemer.
    fn win(&mut self, now: Instant, gateway: ActorId, actor: ActorId, params: Option<&TicketParams>, number: u64) {
        let recipient_rand = self.flows.rng.word();
        let (Some(p), Some(sender)) = (params, self.node(gateway)) else { return };
        let round = p.expiration_params;
        let ticket = Ticket {
            recipient: p.recipient,
            sender: sender.address(),
            face_value: p.face_value,
            win_prob: WinProb::ONE,
            sender_nonce: u32::try_from(number).unwrap_or(u32::MAX),
            recipient_rand_hash: keccak256(recipient_rand.to_be_bytes::<32>()),
            creation_round: round.creation_round,
            creation_round_block_hash: round.creation_round_block_hash,
            params_expiration_block: p.expiration_block,
        };
        let sig = self.signer(sender).sign(ticket.hash());
        let winner = Box::new(WinningTicket { ticket, sig, recipient_rand });
        let delay = Millis(self.flows.rng.below(WINNER_DELAY.0));
        self.kernel.schedule(now + delay, priority::NODE, actor, Event::Win { winner });
    }

    /// Lets a node look at the chain when the parameters of what it has won hold no longer.
    pub(super) fn visit_when_due(&mut self, now: Instant, actor: ActorId, expires: u64) {
        let seconds = u64::from(self.scenario.rounds.l1_block_seconds.0);
        let due = Instant::from_secs(expires.saturating_sub(L1_START) * seconds);
        let Some(node) = self.node_mut(actor) else { return };
        let (life, phase) = (node.life, Millis(node.net_rng.below(5_000)));
        self.kernel.schedule(due.max(now) + phase, priority::NODE, actor, Event::Look { life });
    }

    fn size_of(&self, stream: u64) -> Option<(u32, u32)> {
        self.plans.get(usize::try_from(stream).ok()?).map(|p| p.size)
    }

    fn pixels_of(&self, stream: u64, meta: &SegmentMeta) -> Pixels {
        let Some((width, height)) = self.size_of(stream) else { return Pixels(0) };
        let spec = SegmentSpec { width, height, frames: u64::from(meta.frames), duration: meta.duration };
        Pixels(meta.profiles.iter().map(|p| weir_media::encoded_pixels(&spec, p)).sum())
    }

    fn gateway_actor(&self, gateway: usize) -> ActorId {
        ActorId(u32::try_from(1 + self.specs.len() + gateway).unwrap_or(u32::MAX))
    }
}

/// Tickets for `n` segments of a fee, with credit ahead of each as the gateway's rule wants it. Adds their value to the
/// balance.
fn tickets(balance: &mut Value, fee: &Value, estimate: Value, ev: &Value, n: u64) -> u64 {
    // The last segment asks for most: what the others cost, and the least credit before its own.
    let mut want = fee.times(n - 1);
    want += &estimate.max(ev.clone());
    if !ev.is_positive() || *balance >= want {
        return 0;
    }
    want -= balance;
    let n = want.div_ceil(ev);
    *balance += &ev.times(n);
    n
}

/// Which of `n` tickets win, each with the same probability: the gaps between winners are geometric.
fn draw_winners(p: WinProb, n: u64, rng: &mut Entropy) -> Vec<u64> {
    let p = p.to_f64();
    if p >= 1.0 {
        return (0..n).collect();
    }
    let mut out = Vec::new();
    if p <= 0.0 {
        return out;
    }
    let scale = libm::log1p(-p);
    let mut at = 0u64;
    loop {
        let gap = libm::floor(libm::log(1.0 - rng.unit()) / scale);
        if gap >= (n - at) as f64 {
            return out;
        }
        at += gap as u64;
        out.push(at);
        at += 1;
        if at >= n {
            return out;
        }
    }
}

/// The next time at which stretches end.
fn next_edge(begin: Instant, stretch: Millis, now: Instant) -> Instant {
    let step = stretch.0.max(1);
    let passed = now.since(begin).0;
    begin + Millis((passed / step + 1) * step)
}

#[cfg(test)]
mod tests {
    use weir_ticket::balance::Balances;
    use weir_types::Wei;

    use super::*;

    fn wei(n: u64) -> Value {
        Value::from(Wei::new(u128::from(n)))
    }

    /// Segment by segment, as a gateway's purse does it.
    fn one_by_one(mut left: Value, fee: &Value, estimate: &Value, ev: &Value, n: u64) -> (u64, Value) {
        let (key, mut all) = ((Address::ZERO, 0), 0);
        for _ in 0..n {
            let mut b = Balances::new();
            b.credit(key, &left, Instant::ZERO);
            let staged = b.stage(key, &estimate.clone().max(ev.clone()), ev);
            all += staged.tickets;
            left = staged.existing;
            left += &staged.new_credit;
            left -= fee;
        }
        (all, left)
    }

    #[test]
    fn a_stretch_takes_the_tickets_that_its_segments_take() {
        let mut rng = weir_kernel::Streams::new(1).stream("test", "tickets");
        for _ in 0..2_000 {
            let [fee, more, ev, left, n] = [1_000, 2_000, 1_500, 5_000, 40].map(|most| rng.below(most) + 1);
            let (fee, estimate, ev) = (wei(fee), wei(fee + more), wei(ev));
            let mut balance = wei(left);
            let taken = tickets(&mut balance, &fee, estimate.clone(), &ev, n);
            balance -= &fee.times(n);
            assert_eq!((taken, balance), one_by_one(wei(left), &fee, &estimate, &ev, n), "{fee} {estimate} {ev} {n}");
        }
    }

    #[test]
    fn winners_come_as_a_binomial_has_them() {
        let mut rng = weir_kernel::Streams::new(2).stream("test", "winners");
        let p = WinProb(weir_types::U256::MAX / weir_types::U256::from(100));
        let (runs, n) = (4_000, 1_000);
        let (mut sum, mut squares, mut places) = (0.0, 0.0, [0u32; 10]);
        for _ in 0..runs {
            let won = draw_winners(p, n, &mut rng);
            assert!(won.windows(2).all(|w| w[0] < w[1]) && won.iter().all(|w| *w < n));
            sum += won.len() as f64;
            squares += (won.len() * won.len()) as f64;
            won.iter().for_each(|w| places[*w as usize * 10 / n as usize] += 1);
        }
        let mean = sum / f64::from(runs);
        let variance = squares / f64::from(runs) - mean * mean;
        assert!((mean - 10.0).abs() < 4.0 * (9.9 / f64::from(runs)).sqrt(), "{mean}");
        assert!((variance - 9.9).abs() < 1.0, "{variance}");
        assert!(places.iter().all(|n| (3_760..4_240).contains(n)), "{places:?}");
        assert_eq!(draw_winners(WinProb::ONE, 3, &mut rng), [0, 1, 2]);
        assert_eq!(draw_winners(WinProb::ZERO, 3, &mut rng), [0u64; 0]);
    }

    #[test]
    fn stretches_end_with_rounds() {
        let (begin, stretch) = (Instant::from_secs(100), Millis::from_secs(225));
        assert_eq!(next_edge(begin, stretch, begin), Instant::from_secs(325));
        assert_eq!(next_edge(begin, stretch, Instant::from_secs(324)), Instant::from_secs(325));
        assert_eq!(next_edge(begin, stretch, Instant::from_secs(325)), Instant::from_secs(550));
    }
}
