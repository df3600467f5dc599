//! What machines want, turned into future events.

use std::collections::VecDeque;

use weir_kernel::{ActorId, Delivery};
use weir_media::{SegmentSpec, WorkModel};
use weir_roles::io::{Message, RenditionMeta, SegmentMeta};
use weir_roles::{ChainEvent, Effect, Effects, Observation, Peer, Work, WorkDone, WorkId};
use weir_types::{Address, B256, Instant, Millis, Profile};

use super::demand::StreamPlan;
use super::event::{Event, Part};
use super::node::Input;
use super::{World, index, priority};
use crate::LabError;

impl World {
    /// Hand an input to a node's part and carry out all that follows at this instant.
    pub(super) fn deliver(&mut self, now: Instant, actor: ActorId, part: Part, input: Input) -> Result<(), LabError> {
        let mut todo = VecDeque::from([(part, input)]);
        let mut effects = Effects::new();
        while let Some((part, input)) = todo.pop_front() {
            let Some(node) = self.node_mut(actor) else { return Ok(()) };
            node.handle(now, part, input, &mut effects);
            for effect in effects.drain().collect::<Vec<_>>() {
                self.carry_out(now, actor, part, effect, &mut todo)?;
            }
        }
        Ok(())
    }

    fn carry_out(
        &mut self,
        now: Instant,
        actor: ActorId,
        part: Part,
        effect: Effect,
        todo: &mut VecDeque<(Part, Input)>,
    ) -> Result<(), LabError> {
        match effect {
            Effect::Send { to, message } => self.send(now, actor, to, message),
            Effect::Submit { id, intent } => self.submit(now, actor, part, id, &intent)?,
            Effect::WatchSender(sender) => {
                let funds = self.funds(actor, sender)?;
                if let Some(n) = self.node_mut(actor) {
                    n.watched.insert(sender);
                }
                self.watchers.entry(sender).or_default().insert(actor);
                todo.push_back((part, Input::Chain(ChainEvent::Funds { sender, funds })));
            }
            Effect::Monitor(sender) => todo.push_back((Part::Redeemer, Input::Monitor(sender))),
            Effect::Standing { sender, standing } => {
                todo.push_back((Part::Orchestrator, Input::Standing { sender, standing }));
            }
            Effect::Redeem(winner) => todo.push_back((Part::Redeemer, Input::Winner(winner))),
            Effect::Start { id, work, .. } => match work.as_ref() {
                Work::Transcode(segment) => self.start_work(now, actor, part, id, segment),
                Work::Job(_) | Work::Live { .. } => self.refuse_work(now, actor, part, id),
            },
            // Only work of models is stopped, and there are none; nothing is kept for a session.
            Effect::Stop { .. } | Effect::SessionOver { .. } => {}
            Effect::Persist(record) => {
                if let Some(n) = self.node_mut(actor) {
                    match record.value {
                        Some(v) => n.disk.insert(record.key, v),
                        None => n.disk.remove(&record.key),
                    };
                }
            }
            Effect::Timer { at, kind } => {
                let life = self.node(actor).map_or(0, |n| n.life);
                self.kernel.schedule(at.max(now), priority::NODE, actor, Event::Timer { part, kind, life });
            }
            Effect::Observe(o) => self.observe(now, actor, &o),
        }
        Ok(())
    }

    /// A sender's money as this node sees it.
    pub(super) fn funds(&mut self, actor: ActorId, sender: Address) -> Result<weir_roles::SenderFunds, LabError> {
        let claimant = self.node(actor).map(super::Node::address).unwrap_or_default();
        Ok(self.view.funds(sender, claimant)?)
    }

    fn send(&mut self, now: Instant, from: ActorId, to: Peer, message: Box<Message>) {
        if let Some(heard) = &mut self.flows.heard {
            heard.push(*message);
            return;
        }
        let target = ActorId(to.0);
        let bytes = message.wire_bytes();
        let Some(i) = index(from) else { return };
        let Some(node) = self.nodes.get_mut(i) else { return };
        let delivery = self.network.send(from, target, bytes, now, &mut node.net_rng);
        let Delivery::Delivered { at } = delivery else { return };
        let ms = (at.0 - now.0) as f64 / 1000.0;
        match message.as_ref() {
            Message::Segment { request, segment, .. } => {
                self.requests.insert((from, *request), (segment.stream, segment.seq));
                self.parts.entry((segment.stream, segment.seq)).or_default().upload_ms = ms;
            }
            Message::Transcoded { request, .. } => {
                if let Some(key) = self.requests.remove(&(target, *request)) {
                    self.parts.entry(key).or_default().download_ms = ms;
                }
            }
            _ => {}
        }
        self.kernel.schedule(at, priority::NODE, target, Event::Deliver { from, message });
    }

    /// Models have no time and no results here.
    fn refuse_work(&mut self, now: Instant, actor: ActorId, part: Part, id: WorkId) {
        let Some(node) = index(actor).and_then(|i| self.nodes.get(i)) else { return };
        let done = WorkDone { id, result: Err("no model of this work".to_owned()) };
        self.kernel.schedule(now, priority::NODE, actor, Event::Work { part, done, life: node.life });
    }

    fn start_work(&mut self, now: Instant, actor: ActorId, part: Part, id: WorkId, meta: &SegmentMeta) {
        let Some(plan) = self.plan(meta.stream) else { return };
        let (real, size) = (plan.real, plan.size);
        let Some(node) = index(actor).and_then(|i| self.nodes.get_mut(i)) else { return };
        let draw = node.net_rng.unit();
        let (time, renditions) = modelled(meta, size, node.pixel_rate, draw);
        // One transcoder per node: work waits for what was started before.
        let begin = node.busy_until.max(now);
        let at = begin + time;
        node.busy_until = at;
        let (life, name, address) = (node.life, node.id.name.clone(), node.address());
        let pixels: u64 = renditions.iter().map(|r| r.pixels.0).sum();
        self.books.worked(self.view.current(), address, pixels);
        self.parts.entry((meta.stream, meta.seq)).or_default().transcode_ms = (at.0 - now.0) as f64 / 1000.0;
        if let (true, Some(studio)) = (real, &mut self.studio) {
            studio.start(meta.seq, &name);
        }
        let done = WorkDone { id, result: Ok(renditions.into()) };
        self.kernel.schedule(at, priority::NODE, actor, Event::Work { part, done, life });
    }

    fn plan(&self, stream: u64) -> Option<&StreamPlan> {
        self.plans.get(usize::try_from(stream).ok()?)
    }

    fn observe(&mut self, now: Instant, actor: ActorId, o: &Observation) {
        let Some(address) = self.node(actor).map(super::Node::address) else { return };
        let ev = self.ticket_ev.clone();
        self.books.observe(now, self.view.current(), address, &ev, o);
        if let Observation::SegmentDone { stream, seq, orchestrator, error, .. } = o {
            let parts = self.parts.remove(&(*stream, *seq)).unwrap_or_default();
            self.books.explain_last(parts);
            if let (true, None, Some(who)) = (self.plan(*stream).is_some_and(|p| p.real), error, orchestrator) {
                self.delivered.insert(*seq, self.names.of(who));
            }
        }
    }
}

/// Time and renditions that the work model gives for a segment of a source of a size.
fn modelled(meta: &SegmentMeta, size: (u32, u32), pixel_rate: u64, draw: f64) -> (Millis, Vec<RenditionMeta>) {
    let model = WorkModel { pixels_per_second: pixel_rate, ..WorkModel::default() };
    let (width, height) = size;
    let spec = SegmentSpec { width, height, frames: u64::from(meta.frames), duration: meta.duration };
    let rendition = |p: &Profile| {
        let r = model.rendition(&spec, p, &meta.hash.0);
        RenditionMeta { pixels: r.pixels, bytes: r.bytes, hash: B256::from(r.digest) }
    };
    (model.time(&spec, &meta.profiles, draw), meta.profiles.iter().map(rendition).collect())
}
